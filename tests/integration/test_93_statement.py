"""GetStatement and GetMoneyTimeline over the RPCs: they add up, they come out the same for ever, and to whom."""
import collections
import hashlib

import pytest

import yc
from test_91_posting import Books as Shop
from test_92_books import sealed
from town import BRAND, DEALER_1, DEALER_2, PICKUP, SHIP, refused, total

GET, TIMELINE = "FinanceService/GetStatement", "FinanceService/GetMoneyTimeline"


@pytest.fixture(scope="module")
def shop(town):
    """Orders of all fates, sealed."""
    s = Shop(town)
    s.packers()
    code = s.sku(20000, 12000, {"SITE": 90})
    s.orders = [s.shipped(s.bought([(code, 1 + i % 3)], way=SHIP)) for i in range(8)]
    own = s.owned(30000, 20000, "A1", DEALER_1)
    s.orders += [s.collected(s.bought(own, way=PICKUP, location="A1")) for _ in range(3)]
    s.back = s.bought([(code, 2)], way=SHIP)
    s.cancel(s.back, lines=[(0, 1)])
    s.shipped(s.back)
    s.returned(s.back)
    campaign = town.campaign(100000, funders=((BRAND, 5000), (DEALER_1, 5000)))
    s.funded = s.shipped(s.bought([{"sku": code, "quantity": 1, "campaign": campaign, "discountFen": "501"}], way=SHIP))
    theirs = s.owned(25000, 20000, "C1", DEALER_2)
    s.other = s.bought(theirs, way=PICKUP, location="C1", storefront="F-C1")
    s.orders += [s.back, s.funded, s.other]
    sealed(town.database)
    return s


def statement(town, client=None, **ask):
    """All pages as one."""
    client = client or town.admin
    got = client.call(GET, ask)
    entries, token = list(got.get("entries", [])), got.get("nextPageToken", "")
    while token:
        page = client.call(GET, {**ask, "pageToken": token})
        assert page["batchTo"] == got["batchTo"] and "accounts" not in page and "hash" not in page
        entries += page["entries"]
        token = page.get("nextPageToken", "")
    return {**{k: v for k, v in got.items() if k != "nextPageToken"}, "entries": entries}


def amount(m, name):
    return int(m.get(name, 0))


def period_of(town):
    return town.database.sql("select max(period) from journal")[0][0]


@pytest.mark.parametrize("party", [BRAND, DEALER_1, DEALER_2])
def test_it_adds_up(shop, town, party):
    got = statement(town, party=party, period=period_of(town))
    assert got["party"] == party and got["accounts"]
    by_account = collections.defaultdict(list)
    for e in got["entries"]:
        by_account[e["account"]].append(e)
    assert len(got["entries"]) == int(got["entryCount"])
    for a in got["accounts"]:
        mine = by_account.pop(a["account"], [])
        sums = [amount(e, "amountFen") for e in mine]
        assert amount(a, "debitFen") == sum(x for x in sums if x > 0)
        assert amount(a, "creditFen") == -sum(x for x in sums if x < 0)
        assert amount(a, "closingFen") == amount(a, "openingFen") + sum(sums)
        assert amount(a, "entryCount") == len(mine)
        for event in a.get("events", []):
            of = [amount(e, "amountFen") for e in mine if e["event"] == event["event"]]
            assert amount(event, "entryCount") == len(of) > 0
            assert amount(event, "debitFen") - amount(event, "creditFen") == sum(of)
        assert sum(amount(e, "entryCount") for e in a.get("events", [])) == len(mine)
        [(stands,)] = town.database.sql("select sum(fen)::int8 from entry where account_name(account) = %s", (a["account"],))
        assert amount(a, "closingFen") == stands
    assert not by_account
    names = {a["account"] for a in got["accounts"]}
    held = {BRAND: "P:brand:cost", DEALER_1: "P:dealer:D1:B:held", DEALER_2: "A:psp:wechat:D2:frozen"}[party]
    assert held in names
    if party == DEALER_1:
        assert "P:dealer:D1:promo" in names and "A:psp:wechat:D1:frozen" in names
        assert not any("D2" in n for n in names)


def test_hash_is_the_files(shop, town):
    """sha256sum of what finance downloads is what the RPC says."""
    for party in (BRAND, DEALER_1):
        for more in ({}, {"period": period_of(town)}, {"batchFrom": "1"}):
            got = town.admin.call(GET, {"party": party, **more})
            flags = [f"--{k}={v}" for k, v in zip(("period", "from-batch"), (more.get("period"), more.get("batchFrom"))) if v]
            text = town.database.run("export", "statement", "--party", party, "--to-batch", got["batchTo"], *flags).stdout
            assert got["hash"] == hashlib.sha256(text.encode()).hexdigest()


def test_it_stays_the_same(shop, town):
    """Up to its batch nothing changes, whatever is sold afterwards; without one it goes on."""
    ask = {"party": DEALER_1, "pageSize": 7}
    before = statement(town, **ask)
    again = {**ask, "batchTo": before["batchTo"]}
    shop.shipped(shop.bought(shop.sku(20000, 12000, {"SITE": 9}), way=SHIP))
    sealed(town.database)
    assert statement(town, **again) == before
    after = statement(town, **ask)
    assert int(after["batchTo"]) > int(before["batchTo"]) and after["hash"] != before["hash"]
    assert len(after["entries"]) > len(before["entries"])
    rest = statement(town, party=DEALER_1, batchFrom=before["batchTo"])
    assert [e for e in after["entries"] if int(e["batchNo"]) > int(before["batchTo"])] == rest["entries"]
    opening = {a["account"]: amount(a, "openingFen") for a in rest["accounts"]}
    assert opening == {a["account"]: amount(a, "closingFen") for a in before["accounts"]}


def test_pages(shop, town):
    whole = statement(town, party=BRAND, pageSize=200, batchTo=statement(town, party=BRAND)["batchTo"])
    for size in (1, 2, 13):
        again = statement(town, party=BRAND, pageSize=size, batchTo=whole["batchTo"])
        assert again == whole
    keys = [(e["account"], int(e["batchNo"]), e["entryNo"]) for e in whole["entries"]]
    assert len(set(keys)) == len(keys)
    # a page goes on where it was, whatever is sealed meanwhile
    first = town.admin.call(GET, {"party": BRAND, "pageSize": 3})
    shop.bought(shop.sku(20000, 12000, {"SITE": 9}), way=SHIP)
    sealed(town.database)
    entries, token = first["entries"], first["nextPageToken"]
    while token:
        page = town.admin.call(GET, {"party": BRAND, "pageSize": 200, "pageToken": token})
        entries += page["entries"]
        token = page.get("nextPageToken", "")
    assert len(entries) == int(first["entryCount"])


def test_a_party_without_entries(shop, town):
    got = town.admin.call(GET, {"party": "CH"})
    assert "accounts" not in got and "entries" not in got and len(got["hash"]) == 64
    assert "accounts" not in town.admin.call(GET, {"party": DEALER_1, "period": 202001})


@pytest.mark.parametrize("message,field,reason", [
    ({}, "party", "bad_field"),
    ({"party": "NOBODY"}, "party", "unknown_id"),
    ({"party": DEALER_1, "period": 202613}, "period", "bad_field"),
    ({"party": DEALER_1, "period": -1}, "period", "bad_field"),
    ({"party": DEALER_1, "batchTo": "999999"}, "batch_to", "bad_field"),
    ({"party": DEALER_1, "batchTo": "-1"}, "batch_to", "bad_field"),
    ({"party": DEALER_1, "batchFrom": "-1"}, "batch_from", "bad_field"),
    ({"party": DEALER_1, "batchFrom": "2", "batchTo": "1"}, "batch_from", "bad_field"),
    ({"party": DEALER_1, "pageSize": -1}, "page_size", "bad_field"),
    ({"party": DEALER_1, "pageToken": "x"}, "page_token", "bad_token"),
])
def test_refused(shop, town, message, field, reason):
    e = refused(town.admin, GET, message)
    assert (e.reason, e.field) == (reason, field)


def test_token_of_another_statement(shop, town):
    token = town.admin.call(GET, {"party": BRAND, "pageSize": 1})["nextPageToken"]
    for other in ({"party": DEALER_1}, {"party": BRAND, "period": 202611}, {"party": BRAND, "batchFrom": "1"}):
        e = refused(town.admin, GET, {**other, "pageToken": token})
        assert (e.reason, e.field) == ("bad_token", "page_token")


def test_dealer_scope(shop, town):
    client = town.server.login("finance", "dealer:" + DEALER_1)
    mine = statement(town, client=client, party=DEALER_1)
    assert mine == statement(town, party=DEALER_1, batchTo=mine["batchTo"])
    for party in (DEALER_2, BRAND, "NOBODY", "S1"):
        e = refused(client, GET, {"party": party})
        assert (e.reason, e.field) == ("permission_denied", "party")


# ---- An order's money -----------------------------------------------------------------------------------

def timeline(town, order, client=None):
    return (client or town.admin).call(TIMELINE, {"orderId": order["orderId"]})


def test_timeline_is_the_journal(shop, town):
    for order in shop.orders:
        got = timeline(town, order)
        assert got["orderId"] == order["orderId"] and got["collector"] == order["option"]["collector"]
        assert got["owner"] == order["owner"]["dealer"] and not got.get("truncated")
        rows = []
        for r in got["rows"]:
            assert sum(int(x["amountFen"]) for x in r["legs"]) == 0
            assert int(r["batchNo"]) > 0 and r["period"] == period_of(town) and r["objectId"] == order["orderId"]
            legs = collections.Counter()
            for x in r["legs"]:
                legs[x["account"]] += int(x["amountFen"])
            rows.append((r["event"], r["eventNo"], {a: f for a, f in legs.items() if f}))
        assert sorted(rows, key=str) == sorted(shop.rows(order), key=str)
        assert [r["postedAt"] for r in got["rows"]] == sorted(r["postedAt"] for r in got["rows"])


def test_timeline_of_what_came_back(shop, town):
    got = timeline(town, shop.back)
    assert [r["event"] for r in got["rows"]][:2] == ["E1", "E2"]
    assert [r["event"] for r in got["rows"]].count("R1") == 2
    e3 = next(r for r in got["rows"] if r["event"] == "E3")
    assert e3["fulfilment"] == 1 and e3["units"][0]["count"] == 1 and e3["splitRuleVersion"] > 0
    kinds = {x.get("kind") for x in e3["legs"]}
    assert {"LEG_KIND_COST", "LEG_KIND_MARGIN"} <= kinds
    assert [h["fulfilment"] for h in got["holds"]] == [1] and got["holds"][0]["dueAt"] > got["holds"][0]["postedAt"]
    refunds = [(r["refundNo"], int(r["amountFen"]), r["provider"]) for r in got["refunds"]]
    assert refunds == [(no, fen, "wechat") for no, _, _, fen, _, _ in shop.refunds(shop.back)]
    assert all(r["state"] in ("due", "asked", "done", "refused", "confirmed") for r in got["refunds"])
    paid = next(r for r in got["rows"] if r["event"] == "E1")
    [(number,)] = town.database.sql("select number from payment where order_id = %s", (shop.back["orderId"],))
    assert paid["providerRef"] == number
    assert sum(int(x["amountFen"]) for x in paid["legs"] if x["account"].startswith("A:psp")) == total(shop.back)


def test_timeline_of_an_unpaid_order(shop, town):
    order = town.submit(shop.sku(20000, 12000, {"SITE": 9}), storefront="F-A1")
    got = timeline(town, order)
    assert got["owner"] == DEALER_1 and "rows" not in got


def test_timeline_refused(shop, town):
    for order_id, reason in (("", "bad_field"), ("x", "bad_field"), (yc.NO_ORDER, "not_found")):
        e = refused(town.admin, TIMELINE, {"orderId": order_id})
        assert (e.reason, e.field) == (reason, "order_id")
    client = town.server.login("finance", "dealer:" + DEALER_2)
    assert timeline(town, shop.other, client)["owner"] == DEALER_2
    e = refused(client, TIMELINE, {"orderId": shop.back["orderId"]})
    assert (e.reason, e.field) == ("permission_denied", "order_id")
