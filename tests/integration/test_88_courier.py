"""The courier's news become acts: once each, in order, over failures, restarts and repeats."""
import base64
import json
import threading
import time

import pytest

import yc
from receiver import receiving
from test_82_acts import act, paid, state, trail
from town import refused

SECRET = "whsec_" + base64.b64encode(b"a secret of the courier and us").decode()
POLL = {"courier_poll_ms": "30ms", "courier_timeout_ms": "400ms"}
ACT_DELIVER, ACT_FAIL, ACT_TURN_BACK, ACT_LOSE = 10, 12, 13, 16  # domain/fulfilment.h


class Courier:
    """Its side of proto/yuncang/v1/courier.proto: news are kept in a list, the cursor is an index; a parcel is
    booked once."""

    def __init__(self):
        self.news = []
        self.asked = []  # cursors
        self.fails = 0   # so many requests to come are answered with this:
        self.failure = 500
        self.again = 0   # so many answers say the same news a second time
        self.booked = {}  # (order, fulfilment, attempt) → parcel
        self.refusals = []  # statuses of bookings to come
        self.lock = threading.Lock()

    def book(self, parcel):
        if self.refusals:
            return self.refusals.pop(0)
        key = parcel["orderId"], parcel["fulfilment"], parcel["attempt"]
        with self.lock:
            self.booked.setdefault(key, {**parcel, "tracking": f"B-{len(self.booked)}"})
        reply = {"tracking": self.booked[key]["tracking"], "state": "PARCEL_STATE_BOOKED", "feeFen": "600"}
        return 200, {}, json.dumps(reply).encode()

    def answer(self, d):
        request = json.loads(d.body)
        if d.path == "/courier/book":
            return self.book(request["parcel"])
        assert d.path == "/courier/news"
        with self.lock:
            at = int(request.get("cursor") or 0)
            self.asked.append(at)
            if self.fails > 0:
                self.fails -= 1
                return self.failure, {"location": "/courier/moved"}
            some = self.news[at:at + min(request["limit"], 3)]
            reply = {"news": some * (2 if self.again > 0 else 1), "cursor": str(at + len(some))}
            self.again -= self.again > 0
        return 200, {}, json.dumps(reply).encode()

    def say(self, order, what, tracking="SF-1", **more):
        with self.lock:
            self.news.append({"orderId": order["orderId"], "fulfilment": 1, "attempt": 1, "tracking": tracking,
                              "state": "PARCEL_STATE_" + what, "at": "2026-01-01T00:00:00Z", **more})

    def wait_heard(self):
        yc.wait_for("all news to be asked beyond", lambda: len(self.news) in self.asked[-3:])


@pytest.fixture(scope="module")
def courier():
    return Courier()


@pytest.fixture(scope="module")
def settings(courier, tmp_path_factory):
    """What makes a service ask this courier."""
    secret = tmp_path_factory.mktemp("courier") / "secret"
    secret.write_text(SECRET + "\n")
    with receiving(courier.answer) as r:
        r.secrets.append(SECRET)
        courier.receiver = r
        yield {**POLL, "courier_url": r.url.removesuffix("/hook") + "/courier", "courier_secret_file": secret}


@pytest.fixture(scope="module")
def server(service, settings):
    return service(**settings)[0]


@pytest.fixture(scope="module")
def store(server, town):
    return server.client(town.database.key("store", "location:A1")).wait_known()


def out(town, store, tracking="SF-1"):
    """An order out for delivery with this tracking number."""
    order = paid(town, town.sku({"A1": 1}))
    store.call("StoreService/Accept", act(order, ref="accept"))
    store.call("StoreService/Dispatch", {**act(order, ref="out"), "tracking": tracking})
    assert state(town, order) == "OUT_FOR_DELIVERY"
    return order


def becomes(town, order, want):
    yc.wait_for(want, lambda: state(town, order) == want)


def kinds(town, order):
    return [k for _, k, _, _ in trail(town, order)]


def test_delivered(town, store, courier):
    """The news are an act of nobody; asked and signed as the contract says."""
    order = out(town, store)
    courier.say(order, "PICKED_UP")
    courier.say(order, "DELIVERED")
    becomes(town, order, "DELIVERED")
    assert trail(town, order)[-1][1:] == (ACT_DELIVER, 1, None)
    assert town.database.sql("select count(*) from outbox where order_id = %s and kind = 28",
                             (order["orderId"],)) == [(1,)]
    assert all(d.verified == [True] for d in courier.receiver.got)
    assert town.server.metric("yuncang_courier_news_total") >= 1


def test_failed_and_sent_out_again(town, store, courier):
    """The second parcel has another number; late news of the first change nothing."""
    order = out(town, store)
    courier.say(order, "FAILED")
    becomes(town, order, "DELIVERY_FAILED")
    store.call("StoreService/Dispatch", {**act(order, ref="again"), "tracking": "SF-2"})
    courier.say(order, "LOST", tracking="SF-1")
    courier.say(order, "FAILED", tracking="SF-1")
    courier.wait_heard()
    time.sleep(0.2)
    assert state(town, order) == "OUT_FOR_DELIVERY"
    courier.say(order, "DELIVERED", tracking="SF-2", attempt=2)
    becomes(town, order, "DELIVERED")
    assert kinds(town, order).count(ACT_FAIL) == 1 and ACT_LOSE not in kinds(town, order)


@pytest.mark.parametrize("before", [[], ["FAILED"]])
def test_returned(town, store, courier, before):
    """Straight back, or behind a failure the store was told of."""
    order = out(town, store)
    for what in before + ["RETURNED"]:
        courier.say(order, what)
    becomes(town, order, "RETURNING")
    told = [k for k, in town.database.sql("select kind from outbox where order_id = %s order by event_id",
                                          (order["orderId"],))]
    assert told.count(29) == 1 and told.count(30) == 1


@pytest.mark.parametrize("before", [[], ["FAILED"], ["RETURNED"]])
def test_lost(town, store, courier, before):
    """From wherever it was: what is lost is not delivered by silence; its refund is due."""
    order = out(town, store)
    for what in before + ["LOST"]:
        courier.say(order, what)
    becomes(town, order, "LOST")
    assert kinds(town, order)[-1] == ACT_LOSE
    assert town.database.sql("select refund_due_fen > 0 from sales_order where order_id = %s",
                             (order["orderId"],)) == [(True,)]


def test_said_twice_is_done_once(town, store, courier):
    orders = [out(town, store) for _ in range(5)]
    courier.again = 1000
    for o in orders:
        courier.say(o, "DELIVERED")
    for o in orders:
        becomes(town, o, "DELIVERED")
        assert kinds(town, o).count(ACT_DELIVER) == 1
    courier.again = 0


def test_what_cannot_be_acted_on_does_not_stop_the_rest(town, store, courier):
    """News of nobody's order, of a fulfilment that is not there, of one that has not left, or that is delivered."""
    waiting = paid(town, town.sku({"A1": 1}))
    good = out(town, store)
    courier.say({"orderId": yc.NO_ORDER}, "DELIVERED")
    courier.say({"orderId": "no id"}, "DELIVERED")
    courier.say(good, "DELIVERED", fulfilment=7)
    courier.say(waiting, "DELIVERED", tracking="")
    courier.say(good, "DELIVERED")
    courier.say(good, "FAILED")
    last = out(town, store)
    courier.say(last, "DELIVERED")
    becomes(town, last, "DELIVERED")
    assert state(town, good) == "DELIVERED" and state(town, waiting) == "OFFERED"


@pytest.mark.parametrize("failure", [500, 408, 429, 404, 302, 202])
def test_a_courier_that_fails(town, server, store, courier, failure):
    """Whatever it answers but 200: asked again, the same."""
    courier.failure = failure
    before = server.metric("yuncang_courier_failed_total")
    courier.fails = 5
    order = out(town, store)
    courier.say(order, "DELIVERED")
    becomes(town, order, "DELIVERED")
    assert server.metric("yuncang_courier_failed_total") >= before + 5


def test_goes_on_where_it_was(town, server, store, courier):
    """Behind a kill: from the cursor that was saved, not from the beginning."""
    order = out(town, store)
    courier.say(order, "DELIVERED")
    becomes(town, order, "DELIVERED")
    courier.wait_heard()
    saved = lambda: int(town.database.sql("select cursor from courier_feed")[0][0])  # noqa: E731
    yc.wait_for("the cursor", lambda: saved() == len(courier.news))
    server.restart(kill=True)
    asked = len(courier.asked)
    order = out(town, store)
    courier.say(order, "DELIVERED")
    becomes(town, order, "DELIVERED")
    assert min(courier.asked[asked:]) == len(courier.news) - 1


def test_one_instance_asks(town, server, store, courier, service, settings):
    """A second one is there for when the first is not."""
    second = service(**settings)[0]
    calls = [i.metric("yuncang_courier_calls_total") for i in (server, second)]
    time.sleep(0.5)
    assert server.metric("yuncang_courier_calls_total") > calls[0]
    assert second.metric("yuncang_courier_calls_total") == calls[1] == 0
    orders = [out(town, store) for _ in range(4)]
    server.stop()
    for o in orders:
        courier.say(o, "DELIVERED")
    yc.wait_for("the second to take over", lambda: second.metric("yuncang_courier_calls_total") > 0, 15)
    server.start()
    for o in orders:
        becomes(town, o, "DELIVERED")
        assert kinds(town, o).count(ACT_DELIVER) == 1


def accepted(town, store):
    order = paid(town, town.sku({"A1": 1}))
    store.call("StoreService/Accept", act(order, ref="accept"))
    return order


def tracking(town, order):
    return town.get(order)["fulfilments"][0].get("tracking", "")


def test_booked_at_dispatch(town, store, courier):
    """What the courier is told of the parcel; his number; a repeat, and a second attempt."""
    order = accepted(town, store)
    out = {**act(order, ref="out"), "book": True}
    first = store.call("StoreService/Dispatch", out)
    parcel = courier.booked[order["orderId"], 1, 1]
    assert tracking(town, order) == parcel["tracking"] and state(town, order) == "OUT_FOR_DELIVERY"
    assert (parcel["location"], parcel["pieces"], parcel["to"]["name"]) == ("A1", 1, "王小明")
    assert parcel["from"]["latitude"] == pytest.approx(31.2304, abs=1e-3) and parcel["promise"]["to"]
    assert store.call("StoreService/Dispatch", out) == first
    courier.say(order, "FAILED", tracking=parcel["tracking"])
    becomes(town, order, "DELIVERY_FAILED")
    assert store.call("StoreService/Dispatch", out) == first
    assert [k for k in courier.booked if k[0] == order["orderId"]] == [(order["orderId"], 1, 1)]
    store.call("StoreService/Dispatch", {**act(order, ref="out-again"), "book": True})
    second = courier.booked[order["orderId"], 1, 2]
    assert tracking(town, order) == second["tracking"] != parcel["tracking"]
    courier.say(order, "DELIVERED", tracking=second["tracking"])
    becomes(town, order, "DELIVERED")


def test_not_booked(town, store, courier):
    """Refused by the courier, by the act, by the request: the goods stay where they are."""
    order = accepted(town, store)
    out = {**act(order, ref="out"), "book": True}
    courier.refusals = [409, 500]
    e = refused(store, "StoreService/Dispatch", out)
    assert (e.reason, e.field, e.retry) == ("refused_by_rule", "book", False)
    e = refused(store, "StoreService/Dispatch", out)
    assert (e.reason, e.field, e.retry) == ("not_ready", "book", True)
    e = refused(store, "StoreService/Dispatch", {**out, "tracking": "mine"})
    assert (e.reason, e.field) == ("bad_field", "tracking")
    assert state(town, order) == "ACCEPTED" and not [k for k in courier.booked if k[0] == order["orderId"]]
    # What the act itself refuses is not booked.
    offered = paid(town, town.sku({"A1": 1}))
    elsewhere = paid(town, town.sku({"C1": 1}), location="C1")
    assert refused(store, "StoreService/Dispatch", {**act(offered, ref="x"), "book": True}).reason == "wrong_state"
    assert refused(store, "StoreService/Dispatch", {**act(elsewhere, ref="x"), "book": True}).reason == "not_found"
    assert refused(store, "StoreService/Dispatch", {"book": True}).field == "act"
    assert not {offered["orderId"], elsewhere["orderId"]} & {k[0] for k in courier.booked}
    shipped = town.submit(town.sku({"SITE": 1}))
    town.pay(shipped)
    e = refused(town.admin, "StoreService/Dispatch", {**act(shipped, ref="x", staff=""), "book": True})
    assert (e.reason, e.field) == ("bad_field", "book")
    assert store.call("StoreService/Dispatch", out)["acted"]["state"] == "FULFILMENT_STATE_OUT_FOR_DELIVERY"


def test_no_courier_to_book(town, store, service):
    order = accepted(town, store)
    other, = service()
    e = refused(other.client(store.key), "StoreService/Dispatch", {**act(order, ref="out"), "book": True})
    assert (e.reason, e.field) == ("wrong_state", "book")


def test_wrong_settings_are_told(database, service, settings, tmp_path):
    """No start without the secret that was asked for."""
    wrong = tmp_path / "wrong"
    wrong.write_text("not a secret\n")
    for changes, setting in (({"courier_secret_file": wrong}, "courier_secret_file"),
                             ({"courier_secret_file": tmp_path / "none"}, "courier_secret_file"),
                             ({"courier_url": "courier.example.org"}, "courier_url")):
        i = yc.Instance(database, tmp_path / "log", **{**settings, **changes})
        i.start(ready=False)
        assert i.process.wait(20) != 0
        i.process = None
        assert f"setting={setting}" in i.tail()
