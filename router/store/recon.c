#include "store/recon.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/bill.h"
#include "domain/journal.h"
#include "domain/retry.h"
#include "domain/world.h"
#include "store/batch_write.h"

#define STATEMENT_EXTRA_MS 1000 /* the server's time-out ends before ours */
#define PUT_OFF_US (5 * US_PER_MIN)
#define PUT_OFF_US_MAX US_PER_DAY

struct matching {
	const struct recon_ask *in;
	struct buf changes;
	struct recon_result result;
	enum provider provider;
	enum bill_kind kind;
	int tries;
	int64_t books_to;
	enum err err; /* why it is put off */
	bool late; /* what came to the books since; then the match, in a transaction of its own */
	struct pool *pool;
	recon_fn *done;
	void *ctx;
};

void
recon_settings(struct tx *t, int64_t work_mem, int64_t statement_ms)
{
	char mem[32], ms[32];
	struct pg_args *a = tx_args(t);

	(void)snprintf(mem, sizeof(mem), "%" PRId64 "kB", work_mem / 1024);
	(void)snprintf(ms, sizeof(ms), "%" PRId64, statement_ms - STATEMENT_EXTRA_MS);
	args_text(a, mem);
	args_text(a, ms);
	tx_add(t, STMT_RECON_SETTINGS);
}

static enum tx_next
step_lock(const struct matching *x, struct tx *t)
{
	struct pg_args *a;

	recon_settings(t, x->in->work_mem, x->in->statement_ms);
	a = tx_args(t);
	args_uuid(a, &x->in->bill_id);
	args_time(a, x->in->sealed_us);
	tx_add(t, STMT_RECON_LOCK);
	return TX_TRIP;
}

/* False: there is nothing to do, or not now. */
static bool
read_lock(struct matching *x, struct tx *t)
{
	const PGresult *r = tx_result(t, 1);

	if (PQntuples(r) == 0) {
		tx_fail(t, ERR_NOT_FOUND);
		return false;
	}
	x->provider = (enum provider)col_i16(r, 0, 0);
	x->kind = (enum bill_kind)col_i16(r, 0, 1);
	x->result.lines = col_i64(r, 0, 2);
	x->result.waits = col_bool(r, 0, 3);
	x->tries = col_i32(r, 0, 4);
	x->books_to = col_i64(r, 0, 5);
	if (x->result.waits)
		tx_fail(t, ERR_NOT_READY);
	return !x->result.waits;
}

/* ---- What came to the books since --------------------------------------------------------------- */

static enum tx_next
send_late(struct matching *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_time(a, x->in->now_us);
	args_i16(a, (int16_t)x->provider);
	args_i64(a, tx_stream(t));
	args_i64(a, tx_seq(t));
	tx_add(t, STMT_RECON_LATE);
	a = tx_args(t);
	args_time(a, x->in->now_us);
	args_i16(a, (int16_t)x->provider);
	tx_add(t, STMT_RECON_LATE_RELEASE);
	write_change(t, &x->changes);
	return TX_TRIP;
}

/* ---- The match ---------------------------------------------------------------------------------- */

/* Every statement begins with the bill and its provider. */
static struct pg_args *
args_bill(const struct matching *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &x->in->bill_id);
	args_i16(a, (int16_t)x->provider);
	return a;
}

static void
send_k(const struct matching *x, struct tx *t, enum stmt s)
{
	struct pg_args *a = args_bill(x, t);

	args_i64(a, tx_stream(t));
	args_i64(a, tx_seq(t));
	args_time(a, x->in->now_us);
	tx_add(t, s);
}

/* What a bill of each kind tells of. */
static void
args_events(const struct matching *x, struct pg_args *a)
{
	static const struct {
		int count;
		int16_t event[8];
	} told[] = {
	    [BILL_KIND_TRADE] = {3, {EVENT_E1_PAID, EVENT_E2_FEE, EVENT_R2_REFUNDED}},
	    [BILL_KIND_SPLIT] = {4,
	        {EVENT_E6_PAID_OUT, EVENT_E7_RELEASED, EVENT_E7D_RELEASED, EVENT_R3_RETURNED}},
	    [BILL_KIND_FUND] = {5,
	        {EVENT_E1_PAID, EVENT_E2_FEE, EVENT_E6_PAID_OUT, EVENT_R2_REFUNDED,
	            EVENT_R3_RETURNED}},
	};

	ARGS_ARRAY(a, ELEM_I16, elem_i16, told[x->kind].count, told[x->kind].event[i]);
}

static enum tx_next
send_match(const struct matching *x, struct tx *t)
{
	struct pg_args *a;

	args_i64(args_bill(x, t), x->in->tolerance_fen);
	tx_add(t, x->kind == BILL_KIND_FUND ? STMT_RECON_MATCH_FUND : STMT_RECON_MATCH);
	(void)args_bill(x, t);
	tx_add(t, STMT_RECON_RELEASED);
	(void)args_bill(x, t);
	tx_add(t, STMT_RECON_WITHDRAWN);
	(void)args_bill(x, t);
	tx_add(t, STMT_RECON_OWN_REFUND);
	args_uuid(tx_args(t), &x->in->bill_id);
	tx_add(t, STMT_RECON_DIFFER);
	a = args_bill(x, t);
	args_events(x, a);
	args_time(a, x->in->now_us);
	args_i64(a, x->in->exceptions_max + 1);
	tx_add(t, STMT_RECON_MISSING);
	return TX_TRIP;
}

/* False: too much of it differs from the books to be anything but another's bill. */
static bool
read_match(struct matching *x, struct tx *t)
{
	struct recon_result *r = &x->result;
	int64_t all;

	r->groups = tx_affected(t, 0);
	r->opened = col_i64(tx_result(t, 4), 0, 0);
	r->missing = tx_affected(t, 5);
	all = r->opened + r->missing;
	if (all <= x->in->exceptions_max)
		return true;
	(void)snprintf(r->why, sizeof(r->why),
	    "it would open %" PRId64 " exceptions%s, more than recon_exceptions_max: %" PRId64
	    " of what it has, %s%" PRId64 " of what it has not",
	    all, r->missing > x->in->exceptions_max ? " or more" : "", r->opened,
	    r->missing > x->in->exceptions_max ? "at least " : "", r->missing);
	tx_fail(t, ERR_WRONG_STATE);
	return false;
}

static enum tx_next
send_outcomes(struct matching *x, struct tx *t)
{
	struct pg_args *a;

	send_k(x, t, STMT_RECON_K1);
	send_k(x, t, STMT_RECON_K2);
	send_k(x, t, STMT_RECON_K3);
	a = tx_args(t);
	args_uuid(a, &x->in->bill_id);
	args_time(a, x->in->now_us);
	tx_add(t, STMT_RECON_OPEN);
	a = tx_args(t);
	args_uuid(a, &x->in->bill_id);
	args_time(a, x->in->now_us);
	tx_add(t, STMT_RECON_BROUGHT);
	a = tx_args(t);
	args_uuid(a, &x->in->bill_id);
	args_time(a, x->in->now_us);
	args_i64(a, x->books_to);
	tx_add(t, STMT_RECON_DONE);
	write_change(t, &x->changes);
	return TX_TRIP;
}

static void
read_outcomes(struct matching *x, const struct tx *t)
{
	const PGresult *done = tx_result(t, 5);

	x->result.closed += tx_affected(t, 4);
	x->result.matched = col_i64(done, 0, 0);
	x->result.matched_fen = col_i64(done, 0, 1);
	x->result.rounded = col_i64(done, 0, 2);
}

static enum tx_next
match_step(struct tx *t, void *ctx)
{
	struct matching *x = ctx;

	if (tx_trip(t) == 0)
		return step_lock(x, t);
	if (tx_trip(t) == 1) {
		if (!read_lock(x, t))
			return TX_ROLLBACK;
		if (x->late)
			return send_late(x, t);
		return send_match(x, t);
	}
	if (x->late) {
		x->result.closed = tx_affected(t, 0) + tx_affected(t, 1);
		return TX_COMMIT;
	}
	if (tx_trip(t) == 2)
		return read_match(x, t) ? send_outcomes(x, t) : TX_ROLLBACK;
	read_outcomes(x, t);
	return TX_COMMIT;
}

static void
match_end(struct matching *x, enum err e)
{
	buf_release(&x->changes);
	x->done(x->ctx, e, &x->result);
}

/* ---- Put off -------------------------------------------------------------------------------------- */

static enum tx_next
put_off_step(struct tx *t, void *ctx)
{
	const struct matching *x = ctx;
	struct pg_args *a = tx_args(t);

	args_uuid(a, &x->in->bill_id);
	args_time(a, x->in->now_us + retry_doubled(x->tries + 1, PUT_OFF_US, PUT_OFF_US_MAX));
	args_text(a, x->result.why);
	tx_add(t, STMT_RECON_PUT_OFF);
	return TX_COMMIT;
}

static void
put_off_done(struct tx *t, void *ctx, enum err e)
{
	struct matching *x = ctx;

	(void)t;
	(void)e; /* then it is tried again at once */
	match_end(x, x->err);
}

static void
put_off(struct matching *x, enum err e)
{
	x->err = e;
	if (e != ERR_WRONG_STATE)
		(void)snprintf(x->result.why, sizeof(x->result.why), "%s", err_text(e));
	if (tx_start(x->pool, put_off_step, put_off_done, x) != ERR_OK)
		match_end(x, e);
}

/* ---- Its end --------------------------------------------------------------------------------------- */

static void
match_done(struct tx *t, void *ctx, enum err e)
{
	struct matching *x = ctx;

	if (e == ERR_OK && x->late) {
		/* What it mirrored must be sealed before it is counted: then it says so, and we are asked again. */
		x->late = false;
		e = tx_start(x->pool, match_step, match_done, x);
		if (e == ERR_OK)
			return;
	}
	if (e != ERR_OK && !x->result.waits && e != ERR_NOT_FOUND && e != ERR_WRONG_STATE)
		log_warn(LOG_MSG("matching a bill failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	if (x->result.waits)
		match_end(x, ERR_OK);
	else if (e == ERR_OK || e == ERR_NOT_FOUND || e == ERR_DB_DOWN || e == ERR_BUSY)
		match_end(x, e);
	else
		put_off(x, e);
}

#define CHANGES_SIZE_MAX ((size_t)1 << 16)

enum err
recon_match(struct pool *p, struct arena *arena, const struct recon_ask *in, recon_fn *done,
    void *ctx)
{
	struct matching *x = arena_zalloc(arena, sizeof(*x));
	enum err e;

	if (x == NULL)
		return ERR_NO_MEMORY;
	x->in = in;
	x->pool = p;
	x->late = true;
	x->done = done;
	x->ctx = ctx;
	buf_init(&x->changes, CHANGES_SIZE_MAX);
	e = tx_start(p, match_step, match_done, x);
	if (e != ERR_OK)
		buf_release(&x->changes);
	return e;
}

/* ---- Bills that wait ---------------------------------------------------------------------------- */

struct waiting {
	struct arena *arena;
	int64_t now_us;
	int max;
	recon_waiting_fn *done;
	void *ctx;
};

static enum tx_next
waiting_step(struct tx *t, void *ctx)
{
	const struct waiting *x = ctx;

	struct pg_args *a = tx_args(t);

	args_i64(a, x->max);
	args_time(a, x->now_us);
	tx_add(t, STMT_RECON_WAITING);
	return TX_COMMIT;
}

static void
waiting_done(struct tx *t, void *ctx, enum err e)
{
	const struct waiting *x = ctx;
	struct uuid *bills = NULL;
	int count = 0;

	if (e == ERR_OK) {
		count = PQntuples(tx_result(t, 0));
		bills = arena_array(x->arena, (size_t)count, sizeof(*bills));
		e = bills == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	for (int i = 0; e == ERR_OK && i < count; i++)
		bills[i] = col_uuid(tx_result(t, 0), i, 0);
	x->done(x->ctx, e, bills, e == ERR_OK ? count : 0);
}

enum err
recon_waiting(struct pool *p, struct arena *arena, int64_t now_us, int max, recon_waiting_fn *done,
    void *ctx)
{
	struct waiting *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct waiting){arena, now_us, max, done, ctx};
	return tx_start(p, waiting_step, waiting_done, x);
}
