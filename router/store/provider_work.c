#include "store/provider_work.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"

#define DUE_ARENA_MAX ((size_t)1 << 20)

/* ---- Reading --------------------------------------------------------------------------------------- */

enum call_column {
	COL_NUMBER,
	COL_KIND,
	COL_PROVIDER,
	COL_COLLECTOR,
	COL_ORDER,
	COL_PAYMENT,
	COL_SPLIT,
	COL_FEN,
	COL_TOTAL,
	COL_DEADLINE,
	COL_STATE,
	COL_TRIES,
	COL_HASH,
	COL_PAYER,
	COL_ITEM
};
enum item_column {
	ITEM_NO = COL_ITEM,
	ITEM_PARTY,
	ITEM_RECEIVER,
	ITEM_PERSONAL,
	ITEM_FEN,
	ITEM_RESULT,
	ITEM_LEFT_OUT,
	ITEM_REASON,
	ITEM_DETAIL,
	ITEM_ACTUAL,
	ITEM_FINISHED,
	ITEM_NAME
};

static const char *
copy(struct arena *a, const PGresult *r, int row, int col, bool *ok)
{
	const char *s = arena_strdup(a, col_text(r, row, col));

	*ok = *ok && s != NULL;
	return s;
}

static void
call_read(struct provider_due *d, const PGresult *r, int row, bool *ok)
{
	struct arena *a = d->arena;
	const uint8_t *hash;
	size_t len;

	d->call = (struct provider_call_row){.number = copy(a, r, row, COL_NUMBER, ok),
	    .kind = (enum provider_call_kind)col_i16(r, row, COL_KIND),
	    .provider = (enum provider)col_i16(r, row, COL_PROVIDER),
	    .collector = col_i32(r, row, COL_COLLECTOR),
	    .order_id = col_uuid(r, row, COL_ORDER),
	    .payment_number = copy(a, r, row, COL_PAYMENT, ok),
	    .split_number = copy(a, r, row, COL_SPLIT, ok),
	    .fen = col_i64(r, row, COL_FEN),
	    .total_fen = col_i64(r, row, COL_TOTAL),
	    .deadline_us = col_time(r, row, COL_DEADLINE),
	    .state = (enum provider_call_state)col_i16(r, row, COL_STATE),
	    .tries = col_i32(r, row, COL_TRIES)};
	d->payer = copy(a, r, row, COL_PAYER, ok);
	d->hashed = !col_null(r, row, COL_HASH);
	if (!d->hashed)
		return;
	hash = col_bytes(r, row, COL_HASH, &len);
	assert(len == sizeof(d->hash));
	memcpy(d->hash, hash, len);
}

static void
item_read(struct provider_due *d, int i, const PGresult *r, int row, bool *ok)
{
	struct provider_item_row *item = &d->items[i];
	struct arena *a = d->arena;

	item->item_no = col_i16(r, row, ITEM_NO);
	item->party = col_i32(r, row, ITEM_PARTY);
	item->receiver = copy(a, r, row, ITEM_RECEIVER, ok);
	item->personal = col_bool(r, row, ITEM_PERSONAL);
	item->fen = col_i64(r, row, ITEM_FEN);
	item->result = (enum provider_result)col_i16(r, row, ITEM_RESULT);
	item->left_out = col_bool(r, row, ITEM_LEFT_OUT);
	item->fail_reason = copy(a, r, row, ITEM_REASON, ok);
	item->detail_id = copy(a, r, row, ITEM_DETAIL, ok);
	item->actual_fen = col_i64(r, row, ITEM_ACTUAL);
	item->finished_us = col_time(r, row, ITEM_FINISHED);
	d->names[i] = copy(a, r, row, ITEM_NAME, ok);
}

/* Rows ${from} to ${to} are one call; NULL: no memory. */
static struct provider_due *
due_read(const PGresult *r, int from, int to)
{
	struct arena *a = arena_new(DUE_ARENA_MAX);
	struct provider_due *d = a != NULL ? arena_zalloc(a, sizeof(*d)) : NULL;
	size_t count = (size_t)(to - from);
	bool ok = d != NULL;

	if (ok) {
		d->arena = a;
		call_read(d, r, from, &ok);
		d->items = arena_array(a, count, sizeof(*d->items));
		d->names = arena_array(a, count, sizeof(*d->names));
		ok = ok && d->items != NULL && d->names != NULL;
	}
	for (int i = from; ok && i < to; i++)
		item_read(d, i - from, r, i, &ok);
	if (!ok) {
		arena_free(a);
		return NULL;
	}
	d->call.items = d->items;
	d->call.item_count = (int)count;
	return d;
}

/* ---- A turn ---------------------------------------------------------------------------------------- */

static enum tx_next
turn_step(struct tx *tx, void *ctx)
{
	const struct provider_turn *t = ctx;
	struct pg_args *a;

	if (t->lease_ms > 0) {
		a = tx_args(tx);
		args_i16(a, (int16_t)t->provider);
		args_uuid(a, &t->self);
		args_i64(a, t->lease_ms);
		tx_add(tx, STMT_PROVIDER_LEASE);
	}
	a = tx_args(tx);
	args_i16(a, (int16_t)t->provider);
	args_time(a, t->now_us);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, t->in_hand_count, t->in_hand[i]);
	args_i64(a, t->max);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, t->full_count, t->full[i]);
	tx_add(tx, STMT_PROVIDER_DUE);
	a = tx_args(tx);
	args_i16(a, (int16_t)t->provider);
	args_time(a, t->now_us);
	tx_add(tx, STMT_PROVIDER_OVERDUE);
	return TX_COMMIT;
}

static void
take_all(const struct provider_turn *t, const PGresult *r)
{
	int from, to, count = PQntuples(r);

	for (from = 0; from < count; from = to) {
		const char *number = col_text(r, from, COL_NUMBER);
		struct provider_due *d;

		for (to = from + 1; to < count && strcmp(number, col_text(r, to, COL_NUMBER)) == 0;
		     to++)
			;
		d = due_read(r, from, to);
		if (d != NULL)
			t->take(t->ctx, d);
	}
}

static void
turn_done(struct tx *tx, void *ctx, enum err e)
{
	struct provider_turn *t = ctx;
	int first = t->lease_ms > 0 ? 1 : 0;
	bool leased = e == ERR_OK && (first == 0 || PQntuples(tx_result(tx, 0)) == 1);
	int64_t late = 0;

	if (leased) {
		take_all(t, tx_result(tx, first));
		late = col_i64(tx_result(tx, first + 1), 0, 0);
	}
	t->done(t->ctx, e, leased, late);
}

enum err
provider_turn_start(struct provider_turn *t)
{
	return tx_start(t->pool, turn_step, turn_done, t);
}

static enum tx_next
release_step(struct tx *tx, void *ctx)
{
	const struct provider_turn *t = ctx;
	struct pg_args *a;

	a = tx_args(tx);
	args_i16(a, (int16_t)t->provider);
	args_uuid(a, &t->self);
	tx_add(tx, STMT_PROVIDER_RELEASE);
	return TX_COMMIT;
}

static void
release_done(struct tx *tx, void *ctx, enum err e)
{
	const struct provider_turn *t = ctx;

	(void)tx;
	t->done(t->ctx, e, false, 0);
}

enum err
provider_lease_release(struct provider_turn *t)
{
	return tx_start(t->pool, release_step, release_done, t);
}

/* ---- Before sending -------------------------------------------------------------------------------- */

static void
room_send(struct tx *tx, const struct provider_due *d)
{
	struct pg_args *a = tx_args(tx);

	args_i16(a, (int16_t)d->call.provider);
	args_text(a, d->call.payment_number);
	args_text(a, d->call.number);
	tx_add(tx, STMT_PROVIDER_ROOM);
}

static int
left_out_count(const struct provider_due *d)
{
	int n = 0;

	for (int i = 0; i < d->call.item_count; i++)
		n += d->items[i].left_out;
	return n;
}

static void
leave_out_send(struct tx *tx, const struct provider_sending *s)
{
	const struct provider_item_row *items = s->due->items;
	int count = s->due->call.item_count;
	struct pg_args *a;

	if (left_out_count(s->due) == 0)
		return;
	a = tx_args(tx);
	args_text(a, s->due->call.number);
	args_array(a, ELEM_I16);
	for (int i = 0; i < count; i++)
		if (items[i].left_out)
			elem_i16(a, (int16_t)items[i].item_no);
	args_array_end(a);
	args_array(a, ELEM_TEXT);
	for (int i = 0; i < count; i++)
		if (items[i].left_out)
			elem_text(a, items[i].fail_reason);
	args_array_end(a);
	args_time(a, s->now_us);
	tx_add(tx, STMT_PROVIDER_LEAVE_OUT);
}

static void
result_send(struct tx *tx, const char *number, const struct provider_heard *h)
{
	struct pg_args *a = tx_args(tx);

	args_text(a, number);
	args_i16(a, (int16_t)h->state);
	args_text(a, h->provider_id);
	args_text(a, h->error);
	args_time(a, h->next_us);
	args_i32(a, h->tries);
	args_time(a, h->now_us);
	tx_add(tx, STMT_PROVIDER_RESULT);
}

static enum err
sending_write(struct tx *tx, struct provider_sending *s, const struct provider_room *room)
{
	const struct provider_heard refused = {.state = CALL_REFUSED,
	    .provider_id = "",
	    .error = "nothing of it may be split",
	    .next_us = s->now_us,
	    .now_us = s->now_us,
	    .tries = s->due->call.tries};
	uint8_t hash[DIGEST_SIZE];
	struct pg_args *a;
	enum err e = s->prepare(s->ctx, room, hash);

	if (e != ERR_OK)
		return e;
	leave_out_send(tx, s);
	if (left_out_count(s->due) == s->due->call.item_count) {
		result_send(tx, s->due->call.number, &refused);
		return ERR_OK;
	}
	a = tx_args(tx);
	args_text(a, s->due->call.number);
	args_time(a, s->now_us);
	args_bytes(a, hash, sizeof(hash));
	args_uuid(a, &s->self);
	tx_add(tx, STMT_PROVIDER_SENT);
	return ERR_OK;
}

static enum tx_next
sending_step(struct tx *tx, void *ctx)
{
	struct provider_sending *s = ctx;
	struct provider_room room;
	enum err e;

	if (tx_trip(tx) == 0 && s->wants_room) {
		room_send(tx, s->due);
		return TX_TRIP;
	}
	if (tx_trip(tx) == (s->wants_room ? 1 : 0)) {
		if (s->wants_room)
			room = (struct provider_room){.paid_fen = col_i64(tx_result(tx, 0), 0, 0),
			    .refunded_fen = col_i64(tx_result(tx, 0), 0, 1),
			    .outward_fen = col_i64(tx_result(tx, 0), 0, 2)};
		e = sending_write(tx, s, s->wants_room ? &room : NULL);
		if (e == ERR_OK)
			return TX_TRIP;
		tx_fail(tx, e);
		return TX_ROLLBACK;
	}
	if (tx_affected(tx, tx_result_count(tx) - 1) == 1)
		return TX_COMMIT;
	tx_fail(tx, ERR_WRONG_STATE);
	return TX_ROLLBACK;
}

static void
sending_done(struct tx *tx, void *ctx, enum err e)
{
	struct provider_sending *s = ctx;

	if (e != ERR_OK)
		log_warn(LOG_MSG("a call to the provider cannot be sent"),
		    LOG_STR("number", s->due->call.number), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(tx)));
	s->done(s->ctx, e);
}

enum err
provider_sending_start(struct provider_sending *s)
{
	return tx_start(s->pool, sending_step, sending_done, s);
}

/* ---- What was heard -------------------------------------------------------------------------------- */

#define HEARD(type, elem, ...) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < h->due->call.item_count; i++) { \
			const struct provider_item_row *item = &h->items[i]; \
			if (item->result != RESULT_PENDING && !item->left_out) \
				elem(a, __VA_ARGS__); \
		} \
		args_array_end(a); \
	} while (0)

static enum tx_next
heard_step(struct tx *tx, void *ctx)
{
	const struct provider_heard *h = ctx;
	struct pg_args *a;

	result_send(tx, h->due->call.number, h);
	if (h->items == NULL)
		return TX_COMMIT;
	a = tx_args(tx);
	args_text(a, h->due->call.number);
	HEARD(ELEM_I16, elem_i16, (int16_t)item->item_no);
	HEARD(ELEM_I16, elem_i16, (int16_t)item->result);
	HEARD(ELEM_TEXT, elem_text, item->fail_reason);
	HEARD(ELEM_TEXT, elem_text, item->detail_id);
	HEARD(ELEM_I64, elem_i64, item->actual_fen);
	HEARD(ELEM_TIME, elem_time, item->finished_us);
	tx_add(tx, STMT_PROVIDER_ITEMS);
	return TX_COMMIT;
}

static void
heard_done(struct tx *tx, void *ctx, enum err e)
{
	struct provider_heard *h = ctx;

	if (e != ERR_OK)
		log_warn(LOG_MSG("what the provider said could not be written"),
		    LOG_STR("number", h->due->call.number), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(tx)));
	h->done(h->ctx, e);
}

enum err
provider_heard_write(struct provider_heard *h)
{
	return tx_start(h->pool, heard_step, heard_done, h);
}

/* ---- Receivers -------------------------------------------------------------------------------------- */

struct knowing {
	const struct provider_due *due;
	int item;
	int64_t now_us;
	bool *known;
	provider_known_fn *read;
	provider_done_fn *written;
	void *ctx;
};

static enum tx_next
known_step(struct tx *tx, void *ctx)
{
	const struct knowing *k = ctx;
	const struct provider_call_row *c = &k->due->call;
	struct pg_args *a;

	a = tx_args(tx);
	args_i16(a, (int16_t)c->provider);
	args_text(a, k->due->payer);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, c->item_count, c->items[i].receiver);
	tx_add(tx, STMT_PROVIDER_KNOWN);
	return TX_COMMIT;
}

static void
known_done(struct tx *tx, void *ctx, enum err e)
{
	struct knowing *k = ctx;
	const struct provider_call_row *c = &k->due->call;
	const PGresult *r = e == ERR_OK ? tx_result(tx, 0) : NULL;

	for (int row = 0; r != NULL && row < PQntuples(r); row++)
		for (int i = 0; i < c->item_count; i++)
			if (strcmp(c->items[i].receiver, col_text(r, row, 0)) == 0 &&
			    c->items[i].personal == col_bool(r, row, 1))
				k->known[i] = true;
	k->read(k->ctx, e, k->known);
}

enum err
provider_known_read(struct pool *p, const struct provider_due *d, provider_known_fn *done,
    void *ctx)
{
	struct knowing *k = arena_zalloc(d->arena, sizeof(*k));
	bool *known = arena_array(d->arena, (size_t)d->call.item_count, sizeof(*known));

	if (k == NULL || known == NULL)
		return ERR_NO_MEMORY;
	*k = (struct knowing){.due = d, .known = known, .read = done, .ctx = ctx};
	return tx_start(p, known_step, known_done, k);
}

static enum tx_next
known_write_step(struct tx *tx, void *ctx)
{
	const struct knowing *k = ctx;
	const struct provider_item_row *items = k->due->items;
	struct pg_args *a = tx_args(tx);

	args_i16(a, (int16_t)k->due->call.provider);
	args_text(a, k->due->payer);
	if (k->item >= 0) {
		args_text(a, items[k->item].receiver);
		args_bool(a, items[k->item].personal);
		args_time(a, k->now_us);
	} else {
		args_array(a, ELEM_TEXT);
		for (int i = 0; i < k->due->call.item_count; i++)
			if (strcmp(items[i].fail_reason, "NO_RELATION") == 0)
				elem_text(a, items[i].receiver);
		args_array_end(a);
	}
	tx_add(tx, k->item >= 0 ? STMT_PROVIDER_RECEIVER_ADD : STMT_PROVIDER_RECEIVER_FORGET);
	return TX_COMMIT;
}

static void
known_write_done(struct tx *tx, void *ctx, enum err e)
{
	const struct knowing *k = ctx;

	(void)tx;
	k->written(k->ctx, e);
}

enum err
provider_known_write(struct pool *p, const struct provider_due *d, int item, int64_t now_us,
    provider_done_fn *done, void *ctx)
{
	struct knowing *k = arena_zalloc(d->arena, sizeof(*k));

	if (k == NULL)
		return ERR_NO_MEMORY;
	*k =
	    (struct knowing){.due = d, .item = item, .now_us = now_us, .written = done, .ctx = ctx};
	return tx_start(p, known_write_step, known_write_done, k);
}
