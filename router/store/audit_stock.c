/* audit_stock: what fulfilments hold and take is what the counters say. */
#include "store/audit_check.h"

/* Numbers of fulfilment states as in domain/order_state.h. */
#define BEFORE_HAND_OVER "(2, 3, 6, 8)"
#define GIVEN_BACK "(4, 5, 15, 16)"
#define UNSOLD "(8, 14, 15, 16)"
#define WORK_NOT_DONE "(4, 5, 16)"

/* clang-format off */
const struct audit_check audit_stock[] = {
	{"serial", "serial numbers are out with goods that left, one for each unit at most",
	    "select s.order_id || ' fulfilment ' || s.number || ' sku ' || s.sku_id from (select order_id, number, sku_id, "
	    "count(*) as units, count(*) filter (where returned_at is null) as out from serial_out group by 1, 2, 3) s "
	    "left join (select f.order_id, f.number, f.state, l.sku_id, sum(l.qty) as qty from fulfilment f, "
	    "unnest(f.sku_id, f.qty) l(sku_id, qty) where f.handed_at is not null group by 1, 2, 3, 4) f "
	    "using (order_id, number, sku_id) where s.units > coalesce(f.qty, 0) or (f.state = 15 and s.out > 0)"},
	{"stock_back", "no more units came back to a shelf than had left it",
	    "select b.order_id || ' fulfilment ' || b.number || ' sku ' || b.sku_id from (select order_id, number, sku_id, "
	    "goods_owner_id, sum(qty) as qty from stock_back group by 1, 2, 3, 4) b left join (select f.order_id, f.number, "
	    "l.sku_id, l.goods_owner_id, sum(l.qty) as qty from fulfilment f, "
	    "unnest(f.sku_id, f.goods_owner_id, f.qty) l(sku_id, goods_owner_id, qty) where f.handed_at is not null "
	    "group by 1, 2, 3, 4) f using (order_id, number, sku_id, goods_owner_id) where b.qty > coalesce(f.qty, 0)"},
	{"stock", "reserved and allocated are what fulfilments hold",
	    "with held as (select f.dealer_id, f.location_id, l.sku_id, l.goods_owner_id, "
	    "coalesce(sum(l.qty) filter (where f.state = 1), 0) as reserved, "
	    "coalesce(sum(l.qty) filter (where f.state in " BEFORE_HAND_OVER "), 0) as allocated "
	    "from fulfilment f, unnest(f.sku_id, f.qty, f.goods_owner_id) l(sku_id, qty, goods_owner_id) "
	    "where l.goods_owner_id <> 0 group by 1, 2, 3, 4) "
	    "select 'location ' || location_id || ' sku ' || sku_id || ' goods owner ' || goods_owner_id "
	    "|| ': reserved ' || coalesce(s.reserved, 0) || ' not ' || coalesce(h.reserved, 0) "
	    "|| ', allocated ' || coalesce(s.allocated, 0) || ' not ' || coalesce(h.allocated, 0) "
	    "from stock_level s full join held h using (dealer_id, location_id, sku_id, goods_owner_id) "
	    "where coalesce(s.reserved, 0) <> coalesce(h.reserved, 0) "
	    "or coalesce(s.allocated, 0) <> coalesce(h.allocated, 0)"},
	{"capacity", "capacity taken is what fulfilments take",
	    "with held as (select dealer_id, location_id, capacity_day as day, count(*) as taken "
	    "from fulfilment where takes_capacity and state not in " WORK_NOT_DONE " group by 1, 2, 3) "
	    "select 'location ' || location_id || ' ' || day || ': ' || coalesce(c.taken, 0) || ' not ' "
	    "|| coalesce(h.taken, 0) from capacity c full join held h using (dealer_id, location_id, day) "
	    "where coalesce(c.taken, 0) <> coalesce(h.taken, 0)"},
	{"slot", "slots taken are what fulfilments take",
	    "with held as (select dealer_id, location_id, capacity_day as day, slot_from_min as from_min, "
	    "slot_to_min as to_min, count(*) as taken from fulfilment where slot_from_min is not null "
	    "and state not in " WORK_NOT_DONE " group by 1, 2, 3, 4, 5) "
	    "select 'location ' || location_id || ' ' || day || ' ' || from_min || ': ' "
	    "|| coalesce(s.taken, 0) || ' not ' || coalesce(h.taken, 0) "
	    "from slot s full join held h using (dealer_id, location_id, day, from_min, to_min) "
	    "where coalesce(s.taken, 0) <> coalesce(h.taken, 0)"},
	{"entitlement", "entitlements used are what fulfilments charge to the owner",
	    "with held as (select o.dealer_id, l.sku_id, sum(l.qty) as used "
	    "from fulfilment f join sales_order o on o.order_id = f.order_id, "
	    "unnest(f.sku_id, f.qty) l(sku_id, qty) where l.sku_id = any(f.entitled_sku) and f.state not in " GIVEN_BACK
	    " group by 1, 2) "
	    "select 'dealer ' || dealer_id || ' sku ' || sku_id || ': ' || e.used || ' not ' "
	    "|| coalesce(h.used, 0) from entitlement e left join held h using (dealer_id, sku_id) "
	    "where e.used <> coalesce(h.used, 0)"},
	{"budget", "campaign budgets spent are what units that are still sold were given",
	    "with held as (select o.line_campaign[l.line + 1] as campaign_id, "
	    "sum(o.line_discount_fen[l.line + 1] * l.qty) as spent from fulfilment f "
	    "join sales_order o on o.order_id = f.order_id, unnest(f.line, f.qty) l(line, qty) "
	    "where o.line_campaign is not null and f.moved_to is null and f.state not in " UNSOLD " group by 1) "
	    "select 'campaign ' || campaign_id || ': ' || b.spent_fen || ' not ' || coalesce(h.spent, 0) "
	    "from campaign_budget b left join held h using (campaign_id) "
	    "where b.spent_fen <> coalesce(h.spent, 0)"},
	{NULL, NULL, NULL}
};
/* clang-format on */
