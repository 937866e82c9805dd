/* admin_export: an export of the command line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/admin.h"
#include "store/export_page.h"

#define ARGS_SIZE_MAX ((size_t)1 << 20)

struct run {
	PGconn *db;
	struct export_page page;
	struct pg_args args;
	bool prepared[STMT_COUNT];
};

static enum err
failed(struct run *x, PGresult *answer, struct reason *r)
{
	const char *state = answer != NULL ? PQresultErrorField(answer, PG_DIAG_SQLSTATE) : NULL;
	enum err e = PQstatus(x->db) == CONNECTION_OK && state != NULL ? ERR_INTERNAL : ERR_DB_DOWN;

	(void)reason_set(r, e, NULL, "%s", PQerrorMessage(x->db));
	PQclear(answer);
	return e;
}

static enum err
prepare(struct run *x, enum stmt s, struct reason *r)
{
	PGresult *answer;

	if (x->prepared[s])
		return ERR_OK;
	answer = PQprepare(x->db, statements[s].name, statements[s].sql, 0, NULL);
	if (PQresultStatus(answer) != PGRES_COMMAND_OK)
		return failed(x, answer, r);
	PQclear(answer);
	x->prepared[s] = true;
	return ERR_OK;
}

/* PQclear() the result. */
static enum err
ask(struct run *x, PGresult **out, struct reason *r)
{
	const char *values[PG_ARGS_MAX];
	int lengths[PG_ARGS_MAX], formats[PG_ARGS_MAX];
	PGresult *answer;
	enum stmt s;
	enum err e;

	args_reset(&x->args);
	s = export_page_ask(&x->page, &x->args);
	e = prepare(x, s, r);
	if (e != ERR_OK)
		return e;
	for (int i = 0; i < x->args.count; i++) {
		values[i] = x->args.arg[i].null
		    ? NULL
		    : (const char *)x->args.data.data + x->args.arg[i].at;
		lengths[i] = (int)x->args.arg[i].len;
		formats[i] = 1;
	}
	answer =
	    PQexecPrepared(x->db, statements[s].name, x->args.count, values, lengths, formats, 1);
	if (PQresultStatus(answer) != PGRES_TUPLES_OK)
		return failed(x, answer, r);
	*out = answer;
	return ERR_OK;
}

static enum err
run_all(struct run *x, export_write_fn *write, void *ctx, struct reason *r)
{
	PGresult *answer;
	const void *p;
	size_t len;
	enum err e;

	while (x->page.step != STEP_END) {
		e = ask(x, &answer, r);
		if (e != ERR_OK)
			return e;
		e = export_page_got(&x->page, answer, &p, &len, r);
		if (e == ERR_OK && len > 0 && !write(ctx, p, len))
			e = reason_set(r, ERR_IO, NULL, "cannot write: %s", strerror(errno));
		PQclear(answer);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err
export_run(const char *db, const struct export_spec *spec, export_write_fn *write, void *ctx,
    struct reason *r)
{
	struct run *x = calloc(1, sizeof(*x));
	enum err e;

	if (x == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	e = admin_connect(&x->db, db, r);
	if (e != ERR_OK)
		goto free_run;
	args_init(&x->args, ARGS_SIZE_MAX);
	export_page_init(&x->page, spec);
	e = run_all(x, write, ctx, r);
	export_page_release(&x->page);
	args_release(&x->args);
	admin_close(x->db);
free_run:
	free(x);
	return e;
}
