"""`simulator provider` as a process of the tests: the stand-in for WeChat Pay, and its control side.  Desk queues calls
to it as payouts do; of its fixtures a module imports what it needs, STAND_IN are its options.
"""

import contextlib
import itertools
import json
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

import yc

SPLIT, UNFREEZE, RETURN, REFUND = 1, 2, 3, 4
QUEUED, SENT, UNDER_WAY, DONE, REFUSED = 1, 2, 3, 4, 5
PENDING, SUCCESS, CLOSED = 1, 2, 3
PARTIES = [("BRAND", 1, "品牌有限公司", "1000"), ("D1", 2, "一号经销商", "2001"), ("D2", 2, "二号经销商", "2002"),
           ("D3", 2, "三号经销商", "2003"), ("NONAME", 2, "", "2004")]


class StandIn:
    """One stand-in; settings() is what makes a service use it.  Its books are kept over restarts."""

    def __init__(self, folder, merchant="1000", **options):
        self.folder = folder
        self.options = {"merchant-number": merchant, "book": folder / "book", "settle-s": 0, **options}
        self.port = yc.free_port()
        self.process = None
        self.printed = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        flags = []
        for name, value in self.options.items():
            flags += ["--" + name, str(value)]
        self.process = subprocess.Popen(
            [str(yc.SIMULATOR), "provider", "--dir", str(self.folder), "--listen", f"127.0.0.1:{self.port}", *flags],
            stdout=subprocess.PIPE, stderr=open(self.folder / "log", "ab"), stdin=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline().startswith("ready "), (self.folder / "log").read_text()
        # Its books come when it ends: somebody must read them.
        threading.Thread(target=lambda out=self.process.stdout: self.printed.append(out.read()), daemon=True).start()
        return self

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def kill9(self):
        self.process.kill()
        self.process.wait(20)
        self.process = None

    def text(self, name):
        return (self.folder / name).read_text().strip()

    def settings(self, **more):
        return {"wechat_url": self.url, "wechat_mchid": self.text("merchant_number"), "wechat_appid": "wx0000000000000001",
                "wechat_serial": self.text("merchant_serial"), "wechat_key_file": self.folder / "merchant_key.pem",
                "wechat_platform_key_file": self.folder / "platform_pub.pem",
                "wechat_platform_serial": self.text("platform_serial"), "wechat_private_allowed": "on",
                "wechat_http_allowed": "on", "wechat_poll_ms": "20ms", "wechat_timeout_ms": "2s", **more}

    def control(self, what, body=None):
        """POST /control/what, or GET without a body; its JSON."""
        data = None if body is None else json.dumps(body).encode()
        q = urllib.request.Request(f"{self.url}/control/{what}", data, {"content-type": "application/json"})
        try:
            with contextlib.closing(urllib.request.urlopen(q, timeout=20)) as r:
                return json.loads(r.read() or b"{}")
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{what} {body}: {e.code} {e.read()}") from None

    def fault(self, name, count=1, path="/v3", **more):
        """The next ${count} requests under path meet it."""
        self.control("faults", {"next": name, "count": count, "path": path, **more})

    def books(self, payment=None):
        return self.control("books" + (f"?transaction_id={payment}" if payment else ""))

    def payment(self, payment):
        (got,) = self.books(payment)["transactions"]
        return got

    def splits(self, payment, kind="split"):
        return [s for s in self.payment(payment)["splits"] if s["kind"] == kind]


class Desk:
    """Pays orders at the stand-in, queues calls, looks what became of them."""

    _numbers = itertools.count(1)

    def __init__(self, database, standin):
        self.database = database
        self.standin = standin
        for code, kind, name, number in PARTIES:
            database.sql("insert into party (code, kind, name, provider, merchant_number, fee_bps) "
                         "values (%s, %s, %s, 1, %s, 60)", (code, kind, name, number))
        self.party = dict(database.sql("select code, party_id from party"))

    def pay(self, fen=100000, payer="BRAND", **more):
        number = f"42000{next(self._numbers):09}"
        merchant = {p[0]: p[3] for p in PARTIES}[payer]
        self.standin.control("payments", {"transaction_id": number, "sub_mchid": merchant, "amount": fen,
                                          "fee": (fen * 60 + 5000) // 10000, "out_trade_no": "o" + number, **more})
        self.database.sql("insert into payment (provider, number, order_id, dealer_id, amount_fen, paid_at, outcome) "
                          "values (1, %s, gen_random_uuid(), %s, %s, now(), 1)", (number, self.party[payer], fen))
        # What the books have of it: a collector by this.  The sealer's batches count from 1.
        self.database.sql("insert into entry select least(min(batch_no), 0) - 1, 1, gen_random_uuid(), 1, 1, %s, 1, "
                          "(1::int8 << 55) | (1::int8 << 50) | (%s::int8 << 25), %s, 0, 202601, now(), now() from entry",
                          (self.party[payer], self.party[payer], fen))
        return number

    def call(self, kind, payment, items, number=None, payer="BRAND", split=None, total=0, wait_s=0, deadline_d=20):
        """items: (party code or openid, fen); the number."""
        number = number or f"T{next(self._numbers)}"
        merchants = {p[0]: p[3] for p in PARTIES}
        self.database.sql(
            "with c as (insert into provider_call (number, kind, provider, collector_id, order_id, payment_number, "
            "split_number, fen, total_fen, state, deadline, next_at, made_at) values (%s, %s, 1, %s, gen_random_uuid(), "
            "%s, %s, %s, %s, 1, now() + %s * interval '1 day', now() + %s * interval '1 s', now())) "
            "insert into provider_call_item (number, item_no, party_id, receiver, personal, fen) "
            "select %s, * from unnest(%s::int2[], %s::int4[], %s::text[], %s::bool[], %s::int8[])",
            (number, kind, self.party[payer], payment, split, sum(fen for _, fen in items), total, deadline_d, wait_s,
             number, list(range(1, len(items) + 1)), [self.party.get(w, self.party["D1"]) for w, _ in items],
             [merchants.get(w, w) for w, _ in items], [w not in merchants and w != "" for w, _ in items],
             [fen for _, fen in items]))
        return number

    def split(self, payment, *items, **more):
        return self.call(SPLIT, payment, items, **more)

    def state(self, number):
        return self.database.sql("select state from provider_call where number = %s", (number,))[0][0]

    def items(self, number):
        return [(r, why or "") for r, why in self.database.sql(
            "select result, fail_reason from provider_call_item where number = %s order by item_no", (number,))]

    def ended(self, number, seconds=15):
        yc.wait_for(f"{number} to end", lambda: self.state(number) >= DONE, seconds)
        return self.items(number)

    def paid(self, payment):
        """{account: fen} of the splits that went through, and how often money moved for each number at most."""
        out, effects = {}, 0
        for s in self.standin.splits(payment):
            effects = max(effects, s["effects"])
            for r in s["receivers"]:
                if r["result"] == "SUCCESS":
                    out[r["account"]] = out.get(r["account"], 0) + r["amount"]
        return out, effects


@pytest.fixture(scope="module")
def database(cluster, request):
    """Without an audit at the end: there are calls here, and no orders."""
    d = cluster.database("t_" + request.module.__name__)
    d.migrate()
    return d


@pytest.fixture(scope="module")
def standin(tmp_path_factory, request):
    s = StandIn(tmp_path_factory.mktemp("provider"), **getattr(request.module, "STAND_IN", {})).start()
    yield s
    s.stop()


@pytest.fixture(scope="module")
def desk(database, standin):
    return Desk(database, standin)


def begin(instance, failpoint=None):
    """The dead one's lease would run out by itself; the tests do not wait for that each time."""
    instance.database.sql("delete from provider_worker")
    instance.env.pop("YC_FAILPOINT", None)
    if failpoint:
        instance.env["YC_FAILPOINT"] = failpoint
    instance.start(ready=False)


def died(instance):
    """By its failpoint; false: it lives."""
    if instance.process.poll() is None:
        return False
    assert instance.process.returncode == -9, instance.tail()
    instance.process = None
    return True
