#include "simulator/audit_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"

#define FETCH_ROWS "5000"
#define SQL_SIZE 4096
#define INT_TEXT_MAX 24

const char *
audit_text(const PGresult *r, int row, int column)
{
	return PQgetvalue(r, row, column);
}

int64_t
audit_int(const PGresult *r, int row, int column)
{
	int64_t v = 0;

	if (parse_i64(PQgetvalue(r, row, column), INT64_MIN, INT64_MAX, &v) != ERR_OK)
		return 0;
	return v;
}

enum err
audit_connect(PGconn **out, const char *conninfo)
{
	*out = PQconnectdb(conninfo);
	if (PQstatus(*out) == CONNECTION_OK)
		return ERR_OK;
	log_error(LOG_MSG("cannot connect"), LOG_STR("why", PQerrorMessage(*out)));
	PQfinish(*out);
	*out = NULL;
	return ERR_DB_DOWN;
}

PGresult *
audit_query(PGconn *db, const char *sql)
{
	PGresult *r = NULL, *next;

	if (PQsendQueryParams(db, sql, 0, NULL, NULL, NULL, NULL, 0) == 1)
		while ((next = PQgetResult(db)) != NULL) {
			PQclear(r);
			r = next;
		}
	if (r != NULL &&
	    (PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK))
		return r;
	PQclear(r);
	log_error(LOG_MSG("the audit's query failed"), LOG_STR("why", PQerrorMessage(db)),
	    LOG_STR("sql", sql));
	return NULL;
}

enum err
audit_command(PGconn *db, const char *sql)
{
	PGresult *r = audit_query(db, sql);

	PQclear(r);
	return r == NULL ? ERR_IO : ERR_OK;
}

/* ---- Streams ----------------------------------------------------------------------------------- */

static void
fetch(struct audit_stream *s)
{
	char sql[128];

	PQclear(s->rows);
	(void)snprintf(sql, sizeof(sql), "fetch forward " FETCH_ROWS " from %s", s->name);
	s->rows = audit_query(s->db, sql);
	s->row = 0;
	if (s->rows == NULL) {
		s->err = ERR_IO;
		s->ended = true;
	} else if (PQntuples(s->rows) == 0) {
		s->ended = true;
	}
}

enum err
audit_stream_open(struct audit_stream *s, PGconn *db, const char *name, const char *sql)
{
	char text[SQL_SIZE];

	*s = (struct audit_stream){.db = db, .name = name};
	(void)snprintf(text, sizeof(text), "declare %s no scroll cursor for %s", name, sql);
	s->err = audit_command(db, text);
	s->ended = s->err != ERR_OK;
	if (!s->ended)
		fetch(s);
	return s->err;
}

const char *
audit_stream_id(struct audit_stream *s)
{
	return s->ended ? NULL : PQgetvalue(s->rows, s->row, 0);
}

void
audit_stream_next(struct audit_stream *s)
{
	if (!s->ended && ++s->row == PQntuples(s->rows))
		fetch(s);
}

void
audit_stream_close(struct audit_stream *s)
{
	char sql[64];

	PQclear(s->rows);
	s->rows = NULL;
	if (s->db == NULL || s->err != ERR_OK)
		return;
	(void)snprintf(sql, sizeof(sql), "close %s", s->name);
	s->err = audit_command(s->db, sql);
	s->ended = true;
}

int64_t
audit_stream_int(const struct audit_stream *s, int column)
{
	return audit_int(s->rows, s->row, column);
}

const char *
audit_stream_text(const struct audit_stream *s, int column)
{
	return audit_text(s->rows, s->row, column);
}

enum err
audit_stream_ints(const struct audit_stream *s, int column, struct arena *a, struct audit_ints *out)
{
	const char *at = audit_stream_text(s, column);
	int count = 1;

	*out = (struct audit_ints){0};
	if (at[0] != '{' || at[1] == '}')
		return ERR_OK;
	for (const char *c = at; *c != '\0'; c++)
		count += *c == ',';
	out->v = arena_array(a, (size_t)count, sizeof(*out->v));
	if (out->v == NULL)
		return ERR_NO_MEMORY;
	for (at++; *at != '\0'; at++) {
		char text[INT_TEXT_MAX];
		size_t len = strcspn(at, ",}");

		if (len >= sizeof(text))
			return ERR_BAD_FIELD;
		memcpy(text, at, len);
		text[len] = '\0';
		if (strcmp(text, "NULL") != 0 &&
		    parse_i64(text, INT64_MIN, INT64_MAX, &out->v[out->count]) != ERR_OK)
			return ERR_BAD_FIELD;
		out->count++;
		at += len;
		if (*at == '}')
			break;
	}
	return ERR_OK;
}
