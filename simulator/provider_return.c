/* provider_return: 分账回退: what a receiver gives back to the payer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "simulator/provider_api.h"

#define RETURNS_MAX 50
#define RETURN_WITHIN_US (180 * US_PER_DAY)

static bool
return_answer(const struct books *b, const struct ret *r, struct answer *a)
{
	const char *payer = r->split->payment->merchant->number;
	char created[CHINA_TIME_SIZE], finished[CHINA_TIME_SIZE];
	json_t *m;

	china_time(r->created_us, created);
	m = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "order_id",
	    r->split->order_id, "out_order_no", r->split->out_order_no, "out_return_no",
	    r->out_return_no, "return_id", r->return_id, "return_mchid", r->leg->account, "amount",
	    (json_int_t)r->amount, "description", r->description, "result",
	    r->result == LEG_PENDING       ? "PROCESSING"
	        : r->result == LEG_SUCCESS ? "SUCCESS"
	                                   : "FAILED",
	    "create_time", created);
	if (m != NULL && r->finish_us != 0) {
		china_time(r->finish_us, finished);
		(void)json_object_set_new(m, "finish_time", json_string(finished));
	}
	if (m != NULL && r->result == LEG_CLOSED)
		(void)json_object_set_new(m, "fail_reason", json_string(r->fail_reason));
	if (m != NULL && strcmp(payer, b->signer) != 0)
		(void)json_object_set_new(m, "sub_mchid", json_string(payer));
	return answer_json(a, m);
}

/* Asked for once more, by a query or the same request. */
static bool
return_poll(struct books *b, struct ret *r, struct answer *a)
{
	if (r->result == LEG_PENDING) {
		b->changed = true;
		if (++r->polls >= b->conf.pending_polls && books_return_settle(b, r) != ERR_OK)
			return answer_no_memory(a);
	}
	return return_answer(b, r, a);
}

/* The split that is meant, by the payer's number or ours. */
static struct split *
split_named(struct books *b, const char *payer, const char *out_order_no, const char *order_id)
{
	if (out_order_no != NULL)
		return books_find2(&b->splits, payer, out_order_no);
	for (size_t i = 0; order_id != NULL && i < b->splits.count; i++) {
		struct split *s = b->splits.item[i];

		if (strcmp(s->order_id, order_id) == 0 &&
		    strcmp(s->payment->merchant->number, payer) == 0)
			return s;
	}
	return NULL;
}

static struct leg *
leg_named(struct split *s, const char *account)
{
	for (int i = 0; i < s->leg_count; i++)
		if (!s->legs[i].rest && strcmp(s->legs[i].account, account) == 0 &&
		    strcmp(s->legs[i].type, "MERCHANT_ID") == 0)
			return &s->legs[i];
	return NULL;
}

static bool
return_allowed(struct books *b, const struct split *s, const struct leg *l, const char *account,
    int64_t amount, struct answer *a)
{
	const struct merchant *from = books_find(&b->merchants, account);

	if (l == NULL)
		return answer_invalid(a, "回退方不是原分账单的商户接收方");
	if (!s->done || l->result != LEG_SUCCESS)
		return answer_invalid(a, "原分账单未成功，不能回退");
	if (b->now_us > l->finish_us + RETURN_WITHIN_US)
		return answer_invalid(a, "超过分账回退期限");
	if (from == NULL || !(from->returns_agreed || b->all_agreed))
		return answer_refuse(a, 403, "NO_AUTH", "回退方没有开通分账回退功能");
	if (s->return_count >= RETURNS_MAX)
		return answer_refuse(a, 403, "RULE_LIMIT", "超过一笔分账单可回退次数上限");
	if (amount > l->amount - l->returned - l->returning)
		return answer_refuse(a, 403, "NOT_ENOUGH", "回退金额超过可回退金额");
	return true;
}

static bool
return_accept(struct books *b, struct split *s, struct leg *l, const struct ret *wanted,
    struct answer *a)
{
	struct ret *r = malloc(sizeof(*r));

	if (r == NULL)
		return answer_no_memory(a);
	*r = *wanted;
	books_key(r->key, s->payment->merchant->number, r->out_return_no);
	if (books_add(&b->returns, r->key, r) != ERR_OK)
		return answer_no_memory(a);
	books_id(b, "3108", r->return_id);
	r->split = s;
	r->leg = l;
	r->created_us = b->now_us;
	r->requests = 1;
	r->next = s->returns;
	s->returns = r;
	s->return_count++;
	l->returning += r->amount;
	b->changed = true;
	if (b->conf.pending_polls == 0 && books_return_settle(b, r) != ERR_OK)
		return answer_no_memory(a);
	return return_answer(b, r, a);
}

static bool
return_same(const struct ret *r, const struct split *s, const char *account, int64_t amount,
    const char *description)
{
	return r->split == s && strcmp(r->leg->account, account) == 0 && r->amount == amount &&
	    strcmp(r->description, description) == 0;
}

bool
api_return(struct books *b, struct ask *q, struct answer *a)
{
	const char *payer = api_payer(b, q), *account = body_text(q->body, "return_mchid");
	const char *no = body_text(q->body, "out_return_no");
	struct ret wanted = {0}, *old;
	struct split *s;
	struct leg *l;

	if (no == NULL || !number_good(no, "_*@-"))
		return answer_param(a, "商户回退单号错误");
	if (account == NULL || !body_amount(q->body, "amount", 1, AMOUNT_MAX, &wanted.amount))
		return answer_param(a, "回退商户号或回退金额错误");
	if (!body_copy(q->body, "description", true, wanted.description,
	        sizeof(wanted.description)))
		return answer_param(a, "回退描述错误");
	(void)snprintf(wanted.out_return_no, sizeof(wanted.out_return_no), "%s", no);
	s = split_named(b, payer, body_text(q->body, "out_order_no"),
	    body_text(q->body, "order_id"));
	old = books_find2(&b->returns, payer, no);
	if (old != NULL) {
		old->requests++;
		b->changed = true;
		return return_same(old, s, account, wanted.amount, wanted.description)
		    ? return_poll(b, old, a)
		    : answer_invalid(a, "商户回退单号与原请求参数不一致");
	}
	if (s == NULL)
		return answer_refuse(a, 404, "RESOURCE_NOT_EXISTS", "原分账单不存在");
	l = leg_named(s, account);
	return return_allowed(b, s, l, account, wanted.amount, a) &&
	    return_accept(b, s, l, &wanted, a);
}

bool
api_return_get(struct books *b, struct ask *q, struct answer *a)
{
	const char *order = ask_query(q, "out_order_no");
	struct ret *r = books_find2(&b->returns, api_payer(b, q), q->number);

	if (order == NULL)
		return answer_param(a, "out_order_no未设置");
	if (r == NULL || strcmp(r->split->out_order_no, order) != 0)
		return answer_refuse(a, 404, "RESOURCE_NOT_EXISTS", "记录不存在");
	return return_poll(b, r, a);
}
