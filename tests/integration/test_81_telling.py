"""Telling the world over crashes, with several instances, over TLS, and not to where it must not go; and forgetting."""
import ipaddress
import ssl
import subprocess
import threading
import time

import pytest

import yc
from receiver import receiving
from test_80_webhooks import DEAD, PATIENCE, SETTINGS, UPSERT, Hook, buy, events_of
from town import Town, refused

CLOSED = {**SETTINGS, "webhook_private_allowed": "off"}


@pytest.fixture(scope="module")
def server(service):
    return service(**SETTINGS)[0]


@pytest.fixture(scope="module")
def second(service, server, town):
    return service(**SETTINGS)[0]


@pytest.fixture
def alone(server, second, service):
    """alone(**settings): an instance with other settings, while those of the module are down."""
    made = []

    def make(**settings):
        for i in (server, second):
            i.stop()
        made.append(service(**settings)[0])
        return made[-1]
    yield make
    for i in made:
        i.stop()
    for i in (server, second):
        if not i.alive():
            i.start()


def of(town, instance):
    """The town through another instance."""
    return Town(instance, town.database, instance.client(town.admin.key))


def known(town, sku):
    """Until this instance's catalog has the sku with stock."""
    def look():
        try:
            return town.quote(sku).get("options")
        except yc.RpcError:
            return None
    yc.wait_for(f"{sku} at {town.server.url}", look)


@pytest.fixture(autouse=True)
def no_endpoints(server, town):
    """Each test has only its own."""
    town.database.sql("update webhook_endpoint set state = 3")


def test_two_instances_send_once(town, admin, second):
    """While nobody fails, one event is one delivery, whoever moves it and whoever sends it."""
    other = of(town, second)
    with receiving() as a, receiving() as b, receiving() as c:
        hooks = [Hook(admin, r, concurrency=n) for r, n in ((a, 1), (b, 4), (c, 16))]
        sku = town.sku({"SITE": 200})
        known(other, sku)
        sold = []

        def sell(i):
            sold.extend(buy((town, other)[i % 2], 10, sku=sku))
        yc.at_once(4, sell)
        assert len(sold) == 40
        events = events_of(town, sold)
        for h in hooks:
            h.wait(events, 30)
            h.wait_idle()
            assert len(h.receiver.ids()) == len(set(h.receiver.ids()))
        assert a.ids() == list(events) and a.most_open == 1
        for h in hooks:
            h.disable()


def test_killed_in_the_middle(town, admin, server, second):
    """kill -9 of whoever sends, again and again: every event arrives, in order at its first time, none is forged."""
    with receiving(lambda d: time.sleep(0.01) or 204) as r:
        h = Hook(admin, r)
        sku = town.sku({"SITE": 100000})
        known(of(town, second), sku)
        stop = threading.Event()
        sold, failed = [], []

        def sell():
            n = 0
            while not stop.is_set():
                n += 1
                order = town.order(sku, ref=f"killed-{sku}-{n}", payment=town.payment(19900))
                while True:
                    client = (server, second)[n % 2].client(admin.key)
                    try:
                        sold.append(client.call("OrderService/SubmitOrder", order))
                        break
                    except yc.RpcError as e:
                        if not e.retry:
                            failed.append(e)
                            return
                    except OSError:
                        n += 1
                        time.sleep(0.02)
                time.sleep(0.005)
        seller = threading.Thread(target=sell)
        seller.start()
        try:
            for victim in (server, second, server):
                want = len(r.got) + 30
                yc.wait_for("deliveries", lambda want=want: len(r.got) >= want, 30)
                victim.restart(kill=True)
        finally:
            stop.set()
            seller.join()
        assert not failed, failed
        events = events_of(town, sold)
        h.wait(events, 60)
        h.wait_idle(30)
        firsts = list(dict.fromkeys(r.ids()))
        assert [e for e in firsts if e in events] == list(events)
        assert all(d.verified == [True] for d in r.got) and not h.dead()
        # What was told twice was under way, or not yet written, when somebody was killed.
        assert len(r.got) - len(firsts) <= 3 * 40
        h.disable()


def test_stopped_hands_over(town, admin, server, second):
    """An instance that ends gives its leases back: nothing is told twice, and nobody waits for a lease to run out."""
    with receiving(lambda d: time.sleep(0.02) or 204) as r:
        h = Hook(admin, r)
        sold = buy(town, 10)
        for i in (server, second):
            i.restart()
        sold += buy(town, 5)
        events = events_of(town, sold)
        h.wait(events)
        h.wait_idle()
        assert r.ids() == list(events)
        h.disable()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_private_addresses_are_refused(town, alone, host):
    """However they are written, and by what a name turns out to be."""
    here = of(town, alone(**CLOSED))
    with receiving() as r:
        h = Hook(here.admin, r, url=f"http://{host}:{r.port}/hook")
        events = events_of(town, buy(here))
        yc.wait_for("dead letters", lambda: len(h.dead()) == len(events), PATIENCE)
        assert r.got == []
        errors = {x["error"] for x in h.dead()}
        assert errors == {"permission_denied: not a public address"}
        h.disable()


def test_http_only_when_allowed(town, alone):
    """At registering, and at sending: what was allowed once may not be any more."""
    with receiving() as r:
        h = Hook(town.admin, r)
        here = of(town, alone(**{**SETTINGS, "webhook_http_allowed": "off"}))
        h.admin = here.admin
        e = refused(here.admin, UPSERT, {"endpoint": {"code": "plain", "url": r.url}})
        assert (e.reason, e.field, e.text) == ("bad_field", "endpoint.url", "must begin with https://")
        events = events_of(town, buy(here))
        yc.wait_for("dead letters", lambda: len(h.dead()) == len(events), PATIENCE)
        assert r.got == []
        assert here.admin.call(DEAD, {"endpoint": h.code})["letters"][0]["error"].startswith("bad_field")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two self-signed certificates for 127.0.0.1, and one for another name: (certificate, server context)."""
    folder = tmp_path_factory.mktemp("tls")
    made = []
    for i, name in enumerate(("IP:127.0.0.1", "IP:127.0.0.1", "DNS:example.org")):
        cert, key = folder / f"{i}.pem", folder / f"{i}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-subj", f"/CN=test {i}", "-addext", f"subjectAltName={name}", "-days", "2",
                        "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=60)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        made.append((cert, context))
    trusted = folder / "trusted.pem"
    trusted.write_text(made[0][0].read_text() + made[2][0].read_text())
    return trusted, [c for _, c in made]


def test_tls_is_verified(town, alone, certificates):
    """A certificate that is trusted and of this name; not another's, not for another name."""
    trusted, (good, unknown, other_name) = certificates
    here = of(town, alone(**SETTINGS, webhook_ca_file=trusted))
    with receiving(context=good) as a, receiving(context=unknown) as b, receiving(context=other_name) as c:
        hooks = [Hook(here.admin, r) for r in (a, b, c)]
        events = events_of(town, buy(here))
        hooks[0].wait(events)
        for h in hooks[1:]:
            yc.wait_for("dead letters", lambda h=h: len(h.dead()) == len(events), PATIENCE)
            assert h.receiver.got == []
            assert all(x["error"].startswith("io: SSL") for x in h.dead()), h.dead()
        assert all(d.verified == [True] for d in a.got)


def test_addresses_of_the_test_are_what_they_claim():
    """2130706433 is 127.0.0.1 written as one number."""
    assert ipaddress.ip_address(2130706433) == ipaddress.ip_address("127.0.0.1")


def test_backlog_is_bounded(town, alone):
    """Who has more waiting than it may is disabled, and what waits is not lost."""
    here = of(town, alone(**{**SETTINGS, "webhook_backlog_max": 100}))
    with receiving() as r:
        h = Hook(here.admin, r, state="WEBHOOK_STATE_PAUSED")
        sku = here.sku({"SITE": 60})
        sold = tuple(o["orderId"] for o in buy(here, 55, sku=sku))
        yc.wait_for("disabled", lambda: h.state()["state"] == "WEBHOOK_STATE_DISABLED", PATIENCE)
        assert h.state()["why"] == "too many deliveries wait" and h.waiting() > 100
        moved = town.database.sql("select event_id::text from event_log where order_id::text in %s "
                                  "order by position", (sold,))
        assert len(moved) == h.waiting()
        h.put(state="WEBHOOK_STATE_ACTIVE")
        h.wait({e for e, in moved})


def test_lanes_change_without_losing_order(town, admin):
    """Concurrency changed while things wait: after a pause all come, of each order in their order."""
    with receiving(lambda d: time.sleep(0.01) or 204) as r:
        h = Hook(admin, r, concurrency=1)
        sold = buy(town, 8)
        h.put(concurrency=8)
        sold += buy(town, 8)
        h.put(concurrency=3)
        events = events_of(town, sold)
        h.wait(events)
        h.wait_idle()
        for order in sold:
            mine = [e for e, (_, o) in events.items() if o == order["orderId"]]
            came = [i for i in dict.fromkeys(r.ids()) if i in mine]
            assert came == mine
        h.disable()


def test_contacts_are_erased_in_time(town, alone):
    """Behind retention_days; events, journal, order and a younger order's contact stay."""
    database = town.database
    here = of(town, alone(**SETTINGS, retention_days=2, retention_poll_ms="50ms", clock_may_move="on",
                          dead_letter_days=1))
    old = buy(here, 3)
    with receiving(lambda d: 500) as r:
        h = Hook(here.admin, r)
        young_events = events_of(town, buy(here))
        yc.wait_for("dead letters", lambda: len(h.dead()) == len(young_events), PATIENCE)
        h.disable()
    kept = {t: database.sql(f"select count(*) from {t}") for t in ("journal", "event_log", "sales_order")}

    def contacts(orders):
        return database.sql("select count(*) from contact where order_id::text in %s",
                            (tuple(o["orderId"] for o in orders),))[0][0]
    here.admin.call("AdminService/MoveClock", {"byMs": str(int(1.9 * 86400e3))})
    young = buy(here)
    time.sleep(0.3)
    assert contacts(old) == 3
    before = here.server.metric("yuncang_contacts_erased_total")
    here.admin.call("AdminService/MoveClock", {"byMs": str(int(0.2 * 86400e3))})
    yc.wait_for("the contacts to go", lambda: contacts(old) == 0)
    assert contacts(young) == 1
    assert here.server.metric("yuncang_contacts_erased_total") >= before + 3
    assert "contacts erased" in here.server.log.read_text()
    for table, count in kept.items():
        assert database.sql(f"select count(*) from {table}") >= count
    order = here.get(old[0])
    assert order["orderRef"] == old[0]["orderRef"] and "王小明" not in str(order)
    # A dead letter's age is the database's, not the moved clock's: it is there still.
    assert h.dead()
    database.sql("update webhook_dead set died_at = died_at - interval '25 hours'")
    yc.wait_for("old dead letters to go", lambda: not h.dead())
