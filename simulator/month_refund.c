#include "simulator/month_refund.h"

#include <stdio.h>
#include <string.h>

#include "simulator/audit_db.h"
#include "simulator/world.h"

#define PARTIAL_FEN 3000
#define GOODWILL_FEN 1200

/* One unit of orders that were split, by turns of dealers who agreed to give back and who did not. */
static const char paid_sql[] =
    "select o.order_id, f.number, f.line[1] from sales_order o "
    "join lateral (select number, line from fulfilment f where f.order_id = o.order_id "
    "and f.state in (7, 10) order by number limit 1) f on true "
    "where o.refund_due_fen = 0 and o.line_price_fen[f.line[1] + 1] > 20000 and exists (select from payout p "
    "where p.order_id = o.order_id and p.state = 3 and p.rail = 1 and p.done_at <= $1 and p.fen > 4000) "
    "order by o.order_id limit 8";

static enum err
raise_one(struct month *m, const char *order, json_int_t number, json_int_t line, bool goodwill)
{
	json_t *body = json_pack("{s:s, s:s, s:s}", "ref", order, "orderId", order, "note",
	    goodwill ? "came late" : "a scratch");
	bool done;
	enum err e;

	if (goodwill) {
		(void)json_object_set_new(body, "goodwillFen", month_fen(GOODWILL_FEN));
		(void)json_object_set_new(body, "bearer", json_string(BRAND_CODE));
	} else {
		(void)json_object_set_new(body, "partFen", month_fen(PARTIAL_FEN));
		(void)json_object_set_new(body, "fulfilment", json_integer(number));
		(void)json_object_set_new(body, "line", json_integer(line));
	}
	e = month_act(m, "FinanceService/RefundAmount", body, false, &done);
	m->tally.goodwill += done && goodwill;
	m->tally.partial += done && !goodwill;
	return e;
}

enum err
month_refunds_raise(struct month *m)
{
	PGresult *r = month_query(m, paid_sql);
	enum err e = ERR_OK;

	if (r == NULL)
		return ERR_IO;
	for (int i = 0; e == ERR_OK && i < PQntuples(r); i++)
		e = raise_one(m, audit_text(r, i, 0), audit_int(r, i, 1), audit_int(r, i, 2),
		    i % 4 == 3);
	PQclear(r);
	return e;
}

enum err
month_refunds_confirm(struct month *m)
{
	PGresult *r = month_query(m,
	    "select order_id, refund_no, part_no from refund where state in (1, 2, 4) and provider <> 1 and due_at <= $1");
	enum err e = ERR_OK;

	if (r == NULL)
		return ERR_IO;
	for (int i = 0; e == ERR_OK && i < PQntuples(r); i++) {
		char number[64];
		json_t *answer;

		(void)snprintf(number, sizeof(number), "back-%s-%lld", audit_text(r, i, 0),
		    (long long)audit_int(r, i, 1));
		e = month_must(m, m->o->key, "FinanceService/ConfirmRefund",
		    json_pack("{s:s, s:I, s:I, s:s}", "orderId", audit_text(r, i, 0), "refundNo",
		        (json_int_t)audit_int(r, i, 1), "part", (json_int_t)audit_int(r, i, 2),
		        "number", number),
		    &answer);
		m->tally.refunds += answer != NULL;
		json_decref(answer);
	}
	PQclear(r);
	return e;
}
