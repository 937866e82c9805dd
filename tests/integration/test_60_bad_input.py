"""Whatever comes over the wire: the right status and code, the field's name, flat memory, a live service."""
import contextlib
import gzip
import json
import os
import random
import re
import socket
import threading
import time

import pytest

import wire
import yc
import town as town_module
from test_62_roles import METHODS
from town import refused

SEED = int(os.environ.get("YC_SEED", "0")) or random.randrange(1, 1 << 31)
ROUNDS = 3000  # mutated bodies of each kind
MIB = 1 << 20
QUOTE, SUBMIT = "OrderService/Quote", "OrderService/SubmitOrder"
PROTO = {"content-type": "application/proto"}


def post(client, method, body, **headers):
    """(status, headers, decoded JSON or bytes); a header given as None is left out."""
    h = client.headers(**headers)
    h = {k: v for k, v in h.items() if v is not None}
    status, head, answer = client.request("POST", "/yuncang.v1." + method, body, h)
    if head.get("content-type", "").startswith("application/json"):
        answer = json.loads(answer)
    return status, head, answer


def proto(client, method, body):
    return post(client, method, body, content_type="application/proto")


def is_refused(got, status, code, reason, field=None):
    """The refusal that was meant, its message naming the field."""
    assert got[0] == status, got
    body = got[2]
    detail = body["details"][0]["debug"]
    assert (body["code"], detail["reason"]) == (code, reason), body
    if field is not None:
        assert detail.get("field", "") == field, body
        assert body["message"].startswith(field), body


def bad_field(got, field):
    is_refused(got, 400, "invalid_argument", "bad_field", field)


def bad_body(got, field=None):
    is_refused(got, 400, "invalid_argument", "bad_body", field)


@pytest.fixture(scope="module")
def sku(town):
    return town.sku({"SITE": 100000})


@pytest.fixture(scope="module", autouse=True)
def survived(town, server, sku):
    """After all of the above and below: alive, the same process, taking orders; nothing broken inside."""
    process = server.process.pid
    yield
    assert server.alive() and server.process.pid == process
    town.submit(sku)
    log = server.log.read_text(errors="replace")
    assert "AddressSanitizer" not in log and "runtime error" not in log
    assert " 0 violations" in town.database.audit()


def valid(town, sku):
    return town.order([(sku, 1)])


# ---- JSON bodies ----


def test_json_cut_anywhere(town, admin, sku):
    body = json.dumps(valid(town, sku)).encode()
    for n in list(range(0, 60)) + list(range(60, len(body) - 1, 7)) + [len(body) - 1]:
        bad_body(post(admin, SUBMIT, body[:n]))


@pytest.mark.parametrize("kind", ["json", "proto"])
def test_empty_messages(admin, kind):
    """Every method, told nothing at all."""
    for method in METHODS:
        got = post(admin, method, b"{}" if kind == "json" else b"", content_type="application/" + kind)
        assert got[0] in (200, 400, 404), (method, got)


def test_json_that_is_no_object(admin):
    for body in (b"null", b"[]", b"5", b'"x"', b"true", b"{} {}", b"{]", b"\xef\xbb\xbf{}", b"{'a':1}",
                 b'{"basket":{},"basket":{}}', b"{" * 100000, b'{"basket":' * 5000):
        bad_body(post(admin, SUBMIT, body))


@pytest.mark.parametrize("field, value", [
    ("basket", []), ("basket", "x"), ("basket", 5), ("orderRef", 5), ("orderRef", {}),
    ("orderRef", ["x"]), ("acceptOtherWay", "true"), ("acceptOtherWay", 1), ("payment", [1]),
    ("quoteToken", True)])
def test_json_wrong_type(town, admin, sku, field, value):
    snake = re.sub(r"([A-Z])", lambda m: "_" + m.group(1).lower(), field)
    bad_field(post(admin, SUBMIT, json.dumps({**valid(town, sku), field: value})), snake)


@pytest.mark.parametrize("line, field", [
    ({"quantity": "many"}, "quantity"), ({"quantity": 1.5}, "quantity"), ({"quantity": {}}, "quantity"),
    ({"quantity": True}, "quantity"), ({"quantity": 0}, "quantity"), ({"quantity": -1}, "quantity"),
    ({"quantity": 10000}, "quantity"), ({"quantity": 2147483648}, "quantity"),
    ({"quantity": -2147483649}, "quantity"), ({"quantity": 1e30}, "quantity"),
    ({"quantity": " 1"}, "quantity"), ({"quantity": "1x"}, "quantity"), ({"quantity": "0x1"}, "quantity"),
    ({"unitPriceFen": "-1"}, "unit_price_fen"), ({"unitPriceFen": "9223372036854775807"}, "unit_price_fen"),
    ({"unitPriceFen": "9223372036854775808"}, "unit_price_fen"),
    ({"unitPriceFen": "-9223372036854775809"}, "unit_price_fen"),
    ({"unitPriceFen": "1" * 5000}, "unit_price_fen"), ({"unitPriceFen": 1e19}, "unit_price_fen"),
    ({"discountFen": "-9223372036854775808"}, "discount_fen"), ({"sku": 7}, "sku"), ({"sku": ""}, "sku"),
    ({"campaign": []}, "campaign"), ({"together": "x" * 33}, "together"), ({"sku": "a\0b"}, "sku")])
def test_line_fields(town, admin, sku, line, field):
    body = valid(town, sku)
    body["basket"]["lines"].insert(0, {"sku": sku, "quantity": 2})
    body["basket"]["lines"][1].update(line)
    bad_field(post(admin, SUBMIT, json.dumps(body)), "basket.lines[1]." + field)


@pytest.mark.parametrize("basket, field", [
    ({"way": "WAY_FLY"}, "basket.way"), ({"way": 99}, "basket.way"), ({"way": -1}, "basket.way"),
    ({"way": 1.5}, "basket.way"), ({"way": {}}, "basket.way"), ({"colour": "red"}, "basket.colour"),
    ({"lines": []}, "basket.lines"), ({"lines": {}}, "basket.lines"), ({"lines": [5]}, "basket.lines[0]"),
    ({"lines": [None]}, "basket.lines[0]"),
    ({"lines": [{"sku": "x"}] * 51}, "basket.lines"), ({"storefront": ""}, "basket.storefront"),
    ({"storefront": "CLOSED"}, "basket.storefront"), ({"customer": "x" * 129}, "basket.customer"),
    ({"customer": "a\0"}, "basket.customer"),
    ({"address": {"street": "x" * 301}}, "basket.address.street"),
    ({"address": {"name": "x" * 101}}, "basket.address.name"),
    ({"address": {"phone": "1" * 33}}, "basket.address.phone"),
    ({"address": {"region": "1" * 65}}, "basket.address.region"),
    ({"address": {"colour": 1}}, "basket.address.colour"),
    ({"address": {"position": {"latitude": 90.001}}}, "basket.address.position.latitude"),
    ({"address": {"position": {"longitude": -180.5}}}, "basket.address.position.longitude"),
    ({"address": {"position": {"latitude": "NaN"}}}, "basket.address.position.latitude"),
    ({"address": {"position": {"latitude": "Infinity"}}}, "basket.address.position.latitude"),
    ({"address": {"street": ""}}, "basket.address.street"), ({"address": None}, "basket.address.street"),
    ({"way": "WAY_DELIVER", "address": {"street": "x"}}, "basket.address.position"),
    ({"way": "WAY_PICKUP"}, "basket.location"),
    ({"location": "A1", "way": "WAY_PICKUP", "slot": {"date": "2026-02-30", "toMinute": 5}},
     "basket.slot.date"),
    ({"location": "A1", "slot": {"date": "2026-12-01", "fromMinute": 60, "toMinute": 60}},
     "basket.slot.to_minute"),
    ({"location": "A1", "slot": {"date": "2026-12-01", "fromMinute": -1, "toMinute": 60}},
     "basket.slot.from_minute"),
    ({"excludeLocations": ["A1"] * 17}, "basket.exclude_locations")])
def test_basket_fields(town, admin, sku, basket, field):
    body = valid(town, sku)
    body["basket"].update(basket)
    bad_field(post(admin, SUBMIT, json.dumps(body)), field)


@pytest.mark.parametrize("basket, field", [
    ({"storefront": "nobody"}, "basket.storefront"), ({"location": "nowhere"}, "basket.location"),
    ({"lines": [{"sku": "nothing", "quantity": 1}]}, "basket.lines[0].sku"),
    ({"excludeLocations": ["A1", "nowhere"]}, "basket.exclude_locations[1]")])
def test_names_nobody_knows(town, admin, sku, basket, field):
    body = valid(town, sku)
    body["basket"].update(basket)
    is_refused(post(admin, SUBMIT, json.dumps(body)), 400, "invalid_argument", "unknown_id", field)


@pytest.mark.parametrize("ref", ["", "x" * 200])
def test_order_ref(town, admin, sku, ref):
    bad_field(post(admin, SUBMIT, json.dumps({**valid(town, sku), "orderRef": ref})), "order_ref")


def test_amounts_that_overflow(town, admin):
    dear = town.sku({"SITE": 100000}, listPriceFen="1000000000000000", floorPriceFen="0",
                    contractCostFen="1000000000000000")
    for lines in ([(dear, 9999)], [(dear, 1)] * 50, [(dear, 2)]):
        got = post(admin, SUBMIT, json.dumps(town.order(lines)))
        is_refused(got, 400, "invalid_argument", "overflow", "basket.lines")
    assert refused(admin, "CatalogService/UpsertSkus", {"skus": [
        {"code": "x", "listPriceFen": "1000000000000001"}]}).field == "skus[0].list_price_fen"


def test_time_fields(town, admin):
    for text in ("yesterday", "2026-13-01T00:00:00Z", "2026-11-21", "10000-01-01T00:00:00Z", 5, ""):
        got = post(admin, "CatalogService/SetStockCounts", json.dumps({"counts": [
            {"location": "SITE", "sku": "x", "count": 1, "countedAt": text}]}))
        bad_field(got, "counts[0].counted_at")


def test_catalog_is_all_or_nothing(town, admin):
    """One bad row of many: nothing of the request is written, and the row is named."""
    good, bad = town.name("row"), "no spaces allowed"
    got = post(admin, "CatalogService/UpsertSkus", json.dumps({"skus": [
        {"code": good, "listPriceFen": "5"}, {"code": bad, "listPriceFen": "5"}]}))
    bad_field(got, "skus[1].code")
    got = post(admin, "CatalogService/SetStockCounts", json.dumps({"counts": [
        {"location": "SITE", "sku": good, "count": 1}]}))
    is_refused(got, 400, "invalid_argument", "unknown_id", "counts[0].sku")


def test_invalid_utf8_in_json(town, admin, sku):
    body = json.dumps(valid(town, sku)).encode()
    for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe4\xbd"):
        bad_body(post(admin, SUBMIT, body.replace(b'"orderRef": "', b'"orderRef": "' + bad)))
    bad_body(post(admin, SUBMIT, body.replace(b'"orderRef": "', b'"orderRef": "\\ud800')))


# ---- Binary bodies ----


def test_binary_cut_anywhere(town, admin, sku):
    body = wire.submit(wire.basket(wire.line(sku)), town.name("ref"))
    assert proto(admin, SUBMIT, body)[0] == 200
    for n in range(1, len(body)):
        status, _, answer = proto(admin, SUBMIT, body[:n])
        assert status == 400 and answer["details"][0]["debug"]["reason"] in ("bad_body", "bad_field"), n


@pytest.mark.parametrize("make, reason, field", [
    (lambda s: wire.submit(wire.basket(wire.line(s), way=99), "r"), "bad_field", "basket.way"),
    (lambda s: wire.submit(wire.basket(wire.line(s)) + wire.number(99, 1), "r"), "bad_field", "basket"),
    (lambda s: wire.submit(wire.basket(wire.line(s, -1)), "r"), "bad_field", "basket.lines[0].quantity"),
    (lambda s: wire.submit(wire.basket(wire.line(s, 1 << 40)), "r"), "bad_field",
     "basket.lines[0].quantity"),
    (lambda s: wire.submit(wire.basket(wire.line(s), wire.line("a\0b")), "r"), "bad_field",
     "basket.lines[1].sku"),
    (lambda s: wire.data(1, wire.basket(wire.line(s))) + wire.data(2, b"\xff\xfe"), "bad_field",
     "order_ref"),
    (lambda s: wire.data(1, wire.basket(wire.line(s))) + wire.data(2, b"\xc0\x80"), "bad_field",
     "order_ref"),
    (lambda s: wire.data(1, wire.basket(wire.line(s))) + wire.data(2, b"\xed\xa0\x80"), "bad_field",
     "order_ref"),
    (lambda s: wire.submit(wire.basket(wire.line(s)), "r") + wire.data(2, "r"), "bad_field", "order_ref"),
    (lambda s: wire.number(1, 5), "bad_body", "basket"),
    (lambda s: wire.data(1, b"\x0b"), "bad_body", "basket"),
    (lambda s: b"\x07\x00", "bad_body", ""),
    (lambda s: b"\x80" * 11, "bad_body", ""),
    (lambda s: wire.data(1, wire.data(3, b"\x10" + b"\x80" * 10 + b"\x01")), "bad_body",
     "basket.lines[0].quantity"),
    (lambda s: b"\x0a\xff\xff\xff\xff\x0f", "bad_body", "basket")])
def test_binary_fields(admin, sku, make, reason, field):
    got = proto(admin, SUBMIT, make(sku))
    is_refused(got, 400, "invalid_argument", reason, field)


def too_large(got, field=None):
    is_refused(got, 429, "resource_exhausted", "too_large", field)


def test_a_hundred_thousand_lines(admin):
    """As small as they can be: counted before anything is unpacked."""
    lines = b"".join([wire.data(3, b"")] * 100000)
    too_large(proto(admin, QUOTE, wire.data(1, lines)), "basket.lines")
    body = json.dumps({"orders": [{"basket": {"lines": [{}] * 100000}}]})
    too_large(post(admin, "OrderService/SubmitOrders", body), "orders[0].basket.lines")


def test_a_mebibyte_of_empty_messages(admin, server):
    """It would unpack to 55 MiB."""
    before = server.memory()
    for _ in range(5):
        too_large(proto(admin, "OrderService/SubmitOrders", wire.data(1, b"") * (MIB // 2)), "orders")
        too_large(proto(admin, "CatalogService/UpsertSkus", wire.data(1, b"") * (MIB // 2)), "skus")
    assert server.memory() - before < (400 if yc.SANITIZED else 48) * MIB


def test_ten_megabytes(server, admin):
    """Over the limit: read and refused.  Far over: refused by its length, before it is read, and closed."""
    for kind in ("json", "proto"):
        too_large(post(admin, "OrderService/SubmitOrders", b" " * (10 * MIB),
                       content_type="application/" + kind))
    for size, kind in ((20 * MIB, "json"), (200 * MIB, "json"), (10 ** 17, "proto")):
        head = (f"POST /yuncang.v1.{SUBMIT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.key}\r\n"
                f"Content-Type: application/{kind}\r\nContent-Length: {size}\r\n\r\n").encode()
        answer = send_some(server, head, b" " * min(size, 10 * MIB))
        assert b" 429 " in answer.split(b"\r\n")[0] and b"too_large" in answer, answer[:300]


def send_some(server, head, body):
    """Sends as much as is taken; what came back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        got = bytearray()

        def read():
            with contextlib.suppress(OSError):
                while part := s.recv(65536):
                    got.extend(part)
        reader = threading.Thread(target=read)
        reader.start()
        with contextlib.suppress(OSError):
            s.sendall(head)
            s.sendall(body)
        reader.join(30)
        assert not reader.is_alive(), "the connection was left open"
    return bytes(got)


def test_just_over_a_methods_limit(admin):
    """Read whole, refused by its own limit, and the connection lives on."""
    body = json.dumps({"basket": {"customer": "x" * (256 * 1024)}})
    got = post(admin, QUOTE, body)
    too_large(got)
    assert got[1].get("connection", "keep-alive") != "close"


# ---- Headers and keys ----


@pytest.mark.parametrize("content_type", [
    None, "", "text/plain", "application/grpc", "application/x-protobuf", "application/jsonx",
    "application/json; charset=latin1", "application/json; boundary=x", "multipart/form-data"])
def test_content_type(admin, content_type):
    got = post(admin, QUOTE, b"{}", content_type=content_type)
    assert got[0] == 415
    assert "application/json" in got[1]["accept-post"] and "application/proto" in got[1]["accept-post"]
    assert got[2]["code"] == "unimplemented"


@pytest.mark.parametrize("content_type", [
    "application/json", "Application/JSON", "application/json;charset=utf-8",
    "application/json; charset=UTF-8"])
def test_content_types_that_pass(admin, content_type):
    bad_field(post(admin, QUOTE, b"{}", content_type=content_type), "basket")


def test_encodings(admin, town, sku):
    body = json.dumps({"basket": town.basket(sku)}).encode()
    assert post(admin, QUOTE, gzip.compress(body), content_encoding="gzip")[0] == 200
    assert post(admin, QUOTE, body, content_encoding="identity")[0] == 200
    for other in ("br", "zstd", "deflate", "gzip, gzip"):
        got = post(admin, QUOTE, body, content_encoding=other)
        is_refused(got, 501, "unimplemented", "bad_encoding", "content-encoding")
    whole = gzip.compress(body)
    for bad in (body, whole[:-1], whole[:10], whole + b"x", whole[:12] + b"\0\0\0" + whole[15:]):
        bad_body(post(admin, QUOTE, bad, content_encoding="gzip"))
    # Zero bytes are not inflated: an empty message.
    got = post(admin, QUOTE, b"", content_encoding="gzip", content_type="application/proto")
    bad_field(got, "basket")


def test_gzip_bomb(admin, server):
    """A few kilobytes that would be hundreds of megabytes: inflated no further than the limit."""
    bomb = gzip.compress(b" " * (200 * MIB), 9)
    before = server.memory()
    for method in (QUOTE, "OrderService/SubmitOrders"):
        too_large(post(admin, method, bomb[:250000], content_encoding="gzip"))
    assert server.memory() - before < (400 if yc.SANITIZED else 32) * MIB


def test_protocol_headers(admin):
    bad_field(post(admin, QUOTE, b"{}", connect_protocol_version="2"), "connect-protocol-version")
    for text in ("abc", "-1", "1.5", "12345678901", ""):
        bad_field(post(admin, QUOTE, b"{}", connect_timeout_ms=text), "connect-timeout-ms")
    got = post(admin, QUOTE, b"{}", connect_timeout_ms="0")
    is_refused(got, 504, "deadline_exceeded", "timeout")


def test_methods_and_paths(admin):
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        status, head, body = admin.request(method, "/yuncang.v1." + QUOTE, headers=admin.headers())
        assert (status, head["allow"]) == (405, "POST"), method
        assert json.loads(body)["code"] == "unimplemented"
    status, head, body = admin.request("HEAD", "/yuncang.v1." + QUOTE, headers=admin.headers())
    assert (status, body) == (405, b"")
    for path in ("/", "/yuncang.v1.OrderService/Nothing", "/yuncang.v1.OrderService/", "/yuncang.v1." +
                 QUOTE + "/", "/yuncang.v1." + QUOTE.lower(), "/x" * 2000):
        status, _, body = admin.request("POST", path, b"{}", admin.headers())
        assert status == 404 and json.loads(body)["code"] == "unimplemented", path
        assert json.loads(body)["details"][0]["debug"]["reason"] == "no_method"


def test_keys_alike(town, server, admin, database):
    """Missing, malformed, unknown, revoked: the same answer to the byte, so that none tells anything."""
    revoked = database.key("admin")
    client = server.client(revoked)

    def passes():
        return post(client, QUOTE, b"{}")[0] == 400
    yc.wait_for("the new key", passes)
    number, = database.sql("select max(key_id) from api_key")[0]
    database.run("key", "revoke", str(number))
    yc.wait_for("its end", lambda: not passes())
    last = "A" if admin.key[-1] != "A" else "B"
    answers = set()
    for value in (None, "", "Bearer", "Bearer ", "Bearer x", "Basic " + admin.key, admin.key,
                  "Bearer " + admin.key + "A", "Bearer " + admin.key[:-1], "Bearer  " + admin.key,
                  "Bearer " + admin.key[:-2] + last + admin.key[-1], "Bearer yk_" + "A" * 43,
                  "Bearer " + revoked, "Bearer " + "x" * 8000):
        status, head, answer = post(admin, QUOTE, b"{}", authorization=value)
        assert (status, answer["code"]) == (401, "unauthenticated"), value
        answers.add(json.dumps(answer))
    assert len(answers) == 1
    # And whether a method or the order asked for exists is not told either.
    assert post(admin, "OrderService/GetOrder", b"rubbish", authorization=None)[0] == 401


# ---- Below HTTP's surface ----

GOOD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
HEADS = {
    "both lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n",
    "two equal lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "list of lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 0\r\n\r\n",
    "signed length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "hexadecimal length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n",
    "no length": b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "space before colon": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n",
    "folded header": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n 0\r\n\r\n",
    "bare line feed": b"POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
    "NUL in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "NUL in the path": b"GET /heal\0thz HTTP/1.1\r\nHost: x\r\n\r\n",
    "odd encoding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "encoding twice": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                      b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunk size signed": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
    "chunk size too long": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"fffffffff\r\n",
    "body with GET": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /",
    "authority": b"GET //evil/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute form": b"GET http://evil/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "expectation": b"POST / HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_smuggling(server, admin, name):
    """Refused and closed; what follows on the connection is not served."""
    got = admin.raw(HEADS[name] + GOOD)
    assert got.startswith(b"HTTP/1.1 400 "), got[:200]
    assert len(re.findall(rb"HTTP/1\.1 \d\d\d ", got)) == 1 and b"\r\n\r\nok\n" not in got
    assert b"connection: close" in got.lower() and b'"code":"invalid_argument"' in got


def test_long_heads(admin):
    for head in (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20000,
                 b"GET /" + b"a" * 20000, b"GET /healthz HTTP/1.1\r\n" + b"A: b\r\n" * 5000):
        got = admin.raw(head + b"\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 429 ") and b"too_large" in got, got[:200]


def test_pipelined_requests_are_answered_in_order(admin):
    got = admin.raw(GOOD * 3 + b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert [int(x) for x in re.findall(rb"HTTP/1.1 (\d+) ", got)] == [200, 200, 200, 404]


def test_half_closed_and_reset_connections(server, admin):
    """Clients that go away in every way there is."""
    for _ in range(50):
        for data in (b"", b"P", GOOD[:10], b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"):
            s = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            s.sendall(data)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset
            s.close()
    assert server.http("/healthz")[0] == 200


def test_slowloris(service, town, sku):
    """A byte now and then: told so and closed when its time is over, while others are served."""
    slow = service(request_ms_max="800ms", connections_max=60)[0]
    body = b"POST /yuncang.v1.OrderService/Quote HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    socks = [socket.create_connection(("127.0.0.1", slow.port), timeout=30) for _ in range(40)]
    fast = slow.client(town.admin.key)
    alive, answers, n = set(socks), [], 0
    while alive:
        byte = body[n % len(body):n % len(body) + 1]
        n += 1
        for s in list(alive):
            s.setblocking(False)
            try:
                s.send(byte)
                part = s.recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                part = b""
            answers.append(part)
            alive.discard(s)
            s.close()
        assert fast.call(QUOTE, {"basket": town.basket(sku)})["options"]
        time.sleep(0.02)
    assert sum(b"deadline_exceeded" in a for a in answers) >= 30
    assert slow.alive()


def test_more_connections_than_allowed(service, town, sku):
    """Those beyond wait in the kernel and get their turn; nobody is lost."""
    small = service(connections_max=8, idle_ms_max="1s")[0]
    clients = [small.client(town.admin.key) for _ in range(40)]
    results = yc.at_once(40, lambda i: clients[i].call(QUOTE, {"basket": town.basket(sku)}))
    assert all(isinstance(r, dict) and r["options"] for r in results), results


# ---- Rubbish of all kinds ----


def mutate(rng, data):
    """A few bytes flipped, cut, doubled, or replaced by what parsers stumble over."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:at + rng.randint(1, 9)]
        elif kind == 2:
            data[at:at] = data[at:at + rng.randint(1, 40)]
        elif kind == 3:
            data[at:at] = rng.choice([b"\0", b"\xff" * 9, b"{", b"[", b'"', b"\\u0000", b"-", b"1e999",
                                      b"\x80" * 5, b"null", b"99999999999999999999", "é".encode()])
        elif kind == 4 and at < len(data):
            data[at] = rng.randrange(256)
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
        if not data:
            data = bytearray(b"x")
    return bytes(data)


@pytest.mark.parametrize("kind", ["json", "proto"])
@pytest.mark.parametrize("method", [QUOTE, SUBMIT, "OrderService/SubmitOrders",
                                    "CatalogService/UpsertSkus", "CatalogService/PutRoutingPolicy"])
def test_mutated_bodies(town, admin, server, sku, kind, method):
    """Seeded; never a 5xx, always a Connect error with a reason of the table."""
    rng = random.Random(f"{SEED} {kind} {method}")
    print("YC_SEED =", SEED)
    seed = seed_body(town, sku, kind, method)
    for _ in range(ROUNDS if method in (QUOTE, SUBMIT) else ROUNDS // 4):
        body = mutate(rng, seed)
        status, _, answer = post(admin, method, body, content_type="application/" + kind)
        assert status in (200, 400, 409, 429), (status, body, answer)
        if status != 200:
            assert answer["details"][0]["debug"]["reason"] != "internal"


def seed_body(town, sku, kind, method):
    if kind == "proto":
        basket = wire.basket(wire.line(sku))
        order = wire.submit(basket, town.name("fuzz"))
        row = wire.data(1, town.name("fuzz-sku")) + wire.number(5, 500)
        rule = wire.data(1, "n") + wire.data(3, wire.number(1, 1) + wire.number(2, 6))
        return {QUOTE: wire.data(1, basket), SUBMIT: order,
                "OrderService/SubmitOrders": wire.data(1, order) * 2,
                "CatalogService/UpsertSkus": wire.data(1, row) * 2,
                "CatalogService/PutRoutingPolicy": wire.data(1, wire.data(1, rule))}[method]
    order = town.order([(sku, 1)], ref=town.name("fuzz"))

    return json.dumps({
        QUOTE: {"basket": order["basket"]}, SUBMIT: order, "OrderService/SubmitOrders": {"orders": [order]},
        "CatalogService/UpsertSkus": {"skus": [{"code": town.name("fuzz-sku"), "listPriceFen": "5"}]},
        "CatalogService/PutRoutingPolicy": {"policy": town_module.POLICY}}[method]).encode()


def test_random_bytes(admin, server):
    """Not HTTP at all, and HTTP gone wrong: answered or closed, never hung, never dead."""
    rng = random.Random(SEED)
    print("YC_SEED =", SEED)
    head = (b"POST /yuncang.v1.OrderService/Quote HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2\r\n\r\n{}")
    for n in range(300):
        data = rng.randbytes(rng.randint(1, 200)) if n % 3 == 0 else mutate(rng, head)
        got = admin.raw(data, timeout=5, half_close=True)
        assert got == b"" or got.startswith(b"HTTP/1.1 "), (data, got[:100])
        assert b"HTTP/1.1 5" not in got or b" 501 " in got or b" 504 " in got, (data, got[:300])
    assert server.alive()


def test_memory_stays_flat(town, admin, server, sku):
    """The same rubbish ten times more: no more memory than the first time."""
    def rubbish():
        for _ in range(20):
            proto(admin, "OrderService/SubmitOrders", wire.data(1, b"") * (MIB // 2))
            post(admin, QUOTE, json.dumps({"basket": {"lines": [{"sku": "x" * 60}] * 3000}}))
            post(admin, "OrderService/SubmitOrders", b"[" * 100000)
            post(admin, "CatalogService/UpsertSkus", json.dumps({"skus": [{"code": "!"}] * 9000}))
            post(admin, QUOTE, gzip.compress(b"\0" * MIB), content_encoding="gzip")
    rubbish()
    before = server.memory()
    for _ in range(4):
        rubbish()
    assert server.memory() - before < (400 if yc.SANITIZED else 24) * MIB
