/* store_send: goods on their way, and back. */
#include <string.h>

#include "base/clock.h"
#include "flow/act_plan.h"
#include "flow/courier_book.h"
#include "flow/production.h"
#include "flow/store_act.h"

#define TRACKING_BYTES_MAX 64

/* ---- Dispatch ------------------------------------------------------------------------------------- */

static enum err
judge_tracking(struct act_call *c, const char *tracking)
{
	size_t len = strlen(tracking);

	if (len > TRACKING_BYTES_MAX)
		return reason_set(c->run.reason, ERR_BAD_FIELD, "tracking",
		    "has more than %d bytes", TRACKING_BYTES_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)tracking[i] < ' ' || (unsigned char)tracking[i] == 0x7f)
			return reason_set(c->run.reason, ERR_BAD_FIELD, "tracking",
			    "has a control character");
	return ERR_OK;
}

static int64_t
silent_until(const struct act_call *c, enum way way)
{
	const struct conf *conf = c->run.app->conf;

	return c->run.now_us +
	    (way == WAY_SHIP ? conf->silence_ship_ms : conf->silence_deliver_ms) * US_PER_MS;
}

static enum err
dispatch_plan(struct act_call *c)
{
	const Yuncang__V1__DispatchRequest *q = (const Yuncang__V1__DispatchRequest *)c->request;
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	const char *tracking = q->book ? courier_booked(c->call) : q->tracking;
	bool again = c->ful->handed_us != 0;
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	e = judge_tracking(c, q->tracking);
	if (e == ERR_OK)
		e = act_step(&c->run, ACT_DISPATCH, is);
	if (e == ERR_OK && q->book && tracking[0] == '\0') /* it could not go out a moment ago */
		e = ERR_CONTENDED;
	if (e == ERR_OK)
		e = production_may_dispatch(&c->run);
	if (e == ERR_OK && !again)
		e = act_serials(c, c->ful, q->serials, q->n_serials, false);
	else if (e == ERR_OK && q->n_serials > 0)
		e = reason_set(c->run.reason, ERR_BAD_FIELD, "serials",
		    "were scanned when the goods first left");
	if (e != ERR_OK)
		return e;
	if (!again)
		is->handed_us = c->run.now_us;
	if (tracking[0] != '\0')
		is->tracking = tracking;
	is->due_us = silent_until(c, is->way);
	(void)act_call_row(c, ACT_DISPATCH, (int)is->state);
	act_event_add(&c->run, OUTBOX_DISPATCHED, is);
	return ERR_OK;
}

static void
dispatch(struct call *c, const Yuncang__V1__DispatchRequest *q)
{
	static const struct act_method method = {.kind = ACT_DISPATCH,
	    .side = ACT_BY_STORE,
	    .plan = dispatch_plan};

	act_call_start(c, &q->base, &method);
}

void
dispatch_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__DispatchRequest *q = (const Yuncang__V1__DispatchRequest *)request;

	if (q->book)
		courier_book_start(c, q, dispatch);
	else
		dispatch(c, q);
}

/* ---- ConfirmDelivery ------------------------------------------------------------------------------ */

static enum err
deliver_plan(struct act_call *c)
{
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	e = act_step(&c->run, ACT_DELIVER, is);
	if (e != ERR_OK)
		return e;
	is->due_us = 0;
	(void)act_call_row(c, ACT_DELIVER, (int)is->state);
	act_event_add(&c->run, OUTBOX_DELIVERED, is);
	return ERR_OK;
}

void
confirm_delivery_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_DELIVER,
	    .side = ACT_BY_STORE,
	    .with = READ_MONEY | READ_CONTACT, /* contact: for flow/dispute.h */
	    .plan = deliver_plan};

	act_call_start(c, request, &method);
}

/* ---- ReportDeliveryFailure ------------------------------------------------------------------------ */

static enum err
judge_failure(struct act_call *c, const Yuncang__V1__ReportDeliveryFailureRequest *q)
{
	if (q->reason < YUNCANG__V1__DELIVERY_FAILURE__DELIVERY_FAILURE_NOBODY_THERE ||
	    q->reason > YUNCANG__V1__DELIVERY_FAILURE__DELIVERY_FAILURE_OTHER)
		return reason_set(c->run.reason, ERR_BAD_FIELD, "reason", "is needed");
	return act_note_check(c->run.reason, q->note,
	    q->reason == YUNCANG__V1__DELIVERY_FAILURE__DELIVERY_FAILURE_OTHER);
}

/* One act, also where it goes both steps: what is told and repeated is where it ends. */
static enum err
failure_plan(struct act_call *c)
{
	const Yuncang__V1__ReportDeliveryFailureRequest *q =
	    (const Yuncang__V1__ReportDeliveryFailureRequest *)c->request;
	const struct conf *conf = c->run.app->conf;
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	bool failed = c->ful->state == FUL_DELIVERY_FAILED && q->give_up;
	enum act_kind kind = failed ? ACT_TURN_BACK : ACT_FAIL;
	struct act_row *row;
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	e = judge_failure(c, q);
	if (e == ERR_OK)
		e = act_step(&c->run, kind, is);
	if (e == ERR_OK && q->give_up && !failed)
		e = act_step(&c->run, ACT_TURN_BACK, is);
	if (e != ERR_OK)
		return e;
	is->due_us = c->run.now_us +
	    (q->give_up ? conf->returning_ms_max : conf->silence_deliver_ms) * US_PER_MS;
	row = act_call_row(c, kind, (int)is->state);
	row->reason = (int)q->reason;
	row->note = q->note;
	if (!failed)
		act_event_add(&c->run, OUTBOX_DELIVERY_FAILED, is)->reason = (int)q->reason;
	if (q->give_up)
		act_event_add(&c->run, OUTBOX_RETURNING, is);
	return ERR_OK;
}

void
report_delivery_failure_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_FAIL,
	    .side = ACT_BY_STORE,
	    .plan = failure_plan};

	act_call_start(c, request, &method);
}

/* ---- Restock -------------------------------------------------------------------------------------- */

/* The step puts every unit back on the shelf; these are taken off again. */
static enum err
write_off(struct act_call *c, const Yuncang__V1__Inspected **by)
{
	const struct fulfilment_read *f = c->ful;
	struct act_back *off = arena_array(c->run.arena, (size_t)f->line_count, sizeof(*off));
	int count = 0;

	if (off == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < f->line_count; i++) {
		if (by[i]->damaged == 0 || f->lines[i].goods_owner == 0)
			continue;
		off[count++] = (struct act_back){.key = {.kind = TAKE_STOCK,
		                                     .dealer = f->dealer,
		                                     .location = f->location,
		                                     .sku = f->lines[i].sku,
		                                     .goods_owner = f->lines[i].goods_owner,
		                                     .quantity = -by[i]->damaged},
		    .number = f->number};
	}
	c->run.in.backs = off;
	c->run.in.back_count = count;
	return ERR_OK;
}

/* All of the fulfilment is inspected, each line once. */
static enum err
inspected(struct act_call *c, const Yuncang__V1__RestockRequest *q)
{
	const struct fulfilment_read *f = c->ful;
	const Yuncang__V1__Inspected **by;
	struct reason *r = c->run.reason;

	by = arena_array(c->run.arena, (size_t)f->line_count, sizeof(*by));
	if (by == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < f->line_count; i++)
		by[i] = NULL;
	for (size_t i = 0; i < q->n_lines; i++) {
		const Yuncang__V1__Inspected *l = q->lines[i];
		int at = 0;

		while (at < f->line_count && f->lines[at].line != l->line)
			at++;
		if (at == f->line_count || by[at] != NULL)
			return reason_set(r, ERR_BAD_FIELD, "lines",
			    "line %d is not of fulfilment %d, or stands here twice", l->line,
			    f->number);
		if (l->sellable < 0 || l->damaged < 0 ||
		    (int64_t)l->sellable + l->damaged != f->lines[at].quantity)
			return reason_set(r, ERR_BAD_FIELD, "lines",
			    "sellable and damaged of line %d must be %d units together", l->line,
			    f->lines[at].quantity);
		by[at] = l;
	}
	for (int i = 0; i < f->line_count; i++)
		if (by[i] == NULL)
			return reason_set(r, ERR_BAD_FIELD, "lines", "line %d is not inspected",
			    f->lines[i].line);
	return write_off(c, by);
}

/* The customer did not take what was brought to him, as the last that was said of it has it. */
static bool
customers_fault(const struct act_call *c)
{
	const struct order_read *o = c->run.order;
	int reason = 0;

	for (int i = 0; i < o->act_count; i++)
		if (o->acts[i].number == c->ful->number &&
		    (o->acts[i].kind == ACT_FAIL || o->acts[i].kind == ACT_TURN_BACK) &&
		    o->acts[i].reason != 0)
			reason = o->acts[i].reason;
	return reason == YUNCANG__V1__DELIVERY_FAILURE__DELIVERY_FAILURE_REFUSED ||
	    reason == YUNCANG__V1__DELIVERY_FAILURE__DELIVERY_FAILURE_NOBODY_THERE ||
	    reason == YUNCANG__V1__DELIVERY_FAILURE__DELIVERY_FAILURE_WRONG_ADDRESS;
}

static enum err
keep(struct act_call *c, int64_t fen)
{
	const struct order_read *o = c->run.order;
	int64_t most = 0;

	for (int i = 0; i < c->ful->line_count; i++) {
		const struct order_line_read *l = &o->lines[c->ful->lines[i].line];

		most += (l->price_fen - l->discount_fen) * c->ful->lines[i].quantity;
	}
	if (fen < 0 || fen > most)
		return reason_set(c->run.reason, ERR_BAD_FIELD, "kept_fen",
		    "is a part of what was paid: 0 to %lld", (long long)most);
	if (fen > 0 && !customers_fault(c))
		return reason_set(c->run.reason, ERR_WRONG_STATE, "kept_fen",
		    "the customer did not refuse fulfilment %d", c->ful->number);
	c->run.keep_fen = fen;
	return ERR_OK;
}

static enum err
restock_plan(struct act_call *c)
{
	const Yuncang__V1__RestockRequest *q = (const Yuncang__V1__RestockRequest *)c->request;
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	e = act_note_check(c->run.reason, q->note, false);
	if (e == ERR_OK)
		e = act_step(&c->run, ACT_RESTOCK, is);
	if (e == ERR_OK)
		e = inspected(c, q);
	/* What never left has no number out. */
	if (e == ERR_OK && c->ful->handed_us != 0)
		e = act_serials(c, c->ful, q->serials, q->n_serials, true);
	if (e == ERR_OK)
		e = keep(c, q->kept_fen);
	if (e != ERR_OK)
		return e;
	is->due_us = 0;
	act_call_row(c, ACT_RESTOCK, (int)is->state)->note = q->note;
	act_event_add(&c->run, OUTBOX_RESTOCKED, is);
	return ERR_OK;
}

void
restock_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_RESTOCK,
	    .side = ACT_BY_STORE,
	    .with = READ_RETURNS,
	    .plan = restock_plan};

	act_call_start(c, request, &method);
}
