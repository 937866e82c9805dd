/* The transaction of a report; which keys and deltas it has is stock_rows.c's to say. */
#include "store/stock_report.h"

#include <assert.h>
#include <string.h>

#include "store/batch_write.h"
#include "store/stock_rows.h"

static enum tx_next
no_memory(struct write *w)
{
	return write_refuse(w, ERR_NO_MEMORY, -1, w->list, "%s", err_text(ERR_NO_MEMORY));
}

/* ---- Trip 1: what stands about the deltas ------------------------------------------------------- */

/* Where each source stood before, in the order of their names; which named orders are ours. */
static void
ask_deltas(struct report *x, struct tx *t)
{
	const struct stock_report *r = x->r;
	struct pg_args *a;
	int named = 0;

	a = tx_args(t);
	args_array(a, ELEM_TEXT);
	for (int i = 0; i < r->delta_count; i++)
		if (i == 0 || strcmp(x->by[i]->source, x->by[i - 1]->source) != 0)
			elem_text(a, x->by[i]->source);
	args_array_end(a);
	tx_add(t, STMT_DELTA_LAST);
	for (int i = 0; i < r->delta_count; i++)
		named += !uuid_is_zero(&r->deltas[i].order_id);
	x->ours_asked = named > 0;
	if (named == 0)
		return;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, r->delta_count, &r->deltas[i].order_id);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, r->delta_count, x->delta_ids[i].location);
	tx_add(t, STMT_DELTA_OURS);
}

/* A sequence that jumps: said, not refused; what is missing may come later. */
static enum err
read_gaps(struct write *w, const PGresult *last)
{
	struct report *x = w->mine;
	const char **gaps;
	int64_t before = 0;
	int i, source = -1, at;

	gaps = arena_array(w->w.arena, (size_t)x->r->delta_count, sizeof(*gaps));
	x->gap_row = arena_array(w->w.arena, (size_t)x->r->delta_count, sizeof(*x->gap_row));
	if (gaps == NULL || x->gap_row == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < x->r->delta_count; i++) {
		const struct delta_row *d = x->by[i];

		if (i == 0 || strcmp(d->source, x->by[i - 1]->source) != 0) {
			source++;
			before = col_null(last, source, 1) ? d->sequence : col_i64(last, source, 1);
		}
		if (d->sequence > before + 1) {
			at = w->result.gap_count++;
			gaps[at] = arena_printf(w->w.arena, "%s: %lld came after %lld", d->source,
			    (long long)d->sequence, (long long)before);
			x->gap_row[at] = (int)(d - x->r->deltas);
			if (gaps[at] == NULL)
				return ERR_NO_MEMORY;
		}
		if (d->sequence > before)
			before = d->sequence;
	}
	w->result.gaps = gaps;
	return ERR_OK;
}

static enum err
read_asked(struct write *w, struct tx *t)
{
	struct report *x = w->mine;
	const PGresult *ours;

	if (x->ours_asked) {
		ours = tx_result(t, 1);
		for (int i = 0; i < PQntuples(ours); i++)
			x->outcome[x->r->count_count + col_i32(ours, i, 0) - 1] = ROW_OURS;
	}
	return read_gaps(w, tx_result(t, 0));
}

/* ---- Trip 2: claim the deltas, lock the levels -------------------------------------------------- */

static void
elem_ours(struct pg_args *a, const struct report *x, int delta)
{
	if (x->outcome[x->r->count_count + delta] == ROW_OURS)
		elem_uuid(a, &x->r->deltas[delta].order_id);
	else
		elem_null(a, ELEM_UUID);
}

static void
claim_deltas(struct report *x, struct tx *t)
{
	const struct stock_report *r = x->r;
	struct pg_args *a;

	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, r->delta_count, r->deltas[i].source);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, r->delta_count, r->deltas[i].sequence);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, r->delta_count, x->delta_ids[i].location);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, r->delta_count, x->delta_ids[i].sku);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, r->delta_count, x->delta_ids[i].goods_owner);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, r->delta_count, r->deltas[i].delta);
	ARGS_ARRAY(a, ELEM_TIME, elem_time, r->delta_count,
	    r->deltas[i].at_us != 0 ? r->deltas[i].at_us : r->now_us);
	args_array(a, ELEM_UUID);
	for (int i = 0; i < r->delta_count; i++)
		elem_ours(a, x, i);
	args_array_end(a);
	args_time(a, r->now_us);
	tx_add(t, STMT_DELTA_CLAIM);
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, r->delta_count, r->deltas[i].source);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, r->delta_count, r->deltas[i].sequence);
	tx_add(t, STMT_DELTA_READ);
}

static void
lock_levels(struct report *x, struct tx *t)
{
	if (x->key_count == 0)
		return;
	report_key_args(x, tx_args(t));
	tx_add(t, STMT_STOCK_LOCK);
	report_key_args(x, tx_args(t));
	x->levels_at = tx_added(t);
	tx_add(t, STMT_STOCK_LEVELS);
}

/* ---- Trip 3: judge each row; what happened since each count -------------------------------------- */

static void
read_levels(struct report *x, struct tx *t)
{
	const PGresult *r;

	if (x->key_count == 0)
		return;
	r = tx_result(t, x->levels_at);
	assert(PQntuples(r) == x->key_count);
	for (int i = 0; i < x->key_count; i++)
		x->keys[col_i32(r, i, 0) - 1].level = (struct level){.on_hand = col_i32(r, i, 1),
		    .reserved = col_i32(r, i, 2),
		    .allocated = col_i32(r, i, 3),
		    .safety = col_i32(r, i, 4),
		    .counted_us = col_time(r, i, 5),
		    .counted_to_us = col_time(r, i, 6)};
	for (int i = 0; i < x->key_count; i++)
		x->keys[i].missing = level_missing(&x->keys[i].level);
}

/* One that was told before is the same, or its sequence was used for something else. */
static void
read_claims(struct report *x, struct tx *t)
{
	const int first = x->r->count_count;
	const PGresult *r = tx_result(t, 1);
	const struct stock_ids *id;
	int i, at;

	for (i = 0; i < x->r->delta_count; i++)
		if (x->outcome[first + i] == ROW_WRITTEN || x->outcome[first + i] == ROW_OURS)
			x->told_before[i] = true;
	report_fresh(x, tx_result(t, 0));
	for (i = 0; i < PQntuples(r); i++) {
		at = col_i32(r, i, 0) - 1;
		if (!x->told_before[at])
			continue;
		id = &x->delta_ids[at];
		x->outcome[first + at] = col_i32(r, i, 1) == id->location &&
		        col_i32(r, i, 2) == id->sku && col_i32(r, i, 3) == id->goods_owner &&
		        col_i32(r, i, 4) == x->r->deltas[at].delta
		    ? ROW_REPEATED
		    : ROW_DIFFERS;
	}
}

static void
judge_counts(struct report *x)
{
	for (int i = 0; i < x->r->count_count; i++) {
		struct level_key *k = &x->keys[x->key_of_row[i]];
		const struct count c = report_count(x, i);

		if (!level_takes(&k->level, &c)) {
			x->outcome[i] = ROW_OLDER;
			x->stored_us[i] = k->level.counted_us;
			continue;
		}
		k->counted = true;
		k->count = c;
		level_count(&k->level, &c);
	}
}

/* Of a level that is counted now they are among its moves. */
static void
judge_deltas(struct report *x)
{
	const int first = x->r->count_count;

	for (int i = 0; i < x->r->delta_count; i++) {
		const struct delta_row *d = &x->r->deltas[i];
		struct level_key *k;
		bool taken;

		if (x->outcome[first + i] != ROW_WRITTEN)
			continue;
		k = &x->keys[x->key_of_row[first + i]];
		if (k->counted)
			taken = (d->at_us != 0 ? d->at_us : x->r->now_us) >
			    count_mark(&k->count, MOVE_DELTA);
		else
			taken = level_delta(&k->level, d->at_us, d->delta);
		k->changed |= taken && !k->counted;
		if (!taken)
			x->outcome[first + i] = ROW_COUNTED;
	}
}

/* One array parameter with ${expr} of each key for which ${which}. */
#define KEYS(which, type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < x->key_count; i++) { \
			const struct level_key *k = &x->keys[i]; \
			if (which) \
				elem(a, expr); \
		} \
		args_array_end(a); \
	} while (0)
#define KEY_IDS(which) \
	do { \
		KEYS(which, ELEM_I32, elem_i32, k->id.dealer); \
		KEYS(which, ELEM_I32, elem_i32, k->id.location); \
		KEYS(which, ELEM_I32, elem_i32, k->id.sku); \
		KEYS(which, ELEM_I32, elem_i32, k->id.goods_owner); \
	} while (0)

/* Asks for all moves of the locations since their oldest count of this report; false: nothing is counted. */
static bool
ask_moves(struct report *x, struct tx *t)
{
	struct pg_args *a;

	report_places(x);
	if (x->place_count == 0)
		return false;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, x->place_count, x->places[i].location);
	ARGS_ARRAY(a, ELEM_TIME, elem_time, x->place_count, x->places[i].handed_us);
	ARGS_ARRAY(a, ELEM_TIME, elem_time, x->place_count, x->places[i].told_us);
	KEYS(k->counted, ELEM_I32, elem_i32, k->id.sku);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, x->r->booked_count, &x->r->booked[i]);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, x->place_count, x->places[i].dealer);
	tx_add(t, STMT_STOCK_MOVES);
	return true;
}

/* ---- Trip 4: write the levels; who is short now -------------------------------------------------- */

static void
read_moves(struct report *x, const PGresult *r)
{
	for (int i = 0; i < PQntuples(r); i++) {
		const struct stock_ids id = {.dealer = col_i32(r, i, 1),
		    .location = col_i32(r, i, 2),
		    .sku = col_i32(r, i, 3),
		    .goods_owner = col_i32(r, i, 4)};
		struct level_key *k = report_key_find(x, &id);

		if (k != NULL && k->counted)
			level_move(&k->level, &k->count, (enum move)col_i16(r, i, 0),
			    col_time(r, i, 5), col_i32(r, i, 6));
	}
}

static bool
lacks_more(const struct level_key *k)
{
	return (k->counted || k->changed) && level_missing(&k->level) > k->missing;
}

/* How many levels are written. */
static int
set_levels(struct report *x, struct tx *t)
{
	struct pg_args *a;
	int count = 0, short_count = 0;

	for (int i = 0; i < x->key_count; i++) {
		count += x->keys[i].counted || x->keys[i].changed;
		short_count += lacks_more(&x->keys[i]);
	}
	if (count == 0)
		return 0;
	a = tx_args(t);
	KEY_IDS(k->counted || k->changed);
	KEYS(k->counted || k->changed, ELEM_I32, elem_i32, (int32_t)k->level.on_hand);
	KEYS(k->counted || k->changed, ELEM_I32, elem_i32, (int32_t)k->level.safety);
	KEYS(k->counted || k->changed, ELEM_TIME, elem_time, k->level.counted_us);
	KEYS(k->counted || k->changed, ELEM_TIME, elem_time_or_null, k->level.counted_to_us);
	KEYS(k->counted || k->changed, ELEM_BOOL, elem_bool, k->counted);
	tx_add(t, STMT_STOCK_SET);
	x->short_asked = short_count > 0;
	if (!x->short_asked)
		return count;
	a = tx_args(t);
	KEY_IDS(lacks_more(k));
	KEYS(lacks_more(k), ELEM_I64, elem_i64, k->missing);
	KEYS(lacks_more(k), ELEM_I64, elem_i64, level_missing(&k->level));
	tx_add(t, STMT_STOCK_SHORT);
	return count;
}

/* ---- The last trip: tell, commit ----------------------------------------------------------------- */

static enum err
tell_world(struct write *w, struct tx *t, const PGresult *shorts)
{
	struct report *x = w->mine;
	int i, count = 0, short_count = shorts != NULL ? PQntuples(shorts) : 0;
	struct outbox_write *told;

	told = arena_array(w->w.arena, (size_t)(short_count + w->result.gap_count), sizeof(*told));
	if (told == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < short_count; i++)
		told[count++] = (struct outbox_write){.order_id = col_uuid(shorts, i, 0),
		    .number = col_i16(shorts, i, 1),
		    .location = col_i32(shorts, i, 2),
		    .dealer = col_i32(shorts, i, 3),
		    .kind = OUTBOX_STOCK_SHORT};
	/* Of no order. */
	for (i = 0; i < w->result.gap_count; i++)
		told[count++] =
		    (struct outbox_write){.location = x->delta_ids[x->gap_row[i]].location,
		        .dealer = x->delta_ids[x->gap_row[i]].dealer,
		        .kind = OUTBOX_STOCK_GAP};
	write_outbox(t, told, count, x->r->now_us);
	return ERR_OK;
}

/* ---- Trip by trip -------------------------------------------------------------------------------- */

static enum tx_next
finish(struct write *w, struct tx *t, const PGresult *shorts)
{
	struct report *x = w->mine;

	if (tell_world(w, t, shorts) != ERR_OK || report_told(w) != ERR_OK)
		return no_memory(w);
	if (!x->r->dry)
		return TX_COMMIT;
	w->dry = true;
	return write_refuse(w, ERR_OK, -1, "", "%s", "");
}

static enum tx_next
step_begin(struct write *w, struct tx *t)
{
	struct report *x = w->mine;

	x->at = REPORT_LOCK;
	if (x->r->delta_count == 0)
		return TX_COMMIT; /* go on at once */
	ask_deltas(x, t);
	return TX_TRIP;
}

static enum tx_next
step_lock(struct write *w, struct tx *t)
{
	struct report *x = w->mine;

	x->at = REPORT_JUDGE;
	if (x->r->delta_count > 0 && read_asked(w, t) != ERR_OK)
		return no_memory(w);
	if (!report_keys(w))
		return TX_ROLLBACK;
	if (x->r->delta_count > 0)
		claim_deltas(x, t);
	lock_levels(x, t);
	return TX_TRIP;
}

static enum tx_next
step_judge(struct write *w, struct tx *t)
{
	struct report *x = w->mine;

	x->at = REPORT_WRITE;
	if (x->r->delta_count > 0)
		read_claims(x, t);
	read_levels(x, t);
	judge_counts(x);
	judge_deltas(x);
	x->moves_asked = ask_moves(x, t);
	return x->moves_asked ? TX_TRIP : TX_COMMIT;
}

static enum tx_next
step_write(struct write *w, struct tx *t)
{
	struct report *x = w->mine;

	x->at = REPORT_TELL;
	if (x->moves_asked)
		read_moves(x, tx_result(t, 0));
	for (int i = 0; i < x->key_count; i++)
		if (!level_fits(&x->keys[i].level))
			return write_refuse(w, ERR_OVERFLOW, x->keys[i].row, "sku",
			    "more than can be counted");
	if (set_levels(x, t) > 0)
		return TX_TRIP;
	return finish(w, t, NULL);
}

static enum tx_next
step_tell(struct write *w, struct tx *t)
{
	struct report *x = w->mine;

	(void)write_changes(w, tx_result(t, 0), row_stock);
	for (int i = 0; i < x->key_count; i++)
		if (level_missing(&x->keys[i].level) != x->keys[i].missing)
			tx_task(t, x->keys[i].id.location);
	return finish(w, t, x->short_asked ? tx_result(t, 1) : NULL);
}

static enum tx_next
report_trip(struct write *w, struct tx *t, int n)
{
	static enum tx_next (*const steps[])(struct write *, struct tx *) = {
	    [REPORT_BEGIN] = step_begin,
	    [REPORT_LOCK] = step_lock,
	    [REPORT_JUDGE] = step_judge,
	    [REPORT_WRITE] = step_write,
	    [REPORT_TELL] = step_tell,
	};
	struct report *x;
	enum tx_next next;
	enum report_step was;

	if (n == 1 && !report_begin(w))
		return TX_ROLLBACK;
	x = w->mine;
	do {
		was = x->at;
		next = steps[was](w, t);
		/* A step that had nothing to ask: the next one, in this trip. */
	} while (next == TX_COMMIT && (was == REPORT_BEGIN || was == REPORT_JUDGE));
	return next;
}

enum err
write_stock(const struct writer *w, const struct stock_report *r)
{
	static const struct write_kind kind = {NULL, 0, false, ERR_OVERFLOW, report_refer,
	    report_trip};

	assert(r->now_us > 0);
	return write_start(w, &kind, r->count_count > 0 ? "counts" : "deltas", r,
	    r->count_count + r->delta_count, sizeof(struct stock_ids));
}
