"""A compressed day of the simulator: everything comes to its end, every event to its receivers; and what is not so is seen."""
import base64
import os
import re

import pytest

import yc

ENDED = "day: stuck 0 undelivered 0 forged_accepted 0"
# What tells the world is in a hurry: a day's retries fit into the play.
SETTINGS = {"clock_may_move": "on", "timer_poll_ms": "50ms", "expiry_poll_ms": "100ms", "webhook_private_allowed": "on",
            "webhook_http_allowed": "on", "webhook_poll_ms": "50ms", "webhook_timeout_ms": "1s",
            "webhook_retry_ms": "20ms", "courier_poll_ms": "100ms"}


class Day:
    """A small day on two instances, and what it left."""

    def __init__(self, service, database, folder):
        self.database = database
        self.journal = folder / "journal"
        secret = folder / "secret"
        port = yc.free_port()
        secret.write_text("whsec_" + base64.b64encode(os.urandom(32)).decode() + "\n")
        secret.chmod(0o600)
        self.instances = service(2, **SETTINGS, courier_url=f"http://127.0.0.1:{port}/courier",
                                 courier_secret_file=str(secret))
        admin, front = database.key("admin"), database.key("storefront", "storefront:*")
        for i in self.instances:
            i.client(admin).wait_known()
        urls = [word for i in self.instances for word in ("--url", i.url)]
        self.done = yc.simulator("day", *urls, "--key", admin, "--front-key", front, "--db", database.url,
                              "--journal", self.journal, "--listen", port, "--courier-secret", secret,
                              "--seconds", 12, "--orders", 500)

    def audit(self, journal=None):
        return yc.simulator("audit", "--db", self.database.url, "--journal", journal or self.journal)

    def with_line(self, folder, line):
        """The audit over the same journal with one more line."""
        other = folder / "journal"
        other.write_text(self.journal.read_text() + line + "\n")
        return self.audit(other)

    def count(self, word):
        return int(re.search(rf"^{word} +(\d+)$", self.done.stdout, re.M)[1])


@pytest.fixture(scope="module")
def day(service, database, tmp_path_factory):
    return Day(service, database, tmp_path_factory.mktemp("day"))


def test_everything_ends_and_everybody_hears_of_it(day):
    assert day.done.stdout.splitlines()[-2:] == [ENDED, yc.CLEAN], day.done.stdout + day.done.stderr
    assert day.done.returncode == 0, day.done.stderr


def test_there_was_something_to_see(day):
    """A day on which nothing went wrong would prove nothing."""
    for word in ("offers accepted", "offers rejected", "offers left to lapse", "parts marked short", "collected",
                 "wrong codes shown", "sent out", "delivered", "parcels without news", "returns brought",
                 "productions started", "pieces sold over the counter", "till reports repeated", "gaps in tills' numbers",
                 "parcels of the courier", "events told again", "acts repeated with the same answer"):
        assert day.count(word) > 0, f"{word}\n{day.done.stdout}"
    assert day.count("forged or replayed requests thrown at receivers") > 50
    states = dict(day.database.sql("select state, count(*) from fulfilment group by state"))
    assert {7, 10, 16} <= set(states) and not set(states) & {1, 2, 3, 6, 8, 9, 11, 12, 13}, states


def test_the_clock_went_on_for_days(day):
    span = day.database.sql("select extract(epoch from max(at) - min(at))::int8 from order_act")[0][0]
    assert span > 10 * 86400


def test_the_auditor_sees_what_is_broken_in_a_day(day):
    """Among it a fulfilment that is stuck, an event that nobody was told, one that the service never had."""
    done = yc.simulator("selftest", "--db", day.database.url, "--journal", day.journal)
    assert done.returncode == 0 and "NOT FOUND" not in done.stdout, done.stdout + done.stderr
    for word in ("STUCK_PART", "STUCK_ORDER", "UNDELIVERED", "UNTOLD", "INVENTED", "ON_HAND", "MOVED", "TRAIL",
                 "REFUND_ACTS"):
        assert re.search(rf"^{word} +found [1-9]", done.stdout, re.M), word + done.stdout


def told(day):
    return next(line for line in day.journal.read_text().splitlines() if line.startswith("W\t"))


def test_an_event_that_did_not_arrive_is_seen(day, tmp_path):
    other = tmp_path / "journal"
    other.write_text(day.journal.read_text().replace(told(day) + "\n", "", 1))
    done = day.audit(other)
    assert done.returncode == 1
    assert "day: stuck 0 undelivered 1 forged_accepted 0" in done.stdout, done.stdout


@pytest.mark.parametrize("line", ["F\t2\tan old delivery played again",
                                  "W\tday-fine\t0193aaaa-0000-7000-8000-00000000ffff"])
def test_a_forgery_that_was_taken_is_seen(day, tmp_path, line):
    done = day.with_line(tmp_path, line)
    assert done.returncode == 1
    assert "day: stuck 0 undelivered 0 forged_accepted 1" in done.stdout, done.stdout


def test_a_shelf_that_does_not_add_up_is_seen(day, tmp_path):
    line = next(line for line in day.journal.read_text().splitlines() if line.startswith("C\t"))
    *shelf, count = line.split("\t")
    done = day.with_line(tmp_path, "\t".join([*shelf, str(int(count) + 1000)]))
    assert done.returncode == 1 and "ON_HAND" in done.stdout and "oversold 1" in done.stdout, done.stdout


def test_without_its_end_a_day_is_not_judged(day, tmp_path):
    """While it is played the auditor may look, and says nothing about what is still under way."""
    other = tmp_path / "journal"
    other.write_text(day.journal.read_text().replace("D\tover\n", ""))
    done = day.audit(other)
    assert done.returncode == 0 and "day:" not in done.stdout, done.stdout


def test_a_clock_that_stands_still_is_no_day(service, database, tmp_path):
    still = service(1)[0]
    admin = database.key("admin")
    done = yc.simulator("day", "--url", still.url, "--key", admin, "--front-key", admin, "--db", database.url,
                        "--journal", tmp_path / "journal")
    assert done.returncode == 2 and "clock cannot be moved" in done.stderr, done.stdout + done.stderr
