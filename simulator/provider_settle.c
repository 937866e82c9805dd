/* provider_settle: what has waited comes to its end, and money moves for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulator/provider_api.h"

#define PERSON_MONTH_MAX INT64_C(20000000) /* 200,000 yuan */

/* ---- Splits ---------------------------------------------------------------------------------------- */

/* The rule that closes a part for ${account}, used up by one; NULL: none does. */
static const struct books_close *
close_rule(struct books *b, const char *account, const struct payment *p, int what)
{
	for (struct books_close *c = b->closes; c != NULL; c = c->next)
		if (c->left != 0 && (int)c->what == what && strcmp(c->account, account) == 0 &&
		    (c->transaction_id[0] == '\0' ||
		        strcmp(c->transaction_id, p->transaction_id) == 0)) {
			if (c->left > 0)
				c->left--;
			return c;
		}
	return NULL;
}

/* What an individual may receive in a month; NULL: no memory. */
static struct person *
person_of(struct books *b, const char *account)
{
	struct person *who = books_find(&b->persons, account);
	int64_t month = china_day(b->now_us).month;

	if (who == NULL) {
		who = calloc(1, sizeof(*who));
		if (who == NULL)
			return NULL;
		(void)snprintf(who->account, sizeof(who->account), "%s", account);
		if (books_add(&b->persons, who->account, who) != ERR_OK)
			return NULL;
	}
	if (who->month != month) {
		who->month = month;
		who->received = 0;
	}
	return who;
}

/* Why this part cannot be paid now; NULL: it can. */
static const char *
leg_obstacle(struct books *b, const struct split *s, const struct leg *l, struct person *who)
{
	const char *payer = s->payment->merchant->number;
	const struct books_close *rule = close_rule(b, l->account, s->payment, CLOSE_SPLIT);

	if (rule != NULL)
		return rule->reason;
	if (who != NULL && l->amount > PERSON_MONTH_MAX - who->received)
		return "RECEIVER_RECEIPT_LIMIT";
	if (strcmp(l->account, payer) != 0 && !receiver_listed(b, payer, l->type, l->account))
		return "NO_RELATION";
	return NULL;
}

/* ${amount} of ${m}, for a part of a split. */
static enum err
leg_flow(struct books *b, struct merchant *m, enum flow_kind kind, int64_t amount,
    const struct split *s, const struct leg *l)
{
	return books_flow(b,
	    &(struct flow){.merchant = m,
	        .at_us = b->now_us,
	        .amount = amount,
	        .kind = kind,
	        .payment = s->payment,
	        .split = s,
	        .leg = l});
}

static enum err
leg_paid(struct books *b, struct split *s, struct leg *l, struct person *who)
{
	struct payment *p = s->payment;
	struct merchant *to;
	enum err e;

	p->frozen -= l->amount;
	p->merchant->frozen -= l->amount;
	if (strcmp(l->account, p->merchant->number) ==
	    0) { /* his own: no money of the account moves */
		p->merchant->available += l->amount;
		return leg_flow(b, p->merchant, FLOW_RELEASE, 0, s, l);
	}
	e = leg_flow(b, p->merchant, FLOW_SPLIT, -l->amount, s, l);
	if (who != NULL)
		who->received += l->amount;
	if (who != NULL || e != ERR_OK)
		return e;
	to = books_merchant(b, l->account);
	if (to == NULL)
		return ERR_NO_MEMORY;
	to->available += l->amount;
	return leg_flow(b, to, FLOW_SPLIT, l->amount, s, l);
}

static enum err
leg_settle(struct books *b, struct split *s, struct leg *l)
{
	struct payment *p = s->payment;
	bool outward = strcmp(l->account, p->merchant->number) != 0;
	struct person *who = NULL;
	const char *why;

	if (strcmp(l->type, "MERCHANT_ID") != 0) {
		who = person_of(b, l->account);
		if (who == NULL)
			return ERR_NO_MEMORY;
	}
	why = leg_obstacle(b, s, l, who);
	l->finish_us = b->now_us;
	p->pending -= l->amount;
	if (why == NULL) {
		l->result = LEG_SUCCESS;
		return leg_paid(b, s, l, who);
	}
	l->result = LEG_CLOSED;
	(void)snprintf(l->fail_reason, sizeof(l->fail_reason), "%s", why);
	p->touched -= l->amount;
	if (outward)
		p->outward -= l->amount;
	if (p->released) { /* there is nothing it could be frozen for */
		p->frozen -= l->amount;
		p->merchant->frozen -= l->amount;
		p->merchant->available += l->amount;
	}
	return ERR_OK;
}

void
leg_make_rest(struct books *b, const struct split *s, struct leg *l)
{
	*l = (struct leg){.type = "MERCHANT_ID", .rest = true};
	(void)snprintf(l->account, sizeof(l->account), "%s", s->payment->merchant->number);
	(void)snprintf(l->description, sizeof(l->description), "%s", "解冻给分账方");
	books_id(b, "3601", l->detail_id);
	l->amount = s->payment->frozen - s->payment->pending;
}

/* The rest is the payer's; ${l} is the row that says so. */
static enum err
payment_release(struct books *b, struct split *s, struct leg *l)
{
	struct payment *p = s->payment;
	int64_t rest = p->frozen - p->pending;

	p->finished = p->released = true;
	p->frozen -= rest;
	p->merchant->frozen -= rest;
	p->merchant->available += rest;
	l->amount = rest;
	l->result = LEG_SUCCESS;
	l->finish_us = b->now_us;
	return leg_flow(b, p->merchant, FLOW_RELEASE, 0, s, l);
}

enum err
books_split_settle(struct books *b, struct split *s)
{
	enum err e = ERR_OK;

	if (s->done)
		return ERR_OK;
	for (int i = 0; e == ERR_OK && i < s->leg_count; i++)
		if (!s->legs[i].rest)
			e = leg_settle(b, s, &s->legs[i]);
	for (int i = 0; e == ERR_OK && i < s->leg_count; i++)
		if (s->legs[i].rest)
			e = payment_release(b, s, &s->legs[i]);
	s->done = true;
	s->effects++;
	b->changed = true;
	return e;
}

/* ---- Returns and refunds --------------------------------------------------------------------------- */

void
books_return_fail(struct books *b, struct ret *r, const char *why)
{
	r->result = LEG_CLOSED;
	r->finish_us = b->now_us;
	r->leg->returning -= r->amount;
	(void)snprintf(r->fail_reason, sizeof(r->fail_reason), "%s", why);
	b->changed = true;
}

enum err
books_return_settle(struct books *b, struct ret *r)
{
	struct merchant *from = books_merchant(b, r->leg->account),
	                *to = r->split->payment->merchant;
	const struct books_close *rule;
	enum err e;

	if (from == NULL)
		return ERR_NO_MEMORY;
	if (r->result != LEG_PENDING || from->available < r->amount)
		return ERR_OK;
	rule = close_rule(b, r->leg->account, r->split->payment, CLOSE_RETURN);
	if (rule != NULL) {
		books_return_fail(b, r, rule->reason);
		return ERR_OK;
	}
	r->result = LEG_SUCCESS;
	r->finish_us = b->now_us;
	r->effects++;
	r->leg->returning -= r->amount;
	r->leg->returned += r->amount;
	from->available -= r->amount;
	e = books_flow(b,
	    &(struct flow){.merchant = from,
	        .at_us = b->now_us,
	        .amount = -r->amount,
	        .kind = FLOW_RETURN,
	        .payment = r->split->payment,
	        .ret = r});
	to->available += r->amount;
	if (e != ERR_OK)
		return e;
	return books_flow(b,
	    &(struct flow){.merchant = to,
	        .at_us = b->now_us,
	        .amount = r->amount,
	        .kind = FLOW_RETURN,
	        .payment = r->split->payment,
	        .ret = r});
}

enum err
books_refunded(struct books *b, struct refund *r)
{
	struct payment *p = r->payment;
	int64_t net = r->amount - r->fee;

	if (r->from_frozen) {
		p->frozen -= net;
		p->merchant->frozen -= net;
	} else {
		p->merchant->available -= net;
	}
	p->refunded += r->amount;
	p->fee_refunded += r->fee;
	p->refund_count++;
	r->effects++;
	r->next = p->refunds;
	p->refunds = r;
	return books_flow(b,
	    &(struct flow){.merchant = p->merchant,
	        .at_us = b->now_us,
	        .amount = -net,
	        .kind = FLOW_REFUND,
	        .payment = p,
	        .refund = r});
}

enum err
books_refund_settle(struct books *b, struct refund *r)
{
	struct payment *p = r->payment;
	int64_t net = r->amount - r->fee;
	const struct books_close *rule;

	if (r->end != REFUND_WAITS)
		return ERR_OK;
	rule = close_rule(b, p->merchant->number, p, CLOSE_REFUND);
	r->finish_us = b->now_us;
	b->changed = true;
	if (rule == NULL || strcmp(rule->reason, "CLOSED") != 0) {
		r->end = rule == NULL ? REFUND_SUCCESS : REFUND_ABNORMAL;
		return ERR_OK;
	}
	r->end = REFUND_CLOSED;
	r->effects--;
	p->refunded -= r->amount;
	p->fee_refunded -= r->fee;
	if (r->from_frozen && !p->released) {
		p->frozen += net;
		p->merchant->frozen += net;
	} else {
		p->merchant->available += net;
	}
	return books_flow(b,
	    &(struct flow){.merchant = p->merchant,
	        .at_us = b->now_us,
	        .amount = net,
	        .kind = FLOW_REFUND,
	        .payment = p,
	        .refund = r});
}
