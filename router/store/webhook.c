#include "store/webhook.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct turn_job {
	const struct webhook_turn *turn;
	struct webhook_owned owned[WEBHOOK_ENDPOINTS_MAX];
	struct webhook_lane wanted[WEBHOOK_WANTED_MAX];
	int wanted_count;
};

static void
copy_text(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memcpy(out, text, len);
	out[len] = '\0';
}

void
event_row_read(const PGresult *r, int row, int col, struct event_row *out)
{
	out->position = col_i64(r, row, col);
	out->event_id = col_uuid(r, row, col + 1);
	out->kind = col_i16(r, row, col + 2);
	out->order_id = col_uuid(r, row, col + 3);
	copy_text(out->order_ref, sizeof(out->order_ref), col_text(r, row, col + 4));
	copy_text(out->storefront, sizeof(out->storefront), col_text(r, row, col + 5));
	copy_text(out->dealer, sizeof(out->dealer), col_text(r, row, col + 6));
	out->number = col_i16(r, row, col + 7);
	copy_text(out->location, sizeof(out->location), col_text(r, row, col + 8));
	out->amount_fen = col_i64(r, row, col + 9);
	out->reason = col_i16(r, row, col + 10);
}

/* ---- The first trip ----------------------------------------------------------------------------- */

static void
send_results(const struct webhook_turn *t, struct tx *tx)
{
	const struct webhook_result *r = t->results;
	struct pg_args *a;

	if (t->result_count == 0)
		return;
	a = tx_args(tx);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, t->result_count, r[i].endpoint);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, t->result_count, r[i].lane);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, t->result_count, r[i].position);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, t->result_count, (int16_t)r[i].outcome);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, t->result_count, (int16_t)r[i].attempts);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, t->result_count, r[i].pause_ms);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, t->result_count, (int16_t)r[i].status);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, t->result_count, r[i].error);
	tx_add(tx, STMT_WEBHOOK_RESULTS);
}

static void
send_gone(const struct webhook_turn *t, struct tx *tx)
{
	struct pg_args *a;

	if (t->gone_count == 0)
		return;
	a = tx_args(tx);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, t->gone_count, t->gone[i]);
	tx_add(tx, STMT_WEBHOOK_GONE);
}

static enum tx_next
step_write(const struct webhook_turn *t, struct tx *tx)
{
	struct pg_args *a;

	send_results(t, tx);
	send_gone(t, tx);
	a = tx_args(tx);
	args_uuid(a, &t->self);
	if (t->release) {
		tx_add(tx, STMT_WEBHOOK_RELEASE);
		return TX_COMMIT;
	}
	args_i64(a, t->lease_ms);
	args_i64(a, t->lease_ms * 2 / 3);
	tx_add(tx, STMT_WEBHOOK_CLAIM);
	a = tx_args(tx);
	args_uuid(a, &t->self);
	tx_add(tx, STMT_WEBHOOK_OWNED);
	return TX_TRIP;
}

/* ---- The second --------------------------------------------------------------------------------- */

static void
read_secrets(const PGresult *r, int row, int col, struct webhook_owned *o)
{
	struct col_array array;
	struct rd elem;
	bool null;

	o->secret_count = 0;
	(void)col_array_open(r, row, col, &array);
	while (o->secret_count < WEBHOOK_SECRETS_MAX && col_array_next(&array, &elem, &null)) {
		size_t len = (size_t)(elem.end - elem.at);

		assert(!null && len <= WEBHOOK_SECRET_SIZE);
		o->secrets[o->secret_count].len = len;
		memcpy(o->secrets[o->secret_count].bytes, elem.at, len);
		o->secret_count++;
	}
}

static enum tx_next
step_read(struct turn_job *j, struct tx *tx)
{
	const PGresult *r = tx_result(tx, tx_result_count(tx) - 1);
	const struct webhook_turn *t = j->turn;
	int count = PQntuples(r);
	struct pg_args *a;

	if (count > WEBHOOK_ENDPOINTS_MAX)
		count = WEBHOOK_ENDPOINTS_MAX;
	for (int i = 0; i < count; i++) {
		struct webhook_owned *o = &j->owned[i];

		o->endpoint = col_i32(r, i, 0);
		o->code = col_text(r, i, 1);
		o->url = col_text(r, i, 2);
		o->concurrency = col_i16(r, i, 3);
		o->rate_per_s = col_i32(r, i, 4);
		o->waiting = col_i64(r, i, 5);
		o->lease_ms = col_i64(r, i, 6);
		read_secrets(r, i, 7, o);
	}
	j->wanted_count = t->owned(t->ctx, j->owned, count, j->wanted, WEBHOOK_WANTED_MAX);
	explicit_bzero(j->owned, sizeof(j->owned));
	if (j->wanted_count == 0)
		return TX_COMMIT;
	a = tx_args(tx);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, j->wanted_count, j->wanted[i].endpoint);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, j->wanted_count, j->wanted[i].lane);
	tx_add(tx, STMT_WEBHOOK_WINDOW);
	return TX_COMMIT;
}

static enum tx_next
turn_step(struct tx *tx, void *ctx)
{
	struct turn_job *j = ctx;

	j->wanted_count = tx_trip(tx) == 0 ? 0 : j->wanted_count;
	return tx_trip(tx) == 0 ? step_write(j->turn, tx) : step_read(j, tx);
}

static struct webhook_due *
read_due(const PGresult *r, int count)
{
	struct webhook_due *due = calloc((size_t)count, sizeof(*due));

	for (int i = 0; due != NULL && i < count; i++) {
		due[i].lane = col_i32(r, i, 0) - 1;
		due[i].attempts = col_i16(r, i, 1);
		due[i].wait_ms = col_i64(r, i, 2);
		due[i].age_ms = col_i64(r, i, 3);
		event_row_read(r, i, 4, &due[i].event);
	}
	return due;
}

static void
turn_done(struct tx *tx, void *ctx, enum err e)
{
	struct turn_job *j = ctx;
	const struct webhook_turn *t = j->turn;
	struct webhook_due *due = NULL;
	const PGresult *r;
	int count = 0;

	if (e == ERR_OK && j->wanted_count > 0) {
		r = tx_result(tx, 0);
		count = PQntuples(r);
		due = read_due(r, count);
		/* The results are written; what is due will be read again. */
		if (due == NULL)
			count = 0;
	}
	if (e != ERR_OK)
		log_warn(LOG_MSG("reading and writing webhook deliveries failed"),
		    LOG_STR("err", err_name(e)), LOG_STR("server", tx_sql_error(tx)));
	t->done(t->ctx, e, due, count);
	free(due);
	free(j);
}

enum err
webhook_turn_start(struct pool *p, const struct webhook_turn *t)
{
	struct turn_job *j = calloc(1, sizeof(*j));
	enum err e;

	if (j == NULL)
		return ERR_NO_MEMORY;
	j->turn = t;
	e = tx_start(p, turn_step, turn_done, j);
	if (e != ERR_OK)
		free(j);
	return e;
}
