#include "store/catalog_part.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const part_names[PART_COUNT] = {
    "parties",
    "territories",
    "locations",
    "storefronts",
    "skus",
    "campaigns",
    "policies",
};

void *
table_add(struct table *t)
{
	void *grown;
	int32_t size;

	assert(t->row_size > 0);
	if (t->count == t->size) {
		size = t->size == 0 ? 256 : t->size * 2;
		grown = realloc(t->rows, (size_t)size * t->row_size);
		if (grown == NULL)
			return NULL;
		t->rows = grown;
		t->size = size;
	}
	grown = (char *)t->rows + (size_t)t->count++ * t->row_size;
	memset(grown, 0, t->row_size);
	return grown;
}

void
table_release(struct table *t)
{
	free(t->rows);
	t->rows = NULL;
	t->count = t->size = 0;
}

struct part *
part_new(enum part_id id, int64_t version)
{
	static const size_t row_size[PART_COUNT] = {
	    [PART_PARTIES] = sizeof(struct party),
	    [PART_TERRITORIES] = sizeof(struct territory),
	    [PART_LOCATIONS] = sizeof(struct location_part_row),
	    [PART_STOREFRONTS] = sizeof(struct storefront_part_row),
	    [PART_SKUS] = sizeof(struct sku_part_row),
	    [PART_CAMPAIGNS] = sizeof(struct campaign),
	    [PART_POLICIES] = sizeof(struct version_row),
	};
	struct part *p;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->arena = arena_new(PART_MEMORY_MAX);
	if (p->arena == NULL) {
		free(p);
		return NULL;
	}
	p->references = 1;
	p->version = version;
	p->rows.row_size = row_size[id];
	p->extra.row_size = id == PART_TERRITORIES ? sizeof(struct region_row) : sizeof(int32_t);
	return p;
}

struct part *
part_keep(struct part *p)
{
	p->references++;
	return p;
}

void
part_drop(struct part *p)
{
	if (p == NULL || --p->references > 0)
		return;
	assert(p->references == 0);
	table_release(&p->rows);
	table_release(&p->extra);
	arena_free(p->arena);
	free(p);
}

enum err
part_read_parties(struct part *p, const PGresult *r)
{
	struct party *row;
	int i;

	for (i = 0; i < PQntuples(r); i++) {
		row = table_add(&p->rows);
		if (row == NULL)
			return ERR_NO_MEMORY;
		row->id = col_i32(r, i, 0);
		row->code = arena_strdup(p->arena, col_text(r, i, 1));
		row->kind = (enum party_kind)col_i16(r, i, 2);
		row->grade = col_i16(r, i, 3);
		row->provider = (enum provider)col_i16(r, i, 4);
		row->has_merchant = col_bool(r, i, 5);
		row->fee_bps = col_i32(r, i, 6);
		row->employer = col_i32(r, i, 7);
		row->accept_bps = col_i32(r, i, 8);
		row->disabled = col_bool(r, i, 9);
		if (row->code == NULL)
			return ERR_NO_MEMORY;
		/* Others index arrays by these two. */
		if ((int)row->provider < 0 || row->provider >= PROVIDER_COUNT)
			row->provider = PROVIDER_NONE;
		assert(row->kind > 0 && row->kind < PARTY_KIND_COUNT);
	}
	return ERR_OK;
}

enum err
part_read_territories(struct part *p, const PGresult *r)
{
	struct territory *row;
	int i;

	for (i = 0; i < PQntuples(r); i++) {
		row = table_add(&p->rows);
		if (row == NULL)
			return ERR_NO_MEMORY;
		row->id = col_i32(r, i, 0);
		row->code = arena_strdup(p->arena, col_text(r, i, 1));
		row->dealer = col_i32(r, i, 2);
		row->disabled = col_bool(r, i, 3);
		if (row->code == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

enum err
part_read_regions(struct part *p, const PGresult *r)
{
	struct region_row *row;
	int i;

	for (i = 0; i < PQntuples(r); i++) {
		row = table_add(&p->extra);
		if (row == NULL)
			return ERR_NO_MEMORY;
		row->code = arena_strdup(p->arena, col_text(r, i, 0));
		row->territory = col_i32(r, i, 1);
		if (row->code == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static void
read_hours(const PGresult *r, int i, struct hours *h)
{
	struct col_array open, close;
	int32_t count;
	int day;

	count = col_array_open(r, i, 9, &open);
	h->always = count == 0;
	if (count == 0)
		return;
	assert(count == HOURS_MAX);
	count = col_array_open(r, i, 10, &close);
	assert(count == HOURS_MAX);
	for (day = 0; day < HOURS_MAX; day++) {
		h->open[day] = array_i16(&open);
		h->close[day] = array_i16(&close);
	}
}

enum err
part_read_locations(struct part *p, const PGresult *r)
{
	struct location_part_row *row;
	struct location *l;
	int i;

	for (i = 0; i < PQntuples(r); i++) {
		row = table_add(&p->rows);
		if (row == NULL)
			return ERR_NO_MEMORY;
		l = &row->l;
		l->id = col_i32(r, i, 0);
		l->code = arena_strdup(p->arena, col_text(r, i, 1));
		l->kind = (enum location_kind)col_i16(r, i, 2);
		l->party = col_i32(r, i, 3);
		l->ways = (uint8_t)col_i16(r, i, 4);
		l->lat_e6 = col_i32(r, i, 5);
		l->lon_e6 = col_i32(r, i, 6);
		row->region = arena_strdup(p->arena, col_text(r, i, 7));
		l->tz_min = col_i16(r, i, 8);
		read_hours(r, i, &l->hours);
		l->lead_min = col_i32(r, i, 11);
		l->accept_min = col_i32(r, i, 12);
		l->capacity_day = col_i32(r, i, 13);
		l->deliver_radius_m = col_i32(r, i, 14);
		l->preference = col_i32(r, i, 15);
		l->handling_cost_fen = col_i64(r, i, 16);
		l->cut_off_min = col_i32(r, i, 17);
		l->disabled = col_bool(r, i, 18);
		if (l->code == NULL || row->region == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

enum err
part_read_storefronts(struct part *p, const PGresult *r)
{
	struct storefront_part_row *row;
	int i;

	for (i = 0; i < PQntuples(r); i++) {
		row = table_add(&p->rows);
		if (row == NULL)
			return ERR_NO_MEMORY;
		row->f.id = col_i32(r, i, 0);
		row->f.code = arena_strdup(p->arena, col_text(r, i, 1));
		row->f.kind = (enum storefront_kind)col_i16(r, i, 2);
		row->f.location = col_i32(r, i, 3);
		row->f.dealer = col_i32(r, i, 4);
		row->f.channel = col_i32(r, i, 5);
		row->f.disabled = col_bool(r, i, 6);
		if (row->f.code == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

enum err
part_read_skus(struct part *p, const PGresult *r)
{
	struct sku_part_row *row;
	int i;

	for (i = 0; i < PQntuples(r); i++) {
		row = table_add(&p->rows);
		if (row == NULL)
			return ERR_NO_MEMORY;
		row->s.id = col_i32(r, i, 0);
		row->s.code = arena_strdup(p->arena, col_text(r, i, 1));
		row->class_name = arena_strdup(p->arena, col_text(r, i, 2));
		row->s.cost_fen = col_i64(r, i, 3);
		row->s.list_fen = col_i64(r, i, 4);
		row->s.floor_fen = col_i64(r, i, 5);
		row->s.cloud_only = col_bool(r, i, 6);
		row->s.made_to_order = col_bool(r, i, 7);
		row->s.serialised = col_bool(r, i, 8);
		row->s.disabled = col_bool(r, i, 9);
		row->s.scarce = col_bool(r, i, 10);
		row->tax_class = arena_strdup(p->arena, col_text(r, i, 11));
		if (row->s.code == NULL || row->class_name == NULL || row->tax_class == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static int
int32_compare(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The skus of a campaign stand sorted in extra, from sku_first on. */
static enum err
read_campaign_skus(struct part *p, const PGresult *r, int i, struct campaign *row)
{
	struct col_array skus;
	int32_t *sku, n;

	row->sku_first = p->extra.count;
	row->sku_count = col_array_open(r, i, 4, &skus);
	for (n = 0; n < row->sku_count; n++) {
		sku = table_add(&p->extra);
		if (sku == NULL)
			return ERR_NO_MEMORY;
		*sku = array_i32(&skus);
	}
	if (row->sku_count > 0)
		qsort((int32_t *)p->extra.rows + row->sku_first, (size_t)row->sku_count,
		    sizeof(*sku), int32_compare);
	return ERR_OK;
}

enum err
part_read_campaigns(struct part *p, const PGresult *r)
{
	struct campaign *row;
	struct col_array funders, shares;
	enum err e;
	int i, n;

	for (i = 0; i < PQntuples(r); i++) {
		row = table_add(&p->rows);
		if (row == NULL)
			return ERR_NO_MEMORY;
		row->id = col_i32(r, i, 0);
		row->code = arena_strdup(p->arena, col_text(r, i, 1));
		row->funder_count = col_array_open(r, i, 2, &funders);
		assert(row->funder_count <= FUNDERS_MAX);
		n = col_array_open(r, i, 3, &shares);
		assert(n == row->funder_count);
		for (n = 0; n < row->funder_count; n++) {
			row->funder[n] = array_i32(&funders);
			row->share_bps[n] = array_i32(&shares);
		}
		e = read_campaign_skus(p, r, i, row);
		if (e != ERR_OK)
			return e;
		row->unit_max_fen = col_i64(r, i, 5);
		row->from_us = col_time(r, i, 6);
		row->until_us = col_time(r, i, 7);
		row->disabled = col_bool(r, i, 8);
		if (row->code == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err
read_versions(struct part *p, const PGresult *r, bool book)
{
	struct version_row *row;
	int i;

	for (i = 0; i < PQntuples(r); i++) {
		row = table_add(&p->rows);
		if (row == NULL)
			return ERR_NO_MEMORY;
		row->version = col_i32(r, i, 0);
		row->book = book;
		row->active = col_i16(r, i, 1) == 2;
		row->effective_from_us = col_time(r, i, 2);
		row->body = arena_strdup(p->arena, col_text(r, i, 3));
		if (row->body == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

enum err
part_read_policies(struct part *p, const PGresult *r)
{
	return read_versions(p, r, false);
}

enum err
part_read_books(struct part *p, const PGresult *r)
{
	return read_versions(p, r, true);
}
