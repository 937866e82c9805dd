"""A few thousand random acts on two instances, legal and illegal, each sometimes twice: every trail is a path
through the design's arrows, written here by hand; hops are bounded; the audit is clean (fixture database).

YC_SEED names another run."""
import collections
import os
import random

import yc
from town import DELIVER, PICKUP, SHIP

ACTS = 3000
THREADS = 4
MAX_HOPS = 5  # of the town's policy

# (way, from) → {method: to}
ARROWS = {
    (PICKUP, "OFFERED"): {"Accept": "ACCEPTED", "Reject": "REJECTED"},
    (DELIVER, "OFFERED"): {"Accept": "ACCEPTED", "Reject": "REJECTED"},
    (PICKUP, "ACCEPTED"): {"MarkReady": "READY_FOR_PICKUP", "MarkShort": "REJECTED"},
    (PICKUP, "READY_FOR_PICKUP"): {"ConfirmCollection": "COLLECTED", "ReissueCode": "READY_FOR_PICKUP"},
    (DELIVER, "ACCEPTED"): {"Dispatch": "OUT_FOR_DELIVERY", "MarkShort": "REJECTED"},
    (DELIVER, "OUT_FOR_DELIVERY"): {"ConfirmDelivery": "DELIVERED", "ReportDeliveryFailure": "DELIVERY_FAILED"},
    (DELIVER, "DELIVERY_FAILED"): {"Dispatch": "OUT_FOR_DELIVERY", "ReportDeliveryFailure": "RETURNING"},
    (DELIVER, "RETURNING"): {"Restock": "RESTOCKED"},
    (SHIP, "ACCEPTED"): {"Dispatch": "SHIPPED", "MarkShort": "REJECTED"},
    (SHIP, "SHIPPED"): {"ConfirmDelivery": "DELIVERED"},
}
METHODS = sorted({m for x in ARROWS.values() for m in x})
# what the trail calls them, and what timers do beside
KINDS = {1: "Accept", 2: "Reject", 4: "MarkShort", 5: "MarkReady", 6: "ConfirmCollection", 8: "ReissueCode", 9: "Dispatch",
         10: "ConfirmDelivery", 12: "ReportDeliveryFailure", 13: "ReportDeliveryFailure", 14: "Restock"}
STATES = ["", "PLANNED", "OFFERED", "ACCEPTED", "REJECTED", "EXPIRED", "READY_FOR_PICKUP", "COLLECTED", "NOT_COLLECTED",
          "OUT_FOR_DELIVERY", "DELIVERED", "DELIVERY_FAILED", "RETURNING", "SHIPPED", "LOST", "RESTOCKED", "CANCELLED"]
STAYS = {7, 18}  # a wrong code, overdue


class Play:
    def __init__(self, town, instances, seed):
        town.admin.call("CatalogService/UpsertParties", {"parties": [
            {"code": "SB", "kind": "PARTY_KIND_STAFF", "name": "helps everywhere", "employer": "B"}]})
        self.town = town
        self.seed = seed
        keys = {role: town.database.key(role, scope) for role, scope in (
            ("store", "location:*"), ("storefront", "storefront:*"))}
        self.stores = [i.client(keys["store"]).wait_known() for i in instances]
        self.fronts = [i.client(keys["storefront"]).wait_known() for i in instances]
        self.skus = [town.sku({x: 4000 for x in ("A1", "A2", "C1", "BR1", "SITE", "CLOUD")}) for _ in range(3)]
        rng = random.Random(seed)
        self.orders = [self.order(rng) for _ in range(120)]
        self.counts = collections.Counter()

    def order(self, rng):
        way = rng.choice([PICKUP, DELIVER, DELIVER, SHIP])
        lines = [(sku, rng.randint(1, 3)) for sku in rng.sample(self.skus, rng.randint(1, 2))]
        more = {} if way == SHIP else {"location": rng.choice(["A1", "A2", "C1", "BR1"])}
        try:
            order = self.town.submit(lines, way=way, **more)
        except yc.RpcError as e:  # what was refused for want of stock is suspect until it is counted
            assert e.reason in ("out_of_stock", "no_location"), e
            for place in [more["location"]] if more else ["SITE", "CLOUD"]:
                for sku, _ in lines:
                    self.town.count(place, sku, 4000)
            return self.order(rng)
        self.town.pay(order)
        return order["orderId"]

    def message(self, rng, method, order, f):
        lines = [(x.get("line", 0), x["quantity"]) for x in f["part"]["lines"]]
        if method == "Reject":
            return {"reason": rng.choice(["REJECT_REASON_TOO_BUSY", "REJECT_REASON_OUT_OF_STOCK"])}
        if method == "MarkShort":
            line, quantity = rng.choice(lines)
            return {"reason": "REJECT_REASON_DAMAGED", "lines": [{"line": line, "quantity": rng.randint(1, quantity)}]}
        if method == "ConfirmCollection":
            code = f.get("collectionCode", "000000")
            return {"code": code if rng.random() < 0.7 else "999999"}
        if method == "ReportDeliveryFailure":
            return {"reason": "DELIVERY_FAILURE_REFUSED", "giveUp": rng.random() < 0.5}
        if method == "Restock":
            damaged = [rng.randint(0, q) for _, q in lines]
            return {"lines": [{"line": n, "sellable": q - d, "damaged": d} for (n, q), d in zip(lines, damaged)]}
        return {}

    def play(self, thread):
        rng = random.Random(f"{self.seed} {thread}")
        for n in range(ACTS // THREADS):
            at = rng.randrange(len(self.orders))
            order = self.orders[at]
            f = rng.choice(rng.choice(self.fronts).call(
                "OrderService/GetOrder", {"orderId": order})["order"]["fulfilments"])
            state = f["state"].removeprefix("FULFILMENT_STATE_")
            legal = ARROWS.get((f["part"]["way"], state), {})
            if not legal and rng.random() < 0.7:
                self.orders[at] = self.order(rng)
            method = rng.choice(sorted(legal) if legal and rng.random() < 0.8 else METHODS)
            body = {"act": {"orderId": order, "fulfilment": f["number"], "ref": f"{thread}-{n}", "staff": "SB"},
                    **self.message(rng, method, order, f)}
            first = self.act(rng, method, body)
            if rng.random() < 0.2 and first[0] != "contended":
                again = self.act(rng, method, body)
                # What was refused without a trace is judged anew.
                assert again == first or "state" not in first[1], (first, again)
            self.counts[first[0]] += 1

    def act(self, rng, method, body):
        try:
            return "ok", rng.choice(self.stores).call("StoreService/" + method, body)["acted"]
        except yc.RpcError as e:
            assert e.reason in ("wrong_state", "wrong_code", "code_locked", "contended", "bad_field"), e
            return e.reason, {"text": e.text}


def trails(town):
    """(order, number) → (way, is it a store's, state, split from, [(act number, kind, state)])"""
    found = {}
    for order, number, way, kind, state, split, *act in town.database.sql(  # one statement: timers go on
            "select f.order_id::text, f.number, f.way, l.kind, f.state, f.split_from, a.act_no, a.kind, a.state "
            "from fulfilment f join location l using (location_id) left join order_act a "
            "on a.order_id = f.order_id and a.number = f.number order by 1, 7"):
        part = found.setdefault((order, number), (
            [None, SHIP, PICKUP, DELIVER][way], kind == 3, STATES[state], split, []))
        if act[0] is not None:
            part[4].append((*act[:2], STATES[act[2]]))
    return found


def check_path(key, way, is_store, now, split, acts):
    at = "OFFERED" if is_store else "ACCEPTED"
    if split:
        at = "ACCEPTED"
    for _, kind, to in acts:
        if kind in STAYS:
            assert to == at, (key, acts)
        elif kind == 3:
            assert (at, to) == ("OFFERED", "EXPIRED"), (key, acts)
        elif kind in KINDS:
            arrows = ARROWS.get((way, at), {})
            assert KINDS[kind] in arrows, (key, acts)
            if kind == 4 and not split and to == "ACCEPTED":  # some units parted
                continue
            if kind == 12 and to == "RETURNING":  # both steps at once
                assert at == "OUT_FOR_DELIVERY", (key, acts)
            else:
                assert to == arrows[KINDS[kind]], (key, acts)
            at = to
    assert now in (at, "CANCELLED"), (key, now, acts)


def test_random_acts(town, service):
    seed = os.environ.get("YC_SEED", "20261122")
    print(f"YC_SEED={seed}")
    play = Play(town, [town.server, *service()], seed)
    for x in yc.at_once(THREADS, play.play):
        if isinstance(x, Exception):
            raise x
    print(dict(play.counts))
    assert play.counts["ok"] > ACTS / 4 and play.counts["wrong_state"] > ACTS / 20
    paths = trails(town)
    assert sum(len(x[4]) for x in paths.values()) >= play.counts["ok"]
    for key, x in paths.items():
        check_path(key, *x)
    [(hops, offers)] = town.database.sql(
        "select max(hops), max(n) from (select order_id, max(coalesce(hops, 0)) as hops, count(*) filter (where "
        "kind = 3) as n from fulfilment f join location using (location_id) group by 1, location_id) x")
    assert hops <= MAX_HOPS
    assert " 0 violations" in town.database.audit()
