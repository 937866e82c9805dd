"""What the integration tests stand on: a private PostgreSQL, services under test, a small client.

The fixtures are in conftest.py.  Everything here listens on loopback or a unix socket, and every process
that is started is ended by its own id.
"""

import contextlib
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import psycopg2

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("YC_BUILD", TOP / "build"))
SANITIZED = BUILD.name.endswith("-san")  # its memory is not what is tested
PROGRAM = BUILD / "yuncang"
READY_SECONDS = 30
NO_ORDER = "01920000-0000-7000-8000-000000000000"  # an id that no order has
SIMULATOR = BUILD / "simulator"
CLEAN = "audit: lost 0 oversold 0 unbalanced 0 duplicated 0"  # the last line of its audit


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, check, seconds=10.0):
    """Until check() is true; what it gave is returned.  Fails naming what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        got = check()
        if got:
            return got
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)


def run(*args, env=None, check=True, **more):
    """The program's subcommand; its CompletedProcess, texts decoded."""
    whole = {k: v for k, v in os.environ.items() if not k.startswith("YUNCANG_")}
    whole.update(env or {})
    done = subprocess.run([str(PROGRAM), *args], env=whole, capture_output=True, text=True,
                          timeout=60, **more)
    assert not check or done.returncode == 0, f"yuncang {args}: {done.stdout}{done.stderr}"
    return done


def simulator(*args):
    """The simulator's subcommand to its end; its CompletedProcess, texts decoded."""
    return subprocess.run([str(SIMULATOR), *map(str, args)], text=True, capture_output=True, timeout=300, cwd=TOP,
                          check=False)


class Cluster:
    """A PostgreSQL of the run's own, through etc/dev/postgres."""

    def __init__(self, folder, options=()):
        self.folder = Path(folder)
        self.options = list(options)

    def _tool(self, *args):
        # To a file: the server inherits stdout, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as out:
            subprocess.run([str(TOP / "etc/dev/postgres"), "-d", str(self.folder), *args], check=True,
                           stdin=subprocess.DEVNULL, stdout=out, timeout=120)
            out.seek(0)
            return out.read().strip()

    def start(self):
        flags = list(itertools.chain.from_iterable(("-o", o) for o in self.options))
        self._tool(*flags, "start")

    def stop(self, mode="fast"):
        """immediate is a crash: the next start recovers."""
        self._tool("-m", mode, "stop")

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def remove(self):
        self._tool("remove")

    def url(self, name):
        return self._tool("-D", name, "url")

    def database(self, name, template="template1"):
        with contextlib.closing(psycopg2.connect(self.url("postgres"))) as c:
            c.autocommit = True
            with c.cursor() as q:
                q.execute(f'drop database if exists "{name}" with (force)')
                q.execute(f'create database "{name}" template "{template}"')
        return Database(self, name)


class Database:
    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        self.url = cluster.url(name)

    @property
    def env(self):
        return {"YUNCANG_DB": self.url}

    def run(self, *args, **more):
        return run(*args, env=self.env, **more)

    def migrate(self):
        return self.run("migrate")

    def sql(self, text, args=None):
        """Rows of one statement, committed."""
        with contextlib.closing(psycopg2.connect(self.url)) as c, c, c.cursor() as q:
            q.execute(text, args)
            return q.fetchall() if q.description else q.rowcount

    def wait_blocked(self, count=1):
        """Until this many of the database's sessions wait for a lock."""
        wait_for(f"{count} sessions that wait for a lock", lambda: self.sql(
            "select count(*) from pg_stat_activity where datname = current_database() "
            "and wait_event_type = 'Lock'")[0][0] >= count)

    def key(self, role, *scopes, name="test"):
        flags = itertools.chain.from_iterable(("--scope", s) for s in scopes)
        return self.run("key", "create", "--role", role, "--name", name, *flags).stdout.strip()

    def audit(self, *options):
        """Fails on any violation; the audit's last line."""
        done = self.run("audit", *options, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()[-1]


class RpcError(Exception):
    """A refusal, as a Connect client reads it."""

    def __init__(self, status, body):
        self.status = status
        self.body = body
        self.code = body.get("code")
        self.message = body.get("message")
        self.details = body.get("details", [])
        first = self.details[0].get("debug", {}) if self.details else {}
        self.reason = first.get("reason")
        self.field = first.get("field", "")
        self.text = first.get("text", "")
        self.retry = first.get("retry", False)
        super().__init__(f"{status} {self.code} {self.reason} {self.message}")


class Client:
    """Connect unary in JSON over a kept connection, one per thread."""

    def __init__(self, url, key=None, timeout=60):
        self.at = urllib.parse.urlsplit(url)
        self.key = key
        self.timeout = timeout
        self._local = threading.local()

    def with_key(self, key):
        return Client(self.at.geturl(), key, self.timeout)

    def wait_known(self):
        """Until the service has read this client's key from the change feed."""
        def known():
            try:
                self.call("OrderService/GetOrder", {"orderId": NO_ORDER})
            except RpcError as e:
                return e.code == "not_found"
            return True
        wait_for("the key to be known", known)
        return self

    def _connection(self):
        if getattr(self._local, "c", None) is None:
            self._local.c = http.client.HTTPConnection(self.at.hostname, self.at.port,
                                                       timeout=self.timeout)
        return self._local.c

    def close(self):
        if getattr(self._local, "c", None) is not None:
            self._local.c.close()
            self._local.c = None

    def request(self, method, path, body=None, headers=None):
        """(status, headers, bytes) of any request.  A kept connection that the other side closed is
        opened again once, but only when nothing of the answer was read."""
        for again in (True, False):
            c = self._connection()
            try:
                c.request(method, path, body, headers or {})
                r = c.getresponse()
                return r.status, r.headers, r.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if not again:
                    raise
            except BaseException:
                self.close()
                raise
        raise AssertionError("not reached")

    def headers(self, **more):
        h = {"content-type": "application/json", "connect-protocol-version": "1"}
        if self.key is not None:
            h["authorization"] = "Bearer " + self.key
        h.update({k.replace("_", "-"): v for k, v in more.items()})
        return h

    def call(self, method, message=None, **headers):
        """call("OrderService/Quote", {...}) → the answer, or RpcError."""
        status, _, body = self.request("POST", "/yuncang.v1." + method, json.dumps(message or {}),
                                       self.headers(**headers))
        answer = json.loads(body)
        if status != 200:
            raise RpcError(status, answer)
        return answer

    def get(self, path):
        status, _, body = self.request("GET", path)
        return status, body.decode()

    def raw(self, data, timeout=10, half_close=False):
        """All that comes back on a connection of its own for these bytes, until the other side closes or
        is silent for the timeout."""
        with socket.create_connection((self.at.hostname, self.at.port), timeout=timeout) as s:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
            got = b""
            with contextlib.suppress(socket.timeout, ConnectionResetError):
                while part := s.recv(65536):
                    got += part
            return got


class Instance:
    """One yuncang serve; keeps its port over restarts."""

    def __init__(self, database, log, **settings):
        self.database = database
        self.port = free_port()
        self.log = Path(log)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("YUNCANG_")}
        self.env.update(database.env, YUNCANG_LISTEN=f"127.0.0.1:{self.port}",
                        YUNCANG_PAYOUT_PREPARE_MS="0")  # a day's batches would be among those that tests count
        self.env.update({"YUNCANG_" + k.upper(): str(v) for k, v in settings.items()})
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, key=None, **more):
        return Client(self.url, key, **more)

    def login(self, role, *scopes):
        """A client with a new key, which this instance knows by now."""
        return self.client(self.database.key(role, *scopes)).wait_known()

    def start(self, ready=True, args=()):
        assert self.process is None
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(PROGRAM), "serve", *args], env=self.env, stderr=log,
                                            stdout=log, stdin=subprocess.DEVNULL)
        if ready:
            self.wait_ready()
        return self

    def http(self, path):
        """(status, text), or (0, why) while nobody listens."""
        with contextlib.closing(self.client(timeout=5)) as c:
            try:
                return c.get(path)
            except OSError as e:
                return 0, str(e)

    def wait_ready(self, seconds=READY_SECONDS):
        def look():
            assert self.process.poll() is None, f"serve ended early:\n{self.tail()}"
            return self.http("/readyz")[0] == 200
        wait_for(f"readyz of {self.url}, log {self.log}", look, seconds)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self.process = None

    def stop(self):
        """SIGTERM, drained; the exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"serve did not stop:\n{self.tail()}") from None
        self.process = None
        return status

    def restart(self, kill=False):
        self.kill9() if kill else self.stop()
        return self.start()

    def memory(self):
        """Resident bytes now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def tail(self, lines=30):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def metric(self, name):
        for line in self.http("/metrics")[1].splitlines():
            if line.split(" ")[0] == name:
                return float(line.split(" ")[1])
        raise KeyError(name)


def at_once(count, work):
    """work(i) in count threads that start together; what each gave or raised, in order."""
    results = [None] * count
    gate = threading.Barrier(count)

    def one(i):
        gate.wait()
        try:
            results[i] = work(i)
        except Exception as e:  # the test looks at it
            results[i] = e
    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results
