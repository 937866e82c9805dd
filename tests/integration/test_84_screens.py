"""Screens of stores: ListTasks that waits until there is something else to show."""
import threading
import time

import pytest

import yc
from town import PICKUP, refused

LIST = "StoreService/ListTasks"
READS, WAITING = "yuncang_tasks_reads_total", "yuncang_tasks_waiting"


@pytest.fixture(scope="module")
def other(town, service):
    """A second instance beside the fixtures' one, with a client; its database is the same."""
    (one,) = service()
    one.admin = one.login("admin")
    return one


@pytest.fixture
def store(town):
    """A location that no other test uses, as the store's own key sees it."""
    code = town.name("W")
    town.admin.call("CatalogService/UpsertLocations", {"locations": [
        {"code": code, "kind": "LOCATION_KIND_STORE", "operator": "D1", "ways": [PICKUP, "WAY_DELIVER"],
         "position": {"latitude": 31.2304, "longitude": 121.4737}, "leadMinutes": 30}]})
    return code


def pickup(town, store, count=1):
    """Paid pickups there: offers."""
    sku = town.sku({store: count})
    orders = [town.submit(sku, way=PICKUP, location=store, storefront="F-A1") for _ in range(count)]
    for order in orders:
        town.pay(order)
    return [o["orderId"] for o in orders]


def ids(answer):
    return [t["orderId"] for t in answer.get("tasks", [])]


WAITED = 20  # seconds; what ends a wait does so in less than half of it, or it did not


class Screen:
    """A thread that asks once with what it has; seconds and answer when it is back."""

    def __init__(self, client, store, seen, wait_ms=WAITED * 1000, **more):
        self.body = {"location": store, "seen": seen, "waitMs": wait_ms, **more}
        self.client = client
        self.begun = time.monotonic()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            self.answer = self.client.call(LIST, self.body)
        except Exception as e:  # the test looks at it
            self.answer = e
        self.at = time.monotonic()

    def wait(self):
        self.thread.join(30)
        assert not self.thread.is_alive()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def waiting(instance, count):
    yc.wait_for(f"{count} waiting", lambda: instance.metric(WAITING) == count)


def test_nothing_changes_and_nothing_is_read(town, store):
    first = town.admin.call(LIST, {"location": store})
    assert "tasks" not in first and first["seen"]
    before = town.server.metric(READS)
    begun = time.monotonic()
    answer = town.admin.call(LIST, {"location": store, "seen": first["seen"], "waitMs": 700})
    assert time.monotonic() - begun > 0.65
    assert answer == {"seen": answer["seen"], "unchanged": True}
    assert town.admin.call(LIST, {"location": store, "seen": answer["seen"]})["unchanged"] is True
    assert town.server.metric(READS) == before
    # With nothing seen nothing is waited for.
    assert "unchanged" not in town.admin.call(LIST, {"location": store, "waitMs": 700})


@pytest.mark.parametrize("who", ["same", "other"])
def test_a_new_task_wakes_its_screen(town, other, store, who):
    """Long before its wait ends, on the instance that took the payment and on another one."""
    client = town.admin if who == "same" else other.admin
    instance = town.server if who == "same" else other
    yc.wait_for("the store to be known", lambda: knows(client, store))
    seen = client.call(LIST, {"location": store})["seen"]
    had = instance.metric(WAITING)
    screen = Screen(client.with_key(client.key), store, seen)
    waiting(instance, had + 1)
    sku = town.sku({store: 1})
    order = town.submit(sku, way=PICKUP, location=store, storefront="F-A1")
    time.sleep(0.3)
    assert screen.thread.is_alive()  # nobody has paid: it is no task
    paid = time.monotonic()
    town.pay(order)
    answer = screen.wait()
    assert ids(answer) == [order["orderId"]] and "unchanged" not in answer
    assert screen.at - paid < WAITED / 2
    # What it has seen now is up to date.
    again = client.call(LIST, {"location": store, "seen": answer["seen"], "waitMs": 300})
    assert again["unchanged"] is True


def knows(client, store):
    try:
        client.call(LIST, {"location": store})
    except yc.RpcError as e:
        assert e.reason == "not_found"
        return False
    return True


def test_an_order_that_comes_paid(town, store):
    """Its fulfilments are made by the group commit itself."""
    sku = town.sku({store: 1})
    seen = town.admin.call(LIST, {"location": store})["seen"]
    had = town.server.metric(WAITING)
    screen = Screen(town.admin.with_key(town.admin.key), store, seen)
    waiting(town.server, had + 1)
    order = town.submit(sku, way=PICKUP, location=store, storefront="OUTSIDE",
                        payment=town.payment(19900))
    assert ids(screen.wait()) == [order["orderId"]]


def test_a_step_wakes_the_list_it_leaves_and_the_one_it_comes_to(town, store):
    """Accept: OFFERED loses it, ACCEPTED gains it, the screen of READY_FOR_PICKUP waits on."""
    (order,) = pickup(town, store)
    seen, screens = {}, {}
    had = town.server.metric(WAITING)
    for state in ("OFFERED", "ACCEPTED", "READY_FOR_PICKUP"):
        state = "FULFILMENT_STATE_" + state
        seen[state] = town.admin.call(LIST, {"location": store, "state": state})["seen"]
        screens[state] = Screen(town.admin.with_key(town.admin.key), store, seen[state], state=state, wait_ms=1500)
    waiting(town.server, had + 3)
    town.admin.call("StoreService/Accept", {"act": {
        "orderId": order, "fulfilment": 1, "ref": "a", "staff": "S1"}})
    assert ids(screens["FULFILMENT_STATE_OFFERED"].wait()) == []
    assert ids(screens["FULFILMENT_STATE_ACCEPTED"].wait()) == [order]
    assert screens["FULFILMENT_STATE_READY_FOR_PICKUP"].wait()["unchanged"] is True


def test_many_screens_and_many_tasks_are_few_reads(town, store):
    """All screens of a list share a read, and a location is read at most every tasks_gather_ms."""
    count = 12
    sku = town.sku({store: 20})
    orders = [town.submit(sku, way=PICKUP, location=store, storefront="F-A1") for _ in range(20)]
    seen = town.admin.call(LIST, {"location": store})["seen"]
    had, reads = town.server.metric(WAITING), town.server.metric(READS)
    screens = [Screen(town.admin.with_key(town.admin.key), store, seen) for _ in range(count)]
    waiting(town.server, had + count)
    town.pay(orders[0])
    for s in screens:
        assert ids(s.wait()) == [orders[0]["orderId"]]
    assert town.server.metric(READS) == reads + 1
    # Twenty tasks while one screen asks again and again.
    begun = time.monotonic()
    answer, answers = screens[0].answer, 0
    done = threading.Event()

    def pay():
        for order in orders[1:]:
            town.admin.with_key(town.admin.key).call("OrderService/ConfirmPayment", {
                "orderId": order["orderId"], "payment": town.payment(19900)})
        done.set()
    threading.Thread(target=pay).start()
    while len(ids(answer)) < 20:
        fresh = town.admin.call(LIST, {"location": store, "seen": answer["seen"], "waitMs": 5000})
        if "unchanged" not in fresh:
            answer, answers = fresh, answers + 1
    done.wait(10)
    took = time.monotonic() - begun
    assert town.server.metric(READS) - reads - 1 <= took / 0.1 + 2, took
    assert sorted(ids(answer)) == sorted(o["orderId"] for o in orders)


def test_seen_by_another_instance(town, other, store):
    """It reads once, finds the same list, and waits as well: a screen behind a balancer does not spin."""
    yc.wait_for("the store to be known", lambda: knows(other.admin, store))
    pickup(town, store)
    time.sleep(0.6)  # until the feed has told of it
    seen = town.admin.call(LIST, {"location": store})["seen"]
    reads = other.metric(READS)
    begun = time.monotonic()
    answer = other.admin.call(LIST, {"location": store, "seen": seen, "waitMs": 800})
    assert answer["unchanged"] is True and time.monotonic() - begun > 0.7
    assert other.metric(READS) == reads + 1
    # From here on it knows by the number alone.
    again = other.admin.call(LIST, {"location": store, "seen": answer["seen"], "waitMs": 200})
    assert again["unchanged"] is True
    assert other.metric(READS) == reads + 1
    # Asked by the one who told it first: the same.
    assert town.admin.call(LIST, {"location": store, "seen": again["seen"]})["unchanged"] is True


def test_what_is_older_is_answered_at_once(town, store):
    seen = town.admin.call(LIST, {"location": store})["seen"]
    orders = pickup(town, store)
    begun = time.monotonic()
    assert ids(town.admin.call(LIST, {"location": store, "seen": seen, "waitMs": WAITED * 1000})) == orders
    assert time.monotonic() - begun < WAITED / 2
    assert ids(town.admin.call(LIST, {"location": store, "seen": seen})) == orders


def test_pages_of_a_list_that_is_waited_for(town, store):
    """A screen of one row is woken by what its row becomes; further pages have no seen."""
    orders = pickup(town, store, 3)
    first = town.admin.call(LIST, {"location": store, "pageSize": 1})
    rest = town.admin.call(LIST, {"location": store, "pageSize": 1, "pageToken": first["nextPageToken"]})
    assert "seen" not in rest and set(ids(first) + ids(rest)) < set(orders)
    had = town.server.metric(WAITING)
    screens = [Screen(town.admin.with_key(town.admin.key), store,
                      town.admin.call(LIST, {"location": store, "pageSize": n})["seen"], pageSize=n)
               for n in (1, 2, 3)]
    waiting(town.server, had + 3)
    town.admin.call("StoreService/Accept", {"act": {
        "orderId": ids(first)[0], "fulfilment": 1, "ref": "a", "staff": "S1"}})
    for n, s in zip((1, 2, 3), screens):
        assert len(ids(s.wait())) == n
        assert ("nextPageToken" in s.answer) == (n < 3)


def test_a_deadline_before_the_wait(town, store):
    """A client's own time-out leaves it an answer, not an error."""
    seen = town.admin.call(LIST, {"location": store})["seen"]
    begun = time.monotonic()
    answer = town.admin.call(LIST, {"location": store, "seen": seen, "waitMs": 20000}, connect_timeout_ms="900")
    assert answer["unchanged"] is True and time.monotonic() - begun > 0.5


def test_refusals(town, store):
    seen = town.admin.call(LIST, {"location": store})["seen"]
    pickup(town, store, 2)
    token = town.admin.call(LIST, {"location": store, "pageSize": 1})["nextPageToken"]
    for more, reason, field in (
            ({"waitMs": -1}, "bad_field", "wait_ms"),
            ({"waitMs": 25001}, "bad_field", "wait_ms"),
            ({"waitMs": 100, "pageToken": token, "pageSize": 1}, "bad_field", "wait_ms"),
            ({"seen": seen, "pageToken": token, "pageSize": 1}, "bad_field", "seen"),
            ({"seen": "x"}, "bad_token", "seen"),
            ({"seen": seen, "state": "FULFILMENT_STATE_OFFERED"}, "bad_token", "seen"),
            ({"seen": seen, "pageSize": 7}, "bad_token", "seen"),
            ({"seen": seen, "location": "A2"}, "bad_token", "seen"),
            ({"seen": token, "pageSize": 1}, "bad_token", "seen"),
            ({"seen": seen[:-2] + "AA"}, "bad_token", "seen")):
        e = refused(town.admin, LIST, {"location": store, **more})
        assert (e.reason, e.field) == (reason, field), more


def test_a_limit_of_those_that_wait(town, service):
    (one,) = service(tasks_waiting_max=2)
    admin = one.login("admin")
    seen = admin.call(LIST, {"location": "A2"})["seen"]
    screens = [Screen(admin.with_key(admin.key), "A2", seen, 1500) for _ in range(2)]
    waiting(one, 2)
    e = refused(admin, LIST, {"location": "A2", "seen": seen, "waitMs": 1000})
    assert (e.status, e.reason, e.field, e.retry) == (429, "busy", "wait_ms", True)
    assert "tasks_waiting_max" in e.text
    admin.call(LIST, {"location": "A2"})  # but one may ask
    for s in screens:
        assert s.wait()["unchanged"] is True
    waiting(one, 0)


def test_a_drain_answers_all(town, service):
    """SIGTERM: everybody is told at once, and nobody's wait holds the process."""
    (one,) = service()
    admin = one.login("admin")
    seen = admin.call(LIST, {"location": "A2"})["seen"]
    screens = [Screen(admin.with_key(admin.key), "A2", seen) for _ in range(8)]
    waiting(one, 8)
    begun = time.monotonic()
    assert one.stop() == 0
    assert time.monotonic() - begun < WAITED / 2
    for s in screens:
        assert s.wait()["unchanged"] is True
        assert s.at - begun < WAITED / 2
    assert "drain took too long" not in one.log.read_text()


def test_a_client_that_goes_is_no_harm(town, store):
    """It is not noticed before its time; a change meanwhile goes nowhere."""
    seen = town.admin.call(LIST, {"location": store})["seen"]
    had = town.server.metric(WAITING)
    client = town.server.client(town.admin.key, timeout=0.3)
    with pytest.raises(OSError):
        client.call(LIST, {"location": store, "seen": seen, "waitMs": 1500})
    assert town.server.metric(WAITING) == had + 1
    pickup(town, store)
    yc.wait_for("its end", lambda: town.server.metric(WAITING) == had)
