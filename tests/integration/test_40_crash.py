"""Killed in the middle of the load: every acknowledged order and payment is there exactly once, nothing contradicts."""
import collections
import http.client
import threading
import time

import pytest

import yc

BUYERS = 16


class Load:
    """Buyers that send orders until told to stop; a lost or doubtful reply is sent again, the same.

    Every other order is paid at once, the others when they are there."""

    def __init__(self, town, instances, key, sku):
        self.town = town
        self.clients = [yc.Client(i.url, key, timeout=20) for i in instances]
        self.instances = instances
        self.reconnects_before = self.reconnects()
        self.sku = sku
        self.acknowledged = collections.defaultdict(set)  # reference → order ids answered
        self.paid = collections.defaultdict(set)  # the same → (order, outcome) of its payment
        self.retries = 0
        self.surprises = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._buyer, args=(i,)) for i in range(BUYERS)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for t in self.threads:
            t.join()

    def count(self):
        with self.lock:
            return len(self.acknowledged)

    def wait_for(self, more):
        """That many orders more than there are."""
        want = self.count() + more
        yc.wait_for(f"{want} orders", lambda: self.count() >= want, 60)

    def _buyer(self, i):
        n = 0
        while not self.stopping.is_set():
            n += 1
            ref = f"load-{self.sku}-{i}-{n}"
            body = self.town.order(self.sku, ref=ref)
            payment = self.town.payment(19900, number=ref)
            if n % 2:
                body["payment"] = payment
            answer = self._until_answered(i + n, "SubmitOrder", body)
            if answer is None:
                continue
            with self.lock:
                self.acknowledged[ref].add(answer["orderId"])
            if n % 2:
                continue
            paid = self._until_answered(i, "ConfirmPayment",
                                        {"orderId": answer["orderId"], "payment": payment})
            if paid is not None:
                with self.lock:
                    self.paid[ref].add((paid["orderId"], paid["outcome"]))

    def _until_answered(self, at, method, body):
        """What was begun is seen to its end, however often the reply is lost; its answer."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            at += 1
            try:
                return self.clients[at % len(self.clients)].call("OrderService/" + method, body)
            except yc.RpcError as e:
                if not e.retry:
                    with self.lock:
                        self.surprises.append(e)
                    return None
            except (OSError, http.client.HTTPException):  # the connection died, or nobody listens yet
                pass
            with self.lock:
                self.retries += 1
            time.sleep(0.05)
        with self.lock:
            self.surprises.append(AssertionError(f"{method} {body}: never answered"))
        return None

    def reconnects(self):
        """Database connections that the services had to open again."""
        return sum(i.metric("yuncang_db_reconnects_total") for i in self.instances)

    def check(self):
        """Acknowledged: stored once, under that id.  Stored: all of it, and the audit is clean."""
        assert not self.surprises, self.surprises[:3]
        assert self.retries > 0 or self.reconnects() > self.reconnects_before, "the crash was not felt: no test of anything"
        assert all(len(ids) == 1 for ids in self.acknowledged.values())
        stored = self.town.database.sql(
            "select order_ref, order_id::text from sales_order where order_ref like %s",
            (f"load-{self.sku}-%",))
        assert len(stored) == len(dict(stored))
        assert dict(stored) == {ref: next(iter(ids)) for ref, ids in self.acknowledged.items()}
        taken = self.town.database.sql(
            "select reserved + allocated from stock_level join sku using (sku_id) where code = %s",
            (self.sku,))
        assert taken == [(len(stored),)]
        self.check_payments()
        assert " 0 violations" in self.town.database.audit()

    def check_payments(self):
        """Confirmed: opened, stored once under its number, booked once; nothing else is."""
        assert self.paid and all(len(x) == 1 for x in self.paid.values())
        answered = {ref: next(iter(x)) for ref, x in self.paid.items()}
        assert {outcome for _, outcome in answered.values()} == {"PAYMENT_OUTCOME_OPENED"}
        stored = self.town.database.sql(
            "select p.number, p.order_id::text, p.outcome, o.mark, (select count(*) from journal j "
            "where j.object_id = p.order_id and j.event = 1) from payment p join sales_order o using (order_id) "
            "where p.number like %s and o.pay_by is not null", (f"load-{self.sku}-%",))
        assert {row[0]: row[1:] for row in stored} == \
            {ref: (order, 1, 0, 1) for ref, (order, _) in answered.items()}


@pytest.fixture(scope="module")
def instances(service, server, town):
    return [server, *service(1)]


def load_of(town, instances, admin):
    sku = town.sku({"SITE": 1000000})
    for i in instances:
        c = i.client(admin.key)
        yc.wait_for("the sku everywhere", lambda c=c: has_options(c, town.basket(sku)))
    return Load(town, instances, admin.key, sku)


def has_options(client, basket):
    try:
        return client.call("OrderService/Quote", {"basket": basket}).get("options")
    except yc.RpcError:
        return None


def test_service_killed(town, instances, admin):
    """kill -9 of one instance after the other, three times, under load."""
    with load_of(town, instances, admin) as load:
        for n in range(4):
            load.wait_for(150)
            instances[n % 2].restart(kill=True)
        load.wait_for(150)
    load.check()


def test_database_killed(town, instances, admin, cluster):
    """PostgreSQL ended at once and recovered, twice, under load; the services live on."""
    with load_of(town, instances, admin) as load:
        for _ in range(2):
            load.wait_for(150)
            cluster.restart("immediate")
        load.wait_for(150)
    assert all(i.alive() for i in instances)
    load.check()


def test_connections_cut(town, instances, admin):
    """Every connection of the services ended by the server, again and again: the batch runs on another."""
    with load_of(town, instances, admin) as load:
        for _ in range(5):
            load.wait_for(60)
            town.database.sql("select pg_terminate_backend(pid) from pg_stat_activity "
                              "where datname = current_database() and pid <> pg_backend_pid()")
        load.wait_for(60)
    assert all(i.alive() for i in instances)
    load.check()


def test_both_killed(town, instances, admin, cluster):
    """The whole machine, as it were: services and database at once, under load."""
    with load_of(town, instances, admin) as load:
        load.wait_for(200)
        for i in instances:
            i.kill9()
        cluster.restart("immediate")
        for i in instances:
            i.start()
        load.wait_for(100)
    load.check()


def test_drain_loses_nothing(town, instances, admin):
    """SIGTERM under load: what was begun is answered; status 0."""
    with load_of(town, instances, admin) as load:
        load.wait_for(100)
        assert instances[1].stop() == 0
        load.wait_for(50)
        instances[1].start()
        load.wait_for(50)
    load.check()
