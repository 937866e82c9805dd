/* audit_money: the journal and what stands beside it: orders' payments and refunds, balances, what is owed. */
#include "store/audit_check.h"

/* Sums of all legs by account. */
#define SUMS \
	"(select l.account, sum(l.fen) as fen from journal j, unnest(j.accounts, j.amounts) l(account, fen) " \
	"group by l.account)"
#define KIND(account) "account_kind(" account ")"

/* clang-format off */
const struct audit_check audit_money[] = {
	{"journal_balance", "every journal row adds up to zero",
	    "select object_id || ' event ' || event from journal "
	    "where not journal_balanced(accounts, amounts, kinds)"},
	{"journal_orphan", "every journal row of an order has its order",
	    "select object_id || ' event ' || event from journal j where event in (1, 2, 3) "
	    "and not exists (select from sales_order o where o.order_id = j.object_id)"},
	{"journal_paid", "an order is paid if and only if its payment is posted",
	    "select o.order_id::text from sales_order o where (o.paid_at is not null) <> exists "
	    "(select from journal j where j.object_id = o.order_id and j.event = 1)"},
	{"split_sum", "legs add up to what was paid and what was funded",
	    "select o.order_id::text from sales_order o join decision d on d.order_id = o.order_id "
	    "and d.attempt = 1 where (select coalesce(sum(f), 0) from unnest(d.leg_fen) f) <> "
	    "o.goods_fen + o.delivery_fee_fen + (select coalesce(sum(f), 0) from unnest(d.funding_fen) f)"},
	{"refund_due", "what is due back is what came too much, and what acts gave back",
	    "select o.order_id::text from sales_order o left join (select order_id, sum(amount_fen) as fen "
	    "from payment where outcome in (3, 4) group by order_id) p using (order_id) "
	    "left join (select order_id, sum(refund_fen) as fen from order_act group by order_id) a "
	    "using (order_id) where o.refund_due_fen <> coalesce(p.fen, 0) + coalesce(a.fen, 0)"},
	{"refund_units", "paid units that end undelivered are due back",
	    "select o.order_id::text from sales_order o join (select f.order_id, "
	    "sum((o.line_price_fen[l.line + 1] - coalesce(o.line_discount_fen[l.line + 1], 0)) * l.qty) as fen "
	    "from fulfilment f join sales_order o using (order_id), unnest(f.line, f.qty) l(line, qty) "
	    "where f.state in (8, 14, 15, 16) and f.moved_to is null group by 1) x using (order_id) "
	    "where o.paid_at is not null and o.refund_due_fen < x.fen "
	    "and not exists (select from order_deposit d where d.order_id = o.order_id and d.balance_paid_at is null) "
	    "and not exists (select from order_act a where a.order_id = o.order_id and a.kind = 24) "
	    /* the customer paid freight of it */
	    "and not exists (select from journal j, unnest(j.accounts, j.amounts, j.kinds) l(account, fen, kind) "
	    "where j.object_id = o.order_id and j.event = 9 and " KIND("l.account") " = 41 and l.fen < 0 and l.kind = 2)"},
	{"refund_returns", "a return brings back what was paid for the units taken back",
	    "select r.order_id || ' return ' || r.number from return_request r join sales_order o using (order_id) "
	    "where r.refund_fen <> coalesce((select sum((o.line_price_fen[l + 1] - coalesce(o.line_discount_fen[l + 1], 0)) "
	    "* (sellable + damaged)) from unnest(r.line, r.sellable, r.damaged) u(l, sellable, damaged)), 0) "
	    "or (r.state in (3, 4)) <> (r.decided_at is not null) or (r.due_at is null) <> (r.state in (3, 4, 5))"},
	{"deposit", "an order in two parts has its payments, and nothing left before the second",
	    "select d.order_id::text from order_deposit d join sales_order o using (order_id) "
	    "where d.deposit_fen + d.balance_fen > o.goods_fen + o.delivery_fee_fen "
	    "or (o.paid_at is not null) <> exists (select from payment p where p.order_id = d.order_id "
	    "and p.outcome in (1, 2, 3) and p.amount_fen = d.deposit_fen) "
	    "or (d.balance_paid_at is not null) <> exists (select from payment p where p.order_id = d.order_id "
	    "and p.outcome = 5) or (d.balance_paid_at is null and d.balance_fen > 0 and exists (select from fulfilment f "
	    "where f.order_id = d.order_id and f.handed_at is not null))"},
	{"balance", "a balance is the sum of its account's legs",
	    "select account_name(account) || ': ' || coalesce(b.fen, 0) || ' not ' || coalesce(s.fen, 0) "
	    "from balance b full join (select * from " SUMS " s where " KIND("account") " between 20 and 25 "
	    "or " KIND("account") " = 6) s using (account) where coalesce(b.fen, 0) <> coalesce(s.fen, 0)"},
	{"bounds", "nobody was paid what he is not owed, nobody owes less than nothing",
	    "select account_name(account) || ': ' || fen from " SUMS " s "
	    "where (" KIND("account") " between 20 and 25 and fen > 0) or (" KIND("account") " = 6 and fen < 0)"},
	{"payables", "what may be paid out of an account is what it holds available",
	    "select account_name(account) || ': ' || coalesce(p.fen, 0) || ' not ' || -coalesce(s.fen, 0) "
	    "from (select account, sum(fen) as fen from payable where payout_id is null group by account) p "
	    "full join (select * from " SUMS " s where " KIND("account") " in (21, 24, 27, 30, 33, 36)) s using (account) "
	    "where coalesce(p.fen, 0) <> -coalesce(s.fen, 0)"},
	{"posted_split", "what was handed over is split, and nothing else is",
	    "select f.order_id || ' fulfilment ' || f.number from fulfilment f join sales_order o using (order_id) "
	    "where o.paid_at is not null and (f.state in (7, 10)) <> exists (select from journal j "
	    "where j.object_id = f.order_id and j.event = 3 and j.number = f.number)"},
	{"posted_cost", "a split posts the frozen cost of the brand's goods, exactly",
	    "select f.order_id || ' fulfilment ' || f.number || ': ' || j.fen || ' not ' || c.fen "
	    "from fulfilment f join sales_order o using (order_id), "
	    "lateral (select coalesce(sum(o.line_cost_fen[u.line + 1] * u.qty), 0) as fen "
	    "from unnest(f.line, f.qty, f.goods_owner_id) u(line, qty, owner) left join party p on p.party_id = u.owner "
	    "where u.owner = 0 or p.kind = 1) c, "
	    "lateral (select -coalesce(sum(l.fen), 0) as fen from journal j, unnest(j.amounts, j.kinds) l(fen, kind) "
	    "where j.object_id = f.order_id and j.event = 3 and j.number = f.number and l.kind = 1) j "
	    "where f.state in (7, 10) and o.paid_at is not null and j.fen <> c.fen"},
	{"posted_hold", "what a split or a forfeit put aside has the end of its hold",
	    "select j.object_id || ' event ' || j.event || ' ' || j.event_no from journal j where (j.event = 3 "
	    "or (j.event = 9 and exists (select from generate_series(1, cardinality(j.units), 7) i where j.units[i] = -4))) "
	    "and not exists (select from settlement s where s.order_id = j.object_id and s.number = coalesce(j.number, 0))"},
	{"order_cleared", "nothing is left in clearing of an order that came to its end",
	    "select o.order_id || ': ' || s.fen from sales_order o, lateral (select coalesce(sum(l.fen), 0) as fen "
	    "from journal j, unnest(j.accounts, j.amounts) l(account, fen) where j.object_id = o.order_id "
	    "and " KIND("l.account") " = 10) s where o.paid_at is not null and s.fen <> 0 and not exists "
	    "(select from fulfilment f where f.order_id = o.order_id and f.moved_to is null "
	    "and f.state not in (7, 8, 10, 14, 15, 16))"},
	{"refund_rows", "what is due back is posted, and due to payments of the order",
	    "select o.order_id || ': ' || o.refund_due_fen || ', rows ' || r.fen || ', posted ' || j.fen from sales_order o, "
	    "lateral (select coalesce(sum(fen), 0) as fen from refund where order_id = o.order_id) r, "
	    "lateral (select -coalesce(sum(l.fen), 0) as fen from journal j, unnest(j.accounts, j.amounts) l(account, fen) "
	    "where j.object_id = o.order_id and j.event = 9 and " KIND("l.account") " = 11) j "
	    "where r.fen <> j.fen or r.fen <> o.refund_due_fen or exists (select from refund r left join payment p "
	    "on p.provider = r.provider and p.number = r.payment_number and p.order_id = r.order_id "
	    "where r.order_id = o.order_id group by r.payment_number, p.amount_fen having sum(r.fen) > coalesce(p.amount_fen, 0))"},
	{"refund_rebate", "of a payment's own fee comes back what is due on what went back of it, half up; that is posted",
	    "select r.order_id || ' payment ' || r.number || ': ' || r.rebate || ' of ' || f.fen from "
	    "(select p.order_id, p.number, p.amount_fen as paid, sum(r.fen) as fen, sum(r.rebate_fen) as rebate "
	    "from refund r join payment p on p.provider = r.provider and p.number = r.payment_number "
	    "and p.order_id = r.order_id group by 1, 2, 3) r, "
	    "lateral (select coalesce(sum(l.fen), 0) as fen from journal j, unnest(j.accounts, j.amounts) l(account, fen) "
	    "where j.object_id = r.order_id and j.event = 2 and j.provider_ref = r.number "
	    "and " KIND("l.account") " = 10) f where r.rebate <> div(2 * f.fen * r.fen + r.paid, 2 * r.paid) "
	    "union all select o.order_id || ' refund ' || o.refund_no || ': ' || o.rebate || ', posted ' || j.fen from "
	    "(select order_id, refund_no, sum(rebate_fen) as rebate from refund group by 1, 2) o, "
	    "lateral (select coalesce(sum(l.fen), 0) as fen from journal j, unnest(j.accounts, j.amounts) l(account, fen) "
	    "where j.object_id = o.order_id and j.event = 9 and j.event_no = o.refund_no "
	    "and " KIND("l.account") " = 4) j where o.rebate <> j.fen"},
	{"refund_clearing", "what is in clearing of refunds is what has still to go back",
	    "select 'C:refund ' || j.fen || ' not ' || r.fen from (select -coalesce(sum(l.fen), 0) as fen from journal, "
	    "unnest(accounts, amounts) l(account, fen) where l.account = 11::int8 << 55) j, "
	    "(select coalesce(sum(fen), 0) as fen from refund where state <> 3) r where j.fen <> r.fen"},
	{NULL, NULL, NULL}
};
/* clang-format on */
