/* finance_adjust: a new row of the journal that names the one it corrects. */
#include <string.h>

#include "base/money.h"
#include "domain/event_word.h"
#include "domain/party.h"
#include "flow/convert.h"
#include "flow/finance_act.h"
#include "yuncang/v1/finance_act.pb-c.h"

#define LEGS_MAX 20

struct adjust {
	struct proposal_run *x;
	struct finance_write write;
	int64_t event_us; /* 0: the corrected row's */
	struct posting posting;
};

static enum err
leg_fill(struct call *c, const struct world *w, const Yuncang__V1__AdjustLeg *l, struct adjust *a)
{
	int64_t account = account_parse(w, l->account);

	if (account == 0)
		return reason_set(&c->reason, ERR_UNKNOWN_ID, "legs.account", "%.80s is no account",
		    l->account);
	if (!finance_adjustable(account))
		return reason_set(&c->reason, ERR_BAD_FIELD, "legs.account",
		    "%.80s: clearing, and what is held or in payout, is not adjusted by hand",
		    l->account);
	if (l->amount_fen == 0 || l->amount_fen > FEN_MAX || l->amount_fen < -FEN_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "legs.amount_fen",
		    "must be an amount that is not 0");
	posting_add(&a->posting, account, l->amount_fen, 0);
	return ERR_OK;
}

/* ${moved}: the debits. */
static enum err
legs_fill(struct call *c, const Yuncang__V1__AdjustRequest *q, const struct world *w,
    struct adjust *a, int64_t *moved)
{
	int64_t sum = 0;
	enum err e = ERR_OK;

	*moved = 0;
	posting_begin(&a->posting, EVENT_J_ADJUST);
	if (q->n_legs < 2 || q->n_legs > LEGS_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "legs", "must be 2 to %d", LEGS_MAX);
	for (size_t i = 0; e == ERR_OK && i < q->n_legs; i++) {
		e = leg_fill(c, w, q->legs[i], a);
		sum += q->legs[i]->amount_fen;
		*moved += q->legs[i]->amount_fen > 0 ? q->legs[i]->amount_fen : 0;
	}
	if (e == ERR_OK && sum != 0)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "legs", "must add up to 0, not %lld",
		    (long long)sum);
	if (e == ERR_OK)
		e = posting_end(&a->posting);
	if (e == ERR_OK && a->posting.leg_count == 0)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "legs", "take each other back");
	return e;
}

static enum err
fields(struct call *c, const Yuncang__V1__AdjustRequest *q, const struct world *w, struct adjust *a,
    int64_t *moved)
{
	enum err e;

	if (uuid_parse(q->object_id, &a->write.object) != ERR_OK)
		return reason_set(&c->reason, ERR_BAD_FIELD, "object_id", "is not an id");
	a->write.object_event = (int)event_parse(q->event);
	a->write.object_event_no = q->event_no;
	if (a->write.object_event == 0)
		return reason_set(&c->reason, ERR_BAD_FIELD, "event",
		    "is no event of the journal, like E3");
	e = finance_note(c, q->note, true);
	if (e == ERR_OK && q->event_at != NULL) {
		e = convert_time(&c->reason, AT("", "event_at"), q->event_at, &a->event_us);
		if (e == ERR_OK && a->event_us > c->received_us)
			e = reason_set(&c->reason, ERR_BAD_FIELD, "event_at", "has not been yet");
	}
	return e == ERR_OK ? legs_fill(c, q, w, a, moved) : e;
}

void
adjust_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__AdjustRequest *q = (const Yuncang__V1__AdjustRequest *)request;
	const struct world *w = call_world(c);
	struct adjust a = {0};
	int64_t moved;
	enum err e = w != NULL ? fields(c, q, w, &a, &moved) : ERR_NO_MEMORY;

	if (e != ERR_OK) {
		call_fail_err(c, e);
		return;
	}
	proposal_ask(c, request,
	    &(struct proposal_ask){.kind = PROPOSAL_ADJUST,
	        .ref = q->ref,
	        .fen = moved,
	        .always = true,
	        .about = arena_printf(c->arena, "%s %d of %s: %s", q->event, q->event_no,
	            q->object_id, q->note)});
}

static enum err
judge(void *ctx, const struct finance_read *r, int64_t *out, int *count)
{
	struct adjust *a = ctx;

	if (!r->corrected)
		return reason_set(&a->x->call->reason, ERR_NOT_FOUND, "object_id",
		    "the journal has no such row");
	for (int i = 0; i < a->posting.leg_count; i++)
		if (account_bounded(a->posting.account[i]))
			out[(*count)++] = a->posting.account[i];
	return ERR_OK;
}

static enum err
plan(void *ctx, const struct finance_read *r, struct finance_plan *out)
{
	struct adjust *a = ctx;

	out->rows[0] = a->posting;
	out->row_count = 1;
	out->event_us = a->event_us != 0 ? a->event_us : r->corrected_us;
	return finance_bounds(a->x->call, r, out);
}

void
adjust_execute(struct proposal_run *x)
{
	struct adjust *a = arena_zalloc(x->call->arena, sizeof(*a));
	const struct world *w = call_world(x->call);
	enum err e = ERR_NO_MEMORY;
	int64_t moved;

	if (a != NULL && w != NULL) {
		a->x = x;
		a->write = (struct finance_write){.event = EVENT_J_ADJUST,
		    .corrects = true,
		    .judge = judge,
		    .plan = plan,
		    .ctx = a};
		e = fields(x->call, (const Yuncang__V1__AdjustRequest *)x->request, w, a, &moved);
	}
	if (e == ERR_OK)
		finance_run(x, &a->write);
	else
		proposal_done(x, e);
}
