/* exception_resolve: ResolveException, by way of flow/proposal.h.  See recon_flow.h; what is posted: store/recon_case.c. */
#include "domain/event_word.h"
#include "flow/act_plan.h"
#include "flow/app.h"
#include "flow/recon_flow.h"
#include "flow/thaw.h"
#include "store/recon_case.h"
#include "yuncang/v1/bill.pb-c.h"

struct resolve_flow {
	struct call *call;
	const Yuncang__V1__ResolveExceptionRequest *request;
	struct proposal_run *run;
	struct case_query query;
	struct case_change change;
};

/* ---- What was asked ------------------------------------------------------------------------------ */

static enum err
fill(struct call *c, const Yuncang__V1__ResolveExceptionRequest *q, struct case_change *out)
{
	struct reason *r = &c->reason;

	if (uuid_parse(q->exception_id, &out->id) != ERR_OK)
		return reason_set(r, ERR_BAD_FIELD, "exception_id", "is not an exception's id");
	if (q->resolution < YUNCANG__V1__RESOLUTION__RESOLUTION_PSP_FEE ||
	    q->resolution > YUNCANG__V1__RESOLUTION__RESOLUTION_WAIVED)
		return reason_set(r, ERR_BAD_FIELD, "resolution", "must be set");
	out->resolution = (enum recon_resolution)q->resolution;
	if (out->resolution == RESOLVED_REFUND && uuid_parse(q->order_id, &out->order_id) != ERR_OK)
		return reason_set(r, ERR_BAD_FIELD, "order_id", "is not an order's id");
	if (out->resolution != RESOLVED_REFUND && (q->order_id[0] != '\0' || q->refund_no != 0))
		return reason_set(r, ERR_BAD_FIELD, "order_id", "is of a refund only");
	out->refund_no = q->refund_no;
	if (out->resolution == RESOLVED_ENTRY) {
		if (uuid_parse(q->entry_object_id, &out->entry) != ERR_OK)
			return reason_set(r, ERR_BAD_FIELD, "entry_object_id",
			    "is not a journal row's object");
		out->entry_event = (int)event_parse(q->entry_event);
		if (out->entry_event == 0)
			return reason_set(r, ERR_BAD_FIELD, "entry_event", "is no event");
	} else if (q->entry_object_id[0] != '\0') {
		return reason_set(r, ERR_BAD_FIELD, "entry_object_id",
		    "is of what the books have only");
	}
	out->entry_event_no = q->entry_event_no;
	out->note = q->note;
	return act_note_check(r, q->note, true);
}

/* ---- Asking ------------------------------------------------------------------------------------- */

static void
case_told(void *ctx, enum err e, const struct case_list *l)
{
	struct resolve_flow *f = ctx;
	struct proposal_ask ask = {.kind = PROPOSAL_EXCEPTION, .ref = f->request->ref};
	const struct recon_case *x;

	if (e == ERR_OK && l->count == 0)
		e = reason_set(&f->call->reason, ERR_NOT_FOUND, "exception_id", "%s",
		    err_text(ERR_NOT_FOUND));
	if (e == ERR_OK) {
		x = &l->rows[0];
		ask.fen = x->what.fen < 0 ? -x->what.fen : x->what.fen;
		ask.about =
		    arena_printf(f->call->arena, "%s %s", bill_class_word(x->what.class), x->ref);
		e = ask.about == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	if (e == ERR_OK)
		proposal_ask(f->call, &f->request->base, &ask);
	else
		call_fail_err(f->call, e);
}

void
resolve_exception_start(struct call *c, const ProtobufCMessage *request)
{
	struct resolve_flow *f = arena_zalloc(c->arena, sizeof(*f));
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		f->call = c;
		f->request = (const Yuncang__V1__ResolveExceptionRequest *)request;
		e = all_dealers_needed(c->principal);
	}
	if (e == ERR_OK)
		e = fill(c, f->request, &f->change);
	if (e == ERR_OK) {
		f->query = (struct case_query){.one = &f->change.id, .count_max = 1};
		e = case_list(call_app(c)->query_pool, c->arena, &f->query, case_told, f);
	}
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- Doing it ----------------------------------------------------------------------------------- */

static void
changed(void *ctx, enum err e, const struct recon_case *row, const struct reason *r)
{
	struct resolve_flow *f = ctx;

	(void)row;
	if (e != ERR_OK)
		f->call->reason = *r;
	proposal_done(f->run, e);
}

void
resolve_exception_execute(struct proposal_run *x)
{
	struct call *c = x->call;
	struct resolve_flow *f = arena_zalloc(c->arena, sizeof(*f));
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		f->call = c;
		f->run = x;
		e = fill(c, (const Yuncang__V1__ResolveExceptionRequest *)x->request, &f->change);
	}
	if (e == ERR_OK) {
		f->change.key_id = c->principal->key_id;
		f->change.now_us = c->received_us;
		f->change.mark = &x->mark;
		e = case_change(call_app(c)->query_pool, c->arena, &f->change, changed, f);
	}
	if (e != ERR_OK)
		proposal_done(x, e);
}
