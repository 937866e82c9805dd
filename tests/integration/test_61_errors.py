"""Every name of the error table that a client can meet is met by a test; here are those no other test needs."""
import contextlib
import importlib
import inspect
import re
import threading

import psycopg2
import pytest

import town as t
import yc
from town import refused

SUBMIT = "OrderService/SubmitOrder"

# name → the test that meets it; "module.test", or a test of this file.
MET_BY = {
    "unauthenticated": "test_60_bad_input.test_keys_alike",
    "permission_denied": "test_62_roles.test_every_method_for_every_role",
    "no_method": "test_60_bad_input.test_methods_and_paths",
    "bad_encoding": "test_60_bad_input.test_encodings",
    "too_large": "test_60_bad_input.test_a_hundred_thousand_lines",
    "bad_body": "test_60_bad_input.test_json_cut_anywhere",
    "bad_field": "test_60_bad_input.test_line_fields",
    "unknown_id": "test_60_bad_input.test_names_nobody_knows",
    "not_found": "test_20_orders.test_get_by_id_or_reference",
    "amount_differs": "test_20_orders.test_confirm_refusals",
    "exists_differs": "test_20_orders.test_same_reference_same_answer",
    "bad_token": "test_20_orders.test_token_tampered_or_of_another_basket",
    "token_expired": "test_token_expired",
    "quote_changed": "test_20_orders.test_quote_changed_tells_the_new_options",
    "wrong_state": "test_wrong_state",
    "code_locked": "test_83_store_acts.test_five_wrong_codes_lock_and_reissue_frees",
    "wrong_code": "test_83_store_acts.test_five_wrong_codes_lock_and_reissue_frees",
    "refused_by_rule": "test_refused_by_rule",
    "no_location": "test_20_orders.test_exclusions",
    "margin_below_floor": "test_margin_below_floor",
    "campaign_spent": "test_20_orders.test_campaign_budget",
    "entitlement_used": "test_20_orders.test_entitlement",
    "slot_full": "test_20_orders.test_slots",
    "out_of_stock": "test_20_orders.test_stock_to_the_last_unit",
    "no_policy": "test_no_policy",
    "busy": "test_busy",
    "contended": "test_contended",
    "not_ready": "test_not_ready",
    "db_down": "test_db_down",
    "timeout": "test_timeout_then_the_same_again",
    "no_memory": "test_no_memory",
    "overflow": "test_60_bad_input.test_amounts_that_overflow",
    "internal": "test_internal_hits_one_order_only",
}
NOT_MET = {
    "ok": "no error",
    "io": "starting and the command line only: tests/unit/edge, test_10_cli.py",
    "conf": "starting and the command line only: tests/unit/base/test_conf.c, test_10_cli.py",
}


def table():
    """name → (Connect code, may it be sent again) out of base/err.h."""
    text = (yc.TOP / "router/base/err.h").read_text(encoding="utf-8")
    rows = re.findall(r"^\tX\((\w+), (\w+), (true|false), ", text, re.M)
    return {name.lower(): (code.lower(), again == "true") for name, code, again in rows}


def source_of(where):
    module, _, name = where.rpartition(".")
    module = importlib.import_module(module or __name__)
    return inspect.getsource(module) if not hasattr(module, name) else inspect.getsource(
        getattr(module, name)), hasattr(module, name)


def test_every_name_is_met():
    """A new row of the table without a test here, or a test that no longer is, fails."""
    names = table()
    assert len(names) > 30
    assert set(MET_BY) | set(NOT_MET) == set(names)
    assert not set(MET_BY) & set(NOT_MET)
    for name, where in MET_BY.items():
        source, there = source_of(where)
        assert there, where
        if name not in ("too_large", "bad_body", "bad_field"):  # these by their helpers
            assert name in source, f"{where} does not speak of {name}"


def is_refusal(e, reason):
    """As the table says: code, and whether the same may be sent again."""
    code, again = table()[reason]
    assert (e.reason, e.code, e.retry) == (reason, code, again), e
    return e


def test_token_expired(town, service):
    """A quote's life is over: the token says so, whatever it held."""
    town.put_policy(quoteTtlMin=0)
    try:
        short = service(quote_ttl_ms="1s")[0].client(town.admin.key)
        sku = town.sku({"SITE": 100000})
        q = yc.wait_for("the sku", lambda: quote(short, town.basket(sku)))
        body = town.order(sku, quoteToken=q["options"][0]["token"])
        e = yc.wait_for("its end", lambda: late(short, town, body))
        assert is_refusal(e, "token_expired").field == "quote_token"
    finally:
        town.put_policy()


def quote(client, basket):
    with contextlib.suppress(yc.RpcError):
        q = client.call("OrderService/Quote", {"basket": basket})
        return q if q.get("options") else None
    return None


def late(client, town, body):
    try:
        client.call(SUBMIT, {**body, "orderRef": town.name("ref")})
    except yc.RpcError as e:
        return e
    return None


def test_refused_by_rule(town):
    sku = town.sku({"SITE": 5}, skuClass="forbidden")
    e = is_refusal(town.refuse(sku), "refused_by_rule")
    assert e.field == "basket.lines[0].sku" and "not for sale here" in e.message
    refusals = town.quote(sku)["refusals"]
    assert {r["reason"] for r in refusals} == {"refused_by_rule"}


def test_margin_below_floor(town):
    """A class whose rule refuses a negative margin: sold at cost, the provider's fee makes it negative."""
    sku = town.sku({"SITE": 5}, skuClass="tight")
    line = {"sku": sku, "quantity": 1, "unitPriceFen": "15000"}
    town.submit([line], storefront="F-A1")
    town.admin.call("CatalogService/UpsertSkus", {"skus": [
        {"code": sku, "skuClass": "tight", "contractCostFen": "15000", "listPriceFen": "15000",
         "floorPriceFen": "15000"}]})
    is_refusal(town.refuse(sku, storefront="F-A1"), "margin_below_floor")


def test_wrong_state(town):
    """A version is drafted, activated, archived, in that order only."""
    version = town.admin.call("CatalogService/PutRoutingPolicy", {"policy": t.POLICY})["version"]

    def to(state):
        return {"policyVersion": version, "state": "VERSION_STATE_" + state}

    is_refusal(refused(town.admin, "CatalogService/SetVersionState", to("ARCHIVED")), "wrong_state")
    assert town.admin.call("CatalogService/SetVersionState", to("ACTIVE"))["state"] == \
        "VERSION_STATE_ACTIVE"
    town.admin.call("CatalogService/SetVersionState", to("ARCHIVED"))
    is_refusal(refused(town.admin, "CatalogService/SetVersionState", to("ACTIVE")), "wrong_state")
    e = refused(town.admin, "CatalogService/SetVersionState", {**to("ACTIVE"), "policyVersion": 999999})
    assert e.reason == "not_found"


def test_no_policy(town):
    """With every version archived, nothing is sold until one is put."""
    live = [v for v, in town.database.sql("select version from routing_policy where state = 2")]
    for version in live:
        town.admin.call("CatalogService/SetVersionState",
                        {"policyVersion": version, "state": "VERSION_STATE_ARCHIVED"})
    sku = town.sku({"SITE": 5})
    try:
        is_refusal(town.refuse(sku), "no_policy")
        is_refusal(refused(town.admin, "OrderService/Quote", {"basket": town.basket(sku)}), "no_policy")
    finally:
        town.put_policy()
    town.submit(sku)


@contextlib.contextmanager
def locked(town, sku):
    """The stock of a sku held by somebody else's transaction."""
    c = psycopg2.connect(town.database.url)
    try:
        with c.cursor() as q:
            q.execute("select from stock_level join sku using (sku_id) where code = %s for update", (sku,))
        yield
    finally:
        c.rollback()
        c.close()


def test_timeout_then_the_same_again(town):
    """The outcome is unknown when the deadline passes; the same request again finds the one order."""
    sku = town.sku({"SITE": 5})
    body = town.order(sku)
    with locked(town, sku):
        e = refused(town.admin, SUBMIT, body, connect_timeout_ms="300")
        assert is_refusal(e, "timeout").status == 504
    first = town.admin.call(SUBMIT, body)
    assert town.admin.call(SUBMIT, body) == first
    assert town.database.sql("select reserved from stock_level join sku using (sku_id) where code = %s",
                             (sku,)) == [(1,)]


def test_busy(town, service):
    """A full queue says so at the door, at once; what waited is answered when the way is free."""
    small = service(batch_queue_max=3, batch_orders_max=1)[0]
    client = small.client(town.admin.key)
    sku = town.sku({"SITE": 50})
    yc.wait_for("the sku", lambda: quote(client, town.basket(sku)))
    results = []
    bodies = [town.order(sku) for _ in range(20)]

    def send(body):
        try:
            results.append(client.call(SUBMIT, body))
        except yc.RpcError as e:
            results.append(e)

    with locked(town, sku):
        threads = [threading.Thread(target=send, args=(b,)) for b in bodies]
        for thread in threads:
            thread.start()
        yc.wait_for("refusals at the door", lambda: len(results) >= 12)
        for e in list(results):
            assert is_refusal(e, "busy").status == 429
    for thread in threads:
        thread.join()
    taken = [r for r in results if isinstance(r, dict)]
    assert 1 <= len(taken) <= 8 and len(results) == 20
    assert town.database.sql("select reserved from stock_level join sku using (sku_id) where code = %s",
                             (sku,)) == [(len(taken),)]


def test_contended(town, service):
    """Allowed one try, and the figures it decided by were stale: told to try again, not "out of stock"."""
    sku = town.sku({"SITE": 5})
    hasty = service(decide_tries_max=1)[0].client(town.admin.key)
    assert quote(hasty, town.basket(sku))
    # Behind the service's back, without a word in the change feed.
    town.database.sql("update stock_level set on_hand = 0, version = version + 1 where sku_id = "
                      "(select sku_id from sku where code = %s)", (sku,))
    is_refusal(refused(hasty, SUBMIT, town.order(sku)), "contended")
    # One that is allowed more decides again with what the commit saw, and says what is so.
    assert town.refuse(sku).reason == "out_of_stock"


def test_no_memory(town, service):
    """A request has a cap; one that needs more is refused, and the next is served."""
    sku = town.sku({"SITE": 5000, "CLOUD": 5000, "A1": 5000, "A2": 5000, "C1": 5000})
    small = service(request_memory_max="256KiB")[0].client(town.admin.key)
    lines = [(sku, 1)] * 50
    assert quote(small, town.basket(sku))
    e = refused(small, "OrderService/Quote", {"basket": town.basket(lines, storefront="F-A1")})
    is_refusal(e, "no_memory")
    assert quote(small, town.basket(sku))
    assert town.quote(lines, storefront="F-A1")["options"]


def test_internal_hits_one_order_only(town):
    """A row that the database will not have: its order alone fails, the others of its batch pass."""
    town.database.sql("alter table contact add constraint poison check (name <> 'poison')")
    try:
        sku = town.sku({"SITE": 100})
        bodies = [town.order(sku, address=t.address(name="poison" if i == 13 else "x")) for i in range(40)]
        results = yc.at_once(40, lambda i: town.admin.call(SUBMIT, bodies[i]))
        assert [i for i, r in enumerate(results) if not isinstance(r, dict)] == [13]
        assert is_refusal(results[13], "internal").status == 500
        assert "poison" not in results[13].message
    finally:
        town.database.sql("alter table contact drop constraint poison")
    assert town.database.sql("select reserved from stock_level join sku using (sku_id) where code = %s",
                             (sku,)) == [(39,)]
    town.admin.call(SUBMIT, bodies[13])


def test_not_ready(cluster, database, service, town):
    """Started before its database: alive, not ready, says so; and then takes up its work by itself."""
    cluster.stop()
    try:
        early = service(ready=False)[0]
        yc.wait_for("alive", lambda: early.http("/healthz")[0] == 200)
        status, why = early.http("/readyz")
        assert status == 503 and why.strip()
        e = refused(early.client(town.admin.key), "OrderService/Quote", {})
        assert is_refusal(e, "not_ready").status == 503
    finally:
        cluster.start()
    early.wait_ready()
    assert refused(early.client(town.admin.key), "OrderService/Quote", {}).field == "basket"


def test_db_down(cluster, town, service):
    """The database goes: orders and reads say so and may be sent again; it comes: they pass."""
    sku = town.sku({"SITE": 5})
    server = service(db_connect_ms_max="300ms")[0]
    client = server.client(town.admin.key)
    body = town.order(sku)
    first = town.submit(sku)
    cluster.stop()
    try:
        yc.wait_for("not ready", lambda: server.http("/readyz")[0] == 503)
        e = refused(client, "OrderService/GetOrder", {"orderId": first["orderId"]})
        assert is_refusal(e, "db_down").status == 503
        # A batch is tried again until its deadline: it might have been committed.
        e = refused(client, SUBMIT, body, connect_timeout_ms="1000")
        assert e.reason in ("db_down", "timeout") and e.retry
        assert server.http("/healthz")[0] == 200
        assert quote(client, town.basket(sku))  # what needs no database is answered
    finally:
        cluster.start()
    server.wait_ready()
    town.server.wait_ready()
    client.call(SUBMIT, body)
    assert town.get(first)["orderId"] == first["orderId"]


@pytest.fixture(scope="module", autouse=True)
def audited(town):
    yield
    assert " 0 violations" in town.database.audit()
