/* CatalogService's routing policies and split rules: put, and moved from state to state. */
#include <string.h>

#include "base/clock.h"
#include "edge/json_write.h"
#include "edge/wire.h"
#include "flow/app.h"
#include "flow/catalog_check.h"
#include "flow/catalog_flow.h"
#include "flow/convert.h"

#define BODY_BYTES_MAX ((size_t)4 << 20)

static struct writer
writer_of(struct call *c, write_fn *done)
{
	return (struct writer){
	    .pool = call_app(c)->query_pool,
	    .catalog = call_app(c)->catalog,
	    .arena = c->arena,
	    .done = done,
	    .ctx = c,
	};
}

/* The message as text in the call's arena: it is kept, compiled and shown as proto3 JSON. */
static enum err
body_text(struct call *c, const ProtobufCMessage *m, const char **out)
{
	struct buf b;
	enum err e;

	buf_init(&b, BODY_BYTES_MAX);
	json_write(&b, m);
	e = buf_err(&b);
	if (e == ERR_OK) {
		*out = arena_strdup(c->arena, buf_cstr(&b));
		e = *out == NULL ? ERR_NO_MEMORY : buf_err(&b);
	}
	buf_release(&b);
	return e;
}

/* What both puts have in common; ${field} is the message's name in the request. */
static enum err
put(struct call *c, const char *field, const ProtobufCMessage *body,
    const Google__Protobuf__Timestamp *effective_from, const char *note, struct version_put *v)
{
	enum err e;

	if (body == NULL)
		return reason_set(&c->reason, ERR_BAD_FIELD, field, "must be set");
	if (strlen(note) > NOTE_BYTES_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "note", "%zu bytes; at most %d",
		    strlen(note), NOTE_BYTES_MAX);
	v->note = note;
	v->effective_from_us = c->received_us;
	if (effective_from != NULL) {
		if (effective_from->seconds < 1 || effective_from->seconds > WIRE_SECONDS_MAX)
			return reason_set(&c->reason, ERR_BAD_FIELD, "effective_from",
			    "must lie after 1970 and before the year 10000");
		v->effective_from_us = effective_from->seconds * US_PER_S +
		    effective_from->nanos / 1000;
	}
	e = body_text(c, body, &v->json);
	if (e != ERR_OK)
		return reason_set(&c->reason, e, field, "%s", err_text(e));
	return ERR_OK;
}

/* ---- Routing policies -------------------------------------------------------------------------- */

static void
policy_done(void *ctx, const struct write_result *r)
{
	Yuncang__V1__PutRoutingPolicyResponse m;
	struct call *c = ctx;

	if (r->reason.err != ERR_OK) {
		call_fail(c, &r->reason, NULL);
		return;
	}
	yuncang__v1__put_routing_policy_response__init(&m);
	m.version = r->version;
	m.state = (Yuncang__V1__VersionState)r->state;
	call_reply(c, &m.base);
}

void
put_routing_policy_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__PutRoutingPolicyRequest *q =
	    (const Yuncang__V1__PutRoutingPolicyRequest *)request;
	struct version_put v = {.active = q->activate};
	struct writer w = writer_of(c, policy_done);
	enum err e;

	e = put(c, "policy", q->policy == NULL ? NULL : &q->policy->base, q->effective_from,
	    q->note, &v);
	if (e == ERR_OK)
		e = write_version(&w, &v);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- Split rules ------------------------------------------------------------------------------- */

static void
book_done(void *ctx, const struct write_result *r)
{
	Yuncang__V1__PutSplitRuleBookResponse m;
	struct call *c = ctx;

	if (r->reason.err != ERR_OK) {
		call_fail(c, &r->reason, NULL);
		return;
	}
	yuncang__v1__put_split_rule_book_response__init(&m);
	m.version = r->version;
	m.state = (Yuncang__V1__VersionState)r->state;
	call_reply(c, &m.base);
}

void
put_split_rule_book_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__PutSplitRuleBookRequest *q =
	    (const Yuncang__V1__PutSplitRuleBookRequest *)request;
	struct version_put v = {.book = true, .active = q->activate};
	struct writer w = writer_of(c, book_done);
	enum err e;

	e = put(c, "book", q->book == NULL ? NULL : &q->book->base, q->effective_from, q->note, &v);
	if (e == ERR_OK)
		e = write_version(&w, &v);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- States ------------------------------------------------------------------------------------ */

static void
state_done(void *ctx, const struct write_result *r)
{
	Yuncang__V1__SetVersionStateResponse m;
	struct call *c = ctx;

	if (r->reason.err != ERR_OK) {
		call_fail(c, &r->reason, NULL);
		return;
	}
	yuncang__v1__set_version_state_response__init(&m);
	m.state = (Yuncang__V1__VersionState)r->state;
	call_reply(c, &m.base);
}

void
set_version_state_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__SetVersionStateRequest *q =
	    (const Yuncang__V1__SetVersionStateRequest *)request;
	struct writer w = writer_of(c, state_done);
	bool book = q->split_rule_version != 0;
	int32_t version = book ? q->split_rule_version : q->policy_version;
	enum err e;

	if (version <= 0 || (book && q->policy_version != 0))
		e = reason_set(&c->reason, ERR_BAD_FIELD,
		    book ? "split_rule_version" : "policy_version",
		    "one of policy_version and split_rule_version must be set");
	else if (q->state < 1 || q->state > 3)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "state", "must be set");
	else
		e = write_version_state(&w, book, version, (int)q->state);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
