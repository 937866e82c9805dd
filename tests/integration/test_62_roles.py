"""Who may do what: every method for every role, and the scopes within a role."""
import json
import re
import subprocess

import pytest

import yc
from town import PICKUP, refused

ROLES = ("storefront", "store", "finance", "operator", "admin")
SHOP = {"storefront", "admin"}
READ = {"storefront", "finance", "operator", "admin"}
OPERATE = {"operator", "admin"}
FINANCE = {"finance", "admin"}
FINANCE_READ = {"finance"} | OPERATE

# The contract; the service's own table is flow/methods.c.
METHODS = {
    "OrderService/Quote": {"storefront", "operator", "admin"},
    "OrderService/SubmitOrder": SHOP,
    "OrderService/SubmitOrders": SHOP,
    "OrderService/ConfirmPayment": SHOP,
    "OrderService/GetOrder": set(ROLES),
    "OrderService/ListOrders": READ,
    "OrderService/CancelOrder": SHOP,
    "OrderService/ListAlternatives": {"storefront", "operator", "admin"},
    "OrderService/ChooseAlternative": SHOP,
    "OrderService/ChangeOrder": SHOP,
    "OrderService/ExplainOrder": READ,
    "OrderService/ListActs": set(ROLES),
    "OrderService/RequestReturn": {"storefront", "operator", "admin"},
    "OrderService/ListTerritoryDisputes": {"store", "finance"} | OPERATE,
    "OrderService/ResolveTerritoryDispute": OPERATE,
    "StoreService/ListTasks": {"store"} | OPERATE,
    "StoreService/ReportStock": {"store"} | OPERATE,
    "StoreService/StartProduction": {"store"} | OPERATE,
    "StoreService/ListReturns": {"store"} | OPERATE,
    "StoreService/ReceiveReturn": {"store", "admin"},
    "StoreService/DecideReturn": {"store", "admin"},
    "StoreService/Accept": {"store", "admin"},
    "StoreService/Reject": {"store", "admin"},
    "StoreService/MarkShort": {"store", "admin"},
    "StoreService/MarkReady": {"store", "admin"},
    "StoreService/ConfirmCollection": {"store", "admin"},
    "StoreService/ReissueCode": {"storefront", "store", "admin"},
    "StoreService/Dispatch": {"store", "admin"},
    "StoreService/ConfirmDelivery": {"store", "admin"},
    "StoreService/ReportLoss": {"store", "admin"},
    "StoreService/ReportDeliveryFailure": {"store", "admin"},
    "StoreService/Restock": {"store", "admin"},
    "CatalogService/UpsertParties": OPERATE,
    "CatalogService/UpsertDealers": OPERATE,
    "CatalogService/UpsertTerritories": OPERATE,
    "CatalogService/UpsertLocations": OPERATE,
    "CatalogService/UpsertSlots": OPERATE,
    "CatalogService/UpsertStorefronts": OPERATE,
    "CatalogService/UpsertSkus": OPERATE,
    "CatalogService/SetStockCounts": {"store"} | OPERATE,
    "CatalogService/ApplyStockDeltas": {"store"} | OPERATE,
    "CatalogService/UpsertEntitlements": OPERATE,
    "CatalogService/UpsertCampaigns": OPERATE,
    "CatalogService/UpsertClaims": {"store", "storefront"} | OPERATE,
    "CatalogService/PutRoutingPolicy": OPERATE,
    "CatalogService/PutSplitRuleBook": OPERATE,
    "CatalogService/SetVersionState": OPERATE,
    "CatalogService/ListScorecards": {"store", "finance"} | OPERATE,
    "CustomerService/Claim": {"store", "storefront"} | OPERATE,
    "CustomerService/GetOwner": READ,
    "CustomerService/GetStoreCode": {"store"} | OPERATE,
    "CustomerService/TransferOwnership": OPERATE,
    "FinanceService/PreviewSplit": FINANCE_READ,
    "FinanceService/PreparePayouts": FINANCE,
    "FinanceService/ListPayoutBatches": FINANCE_READ,
    "FinanceService/ListPayouts": FINANCE_READ,
    "FinanceService/ExportPayoutBatch": FINANCE,
    "FinanceService/ConfirmPayout": FINANCE,
    "FinanceService/RecordWithdrawal": FINANCE,
    "FinanceService/ListRefunds": FINANCE_READ,
    "FinanceService/ListStuckCalls": FINANCE_READ,
    "FinanceService/EndStuckCall": FINANCE,
    "FinanceService/ConfirmRefund": FINANCE,
    "FinanceService/GetStatement": FINANCE_READ,
    "FinanceService/GetMoneyTimeline": FINANCE_READ,
    "FinanceService/ClosePeriod": FINANCE,
    "FinanceService/RecordFreight": FINANCE,
    "FinanceService/RecordClaim": FINANCE,
    "FinanceService/OpenDispute": FINANCE,
    "FinanceService/EndDispute": FINANCE,
    "FinanceService/Adjust": FINANCE,
    "FinanceService/RefundAmount": FINANCE,
    "FinanceService/ListProposals": FINANCE_READ,
    "FinanceService/ApproveProposal": FINANCE,
    "FinanceService/RejectProposal": FINANCE,
    "FinanceService/ListPeriods": FINANCE_READ,
    "FinanceService/ImportBill": FINANCE,
    "FinanceService/ReconcileBill": FINANCE,
    "FinanceService/ListBills": FINANCE_READ,
    "FinanceService/ListExceptions": FINANCE_READ,
    "FinanceService/AssignException": FINANCE,
    "FinanceService/ResolveException": FINANCE,
    "AdminService/MoveClock": {"admin"},
    "AdminService/UpsertWebhookEndpoint": OPERATE,
    "AdminService/ListWebhookEndpoints": OPERATE,
    "AdminService/RotateWebhookSecret": OPERATE,
    "AdminService/ListDeadLetters": OPERATE,
    "AdminService/ReplayDeadLetters": OPERATE,
}
SCOPES = {"storefront": ["storefront:F-A1"], "store": ["location:A1"], "finance": [], "operator": [],
          "admin": []}


@pytest.fixture(scope="module")
def clients(town):
    """A client for each role, made with its narrowest scope."""
    made = {r: town.server.client(town.database.key(r, *SCOPES[r])) for r in ROLES}
    for c in made.values():
        know(c)
    return made


def know(client):
    """Until the service has read the new key."""
    yc.wait_for("the new key", lambda: refused(
        client, "OrderService/GetOrder", {"orderId": "x"}).reason != "unauthenticated")
    return client


def key(town, role, *scopes):
    return know(town.server.client(town.database.key(role, *scopes)))


def descriptor_methods():
    """Every RPC of proto/, out of `buf build`'s descriptor set."""
    subprocess.run([str(yc.TOP / "etc/dev/npm"), str(yc.TOP / "tests/client")], check=True, timeout=300)
    done = subprocess.run([str(yc.TOP / "tests/client/node_modules/.bin/buf"), "build", "proto", "-o",
                           "-#format=json"], cwd=yc.TOP, check=True, stdout=subprocess.PIPE, timeout=60)
    return {f"{f['package']}.{s['name']}/{m['name']}"
            for f in json.loads(done.stdout)["file"] for s in f.get("service", []) for m in s["method"]}


def test_table_is_the_contract(town):
    """proto/, the service's method table (its metrics name every row) and the table here are the same set."""
    served = set(re.findall(r'rpc_calls_total\{method="/([^"]+)"\}', town.server.http("/metrics")[1]))
    assert descriptor_methods() == served == {"yuncang.v1." + m for m in METHODS}


@pytest.mark.parametrize("role", ROLES)
def test_every_method_for_every_role(clients, role):
    """Forbidden ones are permission_denied before the body is looked at; allowed ones get to the body."""
    for method, roles in METHODS.items():
        try:
            clients[role].call(method, {})
            denied = False
        except yc.RpcError as e:
            assert e.reason not in ("unauthenticated", "no_method"), (method, e)
            denied = e.reason == "permission_denied" and f"the role {role} may not call" in e.message
        assert denied == (role not in roles), (role, method)
    for method, roles in METHODS.items():
        if role not in roles:
            status, _, _ = clients[role].request("POST", "/yuncang.v1." + method, b"rubbish",
                                                 clients[role].headers())
            assert status == 403


def test_storefront_acts_for_itself_only(town, clients):
    """Quote, submit, pay, read, list, explain: another's is denied, or not there, never shown."""
    sku = town.sku({"SITE": 9})
    mine, me = town.submit(sku, storefront="F-A1"), clients["storefront"]
    other = town.submit(sku, storefront="F-C1")
    assert me.call("OrderService/Quote", {"basket": town.basket(sku, storefront="F-A1")})["options"]
    e = refused(me, "OrderService/Quote", {"basket": town.basket(sku, storefront="F-C1")})
    assert (e.status, e.reason, e.field) == (403, "permission_denied", "basket.storefront")
    e = refused(me, "OrderService/SubmitOrder", town.order(sku, storefront="F-C1"))
    assert (e.reason, e.field) == ("permission_denied", "basket.storefront")
    # Not even an order that is there is confirmed to be.
    e = refused(me, "OrderService/SubmitOrder", town.order(sku, storefront="F-C1", ref=other["orderRef"]))
    assert e.reason == "permission_denied"
    results = me.call("OrderService/SubmitOrders", {"orders": [
        town.order(sku, storefront="F-C1"), town.order(sku, storefront="F-A1")]})["results"]
    assert results[0]["error"]["reason"] == "permission_denied" and "order" in results[1]
    assert me.call("OrderService/GetOrder", {"orderId": mine["orderId"]})
    for body in ({"orderId": other["orderId"]}, {"storefront": "F-C1", "orderRef": other["orderRef"]}):
        nothing = refused(me, "OrderService/GetOrder", {"orderId": "01890000-0000-7000-8000-000000000000"})
        assert refused(me, "OrderService/GetOrder", body).body == nothing.body
    assert refused(me, "OrderService/ExplainOrder", {"orderId": other["orderId"]}).reason == "not_found"
    pay = {"orderId": other["orderId"], "payment": town.payment(19900)}
    assert refused(me, "OrderService/ConfirmPayment", pay).reason == "not_found"
    # A wrong amount for somebody else's order tells nothing of its total.
    pay = {"orderId": other["orderId"], "payment": town.payment(1)}
    assert refused(me, "OrderService/ConfirmPayment", pay).reason == "not_found"
    for body in ({}, {"storefront": "F-C1"}, {"dealer": "D1"}, {"storefront": "*"}):
        assert refused(me, "OrderService/ListOrders", body).reason == "permission_denied"
    ids = {o["orderId"] for o in me.call("OrderService/ListOrders", {"storefront": "F-A1"})["orders"]}
    assert mine["orderId"] in ids and other["orderId"] not in ids


def test_storefront_with_several(town):
    both = key(town, "storefront", "storefront:F-A1", "storefront:F-C1")
    every = key(town, "storefront", "storefront:*")
    sku = town.sku({"SITE": 9})
    for c, allowed in ((both, {"F-A1", "F-C1"}), (every, {"F-A1", "F-C1", "OFFICIAL"})):
        for front in ("F-A1", "F-C1", "OFFICIAL"):
            body = {"basket": town.basket(sku, storefront=front)}
            if front in allowed:
                c.call("OrderService/Quote", body)
            else:
                assert refused(c, "OrderService/Quote", body).reason == "permission_denied"


def test_store_sees_its_own_tasks_only(town, clients):
    sku = town.sku({"A1": 9, "C1": 9})
    mine = town.submit(sku, way=PICKUP, location="A1")
    other = town.submit(sku, way=PICKUP, location="C1")
    for order in (mine, other):
        town.pay(order)
    me = clients["store"]
    tasks = me.call("StoreService/ListTasks", {"location": "A1"})["tasks"]
    assert mine["orderId"] in {x["orderId"] for x in tasks}
    assert not {x["fulfilment"]["part"]["location"] for x in tasks} - {"A1"}
    for location in ("C1", "nowhere", "", "*"):
        e = refused(me, "StoreService/ListTasks", {"location": location})
        assert e.reason in ("not_found", "permission_denied", "bad_field"), location
    assert refused(me, "StoreService/ListTasks", {"location": "C1"}).body == \
        refused(me, "StoreService/ListTasks", {"location": "nowhere"}).body
    assert me.call("OrderService/GetOrder", {"orderId": mine["orderId"]})
    assert refused(me, "OrderService/GetOrder", {"orderId": other["orderId"]}).reason == "not_found"
    assert "money" not in me.call("OrderService/GetOrder", {"orderId": mine["orderId"]})["order"]


def test_store_counts_its_own_stock_only(town, clients):
    sku = town.sku({"A1": 1, "C1": 1})
    me = clients["store"]

    def count(*locations):
        return {"counts": [{"location": x, "sku": sku, "count": 7} for x in locations]}

    assert me.call("CatalogService/SetStockCounts", count("A1"))["written"] == 1
    e = refused(me, "CatalogService/SetStockCounts", count("A1", "C1"))
    assert (e.reason, e.field) == ("permission_denied", "counts[1].location")
    e = refused(me, "CatalogService/ApplyStockDeltas", {"deltas": [
        {"location": "C1", "sku": sku, "delta": 5, "source": "till", "sequence": "1"}]})
    assert (e.reason, e.field) == ("permission_denied", "deltas[0].location")
    e = refused(me, "CatalogService/UpsertClaims", {"claims": [
        {"customer": "x", "location": "C1", "kind": "CLAIM_KIND_SCAN"}]})
    assert (e.reason, e.field) == ("permission_denied", "claims[0].location")
    assert town.database.sql(
        "select on_hand from stock_level join sku using (sku_id) join location using (location_id) "
        "where sku.code = %s order by location.code", (sku,)) == [(7,), (1,)]


def test_finance_reads(town, clients):
    """It sees every order with its money, and changes nothing."""
    sku = town.sku({"SITE": 9})
    order = town.submit(sku, storefront="F-C1")
    me = clients["finance"]
    assert me.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]["money"]["legs"]
    assert me.call("OrderService/ListOrders", {"dealer": "D2"})["orders"]
    assert me.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})["record"]
    assert refused(me, "OrderService/ListOrders", {}).reason == "bad_field"


def test_finance_of_one_dealer(town):
    """With a dealer scope: his orders only, in reads and lists."""
    me = key(town, "finance", "dealer:D1")
    sku = town.sku({"SITE": 9})
    mine = town.submit(sku, storefront="F-A1")
    other = town.submit(sku, storefront="F-C1")
    assert me.call("OrderService/GetOrder", {"orderId": mine["orderId"]})["order"]["money"]
    assert refused(me, "OrderService/GetOrder", {"orderId": other["orderId"]}).reason == "not_found"
    assert refused(me, "OrderService/ExplainOrder", {"orderId": other["orderId"]}).reason == "not_found"
    assert refused(me, "OrderService/ListOrders", {"dealer": "D2"}).reason == "permission_denied"
    assert refused(me, "OrderService/ListOrders", {"storefront": "F-C1"}).reason == "permission_denied"
    orders = me.call("OrderService/ListOrders", {"dealer": "D1"})["orders"]
    assert {o["owner"]["dealer"] for o in orders} == {"D1"}


def test_revoked_while_serving(town):
    """A key's end reaches the running service; other keys go on."""
    c = key(town, "finance")
    number, = town.database.sql("select max(key_id) from api_key")[0]
    town.database.run("key", "revoke", str(number))
    yc.wait_for("its end", lambda: refused(
        c, "OrderService/GetOrder", {"orderId": "x"}).reason == "unauthenticated")
    assert refused(town.admin, "OrderService/GetOrder", {"orderId": "x"}).reason == "bad_field"


def test_keys_are_kept_as_hashes(town):
    text = town.database.key("admin")
    assert re.fullmatch(r"yk_[A-Za-z0-9_-]{43}", text)
    dump = str(town.database.sql("select * from api_key"))
    assert text not in dump and text[3:] not in dump
    assert text not in town.database.run("key", "list").stdout
    assert text not in town.server.log.read_text(errors="replace")
