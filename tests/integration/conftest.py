"""Fixtures: one PostgreSQL for the run, a fresh database for each module, services on demand."""

import itertools
import re

import pytest

import small_world
import town as town_module
import yc


# Minutes of waiting each: where modules run side by side, what begins last ends last.
LONGEST = ("test_98_month", "test_98_money_kill", "test_74_day", "test_73_benchmark", "test_94_provider_kill",
           "test_83_timers", "test_batch_race", "test_99_money_random", "test_71_simulator")


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """The run's PostgreSQL.  fsync is off: a process that dies loses nothing the system has."""
    c = yc.Cluster(tmp_path_factory.mktemp("pg") / "pg", ["fsync=off", "max_connections=200"])
    c.start()
    yield c
    c.remove()


@pytest.fixture(scope="module")
def empty_database(cluster, request):
    """A database of the module's own without any table."""
    return cluster.database("e_" + re.sub(r"\W", "_", request.module.__name__))


@pytest.fixture(scope="session")
def migrated(cluster):
    """What the modules' databases are copies of."""
    cluster.database("migrated").migrate()
    return "migrated"


@pytest.fixture(scope="module")
def database(cluster, migrated, request):
    """A migrated database of the module's own, which must pass the audit when the module is through: every leg of
    its orders comes out again, unless the module's rows are HAND_MADE."""
    d = cluster.database("t_" + re.sub(r"\W", "_", request.module.__name__), migrated)
    yield d
    d.audit(*([] if getattr(request.module, "HAND_MADE", False) else ["--recompute"]))


@pytest.fixture(scope="module")
def service(database, tmp_path_factory, request):
    """service(n=1, database=..., ready=True, **settings): n running instances, stopped with the module."""
    made = []
    number = itertools.count(1)
    folder = tmp_path_factory.mktemp("log")

    def make(n=1, database=database, ready=True, **settings):
        new = [yc.Instance(database, folder / f"{request.module.__name__}-{next(number)}.log", **settings)
               for _ in range(n)]
        made.extend(new)
        for i in new:
            i.start(ready=False)
        for i in new:
            if ready:
                i.wait_ready()
        return new
    yield make
    for i in made:  # one that died by itself fails here, too
        assert i.stop() == 0, i.tail()


@pytest.fixture(scope="module")
def server(service):
    """One instance, ready."""
    return service()[0]


@pytest.fixture(scope="module")
def admin(server):
    """A client that may do everything."""
    return server.login("admin")


@pytest.fixture(scope="module")
def world(admin, server, database):
    """The small world of small_world.py, loaded through the RPCs; see there for its codes."""
    small_world.load(admin)
    return small_world.World(server, database, admin)


@pytest.fixture(scope="module")
def town(admin, server, database):
    """The town of town.py, loaded through the RPCs: two dealers, and skus that each test makes for itself."""
    t = town_module.Town(server, database, admin)
    t.load()
    return t
