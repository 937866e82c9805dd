"""How orders' money ends otherwise: two payments, the provider's own clock, refunds of what a dealer collected, and instances that die."""
import merchant
import yc
from test_82_acts import act
from test_95_payout import (AVAILABLE, FROZEN, desk, returned, servers, standin, till)  # noqa: F401
from town import BRAND, DEALER_1, PICKUP, SHIP, total


def until_state(till, table, order, state):
    yc.wait_for(f"{table} in {state}", lambda: till.database.sql(
        f"select 1 from {table} where order_id = %s and state = %s", (order["orderId"], state)))


def cleared(till, desk):
    """Whatever the brand owes anybody by bank or offset goes out: what comes back next is owed to it."""
    anna, bo = desk
    for rail in ("RAIL_BANK", "RAIL_OFFSET"):
        ref = till.town.name("clear")
        try:
            acted = anna.call("FinanceService/PreparePayouts", {"ref": ref, "collector": BRAND, "rail": rail})["acted"]
        except yc.RpcError as e:
            assert (e.reason, e.field) == ("wrong_state", "rail")
            continue
        if acted["state"] == "PROPOSAL_STATE_WAITS":
            bo.call("FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})
        [b] = anna.call("FinanceService/ListPayoutBatches", {"ref": ref})["batches"]
        for p in anna.call("FinanceService/ListPayouts", {"batchId": b["batchId"]})["payouts"]:
            if p["state"] == "PAYOUT_STATE_INSTRUCTED":
                anna.call("FinanceService/ConfirmPayout", {"payoutId": p["payoutId"], "outcome": "PAYOUT_STATE_PAID"})


def collected(till, price=129900, count=1):
    """A pickup that D1 collected the money of, handed over; without the operator's fee."""
    code = till.sku(price, price // 2, {}, skuClass="phone")
    till.town.count("A1", code, 5, goodsOwner=DEALER_1)
    order = till.bought([(code, count)], way=PICKUP, storefront="F-A1", location="A1")
    assert order["option"]["collector"] == DEALER_1
    return till.collected(order)


def back_to(till, order, location, line=0, quantity=1):
    asked = till.call("OrderService/RequestReturn", {
        **act(order, 1, "back", staff=""), "reason": "RETURN_REASON_DEFECTIVE",
        "lines": [{"line": line, "quantity": quantity}]})
    till.call("StoreService/ReceiveReturn", {
        **act(order, 1, "back-in"), "returnNumber": asked["returnNumber"], "location": location,
        "lines": [{"line": line, "sellable": quantity}]})


def test_collected_and_back_in_the_hold(till):
    """Before the release the refund comes out of what is frozen."""
    order = collected(till)
    back_to(till, order, "A1")
    till.until(order, "R2")
    assert till.rows(order, "R2") == [("R2", {"C:refund": 129900, "A:psp:wechat:D1:frozen": -129121,
                                             "A:psp:wechat:D1:fee_rebate": -779})]
    till.days(8)
    yc.wait_for("the release", lambda: till.database.sql(
        "select 1 from payment where order_id = %s and released_at is not null", (order["orderId"],)))
    assert till.sums(order) == {}


def test_collected_and_back_behind_the_release(till):
    """The dealer has the money and gives it back himself: nobody owes anybody anything."""
    order = collected(till)
    till.days(8)
    till.until(order, "E7d")
    back_to(till, order, "A1")
    till.until(order, "R2")
    recv = "A:recv:dealer:D1:B"
    assert till.rows(order, "R1", "R2") == [
        ("R1", {recv: 129121, "A:psp:wechat:D1:fee_rebate": 779, "C:refund": -129900}),
        ("R2", {"C:refund": 129900, "A:psp:wechat:D1:fee_rebate": -779, recv: -129121})]
    assert till.sums(order) == {}
    till.agree()


def test_deposit_and_balance(till):
    """Ex 12: the provider releases the deposit by itself, the dealer's share is split off the balance."""
    till.town.put_policy(depositFen="100000", forfeitBps=2000, balanceDays=60)
    order = till.town.submit(till.town.sku(madeToOrder=True, listPriceFen="999900", floorPriceFen="999900",
                                           contractCostFen="900000"), way=SHIP, storefront="F-A1")
    assert (int(order["depositFen"]), total(order)) == (100000, 999900)
    first = till.pay(order, 100000)
    till.days(31)
    till.until(order, "E7")
    assert till.rows(order, "E7") == [("E7", {AVAILABLE: 99400, FROZEN: -99400})]
    till.call("StoreService/StartProduction", act(order, ref="make", staff="B1"))
    order["payment"] = till.pay(order, 899900)
    till.shipped(order)
    till.days(8)
    till.until(order, "E7", 2)
    assert till.rows(order, "E3") == [("E3", {"C:order": 993901, "P:brand:cost": -900000,
                                              "P:dealer:D1:B:held": -93901})]
    assert till.standing(order) == (0, {"1900000011": 93901})
    assert till.standin.payment(first)["splits"][-1]["kind"] == "system"
    assert till.sums(order) == {AVAILABLE: 900000, "P:brand:cost": -900000}
    till.town.put_policy()


def test_provider_releases_by_itself(till):
    """A split that could not be made in time goes by bank, and the books say who released."""
    till.standin.control("close", {"account": "1900000011", "reason": "ACCOUNT_ABNORMAL"})
    order = till.shipped(till.bought(till.sku(599900, 540000, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    till.days(8)
    till.until(order, "E6C")
    till.standin.control("close", {"account": "1900000011", "count": 0})
    till.days(22.5)
    till.until(order, "E7")
    assert till.payables(order) == [("P:dealer:D1:B:avail", 56301, 2)] or \
        till.payables(order) == [("P:dealer:D1:B:avail", 56301, 3)]
    assert till.rows(order, "E7") == [("E7", {AVAILABLE: 596301, FROZEN: -596301})]
    assert till.standing(order) == (0, {})
    till.agree()


def test_a_lower_cap_at_the_provider(till):
    """He lets less be split than split_cap_bps says: the share goes by bank at once, the rest is released."""
    till.standin.control("conf", {"cap_bps": 900})
    order = till.shipped(till.bought(till.sku(599900, 540000, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    till.days(8)
    till.until(order, "E7")
    till.standin.control("conf", {"cap_bps": 3000})
    assert till.database.sql("select fail_reason from payout where order_id = %s", (order["orderId"],)) == [("RULE_LIMIT",)]
    assert [a[:2] for a in till.payables(order)] == [("P:dealer:D1:B:avail", 56301)]
    assert till.payables(order)[0][2] in (2, 3)
    assert till.standing(order) == (0, {})
    till.agree()


def test_a_number_that_another_used(till, desk):  # noqa: F811
    """Under the split's number the provider has something else: two persons say that it was closed, the next goes well."""
    order = till.shipped(till.bought(till.sku(599900, 540000, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    number = "S" + order["orderId"].replace("-", "") + "-1"
    other = merchant.Provider(till.standin.folder).attach(till.standin.folder, till.standin.url)
    till.standin.control("close", {"account": "1900000011", "count": 1})
    other.add("1900000011")
    assert other.split(order["payment"], number, [("1900000011", 5)]).status == 200
    other.split_state(order["payment"], number)
    till.days(8)
    anna, bo = desk
    yc.wait_for("a stuck call", lambda: [c["number"] for c in anna.call(
        "FinanceService/ListStuckCalls").get("calls", [])] == [number])
    assert "E6C" not in till.kinds(order)
    acted = anna.call("FinanceService/EndStuckCall", {
        "ref": "end", "number": number, "receiver": "1900000011", "amountFen": "56301",
        "outcome": "CALL_OUTCOME_CLOSED"})["acted"]
    bo.call("FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})
    till.until(order, "E6C")
    till.days(0.1)
    till.until(order, "E7")
    assert till.standing(order) == (0, {"1900000011": 56301})
    till.agree()


def test_never_delivered(till):
    """What nobody sends for a month is released by the provider; delivered then, the share goes by bank."""
    order = till.bought(till.sku(599900, 540000, {"SITE": 5}), way=SHIP, storefront="F-A1")
    till.days(31)
    till.until(order, "E7")
    assert till.rows(order, "E7") == [("E7", {AVAILABLE: 596301, FROZEN: -596301})]
    till.shipped(order)
    till.days(8)
    till.until(order, "E4")
    yc.wait_for("a rail", lambda: [r for *_, r in till.payables(order)] in ([2], [3]))
    till.agree()


def test_refund_beyond_what_is_frozen(till, desk):  # noqa: F811
    """Partly split, the customer gets back more than the frozen rest: it is released first, then refunded."""
    cleared(till, desk)
    order = till.shipped(till.bought([(till.sku(100000, 75000, {"SITE": 9}), 3)], way=SHIP, storefront="F-A1"))
    till.standin.control("conf", {"pending_polls": 0})
    till.days(8)
    till.until(order, "E6")
    till.call("OrderService/RequestReturn", {**act(order, 1, "b", staff=""), "reason": "RETURN_REASON_DEFECTIVE",
                                             "lines": [{"line": 0, "quantity": 3}]})
    till.call("StoreService/ReceiveReturn", {**act(order, 1, "bi", staff="B1"), "returnNumber": 1, "location": "SITE",
                                             "lines": [{"line": 0, "sellable": 3}]})
    till.until(order, "R2")
    till.until(order, "R3")
    assert till.sums(order) == {}, "each party's sum over the order is zero"
    till.agree()


def test_refund_that_is_refused(till, desk):  # noqa: F811
    """The provider has not got the money: refused, listed, asked for again under another number."""
    cleared(till, desk)
    order = till.shipped(till.bought(till.sku(50000, 40000, {"SITE": 2}), way=SHIP, storefront="F-A1"))
    till.days(8)
    till.until(order, "E7")
    rest = till.standin.books("-")["merchants"]
    [available] = [m["available"] for m in rest if m["number"] == "1900000001"]
    till.standin.control("withdraw", {"account": "1900000001", "amount": available})
    returned(till, order, 0)
    until_state(till, "refund", order, 4)
    [r] = till.call("FinanceService/ListRefunds", {"state": "REFUND_STATE_REFUSED"})["refunds"]
    assert (r["orderId"], r["amountFen"]) == (order["orderId"], "50000")
    till.standin.control("topup", {"account": "1900000001", "amount": available})
    till.days(0.1)
    till.until(order, "R2")
    numbers = [n for n, in till.database.sql("select number from provider_call where order_id = %s and kind = 4",
                                             (order["orderId"],))]
    assert len(set(numbers)) == 2
    till.until(order, "R3")
    assert till.sums(order) == {}


def test_instances_that_die(till):
    """Twenty orders' holds end while one instance is killed in the middle: each share is split once, and posted once."""
    code = till.sku(599900, 540000, {"SITE": 40})
    orders = [till.shipped(till.bought(code, way=SHIP, storefront="F-A1")) for _ in range(20)]
    till.days(8)
    for _ in range(3):
        till.servers[1].kill9()
        till.servers[1].start()
        till.servers[1].client(till.town.admin.key).call("AdminService/MoveClock", {"to": till.now().isoformat()})
    for order in orders:
        till.until(order, "E7", seconds=60)
        assert till.kinds(order) == ["E1", "E2", "E3", "E4", "E5", "E6", "E7"]
        assert till.standing(order) == (0, {"1900000011": 56301})
        assert till.sums(order) == {AVAILABLE: 540000, "P:brand:cost": -540000}
    till.agree()


def test_prepared_at_once(till, desk):  # noqa: F811
    """Two instances, the same batch and others at once: each share is in one of them."""
    cleared(till, desk)
    for _ in range(3):
        till.shipped(till.bought(till.sku(100000, 20000, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    till.days(8)
    share = 3 * (100000 - 600 - 20000)
    yc.wait_for("three to be owed", lambda: till.database.sql(
        "select coalesce(sum(fen), 0) from payable where payout_id is null and rail in (2, 3) and collector_id = "
        "(select party_id from party where code = 'B')")[0][0] >= share)
    refs = [till.town.name("race") for _ in range(2)]
    clients = [s.client(desk[0].key) for s in till.servers]

    def prepare(i):
        try:
            return clients[i % 2].call("FinanceService/PreparePayouts", {
                "ref": refs[i // 4], "collector": BRAND, "rail": "RAIL_BANK"})["acted"]["proposalId"]
        except yc.RpcError as e:
            assert (e.reason, e.field) == ("wrong_state", "rail"), e
            return None
    got = [x for x in yc.at_once(8, prepare) if x]
    assert got and len(set(got)) <= 2
    out = till.database.sql("select sum(p.fen), count(*) from payout p join payout_batch b using (batch_id) "
                            "where b.ref = any(%s)", (refs,))
    assert out[0][0] == share, out
    till.agree()


def test_holds_that_end_apart(till):
    """Two parcels, a unit of the first comes back: each hold ends with what is its own."""
    one, two = till.sku(100000, 90000, {"SITE": 5}), till.sku(60000, 50000, {"CLOUD": 5}, cloudOnly=True)
    order = till.bought([(one, 2), (two, 1)], way=SHIP, storefront="F-A1")
    numbers = {one if f["part"]["location"] == "SITE" else two: f["number"] for f in till.town.get(order)["fulfilments"]}
    for code in (one, two):
        n = numbers[code]
        till.call("StoreService/Dispatch", act(order, n, f"go{n}", staff="B1"))
        till.call("StoreService/ConfirmDelivery", act(order, n, f"there{n}", staff="B1"))
        till.days(3)
    till.call("OrderService/RequestReturn", {**act(order, numbers[one], "b", staff=""), "reason": "RETURN_REASON_OTHER",
                                             "note": "x", "lines": [{"line": 0, "quantity": 1}]})
    till.call("StoreService/ReceiveReturn", {**act(order, numbers[one], "bi", staff="B1"), "returnNumber": 1,
                                             "location": "SITE", "lines": [{"line": 0, "sellable": 1}]})
    held = {n: -legs["P:dealer:D1:B:held"] for (_, legs), n in zip(till.rows(order, "E3"), (numbers[one], numbers[two]))}
    back = till.rows(order, "R1")[0][1]["P:dealer:D1:B:held"]
    till.days(1.5)
    till.until(order, "E4")
    assert till.rows(order, "E4")[0][1]["P:dealer:D1:B:held"] == held[numbers[one]] - back
    till.days(4)
    till.until(order, "E7")
    assert till.rows(order, "E4")[1][1]["P:dealer:D1:B:held"] == held[numbers[two]]
    assert "P:dealer:D1:B:held" not in till.sums(order)
    till.agree()
