/* provider_control: what happens to the provider from outside: money, time, and how he is to behave. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulator/provider_api.h"

static bool
done_answer(struct books *b, struct answer *a)
{
	b->changed = true;
	return answer_json(a, json_pack("{s:b}", "ok", 1));
}

/* ---- Payments -------------------------------------------------------------------------------------- */

static bool
payment_read(struct books *b, const json_t *from, struct payment *p, struct answer *a)
{
	char payer[NUMBER_SIZE];
	const json_t *shares = json_object_get(from, "profit_sharing");

	*p = (struct payment){.shares = shares == NULL || json_is_true(shares),
	    .paid_us = b->now_us};
	if (!body_copy(from, "transaction_id", true, p->transaction_id, 33) ||
	    !body_copy(from, "out_trade_no", false, p->out_trade_no, 65) ||
	    !body_copy(from, "sub_mchid", false, payer, 33))
		return answer_control(a, "transaction_id, out_trade_no or sub_mchid is wrong");
	if (!body_amount(from, "amount", 1, AMOUNT_MAX, &p->amount))
		return answer_control(a, "amount is wrong");
	if (json_object_get(from, "fee") != NULL &&
	    !body_amount(from, "fee", 0, p->amount, &p->fee))
		return answer_control(a, "fee is wrong");
	if (json_object_get(from, "paid_at") != NULL && !body_time(from, "paid_at", &p->paid_us))
		return answer_control(a, "paid_at is wrong");
	if (p->out_trade_no[0] == '\0')
		memcpy(p->out_trade_no, p->transaction_id, sizeof(p->out_trade_no));
	p->merchant = books_merchant(b, payer[0] != '\0' ? payer : b->signer);
	return p->merchant != NULL || answer_no_memory(a);
}

/* paid_at may be left out when it is told again. */
static bool
payment_same(const struct payment *p, const struct payment *q, const json_t *from)
{
	return p->merchant == q->merchant && p->amount == q->amount && p->fee == q->fee &&
	    p->shares == q->shares && strcmp(p->out_trade_no, q->out_trade_no) == 0 &&
	    (json_object_get(from, "paid_at") == NULL || p->paid_us == q->paid_us);
}

static bool
payment_take(struct books *b, const json_t *from, int64_t *taken, struct answer *a)
{
	struct payment read, *p;

	if (!payment_read(b, from, &read, a))
		return false;
	p = books_find(&b->payments, read.transaction_id);
	if (p != NULL)
		return payment_same(p, &read, from) ||
		    answer_control(a, "this transaction_id was told before, otherwise");
	if (b->payments.count == PAYMENTS_MAX)
		return answer_control(a, "no more payments are kept");
	p = malloc(sizeof(*p));
	if (p == NULL)
		return answer_no_memory(a);
	*p = read;
	if (books_add(&b->payments, p->transaction_id, p) != ERR_OK || books_paid(b, p) != ERR_OK)
		return answer_no_memory(a);
	++*taken;
	return true;
}

bool
control_payments(struct books *b, struct ask *q, struct answer *a)
{
	size_t count = json_is_array(q->body) ? json_array_size(q->body) : 1;
	int64_t taken = 0;

	for (size_t i = 0; i < count; i++)
		if (!payment_take(b, json_is_array(q->body) ? json_array_get(q->body, i) : q->body,
		        &taken, a))
			return false;
	return answer_json(a,
	    json_pack("{s:I, s:I}", "taken", (json_int_t)taken, "known",
	        (json_int_t)count - (json_int_t)taken));
}

/* ---- Time and behaviour ---------------------------------------------------------------------------- */

bool
control_clock(struct books *b, struct ask *q, struct answer *a)
{
	int64_t now_us;

	if (!body_time(q->body, "now", &now_us))
		return answer_control(a, "now is wrong");
	b->now_us = now_us;
	b->clock_set = true;
	if (books_advance(b) != ERR_OK)
		return answer_no_memory(a);
	return done_answer(b, a);
}

bool
control_conf(struct books *b, struct ask *q, struct answer *a)
{
	struct books_conf c = b->conf;
	const struct {
		const char *name;
		int64_t *to, max;
	} known[] = {
	    {"cap_bps", &c.cap_bps, 10000},
	    {"pending_polls", &c.pending_polls, 1000000},
	    {"freeze_days", &c.freeze_days, 365},
	    {"settle_s", &c.settle_s, 86400},
	    {"qps", &c.qps, 1000000},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (json_object_get(q->body, known[i].name) != NULL &&
		    !body_amount(q->body, known[i].name, 0, known[i].max, known[i].to))
			return answer_control(a, known[i].name);
	b->conf = c;
	books_release_soon(b);
	return done_answer(b, a);
}

bool
control_close(struct books *b, struct ask *q, struct answer *a)
{
	struct books_close *c = calloc(1, sizeof(*c));
	char what[16] = "";

	if (c == NULL)
		return answer_no_memory(a);
	c->left = -1;
	if (!body_copy(q->body, "account", true, c->account, sizeof(c->account)) ||
	    !body_copy(q->body, "reason", false, c->reason, sizeof(c->reason)) ||
	    !body_copy(q->body, "what", false, what, sizeof(what)) ||
	    !body_copy(q->body, "transaction_id", false, c->transaction_id,
	        sizeof(c->transaction_id)) ||
	    (json_object_get(q->body, "count") != NULL &&
	        !body_amount(q->body, "count", 0, INT32_MAX, &c->left))) {
		free(c);
		return answer_control(a, "account, reason, what, count or transaction_id is wrong");
	}
	c->what = strcmp(what, "return") == 0 ? CLOSE_RETURN
	    : strcmp(what, "refund") == 0     ? CLOSE_REFUND
	                                      : CLOSE_SPLIT;
	if (c->reason[0] == '\0')
		(void)snprintf(c->reason, sizeof(c->reason), "ACCOUNT_ABNORMAL");
	/* the newest word on an account stands alone */
	for (struct books_close *old = b->closes; old != NULL; old = old->next)
		if (old->what == c->what && strcmp(old->account, c->account) == 0 &&
		    strcmp(old->transaction_id, c->transaction_id) == 0)
			old->left = 0;
	c->next = b->closes;
	b->closes = c;
	return done_answer(b, a);
}

bool
control_optin(struct books *b, struct ask *q, struct answer *a)
{
	const json_t *on = json_object_get(q->body, "on");
	char account[NUMBER_SIZE];
	struct merchant *m;

	if (!body_copy(q->body, "account", true, account, sizeof(account)) ||
	    (on != NULL && !json_is_boolean(on)))
		return answer_control(a, "account or on is wrong");
	if (strcmp(account, "*") == 0) {
		b->all_agreed = on == NULL || json_is_true(on);
		return done_answer(b, a);
	}
	m = books_merchant(b, account);
	if (m == NULL)
		return answer_no_memory(a);
	m->returns_agreed = on == NULL || json_is_true(on);
	return done_answer(b, a);
}

/* ---- Cash ------------------------------------------------------------------------------------------ */

static bool
cash(struct books *b, struct ask *q, int64_t sign, struct answer *a)
{
	char account[NUMBER_SIZE];
	struct merchant *m;
	int64_t amount;

	if (!body_copy(q->body, "account", true, account, sizeof(account)) ||
	    !body_amount(q->body, "amount", 1, AMOUNT_MAX, &amount))
		return answer_control(a, "account or amount is wrong");
	m = books_merchant(b, account);
	if (m == NULL)
		return answer_no_memory(a);
	if (sign < 0 && amount > m->available)
		return answer_control(a, "there is not so much in available");
	if (sign > 0 && m->topped_up > BALANCE_MAX - amount)
		return answer_control(a, "there is too much in it");
	if (books_cash(b, m, sign * amount) != ERR_OK)
		return answer_no_memory(a);
	return done_answer(b, a);
}

bool
control_topup(struct books *b, struct ask *q, struct answer *a)
{
	return cash(b, q, 1, a);
}

bool
control_withdraw(struct books *b, struct ask *q, struct answer *a)
{
	return cash(b, q, -1, a);
}

bool
control_dispute(struct books *b, struct ask *q, struct answer *a)
{
	const char *id = body_text(q->body, "transaction_id"),
	           *action = body_text(q->body, "action");
	struct payment *p = id != NULL ? books_find(&b->payments, id) : NULL;
	int64_t amount;

	if (p == NULL || action == NULL || !body_amount(q->body, "amount", 1, AMOUNT_MAX, &amount))
		return answer_control(a, "transaction_id, amount or action is wrong");
	if (strcmp(action, "open") == 0) {
		if (amount > p->merchant->available ||
		    amount > p->amount - p->refunded - p->disputed - p->lost)
			return answer_control(a, "there is not so much");
		p->disputed += amount;
		p->merchant->disputed += amount;
		p->merchant->available -= amount;
		return done_answer(b, a);
	}
	if (amount > p->disputed)
		return answer_control(a, "there is not so much in dispute");
	if (strcmp(action, "won") == 0) {
		p->disputed -= amount;
		p->merchant->disputed -= amount;
		p->merchant->available += amount;
		return done_answer(b, a);
	}
	if (strcmp(action, "lost") != 0)
		return answer_control(a, "action is open, won or lost");
	return books_dispute_lost(b, p, amount) == ERR_OK ? done_answer(b, a) : answer_no_memory(a);
}

/* ---- Bills ----------------------------------------------------------------------------------------- */

bool
control_plant(struct books *b, struct ask *q, struct answer *a)
{
	static const char *const kinds[] = {"none", "fee", "refund", "missing", "amount", "summary",
	    "header", "hash", "truncated"};
	struct books_plant *p = calloc(1, sizeof(*p));
	bool known = false;
	int64_t day;

	if (p == NULL)
		return answer_no_memory(a);
	if (body_copy(q->body, "date", true, p->date, sizeof(p->date)) &&
	    body_copy(q->body, "kind", true, p->kind, sizeof(p->kind)) &&
	    body_copy(q->body, "bill", false, p->bill, sizeof(p->bill)) &&
	    (json_object_get(q->body, "amount") == NULL ||
	        body_amount(q->body, "amount", 1, AMOUNT_MAX, &p->amount)) &&
	    china_date_parse(p->date, &day))
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			known = known || strcmp(p->kind, kinds[i]) == 0;
	if (p->bill[0] == '\0')
		(void)snprintf(p->bill, sizeof(p->bill), "trade");
	if (!known ||
	    (strcmp(p->bill, "trade") != 0 && strcmp(p->bill, "fund") != 0 &&
	        strcmp(p->bill, "split") != 0)) {
		free(p);
		return answer_control(a, "date, kind, bill or amount is wrong");
	}
	p->next = b->plants; /* the newest is found first */
	b->plants = p;
	return done_answer(b, a);
}
