/* provider_dump: the books as JSON, for who compares them with the ledger. */
#include <string.h>

#include "simulator/provider_api.h"

static json_t *
merchants_dump(const struct books *b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < b->merchants.count; i++) {
		const struct merchant *m = b->merchants.item[i];

		(void)json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "number", m->number, "frozen",
		        (json_int_t)m->frozen, "available", (json_int_t)m->available, "disputed",
		        (json_int_t)m->disputed, "withdrawn", (json_int_t)m->withdrawn, "topped_up",
		        (json_int_t)m->topped_up, "returns_agreed", m->returns_agreed));
	}
	return list;
}

static json_t *
legs_dump(const struct split *s)
{
	static const char *const results[] = {"PENDING", "SUCCESS", "CLOSED"};
	json_t *list = json_array();

	for (int i = 0; i < s->leg_count; i++) {
		const struct leg *l = &s->legs[i];

		(void)json_array_append_new(list,
		    json_pack("{s:s, s:s, s:I, s:s, s:s, s:I, s:b}", "type", l->type, "account",
		        l->account, "amount", (json_int_t)l->amount, "result", results[l->result],
		        "fail_reason", l->fail_reason, "returned", (json_int_t)l->returned, "rest",
		        l->rest));
	}
	return list;
}

static void
returns_dump(const struct split *s, json_t *list)
{
	static const char *const results[] = {"PROCESSING", "SUCCESS", "FAILED"};

	for (const struct ret *r = s->returns; r != NULL; r = r->next)
		(void)json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:I}", "out_return_no",
		        r->out_return_no, "out_order_no", s->out_order_no, "return_mchid",
		        r->leg->account, "amount", (json_int_t)r->amount, "result",
		        results[r->result], "fail_reason", r->fail_reason, "requests",
		        (json_int_t)r->requests, "effects", (json_int_t)r->effects));
}

static json_t *
refunds_dump(const struct payment *p)
{
	json_t *list = json_array();

	for (const struct refund *r = p->refunds; r != NULL; r = r->next)
		(void)json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:I}", "out_refund_no",
		        r->out_refund_no, "amount", (json_int_t)r->amount, "fee",
		        (json_int_t)r->fee, "from", r->from_frozen ? "frozen" : "available",
		        "status", refund_ends[r->end], "requests", (json_int_t)r->requests,
		        "effects", (json_int_t)r->effects));
	return list;
}

static json_t *
payment_dump(const struct payment *p)
{
	static const char *const kinds[] = {"split", "unfreeze", "system"};
	json_t *splits = json_array(), *returns = json_array();
	char paid[CHINA_TIME_SIZE];

	for (const struct split *s = p->splits; s != NULL; s = s->next) {
		(void)json_array_append_new(splits,
		    json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "out_order_no",
		        s->out_order_no, "order_id", s->order_id, "kind", kinds[s->kind], "state",
		        s->done ? "FINISHED" : "PROCESSING", "requests", (json_int_t)s->requests,
		        "effects", (json_int_t)s->effects, "receivers", legs_dump(s)));
		returns_dump(s, returns);
	}
	china_time(p->paid_us, paid);
	return json_pack(
	    "{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:o, "
	    "s:o, s:o}",
	    "transaction_id", p->transaction_id, "sub_mchid", p->merchant->number, "out_trade_no",
	    p->out_trade_no, "paid_at", paid, "profit_sharing", p->shares, "amount",
	    (json_int_t)p->amount, "fee", (json_int_t)p->fee, "frozen", (json_int_t)p->frozen,
	    "unsplit", (json_int_t)payment_unsplit(p), "finished", p->finished, "refunded",
	    (json_int_t)p->refunded, "fee_refunded", (json_int_t)p->fee_refunded, "disputed",
	    (json_int_t)p->disputed, "lost", (json_int_t)p->lost, "splits", splits, "returns",
	    returns, "refunds", refunds_dump(p));
}

json_t *
books_dump(const struct books *b, const char *transaction_id)
{
	json_t *list = json_array();
	char now[CHINA_TIME_SIZE];

	for (size_t i = 0; i < b->payments.count; i++) {
		const struct payment *p = b->payments.item[i];

		if (transaction_id == NULL || strcmp(p->transaction_id, transaction_id) == 0)
			(void)json_array_append_new(list, payment_dump(p));
	}
	china_time(b->now_us, now);
	return json_pack("{s:s, s:{s:I, s:I, s:I, s:I, s:I}, s:o, s:o}", "now", now, "config",
	    "cap_bps", (json_int_t)b->conf.cap_bps, "pending_polls",
	    (json_int_t)b->conf.pending_polls, "freeze_days", (json_int_t)b->conf.freeze_days,
	    "settle_s", (json_int_t)b->conf.settle_s, "qps", (json_int_t)b->conf.qps, "merchants",
	    merchants_dump(b), "transactions", list);
}
