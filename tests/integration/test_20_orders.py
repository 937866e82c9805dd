"""One order at a time: routes, owners, quotes, money, payment, and every ceiling."""
import base64
import datetime
import hmac

import pytest

import town as t
import yc
from town import DELIVER, PICKUP, SHIP, refused, total

TZ = datetime.timezone(datetime.timedelta(hours=8))


def legs(order, kind=None):
    """Amounts by (kind, party), of an answer that shows money."""
    got = {}
    for leg in order["option"]["money"]["legs"]:
        at = leg["kind"].removeprefix("LEG_KIND_"), leg["party"]
        got[at] = got.get(at, 0) + int(leg["amountFen"])
    return got if kind is None else {p: v for (k, p), v in got.items() if k == kind}


def check_money(order):
    """Legs add up to what was paid and what others funded; the quoted margin is what the owner keeps."""
    money = order["option"]["money"]
    assert sum(legs(order).values()) == total(order) + int(money.get("fundedFen", 0))
    return money


def fee(fen):
    return (fen * t.FEE_BPS + 5000) // 10000


def stock(town, location, sku):
    """(on_hand, reserved, allocated) out of the database."""
    return town.database.sql(
        "select on_hand, reserved, allocated from stock_level join location using (location_id) "
        "join sku using (sku_id) where location.code = %s and sku.code = %s", (location, sku))[0]


def part(order, number=0):
    return order["option"]["parts"][number]


def prepaid(town, fen, **more):
    return {"payment": town.payment(fen, **more)}


# ---- The four ways ----


def test_ship_from_site_owned_by_nobody(town):
    """Direct shipping: the brand's own storefront, no territory: the brand stands in for the owner."""
    sku = town.sku({"SITE": 5, "CLOUD": 5})
    order = town.submit([(sku, 2)])
    assert (part(order)["location"], part(order)["way"]) == ("SITE", SHIP)
    assert part(order)["locationKind"] == "LOCATION_KIND_SITE"
    assert part(order)["lines"] == [{"sku": sku, "quantity": 2, "goodsOwner": "B"}] or \
        part(order)["lines"] == [{"line": 0, "sku": sku, "quantity": 2, "goodsOwner": "B"}]
    assert order["owner"]["dealer"] == "B"
    assert order["owner"]["source"] == "OWNER_SOURCE_BRAND"
    assert order["option"]["collector"] == "B"
    assert total(order) == 2 * 19900  # free of a delivery fee from 9900
    money = check_money(order)
    assert int(money["costFen"]) == 2 * 12000
    assert stock(town, "SITE", sku) == (5, 2, 0)  # held for an unpaid order


def test_ship_from_cloud_pays_the_warehouse(town):
    """Cloud warehouse: dealer 1 owns by his store's storefront; brand cost, the warehouse, the rest his."""
    sku = town.sku({"CLOUD": 5}, cloudOnly=True)
    order = town.submit(sku, storefront="F-A1")
    assert (part(order)["location"], part(order)["way"]) == ("CLOUD", SHIP)
    assert (order["owner"]["dealer"], order["owner"]["store"]) == ("D1", "A1")
    assert order["owner"]["source"] == "OWNER_SOURCE_STOREFRONT"
    assert order["option"]["collector"] == "B"
    check_money(order)
    rest = 19900 - 12000 - t.WAREHOUSE_FEN - fee(19900)
    assert legs(order, "COST") == {"B": 12000}
    assert sum(legs(order, "HANDLING").values()) == t.WAREHOUSE_FEN
    assert legs(order, "MARGIN") == {"D1": rest}
    assert int(order["option"]["money"]["ownerMarginFen"]) == rest


def test_pickup_in_the_owners_store(town):
    """In-store pickup of the dealer's own goods: all is his, and he collects."""
    sku = town.sku({"A1": 3})
    order = town.submit(sku, storefront="F-A1", way=PICKUP, location="A1")
    assert (part(order)["location"], part(order)["way"]) == ("A1", PICKUP)
    assert order["option"]["collector"] == "D1"
    assert int(order["option"].get("deliveryFeeFen", 0)) == 0
    check_money(order)
    assert legs(order, "MARGIN") == {"D1": 19900 - fee(19900)}
    # His margin is what is left after what the goods cost him.
    assert int(order["option"]["money"]["ownerMarginFen"]) == 19900 - fee(19900) - 12000


def test_deliver_by_another_dealers_store(town):
    """Store delivery where only dealer 2 has the goods: he gets the transfer price and handling."""
    sku = town.sku({"C1": 3})
    order = town.submit(sku, storefront="F-A1", way=DELIVER)
    assert (part(order)["location"], part(order)["way"]) == ("C1", DELIVER)
    assert part(order)["lines"][0]["goodsOwner"] == "D2"
    assert 1400 < part(order)["distanceM"] < 1600
    assert int(order["option"]["deliveryFeeFen"]) == 500
    assert order["option"]["collector"] == "D2"
    check_money(order)
    assert legs(order, "TRANSFER") == {"D2": 12000}
    assert legs(order, "HANDLING") == {"D2": t.HANDLING_FEN}
    goods_fee = fee(20400) * 19900 // 20400  # the rest of the provider's fee is the delivery's
    assert legs(order, "MARGIN") == {"D1": 19900 - 12000 - t.HANDLING_FEN - goods_fee}


def test_deliver_prefers_the_owners_stores(town):
    """Owner's store, then his others, then another's; one that lies nearer does not jump the queue."""
    sku = town.sku({"A1": 1, "A2": 1, "C1": 1})
    places = [part(town.submit(sku, storefront="F-A1", way=DELIVER))["location"] for _ in range(3)]
    assert places == ["A1", "A2", "C1"]


def test_brand_owned_goods_in_a_dealers_store(town):
    """Consigned goods: the brand gets its cost, and collects."""
    sku = town.sku()
    town.count("A1", sku, 2, goodsOwner="B")
    order = town.submit(sku, storefront="F-A1", way=PICKUP, location="A1")
    check_money(order)
    assert part(order)["lines"][0]["goodsOwner"] == "B"
    assert legs(order, "COST") == {"B": 12000}
    assert order["option"]["collector"] == "B"
    assert legs(order, "MARGIN") == {"D1": 19900 - 12000 - fee(19900)}


def test_made_to_order_closes_centrally(town):
    """No stock anywhere; SITE makes it; the profit is the dealer's, the brand keeps its cost exactly."""
    sku = town.sku(madeToOrder=True)
    order = town.submit([(sku, 3)], storefront="F-A1")
    assert (part(order)["location"], part(order)["way"]) == ("SITE", SHIP)
    assert legs(order, "COST") == {"B": 3 * 12000}
    assert legs(order, "MARGIN") == {"D1": 3 * (19900 - 12000) - fee(3 * 19900)}
    assert town.database.sql("select count(*) from stock_level join sku using (sku_id) where code = %s",
                             (sku,)) == [(0,)]


def test_high_value_ships_from_the_cloud_first(town):
    """From 5000 yuan a unit the cloud warehouse comes first, below it the site."""
    dear = town.sku({"SITE": 1, "CLOUD": 1}, listPriceFen=str(t.HIGH_VALUE_FEN), floorPriceFen="0",
                    contractCostFen="1")
    below = town.sku({"SITE": 1, "CLOUD": 1}, listPriceFen=str(t.HIGH_VALUE_FEN - 1),
                     floorPriceFen="0", contractCostFen="1")
    assert part(town.submit(dear))["location"] == "CLOUD"
    assert part(town.submit(below))["location"] == "SITE"


def test_lines_over_several_locations(town):
    """Lines of two rules, and a line larger than any location holds: parcels, each with its lines."""
    dear = town.sku({"CLOUD": 2}, listPriceFen="600000", floorPriceFen="0")
    plain = town.sku({"SITE": 3, "CLOUD": 2})
    order = town.submit([(dear, 1), (plain, 5)])
    taken = {}
    for p in order["option"]["parts"]:
        for line in p["lines"]:
            at = p["location"], line["sku"]
            taken[at] = taken.get(at, 0) + line["quantity"]
    assert taken == {("CLOUD", dear): 1, ("SITE", plain): 3, ("CLOUD", plain): 2}
    assert len({p["number"] for p in order["option"]["parts"]}) == len(order["option"]["parts"])
    check_money(order)


def test_lines_that_travel_together(town):
    """Two lines with one word come from one place, though a parcel leaves the nearer one anyway."""
    only_near, both, only_far = town.sku({"A1": 9}), town.sku({"A1": 9, "A2": 9}), town.sku({"A2": 9})

    def places(word):
        order = town.submit([{"sku": only_near, "quantity": 1},
                             {"sku": both, "quantity": 1, "together": word},
                             {"sku": only_far, "quantity": 1, "together": word}],
                            storefront="F-A1", way=DELIVER)
        return {x["sku"]: p["location"] for p in order["option"]["parts"] for x in p["lines"]}

    assert places("") == {only_near: "A1", both: "A1", only_far: "A2"}
    assert places("set") == {only_near: "A1", both: "A2", only_far: "A2"}


def test_partial_is_a_policy(town):
    """Where the policy says so, what fits is taken and paid for, and the order says that it is not all."""
    sku = town.sku({"SITE": 2})
    assert town.refuse([(sku, 3)]).reason == "out_of_stock"
    town.put_policy(partial=True)
    try:
        order = town.submit([(sku, 3)])
        assert [x["quantity"] for x in part(order)["lines"]] == [2]
        assert total(order) == 2 * 19900
        check_money(order)
        assert town.pay(order)["outcome"] == "PAYMENT_OUTCOME_OPENED"
        assert town.get(order)["state"] == "ORDER_STATE_PART_ALLOCATED"
        assert town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})["replayEqual"]
        assert town.refuse(sku).reason == "out_of_stock"
    finally:
        town.put_policy()


def test_territories_may_be_exclusive(town):
    """Where the policy says so, another dealer's store in his own territory is not asked to help out."""
    sku = town.sku()
    shop = town.name("shop")
    town.admin.call("CatalogService/UpsertLocations", {"locations": [
        t.store(shop, "D2", 900, region=t.REGION_2)]})
    town.count(shop, sku, 9)
    buyer = {"storefront": "F-A1", "way": DELIVER}
    assert part(town.submit(sku, **buyer))["location"] == shop
    for change in ({"territoryExclusive": True}, {"gradeWorst": 2}):  # he is of grade 3
        town.put_policy(**change)
        try:
            assert town.refuse(sku, **buyer).reason == "no_location"
        finally:
            town.put_policy()
    assert part(town.submit(sku, **buyer))["location"] == shop


def test_exclusions(town):
    sku = town.sku({"SITE": 5, "CLOUD": 5})
    assert part(town.submit(sku, excludeLocations=["SITE"]))["location"] == "CLOUD"
    e = town.refuse(sku, excludeLocations=["SITE", "CLOUD"])
    assert (e.code, e.reason) == ("failed_precondition", "no_location")


def test_radius(town):
    """C2 stands 30 km away: it does not deliver here, nor is it offered for pickup."""
    sku = town.sku({"C2": 5})
    e = town.refuse(sku, storefront="F-C1", way=DELIVER)
    assert e.code == "failed_precondition"
    assert "options" not in town.quote(sku, way=DELIVER)


# ---- Who owns the customer ----


def test_owner_scan_before_bind_before_location(town):
    """The highest kind of claim wins whatever came later; within one kind the latest."""
    sku = town.sku({"SITE": 50})
    who = town.name("customer")

    def owner():
        o = town.quote(sku, customer=who)["owner"]
        return o["dealer"], o.get("store", ""), o["source"].removeprefix("OWNER_SOURCE_")

    assert owner() == ("B", "", "BRAND")
    town.claim(who, "C1", "LOCATION", until=ago(days=-1))
    assert owner() == ("D2", "C1", "LOCATION")
    town.claim(who, "A2", "BIND")
    assert owner() == ("D1", "A2", "BIND")
    town.claim(who, "C1", "SCAN", **{"from": ago(days=5)})
    assert owner() == ("D2", "C1", "SCAN")
    town.claim(who, "A1", "SCAN", **{"from": ago(days=3)})
    assert owner() == ("D1", "A1", "SCAN")
    town.claim(who, "C1", "SCAN", **{"from": ago(days=2), "until": ago(days=1)})
    assert owner() == ("D1", "A1", "SCAN")  # that one is over


def ago(**delta):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**delta)).isoformat()


def test_owner_by_territory(town):
    """The brand's storefront, no claim: the dealer of the address's territory, by the longest prefix."""
    sku = town.sku({"SITE": 50})
    for region, want in ((t.REGION_1, ("D1", "TERRITORY")), (t.REGION_2 + ".7", ("D2", "TERRITORY")),
                         (t.REGION_OPEN, ("B", "BRAND")), (t.REGION_1 + "0", ("B", "BRAND"))):
        o = town.submit(sku, address=t.address(region))["owner"]
        assert (o["dealer"], o["source"].removeprefix("OWNER_SOURCE_")) == want
    # A dealer's own storefront sells for him in anybody's territory.
    assert town.submit(sku, storefront="F-D2", address=t.address(t.REGION_1))["owner"]["dealer"] == "D2"


def test_owner_is_frozen_and_staff_earns(town):
    sku = town.sku({"SITE": 5})
    who = town.name("customer")
    town.claim(who, "A1", staff="S1")
    order = town.submit(sku, customer=who)
    assert order["owner"]["staff"] == "S1"
    town.claim(who, "C1")
    assert town.get(order)["owner"]["dealer"] == "D1"


def test_serving_store_needs_its_code(town):
    """With the code that the store shows, it owns the order, claims or not; without, the request is refused."""
    sku = town.sku({"SITE": 5})
    who = town.name("customer")
    town.claim(who, "C1")
    assert town.submit(sku, customer=who)["owner"]["dealer"] == "D2"
    owner = town.submit(sku, customer=who, servingStore="A1", servingCode=store_code(town, "A1"))["owner"]
    assert (owner["dealer"], owner["store"], owner["source"]) == ("D1", "A1", "OWNER_SOURCE_SERVING")
    for code in ("made up", "", store_code(town, "A2")):
        e = town.refuse(sku, servingStore="A1", servingCode=code)
        assert (e.reason, e.field) == ("bad_token", "basket.serving_code")
    town.put_policy(servingStoreCounts=False)
    try:
        order = town.submit(sku, customer=who, servingStore="A1", servingCode=store_code(town, "A1"))
        assert order["owner"]["dealer"] == "D2"
    finally:
        town.put_policy()


def store_code(town, store):
    """What the store's terminal shows: signed with the secret that all instances share."""
    secret = bytes(town.database.sql("select value from secret where name = 'store_code'")[0][0])
    mac = hmac.new(secret, store.encode(), "sha256").digest()[:16]
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


# ---- Quotes and their tokens ----


def test_quote_shows_every_way(town):
    """Promise, fee, collector and the owner's margin for each; the best first; it holds nothing."""
    sku = town.sku({"SITE": 5, "A1": 5, "C1": 5})
    q = town.quote(sku, storefront="F-A1")
    ways = [o["way"] for o in q["options"]]
    assert ways[0] == SHIP and {SHIP, PICKUP, DELIVER} == set(ways)
    for o in q["options"]:
        assert o["promise"]["from"] <= o["promise"]["to"]
        assert o["collector"] and o["token"]
        assert int(o["money"]["ownerMarginFen"]) > 0
    assert stock(town, "SITE", sku) == (5, 0, 0)


def test_quote_and_submit_agree(town):
    """Submitting an option's token gives that option: same place, price, collector, margin, legs."""
    sku = town.sku({"SITE": 5, "CLOUD": 5, "A1": 5, "C1": 5})
    for o in town.quote(sku, storefront="F-A1")["options"]:
        more = {"location": part({"option": o})["location"]} if o["way"] == PICKUP else {}
        got = town.submit(sku, storefront="F-A1", quoteToken=o["token"], **more)["option"]
        for field in ("way", "parts", "goodsFen", "totalFen", "collector", "money"):
            if field == "parts":
                assert [p["location"] for p in got["parts"]] == [p["location"] for p in o["parts"]]
            else:
                assert got[field] == o[field], field
        assert got.get("deliveryFeeFen") == o.get("deliveryFeeFen")
        assert "token" not in got


def test_token_fixes_the_price(town):
    """The list price rises after the quote: the token's holder pays the quoted one, the next the new one."""
    sku = town.sku({"SITE": 5}, floorPriceFen="1000")
    token = town.quote(sku)["options"][0]["token"]
    town.admin.call("CatalogService/UpsertSkus", {"skus": [
        {"code": sku, "contractCostFen": "12000", "listPriceFen": "29900", "floorPriceFen": "1000"}]})
    assert total(town.submit(sku)) == 29900
    assert total(town.submit(sku, quoteToken=token)) == 19900


def test_token_tampered_or_of_another_basket(town):
    sku = town.sku({"SITE": 5})
    token = town.quote(sku)["options"][0]["token"]
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    for at in (0, 5, len(raw) // 2, len(raw) - 1):
        bad = bytes(b ^ (i == at) for i, b in enumerate(raw))
        e = town.refuse(sku, quoteToken=base64.urlsafe_b64encode(bad).decode().rstrip("="))
        assert (e.status, e.code, e.reason, e.field) == (400, "invalid_argument", "bad_token",
                                                         "quote_token")
    for token_text in ("x", token[:-8], token + "AAAA"):
        assert town.refuse(sku, quoteToken=token_text).reason == "bad_token"
    for basket in ({"lines": [(sku, 2)]}, {"lines": sku, "customer": "somebody else"},
                   {"lines": sku, "storefront": "F-A1"},
                   {"lines": [{"sku": sku, "quantity": 1, "unitPriceFen": "18000"}]}):
        e = town.refuse(basket.pop("lines"), quoteToken=token, **basket)
        assert (e.reason, e.field) == ("bad_token", "quote_token")
    assert stock(town, "SITE", sku) == (5, 0, 0)


def test_quote_changed_tells_the_new_options(town):
    """What was quoted is gone: quote_changed, and the details hold what there is now."""
    sku = town.sku({"A1": 1, "C1": 9})
    option = town.quote(sku, storefront="F-A1", way=DELIVER)["options"][0]
    assert part({"option": option})["location"] == "A1"
    town.submit(sku, storefront="F-A1", way=DELIVER)
    e = town.refuse(sku, storefront="F-A1", way=DELIVER, quoteToken=option["token"])
    assert (e.status, e.code, e.reason) == (400, "failed_precondition", "quote_changed")
    assert e.details[1]["type"] == "yuncang.v1.QuoteResponse"
    fresh = e.details[1]["debug"]["options"][0]
    assert part({"option": fresh})["location"] == "C1"  # another collector: not what was quoted
    assert part(town.submit(sku, storefront="F-A1", way=DELIVER,
                            quoteToken=fresh["token"]))["location"] == "C1"


def test_token_takes_an_option_as_good(town):
    """The quoted place sold out, another of the same way, collector, fee and no later: taken."""
    sku = town.sku({"A1": 1, "A2": 5})
    option = town.quote(sku, storefront="F-A1", way=DELIVER)["options"][0]
    assert part({"option": option})["location"] == "A1"
    town.submit(sku, storefront="F-A1", way=PICKUP, location="A1")
    town.put_policy(acceptOpenMin=1)  # so that the other's promise is not later
    try:
        order = town.submit(sku, storefront="F-A1", way=DELIVER, quoteToken=option["token"])
        assert part(order)["location"] == "A2"
    finally:
        town.put_policy()


def test_token_does_not_take_a_later_promise(town):
    """The quoted place sold out; another of the same collector and fee would come hours later: not as good."""
    near, late = new_store(town), new_store(town, leadMinutes=600)
    sku = town.sku({near: 1, late: 5})
    buyer = {"storefront": "F-A1", "way": DELIVER}
    option = town.quote(sku, **buyer)["options"][0]
    assert part({"option": option})["location"] == near
    town.submit(sku, **buyer)
    e = town.refuse(sku, **buyer, quoteToken=option["token"])
    assert e.reason == "quote_changed"
    fresh = e.details[1]["debug"]["options"][0]
    assert part({"option": fresh})["location"] == late
    assert (fresh["collector"], fresh["deliveryFeeFen"]) == (option["collector"], option["deliveryFeeFen"])
    assert part(town.submit(sku, **buyer, quoteToken=fresh["token"]))["location"] == late


def test_pickup_without_stock_is_refused_with_options(town):
    """A pickup is never re-routed silently; the refusal says what else could be had."""
    for stock_a1, reason in (({"A1": 0}, "out_of_stock"), ({}, "no_location")):
        sku = town.sku({"A2": 5, "SITE": 5, **stock_a1})
        e = town.refuse(sku, storefront="F-A1", way=PICKUP, location="A1")
        assert (e.code, e.reason) == ("failed_precondition", reason)
        others = {(o["way"], part({"option": o})["location"]) for o in e.details[1]["debug"]["options"]}
        assert {(SHIP, "SITE"), (DELIVER, "A2"), (PICKUP, "A2")} <= others


# ---- Who may see money ----


def test_a_seller_does_not_see_another_dealers_margin(town):
    """D2's storefront sold to a customer that D1 owns: D2's key sees the price, not what D1 keeps."""
    sku = town.sku({"SITE": 9})
    customer = town.name("c")
    town.claim(customer, "A1")
    c = key_client(town, "storefront", "storefront:F-C1", "margin")
    order = c.call("OrderService/SubmitOrder", town.order(sku, storefront="F-C1", customer=customer))
    assert order["owner"]["dealer"] == "D1"
    assert "money" not in order["option"]
    assert "money" not in c.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]


def test_money_is_for_the_owners_dealer_finance_and_operator(town):
    sku = town.sku({"SITE": 9}, contractCostFen="12345")
    front = ("storefront", "storefront:F-A1")
    sees = {
        ("storefront", "storefront:F-A1"): False,
        front + ("margin", "dealer:D1"): True,
        front + ("margin", "dealer:D2"): False,  # the order is D1's
        front + ("margin",): True,  # D1's own storefront
        front + ("storefront:F-C1", "margin"): True,
        ("storefront", "storefront:*", "margin"): True,
        ("admin",): True,
    }
    for (role, *scopes), want in sees.items():
        c = key_client(town, role, *scopes)
        quote = c.call("OrderService/Quote", {"basket": town.basket(sku, storefront="F-A1")})
        order = c.call("OrderService/SubmitOrder", town.order(sku, storefront="F-A1"))
        got = c.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]
        why = c.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})
        assert ("money" in quote["options"][0], "money" in order["option"], "money" in got,
                "money" in why["option"], "record" in why) == (want,) * 5, (role, scopes)
        if not want:
            assert "12345" not in str(quote) + str(order) + str(got) + str(why)
    for role in ("finance", "operator"):
        c = key_client(town, role)
        assert "money" in c.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]


def key_client(town, role, *scopes):
    """A client with a new key, once the service knows the key."""
    c = town.server.client(town.database.key(role, *scopes))

    def known():
        try:
            c.call("OrderService/GetOrder", {"orderId": "x"})
        except yc.RpcError as e:
            return e.reason != "unauthenticated"
        return True
    yc.wait_for("the new key", known)
    return c


# ---- Paid, unpaid, expired ----


def test_unpaid_then_paid(town):
    """Planned with a time limit and stock reserved; paid: the store is asked, stock allocated; E1 balances."""
    sku = town.sku({"A1": 3})
    order = town.submit([(sku, 2)], storefront="F-A1", way=PICKUP, location="A1")
    assert order["payBy"] > order["committedAt"]
    got = town.get(order)
    assert got["state"] == "ORDER_STATE_AWAITING_PAYMENT"
    assert got["fulfilments"][0]["state"] == "FULFILMENT_STATE_PLANNED"
    assert "offerDeadline" not in got["fulfilments"][0]
    assert stock(town, "A1", sku) == (3, 2, 0)
    assert town.pay(order)["outcome"] == "PAYMENT_OUTCOME_OPENED"
    got = town.get(order)
    assert got["state"] == "ORDER_STATE_ALLOCATED"
    assert got["fulfilments"][0]["state"] == "FULFILMENT_STATE_OFFERED"
    assert got["fulfilments"][0]["offerDeadline"] > order["committedAt"]
    assert stock(town, "A1", sku) == (3, 0, 2)
    [(count, off)] = town.database.sql(
        "select count(*), sum((select sum(a) from unnest(amounts) a)) from journal "
        "where object_id = %s", (order["orderId"],))
    assert (count, off) == (2, 0)  # paid, and the provider's fee


def test_confirm_repeated_is_the_same(town):
    """T38: the event delivered twice: the second writes nothing, the answer is the same."""
    sku = town.sku({"SITE": 3})
    order = town.submit(sku)
    payment = town.payment(total(order))
    before = [town.pay(order, payment=payment)]
    rows = ledger(town)
    assert town.pay(order, payment=payment) == before[0]
    results = yc.at_once(8, lambda i: town.pay(order, payment=payment))
    assert results == before * 8
    assert ledger(town) == rows
    assert town.get(order)["totalFen"] == order["option"]["totalFen"]


def ledger(town):
    return town.database.sql("select (select count(*) from journal), (select count(*) from payment), "
                             "(select count(*) from outbox)")


def test_confirm_second_payment_is_refunded(town):
    sku = town.sku({"SITE": 3})
    order = town.submit(sku)
    town.pay(order)
    assert town.pay(order)["outcome"] == "PAYMENT_OUTCOME_SECOND"
    assert int(town.get(order)["refundDueFen"]) == total(order)


def test_confirm_refusals(town):
    """Another amount, another order's number, a number used with another amount, nonsense."""
    sku = town.sku({"SITE": 9})
    order, other = town.submit(sku), town.submit(sku)

    def no(**payment):
        return refused(town.admin, "OrderService/ConfirmPayment",
                       {"orderId": order["orderId"], "payment": payment})

    e = no(**town.payment(total(order) - 1))
    assert (e.code, e.reason, e.field) == ("invalid_argument", "amount_differs", "payment.amount_fen")
    used = town.payment(total(other))
    town.pay(other, payment=used)
    e = no(**used)
    assert (e.code, e.reason) == ("already_exists", "exists_differs")
    assert no(provider="gold", number="1", amountFen="1").field == "payment.provider"
    assert no(provider="wechat", number="", amountFen="1").field == "payment.number"
    assert no(provider="wechat", number="1", amountFen="0").field == "payment.amount_fen"
    assert no(provider="wechat", number="1", amountFen="-5").field == "payment.amount_fen"
    assert no(provider="wechat", number="1", amountFen="1",
              paidAt="2199-01-01T00:00:00Z").field == "payment.paid_at"
    e = refused(town.admin, "OrderService/ConfirmPayment",
                {"orderId": "01890000-0000-7000-8000-000000000000", "payment": town.payment(1)})
    assert (e.status, e.code, e.reason) == (404, "not_found", "not_found")
    assert town.get(order)["state"] == "ORDER_STATE_AWAITING_PAYMENT"


def expire(town, order):
    """The order's time to pay is over; the job that looks every second has seen it."""
    town.database.sql("update sales_order set pay_by = now() - interval '1 minute' where order_id = %s",
                      (order["orderId"],))
    yc.wait_for("expiry", lambda: town.get(order)["state"] != "ORDER_STATE_AWAITING_PAYMENT")
    assert town.get(order)["state"] == "ORDER_STATE_CANCELLED"


def test_expiry_gives_everything_back(town):
    """Stock, capacity, slot, entitlement and budget of an unpaid order are there for the next."""
    sku = town.sku({"CLOUD": 1}, cloudOnly=True)
    town.entitle("D1", sku, 1)
    campaign = town.campaign(1000)
    line = {"sku": sku, "quantity": 1, "campaign": campaign, "discountFen": "1000"}
    order = town.submit([line], storefront="F-A1")
    assert town.refuse([line], storefront="F-A1").code == "failed_precondition"
    expire(town, order)
    assert town.get(order)["fulfilments"][0]["state"] in ("FULFILMENT_STATE_EXPIRED",
                                                          "FULFILMENT_STATE_CANCELLED")
    again = town.submit([line], storefront="F-A1")
    assert again["orderId"] != order["orderId"]
    day, shop = slot_of(town, 1)
    goods = town.sku({shop: 5})
    held = town.submit(goods, way=PICKUP, location=shop, slot=day)
    assert town.refuse(goods, way=PICKUP, location=shop, slot=day).reason == "slot_full"
    expire(town, held)
    town.submit(goods, way=PICKUP, location=shop, slot=day)


def test_late_payment_decides_again(town):
    """Paid after expiry: decided again with the collector fixed; where nothing is left, refund."""
    sku = town.sku({"SITE": 1, "CLOUD": 1})
    order = town.submit(sku)
    expire(town, order)
    assert stock(town, "SITE", sku) == (1, 0, 0)
    town.submit(sku, **prepaid(town, 19900))  # somebody else takes the one at SITE
    payment = town.payment(total(order))
    assert town.pay(order, payment=payment)["outcome"] == "PAYMENT_OUTCOME_REDECIDED"
    assert town.pay(order, payment=payment)["outcome"] == "PAYMENT_OUTCOME_REDECIDED"
    got = town.get(order)
    live = [f for f in got["fulfilments"] if f["state"] == "FULFILMENT_STATE_ACCEPTED"]
    assert [f["part"]["location"] for f in live] == ["CLOUD"]
    assert got["collector"] == order["option"]["collector"]


def test_late_payment_unfillable(town):
    sku = town.sku({"SITE": 1})
    order = town.submit(sku)
    expire(town, order)
    town.submit(sku, **prepaid(town, 19900))
    assert town.pay(order)["outcome"] == "PAYMENT_OUTCOME_UNFILLABLE"
    got = town.get(order)
    assert got["state"] == "ORDER_STATE_UNFILLABLE"
    assert int(got["refundDueFen"]) == total(order)


def test_outside_channel_comes_paid(town):
    """Needs its payment, must match the total, names its merchant; a number is used once, for ever."""
    sku = town.sku({"SITE": 9})
    e = town.refuse(sku, storefront="OUTSIDE")
    assert (e.code, e.field) == ("invalid_argument", "payment")
    e = town.refuse(sku, storefront="OUTSIDE", **prepaid(town, 19899))
    assert (e.code, e.reason, e.field) == ("invalid_argument", "amount_differs", "payment.amount_fen")
    payment = town.payment(19900, provider="channel", merchant="B")
    order = town.submit(sku, storefront="OUTSIDE", payment=payment)
    assert "payBy" not in order
    got = town.get(order)
    assert got["state"] == "ORDER_STATE_IN_FULFILMENT"  # SITE accepts by itself
    assert got["paidAt"]
    e = town.refuse(sku, storefront="OUTSIDE", payment=payment)
    assert (e.code, e.reason, e.field) == ("already_exists", "exists_differs", "payment.number")
    assert stock(town, "SITE", sku) == (9, 0, 1)


def test_already_paid_to_a_merchant_fixes_the_collector(town):
    sku = town.sku({"SITE": 9})
    order = town.submit(sku, storefront="F-A1",
                        payment=town.payment(19900, merchant="D1"))
    assert order["option"]["collector"] == "D1"
    e = town.refuse(sku, storefront="F-A1", payment=town.payment(19900, merchant="nobody"))
    assert (e.reason, e.field) == ("unknown_id", "payment.merchant")


# ---- Ceilings ----


def test_stock_to_the_last_unit(town):
    sku = town.sku({"SITE": 2, "CLOUD": 1})
    assert part(town.submit([(sku, 2)]))["location"] == "SITE"
    assert part(town.submit([(sku, 1)]))["location"] == "CLOUD"
    e = town.refuse(sku)
    assert (e.status, e.code, e.reason, e.retry) == (400, "failed_precondition", "out_of_stock", False)


def test_safety_stock_is_not_sold(town):
    sku = town.sku()
    town.count("SITE", sku, 5, safety=4)
    town.submit(sku)
    assert town.refuse(sku).reason == "out_of_stock"


def test_stock_returns_with_a_count(town):
    """A count brings new stock within one request; an older count than the stored one is refused."""
    sku = town.sku({"SITE": 1})
    town.submit(sku)
    assert town.refuse(sku).reason == "out_of_stock"
    old = town.admin.call("CatalogService/SetStockCounts", {"counts": [
        {"location": "SITE", "sku": sku, "count": 99, "countedAt": ago(days=1)}]})
    assert old.get("older") == 1 and "written" not in old
    town.count("SITE", sku, 3)
    town.submit([(sku, 2)])
    assert town.refuse(sku).reason == "out_of_stock"


def test_a_till_that_has_not_booked_our_orders(town):
    """T31: 10/10/0, sold 2 of the first and 2 of the second, and a file that says 10/10/5: 8/8/5 to sell."""
    skus = [town.sku({"A1": n}) for n in (10, 10, 0)]
    order = town.submit([(skus[0], 2), (skus[1], 2)], way=PICKUP, location="A1")
    town.pay(order)
    for sku, count in zip(skus, (10, 10, 5)):
        town.count("A1", sku, count)
    for sku, left in zip(skus, (8, 8, 5)):
        assert town.refuse([(sku, left + 1)], way=PICKUP, location="A1").reason == "out_of_stock"
        town.submit([(sku, left)], way=PICKUP, location="A1")


def test_deltas_are_idempotent(town):
    """By (source, sequence); a gap is told, not refused."""
    sku = town.sku({"SITE": 1})
    source = town.name("till")

    def delta(sequence, n):
        return town.admin.call("CatalogService/ApplyStockDeltas", {"deltas": [
            {"location": "SITE", "sku": sku, "delta": n, "source": source, "sequence": sequence}]})

    assert delta(1, 4)["written"] == 1
    assert delta(1, 4).get("repeatedCount") == 1
    assert stock(town, "SITE", sku)[0] == 5
    assert source in delta(3, -2)["gaps"][0]
    assert stock(town, "SITE", sku)[0] == 3


def test_entitlement(town):
    """A sku with any row is scarce: who has none may sell none from CLOUD; who has two, two."""
    sku = town.sku({"CLOUD": 10}, cloudOnly=True)
    town.entitle("D1", sku, 2)
    town.submit([(sku, 2)], storefront="F-A1")
    for front in ("F-A1", "F-C1"):
        e = town.refuse(sku, storefront=front)
        assert (e.code, e.reason) == ("failed_precondition", "entitlement_used")
    town.entitle("D1", sku, 3)
    town.submit(sku, storefront="F-A1")
    assert town.refuse(sku, storefront="F-A1").reason == "entitlement_used"


def test_campaign_budget(town):
    """Funded by others: the owner's margin is whole; the budget ends to the fen."""
    sku = town.sku({"SITE": 9})
    campaign = town.campaign(5000, funders=(("B", 6000), ("D2", 4000)))
    line = {"sku": sku, "quantity": 1, "campaign": campaign, "discountFen": "2500"}
    order = town.submit([line], storefront="F-A1")
    assert total(order) == 19900 - 2500
    assert int(order["option"]["money"]["fundedFen"]) == 2500
    check_money(order)
    assert int(order["option"]["money"]["ownerMarginFen"]) == 19900 - 12000 - fee(19900 - 2500)
    town.submit([line], storefront="F-A1")
    e = town.refuse([line], storefront="F-A1")
    assert (e.code, e.reason) == ("failed_precondition", "campaign_spent")
    assert town.database.sql(
        "select budget_fen, spent_fen from campaign_budget join campaign using (campaign_id) "
        "where code = %s", (campaign,)) == [(5000, 5000)]


def test_an_order_that_costs_nothing_is_refused(town):
    """Nobody could pay it, so it could only expire."""
    sku = town.sku({"A1": 9})
    line = {"sku": sku, "quantity": 1, "campaign": town.campaign(40000, unitMaxFen="19900"),
            "discountFen": "19900"}
    e = town.refuse([line], way=PICKUP, location="A1")
    assert (e.code, e.field) == ("invalid_argument", "basket.lines")
    line["discountFen"] = "19899"
    assert total(town.submit([line], way=PICKUP, location="A1")) == 1


def test_discounts_are_not_free(town):
    """A storefront cannot spend another party's money."""
    sku = town.sku({"SITE": 9})
    other = town.sku()
    campaign = town.campaign(5000, skus=[other])
    over = town.campaign(5000, until=ago(hours=1))

    def field(**line):
        e = town.refuse([{"sku": sku, "quantity": 1, **line}])
        assert e.code == "invalid_argument"
        return e.field.removeprefix("basket.lines[0].")

    assert field(discountFen="1") == "campaign"
    assert field(discountFen="1", campaign=campaign) == "campaign"  # of another sku
    assert field(discountFen="1", campaign=over) == "campaign"
    assert field(discountFen="5001", campaign=town.campaign(9999)) == "discount_fen"
    assert field(discountFen="-1", campaign=town.campaign(9999)) == "discount_fen"
    assert field(unitPriceFen="14999") == "unit_price_fen"
    assert field(unitPriceFen="19901") == "unit_price_fen"
    assert total(town.submit([{"sku": sku, "quantity": 1, "unitPriceFen": "15000"}])) == 15000


def new_store(town, **more):
    """A store of dealer 1 for one test, with a limit that nothing else uses up."""
    code = town.name("shop")
    town.admin.call("CatalogService/UpsertLocations", {"locations": [t.store(code, "D1", 700, **more)]})
    return code


def test_capacity_exactly_n(town):
    """T32: N fulfilments a day and N + 3 orders at once: exactly N go there."""
    shop = new_store(town, capacityPerDay=5)
    sku = town.sku({shop: 50})
    orders = [town.order(sku, way=PICKUP, location=shop) for _ in range(8)]
    results = yc.at_once(8, lambda i: town.admin.call("OrderService/SubmitOrder", orders[i]))
    taken = [r for r in results if isinstance(r, dict)]
    refusals = [r for r in results if not isinstance(r, dict)]
    assert len(taken) == 5
    assert {r.code for r in refusals} <= {"failed_precondition", "aborted"}
    assert sum(n for n, in town.database.sql(
        "select taken from capacity join location using (location_id) where code = %s", (shop,))) == 5
    assert stock(town, shop, sku)[1] == 5


def test_capacity_full_delivers_from_elsewhere(town):
    shop = new_store(town, capacityPerDay=1)
    sku = town.sku({shop: 9, "A2": 9})
    order = {"way": DELIVER, "excludeLocations": ["A1"], "customer": town.name("customer")}
    town.claim(order["customer"], shop)
    places = [part(town.submit(sku, **order))["location"] for _ in range(3)]
    assert places == [shop, "A2", "A2"]


def slot_of(town, limit, shop=None):
    shop = shop or new_store(town)
    day = (datetime.datetime.now(TZ) + datetime.timedelta(days=2)).date().isoformat()
    choice = {"date": day, "fromMinute": 840, "toMinute": 900}
    town.admin.call("CatalogService/UpsertSlots",
                    {"slots": [{"location": shop, **choice, "limit": limit}]})
    return choice, shop


def test_slots(town):
    """A booked hour: promised as booked, full when full; one that nobody made is full too."""
    choice, shop = slot_of(town, 2)
    sku = town.sku({shop: 9})
    orders = [town.order(sku, way=PICKUP, location=shop, slot=choice) for _ in range(6)]
    results = yc.at_once(6, lambda i: town.admin.call("OrderService/SubmitOrder", orders[i]))
    taken = [r for r in results if isinstance(r, dict)]
    assert len(taken) == 2
    assert {r.reason for r in results if not isinstance(r, dict)} <= {"slot_full", "contended"}
    promise = taken[0]["option"]["promise"]
    want = datetime.datetime.fromisoformat(choice["date"]).replace(tzinfo=TZ, hour=14)
    assert parse(promise["from"]) == want
    assert parse(promise["to"]) == want + datetime.timedelta(hours=1)
    e = town.refuse(sku, way=PICKUP, location=shop, slot={**choice, "fromMinute": 841})
    assert (e.reason, e.field) == ("slot_full", "basket.slot")
    # A booked time is never dropped on the way to shipping.
    shipped = town.sku({shop: 9, "SITE": 9})
    for way in ({"way": DELIVER}, {}):
        e = town.refuse(shipped, location=shop, slot={**choice, "fromMinute": 841}, **way)
        assert (e.reason, e.field) == ("slot_full", "basket.slot")


def parse(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_pickup_promise_says_the_next_opening(town):
    """A3 is open on one day: the promise is on that day, after 10:00 and the time to answer and prepare."""
    sku = town.sku({"A3": 3})
    order = town.submit(sku, way=PICKUP, location="A3")
    at = parse(order["option"]["promise"]["to"]).astimezone(TZ)
    assert at.isoweekday() == t.OPEN_WEEKDAY
    assert (at.hour, at.minute) == (11, 0)
    # Open from 10:00 to 10:45: the last quarter of an hour of preparing is next week's first.
    shop = new_store(town, hours=[{"weekdays": [t.OPEN_WEEKDAY], "openMinute": 600, "closeMinute": 645}])
    sku = town.sku({shop: 3})
    order = town.submit(sku, way=PICKUP, location=shop)
    later = parse(order["option"]["promise"]["to"]).astimezone(TZ)
    assert later - at == datetime.timedelta(days=7, minutes=-45)


# ---- References ----


def test_same_reference_same_answer(town):
    sku = town.sku({"SITE": 9})
    body = town.order(sku)
    first = town.admin.call("OrderService/SubmitOrder", body)
    assert town.admin.call("OrderService/SubmitOrder", body) == first
    other = {**body, "acceptOtherWay": True}
    e = refused(town.admin, "OrderService/SubmitOrder", other)
    assert (e.status, e.code, e.reason, e.field) == (409, "already_exists", "exists_differs", "order_ref")
    # The same reference at another storefront is another order.
    body["basket"]["storefront"] = "F-A1"
    assert town.admin.call("OrderService/SubmitOrder", body)["orderId"] != first["orderId"]
    assert stock(town, "SITE", sku) == (9, 2, 0)


def test_retry_after_the_world_moved_on(town):
    """Stock gone, price up, owner changed, policy changed: the retry gets the order as it was."""
    sku = town.sku({"SITE": 1})
    who = town.name("customer")
    town.claim(who, "A1", "BIND")
    body = town.order(sku, customer=who)
    first = town.admin.call("OrderService/SubmitOrder", body)
    assert first["owner"]["dealer"] == "D1"
    town.claim(who, "C1", "SCAN")
    assert town.quote(sku, customer=who)["owner"]["dealer"] == "D2"
    town.admin.call("CatalogService/UpsertSkus", {"skus": [
        {"code": sku, "contractCostFen": "99", "listPriceFen": "99900", "floorPriceFen": "99900"}]})
    town.put_policy(sitePromiseHours=1)
    try:
        assert town.admin.call("OrderService/SubmitOrder", body) == first
    finally:
        town.put_policy()
    assert town.database.sql("select count(*) from sales_order where order_ref = %s",
                             (body["orderRef"],)) == [(1,)]


def test_refusals_are_not_stored(town):
    """The same reference passes once there is stock."""
    sku = town.sku({"SITE": 0})
    body = town.order(sku)
    assert refused(town.admin, "OrderService/SubmitOrder", body).reason == "out_of_stock"
    town.count("SITE", sku, 1)
    town.admin.call("OrderService/SubmitOrder", body)


# ---- Many, reading, explaining ----


def test_submit_orders_one_outcome_each(town):
    """In the order given: accepted, refused, invalid, and the last unit to the first that asked."""
    sku = town.sku({"SITE": 2})
    orders = [town.order(sku), town.order("no-such-sku"), town.order(sku), town.order(sku),
              town.order([(sku, 0)])]
    orders.append(orders[0])
    got = town.admin.call("OrderService/SubmitOrders", {"orders": orders})["results"]
    assert [r.get("error", {}).get("reason") for r in got] == \
        [None, "unknown_id", None, "out_of_stock", "bad_field", None]
    assert [r["order"]["orderRef"] for r in got if "order" in r] == \
        [orders[i]["orderRef"] for i in (0, 2, 5)]
    assert got[0] == got[5]
    assert got[1]["error"]["field"] == "basket.lines[0].sku"
    for bad in ([], [town.order(sku)] * 101):
        assert refused(town.admin, "OrderService/SubmitOrders", {"orders": bad}).field == "orders"


def test_get_by_id_or_reference(town):
    sku = town.sku({"SITE": 9})
    order = town.submit([(sku, 2)], customer="somebody")
    got = town.get(order)
    assert (got["orderRef"], got["storefront"]) == (order["orderRef"], "OFFICIAL")
    assert got["lines"][0] == {"sku": sku, "quantity": 2, "unitPriceFen": "19900"}
    assert got["fulfilments"][0]["part"]["location"] == "SITE"
    assert town.admin.call("OrderService/GetOrder", {
        "storefront": "OFFICIAL", "orderRef": order["orderRef"]})["order"] == got
    assert "somebody" not in str(got)
    for key, reason in (({}, "bad_field"), ({"orderId": "x"}, "bad_field"),
                        ({"orderId": order["orderId"], "orderRef": "x"}, "bad_field"),
                        ({"storefront": "OFFICIAL", "orderRef": "nothing"}, "not_found"),
                        ({"storefront": "nowhere", "orderRef": "x"}, "not_found")):
        assert refused(town.admin, "OrderService/GetOrder", key).reason == reason, key


def test_list_pages_newest_first(town):
    sku = town.sku({"SITE": 99})
    ids = [town.submit(sku, storefront="F-C1")["orderId"] for _ in range(7)]
    seen, token, pages = [], "", 0
    while True:
        r = town.admin.call("OrderService/ListOrders", {"storefront": "F-C1", "pageSize": 3,
                                                        "pageToken": token})
        seen += [o["orderId"] for o in r.get("orders", [])]
        pages += 1
        token = r.get("nextPageToken")
        if not token:
            break
        e = refused(town.admin, "OrderService/ListOrders", {"dealer": "D2", "pageToken": token})
        assert e.reason == "bad_token"
    assert seen[:7] == ids[::-1] and len(seen) == len(set(seen)) and pages >= 3
    by_owner = town.admin.call("OrderService/ListOrders", {"dealer": "D2", "pageSize": 7})["orders"]
    assert {o["orderId"] for o in by_owner} >= set(ids[:1]) or len(by_owner) == 7
    assert all(o["owner"]["dealer"] == "D2" for o in by_owner)


def test_explain_replays_to_the_byte(town):
    """Each candidate with the first reason that ruled it out; the chosen one; and replay equal."""
    sku = town.sku({"A1": 1, "A2": 5, "C1": 5, "SITE": 5})
    order = town.submit([(sku, 2)], storefront="F-A1", way=DELIVER, excludeLocations=["C1"])
    why = town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})
    assert why["replayEqual"] is True
    assert why["record"]
    found = {c["location"]: c for w in why["ways"] for c in w.get("candidates", [])}
    assert found["A2"].get("chosen") is True and "eliminated" not in found["A2"]
    assert found["C1"]["eliminated"] == "ELIMINATION_REASON_EXCLUDED"
    assert not found.get("A1", {}).get("chosen")
    assert why["option"]["parts"] == order["option"]["parts"]
    assert why["policyVersion"] == order["policyVersion"]
    # Years later: another policy in force, the stock another; the record still replays.
    town.put_policy(maxParcels=1)
    try:
        town.count("A2", sku, 0)
        again = town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})
        assert again == why
    finally:
        town.put_policy()
    e = refused(town.admin, "OrderService/ExplainOrder", {"orderId": order["orderId"], "attempt": 7})
    assert e.reason == "not_found"


def test_tasks_of_a_store(town):
    """Offered when paid, nearest deadline first; an unpaid order's fulfilment is nobody's task."""
    shop = new_store(town)
    sku = town.sku({shop: 9})
    orders = [town.submit(sku, way=PICKUP, location=shop) for _ in range(3)]
    for order in orders[1::-1]:
        town.pay(order)
    tasks = town.admin.call("StoreService/ListTasks", {"location": shop})["tasks"]
    assert {x["orderId"] for x in tasks} == {o["orderId"] for o in orders[:2]}
    deadlines = [datetime.datetime.fromisoformat(x["fulfilment"]["offerDeadline"]) for x in tasks]
    assert deadlines == sorted(deadlines)
    assert all(x["fulfilment"]["state"] == "FULFILMENT_STATE_OFFERED" for x in tasks)


# ---- The whole database ----


@pytest.fixture(scope="module", autouse=True)
def audited(town):
    """After all of the above, nothing in the database contradicts anything else."""
    yield
    assert " 0 violations" in town.database.audit()


def test_contact_is_kept_apart(town):
    """Name, phone and street are in one table and nowhere else."""
    sku = town.sku({"SITE": 9})
    mark = town.name("Zhang-San")
    order = town.submit(sku, address=t.address(name=mark, phone=mark, street=mark))
    town.pay(order)
    tables = [n for n, in town.database.sql(
        "select table_name from information_schema.tables where table_schema = 'public'")]
    holding = [n for n in tables if town.database.sql(
        f"select exists (select from {n} x where position(%s in x::text) > 0)", (mark,))[0][0]]
    assert holding == ["contact"]
    record, = town.database.sql("select record from decision where order_id = %s", (order["orderId"],))[0]
    assert mark.encode() not in bytes(record)


# ---- The log ----


def test_refusals_are_logged_and_orders_only_at_debug(town):
    sku = town.sku({"SITE": 1})
    taken = town.submit([(sku, 1)])
    late = town.order([(sku, 1)])
    assert refused(town.admin, "OrderService/SubmitOrder", late).reason == "out_of_stock"
    log = town.server.log.read_text(errors="replace")
    assert "lvl=info msg=refused req=" in log and f"ref={late['orderRef']} err=out_of_stock" in log
    assert taken["orderId"] not in log
