"""Fixtures of the race tests."""

import os
import subprocess

import pytest
from race_database import DRIVER, FOLDER, TOP, Database


@pytest.fixture(scope="session")
def cluster():
    first = subprocess.run([TOP / "etc/dev/postgres", "-d", FOLDER, "-D", "race", "start"], check=True,
                           capture_output=True, text=True).stdout.strip()
    database = Database(first)
    yield database
    database.server("stop")


@pytest.fixture
def database(cluster):
    cluster.fresh()
    return cluster


@pytest.fixture
def drive(tmp_path):
    """Starts batch_race; the processes that still run at the end are ended."""
    running = []

    def start(mode, url, seed, orders, window, **settings):
        out, log = (open(tmp_path / f"{mode}-{len(running)}.{x}", "wb") for x in ("out", "log"))
        env = {**os.environ, **{f"YUNCANG_{k.upper()}": str(v) for k, v in settings.items()}}
        process = subprocess.Popen([DRIVER, mode, url, str(seed), str(orders), str(window)], stdout=out,
                                   stderr=log, env=env)
        log.close()
        process.out = out
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.out.close()


@pytest.fixture(scope="module")
def sold(cluster):
    """A database in which all was sold, fairly."""
    cluster.fresh()
    cluster.stock(20, 20, 500 * 2000)
    subprocess.run([DRIVER, "race", cluster.url, "1", "100000", "100"], check=True, capture_output=True)
    return cluster
