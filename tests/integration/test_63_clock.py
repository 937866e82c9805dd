"""The service's wall clock, moved forward: what is business time follows, what is not stays as it was."""
import datetime

import pytest

import yc
from town import PICKUP, POLICY, refused

MOVE = "AdminService/MoveClock"
MINUTE, DAY = 60_000, 86_400_000


def parse(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def iso(t):
    return t.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module")
def moving(town, service):
    """An instance of its own whose clock may move, beside the fixtures' one, whose may not."""
    (one,) = service(clock_may_move="on")
    return one


@pytest.fixture(scope="module")
def boss(moving):
    return moving.login("admin")


def now_of(client):
    return parse(client.call(MOVE, {"byMs": "1"})["now"])


def quote(client, basket):
    """Once this instance has heard of the goods that were made through the other one."""
    def look():
        try:
            return client.call("OrderService/Quote", {"basket": basket}).get("options")
        except yc.RpcError as e:
            assert e.reason in ("unknown_id", "out_of_stock", "no_location"), e
    return yc.wait_for("the goods to be known", look)


def test_only_where_the_setting_allows_it(town):
    e = refused(town.admin, MOVE, {"byMs": "1"})
    assert (e.code, e.reason) == ("failed_precondition", "wrong_state")
    assert "clock_may_move" in e.text


def test_forward_only_and_one_way_of_saying_it(boss):
    now = now_of(boss)
    for ask, field in (({}, "to"), ({"byMs": "1", "to": iso(now)}, "to"), ({"byMs": "-1"}, "by_ms"),
                       ({"byMs": str(367 * DAY)}, "by_ms"), ({"to": iso(now - datetime.timedelta(seconds=1))}, "to"),
                       ({"to": iso(now + datetime.timedelta(days=367))}, "to")):
        e = refused(boss, MOVE, ask)
        assert (e.reason, e.field) == ("bad_field", field), ask
    to = now + datetime.timedelta(minutes=2)
    assert abs(parse(boss.call(MOVE, {"to": iso(to)})["now"]) - to) < datetime.timedelta(seconds=1)
    assert now_of(boss) >= to


def test_an_unpaid_order_expires(town, boss):
    """The payment hold is 15 minutes; the order's stock is free again for the instance that did not move."""
    sku = town.sku({"A1": 1})
    body = town.order(sku, storefront="F-A1", way=PICKUP, location="A1")
    quote(boss, body["basket"])
    order = boss.call("OrderService/SubmitOrder", body)
    boss.call(MOVE, {"byMs": str(16 * MINUTE)})
    yc.wait_for("its end", lambda: town.get(order)["state"] == "ORDER_STATE_CANCELLED")
    assert town.submit(sku, storefront="F-A1", way=PICKUP, location="A1")["orderId"] > ""


def test_a_quote_ends(town, boss):
    sku = town.sku({"SITE": 9})
    token = quote(boss, town.basket(sku))[0]["token"]
    boss.call(MOVE, {"byMs": str(11 * MINUTE)})
    e = refused(boss, "OrderService/SubmitOrder", {**town.order(sku), "quoteToken": token})
    assert e.reason == "token_expired"


def test_days_pass(town, boss):
    """Promises, ids and a policy of next week follow; feed, requests and the other instance do not notice."""
    sku = town.sku({"SITE": 900})
    quote(boss, town.basket(sku))
    before = boss.call("OrderService/SubmitOrder", town.order(sku, way="WAY_SHIP"))
    start = now_of(boss)
    version = town.admin.call("CatalogService/PutRoutingPolicy", {
        "policy": {**POLICY, "paymentHoldMin": 60}, "activate": True,
        "effectiveFrom": iso(start + datetime.timedelta(days=7))})["version"]
    boss.call(MOVE, {"byMs": str(8 * DAY)})

    def submitted():
        return boss.call("OrderService/SubmitOrder", town.order(sku, way="WAY_SHIP"))
    yc.wait_for("the policy of next week", lambda: submitted()["policyVersion"] == version)
    after = submitted()
    assert after["orderId"] > before["orderId"]
    pay_by = parse(after["payBy"])
    assert start + datetime.timedelta(days=8, minutes=59) < pay_by < start + datetime.timedelta(days=8, minutes=62)
    assert town.submit(sku, way="WAY_SHIP")["policyVersion"] < version  # the other one lives in today
    # The change feed runs on the database's time: what one commits the other still hears of.
    fresh = town.sku({"A1": 1})
    body = town.order(fresh, storefront="F-A1", way=PICKUP, location="A1")
    quote(boss, body["basket"])
    taken = boss.call("OrderService/SubmitOrder", body)
    town.pay(taken)
    assert boss.call("OrderService/GetOrder", {"orderId": taken["orderId"]})["order"]["state"] != \
        "ORDER_STATE_AWAITING_PAYMENT"
