/* return_ask: RequestReturn: may these units come back?  See return_act.h. */
#include <stdio.h>

#include "base/clock.h"
#include "flow/act_plan.h"
#include "flow/return_act.h"

#define WINDOW_DAYS_DEFAULT 7 /* where the order's policy is gone and none is active */

static enum err
refuse(struct act_call *c, enum err e, const char *field, const char *text)
{
	return reason_set(c->run.reason, e, field, "%s", text);
}

/* When the customer had them: the last act that says so. */
static int64_t
had_us(const struct act_call *c)
{
	const struct order_read *o = c->run.order;
	int64_t us = c->ful->handed_us;

	for (int i = 0; i < o->act_count; i++) {
		const struct act_read *a = &o->acts[i];

		if (a->number == c->ful->number &&
		    (a->kind == ACT_COLLECT || a->kind == ACT_DELIVER || a->kind == ACT_SILENCE))
			us = a->at_us;
	}
	return us;
}

static int
window_days(const struct act_call *c)
{
	const struct policy *p = act_policy(&c->run);

	return p != NULL ? p->return_window_days : WINDOW_DAYS_DEFAULT;
}

static enum err
judge_time(struct act_call *c)
{
	int days = window_days(c);

	if (c->ful->state != FUL_COLLECTED && c->ful->state != FUL_DELIVERED)
		return reason_set(c->run.reason, ERR_WRONG_STATE, "act.fulfilment",
		    "%s: fulfilment %d is %s; only what was collected or delivered comes back",
		    act_word(ACT_ASK_RETURN), c->ful->number, fulfilment_state_word(c->ful->state));
	if (c->call->principal->role != ROLE_STOREFRONT ||
	    c->run.now_us <= had_us(c) + days * US_PER_DAY)
		return ERR_OK;
	return reason_set(c->run.reason, ERR_WRONG_STATE, "act.fulfilment",
	    "the return window of %d days is over; an operator may still ask", days);
}

/* Units of the line that were handed over, less those that came or are coming back. */
static int32_t
returnable(const struct act_call *c, int32_t line)
{
	const struct order_read *o = c->run.order;
	int32_t units = 0;

	for (int i = 0; i < c->ful->line_count; i++)
		if (c->ful->lines[i].line == line)
			units += c->ful->lines[i].quantity;
	for (int i = 0; i < o->return_count; i++) {
		const struct return_read *x = &o->returns[i];

		for (int n = 0; x->fulfilment == c->ful->number && n < x->line_count; n++)
			if (x->lines[n].line == line)
				units -= return_line_held(&x->lines[n], x->state);
	}
	return units;
}

static enum err
ask_lines(struct act_call *c, const Yuncang__V1__RequestReturnRequest *q, struct return_read *ret)
{
	struct reason *r = c->run.reason;
	char at[REASON_FIELD_MAX];

	ret->lines = arena_array(c->run.arena, q->n_lines, sizeof(*ret->lines));
	if (ret->lines == NULL)
		return ERR_NO_MEMORY;
	if (q->n_lines == 0)
		return refuse(c, ERR_BAD_FIELD, "lines", "name what comes back");
	for (size_t i = 0; i < q->n_lines; i++) {
		const Yuncang__V1__ReturnUnits *l = q->lines[i];
		int32_t most = returnable(c, l->line);

		(void)snprintf(at, sizeof(at), "lines[%zu]", i);
		for (int n = 0; n < ret->line_count; n++)
			if (ret->lines[n].line == l->line)
				return refuse(c, ERR_BAD_FIELD, at, "stands there before");
		if (l->quantity < 1)
			return refuse(c, ERR_BAD_FIELD, at, "quantity must be 1 or more");
		if (l->quantity > most)
			return reason_set(r, ERR_BAD_FIELD, at,
			    "%d units of line %d of this fulfilment may come back, not %d", most,
			    l->line, l->quantity);
		ret->lines[ret->line_count++] =
		    (struct return_line){.line = l->line, .quantity = l->quantity};
	}
	return ERR_OK;
}

/* Where they came from, or a store that the storefront names. */
static enum err
ask_location(struct act_call *c, const char *code, struct return_read *ret)
{
	const struct world *w = c->run.world;
	uint32_t at;

	ret->location = c->ful->location;
	if (code[0] == '\0')
		return ERR_OK;
	at = strmap_get(&w->location_code, code);
	if (at == STRMAP_NONE)
		return refuse(c, ERR_UNKNOWN_ID, "location", "is not in the catalog");
	if (w->locations[at].disabled)
		return refuse(c, ERR_BAD_FIELD, "location", "takes nothing back: it is disabled");
	ret->location = w->locations[at].id;
	return ERR_OK;
}

static enum err
ask_plan(struct act_call *c)
{
	const Yuncang__V1__RequestReturnRequest *q =
	    (const Yuncang__V1__RequestReturnRequest *)c->request;
	struct act_more *m = act_more_of(&c->run);
	struct return_read *ret = arena_zalloc(c->run.arena, sizeof(*ret));
	struct act_row *row;
	struct act_event *told;
	enum err e;

	if (m == NULL || ret == NULL)
		return ERR_NO_MEMORY;
	if (c->ful == NULL)
		return refuse(c, ERR_BAD_FIELD, "act.fulfilment", "is not a fulfilment's number");
	if (q->reason < YUNCANG__V1__RETURN_REASON__RETURN_REASON_CHANGED_MIND ||
	    q->reason > YUNCANG__V1__RETURN_REASON__RETURN_REASON_OTHER)
		return refuse(c, ERR_BAD_FIELD, "reason", "is needed");
	e = act_note_check(c->run.reason, q->note,
	    q->reason == YUNCANG__V1__RETURN_REASON__RETURN_REASON_OTHER);
	if (e == ERR_OK)
		e = judge_time(c);
	if (e == ERR_OK)
		e = ask_location(c, q->location, ret);
	if (e == ERR_OK)
		e = ask_lines(c, q, ret);
	if (e != ERR_OK)
		return e;
	ret->number = c->run.order->return_count + 1;
	ret->fulfilment = c->ful->number;
	ret->state = RETURN_REQUESTED;
	ret->reason = (int)q->reason;
	ret->asked_us = c->run.now_us;
	ret->due_us = c->run.now_us + c->run.app->conf->return_bring_ms_max * US_PER_MS;
	m->ret = ret;
	row = act_call_row(c, ACT_ASK_RETURN, (int)c->ful->state);
	row->reason = ret->reason;
	row->note = q->note;
	told = act_event_add(&c->run, OUTBOX_RETURN_REQUESTED, c->ful);
	told->location = ret->location;
	told->reason = ret->reason;
	return ERR_OK;
}

/* Return n came with the n-th of these acts. */
static enum err
ask_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	Yuncang__V1__RequestReturnResponse *m = (Yuncang__V1__RequestReturnResponse *)response;
	const struct order_read *o = c->run.order;

	m->return_number = 1;
	for (int i = 0; i < o->act_count && o->acts[i].act_no < a->act_no; i++)
		m->return_number += o->acts[i].kind == ACT_ASK_RETURN;
	return ERR_OK;
}

void
request_return_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_ASK_RETURN,
	    .side = ACT_BY_STOREFRONT,
	    .with = READ_RETURNS,
	    .plan = ask_plan,
	    .answer = ask_answer};

	act_call_start(c, request, &method);
}
