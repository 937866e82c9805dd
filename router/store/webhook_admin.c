#include "store/webhook_admin.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct endpoint_job {
	const struct endpoint_ask *ask;
	struct arena *arena;
	struct endpoint_answer answer;
	bool found;
	struct endpoint_row row; /* as it stands */
};

/* ---- Rows ---------------------------------------------------------------------------------------- */

/* Columns SQL_ENDPOINT_COLUMNS; texts are borrowed from ${r}. */
static void
read_endpoint(const PGresult *r, int row, struct endpoint_row *out)
{
	struct col_array kinds;

	*out = (struct endpoint_row){.id = col_i32(r, row, 0),
	    .code = col_text(r, row, 1),
	    .scope = (enum endpoint_scope)col_i16(r, row, 2),
	    .scope_code = col_text(r, row, 3),
	    .url = col_text(r, row, 4),
	    .state = col_i16(r, row, 6),
	    .why = col_text(r, row, 7),
	    .concurrency = col_i16(r, row, 8),
	    .rate_per_s = col_i32(r, row, 9),
	    .waiting = col_i64(r, row, 10),
	    .delivered = col_i64(r, row, 11),
	    .told_us = col_time(r, row, 12),
	    .secret_count = col_i32(r, row, 13)};
	for (int n = col_array_open(r, row, 5, &kinds); n > 0; n--)
		if (out->kind_count < ENDPOINT_KINDS_MAX)
			out->kinds[out->kind_count++] = array_i16(&kinds);
}

static enum err
keep_endpoint(struct arena *a, struct endpoint_row *row)
{
	row->code = arena_strdup(a, row->code);
	row->scope_code = arena_strdup(a, row->scope_code);
	row->url = arena_strdup(a, row->url);
	row->why = arena_strdup(a, row->why);
	if (row->code == NULL || row->scope_code == NULL || row->url == NULL || row->why == NULL)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static enum tx_next
refuse(struct tx *t, enum err e)
{
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static void
args_kinds(struct pg_args *a, const struct endpoint_row *row)
{
	if (row->kind_count == 0) {
		args_null(a);
		return;
	}
	ARGS_ARRAY(a, ELEM_I16, elem_i16, row->kind_count, row->kinds[i]);
}

/* ---- Upsert -------------------------------------------------------------------------------------- */

static void
send_read(struct tx *t, const char *code)
{
	args_text(tx_args(t), code);
	tx_add(t, STMT_WEBHOOK_READ);
}

static void
send_insert(const struct endpoint_ask *q, struct tx *t, int32_t scope_id)
{
	struct pg_args *a = tx_args(t);

	args_text(a, q->code);
	args_i16(a, (int16_t)q->row.scope);
	args_i32(a, scope_id);
	args_text(a, q->row.url);
	args_kinds(a, &q->row);
	args_i16(a, (int16_t)(q->row.state != 0 ? q->row.state : ENDPOINT_ACTIVE));
	args_i16(a, (int16_t)q->row.concurrency);
	args_i32(a, q->row.rate_per_s);
	args_uuid(a, &q->since);
	args_bytes(a, q->secret, q->secret_len);
	tx_add(t, STMT_WEBHOOK_INSERT);
}

static void
send_update(const struct endpoint_job *j, struct tx *t)
{
	const struct endpoint_ask *q = j->ask;
	struct pg_args *a = tx_args(t);

	args_text(a, q->code);
	args_text(a, q->row.url);
	args_kinds(a, &q->row);
	args_i16(a, (int16_t)q->row.state);
	args_i16(a, (int16_t)q->row.concurrency);
	args_i32(a, q->row.rate_per_s);
	args_uuid(a, &q->since);
	args_i64(a, q->lease_ms);
	tx_add(t, STMT_WEBHOOK_UPDATE);
	if (j->row.concurrency == q->row.concurrency)
		return;
	a = tx_args(t);
	args_i32(a, j->row.id);
	args_i32(a, q->row.concurrency);
	tx_add(t, STMT_WEBHOOK_LANES);
}

static enum tx_next
step_write(struct endpoint_job *j, struct tx *t)
{
	const struct endpoint_ask *q = j->ask;
	const PGresult *r = tx_result(t, 0);
	int32_t scope_id = 0;

	j->found = PQntuples(r) == 1;
	if (j->found)
		read_endpoint(r, 0, &j->row);
	if (j->found && !q->may(q->ctx, &j->row))
		return refuse(t, ERR_NOT_FOUND);
	if (j->found &&
	    (j->row.scope != q->row.scope || strcmp(j->row.scope_code, q->row.scope_code) != 0))
		return refuse(t, ERR_EXISTS_DIFFERS);
	if (q->row.scope != SCOPE_ALL) {
		r = tx_result(t, 1);
		if (PQntuples(r) == 0)
			return refuse(t, ERR_UNKNOWN_ID);
		scope_id = col_i32(r, 0, 0);
	}
	if (j->found)
		send_update(j, t);
	else
		send_insert(q, t, scope_id);
	send_read(t, q->code);
	return TX_TRIP;
}

static enum tx_next
upsert_step(struct endpoint_job *j, struct tx *t)
{
	const struct endpoint_ask *q = j->ask;
	struct endpoint_row *row;
	const PGresult *r;

	switch (tx_trip(t)) {
	case 0:
		send_read(t, q->code);
		if (q->row.scope != SCOPE_ALL) {
			args_text(tx_args(t), q->row.scope_code);
			tx_add(t,
			    q->row.scope == SCOPE_OF_DEALER ? STMT_SCOPE_DEALER
			                                    : STMT_SCOPE_STOREFRONT);
		}
		return TX_TRIP;
	case 1:
		return step_write(j, t);
	default:
		/* Somebody else made it meanwhile: once more from the beginning. */
		if (PQntuples(tx_result(t, 0)) == 0 && !j->found)
			return refuse(t, ERR_CONTENDED);
		r = tx_result(t, tx_result_count(t) - 1);
		row = arena_zalloc(j->arena, sizeof(*row));
		if (row == NULL)
			return refuse(t, ERR_NO_MEMORY);
		read_endpoint(r, 0, row);
		if (keep_endpoint(j->arena, row) != ERR_OK)
			return refuse(t, ERR_NO_MEMORY);
		j->answer = (struct endpoint_answer){.rows = row, .count = 1, .made = !j->found};
		return TX_COMMIT;
	}
}

/* ---- The others ---------------------------------------------------------------------------------- */

static void
send_secret(const struct endpoint_ask *q, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_text(a, q->code);
	args_bytes(a, q->secret, q->secret_len);
	args_i64(a, q->keep_min);
	tx_add(t, STMT_WEBHOOK_ROTATE);
}

static void
send_dead(const struct endpoint_ask *q, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_text(a, q->code);
	args_i64(a, q->after);
	args_i64(a, q->limit + 1);
	tx_add(t, STMT_WEBHOOK_DEAD_LIST);
}

static void
send_replay(const struct endpoint_ask *q, struct tx *t, enum stmt s)
{
	struct pg_args *a = tx_args(t);

	args_text(a, q->code);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, q->position_count, q->positions[i]);
	if (s == STMT_WEBHOOK_REPLAY)
		args_i64(a, q->limit);
	tx_add(t, s);
}

/* The endpoint is looked at first: it may be none of the caller's business. */
static enum tx_next
one_step(struct endpoint_job *j, struct tx *t)
{
	const struct endpoint_ask *q = j->ask;

	if (tx_trip(t) == 0) {
		send_read(t, q->code);
		return TX_TRIP;
	}
	if (PQntuples(tx_result(t, 0)) == 0)
		return refuse(t, ERR_NOT_FOUND);
	read_endpoint(tx_result(t, 0), 0, &j->row);
	if (!q->may(q->ctx, &j->row))
		return refuse(t, ERR_NOT_FOUND);
	if (q->op == ENDPOINT_ROTATE) {
		send_secret(q, t);
	} else if (q->op == ENDPOINT_DEAD) {
		send_dead(q, t);
	} else {
		send_replay(q, t, STMT_WEBHOOK_REPLAY);
		send_replay(q, t, STMT_WEBHOOK_DEAD_LEFT);
	}
	return TX_COMMIT;
}

static enum tx_next
endpoint_step(struct tx *t, void *ctx)
{
	struct endpoint_job *j = ctx;
	const struct endpoint_ask *q = j->ask;
	struct pg_args *a;

	if (q->op == ENDPOINT_UPSERT)
		return upsert_step(j, t);
	if (q->op != ENDPOINT_LIST)
		return one_step(j, t);
	a = tx_args(t);
	args_text(a, q->code);
	args_i64(a, q->limit + 1);
	tx_add(t, STMT_WEBHOOK_LIST);
	return TX_COMMIT;
}

/* One row more was asked for than a page holds. */
static int
page_count(struct endpoint_job *j, const PGresult *r)
{
	int count = PQntuples(r);

	j->answer.more = count > j->ask->limit;
	return j->answer.more ? j->ask->limit : count;
}

static enum err
read_list(struct endpoint_job *j, const PGresult *r)
{
	int count = page_count(j, r);
	struct endpoint_row *rows;

	rows = arena_array(j->arena, (size_t)count, sizeof(*rows));
	if (rows == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		read_endpoint(r, i, &rows[i]);
		if (keep_endpoint(j->arena, &rows[i]) != ERR_OK)
			return ERR_NO_MEMORY;
	}
	j->answer.rows = rows;
	j->answer.count = count;
	return ERR_OK;
}

static enum err
read_dead(struct endpoint_job *j, const PGresult *r)
{
	int count = page_count(j, r);
	struct dead_row *rows;

	rows = arena_array(j->arena, (size_t)count, sizeof(*rows));
	if (rows == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		rows[i].attempts = col_i16(r, i, 0);
		rows[i].status = col_i16(r, i, 1);
		rows[i].error = arena_strdup(j->arena, col_text(r, i, 2));
		rows[i].died_us = col_time(r, i, 3);
		event_row_read(r, i, 4, &rows[i].event);
		if (rows[i].error == NULL)
			return ERR_NO_MEMORY;
	}
	j->answer.dead = rows;
	j->answer.dead_count = count;
	return ERR_OK;
}

static void
endpoint_done(struct tx *t, void *ctx, enum err e)
{
	struct endpoint_job *j = ctx;
	const struct endpoint_ask *q = j->ask;
	const PGresult *r;

	if (e == ERR_OK && q->op == ENDPOINT_LIST)
		e = read_list(j, tx_result(t, 0));
	if (e == ERR_OK && q->op == ENDPOINT_DEAD)
		e = read_dead(j, tx_result(t, 0));
	if (e == ERR_OK && q->op == ENDPOINT_REPLAY) {
		r = tx_result(t, 0);
		j->answer.replayed = PQntuples(r) > 0 ? col_i32(r, 0, 0) : 0;
		j->answer.more = col_bool(tx_result(t, 1), 0, 0);
	}
	if (e == ERR_INTERNAL || e == ERR_BAD_FIELD) {
		log_error(LOG_MSG("webhook endpoint not written"),
		    LOG_STR("server", tx_sql_error(t)));
		e = ERR_INTERNAL;
	}
	q->done(q->ctx, e, &j->answer);
	free(j);
}

enum err
endpoint_start(struct pool *p, struct arena *arena, const struct endpoint_ask *ask)
{
	struct endpoint_job *j = calloc(1, sizeof(*j));
	enum err e;

	assert(ask->op == ENDPOINT_LIST || ask->may != NULL);
	if (j == NULL)
		return ERR_NO_MEMORY;
	j->ask = ask;
	j->arena = arena;
	e = tx_start(p, endpoint_step, endpoint_done, j);
	if (e != ERR_OK)
		free(j);
	return e;
}
