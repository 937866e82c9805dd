"""Telling the world: signed, in order, at least once, over failures of every kind, and to nobody it should not reach."""
import collections
import datetime
import itertools
import threading
import time

import pytest

import yc
from receiver import STALL, receiving
from town import PICKUP, refused

UPSERT, LIST = "AdminService/UpsertWebhookEndpoint", "AdminService/ListWebhookEndpoints"
ROTATE = "AdminService/RotateWebhookSecret"
DEAD, REPLAY = "AdminService/ListDeadLetters", "AdminService/ReplayDeadLetters"
SETTINGS = {"webhook_private_allowed": "on", "webhook_http_allowed": "on", "webhook_poll_ms": "20ms",
            "webhook_timeout_ms": "400ms", "webhook_retry_ms": "50ms", "webhook_tries_max": "3"}
CREATED, PAID = "EVENT_TYPE_ORDER_CREATED", "EVENT_TYPE_ORDER_PAID"
# What the first three pauses of 1, 6 and 24 units may take, drawn long, and what a turn adds.
PATIENCE = 15

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(service):
    return service(**SETTINGS)[0]


class Hook:
    """An endpoint and its receiver."""

    def __init__(self, admin, receiver, **more):
        self.admin = admin
        self.receiver = receiver
        self.code = f"hook-{next(numbers)}"
        self.last = {"code": self.code, "url": receiver.url, **more}
        made = admin.call(UPSERT, {"endpoint": self.last})
        self.secret = made["secret"]
        receiver.secrets.append(self.secret)

    def put(self, **changes):
        self.last.update(changes)
        return self.admin.call(UPSERT, {"endpoint": self.last})["endpoint"]

    def state(self):
        rows = self.admin.call(LIST, {"pageSize": 200})["endpoints"]
        return next(x for x in rows if x["code"] == self.code)

    def waiting(self):
        return int(self.state().get("waiting", 0))

    def wait(self, ids, seconds=PATIENCE):
        """Until the receiver has had each of these events."""
        yc.wait_for(f"{len(set(ids))} events at {self.code}, {len(set(self.receiver.ids()))} came",
                    lambda: set(ids) <= set(self.receiver.ids()), seconds)

    def wait_idle(self, seconds=PATIENCE):
        yc.wait_for(f"{self.code} to have nothing waiting", lambda: self.waiting() == 0, seconds)

    def dead(self):
        return self.admin.call(DEAD, {"endpoint": self.code}).get("letters", [])

    def disable(self):
        self.put(state="WEBHOOK_STATE_DISABLED")


@pytest.fixture
def hook(town, admin):
    """hook(answer, **endpoint): an endpoint with a receiver, both gone behind the test."""
    with contextlib_stack() as stack:
        def make(answer=None, context=None, **more):
            r = stack.enter_context(receiving(answer, context=context))
            h = Hook(admin, r, **more)
            stack.callback(h.disable)
            return h
        yield make


def contextlib_stack():
    import contextlib
    return contextlib.ExitStack()


def buy(town, count=1, sku=None, **more):
    """Paid orders; a list of what SubmitOrder answered."""
    sku = sku or town.sku({"SITE": count, "A1": count, "C1": count})
    orders = [town.submit(sku, **more) for _ in range(count)]
    for o in orders:
        town.pay(o)
    return orders


def events_of(town, orders):
    """Every event of these orders: {id: (kind, order)}, in the order of the log, once all are in it."""
    ids = tuple(o["orderId"] for o in orders)
    yc.wait_for("the outbox to be empty", lambda: town.database.sql(
        "select count(*) from outbox where order_id::text in %s", (ids,)) == [(0,)])
    rows = town.database.sql("select event_id::text, kind, order_id::text from event_log "
                             "where order_id::text in %s order by position", (ids,))
    return {e: (k, o) for e, k, o in rows}


def test_an_event_is_told_signed(town, hook):
    """What a receiver reads, and that it can verify it; nothing personal in it."""
    h = hook()
    order, = buy(town, storefront="F-A1")
    events = events_of(town, [order])
    h.wait(events)
    h.wait_idle()
    by_type = {d.event["type"]: d for d in h.receiver.got}
    d = by_type[PAID]
    assert {CREATED, PAID} <= set(by_type)
    assert all(x.verified == [True] and x.content_type == "application/json" and x.path == "/hook"
               for x in h.receiver.got)
    assert abs(d.timestamp - time.time()) < 60
    assert d.id == d.event["id"] and d.event["schemaVersion"] == 1
    assert (d.event["orderId"], d.event["orderRef"]) == (order["orderId"], order["orderRef"])
    assert (d.event["storefront"], d.event["dealer"]) == ("F-A1", "D1")
    assert datetime.datetime.fromisoformat(d.event["occurredAt"].replace("Z", "+00:00")).timestamp() == \
        pytest.approx(time.time(), abs=60)
    assert int(by_type[CREATED].event["sequence"]) < int(d.event["sequence"])
    for x in h.receiver.got:
        assert not any(word in x.body.decode() for word in ("王小明", "13800000000", "人民大道"))
    assert int(h.state()["delivered"]) == len(h.receiver.got) and h.state()["lastDeliveredAt"]
    # Taken once: it is not told again.
    time.sleep(0.2)
    assert len(h.receiver.ids()) == len(set(h.receiver.ids()))


def test_forged_is_not_verified(town, hook):
    """The receiver of these tests does not say yes to everything."""
    h = hook()
    h.receiver.secrets.append("whsec_" + "QUJD" * 11)
    order, = buy(town)
    h.wait(events_of(town, [order]))
    assert all(d.verified == [True, False] for d in h.receiver.got)


def test_who_hears_of_what(town, hook):
    """All; a dealer's own and what he fulfils; a storefront's; some types; from now on only."""
    before, = buy(town)
    all_of_it, d1, d2 = hook(), hook(dealer="D1"), hook(dealer="D2")
    front, paid_only = hook(storefront="F-C1"), hook(types=[PAID])
    of_d1, = buy(town, storefront="F-A1")
    of_d2, = buy(town, storefront="F-C1")
    events = events_of(town, [of_d1, of_d2])
    mine = {o["orderId"]: {e for e, (_, x) in events.items() if x == o["orderId"]} for o in (of_d1, of_d2)}
    all_of_it.wait(events)
    for h, order in ((d1, of_d1), (d2, of_d2), (front, of_d2)):
        h.wait(mine[order["orderId"]])
        h.wait_idle()
        assert {d.event["orderId"] for d in h.receiver.got} == {order["orderId"]}
    paid = {e for e, (kind, _) in events.items() if kind == 2}
    paid_only.wait(paid)
    paid_only.wait_idle()
    assert set(paid_only.receiver.ids()) == paid
    assert before["orderId"] not in {d.event["orderId"] for d in all_of_it.receiver.got}


def test_rotation(town, admin, hook):
    """Both secrets sign while the old one is kept; then only the new one."""
    h = hook()
    new = admin.call(ROTATE, {"code": h.code, "keepOldMinutes": 10})["secret"]
    h.receiver.secrets.append(new)
    assert new != h.secret and h.state()["secrets"] == 2
    one, = buy(town)
    h.wait(events_of(town, [one]))
    assert all(len(d.signatures) == 2 and d.verified == [True, True] for d in h.receiver.got)
    h.wait_idle()
    newest = admin.call(ROTATE, {"code": h.code})["secret"]
    h.receiver.secrets.append(newest)
    assert h.state()["secrets"] == 1
    seen = len(h.receiver.got)
    two, = buy(town)
    h.wait(events_of(town, [two]))
    assert all(len(d.signatures) == 1 and d.verified == [False, False, True]
               for d in h.receiver.got[seen:])


@pytest.mark.parametrize("failure", [500, 404, 302, STALL])
def test_tried_again(town, hook, failure):
    """After an error, a redirect, no answer: the same event again, the same bytes, nothing else before it."""
    tries = collections.Counter()

    def fail_first(d):
        tries[d.id] += 1
        return failure if tries[d.id] == 1 else 204
    h = hook(fail_first)
    order, = buy(town)
    events = events_of(town, [order])
    yc.wait_for("all taken", lambda: h.waiting() == 0 and all(tries[e] >= 2 for e in events), PATIENCE)
    h.receiver.released.set()
    assert {tries[e] for e in events} == {2} and not h.dead()
    bodies = collections.defaultdict(set)
    for d in h.receiver.got:
        bodies[d.id].add(d.body)
    assert all(len(x) == 1 for x in bodies.values())


def test_redirect_is_not_followed(town, hook):
    """Not even to a place that would take it."""
    with receiving() as trap:
        h = hook(lambda d: (302, {"location": trap.url}))
        order, = buy(town)
        events = events_of(town, [order])
        yc.wait_for("dead letters", lambda: len(h.dead()) == len(events), PATIENCE)
        assert trap.got == []
        assert {(x["status"], x["tries"], x["error"]) for x in h.dead()} == {(302, 3, "answered 302")}


def test_order_is_kept(town, hook):
    """With failures in between, every event comes first after those before it were taken."""
    fails = itertools.count(1)
    h = hook(lambda d: 500 if next(fails) % 7 == 0 else 204)
    orders = buy(town, 15)
    events = events_of(town, orders)
    h.wait(events)
    h.wait_idle(30)
    firsts = list(dict.fromkeys(h.receiver.ids()))
    assert firsts == [e for e in events if e in set(firsts)] and len(firsts) == len(events)
    assert h.receiver.most_open == 1


def test_several_at_once_keep_each_order(town, hook):
    """Concurrency 8: many under way, of one order never two, and in their order."""
    under_way, doubled = set(), []
    lock = threading.Lock()

    def slow(d):
        with lock:
            if d.event["orderId"] in under_way:
                doubled.append(d.id)
            under_way.add(d.event["orderId"])
        time.sleep(0.05)
        with lock:
            under_way.discard(d.event["orderId"])
        return 204
    h = hook(slow, concurrency=8)
    events = events_of(town, buy(town, 20))
    h.wait(events, 30)
    h.wait_idle()
    assert 2 <= h.receiver.most_open <= 8 and not doubled
    sequences = collections.defaultdict(list)
    for d in h.receiver.got:
        sequences[d.event["orderId"]].append(int(d.event["sequence"]))
    assert all(x == sorted(x) for x in sequences.values())


def test_rate(town, hook):
    h = hook(ratePerS=20)
    events = events_of(town, buy(town, 6))
    h.wait(events)
    at = sorted(d.at for d in h.receiver.got)
    assert at[-1] - at[0] >= (len(at) - 1) / 20 * 0.9


def test_410_disables(town, hook):
    """And nothing more is sent until somebody enables it again: then what waited comes, from there on."""
    gone = threading.Event()
    gone.set()
    h = hook(lambda d: 410 if gone.is_set() else 204)
    h.put(state="WEBHOOK_STATE_PAUSED")  # until all of them wait
    one, = buy(town)
    events = events_of(town, [one])
    h.put(state="WEBHOOK_STATE_ACTIVE")
    yc.wait_for("disabled", lambda: h.state()["state"] == "WEBHOOK_STATE_DISABLED", PATIENCE)
    assert h.state()["why"] == "answered 410"
    tried = len(h.receiver.got)
    assert tried == 1
    hook()  # so that events go on being told
    while_disabled, = buy(town)
    events_of(town, [while_disabled])
    time.sleep(0.5)
    assert len(h.receiver.got) == tried
    gone.clear()
    assert h.put(state="WEBHOOK_STATE_ACTIVE").get("why", "") == ""
    h.wait(events)
    h.wait_idle()
    assert while_disabled["orderId"] not in {d.event["orderId"] for d in h.receiver.got}


def test_paused_waits(town, hook):
    h = hook()
    h.put(state="WEBHOOK_STATE_PAUSED")
    time.sleep(0.2)
    events = events_of(town, buy(town))
    time.sleep(0.3)
    assert h.receiver.got == [] and h.waiting() == len(events)
    h.put(state="WEBHOOK_STATE_ACTIVE")
    h.wait(events)


def test_dead_letters_are_listed_and_replayed(town, admin, hook):
    """Given up after its tries; the next one goes on; replayed on demand."""
    sick = threading.Event()
    sick.set()
    h = hook(lambda d: 503 if sick.is_set() else 204)
    orders = buy(town, 2)
    events = events_of(town, orders)
    yc.wait_for("dead letters", lambda: len(h.dead()) == len(events), PATIENCE)
    h.wait_idle()
    letters = h.dead()
    assert [x["event"]["id"] for x in letters] == list(events)
    assert {(x["endpoint"], x["tries"], x["status"], x["error"]) for x in letters} == \
        {(h.code, 3, 503, "answered 503")}
    page = admin.call(DEAD, {"endpoint": h.code, "pageSize": 1})
    rest = admin.call(DEAD, {"endpoint": h.code, "pageSize": 200, "pageToken": page["nextPageToken"]})
    assert page["letters"] + rest["letters"] == letters
    e = refused(admin, DEAD, {"endpoint": "other", "pageToken": page["nextPageToken"]})
    assert e.reason in ("bad_token", "not_found")
    sick.clear()
    first = letters[0]["event"]["sequence"]
    assert admin.call(REPLAY, {"endpoint": h.code, "sequences": [first]}) == {"replayed": 1}
    h.wait_idle()
    assert len(h.dead()) == len(events) - 1
    assert admin.call(REPLAY, {"endpoint": h.code})["replayed"] == len(events) - 1
    h.wait_idle()
    taken = {d.id for d in h.receiver.got if d.at > time.time() - PATIENCE}
    assert taken == set(events) and not h.dead()
    assert admin.call(REPLAY, {"endpoint": h.code}) == {}


def test_retry_after_is_heard(town, hook):
    times = []

    def busy_once(d):
        times.append(d.at)
        return (429, {"retry-after": "1"}) if len(times) == 1 else 204
    h = hook(busy_once)
    h.wait(events_of(town, buy(town)))
    h.wait_idle()
    assert times[1] - times[0] >= 0.95


def test_endpoints_as_an_operator_sees_them(town, admin, hook):
    h = hook(dealer="D1", types=[CREATED, PAID], concurrency=2, ratePerS=5)
    row = h.state()
    assert (row["dealer"], row["types"], row["concurrency"], row["ratePerS"], row["state"]) == \
        ("D1", [CREATED, PAID], 2, 5, "WEBHOOK_STATE_ACTIVE")
    assert "secret" not in str(row).replace("secrets", "")
    # Put again: the same, and no secret a second time.
    again = admin.call(UPSERT, {"endpoint": h.last})
    assert "secret" not in again and again["endpoint"]["code"] == h.code
    e = refused(admin, UPSERT, {"endpoint": {**h.last, "dealer": "D2"}})
    assert (e.reason, e.field) == ("exists_differs", "endpoint.dealer")
    pages, token = [], ""
    while True:
        answer = admin.call(LIST, {"pageSize": 1, "pageToken": token})
        pages += answer.get("endpoints", [])
        token = answer.get("nextPageToken", "")
        if not token:
            break
    codes = [x["code"] for x in pages]
    assert codes == sorted(codes) and h.code in codes


@pytest.mark.parametrize("change, field", [
    ({"code": ""}, "endpoint.code"),
    ({"code": "no spaces"}, "endpoint.code"),
    ({"url": "ftp://example.org/"}, "endpoint.url"),
    ({"url": "example.org"}, "endpoint.url"),
    ({"url": "https://user:word@example.org/"}, "endpoint.url"),
    ({"url": "https://example.org/#part"}, "endpoint.url"),
    ({"url": "https://example.org/" + "x" * 500}, "endpoint.url"),
    ({"concurrency": 17}, "endpoint.concurrency"),
    ({"concurrency": -1}, "endpoint.concurrency"),
    ({"ratePerS": 10001}, "endpoint.rate_per_s"),
    ({"types": ["EVENT_TYPE_UNSPECIFIED"]}, "endpoint.types[0]"),
    ({"types": ["EVENT_TYPE_NO_SUCH"]}, "endpoint.types[0]"),
    ({"dealer": "D1", "storefront": "F-A1"}, "endpoint.storefront"),
    ({"dealer": "nobody"}, "endpoint.dealer"),
    ({"storefront": "nowhere"}, "endpoint.storefront"),
])
def test_refused_endpoints(town, admin, change, field):
    e = refused(admin, UPSERT, {"endpoint": {"code": "bad", "url": "https://example.org/", **change}})
    assert (e.reason in ("bad_field", "unknown_id"), e.field) == (True, field)


def test_refused_requests(town, admin):
    assert refused(admin, UPSERT, {}).field == "endpoint"
    assert refused(admin, ROTATE, {"code": "nobody"}).reason == "not_found"
    assert refused(admin, ROTATE, {}).field == "code"
    assert refused(admin, ROTATE, {"code": "x", "keepOldMinutes": 43201}).field == "keep_old_minutes"
    assert refused(admin, DEAD, {"endpoint": "nobody"}).reason == "not_found"
    assert refused(admin, REPLAY, {"endpoint": "nobody"}).reason == "not_found"
    assert refused(admin, LIST, {"pageSize": 201}).field == "page_size"
    assert refused(admin, LIST, {"pageToken": "x"}).reason == "bad_token"


def test_a_dealers_operator(town, server, admin, hook):
    """With a dealer scope: that dealer's endpoints, the others are not there."""
    d1, d2, everybody = hook(dealer="D1"), hook(dealer="D2"), hook()
    me = server.login("operator", "dealer:D1")
    assert {x["code"] for x in me.call(LIST, {"pageSize": 200})["endpoints"]} >= {d1.code}
    assert not {d2.code, everybody.code} & {x["code"] for x in me.call(LIST, {"pageSize": 200})["endpoints"]}
    assert me.call(UPSERT, {"endpoint": d1.last})["endpoint"]["code"] == d1.code
    for other in (d2, everybody):
        assert refused(me, ROTATE, {"code": other.code}).reason == "not_found"
        assert refused(me, DEAD, {"endpoint": other.code}).reason == "not_found"
        e = refused(me, UPSERT, {"endpoint": other.last})
        assert e.reason == "permission_denied"
    # An endpoint of another under its own scope: not even that it is there.
    assert refused(me, UPSERT, {"endpoint": {**d2.last, "dealer": "D1"}}).reason == "not_found"
