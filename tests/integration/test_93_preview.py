"""PreviewSplit: the postings of the worked examples before there is an order, drafts, and what if."""
import collections

import pytest

from town import BOOK, BRAND, DEALER_1, DEALER_2, PICKUP, SHIP, refused

PREVIEW = "FinanceService/PreviewSplit"


@pytest.fixture(scope="module")
def own(town):
    """Rules of this module's skus, by class; the others stay as they are."""
    town.admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": "OP", "kind": "PARTY_KIND_PLATFORM", "name": "runs the platform"}]})
    for sku_class in ("fee", "staff", "transfer"):
        town.sku(skuClass=sku_class, taxClass="vat13")
    town.put_book({"rules": BOOK["rules"] + [
        {"name": "fee", "skuClass": "fee", "platformFee": {"bps": 100, "bpsOf": "BASE_GROSS", "rounding": "ROUNDING_FLOOR"}},
        {"name": "staff", "skuClass": "staff", "staffCommission": {"bps": 100, "bpsOf": "BASE_GROSS"}},
        {"name": "transfer", "skuClass": "transfer", "transfer": {"fixedFen": "380000"},
         "handling": {"bps": 150, "bpsOf": "BASE_GROSS"}}],
        "taxRates": [{"taxClass": "vat13", "bps": 1300}]})
    return town


def sku(town, price, cost, stock, **more):
    return town.sku(stock, listPriceFen=str(price), floorPriceFen="0", contractCostFen=str(cost), **more)


def preview(town, basket, client=None, **more):
    return (client or town.admin).call(PREVIEW, {"basket": basket, **more})


def legs(option, event):
    """{account: fen} of an event's postings, each of which must balance."""
    out = collections.Counter()
    for p in option["postings"]:
        assert sum(int(x["amountFen"]) for x in p["legs"]) == 0
        assert len(p["legs"]) >= 2 and all(int(x["amountFen"]) for x in p["legs"])
        if p["event"] == event:
            for x in p["legs"]:
                out[x["account"]] += int(x["amountFen"])
    return dict(out)


def rails(option):
    return {x["account"]: (int(x["amountFen"]), x["rail"][5:]) for x in option["payouts"]}


def first(answer, way):
    return next(o for o in answer["options"] if o["option"]["way"] == way)


def test_direct_shipment(own):
    """Ex 1: the brand collects, the owner is paid by the split."""
    code = sku(own, 599900, 540000, {"SITE": 5})
    o = first(preview(own, own.basket(code, storefront="F-A1", way=SHIP)), SHIP)
    assert legs(o, "E1") == {"A:psp:wechat:B:frozen": 599900, "C:order": -599900}
    assert legs(o, "E2") == {"C:order": 3599, "A:psp:wechat:B:frozen": -3599}
    assert legs(o, "E3") == {"C:order": 596301, "P:brand:cost": -540000, "P:dealer:D1:B:held": -56301}
    assert rails(o) == {"P:dealer:D1:B:held": (56301, "PSP_SPLIT"), "P:brand:cost": (540000, "STAYS")}
    assert (o["capFen"], o["splitFen"]) == ("179970", "56301")
    assert "token" not in o["option"]


def test_pickup_of_own_goods(own):
    """Ex 3: the dealer collects; if the brand did, his share would not fit under the cap."""
    code = sku(own, 129900, 100000, {}, skuClass="fee")
    own.count("A1", code, 5, goodsOwner=DEALER_1)
    basket = own.basket(code, storefront="F-A1", way=PICKUP, location="A1")
    o = first(preview(own, basket), PICKUP)
    assert o["option"]["collector"] == DEALER_1
    assert legs(o, "E3") == {"C:order": 129121, "P:op:held": -1299, "P:dealer:D1:D1:held": -127822}
    assert rails(o) == {"P:dealer:D1:D1:held": (127822, "STAYS"), "P:op:held": (1299, "BANK")}
    o = first(preview(own, basket, collector=BRAND), PICKUP)
    assert o["option"]["collector"] == BRAND
    assert rails(o)["P:dealer:D1:B:held"] == (127822, "BANK")
    assert (o["capFen"], o["beyondCapFen"]) == ("38970", "127822")


def test_cross_dealer(own):
    """Ex 11: F's goods in F's store, the customer is D's."""
    code = sku(own, 429900, 380000, {}, skuClass="transfer")
    own.count("C1", code, 5, goodsOwner=DEALER_2)
    o = first(preview(own, own.basket(code, storefront="F-A1", way=PICKUP, location="C1")), PICKUP)
    assert o["option"]["collector"] == DEALER_2
    assert legs(o, "E3") == {"C:order": 427321, "P:dealer:D2:D2:held": -386449, "P:dealer:D1:D2:held": -40872}
    assert rails(o) == {"P:dealer:D1:D2:held": (40872, "PSP_SPLIT"), "P:dealer:D2:D2:held": (386449, "STAYS")}


def test_staff(own):
    """Ex 14: the commission is out of the dealer's share; both fit under the cap, the owner first."""
    code = sku(own, 299900, 262000, {"SITE": 5}, skuClass="staff")
    o = first(preview(own, own.basket(code, storefront="F-A1", way=SHIP), ownerStaff="S1"), SHIP)
    assert legs(o, "E3") == {"C:order": 298101, "P:brand:cost": -262000, "P:staff:S1:held": -2999,
                             "P:dealer:D1:B:held": -33102}
    assert [x["account"] for x in o["payouts"]] == ["P:dealer:D1:B:held", "P:staff:S1:held", "P:brand:cost"]
    assert o["splitFen"] == "36101"
    tax = {x["kind"]: int(x.get("taxFen", 0)) for x in o["option"]["money"]["legs"]}
    assert tax == {"LEG_KIND_COST": 0, "LEG_KIND_MARGIN": 0, "LEG_KIND_STAFF": 0, "LEG_KIND_PROVIDER_FEE": 0}


def test_campaign_and_tax(own):
    """A brand coupon is the brand's money; tax is a memo, in no posting."""
    code = sku(own, 11300, 5650, {"SITE": 5}, taxClass="vat13")
    campaign = own.campaign(100000)
    line = {"sku": code, "quantity": 2, "campaign": campaign, "discountFen": "300"}
    o = first(preview(own, own.basket([line], storefront="F-A1", way=SHIP)), SHIP)
    assert legs(o, "E1") == {"A:psp:wechat:B:frozen": 22000, "P:brand:promo": 600, "C:order": -22600}
    money = o["option"]["money"]
    cost = next(x for x in money["legs"] if x["kind"] == "LEG_KIND_COST")
    assert (cost["amountFen"], cost["taxFen"]) == ("11300", "1300")


def test_negative_margin_is_owed(own):
    """Ex 7: never a negative payable."""
    code = sku(own, 454900, 460000, {"SITE": 5})
    o = first(preview(own, own.basket(code, storefront="F-A1", way=SHIP)), SHIP)
    assert legs(o, "E3") == {"C:order": 452171, "A:recv:dealer:D1:B": 7829, "P:brand:cost": -460000}


def test_as_quoted(own):
    """The options of a quote, each with its postings; parts have an E3 each."""
    code = sku(own, 19900, 12000, {"SITE": 5, "CLOUD": 5, "A1": 2, "C1": 1})
    basket = own.basket([(code, 3)], storefront="F-A1")
    quote, got = own.quote([(code, 3)], storefront="F-A1"), preview(own, basket)
    strip = lambda o: {k: v for k, v in o.items() if k != "token"}  # noqa: E731
    assert [o["option"] for o in got["options"]] == [strip(o) for o in quote["options"]]
    assert got["owner"] == quote["owner"] and got["splitRuleVersion"] == quote["splitRuleVersion"]
    for o in got["options"]:
        assert sum(1 for p in o["postings"] if p["event"] == "E3") == len(o["option"]["parts"])
        clearing = sum(legs(o, e).get("C:order", 0) for e in ("E1", "E2", "E3"))
        assert clearing == 0


def test_what_if(own):
    code = sku(own, 19900, 12000, {"SITE": 5})
    basket = own.basket(code, storefront="F-A1", way=SHIP)
    got = preview(own, basket, owner=DEALER_2)
    assert got["owner"]["dealer"] == DEALER_2
    assert "P:dealer:D2:B:held" in legs(first(got, SHIP), "E3")
    got = preview(own, basket, owner=BRAND, provider="alipay")
    assert set(legs(first(got, SHIP), "E3")) == {"C:order", "P:brand:cost", "P:brand:other"}
    assert "A:psp:alipay:B:frozen" in legs(first(got, SHIP), "E1")


def test_draft(own):
    """A draft answers as if it were in force, and is not."""
    code = sku(own, 10000, 5000, {"SITE": 5})
    basket = own.basket(code, storefront="F-A1", way=SHIP)
    draft = own.admin.call("CatalogService/PutSplitRuleBook", {"book": {"rules": [
        {"name": "draft", "platformFee": {"fixedFen": "77"}}]}})
    assert draft["state"] == "VERSION_STATE_DRAFT"
    got = preview(own, basket, splitRuleVersion=draft["version"])
    assert got["splitRuleVersion"] == draft["version"]
    assert legs(first(got, SHIP), "E3")["P:op:held"] == -77
    now = preview(own, basket)
    assert now["splitRuleVersion"] != draft["version"] and "P:op:held" not in legs(first(now, SHIP), "E3")


@pytest.mark.parametrize("message,field,reason", [
    ({"owner": "NOBODY"}, "owner", "unknown_id"),
    ({"owner": "S1"}, "owner", "bad_field"),
    ({"ownerStaff": "D1"}, "owner_staff", "bad_field"),
    ({"owner": DEALER_2, "ownerStaff": "S1"}, "owner_staff", "bad_field"),
    ({"collector": "WH"}, "collector", "bad_field"),
    ({"provider": "paypal"}, "provider", "bad_field"),
    ({"splitRuleVersion": 9999}, "split_rule_version", "unknown_id"),
    ({"splitRuleVersion": -1}, "split_rule_version", "bad_field"),
])
def test_refused(own, message, field, reason):
    code = sku(own, 10000, 5000, {"SITE": 5})
    e = refused(own.admin, PREVIEW, {"basket": own.basket(code, storefront="F-A1"), **message})
    assert (e.reason, e.field) == (reason, field)


def test_basket_is_judged(own):
    e = refused(own.admin, PREVIEW, {})
    assert e.field == "basket"
    e = refused(own.admin, PREVIEW, {"basket": own.basket("no-such-sku")})
    assert (e.reason, e.field) == ("unknown_id", "basket.lines[0].sku")


def test_nothing_can_be_had(own):
    code = sku(own, 10000, 5000, {})
    got = preview(own, own.basket(code, storefront="F-A1", way=SHIP))
    assert "options" not in got and got["refusals"][0]["reason"] == "no_location"


def test_dealer_scope(own):
    """A dealer's finance key asks about his own customers only, however it asks."""
    code = sku(own, 10000, 5000, {"SITE": 5})
    client = own.server.login("finance", "dealer:" + DEALER_2)
    mine = own.basket(code, storefront="F-C1", way=SHIP)
    assert preview(own, mine, client=client)["owner"]["dealer"] == DEALER_2
    for message in ({"basket": own.basket(code, storefront="F-A1")}, {"basket": mine, "owner": DEALER_1}):
        e = refused(client, PREVIEW, message)
        assert (e.reason, e.field) == ("permission_denied", "owner")
