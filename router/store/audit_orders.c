/* audit_orders: what was told of an order agrees: its rows, its fulfilments, the trail of its acts, its returns. */
#include "store/audit_check.h"

/* Numbers of fulfilment states as in domain/order_state.h. */
#define HANDED_OVER "(7, 9, 10, 11, 12, 13, 14)"

/* clang-format off */
const struct audit_check audit_orders[] = {
	{"order_once", "one order for each storefront and reference",
	    "select storefront_id || ' ' || order_ref from sales_order group by storefront_id, order_ref "
	    "having count(*) > 1"},
	{"order_submission", "every order has its submission",
	    "select o.order_id::text from sales_order o where not exists (select from submission s "
	    "where s.storefront_id = o.storefront_id and s.order_ref = o.order_ref "
	    "and s.order_id = o.order_id and s.owner_id = o.dealer_id)"},
	{"submission_order", "every submission has its order",
	    "select s.storefront_id || ' ' || s.order_ref from submission s where not exists "
	    "(select from sales_order o where o.order_id = s.order_id and o.dealer_id = s.owner_id)"},
	{"order_decision", "every order has its decision",
	    "select o.order_id::text from sales_order o where not exists (select from decision d "
	    "where d.order_id = o.order_id and d.attempt = 1 and d.dealer_id = o.dealer_id)"},
	{"order_fulfilment", "every order that is open or awaits its payment has a fulfilment",
	    "select o.order_id::text from sales_order o where o.mark in (0, 1) and not exists "
	    "(select from fulfilment f where f.order_id = o.order_id)"},
	{"order_units", "no fulfilments hold more of a line than was ordered",
	    "select o.order_id || ' line ' || x.line from (select order_id, l.line, sum(l.qty) as qty "
	    "from fulfilment, unnest(line, qty) l(line, qty) where state not in (4, 5, 16) "
	    "group by order_id, l.line) x join sales_order o on o.order_id = x.order_id "
	    "where x.qty > coalesce(o.line_qty[x.line + 1], 0)"},
	{"order_event", "every order was told to the outbox",
	    "select o.order_id::text from sales_order o where not exists (select from outbox b "
	    "where b.order_id = o.order_id and b.kind = 1) and not exists (select from event_log b "
	    "where b.order_id = o.order_id and b.kind = 1)"},
	{"orphans", "every row made for an order has its order",
	    "select x.kind || ' ' || x.order_id from (select 'fulfilment', order_id from fulfilment "
	    "union all select 'decision', order_id from decision "
	    "union all select 'contact', order_id from contact "
	    "union all select 'payment', order_id from payment "
	    "union all select 'act', order_id from order_act "
	    "union all select 'serial', order_id from serial_out "
	    "union all select 'return to stock', order_id from stock_back "
	    "union all select 'outbox', order_id from outbox where order_id <> '00000000-0000-0000-0000-000000000000') "
	    "x(kind, order_id) "
	    "where not exists (select from sales_order o where o.order_id = x.order_id)"},
	{"return_units", "no more comes back than was handed over",
	    "select x.order_id || ' fulfilment ' || x.fulfilment || ' line ' || x.line from (select r.order_id, "
	    "r.fulfilment, u.line, sum(case when r.state = 3 then u.sellable + u.damaged else u.qty end) as qty "
	    "from return_request r, unnest(r.line, r.qty, r.sellable, r.damaged) u(line, qty, sellable, damaged) "
	    "where r.state in (1, 2, 3) group by 1, 2, 3) x where x.qty > coalesce((select sum(l.qty) from fulfilment f, "
	    "unnest(f.line, f.qty) l(line, qty) where f.order_id = x.order_id and f.number = x.fulfilment "
	    "and l.line = x.line and f.state in (7, 10)), 0)"},
	{"dispute", "what was flagged as diverted was told, once",
	    "select d.order_id || ' fulfilment ' || d.number from territory_dispute d where (select count(*) from ("
	    "select order_id, number from outbox where kind = 38 union all "
	    "select order_id, number from event_log where kind = 38) e "
	    "where e.order_id = d.order_id and e.number = d.number) <> 1"},
	{"moved_to", "units that were taken over are with a fulfilment that came later",
	    "select f.order_id || ' fulfilment ' || f.number from fulfilment f where f.moved_to is not null "
	    "and (f.state not in (4, 5, 16) or not exists (select from fulfilment t where t.order_id = f.order_id "
	    "and t.number = f.moved_to and t.number > f.number and t.attempt > f.attempt))"},
	{"act_numbers", "acts of an order are numbered without gaps",
	    "select order_id::text from order_act group by order_id having max(act_no) <> count(*)"},
	{"act_state", "a fulfilment stands where its last act left it",
	    "select f.order_id || ' fulfilment ' || f.number from fulfilment f join lateral "
	    "(select a.act_no, a.state from order_act a where a.order_id = f.order_id and a.number = f.number "
	    "and a.kind <= 18 order by a.act_no desc limit 1) x on true where x.state <> f.state and not exists "
	    "(select from order_act a where a.order_id = f.order_id and a.number = 0 and a.act_no > x.act_no)"},
	{"handed", "goods that left have a time when they did, others none",
	    "select order_id || ' fulfilment ' || number from fulfilment where case when handed_at is null "
	    "then state in " HANDED_OVER " else state <> 15 and state not in " HANDED_OVER " end"},
	{"waits", "what ends by itself has a time when it does",
	    "select order_id || ' fulfilment ' || number from fulfilment "
	    "where state in (6, 9, 11, 12, 13) and due_at is null"},
	{NULL, NULL, NULL}
};
/* clang-format on */
