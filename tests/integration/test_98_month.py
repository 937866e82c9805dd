"""The month of a small day: money goes out, comes back, is reconciled and closed; and what is not so is seen."""
import base64
import json
import os
import re
import subprocess

import pytest

import yc
from provider_stand import StandIn
from test_74_day import SETTINGS as DAY

MONEY = "money: unbalanced 0 unexplained 0 unpaid_due 0"
BRAND_MERCHANT = "1900000001"
# A month's retries fit into the play as a day's do.
SETTINGS = {**DAY, "settle_poll_ms": "50ms", "settle_retry_ms": "24h", "seal_poll_ms": "100ms", "recon_poll_ms": "100ms",
            "approval_min_fen": 500000}


class Month:
    """A small day that is paid at the stand-in provider, the month behind it, and what they left."""

    def __init__(self, service, database, folder):
        self.database = database
        self.journal = folder / "journal"
        self.standin = StandIn(folder / "provider", BRAND_MERCHANT, qps=0)
        self.standin.folder.mkdir()
        self.standin.start()
        secret = folder / "secret"
        port = yc.free_port()
        secret.write_text("whsec_" + base64.b64encode(os.urandom(32)).decode() + "\n")
        secret.chmod(0o600)
        self.server = service(1, **SETTINGS, **self.standin.settings(wechat_rate=1000),
                              courier_url=f"http://127.0.0.1:{port}/courier", courier_secret_file=str(secret))[0]
        self.admin, front = database.key("admin", name="first"), database.key("storefront", "storefront:*")
        second = database.key("finance", name="second")
        client = self.server.client(self.admin).wait_known()
        policy = json.loads((yc.TOP / "etc/default-policy.json").read_text())
        client.call("CatalogService/PutRoutingPolicy", {
            "policy": {**policy, "depositBps": 3000, "forfeitBps": 2000, "balanceDays": 5}, "activate": True})
        self.common = ["--url", self.server.url, "--key", self.admin, "--provider", self.standin.url]
        self.day = yc.simulator("day", *self.common, "--db", database.url, "--front-key", front, "--journal",
                                self.journal, "--listen", port, "--courier-secret", secret, "--seconds", 6, "--orders", 250)
        self.month = yc.simulator("month", *self.common, "--db", database.url, "--second-key", second,
                                  "--journal", self.journal)

    def books(self, database=None):
        return yc.simulator("books", *self.common, "--db", (database or self.database).url, "--journal",
                            self.journal)

    def count(self, word):
        return int(re.search(rf"^{re.escape(word)} +(\d+)$", self.month.stdout, re.M)[1])

    def number(self, sql):
        return self.database.sql(sql)[0][0]


@pytest.fixture(scope="module")
def month(service, database, tmp_path_factory):
    m = Month(service, database, tmp_path_factory.mktemp("month"))
    yield m
    m.server.stop()
    m.standin.stop()


@pytest.fixture(scope="module")
def left(month, cluster):
    """What the month left, with nobody connected to it."""
    kept = cluster.database("month_left")
    dump = subprocess.run(["pg_dump", "--format=custom", month.database.url], check=True, capture_output=True, timeout=60)
    subprocess.run(["pg_restore", "--no-owner", "--dbname", kept.url], input=dump.stdout, check=True,
                   capture_output=True, timeout=60)
    return kept


@pytest.fixture
def copy(left, cluster):
    """A copy of that, to be broken."""
    return cluster.database("month_copy", left.name)


def figures(done):
    (line,) = re.findall(r"^money: unbalanced (\d+) unexplained (\d+) unpaid_due (\d+)$", done.stdout, re.M)
    return tuple(int(n) for n in line)


def test_a_month_ends_with_nothing_open(month):
    assert month.day.returncode == 0, month.day.stdout + month.day.stderr
    assert month.month.returncode == 0, month.month.stdout + month.month.stderr
    done = month.books()
    assert done.returncode == 0, done.stdout + done.stderr
    day, money, audit = done.stdout.splitlines()[-3:]
    assert re.fullmatch("day: stuck 0 undelivered 0 forged_accepted 0", day), done.stdout
    assert (money, audit) == (MONEY, yc.CLEAN)


def test_there_was_something_to_see(month):
    """A month in which nothing went wrong would prove nothing."""
    for word in ("payout batches", "writes that a second person approved", "bank files read, their lines and sums right",
                 "payouts confirmed", "refunds given back by hand", "amounts given back of goods paid out long ago",
                 "amounts given back out of goodwill", "withdrawals", "periods closed"):
        assert month.count(word) > 0, f"{word}\n{month.month.stdout}"
    assert month.count("payouts that came back") == 1
    assert month.count("differences planted in a bill") == month.count("differences found and explained") == 1
    assert month.number("select count(*) from payout where rail = 1 and state = 3") > 0
    assert month.number("select count(*) from payout where rail = 1 and state = 4") > 0, "no receiver was closed"
    assert month.number("select count(*) from bill where state = 2") > 20
    assert month.standin.books()["counts"]["faults"] > 0
    events = dict(month.database.sql("select event, count(*) from journal group by 1"))
    assert set(events) >= {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18}, events


def test_a_closed_period_exports_the_same_again(month):
    period = month.number("select min(period) from ledger_period")
    first, again = (month.database.run("export", "entries", "--period", str(period)).stdout for _ in range(2))
    assert first == again and first.count("\n") > 100


def test_the_service_finds_its_books_whole(month):
    done = month.database.run("audit", "--recompute", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_difference_is_unexplained(month, copy):
    copy.sql("insert into recon_exception (exception_id, provider, collector_id, kind, bill_id, class, ref, reason, fen, "
             "recon_fen, day, event_at, period, opened_at) select gen_random_uuid(), provider, collector_id, kind, bill_id, "
             "class, 'another', reason, 1, 0, day, event_at, period, opened_at from recon_exception limit 1")
    done = month.books(copy)
    assert (done.returncode, figures(done)) == (1, (0, 1, 0)), done.stdout


def test_money_that_moved_without_a_posting_is_unexplained(month, copy):
    copy.sql("alter table journal disable trigger user")
    assert copy.sql("delete from journal where (object_id, event, event_no) = (select object_id, event, event_no "
                    "from journal where event = 6 and provider_ref like '%:%' limit 1)") == 1
    done = month.books(copy)
    unbalanced, unexplained, _ = figures(done)
    assert done.returncode == 1 and unexplained == 1 and unbalanced > 0, done.stdout


@pytest.mark.parametrize("harm, check", [
    ("update entry set fen = fen + 1 where (batch_no, entry_no) = (select batch_no, entry_no from entry limit 1)", "ENTRY"),
    ("update balance set fen = fen - 1 where account = (select max(account) from balance where account >> 55 = 21)",
     "BALANCE"),
    ("update journal set amounts[1] = amounts[1] - 100, amounts[2] = amounts[2] + 100 where (object_id, event, event_no) = "
     "(select object_id, event, event_no from journal where event = 1 and cardinality(amounts) = 2 and exists (select from payment where provider = 1 and "
     "number = provider_ref) limit 1)", "PAYMENT"),
    ("update ledger_period_total set debit_fen = debit_fen + 1, credit_fen = credit_fen + 1 where account = "
     "(select min(account) from ledger_period_total)", "PERIOD")])
def test_books_that_do_not_agree_are_unbalanced(month, copy, harm, check):
    for table in ("entry", "journal", "balance", "ledger_period_total"):
        copy.sql(f"alter table {table} disable trigger user")
    assert copy.sql(harm) > 0
    done = month.books(copy)
    assert done.returncode == 1 and figures(done)[0] > 0, done.stdout
    assert re.search(rf"^{check} +[1-9]", done.stdout, re.M), done.stdout


@pytest.mark.parametrize("harm, check", [
    ("update payout set state = 1 where payout_id = (select payout_id from payout where state = 3 and rail = 2 limit 1)",
     "UNDER_WAY"),
    ("update settlement set ended_at = null where order_id = (select min(order_id::text)::uuid from settlement)", "HOLD"),
    ("update refund set state = 1 where order_id = (select min(order_id::text)::uuid from refund)", "REFUND")])
def test_what_is_due_and_not_paid_is_seen(month, copy, harm, check):
    assert copy.sql(harm) > 0
    done = month.books(copy)
    assert done.returncode == 1 and figures(done)[2] > 0, done.stdout
    assert re.search(rf"^{check} +[1-9]", done.stdout, re.M), done.stdout
