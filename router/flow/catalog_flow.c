#include "flow/catalog_flow.h"

#include <string.h>

#include "flow/app.h"
#include "flow/catalog_check.h"
#include "flow/catalog_scope.h"
#include "store/stock_report.h"

/* Most responses begin with what was written; the few with more have a reply of their own. */
struct upsert {
	struct call *call;
	struct check check;
	void (*reply)(struct call *c, const struct write_result *r);
};

static void
written(void *ctx, const struct write_result *r)
{
	struct upsert *u = ctx;

	if (r->reason.err != ERR_OK)
		call_fail(u->call, &r->reason, NULL);
	else
		u->reply(u->call, r);
}

/* What every upsert begins with; NULL: answered already. */
static struct upsert *
begin(struct call *c, const char *list, size_t rows,
    void (*reply)(struct call *c, const struct write_result *r))
{
	const struct write_result nothing = {0};
	struct upsert *u;
	int64_t rows_max;

	rows_max = call_app(c)->conf->upsert_rows_max;
	if ((int64_t)rows > rows_max) {
		(void)reason_set(&c->reason, ERR_TOO_LARGE, list, "%zu rows; at most %lld", rows,
		    (long long)rows_max);
		call_fail(c, &c->reason, NULL);
		return NULL;
	}
	if (rows == 0) {
		reply(c, &nothing);
		return NULL;
	}
	u = arena_zalloc(c->arena, sizeof(*u));
	if (u == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return NULL;
	}
	u->call = c;
	u->reply = reply;
	u->check.r = &c->reason;
	u->check.now_us = c->received_us;
	return u;
}

static struct writer
writer_of(struct upsert *u)
{
	const struct app *app = call_app(u->call);

	return (struct writer){
	    .pool = app->query_pool,
	    .catalog = app->catalog,
	    .arena = u->call->arena,
	    .done = written,
	    .ctx = u,
	};
}

/* ---- Stock, in bulk ---------------------------------------------------------------------------- */

/* One mechanism for all stock from outside: store/stock_report.h; StoreService.ReportStock is its other door. */
static enum err
write_report(const struct writer *w, const struct stock_report *rows)
{
	const struct upsert *u = w->ctx;
	struct stock_report *r;

	r = arena_alloc(w->arena, sizeof(*r));
	if (r == NULL)
		return ERR_NO_MEMORY;
	*r = *rows;
	r->now_us = u->call->received_us;
	return write_stock(w, r);
}

static enum err
write_counts(const struct writer *w, const struct count_row *rows, int count)
{
	return write_report(w, &(struct stock_report){.counts = rows, .count_count = count});
}

static enum err
write_deltas(const struct writer *w, const struct delta_row *rows, int count)
{
	return write_report(w, &(struct stock_report){.deltas = rows, .delta_count = count});
}

/* ---- Upserts ----------------------------------------------------------------------------------- */

/*
 * One upsert: checks each row of q->list into an array, asks ${may} whether this key may write it, and
 * hands the array to ${write}.  The reply has the count written, and what ${more} adds to message m.
 */
#define UPSERT(word, Type, list, row_type, check_fn, may, write, more) \
	static void word##_reply(struct call *c, const struct write_result *r) \
	{ \
		Yuncang__V1__##Type##Response m; \
		yuncang__v1__##word##_response__init(&m); \
		m.written = r->written; \
		more; \
		call_reply(c, &m.base); \
	} \
	void word##_start(struct call *c, const ProtobufCMessage *request) \
	{ \
		const Yuncang__V1__##Type##Request *q = \
		    (const Yuncang__V1__##Type##Request *)request; \
		struct upsert *u = begin(c, #list, q->n_##list, word##_reply); \
		struct row_type *rows; \
		struct writer w; \
		enum err e; \
		if (u == NULL) \
			return; \
		rows = arena_array(c->arena, q->n_##list, sizeof(*rows)); \
		e = rows == NULL ? ERR_NO_MEMORY : ERR_OK; \
		for (size_t i = 0; e == ERR_OK && i < q->n_##list; i++) { \
			check_row(&u->check, #list, i); \
			e = check_fn(&u->check, q->list[i], &rows[i]); \
			if (e == ERR_OK) \
				e = may(c, u->check.above, &rows[i]); \
		} \
		w = writer_of(u); \
		if (e == ERR_OK) \
			e = write(&w, rows, (int)q->n_##list); \
		if (e != ERR_OK) \
			call_fail_err(c, e); \
	}

/* The roles of the method table say all there is to say. */
#define ANYBODY(c, above, row) ERR_OK
#define NO_MORE ((void)0)
#define OWN_STOCK(c, above, row) scope_location((c), (above), (row)->location)
#define OWN_CLAIM(c, above, row) scope_claim((c), (above), (row)->location, (row)->from_us)
#define PARTIES(w, rows, count) write_parties((w), "parties", (rows), (count))
#define DEALERS(w, rows, count) write_parties((w), "dealers", (rows), (count))

static char **
texts(const char *const *s)
{
	/* protobuf-c's messages have no const. */
	return (char **)(uintptr_t)s;
}

/* clang-format off */
UPSERT(upsert_parties, UpsertParties, parties, party_row, check_party, ANYBODY, PARTIES, NO_MORE)
UPSERT(upsert_dealers, UpsertDealers, dealers, party_row, check_dealer, ANYBODY, DEALERS, NO_MORE)
UPSERT(upsert_territories, UpsertTerritories, territories, territory_row, check_territory, ANYBODY,
    write_territories, NO_MORE)
UPSERT(upsert_locations, UpsertLocations, locations, location_row, check_location, ANYBODY,
    write_locations, NO_MORE)
UPSERT(upsert_slots, UpsertSlots, slots, slot_row, check_slot, ANYBODY, write_slots, NO_MORE)
UPSERT(upsert_storefronts, UpsertStorefronts, storefronts, storefront_row, check_storefront, ANYBODY,
    write_storefronts, NO_MORE)
UPSERT(upsert_skus, UpsertSkus, skus, sku_row, check_sku, ANYBODY, write_skus, NO_MORE)
UPSERT(set_stock_counts, SetStockCounts, counts, count_row, check_count, OWN_STOCK, write_counts,
    m.older = r->older)
UPSERT(apply_stock_deltas, ApplyStockDeltas, deltas, delta_row, check_delta, OWN_STOCK, write_deltas,
    (m.repeated_count = r->repeated, m.n_gaps = (size_t)r->gap_count, m.gaps = texts(r->gaps)))
UPSERT(upsert_entitlements, UpsertEntitlements, entitlements, entitlement_row, check_entitlement, ANYBODY,
    write_entitlements, NO_MORE)
UPSERT(upsert_campaigns, UpsertCampaigns, campaigns, campaign_row, check_campaign, ANYBODY,
    write_campaigns, NO_MORE)
UPSERT(upsert_claims, UpsertClaims, claims, claim_row, check_claim, OWN_CLAIM, write_claims, NO_MORE)
/* clang-format on */
