"""What a store does with its fulfilments: each step of the table, repeats, refusals, the trail."""
import pytest

import yc
from town import DELIVER, refused, total


@pytest.fixture(scope="module")
def store(server, town):
    """The client of A1's screen."""
    return server.client(town.database.key("store", "location:A1")).wait_known()


def paid(town, sku, location="A1", **more):
    """A paid order that ${location} is offered."""
    order = town.submit(sku, way=DELIVER, location=location, **more)
    town.pay(order)
    return order


def act(order, number=1, ref="r1", staff="S1"):
    return {"act": {"orderId": order["orderId"], "fulfilment": number, "ref": ref, "staff": staff}}


def state(town, order, number=1):
    [f] = [x for x in town.get(order)["fulfilments"] if x["number"] == number]
    return f["state"].removeprefix("FULFILMENT_STATE_")


def trail(town, order):
    return town.database.sql("select act_no, kind, number, ref from order_act where order_id = %s order by 1",
                             (order["orderId"],))


def test_accepted_once_and_answered_twice(town, store):
    order = paid(town, town.sku({"A1": 1}))
    first = store.call("StoreService/Accept", act(order))["acted"]
    assert first["state"] == "FULFILMENT_STATE_ACCEPTED" and first["actNumber"] == 1
    assert store.call("StoreService/Accept", act(order))["acted"] == first
    assert trail(town, order) == [(1, 1, 1, "r1")]
    assert state(town, order) == "ACCEPTED"
    [(kinds,)] = town.database.sql("select array_agg(kind order by kind) from outbox where order_id = %s",
                                   (order["orderId"],))
    assert kinds == [1, 2, 21]


def test_refused_acts(town, store):
    order = paid(town, town.sku({"A1": 1}))
    store.call("StoreService/Accept", act(order))
    e = refused(store, "StoreService/Accept", act(order, ref="r2"))
    assert (e.reason, e.field) == ("wrong_state", "act.fulfilment")
    assert "is ACCEPTED; allowed: mark_short, dispatch, cancel" in e.text
    assert refused(store, "StoreService/Accept", act(order, staff="")).reason == "exists_differs"
    fresh = paid(town, town.sku({"A1": 1}))
    for change, reason, field in (
            ({"staff": ""}, "bad_field", "act.staff"), ({"staff": "nobody"}, "unknown_id", "act.staff"),
            ({"staff": "WH"}, "bad_field", "act.staff"), ({"ref": ""}, "bad_field", "act.ref"),
            ({"ref": "x" * 65}, "bad_field", "act.ref"), ({"ref": "a b"}, "bad_field", "act.ref"),
            ({"number": 0}, "bad_field", "act.fulfilment"), ({"number": -1}, "bad_field", "act.fulfilment"),
            ({"number": 99}, "not_found", "act.fulfilment")):
        e = refused(store, "StoreService/Accept", act(fresh, **change))
        assert (e.reason, e.field) == (reason, field), change
    e = refused(store, "StoreService/Accept", {})
    assert (e.reason, e.field) == ("bad_field", "act")
    elsewhere = paid(town, town.sku({"C1": 1}), location="C1")
    assert refused(store, "StoreService/Accept", act(elsewhere)).reason == "not_found"
    assert trail(town, fresh) == [] and trail(town, elsewhere) == []


def test_who_is_second_hears_that_it_was_done(town, server):
    order = paid(town, town.sku({"A1": 1}))
    clients = [server.client(town.admin.key) for _ in range(8)]

    def accept(i):
        try:
            return clients[i].call("StoreService/Accept", act(order, ref=f"r{i}"))["acted"]["state"]
        except yc.RpcError as e:
            return e.reason
    answers = yc.at_once(8, accept)
    assert sorted(answers) == ["FULFILMENT_STATE_ACCEPTED"] + ["wrong_state"] * 7
    assert [x[:3] for x in trail(town, order)] == [(1, 1, 1)]
    assert total(order)
