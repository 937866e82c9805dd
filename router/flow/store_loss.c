/* store_loss: ReportLoss: goods that will not reach anybody; the timers say the same of goods that never came back. */
#include "flow/act_plan.h"
#include "flow/store_act.h"

static enum err
loss_plan(struct act_call *c)
{
	const Yuncang__V1__ReportLossRequest *q =
	    (const Yuncang__V1__ReportLossRequest *)c->request;
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	enum err e = act_note_check(c->run.reason, q->note, false);

	if (is == NULL)
		return ERR_NO_MEMORY;
	if (e == ERR_OK)
		e = act_step(&c->run, ACT_LOSE, is);
	if (e != ERR_OK)
		return e;
	is->due_us = 0;
	act_call_row(c, ACT_LOSE, (int)is->state)->note = q->note;
	(void)act_event_add(&c->run, OUTBOX_LOST, is);
	return ERR_OK;
}

void
report_loss_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_LOSE,
	    .side = ACT_BY_STORE,
	    .plan = loss_plan};

	act_call_start(c, request, &method);
}
