#include "flow/payout_flow.h"

#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "flow/act_plan.h"
#include "flow/convert.h"
#include "flow/settle.h"
#include "flow/thaw.h"

#define REASON_BYTES_MAX 200
#define NUMBER_BYTES_MAX 64

struct payout_flow {
	struct call *call;
	const struct world *world;
	struct proposal_run *run; /* of execute() */
	const Yuncang__V1__PreparePayoutsRequest *request;
	struct payout_prepare prepare;
	struct payout_instruct instruct;
	struct payout_confirm confirm;
	struct payout_withdraw withdraw;
	struct refund_confirm refund;
	int tries;
};

/* NULL: ${c} is answered. */
static struct payout_flow *
begin(struct call *c)
{
	struct payout_flow *f = arena_zalloc(c->arena, sizeof(*f));

	if (f != NULL) {
		f->call = c;
		f->world = call_world(c);
	}
	if (f == NULL || f->world == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return NULL;
	}
	/* the books are everybody's */
	if (!principal_may(c->principal, "dealer", "")) {
		call_fail_err(c, ERR_PERMISSION_DENIED);
		return NULL;
	}
	return f;
}

static enum err
refuse(struct payout_flow *f, enum err e, const char *field, const char *text)
{
	return reason_set(&f->call->reason, e, field, "%s", text);
}

static enum err
party_of(struct payout_flow *f, const char *field, const char *code, int32_t *out)
{
	int32_t i;
	enum err e = convert_code(&f->call->reason, AT("", field), &f->world->party_code, code, &i);

	if (e == ERR_OK)
		*out = f->world->parties[i].id;
	return e;
}

/* ---- PreparePayouts ------------------------------------------------------------------------------ */

char *
payout_batch_about(const struct payout_batch_row *batch, struct arena *a)
{
	char id[UUID_TEXT_SIZE];

	uuid_format(&batch->id, id);
	return arena_printf(a, "batch %s of %d payouts", id, batch->payouts);
}

bool
payout_batch_for_two(const struct payout_batch_row *batch)
{
	return batch->rail == RAIL_SPLIT;
}

static void
prepared(void *ctx, enum err e, const struct payout_batch_row *batch)
{
	struct payout_flow *f = ctx;
	struct call *c = f->call;
	struct proposal_ask ask = {.kind = PROPOSAL_PAYOUT_BATCH,
	    .ref = f->request->ref,
	    .fen = batch->fen};

	if (e == ERR_CONTENDED && ++f->tries < call_app(c)->conf->decide_tries_max) {
		e = payout_prepare_start(call_app(c)->query_pool, c->arena, &f->prepare, prepared,
		    f);
		if (e == ERR_OK)
			return;
	}
	if (e == ERR_WRONG_STATE)
		(void)refuse(f, e, "rail", "nothing is owed by it");
	if (e == ERR_EXISTS_DIFFERS)
		(void)refuse(f, e, "ref", err_text(e));
	if (e == ERR_OK) {
		ask.about = payout_batch_about(batch, c->arena);
		ask.always = payout_batch_for_two(batch);
		e = ask.about != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e == ERR_OK)
		proposal_ask(c, &f->request->base, &ask);
	else
		call_fail_err(c, e);
}

void
prepare_payouts_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__PreparePayoutsRequest *q =
	    (const Yuncang__V1__PreparePayoutsRequest *)request;
	struct payout_flow *f = begin(c);
	enum err e = ERR_OK;

	if (f == NULL)
		return;
	f->request = q;
	f->prepare = (struct payout_prepare){.ref = q->ref,
	    .rail = (enum rail)q->rail,
	    .now_us = clock_wall_us(),
	    .key = c->principal->key_id};
	if (!ref_valid(q->ref, NUMBER_BYTES_MAX))
		e = refuse(f, ERR_BAD_FIELD, "ref", "must be 1 to 64 bytes without spaces");
	if (e == ERR_OK)
		e = party_of(f, "collector", q->collector, &f->prepare.collector);
	if (e == ERR_OK && (f->prepare.rail <= RAIL_NONE || f->prepare.rail >= RAIL_COUNT))
		e = refuse(f, ERR_BAD_FIELD, "rail", "must be said");
	if (e == ERR_OK)
		e = payout_prepare_start(call_app(c)->query_pool, c->arena, &f->prepare, prepared,
		    f);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

static void
executed(void *ctx, enum err e)
{
	struct payout_flow *f = ctx;

	/* Somebody instructed the batch meanwhile: his proposal is there, and answers this one, too. */
	if (e == ERR_WRONG_STATE)
		e = ERR_CONTENDED;
	if (e == ERR_OK)
		settle_poke(call_app(f->call)->settle);
	proposal_done(f->run, e);
}

/* Allocated for the run; NULL: it is answered. */
static struct payout_flow *
execute_begin(struct proposal_run *x)
{
	struct payout_flow *f = arena_zalloc(x->call->arena, sizeof(*f));

	if (f != NULL) {
		f->call = x->call;
		f->run = x;
		f->world = call_world(x->call);
	}
	if (f != NULL && f->world != NULL)
		return f;
	proposal_done(x, ERR_NO_MEMORY);
	return NULL;
}

void
payouts_execute(struct proposal_run *x)
{
	struct payout_flow *f = execute_begin(x);
	enum err e;

	if (f == NULL)
		return;
	f->instruct = (struct payout_instruct){.ref = x->row.ref,
	    .now_us = clock_wall_us(),
	    .key = x->call->principal->key_id,
	    .mark = &x->mark};
	e = payout_instruct_start(call_app(x->call)->query_pool, x->call->arena, &f->instruct,
	    executed, f);
	if (e != ERR_OK)
		proposal_done(x, e);
}

/* ---- RecordWithdrawal ---------------------------------------------------------------------------- */

static enum err
withdrawal_fill(struct payout_flow *f, const Yuncang__V1__RecordWithdrawalRequest *q)
{
	const struct party *brand = world_party_row(f->world, f->world->brand);
	enum err e;

	f->withdraw = (struct payout_withdraw){.collector = f->world->brand,
	    .provider = brand != NULL ? brand->provider : PROVIDER_NONE,
	    .fen = q->amount_fen,
	    .now_us = clock_wall_us()};
	if (q->provider[0] != '\0')
		f->withdraw.provider = provider_parse(q->provider);
	if (f->withdraw.provider == PROVIDER_NONE)
		return refuse(f, ERR_BAD_FIELD, "provider",
		    "is not a payment provider that is known");
	e = convert_range(&f->call->reason, AT("", "amount_fen"), q->amount_fen, 1, FEN_MAX);
	if (e == ERR_OK)
		e = convert_time(&f->call->reason, AT("", "at"), q->at, &f->withdraw.at_us);
	if (e == ERR_OK && f->withdraw.at_us > f->withdraw.now_us)
		e = refuse(f, ERR_BAD_FIELD, "at", "has not come yet");
	if (f->withdraw.at_us == 0)
		f->withdraw.at_us = f->withdraw.now_us;
	return e;
}

void
record_withdrawal_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__RecordWithdrawalRequest *q =
	    (const Yuncang__V1__RecordWithdrawalRequest *)request;
	struct payout_flow *f = begin(c);
	enum err e;

	if (f == NULL)
		return;
	e = withdrawal_fill(f, q);
	if (e == ERR_OK)
		proposal_ask(c, request,
		    &(struct proposal_ask){.kind = PROPOSAL_WITHDRAWAL,
		        .ref = q->ref,
		        .fen = q->amount_fen,
		        .about = "the brand's merchant account"});
	else
		call_fail_err(c, e);
}

void
withdrawal_execute(struct proposal_run *x)
{
	struct payout_flow *f = execute_begin(x);
	enum err e;

	if (f == NULL)
		return;
	e = withdrawal_fill(f, (const Yuncang__V1__RecordWithdrawalRequest *)x->request);
	f->withdraw.mark = &x->mark;
	if (e == ERR_OK)
		e = payout_withdraw_start(call_app(x->call)->query_pool, x->call->arena,
		    &f->withdraw, executed, f);
	if (e != ERR_OK)
		proposal_done(x, e);
}

/* ---- ConfirmPayout ------------------------------------------------------------------------------- */

static void
payout_confirmed(void *ctx, enum err e, const struct payout_row *row)
{
	struct payout_flow *f = ctx;
	struct call *c = f->call;
	Yuncang__V1__ConfirmPayoutResponse m = YUNCANG__V1__CONFIRM_PAYOUT_RESPONSE__INIT;

	if (e == ERR_CONTENDED && ++f->tries < call_app(c)->conf->decide_tries_max) {
		e = payout_confirm_start(call_app(c)->query_pool, c->arena, &f->confirm,
		    payout_confirmed, f);
		if (e == ERR_OK)
			return;
	}
	if (e == ERR_WRONG_STATE)
		(void)refuse(f, e, "payout_id",
		    "is not a bank's or an offset that is on its way, or it ended otherwise");
	if (e == ERR_OK) {
		m.payout = payout_message(f->world, row, c->arena);
		e = m.payout != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e == ERR_OK)
		call_reply(c, &m.base);
	else
		call_fail_err(c, e);
}

static enum err
confirm_fill(struct payout_flow *f, const Yuncang__V1__ConfirmPayoutRequest *q)
{
	enum err e;

	f->confirm = (struct payout_confirm){.world = f->world,
	    .paid = q->outcome == YUNCANG__V1__PAYOUT_STATE__PAYOUT_STATE_PAID,
	    .reason = q->reason,
	    .now_us = clock_wall_us()};
	if (uuid_parse(q->payout_id, &f->confirm.id) != ERR_OK)
		return refuse(f, ERR_BAD_FIELD, "payout_id", "is not the id of a payout");
	if (!f->confirm.paid && q->outcome != YUNCANG__V1__PAYOUT_STATE__PAYOUT_STATE_CLOSED)
		return refuse(f, ERR_BAD_FIELD, "outcome", "must be PAID or CLOSED");
	if (strlen(q->reason) > REASON_BYTES_MAX || f->confirm.paid != (q->reason[0] == '\0'))
		return refuse(f, ERR_BAD_FIELD, "reason",
		    "why it was closed, at most 200 bytes; none of what was paid");
	e = convert_time(&f->call->reason, AT("", "at"), q->at, &f->confirm.at_us);
	if (e == ERR_OK && f->confirm.at_us > f->confirm.now_us)
		e = refuse(f, ERR_BAD_FIELD, "at", "has not come yet");
	if (f->confirm.at_us == 0)
		f->confirm.at_us = f->confirm.now_us;
	return e;
}

void
confirm_payout_start(struct call *c, const ProtobufCMessage *request)
{
	struct payout_flow *f = begin(c);
	enum err e;

	if (f == NULL)
		return;
	e = confirm_fill(f, (const Yuncang__V1__ConfirmPayoutRequest *)request);
	if (e == ERR_OK)
		e = payout_confirm_start(call_app(c)->query_pool, c->arena, &f->confirm,
		    payout_confirmed, f);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- ConfirmRefund ------------------------------------------------------------------------------- */

static void
refund_confirmed(void *ctx, enum err e, const struct refund_row *row)
{
	struct payout_flow *f = ctx;
	struct call *c = f->call;
	Yuncang__V1__ConfirmRefundResponse m = YUNCANG__V1__CONFIRM_REFUND_RESPONSE__INIT;

	if (e == ERR_WRONG_STATE)
		(void)refuse(f, e, "refund_no",
		    "is asked of the provider, or done under another number");
	if (e == ERR_OK) {
		settle_poke(call_app(c)->settle);
		m.refund = refund_message(f->world, row, c->arena);
		e = m.refund != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e == ERR_OK)
		call_reply(c, &m.base);
	else
		call_fail_err(c, e);
}

void
confirm_refund_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ConfirmRefundRequest *q =
	    (const Yuncang__V1__ConfirmRefundRequest *)request;
	struct payout_flow *f = begin(c);
	enum err e = ERR_OK;

	if (f == NULL)
		return;
	f->refund = (struct refund_confirm){.refund_no = q->refund_no,
	    .part_no = q->part,
	    .number = q->number,
	    .now_us = clock_wall_us()};
	if (uuid_parse(q->order_id, &f->refund.order) != ERR_OK)
		e = refuse(f, ERR_BAD_FIELD, "order_id", "is not the id of an order");
	if (e == ERR_OK)
		e = convert_range(&c->reason, AT("", "part"), q->part, 1, 7);
	if (e == ERR_OK && !ref_valid(q->number, NUMBER_BYTES_MAX))
		e = refuse(f, ERR_BAD_FIELD, "number", "must be 1 to 64 bytes without spaces");
	if (e == ERR_OK)
		e = refund_confirm_start(call_app(c)->query_pool, c->arena, &f->refund,
		    refund_confirmed, f);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
