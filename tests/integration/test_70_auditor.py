"""The simulator's auditor against rows made by hand: clean ones pass, and each kind of damage is seen."""


import pytest

import yc

PSP_FROZEN, FEE_REBATE, C_ORDER, C_REFUND, DEALER_HELD, BRAND_COST, BRAND_PROMO, PLATFORM_PROMO = (
    1, 4, 10, 11, 20, 40, 42, 44)

HAND_MADE = True  # decisions that nobody can read
CATALOG = """
insert into party (code, kind, provider, fee_bps) overriding system value values
    ('BRAND', 1, 1, 60), ('D1', 2, 1, 60), ('D2', 2, 1, 60), ('PLATFORM', 6, 0, 0), ('WECHAT', 7, 0, 0),
    ('COURIER', 4, 0, 0);
insert into location (code, kind, party_id, ways, lat_e6, lon_e6, hours_open, hours_close)
    select c, k, p, 7, 31000000, 121000000, '{}', '{}'
    from (values ('SITE', 1, 1), ('CLOUD', 2, 1), ('S1', 3, 2), ('S2', 3, 3)) v(c, k, p);
insert into feed_stream (stream_id) overriding system value values (1);
insert into storefront (code, kind) values ('OFFICIAL', 2);
insert into sku (code, cost_fen, list_fen, floor_fen)
    values ('K1', 8000, 10000, 8000), ('K2', 800000, 900000, 800000);
insert into campaign (code, funder_ids, share_bps, unit_max_fen, from_at, until_at)
    values ('C1', '{1,4}', '{6000,4000}', 500, '2020-01-01', '2040-01-01');
insert into campaign_budget (campaign_id, budget_fen, spent_fen) values (1, 1000, 200);
insert into stock_level (dealer_id, location_id, sku_id, goods_owner_id, on_hand, reserved, allocated, counted_at)
    values (1, 1, 1, 1, 10, 0, 3, '2020-01-01'), (2, 3, 1, 2, 3, 1, 0, '2020-01-01'),
           (3, 4, 1, 3, 5, 0, 1, '2020-01-01'), (1, 2, 2, 1, 1, 0, 1, '2020-01-01');
insert into capacity (dealer_id, location_id, day, limit_count, taken)
    values (2, 3, '2026-12-01', 5, 1), (3, 4, '2026-12-01', 2, 2);
insert into slot (dealer_id, location_id, day, from_min, to_min, limit_count, taken)
    values (2, 3, '2026-12-01', 600, 720, 4, 1);
insert into entitlement (dealer_id, sku_id, ceiling, used) values (2, 2, 3, 1);
"""


class Order:
    """One order with all its rows; defaults are those of a paid order of one K1."""

    def __init__(self, number, **more):
        self.id = f"0193aaaa-0000-7000-8000-{number:012d}"
        self.ref = f"ref-{number}"
        self.dealer, self.collector, self.way = 2, 1, 1
        self.qty, self.sku, self.price, self.cost, self.discount = 1, 1, 10000, 8000, 0
        self.delivery, self.paid, self.mark, self.state = 0, True, 0, 2
        self.location, self.runs, self.owner = 1, 1, 1
        self.capacity, self.slot, self.entitled = None, None, None
        self.legs, self.funding = [], []
        self.twice = False
        self.delivered = self.returned = False
        self.__dict__.update(more)
        self.goods = self.qty * (self.price - self.discount)
        self.funded = self.qty * self.discount
        self.cash = self.goods + self.delivery
        self.fee = (self.cash * 60 + 5000) // 10000
        own = self.cost * self.qty if self.owner == self.dealer else 0
        residual = self.cash + self.funded - self.fee - sum(fen for _, _, fen in self.legs)
        self.margin = residual - own
        self.legs = self.legs + [(2, self.dealer, residual), (6, 5, self.fee)]

    def insert(self, sql):
        line = self.discount and [self.discount] or None
        sql("insert into submission values (1, %s, '', %s, %s)", (self.ref, self.dealer, self.id))
        sql("insert into sales_order (order_id, dealer_id, storefront_id, policy_version, split_version, collector_id, "
            "customer, goods_fen, delivery_fee_fen, funded_fen, fee_fen, margin_fen, created_at, paid_at, owner_source, "
            "mark, way, accept_other_way, order_ref, line_sku, line_qty, line_price_fen, line_cost_fen, "
            "line_discount_fen, line_campaign, refund_due_fen) values (%s, %s, 1, 1, 1, %s, 0, %s, %s, %s, %s, %s, '2026-01-01', "
            "%s, 6, %s, %s, false, %s, %s, %s, %s, %s, %s, %s, %s)",
            (self.id, self.dealer, self.collector, self.goods, self.delivery, self.funded, self.fee, self.margin,
             "2026-01-01" if self.paid else None, self.mark, self.way, self.ref, [self.sku], [self.qty], [self.price],
             [self.cost], line, line and [1], self.cash if self.twice or self.returned else 0))
        sql("insert into fulfilment (order_id, number, attempt, dealer_id, location_id, distance_m, way, state, "
            "slot_from_min, slot_to_min, capacity_day, takes_capacity, promise_from, promise_to, line, sku_id, qty, "
            "goods_owner_id, entitled_sku) values (%s, 1, 1, %s, %s, 0, %s, %s, %s, %s, %s, %s, '2026-12-01', "
            "'2026-12-02', '{0}', %s, %s, %s, %s)",
            (self.id, self.runs, self.location, self.way, self.state, self.slot and self.slot[0],
             self.slot and self.slot[1], self.capacity, self.capacity is not None, [self.sku], [self.qty], [self.owner],
             self.entitled and [self.entitled]))
        sql("insert into decision values (%s, 1, %s, '', %s, %s, %s, %s, %s, %s, %s)",
            (self.id, self.dealer, [k for k, _, _ in self.legs], [p for _, p, _ in self.legs],
             [f for _, _, f in self.legs], [0] * len(self.legs), [0] * len(self.legs),
             [p for p, _ in self.funding] or None, [f for _, f in self.funding] or None))
        sql("insert into contact values (%s, %s, 'A', '1', 'B', '23')", (self.id, self.dealer))
        if self.delivered:
            sql("update fulfilment set state = 10, handed_at = '2026-11-01' where order_id = %s", (self.id,))
            for no, kind, state, back in ((1, 9, 13, 0), (2, 10, 10, 0), (3, 28, 10, self.cash))[:3 if self.returned else 2]:
                sql("insert into order_act (order_id, act_no, dealer_id, kind, number, at, state, refund_fen) "
                    "values (%s, %s, %s, %s, 1, '2026-11-01', %s, %s)", (self.id, no, self.dealer, kind, state, back))
        if self.returned:
            sql("insert into return_request (order_id, number, dealer_id, fulfilment, state, location_id, reason, asked_at, "
                "decided_at, refund_fen, line, qty, sellable, damaged, refused) values (%s, 1, %s, 1, 3, %s, 1, "
                "'2026-11-01', '2026-11-01', %s, '{0}', %s, %s, '{0}', '{0}')",
                (self.id, self.dealer, self.location, self.cash, [self.qty], [self.qty]))
        sql("insert into outbox values (%s, %s, 1, %s)", (self.id, self.dealer, self.id))
        if self.paid:
            self.pay(sql)

    def pay(self, sql):
        psp, order = PSP_FROZEN << 55 | 1 << 50 | self.collector << 25, C_ORDER << 55
        promo = {1: BRAND_PROMO << 55, 4: PLATFORM_PROMO << 55}
        paid = [(psp, self.cash)] + [(promo[p], f) for p, f in self.funding] + [(order, -(self.cash + self.funded))]
        fee = [(order, self.fee), (psp, -self.fee)]
        self.post(sql, 1, 1, paid, fee)
        if self.delivered:
            cost, share = self.cost * self.qty, self.margin
            self.split(sql, 3, [(order, cost + share), (BRAND_COST << 55, -cost), (self.held(), -share)], (0, 1, 2))
            sql("insert into settlement (order_id, number, dealer_id, collector_id, posted_at, due_at) "
                "values (%s, 1, %s, 1, '2026-11-01', '2026-11-08')", (self.id, self.dealer))
            sql("insert into balance values (%s, 0) on conflict do nothing", (self.held(),))
        if self.returned:
            self.split(sql, 9, [(BRAND_COST << 55, cost), (self.held(), share), (FEE_REBATE << 55, self.fee),
                                (C_REFUND << 55, -self.cash)], (1, 2, 0, 0))
            sql("insert into refund (order_id, refund_no, part_no, dealer_id, collector_id, provider, payment_number, fen, "
                "rebate_fen, state, due_at) values (%s, 1003, 1, %s, 1, 1, %s, %s, %s, 1, '2026-11-01')",
                (self.id, self.dealer, f"n1-{self.ref}", self.cash, self.fee))
        elif self.delivered:
            sql("update balance set fen = fen - %s where account = %s", (share, self.held()))
        if self.twice:
            sql("insert into refund (order_id, refund_no, part_no, dealer_id, collector_id, provider, payment_number, fen, "
                "rebate_fen, state, due_at) values (%s, 2, 1, %s, 1, 1, %s, %s, %s, 1, '2026-11-01')",
                (self.id, self.dealer, f"n2-{self.ref}", self.cash, self.fee))
            back = [(order, self.cash - self.fee), (FEE_REBATE << 55, self.fee), (C_REFUND << 55, -self.cash)]
            self.post(sql, 2, 4, [(psp, self.cash), (order, -self.cash)], fee, back)

    def held(self):
        """What the owner earns of an order that the brand collects."""
        return DEALER_HELD << 55 | self.dealer << 25 | 1

    def split(self, sql, event, legs, kinds):
        sql("insert into journal values (%s, %s, %s, %s, 1, 1, 1, 202611, '2026-11-01', '2026-11-01', %s, %s, %s, '', "
            "null, null, 1)", (self.id, event, 1002 if event == 3 else 1003, self.dealer, [a for a, _ in legs],
                               [f for _, f in legs], list(kinds)))

    def post(self, sql, number, outcome, *events):
        ref = f"n{number}-{self.ref}"
        sql("insert into payment values (1, %s, %s, %s, %s, '2026-01-01', %s)",
            (ref, self.id, self.dealer, self.cash, outcome))
        for event, legs in zip((1, 2, 9), events):
            sql("insert into journal values (%s, %s, %s, %s, 1, 1, 1, 202601, '2026-01-01', '2026-01-01', %s, %s, %s, %s)",
                (self.id, event, number, self.dealer, [a for a, _ in legs], [f for _, f in legs], [0] * len(legs), ref))

    def acknowledged(self):
        party, location = ["", "BRAND", "D1", "D2"], ["", "SITE", "CLOUD", "S1", "S2"]
        part = f"1/{self.way}@{location[self.location]}[0:K{self.sku}x{self.qty}={party[self.owner or 1]}]"
        facts = [self.way, self.goods, self.delivery, self.cash, party[self.collector], party[self.dealer], self.margin,
                 self.funded, self.fee, self.cost * self.qty, part]
        lines = [["A", self.id, "OFFICIAL", self.ref, *facts]]
        if self.paid:
            lines.append(["P", self.id, "wechat", "n1-" + self.ref, self.cash, 1])
        return "".join("\t".join(map(str, one)) + "\n" for one in lines)


def orders():
    return [
        # shipped from SITE, a campaign of brand and platform
        Order(1, qty=2, discount=100, legs=[(1, 1, 16000)], funding=[(1, 120), (4, 80)]),
        # to be collected in the owner's store, own goods, not paid
        Order(2, way=2, paid=False, mark=1, state=1, location=3, runs=2, owner=2, collector=2, capacity="2026-12-01",
              slot=(600, 720)),
        # delivered by another dealer's store
        Order(3, way=3, location=4, runs=3, owner=3, collector=3, delivery=500, capacity="2026-12-01",
              legs=[(3, 3, 8000), (9, 6, 500)]),
        # the same, expired: it holds nothing
        Order(4, way=3, paid=False, mark=5, state=16, location=4, runs=3, owner=3, collector=3,
              capacity="2026-12-01", legs=[(3, 3, 8000)]),
        # from CLOUD, a scarce sku
        Order(5, sku=2, price=900000, cost=800000, location=2, entitled=2, legs=[(1, 1, 800000)]),
        # paid twice: the second payment is refunded
        Order(7, legs=[(1, 1, 8000)], twice=True),
        # with the customer; and the same, brought back
        Order(8, legs=[(1, 1, 8000)], delivered=True),
        Order(9, legs=[(1, 1, 8000)], delivered=True, returned=True),
        # made to order: no stock, but the store's capacity
        Order(6, way=3, location=4, runs=3, owner=0, capacity="2026-12-01", legs=[(1, 1, 8000)]),
    ]


@pytest.fixture(scope="module")
def journal(database, tmp_path_factory):
    """A clean database, and the file of what was acknowledged."""
    database.sql(CATALOG)
    path = tmp_path_factory.mktemp("audit") / "journal"
    for order in orders():
        order.insert(database.sql)
        with path.open("a") as f:
            f.write(order.acknowledged())
    return path


def test_a_clean_database_passes(database, journal):
    done = yc.simulator("audit", "--db", database.url, "--journal", journal)
    assert done.stdout.splitlines()[-1] == yc.CLEAN, done.stdout
    assert done.returncode == 0
    assert "audited 9 acknowledged orders, 9 orders" in done.stdout


def test_each_kind_of_damage_is_seen(database, journal):
    done = yc.simulator("selftest", "--db", database.url, "--journal", journal)
    assert "NOT FOUND" not in done.stdout and "passed over" not in done.stdout, done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    # it left nothing behind
    assert yc.simulator("audit", "--db", database.url, "--journal", journal).returncode == 0


@pytest.mark.parametrize("line, word", [
    ("A\t0193aaaa-0000-7000-8000-00000000ffff\tOFFICIAL\tref-gone\t1\t1\t0\t1\tBRAND\tD1\t0\t0\t0\t0\t", "lost 1"),
    ("A\t0193aaaa-0000-7000-8000-00000000ffff\tOFFICIAL\tref-1\t1\t1\t0\t1\tBRAND\tD1\t0\t0\t0\t0\t",
     "lost 1 oversold 0 unbalanced 0 duplicated 1"),
    ("P\t0193aaaa-0000-7000-8000-000000000001\twechat\tn-other\t19800\t1", "lost 1"),
    ("R\tOFFICIAL\tref-5\tout_of_stock", "lost 1"),
    ("V\tduplicated\ta repeated submit got another answer", "duplicated 1"),
    ("V\tunbalanced\ta payment was refused", "unbalanced 1"),
    ("V\toversold\tthe last one was sold twice", "oversold 1"),
], ids=["an order gone", "two orders for one reference", "a payment gone", "refused but there", "seen doubled",
        "seen unbalanced", "seen oversold"])
def test_the_journal_file_is_held_against_the_database(database, journal, tmp_path, line, word):
    more = tmp_path / "journal"
    more.write_text(journal.read_text() + line + "\n")
    done = yc.simulator("audit", "--db", database.url, "--journal", more)
    assert word in done.stdout.splitlines()[-1], done.stdout
    assert done.returncode == 1


def test_a_line_cut_short_by_a_kill_was_not_acknowledged(database, journal, tmp_path):
    more = tmp_path / "journal"
    more.write_text(journal.read_text() + "A\t0193aaaa-0000")
    assert yc.simulator("audit", "--db", database.url, "--journal", more).returncode == 0


def test_what_cannot_be_audited_is_status_2(database, tmp_path):
    (tmp_path / "journal").write_text("this is no journal\n")
    assert yc.simulator("audit", "--db", database.url, "--journal", tmp_path / "journal").returncode == 2
    assert yc.simulator("audit", "--db", "host=/nowhere").returncode == 2
    assert yc.simulator("audit").returncode == 2
    assert yc.simulator("dance").returncode == 2
