"""Exports of the books: complete, the same bytes for ever, by both doors; slow and vanished readers hurt nobody."""
import collections
import contextlib
import csv
import hashlib
import http.client
import io
import json
import socket
import threading

import pytest

import yc
from town import refused

ORDERS = 6000  # 7 entries each: several pages of 4000 lines
PARTIES = """insert into party (code, kind) values ('B', 1);
insert into party (code, kind) select 'D' || i, 2 from generate_series(1, 20) i"""
SEED = """
insert into feed_stream default values;
insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at,
    posted_at, accounts, amounts, kinds, provider_ref, number)
select md5(%(salt)s || i)::uuid, ev, case ev when 3 then 1001 else 1 end, i %% 20 + 2, 1,
    (select max(stream_id) from feed_stream), i, 202609 + i / 20 %% 2,
    '2026-09-01 00:00Z'::timestamptz + i * interval '1 second', '2026-10-01 00:00Z'::timestamptz + i * interval '1 s',
    case ev when 1 then array[psp, clearing] when 2 then array[clearing, psp]
        else array[clearing, 40::int8 << 55, (20::int8 << 55) | ((i %% 20 + 2)::int8 << 25) | 1] end,
    case ev when 1 then array[19900 + i, -19900 - i] when 2 then array[119, -119]
        else array[19781 + i, -12000, -7781 - i] end,
    case ev when 3 then array[0, 1, 2]::int2[] else array[0, 0]::int2[] end,
    case ev when 1 then '42"0,' || i end, case ev when 3 then 1 else 0 end
from generate_series(1, %(orders)s) i, generate_series(1, 3) ev,
    (select (1::int8 << 55) | (1::int8 << 50) | (1::int8 << 25) as psp, 10::int8 << 55 as clearing) a
"""


class Books:
    def __init__(self, cluster, folder):
        self.database = cluster.database("t_export")
        self.database.migrate()
        self.database.sql(PARTIES)
        self.server = yc.Instance(self.database, folder / "serve.log", exports_max=2)
        self.server.start()
        self.salt = 0
        self.add(ORDERS)
        self.key = self.database.key("finance")
        self.server.client(self.key).wait_known()

    def add(self, orders):
        self.salt += 1
        self.database.sql(SEED, {"orders": orders, "salt": str(self.salt)})
        yc.wait_for("everything sealed", lambda: self.database.sql(
            "select (select count(*) from journal) = (select sum(row_count) from seal_batch)") == [(True,)])

    def cli(self, *args):
        return self.database.run("export", *args).stdout

    def get(self, path, key=None, **headers):
        c = self.server.client()
        return c.request("GET", path, headers={"authorization": "Bearer " + (key or self.key), **headers})

    def fetch(self, path, **more):
        status, headers, body = self.get(path, **more)
        assert status == 200, body
        return body.decode(), headers


@pytest.fixture(scope="module")
def books(cluster, tmp_path_factory):
    b = Books(cluster, tmp_path_factory.mktemp("export"))
    yield b
    assert b.server.stop() == 0


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_all_entries_once_and_in_order(books):
    text, headers = books.fetch("/export/entries")
    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert headers["content-disposition"] == 'attachment; filename="entries-0.csv"'
    assert headers["transfer-encoding"] == "chunked"
    got = [(int(r["batch"]), int(r["entry"]), r["account"], int(r["amount_fen"]), r["event"], int(r["event_no"]), r["kind"],
            r["ref"], r["order"]) for r in rows(text)]
    want = books.database.sql(
        "select batch_no, entry_no, account_name(account), fen, event_word(event), event_no, leg_word(kind), "
        "coalesce(provider_ref, ''), order_id::text from entry order by batch_no, entry_no")
    assert len(got) == ORDERS * 7 and got == want
    assert {g[4] for g in got} == {"E1", "E2", "E3"} and sum(g[3] for g in got) == 0


def test_words(books):
    """As domain/event_word.c and enum leg_kind have them; tests/unit/domain/test_statement.c has the other half."""
    [(events, legs)] = books.database.sql("select array(select event_word(i) from generate_series(0, 19) i), "
                                          "array(select leg_word(i) from generate_series(0, 12) i)")
    assert events == "? E1 E2 E3 E4 E5 E6 E7 E8 R1 R2 R3 F D L J K E7d E6c ?".split()
    assert legs == ["", "cost", "margin", "transfer", "handling", "platform_fee", "provider_fee", "staff", "delivery_income",
                    "courier", "shortfall", "channel", ""]


@pytest.mark.parametrize("kind,more", [
    ("entries", {}), ("entries", {"period": "202610"}), ("entries", {"party": "D3"}), ("journal", {"period": "202609"}),
    ("journal", {}), ("statement", {"party": "B"}), ("statement", {"party": "D7", "period": "202610"})])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_both_doors_write_the_same_bytes(books, kind, more, form):
    path = f"/export/{kind}?format={form}" + "".join(f"&{k}={v}" for k, v in more.items())
    flags = [f"--{k}={v}" for k, v in more.items()]
    text, _ = books.fetch(path)
    assert text == books.cli(kind, "--format", form, *flags)
    lines = text.splitlines()
    if form == "jsonl":
        assert [json.loads(x)["line"] for x in lines]
    else:
        assert len({len(x) for x in csv.reader(lines)}) == 1
    assert len(lines) > 100


def test_json_says_what_csv_says(books):
    table = rows(books.cli("entries", "--period", "202610"))
    lines = [json.loads(x) for x in books.cli("entries", "--period", "202610", "--format", "jsonl").splitlines()]
    assert [{k: str(v) for k, v in x.items()} for x in lines] == table


def test_journal_has_the_rows(books):
    lines = [json.loads(x) for x in books.cli("journal", "--format", "jsonl").splitlines()]
    assert len(lines) == ORDERS * 3
    assert all(sum(leg["amount_fen"] for leg in x["legs"]) == 0 for x in lines)
    total = sum(leg["amount_fen"] for x in lines for leg in x["legs"] if leg["account"] == "P:brand:cost")
    assert total == -12000 * ORDERS
    table = rows(books.cli("journal"))
    assert [r["legs"] for r in table] == [" ".join(f"{g['account']}={g['amount_fen']}={g['kind']}" for g in x["legs"])
                                          for x in lines]


def statement(text):
    """({account: opening}, {account: [amounts]}, {account: closing}), the first line."""
    table = rows(text)
    part = {k: collections.defaultdict(list) for k in ("opening", "entry", "closing")}
    for r in table[1:]:
        part[r["line"]][r["account"]].append(int(r["amount_fen"]))
    return table[0], part["opening"], part["entry"], part["closing"]


@pytest.mark.parametrize("party", ["B", "D1", "D20"])
def test_statement_adds_up(books, party):
    first, opening, moved, closing = statement(books.cli("statement", "--party", party, "--period", "202610"))
    assert (first["line"], first["account"], first["period"]) == ("statement", party, "202610")
    assert opening.keys() == closing.keys() and moved.keys() <= opening.keys()
    for account, [before] in opening.items():
        assert [before + sum(moved[account])] == closing[account]
    want = dict(books.database.sql(
        "select account_name(account), sum(fen)::int8 from entry where account_name(account) = any(%s) and period <= 202610 "
        "group by 1", (list(opening),)))
    assert {a: v for a, [v] in closing.items()} == want
    if party == "B":
        assert set(want) == {"A:psp:wechat:B:frozen", "P:brand:cost"}
    else:
        assert set(want) == {f"P:dealer:{party}:B:held"}


def test_what_came_later_changes_nothing(books):
    """Open periods up to a batch, closed periods for ever: the same bytes, the same hash."""
    [(batch,)] = books.database.sql("select max(batch_no) from seal_batch")
    ask = [("statement", "--party", "D5"), ("statement", "--party", "B", "--period", "202610"), ("entries",), ("journal",)]
    before = [books.cli(*a, "--to-batch", str(batch)) for a in ask]
    assert before[0] == books.cli(*ask[0])
    books.add(700)
    after = [books.cli(*a, "--to-batch", str(batch)) for a in ask]
    assert before == after and books.cli(*ask[0]) != before[0]
    # what was behind the batch is what is left
    late = books.cli("entries", "--from-batch", str(batch))
    assert len(rows(late)) == 700 * 7
    assert before[2] + late.split("\n", 1)[1] == books.cli("entries")

    # batch_last of a closed period is what the statement reaches to
    for period in (202609, 202610):
        assert books.database.sql("select ledger_close(%s, now(), 1, 'x')", (period,)) == [("closed",)]
    closed = {a: hashlib.sha256(books.cli(*a, "--period", "202610").encode()).hexdigest()
              for a in (("statement", "--party", "D5"), ("entries",), ("journal",))}
    books.database.sql("update ledger_state set open_period = 202611")
    books.database.sql("insert into feed_stream default values")
    books.database.sql(
        "insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at, "
        "posted_at, accounts, amounts, kinds) select gen_random_uuid(), 15, 1, 6, 1, (select max(stream_id) from feed_stream), "
        "1, 202611, '2026-10-05Z', '2026-11-05Z', array[40::int8 << 55, (20::int8 << 55) | (6::int8 << 25) | 1], '{500,-500}', "
        "'{0,0}'")
    yc.wait_for("the late row", lambda: books.database.sql(
        "select count(*) from entry where period = 202611")[0][0] == 2)
    for a, was in closed.items():
        assert hashlib.sha256(books.cli(*a, "--period", "202610").encode()).hexdigest() == was
    _, opening, moved, closing = statement(books.cli("statement", "--party", "D5", "--period", "202611"))
    [account] = opening
    _, _, _, before = statement(books.cli("statement", "--party", "D5", "--period", "202610"))
    assert opening[account] == before[account] and moved[account] == [-500]


# ---- Who may, and what is refused -----------------------------------------------------------------------

def refusal(books, path, **more):
    status, _, body = books.get(path, **more)
    answer = json.loads(body)
    detail = answer["details"][0]["debug"]
    return status, detail["reason"], detail.get("field", "")


@pytest.mark.parametrize("path,status,reason,field", [
    ("/export/nothing", 404, "no_method", ""),
    ("/export/statement", 400, "bad_field", "party"),
    ("/export/journal?party=D1", 400, "bad_field", "party"),
    ("/export/entries?party=NOBODY", 400, "unknown_id", "party"),
    ("/export/entries?period=2026", 400, "bad_field", "period"),
    ("/export/entries?period=202613", 400, "bad_field", "period"),
    ("/export/entries?period=x", 400, "bad_field", "period"),
    ("/export/entries?format=xml", 400, "bad_field", "format"),
    ("/export/entries?batch_to=99999", 400, "bad_field", "batch_to"),
    ("/export/entries?batch_from=-1", 400, "bad_field", "batch_from"),
    ("/export/entries?batch_from=3&batch_to=2", 400, "bad_field", "batch_from"),
    ("/export/entries?colour=red", 400, "bad_field", "query"),
    ("/export/entries?format=csv&format=jsonl", 400, "bad_field", "format"),
    ("/export/entries?party=" + "D" * 200, 400, "bad_field", "party"),
    ("/export/entries?party=", 400, "bad_field", "party"),
    ("/export/entries?period=&period=202611", 400, "bad_field", "period"),
    ("/export/entries?period=202611%00", 400, "bad_field", "query"),
    ("/export/entries?party=D1%00D2", 400, "bad_field", "query"),
    ("/export/entries?period", 400, "bad_field", "query"),
    ("/export/entries?batch_to=99999999999999999999", 400, "bad_field", "batch_to"),
])
def test_refused(books, path, status, reason, field):
    got = refusal(books, path)
    assert got[1:] == (reason, field)
    assert got[0] == status or reason == "no_method"


def test_keys(books):
    status, _, body = books.server.client().request("GET", "/export/entries")
    assert status == 401 and json.loads(body)["code"] == "unauthenticated"
    for role, scope in (("storefront", "storefront:*"), ("store", "location:*")):
        client = books.server.login(role, scope)
        assert refusal(books, "/export/entries", key=client.key)[:2] == (403, "permission_denied")
    for role in ("operator", "admin"):
        assert books.get("/export/entries?period=202609", key=books.server.login(role).key)[0] == 200


def test_dealer_scope(books):
    """A dealer's key has his own lines only, and is not told who else there is."""
    key = books.server.login("finance", "dealer:D4").key
    text, _ = books.fetch("/export/statement?party=D4", key=key)
    assert {r["account"] for r in rows(text)[1:]} == {"P:dealer:D4:B:held"}
    for path in ("/export/entries", "/export/journal", "/export/statement?party=D5", "/export/entries?party=B",
                 "/export/statement?party=NOBODY"):
        assert refusal(books, path, key=key) == (403, "permission_denied", "party")


def test_old_clients_and_other_methods(books):
    head = f"GET /export/entries HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer {books.key}\r\n\r\n"
    assert b"an export needs HTTP/1.1" in books.server.client().raw(head.encode())
    status, _, body = books.server.client().request("POST", "/export/entries", "{}", {"authorization": "Bearer " + books.key})
    assert status >= 400 and json.loads(body)["details"][0]["debug"]["reason"] == "no_method"


def test_a_database_without_tables(cluster):
    """What is to be done stands there, not which of the tables is missing."""
    d = cluster.database("t_export_empty")
    for args in (["export", "entries"], ["audit"], ["audit", "--recompute"]):
        done = d.run(*args, check=False)
        assert done.returncode == 1 and "run yuncang migrate first" in done.stderr and len(done.stderr.splitlines()) == 1


def test_wrong_command_lines(books):
    for args in (["statement"], ["journal", "--party", "D1"], ["books"], ["entries", "--period", "13"],
                 ["entries", "--format", "xml"], ["entries", "--to-batch", "x"], []):
        assert books.database.run("export", *args, check=False).returncode == 2
    done = books.database.run("export", "entries", "--party", "NOBODY", check=False)
    assert done.returncode == 1 and "there is no party NOBODY" in done.stderr and not done.stdout
    done = books.database.run("export", "entries", "--to-batch", "99999", check=False)
    assert done.returncode == 1 and "sealed up to batch" in done.stderr


# ---- Readers ---------------------------------------------------------------------------------------------

def ask(books, path):
    """A socket that has asked, with a small window, and has read nothing."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(60)
    s.connect(("127.0.0.1", books.server.port))
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {books.key}\r\n\r\n".encode())
    return s


def read_all(s):
    r = http.client.HTTPResponse(s)
    r.begin()
    return r.read()


def ended(books):
    return books.server.metric("yuncang_exports_total")


def test_slow_readers_hold_one_piece(books):
    """Two that do not read, while others are answered; then they get all of it."""
    want, _ = books.fetch("/export/entries")
    before = books.server.memory()
    slow = [ask(books, "/export/entries") for _ in range(2)]
    yc.wait_for("a third to be refused", lambda: refusal(books, "/export/entries")[1] == "busy")
    for _ in range(50):
        assert books.server.http("/healthz")[0] == 200
        e = refused(books.server.client(books.key), "OrderService/GetOrder", {"orderId": yc.NO_ORDER})
        assert e.code == "not_found"
    assert books.server.memory() - before < (400 << 20 if yc.SANITIZED else len(want) / 2)
    assert [read_all(s).decode() for s in slow] == [want, want]
    assert books.fetch("/export/entries")[0] == want


def test_readers_that_vanish(books):
    for _ in range(6):
        n = ended(books)
        s = ask(books, "/export/journal")
        s.recv(1000)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset
        s.close()
        yc.wait_for("the export to end", lambda: ended(books) > n)
    assert books.fetch("/export/entries?period=202609")[0]


def test_kept_connection(books):
    """An export and then a call, on one connection, twice."""
    c = books.server.client(books.key)
    for _ in range(2):
        status, _, body = c.request("GET", "/export/statement?party=D9", headers=c.headers())
        assert status == 200 and len(rows(body.decode())) > 300
        assert refused(c, "OrderService/GetOrder", {"orderId": yc.NO_ORDER}).code == "not_found"


def test_a_hash_that_takes_too_long(books):
    """GetStatement says where a statement is to be had that is longer than its time; the time is searched for."""
    client, ask = books.server.client(books.key), ("FinanceService/GetStatement", {"party": "B"})
    count, short, long, no = int(client.call(*ask)["entryCount"]), 0, 8192, None
    while no is None:
        assert long - short > 1, "it is hashed, or not even begun"
        ms = (short + long) // 2
        try:
            client.call(*ask, connect_timeout_ms=str(ms))
            long = ms
        except yc.RpcError as e:
            if e.reason == "timeout":
                short = ms
            else:
                no = e
    assert (no.reason, no.field, no.retry) == ("too_large", "party", False)
    assert f"{count} entries" in no.text and "GET /export/statement" in no.text and "yuncang export statement" in no.text


def test_at_once(books):
    want, _ = books.fetch("/export/statement?party=B")
    got = [None] * 2

    def one(i):
        got[i] = [books.fetch("/export/statement?party=B")[0] for _ in range(3)]
    threads = [threading.Thread(target=one, args=(i,)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == [[want] * 3] * 2


def test_what_cannot_be_finished_is_cut(books):
    """The database goes away in the middle: nobody takes a half for the whole."""
    s = ask(books, "/export/entries")
    assert s.recv(100).startswith(b"HTTP/1.1 200 OK")
    books.database.sql("alter table entry rename to entry_gone")
    try:
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while part := s.recv(65536):
                data += part
        assert not data.endswith(b"0\r\n\r\n")
    finally:
        books.database.sql("alter table entry_gone rename to entry")
    assert books.fetch("/export/entries?period=202609")[0]
