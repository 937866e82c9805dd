"""CatalogService and ListTasks over the wire: who may write what, each limit by its field, instances that agree."""


import pytest

import small_world
from yc import RpcError, wait_for

CATALOG = "CatalogService/"
OFFICIAL_TIME = "2026-01-01T00:00:00Z"


def place(**more):
    return {**small_world.store("N1", "D1", 0.05), **more}


def sku(**more):
    return {**small_world.sku("N1", 1000, 500), **more}


def campaign(**more):
    return {"code": "N1", "funders": [{"party": "BRAND", "shareBps": 10000}], "unitMaxFen": "100",
            "budgetFen": "1000", "until": "2036-01-01T00:00:00Z", **more}


def claim(**more):
    return {"customer": "c1", "location": "S1", "kind": "CLAIM_KIND_SCAN", **more}


def count(**more):
    return {"location": "S1", "sku": "PHONE", "count": 5, **more}


def delta(**more):
    return {"location": "S1", "sku": "PHONE", "delta": 1, "source": "till", "sequence": "1", **more}


def slot(**more):
    return {"location": "S1", "date": "2036-01-02", "fromMinute": 600, "toMinute": 660, "limit": 3, **more}


HOURS = {"weekdays": [1, 2], "openMinute": 540, "closeMinute": 1260}

# method, list, row, field below the row, reason
BAD = [
    ("UpsertParties", "parties", {"code": "", "kind": "PARTY_KIND_COURIER"}, "code", "bad_field"),
    ("UpsertParties", "parties", {"code": "a b", "kind": "PARTY_KIND_COURIER"}, "code", "bad_field"),
    ("UpsertParties", "parties", {"code": "x" * 65, "kind": "PARTY_KIND_COURIER"}, "code", "bad_field"),
    ("UpsertParties", "parties", {"code": "N1"}, "kind", "bad_field"),
    ("UpsertParties", "parties", {"code": "N1", "kind": "PARTY_KIND_DEALER"}, "kind", "bad_field"),
    ("UpsertParties", "parties", {"code": "N1", "kind": "PARTY_KIND_COURIER", "name": "n" * 201}, "name", "bad_field"),
    ("UpsertParties", "parties", {"code": "N1", "kind": "PARTY_KIND_COURIER", "employer": "D1"}, "employer",
     "bad_field"),
    ("UpsertParties", "parties", {"code": "N1", "kind": "PARTY_KIND_STAFF", "employer": "NO"}, "employer",
     "unknown_id"),
    ("UpsertParties", "parties", {"code": "N1", "kind": "PARTY_KIND_BRAND"}, "kind", "exists_differs"),
    ("UpsertParties", "parties", {"code": "BRAND", "kind": "PARTY_KIND_BRAND", "disabled": True}, "disabled",
     "bad_field"),
    ("UpsertParties", "parties", {"code": "D1", "kind": "PARTY_KIND_COURIER"}, "code", "exists_differs"),
    ("UpsertDealers", "dealers", {"code": "N1", "grade": 10}, "grade", "bad_field"),
    ("UpsertDealers", "dealers", {"code": "N1"}, "grade", "bad_field"),
    ("UpsertDealers", "dealers", {"code": "N1", "grade": 1, "merchant": {"provider": "gold"}}, "merchant.provider",
     "bad_field"),
    ("UpsertDealers", "dealers", {"code": "N1", "grade": 1, "merchant": {"provider": "wechat", "feeBps": 10001}},
     "merchant.fee_bps", "bad_field"),
    ("UpsertTerritories", "territories", {"code": "N1", "dealer": "NO"}, "dealer", "unknown_id"),
    ("UpsertTerritories", "territories", {"code": "N1", "dealer": "D1", "regions": ["a..b"]}, "regions[0]", "bad_field"),
    ("UpsertTerritories", "territories", {"code": "N1", "dealer": "D2", "regions": ["9", "11.bj"]}, "regions",
     "exists_differs"),
    ("UpsertLocations", "locations", place(kind="LOCATION_KIND_UNSPECIFIED"), "kind", "bad_field"),
    ("UpsertLocations", "locations", place(operator="NO"), "operator", "unknown_id"),
    ("UpsertLocations", "locations", place(operator="COURIER"), "operator", "bad_field"),
    ("UpsertLocations", "locations", place(position=None), "position", "bad_field"),
    ("UpsertLocations", "locations", place(position={"latitude": 90.1}), "position.latitude", "bad_field"),
    ("UpsertLocations", "locations", place(position={"longitude": -181}), "position.longitude", "bad_field"),
    ("UpsertLocations", "locations", place(timeZone="Europe/Paris"), "time_zone", "bad_field"),
    ("UpsertLocations", "locations", place(timeZone="+15:00"), "time_zone", "bad_field"),
    ("UpsertLocations", "locations", place(hours=[{**HOURS, "weekdays": [8]}]), "hours[0]", "bad_field"),
    ("UpsertLocations", "locations", place(hours=[HOURS, HOURS]), "hours[1]", "bad_field"),
    ("UpsertLocations", "locations", place(hours=[{**HOURS, "closeMinute": 540}]), "hours[0]", "bad_field"),
    ("UpsertLocations", "locations", place(kind="LOCATION_KIND_CLOUD"), "ways[0]", "bad_field"),
    ("UpsertLocations", "locations", place(region="a b"), "region", "bad_field"),
    ("UpsertLocations", "locations", place(leadMinutes=-1), "lead_minutes", "bad_field"),
    ("UpsertLocations", "locations", place(capacityPerDay=1000001), "capacity_per_day", "bad_field"),
    ("UpsertLocations", "locations", place(handlingCostFen="-1"), "handling_cost_fen", "bad_field"),
    ("UpsertLocations", "locations", place(cutOffMinute=1440), "cut_off_minute", "bad_field"),
    ("UpsertLocations", "locations", {**place(), "code": "S1", "operator": "D2"}, "operator", "exists_differs"),
    ("UpsertSlots", "slots", slot(date="2036-02-30"), "date", "bad_field"),
    ("UpsertSlots", "slots", slot(toMinute=600), "to_minute", "bad_field"),
    ("UpsertSlots", "slots", slot(location="CLOUD"), "location", "bad_field"),
    ("UpsertSlots", "slots", slot(limit=-1), "limit", "bad_field"),
    ("UpsertStorefronts", "storefronts", {"code": "N1"}, "kind", "bad_field"),
    ("UpsertStorefronts", "storefronts", {"code": "N1", "kind": "STOREFRONT_KIND_STORE", "location": "S1", "dealer": "D1"},
     "dealer", "bad_field"),
    ("UpsertStorefronts", "storefronts", {"code": "N1", "kind": "STOREFRONT_KIND_OUTSIDE", "channel": "D1"}, "channel",
     "bad_field"),
    ("UpsertSkus", "skus", sku(listPriceFen="-1"), "list_price_fen", "bad_field"),
    ("UpsertSkus", "skus", sku(listPriceFen="1000000000000001"), "list_price_fen", "bad_field"),
    ("UpsertSkus", "skus", sku(floorPriceFen="1001"), "floor_price_fen", "bad_field"),
    ("UpsertSkus", "skus", sku(contractCostFen="-1"), "contract_cost_fen", "bad_field"),
    ("UpsertSkus", "skus", sku(skuClass="c" * 65), "sku_class", "bad_field"),
    ("SetStockCounts", "counts", count(count=-1), "count", "bad_field"),
    ("SetStockCounts", "counts", count(safety=-1), "safety", "bad_field"),
    ("SetStockCounts", "counts", count(countedAt="2099-01-01T00:00:00Z"), "counted_at", "bad_field"),
    ("SetStockCounts", "counts", count(sku="NO"), "sku", "unknown_id"),
    ("SetStockCounts", "counts", count(goodsOwner="COURIER"), "goods_owner", "bad_field"),
    ("ApplyStockDeltas", "deltas", delta(delta=1000001), "delta", "bad_field"),
    ("ApplyStockDeltas", "deltas", delta(sequence="0"), "sequence", "bad_field"),
    ("ApplyStockDeltas", "deltas", delta(source=""), "source", "bad_field"),
    ("ApplyStockDeltas", "deltas", delta(location="NO"), "location", "unknown_id"),
    ("UpsertEntitlements", "entitlements", {"dealer": "D1", "sku": "PHONE", "ceiling": -1}, "ceiling", "bad_field"),
    ("UpsertEntitlements", "entitlements", {"dealer": "NO", "sku": "PHONE", "ceiling": 1}, "dealer", "unknown_id"),
    ("UpsertCampaigns", "campaigns", campaign(funders=[]), "funders", "bad_field"),
    ("UpsertCampaigns", "campaigns", campaign(funders=[{"party": "BRAND", "shareBps": 9999}]), "funders", "bad_field"),
    ("UpsertCampaigns", "campaigns", campaign(funders=[{"party": "BRAND", "shareBps": 5000}] * 2), "funders[1]",
     "bad_field"),
    ("UpsertCampaigns", "campaigns", campaign(until=None), "until", "bad_field"),
    ("UpsertCampaigns", "campaigns", campaign(unitMaxFen="0"), "unit_max_fen", "bad_field"),
    ("UpsertCampaigns", "campaigns", campaign(budgetFen="-1"), "budget_fen", "bad_field"),
    ("UpsertCampaigns", "campaigns", campaign(skus=["NO"]), "skus", "unknown_id"),
    ("UpsertClaims", "claims", claim(customer=""), "customer", "bad_field"),
    ("UpsertClaims", "claims", claim(kind="CLAIM_KIND_UNSPECIFIED"), "kind", "bad_field"),
    ("UpsertClaims", "claims", claim(kind="CLAIM_KIND_LOCATION"), "until", "bad_field"),
    ("UpsertClaims", "claims", claim(location="SITE"), "location", "bad_field"),
    ("UpsertClaims", "claims", claim(staff="D1"), "staff", "bad_field"),
    ("UpsertClaims", "claims", claim(evidence="e" * 301), "evidence", "bad_field"),
    ("UpsertClaims", "claims", claim(**{"from": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"}), "until",
     "bad_field"),
]


@pytest.mark.parametrize("method,name,row,field,reason", BAD,
                         ids=[f"{m}-{f}-{i}" for i, (m, _, _, f, _) in enumerate(BAD)])
def test_refused(world, method, name, row, field, reason):
    row = {k: v for k, v in row.items() if v is not None}
    with pytest.raises(RpcError) as e:
        world.admin.call(CATALOG + method, {name: [row]})
    assert (e.value.reason, e.value.field) == (reason, f"{name}[0].{field}")
    assert e.value.text


def test_all_or_nothing_and_which_row(world):
    rows = [{**sku(), "code": f"ROW{i}"} for i in range(20)]
    rows[17]["floorPriceFen"] = "5000"
    with pytest.raises(RpcError) as e:
        world.admin.call(CATALOG + "UpsertSkus", {"skus": rows})
    assert e.value.field == "skus[17].floor_price_fen"
    rows[17] = dict(rows[3])
    with pytest.raises(RpcError) as e:
        world.admin.call(CATALOG + "UpsertSkus", {"skus": rows})
    assert e.value.field == "skus[17].code"
    assert world.database.sql("select count(*) from sku where code like 'ROW%'") == [(0,)]


def test_no_rows(world):
    assert world.admin.call(CATALOG + "UpsertSkus", {}) == {}


def test_too_many_rows(service, database):
    one = service(1, upsert_rows_max=3)[0]
    client = one.login("operator")
    with pytest.raises(RpcError) as e:
        client.call(CATALOG + "UpsertSkus", {"skus": [{**sku(), "code": f"M{i}"} for i in range(4)]})
    assert (e.value.reason, e.value.field) == ("too_large", "skus")


def test_writer_reads_what_he_wrote(world):
    for i in range(5):
        world.admin.call(CATALOG + "UpsertSkus", {"skus": [{**sku(), "code": f"OWN{i}"}]})
        world.admin.call(CATALOG + "SetStockCounts",
                         {"counts": [{"location": "SITE", "sku": f"OWN{i}", "count": 3}]})
        quote = world.front().call("OrderService/Quote", {"basket": world.basket(sku=f"OWN{i}")})
        assert quote["options"], quote


def test_another_instance_hears_of_it(world, service):
    other = service(1)[0].client(world.admin.key)
    world.admin.call(CATALOG + "UpsertSkus", {"skus": [{**sku(), "code": "FAR"}]})
    world.admin.call(CATALOG + "SetStockCounts", {"counts": [{"location": "SITE", "sku": "FAR", "count": 3}]})

    def seen():
        try:
            return other.call("OrderService/Quote", {"basket": world.basket(sku="FAR")}).get("options")
        except RpcError as e:
            assert e.reason == "unknown_id", e
            return False
    wait_for("the other instance to sell the sku", seen)


def test_counts_and_deltas(world):
    def put(number, at):
        return world.admin.call(CATALOG + "SetStockCounts", {"counts": [
            {"location": "S2", "sku": "LAPTOP", "count": number, "countedAt": at}]})
    first = world.database.sql("select counted_at from stock_level s join location l using (location_id) "
                               "join sku k using (sku_id) where l.code = 'S2' and k.code = 'LAPTOP'")[0][0]
    assert put(7, OFFICIAL_TIME if first.year > 2026 else "2020-01-01T00:00:00Z") == {"older": 1}
    change = {"location": "S2", "sku": "LAPTOP", "source": "till-1", "delta": -2}
    assert world.admin.call(CATALOG + "ApplyStockDeltas", {"deltas": [{**change, "sequence": "7"}]}) == {"written": 1}
    got = world.admin.call(CATALOG + "ApplyStockDeltas",
                           {"deltas": [{**change, "sequence": "7"}, {**change, "sequence": "9"}]})
    assert got == {"written": 1, "repeatedCount": 1, "gaps": ["till-1: 9 came after 7"]}
    assert world.database.sql("select on_hand from stock_level s join location l using (location_id) "
                              "join sku k using (sku_id) where l.code = 'S2' and k.code = 'LAPTOP'") == [(996,)]


# role, scopes, method, rows, may
SCOPES = [
    ("store", ["location:S1"], "SetStockCounts", {"counts": [count()]}, True),
    ("store", ["location:S1"], "SetStockCounts", {"counts": [count(), count(location="S2")]}, False),
    ("store", ["location:*"], "SetStockCounts", {"counts": [count(location="S2")]}, True),
    ("store", ["location:S2"], "ApplyStockDeltas", {"deltas": [delta()]}, False),
    ("store", ["location:S1"], "UpsertClaims", {"claims": [claim()]}, True),
    ("store", ["location:S2"], "UpsertClaims", {"claims": [claim()]}, False),
    ("storefront", ["storefront:F1"], "UpsertClaims", {"claims": [claim()]}, True),
    ("storefront", ["storefront:F1"], "UpsertClaims", {"claims": [claim(location="S2")]}, False),
    ("storefront", ["storefront:F2"], "UpsertClaims", {"claims": [claim(location="S3")]}, True),
    ("storefront", ["storefront:F2"], "UpsertClaims", {"claims": [claim()]}, False),
    ("storefront", ["storefront:OFFICIAL"], "UpsertClaims", {"claims": [claim(), claim(location="S3")]}, True),
    ("storefront", ["storefront:F1"], "SetStockCounts", {"counts": [count()]}, False),
    ("storefront", ["storefront:F1"], "UpsertSkus", {"skus": [sku()]}, False),
    ("store", ["location:S1"], "UpsertLocations", {"locations": [place()]}, False),
    ("finance", [], "UpsertSkus", {"skus": [sku()]}, False),
    ("operator", [], "UpsertSkus", {"skus": [sku()]}, True),
]


@pytest.mark.parametrize("role,scopes,method,rows,may", SCOPES,
                         ids=[f"{r}-{m}-{i}" for i, (r, _, m, _, _) in enumerate(SCOPES)])
def test_who_may(world, role, scopes, method, rows, may):
    client = world.server.login(role, *scopes)
    if may:
        client.call(CATALOG + method, rows)
        return
    with pytest.raises(RpcError) as e:
        client.call(CATALOG + method, rows)
    assert e.value.code == "permission_denied"


def test_versions(world):
    policy = {"rules": [{"name": "all", "steps": [{"way": "WAY_SHIP", "source": "CANDIDATE_SOURCE_SITE"}]}]}
    put = world.admin.call(CATALOG + "PutRoutingPolicy", {"policy": policy, "note": "a draft"})
    assert put["state"] == "VERSION_STATE_DRAFT"
    version = put["version"]

    def state(word):
        return world.admin.call(CATALOG + "SetVersionState",
                                {"policyVersion": version, "state": "VERSION_STATE_" + word})
    with pytest.raises(RpcError) as e:
        state("ARCHIVED")
    assert (e.value.code, e.value.reason) == ("failed_precondition", "wrong_state")
    assert state("ACTIVE") == {"state": "VERSION_STATE_ACTIVE"}
    quote = world.front().call("OrderService/Quote", {"basket": world.basket(way="WAY_UNSPECIFIED")})
    assert quote["policyVersion"] == version
    with pytest.raises(RpcError) as e:
        state("DRAFT")
    assert e.value.reason == "wrong_state"
    assert state("ARCHIVED") == {"state": "VERSION_STATE_ARCHIVED"}
    quote = world.front().call("OrderService/Quote", {"basket": world.basket()})
    assert quote["policyVersion"] != version


@pytest.mark.parametrize("message,field,reason", [
    ({}, "policy", "bad_field"),
    ({"policy": {"rules": [{"name": "x"}]}}, None, "bad_field"),
    ({"policy": {"rules": [{"name": "x", "when": {"territories": ["NO"]}, "refuse": "no"}]}}, None, "unknown_id"),
    ({"policy": {}, "note": "n" * 1001}, "note", "bad_field"),
])
def test_bad_policy(world, message, field, reason):
    before = world.database.sql("select count(*) from routing_policy")
    with pytest.raises(RpcError) as e:
        world.admin.call(CATALOG + "PutRoutingPolicy", {**message, "activate": True})
    assert e.value.reason == reason
    assert e.value.field == field if field else e.value.field.startswith("policy.rules[0]")
    assert world.database.sql("select count(*) from routing_policy") == before


def test_book(world):
    rules = [{"name": "plain", "handling": {"fixedFen": "100"}}]
    put = world.admin.call(CATALOG + "PutSplitRuleBook", {"book": {"rules": rules}})
    got = world.admin.call(CATALOG + "SetVersionState",
                           {"splitRuleVersion": put["version"], "state": "VERSION_STATE_ACTIVE"})
    assert got == {"state": "VERSION_STATE_ACTIVE"}
    for message in ({"state": "VERSION_STATE_ACTIVE"}, {"policyVersion": 1, "splitRuleVersion": 1, "state": 2},
                    {"splitRuleVersion": put["version"]}):
        with pytest.raises(RpcError) as e:
            world.admin.call(CATALOG + "SetVersionState", message)
        assert e.value.reason == "bad_field"
    with pytest.raises(RpcError) as e:
        world.admin.call(CATALOG + "SetVersionState", {"splitRuleVersion": 9999, "state": "VERSION_STATE_ACTIVE"})
    assert (e.value.reason, e.value.field) == ("not_found", "split_rule_version")


def test_campaign_keeps_its_funders(world):
    """Refunds of old orders give back by funder: everything else of a campaign may change."""
    half = [{"party": "BRAND", "shareBps": 5000}, {"party": "D1", "shareBps": 5000}]
    put = lambda **more: world.admin.call(CATALOG + "UpsertCampaigns",  # noqa: E731
                                          {"campaigns": [campaign(code="KEPT", **more)]})
    put(funders=half)
    put(funders=half, name="another", unitMaxFen="200", budgetFen="9", disabled=True)
    for funders in (half[::-1], half[:1] + [{"party": "D2", "shareBps": 5000}], campaign()["funders"],
                    [{"party": "BRAND", "shareBps": 5001}, {"party": "D1", "shareBps": 4999}]):
        with pytest.raises(RpcError) as e:
            put(funders=funders)
        assert (e.value.reason, e.value.field) == ("exists_differs", "campaigns[0].funders")
    got = world.database.sql("select share_bps, unit_max_fen, disabled from campaign where code = 'KEPT'")
    assert got == [([5000, 5000], 200, True)]


@pytest.mark.parametrize("change", [
    "update campaign set share_bps = '{10000}'", "update campaign set funder_ids = '{1}'", "delete from campaign",
    "update split_rule_book set body = '{}'", "update split_rule_book set effective_from = now()",
    "delete from split_rule_book", "update routing_policy set body = '{}'", "delete from routing_policy"])
def test_frozen_for_the_service(world, change):
    """What orders hold by its version or name cannot be changed by the service's role, whatever its code does."""
    with pytest.raises(Exception, match="permission denied"):
        world.database.sql("begin; set local role yuncang_service; " + change + "; rollback")


def test_tasks(world):
    orders = {world.submit(way="WAY_PICKUP", pay=100000)["orderId"] for _ in range(5)}
    store = world.server.login("store", "location:S1")
    seen, token = [], ""
    while True:
        page = store.call("StoreService/ListTasks", {"location": "S1", "pageSize": 2, "pageToken": token})
        assert len(page["tasks"]) <= 2
        seen += page["tasks"]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert orders <= {t["orderId"] for t in seen}
    assert len(seen) == len({(t["orderId"], t["fulfilment"]["number"]) for t in seen})
    assert {t["fulfilment"]["part"]["location"] for t in seen} == {"S1"}
    assert all(t["fulfilment"]["part"]["lines"][0]["sku"] for t in seen)
    due = [t["fulfilment"].get("offerDeadline", t["fulfilment"]["part"]["promise"]["to"]) for t in seen]
    assert due == sorted(due)
    assert "nextPageToken" not in store.call("StoreService/ListTasks", {"location": "S1", "pageSize": 100})


@pytest.mark.parametrize("message,field,reason", [
    ({}, "location", "bad_field"),
    ({"location": "S2"}, "location", "not_found"),
    ({"location": "NOWHERE"}, "location", "not_found"),
    ({"location": "S1", "pageSize": -1}, "page_size", "bad_field"),
    ({"location": "S1", "pageSize": 100000}, "page_size", "bad_field"),
    ({"location": "S1", "pageToken": "rubbish"}, None, "bad_token"),
])
def test_tasks_refused(world, message, field, reason):
    with pytest.raises(RpcError) as e:
        world.server.login("store", "location:S1").call("StoreService/ListTasks", message)
    assert e.value.reason == reason
    assert field is None or e.value.field == field
