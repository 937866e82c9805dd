/* Writes of routing policies and split rule books: compiled first, against what is in the catalog now. */
#include <assert.h>

#include "store/catalog_writing.h"

enum { DRAFT = 1, ACTIVE, ARCHIVED };

struct version_write {
	struct version_put put;
	int32_t version; /* below 0: a new one */
	int state;
};

struct pending {
	struct writer w;
	struct version_write v;
};

/* The reason is the compiler's, field and all. */
static bool
compiles(struct write *w, bool book, int64_t effective_from_us, const char *json)
{
	struct reason *r = &w->result.reason;

	r->err = catalog_compile_try(w->w.catalog, book, effective_from_us, json, r);
	return r->err == ERR_OK;
}

/* ---- A new version ----------------------------------------------------------------------------- */

static enum tx_next
put_trip(struct write *w, struct tx *t, int n)
{
	const struct version_write *v = w->rows;
	struct pg_args *a;

	if (n == 2) {
		w->result.version = col_i32(tx_result(t, 0), 0, 0);
		w->result.state = v->put.active ? ACTIVE : DRAFT;
		w->result.written = 1;
		return TX_COMMIT;
	}
	if (!compiles(w, v->put.book, v->put.effective_from_us, v->put.json))
		return TX_ROLLBACK;
	a = tx_args(t);
	args_i16(a, v->put.active ? ACTIVE : DRAFT);
	args_time(a, v->put.effective_from_us);
	args_text(a, v->put.json);
	args_text(a, v->put.note);
	tx_add(t, v->put.book ? STMT_BOOK_PUT : STMT_POLICY_PUT);
	return TX_TRIP;
}

/* ---- Another state ----------------------------------------------------------------------------- */

static enum tx_next
state_read(struct write *w, struct tx *t)
{
	const struct version_write *v = w->rows;
	const PGresult *r = tx_result(t, 0);
	const char *field;
	struct pg_args *a;
	int state;

	field = v->put.book ? "split_rule_version" : "policy_version";
	if (PQntuples(r) == 0)
		return write_refuse(w, ERR_NOT_FOUND, -1, field, "there is no version %d",
		    v->version);
	state = col_i16(r, 0, 0);
	if (v->state != state + 1)
		return write_refuse(w, ERR_WRONG_STATE, -1, "state",
		    "version %d is %s: DRAFT becomes ACTIVE, ACTIVE becomes ARCHIVED", v->version,
		    state == DRAFT        ? "DRAFT"
		        : state == ACTIVE ? "ACTIVE"
		                          : "ARCHIVED");
	if (v->state == ACTIVE && !compiles(w, v->put.book, col_time(r, 0, 1), col_text(r, 0, 2)))
		return TX_ROLLBACK;
	a = tx_args(t);
	args_i32(a, v->version);
	args_i16(a, (int16_t)v->state);
	tx_add(t, v->put.book ? STMT_BOOK_STATE : STMT_POLICY_STATE);
	w->result.version = v->version;
	w->result.state = v->state;
	w->result.written = 1;
	return TX_COMMIT;
}

static enum tx_next
state_trip(struct write *w, struct tx *t, int n)
{
	const struct version_write *v = w->rows;

	if (n == 2)
		return state_read(w, t);
	args_i32(tx_args(t), v->version);
	tx_add(t, v->put.book ? STMT_BOOK_GET : STMT_POLICY_GET);
	return TX_TRIP;
}

/* ---- Both -------------------------------------------------------------------------------------- */

/* What a policy names may have been written through another instance a moment ago; now it is here. */
static void
refreshed(void *ctx, enum err e)
{
	static const struct write_kind put = {"policies", sizeof(struct version_write), false,
	    ERR_OK, NULL, put_trip};
	static const struct write_kind state = {"policies", sizeof(struct version_write), false,
	    ERR_OK, NULL, state_trip};
	struct pending *p = ctx;
	struct write_result result = {0};

	if (e == ERR_OK)
		e = write_start(&p->w, p->v.version < 0 ? &put : &state,
		    p->v.put.book ? "book" : "policy", &p->v, 1, 1);
	if (e == ERR_OK)
		return;
	(void)reason_set(&result.reason, e, NULL, "%s", err_text(e));
	p->w.done(p->w.ctx, &result);
}

static enum err
version_start(const struct writer *w, const struct version_write *v)
{
	struct pending *p;

	p = arena_zalloc(w->arena, sizeof(*p));
	if (p == NULL)
		return ERR_NO_MEMORY;
	p->w = *w;
	p->v = *v;
	return catalog_refresh_then(w->catalog, refreshed, p);
}

enum err
write_version(const struct writer *w, const struct version_put *put)
{
	struct version_write v = {.put = *put, .version = -1};

	return version_start(w, &v);
}

enum err
write_version_state(const struct writer *w, bool book, int32_t version, int state)
{
	struct version_write v = {.put = {.book = book}, .version = version, .state = state};

	assert(version > 0);
	return version_start(w, &v);
}
