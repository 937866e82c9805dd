#ifndef SIMULATOR_MONTH_ASK_H
#define SIMULATOR_MONTH_ASK_H

/*
 * month_ask: JSON over HTTP, one question after the other: the service's RPCs as Connect takes them from anybody, and
 * the stand-in provider's /control.  Blocking: the month is one person after the other at a desk.
 *
 * What is not answered is asked again, the same bytes, until ->outage_us is over.
 */
#include <jansson.h>

#include "base/err.h"

struct month_ask;

enum err month_ask_new(struct month_ask **out, int64_t outage_us) MUST_CHECK;
void month_ask_free(struct month_ask *a); /* NULL is fine */

/**
 * month_ask_json(a, url, path, key, body, out):
 * POSTs ${body}, whose reference is taken; NULL: GET.  ${key}: NULL for /control.
 *
 * *out: what was answered with status 200, the caller's.
 * ERR_WRONG_STATE: it was refused, for month_ask_why(); ERR_IO: nobody answers, which is logged; ERR_NO_MEMORY.
 */
enum err month_ask_json(struct month_ask *a, const char *url, const char *path, const char *key,
    json_t *body, json_t **out) MUST_CHECK;
/* The same to the provider's /control/${what}; what it answers is dropped.  ERR_IO: refused, too; logged. */
enum err month_ask_control(struct month_ask *a, const char *url, const char *what,
    json_t *body) MUST_CHECK;
/* Of the last refusal: its reason, or its code, or what else was said. */
const char *month_ask_why(const struct month_ask *a);

/* A number as JSON has it, or in a text, as Connect writes 64 bits; 0: absent. */
int64_t month_int(const json_t *from, const char *name);
/* A text; "": absent. */
const char *month_text(const json_t *from, const char *name);
json_t *month_fen(int64_t fen); /* as Connect reads it */

#endif
