"""What must hold of the database after any race or crash: each query gives the rows that break the rule."""

ACTIVE = "f.state in (1, 2, 3)"
LINES = "fulfilment f, unnest(f.sku_id, f.qty, f.goods_owner_id, f.line) u(sku, qty, owner, line)"

RULES = {
    "stock: reserved and allocated are what fulfilments hold": f"""
        select s.*, h.r, h.a from stock_level s left join
        (select f.dealer_id, f.location_id, u.sku, u.owner, sum(u.qty) filter (where f.state = 1) r,
                sum(u.qty) filter (where f.state in (2, 3)) a from {LINES} where {ACTIVE} group by 1, 2, 3, 4) h
        on (h.dealer_id, h.location_id, h.sku, h.owner) =
           (s.dealer_id, s.location_id, s.sku_id, s.goods_owner_id)
        where (s.reserved, s.allocated) <> (coalesce(h.r, 0), coalesce(h.a, 0))""",
    "stock: nothing oversold": """
        select * from stock_level where on_hand - reserved - allocated - safety < 0""",
    "capacity: taken is what fulfilments hold, and within the limit": f"""
        select c.* from capacity c left join
        (select f.location_id, f.capacity_day, count(*) n from fulfilment f where {ACTIVE} and takes_capacity
         group by 1, 2) h on (h.location_id, h.capacity_day) = (c.location_id, c.day)
        where c.taken <> coalesce(h.n, 0) or c.taken > c.limit_count""",
    "entitlement: used is what fulfilments hold, and within the ceiling": f"""
        select e.*, h.n from entitlement e left join
        (select o.dealer_id, u.sku, sum(u.qty) n from {LINES}, sales_order o
         where o.order_id = f.order_id and {ACTIVE} and u.sku = any (f.entitled_sku) group by 1, 2) h
        on (h.dealer_id, h.sku) = (e.dealer_id, e.sku_id) where e.used <> coalesce(h.n, 0) or e.used > e.ceiling""",
    "budget: spent is what lines give, and within the budget": f"""
        select b.*, h.n from campaign_budget b left join
        (select o.line_campaign[u.line + 1] c, sum(u.qty * o.line_discount_fen[u.line + 1]) n
         from {LINES}, sales_order o where o.order_id = f.order_id and {ACTIVE}
         and o.line_discount_fen[u.line + 1] > 0 group by 1) h on h.c = b.campaign_id
        where b.spent_fen <> coalesce(h.n, 0) or b.spent_fen > b.budget_fen""",
    "every claim has its order": """
        select s.order_id from submission s left join sales_order o using (order_id) where o.order_id is null""",
    "every order has its claim, once": """
        select o.order_id, count(s.order_id) from sales_order o left join submission s using (order_id)
        group by 1 having count(s.order_id) <> 1""",
    "every order has decision, contact and event": """
        select o.order_id from sales_order o where not exists (select from decision d where d.order_id = o.order_id)
        or not exists (select from contact c where c.order_id = o.order_id)
        or not exists (select from outbox x where x.order_id = o.order_id and x.kind = 1)""",
    "no row without its order": """
        select order_id from (select order_id from fulfilment union all select order_id from decision
        union all select order_id from contact union all select order_id from payment union all
        select order_id from outbox union all select object_id from journal) x(order_id)
        where not exists (select from sales_order o where o.order_id = x.order_id)""",
    "an order's live fulfilments hold each unit once": f"""
        select o.order_id, o.mark from sales_order o left join
        (select f.order_id, sum(u.qty) n from {LINES} where {ACTIVE} group by 1) h using (order_id)
        where coalesce(h.n, 0) <> case when mark in (0, 1) then (select sum(q) from unnest(line_qty) q) else 0 end""",
    "paid orders have their payment and E1, each payment one E1 and one E2": """
        select p.order_id, p.number from payment p left join journal j
        on j.object_id = p.order_id and j.provider_ref = p.number and j.event in (1, 2)
        group by 1, 2 having count(*) <> 2
        union all select order_id, 'none' from sales_order o where paid_at is not null
        and not exists (select from payment p where p.order_id = o.order_id)""",
    "journal rows name the feed row they came with": """
        select j.object_id from journal j left join stock_change c using (stream_id, seq) where c.seq is null""",
    "streams have no gaps": """
        select stream_id, max(seq), count(*) from stock_change group by 1 having max(seq) <> count(*)""",
}


def audit(database):
    broken = {name: database.sql(query)[:3] for name, query in RULES.items()}
    assert {name: rows for name, rows in broken.items() if rows} == {}


def left(database):
    return database.sql("select sum(on_hand - reserved - allocated - safety) from stock_level")[0][0]
