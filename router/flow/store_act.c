#include "flow/store_act.h"

#include "domain/hours.h"
#include "flow/act_plan.h"
#include "flow/rehome.h"

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

/* ---- Refusals ------------------------------------------------------------------------------------ */

static enum err
judge_reason(struct act_call *c, Yuncang__V1__RejectReason reason, const char *note)
{
	if (reason < YUNCANG__V1__REJECT_REASON__REJECT_REASON_OUT_OF_STOCK ||
	    reason > YUNCANG__V1__REJECT_REASON__REJECT_REASON_OTHER)
		return reason_set(c->run.reason, ERR_BAD_FIELD, "reason", "is needed");
	return act_note_check(c->run.reason, note,
	    reason == YUNCANG__V1__REJECT_REASON__REJECT_REASON_OTHER);
}

/* Units of ${is} were found not to be there, or to be worth nothing: so may be the figure that sold them. */
static void
refused(struct act_call *c, struct fulfilment_read *is, int reason)
{
	rehome_wanted(&c->run, is);
	if (reason == YUNCANG__V1__REJECT_REASON__REJECT_REASON_OUT_OF_STOCK ||
	    reason == YUNCANG__V1__REJECT_REASON__REJECT_REASON_DAMAGED)
		act_suspect(&c->run, is);
}

static enum err
reject_plan(struct act_call *c)
{
	const Yuncang__V1__RejectRequest *q = (const Yuncang__V1__RejectRequest *)c->request;
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	struct act_row *row;
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	e = judge_reason(c, q->reason, q->note);
	if (e == ERR_OK)
		e = still_offered(c);
	if (e == ERR_OK)
		e = act_step(&c->run, ACT_REJECT, is);
	if (e != ERR_OK)
		return e;
	refused(c, is, (int)q->reason);
	row = act_call_row(c, ACT_REJECT, (int)is->state);
	row->waited_s = act_waited_s(&c->run, c->ful);
	row->reason = (int)q->reason;
	row->note = q->note;
	act_event_add(&c->run, OUTBOX_REJECTED, is)->reason = (int)q->reason;
	return ERR_OK;
}

void
reject_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_REJECT,
	    .side = ACT_BY_STORE,
	    .plan = reject_plan};

	act_call_start(c, request, &method);
}

/* How many units of each line are short; ${*all}: nothing is left of the fulfilment. */
static enum err
short_units(struct act_call *c, const Yuncang__V1__MarkShortRequest *q, int32_t **out, bool *all)
{
	const struct fulfilment_read *f = c->ful;
	int32_t *quantity = arena_array(c->run.arena, (size_t)f->line_count, sizeof(*quantity));

	if (quantity == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < f->line_count; i++)
		quantity[i] = 0;
	for (size_t i = 0; i < q->n_lines; i++) {
		int at = 0;

		while (at < f->line_count && f->lines[at].line != q->lines[i]->line)
			at++;
		if (at == f->line_count)
			return reason_set(c->run.reason, ERR_BAD_FIELD, "lines",
			    "line %d is not of fulfilment %d", q->lines[i]->line, f->number);
		if (quantity[at] != 0)
			return reason_set(c->run.reason, ERR_BAD_FIELD, "lines",
			    "line %d stands here twice", q->lines[i]->line);
		if (q->lines[i]->quantity < 1 || q->lines[i]->quantity > f->lines[at].quantity)
			return reason_set(c->run.reason, ERR_BAD_FIELD, "lines",
			    "of line %d 1 to %d units can be short", q->lines[i]->line,
			    f->lines[at].quantity);
		quantity[at] = q->lines[i]->quantity;
	}
	*all = true;
	for (int i = 0; i < f->line_count; i++)
		*all = *all && quantity[i] == f->lines[i].quantity;
	*out = quantity;
	return q->n_lines > 0
	    ? ERR_OK
	    : reason_set(c->run.reason, ERR_BAD_FIELD, "lines", "which units are short?");
}

/* What parted has a row of its own in the trail, behind that of the act. */
static void
parted(struct act_call *c, const struct act_row *of, const struct fulfilment_read *gone)
{
	struct act_row *row = act_row_add(&c->run, of->kind, gone, (int)gone->state);

	row->staff = of->staff;
	row->key_id = of->key_id;
	row->reason = of->reason;
}

static enum err
short_plan(struct act_call *c)
{
	const Yuncang__V1__MarkShortRequest *q = (const Yuncang__V1__MarkShortRequest *)c->request;
	struct fulfilment_read *is, *gone;
	struct act_row *row;
	int32_t *quantity = NULL;
	bool all = false;
	enum err e;

	e = judge_reason(c, q->reason, q->note);
	if (e == ERR_OK)
		e = short_units(c, q, &quantity, &all);
	if (e != ERR_OK)
		return e;
	is = act_change(&c->run, c->ful);
	if (is == NULL)
		return ERR_NO_MEMORY;
	gone = is;
	if (!all)
		e = act_split_off(&c->run, is, quantity, &gone);
	if (e == ERR_OK)
		e = act_step(&c->run, ACT_SHORT, gone);
	if (e != ERR_OK)
		return e;
	refused(c, gone, (int)q->reason);
	row = act_call_row(c, ACT_SHORT, (int)is->state);
	row->reason = (int)q->reason;
	row->note = q->note;
	if (gone != is)
		parted(c, row, gone);
	act_event_add(&c->run, OUTBOX_SHORT, gone)->reason = (int)q->reason;
	return ERR_OK;
}

/* Of a repeat: what parted has the trail's next row. */
static enum err
short_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	Yuncang__V1__MarkShortResponse *m = (Yuncang__V1__MarkShortResponse *)response;
	const struct order_read *o = c->run.order;

	if (a->state == FUL_REJECTED)
		return ERR_OK;
	if (c->run.in.act_count > 1)
		m->split_off = c->run.in.acts[1].number;
	for (int i = 0; i < o->act_count; i++)
		if (o->acts[i].act_no == a->act_no + 1)
			m->split_off = o->acts[i].number;
	return ERR_OK;
}

void
mark_short_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_SHORT,
	    .side = ACT_BY_STORE,
	    .plan = short_plan,
	    .answer = short_answer};

	act_call_start(c, request, &method);
}
