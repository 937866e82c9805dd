#include "store/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/money.h"
#include "store/batch_write.h"

#define CHANGES_MAX ((size_t)1 << 16)
#define UNIT_NUMBERS 7 /* of a range in journal.units */

/* ---- Balances ----------------------------------------------------------------------------------- */

struct move {
	int64_t account, fen;
};

static int
move_order(const void *a, const void *b)
{
	const struct move *x = a, *y = b;

	return (x->account > y->account) - (x->account < y->account);
}

/* What each bounded account moves by, in order of its number; those that do not move are left out. */
static enum err
moves_make(struct arena *arena, const struct ledger_row *rows, int count, struct move **out,
    int *out_count)
{
	struct move *m;
	int legs = 0, n = 0, kept = 0;

	for (int i = 0; i < count; i++)
		legs += rows[i].posting->leg_count;
	m = arena_array(arena, (size_t)legs, sizeof(*m));
	if (m == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++)
		for (int l = 0; l < rows[i].posting->leg_count; l++)
			if (account_bounded(rows[i].posting->account[l]))
				m[n++] = (struct move){.account = rows[i].posting->account[l],
				    .fen = rows[i].posting->fen[l]};
	if (n > 0)
		qsort(m, (size_t)n, sizeof(*m), move_order);
	for (int i = 0; i < n; i++) {
		if (kept > 0 && m[kept - 1].account == m[i].account) {
			if (!fen_add(m[kept - 1].fen, m[i].fen, &m[kept - 1].fen))
				return ERR_OVERFLOW;
		} else {
			m[kept++] = m[i];
		}
	}
	n = 0;
	for (int i = 0; i < kept; i++)
		if (m[i].fen != 0)
			m[n++] = m[i];
	*out = m;
	*out_count = n;
	return ERR_OK;
}

static void
moves_send(struct tx *t, const struct move *m, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, m[i].account);
	tx_add(t, STMT_BALANCE_ENSURE);
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, m[i].account);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, m[i].fen);
	tx_add(t, STMT_BALANCE_MOVE);
}

/* ---- Rows --------------------------------------------------------------------------------------- */

#define LEGS(type, elem, member) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) \
			for (int n = 0; n < r[i].posting->leg_count; n++) \
				elem(a, r[i].posting->member[n]); \
		args_array_end(a); \
	} while (0)

static void
units_send(struct pg_args *a, const struct ledger_row *r, int count)
{
	args_array(a, ELEM_I32);
	for (int i = 0; i < count; i++) {
		for (int n = 0; n < r[i].posting->unit_count; n++) {
			const struct posting_units *u = &r[i].posting->units[n];

			elem_i32(a, u->line);
			elem_i32(a, u->from);
			elem_i32(a, u->count);
			elem_i32(a, u->attempt);
			elem_i32(a, u->part);
			elem_i32(a, u->row);
			elem_i32(a, u->row_from);
		}
	}
	args_array_end(a);
}

/* The bounds of each row's slice of a flat array: the first of ${size(i)} elements, the last. */
#define SLICES(count, size) \
	do { \
		int at = 0; \
		ARGS_ARRAY(a, ELEM_I32, elem_i32, count, (at += (size)) - (size) + 1); \
		at = 0; \
		ARGS_ARRAY(a, ELEM_I32, elem_i32, count, at += (size)); \
	} while (0)

static void
rows_send(struct tx *t, const struct ledger_row *r, int count, int64_t now_us)
{
	struct pg_args *a = tx_args(t);

	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &r[i].object);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)r[i].posting->event);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, r[i].event_no);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, r[i].dealer);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, r[i].split_version);
	ARGS_ARRAY(a, ELEM_TIME, elem_time, count, r[i].event_at_us);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, r[i].provider_ref);
	args_i64(a, tx_stream(t));
	args_i64(a, tx_seq(t));
	args_i32(a, r[0].period != 0 ? r[0].period : period_of(now_us));
	args_time(a, now_us);
	LEGS(ELEM_I64, elem_i64, account);
	LEGS(ELEM_I64, elem_i64, fen);
	LEGS(ELEM_I16, elem_i16, kind);
	units_send(a, r, count);
	SLICES(count, r[i].posting->leg_count);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid_or_null, count, r[i].order_id);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)r[i].posting->number);
	SLICES(count, UNIT_NUMBERS * r[i].posting->unit_count);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid_or_null, count, r[i].corrects);
	args_array(a, ELEM_I16);
	for (int i = 0; i < count; i++) {
		if (r[i].corrects != NULL)
			elem_i16(a, (int16_t)r[i].corrects_event);
		else
			elem_null(a, ELEM_I16);
	}
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (int i = 0; i < count; i++) {
		if (r[i].corrects != NULL)
			elem_i32(a, r[i].corrects_no);
		else
			elem_null(a, ELEM_I32);
	}
	args_array_end(a);
	tx_add(t, STMT_LEDGER_INSERT);
}

enum err
ledger_send(struct tx *t, struct arena *arena, const struct ledger_row *rows, int count,
    int64_t now_us)
{
	struct ledger_row *kept = arena_array(arena, (size_t)count, sizeof(*kept));
	struct move *moves;
	int n = 0, move_count;
	enum err e;

	if (kept == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		assert(rows[i].posting->leg_count != 1);
		if (rows[i].posting->leg_count > 0)
			kept[n++] = rows[i];
	}
	if (n == 0)
		return ERR_OK;
	e = moves_make(arena, kept, n, &moves, &move_count);
	if (e != ERR_OK)
		return e;
	rows_send(t, kept, n, now_us);
	moves_send(t, moves, move_count);
	return ERR_OK;
}

enum err
ledger_post(struct tx *t, struct arena *arena, const struct ledger_row *rows, int count,
    int64_t now_us)
{
	const int before = tx_added(t);
	enum err e = ledger_send(t, arena, rows, count, now_us);
	struct buf none;

	if (e != ERR_OK || tx_added(t) == before)
		return e;
	buf_init(&none, CHANGES_MAX);
	write_change(t, &none);
	buf_release(&none);
	return ERR_OK;
}

enum err
ledger_err(const struct tx *t, enum err e)
{
	const char *why = tx_constraint(t);

	if (e != ERR_BAD_FIELD)
		return e;
	if (strcmp(why, "balance_bounded") == 0 || strcmp(why, "journal_period_open") == 0)
		return ERR_CONTENDED;
	return strcmp(why, "journal_pkey") == 0 ? ERR_WRONG_STATE : ERR_INTERNAL;
}
