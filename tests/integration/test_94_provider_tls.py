"""The provider is who its certificate says, or nothing is said to it."""
import socket
import ssl
import subprocess
import threading

import pytest

import yc
from provider_stand import PENDING, SUCCESS, UNDER_WAY, database, desk, standin  # noqa: F401 fixtures


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """authority(ca, name): a server's certificate that ${ca} signed for ${name}, and the file of the CA's own."""
    folder = tmp_path_factory.mktemp("tls")

    def run(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)

    def make(ca, name):
        ca_cert, ca_key, cert = folder / f"{ca}.pem", folder / f"{ca}.key", folder / f"{ca}-{name[:3]}.pem"
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        if not ca_cert.exists():
            run("req", "-x509", *new, "-subj", f"/CN=authority {ca}", "-days", "2", "-keyout", ca_key, "-out", ca_cert)
        request, names = folder / "request", folder / "names"
        names.write_text(f"subjectAltName={name}\n")
        run("req", *new, "-subj", "/CN=provider", "-keyout", cert.with_suffix(".key"), "-out", request)
        run("x509", "-req", "-in", request, "-CA", ca_cert, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
            "-extfile", names, "-out", cert)
        return ca_cert, cert
    return make


class Front:
    """TLS before the stand-in; heard: bytes of requests that came through."""

    def __init__(self, cert, to_port):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, cert.with_suffix(".key"))
        self.to_port = to_port
        self.heard, self.knocks, self.refusals = 0, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            self.knocks += 1
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        try:
            client = self.context.wrap_socket(raw, server_side=True)
        except OSError:
            self.refusals += 1
            return
        server = socket.create_connection(("127.0.0.1", self.to_port))
        threading.Thread(target=self.copy, args=(server, client, False), daemon=True).start()
        self.copy(client, server, True)

    def copy(self, source, to, counts):
        try:
            while data := source.recv(65536):
                if counts:
                    self.heard += len(data)
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def front(authority, standin):  # noqa: F811
    """front(cert): TLS before the stand-in with this certificate."""
    made = []

    def make(cert):
        made.append(Front(cert, standin.port))
        return made[-1]
    yield make
    for f in made:
        f.listener.close()


def secured(standin, front, ca):  # noqa: F811
    """Settings of a real host's kind: http:// is not allowed."""
    return standin.settings(wechat_url=front.url, wechat_ca_file=ca, wechat_http_allowed="off")


def test_the_right_one(desk, service, standin, authority, front):  # noqa: F811
    ca, cert = authority("right", "IP:127.0.0.1")
    at = front(cert)
    one = service(**secured(standin, at, ca))[0]
    payment = desk.pay()
    assert desk.ended(desk.split(payment, ("D1", 1000))) == [(SUCCESS, "")]
    assert at.heard > 0 and at.refusals == 0
    one.stop()


@pytest.mark.parametrize("trusts, ca, name", [
    ("right", "foreign", "IP:127.0.0.1"),  # another authority's
    ("right", "right", "DNS:example.org"),  # for another name
    ("", "foreign", "IP:127.0.0.1"),  # the system knows nothing of it
])
def test_another_one(desk, service, standin, authority, front, trusts, ca, name):  # noqa: F811
    """The call waits, and is done once the right one is there."""
    right, good = authority("right", "IP:127.0.0.1")
    at = front(authority(ca, name)[1])
    one = service(**secured(standin, at, right if trusts else ""))[0]
    payment = desk.pay()
    number = desk.split(payment, ("D1", 1000))
    yc.wait_for("tries", lambda: desk.database.sql(
        "select 1 from provider_call where number = %s and tries > 1", (number,)))
    assert at.heard == 0 and at.knocks > 1
    assert desk.state(number) < UNDER_WAY and desk.items(number) == [(PENDING, "")]
    assert desk.paid(payment) == ({}, 0)
    one.stop()
    well = front(good)
    two = service(**secured(standin, well, right))[0]
    assert desk.ended(number) == [(SUCCESS, "")]
    assert desk.paid(payment) == ({"2001": 1000}, 1) and well.heard > 0
    two.stop()
