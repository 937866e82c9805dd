#include "store/catalog_load.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/catalog_row.h"

#define FETCH_ROWS 10000 /* of the statement CATALOG_FETCH */
#define SOURCES_MAX 24

/* One cursor: what it declares and who reads its rows. */
struct source {
	enum stmt declare;
	enum part_id part;
	part_read_fn *read; /* rows of a part, or */
	change_row_fn *row; /* rows of hints */
	enum err (*rows)(struct load *l, const PGresult *r);
};

struct load {
	struct load_in in;
	load_fn *done;
	void *ctx;
	struct part *parts[PART_COUNT]; /* fresh ones; NULL: unchanged */
	struct source sources[SOURCES_MAX];
	int source_count, at;
	bool open;           /* the cursor of sources[at] */
	int32_t *stock_rows; /* by location id */
	int32_t location_id_max;
	bool over; /* claims no longer fit; told once */
	struct load_out out;
};

static enum err read_sizes(struct load *l, const PGresult *r);

static const struct source part_sources[] = {
    {STMT_CATALOG_PARTIES, PART_PARTIES, part_read_parties, NULL, NULL},
    {STMT_CATALOG_TERRITORIES, PART_TERRITORIES, part_read_territories, NULL, NULL},
    {STMT_CATALOG_REGIONS, PART_TERRITORIES, part_read_regions, NULL, NULL},
    {STMT_CATALOG_LOCATIONS, PART_LOCATIONS, part_read_locations, NULL, NULL},
    {STMT_CATALOG_STOREFRONTS, PART_STOREFRONTS, part_read_storefronts, NULL, NULL},
    {STMT_CATALOG_SKUS, PART_SKUS, part_read_skus, NULL, NULL},
    {STMT_CATALOG_CAMPAIGNS, PART_CAMPAIGNS, part_read_campaigns, NULL, NULL},
    {STMT_CATALOG_POLICIES, PART_POLICIES, part_read_policies, NULL, NULL},
    {STMT_CATALOG_BOOKS, PART_POLICIES, part_read_books, NULL, NULL},
};
/* The sizes come first, when the world is built: stock is laid out in the order of its map. */
static const struct source hint_sources[] = {
    {STMT_CATALOG_STOCK_SIZES, PART_COUNT, NULL, NULL, read_sizes},
    {STMT_CATALOG_STOCK, PART_COUNT, NULL, row_stock, NULL},
    {STMT_CATALOG_CAPACITY, PART_COUNT, NULL, row_capacity, NULL},
    {STMT_CATALOG_SLOTS, PART_COUNT, NULL, row_slot, NULL},
    {STMT_CATALOG_ENTITLEMENTS, PART_COUNT, NULL, row_entitlement, NULL},
    {STMT_CATALOG_BUDGETS, PART_COUNT, NULL, row_budget, NULL},
    {STMT_CATALOG_CLAIMS, PART_COUNT, NULL, row_claim, NULL},
};
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void
load_reset(struct load *l)
{
	int i;

	for (i = 0; i < PART_COUNT; i++) {
		part_drop(l->parts[i]);
		l->parts[i] = NULL;
	}
	snapshot_free(l->out.snapshot);
	free(l->out.positions);
	free(l->stock_rows);
	l->stock_rows = NULL;
	l->out = (struct load_out){0};
	l->source_count = l->at = 0;
	l->open = false;
}

/* ---- What changed ------------------------------------------------------------------------------ */

/* A fresh, empty part for each whose version is not the one we have. */
static enum err
read_state(struct load *l, const PGresult *r)
{
	const struct part *now;
	int i, p;

	for (i = 0; i < PQntuples(r); i++) {
		for (p = 0; p < PART_COUNT; p++)
			if (strcmp(part_names[p], col_text(r, i, 0)) == 0)
				break;
		if (p == PART_COUNT) /* keys are not ours to read */
			continue;
		now = l->in.parts[p];
		if (now != NULL && now->version == col_i64(r, i, 1))
			continue;
		l->parts[p] = part_new((enum part_id)p, col_i64(r, i, 1));
		if (l->parts[p] == NULL)
			return ERR_NO_MEMORY;
	}
	for (p = 0; p < PART_COUNT; p++)
		assert(l->parts[p] != NULL || l->in.parts[p] != NULL);
	for (i = 0; i < COUNT(part_sources); i++)
		if (l->parts[part_sources[i].part] != NULL)
			l->sources[l->source_count++] = part_sources[i];
	if (l->in.hints != NULL)
		for (i = 0; i < COUNT(hint_sources); i++)
			l->sources[l->source_count++] = hint_sources[i];
	return ERR_OK;
}

static enum err
read_positions(struct load *l, const PGresult *r)
{
	struct feed_position *p;
	int i;

	p = calloc((size_t)PQntuples(r) + 1, sizeof(*p));
	if (p == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < PQntuples(r); i++) {
		p[i].stream_id = col_i64(r, i, 0);
		p[i].seq = col_i64(r, i, 1);
	}
	l->out.positions = p;
	l->out.position_count = PQntuples(r);
	return ERR_OK;
}

/* ---- Building ---------------------------------------------------------------------------------- */

static enum err
build(struct load *l)
{
	struct part *parts[PART_COUNT];
	int64_t from_us;
	enum err e;
	int i;

	from_us = clock_mono_us();
	for (i = 0; i < PART_COUNT; i++)
		parts[i] = l->parts[i] != NULL ? l->parts[i] : l->in.parts[i];
	e = snapshot_build(parts, l->in.classes, l->in.compiled, &l->out.snapshot);
	l->out.built_us = clock_mono_us() - from_us;
	return e;
}

static enum err
read_sizes(struct load *l, const PGresult *r)
{
	int32_t id;
	int i;

	if (l->stock_rows == NULL) {
		l->location_id_max = l->out.snapshot->world.location_id_max;
		l->stock_rows = calloc((size_t)l->location_id_max + 1, sizeof(*l->stock_rows));
		if (l->stock_rows == NULL)
			return ERR_NO_MEMORY;
	}
	for (i = 0; i < PQntuples(r); i++) {
		id = col_i32(r, i, 0);
		assert(id < l->location_id_max);
		l->stock_rows[id] = col_i32(r, i, 1);
	}
	return ERR_OK;
}

/* Neighbours on the map get neighbouring memory. */
static enum err
lay_out(struct load *l)
{
	const struct world *w = &l->out.snapshot->world;
	enum err e;
	int32_t i, id;

	if (l->stock_rows == NULL)
		return ERR_OK;
	e = hints_memory_reserve(l->in.hints, l->stock_rows, l->location_id_max);
	if (e != ERR_OK)
		return e;
	for (i = 0; i < w->location_count; i++) {
		id = w->locations[i].id;
		if (l->stock_rows[id] == 0)
			continue;
		e = hints_memory_location(l->in.hints, id, l->stock_rows[id]);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
read_hints(struct load *l, const struct source *s, const PGresult *r)
{
	struct change c;
	enum err e;
	int i;

	for (i = 0; i < PQntuples(r); i++) {
		s->row(r, i, &c);
		e = change_apply(l->in.hints, &c);
		if (e == ERR_OK)
			continue;
		if (c.kind != CHANGE_CLAIM)
			return e;
		/* Beyond claims_max an owner is found by what comes after claims. */
		if (!l->over)
			log_error(
			    LOG_MSG("more ownership claims than claims_max; the rest is not seen"));
		l->over = true;
	}
	return ERR_OK;
}

/* ---- The transaction --------------------------------------------------------------------------- */

static enum err
read_rows(struct load *l, const PGresult *r)
{
	const struct source *s = &l->sources[l->at];

	if (s->read != NULL)
		return s->read(l->parts[s->part], r);
	if (s->rows != NULL)
		return s->rows(l, r);
	return read_hints(l, s, r);
}

/* After the last row of a source. */
static enum err
source_end(struct load *l)
{
	const struct source *s = &l->sources[l->at];
	bool parts_next;
	enum err e;

	l->at++;
	parts_next = l->at < l->source_count && l->sources[l->at].read != NULL;
	if (s->read != NULL && !parts_next)
		return build(l);
	e = ERR_OK;
	if (s->rows == read_sizes)
		e = lay_out(l);
	return e;
}

static void
fetch(struct load *l, struct tx *t)
{
	if (!l->open) {
		(void)tx_args(t);
		tx_add(t, l->sources[l->at].declare);
		l->open = true;
	}
	(void)tx_args(t);
	tx_add(t, STMT_CATALOG_FETCH);
}

static enum tx_next
load_first(struct load *l, struct tx *t)
{
	load_reset(l);
	(void)tx_args(t);
	tx_add(t, STMT_CATALOG_SNAPSHOT);
	(void)tx_args(t);
	tx_add(t, STMT_CATALOG_SCANNER);
	(void)tx_args(t);
	tx_add(t, STMT_CATALOG_STATE);
	if (l->in.hints != NULL) {
		(void)tx_args(t);
		tx_add(t, STMT_CATALOG_FEED_AT);
	}
	return TX_TRIP;
}

static enum tx_next
load_step(struct tx *t, void *ctx)
{
	struct load *l = ctx;
	const PGresult *r;
	enum err e;

	if (tx_trip(t) == 0)
		return load_first(l, t);
	if (tx_trip(t) == 1) {
		e = read_state(l, tx_result(t, 2));
		if (e == ERR_OK && l->in.hints != NULL)
			e = read_positions(l, tx_result(t, 3));
		/* Hints alone: they are laid out by a world all the same. */
		if (e == ERR_OK && l->in.hints != NULL && l->sources[0].read == NULL)
			e = build(l);
	} else {
		r = tx_result(t, tx_result_count(t) - 1);
		e = read_rows(l, r);
		if (e == ERR_OK && PQntuples(r) < FETCH_ROWS) {
			l->open = false;
			e = source_end(l);
			(void)tx_args(t);
			tx_add(t, STMT_CATALOG_CLOSE);
		}
	}
	if (e != ERR_OK) {
		tx_fail(t, e);
		return TX_ROLLBACK;
	}
	if (l->at == l->source_count)
		return TX_COMMIT;
	fetch(l, t);
	return TX_TRIP;
}

static void
load_done(struct tx *t, void *ctx, enum err e)
{
	struct load *l = ctx;

	if (e != ERR_OK) {
		log_warn(LOG_MSG("reading the catalog failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("sql", tx_sql_error(t)));
		load_reset(l);
	}
	l->done(l->ctx, e, &l->out);
	l->out = (struct load_out){0}; /* the caller's now */
	load_reset(l);
	free(l);
}

enum err
load_start(const struct load_in *in, load_fn *done, void *ctx)
{
	struct load *l;
	enum err e;

	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return ERR_NO_MEMORY;
	l->in = *in;
	l->done = done;
	l->ctx = ctx;
	e = tx_start(in->pool, load_step, load_done, l);
	if (e != ERR_OK)
		free(l);
	return e;
}
