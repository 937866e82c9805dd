/* provider_split: splits, unfreezing, and what may still be split. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "simulator/provider_api.h"

#define SPLITS_MAX 50
#define LEGS_MAX 50
#define DESCRIPTION_MAX 80 /* characters */

/* A request, read and not yet believed. */
struct wanted {
	struct payment *payment;
	const char *out_order_no;
	char *body;
	struct leg leg[LEGS_MAX];
	int leg_count;
	int64_t sum, outward;
	bool releases;
};

/* ---- Answers --------------------------------------------------------------------------------------- */

static const char *
result_name(enum leg_result r)
{
	return r == LEG_PENDING ? "PENDING" : r == LEG_SUCCESS ? "SUCCESS" : "CLOSED";
}

static json_t *
leg_json(const struct split *s, const struct leg *l)
{
	char created[CHINA_TIME_SIZE], finished[CHINA_TIME_SIZE];
	json_t *m;

	china_time(s->created_us, created);
	m = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "type", l->type, "account", l->account,
	    "amount", (json_int_t)l->amount, "description", l->description, "result",
	    result_name(l->result), "detail_id", l->detail_id, "create_time", created);
	if (m == NULL)
		return NULL;
	if (l->finish_us != 0) {
		china_time(l->finish_us, finished);
		(void)json_object_set_new(m, "finish_time", json_string(finished));
	}
	if (l->result == LEG_CLOSED)
		(void)json_object_set_new(m, "fail_reason", json_string(l->fail_reason));
	return m;
}

static bool
split_answer(const struct books *b, const struct split *s, struct answer *a)
{
	const char *payer = s->payment->merchant->number;
	json_t *list = json_array(), *m;

	for (int i = 0; list != NULL && i < s->leg_count; i++)
		if (s->legs[i].amount > 0)
			(void)json_array_append_new(list, leg_json(s, &s->legs[i]));
	m = json_pack("{s:s, s:s, s:s, s:s, s:o}", "transaction_id", s->payment->transaction_id,
	    "out_order_no", s->out_order_no, "order_id", s->order_id, "state",
	    s->done ? "FINISHED" : "PROCESSING", "receivers", list);
	if (m != NULL && strcmp(payer, b->signer) != 0)
		(void)json_object_set_new(m, "sub_mchid", json_string(payer));
	return answer_json(a, m);
}

/* ---- Reading --------------------------------------------------------------------------------------- */

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static bool
leg_read(const struct ask *q, const json_t *from, struct leg *l, struct answer *a)
{
	*l = (struct leg){0};
	if (!body_copy(from, "type", true, l->type, sizeof(l->type)) ||
	    !body_copy(from, "account", true, l->account, sizeof(l->account)))
		return answer_param(a, "分账接收方类型或账号错误");
	if (!body_amount(from, "amount", 1, AMOUNT_MAX, &l->amount))
		return answer_param(a, "分账金额错误");
	if (!body_copy(from, "description", true, l->description, sizeof(l->description)) ||
	    characters(l->description) > DESCRIPTION_MAX)
		return answer_param(a, "分账描述错误");
	return receiver_name_check(q, from, false, a);
}

/* The request in one spelling: names are encrypted anew each time and do not count. */
static char *
body_spell(const char *transaction_id, const char *kind, const struct wanted *w,
    const char *description)
{
	json_t *list = json_array(), *m;
	char *text;

	for (int i = 0; i < w->leg_count; i++)
		(void)json_array_append_new(list,
		    json_pack("[s, s, I, s]", w->leg[i].type, w->leg[i].account,
		        (json_int_t)w->leg[i].amount, w->leg[i].description));
	m = json_pack("{s:s, s:s, s:b, s:s, s:o}", "kind", kind, "transaction_id", transaction_id,
	    "releases", w->releases, "description", description, "receivers", list);
	text = m != NULL ? json_dumps(m, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (m != NULL)
		json_decref(m);
	return text;
}

static bool
legs_read(const struct ask *q, struct wanted *w, const char *payer, struct answer *a)
{
	const json_t *list = json_object_get(q->body, "receivers"), *from;
	bool personal = false;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > LEGS_MAX)
		return answer_param(a, "分账接收方列表错误，最多50个");
	json_array_foreach(list, i, from)
	{
		struct leg *l = &w->leg[i];

		if (!leg_read(q, from, l, a))
			return false;
		for (size_t k = 0; k < i; k++)
			if (strcmp(w->leg[k].account, l->account) == 0 &&
			    strcmp(w->leg[k].type, l->type) == 0)
				return answer_param(a, "分账接收方不能重复");
		personal = personal || strncmp(l->type, "PERSONAL_", 9) == 0;
		w->leg_count++;
		w->sum += l->amount;
		if (strcmp(l->account, payer) != 0)
			w->outward += l->amount;
	}
	if (personal && body_text(q->body, "appid") == NULL)
		return answer_param(a, "appid未设置");
	return true;
}

/* ---- Rules ----------------------------------------------------------------------------------------- */

/* The payment of this payer, when it can be split or unfrozen at all. */
static struct payment *
payment_open(struct books *b, const char *transaction_id, const char *payer, struct answer *a)
{
	struct payment *p = books_find(&b->payments, transaction_id);
	const char *why = NULL;

	if (p == NULL || strcmp(p->merchant->number, payer) != 0)
		why = "微信订单号不存在";
	else if (!p->shares)
		why = "非分账订单不支持分账";
	else if (b->now_us < p->paid_us + b->conf.settle_s * US_PER_S)
		why = "订单处理中，请稍后重试";
	else if (p->finished)
		why = "分账已完结，不能再次请求分账";
	else if (p->refunded == p->amount)
		why = "订单已全额退款，不支持分账";
	if (why == NULL)
		return p;
	(void)answer_invalid(a, why);
	return NULL;
}

static bool
split_allowed(struct books *b, const struct wanted *w, struct answer *a)
{
	const struct payment *p = w->payment;

	if (p->split_count >= SPLITS_MAX)
		return answer_refuse(a, 403, "RULE_LIMIT", "超过一笔订单可请求分账次数上限");
	for (int i = 0; i < w->leg_count; i++)
		if (strcmp(w->leg[i].account, p->merchant->number) != 0 &&
		    !receiver_listed(b, p->merchant->number, w->leg[i].type, w->leg[i].account))
			return answer_invalid(a,
			    "分账接收方与分账方未建立分账关系，请先添加分账接收方");
	if (w->sum > payment_unsplit(p))
		return answer_refuse(a, 403, "NOT_ENOUGH", "分账金额超过待分账金额");
	if (w->outward > payment_cap_left(p, b->conf.cap_bps))
		return answer_refuse(a, 403, "RULE_LIMIT", "分账金额超过最大分账比例");
	return true;
}

/* ---- Doing ----------------------------------------------------------------------------------------- */

static struct split *
split_make(struct books *b, struct wanted *w, enum split_kind kind)
{
	struct payment *p = w->payment;
	struct split *s = calloc(1, sizeof(*s));
	int rows = w->leg_count + (w->releases ? 1 : 0);

	if (s == NULL)
		return NULL;
	s->legs = calloc((size_t)rows, sizeof(*s->legs));
	books_key(s->key, p->merchant->number, w->out_order_no);
	if (s->legs == NULL) {
		free(s);
		return NULL;
	}
	(void)snprintf(s->out_order_no, sizeof(s->out_order_no), "%s", w->out_order_no);
	s->payment = p;
	s->kind = kind;
	s->releases = w->releases;
	s->created_us = b->now_us;
	books_id(b, "3008", s->order_id);
	for (int i = 0; i < w->leg_count; i++) {
		s->legs[i] = w->leg[i];
		books_id(b, "3601", s->legs[i].detail_id);
	}
	s->leg_count = rows;
	return s;
}

/* Accepted: what it asks for waits, and counts against what may still be split. */
static bool
split_accept(struct books *b, struct wanted *w, enum split_kind kind, struct answer *a)
{
	struct split *s = split_make(b, w, kind);
	struct payment *p = w->payment;
	struct leg *legs;

	if (s == NULL)
		return answer_no_memory(a);
	legs = s->legs;
	if (books_add(&b->splits, s->key, s) != ERR_OK) {
		free(legs);
		return answer_no_memory(a);
	}
	s->body = w->body;
	w->body = NULL;
	s->next = p->splits;
	p->splits = s;
	p->split_count++;
	p->pending += w->sum;
	p->touched += w->sum;
	p->outward += w->outward;
	if (w->releases) {
		leg_make_rest(b, s, &s->legs[w->leg_count]);
		p->finished = true;
	}
	s->requests = 1;
	b->changed = true;
	if (b->conf.pending_polls == 0 && books_split_settle(b, s) != ERR_OK)
		return answer_no_memory(a);
	return split_answer(b, s, a);
}

bool
api_split(struct books *b, struct ask *q, struct answer *a)
{
	const char *payer = api_payer(b, q), *id = body_text(q->body, "transaction_id");
	const json_t *releases = json_object_get(q->body, "unfreeze_unsplit");
	struct wanted w = {.releases = json_is_true(releases)};
	struct split *old;
	bool done = false;

	w.out_order_no = body_text(q->body, "out_order_no");
	if (w.out_order_no == NULL || !number_good(w.out_order_no, "_-|*@"))
		return answer_param(a, "商户分账单号错误");
	if (id == NULL || !json_is_boolean(releases))
		return answer_param(a, "transaction_id或unfreeze_unsplit错误");
	if (!legs_read(q, &w, payer, a))
		return false;
	w.body = body_spell(id, "split", &w, "");
	if (w.body == NULL)
		return answer_no_memory(a);
	old = books_find2(&b->splits, payer, w.out_order_no);
	if (old != NULL) {
		old->requests++;
		b->changed = true;
		done = strcmp(old->body, w.body) == 0
		    ? split_answer(b, old, a)
		    : answer_invalid(a, "分账接收方与原请求不一致");
	} else {
		w.payment = payment_open(b, id, payer, a);
		done = w.payment != NULL && split_allowed(b, &w, a) &&
		    split_accept(b, &w, SPLIT_SPLIT, a);
	}
	free(w.body);
	return done;
}

bool
api_unfreeze(struct books *b, struct ask *q, struct answer *a)
{
	const char *payer = api_payer(b, q), *id = body_text(q->body, "transaction_id"),
	           *description = body_text(q->body, "description");
	struct wanted w = {.releases = true};
	struct split *old;
	bool done = false;

	w.out_order_no = body_text(q->body, "out_order_no");
	if (w.out_order_no == NULL || !number_good(w.out_order_no, "_-|*@"))
		return answer_param(a, "商户分账单号错误");
	if (id == NULL || description == NULL || characters(description) > DESCRIPTION_MAX)
		return answer_param(a, "transaction_id或description错误");
	old = books_find2(&b->splits, payer, w.out_order_no);
	if (old != NULL) { /* also a split's number: says well, and unfreezes nothing */
		old->requests++;
		b->changed = true;
		return strcmp(old->payment->transaction_id, id) == 0
		    ? split_answer(b, old, a)
		    : answer_invalid(a, "商户分账单号与原请求不一致");
	}
	w.payment = payment_open(b, id, payer, a);
	if (w.payment == NULL)
		return false;
	w.body = body_spell(id, "unfreeze", &w, description);
	if (w.body == NULL)
		return answer_no_memory(a);
	done = split_accept(b, &w, SPLIT_UNFREEZE, a);
	free(w.body);
	return done;
}

/* ---- Asking ---------------------------------------------------------------------------------------- */

bool
api_split_get(struct books *b, struct ask *q, struct answer *a)
{
	const char *id = ask_query(q, "transaction_id");
	struct split *s = books_find2(&b->splits, api_payer(b, q), q->number);

	if (id == NULL)
		return answer_param(a, "transaction_id未设置");
	if (s == NULL || strcmp(s->payment->transaction_id, id) != 0)
		return answer_refuse(a, 404, "RESOURCE_NOT_EXISTS", "记录不存在");
	if (!s->done) {
		b->changed = true;
		if (++s->polls >= b->conf.pending_polls && books_split_settle(b, s) != ERR_OK)
			return answer_no_memory(a);
	}
	return split_answer(b, s, a);
}

bool
api_amounts(struct books *b, struct ask *q, struct answer *a)
{
	const struct payment *p = books_find(&b->payments, q->number);

	if (p == NULL)
		return answer_refuse(a, 404, "RESOURCE_NOT_EXISTS", "记录不存在");
	return answer_json(a,
	    json_pack("{s:s, s:I}", "transaction_id", p->transaction_id, "unsplit_amount",
	        (json_int_t)payment_unsplit(p)));
}

bool
api_ratio(struct books *b, struct ask *q, struct answer *a)
{
	if (books_find(&b->merchants, q->number) == NULL)
		return answer_refuse(a, 404, "RESOURCE_NOT_EXISTS", "记录不存在");
	return answer_json(a,
	    json_pack("{s:s, s:I}", "sub_mchid", q->number, "max_ratio",
	        (json_int_t)b->conf.cap_bps));
}
