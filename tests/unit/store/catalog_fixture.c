#include <stdlib.h>

#include "domain/policy.h"
#include "domain/split.h"
#include "store/migrate.h"
#include "unit.h"

#include "catalog_fixture.h"

struct written one_written;
struct writer one_writer;
static char db[512];

static enum err
plain_policy(void *ctx, const struct world *w, int32_t version, int64_t effective_from_us,
    const char *json, struct policy **out, struct reason *r)
{
	struct policy *p;

	(void)ctx;
	assert_non_null(w);
	if (strstr(json, "refuse") != NULL)
		return reason_set(r, ERR_UNKNOWN_ID, "policy.rules[0]", "refused by the test");
	p = calloc(1, sizeof(*p));
	assert_non_null(p);
	p->version = version;
	p->effective_from_us = effective_from_us;
	*out = p;
	return ERR_OK;
}

static void
plain_policy_free(struct policy *p)
{
	free(p);
}

static enum err
plain_book(void *ctx, const struct world *w, int32_t version, int64_t effective_from_us,
    const char *json, struct split_book **out, struct reason *r)
{
	struct split_book *b;

	(void)ctx;
	assert_non_null(w);
	if (strstr(json, "refuse") != NULL)
		return reason_set(r, ERR_UNKNOWN_ID, "book.rules[0]", "refused by the test");
	b = calloc(1, sizeof(*b));
	assert_non_null(b);
	b->version = version;
	b->effective_from_us = effective_from_us;
	*out = b;
	return ERR_OK;
}

static void
plain_book_free(struct split_book *b)
{
	free(b);
}

const struct catalog_compile plain_compile = {
    .policy = plain_policy,
    .policy_free = plain_policy_free,
    .book = plain_book,
    .book_free = plain_book_free,
};

/* ---- Writes that wait -------------------------------------------------------------------------- */

static void
on_written(void *ctx, const struct write_result *r)
{
	struct written *w = ctx;

	w->done = true;
	w->result = *r;
}

struct writer
writer_for(struct instance *s, struct written *out)
{
	return (struct writer){
	    .pool = s->pool,
	    .catalog = s->catalog,
	    .arena = s->arena,
	    .done = on_written,
	    .ctx = out,
	};
}

const struct write_result *
write_wait(struct instance *s, struct written *w, enum err e)
{
	assert_int_equal(e, ERR_OK);
	assert_false(w->done); /* later, never from inside the call */
	instance_wait(s, &w->done);
	return &w->result;
}

static void
written_all(const struct write_result *r, int count)
{
	if (r->reason.err != ERR_OK)
		fail_msg("%s: %s", r->reason.field, r->reason.text);
	assert_int_equal(r->written, count);
}

int32_t
id_of(const struct instance *s, const char *kind, const char *code)
{
	const struct world *w = catalog_world(s->catalog);
	uint32_t i;

	if (strcmp(kind, "party") == 0) {
		i = strmap_get(&w->party_code, code);
		return i == STRMAP_NONE ? 0 : w->parties[i].id;
	}
	if (strcmp(kind, "location") == 0) {
		i = strmap_get(&w->location_code, code);
		return i == STRMAP_NONE ? 0 : w->locations[i].id;
	}
	assert_string_equal(kind, "sku");
	i = strmap_get(&w->sku_code, code);
	return i == STRMAP_NONE ? 0 : w->skus[i].id;
}

/* ---- The small catalog ------------------------------------------------------------------------- */

static void
small_parties(struct instance *s)
{
	static const struct party_row parties[] = {
	    {.code = "BRAND",
	        .name = "Brand",
	        .merchant_number = "m1",
	        .kind = PARTY_BRAND,
	        .grade = 1,
	        .fee_bps = 60,
	        .provider = PROVIDER_WECHAT,
	        .employer = ""},
	    {.code = "S1",
	        .name = "",
	        .merchant_number = "",
	        .kind = PARTY_STAFF,
	        .grade = 1,
	        .employer = "BRAND"},
	    {.code = "CH",
	        .name = "",
	        .merchant_number = "",
	        .kind = PARTY_CHANNEL,
	        .grade = 1,
	        .employer = ""},
	};
	static const struct party_row dealers[] = {
	    {.code = "D1",
	        .name = "",
	        .merchant_number = "m2",
	        .kind = PARTY_DEALER,
	        .grade = 2,
	        .provider = PROVIDER_ALIPAY,
	        .fee_bps = 38,
	        .employer = ""},
	    {.code = "D2",
	        .name = "",
	        .merchant_number = "",
	        .kind = PARTY_DEALER,
	        .grade = 5,
	        .employer = "",
	        .disabled = true},
	};
	static const char *const regions[] = {"23", "23.1"};
	static const struct territory_row territories[] = {{"T1", "D1", regions, 2, false}};

	written_all(WRITE(s, write_parties, "parties", parties, ROWS(parties)), ROWS(parties));
	written_all(WRITE(s, write_parties, "dealers", dealers, ROWS(dealers)), ROWS(dealers));
	written_all(WRITE(s, write_territories, territories, 1), 1);
}

static struct location_row
location(const char *code, const char *operator, enum location_kind kind, int32_t lat, int32_t lon)
{
	struct location_row r = {.code = code,
	    .operator_code = operator,
	    .region = "",
	    .time_zone = "Asia/Shanghai"};

	r.l.kind = kind;
	r.l.ways = kind == LOC_STORE ? 1u << WAY_PICKUP | 1u << WAY_DELIVER : 1u << WAY_SHIP;
	r.l.lat_e6 = lat;
	r.l.lon_e6 = lon;
	r.l.tz_min = 480;
	r.l.hours.always = true;
	return r;
}

static void
small_places(struct instance *s)
{
	struct location_row rows[5];
	static const struct storefront_row fronts[] = {{"F1", "D1-1", "", "", FRONT_STORE, false}};

	rows[0] = location("D1-1", "D1", LOC_STORE, 23110000, 113260000);
	rows[0].region = "23.1.7";
	rows[0].l.capacity_day = 10;
	rows[0].l.hours = (struct hours){.open = {540, 540, 540, 540, 540, 600, 600},
	    .close = {1260, 1260, 1260, 1260, 1260, 1320, 1320}};
	rows[1] = location("D1-2", "D1", LOC_STORE, 39900000, 116400000);
	rows[2] = location("D2-1", "D2", LOC_STORE, 23120000, 113270000);
	rows[2].region = "99";
	rows[3] = location("SITE", "BRAND", LOC_SITE, 31000000, 121000000);
	rows[3].l.preference = 2;
	rows[4] = location("CLOUD", "BRAND", LOC_CLOUD, 30000000, 120000000);
	rows[4].l.preference = 1;
	written_all(WRITE(s, write_locations, rows, ROWS(rows)), ROWS(rows));
	written_all(WRITE(s, write_storefronts, fronts, 1), 1);
}

static void
small_skus(struct instance *s)
{
	static const struct sku_row rows[] = {
	    {.code = "A",
	        .name = "Phone",
	        .sku_class = "phone",
	        .tax_class = "",
	        .cost_fen = 100000,
	        .list_fen = 200000,
	        .floor_fen = 150000,
	        .serialised = true},
	    {.code = "B",
	        .name = "Pad",
	        .sku_class = "pad",
	        .tax_class = "",
	        .cost_fen = 1,
	        .list_fen = 2,
	        .floor_fen = 1,
	        .made_to_order = true},
	    {.code = "C",
	        .name = "Case",
	        .sku_class = "",
	        .tax_class = "t",
	        .list_fen = 9900,
	        .cloud_only = true},
	};

	written_all(WRITE(s, write_skus, rows, ROWS(rows)), ROWS(rows));
}

void
small_catalog(struct instance *s, const char *name)
{
	struct reason r;
	FILE *null;

	(void)snprintf(db, sizeof(db), "%s", database_make(name));
	null = fopen("/dev/null", "w");
	assert_non_null(null);
	if (migrate(db, null, &r) != ERR_OK)
		fail_msg("%s", r.text);
	fclose(null);
	instance_start(s, db, &plain_compile);
	assert_int_equal(instance_load(s), ERR_OK);
	small_parties(s);
	small_skus(s);
	small_places(s);
}

const char *
small_db(void)
{
	return db;
}
