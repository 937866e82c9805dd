"""A receiver of webhooks: keeps what it was sent, verifies it as Standard Webhooks says, answers as it is told."""
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import sys
import threading
import time

STALL = "stall"  # an answer that does not come


class Delivery:
    def __init__(self, path, headers, body, secrets):
        self.path = path
        self.id = headers["webhook-id"]
        self.timestamp = int(headers["webhook-timestamp"])
        self.signatures = headers["webhook-signature"].split(" ")
        self.content_type = headers["content-type"]
        self.body = body
        self.event = json.loads(body)
        self.at = time.time()
        self.verified = [verify(s, self.id, self.timestamp, body, self.signatures) for s in secrets]


def verify(secret, message_id, timestamp, body, signatures):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{message_id}.{timestamp}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(want, s) for s in signatures)


class Receiver:
    """answer(delivery) → a status, (status, headers), (status, headers, body), or STALL; 204 unless given."""

    def __init__(self, answer=None, context=None):
        self.answer = answer or (lambda d: 204)
        self.secrets = []
        self.got = []  # in the order in which they were answered
        self.open = self.most_open = 0
        self.released = threading.Event()  # ends every stall
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_POST(self):
                receiver.take(self)

            def do_GET(self):
                receiver.take(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                # A client that went away in the middle is part of the tests.
                if not isinstance(sys.exc_info()[1], OSError):
                    super().handle_error(*args)

        self.server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        d = Delivery(handler.path, handler.headers, body, self.secrets)
        with self.lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        answer = self.answer(d)
        if answer == STALL:
            self.released.wait(20)
        with self.lock:
            self.open -= 1
            self.got.append(d)
        if answer == STALL:
            handler.close_connection = True
            return
        status, headers, reply = (*answer, b"")[:3] if isinstance(answer, tuple) else (answer, {}, b"")
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(reply)))
        handler.end_headers()
        handler.wfile.write(reply)

    def ids(self):
        with self.lock:
            return [d.id for d in self.got]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@contextlib.contextmanager
def receiving(answer=None, **more):
    r = Receiver(answer, **more)
    try:
        yield r
    finally:
        r.close()
