"""`simulator provider` as a process of the tests: the stand-in for WeChat Pay, and its control side."""

import contextlib
import json
import subprocess
import threading
import urllib.error
import urllib.request

import yc


class StandIn:
    """One stand-in; settings() is what makes a service use it.  Its books are kept over restarts."""

    def __init__(self, folder, merchant="1000", **options):
        self.folder = folder
        self.options = {"merchant-number": merchant, "book": folder / "book", "settle-s": 0, **options}
        self.port = yc.free_port()
        self.process = None
        self.printed = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        flags = []
        for name, value in self.options.items():
            flags += ["--" + name, str(value)]
        self.process = subprocess.Popen(
            [str(yc.SIMULATOR), "provider", "--dir", str(self.folder), "--listen", f"127.0.0.1:{self.port}", *flags],
            stdout=subprocess.PIPE, stderr=open(self.folder / "log", "ab"), stdin=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline().startswith("ready "), (self.folder / "log").read_text()
        # Its books come when it ends: somebody must read them.
        threading.Thread(target=lambda out=self.process.stdout: self.printed.append(out.read()), daemon=True).start()
        return self

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def kill9(self):
        self.process.kill()
        self.process.wait(20)
        self.process = None

    def text(self, name):
        return (self.folder / name).read_text().strip()

    def settings(self, **more):
        return {"wechat_url": self.url, "wechat_mchid": self.text("merchant_number"), "wechat_appid": "wx0000000000000001",
                "wechat_serial": self.text("merchant_serial"), "wechat_key_file": self.folder / "merchant_key.pem",
                "wechat_platform_key_file": self.folder / "platform_pub.pem",
                "wechat_platform_serial": self.text("platform_serial"), "wechat_private_allowed": "on",
                "wechat_http_allowed": "on", "wechat_poll_ms": "20ms", "wechat_timeout_ms": "2s", **more}

    def control(self, what, body=None):
        """POST /control/what, or GET without a body; its JSON."""
        data = None if body is None else json.dumps(body).encode()
        q = urllib.request.Request(f"{self.url}/control/{what}", data, {"content-type": "application/json"})
        try:
            with contextlib.closing(urllib.request.urlopen(q, timeout=20)) as r:
                return json.loads(r.read() or b"{}")
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{what} {body}: {e.code} {e.read()}") from None

    def fault(self, name, count=1, path="/v3", **more):
        """The next ${count} requests under path meet it."""
        self.control("faults", {"next": name, "count": count, "path": path, **more})

    def books(self, payment=None):
        return self.control("books" + (f"?transaction_id={payment}" if payment else ""))

    def payment(self, payment):
        (got,) = self.books(payment)["transactions"]
        return got

    def splits(self, payment, kind="split"):
        return [s for s in self.payment(payment)["splits"] if s["kind"] == kind]
