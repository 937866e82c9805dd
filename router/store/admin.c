#include "store/admin.h"

#include <string.h>

static void
no_notice(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* libpq ends its messages with a line feed. */
static enum err
fail(struct reason *r, enum err e, const char *text)
{
	return reason_set(r, e, NULL, "%.*s", (int)strcspn(text, "\n"), text);
}

enum err
admin_connect(PGconn **out, const char *db, struct reason *r)
{
	PGconn *c;
	enum err e;

	c = PQconnectdb(db);
	if (c == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "no memory for a connection");
	if (PQstatus(c) != CONNECTION_OK) {
		e = fail(r, ERR_DB_DOWN, PQerrorMessage(c));
		PQfinish(c);
		return e;
	}
	PQsetNoticeProcessor(c, no_notice, NULL);
	*out = c;
	return ERR_OK;
}

void
admin_close(PGconn *c)
{
	PQfinish(c);
}

enum err
admin_run(PGconn *c, const char *sql, const char *const *args, int count, PGresult **out,
    struct reason *r)
{
	PGresult *result;
	ExecStatusType status;
	enum err e;

	if (count == 0)
		result = PQexec(c, sql);
	else
		result = PQexecParams(c, sql, count, NULL, args, NULL, NULL, 0);
	status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		e = fail(r, PQstatus(c) == CONNECTION_OK ? ERR_INTERNAL : ERR_DB_DOWN,
		    PQerrorMessage(c));
		PQclear(result);
		return e;
	}
	if (out != NULL)
		*out = result;
	else
		PQclear(result);
	return ERR_OK;
}
