"""yuncang call: one method from a shell; and finance's month as the man page tells it, command by command."""
import datetime
import hashlib
import http.server
import json
import re
import subprocess
import threading

import pytest

import yc
from bills import Bill, day_of
from test_82_acts import act
from town import BRAND, DEALER_1, SHIP, Town, total

GET, LIST = "OrderService/GetOrder", "FinanceService/ListProposals"


@pytest.fixture(scope="module")
def server(service):
    return service(clock_may_move="on", timer_poll_ms="100ms", settle_poll_ms="50ms", seal_poll_ms="50ms",
                   recon_poll_ms="1h", payout_prepare_ms=0, approval_min_fen=1)[0]


@pytest.fixture(scope="module")
def town(server, database):
    t = Town(server, database, server.login("admin"))
    t.load()
    return t


@pytest.fixture
def call(server, database):
    """call(args…, key=…): the finished process; the service is found by the settings."""
    keys = {}

    def run(*args, role="finance", key=None, **more):
        if key is None and role is not None:
            key = keys.get(role) or keys.setdefault(role, server.login(role).key)
        env = {"YUNCANG_LISTEN": f"127.0.0.1:{server.port}", **({"YUNCANG_KEY": key} if key else {})}
        return yc.run("call", *args, env=env, check=False, **more)
    return run


def said(done, *words):
    """Refused, with one line on stderr that has the words."""
    assert (done.returncode, done.stdout) == (1, ""), done
    (line,) = done.stderr.splitlines()
    assert line.startswith("yuncang call: " + words[0] + ": "), line
    for word in words[1:]:
        assert word in line, line
    return line


def test_the_answer_is_what_the_service_says(call, town):
    order = town.submit(town.sku({"SITE": 5}), way=SHIP)
    ask = json.dumps({"orderId": order["orderId"]})
    want = town.get(order)
    for args, more in (([GET, ask], {}), (["yuncang.v1." + GET, ask], {}), ([GET, "-"], {"input": ask}),
                       (["--timeout", "20s", GET, json.dumps({"order_id": order["orderId"]})], {})):
        done = call(*args, **more)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") == 1
        assert json.loads(done.stdout)["order"] == want


def test_without_a_request_it_is_empty(call):
    assert json.loads(call(LIST).stdout) == {}


def test_list_is_the_method_table(call):
    """As much of it as `buf build` knows is checked in test_62_roles.py against the same rows."""
    rows = [line.split() for line in call("--list", role=None).stdout.splitlines()]
    assert {len(r) for r in rows} == {3}
    table = {name: (roles.split(","), scope) for name, roles, scope in rows}
    assert table["OrderService/SubmitOrder"] == (["storefront", "admin"], "storefront")
    assert table["FinanceService/ClosePeriod"] == (["finance", "admin"], "-")
    some = call("--list", "yuncang.v1.FinanceService", role=None).stdout
    assert call("--list", "FinanceService", role=None).stdout == some
    assert [line.split()[0] for line in some.splitlines()] == [n for n in table if n.startswith("FinanceService/")]


def test_list_tells_a_requests_fields(call):
    """Each name with what it may be, nested ones under theirs; what it says is understood."""
    out = call("--list", "FinanceService/Adjust", role=None).stdout
    fields = [re.fullmatch(r"( *)(\w+) +(.+)", line).groups() for line in out.splitlines()]
    assert ("", "legs", "list of AdjustLeg") in fields and ("  ", "amount_fen", "whole number") in fields
    assert ("", "event_at", "time, 2026-11-21T08:00:00Z") in fields
    resolution = next(line for line in call("--list", "FinanceService/ResolveException", role=None).stdout.splitlines()
                      if line.startswith("resolution "))
    assert " RESOLUTION_PSP_FEE | RESOLUTION_LOSS | " in resolution and "UNSPECIFIED" not in resolution
    for method in {line.split()[0] for line in call("--list", role=None).stdout.splitlines()}:
        assert call("--list", method, role=None).returncode == 0
    assert call("--list", "FinanceService/Nothing", role=None).returncode == 2


@pytest.mark.parametrize("name, there_are, not_there", [
    ("FinanceService/GetStatment", "FinanceService/GetStatement", "OrderService/"),
    ("FinanceService", "FinanceService/GetStatement", "OrderService/"),
    ("Finance/GetStatement", "OrderService/Quote", None),
    ("GetStatement", "FinanceService/GetStatement", None), ("", "OrderService/Quote", None)])
def test_an_unknown_method_tells_what_there_is(call, name, there_are, not_there):
    done = call(name)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{name}: no such method" in done.stderr.splitlines()[0]
    assert there_are in done.stderr
    assert not_there is None or not_there not in done.stderr


@pytest.mark.parametrize("args", [
    [], [GET, "{}", "more"], ["--list", "Finance"], ["--list", "FinanceService", "more"], ["--timeout", "0", GET],
    ["--timeout", "1h", GET], ["--timeout", "soon", GET], ["--all", GET]])
def test_usage(call, args):
    done = call(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: yuncang call" in done.stderr


@pytest.mark.parametrize("body, reason, field", [
    ("", "bad_body", ""), ("{", "bad_body", ""), ("[]", "bad_body", ""), ("{} {}", "bad_body", ""), ('"x"', "bad_body", ""),
    ('{"orderId": "x", "orderId": "y"}', "bad_body", ""), ('{"orderid": "x"}', "bad_field", "orderid: "),
    ('{"orderId": 7}', "bad_field", "order_id: ")])
def test_bad_json(call, body, reason, field):
    """Seen before anything is sent: no key, no service."""
    said(call("--url", "http://127.0.0.1:1", GET, body, role=None), reason, field)
    said(call("--url", "http://127.0.0.1:1", GET, "-", input=body, role=None), reason, field)


def test_what_the_service_refuses(call):
    said(call(GET, json.dumps({"orderId": yc.NO_ORDER})), "not_found")
    said(call(GET, '{"orderId": "x"}'), "bad_field", "order_id: ")
    said(call("FinanceService/ClosePeriod", role="operator"), "permission_denied", "a key with the role operator may not call")


def test_keys(call, database, tmp_path):
    key, file = database.key("finance", name="third"), tmp_path / "key"
    said(call(LIST, role=None), "unauthenticated", "--key-file")
    said(call(LIST, key="yk_" + "x" * 43), "unauthenticated")
    said(call(LIST, key="a b"), "unauthenticated", "YUNCANG_KEY holds no key")
    said(call("--key-file", str(file), LIST, role=None), "io", str(file))
    for text in ("", "\n", "two words\n", "a\tb"):
        file.write_text(text)
        said(call("--key-file", str(file), LIST), "unauthenticated", "holds no key")
    file.write_text(key + "\nwhat else stands there\n")
    yc.wait_for("the key to be known",
                lambda: call("--key-file", str(file), LIST, key="yk_wrong").returncode == 0)


def test_the_key_is_no_setting(database):
    """Who has it in his environment may still use the other commands; nobody finds it in what they print."""
    done = database.run("check", "--show")
    with_key = yc.run("check", "--show", env={**database.env, "YUNCANG_KEY": "yk_secret"})
    assert (with_key.stdout, with_key.stderr) == (done.stdout, done.stderr)


@pytest.mark.parametrize("url, reason, why", [
    ("http://127.0.0.1:1", "io", "http://127.0.0.1:1/yuncang.v1."), ("http://nowhere.invalid", "io", "nowhere.invalid"),
    ("ftp://127.0.0.1", "bad_field", ""), ("https://me:secret@127.0.0.1", "bad_field", ""), ("", "bad_field", "")])
def test_no_service_there(call, url, reason, why):
    said(call("--url", url, LIST), reason, why)


def test_tls_is_verified(call, service, database, tmp_path):
    for name in ("own", "other"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / f"{name}.key",
                        "-out", tmp_path / f"{name}.pem"], check=True, capture_output=True, timeout=60)
    one = service(ready=False, tls_cert_file=tmp_path / "own.pem", tls_key_file=tmp_path / "own.key")[0]
    url = f"https://127.0.0.1:{one.port}/"
    yc.wait_for("an answer", lambda: call("--url", url, "--ca-file", str(tmp_path / "own.pem"), LIST).returncode == 0)
    for more in ([], ["--ca-file", str(tmp_path / "other.pem")]):
        said(call("--url", url, *more, LIST), "io", url)
    one.stop()


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Something that is not ours."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if "GetOrder" in self.path:
            self.server.held.wait(20)
        status, text = (200, "welcome") if "ListProposals" in self.path else (502, '{"message": "bad gateway"}')
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


def test_somebody_else_answers(call):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as s:
        s.held = threading.Event()
        url = f"http://127.0.0.1:{s.server_port}"
        threading.Thread(target=s.serve_forever, daemon=True).start()
        try:
            said(call("--url", url, LIST), "io", url, "HTTP status 200")
            said(call("--url", url, "FinanceService/ListPeriods"), "io", url, "HTTP status 502", "bad gateway")
            said(call("--url", url, "--timeout", "1ms", GET), "timeout")
        finally:
            s.held.set()
            s.shutdown()


def test_huge_requests(call):
    """Refused by the service beyond its method's size, here beyond the largest of all."""
    said(call(GET, "-", input=json.dumps({"orderId": "x" * 100_000})), "too_large")
    said(call(GET, "-", input='{"orderId": "' + "x" * (9 << 20)), "too_large", "body_size_max")


def test_all_pages(call, town):
    orders = [town.submit(town.sku({"SITE": 5}), way=SHIP)["orderId"] for _ in range(5)]
    done = call("--all", "OrderService/ListOrders", '{"storefront": "OFFICIAL", "pageSize": 2}')
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert {len(p["orders"]) for p in pages[:-1]} == {2}
    got = [o["orderId"] for p in pages for o in p["orders"]]
    assert set(orders) <= set(got) and len(got) == len(set(got))
    assert "nextPageToken" in pages[0] and "nextPageToken" not in pages[-1]
    one = call("OrderService/ListOrders", '{"storefront": "OFFICIAL", "pageSize": 2}')
    assert json.loads(one.stdout) == pages[0]
    said(call("--all", "OrderService/ListOrders", '{"storefront": "OFFICIAL", "pageToken": "x"}'), "bad_token", "page_token")


# ---- The man page ----

def commands():
    """What the man page's section has between .nf and .fi, a shell command each; <WORD> is to be filled in."""
    page = (yc.TOP / "etc/man/yuncang.8").read_text()
    text = "\n".join(re.findall(r"\.nf\n\.RS 4\n(.*?)\.RE\n\.fi", page.split(".SH FINANCE'S MONTH")[1].split(".SH ")[0], re.S))
    text = re.sub(r"\\fI(\w+)\\fR", r"<\1>", text).replace(r"\(aq", "'").replace(r"\-", "-")
    assert "\\" not in text
    return re.split(r"\n(?=yuncang )", text.strip())


class Finance:
    """Two persons of finance who type what the man page says."""

    def __init__(self, server, database, folder, words):
        self.server, self.database, self.folder, self.words = server, database, folder, words
        self.first = database.key("finance", name="first")
        (folder / "second").write_text(server.login("finance").key + "\n")
        words["SECOND"] = str(folder / "second")
        server.client(self.first).wait_known()

    def learn(self, answer):
        """Later commands name what an answer named first: "proposalId" is <PROPOSAL>."""
        for value in answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ():
            self.learn(value)
        if isinstance(answer, dict):
            self.words.update({k[:-2].upper(): v for k, v in answer.items() if k.endswith("Id") and k != "orderId"})

    def type(self, command):
        line = re.sub(r"<([A-Z]+)>", lambda m: str(self.words[m[1]]), command)
        env = {"PATH": f"{yc.PROGRAM.resolve().parent}:/usr/bin:/bin", "YUNCANG_DB": self.database.url, "YUNCANG_KEY": self.first,
               "YUNCANG_LISTEN": f"127.0.0.1:{self.server.port}"}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", line], env=env, cwd=self.folder, text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, line + "\n" + done.stdout + done.stderr
        if " call " in line:
            for answer in done.stdout.splitlines():
                self.learn(json.loads(answer))
        return done.stdout


def test_the_months_commands_close_a_month(server, town, database, tmp_path):
    call = town.admin.call
    call("CatalogService/UpsertDealers", {"dealers": [
        {"code": DEALER_1, "name": "first", "grade": 1, "payee": {"bank": "b", "accountName": "n", "account": "1"},
         "merchant": {"provider": "wechat", "number": "1900000011", "feeBps": 60}}]})
    call("CatalogService/UpsertParties", {"parties": [{"code": "B1", "kind": "PARTY_KIND_STAFF", "employer": BRAND}]})
    order = town.submit(town.sku({"SITE": 5}, listPriceFen="100000", contractCostFen="20000"), way=SHIP, storefront="F-A1")
    town.pay(order, payment=town.payment(total(order), "4200000001"))
    call("StoreService/Dispatch", act(order, ref="go", staff="B1"))
    call("StoreService/ConfirmDelivery", act(order, ref="there", staff="B1"))
    paid_at = datetime.datetime.fromisoformat(
        call("AdminService/MoveClock", {"byMs": str(40 * 86400000)})["now"].replace("Z", "+00:00"))
    day = day_of(paid_at - datetime.timedelta(days=40))
    bill = Bill("trade", day, signer="1900000001").paid("4200000001", total(order), 700)  # 600 in the books
    fund = Bill("fund", day).flow("交易", total(order), "4200000001").flow("扣除交易手续费", -700, "4200000001")
    (tmp_path / "trade.csv").write_bytes(bill.data())
    (tmp_path / "fund.csv").write_bytes(fund.data())
    f = Finance(server, database, tmp_path, {
        "MONTH": f"{day.year}{day.month:02d}", "BRAND": BRAND, "DEALER": DEALER_1, "DAY": day, "TRADE": "trade.csv", "FUND": "fund.csv",
        "ORDER": order["orderId"]})
    yc.wait_for("what is owed", lambda: database.sql("select 1 from payable where account_name(account) like '%:avail'"))
    out = {command.split("'")[0].strip(): f.type(command) for command in commands()}

    def told(start, what):
        return json.loads(next(v for k, v in out.items() if k.startswith("yuncang call " + start)))[what]
    assert told("FinanceService/ConfirmPayout", "payout")["state"] == "PAYOUT_STATE_PAID"
    assert (tmp_path / "payouts.csv").read_text().splitlines()[1].endswith(",794.00")
    assert told("FinanceService/ReconcileBill", "bill")["exceptions"] == "1"
    assert told("--all FinanceService/ListExceptions", "exceptions")[0]["reason"] == "EXCEPTION_REASON_FEE"
    assert {r["event"] for r in told("FinanceService/GetMoneyTimeline", "rows")} >= {"E1", "E3", "E4"}
    assert told("FinanceService/ClosePeriod", "period")["closedBy"] == "first"
    assert (tmp_path / "entries.csv").read_text().count("\n") == 1 + int(told("FinanceService/ClosePeriod", "period")["entries"])
    digest = hashlib.sha256((tmp_path / "statement.csv").read_bytes()).hexdigest()
    assert told("--all FinanceService/GetStatement", "hash") == digest
    assert re.search(r"recomputed 1 orders: .* 0 differ", out["yuncang audit --recompute"])
