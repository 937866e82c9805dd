/* audit_sets: the checks that are one query each; a row of its answer is a violation, told in words. */
#include "simulator/audit.h"
#include "simulator/audit_db.h"

/* What a fulfilment in a state holds: 1 reserved; 2, 3, 6, 8 allocated, until it is handed over or back on the shelf. */
#define HOLDS_STOCK "(1, 2, 3, 6, 8)"
/* Rejected, expired and cancelled ones gave back capacity and slot: nobody worked on them. */
#define NO_WORK "(4, 5, 16)"
/* These and what came back to the shelf gave back the entitlement. */
#define GAVE_BACK "(4, 5, 15, 16)"
/* Units that the customer will not have: the campaign does not pay for them. */
#define UNSOLD "(8, 14, 15, 16)"

#define NO_ORDER(table, id, where) \
	"select format('%s of order %s', '" table "', x." id ") from " table " x where " where \
	" not exists (select from sales_order o where o.order_id = x." id ")"

static const struct {
	enum audit_check check;
	const char *sql;
} sets[] = {
    {AUDIT_STOCK_COUNTER,
        "with h as materialized (select f.dealer_id, f.location_id, u.sku, u.owner, "
        "coalesce(sum(u.qty) filter (where f.state = 1), 0) r, "
        "coalesce(sum(u.qty) filter (where f.state <> 1), 0) a "
        "from fulfilment f, unnest(f.sku_id, f.qty, f.goods_owner_id) u(sku, qty, owner) "
        "where f.state in " HOLDS_STOCK " and u.owner <> 0 group by 1, 2, 3, 4) "
        "select format('location %s sku %s goods of %s: counters %s reserved %s allocated, open "
        "fulfilments %s and %s', coalesce(s.location_id, h.location_id), coalesce(s.sku_id, h.sku), "
        "coalesce(s.goods_owner_id, h.owner), s.reserved, s.allocated, h.r, h.a) "
        "from h full join stock_level s on s.dealer_id = h.dealer_id and s.location_id = h.location_id "
        "and s.sku_id = h.sku and s.goods_owner_id = h.owner "
        "where coalesce(s.reserved, 0) <> coalesce(h.r, 0) or coalesce(s.allocated, 0) <> coalesce(h.a, 0)"},
    {AUDIT_STOCK, /* what was taken after the last count, against what that count left free */
        "with over as materialized (select * from stock_level s where reserved + allocated > 0 "
        "and reserved + allocated > on_hand - safety and not exists (select from stock_delta d "
        "where d.location_id = s.location_id and d.sku_id = s.sku_id)), "
        "held as (select v.location_id, v.sku_id, v.goods_owner_id, v.on_hand - v.safety free, "
        "coalesce(sum(u.qty) filter (where o.created_at < v.counted_at), 0) before, "
        "coalesce(sum(u.qty) filter (where o.created_at >= v.counted_at), 0) after "
        "from over v join fulfilment f on f.dealer_id = v.dealer_id and f.location_id = v.location_id "
        "and f.state in " HOLDS_STOCK " join sales_order o on o.order_id = f.order_id, "
        "unnest(f.sku_id, f.qty, f.goods_owner_id) u(sku, qty, owner) "
        "where u.sku = v.sku_id and u.owner = v.goods_owner_id group by 1, 2, 3, 4) "
        "select format('location %s sku %s goods of %s: %s were free, %s taken before the count, %s after', "
        "location_id, sku_id, goods_owner_id, free, before, after) from held "
        "where after > greatest(free - before, 0)"},
    {AUDIT_CAPACITY,
        "with t as materialized (select dealer_id, location_id, capacity_day as day, count(*) n "
        "from fulfilment where takes_capacity and state not in " NO_WORK " group by 1, 2, 3) "
        "select format('location %s on %s: taken %s of %s, fulfilments %s', coalesce(c.location_id, "
        "t.location_id), coalesce(c.day, t.day), c.taken, c.limit_count, t.n) "
        "from t full join capacity c on c.dealer_id = t.dealer_id and c.location_id = t.location_id "
        "and c.day = t.day where coalesce(c.taken, 0) <> coalesce(t.n, 0) or c.taken > c.limit_count"},
    {AUDIT_SLOT,
        "with t as materialized (select dealer_id, location_id, capacity_day as day, slot_from_min, "
        "slot_to_min, count(*) n from fulfilment where slot_from_min is not null "
        "and state not in " NO_WORK " group by 1, 2, 3, 4, 5) "
        "select format('location %s on %s at %s: taken %s of %s, fulfilments %s', coalesce(c.location_id, "
        "t.location_id), coalesce(c.day, t.day), coalesce(c.from_min, t.slot_from_min), c.taken, "
        "c.limit_count, t.n) from t full join slot c on c.dealer_id = t.dealer_id "
        "and c.location_id = t.location_id and c.day = t.day and c.from_min = t.slot_from_min "
        "and c.to_min = t.slot_to_min "
        "where coalesce(c.taken, 0) <> coalesce(t.n, 0) or c.taken > c.limit_count"},
    {AUDIT_ENTITLEMENT,
        "with t as materialized (select o.dealer_id, u.sku, sum(u.qty) n from fulfilment f "
        "join sales_order o on o.order_id = f.order_id, unnest(f.sku_id, f.qty) u(sku, qty) "
        "where u.sku = any(f.entitled_sku) and f.state not in " GAVE_BACK " group by 1, 2) "
        "select format('dealer %s sku %s: used %s of %s, fulfilments %s', coalesce(e.dealer_id, t.dealer_id), "
        "coalesce(e.sku_id, t.sku), e.used, e.ceiling, t.n) "
        "from t full join entitlement e on e.dealer_id = t.dealer_id and e.sku_id = t.sku "
        "where coalesce(e.used, 0) <> coalesce(t.n, 0) or e.used > e.ceiling"},
    {AUDIT_ENTITLEMENT, /* a pooled sku that a dealer sold from CLOUD without being charged */
        "select format('order %s sku %s left CLOUD uncharged', f.order_id, u.sku) from fulfilment f "
        "join location l on l.location_id = f.location_id and l.kind = 2 "
        "join sales_order o on o.order_id = f.order_id join party p on p.party_id = o.dealer_id and p.kind = 2, "
        "unnest(f.sku_id) u(sku) where f.state not in " GAVE_BACK
        " and f.entitled_sku is distinct from "
        "f.sku_id and not u.sku = any(coalesce(f.entitled_sku, '{}')) "
        "and u.sku in (select sku_id from entitlement)"},
    {AUDIT_BUDGET, /* units that moved to another fulfilment count there */
        "with t as materialized (select o.line_campaign[u.line + 1] campaign, "
        "sum(u.qty * o.line_discount_fen[u.line + 1]) n from fulfilment f "
        "join sales_order o on o.order_id = f.order_id, unnest(f.line, f.qty) u(line, qty) "
        "where o.line_campaign[u.line + 1] > 0 and f.moved_to is null and f.state not in " UNSOLD
        " group by 1) "
        "select format('campaign %s: spent %s of %s, discounts %s', coalesce(b.campaign_id, t.campaign), "
        "b.spent_fen, b.budget_fen, t.n) from t full join campaign_budget b on b.campaign_id = t.campaign "
        "where coalesce(b.spent_fen, 0) <> coalesce(t.n, 0) or b.spent_fen > b.budget_fen"},
    {AUDIT_EXPIRED_HOLDS,
        "select format('order %s fulfilment %s', f.order_id, f.number) from sales_order o "
        "join fulfilment f on f.order_id = o.order_id where o.mark = 5 and f.state in " HOLDS_STOCK},
    {AUDIT_MOVED,
        "select format('order %s fulfilment %s', f.order_id, f.number) from fulfilment f where f.moved_to is not null "
        "and (f.state not in (4, 5, 16) or not exists (select from fulfilment t where t.order_id = f.order_id "
        "and t.number = f.moved_to and t.number > f.number))"},
    {AUDIT_TRAIL,
        "select format('order %s has %s acts, the last is number %s', order_id, count(*), max(act_no)) "
        "from order_act group by order_id having count(*) <> max(act_no)"},
    {AUDIT_TRAIL, /* what was handed over has exactly one act that did it */
        "select format('order %s fulfilment %s in state %s was handed over at %s by %s acts', f.order_id, f.number, "
        "f.state, f.handed_at, x.n) from fulfilment f left join (select order_id, number, "
        "count(*) filter (where kind = 6 or kind = 9) - count(*) filter (where kind = 9 and again) n from "
        "(select order_id, number, kind, exists (select from order_act b where b.order_id = a.order_id "
        "and b.number = a.number and b.kind = 9 and b.act_no < a.act_no) again from order_act a "
        "where kind in (6, 9)) a group by 1, 2) x on x.order_id = f.order_id and x.number = f.number "
        "where coalesce(x.n, 0) <> (f.handed_at is not null)::int "
        "or (f.handed_at is null and f.state in (7, 9, 10, 11, 12, 13, 14))"},
    {AUDIT_ORDER_TWICE,
        "select format('storefront %s reference %s: %s orders', storefront_id, order_ref, count(*)) "
        "from sales_order group by storefront_id, order_ref having count(*) > 1"},
    {AUDIT_ORDER_TWICE,
        "select format('order %s stands there %s times', order_id, count(*)) "
        "from sales_order group by order_id having count(*) > 1"},
    /* one provider number is one payment: the primary key; one order id a submission */
    {AUDIT_ORDER_TWICE,
        "select format('order %s has %s submissions', order_id, count(*)) "
        "from submission group by order_id having count(*) > 1"},
    {AUDIT_CHILD_MISSING,
        "select format('order %s has no submission', o.order_id) from sales_order o "
        "where not exists (select from submission s where s.storefront_id = o.storefront_id "
        "and s.order_ref = o.order_ref and s.order_id = o.order_id)"},
    {AUDIT_ORPHAN, NO_ORDER("submission", "order_id", "")},
    {AUDIT_ORPHAN, NO_ORDER("fulfilment", "order_id", "")},
    {AUDIT_ORPHAN, NO_ORDER("decision", "order_id", "")},
    {AUDIT_ORPHAN, NO_ORDER("contact", "order_id", "")},
    {AUDIT_ORPHAN, NO_ORDER("payment", "order_id", "")},
    {AUDIT_ORPHAN, NO_ORDER("outbox", "order_id", "")},
    {AUDIT_ORPHAN, NO_ORDER("journal", "object_id", "x.event in (1, 2, 3) and")},
    {AUDIT_JOURNAL_SUM,
        "select format('journal row of %s, event %s number %s', object_id, event, event_no) from journal j "
        "where coalesce((select sum(a) from unnest(j.amounts) a), 1) <> 0 or 0 = any(j.amounts) "
        "or cardinality(j.amounts) < 2 or cardinality(j.amounts) <> cardinality(j.accounts)"},
    {AUDIT_EVENT_TWICE,
        "select format('%s: event %s posted %s times', object_id, event, count(*)) from journal "
        "where event in (1, 2) group by object_id, event having count(*) > count(distinct provider_ref)"},
    {AUDIT_PAYMENT_TWICE,
        "select format('order %s was opened by %s payments', order_id, count(*)) from payment "
        "where outcome not in (4, 5) group by order_id having count(*) > 1"},
};

enum err
audit_sets(PGconn *db, struct audit_report *r)
{
	PGresult *rows;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		rows = audit_query(db, sets[i].sql);
		if (rows == NULL)
			return ERR_IO;
		for (int k = 0; k < PQntuples(rows); k++)
			audit_found(r, sets[i].check, "%s", audit_text(rows, k, 0));
		PQclear(rows);
	}
	rows = audit_query(db,
	    "select count(*) from stock_level where reserved + allocated > 0 "
	    "and reserved + allocated > on_hand - safety");
	if (rows == NULL)
		return ERR_IO;
	r->recounted = audit_int(rows, 0, 0) - r->found[AUDIT_STOCK];
	PQclear(rows);
	return ERR_OK;
}
