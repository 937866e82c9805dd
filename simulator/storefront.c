#include "simulator/storefront.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "simulator/rpc.h"

#define LIFE_MEMORY (64 * 1024)
#define PAUSE_FIRST_US (20 * US_PER_MS)
#define PAUSE_US_MAX (1000 * US_PER_MS)
#define OLD_REACH 20000 /* how many orders back an old one may be */
#define ORDER_ID_SIZE 40

enum step { QUOTE, SUBMIT, REPEAT, OTHER_BODY, OLD, PAY, PAY_REPEAT, END };

struct life {
	struct shop *shop;
	struct plan plan;
	struct arena *arena;
	struct http_call call;
	struct event *timer;
	enum step step;
	uint8_t *body;
	size_t body_len;
	int64_t from_us; /* latency counts from here */
	int64_t step_us; /* when the step's first request went out */
	int64_t pause_us;
	int cuts_left;
	bool waits_to_pay, told;
	uint64_t old; /* number of the old order sent again */
	char *token;
	int64_t total_fen, paid_at_us;
	int outcome;
	char order_id[ORDER_ID_SIZE];
};

typedef const ProtobufCMessage *build_fn(struct life *l);
typedef enum step answer_fn(struct life *l, const struct rpc_answer *a);

static void step_start(struct life *l, enum step step);

/* In a closed loop the lane takes its next order now; paying goes on beside it. */
static void
tell_answered(struct life *l)
{
	if (l->told)
		return;
	l->told = true;
	if (l->shop->answered != NULL)
		l->shop->answered(l->shop, l->shop->ctx);
}

static void
life_end(struct life *l)
{
	struct shop *s = l->shop;

	s->open--;
	tell_answered(l);
	event_free(l->timer);
	arena_free(l->arena);
	free(l->body);
	free(l->token);
	free(l);
}

/* ---- Quote ------------------------------------------------------------------------------------- */

static const ProtobufCMessage *
quote_build(struct life *l)
{
	Yuncang__V1__QuoteRequest *q = mix_quote(&l->shop->mix, &l->plan, l->arena);

	l->shop->tally.quotes++;
	return q == NULL ? NULL : &q->base;
}

static enum step
quote_answer(struct life *l, const struct rpc_answer *a)
{
	const Yuncang__V1__QuoteResponse *r = (const void *)a->message;

	if (a->outcome == RPC_REFUSED) {
		shop_refused(l->shop, l->plan.way, a->reason);
		return END;
	}
	if (r->n_options == 0) {
		shop_refused(l->shop, l->plan.way,
		    r->n_refusals > 0 ? r->refusals[0]->reason : "no_option_and_no_refusal");
		return END;
	}
	l->total_fen = r->options[0]->total_fen;
	if (!l->plan.prepaid)
		l->token = strdup(r->options[0]->token);
	l->from_us = clock_mono_us();
	return SUBMIT;
}

/* ---- Submit, and again ------------------------------------------------------------------------- */

static Yuncang__V1__Payment *
payment_build(struct life *l)
{
	if (l->paid_at_us == 0)
		l->paid_at_us = clock_wall_us();
	return mix_payment(&l->shop->mix, &l->plan, l->total_fen, l->paid_at_us, l->arena);
}

static Yuncang__V1__SubmitOrderRequest *
submit_message(struct life *l)
{
	Yuncang__V1__SubmitOrderRequest *q = mix_submit(&l->shop->mix, &l->plan, l->arena);

	if (q == NULL)
		return NULL;
	if (l->token != NULL)
		q->quote_token = l->token;
	if (l->plan.prepaid && (q->payment = payment_build(l)) == NULL)
		return NULL;
	return q;
}

static const ProtobufCMessage *
submit_build(struct life *l)
{
	Yuncang__V1__SubmitOrderRequest *q = submit_message(l);

	return q == NULL ? NULL : &q->base;
}

/* The steps after an acknowledged submit, in their order; those not in the plan are passed over. */
static enum step
step_after(const struct life *l, enum step step)
{
	const struct plan *p = &l->plan;

	if (step < REPEAT && p->repeat)
		return REPEAT;
	if (step < OTHER_BODY && p->other_body)
		return OTHER_BODY;
	if (step < OLD && p->old_repeat)
		return OLD;
	if (step < PAY && p->pays)
		return PAY;
	if (step == PAY && p->pay_repeat)
		return PAY_REPEAT;
	return END;
}

static void
submit_acknowledged(struct life *l, const struct rpc_answer *a,
    const Yuncang__V1__SubmitOrderResponse *r)
{
	struct shop *s = l->shop;
	struct known *k = model_known(&s->model, l->plan.number);
	int64_t us = clock_mono_us() - l->from_us;

	if (k != NULL) {
		k->hot = l->plan.line[0].sku == s->mix.world->hot_sku;
		k->plain = l->token == NULL && !l->plan.prepaid;
	}
	model_acknowledge(&s->model, l->plan.number, l->plan.storefront, r, a->body, a->body_len);
	(void)snprintf(l->order_id, sizeof(l->order_id), "%s", r->order_id);
	if (r->option != NULL) {
		l->total_fen = r->option->total_fen;
		s->tally.sold_fen += l->total_fen;
	}
	if (r->deposit_fen > 0 && !l->plan.prepaid) /* the rest is paid when it is asked for */
		l->total_fen = r->deposit_fen;
	s->tally.acknowledged[l->plan.way]++;
	s->tally.last_us = clock_mono_us();
	latency_add(&s->tally.way[l->plan.way], us);
	latency_add(&s->tally.second, us);
	if (l->plan.prepaid) {
		char number[MIX_PAYMENT_SIZE];

		model_paid(&s->model, l->order_id, "channel",
		    mix_payment_number(&l->shop->mix, l->plan.number, number), l->total_fen,
		    (int)YUNCANG__V1__PAYMENT_OUTCOME__PAYMENT_OUTCOME_OPENED);
	} else if (!l->plan.pays) {
		s->tally.left_unpaid++;
	}
	if (s->acknowledged != NULL)
		s->acknowledged(s, &l->plan, l->order_id, s->ctx);
}

static enum step
submit_answer(struct life *l, const struct rpc_answer *a)
{
	char ref[REF_SIZE];

	if (a->outcome == RPC_REFUSED) {
		shop_refused(l->shop, l->plan.way, a->reason);
		model_refuse(&l->shop->model, l->plan.number, l->plan.storefront,
		    mix_ref(&l->shop->mix, l->plan.number, ref), a->reason);
		return END;
	}
	submit_acknowledged(l, a, (const void *)a->message);
	return step_after(l, SUBMIT);
}

static enum step
repeat_answer(struct life *l, const struct rpc_answer *a)
{
	char ref[REF_SIZE];

	l->shop->tally.repeats++;
	if (a->outcome == RPC_REFUSED)
		model_refuse(&l->shop->model, l->plan.number, l->plan.storefront,
		    mix_ref(&l->shop->mix, l->plan.number, ref), a->reason);
	else
		model_acknowledge(&l->shop->model, l->plan.number, l->plan.storefront,
		    (const void *)a->message, a->body, a->body_len);
	return step_after(l, REPEAT);
}

static const ProtobufCMessage *
other_build(struct life *l)
{
	Yuncang__V1__SubmitOrderRequest *q = submit_message(l);

	if (q == NULL)
		return NULL;
	q->basket->lines[0]->quantity++;
	return &q->base;
}

static enum step
other_answer(struct life *l, const struct rpc_answer *a)
{
	char ref[REF_SIZE];

	l->shop->tally.other_bodies++;
	if (a->outcome != RPC_REFUSED || strcmp(a->reason, "exists_differs") != 0)
		model_violation(&l->shop->model, "duplicated",
		    "%s %s: another body under the same reference was not refused as such but: %s %s",
		    l->plan.storefront, mix_ref(&l->shop->mix, l->plan.number, ref),
		    a->outcome == RPC_OK ? "accepted" : a->reason, a->text);
	return step_after(l, OTHER_BODY);
}

static const ProtobufCMessage *
old_build(struct life *l)
{
	const struct mix *m = &l->shop->mix;
	struct plan plan;
	struct rng r;
	Yuncang__V1__SubmitOrderRequest *q;

	rng_init(&r, m->world->seed ^ 1, RNG_FAULT, l->plan.number);
	l->old = l->plan.number;
	for (int i = 0; i < 20; i++) {
		uint64_t reach = l->plan.number < OLD_REACH ? l->plan.number : OLD_REACH, back;
		const struct known *k;

		back = reach == 0 ? 0 : (uint64_t)rng_between(&r, 1, (int64_t)reach);
		k = model_known(&l->shop->model, l->plan.number - back);
		if (k == NULL || k->state != KNOWN_ACKNOWLEDGED || !k->plain)
			continue;
		l->old = l->plan.number - back;
		mix_plan(m, l->old, k->hot, &plan);
		q = mix_submit(m, &plan, l->arena);
		return q == NULL ? NULL : &q->base;
	}
	return submit_build(l); /* none found: this one is as good */
}

static enum step
old_answer(struct life *l, const struct rpc_answer *a)
{
	l->shop->tally.repeats++;
	if (a->outcome == RPC_REFUSED)
		model_violation(&l->shop->model, "lost",
		    "old order %llu was refused when sent again: %s %s", (unsigned long long)l->old,
		    a->reason, a->text);
	else
		model_acknowledge(&l->shop->model, l->old, "", (const void *)a->message, a->body,
		    a->body_len);
	return step_after(l, OLD);
}

/* ---- Pay --------------------------------------------------------------------------------------- */

static const ProtobufCMessage *
pay_build(struct life *l)
{
	Yuncang__V1__ConfirmPaymentRequest *q = arena_alloc(l->arena, sizeof(*q));

	if (q == NULL)
		return NULL;
	*q = (Yuncang__V1__ConfirmPaymentRequest)YUNCANG__V1__CONFIRM_PAYMENT_REQUEST__INIT;
	q->order_id = l->order_id;
	q->payment = payment_build(l);
	if (q->payment == NULL ||
	    (l->shop->paying != NULL &&
	        !l->shop->paying(l->shop, l->order_id, q->payment, l->shop->ctx)))
		return NULL;
	return &q->base;
}

static enum step
pay_answer(struct life *l, const struct rpc_answer *a)
{
	const Yuncang__V1__ConfirmPaymentResponse *r = (const void *)a->message;
	struct tally *t = &l->shop->tally;
	char number[MIX_PAYMENT_SIZE];

	if (a->outcome == RPC_REFUSED) {
		t->payments_refused++;
		model_violation(&l->shop->model, "unbalanced",
		    "order %s: its payment was refused: %s %s", l->order_id, a->reason, a->text);
		return END;
	}
	l->outcome = (int)r->outcome;
	t->payments++;
	if (l->outcome >= 0 && l->outcome < OUTCOMES)
		t->payment_outcome[l->outcome]++;
	model_paid(&l->shop->model, l->order_id, "wechat",
	    mix_payment_number(&l->shop->mix, l->plan.number, number), l->total_fen, l->outcome);
	return step_after(l, PAY);
}

static enum step
pay_repeat_answer(struct life *l, const struct rpc_answer *a)
{
	const Yuncang__V1__ConfirmPaymentResponse *r = (const void *)a->message;

	if (a->outcome == RPC_REFUSED || (int)r->outcome != l->outcome)
		model_violation(&l->shop->model, "duplicated",
		    "order %s: the same payment again got another answer: %s", l->order_id,
		    a->outcome == RPC_REFUSED ? a->reason : "another outcome");
	return END;
}

/* ---- The steps --------------------------------------------------------------------------------- */

#define PATH(name) "/yuncang.v1.OrderService/" name
static const struct {
	const char *path;
	const ProtobufCMessageDescriptor *response;
	build_fn *build;
	answer_fn *answer;
} steps[END] = {
    [QUOTE] = {PATH("Quote"), &yuncang__v1__quote_response__descriptor, quote_build, quote_answer},
    [SUBMIT] = {PATH("SubmitOrder"), &yuncang__v1__submit_order_response__descriptor, submit_build,
        submit_answer},
    [REPEAT] = {PATH("SubmitOrder"), &yuncang__v1__submit_order_response__descriptor, submit_build,
        repeat_answer},
    [OTHER_BODY] = {PATH("SubmitOrder"), &yuncang__v1__submit_order_response__descriptor,
        other_build, other_answer},
    [OLD] = {PATH("SubmitOrder"), &yuncang__v1__submit_order_response__descriptor, old_build,
        old_answer},
    [PAY] = {PATH("ConfirmPayment"), &yuncang__v1__confirm_payment_response__descriptor, pay_build,
        pay_answer},
    [PAY_REPEAT] = {PATH("ConfirmPayment"), &yuncang__v1__confirm_payment_response__descriptor,
        pay_build, pay_repeat_answer},
};

static void
step_send(struct life *l)
{
	l->call.path = steps[l->step].path;
	l->call.body = l->body;
	l->call.body_len = l->body_len;
	l->call.cut_after_us = -1;
	if (l->cuts_left > 0) {
		l->cuts_left--;
		l->shop->tally.cuts++;
		l->call.cut_after_us = l->plan.cut_after_us;
	}
	http_client_send(l->shop->client, &l->call);
}

static void
step_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct life *l = call->ctx;
	struct rpc_answer a;
	enum step next;

	rpc_judge(&a, steps[l->step].response, status, body, len);
	if (a.outcome == RPC_AGAIN) {
		struct timeval pause = {.tv_sec = l->pause_us / US_PER_S,
		    .tv_usec = l->pause_us % US_PER_S};

		l->shop->tally.retries++;
		if (clock_mono_us() - l->step_us > l->shop->outage_us) {
			l->shop->tally.gave_up++;
			life_end(l);
			return;
		}
		if (l->pause_us < PAUSE_US_MAX)
			l->pause_us *= 2;
		(void)event_add(l->timer, &pause);
		return;
	}
	next = steps[l->step].answer(l, &a);
	rpc_answer_release(&a);
	step_start(l, next);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct life *l = ctx;

	(void)fd;
	(void)what;
	if (l->waits_to_pay) {
		l->waits_to_pay = false;
		l->step_us = clock_mono_us();
	}
	step_send(l);
}

static void
step_start(struct life *l, enum step step)
{
	const ProtobufCMessage *m;

	if (step == END) {
		life_end(l);
		return;
	}
	free(l->body);
	l->body = NULL;
	arena_reset(l->arena);
	l->step = step;
	l->step_us = clock_mono_us();
	l->pause_us = PAUSE_FIRST_US;
	l->cuts_left = step == SUBMIT ? l->plan.cuts : step == PAY && l->plan.pay_cut ? 1 : 0;
	m = steps[step].build(l);
	if (m != NULL)
		l->body = rpc_pack(m, &l->body_len);
	if (l->body == NULL) {
		l->shop->tally.gave_up++;
		life_end(l);
		return;
	}
	if (step == PAY) {
		struct timeval wait = {.tv_sec = l->plan.pay_after_us / US_PER_S,
		    .tv_usec = l->plan.pay_after_us % US_PER_S};

		l->waits_to_pay = true;
		(void)event_add(l->timer, &wait);
		tell_answered(l);
		return;
	}
	step_send(l);
}

enum err
storefront_order(struct shop *s, uint64_t number, bool hot, int64_t scheduled_us)
{
	struct life *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY;
	l->shop = s;
	l->arena = arena_new(LIFE_MEMORY);
	l->timer = event_new(s->base, -1, 0, on_timer, l);
	if (l->arena == NULL || l->timer == NULL) {
		if (l->timer != NULL)
			event_free(l->timer);
		arena_free(l->arena);
		free(l);
		return ERR_NO_MEMORY;
	}
	mix_plan(&s->mix, number, hot, &l->plan);
	l->call.done = step_done;
	l->call.ctx = l;
	l->from_us = scheduled_us;
	s->open++;
	s->tally.started[l->plan.way]++;
	step_start(l, l->plan.quote_first ? QUOTE : SUBMIT);
	return ERR_OK;
}
