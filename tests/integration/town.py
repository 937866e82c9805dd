"""A town with two dealers: small_world.py's larger sister, for tests of what stock and money do.

The brand B runs SITE and CLOUD and the store BR1.  Dealer D1 (grade 1) runs A1, A2 and A3, which
opens on one day of the week only; dealer D2 (grade 3) runs C1 and C2.  The stores stand around one
square in Shanghai, C2 30 km away.  Skus are made by each test for itself, so that no test takes
what another counts on.
"""
import datetime
import itertools

import yc

BRAND, DEALER_1, DEALER_2 = "B", "D1", "D2"
SQUARE = {"latitude": 31.2304, "longitude": 121.4737}  # where the customers of these tests live
REGION_1, REGION_2, REGION_OPEN = "31.0100", "31.0200", "31.0300"
OPEN_WEEKDAY = (datetime.date.today() + datetime.timedelta(days=3)).isoweekday()  # of A3
HIGH_VALUE_FEN = 500000
FEE_BPS = 60

SHIP, PICKUP, DELIVER = "WAY_SHIP", "WAY_PICKUP", "WAY_DELIVER"


def step(way, source):
    return {"way": way, "source": "CANDIDATE_SOURCE_" + source}


# The default policy of the design, and two rules that only these tests need.
RULES = [
    {"name": "forbidden", "when": {"skuClasses": ["forbidden"]}, "refuse": "not for sale here"},
    {"name": "made to order", "when": {"madeToOrder": "TRISTATE_YES"}, "steps": [step(SHIP, "SITE")]},
    {"name": "cloud only", "when": {"cloudOnly": "TRISTATE_YES"}, "steps": [step(SHIP, "CLOUD")]},
    {"name": "pickup", "when": {"ways": [PICKUP]},
     "steps": [step(PICKUP, "REQUESTED_STORE"), step(PICKUP, "OWNER_STORE"),
               step(PICKUP, "OWNER_STORES"), step(PICKUP, "OTHER_STORES")]},
    {"name": "deliver", "when": {"ways": [DELIVER]},
     "steps": [step(DELIVER, "OWNER_STORE"), step(DELIVER, "OWNER_STORES"),
               step(DELIVER, "OTHER_STORES"), step(SHIP, "CLOUD"), step(SHIP, "SITE")]},
    {"name": "high value", "when": {"unitPriceFromFen": str(HIGH_VALUE_FEN)},
     "steps": [step(SHIP, "CLOUD"), step(SHIP, "SITE")]},
    {"name": "rest", "when": {}, "steps": [step(SHIP, "SITE"), step(SHIP, "CLOUD")]},
]
POLICY = {
    "rules": RULES,
    "ranking": ["RANK_KEY_SOURCE", "RANK_KEY_DISTANCE_BAND", "RANK_KEY_PROMISE", "RANK_KEY_GRADE",
                "RANK_KEY_LOAD"],
    "deliveryFees": [{"way": SHIP, "feeFen": "800", "freeFromFen": "9900"},
                     {"way": DELIVER, "feeFen": "500", "freeFromFen": "0"}],
    "scanMax": 256, "radiusM": 20000, "distanceBandM": 1000, "maxParcels": 3, "fewestParcels": True,
    "servingStoreCounts": True, "acceptOpenMin": 30, "paymentHoldMin": 15, "quoteTtlMin": 10,
    "pickupHoldDays": 7, "returnWindowDays": 7, "slipHours": 24, "maxHops": 5, "quoteOptionsMax": 8,
    "sitePromiseHours": 48, "cloudPromiseHours": 72, "madeToOrderDays": 14, "deliverWindowMin": 120,
}
HANDLING_FEN, WAREHOUSE_FEN = 300, 500
BOOK = {"rules": [
    {"name": "all", "handling": {"fixedFen": str(HANDLING_FEN)},
     "warehouse": {"fixedFen": str(WAREHOUSE_FEN)}},
    {"name": "tight", "skuClass": "tight", "negativeMargin": "NEGATIVE_MARGIN_REJECT"},
]}

PARTIES = [
    {"code": BRAND, "kind": "PARTY_KIND_BRAND", "name": "the brand",
     "merchant": {"provider": "wechat", "number": "1900000001", "feeBps": FEE_BPS}},
    {"code": "WH", "kind": "PARTY_KIND_WAREHOUSE", "name": "runs the cloud warehouse"},
    {"code": "CH", "kind": "PARTY_KIND_CHANNEL", "name": "an outside channel"},
]
STAFF = [{"code": "S1", "kind": "PARTY_KIND_STAFF", "name": "an assistant", "employer": DEALER_1}]
DEALERS = [
    {"code": DEALER_1, "name": "first", "grade": 1,
     "merchant": {"provider": "wechat", "number": "1900000011", "feeBps": FEE_BPS}},
    {"code": DEALER_2, "name": "second", "grade": 3,
     "merchant": {"provider": "wechat", "number": "1900000012", "feeBps": FEE_BPS}},
]
TERRITORIES = [
    {"code": "T1", "dealer": DEALER_1, "regions": [REGION_1]},
    {"code": "T2", "dealer": DEALER_2, "regions": [REGION_2]},
]


def store(code, operator, east_m, **more):
    """A store so many metres east of the square."""
    at = {"latitude": SQUARE["latitude"], "longitude": SQUARE["longitude"] + east_m / 95200}
    return {"code": code, "kind": "LOCATION_KIND_STORE", "operator": operator,
            "ways": [PICKUP, DELIVER], "position": at, "leadMinutes": 30, **more}


def central(code, kind):
    return {"code": code, "kind": "LOCATION_KIND_" + kind, "operator": BRAND, "ways": [SHIP],
            "position": {"latitude": 31.35, "longitude": 121.2}}


LOCATIONS = [
    central("SITE", "SITE"),
    central("CLOUD", "CLOUD"),
    store("A1", DEALER_1, 500),
    store("A2", DEALER_1, 3000),
    store("A3", DEALER_1, 4000, hours=[{"weekdays": [OPEN_WEEKDAY], "openMinute": 600,
                                        "closeMinute": 1200}]),
    store("C1", DEALER_2, 1500),
    store("C2", DEALER_2, 30000),
    store("BR1", BRAND, 2500),
]
STOREFRONTS = [
    {"code": "F-A1", "kind": "STOREFRONT_KIND_STORE", "location": "A1"},
    {"code": "F-C1", "kind": "STOREFRONT_KIND_STORE", "location": "C1"},
    {"code": "F-BR1", "kind": "STOREFRONT_KIND_STORE", "location": "BR1"},
    {"code": "F-D2", "kind": "STOREFRONT_KIND_LIVE", "dealer": DEALER_2},
    {"code": "OFFICIAL", "kind": "STOREFRONT_KIND_OFFICIAL"},
    {"code": "OUTSIDE", "kind": "STOREFRONT_KIND_OUTSIDE", "channel": "CH"},
    {"code": "CLOSED", "kind": "STOREFRONT_KIND_OFFICIAL", "disabled": True},
]


def address(region=REGION_OPEN, **more):
    return {"name": "王小明", "phone": "13800000000", "street": "人民大道 1 号", "region": region,
            "position": SQUARE, **more}


def total(order):
    return int(order["option"]["totalFen"])


def refused(client, method, message, **headers):
    """The RpcError of a call that must not pass."""
    try:
        answer = client.call(method, message, **headers)
    except yc.RpcError as e:
        return e
    raise AssertionError(f"{method} passed: {answer}")


class Town:
    """The loaded town, seen through an admin's client."""

    _number = itertools.count(1)

    def __init__(self, server, database, admin):
        self.server = server
        self.database = database
        self.admin = admin

    def load(self):
        call = self.admin.call
        call("CatalogService/UpsertParties", {"parties": PARTIES})
        call("CatalogService/UpsertDealers", {"dealers": DEALERS})
        call("CatalogService/UpsertParties", {"parties": STAFF})
        call("CatalogService/UpsertTerritories", {"territories": TERRITORIES})
        call("CatalogService/UpsertLocations", {"locations": LOCATIONS})
        call("CatalogService/UpsertStorefronts", {"storefronts": STOREFRONTS})
        for sku_class in ("forbidden", "tight"):  # a rule may name only classes that there are
            self.sku(skuClass=sku_class)
        self.put_book()
        self.put_policy()

    def put_policy(self, **changes):
        return self.admin.call("CatalogService/PutRoutingPolicy",
                               {"policy": {**POLICY, **changes}, "activate": True})["version"]

    def put_book(self, book=None):
        return self.admin.call("CatalogService/PutSplitRuleBook",
                               {"book": book or BOOK, "activate": True})["version"]

    def name(self, prefix):
        """A word that no other test has."""
        return f"{prefix}-{next(self._number)}"

    def sku(self, stock=None, **more):
        """A new sku: list 19900, floor 15000, cost 12000, with stock {location: count}."""
        code = self.name("sku")
        row = {"code": code, "contractCostFen": "12000", "listPriceFen": "19900",
               "floorPriceFen": "15000", **more}
        self.admin.call("CatalogService/UpsertSkus", {"skus": [row]})
        for location, count in (stock or {}).items():
            self.count(location, code, count)
        return code

    def count(self, location, sku, count, **more):
        self.admin.call("CatalogService/SetStockCounts", {"counts": [
            {"location": location, "sku": sku, "count": count, **more}]})

    def entitle(self, dealer, sku, ceiling):
        self.admin.call("CatalogService/UpsertEntitlements", {"entitlements": [
            {"dealer": dealer, "sku": sku, "ceiling": ceiling}]})

    def campaign(self, budget, funders=((BRAND, 10000),), **more):
        code = self.name("campaign")
        now = datetime.datetime.now(datetime.timezone.utc)
        row = {"code": code, "funders": [{"party": p, "shareBps": s} for p, s in funders],
               "unitMaxFen": "5000", "budgetFen": str(budget),
               "from": (now - datetime.timedelta(days=1)).isoformat(),
               "until": (now + datetime.timedelta(days=1)).isoformat(), **more}
        self.admin.call("CatalogService/UpsertCampaigns", {"campaigns": [row]})
        return code

    def claim(self, customer, location, kind="SCAN", **more):
        self.admin.call("CatalogService/UpsertClaims", {"claims": [
            {"customer": customer, "location": location, "kind": "CLAIM_KIND_" + kind, **more}]})

    def basket(self, lines, storefront="OFFICIAL", **more):
        """lines: a sku, or [(sku, quantity)], or [dict]."""
        if isinstance(lines, str):
            lines = [(lines, 1)]
        lines = [x if isinstance(x, dict) else {"sku": x[0], "quantity": x[1]} for x in lines]
        return {"storefront": storefront, "lines": lines, "address": address(), **more}

    def order(self, lines, ref=None, **more):
        """A SubmitOrderRequest; what is not a field of it goes into the basket."""
        outer = {k: more.pop(k) for k in ("quoteToken", "payment", "acceptOtherWay") if k in more}
        return {"basket": self.basket(lines, **more), "orderRef": ref or self.name("ref"), **outer}

    def submit(self, lines, **more):
        return self.admin.call("OrderService/SubmitOrder", self.order(lines, **more))

    def refuse(self, lines, **more):
        return refused(self.admin, "OrderService/SubmitOrder", self.order(lines, **more))

    def quote(self, lines, **more):
        return self.admin.call("OrderService/Quote", {"basket": self.basket(lines, **more)})

    def payment(self, fen, number=None, **more):
        return {"provider": "wechat", "number": number or self.name("pay"), "amountFen": str(fen),
                **more}

    def pay(self, order, **more):
        more.setdefault("payment", self.payment(total(order)))
        return self.admin.call("OrderService/ConfirmPayment",
                               {"orderId": order["orderId"], **more})

    def get(self, order):
        return self.admin.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]
