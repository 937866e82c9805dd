#include "flow/store_act.h"

#include "domain/hours.h"
#include "flow/act_call.h"

/* An answer that comes behind the deadline is none, whether or not the timer has fired. */
static enum err
still_offered(const struct act_call *c)
{
	if (c->ful->state != FUL_OFFERED || c->ful->offer_deadline_us == 0 ||
	    c->run.now_us <= c->ful->offer_deadline_us)
		return ERR_OK;
	return reason_set(c->run.reason, ERR_WRONG_STATE, "act.fulfilment",
	    "the offer of fulfilment %d has ended", c->ful->number);
}

static enum err
accept_plan(struct act_call *c)
{
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	e = still_offered(c);
	if (e == ERR_OK)
		e = act_step(&c->run, ACT_ACCEPT, is);
	if (e != ERR_OK)
		return e;
	is->offer_deadline_us = 0;
	/* Ready, in open minutes; past that it is overdue. */
	if (!hours_add_open(c->loc, c->run.now_us, c->loc->lead_min, &is->due_us))
		is->due_us = is->promise_to_us;
	if (is->due_us < is->promise_from_us)
		is->due_us = is->promise_from_us;
	act_call_row(c, ACT_ACCEPT, (int)is->state)->waited_s = act_waited_s(&c->run, c->ful);
	act_event_add(&c->run, OUTBOX_ACCEPTED, is);
	return ERR_OK;
}

void
accept_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_ACCEPT,
	    .side = ACT_BY_STORE,
	    .plan = accept_plan};

	act_call_start(c, request, &method);
}
