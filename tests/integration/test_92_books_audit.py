"""Whoever may change the books by hand is found by the audit: each harm by the checks that are named, and no other."""
import re

import psycopg2
import pytest

import yc
from test_83_stock import collect
from test_92_books import sealed, stream
from test_92_books_periods import ROW
from town import PICKUP, Town

ROUNDING, BANK = 52 << 55, 5 << 55 | 1 << 25
J = "object_id = (select object_id from journal where event = 15 order by posted_at limit 1) and event = 15"


@pytest.fixture(scope="module")
def audited(cluster, service):
    """Orders that are paid, handed over and taken back, a closed period, all of it sealed; nobody is connected."""
    d = cluster.database("t_books_audit")
    d.migrate()
    [i] = service(database=d, seal_poll_ms=20)
    admin = i.login("admin")
    town = Town(i, d, admin)
    town.load()
    s = stream(d)
    for n in range(1, 4):
        d.sql(ROW, (s, n, 202001, ROUNDING, BANK, n, n))
    sealed(d)
    assert d.sql("select ledger_close(202001, now(), 1, 'somebody')") == [("closed",)]
    for n in range(4):
        order = town.submit([(town.sku({"A1": 3}), 2)], storefront="F-A1", way=PICKUP, location="A1")
        town.pay(order)
        if n in (1, 2):
            collect(town, order)
        if n == 3:
            admin.call("OrderService/CancelOrder", {"act": {"orderId": order["orderId"], "ref": "x"}})
    sealed(d)
    assert i.stop() == 0
    return d


def test_whole_books_pass(audited):
    done = audited.run("audit", check=False)
    assert done.returncode == 0, done.stdout
    [last] = audited.sql("select batch_no, encode(hash, 'hex') from seal_batch order by 1 desc limit 1")
    assert f"audit: books sealed to batch {last[0]}, hash {last[1]}\n" in done.stdout


NEW_STREAM = "insert into feed_stream default values; "
NEW_ROW = """insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at,
    posted_at, accounts, amounts, kinds) select {object}, {event}, 1, {dealer}, 1, {stream}, {seq}, {period}, now(), now(),
    array[{account}, {other}]::int8[], array[9, -9]::int8[], '{{0,0}}'; """


def new_row(**more):
    whole = {"object": "gen_random_uuid()", "event": 15, "dealer": 1, "seq": 1, "period": 203001,
             "stream": "(select max(stream_id) from feed_stream)", "account": ROUNDING, "other": BANK, **more}
    return NEW_ROW.format(**whole)


OF_K = "(select {} from journal where " + J + ")"
HELD = "(select l.a from journal j, unnest(j.accounts) l(a) where account_kind(l.a) = 20 limit 1)"
HARMS = {
    "an amount": (f"update journal set amounts = array[8,-8] where {J}", {"seal_chain", "entry_journal", "period_hash"}),
    "a time": (f"update journal set event_at = event_at + interval '1 us' where {J}",
               {"seal_chain", "entry_journal", "period_hash"}),
    "a provider's number": (f"update journal set provider_ref = 'x' where {J}",
                            {"seal_chain", "entry_journal", "period_hash"}),
    "a version": (f"update journal set split_version = 2 where {J}", {"seal_chain", "period_hash"}),
    "units": (f"update journal set units = array[1] where {J}", {"seal_chain", "period_hash"}),
    "a row away": (f"delete from journal where {J}", {"seal_chain", "entry_journal", "period_hash", "period_closed"}),
    "a row between": (new_row(stream=OF_K.format("stream_id"), seq=OF_K.format("seq")), {"seal_chain", "entry_journal"}),
    "a row beside all streams": (new_row(stream=999999), {"seal_streams"}),
    "a row twice": (NEW_STREAM + new_row(object=OF_K.format("object_id"), dealer=7), {"journal_event"}),
    "a row of a closed period": ("alter table journal disable trigger all; " + NEW_STREAM + new_row(period=202001),
                                 {"period_closed"}),
    "a row before": ("alter table journal disable trigger all; " + NEW_STREAM + new_row(period=201901), {"period_late"}),
    "an entry's amount": ("update entry set fen = fen + 1 where period = 202001 and fen = 2",
                          {"entry_journal", "period_total"}),
    "an entry's account": ("update entry set account = account + 1 where period = 202001 and fen = 2",
                           {"entry_journal", "period_total"}),
    "an entry away": ("delete from entry where period = 202001 and fen = 2",
                      {"entry_journal", "entry_numbers", "period_total"}),
    "an entry twice": ("insert into entry select (jsonb_populate_record(e, jsonb_build_object('entry_no', 99))).* "
                       "from entry e where period = 202001 and fen = 2", {"entry_numbers", "period_total"}),
    "an entry's number": ("update entry set entry_no = 99 where period = 202001 and fen = 2", {"entry_numbers"}),
    "a hash": ("update seal_batch set hash = sha256('x') where batch_no = 1", {"seal_chain"}),
    "a batch away": ("delete from seal_batch where batch_no = (select max(batch_no) from seal_batch)",
                     {"seal_ranges", "entry_numbers", "period_batches"}),
    "a range away": ("delete from seal_range where (stream_id, seq_to) = (select stream_id, max(seq_to) from seal_range "
                     "where batch_no = (select max(batch_no) from seal_range) group by 1 limit 1)",
                     {"seal_chain", "period_hash", "entry_journal"}),
    "a period's part away": ("delete from seal_period where period = 202001 and batch_no = (select min(batch_no) "
                             "from seal_period where period = 202001)", {"period_batches", "period_closed"}),
    "a closed period's hash": ("update ledger_period set hash = sha256('x')", {"period_closed"}),
    "a closed period opened": ("update ledger_state set open_period = 202001", {"period_closed"}),
    "a closed period's total": ("update ledger_period_total set debit_fen = debit_fen + 1 where debit_fen > 0",
                                {"period_total"}),
    "a closed period not reconciled": ("alter table journal disable trigger all; update entry set account = 13::int8 << 55 "
                                       "where period = 202001 and fen = 2",
                                       {"entry_journal", "period_total", "period_recon"}),
    "a change away": ("delete from stock_change c where exists (select from journal j where j.stream_id = c.stream_id "
                      "and j.seq = c.seq) and exists (select from stock_change b where b.stream_id = c.stream_id "
                      "and b.seq < c.seq)", {"journal_change"}),
    "a balance": ("update balance set fen = fen - 1 where account = (select min(account) from balance where "
                  "account_kind(account) = 20)", {"balance"}),
    "a balance away": ("delete from balance where account = (select min(account) from balance where fen <> 0)",
                       {"balance"}),
    "paid more than owed": (NEW_STREAM + new_row(account=HELD, other=BANK).replace("9, -9", "99999999, -99999999"),
                            {"balance", "bounds"}),
    "a payable": ("insert into payable (order_id, event, event_no, account, dealer_id, collector_id, party_id, fen, "
                  "made_at) values (gen_random_uuid(), 4, 1, 21::int8 << 55, 1, 1, 1, 5, now())", {"payables"}),
}


def copied(cluster, name):
    """A copy of the database, to be harmed."""
    cluster.database("t_books_harm")  # drops the one before
    c = psycopg2.connect(yc.Database(cluster, "postgres").url)
    c.autocommit = True
    with c.cursor() as q:
        q.execute("drop database t_books_harm")
        q.execute(f"create database t_books_harm template {name}")
    c.close()
    return yc.Database(cluster, "t_books_harm")


@pytest.mark.parametrize("harm", HARMS)
def test_each_harm_is_found(cluster, audited, harm):
    statement, checks = HARMS[harm]
    d = copied(cluster, "t_books_audit")
    assert d.sql(statement) != 0
    done = d.run("audit", check=False)
    assert done.returncode == 1, done.stdout
    assert set(re.findall(r"^audit: (\w+): \d+ times not so", done.stdout, re.M)) == checks, done.stdout


# ---- --recompute ----

def recompute(d, check=True):
    """The audit with --recompute: (orders, decisions, rows, differ) and its lines."""
    done = d.run("audit", "--recompute", check=False)
    m = re.search(r"^audit: recomputed (\d+) orders: (\d+) decisions \(0 older ones keep too little\), (\d+) rows, "
                  r"(\d+) differ$", done.stdout, re.M)
    assert m, done.stdout + done.stderr
    assert not check or done.returncode == 0, done.stdout
    assert re.search(r"orders/s$", done.stderr, re.M)
    return tuple(int(x) for x in m.groups()), done.stdout


def test_recompute_makes_every_leg_again(audited):
    (orders, decisions, rows, differ), _ = recompute(audited)
    assert (orders, decisions, differ) == (4, 4, 0)
    assert rows == audited.sql("select count(*) from journal where event in (3, 4) or (event = 9 and event_no >= 1000)"
                               )[0][0] > 2


E3 = "event = 3 and object_id = (select object_id from journal where event = 3 order by object_id limit 1)"
OTHERWISE = {
    "a leg of a decision": (
        "update decision set leg_fen[1] = leg_fen[1] + 1, leg_fen[2] = leg_fen[2] - 1 where order_id = "
        "(select min(order_id::text)::uuid from decision)", 1, r"decision 1 \d+: a leg differs"),
    "a hand-over": (
        f"update journal set amounts[1] = amounts[1] + 1, amounts[2] = amounts[2] - 1 where {E3}", 1,
        r"event 3 \d+: its legs come out otherwise"),
    "who earned it": (
        f"update journal set accounts[2] = accounts[2] + 1 where {E3}", 1, r"event 3 \d+: its legs come out otherwise"),
    "a refund": (
        "update journal set amounts[1] = amounts[1] + 1, amounts[2] = amounts[2] - 1 where event = 9", 1,
        r"event 9 \d+: "),
    "a record": (
        "update decision set record = substr(record, 1, length(record) - 1) where order_id = "
        "(select min(order_id::text)::uuid from decision)", 1, "decisions 0 0: cannot be read"),
    "the book": (
        "update split_rule_book set state = 1", 4, r"decision 1 \d+: the book of its version is gone"),
}


@pytest.mark.parametrize("harm", OTHERWISE)
def test_recompute_finds(cluster, audited, harm):
    statement, count, line = OTHERWISE[harm]
    d = copied(cluster, "t_books_audit")
    assert d.sql(statement) != 0
    (orders, _, _, differ), out = recompute(d, check=False)
    assert (orders, differ) == (4, count), out
    assert len(re.findall("^audit: recompute: order [0-9a-f-]+ " + line, out, re.M)) == count, out
    # counted in the last line, which all look at
    assert int(re.search(r"(\d+) violations$", out.strip()).group(1)) >= count
