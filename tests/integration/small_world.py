"""A world small enough to know by heart, loaded through CatalogService.

  brand BRAND runs SITE (Beijing) and CLOUD (Wuhan); warehouse operator WH, platform OP, courier COURIER
  dealer D1, grade 1: stores S1, S2 (Beijing), territory T1 = region 11.bj
  dealer D2, grade 2: store S3 (Beijing)
  storefronts F1 (of S1), F2 (of D2), OFFICIAL, LIVE, OUTSIDE (channel CH, orders come paid)
  PHONE    list 100000 fen, cost 80000        LAPTOP   list 600000, cost 500000 (high value: CLOUD first)
  CUSTOM   made to order                      CLOUDY   cloud_only
Each location stocks 1000 of each that it may; stores hold D1's or D2's goods, SITE and CLOUD the brand's.
"""

import itertools

BEIJING = {"latitude": 39.9042, "longitude": 116.4074}
ADDRESS = {"name": "张三", "phone": "13800000000", "street": "长安街1号", "region": "11.bj",
           "position": BEIJING}
SHIP, PICKUP, DELIVER = "WAY_SHIP", "WAY_PICKUP", "WAY_DELIVER"
STOCK = 1000


def merchant(number, fee=60):
    return {"provider": "wechat", "number": number, "feeBps": fee}


def store(code, dealer, north):
    return {"code": code, "kind": "LOCATION_KIND_STORE", "operator": dealer, "ways": [PICKUP, DELIVER],
            "position": {"latitude": BEIJING["latitude"] + north, "longitude": BEIJING["longitude"]},
            "region": "11.bj", "leadMinutes": 30, "deliverRadiusM": 20000}


def sku(code, price, cost, **more):
    return {"code": code, "name": code, "skuClass": "phone", "contractCostFen": str(cost),
            "listPriceFen": str(price), "floorPriceFen": str(price * 9 // 10), **more}


PARTIES = [
    {"code": "BRAND", "kind": "PARTY_KIND_BRAND", "name": "brand", "merchant": merchant("1000")},
    {"code": "WH", "kind": "PARTY_KIND_WAREHOUSE"},
    {"code": "OP", "kind": "PARTY_KIND_PLATFORM"},
    {"code": "COURIER", "kind": "PARTY_KIND_COURIER"},
    {"code": "WECHAT", "kind": "PARTY_KIND_PROVIDER", "merchant": {"provider": "wechat"}},
    {"code": "CH", "kind": "PARTY_KIND_CHANNEL"},
]
DEALERS = [
    {"code": "D1", "name": "one", "grade": 1, "merchant": merchant("2001")},
    {"code": "D2", "name": "two", "grade": 2, "merchant": merchant("2002")},
]
LOCATIONS = [
    {"code": "SITE", "kind": "LOCATION_KIND_SITE", "operator": "BRAND", "ways": [SHIP],
     "position": BEIJING},
    {"code": "CLOUD", "kind": "LOCATION_KIND_CLOUD", "operator": "BRAND", "ways": [SHIP],
     "position": {"latitude": 30.58, "longitude": 114.27}},
    store("S1", "D1", 0.01), store("S2", "D1", 0.03), store("S3", "D2", 0.02),
]
STOREFRONTS = [
    {"code": "F1", "kind": "STOREFRONT_KIND_STORE", "location": "S1"},
    {"code": "F2", "kind": "STOREFRONT_KIND_STORE", "dealer": "D2"},
    {"code": "OFFICIAL", "kind": "STOREFRONT_KIND_OFFICIAL"},
    {"code": "LIVE", "kind": "STOREFRONT_KIND_LIVE"},
    {"code": "OUTSIDE", "kind": "STOREFRONT_KIND_OUTSIDE", "channel": "CH"},
]
SKUS = [
    sku("PHONE", 100000, 80000),
    sku("LAPTOP", 600000, 500000),
    sku("CUSTOM", 900000, 700000, madeToOrder=True),
    sku("CLOUDY", 50000, 40000, cloudOnly=True),
]


def counts(number=STOCK):
    for place in LOCATIONS:
        for item in SKUS:
            if item.get("madeToOrder") or (item.get("cloudOnly") and place["code"] != "CLOUD"):
                continue
            yield {"location": place["code"], "sku": item["code"], "count": number}


def load(admin):
    for method, rows in (
            ("UpsertParties", {"parties": PARTIES}),
            ("UpsertDealers", {"dealers": DEALERS}),
            ("UpsertTerritories", {"territories": [{"code": "T1", "dealer": "D1", "regions": ["11.bj"]}]}),
            ("UpsertLocations", {"locations": LOCATIONS}),
            ("UpsertStorefronts", {"storefronts": STOREFRONTS}),
            ("UpsertSkus", {"skus": SKUS}),
            ("SetStockCounts", {"counts": list(counts())})):
        admin.call("CatalogService/" + method, rows)


class World:
    """Makes keys, baskets and orders; refs are unique in the run."""

    _refs = itertools.count(1)

    def __init__(self, server, database, admin):
        self.server = server
        self.database = database
        self.admin = admin
        self._front = {}

    def front(self, code="F1", *scopes):
        """A client with a storefront key; with scope margin it sees money."""
        at = (code, *scopes)
        if at not in self._front:
            self._front[at] = self.server.login("storefront", "storefront:" + code, *scopes)
        return self._front[at]

    @staticmethod
    def basket(sku="PHONE", quantity=1, storefront="F1", way=SHIP, **more):
        b = {"storefront": storefront, "lines": [{"sku": sku, "quantity": quantity}], "way": way}
        if way == PICKUP:
            b["location"] = "S1"
        else:
            b["address"] = ADDRESS
        b.update(more)
        return b

    @classmethod
    def ref(cls):
        return f"ref-{next(cls._refs)}"

    def order(self, ref=None, pay=False, **basket):
        b = self.basket(**basket)
        m = {"basket": b, "orderRef": ref or self.ref()}
        if pay:
            m["payment"] = {"provider": "wechat", "number": "pay-" + m["orderRef"],
                            "amountFen": str(pay)}
        return m

    def submit(self, client=None, **order):
        m = self.order(**order)
        return (client or self.front(m["basket"]["storefront"])).call("OrderService/SubmitOrder", m)
