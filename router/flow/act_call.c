#include "flow/act_call.h"

#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "flow/read_flow.h"
#include "flow/thaw.h"

#define HASH_VERSION 1
#define REF_SIZE_MAX 64

/* ---- The messages all these methods share --------------------------------------------------------- */

/* The address of the submessage field ${name} of ${m}. */
static ProtobufCMessage **
field_of(ProtobufCMessage *m, const char *name)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);

	assert(f != NULL && f->type == PROTOBUF_C_TYPE_MESSAGE);
	return (ProtobufCMessage **)(void *)((uint8_t *)m + f->offset);
}

static const Yuncang__V1__Act *
act_of(const ProtobufCMessage *request)
{
	ProtobufCMessage *m = (ProtobufCMessage *)(uintptr_t)request;

	return (const Yuncang__V1__Act *)*field_of(m, "act");
}

static void
fail(struct act_call *c)
{
	call_fail(c->call, &c->call->reason, c->detail);
}

static void
answer(struct act_call *c, const struct act_read *a)
{
	const ProtobufCMessageDescriptor *d = c->call->method->response;
	struct arena *arena = c->run.arena;
	Yuncang__V1__Acted acted = YUNCANG__V1__ACTED__INIT;
	ProtobufCMessage *m = arena_alloc(arena, d->sizeof_message);
	char id[UUID_TEXT_SIZE];
	enum err e = ERR_OK;

	uuid_format(&c->run.order_id, id);
	acted.order_id = id;
	acted.fulfilment = a->number;
	acted.state = a->number != 0 ? (Yuncang__V1__FulfilmentState)a->state : 0;
	acted.at = time_message(a->at_us, arena);
	acted.act_number = a->act_no;
	if (m == NULL || acted.at == NULL) {
		e = reason_set(&c->call->reason, ERR_NO_MEMORY, NULL, "%s",
		    err_text(ERR_NO_MEMORY));
	} else {
		protobuf_c_message_init(d, m);
		*field_of(m, "acted") = &acted.base;
		if (c->method->answer != NULL)
			e = c->method->answer(c, a, m);
	}
	if (e == ERR_OK)
		call_reply(c->call, m);
	else
		fail(c);
}

/* ---- Who may, and what was done before ------------------------------------------------------------ */

static enum err
refuse(struct act_call *c, enum err e, const char *field, const char *text)
{
	return reason_set(&c->call->reason, e, field, "%s", text);
}

static bool
by_store(const struct act_call *c)
{
	return c->method->side == ACT_BY_STORE ||
	    (c->method->side == ACT_BY_EITHER && c->call->principal->role != ROLE_STOREFRONT);
}

/* What a key may not see is not there. */
static bool
may_act(const struct act_call *c)
{
	const struct principal *p = c->call->principal;
	const struct world *w = c->run.world;

	if (by_store(c) && c->loc != NULL)
		return principal_may(p, "location", c->loc->code);
	return may_see_order(p, w, c->run.order);
}

/* Staff of who runs the location; of the brand also where the brand does not run it, for it helps out. */
static enum err
judge_staff(struct act_call *c)
{
	const struct world *w = c->run.world;
	const struct party *p;
	uint32_t at;

	c->staff = 0;
	if (c->act->staff[0] == '\0')
		return by_store(c) ? refuse(c, ERR_BAD_FIELD, "act.staff", "is needed: who acts")
		                   : ERR_OK;
	at = strmap_get(&w->party_code, c->act->staff);
	if (at == STRMAP_NONE)
		return refuse(c, ERR_UNKNOWN_ID, "act.staff", "is not in the catalog");
	p = &w->parties[at];
	if (p->kind != PARTY_STAFF || p->disabled)
		return refuse(c, ERR_BAD_FIELD, "act.staff", "is not a working member of staff");
	if (c->loc != NULL && p->employer != c->loc->party && p->employer != w->brand)
		return refuse(c, ERR_BAD_FIELD, "act.staff",
		    "does not work for who runs the location");
	c->staff = p->id;
	return ERR_OK;
}

/* The act that was done under this reference, or NULL. */
static const struct act_read *
act_before(const struct act_call *c)
{
	const struct order_read *o = c->run.order;

	for (int i = 0; i < o->act_count; i++)
		if (strcmp(o->acts[i].ref, c->act->ref) == 0)
			return &o->acts[i];
	return NULL;
}

static enum err
plan(struct act_run *r)
{
	struct act_call *c = (struct act_call *)r;
	const struct act_read *before;
	enum err e;

	c->ful = NULL;
	c->loc = NULL;
	if (c->act->fulfilment != 0) {
		c->ful = act_fulfilment_of(r, c->act->fulfilment);
		if (c->ful == NULL)
			return refuse(c, ERR_NOT_FOUND, "act.fulfilment", err_text(ERR_NOT_FOUND));
		c->loc = world_location_row(r->world, c->ful->location);
	}
	if (c->ful != NULL && c->method->where != NULL)
		c->loc = c->method->where(c);
	if (c->ful != NULL && c->loc == NULL)
		return refuse(c, ERR_NOT_FOUND, NULL, err_text(ERR_NOT_FOUND));
	if (!may_act(c))
		return refuse(c, ERR_NOT_FOUND, NULL, err_text(ERR_NOT_FOUND));
	before = act_before(c);
	if (before != NULL)
		return before->body_hash != NULL &&
		        memcmp(before->body_hash, c->hash, sizeof(c->hash)) == 0
		    ? ERR_OK
		    : refuse(c, ERR_EXISTS_DIFFERS, "act.ref", err_text(ERR_EXISTS_DIFFERS));
	e = judge_staff(c);
	return e == ERR_OK ? c->method->plan(c) : e;
}

static void
done(struct act_run *r, enum err e)
{
	struct act_call *c = (struct act_call *)r;
	const struct act_row *row = &r->in.acts[0];
	struct act_read a;

	if (e != ERR_OK) {
		fail(c);
		return;
	}
	if (r->in.act_count == 0) {
		answer(c, act_before(c));
		return;
	}
	a = (struct act_read){.act_no = r->order->act_count + 1,
	    .number = row->number,
	    .kind = row->kind,
	    .at_us = r->in.at_us,
	    .state = row->state,
	    .reason = row->reason,
	    .refund_fen = r->in.refund_add_fen};
	a.note = row->note != NULL ? row->note : "";
	answer(c, &a);
}

struct act_row *
act_call_row(struct act_call *c, enum act_kind kind, int state)
{
	struct act_row *row = act_row_add(&c->run, kind, c->ful, state);

	row->staff = c->staff;
	row->key_id = c->call->principal->key_id;
	row->ref = c->act->ref;
	row->body_hash = c->hash;
	return row;
}

/* ---- The request ------------------------------------------------------------------------------- */

static enum err
judge_request(struct act_call *c)
{
	if (c->act == NULL)
		return refuse(c, ERR_BAD_FIELD, "act", "is needed");
	if (uuid_parse(c->act->order_id, &c->run.order_id) != ERR_OK ||
	    uuid_is_zero(&c->run.order_id))
		return refuse(c, ERR_BAD_FIELD, "act.order_id", "is not an order id");
	if (c->act->fulfilment < 0 || c->act->fulfilment > INT16_MAX ||
	    (c->act->fulfilment == 0 && c->method->side != ACT_BY_STOREFRONT))
		return refuse(c, ERR_BAD_FIELD, "act.fulfilment", "is not a fulfilment's number");
	if (!ref_valid(c->act->ref, REF_SIZE_MAX))
		return refuse(c, ERR_BAD_FIELD, "act.ref",
		    "must be 1 to 64 bytes without spaces: yours, unique within the order");
	return ERR_OK;
}

static enum err
hash_request(struct act_call *c)
{
	const uint8_t *packed;
	size_t len;
	enum err e = call_pack(c->call, c->request, &packed, &len);

	if (e != ERR_OK)
		return reason_set(&c->call->reason, e, NULL, "%s", err_text(e));
	c->hash[0] = HASH_VERSION;
	digest_sha256(packed, len, c->hash + 1);
	return ERR_OK;
}

void
act_call_start(struct call *call, const ProtobufCMessage *request, const struct act_method *m)
{
	struct act_call *c = arena_zalloc(call->arena, sizeof(*c));
	enum err e;

	if (c == NULL) {
		(void)reason_set(&call->reason, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
		call_fail(call, &call->reason, NULL);
		return;
	}
	c->call = call;
	c->method = m;
	c->request = request;
	c->act = act_of(request);
	c->run = (struct act_run){.app = call_app(call),
	    .arena = call->arena,
	    .with = m->with,
	    .attempt = m->attempt,
	    .now_us = call->received_us,
	    .req = call->id,
	    .reason = &call->reason,
	    .plan = plan,
	    .done = done};
	e = judge_request(c);
	if (e == ERR_OK)
		e = hash_request(c);
	if (e == ERR_OK) {
		e = act_run_start(&c->run);
		if (e != ERR_OK)
			(void)reason_set(&call->reason, e, NULL, "%s", err_text(e));
	}
	if (e != ERR_OK)
		fail(c);
}
