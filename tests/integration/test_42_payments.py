"""Payments in groups: whatever meets in one commit, each hears its own outcome, and nothing is booked twice."""
import contextlib
import threading

import psycopg2
import pytest

import yc
from test_30_race import split
from town import refused, total

OPENED, REDECIDED, SECOND = ("PAYMENT_OUTCOME_" + x for x in ("OPENED", "REDECIDED", "SECOND"))


@pytest.fixture(scope="module")
def slow(service, town, admin):
    """An instance with one connection for commits, which releases no expired orders itself."""
    [i] = service(db_batch_connections=1, expiry_poll_ms=60000, feed_poll_ms=50)
    return i, i.client(admin.key).wait_known()


class Sent:
    """Calls that run in threads; their answers or errors by name, once all are done."""

    def __init__(self, client):
        self.client = client
        self.answers = {}
        self.threads = []

    def pay(self, name, order, payment):
        def work():
            try:
                self.answers[name] = self.client.call("OrderService/ConfirmPayment", {
                    "orderId": order["orderId"], "payment": payment})
            except Exception as e:  # the test looks at it
                self.answers[name] = e
        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()

    def wait(self):
        for t in self.threads:
            t.join()
        return self.answers

    def outcome(self, name):
        answer = self.answers[name]
        return answer["outcome"] if isinstance(answer, dict) else answer.reason


@contextlib.contextmanager
def held(town, slow):
    """The instance's one connection waits for a row that we hold: payments sent meanwhile queue."""
    instance, client = slow
    order = town.submit(town.sku({"SITE": 1}))
    before = instance.metric("yuncang_pay_batches_total")
    with contextlib.closing(psycopg2.connect(town.database.url)) as c, c.cursor() as q:
        q.execute("select from sales_order where order_id = %s for update", (order["orderId"],))
        sent = Sent(client)
        sent.pay("holder", order, town.payment(total(order)))
        yc.wait_for("the group that waits", lambda: instance.metric("yuncang_pay_batches_total") > before)
        yield sent
        c.rollback()
    sent.wait()
    assert sent.outcome("holder") == OPENED


def queued(instance, count):
    yc.wait_for(f"{count} queued", lambda: instance.metric("yuncang_pay_batch_queue") == count)


def expire(town, order):
    town.database.sql("update sales_order set pay_by = now() - interval '1 minute' where order_id = %s",
                      (order["orderId"],))
    yc.wait_for("expiry", lambda: town.get(order)["state"] == "ORDER_STATE_CANCELLED")


def books(town, order):
    """(payments, journal rows of E1, reserved, allocated of its one line) as stored."""
    return town.database.sql(
        "select (select count(*) from payment p where p.order_id = o.order_id),"
        " (select count(*) from journal j where j.object_id = o.order_id and j.event = 1),"
        " s.reserved, s.allocated from sales_order o"
        " join stock_level s on s.sku_id = o.line_sku[1] where o.order_id = %s", (order["orderId"],))[0]


def test_all_kinds_in_one_group(town, slow):
    """Good ones, one expired, one order paid twice, and numbers and orders that another instance took first."""
    instance = slow[0]
    orders = {k: town.submit(town.sku({"SITE": 3})) for k in (
        *(f"good {n}" for n in range(12)), "expired", "twins", "repeat", "taken", "other", "paid elsewhere")}
    payments = {k: town.payment(total(o)) for k, o in orders.items()}
    before = instance.metric("yuncang_pay_batches_total")
    with held(town, slow) as sent:
        for name, order in orders.items():
            if name not in ("other", "twins"):
                sent.pay(name, order, payments[name])
        for n in range(4):
            sent.pay(f"twin {n}", orders["twins"], town.payment(total(orders["twins"])))
        queued(instance, len(orders) + 2)
        sent.pay("wrong amount", orders["other"], town.payment(total(orders["other"]) + 1))
        sent.pay("unknown", {"orderId": yc.NO_ORDER}, town.payment(1))
        yc.wait_for("what needs no commit", lambda: len(sent.answers) == 2)
        # The other instance is not held: it is first.
        expire(town, orders["expired"])
        town.pay(orders["repeat"], payment=payments["repeat"])
        town.pay(orders["other"], payment=payments["taken"])
        town.pay(orders["paid elsewhere"])
    assert instance.metric("yuncang_pay_batches_total") == before + 2  # the holder's, and all of these
    assert instance.metric("yuncang_pay_batch_splits_total") == 0
    outcome = {k: sent.outcome(k) for k in sent.answers}
    assert {outcome[k] for k in outcome if k.startswith("good")} == {OPENED}
    assert (outcome["expired"], outcome["repeat"], outcome["taken"], outcome["paid elsewhere"]) == \
        (REDECIDED, OPENED, "exists_differs", SECOND)
    assert sorted(outcome[f"twin {n}"] for n in range(4)) == [OPENED, SECOND, SECOND, SECOND]
    assert (outcome["wrong amount"], outcome["unknown"]) == ("amount_differs", "not_found")
    expected = dict.fromkeys(orders, (1, 1, 0, 1))
    expected.update({"twins": (4, 4, 0, 1), "paid elsewhere": (2, 2, 0, 1), "taken": (0, 0, 1, 0)})
    assert {k: books(town, o) for k, o in orders.items()} == expected
    # Nothing is left of what lost: the order whose payment's number was taken can be paid under another.
    assert town.pay(orders["taken"])["outcome"] == OPENED


def test_two_numbers_for_one_order_in_one_group(town, slow):
    """The first one's number was another order's meanwhile: that payment stays, the second number opens the order."""
    order, other = (town.submit(town.sku({"SITE": 1})) for _ in range(2))
    taken, fresh = sorted((town.payment(total(order)) for _ in range(2)), key=lambda p: p["number"])
    with held(town, slow) as sent:
        sent.pay("taken", order, taken)
        queued(slow[0], 1)
        sent.pay("fresh", order, fresh)
        queued(slow[0], 2)
        assert town.pay(other, payment=taken)["outcome"] == OPENED
    assert (sent.outcome("taken"), sent.outcome("fresh")) == ("exists_differs", OPENED)
    assert slow[0].metric("yuncang_pay_batch_splits_total") == 0
    assert books(town, order) == books(town, other) == (1, 1, 0, 1)


def test_equal_numbers_at_once(town, slow):
    """200 deliveries of one event, over two instances: one payment, 200 equal answers."""
    instance, client = slow
    order = town.submit(town.sku({"SITE": 1}))
    body = {"orderId": order["orderId"], "payment": town.payment(total(order))}
    reads = instance.metric("yuncang_pay_read_payments_total")
    results = []
    with held(town, slow) as sent:
        sent.pay("first", order, body["payment"])
        queued(instance, 1)
        sender = threading.Thread(target=lambda: results.extend(yc.at_once(
            199, lambda i: (town.admin, client)[i % 2].call("OrderService/ConfirmPayment", body))))
        sender.start()
        yc.wait_for("all of them", lambda: instance.metric("yuncang_http_connections") >= 100)
    sender.join()
    results.append(sent.answers["first"])
    answers, reasons = split(results)
    assert not reasons and len(answers) == 200
    assert {a["outcome"] for a in answers} == {OPENED}
    assert books(town, order) == (1, 1, 0, 1)
    # They waited for the first one, each instance for its own.
    assert instance.metric("yuncang_pay_read_payments_total") - reads < 100


def test_one_number_for_two_orders_at_once(town, slow):
    """They do not share an outcome: one is paid, the other one hears that the number is taken."""
    orders = [town.submit(town.sku({"SITE": 1})) for _ in range(2)]
    payment = town.payment(total(orders[0]))
    with held(town, slow) as sent:
        for n in range(8):
            sent.pay(n, orders[n % 2], payment)
        queued(slow[0], 1)
    outcomes = [sent.outcome(n) for n in range(8)]
    assert sorted(set(outcomes)) == sorted([OPENED, "exists_differs"])
    first = outcomes.index(OPENED)
    assert outcomes == [OPENED if n % 2 == first else "exists_differs" for n in range(8)]
    assert sorted(books(town, o) for o in orders) == [(0, 0, 1, 0), (1, 1, 0, 1)]


def test_another_key_asks_for_itself(town, slow):
    """Who may not see the order does not hear it from the one that waits before him."""
    instance = slow[0]
    order = town.submit(town.sku({"SITE": 1}), storefront="F-C1")
    stranger = instance.login("storefront", "storefront:F-A1")
    body = {"orderId": order["orderId"], "payment": town.payment(total(order))}
    with held(town, slow) as sent:
        sent.pay("first", order, body["payment"])
        queued(instance, 1)
        errors = []
        asks = threading.Thread(target=lambda: errors.append(
            refused(stranger, "OrderService/ConfirmPayment", body)))
        asks.start()
    asks.join()
    assert sent.outcome("first") == OPENED
    assert errors[0].reason == "not_found"


def test_expiry_and_payments_at_once(town, service, admin):
    """Payments at the moment their orders expire, at two instances that release them: one of the two is first."""
    clients = [i.client(admin.key).wait_known() for i in service(2, expiry_poll_ms=50)]
    sku = town.sku({"SITE": 500})
    orders = [town.submit(sku) for _ in range(60)]
    payments = [town.payment(total(o)) for o in orders]
    town.database.sql("update sales_order set pay_by = now() + (random() * 0.3) * interval '1 second' "
                      "where order_id = any(%s::uuid[])", ([o["orderId"] for o in orders],))
    answers, reasons = split(yc.at_once(120, lambda i: clients[i % 2].call("OrderService/ConfirmPayment", {
        "orderId": orders[i // 2]["orderId"], "payment": payments[i // 2]})))
    assert not reasons, reasons
    assert {a["outcome"] for a in answers} <= {OPENED, REDECIDED}
    by_order = {}
    for a in answers:
        by_order.setdefault(a["orderId"], set()).add(a["outcome"])
    assert len(by_order) == 60 and all(len(o) == 1 for o in by_order.values())
    assert town.database.sql("select reserved, allocated from stock_level join sku using (sku_id) where code = %s",
                             (sku,)) == [(0, 60)]
    rows = town.database.sql("select count(*) from payment where order_id = any(%s::uuid[])",
                             ([o["orderId"] for o in orders],))
    assert rows == [(60,)]


def test_a_full_queue_says_so(town, service, admin):
    """Beyond batch_queue_max a payment is refused at the door, and may be sent again."""
    [i] = service(db_batch_connections=1, batch_queue_max=3)
    slow = (i, i.client(admin.key).wait_known())
    orders = [town.submit(town.sku({"SITE": 1})) for _ in range(4)]
    payments = [town.payment(total(o)) for o in orders]
    with held(town, slow) as sent:
        for n in range(3):
            sent.pay(n, orders[n], payments[n])
        queued(i, 3)
        e = refused(slow[1], "OrderService/ConfirmPayment",
                    {"orderId": orders[3]["orderId"], "payment": payments[3]})
        assert (e.code, e.reason, e.retry) == ("resource_exhausted", "busy", True)
    assert [sent.outcome(n) for n in range(3)] == [OPENED] * 3
    assert town.pay(orders[3], payment=payments[3])["outcome"] == OPENED


@pytest.fixture(scope="module", autouse=True)
def audited(town):
    yield
    assert " 0 violations" in town.database.audit()
