"""The books behind the commit: nothing is passed over, nothing can be changed unseen, what is closed stays closed."""
import contextlib
import hashlib
import threading

import psycopg2
import psycopg2.errors
import pytest

import yc
from town import total

# The bytes of a journal row, as store/sql_seal.h has them.
BYTES = """record_send(row(j.object_id, j.event, j.event_no, j.dealer_id, j.split_version, j.stream_id, j.seq,
    j.period, j.event_at, j.posted_at, j.accounts, j.amounts, j.kinds, convert_to(j.provider_ref, 'UTF8'),
    j.corrects, j.order_id, j.number, j.units, j.corrects_event, j.corrects_no))"""
PROJECTION = """select j.object_id, j.event, j.event_no, j.dealer_id, l.n, l.account, l.fen, l.kind, j.period,
    j.event_at, j.posted_at, j.provider_ref
    from journal j, unnest(j.accounts, j.amounts, j.kinds) with ordinality l(account, fen, kind, n)"""
ENTRIES = """select object_id, event, event_no, dealer_id, leg_no, account, fen, kind, period, event_at, posted_at,
    provider_ref from entry"""
ROW = """insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at,
    posted_at, accounts, amounts, kinds, provider_ref) values (gen_random_uuid(), %s, 1, 1, 1, %s, %s, 202610,
    now(), now(), '{1,2}', '{5,-5}', '{0,0}', '云')"""


def sealed(database, instance=None):
    """Waits until all that was committed when this was called stands in the books."""
    [(rows,)] = database.sql("select count(*) from journal")
    yc.wait_for(f"{rows} rows sealed",
                lambda: database.sql("select coalesce(sum(row_count), 0) from seal_batch")[0][0] >= rows)


def stream(database):
    return database.sql("insert into feed_stream default values returning stream_id")[0][0]


def chain(database, time_zone="UTC"):
    """The chain counted again from the journal alone: [(batch_no, hash as stored, as counted)]."""
    got, before = [], b""
    with contextlib.closing(psycopg2.connect(database.url)) as c, c.cursor() as q:
        q.execute("select set_config('TimeZone', %s, false)", (time_zone,))
        q.execute("select batch_no, hash, row_count from seal_batch order by batch_no")
        for number, stored, rows in q.fetchall():
            q.execute(f"select {BYTES} from seal_range r join journal j on j.stream_id = r.stream_id"
                      " and j.seq between r.seq_from and r.seq_to where r.batch_no = %s"
                      " order by j.stream_id, j.seq, j.object_id, j.event, j.event_no, j.dealer_id", (number,))
            row_bytes = [bytes(b) for (b,) in q.fetchall()]
            assert len(row_bytes) == rows
            before = hashlib.sha256(before + number.to_bytes(8, "big") + b"".join(row_bytes)).digest()
            got.append((number, bytes(stored), before))
    return got


@pytest.fixture(scope="module")
def orders(town):
    """Orders that are paid, and the books that know of them."""
    made = [town.submit(town.sku({"SITE": 5})) for _ in range(12)]
    for o in made:
        town.pay(o)
    sealed(town.database)
    return made


def test_entries_are_the_journals_legs(town, orders):
    got = sorted(town.database.sql(ENTRIES), key=str)
    assert got == sorted(town.database.sql(PROJECTION), key=str)
    assert len(got) >= 4 * len(orders)
    ids = {o["orderId"] for o in orders}
    assert {i for (i,) in town.database.sql("select distinct order_id::text from entry")} >= ids
    # numbered from 1 in each batch, and counted in it
    assert town.database.sql("select count(*) from seal_batch b where (select count(*) from entry e "
                             "where e.batch_no = b.batch_no) <> entry_count or (select max(entry_no) from entry e "
                             "where e.batch_no = b.batch_no) <> entry_count")[0][0] == 0


def test_the_chain_is_counted_again_from_the_journal(town, orders):
    for zone in ("UTC", "Asia/Shanghai"):
        got = chain(town.database, zone)
        assert [n for n, _, _ in got] == list(range(1, len(got) + 1))
        assert all(stored == counted for _, stored, counted in got)


@pytest.fixture
def bare(cluster, service):
    """A database without a world, its two instances sealing; rows are made by hand, on streams of their own."""
    d = cluster.database("t_books_bare")
    d.migrate()
    two = service(2, database=d, ready=False, seal_poll_ms=10, seal_rows_max=7)
    yield d, two
    for i in two:
        i.stop()


def test_a_late_commit_of_another_stream_is_not_passed_over(bare):
    d, _ = bare
    early, late = stream(d), stream(d)
    with contextlib.closing(psycopg2.connect(d.url)) as c, c.cursor() as q:
        for s in (early, late):  # the late one is on both sides of the other
            q.execute(ROW, (1, s, 1))
            if s == early:
                c.commit()
        q.execute(ROW, (2, late, 1))
        d.sql(ROW, (1, early, 2))
        d.sql(ROW, (1, stream(d), 1))
        sealed(d)
        assert d.sql("select count(*) from seal_range where stream_id = %s", (late,)) == [(0,)]
        c.commit()
    sealed(d)
    # both rows of the one commit went together
    assert d.sql("select seq_from, seq_to, (select count(*) from entry) from seal_range where stream_id = %s",
                 (late,)) == [(1, 1, 10)]
    assert all(stored == counted for _, stored, counted in chain(d))


def test_two_instances_seal_under_load(bare):
    """Four streams write at once; nothing twice, nothing left out, commits stay whole, batches stay small."""
    d, two = bare
    streams = [stream(d) for _ in range(4)]

    def write(s):
        with contextlib.closing(psycopg2.connect(d.url)) as c, c.cursor() as q:
            for seq in range(1, 101):
                for event in range(1, 2 + (seq % 4)):
                    q.execute(ROW, (event, s, seq))
                c.commit()
    threads = [threading.Thread(target=write, args=(s,)) for s in streams]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    sealed(d)
    assert d.sql(f"({PROJECTION} except all {ENTRIES}) union all ({ENTRIES} except all {PROJECTION})") == []
    assert all(stored == counted for _, stored, counted in chain(d))
    assert d.sql("select max(row_count) from seal_batch")[0][0] <= 7 + 4 * 3
    # ranges of a stream follow on each other
    assert d.sql("select count(*) from seal_range r where seq_from <> 1 + coalesce((select max(seq_to) from "
                 "seal_range x where x.stream_id = r.stream_id and x.seq_to < r.seq_from), 0)") == [(0,)]
    assert all(i.alive() for i in two)
    yc.wait_for("nothing is behind", lambda: two[0].metric("yuncang_seal_rows_behind") == 0)
    assert two[0].metric("yuncang_seal_seconds_behind") == 0


def test_a_stream_is_kept_until_it_is_sealed(bare):
    """The feed forgets streams that nobody writes any more, but none of which the books lack a row."""
    d, two = bare
    old = "update feed_stream set started_at = now() - interval '9 days' where stream_id = %s"
    known = "select count(*) from feed_stream where stream_id = %s"
    for i in two:
        i.stop()
    s, empty = stream(d), stream(d)
    d.sql(ROW, (1, s, 1))
    d.sql(old, (s,))
    d.sql(old, (empty,))
    with contextlib.closing(psycopg2.connect(d.url)) as c, c.cursor() as q:
        q.execute("select * from ledger_lock for update")  # nobody seals
        one = two[0]
        one.env["YUNCANG_FEED_KEEP_MS"] = "60s"  # cleans four times in that time, first when it starts
        one.start(ready=False)
        yc.wait_for("the cleaning", lambda: d.sql(known, (empty,)) == [(0,)], 30)
        assert d.sql(known, (s,)) == [(1,)]
        c.rollback()
    sealed(d)


TABLES = ["journal", "entry", "seal_batch", "seal_range", "seal_period", "ledger_period", "ledger_period_total"]


@pytest.mark.parametrize("table", TABLES)
def test_the_service_may_not_change_the_books(town, orders, table):
    column = {"journal": "split_version", "entry": "fen", "seal_batch": "row_count", "seal_range": "seq_to",
              "seal_period": "row_count", "ledger_period": "row_count", "ledger_period_total": "debit_fen"}[table]
    for harm in (f"update {table} set {column} = {column}", f"delete from {table}", f"truncate {table}",
                 f"drop table {table}", f"alter table {table} disable trigger all"):
        with contextlib.closing(psycopg2.connect(town.database.url)) as c, c.cursor() as q:
            q.execute("set role yuncang_service")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                q.execute(harm)


def test_the_service_may_not_open_a_period(town):
    for harm in ("update ledger_state set open_period = 200001", "insert into ledger_period values "
                 "(202001, now(), 1, 'x', 0, 0, 0, 0, '')", "delete from ledger_state"):
        with contextlib.closing(psycopg2.connect(town.database.url)) as c, c.cursor() as q:
            q.execute("set role yuncang_service")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                q.execute(harm)
