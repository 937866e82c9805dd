#include "simulator/bench_judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "simulator/rpc.h"

struct judge {
	const struct bench_judge_in *in;
	struct bench_tally *t;
	bool inside; /* of the answer being read */
};

static void
refused(struct judge *j, const char *reason)
{
	struct bench_tally *t = j->t;
	int i = 0;

	if (!j->inside)
		return;
	t->refused++;
	while (i < t->reason_count && strcmp(t->reason[i].reason, reason) != 0)
		i++;
	if (i == BENCH_REASONS_MAX) /* the service's error table is shorter: more would be odd */
		i--;
	if (i == t->reason_count)
		(void)snprintf(t->reason[t->reason_count++].reason, BENCH_REASON_SIZE, "%s",
		    reason);
	t->reason[i].count++;
}

static void __attribute__((format(printf, 2, 3))) violation(struct judge *j, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (j->in->model != NULL)
		model_violation(j->in->model, "lost", "%s", text);
	else if (j->t->violations++ == 0)
		(void)fprintf(stderr, "VIOLATION: %s\n", text);
}

/* ---- Orders ------------------------------------------------------------------------------------ */

static void
order_accepted(struct judge *j, size_t at, const Yuncang__V1__SubmitOrderResponse *r,
    const uint8_t *body, size_t len)
{
	const struct bench_order *o = &j->in->orders->order[at];
	const struct mix *m = &j->in->mix->mix;
	char ref[REF_SIZE], number[MIX_PAYMENT_SIZE];
	struct plan p;

	bench_plan(j->in->mix, o->index, &p);
	j->t->orders += j->inside;
	if (strcmp(r->order_ref, mix_ref(m, p.number, ref)) != 0) {
		violation(j, "%s was asked for, %s is answered", ref, r->order_ref);
		return;
	}
	if (r->option != NULL && o->total_fen > 0 && r->option->total_fen != o->total_fen)
		violation(j, "%s: %lld fen were quoted, %lld are asked", ref,
		    (long long)o->total_fen, (long long)r->option->total_fen);
	model_acknowledge(j->in->model, at, p.storefront, r, body, len);
	if (p.prepaid)
		model_paid(j->in->model, r->order_id, "channel",
		    mix_payment_number(m, p.number, number), o->total_fen,
		    (int)YUNCANG__V1__PAYMENT_OUTCOME__PAYMENT_OUTCOME_OPENED);
}

/* ${again}: the outcome is open, so that the order may be there or not. */
static void
order_refused(struct judge *j, size_t at, const char *reason, bool again)
{
	const struct bench_order *o = &j->in->orders->order[at];
	char ref[REF_SIZE];
	struct plan p;

	refused(j, reason);
	if (again)
		return;
	bench_plan(j->in->mix, o->index, &p);
	model_refuse(j->in->model, at, p.storefront, mix_ref(&j->in->mix->mix, p.number, ref),
	    reason);
}

static void
submit_judge(struct judge *j, const struct bench_request *r, const struct bench_answer *w,
    const uint8_t *body)
{
	struct rpc_answer a;

	rpc_judge(&a, &yuncang__v1__submit_order_response__descriptor, w->status, body,
	    w->body_len);
	if (a.outcome == RPC_OK)
		order_accepted(j, r->order_first, (const void *)a.message, body, w->body_len);
	else
		order_refused(j, r->order_first, a.reason, a.outcome == RPC_AGAIN);
	rpc_answer_release(&a);
}

static void
bulk_judge(struct judge *j, const struct bench_request *r, const struct bench_answer *w,
    const uint8_t *body)
{
	const Yuncang__V1__SubmitOrdersResponse *all;
	struct rpc_answer a;

	rpc_judge(&a, &yuncang__v1__submit_orders_response__descriptor, w->status, body,
	    w->body_len);
	all = (const void *)a.message;
	if (a.outcome != RPC_OK) {
		for (uint32_t i = 0; i < r->order_count; i++)
			order_refused(j, r->order_first + i, a.reason, a.outcome == RPC_AGAIN);
	} else if (all->n_results != r->order_count) {
		violation(j, "%u orders were sent, %zu are answered", r->order_count,
		    all->n_results);
	} else {
		for (uint32_t i = 0; i < r->order_count; i++) {
			const Yuncang__V1__SubmitOrderResult *x = all->results[i];

			if (x->order != NULL)
				order_accepted(j, r->order_first + i, x->order, body, 0);
			else if (x->error != NULL)
				order_refused(j, r->order_first + i, x->error->reason,
				    x->error->retry);
			else
				violation(j, "an order of a bulk has neither answer nor error");
		}
	}
	rpc_answer_release(&a);
}

/* ---- Quotes ------------------------------------------------------------------------------------ */

static void
offered(struct judge *j, size_t options, const char *refusal)
{
	if (options > 0)
		j->t->options += j->inside ? (int64_t)options : 0;
	else if (refusal != NULL)
		refused(j, refusal);
	else
		violation(j, "a quote offers nothing and refuses nothing");
}

static void
quote_judge(struct judge *j, const struct bench_request *r, const struct bench_answer *w,
    const uint8_t *body)
{
	const Yuncang__V1__QuoteResponse *q;
	struct rpc_answer a;

	(void)r;
	rpc_judge(&a, &yuncang__v1__quote_response__descriptor, w->status, body, w->body_len);
	q = (const void *)a.message;
	if (a.outcome == RPC_OK)
		offered(j, q->n_options, q->n_refusals > 0 ? q->refusals[0]->reason : NULL);
	else
		refused(j, a.reason);
	rpc_answer_release(&a);
}

static void
quote_json_judge(struct judge *j, const struct bench_request *r, const struct bench_answer *w,
    const uint8_t *body)
{
	json_t *root;

	if (w->status != 200) {
		quote_judge(j, r, w, body);
		return;
	}
	root = json_loadb((const char *)body, w->body_len, 0, NULL);
	if (root == NULL)
		refused(j, "unreadable_answer");
	else
		offered(j, json_array_size(json_object_get(root, "options")),
		    json_string_value(
		        json_object_get(json_array_get(json_object_get(root, "refusals"), 0),
		            "reason")));
	json_decref(root);
}

void
bench_judge(const struct bench_judge_in *in, struct bench_tally *t)
{
	static void (*const judges[])(struct judge *, const struct bench_request *,
	    const struct bench_answer *, const uint8_t *) = {[BENCH_SUBMIT] = submit_judge,
	    [BENCH_BULK] = bulk_judge,
	    [BENCH_QUOTE] = quote_judge,
	    [BENCH_QUOTE_OPEN] = quote_judge,
	    [BENCH_QUOTE_JSON] = quote_json_judge};
	struct judge j = {.in = in, .t = t};

	*t = (struct bench_tally){0};
	if (in->kind == BENCH_CONSTANT) {
		t->violations = in->loop->differing;
		return;
	}
	for (size_t i = 0; i < in->loop->answer_count; i++) {
		const struct bench_answer *w = &in->loop->answer[i];

		j.inside = w->inside;
		judges[in->kind](&j, &in->bodies->request[w->request], w, in->loop->store + w->at);
	}
	if (in->model != NULL) /* it sees some itself */
		t->violations = in->model->violations;
}
