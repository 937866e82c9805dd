"""Who owns a customer: claims with their evidence, transfers, and dealers who lose first offer by how they answer."""
import base64
import contextlib
import datetime
import hashlib
import hmac
import re

import psycopg2
import pytest

import town as t
import yc
from town import DELIVER, refused

CLAIM, OWNER = "CustomerService/Claim", "CustomerService/GetOwner"
CODE, TRANSFER = "CustomerService/GetStoreCode", "CustomerService/TransferOwnership"
SCORES = "CatalogService/ListScorecards"
AT_A1 = {"latitude": t.SQUARE["latitude"], "longitude": t.SQUARE["longitude"] + 500 / 95200}


def ago(**more):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**more)).isoformat()


def old_code(town, store):
    """The code stores had before these could name their staff and end; 22 characters, for ever."""
    secret = bytes(town.database.sql("select value from secret where name = 'store_code'")[0][0])
    mac = hmac.new(secret, store.encode(), hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def code(town, store, **more):
    return town.admin.call(CODE, {"store": store, **more})


def scan(town, customer, store, client=None, ref=None, staff="", **more):
    body = {"ref": ref or town.name("ref"), "customer": customer, "kind": "CLAIM_KIND_SCAN",
            "code": code(town, store, staff=staff)["code"], **more}
    return (client or town.admin).call(CLAIM, body)["claim"]


def owner_of(town, customer, client=None, **more):
    return (client or town.admin).call(OWNER, {"customer": customer, "storefront": "OFFICIAL", **more})


def ordered_owner(town, customer, **more):
    """What an order is given: the same that GetOwner told."""
    order = town.submit(town.sku({"SITE": 5}), customer=customer, **more)
    return {k: order["owner"].get(k) for k in ("dealer", "store", "staff", "source")}


def key(town, role, *scopes):
    client = town.server.client(town.database.key(role, *scopes))
    yc.wait_for("the new key", lambda: refused(
        client, "OrderService/GetOrder", {"orderId": "x"}).reason != "unauthenticated")
    return client


# ---- Claims -------------------------------------------------------------------------------------------


def test_scan_with_the_stores_code(town):
    who = town.name("customer")
    claim = scan(town, who, "A1", staff="S1", evidence="poster 7")
    assert (claim["store"], claim["dealer"], claim["staff"]) == ("A1", "D1", "S1")
    assert claim["kind"] == "CLAIM_KIND_SCAN" and claim["evidence"] == "poster 7" and "until" not in claim
    got = owner_of(town, who)
    assert got["evidence"]["standing"] == "CLAIM_STANDING_LIVE"
    assert {**got["evidence"], "standing": None} == {**claim, "standing": None}
    assert {k: got["owner"].get(k) for k in ("dealer", "store", "staff", "source")} == \
        ordered_owner(town, who) == \
        {"dealer": "D1", "store": "A1", "staff": "S1", "source": "OWNER_SOURCE_SCAN"}


def test_the_later_scan_wins_within_a_second(town):
    """Also against the order of store ids, and back again: the latest of the highest kind."""
    who = town.name("customer")
    for store in ("C1", "A1", "C1", "A2", "A1"):
        scan(town, who, store)
        assert owner_of(town, who)["owner"]["store"] == ordered_owner(town, who)["store"] == store
    runners = owner_of(town, who)["runnersUp"]
    assert [x["store"] for x in runners] == ["A2", "C1", "A1", "C1"]
    assert {x["standing"] for x in runners} == {"CLAIM_STANDING_LIVE"}


def test_old_codes_go_on_working(town):
    who = town.name("customer")
    body = {"ref": "r", "customer": who, "kind": "CLAIM_KIND_SCAN", "code": old_code(town, "A2")}
    assert code(town, "A2")["servingCode"] == body["code"]
    e = refused(town.admin, CLAIM, body)
    assert (e.reason, e.field) == ("bad_token", "code") and "name" in e.message
    e = refused(town.admin, CLAIM, {**body, "store": "A1"})
    assert (e.reason, e.field) == ("bad_token", "code")
    assert town.admin.call(CLAIM, {**body, "store": "A2"})["claim"]["store"] == "A2"


def test_new_codes_serve_too(town):
    """Basket.serving_code takes both formats."""
    who, sku = town.name("customer"), town.sku({"SITE": 5})
    for text in (code(town, "A1")["code"], code(town, "A1", staff="S1", validMinutes=5)["code"],
                 code(town, "A1")["servingCode"]):
        order = town.submit(sku, customer=who, servingStore="A1", servingCode=text)
        assert order["owner"]["source"] == "OWNER_SOURCE_SERVING"
    e = town.refuse(sku, servingStore="A1", servingCode=code(town, "A2")["code"])
    assert (e.reason, e.field) == ("bad_token", "basket.serving_code")


def test_codes_end(town):
    """In whole minutes, as of when it was scanned: a scan told late is judged by its own time."""
    who = town.name("customer")
    got = code(town, "A1", validMinutes=1)
    assert got["expiresAt"] > ago(minutes=0)[:19]
    body = {"ref": "r", "customer": who, "kind": "CLAIM_KIND_SCAN", "code": got["code"]}
    assert town.admin.call(CLAIM, body)["claim"]["store"] == "A1"
    expired = made_code(town, "A1", minute=int(datetime.datetime.now().timestamp() // 60) - 3)
    e = refused(town.admin, CLAIM, {**body, "ref": "r2", "code": expired})
    assert (e.reason, e.field) == ("token_expired", "code")
    # It had not ended when it was scanned.
    assert town.admin.call(CLAIM, {**body, "ref": "r3", "code": expired, "at": ago(minutes=5)})["claim"]


def varint(v):
    out = b""
    while v >= 128:
        out += bytes([v & 127 | 128])
        v >>= 7
    return out + bytes([v])


def made_code(town, store, staff=0, minute=0, version=1):
    secret = bytes(town.database.sql("select value from secret where name = 'store_code'")[0][0])
    location, = town.database.sql("select location_id from location where code = %s", (store,))[0]
    raw = bytes([version]) + varint(location) + varint(staff) + varint(minute)
    mac = hmac.new(secret, raw, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(raw + mac).decode().rstrip("=")


def test_codes_not_ours(town):
    who, good = town.name("customer"), made_code(town, "A1")
    assert code(town, "A1")["code"] == good
    other = good[:-1] + ("A" if good[-1] != "A" else "E")
    for text in ("made up", other, good + "A", good[1:], good[:-4], made_code(town, "A1", version=2),
                 "A" * 64, "x" * 22):
        e = refused(town.admin, CLAIM, {"ref": "r", "customer": who, "kind": "CLAIM_KIND_SCAN", "code": text,
                                        "store": "A1"})
        assert (e.reason, e.field) == ("bad_token", "code"), text
    # Somebody who is not there (any more) shows it: the store's own.
    body = {"ref": "r", "customer": who, "kind": "CLAIM_KIND_SCAN", "code": made_code(town, "A1", staff=999999)}
    assert "staff" not in town.admin.call(CLAIM, body)["claim"]


def test_once_for_its_reference(town):
    """The same request again is the same answer, whatever came since; another body under it is refused."""
    who, ref = town.name("customer"), "visit-1"
    body = {"ref": ref, "customer": who, "kind": "CLAIM_KIND_BIND", "store": "A1", "staff": "S1"}
    first = town.admin.call(CLAIM, body)
    scan(town, who, "C1")
    assert town.admin.call(CLAIM, body) == first
    assert owner_of(town, who)["owner"]["store"] == "C1"
    e = refused(town.admin, CLAIM, {**body, "store": "A2"})
    assert (e.reason, e.code, e.field) == ("exists_differs", "already_exists", "ref")
    # Another customer may have it.
    assert town.admin.call(CLAIM, {**body, "customer": town.name("customer")})["claim"]["store"] == "A1"
    # One claim under two references is one claim.
    at = ago(minutes=3)
    body = {"customer": who, "kind": "CLAIM_KIND_BIND", "store": "A2", "at": at}
    town.admin.call(CLAIM, {**body, "ref": "a"})
    e = refused(town.admin, CLAIM, {**body, "ref": "b"})
    assert (e.reason, e.field) == ("exists_differs", "ref")
    rows = town.database.sql("select count(*) from ownership_claim where customer = %s", (hashed(who),))
    assert rows == [(3,)]


def hashed(customer):
    return int.from_bytes(hashlib.sha256(customer.encode()).digest()[:8], "big", signed=True)


def test_equal_requests_at_once(town):
    who = town.name("customer")
    body = {"ref": "r", "customer": who, "kind": "CLAIM_KIND_BIND", "store": "A1"}
    clients = [town.server.client(town.admin.key) for _ in range(8)]
    answers = yc.at_once(8, lambda i: clients[i].call(CLAIM, body))
    assert all(a == answers[0] for a in answers)
    assert town.database.sql("select count(*) from ownership_claim where customer = %s",
                             (hashed(who),)) == [(1,)]


def test_kinds(town):
    """scan > bind > location, whenever they came; a location ends by itself, the others where the policy says."""
    who = town.name("customer")
    here = town.admin.call(CLAIM, {"ref": "1", "customer": who, "kind": "CLAIM_KIND_LOCATION", "store": "A1",
                                   "position": AT_A1, "evidence": "wifi"})["claim"]
    assert here["evidence"] == "wifi; 0 m from the store"
    assert days(here) == 30
    assert owner_of(town, who)["owner"]["source"] == "OWNER_SOURCE_LOCATION"
    bound = town.admin.call(CLAIM, {"ref": "2", "customer": who, "kind": "CLAIM_KIND_BIND", "store": "C1"})["claim"]
    assert "until" not in bound
    town.admin.call(CLAIM, {"ref": "3", "customer": who, "kind": "CLAIM_KIND_LOCATION", "store": "A2",
                            "position": {**AT_A1, "longitude": t.SQUARE["longitude"] + 3000 / 95200}})
    assert owner_of(town, who)["owner"]["store"] == "C1"
    town.put_policy(scanClaimDays=2, bindClaimDays=3, locationClaimDays=4)
    try:
        assert days(scan(town, who, "A2")) == 2
        assert days(town.admin.call(CLAIM, {"ref": "4", "customer": who, "kind": "CLAIM_KIND_BIND",
                                            "store": "C1"})["claim"]) == 3
        assert owner_of(town, who)["owner"]["store"] == "A2"
    finally:
        town.put_policy()
    # What was, counts no more; it is told as what it is.
    town.admin.call("CatalogService/UpsertClaims", {"claims": [
        {"customer": who, "location": "C2", "kind": "CLAIM_KIND_SCAN", "from": "2026-01-01T00:00:00Z",
         "until": "2026-01-02T00:00:00Z"}]})
    got = owner_of(town, who)
    assert got["owner"]["store"] == "A2"
    assert [x["store"] for x in got["runnersUp"]][-1] == "C2"
    assert got["runnersUp"][-1]["standing"] == "CLAIM_STANDING_ENDED"
    assert [x["kind"][11:] for x in got["runnersUp"]] == ["BIND", "BIND", "LOCATION", "LOCATION", "SCAN"]


def days(claim):
    a, b = (datetime.datetime.fromisoformat(claim[k].replace("Z", "+00:00")) for k in ("from", "until"))
    return (b - a).total_seconds() / 86400


def test_time_has_bounds(town):
    """Told late, within a day; never ahead, never dated back further; a claim told late loses to a later one."""
    who = town.name("customer")
    scan(town, who, "C1")
    scan(town, who, "A1", at=ago(hours=2))
    assert owner_of(town, who)["owner"]["store"] == "C1"
    for at in (ago(hours=25), ago(minutes=-3)):
        e = refused(town.admin, CLAIM, {"ref": "x", "customer": who, "kind": "CLAIM_KIND_BIND", "store": "A1",
                                        "at": at})
        assert (e.reason, e.field) == ("bad_field", "at")
    # A clock that is a little ahead: it begins now.
    ahead = scan(town, who, "A2", at=ago(seconds=-40))
    assert ahead["from"] <= ago(seconds=-1)[:19] + "Z"
    assert owner_of(town, who)["owner"]["store"] == "A2"
    # Bulk upserts of storefronts and stores are held to it, too.
    for role, scope in (("storefront", "storefront:F-A1"), ("store", "location:A1")):
        client = key(town, role, scope)
        row = {"customer": who, "location": "A1", "kind": "CLAIM_KIND_BIND"}
        for at in (ago(hours=25), ago(minutes=-3)):
            e = refused(client, "CatalogService/UpsertClaims", {"claims": [{**row, "from": at}]})
            assert (e.reason, e.field) == ("bad_field", "claims[0].from")
        client.call("CatalogService/UpsertClaims", {"claims": [{**row, "from": ago(hours=23)}]})


def test_an_upsert_corrects_a_claim(town):
    """The same claim with another assistant is that one claim, in the running service, too."""
    who, at = town.name("customer"), "2026-02-03T04:05:06.789Z"
    for staff in ("S1", "S0"):
        town.admin.call("CatalogService/UpsertParties", {"parties": [
            {"code": staff, "kind": "PARTY_KIND_STAFF", "employer": t.DEALER_1}]})
    for staff in ("S1", "S0", "S1", ""):
        town.claim(who, "A1", staff=staff, **{"from": at})
        assert ordered_owner(town, who)["staff"] == owner_of(town, who)["owner"].get("staff") == (staff or None)


def body_of(**more):
    return {"ref": "bad", "customer": "c", "kind": "CLAIM_KIND_BIND", "store": "A1", **more}


@pytest.mark.parametrize("body,field,reason", [
    (body_of(ref=""), "ref", "bad_field"),
    (body_of(ref="r" * 65), "ref", "bad_field"),
    (body_of(customer=""), "customer", "bad_field"),
    (body_of(customer="c" * 201), "customer", "bad_field"),
    (body_of(kind="CLAIM_KIND_UNSPECIFIED"), "kind", "bad_field"),
    (body_of(evidence="e" * 201), "evidence", "bad_field"),
    (body_of(at="1969-01-01T00:00:00Z"), "at", "bad_field"),
    (body_of(store=""), "store", "bad_field"),
    (body_of(store="NO"), "store", "unknown_id"),
    (body_of(store="SITE"), "store", "bad_field"),
    (body_of(code="made up"), "code", "bad_token"),
    (body_of(kind="CLAIM_KIND_SCAN"), "code", "bad_field"),
    (body_of(staff="NO"), "staff", "unknown_id"),
    (body_of(staff="D1"), "staff", "bad_field"),
    (body_of(store="C1", staff="S1"), "staff", "bad_field"),
    (body_of(kind="CLAIM_KIND_LOCATION"), "position", "bad_field"),
    (body_of(kind="CLAIM_KIND_LOCATION", position=AT_A1, staff="S1"), "staff", "bad_field"),
    (body_of(kind="CLAIM_KIND_LOCATION", position={"latitude": 91}), "position.latitude", "bad_field"),
    (body_of(kind="CLAIM_KIND_LOCATION", position={"longitude": 181}), "position.longitude", "bad_field"),
    (body_of(kind="CLAIM_KIND_LOCATION", store="A2", position=AT_A1), "position", "bad_field"),
], ids=str)
def test_claims_refused(town, body, field, reason):
    e = refused(town.admin, CLAIM, body)
    assert (e.reason, e.field) == (reason, field)
    assert town.database.sql("select count(*) from ownership_claim where ref = 'bad'") == [(0,)]


def test_position_is_not_kept(town):
    """2.5 km off is told as such; what is kept of where he stood is the distance."""
    e = refused(town.admin, CLAIM, body_of(kind="CLAIM_KIND_LOCATION", store="A2", position=AT_A1))
    assert re.search(r"\b249\d m from the store", e.message)
    who = town.name("customer")
    town.admin.call(CLAIM, body_of(ref="r", customer=who, kind="CLAIM_KIND_LOCATION", position={
        **AT_A1, "latitude": AT_A1["latitude"] + 0.001}))
    row, = town.database.sql("select * from ownership_claim where customer = %s", (hashed(who),))
    assert any(re.match(r"11\d m from the store", str(x)) for x in row)
    assert who not in str(row) and "121.4" not in str(row)


def test_a_disabled_store_claims_nobody(town):
    row = t.store("A9", t.DEALER_1, 700)
    town.admin.call("CatalogService/UpsertLocations", {"locations": [row]})
    who, shown = town.name("customer"), code(town, "A9")["code"]
    scan(town, who, "A9")
    town.admin.call("CatalogService/UpsertLocations", {"locations": [{**row, "disabled": True}]})
    e = refused(town.admin, CLAIM, body_of(store="A9"))
    assert (e.reason, e.field) == ("wrong_state", "store")
    e = refused(town.admin, CLAIM, {"ref": "r", "customer": who, "kind": "CLAIM_KIND_SCAN", "code": shown})
    assert (e.reason, e.field) == ("wrong_state", "code")
    e = refused(town.admin, CODE, {"store": "A9"})
    assert (e.reason, e.field) == ("wrong_state", "store")
    # Its customers stay its dealer's.
    assert owner_of(town, who)["owner"]["dealer"] == "D1"


def test_who_may_claim(town):
    """A storefront for its own store or its dealer's, the brand's for all; a store for itself."""
    for role, scope, may in (("storefront", "storefront:F-A1", {"A1"}),
                             ("storefront", "storefront:F-D2", {"C1", "C2"}),
                             ("storefront", "storefront:OFFICIAL", {"A1", "A2", "C1", "C2"}),
                             ("store", "location:A2", {"A2"})):
        client = key(town, role, scope)
        for store in ("A1", "A2", "C1", "C2"):
            body = {"ref": town.name("r"), "customer": town.name("c"), "kind": "CLAIM_KIND_SCAN",
                    "code": code(town, store)["code"]}
            if store in may:
                assert client.call(CLAIM, body)["claim"]["store"] == store
            else:
                e = refused(client, CLAIM, body)
                assert (e.reason, e.field) == ("permission_denied", "store"), (scope, store)


def test_codes_are_shown_to_their_store(town):
    me = key(town, "store", "location:A1")
    assert me.call(CODE, {"store": "A1", "staff": "S1"})["code"]
    for store in ("A2", "nowhere"):
        e = refused(me, CODE, {"store": store})
        assert (e.reason, e.field) == ("unknown_id", "store")
    for body, field, reason in (({}, "store", "bad_field"), ({"store": "SITE"}, "store", "bad_field"),
                                ({"store": "A1", "staff": "D1"}, "staff", "bad_field"),
                                ({"store": "A1", "staff": "NO"}, "staff", "unknown_id"),
                                ({"store": "C1", "staff": "S1"}, "staff", "bad_field"),
                                ({"store": "A1", "validMinutes": -1}, "valid_minutes", "bad_field"),
                                ({"store": "A1", "validMinutes": 525601}, "valid_minutes", "bad_field")):
        e = refused(town.admin, CODE, body)
        assert (e.reason, e.field) == (reason, field), body


def test_other_instances_hear_of_it(town, service):
    other, who = service()[0].client(town.admin.key), town.name("customer")
    scan(town, who, "C1")
    scan(town, who, "A1")
    assert owner_of(town, who, client=other)["owner"]["store"] == "A1"  # reads the database
    sku = town.sku({"SITE": 99})

    def there():
        try:
            order = other.call("OrderService/SubmitOrder", town.order(sku, customer=who))
        except yc.RpcError:
            return None
        return order["owner"].get("store")
    yc.wait_for("the feed", lambda: there() == "A1")


def test_instances_agree_after_a_race(town, service):
    """Scans of the same customers through two instances at once, and a transfer in the middle: one answer."""
    clients = [town.admin, service()[0].client(town.admin.key)]
    sku, stores = town.sku({"SITE": 999}), ("A1", "A2", "C1", "C2")
    who = [town.name("customer") for _ in range(6)]
    bodies = [{"ref": f"r{i}", "customer": who[i % 6], "kind": "CLAIM_KIND_SCAN",
               "code": code(town, stores[i // 6])["code"]} for i in range(24)]
    yc.wait_for("the sku", lambda: _try(lambda: clients[1].call(
        "OrderService/Quote", {"basket": town.basket(sku)})))

    def work(i):
        if i == 24:
            return town.admin.call(TRANSFER, transfer(town, customer=who[0], toStore="BR1"))
        return clients[i % 2].call(CLAIM, bodies[i])
    results = yc.at_once(25, work)
    assert not [r for r in results if isinstance(r, Exception)]
    for customer in who:
        best, = town.database.sql(
            "select l.code from ownership_claim c join location l using (location_id) where customer = %s "
            "order by c.kind, from_at desc, location_id limit 1", (hashed(customer),))[0]
        for c in clients:
            assert owner_of(town, customer, client=c)["owner"]["store"] == best

            def orders_agree(c=c, customer=customer, best=best):
                order = c.call("OrderService/SubmitOrder", town.order(sku, customer=customer))
                return order["owner"].get("store") == best
            yc.wait_for("the feed", orders_agree)


def test_claims_stay_behind_a_restart(town, service):
    who = town.name("customer")
    for store in ("C1", "A1", "A2"):
        scan(town, who, store)
    fresh = service()[0].client(town.admin.key)
    sku = town.sku({"SITE": 9})
    order = yc.wait_for("the sku", lambda: _try(lambda: fresh.call(
        "OrderService/SubmitOrder", town.order(sku, customer=who))))
    assert order["owner"]["store"] == "A2"


def _try(what):
    try:
        return what()
    except yc.RpcError:
        return None


# ---- Who owns -----------------------------------------------------------------------------------------


def test_without_a_claim(town):
    """The storefront's store or dealer, else the territory's, else the brand; also for a guest."""
    who = town.name("customer")
    for body, dealer, store, source in (
            ({"storefront": "F-C1"}, "D2", "C1", "STOREFRONT"),
            ({"storefront": "F-D2"}, "D2", None, "STOREFRONT"),
            ({"region": t.REGION_1}, "D1", None, "TERRITORY"),
            ({"region": t.REGION_2 + ".1"}, "D2", None, "TERRITORY"),
            ({}, "B", None, "BRAND")):
        for customer in (who, ""):
            got = owner_of(town, customer, **body)
            assert "evidence" not in got and "runnersUp" not in got
            assert (got["owner"]["dealer"], got["owner"].get("store"), got["owner"]["source"]) == \
                (dealer, store, "OWNER_SOURCE_" + source), body


def test_who_sees_what_of_it(town):
    who = town.name("customer")
    scan(town, who, "C1")
    scan(town, who, "A1")
    front = owner_of(town, who, client=key(town, "storefront", "storefront:OFFICIAL"))
    assert front["owner"]["store"] == front["evidence"]["store"] == "A1"
    assert "runnersUp" not in front and "firstOffer" not in front
    e = refused(key(town, "storefront", "storefront:F-A1"), OWNER, {"customer": who, "storefront": "F-C1"})
    assert (e.reason, e.field) == ("permission_denied", "storefront")
    assert [x["store"] for x in owner_of(town, who, client=key(town, "finance"))["runnersUp"]] == ["C1"]
    first = key(town, "finance", "dealer:D1")
    assert "runnersUp" not in owner_of(town, who, client=first)
    second = key(town, "finance", "dealer:D2")
    assert refused(second, OWNER, {"customer": who, "storefront": "OFFICIAL"}).reason == "not_found"
    for body, field, reason in (({"customer": who}, "storefront", "bad_field"),
                                ({"customer": who, "storefront": "NO"}, "storefront", "unknown_id"),
                                ({"customer": "c" * 201, "storefront": "OFFICIAL"}, "customer", "bad_field")):
        e = refused(town.admin, OWNER, body)
        assert (e.reason, e.field) == (reason, field)


# ---- Transfers ----------------------------------------------------------------------------------------


def transfer(town, **more):
    return {"ref": town.name("transfer"), "toStore": "C1", "reason": "the customer asked", **more}


def test_transfer_of_one(town):
    """Later orders are the new owner's, earlier ones stay; the evidence stays; a later scan counts as ever."""
    who = town.name("customer")
    scan(town, who, "A1", staff="S1")
    before = town.submit(town.sku({"SITE": 5}), customer=who)
    body = transfer(town, customer=who)
    got = town.admin.call(TRANSFER, body)
    assert got["moved"] == 1 and "more" not in got
    assert ordered_owner(town, who) == {"dealer": "D2", "store": "C1", "staff": None,
                                        "source": "OWNER_SOURCE_SCAN"}
    now = owner_of(town, who)
    assert now["evidence"]["transfer"] == got["transfer"]
    assert now["evidence"]["evidence"] == f"transfer {body['ref']}: the customer asked"
    assert [(x["store"], x["staff"], x["standing"]) for x in now["runnersUp"]] == \
        [("A1", "S1", "CLAIM_STANDING_LIVE")]
    order = town.admin.call("OrderService/GetOrder", {"orderId": before["orderId"]})["order"]
    assert (order["owner"]["dealer"], order["owner"]["staff"]) == ("D1", "S1")
    assert town.admin.call(TRANSFER, body) == got  # once
    e = refused(town.admin, TRANSFER, {**body, "reason": "another"})
    assert (e.reason, e.field) == ("exists_differs", "ref")
    assert town.admin.call(TRANSFER, transfer(town, customer=who, toStore="A2", toStaff="S1"))["moved"] == 1
    assert ordered_owner(town, who)["staff"] == "S1"
    scan(town, who, "C1")
    assert ordered_owner(town, who)["dealer"] == "D2"
    row, = town.database.sql("select reason, moved, key_id > 0, customer from ownership_transfer where ref = %s",
                             (body["ref"],))
    assert row == ("the customer asked", 1, True, hashed(who))


def test_transfer_of_who_nobody_claimed(town):
    who = town.name("customer")
    assert town.admin.call(TRANSFER, transfer(town, customer=who))["moved"] == 1
    assert ordered_owner(town, who)["source"] == "OWNER_SOURCE_BIND"


def test_transfer_of_a_store(town):
    """All whose best claim is with it, each with its kind and its end; who was won by another stays there."""
    row = t.store("A8", t.DEALER_1, 900)
    town.admin.call("CatalogService/UpsertLocations", {"locations": [row]})
    mine = [town.name("mine") for _ in range(5)]
    lost, located, bound = town.name("lost"), town.name("located"), town.name("bound")
    for who in mine + [lost]:
        scan(town, who, "A8")
    scan(town, lost, "A2")
    until = ago(days=-5)
    town.claim(located, "A8", kind="LOCATION", until=until)
    town.claim(bound, "A8", kind="BIND")
    town.claim(bound, "A2", kind="LOCATION", until=until)
    # Even of a store that is closed.
    town.admin.call("CatalogService/UpsertLocations", {"locations": [{**row, "disabled": True}]})
    assert town.admin.call(TRANSFER, transfer(town, fromStore="A8"))["moved"] == 7
    for who in mine + [located, bound]:
        assert ordered_owner(town, who)["store"] == "C1"
    assert ordered_owner(town, lost)["store"] == "A2"
    got = owner_of(town, located)["evidence"]
    assert got["kind"] == "CLAIM_KIND_LOCATION" and got["until"][:16] == until[:16]
    assert owner_of(town, bound)["evidence"]["kind"] == "CLAIM_KIND_BIND"
    assert "moved" not in town.admin.call(TRANSFER, transfer(town, fromStore="A8"))


def test_transfer_of_a_dealer_in_pieces(town, service):
    """A call moves as many as a bulk write may have rows; the next goes on."""
    small = service(upsert_rows_max=3)[0].client(town.admin.key)
    town.admin.call("CatalogService/UpsertDealers", {"dealers": [{"code": "D7", "grade": 1}]})
    for name in ("E1", "E2"):
        town.admin.call("CatalogService/UpsertLocations", {"locations": [t.store(name, "D7", 800)]})
    who = [town.name("moving") for _ in range(7)]
    for i, customer in enumerate(who):
        scan(town, customer, ("E1", "E2")[i % 2])
    moved = []
    while True:
        body = transfer(town, fromDealer="D7", toStore="C2")
        got = yc.wait_for("the dealer", lambda: _try(lambda: small.call(TRANSFER, body)))
        assert small.call(TRANSFER, body) == got
        moved.append(got.get("moved", 0))
        if not got.get("more"):
            break
    assert moved == [3, 3, 1]
    for customer in who:
        yc.wait_for("the feed", lambda: ordered_owner(town, customer)["store"] == "C2")
    # Within a dealer's stores, who is there already is not moved.
    scan(town, who[0], "E1")
    scan(town, who[1], "E2")
    assert town.admin.call(TRANSFER, transfer(town, fromDealer="D7", toStore="E2"))["moved"] == 1


@pytest.mark.parametrize("more,field,reason", [
    ({"ref": ""}, "ref", "bad_field"),
    ({"ref": "r" * 65}, "ref", "bad_field"),
    ({"reason": ""}, "reason", "bad_field"),
    ({"reason": "r" * 201}, "reason", "bad_field"),
    ({"toStore": ""}, "to_store", "bad_field"),
    ({"toStore": "NO"}, "to_store", "unknown_id"),
    ({"toStore": "CLOUD"}, "to_store", "bad_field"),
    ({"toStaff": "NO"}, "to_staff", "unknown_id"),
    ({"toStaff": "S1"}, "to_staff", "bad_field"),
    ({"customer": ""}, "customer", "bad_field"),
    ({"fromStore": "A1"}, "customer", "bad_field"),
    ({"customer": "", "fromStore": "NO"}, "from_store", "unknown_id"),
    ({"customer": "", "fromStore": "C1"}, "to_store", "bad_field"),
    ({"customer": "", "fromDealer": "NO"}, "from_dealer", "unknown_id"),
    ({"customer": "c" * 201}, "customer", "bad_field"),
], ids=str)
def test_transfers_refused(town, more, field, reason):
    e = refused(town.admin, TRANSFER, {"ref": "refused", "toStore": "C1", "reason": "r", "customer": "c", **more})
    assert (e.reason, e.field) == (reason, field)
    assert town.database.sql("select count(*) from ownership_transfer where ref = 'refused'") == [(0,)]


# ---- Scorecards ---------------------------------------------------------------------------------------

ACCEPT, REJECT, LAPSE, SHORT = 1, 2, 3, 4


def acts(town, dealer, rows):
    """rows: (kind, how many, seconds waited, days ago); all at once, as one count sees them."""
    town.database.sql(
        "insert into order_act (order_id, act_no, dealer_id, kind, number, at, party_id, waited_s, ref, note) "
        "select gen_random_uuid(), 1, p.party_id, r.kind, 1, now() - r.days * interval '1 day', p.party_id, "
        "r.waited, 'told', 'made up' from unnest(%s::int2[], %s::int[], %s::int[], %s::int[]) r(kind, n, waited, days), "
        "generate_series(1, r.n), party p where p.code = %s returning 1",
        (*([row[i] for row in rows] for i in range(4)), dealer))


def score(client, dealer, **more):
    return client.call(SCORES, {"dealer": dealer, **more})["scorecards"][0]


def make_dealer(town, grade=1):
    name = town.name("D").replace("-", "")
    town.admin.call("CatalogService/UpsertDealers", {"dealers": [{"code": name, "grade": grade}]})
    return name


def test_one_instance_counts(town, service):
    """Two that start at once, when it is time to count: one of them gets the lease; then it is not time."""
    town.database.sql("update scorecard_run set started_at = null returning 1")
    both = service(2, scorecard_poll_ms="1h")

    def counts():
        for i in both:
            i.client(town.admin.key).call(SCORES, {})
        return sum(i.metric("yuncang_scorecards_total") for i in both)
    yc.wait_for("the count", counts)
    assert [counts() for _ in range(5)] == [1] * 5
    counted = town.database.sql("select started_at from scorecard_run")
    service(1, scorecard_poll_ms="1h")
    assert town.database.sql("select started_at from scorecard_run") == counted
    # A time far ahead of now is from a clock that was set back: it is no lease.
    town.database.sql("update scorecard_run set started_at = now() + interval '1 day' returning 1")
    late = service(1, scorecard_poll_ms="1h")[0]
    yc.wait_for("the count", lambda: late.metric("yuncang_scorecards_total") == 1)


@pytest.fixture(scope="module", autouse=True)
def made_up_acts(database):
    """Acts of orders that are none go before the audit looks."""
    yield
    database.sql("delete from order_act where note = 'made up' returning 1")


@pytest.fixture(scope="module")
def counting(town, service):
    """An instance that counts all the time."""
    return service(scorecard_poll_ms="50ms")[0]


def test_what_stores_do_is_counted(town, counting):
    """Real answers to real offers: one accepted, one of them short by a unit, one refused."""
    before = score(town.admin, "D1")
    for what in ("Accept", "Reject"):
        order = town.submit([(town.sku({"A2": 2, "A1": 2}), 2)], way=DELIVER, location="A2")
        town.pay(order)
        act = {"orderId": order["orderId"], "fulfilment": 1, "ref": "r1", "staff": "S1"}
        town.admin.call("StoreService/" + what, {
            "act": act, **({"reason": "REJECT_REASON_TOO_BUSY"} if what == "Reject" else {})})
        if what == "Accept":
            town.admin.call("StoreService/MarkShort", {"act": {**act, "ref": "r2"},
                                                       "lines": [{"line": 0, "quantity": 1}],
                                                       "reason": "REJECT_REASON_DAMAGED"})

    def counted():
        now = score(town.admin, "D1")
        return [now.get(k, 0) - before.get(k, 0) for k in ("accepts", "rejects", "shorts", "lapses")] == [1, 1, 1, 0]
    yc.wait_for("the count", counted)


def test_scorecard(town, counting):
    """Counted by day and added up; the rate goes into the party, and nothing is read anew while it stays."""
    dealer = make_dealer(town)
    acts(town, dealer, [(ACCEPT, 10, 50, 0), (ACCEPT, 6, 1000, 1), (REJECT, 3, 100, 1), (LAPSE, 1, None, 0),
                        (SHORT, 2, None, 0), (ACCEPT, 40, 10, 60)])
    client = counting.client(town.admin.key)
    # The first count of a database goes back as far as the policy asks; here it was done before.
    town.database.sql("update scorecard_run set started_at = null returning 1")
    got = yc.wait_for("the count", lambda: _rated(client, dealer, 8000))
    assert {k: got.get(k, 0) for k in ("accepts", "rejects", "lapses", "shorts")} == \
        {"accepts": 16, "rejects": 3, "lapses": 1, "shorts": 2}
    assert (got["acceptBps"], got["lapseBps"], got["shortBps"]) == (8000, 500, 1250)
    assert (got["acceptMeanS"], got["acceptMedianS"]) == ((500 + 6000) // 16, 60)
    assert score(client, dealer, days=1)["accepts"] == 10
    assert town.database.sql("select accept_bps from party where code = %s", (dealer,)) == [(8000,)]

    def version():
        return town.database.sql("select version from catalog_state where part = 'parties'")[0][0]
    before, counted = version(), counting.metric("yuncang_scorecards_total")
    yc.wait_for("more counts", lambda: counting.metric("yuncang_scorecards_total") > counted + 3)
    assert version() == before
    acts(town, dealer, [(REJECT, 20, 5, 0)])
    yc.wait_for("the next count", lambda: _rated(client, dealer, 4000))
    # An upsert of the dealer leaves the rate alone.
    town.admin.call("CatalogService/UpsertDealers", {"dealers": [{"code": dealer, "grade": 2}]})
    assert score(town.admin, dealer)["rankedAcceptBps"] == 4000


def test_a_count_reads_the_row_it_waited_for(town, counting):
    """A count that waited while somebody asked for a count of everything counts everything."""
    dealer = make_dealer(town)
    acts(town, dealer, [(ACCEPT, 16, 50, 9), (REJECT, 4, 5, 9)])
    with contextlib.closing(psycopg2.connect(town.database.url)) as other, other.cursor() as q:
        q.execute("update scorecard_run set started_at = null")
        town.database.wait_blocked()
        other.commit()
    yc.wait_for("the count", lambda: _rated(town.admin, dealer, 8000))


def _rated(client, dealer, bps):
    got = _try(lambda: score(client, dealer))
    return got if got and got.get("rankedAcceptBps") == bps else None


def test_few_offers_are_not_judged(town, counting):
    dealer = make_dealer(town)
    acts(town, dealer, [(REJECT, 19, 5, 0)])
    yc.wait_for("the count", lambda: score(town.admin, dealer).get("rejects") == 19)
    assert score(town.admin, dealer)["rankedAcceptBps"] == 10000
    acts(town, dealer, [(LAPSE, 1, None, 0)])
    yc.wait_for("one more", lambda: "rankedAcceptBps" not in score(town.admin, dealer))


def test_scorecards_listed(town):
    everyone, token = [], ""
    while True:
        page = town.admin.call(SCORES, {"pageSize": 2, "pageToken": token})
        assert len(page["scorecards"]) <= 2
        everyone += [s["dealer"] for s in page["scorecards"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert len(everyone) == len(set(everyone)) and {"B", "D1", "D2"} <= set(everyone)
    page = town.admin.call(SCORES, {"days": 7})
    span = [datetime.date.fromisoformat(page[k]) for k in ("fromDate", "toDate")]
    assert (span[1] - span[0]).days == 6
    for body, field, reason in (({"days": -1}, "days", "bad_field"), ({"days": 91}, "days", "bad_field"),
                                ({"pageSize": 201}, "page_size", "bad_field"),
                                ({"dealer": "NO"}, "dealer", "not_found"),
                                ({"dealer": "WH"}, "dealer", "not_found"),
                                ({"pageToken": "x"}, "page_token", "bad_token")):
        e = refused(town.admin, SCORES, body)
        assert (e.reason, e.field) == (reason, field), body


def test_dealers_see_their_own_scorecard(town):
    for client in (key(town, "store", "location:C1"), key(town, "finance", "dealer:D2")):
        assert [s["dealer"] for s in client.call(SCORES, {})["scorecards"]] == ["D2"]
        assert client.call(SCORES, {"dealer": "D2"})["scorecards"]
        assert refused(client, SCORES, {"dealer": "D1"}).body == refused(client, SCORES, {"dealer": "NO"}).body
    assert len(key(town, "finance").call(SCORES, {})["scorecards"]) > 2


# ---- First offer --------------------------------------------------------------------------------------


def delivered_from(town, sku, customer):
    order = town.submit(sku, customer=customer, way=DELIVER)
    explained = town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})
    assert explained["replayEqual"]
    return order, order["option"]["parts"][0]["location"], explained["firstOffer"]


def test_first_offer_by_grade(town):
    """D2's customer: C1, 1,500 m away, before D1's A1 at 500 m; unless his grade (3) is too bad for that."""
    sku, who = town.sku({"A1": 9, "C1": 9}), town.name("customer")
    scan(town, who, "C1")
    order, location, first = delivered_from(town, sku, who)
    assert (location, first) == ("C1", {"state": "FIRST_OFFER_STATE_HELD"})
    town.put_policy(firstOfferGradeWorst=2)
    try:
        lost, location, first = delivered_from(town, sku, who)
        assert location == "A1"
        assert first == {"state": "FIRST_OFFER_STATE_LOST_BY_GRADE", "grade": 3, "acceptBps": 10000}
        # He owns the customer all the same, and his store is a candidate.
        assert lost["owner"] == order["owner"]
        assert owner_of(town, who)["firstOffer"]["state"] == "FIRST_OFFER_STATE_LOST_BY_GRADE"
        assert score(town.admin, "D2")["firstOffer"]["state"] == "FIRST_OFFER_STATE_LOST_BY_GRADE"
        town.count("A1", sku, 0)
        assert delivered_from(town, sku, who)[1] == "C1"
    finally:
        town.put_policy()
    # Decided as it was, whatever the policy is now.
    for o, state in ((order, "HELD"), (lost, "LOST_BY_GRADE")):
        explained = town.admin.call("OrderService/ExplainOrder", {"orderId": o["orderId"]})
        assert explained["replayEqual"] and explained["firstOffer"]["state"] == "FIRST_OFFER_STATE_" + state


def test_first_offer_by_accept_rate(town, counting):
    """Half of his offers refused, he has it no more; once he accepts enough, he has it again."""
    sku, who = town.sku({"A1": 99, "C1": 99}), town.name("customer")
    scan(town, who, "C1")
    town.put_policy(firstOfferAcceptBpsMin=7000)
    try:
        assert delivered_from(town, sku, who)[1] == "C1"
        acts(town, "D2", [(ACCEPT, 15, 60, 0), (REJECT, 15, 60, 0)])
        yc.wait_for("the count", lambda: _rated(town.admin, "D2", 5000))
        _, location, first = delivered_from(town, sku, who)
        assert location == "A1"
        assert first == {"state": "FIRST_OFFER_STATE_LOST_BY_ACCEPT_RATE", "grade": 3, "acceptBps": 5000}
        acts(town, "D2", [(ACCEPT, 30, 60, 0)])
        yc.wait_for("the count", lambda: _rated(town.admin, "D2", 7500))
        assert delivered_from(town, sku, who)[1] == "C1"
    finally:
        town.put_policy()


@pytest.mark.parametrize("field,bad", [
    ("firstOfferGradeWorst", 10), ("firstOfferAcceptBpsMin", 10001), ("scorecardDays", 91),
    ("scorecardOffersMin", -1), ("scanClaimDays", 3651), ("bindClaimDays", -1), ("locationClaimDays", -1),
    ("locationClaimRadiusM", -1)])
def test_policies_refused(town, field, bad):
    snake = "".join("_" + ch.lower() if ch.isupper() else ch for ch in field)
    e = refused(town.admin, "CatalogService/PutRoutingPolicy", {"policy": {**t.POLICY, field: bad}})
    assert (e.reason, e.field) == ("bad_field", "policy." + snake)
