"""The payment provider's stand-in as a process, and a merchant who talks to it: signatures are OpenSSL's, not ours."""

import base64
import ctypes
import ctypes.util
import hashlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

import yc

SIGNER = "1900000001"
DAY = 86_400_000_000

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for _name in ("BIO_new_mem_buf", "PEM_read_bio_PrivateKey", "PEM_read_bio_PUBKEY", "EVP_MD_CTX_new", "EVP_sha256",
              "EVP_PKEY_CTX_new", "EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
    getattr(_crypto, _name).restype = ctypes.c_void_p


def _p(value):
    return ctypes.c_void_p(value)


class Key:
    """An RSA key out of a PEM file."""
    OAEP = 4

    def __init__(self, path, private):
        pem = pathlib.Path(path).read_bytes()
        bio = _p(_crypto.BIO_new_mem_buf(pem, len(pem)))
        read = _crypto.PEM_read_bio_PrivateKey if private else _crypto.PEM_read_bio_PUBKEY
        self.key = _p(read(bio, None, None, None))
        assert self.key.value, path
        _crypto.BIO_free(bio)

    def sign(self, message):
        c = _p(_crypto.EVP_MD_CTX_new())
        size = ctypes.c_size_t(1024)
        out = ctypes.create_string_buffer(size.value)
        assert _crypto.EVP_DigestSignInit(c, None, _p(_crypto.EVP_sha256()), None, self.key) == 1
        assert _crypto.EVP_DigestSign(c, out, ctypes.byref(size), message, ctypes.c_size_t(len(message))) == 1
        _crypto.EVP_MD_CTX_free(c)
        return base64.b64encode(out.raw[:size.value]).decode()

    def verify(self, message, signature):
        c = _p(_crypto.EVP_MD_CTX_new())
        raw = base64.b64decode(signature)
        assert _crypto.EVP_DigestVerifyInit(c, None, _p(_crypto.EVP_sha256()), None, self.key) == 1
        good = _crypto.EVP_DigestVerify(c, raw, ctypes.c_size_t(len(raw)), message, ctypes.c_size_t(len(message)))
        _crypto.EVP_MD_CTX_free(c)
        return good == 1

    def decrypt(self, text):
        c = _p(_crypto.EVP_PKEY_CTX_new(self.key, None))
        raw = base64.b64decode(text)
        size = ctypes.c_size_t(1024)
        out = ctypes.create_string_buffer(size.value)
        assert _crypto.EVP_PKEY_decrypt_init(c) == 1
        assert _crypto.EVP_PKEY_CTX_set_rsa_padding(c, self.OAEP) == 1
        assert _crypto.EVP_PKEY_decrypt(c, out, ctypes.byref(size), raw, ctypes.c_size_t(len(raw))) == 1
        _crypto.EVP_PKEY_CTX_free(c)
        return out.raw[:size.value]

    def encrypt(self, text):
        plain = text.encode()
        c = _p(_crypto.EVP_PKEY_CTX_new(self.key, None))
        size = ctypes.c_size_t(1024)
        out = ctypes.create_string_buffer(size.value)
        assert _crypto.EVP_PKEY_encrypt_init(c) == 1
        assert _crypto.EVP_PKEY_CTX_set_rsa_padding(c, self.OAEP) == 1
        assert _crypto.EVP_PKEY_encrypt(c, out, ctypes.byref(size), plain, ctypes.c_size_t(len(plain))) == 1
        _crypto.EVP_PKEY_CTX_free(c)
        return base64.b64encode(out.raw[:size.value]).decode()


def unseal(key, nonce, data):
    """AES-256-GCM; its tag is the last 16 bytes."""
    assert len(key) == 32
    c = _p(_crypto.EVP_CIPHER_CTX_new())
    size = ctypes.c_int()
    out = ctypes.create_string_buffer(len(data))
    set_iv_len, set_tag = 9, 17
    assert _crypto.EVP_DecryptInit_ex(c, _p(_crypto.EVP_aes_256_gcm()), None, None, None) == 1
    assert _crypto.EVP_CIPHER_CTX_ctrl(c, set_iv_len, len(nonce), None) == 1
    assert _crypto.EVP_DecryptInit_ex(c, None, None, key, nonce) == 1
    assert _crypto.EVP_DecryptUpdate(c, out, ctypes.byref(size), data, len(data) - 16) == 1
    assert _crypto.EVP_CIPHER_CTX_ctrl(c, set_tag, 16, data[-16:]) == 1
    assert _crypto.EVP_DecryptFinal_ex(c, out, ctypes.byref(ctypes.c_int())) == 1, "another tag"
    _crypto.EVP_CIPHER_CTX_free(c)
    return out.raw[:size.value]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json.get("code")


class Provider:
    """One stand-in; its folder and its book survive stop() and kill()."""

    def __init__(self, folder, *options, book=True):
        self.dir = pathlib.Path(folder) / "keys"
        self.book = pathlib.Path(folder) / "book" if book else None
        self.options = options
        self.process = None

    def start(self, *more):
        self.dir.parent.mkdir(exist_ok=True)
        args = [yc.SIMULATOR, "provider", "--dir", str(self.dir), *self.options, *more]
        if self.book:
            args += ["--book", str(self.book)]
        self.process = subprocess.Popen([str(a) for a in args], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), line
        return self.attach(self.dir, line.split()[1])

    def attach(self, folder, url):
        """Talks to the one that listens there, whoever started it."""
        self.dir, self.url = pathlib.Path(folder), url
        self.port = int(url.rsplit(":", 1)[1])
        self.signer = (self.dir / "merchant_number").read_text().strip()
        self.key = Key(self.dir / "merchant_key.pem", private=True)
        self.platform = Key(self.dir / "platform_pub.pem", private=False)
        self.serial = (self.dir / "merchant_serial").read_text().strip()
        self.platform_serial = (self.dir / "platform_serial").read_text().strip()
        return self

    def stop(self):
        """SIGTERM; what it prints of its books."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=20)
        assert self.process.returncode == 0
        return json.loads(out)

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=20)

    # ---- asking ----------------------------------------------------------------------------------

    def send(self, method, uri, body=b"", headers=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            c.request(method, uri, body or None, headers or {})
            r = c.getresponse()
            return Answer(r.status, dict(r.getheaders()), r.read())
        finally:
            c.close()

    def authorization(self, method, uri, body, now=None, nonce=None, mchid=None, serial=None):
        now = int(time.time()) if now is None else int(now)
        nonce = nonce or os.urandom(16).hex()
        signature = self.key.sign(f"{method}\n{uri}\n{now}\n{nonce}\n".encode() + body + b"\n")
        return (f'WECHATPAY2-SHA256-RSA2048 mchid="{mchid or self.signer}",nonce_str="{nonce}",timestamp="{now}",'
                f'serial_no="{serial or self.serial}",signature="{signature}"')

    def signed_well(self, a, now=None):
        h = a.headers
        message = f"{h['Wechatpay-Timestamp']}\n{h['Wechatpay-Nonce']}\n".encode() + a.body + b"\n"
        assert h["Wechatpay-Serial"] == self.platform_serial
        assert abs(int(h["Wechatpay-Timestamp"]) - (now or time.time())) < 60
        return self.platform.verify(message, h["Wechatpay-Signature"])

    def ask(self, method, uri, body=None, now=None, check=True, headers=None):
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        a = self.send(method, uri, raw, {"Authorization": self.authorization(method, uri, raw, now),
                                         "Content-Type": "application/json", "Accept": "application/json",
                                         "Wechatpay-Serial": self.platform_serial, **(headers or {})})
        if check:
            assert self.signed_well(a, now), a.headers
        return a

    def post(self, path, body, **more):
        return self.ask("POST", "/v3" + path, body, **more)

    def get(self, path, query=None, **more):
        uri = "/v3" + path + ("?" + urllib.parse.urlencode(query) if query else "")
        return self.ask("GET", uri, **more)

    def control(self, name, body):
        a = self.send("POST", "/control/" + name, json.dumps(body).encode())
        assert a.status == 200, a.body
        return a.json

    def books(self, transaction_id=None):
        uri = "/control/books" + (f"?transaction_id={transaction_id}" if transaction_id else "")
        return self.send("GET", uri).json

    def transaction(self, transaction_id):
        [t] = self.books(transaction_id)["transactions"]
        return t

    def merchant(self, number=SIGNER):
        [m] = [m for m in self.books("-")["merchants"] if m["number"] == number]
        return m

    # ---- the merchant's usual sentences ----------------------------------------------------------

    def pay(self, transaction_id, amount, fee=0, payer="", ago_s=3600, **more):
        now = parse(self.books("-")["now"])
        self.control("payments", {"transaction_id": transaction_id, "sub_mchid": payer, "amount": amount, "fee": fee,
                                  "paid_at": now - ago_s * 1_000_000, **more})

    def add(self, account, payer=None, kind="MERCHANT_ID", relation="DISTRIBUTOR"):
        body = {"appid": "wx1", "type": kind, "account": account, "relation_type": relation}
        if payer:
            body["sub_mchid"] = payer
        if kind == "MERCHANT_ID":
            body["name"] = self.platform.encrypt("某某汽车销售有限公司")
        a = self.post("/profitsharing/receivers/add", body)
        assert a.status == 200, a.body
        return a

    def split(self, transaction_id, number, receivers, finish=False, payer=None, **more):
        """receivers: (account, amount) or (account, amount, type)."""
        body = {"appid": "wx1", "transaction_id": transaction_id, "out_order_no": number, "unfreeze_unsplit": finish,
                "receivers": [{"type": r[2] if len(r) > 2 else "MERCHANT_ID", "account": r[0], "amount": r[1],
                               "description": "dealer margin"} for r in receivers]}
        if payer:
            body["sub_mchid"] = payer
        return self.post("/profitsharing/orders", body, **more)

    def split_state(self, transaction_id, number, payer=None, **more):
        query = {"transaction_id": transaction_id, **({"sub_mchid": payer} if payer else {})}
        return self.get("/profitsharing/orders/" + urllib.parse.quote(number, safe=""), query, **more)

    def unfreeze(self, transaction_id, number, payer=None):
        return self.post("/profitsharing/orders/unfreeze", {"transaction_id": transaction_id, "out_order_no": number,
                                                            "description": "rest",
                                                            **({"sub_mchid": payer} if payer else {})})

    def unsplit(self, transaction_id):
        return self.get(f"/profitsharing/transactions/{transaction_id}/amounts").json["unsplit_amount"]

    def give_back(self, order, number, account, amount):
        return self.post("/profitsharing/return-orders",
                         {"out_order_no": order, "out_return_no": number, "return_mchid": account, "amount": amount,
                          "description": "unit 2"})

    def give_back_state(self, order, number):
        return self.get(f"/profitsharing/return-orders/{number}", {"out_order_no": order})

    def refund(self, transaction_id, number, amount, total, payer=None):
        return self.post("/refund/domestic/refunds",
                         {"transaction_id": transaction_id, "out_refund_no": number, "reason": "returned",
                          "amount": {"refund": amount, "total": total, "currency": "CNY"},
                          **({"sub_mchid": payer} if payer else {})})

    def bill(self, kind, date, **query):
        path = {"trade": "/bill/tradebill", "fund": "/bill/fundflowbill", "split": "/profitsharing/bills",
                "sub_fund": "/bill/sub-merchant-fundflowbill"}[kind]
        return self.get(path, {"bill_date": date, **query})

    def download(self, at):
        """The file behind a bill's address; its answer is not signed."""
        uri = at["download_url"].split(f":{self.port}", 1)[1]
        return self.ask("GET", uri, check=False)

    def unsealed(self, at, data):
        """What is in a sub-merchant's file."""
        return unseal(self.key.decrypt(at["encrypt_key"]), at["nonce"].encode(), data)


def parse(text):
    """RFC 3339 with an offset, as µs."""
    from datetime import datetime
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) * 1_000_000


def sha1(data):
    return hashlib.sha1(data).hexdigest()
