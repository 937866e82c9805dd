"""The benchmark runs whole and small: every part, all figures, every database audited.  No figure is judged."""

import json
import os
import signal
import subprocess

import pytest

import yc

FIGURES = {"single_copy", "bulk_copy", "single_pgbench", "p99_commit", "decide_per_s", "quote_constant", "growth",
           "hot_sku", "rss_mib", "screens_rss_mib", "screens_cpu", "screens_p99_ms"}
MAY_BE_0 = {"screens_rss_mib", "screens_cpu"}  # of a second in which nothing happens
PARTS = {"copy", "pgbench", "single64", "single256", "bulk", "quote", "quote_open", "quote_json", "constant", "decide",
         "half_load", "lone", "growth_full", "growth_small", "hot", "spread", "screens"}


def start(folder, *args):
    """The benchmark on a build folder of its own, so that no bench.json of a real run is lost."""
    build = folder / "build"
    build.mkdir(exist_ok=True)
    for name in ("yuncang", "simulator", "tests"):
        if not (build / name).exists():
            (build / name).symlink_to(yc.BUILD / name)
    with open(folder / "out", "w", encoding="utf-8") as out:
        return subprocess.Popen([str(yc.TOP / "tests/bench/run"), str(build), "--smoke", "--folder",
                                 str(folder / "work"), *args], stdout=out, stderr=out,
                                stdin=subprocess.DEVNULL, cwd=yc.TOP)


def server_of(text):
    """The folder of the benchmark's PostgreSQL, as its first line names it."""
    return text.split("PostgreSQL runs, in ", 1)[1].split("\n", 1)[0]


def alive(pid):
    """Not one that only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    done = start(folder)
    try:
        status = done.wait(240)
    finally:
        if done.poll() is None:
            done.terminate()
            done.wait(60)
    text = (folder / "out").read_text(encoding="utf-8")
    assert status == 0, text
    return json.loads((folder / "build/bench.json").read_text(encoding="utf-8")), text


def test_every_figure_is_there_and_positive(measured):
    result, text = measured
    assert set(result["figures"]) == FIGURES == set(result["targets"])
    assert all(v > 0 or k in MAY_BE_0 for k, v in result["figures"].items()), result["figures"]
    for name in FIGURES:
        assert f"\n{name} " in text
    assert "not measured" not in text


def test_every_part_kept_its_raw_rounds(measured):
    result, _ = measured
    assert set(result["rounds"]) == PARTS
    for name, rounds in result["rounds"].items():
        assert len(rounds) == 1 and rounds[0]["per_s"] > 0, name
    for part in ("single64", "single256", "bulk", "half_load", "hot", "spread"):
        raw = result["rounds"][part][0]
        assert raw["orders"] > 0 and raw["errors"] == 0, raw
        assert set(result["cpu_us_per_order"][part]) == {"service", "postgres", "generator"}
    assert set(result["wal_per_order"]) == set(result["bytes_per_order"]) == {"single", "copy"}


def test_screens_show_every_order(measured):
    raw = measured[0]["rounds"]["screens"][0]
    assert raw["orders"] == raw["shown"] > 0 and raw["errors"] == raw["idle_changes"] == 0, raw


def test_rows_of_pgbench_are_as_big_as_those_it_is_measured_against(measured):
    result, _ = measured
    single, hand = result["seed"]["rows"], result["rounds"]["pgbench"][0]["rows"]
    assert result["rounds"]["pgbench"][0]["orders"] > 0
    for table in ("submission", "sales_order", "fulfilment", "decision", "contact", "outbox"):
        assert hand[table][0] == pytest.approx(single[table][0], rel=0.1), table
        assert hand[table][1] == pytest.approx(single[table][1], rel=0.1), table


def test_every_database_was_audited_with_its_acknowledged_orders(measured):
    result, _ = measured
    assert [a["database"] for a in result["audits"]] == ["w_seed", "w_run", "w_small", "w_past"]
    for a in result["audits"]:
        assert a["line"] == yc.CLEAN and int(a["text"].split()[1]) > 0, a
    past = result["rounds"]["growth_full"][0]["past"]
    assert past >= 10000 and f"{past} past orders" in measured[1]


def test_nothing_is_left_behind(measured):
    assert not os.path.exists(server_of(measured[1]))


def test_a_stop_in_the_middle_ends_what_was_started(tmp_path):
    done = start(tmp_path, "--only", "c")
    out = tmp_path / "out"
    try:
        yc.wait_for("the first orders", lambda: "loading" in out.read_text(encoding="utf-8"), 60)
        server = server_of(out.read_text(encoding="utf-8"))
        postmaster = int(open(f"{server}/data/postmaster.pid", encoding="utf-8").readline())
        done.send_signal(signal.SIGTERM)
        assert done.wait(60) == 130, out.read_text(encoding="utf-8")
    finally:
        if done.poll() is None:
            done.kill()
            done.wait()
    assert not os.path.exists(server)
    yc.wait_for("PostgreSQL to be gone", lambda: not alive(postmaster))
    assert "stopped" in out.read_text(encoding="utf-8")


def test_an_unknown_part_is_wrong_usage():
    done = subprocess.run([str(yc.TOP / "tests/bench/run"), "build", "--only", "z"], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 2 and "a to j" in done.stderr
