#include "store/audit.h"

#include "base/parse.h"
#include "store/admin.h"

/* Numbers of fulfilment states as in domain/order_state.h. */
#define BEFORE_HAND_OVER "(2, 3, 6, 8)"
#define GIVEN_BACK "(4, 5, 15, 16)"
#define UNSOLD "(8, 14, 15, 16)"
#define WORK_NOT_DONE "(4, 5, 16)"
#define HANDED_OVER "(7, 9, 10, 11, 12, 13, 14)"

/* name, what must hold, a query whose rows say where it does not */
/* clang-format off */
#define AUDIT_TABLE(X) \
	X(journal_balance, "every journal row adds up to zero", \
	    "select object_id || ' event ' || event from journal " \
	    "where not journal_balanced(accounts, amounts, kinds)") \
	X(journal_orphan, "every journal row of an order has its order", \
	    "select object_id || ' event ' || event from journal j where event in (1, 2, 3) " \
	    "and not exists (select from sales_order o where o.order_id = j.object_id)") \
	X(journal_paid, "an order is paid if and only if its payment is posted", \
	    "select o.order_id::text from sales_order o where (o.paid_at is not null) <> exists " \
	    "(select from journal j where j.object_id = o.order_id and j.event = 1)") \
	X(order_once, "one order for each storefront and reference", \
	    "select storefront_id || ' ' || order_ref from sales_order group by storefront_id, order_ref " \
	    "having count(*) > 1") \
	X(order_submission, "every order has its submission", \
	    "select o.order_id::text from sales_order o where not exists (select from submission s " \
	    "where s.storefront_id = o.storefront_id and s.order_ref = o.order_ref " \
	    "and s.order_id = o.order_id and s.owner_id = o.dealer_id)") \
	X(submission_order, "every submission has its order", \
	    "select s.storefront_id || ' ' || s.order_ref from submission s where not exists " \
	    "(select from sales_order o where o.order_id = s.order_id and o.dealer_id = s.owner_id)") \
	X(order_decision, "every order has its decision", \
	    "select o.order_id::text from sales_order o where not exists (select from decision d " \
	    "where d.order_id = o.order_id and d.attempt = 1 and d.dealer_id = o.dealer_id)") \
	X(order_fulfilment, "every order that is open or awaits its payment has a fulfilment", \
	    "select o.order_id::text from sales_order o where o.mark in (0, 1) and not exists " \
	    "(select from fulfilment f where f.order_id = o.order_id)") \
	X(order_units, "no fulfilments hold more of a line than was ordered", \
	    "select o.order_id || ' line ' || x.line from (select order_id, l.line, sum(l.qty) as qty " \
	    "from fulfilment, unnest(line, qty) l(line, qty) where state not in (4, 5, 16) " \
	    "group by order_id, l.line) x join sales_order o on o.order_id = x.order_id " \
	    "where x.qty > coalesce(o.line_qty[x.line + 1], 0)") \
	X(order_event, "every order was told to the outbox", \
	    "select o.order_id::text from sales_order o where not exists (select from outbox b " \
	    "where b.order_id = o.order_id and b.kind = 1) and not exists (select from event_log b " \
	    "where b.order_id = o.order_id and b.kind = 1)") \
	X(orphans, "every row made for an order has its order", \
	    "select x.kind || ' ' || x.order_id from (select 'fulfilment', order_id from fulfilment " \
	    "union all select 'decision', order_id from decision " \
	    "union all select 'contact', order_id from contact " \
	    "union all select 'payment', order_id from payment " \
	    "union all select 'act', order_id from order_act " \
	    "union all select 'serial', order_id from serial_out " \
	    "union all select 'return to stock', order_id from stock_back " \
	    "union all select 'outbox', order_id from outbox where order_id <> '00000000-0000-0000-0000-000000000000') " \
	    "x(kind, order_id) " \
	    "where not exists (select from sales_order o where o.order_id = x.order_id)") \
	X(split_sum, "legs add up to what was paid and what was funded", \
	    "select o.order_id::text from sales_order o join decision d on d.order_id = o.order_id " \
	    "and d.attempt = 1 where (select coalesce(sum(f), 0) from unnest(d.leg_fen) f) <> " \
	    "o.goods_fen + o.delivery_fee_fen + (select coalesce(sum(f), 0) from unnest(d.funding_fen) f)") \
	X(refund_due, "what is due back is what came too much, and what acts gave back", \
	    "select o.order_id::text from sales_order o left join (select order_id, sum(amount_fen) as fen " \
	    "from payment where outcome in (3, 4) group by order_id) p using (order_id) " \
	    "left join (select order_id, sum(refund_fen) as fen from order_act group by order_id) a " \
	    "using (order_id) where o.refund_due_fen <> coalesce(p.fen, 0) + coalesce(a.fen, 0)") \
	X(refund_units, "paid units that end undelivered are due back", \
	    "select o.order_id::text from sales_order o join (select f.order_id, " \
	    "sum((o.line_price_fen[l.line + 1] - coalesce(o.line_discount_fen[l.line + 1], 0)) * l.qty) as fen " \
	    "from fulfilment f join sales_order o using (order_id), unnest(f.line, f.qty) l(line, qty) " \
	    "where f.state in (8, 14, 15, 16) and f.moved_to is null group by 1) x using (order_id) " \
	    "where o.paid_at is not null and o.refund_due_fen < x.fen " \
	    "and not exists (select from order_deposit d where d.order_id = o.order_id and d.balance_paid_at is null) " \
	    "and not exists (select from order_act a where a.order_id = o.order_id and a.kind = 24)") \
	X(refund_returns, "a return brings back what was paid for the units taken back", \
	    "select r.order_id || ' return ' || r.number from return_request r join sales_order o using (order_id) " \
	    "where r.refund_fen <> coalesce((select sum((o.line_price_fen[l + 1] - coalesce(o.line_discount_fen[l + 1], 0)) " \
	    "* (sellable + damaged)) from unnest(r.line, r.sellable, r.damaged) u(l, sellable, damaged)), 0) " \
	    "or (r.state in (3, 4)) <> (r.decided_at is not null) or (r.due_at is null) <> (r.state in (3, 4, 5))") \
	X(return_units, "no more comes back than was handed over", \
	    "select x.order_id || ' fulfilment ' || x.fulfilment || ' line ' || x.line from (select r.order_id, " \
	    "r.fulfilment, u.line, sum(case when r.state = 3 then u.sellable + u.damaged else u.qty end) as qty " \
	    "from return_request r, unnest(r.line, r.qty, r.sellable, r.damaged) u(line, qty, sellable, damaged) " \
	    "where r.state in (1, 2, 3) group by 1, 2, 3) x where x.qty > coalesce((select sum(l.qty) from fulfilment f, " \
	    "unnest(f.line, f.qty) l(line, qty) where f.order_id = x.order_id and f.number = x.fulfilment " \
	    "and l.line = x.line and f.state in (7, 10)), 0)") \
	X(deposit, "an order in two parts has its payments, and nothing left before the second", \
	    "select d.order_id::text from order_deposit d join sales_order o using (order_id) " \
	    "where d.deposit_fen + d.balance_fen > o.goods_fen + o.delivery_fee_fen " \
	    "or (o.paid_at is not null) <> exists (select from payment p where p.order_id = d.order_id " \
	    "and p.outcome in (1, 2, 3) and p.amount_fen = d.deposit_fen) " \
	    "or (d.balance_paid_at is not null) <> exists (select from payment p where p.order_id = d.order_id " \
	    "and p.outcome = 5) or (d.balance_paid_at is null and d.balance_fen > 0 and exists (select from fulfilment f " \
	    "where f.order_id = d.order_id and f.handed_at is not null))") \
	X(dispute, "what was flagged as diverted was told, once", \
	    "select d.order_id || ' fulfilment ' || d.number from territory_dispute d where (select count(*) from (" \
	    "select order_id, number from outbox where kind = 38 union all " \
	    "select order_id, number from event_log where kind = 38) e " \
	    "where e.order_id = d.order_id and e.number = d.number) <> 1") \
	X(moved_to, "units that were taken over are with a fulfilment that came later", \
	    "select f.order_id || ' fulfilment ' || f.number from fulfilment f where f.moved_to is not null " \
	    "and (f.state not in (4, 5, 16) or not exists (select from fulfilment t where t.order_id = f.order_id " \
	    "and t.number = f.moved_to and t.number > f.number and t.attempt > f.attempt))") \
	X(act_numbers, "acts of an order are numbered without gaps", \
	    "select order_id::text from order_act group by order_id having max(act_no) <> count(*)") \
	X(act_state, "a fulfilment stands where its last act left it", \
	    "select f.order_id || ' fulfilment ' || f.number from fulfilment f join lateral " \
	    "(select a.act_no, a.state from order_act a where a.order_id = f.order_id and a.number = f.number " \
	    "and a.kind <= 18 order by a.act_no desc limit 1) x on true where x.state <> f.state and not exists " \
	    "(select from order_act a where a.order_id = f.order_id and a.number = 0 and a.act_no > x.act_no)") \
	X(handed, "goods that left have a time when they did, others none", \
	    "select order_id || ' fulfilment ' || number from fulfilment where case when handed_at is null " \
	    "then state in " HANDED_OVER " else state <> 15 and state not in " HANDED_OVER " end") \
	X(waits, "what ends by itself has a time when it does", \
	    "select order_id || ' fulfilment ' || number from fulfilment " \
	    "where state in (6, 9, 11, 12, 13) and due_at is null") \
	X(serial, "serial numbers are out with goods that left, one for each unit at most", \
	    "select s.order_id || ' fulfilment ' || s.number || ' sku ' || s.sku_id from (select order_id, number, sku_id, " \
	    "count(*) as units, count(*) filter (where returned_at is null) as out from serial_out group by 1, 2, 3) s " \
	    "left join (select f.order_id, f.number, f.state, l.sku_id, sum(l.qty) as qty from fulfilment f, " \
	    "unnest(f.sku_id, f.qty) l(sku_id, qty) where f.handed_at is not null group by 1, 2, 3, 4) f " \
	    "using (order_id, number, sku_id) where s.units > coalesce(f.qty, 0) or (f.state = 15 and s.out > 0)") \
	X(stock_back, "no more units came back to a shelf than had left it", \
	    "select b.order_id || ' fulfilment ' || b.number || ' sku ' || b.sku_id from (select order_id, number, sku_id, " \
	    "goods_owner_id, sum(qty) as qty from stock_back group by 1, 2, 3, 4) b left join (select f.order_id, f.number, " \
	    "l.sku_id, l.goods_owner_id, sum(l.qty) as qty from fulfilment f, " \
	    "unnest(f.sku_id, f.goods_owner_id, f.qty) l(sku_id, goods_owner_id, qty) where f.handed_at is not null " \
	    "group by 1, 2, 3, 4) f using (order_id, number, sku_id, goods_owner_id) where b.qty > coalesce(f.qty, 0)") \
	X(stock, "reserved and allocated are what fulfilments hold", \
	    "with held as (select f.dealer_id, f.location_id, l.sku_id, l.goods_owner_id, " \
	    "coalesce(sum(l.qty) filter (where f.state = 1), 0) as reserved, " \
	    "coalesce(sum(l.qty) filter (where f.state in " BEFORE_HAND_OVER "), 0) as allocated " \
	    "from fulfilment f, unnest(f.sku_id, f.qty, f.goods_owner_id) l(sku_id, qty, goods_owner_id) " \
	    "where l.goods_owner_id <> 0 group by 1, 2, 3, 4) " \
	    "select 'location ' || location_id || ' sku ' || sku_id || ' goods owner ' || goods_owner_id " \
	    "|| ': reserved ' || coalesce(s.reserved, 0) || ' not ' || coalesce(h.reserved, 0) " \
	    "|| ', allocated ' || coalesce(s.allocated, 0) || ' not ' || coalesce(h.allocated, 0) " \
	    "from stock_level s full join held h using (dealer_id, location_id, sku_id, goods_owner_id) " \
	    "where coalesce(s.reserved, 0) <> coalesce(h.reserved, 0) " \
	    "or coalesce(s.allocated, 0) <> coalesce(h.allocated, 0)") \
	X(capacity, "capacity taken is what fulfilments take", \
	    "with held as (select dealer_id, location_id, capacity_day as day, count(*) as taken " \
	    "from fulfilment where takes_capacity and state not in " WORK_NOT_DONE " group by 1, 2, 3) " \
	    "select 'location ' || location_id || ' ' || day || ': ' || coalesce(c.taken, 0) || ' not ' " \
	    "|| coalesce(h.taken, 0) from capacity c full join held h using (dealer_id, location_id, day) " \
	    "where coalesce(c.taken, 0) <> coalesce(h.taken, 0)") \
	X(slot, "slots taken are what fulfilments take", \
	    "with held as (select dealer_id, location_id, capacity_day as day, slot_from_min as from_min, " \
	    "slot_to_min as to_min, count(*) as taken from fulfilment where slot_from_min is not null " \
	    "and state not in " WORK_NOT_DONE " group by 1, 2, 3, 4, 5) " \
	    "select 'location ' || location_id || ' ' || day || ' ' || from_min || ': ' " \
	    "|| coalesce(s.taken, 0) || ' not ' || coalesce(h.taken, 0) " \
	    "from slot s full join held h using (dealer_id, location_id, day, from_min, to_min) " \
	    "where coalesce(s.taken, 0) <> coalesce(h.taken, 0)") \
	X(entitlement, "entitlements used are what fulfilments charge to the owner", \
	    "with held as (select o.dealer_id, l.sku_id, sum(l.qty) as used " \
	    "from fulfilment f join sales_order o on o.order_id = f.order_id, " \
	    "unnest(f.sku_id, f.qty) l(sku_id, qty) where l.sku_id = any(f.entitled_sku) and f.state not in " GIVEN_BACK \
	    " group by 1, 2) " \
	    "select 'dealer ' || dealer_id || ' sku ' || sku_id || ': ' || e.used || ' not ' " \
	    "|| coalesce(h.used, 0) from entitlement e left join held h using (dealer_id, sku_id) " \
	    "where e.used <> coalesce(h.used, 0)") \
	X(budget, "campaign budgets spent are what units that are still sold were given", \
	    "with held as (select o.line_campaign[l.line + 1] as campaign_id, " \
	    "sum(o.line_discount_fen[l.line + 1] * l.qty) as spent from fulfilment f " \
	    "join sales_order o on o.order_id = f.order_id, unnest(f.line, f.qty) l(line, qty) " \
	    "where o.line_campaign is not null and f.moved_to is null and f.state not in " UNSOLD " group by 1) " \
	    "select 'campaign ' || campaign_id || ': ' || b.spent_fen || ' not ' || coalesce(h.spent, 0) " \
	    "from campaign_budget b left join held h using (campaign_id) " \
	    "where b.spent_fen <> coalesce(h.spent, 0)")
/* clang-format on */

static const struct {
	const char *name;
	const char *text;
	const char *sql;
} checks[] = {
#define X(name, text, sql) {#name, text, sql},
    AUDIT_TABLE(X)
#undef X
};
#define CHECK_COUNT ((int)(sizeof(checks) / sizeof(checks[0])))

static enum err
run_check(PGconn *c, int i, FILE *to, struct audit_total *out, struct reason *r)
{
	PGresult *rows;
	enum err e;
	int n;

	e = admin_run(c, checks[i].sql, NULL, 0, &rows, r);
	if (e != ERR_OK)
		return e;
	n = PQntuples(rows);
	if (n > 0)
		fprintf(to, "audit: %s: %d times not so: %s\n", checks[i].name, n, checks[i].text);
	for (int j = 0; j < n && j < AUDIT_SHOWN_MAX; j++)
		fprintf(to, "audit: %s: %s\n", checks[i].name, PQgetvalue(rows, j, 0));
	out->violations += n;
	out->check_count++;
	PQclear(rows);
	return ERR_OK;
}

static enum err
count_orders(PGconn *c, struct audit_total *out, struct reason *r)
{
	PGresult *rows;
	enum err e;

	e = admin_run(c, "select count(*) from sales_order", NULL, 0, &rows, r);
	if (e != ERR_OK)
		return e;
	e = parse_i64(PQgetvalue(rows, 0, 0), 0, INT64_MAX, &out->orders);
	PQclear(rows);
	return e;
}

enum err
audit(const char *db, FILE *to, struct audit_total *out, struct reason *r)
{
	PGconn *c;
	enum err e;

	*out = (struct audit_total){0};
	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = admin_run(c, "begin isolation level repeatable read, read only", NULL, 0, NULL, r);
	if (e == ERR_OK)
		e = count_orders(c, out, r);
	for (int i = 0; e == ERR_OK && i < CHECK_COUNT; i++)
		e = run_check(c, i, to, out, r);
	admin_close(c);
	return e;
}
