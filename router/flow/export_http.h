#ifndef ROUTER_FLOW_EXPORT_HTTP_H
#define ROUTER_FLOW_EXPORT_HTTP_H

/*
 * export_http: GET /export/entries, /export/journal and /export/statement: the books as `yuncang export` writes them,
 * streamed.
 *
 * ?period=202611 &party=CODE &format=csv|jsonl &batch_from=N &batch_to=N, all but a statement's party may be left out.
 * Keys of finance, operators and admins; one with a dealer scope gets only what has that dealer as its party.
 * What cannot be finished is cut off, so that no half looks whole.
 */
#include "flow/app.h"

void export_attach(struct app *app, struct http_server *s);

/* Accounts of party ${code}, as spec->party and ranges.  UNKNOWN_ID; PERMISSION_DENIED: not for ${p}'s scopes. */
struct export_spec;
enum err export_party(const struct world *w, const struct principal *p, const char *code,
    struct export_spec *spec, struct reason *r) MUST_CHECK;

#endif
