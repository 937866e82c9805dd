#include "store/stock_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static enum err
refer(struct write *w, int row, const char *location, const char *sku, const char *goods_owner)
{
	struct stock_ids *ids = w->ids;
	enum err e;

	ids += row;
	e = write_refer(w, REF_LOCATION,
	    &(struct ref){.code = location,
	        .field = "location",
	        .row = row,
	        .kinds = ANY_KIND,
	        .id = &ids->location,
	        .party = &ids->dealer});
	if (e == ERR_OK)
		e = write_refer(w, REF_SKU,
		    &(struct ref){.code = sku,
		        .field = "sku",
		        .row = row,
		        .kinds = ANY_KIND,
		        .id = &ids->sku});
	if (e == ERR_OK)
		e = write_refer(w, REF_PARTY,
		    &(struct ref){.code = goods_owner,
		        .field = "goods_owner",
		        .row = row,
		        .kinds = OWNER_KINDS,
		        .what = OWNER_WHAT,
		        .id = &ids->goods_owner});
	return e;
}

enum err
report_refer(struct write *w)
{
	const struct stock_report *r = w->rows;
	enum err e = ERR_OK;
	int i;

	if (r->count_count > 0) {
		w->list_next = "deltas";
		w->next_at = r->count_count;
	}
	for (i = 0; e == ERR_OK && i < r->count_count; i++)
		e = refer(w, i, r->counts[i].location, r->counts[i].sku, r->counts[i].goods_owner);
	for (i = 0; e == ERR_OK && i < r->delta_count; i++)
		e = refer(w, r->count_count + i, r->deltas[i].location, r->deltas[i].sku,
		    r->deltas[i].goods_owner);
	return e;
}

/* ---- Deltas by (source, sequence) ---------------------------------------------------------------- */

static int
delta_order(const void *a, const void *b)
{
	const struct delta_row *const *x = a, *const *y = b;
	int c;

	c = strcmp((*x)->source, (*y)->source);
	return c != 0 ? c : ((*x)->sequence > (*y)->sequence) - ((*x)->sequence < (*y)->sequence);
}

/* False: a sequence stands twice in the request. */
static bool
sort_deltas(struct write *w, struct report *x)
{
	int i, row;

	for (i = 0; i < x->r->delta_count; i++)
		x->by[i] = &x->r->deltas[i];
	if (x->r->delta_count > 0)
		qsort(x->by, (size_t)x->r->delta_count, sizeof(*x->by), delta_order);
	for (i = 1; i < x->r->delta_count; i++) {
		if (delta_order(&x->by[i - 1], &x->by[i]) != 0)
			continue;
		row = (int)((x->by[i] > x->by[i - 1] ? x->by[i] : x->by[i - 1]) - x->r->deltas);
		(void)write_refuse(w, ERR_BAD_FIELD, x->r->count_count + row, "sequence",
		    "this sequence stands here twice");
		return false;
	}
	return true;
}

void
report_fresh(struct report *x, const PGresult *r)
{
	const struct delta_row **found, *key;
	struct delta_row row = {0};

	key = &row;
	for (int i = 0; i < PQntuples(r); i++) {
		row.source = col_text(r, i, 0);
		row.sequence = col_i64(r, i, 1);
		found =
		    bsearch(&key, x->by, (size_t)x->r->delta_count, sizeof(*x->by), delta_order);
		assert(found != NULL);
		x->told_before[*found - x->r->deltas] = false;
	}
}

/* ---- Levels -------------------------------------------------------------------------------------- */

static int
ids_order(const struct stock_ids *a, const struct stock_ids *b)
{
	if (a->dealer != b->dealer)
		return a->dealer < b->dealer ? -1 : 1;
	if (a->location != b->location)
		return a->location < b->location ? -1 : 1;
	if (a->sku != b->sku)
		return a->sku < b->sku ? -1 : 1;
	return (a->goods_owner > b->goods_owner) - (a->goods_owner < b->goods_owner);
}

static int
key_order(const void *a, const void *b)
{
	const struct level_key *x = a, *y = b;
	int c;

	c = ids_order(&x->id, &y->id);
	return c != 0 ? c : (x->row > y->row) - (x->row < y->row);
}

/* Of the keys in their order each once; the lowest row that counts a level again is refused. */
static bool
keys_merge(struct write *w, struct report *x, int count)
{
	int i, twice = -1;

	x->key_count = 0;
	for (i = 0; i < count; i++) {
		const struct level_key k = x->keys[i];

		if (x->key_count == 0 || ids_order(&x->keys[x->key_count - 1].id, &k.id) != 0)
			x->keys[x->key_count++] = k;
		else if (k.row < x->r->count_count && (twice < 0 || k.row < twice))
			twice = k.row;
		x->key_of_row[k.row] = x->key_count - 1;
	}
	if (twice >= 0)
		(void)write_refuse(w, ERR_BAD_FIELD, twice, "sku", "this stock stands here twice");
	return twice < 0;
}

bool
report_keys(struct write *w)
{
	const struct stock_ids *ids = w->ids;
	struct report *x = w->mine;
	int i, count = 0;

	for (i = 0; i < w->count; i++)
		if (x->outcome[i] != ROW_OURS)
			x->keys[count++] = (struct level_key){.id = ids[i], .row = i};
	if (count > 0)
		qsort(x->keys, (size_t)count, sizeof(*x->keys), key_order);
	return keys_merge(w, x, count);
}

void
report_key_args(const struct report *x, struct pg_args *a)
{
	size_t part;
	int32_t id;

	for (part = 0; part < sizeof(struct stock_ids); part += sizeof(id)) {
		args_array(a, ELEM_I32);
		for (int i = 0; i < x->key_count; i++) {
			memcpy(&id, (const char *)&x->keys[i].id + part, sizeof(id));
			elem_i32(a, id);
		}
		args_array_end(a);
	}
}

struct level_key *
report_key_find(const struct report *x, const struct stock_ids *id)
{
	int low, high, mid, c;

	for (low = 0, high = x->key_count; low < high;) {
		mid = low + (high - low) / 2;
		c = ids_order(id, &x->keys[mid].id);
		if (c == 0)
			return &x->keys[mid];
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

struct count
report_count(const struct report *x, int row)
{
	const struct count_row *c = &x->r->counts[row];

	return (struct count){.count = c->count,
	    .safety = c->safety,
	    .counted_us = c->counted_us,
	    .seen_us = x->r->seen_us,
	    .now_us = x->r->now_us};
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
report_places(struct report *x)
{
	struct place_since *p;

	x->place_count = 0;
	for (int i = 0; i < x->key_count; i++) {
		const struct level_key *k = &x->keys[i];
		int64_t handed, told;

		if (!k->counted)
			continue;
		handed = count_mark(&k->count, MOVE_OUT);
		told = count_mark(&k->count, MOVE_DELTA);
		p = &x->places[x->place_count - (x->place_count > 0)];
		if (x->place_count > 0 && p->location == k->id.location) {
			p->handed_us = smaller(p->handed_us, handed);
			p->told_us = smaller(p->told_us, told);
			continue;
		}
		x->places[x->place_count++] = (struct place_since){.dealer = k->id.dealer,
		    .location = k->id.location,
		    .handed_us = handed,
		    .told_us = told};
	}
}

/* ---- Begin and end ------------------------------------------------------------------------------- */

bool
report_begin(struct write *w)
{
	struct stock_ids *ids = w->ids;
	struct arena *a = w->w.arena;
	size_t n = (size_t)w->count;
	struct report *x;

	x = arena_zalloc(a, sizeof(*x));
	if (x == NULL)
		goto no_memory;
	w->mine = x;
	x->r = w->rows;
	x->delta_ids = ids + x->r->count_count;
	x->by = arena_array(a, (size_t)x->r->delta_count, sizeof(*x->by));
	x->outcome = arena_array(a, n, sizeof(*x->outcome));
	x->stored_us = arena_array(a, n, sizeof(*x->stored_us));
	x->told_before = arena_array(a, n, sizeof(*x->told_before));
	x->key_of_row = arena_array(a, n, sizeof(*x->key_of_row));
	x->keys = arena_array(a, n, sizeof(*x->keys));
	x->places = arena_array(a, n, sizeof(*x->places));
	if (x->by == NULL || x->outcome == NULL || x->stored_us == NULL || x->told_before == NULL ||
	    x->key_of_row == NULL || x->keys == NULL || x->places == NULL)
		goto no_memory;
	/* Goods of nobody named are the operator's. */
	for (int i = 0; i < w->count; i++)
		if (ids[i].goods_owner == 0)
			ids[i].goods_owner = ids[i].dealer;
	return sort_deltas(w, x);

no_memory:
	(void)write_refuse(w, ERR_NO_MEMORY, -1, w->list, "%s", err_text(ERR_NO_MEMORY));
	return false;
}

static int64_t
available(const struct level *l)
{
	return l->on_hand - l->reserved - l->allocated - l->safety;
}

enum err
report_told(struct write *w)
{
	struct report *x = w->mine;
	struct stock_told *told;
	struct level_told *levels;

	told = arena_alloc(w->w.arena, sizeof(*told));
	levels = arena_array(w->w.arena, (size_t)x->key_count, sizeof(*levels));
	if (told == NULL || levels == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < x->key_count; i++) {
		const struct level *l = &x->keys[i].level;

		levels[i] = (struct level_told){.row = x->keys[i].row,
		    .on_hand = (int32_t)l->on_hand,
		    .available = (int32_t)available(l),
		    .missing = (int32_t)level_missing(l)};
	}
	*told = (struct stock_told){.rows = x->outcome,
	    .stored_us = x->stored_us,
	    .levels = levels,
	    .level_count = x->key_count};
	w->result.stock = told;
	for (int i = 0; i < w->count; i++) {
		w->result.written += x->outcome[i] == ROW_WRITTEN;
		w->result.older += x->outcome[i] == ROW_OLDER;
		w->result.repeated += x->outcome[i] == ROW_REPEATED;
	}
	return ERR_OK;
}
