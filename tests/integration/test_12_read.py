"""Reading orders: GetOrder, ListOrders, ExplainOrder; who sees which order, and who sees its money."""

import pytest

import yc

GET = "OrderService/GetOrder"
LIST = "OrderService/ListOrders"
EXPLAIN = "OrderService/ExplainOrder"


@pytest.fixture(scope="module")
def pickup(world):
    """An order picked up in S1, owned by D1 through F1, its answer and what was sent."""
    sent = world.order(sku="PHONE", quantity=2, way="WAY_PICKUP")
    return sent, world.front("F1", "margin").call("OrderService/SubmitOrder", sent)


def refused(client, method, message):
    with pytest.raises(yc.RpcError) as e:
        client.call(method, message)
    return e.value.code, e.value.reason, e.value.field


# ---- GetOrder ----

def test_get_is_what_submit_answered(world, pickup):
    sent, answer = pickup
    o = world.front("F1", "margin").call(GET, {"orderId": answer["orderId"]})["order"]
    assert o["orderRef"] == sent["orderRef"]
    assert o["storefront"] == "F1"
    assert o["state"] == "ORDER_STATE_AWAITING_PAYMENT"
    assert o["owner"] == answer["owner"]
    assert o["payBy"] == answer["payBy"]
    assert o["collector"] == answer["option"]["collector"]
    assert o["totalFen"] == answer["option"]["totalFen"] == "200000"
    assert o["money"] == answer["option"]["money"]
    assert o["lines"] == [{"sku": "PHONE", "quantity": 2, "unitPriceFen": "100000"}]
    (f,) = o["fulfilments"]
    assert f["state"] == "FULFILMENT_STATE_PLANNED"
    assert f["part"] == answer["option"]["parts"][0]
    assert world.front("F1", "margin").call(
        GET, {"storefront": "F1", "orderRef": sent["orderRef"]})["order"] == o


def test_who_sees_the_order_and_who_its_money(world, pickup):
    _, answer = pickup
    ask = {"orderId": answer["orderId"]}
    for role, scopes, order, money in (
            ("storefront", ["storefront:F1"], True, False),
            ("storefront", ["storefront:*", "margin"], True, True),
            ("storefront", ["storefront:F2", "margin"], False, False),
            ("store", ["location:S1"], True, False),
            ("store", ["location:S1", "margin"], True, True),
            ("store", ["location:S1", "margin", "dealer:D2"], True, False),
            ("store", ["location:S2", "margin"], False, False),
            ("finance", [], True, True),
            ("finance", ["dealer:D1"], True, True),
            ("finance", ["dealer:D2"], False, False),
            ("operator", [], True, True)):
        who = world.server.login(role, *scopes)
        if order:
            got = who.call(GET, ask)["order"]
            assert ("money" in got) == money, (role, scopes)
        else:
            assert refused(who, GET, ask) == ("not_found", "not_found", ""), (role, scopes)


@pytest.mark.parametrize("ask, field", [
    ({}, "order_id"),
    ({"orderId": "x"}, "order_id"),
    ({"orderId": "00000000-0000-0000-0000-000000000000"}, "order_id"),
    ({"orderId": yc.NO_ORDER, "orderRef": "r"}, "order_id"),
    ({"orderId": yc.NO_ORDER, "storefront": "F1"}, "order_id"),
    ({"orderRef": "r"}, "order_id"),
    ({"storefront": "F1"}, "order_ref"),
])
def test_get_needs_one_name_of_the_order(admin, world, ask, field):
    assert refused(admin, GET, ask) == ("invalid_argument", "bad_field", field)


@pytest.mark.parametrize("ask", [
    {"orderId": yc.NO_ORDER},
    {"storefront": "F1", "orderRef": "never sent"},
    {"storefront": "NOWHERE", "orderRef": "r"},
])
def test_get_of_what_is_not_there(admin, world, ask):
    assert refused(admin, GET, ask)[0] == "not_found"


# ---- ExplainOrder ----

def test_explain_tells_why_and_replays(world, pickup):
    _, answer = pickup
    m = world.front("F1", "margin").call(EXPLAIN, {"orderId": answer["orderId"]})
    assert m["attempt"] == 1
    assert m["replayEqual"] is True
    assert m["policyVersion"] == answer["policyVersion"]
    assert m["option"] == answer["option"]
    assert m["record"]
    (way,) = [w for w in m["ways"] if w.get("chosen")]
    assert way["way"] == "WAY_PICKUP"
    (chosen,) = [c for c in way["candidates"] if c.get("chosen")]
    assert chosen["location"] == "S1"
    assert chosen["available"][0] >= 2
    assert "eliminated" not in chosen


def test_explain_keeps_money_from_who_may_not_see_it(world, pickup):
    _, answer = pickup
    m = world.front("F1").call(EXPLAIN, {"orderId": answer["orderId"]})
    assert "record" not in m
    assert "money" not in m["option"]
    assert m["replayEqual"] is True


def test_explain_refuses(world, admin, pickup):
    _, answer = pickup
    assert refused(admin, EXPLAIN, {"orderId": "x"})[2] == "order_id"
    assert refused(admin, EXPLAIN, {"orderId": answer["orderId"], "attempt": -1})[2] == "attempt"
    assert refused(admin, EXPLAIN, {"orderId": answer["orderId"], "attempt": 2})[:2] == \
        ("not_found", "not_found")
    assert refused(admin, EXPLAIN, {"orderId": yc.NO_ORDER})[0] == "not_found"
    assert refused(world.front("F2", "margin"), EXPLAIN, {"orderId": answer["orderId"]})[0] == "not_found"


# ---- ListOrders ----

@pytest.fixture(scope="module")
def five(world):
    """Five orders of LIVE, the newest first."""
    return [world.submit(storefront="LIVE", sku="PHONE")["orderId"] for _ in range(5)][::-1]


def pages(client, **ask):
    got, token = [], ""
    while True:
        m = client.call(LIST, {**ask, "pageToken": token})
        got.append([o["orderId"] for o in m.get("orders", [])])
        token = m.get("nextPageToken", "")
        if not token:
            return got


def test_list_pages_newest_first(world, five):
    assert pages(world.front("LIVE"), storefront="LIVE", pageSize=2) == [five[:2], five[2:4], five[4:]]
    assert pages(world.front("LIVE"), storefront="LIVE") == [five]


def test_list_has_heads_only(world, five):
    m = world.front("LIVE", "margin").call(LIST, {"storefront": "LIVE", "pageSize": 1})
    (o,) = m["orders"]
    assert "lines" not in o and "money" not in o
    assert "lines" not in o["fulfilments"][0]["part"]
    assert o["state"] == "ORDER_STATE_AWAITING_PAYMENT"


def test_list_by_time(world, five):
    whole = world.front("LIVE").call(LIST, {"storefront": "LIVE"})["orders"]
    at = whole[2]["createdAt"]
    later = pages(world.front("LIVE"), storefront="LIVE", **{"from": at})
    earlier = pages(world.front("LIVE"), storefront="LIVE", to=at)
    assert five[0] in later[0] and five[4] not in later[0]
    assert five[4] in earlier[0] and five[0] not in earlier[0]
    assert sorted(later[0] + earlier[0]) == sorted(five)


def test_list_by_dealer(world, admin, five, pickup):
    mine = world.server.login("finance", "dealer:D1")
    ids = sum(pages(mine, dealer="D1"), [])
    assert pickup[1]["orderId"] in ids
    assert pages(mine, dealer="D1", storefront="F1") == [[pickup[1]["orderId"]]]
    assert refused(mine, LIST, {"dealer": "D2"}) == ("permission_denied", "permission_denied", "dealer")
    assert refused(mine, LIST, {"storefront": "F1"})[2] == "dealer"


def test_list_scopes_of_storefronts(world):
    for ask in ({"storefront": "F2"}, {"dealer": "D1"}, {}):
        assert refused(world.front("F1"), LIST, ask) == \
            ("permission_denied", "permission_denied", "storefront")


@pytest.mark.parametrize("ask, reason, field", [
    ({}, "bad_field", "storefront"),
    ({"storefront": "NOWHERE"}, "unknown_id", "storefront"),
    ({"dealer": "NOBODY"}, "unknown_id", "dealer"),
    ({"storefront": "LIVE", "pageSize": -1}, "bad_field", "page_size"),
    ({"storefront": "LIVE", "pageSize": 201}, "bad_field", "page_size"),
    ({"storefront": "LIVE", "pageToken": "AAAA"}, "bad_token", "page_token"),
    ({"storefront": "LIVE", "from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
     "bad_field", "to"),
])
def test_list_refuses(admin, world, ask, reason, field):
    assert refused(admin, LIST, ask) == ("invalid_argument", reason, field)


def test_page_token_is_of_one_list(world, admin, five):
    token = admin.call(LIST, {"storefront": "LIVE", "pageSize": 1})["nextPageToken"]
    assert admin.call(LIST, {"storefront": "LIVE", "pageSize": 3, "pageToken": token})["orders"]
    for other in ({"storefront": "F1"}, {"storefront": "LIVE", "dealer": "D1"},
                  {"storefront": "LIVE", "from": "2026-01-01T00:00:00Z"}):
        assert refused(admin, LIST, {**other, "pageToken": token})[1] == "bad_token"


# ---- Two instances ----

def test_an_instance_reads_what_another_took(world, service, pickup):
    """Also when the order names what this instance's catalog has not read yet."""
    (late,) = service(feed_poll_ms="60s")
    reader = late.client(world.database.key("admin"))
    late.restart()
    world.admin.call("CatalogService/UpsertSkus", {"skus": [
        {"code": "FRESH", "contractCostFen": "10", "listPriceFen": "20", "floorPriceFen": "20"}]})
    world.admin.call("CatalogService/SetStockCounts", {"counts": [
        {"location": "SITE", "sku": "FRESH", "count": 5}]})
    made = world.submit(sku="FRESH")
    assert reader.call(GET, {"orderId": made["orderId"]})["order"]["lines"][0]["sku"] == "FRESH"
    assert reader.call(EXPLAIN, {"orderId": made["orderId"]})["replayEqual"] is True
    late.stop()


def test_the_database_agrees(database, world, five):
    assert database.audit().endswith(" 0 violations")
