"""Random orders' money through the RPCs: discounts of several funders, every way, owner and collector, deposits; refunds
in any order before and behind the hold; splits at a provider whose answers go wrong, transfers of a bank, what is taken
back and what is set off.  After each round the audit is clean, clearing is closed and the stand-in's books are ours; who
had all of his money back has left nobody richer or poorer.

MONEY_SEED names another run."""
import collections
import datetime
import os
import random

import pytest

import yc
from provider_stand import StandIn
from test_82_acts import act
from test_92_books import sealed
from test_95_payout import Till, rounded_fee
from test_95_payout_ends import cleared
from town import BOOK, BRAND, DEALER_1, DEALER_2, DELIVER, PICKUP, SHIP, Town, total

ROUNDS, ORDERS = 4, 16
APPROVED_FEN = 100000
MERCHANTS = {BRAND: "1900000001", DEALER_1: "1900000011", DEALER_2: "1900000012"}
FUNDERS = [((BRAND, 10000),), ((DEALER_1, 10000),), (("OP", 10000),), ((BRAND, 3333), (DEALER_1, 3334), ("OP", 3333))]
CLASSES = ["plain", "fee", "staff", "warehouse"]
RULES = [{"name": "fee", "skuClass": "fee", "platformFee": {"bps": 100, "bpsOf": "BASE_GROSS", "rounding": "ROUNDING_FLOOR"}},
         {"name": "staff", "skuClass": "staff", "staffCommission": {"bps": 137, "bpsOf": "BASE_GROSS"}},
         {"name": "warehouse", "skuClass": "warehouse", "warehouse": {"bps": 50, "bpsOf": "BASE_COST"},
          "transfer": {"fixedFen": "900"}, "handling": {"bps": 150, "bpsOf": "BASE_GROSS"}}]
NEXT = {"OFFERED": "Accept", "READY_FOR_PICKUP": "ConfirmCollection", "OUT_FOR_DELIVERY": "ConfirmDelivery",
        "SHIPPED": "ConfirmDelivery"}
HANDED = ("COLLECTED", "DELIVERED")
# A random act may come too late, or ask for more than is left.
MAY_REFUSE = {"wrong_state", "bad_field", "contended", "not_found", "return_refused"}


@pytest.fixture(scope="module")
def standin(tmp_path_factory):
    s = StandIn(tmp_path_factory.mktemp("provider"), merchant=MERCHANTS[BRAND], qps=0,
                **{"return-optin": MERCHANTS[DEALER_1]}).start()
    yield s
    s.stop()


@pytest.fixture(scope="module")
def servers(service, standin):
    return service(2, clock_may_move="on", settle_poll_ms="30ms", settle_retry_ms="500ms", settle_lease_ms="1s",
                   timer_poll_ms="50ms", split_margin_ms="24h", approval_min_fen=APPROVED_FEN, wechat_rate=1000,
                   **standin.settings(wechat_timeout_ms="500ms"))


class Play(Till):
    def __init__(self, town, servers, standin, seed):
        super().__init__(town, servers, standin)
        self.draw, self.orders, self.counts, self.refs = random.Random(seed), [], collections.Counter(), 0
        self.front = servers[0].client(self.database.key("storefront", "storefront:*")).wait_known()
        self.desk = [servers[0].client(self.database.key("finance", name=n)).wait_known() for n in ("anna", "bo")]
        far = (self.now() + datetime.timedelta(days=900)).isoformat()
        self.campaigns = [town.campaign(100000000, funders, until=far, unitMaxFen="100000") for funders in FUNDERS]
        self.skus = {}
        for n in range(4):
            price = self.draw.randint(2000, 150000)
            cost = price * self.draw.choice([60, 85, 97]) // 100
            for owner in (BRAND, DEALER_1, DEALER_2, "made"):
                code = self.sku(price, cost, {"SITE": 200, "CLOUD": 200} if owner == BRAND else {},
                                skuClass=CLASSES[n % 4], madeToOrder=owner == "made")
                for location in {BRAND: ("A1", "C1"), DEALER_1: ("A1", "A2"), DEALER_2: ("C1",)}.get(owner, ()):
                    town.count(location, code, 200, goodsOwner=owner)
                self.skus.setdefault(owner, []).append((code, price))

    def pay_rest(self, order, fen):
        """The fee of both payments is the whole's, as ours is posted; a fen of difference would be reconciliation's."""
        before, number = int(order["depositFen"]), f"43{next(self._numbers):010}"
        self.standin.control("payments", {
            "transaction_id": number, "sub_mchid": MERCHANTS[order["option"]["collector"]], "amount": fen,
            "fee": rounded_fee(before + fen) - rounded_fee(before), "out_trade_no": "o" + number,
            "paid_at": self.now().isoformat()})
        self.town.pay(order, payment=self.town.payment(fen, number))
        return number

    def tried(self, what, method, message, client=None):
        """None: refused, as it may be."""
        try:
            got = (client or self.town.admin).call(method, message)
        except yc.RpcError as e:
            assert e.reason in MAY_REFUSE, (method, message, e, e.text)
            self.counts[what + " refused"] += 1
            return None
        self.counts[what] += 1
        return got

    def act(self, order, number=0, staff="B1"):
        self.refs += 1
        return act(order, number, f"r{self.refs}", staff)

    def buy(self):
        draw = self.draw
        owner = draw.choice([BRAND, BRAND, BRAND, DEALER_1, DEALER_2, "made"])
        way = SHIP if owner == "made" else draw.choice([SHIP, DELIVER, PICKUP] if owner == BRAND else [DELIVER, PICKUP])
        more = {"way": way, "storefront": draw.choice(["F-A1", "F-A1", "F-C1", "OFFICIAL"])}
        if way != SHIP:
            more["location"] = {DEALER_1: "A1", DEALER_2: "C1"}.get(owner) or draw.choice(["A1", "C1"])
        if draw.random() < 0.3:
            more["customer"] = "customer-s"
        lines = []
        for code, price in draw.sample(self.skus[owner], 1 if owner == "made" else draw.randint(1, 3)):
            line = {"sku": code, "quantity": draw.randint(1, 3)}
            if draw.random() < 0.5:
                line |= {"campaign": draw.choice(self.campaigns),
                         "discountFen": str(draw.randint(1, price // 5) * line["quantity"])}
            lines.append(line)
        order = self.town.submit(lines, **more)
        order["owner"], order["rest"] = owner, 0
        deposit = int(order.get("depositFen", 0))
        order["payment"] = self.pay(order, deposit or None)
        order["rest"] = total(order) - deposit if deposit else 0
        self.orders.append(order)
        self.counts[f"{owner} {way}"] += 1

    def hand(self, order, f):
        """One parcel as far as it goes; a pickup sometimes waits for ever."""
        while True:
            number, way = f["number"], f["part"]["way"]
            state = f["state"].removeprefix("FULFILMENT_STATE_")
            method = NEXT.get(state) or (state == "ACCEPTED" and ("MarkReady" if way == PICKUP else "Dispatch"))
            if not method or (state == "READY_FOR_PICKUP" and self.draw.random() < 0.2):
                return
            more = {}
            if method == "ConfirmCollection":
                known = self.front.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]["fulfilments"]
                [more["code"]] = [x["collectionCode"] for x in known if x["number"] == number]
            if not self.tried(method, "StoreService/" + method, {**self.act(order, number), **more}):
                return
            [f] = [x for x in self.town.get(order)["fulfilments"] if x["number"] == number]

    def produce(self, order):
        """The balance comes, sometimes not."""
        if not order["rest"] or self.draw.random() < 0.3:
            return
        deposit = self.town.get(order).get("deposit", {})
        due = int(deposit.get("balanceFen", 0))
        if due and self.tried("StartProduction", "StoreService/StartProduction", self.act(order, 1)):
            order["rest"] = 0
            order["payment"] = self.pay_rest(order, due)
            self.counts["balance"] += 1

    def bring_back(self, order, f):
        lines = [(x.get("line", 0), x["quantity"]) for x in f["part"]["lines"]]
        if self.draw.random() < 0.5:
            lines = [(n, self.draw.randint(1, q)) for n, q in self.draw.sample(lines, 1)]
        asked = self.tried("return", "OrderService/RequestReturn", {
            **self.act(order, f["number"], ""), "reason": "RETURN_REASON_DEFECTIVE",
            "lines": [{"line": n, "quantity": q} for n, q in lines]})
        if asked:
            self.call("StoreService/ReceiveReturn", {
                **self.act(order, f["number"]), "returnNumber": asked["returnNumber"],
                "lines": [{"line": n, "sellable": q} for n, q in lines]})

    def cancel(self, order, whole):
        lines = []
        if not whole:
            lines = [{"line": self.draw.randrange(len(order["option"]["parts"][0]["lines"])), "quantity": 1}]
        self.tried("cancel", "OrderService/CancelOrder", {**self.act(order, 0, ""), "lines": lines})

    def amount(self, order):
        """What is given is posted to the fen: so much to the customer, and goodwill from its bearer alone."""
        self.refs += 1
        draw, goodwill = self.draw, self.draw.random() < 0.6
        fen = draw.randint(1, total(order)) if draw.random() < 0.2 else draw.randint(1, 1500)
        bearer = draw.choice([BRAND, DEALER_1, "OP"])
        some = {"goodwillFen": str(fen), "bearer": bearer} if goodwill else \
            {"partFen": str(fen), "fulfilment": 1, "line": 0}
        before = len(self.rows(order, "R1"))
        got = self.tried("amount", "FinanceService/RefundAmount",
                         {"ref": f"a{self.refs}", "orderId": order["orderId"], "note": "sorry", **some})
        if not got:
            return
        if got["acted"]["state"] == "PROPOSAL_STATE_WAITS":
            assert fen >= APPROVED_FEN and self.rows(order, "R1")[before:] == []
            got = self.tried("amount approved", "FinanceService/ApproveProposal",
                             {"proposalId": got["acted"]["proposalId"]}, self.desk[1])
            if not got:
                return
        assert got["acted"]["state"] == "PROPOSAL_STATE_DONE", got
        given = [(r.get("C:refund", 0), by_party(r)) for _, r in self.rows(order, "R1")[before:]]
        [parties] = [x for cash, x in given if cash == -fen] or [None]
        assert parties is not None, (fen, given)
        if goodwill:
            who = party_word(bearer)
            # The brand has what the provider gives back of his fee, too.
            assert {w: f for w, f in parties.items() if w not in ("C", "A", "brand", who)} == {}, (some, given)
            assert parties[who] == fen - (parties["A"] if bearer == BRAND else 0), (some, given)

    def anything(self, order):
        got, luck = self.town.get(order), self.draw.random()
        if order["rest"]:
            self.produce(order)
        if luck < 0.12:
            self.cancel(order, self.draw.random() < 0.7)
        elif luck < 0.22:
            self.amount(order)
        for f in got["fulfilments"]:
            if f["state"].removeprefix("FULFILMENT_STATE_") in HANDED:
                if luck > 0.55:
                    self.bring_back(order, f)
            elif luck > 0.3:
                self.hand(order, f)

    def at_rest(self):
        """Until nobody works on any money."""
        waits = {
            "calls": "select number, kind, state, error from provider_call where state in (1, 2, 3)",
            "refunds": "select order_id, state, fen from refund where state <> 3",
            "clawbacks": "select order_id, fen from clawback where state in (1, 2)",
            "holds": "select order_id, number from settlement where ended_at is null and due_at < %(now)s",
            "work": "select order_id, at from settle_work where at < %(now)s"}
        left = {}

        def look():
            left.clear()
            left.update({k: rows for k, q in waits.items() if (rows := self.database.sql(q, {"now": self.now()}))})
            return not left
        try:
            yc.wait_for("rest", lambda: look() and look(), 20)
        except AssertionError:
            raise AssertionError(f"no rest: {left}") from None

    def by_account(self, where="true", *args):
        return {a: int(f) for a, f in self.database.sql(
            "select account_name(a), sum(f) from journal j, unnest(j.accounts, j.amounts) t(a, f) "
            f"where {where} group by 1 having sum(f) <> 0", args)}

    def judge(self):
        self.at_rest()
        self.agree()
        sealed(self.database)
        assert " 0 violations" in self.database.audit()
        self.database.audit("--recompute")
        final = [o["orderId"] for o in self.orders
                 if self.town.get(o)["state"] in ("ORDER_STATE_DONE", "ORDER_STATE_CANCELLED")]
        final = self.by_account("j.object_id = any(%s::uuid[])", final)
        assert {a: f for a, f in final.items() if a.startswith("C:")} == {}
        # The bills of the moved days tell of the merchants' own top-ups: those are reconciliation's.
        ours = self.by_account("event_word(j.event) <> 'K'")
        assert "C:refund" not in ours, ours
        theirs = {m["number"]: m for m in self.standin.books("-")["merchants"]}
        for party, number in MERCHANTS.items():
            m = theirs[number]
            assert m["frozen"] == ours.get(f"A:psp:wechat:{party}:frozen", 0), (party, m, ours)
        m = theirs[MERCHANTS[BRAND]]
        # What a bank paid out is out of our books before it is withdrawn.
        [(bank,)] = self.database.sql("select coalesce(sum(fen), 0)::int8 from payout where rail = 2 and state = 3 and "
                                      "collector_id = (select party_id from party where code = 'B')")
        assert m["available"] - m["topped_up"] - bank == ours.get("A:psp:wechat:B:available", 0), (m, bank, ours)


def party_word(code):
    """party_of() of his accounts."""
    return {BRAND: "brand", "OP": "op", "WH": "wh:WH", "S1": "staff:S1"}.get(code, "dealer:" + code)


def party_word(code):
    """party_of() of his accounts."""
    return {BRAND: "brand", "OP": "op"}.get(code, "dealer:" + code)


def party_of(account):
    words = account.split(":")
    if words[0] == "P":
        return words[1] + (":" + words[2] if words[1] in ("dealer", "staff", "courier", "wh", "channel") else "")
    if words[1] == "recv":
        return "dealer:" + words[3]
    # A dealer's cash at the provider is his.
    return "dealer:" + words[3] if words[1] == "psp" and words[3] != BRAND else words[0]


def by_party(legs):
    """What is at the provider, of whomever, is A."""
    out = collections.Counter()
    for account, fen in legs.items():
        out["A" if account.startswith("A:psp:") else party_of(account)] += fen
    return out


def clawbacks_due(play):
    """{(order, refund, dealer): fen}: as much of what a refund left him owing as splits of the order had brought him."""
    due, paid = {}, collections.Counter()
    for order, event, event_no, account, fen in play.database.sql(
            "select object_id::text, event_word(event), event_no, account_name(a), sum(f)::int8 from journal, "
            "unnest(accounts, amounts) t(a, f) where account_kind(a) in (6, 22) group by 1, event, 3, 4, posted_at, seq "
            "order by 1, posted_at, seq, event"):
        dealer = order, account.split(":")[3 if event == "R1" else 2]
        if event == "R1" and fen > 0 and paid[dealer] > 0:
            due[(order, event_no, dealer[1])] = min(fen, paid[dealer])
            paid[dealer] -= due[(order, event_no, dealer[1])]
        elif event in ("E5", "E6c"):
            paid[dealer] -= fen
    return due


def whole_refunds(play):
    """(order, {party: fen}) of each order whose customer has all of his money, and keeps no goodwill beside goods or fee."""
    rows = play.database.sql(
        "select order_id::text, p.fen::int8, r.fen::int8 from "
        "(select order_id, sum(amount_fen) as fen from payment group by 1) p join "
        "(select order_id, sum(fen) as fen from refund where state = 3 group by 1) r using (order_id) "
        "where (select coalesce(sum(units[i + 6]), 0) from journal, generate_series(1, cardinality(units), 7) i "
        "where object_id = p.order_id and units[i] = -2) = 0")
    for order, paid, back in rows:
        if paid != back:
            continue
        parties = collections.Counter()
        for account, fen in play.by_account("j.object_id = %s", order).items():
            parties[party_of(account)] += fen
            if account.startswith("A:recv:"):  # set off against what other orders bring him, there
                parties.update({party_of(account): -fen, "A": fen})
        # Splits are the order's own rows; what a bank pays or a batch sets off is a payout's, of many orders.  All
        # that goes round a collecting dealer is settled between him and the brand (E7d).
        for account, fen in play.database.sql(
                "select account_name(y.account), y.fen from payable y left join payout o using (payout_id) "
                "where y.order_id = %s and o.order_id is null", (order,)):
            parties.update({party_of(account): fen, "A": -fen})
        yield order, {p: f for p, f in parties.items() if f}


@pytest.fixture(scope="module")
def play(servers, database, standin):
    admin = servers[0].login("admin")
    for s in servers:
        s.client(admin.key).wait_known()
    town = Town(servers[0], database, admin)
    town.load()
    payee = {"bank": "a bank", "accountName": "an account", "account": "6225-0001"}
    admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": "OP", "kind": "PARTY_KIND_PLATFORM", "name": "runs the platform",
         "merchant": {"provider": "wechat", "number": "1900000099"}},
        {"code": "B1", "kind": "PARTY_KIND_STAFF", "employer": BRAND},
        {"code": "S1", "kind": "PARTY_KIND_STAFF", "name": "an assistant", "employer": DEALER_1,
         "payee": {"openid": "oPENID_s1"}}]})
    admin.call("CatalogService/UpsertDealers", {"dealers": [
        {"code": code, "name": code, "grade": grade, "payee": payee,
         "merchant": {"provider": "wechat", "number": MERCHANTS[code], "feeBps": 60}}
        for code, grade in ((DEALER_1, 1), (DEALER_2, 3))]})
    for sku_class in CLASSES:
        town.sku(skuClass=sku_class)
    town.put_book({"rules": BOOK["rules"] + RULES})
    town.put_policy(depositBps=3000, balanceDays=20)
    town.claim("customer-s", "A1", staff="S1")
    seed = os.environ.get("MONEY_SEED", "20261122")
    print(f"MONEY_SEED={seed}")
    p = Play(town, servers, standin, seed)
    for number in MERCHANTS.values():
        standin.control("topup", {"account": number, "amount": 50000000})
    return p


def test_random_money(play):
    draw, standin = play.draw, play.standin
    for n in range(ROUNDS):
        for _ in range(ORDERS):
            play.buy()
        standin.control("faults", {"fault_bps": 1200, "stall_ms": 600})
        standin.control("close", {"account": draw.choice(["oPENID_s1", "1900000012", "1900000099"]),
                                  "reason": "RECEIVER_REAL_NAME_NOT_VERIFIED", "count": 2})
        for order in draw.sample(play.orders, len(play.orders)):
            play.anything(order)
        play.days(0.01)
        for order in draw.sample(play.orders, len(play.orders) // 2):
            play.anything(order)
        play.days(8.3 if n % 2 else 4.1)
        standin.control("faults", {"fault_bps": 0})
        play.at_rest()
        if n % 2:
            cleared(play, play.desk)
        play.judge()
    for order in draw.sample(play.orders, len(play.orders) // 2):  # behind the money's end
        play.cancel(order, True)
        for f in play.town.get(order)["fulfilments"]:
            if f["state"].removeprefix("FULFILMENT_STATE_") in HANDED:
                play.bring_back(order, f)
    play.days(8)
    play.judge()
    print(dict(play.counts))
    kinds = dict(play.database.sql("select event_word(event), count(*) from journal group by 1"))
    print(kinds)
    asked = play.database.sql("select order_id::text, refund_no, code, fen from clawback join party using (party_id)")
    assert {row[:3]: row[3] for row in asked} == clawbacks_due(play)
    whole = list(whole_refunds(play))
    print(len(whole), "wholly refunded")
    if "MONEY_SEED" not in os.environ:  # what another draws, nobody knows
        assert {"E1", "E2", "E3", "E4", "E5", "E6", "E6c", "E7", "E7d", "R1", "R2", "R3"} <= set(kinds), kinds
        assert asked and len(whole) >= 10
    assert {o: p for o, p in whole if p} == {}
