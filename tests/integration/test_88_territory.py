"""Goods handed over in another dealer's territory are flagged, with the evidence, and settled by people."""
import pytest

import yc
from test_82_acts import act
from town import DELIVER, PICKUP, REGION_1, REGION_2, REGION_OPEN, SHIP, address, refused

DIVERTED = 38


def handed_over(town, location="A1", region=REGION_OPEN, way=DELIVER, **more):
    """An order that reached its customer; his address lies in ${region}."""
    order = town.submit(town.sku({location: 1}), way=way, address=address(region),
                        **{**({"location": location} if way != SHIP else {}), **more})
    town.pay(order)
    staff = {"A": "S1", "C": "SC", "S": "SB"}[location[0]]
    steps = ("Accept", "MarkReady", "ConfirmCollection") if way == PICKUP else ("Accept", "Dispatch", "ConfirmDelivery")
    for method in steps[way == SHIP:]:
        body = act(order, ref=method, staff=staff)
        if method == "ConfirmCollection":
            front = town.server.client(town.database.key("storefront", "storefront:*")).wait_known()
            got = front.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]
            body["code"] = got["fulfilments"][0]["collectionCode"]
        town.admin.call("StoreService/" + method, body)
    return order


@pytest.fixture(scope="module", autouse=True)
def staffed(town):
    town.admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": code, "kind": "PARTY_KIND_STAFF", "name": code, "employer": employer}
        for code, employer in (("SC", "D2"), ("SB", "B"))]})
    yield
    assert " 0 violations" in town.database.audit()


def disputes(town, order=None, client=None, **body):
    rows = (client or town.admin).call("OrderService/ListTerritoryDisputes", body).get("disputes", [])
    return [d for d in rows if order is None or d["orderId"] == order["orderId"]]


def diverted(town, order):
    return town.database.sql("select count(*) from outbox where order_id = %s and kind = %s",
                             (order["orderId"], DIVERTED))[0][0]


def test_delivered_elsewhere(town):
    town.claim("wanderer", "A1")
    order = handed_over(town, region=REGION_2, customer="wanderer")
    [d] = disputes(town, order)
    assert d["owner"]["dealer"] == "D1" and d["owner"]["source"] == "OWNER_SOURCE_SCAN" and "since" in d["owner"]
    assert (d["territory"], d["territoryDealer"], d["location"], d["way"], d["region"], d["fulfilment"]) == \
        ("T2", "D2", "A1", DELIVER, REGION_2, 1)
    assert "resolvedAt" not in d and diverted(town, order) == 1
    for word in ("王小明", "13800000000", "人民大道"):
        assert word not in str(d)


def test_at_home_or_nowhere(town):
    town.claim("homebody", "A1")
    for region in (REGION_1, REGION_OPEN, "31"):
        order = handed_over(town, region=region, customer="homebody")
        assert disputes(town, order) == [] and diverted(town, order) == 0, region


def test_shipped_and_by_silence(town):
    town.claim("shipped", "A1")
    order = handed_over(town, "SITE", REGION_2, SHIP, customer="shipped")
    assert disputes(town, order)[0]["location"] == "SITE"
    silent = town.submit(town.sku({"SITE": 1}), way=SHIP, address=address(REGION_2), customer="shipped")
    town.pay(silent)
    town.admin.call("StoreService/Dispatch", act(silent, ref="d", staff="SB"))
    assert disputes(town, silent) == [], "not before it is there"
    town.database.sql("update fulfilment set due_at = now() where order_id = %s", (silent["orderId"],))
    yc.wait_for("silence", lambda: disputes(town, silent))
    assert diverted(town, silent) == 1


def test_collected_where_the_store_lies(town):
    town.admin.call("CatalogService/UpsertLocations", {"locations": [
        {"code": "A9", "kind": "LOCATION_KIND_STORE", "operator": "D1", "ways": [PICKUP, DELIVER], "region": REGION_2,
         "position": {"latitude": 31.23, "longitude": 121.47}, "leadMinutes": 30}]})
    town.claim("collector", "A9")
    order = handed_over(town, "A9", REGION_1, PICKUP, customer="collector")
    [d] = disputes(town, order)
    assert (d["territoryDealer"], d["way"], d.get("region", "")) == ("D2", PICKUP, "")


def test_the_brand_diverts_nothing(town):
    order = handed_over(town, "SITE", REGION_2, SHIP, storefront="F-BR1")
    assert town.get(order)["owner"]["dealer"] == "B" and disputes(town, order) == []


def test_who_sees_and_who_settles(town, server):
    town.claim("settled", "A1")
    order = handed_over(town, region=REGION_2, customer="settled")
    both = [server.client(town.database.key("finance", f"dealer:{d}")).wait_known() for d in ("D1", "D2")]
    for c in both:
        assert len(disputes(town, order, c)) == 1
    town.admin.call("CatalogService/UpsertDealers", {"dealers": [{"code": "D3", "name": "third", "grade": 2}]})
    third = server.client(town.database.key("finance", "dealer:D3")).wait_known()
    assert disputes(town, None, third) == []
    assert refused(third, "OrderService/ListTerritoryDisputes", {"dealer": "D1"}).reason == "not_found"
    store = server.client(town.database.key("store", "location:A1")).wait_known()
    assert disputes(town, None, store) == [], "a store without a dealer scope sees none"
    assert len(disputes(town, order, dealer="D2")) == 1 and disputes(town, order, dealer="D3") == []
    body = {"orderId": order["orderId"], "fulfilment": 1, "note": "D1 pays D2 a share"}
    for change, reason, field in (({"orderId": "x"}, "bad_field", "order_id"), ({"fulfilment": 0}, "bad_field", "fulfilment"),
                                  ({"fulfilment": 2}, "not_found", ""), ({"note": ""}, "bad_field", "note"),
                                  ({"note": "x" * 201}, "bad_field", "note")):
        e = refused(town.admin, "OrderService/ResolveTerritoryDispute", {**body, **change})
        assert (e.reason, e.field) == (reason, field), change
    one_sided = server.client(town.database.key("operator", "dealer:D1")).wait_known()
    assert refused(one_sided, "OrderService/ResolveTerritoryDispute", body).reason == "permission_denied"
    done = town.admin.call("OrderService/ResolveTerritoryDispute", body)
    assert "resolvedAt" in done["dispute"] and done["dispute"]["note"] == body["note"]
    assert town.admin.call("OrderService/ResolveTerritoryDispute", body) == done
    e = refused(town.admin, "OrderService/ResolveTerritoryDispute", {**body, "note": "another"})
    assert (e.reason, e.field) == ("wrong_state", "note")
    assert disputes(town, order, openOnly=True) == [] and len(disputes(town, order)) == 1


def test_pages(town):
    town.claim("paged", "A1")
    orders = [handed_over(town, region=REGION_2, customer="paged")["orderId"] for _ in range(3)]
    seen, token = [], ""
    while len(seen) < 3:
        page = town.admin.call("OrderService/ListTerritoryDisputes", {"pageSize": 1, "pageToken": token})
        seen += [d["orderId"] for d in page["disputes"]]
        token = page["nextPageToken"]
    assert seen == orders[::-1], "newest first"
    assert refused(town.admin, "OrderService/ListTerritoryDisputes", {"pageToken": "x"}).reason == "bad_token"
    assert refused(town.admin, "OrderService/ListTerritoryDisputes", {"pageSize": -1}).field == "page_size"
