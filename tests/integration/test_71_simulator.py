"""The simulator against real instances: its demo passes, also while instances and the database are killed."""

import re
import subprocess
import threading

import pytest

import yc


class Demo:
    """A simulator on two instances, and what it printed."""

    def __init__(self, service, database, folder):
        self.instances = service(2)
        self.database = database
        self.journal = folder / "journal"
        self.key = database.key("admin")
        self.wait_key()

    def wait_key(self):
        for i in self.instances:
            i.client(self.key).wait_known()

    def command(self, name, *args):
        urls = [word for i in self.instances for word in ("--url", i.url)]
        return [yc.SIMULATOR, name, *urls, "--key", self.key, "--db", self.database.url, "--journal", str(self.journal),
                "--connections", "32", *map(str, args)]

    def run(self, name, *args):
        return subprocess.run(self.command(name, *args), text=True, capture_output=True, timeout=300,
                              cwd=yc.TOP, check=False)

    def rows(self, table):
        return self.database.sql(f"select count(*) from {table}")[0][0]


@pytest.fixture(scope="module")
def demo(service, database, tmp_path_factory):
    d = Demo(service, database, tmp_path_factory.mktemp("simulator"))
    d.first = d.run("demo", "--orders", 1500, "--seconds", 60)
    return d


def last_line(done):
    return done.stdout.splitlines()[-1]


def test_the_demo_ends_with_the_line(demo):
    assert demo.first.returncode == 0, demo.first.stdout + demo.first.stderr
    assert last_line(demo.first) == yc.CLEAN
    table = demo.first.stdout
    started = re.search(r"^started +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", table, re.M)
    assert int(started[5]) == 1500 and all(int(started[i]) > 200 for i in range(1, 5)), table
    acknowledged = int(re.search(r"^acknowledged .* (\d+)$", table, re.M)[1])
    assert acknowledged > 1200 and demo.rows("sales_order") == acknowledged
    assert "given up 0" in table


def test_the_auditor_sees_what_is_broken_in_a_real_database(demo):
    done = demo.run("selftest")
    assert done.returncode == 0 and "NOT FOUND" not in done.stdout, done.stdout + done.stderr


def test_a_sale_with_more_buyers_than_pieces_sells_the_last_one_and_no_more(demo):
    done = demo.run("run", "--mode", "hot", "--seconds", 4, "--pay", 0, "--connections", 100)
    assert done.returncode == 0, done.stdout + done.stderr
    left = demo.database.sql("select sum(on_hand - reserved - allocated), sum(on_hand) from stock_level "
                             "join sku using (sku_id) where code = 'K00007'")[0]
    assert left[1] == 1000 and left[0] >= 0
    audit = demo.run("audit")
    assert last_line(audit) == yc.CLEAN, audit.stdout


def test_nothing_is_lost_or_doubled_when_instances_and_database_die(demo):
    """One instance is killed, then PostgreSQL crashes, then the other instance is killed, all under load."""
    running = subprocess.Popen(demo.command("run", "--seconds", 12, "--outage", 120), text=True, cwd=yc.TOP,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []
    reader = threading.Thread(target=lambda: said.extend(running.stdout))
    reader.start()
    before = demo.rows("sales_order")

    def more_than(count):
        yc.wait_for(f"{count} orders more", lambda: demo.rows("sales_order") > before + count, 60)
    try:
        more_than(100)
        demo.instances[0].restart(kill=True)
        more_than(500)
        demo.database.cluster.restart("immediate")
        for i in demo.instances:
            i.wait_ready()
        more_than(900)
        demo.instances[1].restart(kill=True)
        assert running.wait(200) == 0, "".join(said)
    finally:
        if running.poll() is None:
            running.kill()
        reader.join()
    audit = demo.run("audit")
    assert last_line(audit) == yc.CLEAN, audit.stdout + "".join(said)
    assert audit.returncode == 0


def test_no_service_is_status_2(demo):
    nobody = f"http://127.0.0.1:{yc.free_port()}"
    done = subprocess.run([yc.SIMULATOR, "run", "--url", nobody, "--key", "x", "--seconds", "1", "--outage", "1",
                           "--journal", str(demo.journal) + ".none"], text=True, capture_output=True, cwd=yc.TOP,
                          check=False, timeout=60)
    assert done.returncode == 2
    assert "no order was acknowledged" in done.stderr
