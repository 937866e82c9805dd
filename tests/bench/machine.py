"""What the benchmark runs on: a PostgreSQL of its own, services, the load generator, and their CPU time."""

import contextlib
import http.client
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg2

TOP = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")

# The same for every part.  Durable: fsync, synchronous_commit and full_page_writes are PostgreSQL's own
# defaults, named here so that a changed default cannot pass unseen.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "4GB",
    "max_wal_size": "16GB",
    "min_wal_size": "8GB",  # a server that has run for a while has old WAL files to write into again
    "checkpoint_timeout": "30min",
    "maintenance_work_mem": "512MB",
    "max_connections": "200",
}


class Failed(Exception):
    """The benchmark cannot go on; the text says why."""


class Progress:
    """A line a step, with the time since the start."""

    def __init__(self):
        self.start = time.monotonic()

    def __call__(self, text):
        print(f"[{time.monotonic() - self.start:7.1f} s] {text}", flush=True)


def environment(**more):
    """The environment without the settings of a service that somebody may run here."""
    return {k: v for k, v in os.environ.items() if not k.startswith("YUNCANG_")} | more


def ended(process, seconds=30):
    """SIGTERM, then SIGKILL, by its id."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def called(args, seconds=900, **more):
    """A command's output, or Failed with what it said.  It has a session of its own: Ctrl-C is ours to pass on."""
    with subprocess.Popen([str(a) for a in args], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=TOP, start_new_session=True, **more) as p:
        try:
            out, err = p.communicate(timeout=seconds)
        except BaseException:
            ended(p, 5)
            raise
    if p.returncode != 0:
        raise Failed(f"{' '.join(map(str, args))}: status {p.returncode}\n{out[-4000:]}{err[-4000:]}")
    return out


def cpu_us(pid):
    """(its own, its reaped children's) CPU time; (0, 0): it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0
    utime, stime, cutime, cstime = (int(x) * TICK_US for x in fields[11:15])
    return utime + stime, cutime + cstime


def children(pid):
    try:
        return [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


class Cluster:
    """The PostgreSQL, through etc/dev/postgres."""

    def __init__(self, folder, settings):
        self.folder = Path(folder)
        self.settings = SETTINGS | settings
        self.pid = 0

    def _tool(self, *args):
        # To a file: the server inherits stdout, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run([str(TOP / "etc/dev/postgres"), "-d", str(self.folder), *args], check=False,
                                  stdin=subprocess.DEVNULL, stdout=out, timeout=180, start_new_session=True)
            out.seek(0)
            if done.returncode != 0:
                raise Failed(f"etc/dev/postgres {' '.join(args)}: status {done.returncode}")
            return out.read().strip()

    def start(self):
        flags = [word for k, v in self.settings.items() for word in ("-o", f"{k}={v}")]
        self._tool("-m", "fast", "stop")
        self._tool(*flags, "-D", "postgres", "start")
        data = self.sql("postgres", "show data_directory")[0][0]
        self.home = Path(data).parent
        self.pid = int((Path(data) / "postmaster.pid").read_text().split()[0])
        self.bin = Path(self.sql("postgres", "select setting from pg_config() where name = 'BINDIR'")[0][0])
        self.files = self.home / "run"  # where server-side COPY may write

    def stop(self):
        self._tool("-m", "fast", "stop")

    def remove(self):
        self._tool("remove")

    def url(self, name):
        return f"host={self.home}/run port=5432 dbname={name} user=postgres" if self.pid else \
            self._tool("-D", name, "url")

    def connect(self, name):
        c = psycopg2.connect(self.url(name))
        c.autocommit = True
        return c

    def sql(self, name, text, args=None):
        with contextlib.closing(self.connect(name)) as c, c.cursor() as q:
            q.execute(text, args)
            return q.fetchall() if q.description else q.rowcount

    def has(self, name):
        return bool(self.sql("postgres", "select from pg_database where datname = %s", (name,)))

    def make(self, name, template):
        """A fresh database like the template; pages are copied through shared buffers, so it starts warm."""
        self.drop(name)
        self.sql("postgres", f'create database "{name}" template "{template}"')
        return name

    def drop(self, name):
        self.sql("postgres", f'drop database if exists "{name}" with (force)')

    def checkpoint(self):
        self.sql("postgres", "checkpoint")

    @staticmethod
    def settle():
        """What earlier steps left in the system's cache is written out now, not into somebody's fsync."""
        os.sync()

    def changed(self):
        """All settings that are not PostgreSQL's defaults, without paths and locales, and the durable ones."""
        rows = self.sql("postgres", "select name, current_setting(name) from pg_settings where source not in "
                        "('default', 'override', 'client', 'environment variable') order by name")
        dull = ("lc_", "unix_socket", "default_text", "log_", "DateStyle", "TimeZone", "listen_", "port", "dynamic_")
        out = {k: v for k, v in rows if not k.startswith(dull)}
        return {k: self.sql("postgres", f"show {k}")[0][0]
                for k in ("fsync", "full_page_writes", "synchronous_commit", "wal_level")} | out

    def cpu_us(self):
        """Of the postmaster, its children alive, and those it has reaped."""
        own, reaped = cpu_us(self.pid)
        return own + reaped + sum(cpu_us(c)[0] for c in children(self.pid))


class Service:
    """One yuncang serve on one database."""

    def __init__(self, program, cluster, database, log, settings, key):
        self.program = program
        self.cluster = cluster
        self.database = database
        self.log = Path(log)
        self.settings = settings
        self.key = key
        self.process = None

    def start(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        env = environment(YUNCANG_DB=self.cluster.url(self.database), YUNCANG_LISTEN=f"127.0.0.1:{self.port}",
                          **{"YUNCANG_" + k.upper(): v for k, v in self.settings.items()})
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(self.program), "serve"], env=env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=TOP, start_new_session=True)
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"the service is not ready; its log is {self.log}")
            time.sleep(0.05)
        return self

    def _ready(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            c.request("GET", "/readyz")
            return c.getresponse().status == 200
        except OSError:
            return False
        finally:
            c.close()

    def call(self, method, message):
        """A Connect unary call in JSON."""
        q = urllib.request.Request(f"{self.url}/yuncang.v1.{method}", json.dumps(message).encode(),
                                   {"content-type": "application/json", "connect-protocol-version": "1",
                                    "authorization": "Bearer " + self.key})
        try:
            with urllib.request.urlopen(q, timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as e:
            raise Failed(f"{method}: {e.read().decode(errors='replace')}") from None

    def cpu_us(self):
        return cpu_us(self.process.pid)[0]

    def peak_kib(self):
        """0: it is gone."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
        return 0

    def stop(self):
        if self.process is not None:
            ended(self.process)
            self.process = None


def described(build):
    """(machine, versions), as far as this machine tells."""
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    release = dict(line.rstrip().split("=", 1) for line in Path("/etc/os-release").read_text().splitlines()
                   if "=" in line).get("PRETTY_NAME", "").strip('"')
    commit = subprocess.run(["git", "-C", str(TOP), "describe", "--always", "--dirty"], capture_output=True,
                            text=True, check=False).stdout.strip() if shutil.which("git") else ""
    versions = {"yuncang": commit, "system": release, "kernel": platform.release(),
                "programs": called([build / "yuncang", "version"]).split("\n")[0].strip()}
    return {"cpus": os.cpu_count(), "cpu": model, "memory_mib": memory}, versions
