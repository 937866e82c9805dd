/* provider_refund: money back to customers. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "simulator/provider_api.h"

#define REFUNDS_MAX 50
#define REFUND_WITHIN_US (365 * US_PER_DAY)

const char *const refund_ends[] = {
    [REFUND_WAITS] = "PROCESSING",
    [REFUND_SUCCESS] = "SUCCESS",
    [REFUND_ABNORMAL] = "ABNORMAL",
    [REFUND_CLOSED] = "CLOSED",
};

static bool
refund_answer(const struct refund *r, struct answer *a)
{
	const struct payment *p = r->payment;
	char created[CHINA_TIME_SIZE], finished[CHINA_TIME_SIZE];
	json_t *m;

	china_time(r->created_us, created);
	m = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:I, s:I, s:I, s:I, s:I, "
	              "s:I, s:I, s:s}}",
	    "refund_id", r->refund_id, "out_refund_no", r->out_refund_no, "transaction_id",
	    p->transaction_id, "out_trade_no", p->out_trade_no, "channel", "ORIGINAL",
	    "user_received_account", "支付用户零钱", "create_time", created, "status",
	    refund_ends[r->end], "funds_account", r->from_frozen ? "UNSETTLED" : "AVAILABLE",
	    "amount", "total", (json_int_t)p->amount, "refund", (json_int_t)r->amount,
	    "payer_total", (json_int_t)p->amount, "payer_refund", (json_int_t)r->amount,
	    "settlement_total", (json_int_t)p->amount, "settlement_refund", (json_int_t)r->amount,
	    "discount_refund", (json_int_t)0, "currency", "CNY");
	if (m != NULL && r->end == REFUND_SUCCESS) {
		china_time(r->finish_us, finished);
		(void)json_object_set_new(m, "success_time", json_string(finished));
	}
	return answer_json(a, m);
}

/* The fee that comes back with this refund: cumulative, so that the last one brings all the rest. */
static int64_t
fee_of(const struct payment *p, int64_t amount)
{
	int64_t so_far = 0;
	bool fits = fen_mul_div(p->fee, p->refunded + amount, p->amount, ROUND_HALF_UP, &so_far);

	assert(fits);
	return so_far - p->fee_refunded;
}

static bool
refund_allowed(struct books *b, struct refund *r, int64_t total, struct answer *a)
{
	const struct payment *p = r->payment;

	if (total != p->amount)
		return answer_invalid(a, "订单金额或退款金额与之前请求不一致，请核实后再试");
	if (b->now_us > p->paid_us + REFUND_WITHIN_US)
		return answer_invalid(a, "订单已经超过可退款的最大期限");
	if (p->refund_count >= REFUNDS_MAX)
		return answer_refuse(a, 403, "RULE_LIMIT", "部分退款次数超过上限");
	if (r->amount > p->amount - p->refunded - p->disputed - p->lost)
		return answer_invalid(a, "申请退款金额大于可退金额");
	r->from_frozen = !p->released;
	r->fee = fee_of(p, r->amount);
	if (r->from_frozen && p->touched > 0 && r->amount > p->frozen - p->pending)
		return answer_refuse(a, 403, "RULE_LIMIT", "申请退款金额大于剩余未分账金额");
	if (!r->from_frozen && r->amount - r->fee > p->merchant->available)
		return answer_refuse(a, 403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起");
	return true;
}

static bool
refund_accept(struct books *b, const struct refund *wanted, struct answer *a)
{
	struct refund *r = malloc(sizeof(*r));

	if (r == NULL)
		return answer_no_memory(a);
	*r = *wanted;
	books_key(r->key, r->payment->merchant->number, r->out_refund_no);
	if (books_add(&b->refunds, r->key, r) != ERR_OK)
		return answer_no_memory(a);
	books_id(b, "5030", r->refund_id);
	r->created_us = b->now_us;
	r->requests = 1;
	if (books_refunded(b, r) != ERR_OK)
		return answer_no_memory(a);
	if (b->conf.pending_polls == 0 && books_refund_settle(b, r) != ERR_OK)
		return answer_no_memory(a);
	return refund_answer(r, a);
}

bool
api_refund(struct books *b, struct ask *q, struct answer *a)
{
	const char *payer = api_payer(b, q), *no = body_text(q->body, "out_refund_no"),
	           *id = body_text(q->body, "transaction_id");
	const json_t *money = json_object_get(q->body, "amount");
	const char *currency = body_text(money, "currency");
	struct refund wanted = {0}, *old;
	int64_t total;

	if (no == NULL || !number_good(no, "_-|*@"))
		return answer_param(a, "商户退款单号错误");
	if (id == NULL || !body_amount(money, "refund", 1, AMOUNT_MAX, &wanted.amount) ||
	    !body_amount(money, "total", 1, AMOUNT_MAX, &total) || currency == NULL ||
	    strcmp(currency, "CNY") != 0)
		return answer_param(a, "transaction_id或amount错误");
	if (!body_copy(q->body, "reason", false, wanted.reason, sizeof(wanted.reason)))
		return answer_param(a, "退款原因错误");
	old = books_find2(&b->refunds, payer, no);
	if (old != NULL) {
		old->requests++;
		b->changed = true;
		return strcmp(old->payment->transaction_id, id) == 0 &&
		        old->amount == wanted.amount && total == old->payment->amount
		    ? refund_answer(old, a)
		    : answer_invalid(a, "订单金额或退款金额与之前请求不一致，请核实后再试");
	}
	wanted.payment = books_find(&b->payments, id);
	if (wanted.payment == NULL || strcmp(wanted.payment->merchant->number, payer) != 0)
		return answer_refuse(a, 404, "RESOURCE_NOT_EXISTS", "订单号不存在");
	(void)snprintf(wanted.out_refund_no, sizeof(wanted.out_refund_no), "%s", no);
	return refund_allowed(b, &wanted, total, a) && refund_accept(b, &wanted, a);
}

bool
api_refund_get(struct books *b, struct ask *q, struct answer *a)
{
	struct refund *r = books_find2(&b->refunds, api_payer(b, q), q->number);

	if (r == NULL)
		return answer_refuse(a, 404, "RESOURCE_NOT_EXISTS", "退款单不存在");
	if (r->end == REFUND_WAITS) {
		b->changed = true;
		if (++r->polls >= b->conf.pending_polls && books_refund_settle(b, r) != ERR_OK)
			return answer_no_memory(a);
	}
	return refund_answer(r, a);
}
