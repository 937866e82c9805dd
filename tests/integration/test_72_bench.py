"""The load generator of make bench: each kind and target is answered, counted, and audited clean. No speed is judged."""

import json
import os
import subprocess
import time

import pytest

import yc


class Bench:
    def __init__(self, service, database, folder):
        self.instance = service(1)[0]
        self.database = database
        self.journal = folder / "journal"
        self.key = database.key("admin")
        self.instance.client(self.key).wait_known()

    def command(self, name, *args, url=None):
        return subprocess.run(
            [yc.SIMULATOR, name, "--url", url or self.instance.url, "--key", self.key, "--db", self.database.url,
             "--journal", str(self.journal), "--quiet", *map(str, args)],
            text=True, capture_output=True, timeout=200, cwd=yc.TOP, check=False)

    def run(self, kind, tag, *args, target="mix", orders=400, connections=16):
        """The one line of JSON of a second's run."""
        done = self.command("bench", "--kind", kind, "--target", target, "--seconds", 1, "--orders", orders,
                            "--connections", connections, "--tag", tag, *args)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("\n") == 1
        said = json.loads(done.stdout)
        assert (said["kind"], said["target"], said["connections"]) == (kind, target, connections)
        assert said["errors"] == 0 and said["violations"] == 0 and said["answers"] > 0, said
        assert said["seconds"] <= 1 and said["generator_cpu_us"] > 0
        assert 0 < said["p50_ms"] <= said["p99_ms"] <= said["p999_ms"] <= said["max_ms"], said
        assert said["refused"] == sum(said["reasons"].values())
        return said

    def orders(self, tag):
        return self.database.sql("select count(*) from sales_order where order_ref like %s", [tag + "-%"])[0][0]


@pytest.fixture(scope="module")
def bench(service, database, tmp_path_factory):
    b = Bench(service, database, tmp_path_factory.mktemp("bench"))
    done = b.command("load", "--world", "small")
    assert done.returncode == 0, done.stderr
    return b


def acknowledged(bench, tag):
    """Lines of the journal: orders acknowledged, within the window or after it."""
    return sum(line.startswith("A\t") and line.split("\t")[3].startswith(tag + "-")
               for line in bench.journal.read_text().splitlines())


@pytest.mark.parametrize("kind, target", [("submit", "mix"), ("bulk", "mix"), ("submit", "hot"), ("bulk", "hot"),
                                          ("submit", "spread")])
def test_orders_are_taken_counted_and_written_down(bench, kind, target):
    tag = kind + target
    said = bench.run(kind, tag, target=target)
    assert 0 < said["orders"] <= acknowledged(bench, tag) == bench.orders(tag) <= 400
    assert said["per_s"] == pytest.approx(said["orders"] / said["seconds"])
    if target == "hot":
        assert said["refused"] == 0, said
        rows = bench.database.sql("select count(distinct (location_id, sku_id)) from fulfilment join sales_order "
                                  "using (order_id) where order_ref like %s", [tag + "-%"])
        assert rows[0][0] == 1


def test_prepaid_and_quoted_orders_are_among_them(bench):
    bench.run("submit", "paid", orders=800)
    paid = bench.database.sql("select count(*) from sales_order where order_ref like 'paid-%%' and paid_at is not null")
    assert paid[0][0] > 0
    written = sum(line.startswith("P\t") and "\t4200-paid-" in line for line in bench.journal.read_text().splitlines())
    assert written == paid[0][0]


def test_the_same_tag_again_is_the_same_orders(bench):
    """A window repeated with its tag gets the first answers again: nothing is sold twice."""
    bench.run("submit", "again", target="hot", orders=100)
    before = bench.orders("again")
    said = bench.run("submit", "again", target="hot", orders=100)
    assert said["orders"] > 0 and bench.orders("again") == before == 100


@pytest.mark.parametrize("kind", ["quote", "quote-open", "quote-json"])
def test_quotes_offer_something(bench, kind):
    said = bench.run(kind, kind)
    assert said["orders"] == 0 and said["options_mean"] > 1
    assert said["per_s"] == pytest.approx(said["answers"] / said["seconds"])


def test_the_constant_answer_is_the_same_each_time(bench):
    said = bench.run("constant", "constant")
    assert said["answers"] > 400, "the one request goes out for the whole second"
    assert said["refused"] == 0


@pytest.mark.parametrize("kind, each", [("submit", 1), ("bulk", 100)])
def test_an_open_loop_sends_what_is_due_and_no_more(bench, kind, each):
    tag = "open" + kind
    said = bench.run(kind, tag, "--rate", 300, target="hot", orders=1000)
    assert said["rate"] == 300
    assert acknowledged(bench, tag) == bench.orders(tag) == 300
    assert said["answers"] <= 300 / each


def test_more_is_due_than_there_are_connections(bench):
    """One connection: requests wait in line, all are sent, and latency counts from the instant they were due."""
    start = time.monotonic()
    said = bench.run("quote", "line", "--rate", 100000, connections=1, orders=1000)
    seconds = time.monotonic() - start
    assert said["answers"] == 1000 or said["seconds"] == 1, said
    # Half of the 1,000 waited p50 or longer.  Were they counted from when they went out, one after the other,
    # that would take longer than all of it took.
    assert 500 * said["p50_ms"] / 1000 > seconds, said


def test_all_runs_are_audited_together(bench):
    done = bench.command("audit")
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == yc.CLEAN, done.stdout


def test_a_refused_key_is_told_by_its_reason(bench):
    done = subprocess.run([yc.SIMULATOR, "bench", "--url", bench.instance.url, "--key", "yk_wrong", "--kind", "quote",
                           "--seconds", "1", "--orders", "10", "--connections", "2", "--quiet"],
                          text=True, capture_output=True, timeout=60, cwd=yc.TOP, check=False)
    said = json.loads(done.stdout)
    assert said["reasons"] == {"unauthenticated": said["refused"]} and said["refused"] == said["answers"] > 0


def test_no_service_is_status_2(bench):
    for kind in ("submit", "constant"):
        done = bench.command("bench", "--kind", kind, "--seconds", 1, "--orders", 500,
                             url=f"http://127.0.0.1:{yc.free_port()}")
        assert done.returncode == 2 and done.stdout == "", done.stdout + done.stderr


def test_a_service_that_dies_is_told(bench):
    """Answers until then count; what was under way is an error, and the run ends by itself."""
    running = subprocess.Popen([yc.SIMULATOR, "bench", "--url", bench.instance.url, "--key", bench.key, "--kind",
                                "constant", "--seconds", "30", "--connections", "4", "--quiet"],
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=yc.TOP)
    try:
        yc.wait_for("requests to arrive", lambda: running.poll() is None and connections_of(running.pid) >= 4, 20)
        bench.instance.restart(kill=True)
        out, err = running.communicate(timeout=60)
    finally:
        if running.poll() is None:
            running.kill()
    assert running.returncode == 0 and "got no answer" in err, out + err
    assert 1 <= json.loads(out)["errors"] <= 8, out


def connections_of(pid):
    folder = f"/proc/{pid}/fd"
    return sum(os.readlink(f"{folder}/{fd}").startswith("socket:") for fd in os.listdir(folder))
