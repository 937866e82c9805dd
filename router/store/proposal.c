#include "store/proposal.h"

#include <string.h>

#include "base/arena.h"
#include "base/log.h"

#define TIME_MAX_US INT64_C(253402300799000000) /* 9999-12-31 */

struct ask {
	struct arena *arena;
	struct proposal_key key;
	const struct proposal_row *wait;  /* to be stored as one that waits */
	const struct proposal_mark *mark; /* to be written first, by ${mark_by} */
	enum stmt mark_by;
	const struct proposal_query *query;
	proposal_fn *done;
	proposal_list_fn *list_done;
	void *ctx;
};

/* ---- Writing ----------------------------------------------------------------------------------------- */

static void
row_send(struct tx *t, const struct proposal_row *r, enum stmt s)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &r->id);
	args_i16(a, (int16_t)r->kind);
	args_bytes(a, r->body, r->body_len);
	args_i64(a, r->fen);
	args_text(a, r->about);
	args_text(a, r->ref);
	args_bytes(a, r->hash, sizeof(r->hash));
	args_i64(a, r->proposed_by);
	args_time(a, r->proposed_us);
	tx_add(t, s);
}

static void
decision_send(struct tx *t, const struct proposal_mark *m, enum stmt s)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &m->row->id);
	args_i64(a, m->by);
	args_time(a, m->at_us);
	args_text(a, m->note);
	tx_add(t, s);
}

void
proposal_send(struct tx *t, const struct proposal_mark *m)
{
	if (m->fresh)
		row_send(t, m->row, STMT_PROPOSAL_DONE);
	else
		decision_send(t, m, STMT_PROPOSAL_APPROVE);
}

enum err
proposal_err(const struct tx *t, enum err e)
{
	const char *why = tx_constraint(t);

	if (e == ERR_BAD_FIELD &&
	    (strcmp(why, "proposal_ref") == 0 || strcmp(why, "proposal_state") == 0))
		return ERR_CONTENDED;
	return e;
}

/* ---- Reading ------------------------------------------------------------------------------------------ */

static void
key_send(struct tx *t, const struct proposal_key *k)
{
	struct pg_args *a = tx_args(t);

	args_i16(a, (int16_t)k->kind);
	args_text(a, k->kind != 0 ? k->ref : "");
	args_uuid(a, &k->id);
	args_i64(a, k->key);
	tx_add(t, STMT_PROPOSAL_READ);
}

static enum tx_next
step(struct tx *t, void *ctx)
{
	const struct ask *x = ctx;

	if (tx_trip(t) == 0 && x->wait != NULL) {
		row_send(t, x->wait, STMT_PROPOSAL_WAIT);
		return TX_TRIP;
	}
	if (tx_trip(t) == 0 && x->mark != NULL) {
		decision_send(t, x->mark, x->mark_by);
		return TX_TRIP;
	}
	key_send(t, &x->key);
	return TX_COMMIT;
}

/* Columns behind the first; NULL: no memory. */
static struct proposal_row *
row_read(struct arena *a, const PGresult *r, int row, struct proposal_row *p)
{
	const uint8_t *body, *hash;
	size_t len, hash_len;

	body = col_bytes(r, row, 3, &len);
	hash = col_bytes(r, row, 7, &hash_len);
	*p = (struct proposal_row){.id = col_uuid(r, row, 1),
	    .kind = col_i16(r, row, 2),
	    .body = arena_memdup(a, body, len),
	    .body_len = len,
	    .fen = col_i64(r, row, 4),
	    .about = arena_strdup(a, col_text(r, row, 5)),
	    .ref = arena_strdup(a, col_text(r, row, 6)),
	    .proposed_by = col_i64(r, row, 8),
	    .proposed_name = arena_strdup(a, col_text(r, row, 9)),
	    .proposed_us = col_time(r, row, 10),
	    .state = (enum proposal_state)col_i16(r, row, 11),
	    .decided_by = col_i64(r, row, 12),
	    .decided_name = arena_strdup(a, col_text(r, row, 13)),
	    .decided_us = col_time(r, row, 14),
	    .note = arena_strdup(a, col_text(r, row, 15))};
	if (hash_len == sizeof(p->hash))
		memcpy(p->hash, hash, sizeof(p->hash));
	return p->body != NULL && p->about != NULL && p->ref != NULL && p->proposed_name != NULL &&
	        p->decided_name != NULL && p->note != NULL
	    ? p
	    : NULL;
}

static void
told(const struct tx *t, enum err e)
{
	if (e != ERR_OK)
		log_warn(LOG_MSG("a proposal could not be read or written"),
		    LOG_STR("err", err_name(e)), LOG_STR("server", tx_sql_error(t)));
}

static void
ask_done(struct tx *t, void *ctx, enum err e)
{
	struct ask *x = ctx;
	struct proposal_row *row = NULL;
	const char *name = "";

	told(t, e);
	if (e == ERR_OK) {
		const PGresult *r = tx_result(t, 0);

		name = arena_strdup(x->arena, col_text(r, 0, 0));
		if (!col_null(r, 0, 1)) {
			row = arena_alloc(x->arena, sizeof(*row));
			if (row != NULL)
				row = row_read(x->arena, r, 0, row);
			if (row == NULL)
				e = ERR_NO_MEMORY;
		}
		if (name == NULL)
			e = ERR_NO_MEMORY;
	}
	x->done(x->ctx, e, e == ERR_OK ? row : NULL, name);
}

static enum err
start(struct pool *p, const struct ask *like)
{
	struct ask *x = arena_memdup(like->arena, like, sizeof(*like));

	return x != NULL ? tx_start(p, step, ask_done, x) : ERR_NO_MEMORY;
}

enum err
proposal_read(struct pool *p, struct arena *a, const struct proposal_key *k, proposal_fn *done,
    void *ctx)
{
	return start(p, &(struct ask){.arena = a, .key = *k, .done = done, .ctx = ctx});
}

enum err
proposal_wait(struct pool *p, struct arena *a, const struct proposal_row *row, proposal_fn *done,
    void *ctx)
{
	return start(p,
	    &(struct ask){.arena = a,
	        .key = {.kind = row->kind, .ref = row->ref, .key = row->proposed_by},
	        .wait = row,
	        .done = done,
	        .ctx = ctx});
}

static enum err
mark(struct pool *p, struct arena *a, const struct proposal_mark *m, enum stmt by,
    proposal_fn *done, void *ctx)
{
	return start(p,
	    &(struct ask){.arena = a,
	        .key = {.id = m->row->id, .key = m->by},
	        .mark = m,
	        .mark_by = by,
	        .done = done,
	        .ctx = ctx});
}

enum err
proposal_refuse(struct pool *p, struct arena *a, const struct proposal_mark *m, proposal_fn *done,
    void *ctx)
{
	return mark(p, a, m, STMT_PROPOSAL_REJECT, done, ctx);
}

enum err
proposal_adopt(struct pool *p, struct arena *a, const struct proposal_mark *m, proposal_fn *done,
    void *ctx)
{
	return mark(p, a, m, STMT_PROPOSAL_ADOPT, done, ctx);
}

/* ---- The list ------------------------------------------------------------------------------------------- */

static enum tx_next
list_step(struct tx *t, void *ctx)
{
	const struct ask *x = ctx;
	const struct proposal_query *q = x->query;
	struct pg_args *a = tx_args(t);
	struct uuid last;

	memset(&last, 0xff, sizeof(last));
	args_i16(a, (int16_t)q->state);
	args_i16(a, (int16_t)q->kind);
	args_time(a, q->before_us != 0 ? q->before_us : TIME_MAX_US);
	args_uuid(a, q->before_us != 0 ? &q->before_id : &last);
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_PROPOSAL_LIST);
	return TX_COMMIT;
}

static void
list_done(struct tx *t, void *ctx, enum err e)
{
	struct ask *x = ctx;
	struct proposal_row *rows = NULL;
	int count = 0;
	bool more = false;

	told(t, e);
	if (e == ERR_OK) {
		const PGresult *r = tx_result(t, 0);

		count = PQntuples(r);
		more = count > x->query->count_max;
		count = more ? x->query->count_max : count;
		rows = arena_array(x->arena, (size_t)count, sizeof(*rows));
		for (int i = 0; rows != NULL && i < count; i++)
			if (row_read(x->arena, r, i, &rows[i]) == NULL)
				rows = NULL;
		if (rows == NULL)
			e = ERR_NO_MEMORY;
	}
	x->list_done(x->ctx, e, rows, e == ERR_OK ? count : 0, more);
}

enum err
proposal_list(struct pool *p, struct arena *a, const struct proposal_query *q,
    proposal_list_fn *done, void *ctx)
{
	struct ask *x = arena_alloc(a, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct ask){.arena = a, .query = q, .list_done = done, .ctx = ctx};
	return tx_start(p, list_step, list_done, x);
}
