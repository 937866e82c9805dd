#include "flow/export_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/parse.h"
#include "domain/statement.h"
#include "store/export.h"

#define ROLES (ROLE_FINANCE | ROLE_OPERATOR | ROLE_ADMIN)
#define NAME_SIZE 160
#define PATH "/export/"

enum { VALUE_PERIOD, VALUE_PARTY, VALUE_FORMAT, VALUE_FROM, VALUE_TO, VALUE_COUNT };

_Static_assert(STATEMENT_RANGES_MAX <= EXPORT_RANGES_MAX, "a party's accounts fit");

/* One reply under way. */
struct exporting {
	struct app *app;
	struct http_request *http;
	struct export *export;
	struct export_spec spec;
	bool begun, last;
	int64_t bytes, start_us;
};

enum err
export_party(const struct world *w, const struct principal *p, const char *code,
    struct export_spec *spec, struct reason *r)
{
	const uint32_t idx = strmap_get(&w->party_code, code);
	const struct party *party;

	/* Whoever may not see a party is not told either whether there is one. */
	if (!principal_may(p, "dealer", code))
		return reason_set(r, ERR_PERMISSION_DENIED, "party", "is not in this key's scope");
	if (idx == STRMAP_NONE)
		return reason_set(r, ERR_UNKNOWN_ID, "party", "\"%.64s\" is not known", code);
	party = &w->parties[idx];
	(void)snprintf(spec->party, sizeof(spec->party), "%s", party->code);
	spec->range_count = statement_ranges(party->kind, party->id, spec->lo, spec->hi);
	return ERR_OK;
}

/* ---- The question ------------------------------------------------------------------------------ */

static enum err
take_kind(struct exporting *x, struct reason *r)
{
	const char *word = http_path(x->http) + strlen(PATH);

	for (int i = 0; i < EXPORT_KIND_COUNT; i++)
		if (strcmp(export_words[i], word) == 0) {
			x->spec.kind = (enum export_kind)i;
			return ERR_OK;
		}
	return reason_set(r, ERR_NO_METHOD, NULL, "there is no such export");
}

static enum err
take_number(const char *name, const char *text, int64_t *out, struct reason *r)
{
	*out = 0;
	if (text[0] == '\0' || parse_i64(text, 0, INT64_MAX, out) == ERR_OK)
		return ERR_OK;
	return reason_set(r, ERR_BAD_FIELD, name, "must be a number");
}

static enum err
take_values(struct exporting *x, char (*v)[HTTP_VALUE_SIZE], struct reason *r)
{
	int64_t period = 0;
	enum err e;

	e = take_number("period", v[VALUE_PERIOD], &period, r);
	if (e == ERR_OK)
		e = take_number("batch_from", v[VALUE_FROM], &x->spec.batch_from, r);
	if (e == ERR_OK)
		e = take_number("batch_to", v[VALUE_TO], &x->spec.batch_to, r);
	if (e != ERR_OK)
		return e;
	if (!statement_period_valid(period))
		return reason_set(r, ERR_BAD_FIELD, "period", "must be a month like 202611");
	x->spec.period = (int32_t)period;
	x->spec.jsonl = strcmp(v[VALUE_FORMAT], "jsonl") == 0;
	if (!x->spec.jsonl && v[VALUE_FORMAT][0] != '\0' && strcmp(v[VALUE_FORMAT], "csv") != 0)
		return reason_set(r, ERR_BAD_FIELD, "format", "must be csv or jsonl");
	return ERR_OK;
}

static enum err
take_party(struct exporting *x, const struct principal *p, const char *code, struct reason *r)
{
	const struct world *w = catalog_world(x->app->catalog);

	if (code[0] != '\0' && x->spec.kind == EXPORT_JOURNAL)
		return reason_set(r, ERR_BAD_FIELD, "party",
		    "a row of the journal is of no one party");
	if (code[0] != '\0')
		return export_party(w, p, code, &x->spec, r);
	if (x->spec.kind == EXPORT_STATEMENT)
		return reason_set(r, ERR_BAD_FIELD, "party", "must be set");
	/* No code is empty: this asks for a key that sees all. */
	if (!principal_may(p, "dealer", ""))
		return reason_set(r, ERR_PERMISSION_DENIED, "party",
		    "this key sees single dealers only");
	return ERR_OK;
}

static enum err
take(struct exporting *x, struct reason *r)
{
	static const struct http_header wanted = HTTP_HEADER("authorization");
	static const char *const names[VALUE_COUNT] = {[VALUE_PERIOD] = "period",
	    [VALUE_PARTY] = "party",
	    [VALUE_FORMAT] = "format",
	    [VALUE_FROM] = "batch_from",
	    [VALUE_TO] = "batch_to"};
	char values[VALUE_COUNT][HTTP_VALUE_SIZE];
	const struct principal *p = NULL;
	const char *authorization;
	enum err e;

	e = take_kind(x, r);
	if (e != ERR_OK)
		return e;
	http_headers(x->http, &wanted, 1, &authorization);
	e = rpc_caller(x->app->rpc, authorization, &p, r);
	if (e != ERR_OK)
		return e;
	if ((ROLES & (unsigned)p->role) == 0)
		return reason_set(r, ERR_PERMISSION_DENIED, NULL,
		    "a key with the role %s may not export", role_word(p->role));
	if (!http_may_stream(x->http))
		return reason_set(r, ERR_BAD_FIELD, NULL, "an export needs HTTP/1.1");
	e = http_query(x->http, names, VALUE_COUNT, values, r);
	if (e == ERR_OK)
		e = take_values(x, values, r);
	if (e == ERR_OK)
		e = take_party(x, p, values[VALUE_PARTY], r);
	return e;
}

/* ---- The answer -------------------------------------------------------------------------------- */

static void
forget(struct exporting *x, const char *how)
{
	log_info(LOG_MSG("export"), LOG_STR("of", export_words[x->spec.kind]),
	    LOG_STR("party", x->spec.party), LOG_INT("period", x->spec.period),
	    LOG_INT("lines", export_lines(x->export)), LOG_INT("bytes", x->bytes),
	    LOG_INT("ms", (clock_mono_us() - x->start_us) / US_PER_MS), LOG_STR("end", how));
	export_free(x->export);
	metric_add(METRIC_exports_total, 1);
	x->app->exports_open--;
	free(x);
}

static void
fail(struct exporting *x, const struct reason *r)
{
	if (x->begun)
		http_stream_cut(x->http);
	else
		http_refuse(x->http, r);
	forget(x, err_name(r->err));
}

static void
next(struct exporting *x)
{
	struct reason r;
	enum err e = export_next(x->export);

	if (e == ERR_OK)
		return;
	(void)reason_set(&r, e, NULL, "%s", err_text(e));
	fail(x, &r);
}

/* The piece has left, or its reader. */
static void
more(void *ctx)
{
	struct exporting *x = ctx;

	if (!http_gone(x->http) && !x->last) {
		next(x);
		return;
	}
	http_stream_end(x->http);
	forget(x, x->last ? "ok" : "the client is gone");
}

static void
begin(struct exporting *x)
{
	const char *party = x->spec.party;
	char name[NAME_SIZE];

	(void)snprintf(name, sizeof(name), "attachment; filename=\"%s-%d%s%s.%s\"",
	    export_words[x->spec.kind], (int)x->spec.period, party[0] != '\0' ? "-" : "", party,
	    x->spec.jsonl ? "jsonl" : "csv");
	http_reply_header(x->http, "Content-Disposition", name);
	http_stream_begin(x->http,
	    x->spec.jsonl ? "application/x-ndjson" : "text/csv; charset=utf-8", more, x);
	x->begun = true;
}

static void
piece(void *ctx, const struct reason *r, const void *p, size_t len, bool last)
{
	struct exporting *x = ctx;

	if (r->err != ERR_OK) {
		fail(x, r);
		return;
	}
	if (!x->begun)
		begin(x);
	x->last = last;
	x->bytes += (int64_t)len;
	if (len > 0 && !http_gone(x->http))
		http_stream_write(x->http, p, len); /* more() goes on */
	else
		more(x);
}

static void
export_ask(void *ctx, struct http_request *q)
{
	struct app *app = ctx;
	struct exporting *x = calloc(1, sizeof(*x));
	struct reason r;
	enum err e = ERR_NO_MEMORY;

	if (x == NULL) {
		(void)reason_set(&r, e, NULL, "%s", err_text(e));
		http_refuse(q, &r);
		return;
	}
	x->app = app;
	x->http = q;
	x->start_us = clock_mono_us();
	if (http_method(q) != HTTP_GET)
		e = reason_set(&r, ERR_NO_METHOD, NULL, "this path takes GET");
	else
		e = take(x, &r);
	if (e == ERR_OK && app->exports_open >= app->conf->exports_max)
		e = reason_set(&r, ERR_BUSY, NULL, "%d exports are under way, the limit",
		    app->exports_open);
	if (e == ERR_OK) {
		e = export_new(&x->export, app->query_pool, &x->spec, piece, x);
		if (e != ERR_OK)
			(void)reason_set(&r, e, NULL, "%s", err_text(e));
	}
	if (e != ERR_OK) {
		http_refuse(q, &r);
		free(x);
		return;
	}
	app->exports_open++;
	next(x);
}

void
export_attach(struct app *app, struct http_server *s)
{
	http_route_ask(s, PATH, export_ask, app);
}
