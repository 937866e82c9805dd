/* store_hand: a pickup, from the shelf into the customer's hands. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "flow/act_plan.h"
#include "flow/collection_code.h"
#include "flow/store_act.h"

#define HOLD_DAYS_DEFAULT 7 /* where no policy is active */

/* ---- MarkReady ------------------------------------------------------------------------------------ */

static enum err
ready_plan(struct act_call *c)
{
	const struct policy *p = act_policy(&c->run);
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	e = act_step(&c->run, ACT_READY, is);
	if (e != ERR_OK)
		return e;
	is->due_us = c->run.now_us +
	    (p != NULL ? p->pickup_hold_days : HOLD_DAYS_DEFAULT) * US_PER_DAY;
	(void)act_call_row(c, ACT_READY, (int)is->state);
	act_event_add(&c->run, OUTBOX_READY, is);
	return ERR_OK;
}

void
mark_ready_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_READY,
	    .side = ACT_BY_STORE,
	    .plan = ready_plan};

	act_call_start(c, request, &method);
}

/* ---- ConfirmCollection ---------------------------------------------------------------------------- */

static enum err
locked(struct act_call *c, int64_t until_us)
{
	time_t s = (time_t)(until_us / US_PER_S);
	struct tm tm;
	char text[sizeof("2026-11-21T08:00:00Z")];

	(void)gmtime_r(&s, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return reason_set(c->run.reason, ERR_CODE_LOCKED, "act.fulfilment",
	    "too many wrong codes: no collection before %s; ReissueCode makes a new code", text);
}

/* What a wrong code says, now and of a repeat: the trail's row has how many tries were left. */
static enum err
collect_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	(void)response;
	if (a->kind != ACT_WRONG_CODE)
		return ERR_OK;
	if (a->reason == 0)
		return locked(c, a->at_us + c->run.app->conf->collection_lock_ms * US_PER_MS);
	return reason_set(c->run.reason, ERR_WRONG_CODE, "code",
	    "this is not the customer's code; %d tries left", a->reason);
}

static enum err
wrong_code(struct act_call *c, struct fulfilment_read *is)
{
	const struct conf *conf = c->run.app->conf;
	int left;

	is->wrong_tries++;
	left = (int)conf->collection_tries_max - is->wrong_tries;
	if (left < 0)
		left = 0;
	if (left == 0) {
		is->locked_until_us = c->run.now_us + conf->collection_lock_ms * US_PER_MS;
		is->wrong_tries = 0; /* when it ends, as many again */
		act_event_add(&c->run, OUTBOX_CODE_LOCKED, is);
	}
	act_call_row(c, ACT_WRONG_CODE, (int)is->state)->reason = left;
	return ERR_OK;
}

static enum err
collect_plan(struct act_call *c)
{
	const Yuncang__V1__ConfirmCollectionRequest *q =
	    (const Yuncang__V1__ConfirmCollectionRequest *)c->request;
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	char code[COLLECTION_CODE_SIZE];
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	e = act_step(&c->run, ACT_COLLECT, is);
	if (e != ERR_OK)
		return e;
	if (c->ful->locked_until_us > c->run.now_us)
		return locked(c, c->ful->locked_until_us);
	is->locked_until_us = 0;
	/* first: a try that cannot pass otherwise tells nothing of the code */
	e = act_serials(c, c->ful, q->serials, q->n_serials, false);
	if (e != ERR_OK)
		return e;
	collection_code(c->run.app->collection_secret, &c->run.order_id, c->ful, c->ful->code_no,
	    code);
	if (!collection_code_is(q->code, code)) {
		is->state = c->ful->state;
		c->run.in.serial_count = 0;
		return wrong_code(c, is);
	}
	is->due_us = 0;
	is->wrong_tries = 0;
	is->handed_us = c->run.now_us;
	(void)act_call_row(c, ACT_COLLECT, (int)is->state);
	act_event_add(&c->run, OUTBOX_COLLECTED, is);
	return ERR_OK;
}

void
confirm_collection_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_COLLECT,
	    .side = ACT_BY_STORE,
	    .with = READ_MONEY,
	    .plan = collect_plan,
	    .answer = collect_answer};

	act_call_start(c, request, &method);
}

/* ---- ReissueCode ---------------------------------------------------------------------------------- */

static enum err
reissue_plan(struct act_call *c)
{
	struct fulfilment_read *is = act_change(&c->run, c->ful);
	enum fulfilment_state after;
	char allowed[REASON_TEXT_MAX];

	if (is == NULL)
		return ERR_NO_MEMORY;
	/* It moves nothing, so the table does not have it: what can be collected can get another code. */
	if (!fulfilment_step(ACT_COLLECT, is->way, is->state, &after)) {
		fulfilment_allowed(is->way, is->state, allowed, sizeof(allowed));
		return reason_set(c->run.reason, ERR_WRONG_STATE, "act.fulfilment",
		    "%s: fulfilment %d is %s; allowed: %s", act_word(ACT_REISSUE), is->number,
		    fulfilment_state_word(is->state), allowed);
	}
	if (is->code_no == INT16_MAX)
		return reason_set(c->run.reason, ERR_WRONG_STATE, "act.fulfilment",
		    "fulfilment %d had %d codes: that is all", is->number, INT16_MAX);
	is->code_no++;
	is->wrong_tries = 0;
	is->locked_until_us = 0;
	(void)act_call_row(c, ACT_REISSUE, (int)is->state);
	act_event_add(&c->run, OUTBOX_CODE_REISSUED, is);
	return ERR_OK;
}

/* Code n came with the n-th of these acts. */
static enum err
reissue_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	Yuncang__V1__ReissueCodeResponse *m = (Yuncang__V1__ReissueCodeResponse *)response;
	const struct order_read *o = c->run.order;
	int code_no = 1;
	char *code;

	if (c->call->principal->role != ROLE_STOREFRONT)
		return ERR_OK;
	code = arena_alloc(c->run.arena, COLLECTION_CODE_SIZE);
	if (code == NULL)
		return reason_set(c->run.reason, ERR_NO_MEMORY, NULL, "%s",
		    err_text(ERR_NO_MEMORY));
	for (int i = 0; i < o->act_count && o->acts[i].act_no < a->act_no; i++)
		code_no += o->acts[i].kind == ACT_REISSUE && o->acts[i].number == a->number;
	collection_code(c->run.app->collection_secret, &c->run.order_id, c->ful, code_no, code);
	m->collection_code = code;
	return ERR_OK;
}

void
reissue_code_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_REISSUE,
	    .side = ACT_BY_EITHER,
	    .plan = reissue_plan,
	    .answer = reissue_answer};

	act_call_start(c, request, &method);
}
