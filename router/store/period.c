#include "store/period.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "store/recon.h"

struct ask {
	struct arena *arena;
	struct period_ask in; /* its period 0: a list */
	int32_t before;
	int max;
	enum { CLOSE_OPENS, CLOSE_LOOKS, CLOSE_CLOSES } at;
	struct periods out;
	periods_fn *done;
	void *ctx;
};

/* What ledger_close() answers, by enum period_close. */
static const char *const answers[] = {"closed", "not the next", "not sealed", "recon",
    "exceptions"};

static enum period_close
outcome_read(const char *text)
{
	for (size_t i = 1; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(text, answers[i]) == 0)
			return (enum period_close)i;
	assert(strncmp(text, answers[0], strlen(answers[0])) == 0);
	return PERIOD_CLOSED;
}

static void
ask_rows(const struct ask *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_i32(a, x->in.period != 0 ? x->in.period : x->before != 0 ? x->before - 1 : INT32_MAX);
	args_i32(a, x->in.period);
	args_i64(a, x->max + 1);
	tx_add(t, STMT_PERIOD_LIST);
	args_i32(tx_args(t), x->in.period);
	tx_add(t, STMT_PERIOD_OPEN);
}

/* ---- Closing: nothing is sealed meanwhile ---- */

static enum tx_next
step_begin(struct ask *x, struct tx *t)
{
	x->at = CLOSE_OPENS;
	recon_settings(t, x->in.work_mem, x->in.statement_ms);
	(void)tx_args(t);
	tx_add(t, STMT_PERIOD_LOCK);
	args_i32(tx_args(t), x->in.period);
	tx_add(t, STMT_PERIOD_OPEN);
	return TX_TRIP;
}

static struct period_open
open_read(const PGresult *r)
{
	return (struct period_open){.open = col_i32(r, 0, 0),
	    .next = col_i32(r, 0, 1),
	    .rows = col_i64(r, 0, 2),
	    .unsealed = col_bool(r, 0, 3),
	    .recon_fen = col_i64(r, 0, 4),
	    .exceptions = col_i64(r, 0, 5)};
}

static enum tx_next
step_close(struct ask *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	x->at = CLOSE_CLOSES;
	args_i32(a, x->in.period);
	args_time(a, x->in.now_us);
	args_i64(a, x->in.key_id);
	tx_add(t, STMT_PERIOD_CLOSE);
	return TX_TRIP;
}

/* What ledger_close() refuses anyway needs no look at the bills. */
static enum tx_next
step_look(struct ask *x, struct tx *t)
{
	const struct period_open o = open_read(tx_result(t, 2));
	struct pg_args *a;

	if (x->in.period < o.open || (o.next != 0 && x->in.period > o.next) || o.unsealed)
		return step_close(x, t);
	x->at = CLOSE_LOOKS;
	a = tx_args(t);
	args_i32(a, x->in.period);
	args_time(a, x->in.now_us);
	args_i64(a, PERIOD_BILLS_TOLD);
	tx_add(t, STMT_PERIOD_UNTOLD);
	return TX_TRIP;
}

static enum err
bills_read(struct ask *x, const PGresult *r)
{
	struct periods *o = &x->out;

	o->bill_count = PQntuples(r);
	assert(o->bill_count <= PERIOD_BILLS_TOLD);
	for (int i = 0; i < o->bill_count; i++) {
		o->bills[i] =
		    (struct period_bill){.collector = arena_strdup(x->arena, col_text(r, i, 0)),
		        .kind = (enum bill_kind)col_i16(r, i, 1),
		        .day = col_date(r, i, 2),
		        .why = (enum bill_lack)col_i32(r, i, 3)};
		o->bills_all = col_i64(r, i, 4);
		if (o->bills[i].collector == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum tx_next
step(struct tx *t, void *ctx)
{
	struct ask *x = ctx;
	enum err e;

	if (x->in.period != 0 && tx_trip(t) == 0)
		return step_begin(x, t);
	if (x->in.period != 0 && x->at == CLOSE_OPENS)
		return step_look(x, t);
	if (x->in.period != 0 && x->at == CLOSE_LOOKS) {
		e = bills_read(x, tx_result(t, 0));
		if (e == ERR_OK && x->out.bill_count == 0)
			return step_close(x, t);
		x->out.outcome = PERIOD_BILLS;
		if (e != ERR_OK) {
			tx_fail(t, e);
			return TX_ROLLBACK;
		}
	} else if (x->in.period != 0) {
		x->out.outcome = outcome_read(col_text(tx_result(t, 0), 0, 0));
	}
	ask_rows(x, t);
	return TX_COMMIT;
}

/* ---- What there is ---- */

static enum err
row_read(struct arena *a, const PGresult *r, int row, struct period_read *p)
{
	const uint8_t *hash;
	size_t len;

	*p = (struct period_read){.period = col_i32(r, row, 0),
	    .closed_us = col_time(r, row, 1),
	    .closed_by = arena_strdup(a, col_text(r, row, 2)),
	    .batch_last = col_i64(r, row, 3),
	    .rows = col_i64(r, row, 4),
	    .entries = col_i64(r, row, 5),
	    .debit_fen = col_i64(r, row, 6)};
	hash = col_bytes(r, row, 7, &len);
	if (len == DIGEST_SIZE)
		memcpy(p->hash, hash, DIGEST_SIZE);
	return p->closed_by != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static enum err
read_all(struct ask *x, struct tx *t)
{
	const PGresult *list = tx_result(t, 0), *open = tx_result(t, 1);
	struct periods *o = &x->out;
	enum err e = ERR_OK;

	o->count = PQntuples(list);
	o->more = o->count > x->max;
	o->count = o->more ? x->max : o->count;
	o->rows = arena_array(x->arena, (size_t)o->count, sizeof(*o->rows));
	if (o->rows == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; e == ERR_OK && i < o->count; i++)
		e = row_read(x->arena, list, i, &o->rows[i]);
	o->open = open_read(open);
	return e;
}

static void
ask_done(struct tx *t, void *ctx, enum err e)
{
	struct ask *x = ctx;

	if (e != ERR_OK)
		log_warn(LOG_MSG("reading or closing a period failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	else
		e = read_all(x, t);
	x->done(x->ctx, e, &x->out);
}

static enum err
start(struct pool *p, const struct ask *like)
{
	struct ask *x = arena_memdup(like->arena, like, sizeof(*like));

	return x != NULL ? tx_start(p, step, ask_done, x) : ERR_NO_MEMORY;
}

enum err
periods_list(struct pool *p, struct arena *arena, int32_t before, int max, periods_fn *done,
    void *ctx)
{
	return start(p,
	    &(struct ask){.arena = arena, .before = before, .max = max, .done = done, .ctx = ctx});
}

enum err
period_close(struct pool *p, struct arena *arena, const struct period_ask *in, periods_fn *done,
    void *ctx)
{
	assert(in->period > 0);
	return start(p,
	    &(struct ask){.arena = arena, .in = *in, .max = 1, .done = done, .ctx = ctx});
}
