"""The payment provider's stand-in keeps the rules that the real one documents, and each of its faults is one."""

import gzip
import http.client
import itertools
import json
import random
import stat
import subprocess
import time

import pytest

import merchant
import yc

D = "1900000110"  # a dealer's merchant number
E = "1900000111"
numbers = itertools.count(1)


def fresh():
    """A transaction id that nobody used."""
    return f"42000{next(numbers):015d}"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    p = merchant.Provider(tmp_path_factory.mktemp("provider"), "--qps", 0).start()
    p.add(D)
    p.add(E)
    yield p
    books = p.stop()
    conserved(books)


@pytest.fixture
def own(tmp_path):
    """own(options…): a stand-in of the test's own, its clock on 1 September 2026, ten o'clock in China."""
    made = []

    def make(*options, at="2026-09-01T10:00:00+08:00", **more):
        p = merchant.Provider(tmp_path / str(len(made)), *options, **more).start()
        made.append(p)
        p.control("clock", {"now": at})
        p.add(D)
        return p
    yield make
    for p in made:
        if p.process.returncode is None:
            conserved(p.stop())


def conserved(books):
    """What the merchants have is what was paid, less what went out."""
    have = sum(m["frozen"] + m["available"] + m["disputed"] for m in books["merchants"])
    came = sum(m["topped_up"] - m["withdrawn"] for m in books["merchants"])
    for t in books["transactions"]:
        personal = sum(r["amount"] for s in t["splits"] for r in s["receivers"]
                       if r["result"] == "SUCCESS" and r["type"] != "MERCHANT_ID")
        came += t["amount"] - t["fee"] - (t["refunded"] - t["fee_refunded"]) - t["lost"] - personal
        assert t["frozen"] >= 0 and 0 <= t["refunded"] <= t["amount"]
        assert t["fee_refunded"] == (t["fee"] * t["refunded"] * 2 + t["amount"]) // (2 * t["amount"])
        for x in t["splits"] + t["returns"] + t["refunds"]:
            assert x["effects"] <= 1, x
    assert have == came
    frozen = sum(t["frozen"] for t in books["transactions"])
    assert frozen == sum(m["frozen"] for m in books["merchants"])


def refused(a, status, code, text=""):
    assert (a.status, a.code) == (status, code), a.body.decode()
    assert text in a.json["message"]


def through(p, transaction, number, receivers, **more):
    """A split, and what it says when it is final."""
    a = p.split(transaction, number, receivers, **more)
    assert a.status == 200 and a.json["state"] == "PROCESSING", a.body.decode()
    assert all(r["result"] == "PENDING" for r in a.json["receivers"])
    a = p.split_state(transaction, number, payer=more.get("payer"))
    assert a.json["state"] == "FINISHED"
    return a.json


def results(answer):
    return [(r["account"], r["amount"], r["result"]) for r in answer["receivers"]]


# ---- Keys and signatures -----------------------------------------------------------------------------

def test_folder_is_made_once_and_for_its_owner_alone(tmp_path):
    p = merchant.Provider(tmp_path, book=False).start()
    made = {f.name: f.read_bytes() for f in p.dir.iterdir()}
    assert set(made) == {"merchant_key.pem", "merchant_serial", "platform_key.pem", "platform_pub.pem",
                         "platform_serial", "apiv3_key", "merchant_number"}
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in p.dir.iterdir())
    assert len(made["apiv3_key"]) == 32 and made["merchant_number"] == b"1900000001"
    p.stop()
    p.start()
    assert {f.name: f.read_bytes() for f in p.dir.iterdir()} == made
    p.stop()


@pytest.mark.parametrize("what, text", [
    ("nothing", "Authorization值为空"), ("scheme", "格式错误"), ("mchid", "商户号不存在"), ("serial", "序列号"),
    ("late", "5分钟"), ("early", "5分钟"), ("body", "验签失败"), ("uri", "验签失败"), ("signature", "验签失败"),
    ("repeated", "格式错误")])
def test_a_request_that_is_not_signed_well_is_refused(provider, what, text):
    uri, body = "/v3/profitsharing/transactions/none/amounts", b""
    now = time.time() + {"late": -310, "early": 310}.get(what, 0)
    auth = provider.authorization("GET", uri + ("x" if what == "uri" else ""),
                                  b"{}" if what == "body" else body, now,
                                  mchid="1900000009" if what == "mchid" else merchant.SIGNER,
                                  serial="00" if what == "serial" else None)
    if what == "scheme":
        auth = auth.replace("WECHATPAY2", "WECHATPAY1")
    if what == "signature":
        auth = auth.replace('signature="', 'signature="A')
    if what == "repeated":
        auth += ',mchid="1900000001"'
    a = provider.send("GET", uri, body, {} if what == "nothing" else {"Authorization": auth})
    refused(a, 401, "SIGN_ERROR", text)
    assert provider.signed_well(a)


def test_answers_are_signed_by_the_clock_that_the_caller_follows(own):
    p = own()
    moved = merchant.parse(p.books("-")["now"]) // 1_000_000
    a = p.get("/profitsharing/transactions/none/amounts")
    assert abs(int(a.headers["Wechatpay-Timestamp"]) - time.time()) < 60
    a = p.get("/profitsharing/transactions/none/amounts", now=moved)
    assert abs(int(a.headers["Wechatpay-Timestamp"]) - moved) < 60
    refused(a, 404, "RESOURCE_NOT_EXISTS")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff\xfe", b'{"a":1,"a":2}'])
def test_a_body_that_is_no_object_is_refused(provider, body):
    uri = "/v3/profitsharing/orders"
    a = provider.send("POST", uri, body, {"Authorization": provider.authorization("POST", uri, body)})
    refused(a, 400, "PARAM_ERROR")


def test_unknown_methods(provider):
    refused(provider.get("/profitsharing/nothing"), 404, "RESOURCE_NOT_EXISTS")
    refused(provider.post("/profitsharing/orders/X", {}), 404, "RESOURCE_NOT_EXISTS")
    assert provider.send("POST", "/control/nothing", b"{}").status == 404
    assert provider.send("PUT", "/control/clock", b"{}").status in (405, 501)


# ---- Payments ------------------------------------------------------------------------------------------

def test_a_payment_is_frozen_net_of_its_fee_and_counts_once(provider):
    t = fresh()
    before = provider.merchant()
    at = merchant.parse(provider.books("-")["now"]) - 5_000_000
    for _ in range(3):
        provider.pay(t, 599900, 3599, paid_at=at)
    assert provider.merchant()["frozen"] == before["frozen"] + 596301
    assert provider.transaction(t)["unsplit"] == 596301 == provider.unsplit(t)
    a = provider.send("POST", "/control/payments", json.dumps({"transaction_id": t, "amount": 599901}).encode())
    assert a.status == 400 and "otherwise" in a.json["error"]
    many = [{"transaction_id": fresh(), "amount": 100, "fee": 1} for _ in range(50)]
    assert provider.control("payments", many) == {"taken": 50, "known": 0}
    assert provider.control("payments", many) == {"taken": 0, "known": 50}


@pytest.mark.parametrize("wrong", [{"amount": 0}, {"amount": -1}, {"amount": 1.5}, {"amount": "1"}, {"amount": 10**13},
                                   {"fee": 101}, {"fee": -1}, {"transaction_id": ""}, {"transaction_id": "x" * 33},
                                   {"paid_at": "yesterday"}])
def test_a_payment_that_cannot_be(provider, wrong):
    body = {"transaction_id": fresh(), "amount": 100, **wrong}
    assert provider.send("POST", "/control/payments", json.dumps(body).encode()).status == 400


def test_a_payment_that_is_not_to_be_shared_is_available_at_once(provider):
    t = fresh()
    before = provider.merchant()["available"]
    provider.pay(t, 10000, 60, profit_sharing=False)
    assert provider.merchant()["available"] == before + 9940
    refused(provider.split(t, "N" + t, [(D, 1)]), 400, "INVALID_REQUEST", "非分账订单")
    assert provider.refund(t, "R" + t, 10000, 10000).json["funds_account"] == "AVAILABLE"
    assert provider.merchant()["available"] == before


# ---- Receivers ------------------------------------------------------------------------------------------

def test_receivers_are_added_deleted_and_repeated(provider):
    t = fresh()
    provider.pay(t, 10000)
    refused(provider.split(t, "A" + t, [("1900000150", 10)]), 400, "INVALID_REQUEST", "分账关系")
    for _ in range(2):
        provider.add("1900000150")
    assert provider.split(t, "A" + t, [("1900000150", 10)]).status == 200
    for _ in range(2):
        a = provider.post("/profitsharing/receivers/delete", {"appid": "wx1", "type": "MERCHANT_ID",
                                                              "account": "1900000150"})
        assert a.json == {"type": "MERCHANT_ID", "account": "1900000150"}
    # what waits for him meanwhile comes to nothing
    [r] = provider.split_state(t, "A" + t).json["receivers"]
    assert (r["result"], r["fail_reason"]) == ("CLOSED", "NO_RELATION")
    assert provider.unsplit(t) == 10000
    refused(provider.split(t, "B" + t, [("1900000150", 10)]), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("change", [{"type": "SOMEBODY"}, {"account": ""}, {"relation_type": "FRIEND"}, {"name": None},
                                    {"name": "not encrypted"}, {"relation_type": "CUSTOM"},
                                    {"type": "PERSONAL_OPENID", "appid": None}])
def test_a_receiver_that_cannot_be(provider, change):
    body = {"appid": "wx1", "type": "MERCHANT_ID", "account": "1900000160", "relation_type": "STORE",
            "name": provider.platform.encrypt("某某公司"), **change}
    refused(provider.post("/profitsharing/receivers/add", {k: v for k, v in body.items() if v is not None}),
            400, "PARAM_ERROR")


def test_a_name_needs_the_serial_of_the_key_it_is_encrypted_for(provider):
    body = {"appid": "wx1", "type": "MERCHANT_ID", "account": "1900000161", "relation_type": "STORE",
            "name": provider.platform.encrypt("某某公司")}
    refused(provider.post("/profitsharing/receivers/add", body, headers={"Wechatpay-Serial": "00"}), 400, "PARAM_ERROR",
            "Wechatpay-Serial")


def test_receivers_belong_to_their_payer(provider):
    t = fresh()
    provider.pay(t, 10000, payer="1900000209")
    refused(provider.split(t, "P" + t, [(D, 10)], payer="1900000209"), 400, "INVALID_REQUEST", "分账关系")
    provider.add(D, payer="1900000209")
    a = provider.split(t, "P" + t, [(D, 10)], payer="1900000209")
    assert a.json["sub_mchid"] == "1900000209"
    # another payer may use the same number, and sees nothing of this one
    refused(provider.split(t, "P" + t, [(D, 10)]), 400, "INVALID_REQUEST", "不存在")
    refused(provider.split_state(t, "P" + t), 404, "RESOURCE_NOT_EXISTS")


# ---- Splits -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("amount, cap", [(599900, 179970), (55, 16), (3, 0), (9999, 2999)])
def test_the_cap_is_a_floor_and_cumulative(provider, amount, cap):
    t = fresh()
    provider.pay(t, amount)
    refused(provider.split(t, "X" + t, [(D, cap + 1)]), 403, "RULE_LIMIT", "最大分账比例")
    if cap > 1:
        assert provider.split(t, "Y" + t, [(D, cap - 1)]).status == 200  # what waits counts already
        refused(provider.split(t, "Z" + t, [(D, 1), (E, 1)]), 403, "RULE_LIMIT")
        assert provider.split(t, "Z" + t, [(E, 1)]).status == 200
        refused(provider.split(t, "W" + t, [(E, 1)]), 403, "RULE_LIMIT")


def test_the_cap_shrinks_with_refunds(provider):
    t = fresh()
    provider.pay(t, 290000, 1740)
    assert provider.refund(t, "R" + t, 96666, 290000).status == 200
    refused(provider.split(t, "X" + t, [(D, 58001)]), 403, "RULE_LIMIT")
    assert through(provider, t, "Y" + t, [(D, 58000)])


def test_no_more_than_is_not_split(own):
    p = own("--cap-bps", 10000)
    p.pay("T", 10000, 60)
    refused(p.split("T", "X", [(D, 9941)]), 403, "NOT_ENOUGH")
    assert through(p, "T", "Y", [(D, 9940)]) and p.unsplit("T") == 0


def test_part_for_the_payer_himself_is_not_capped(provider):
    t = fresh()
    provider.pay(t, 10000, 60)
    before = provider.merchant()
    assert results(through(provider, t, "X" + t, [(merchant.SIGNER, 9000), (D, 100)])) == \
        [(merchant.SIGNER, 9000, "SUCCESS"), (D, 100, "SUCCESS")]
    after = provider.merchant()
    assert after["available"] - before["available"] == 9000 and before["frozen"] - after["frozen"] == 9100
    assert provider.unsplit(t) == 840


@pytest.mark.parametrize("change", [
    {"transaction_id": None}, {"out_order_no": None}, {"out_order_no": "a b"}, {"out_order_no": "x" * 65},
    {"out_order_no": "分"}, {"unfreeze_unsplit": None}, {"unfreeze_unsplit": "no"}, {"receivers": []},
    {"receivers": None}, {"receivers": "D"}])
def test_a_split_that_is_not_well_formed(provider, change):
    t = fresh()
    provider.pay(t, 10000)
    body = {"transaction_id": t, "out_order_no": "F" + t, "unfreeze_unsplit": False,
            "receivers": [{"type": "MERCHANT_ID", "account": D, "amount": 1, "description": "d"}], **change}
    refused(provider.post("/profitsharing/orders", {k: v for k, v in body.items() if v is not None}), 400,
            "PARAM_ERROR")
    assert provider.transaction(t)["splits"] == []


@pytest.mark.parametrize("change", [{"amount": 0}, {"amount": -5}, {"amount": 1.0}, {"amount": 2**63}, {"type": "X"},
                                    {"account": ""}, {"description": "x" * 81}, {"description": ""}, {"type": None}])
def test_a_receiver_of_a_split_that_is_not_well_formed(provider, change):
    t = fresh()
    provider.pay(t, 10000)
    r = {"type": "MERCHANT_ID", "account": D, "amount": 1, "description": "d", **change}
    body = {"transaction_id": t, "out_order_no": "F" + t, "unfreeze_unsplit": False, "receivers": [r]}
    assert provider.post("/profitsharing/orders", body).status == 400
    assert provider.transaction(t)["splits"] == []


def test_eighty_characters_may_be_chinese(provider):
    t = fresh()
    provider.pay(t, 10000)
    body = {"transaction_id": t, "out_order_no": "F" + t, "unfreeze_unsplit": False,
            "receivers": [{"type": "MERCHANT_ID", "account": D, "amount": 1, "description": "分" * 80}]}
    assert provider.post("/profitsharing/orders", body).json["receivers"][0]["description"] == "分" * 80


def test_fifty_receivers_and_no_more_and_none_twice(own):
    p = own("--pending-polls", 0, "--qps", 0)
    p.pay("T", 1000000)
    people = [(f"openid-{i}", 1, "PERSONAL_OPENID") for i in range(51)]
    for account, _, kind in people:
        p.add(account, kind=kind, relation="STAFF")
    refused(p.split("T", "X", people), 400, "PARAM_ERROR", "50")
    refused(p.split("T", "X", people[:2] + people[:1]), 400, "PARAM_ERROR", "重复")
    a = p.split("T", "X", people[:50])
    assert a.json["state"] == "FINISHED" and len(a.json["receivers"]) == 50
    assert p.unsplit("T") == 999950


def test_fifty_requests_and_refused_ones_do_not_count(own):
    p = own("--pending-polls", 0, "--qps", 0)
    p.pay("T", 1000000)
    for i in range(10):
        assert p.split("T", f"bad{i}", [(E, 1)]).status == 400
    for i in range(50):
        assert p.split("T", f"S{i}", [(D, 1)]).status == 200
    refused(p.split("T", "S50", [(D, 1)]), 403, "RULE_LIMIT", "次数")
    assert p.split("T", "S7", [(D, 1)]).status == 200  # an old one may be asked again
    assert p.unfreeze("T", "U").status == 200


def test_the_same_number_is_the_same_request_for_ever(provider):
    t, u = fresh(), fresh()
    provider.pay(t, 100000)
    provider.pay(u, 100000)
    n = "S" + t
    first = provider.split(t, n, [(D, 1000), (E, 500)]).json
    assert provider.split(t, n, [(D, 1000), (E, 500)]).json == first
    for other in ([(D, 1000)], [(D, 1001), (E, 500)], [(E, 500), (D, 1000)], [(D, 1000), (E, 500)]):
        if other == [(D, 1000), (E, 500)]:
            a = provider.split(t, n, other, finish=True)
        else:
            a = provider.split(t, n, other)
        refused(a, 400, "INVALID_REQUEST", "分账接收方与原请求不一致")
    refused(provider.split(u, n, [(D, 1000), (E, 500)]), 400, "INVALID_REQUEST", "不一致")
    done = provider.split_state(t, n).json
    assert done["order_id"] == first["order_id"] and done["state"] == "FINISHED"
    assert provider.split(t, n, [(D, 1000), (E, 500)]).json == done
    [s] = provider.transaction(t)["splits"]
    assert (s["requests"], s["effects"]) == (8, 1)
    assert provider.unsplit(t) == 98500 and provider.unsplit(u) == 100000


def test_a_number_may_have_all_its_characters(provider):
    t = fresh()
    provider.pay(t, 10000)
    assert through(provider, t, "P-_|*@" + t, [(D, 1)])["out_order_no"] == "P-_|*@" + t


def test_not_before_a_minute_has_gone(provider):
    t = fresh()
    provider.pay(t, 10000, ago_s=55)
    for a in (provider.split(t, "S" + t, [(D, 1)]), provider.unfreeze(t, "U" + t)):
        refused(a, 400, "INVALID_REQUEST", "订单处理中，请稍后重试")
    assert provider.transaction(t)["splits"] == []


def test_it_is_final_after_so_many_questions(own):
    p = own("--pending-polls", 3)
    p.pay("T", 10000)
    p.split("T", "S", [(D, 100)])
    for state in ("PROCESSING", "PROCESSING", "FINISHED", "FINISHED"):
        assert p.split("T", "S", [(D, 100)]).json["state"] in (state, "PROCESSING")  # a repeat is no question
        assert p.split_state("T", "S").json["state"] == state
    p.control("conf", {"pending_polls": 1000000})
    p.split("T", "S2", [(D, 100)])
    for _ in range(5):
        assert p.split_state("T", "S2").json["state"] == "PROCESSING"
    p.control("conf", {"pending_polls": 0})
    assert p.split_state("T", "S2").json["state"] == "FINISHED"


def test_a_query_names_its_transaction(provider):
    t, u = fresh(), fresh()
    provider.pay(t, 10000)
    provider.pay(u, 10000)
    provider.split(t, "S" + t, [(D, 1)])
    refused(provider.get("/profitsharing/orders/S" + t), 400, "PARAM_ERROR")
    refused(provider.split_state(u, "S" + t), 404, "RESOURCE_NOT_EXISTS")
    refused(provider.split_state(t, "never"), 404, "RESOURCE_NOT_EXISTS")
    refused(provider.get("/profitsharing/transactions/never/amounts"), 404, "RESOURCE_NOT_EXISTS")


def test_finished_is_not_success(provider):
    t = fresh()
    provider.pay(t, 100000)
    provider.control("close", {"account": E, "reason": "RECEIVER_HIGH_RISK", "transaction_id": t})
    done = through(provider, t, "S" + t, [(D, 1000), (E, 500)])
    assert results(done) == [(D, 1000, "SUCCESS"), (E, 500, "CLOSED")]
    assert done["receivers"][1]["fail_reason"] == "RECEIVER_HIGH_RISK" and "fail_reason" not in done["receivers"][0]
    assert provider.unsplit(t) == 99000  # it stays with the payer, and may be split again
    assert through(provider, t, "T" + t, [(D, 29000)])
    u = fresh()
    provider.pay(u, 100000)
    assert results(through(provider, u, "S" + u, [(E, 500)])) == [(E, 500, "SUCCESS")]


def test_so_many_parts_are_closed(own):
    p = own()
    p.pay("T", 100000)
    p.control("close", {"account": D, "count": 1})
    assert [results(through(p, "T", f"S{i}", [(D, 10)]))[0][2] for i in range(2)] == ["CLOSED", "SUCCESS"]
    p.control("close", {"account": D})
    assert [results(through(p, "T", f"C{i}", [(D, 10)]))[0][2] for i in range(2)] == ["CLOSED", "CLOSED"]
    p.control("close", {"account": D, "count": 0})
    assert results(through(p, "T", "W", [(D, 10)]))[0][2] == "SUCCESS"


def test_an_individual_has_a_limit_for_the_month(own):
    p = own("--pending-polls", 0)
    p.add("o1", kind="PERSONAL_OPENID", relation="STAFF")
    p.pay("T", 100_000_000)
    kind = "PERSONAL_OPENID"
    assert results(p.split("T", "A", [("o1", 20_000_000, kind)]).json)[0][2] == "SUCCESS"
    [r] = p.split("T", "B", [("o1", 1, kind)]).json["receivers"]
    assert (r["result"], r["fail_reason"]) == ("CLOSED", "RECEIVER_RECEIPT_LIMIT")
    p.control("clock", {"now": "2026-10-01T00:00:00+08:00"})
    p.pay("T2", 100_000_000)
    assert results(p.split("T2", "C", [("o1", 1, kind)]).json)[0][2] == "SUCCESS"


# ---- Unfreezing ---------------------------------------------------------------------------------------------

def test_unfreezing_releases_the_rest_and_says_so(provider):
    t = fresh()
    provider.pay(t, 599900, 3599)
    through(provider, t, "S" + t, [(D, 56301)])
    before = provider.merchant()
    a = provider.unfreeze(t, "U" + t)
    assert a.json["state"] == "PROCESSING"
    assert provider.merchant() == before
    refused(provider.split(t, "V" + t, [(D, 1)]), 400, "INVALID_REQUEST", "完结")
    [r] = provider.split_state(t, "U" + t).json["receivers"]
    assert (r["account"], r["amount"], r["result"]) == (merchant.SIGNER, 540000, "SUCCESS")
    assert r["description"] == "解冻给分账方" and r["detail_id"]
    after = provider.merchant()
    assert after["available"] - before["available"] == 540000 == before["frozen"] - after["frozen"]
    assert provider.unsplit(t) == 0
    assert provider.unfreeze(t, "U" + t).json["state"] == "FINISHED"
    refused(provider.unfreeze(t, "U2" + t), 400, "INVALID_REQUEST", "完结")


def test_unfreezing_under_the_splits_number_says_well_and_does_not(provider):
    t = fresh()
    provider.pay(t, 100000)
    done = through(provider, t, "S" + t, [(D, 1000)])
    assert provider.unfreeze(t, "S" + t).json == done
    assert provider.unsplit(t) == 99000 and not provider.transaction(t)["finished"]
    assert provider.split(t, "S2" + t, [(D, 1000)]).status == 200
    # the other way round it is another request
    provider.unfreeze(t, "U" + t)
    refused(provider.split(t, "U" + t, [(D, 1000)]), 400, "INVALID_REQUEST", "不一致")


def test_the_last_split_may_release_what_is_left_and_what_was_closed(provider):
    t = fresh()
    provider.pay(t, 100000, 600)
    provider.control("close", {"account": E, "transaction_id": t})
    done = through(provider, t, "S" + t, [(D, 1000), (E, 500)], finish=True)
    assert results(done) == [(D, 1000, "SUCCESS"), (E, 500, "CLOSED"), (merchant.SIGNER, 98400, "SUCCESS")]
    assert provider.transaction(t)["frozen"] == 0
    refused(provider.split(t, "T" + t, [(D, 1)]), 400, "INVALID_REQUEST", "完结")


def test_what_waits_elsewhere_is_not_released(provider):
    t = fresh()
    provider.pay(t, 100000)
    provider.split(t, "S" + t, [(D, 1000)])
    provider.unfreeze(t, "U" + t)
    assert results(provider.split_state(t, "U" + t).json) == [(merchant.SIGNER, 99000, "SUCCESS")]
    assert provider.transaction(t)["frozen"] == 1000
    provider.control("close", {"account": D, "transaction_id": t})
    before = provider.merchant()["available"]
    assert results(provider.split_state(t, "S" + t).json) == [(D, 1000, "CLOSED")]
    assert provider.transaction(t)["frozen"] == 0 and provider.merchant()["available"] == before + 1000


def test_after_thirty_days_it_is_released_by_itself(own):
    p = own()
    p.pay("T", 100000, 600, ago_s=0)
    p.pay("Done", 100000, 600, ago_s=3600)
    p.unfreeze("Done", "U")
    p.split_state("Done", "U")
    p.control("clock", {"now": "2026-10-01T09:59:00+08:00"})
    assert p.unsplit("T") == 99400
    p.control("clock", {"now": "2026-10-01T10:01:00+08:00"})
    assert p.unsplit("T") == 0 and p.merchant()["available"] == 2 * 99400
    [s] = p.transaction("T")["splits"]
    assert (s["kind"], s["out_order_no"], s["effects"]) == ("system", "", 1)
    refused(p.split("T", "late", [(D, 1)]), 400, "INVALID_REQUEST", "完结")
    assert [s["kind"] for s in p.transaction("Done")["splits"]] == ["unfreeze"]
    p.control("clock", {"now": "2026-10-02T10:00:00+08:00"})
    rows = bill(p, "split", "2026-10-01")[0]
    assert [(r["分账发起方"], r["分账接收方"], r["分账金额"], r["分账描述"]) for r in rows] == \
        [("system", merchant.SIGNER, "994.00", "解冻给分账方")]


# ---- Returns ------------------------------------------------------------------------------------------------

@pytest.fixture
def given(provider):
    """A transaction, and the split of 5826 for D in it, through."""
    t = fresh()
    provider.pay(t, 29000, 174)
    through(provider, t, "S" + t, [(D, 5826), (E, 100)])
    provider.control("optin", {"account": D, "on": True})
    provider.control("topup", {"account": D, "amount": 100000})
    return t, "S" + t


def test_a_return_goes_from_available_to_available(provider, given):
    t, s = given
    d, payer, unsplit = provider.merchant(D), provider.merchant(), provider.unsplit(t)
    a = provider.give_back(s, "B" + t, D, 1942)
    assert a.json["result"] == "PROCESSING" and provider.merchant(D) == d
    a = provider.give_back_state(s, "B" + t)
    assert a.json["result"] == "SUCCESS" and a.json["return_mchid"] == D and a.json["amount"] == 1942
    assert provider.merchant(D)["available"] == d["available"] - 1942
    assert provider.merchant()["available"] == payer["available"] + 1942
    assert provider.unsplit(t) == unsplit
    for _ in range(2):
        assert provider.give_back(s, "B" + t, D, 1942).json == a.json
    [r] = provider.transaction(t)["returns"]
    assert (r["requests"], r["effects"]) == (3, 1)
    refused(provider.give_back(s, "B" + t, D, 1943), 400, "INVALID_REQUEST", "不一致")
    refused(provider.give_back(s, "C" + t, D, 5826 - 1942 + 1), 403, "NOT_ENOUGH")
    assert provider.give_back(s, "C" + t, D, 5826 - 1942).status == 200
    refused(provider.give_back(s, "D" + t, D, 1), 403, "NOT_ENOUGH")


def test_who_did_not_agree_gives_nothing_back(provider, given):
    t, s = given
    refused(provider.give_back(s, "B" + t, E, 100), 403, "NO_AUTH", "回退方没有开通分账回退功能")
    provider.control("optin", {"account": E, "on": True})
    assert provider.give_back(s, "B" + t, E, 100).status == 200
    provider.control("optin", {"account": E, "on": False})
    refused(provider.give_back(s, "C" + t, "1900000199", 1), 400, "INVALID_REQUEST")
    refused(provider.give_back("never", "C" + t, D, 1), 404, "RESOURCE_NOT_EXISTS")
    refused(provider.give_back(s, "a|b", D, 1), 400, "PARAM_ERROR")
    refused(provider.give_back(s, "C" + t, D, 0), 400, "PARAM_ERROR")
    refused(provider.give_back_state("other", "B" + t), 404, "RESOURCE_NOT_EXISTS")


def test_options_may_say_who_agreed(own):
    for options, answers in (((), [403, 403]), (("--return-optin", D), [200, 403]), (("--return-optin", "all"), [200, 200])):
        p = own("--pending-polls", 0, *options)
        p.add(E)
        p.pay("T", 10000)
        p.split("T", "S", [(D, 100), (E, 100)])
        assert [p.give_back("S", "B" + a, a, 1).status for a in (D, E)] == answers


def test_nobody_can_take_back_from_an_individual_or_a_closed_part(own):
    p = own("--pending-polls", 0, "--return-optin", "all")
    p.add("o1", kind="PERSONAL_OPENID", relation="STAFF")
    p.pay("T", 10000)
    p.control("close", {"account": D, "count": 1})
    assert results(p.split("T", "S", [(D, 100), ("o1", 50, "PERSONAL_OPENID")]).json) == \
        [(D, 100, "CLOSED"), ("o1", 50, "SUCCESS")]
    refused(p.give_back("S", "B", "o1", 50), 400, "INVALID_REQUEST")
    refused(p.give_back("S", "B", D, 50), 400, "INVALID_REQUEST", "未成功")
    p.control("conf", {"pending_polls": 1})
    p.split("T", "S2", [(D, 100)])
    refused(p.give_back("S2", "B", D, 50), 400, "INVALID_REQUEST", "未成功")


def test_a_return_waits_for_the_balance_a_day(own):
    p = own("--return-optin", "all")
    p.pay("T", 10000)
    through(p, "T", "S", [(D, 1000)])
    p.control("withdraw", {"account": D, "amount": 600})
    assert p.send("POST", "/control/withdraw", json.dumps({"account": D, "amount": 401}).encode()).status == 400
    p.give_back("S", "B", D, 500)
    for _ in range(3):
        assert p.give_back_state("S", "B").json["result"] == "PROCESSING"
    refused(p.give_back("S", "C", D, 501), 403, "NOT_ENOUGH")  # what waits counts
    p.control("topup", {"account": D, "amount": 100})
    assert p.give_back("S", "B", D, 500).json["result"] == "SUCCESS"  # the same number again
    p.give_back("S", "C", D, 500)
    assert p.give_back_state("S", "C").json["result"] == "PROCESSING"
    p.control("clock", {"now": "2026-09-02T10:05:00+08:00"})
    a = p.give_back_state("S", "C").json
    assert (a["result"], a["fail_reason"]) == ("FAILED", "TIME_OUT_CLOSED")
    p.control("topup", {"account": D, "amount": 500})
    assert p.give_back("S", "C", D, 500).json["result"] == "FAILED"  # final
    assert p.give_back("S", "C2", D, 500).status == 200
    assert p.give_back_state("S", "C2").json["result"] == "SUCCESS"


def test_a_return_may_fail_and_ends_after_180_days(own):
    p = own("--return-optin", "all", "--pending-polls", 0)
    p.pay("T", 10000)
    p.split("T", "S", [(D, 1000)])
    p.control("close", {"account": D, "reason": "PAYER_ACCOUNT_ABNORMAL", "what": "return", "count": 1})
    a = p.give_back("S", "B", D, 500).json
    assert (a["result"], a["fail_reason"]) == ("FAILED", "PAYER_ACCOUNT_ABNORMAL")
    assert p.give_back("S", "C", D, 500).json["result"] == "SUCCESS"
    p.control("clock", {"now": "2027-03-01T10:00:00+08:00"})
    refused(p.give_back("S", "D", D, 500), 400, "INVALID_REQUEST", "期限")


# ---- Refunds ------------------------------------------------------------------------------------------------

def test_a_refund_before_any_split_comes_out_of_what_is_frozen(provider):
    t = fresh()
    provider.pay(t, 290000, 1740)
    before = provider.merchant()
    a = provider.refund(t, "R" + t, 96666, 290000).json
    assert (a["status"], a["funds_account"]) == ("PROCESSING", "UNSETTLED")
    a = provider.get("/refund/domestic/refunds/R" + t).json
    assert (a["status"], a["amount"]["refund"], a["amount"]["total"]) == ("SUCCESS", 96666, 290000)
    assert before["frozen"] - provider.merchant()["frozen"] == 96666 - 580
    # the fee comes back cumulatively, half up, and all of it in the end
    assert provider.refund(t, "Q" + t, 96667, 290000).status == 200
    assert provider.refund(t, "P" + t, 96667, 290000).status == 200
    x = provider.transaction(t)
    assert [r["fee"] for r in reversed(x["refunds"])] == [580, 580, 580]
    assert (x["frozen"], x["refunded"], x["fee_refunded"]) == (0, 290000, 1740)
    refused(provider.refund(t, "O" + t, 1, 290000), 400, "INVALID_REQUEST", "大于可退金额")
    refused(provider.split(t, "S" + t, [(D, 1)]), 400, "INVALID_REQUEST", "全额退款")


def test_a_partly_split_order_refunds_only_what_is_left_frozen(provider):
    t = fresh()
    provider.pay(t, 100000, 600)
    provider.split(t, "S" + t, [(D, 20000)])  # waiting counts
    refused(provider.refund(t, "R" + t, 79401, 100000), 403, "RULE_LIMIT", "申请退款金额大于剩余未分账金额")
    provider.split_state(t, "S" + t)
    refused(provider.refund(t, "R" + t, 79401, 100000), 403, "RULE_LIMIT")
    assert provider.refund(t, "R" + t, 70000, 100000).json["funds_account"] == "UNSETTLED"
    provider.unfreeze(t, "U" + t)
    provider.split_state(t, "U" + t)
    provider.control("topup", {"account": merchant.SIGNER, "amount": 50000})
    assert provider.refund(t, "Q" + t, 30000, 100000).json["funds_account"] == "AVAILABLE"
    assert provider.transaction(t)["fee_refunded"] == 600


def test_a_refund_after_release_needs_the_balance(own):
    p = own("--pending-polls", 0)
    p.pay("T", 10000, 60)
    p.pay("Frozen", 99999)
    p.unfreeze("T", "U")
    p.control("withdraw", {"account": merchant.SIGNER, "amount": 9000})
    refused(p.refund("T", "R", 10000, 10000), 403, "NOT_ENOUGH", "余额不足")
    p.control("topup", {"account": merchant.SIGNER, "amount": 9000})
    assert p.refund("T", "R", 10000, 10000).json["status"] == "SUCCESS"
    assert p.merchant()["available"] == 0


def test_a_refunds_number_is_its_own(provider):
    t, u = fresh(), fresh()
    provider.pay(t, 10000)
    provider.pay(u, 10000)
    first = provider.refund(t, "R" + t, 4000, 10000).json
    assert provider.refund(t, "R" + t, 4000, 10000).json == first
    refused(provider.refund(t, "R" + t, 4001, 10000), 400, "INVALID_REQUEST", "不一致")
    refused(provider.refund(u, "R" + t, 4000, 10000), 400, "INVALID_REQUEST", "不一致")
    refused(provider.refund(t, "Q" + t, 4000, 10001), 400, "INVALID_REQUEST", "不一致")
    refused(provider.refund(t, "Q" + t, 6001, 10000), 400, "INVALID_REQUEST")
    refused(provider.refund("never", "Q" + t, 1, 10000), 404, "RESOURCE_NOT_EXISTS")
    refused(provider.refund(t, "a b", 1, 10000), 400, "PARAM_ERROR")
    refused(provider.get("/refund/domestic/refunds/never"), 404, "RESOURCE_NOT_EXISTS")
    [r] = provider.transaction(t)["refunds"]
    assert (r["requests"], r["effects"], r["amount"]) == (4, 1, 4000)


def test_a_refund_may_not_arrive(own):
    p = own()
    p.pay("T", 10000, 60)
    p.control("close", {"account": merchant.SIGNER, "what": "refund", "count": 1})
    p.refund("T", "Lost", 4000, 10000)
    a = p.get("/refund/domestic/refunds/Lost").json
    assert a["status"] == "ABNORMAL" and "success_time" not in a
    assert p.transaction("T")["refunded"] == 4000  # the money has left
    p.control("close", {"account": merchant.SIGNER, "what": "refund", "reason": "CLOSED", "transaction_id": "T"})
    p.refund("T", "Back", 3000, 10000)
    assert p.transaction("T")["frozen"] == 10000 - 60 - 7000 + 42
    assert p.get("/refund/domestic/refunds/Back").json["status"] == "CLOSED"
    t = p.transaction("T")
    assert (t["frozen"], t["refunded"], t["fee_refunded"]) == (10000 - 60 - 4000 + 24, 4000, 24)
    assert p.refund("T", "Back", 3000, 10000).json["status"] == "CLOSED"  # final under this number
    assert sorted((r["out_refund_no"], r["effects"]) for r in t["refunds"]) == [("Back", 0), ("Lost", 1)]
    p.control("clock", {"now": "2026-09-02T10:00:00+08:00"})
    assert [r["交易状态"] for r in bill(p, "trade", "2026-09-01")[0]] == ["SUCCESS"]
    assert [r["收支类型"] for r in bill(p, "fund", "2026-09-01")[0]] == ["收入", "支出", "支出", "支出", "收入"]


def test_fifty_refunds_within_a_year(own):
    p = own("--pending-polls", 0, "--qps", 0)
    p.pay("T", 10000, 60)
    for i in range(50):
        assert p.refund("T", f"R{i}", 1, 10000).status == 200
    refused(p.refund("T", "R50", 1, 10000), 403, "RULE_LIMIT", "次数")
    p.pay("Old", 10000, 60)
    p.control("clock", {"now": "2027-09-02T10:00:00+08:00"})
    refused(p.refund("Old", "O", 1, 10000), 400, "INVALID_REQUEST", "期限")


def test_service_provider_mode(provider):
    t, payer = fresh(), "1900000219"
    provider.pay(t, 10000, 60, payer=payer)
    provider.add(D, payer=payer)
    through(provider, t, "S" + t, [(D, 3000)], payer=payer)
    refused(provider.refund(t, "R" + t, 100, 10000), 404, "RESOURCE_NOT_EXISTS")
    assert provider.refund(t, "R" + t, 100, 10000, payer=payer).status == 200
    a = provider.get("/refund/domestic/refunds/R" + t, {"sub_mchid": payer})
    assert a.json["status"] == "SUCCESS"
    assert provider.unfreeze(t, "U" + t, payer=payer).json["sub_mchid"] == payer
    provider.split_state(t, "U" + t, payer=payer)
    m = provider.merchant(payer)
    assert (m["frozen"], m["available"]) == (0, 10000 - 60 - 3000 - 100 + 1)
    a = provider.get("/profitsharing/merchant-configs/" + payer)
    assert a.json == {"sub_mchid": payer, "max_ratio": 3000}


def test_a_dispute_holds_what_is_available(own):
    p = own("--pending-polls", 0)
    p.pay("T", 10000, 60)
    p.unfreeze("T", "U")

    def dispute(action, amount):
        return p.send("POST", "/control/dispute",
                      json.dumps({"transaction_id": "T", "amount": amount, "action": action}).encode()).status
    assert dispute("open", 9941) == 400 and dispute("open", 5000) == 200 and dispute("win", 1) == 400
    m = p.merchant()
    assert (m["available"], m["disputed"]) == (4940, 5000)
    assert dispute("won", 2000) == 200 and dispute("lost", 3001) == 400 and dispute("lost", 3000) == 200
    m = p.merchant()
    assert (m["available"], m["disputed"]) == (6940, 0)
    refused(p.refund("T", "R", 7001, 10000), 400, "INVALID_REQUEST")


# ---- Limits and faults -----------------------------------------------------------------------------------------

def test_thirty_splits_a_second_of_one_payer(own):
    p = own("--qps", 5)
    for payer in ("", "1900000301"):
        p.pay("T" + payer, 1000000, payer=payer)
    p.add(D, payer="1900000301")
    answers = [p.split("T", f"S{i}", [(D, 1)]) for i in range(20)]
    limited = [a for a in answers if a.status == 429]
    assert limited and answers[0].status == 200
    refused(limited[0], 429, "FREQUENCY_LIMITED")
    assert p.split("T1900000301", "X", [(D, 1)], payer="1900000301").status == 200  # another's bucket
    taken = sum(a.status == 200 for a in answers)
    assert len(p.transaction("T")["splits"]) == taken
    time.sleep(1.1)
    assert p.split("T", "later", [(D, 1)]).status == 200
    assert p.books("-")["counts"]["limited"] == len(limited)


def fault(p, name, **more):
    p.control("faults", {"next": name, "path": "/v3/profitsharing/orders", **more})


@pytest.mark.parametrize("name, status, done", [("error_before", 500, 0), ("error_after", 500, 1), ("limited", 429, 0)])
def test_an_error_before_and_after_the_effect(provider, name, status, done):
    t = fresh()
    provider.pay(t, 10000)
    fault(provider, name)
    a = provider.split(t, "S" + t, [(D, 7)])
    refused(a, status, "FREQUENCY_LIMITED" if status == 429 else "SYSTEM_ERROR")
    assert provider.unsplit(t) == 10000 - 7 * done
    assert provider.split(t, "S" + t, [(D, 7)]).status == 200
    assert provider.unsplit(t) == 10000 - 7


@pytest.mark.parametrize("name", ["lost", "cut"])
def test_an_answer_that_does_not_come_through(provider, name):
    t = fresh()
    provider.pay(t, 10000)
    fault(provider, name)
    with pytest.raises((http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionResetError)):
        provider.split(t, "S" + t, [(D, 7)])
    assert provider.unsplit(t) == 10000 - 7
    assert provider.split(t, "S" + t, [(D, 7)]).status == 200


def test_half_of_an_answer(provider):
    t = fresh()
    provider.pay(t, 10000)
    fault(provider, "short")
    a = provider.split(t, "S" + t, [(D, 7)], check=False)
    assert a.status == 200 and not provider.signed_well(a)
    with pytest.raises(ValueError):
        a.json  # noqa: B018
    assert provider.unsplit(t) == 10000 - 7


def test_an_answer_that_stalls(provider):
    t = fresh()
    provider.pay(t, 10000)
    fault(provider, "stall", stall_ms=700)
    begun = time.monotonic()
    assert provider.split(t, "S" + t, [(D, 7)]).status == 200
    assert time.monotonic() - begun > 0.65


@pytest.mark.parametrize("name", ["late_signature", "bad_signature", "no_signature", "other_serial", "signtest"])
def test_an_answer_that_must_not_be_believed(provider, name):
    t = fresh()
    provider.pay(t, 10000)
    fault(provider, name)
    a = provider.split(t, "S" + t, [(D, 7)], check=False)
    h = a.headers
    assert a.status == 200 and a.json["out_order_no"] == "S" + t
    if name == "no_signature":
        assert "Wechatpay-Signature" not in h and "Wechatpay-Timestamp" in h
    elif name == "other_serial":
        assert h["Wechatpay-Serial"] != provider.platform_serial
    elif name == "late_signature":
        then = int(h["Wechatpay-Timestamp"])
        assert 590 < time.time() - then < 660 and provider.signed_well(a, now=then)
    elif name == "signtest":
        assert h["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    else:
        assert not provider.signed_well(a)
    assert provider.split(t, "S" + t, [(D, 7)]).status == 200  # the next one is well


def test_faults_by_basis_points_and_by_path(own):
    p = own("--fault", "late_signature=0", "--fault", "error_after=0")
    p.stop()
    p.options = ("--fault", "error_after=10000")
    p.start()
    assert p.get("/profitsharing/transactions/T/amounts").status == 500
    p.control("faults", {"error_after_bps": 0, "next": "error_before", "count": 2, "path": "/v3/refund"})
    p.pay("T", 10000)
    assert p.get("/profitsharing/transactions/T/amounts").status == 200
    assert [p.refund("T", "R", 1, 10000).status for _ in range(3)] == [500, 500, 200]
    p.control("faults", {"fault_bps": 2000, "stall_ms": 1})
    seen = set()
    for _ in range(200):
        try:
            a = p.get("/profitsharing/transactions/T/amounts", check=False)
            seen.add(a.status)
        except (http.client.HTTPException, ConnectionResetError):
            seen.add("gone")
    assert seen == {200, 429, 500, "gone"}
    for wrong in ({"fault_bps": 10001}, {"nothing_bps": 5, "next": "nothing"}, {"stall_ms": -1}):
        assert p.send("POST", "/control/faults", json.dumps(wrong).encode()).status == 400
    p.control("faults", {"fault_bps": 0})


# ---- The book file ------------------------------------------------------------------------------------------------

def same_books(a, b):
    return {k: v for k, v in a.items() if k not in ("now", "counts")} == \
        {k: v for k, v in b.items() if k not in ("now", "counts")}


def random_act(p, rng, n, done):
    t = rng.choice(done) if done else None
    kind = rng.choices(["pay", "split", "ask", "unfreeze", "refund", "return", "close", "topup", "clock"],
                       [6, 9, 12, 2, 5, 5, 1, 3, 2])[0]
    if kind == "pay" or t is None:
        t = f"T{n}"
        amount = rng.randint(100, 100000)
        p.pay(t, amount, rng.randint(0, amount // 100), profit_sharing=rng.random() < 0.95)
        done.append(t)
    elif kind == "split":
        some = rng.sample([D, E, merchant.SIGNER], rng.randint(1, 3))
        p.split(t, f"S{rng.randint(0, 3)}-{t}", [(a, rng.randint(1, 20000)) for a in some], finish=rng.random() < 0.1)
    elif kind == "ask":
        p.split_state(t, f"S{rng.randint(0, 3)}-{t}")
        p.give_back_state(f"S{rng.randint(0, 3)}-{t}", f"B{rng.randint(0, 3)}-{t}")
        p.get(f"/refund/domestic/refunds/R{rng.randint(0, 3)}-{t}")
    elif kind == "unfreeze":
        p.unfreeze(t, f"U-{t}")
        p.split_state(t, f"U-{t}")
    elif kind == "refund":
        total = p.transaction(t)["amount"]
        p.refund(t, f"R{rng.randint(0, 3)}-{t}", rng.randint(1, total), total)
    elif kind == "return":
        p.give_back(f"S{rng.randint(0, 3)}-{t}", f"B{rng.randint(0, 3)}-{t}", rng.choice([D, E]), rng.randint(1, 9000))
    elif kind == "close":
        p.control("close", {"account": rng.choice([D, E]), "count": 1})
    elif kind == "topup":
        p.control("topup", {"account": rng.choice([D, E, merchant.SIGNER]), "amount": rng.randint(1, 9999)})
    else:
        p.control("clock", {"now": merchant.parse(p.books("-")["now"]) + rng.randint(1, 12) * merchant.DAY})


@pytest.mark.parametrize("seed", [1, 2])
def test_the_books_survive_kill_9_and_stay_conserved(own, seed):
    p = own("--qps", 0, "--return-optin", D)
    p.add(E)
    rng, done = random.Random(seed), []
    for n in range(300):
        random_act(p, rng, n, done)
        if n % 60 == 59:
            before = p.books()
            conserved(before)
            p.kill()
            p.start()
            after = p.books()
            assert same_books(before, after)
            assert abs(merchant.parse(after["now"]) - merchant.parse(before["now"])) < 20_000_000
    kinds = {s["kind"] for t in p.books()["transactions"] for s in t["splits"]}
    assert kinds == {"split", "unfreeze", "system"}


def test_a_line_that_was_cut_off_is_dropped(own):
    p = own()
    p.pay("T", 10000)
    p.split("T", "S", [(D, 7)])
    before = p.books()
    p.kill()
    whole = p.book.read_bytes()
    p.book.write_bytes(whole + b'{"t":1,"o":0,"post":true,"uri":"/control/top')
    p.start()
    assert same_books(before, p.books())
    p.kill()
    p.book.write_bytes(b"no book\n" + whole)
    r = subprocess.run([str(yc.SIMULATOR), "provider", "--dir", str(p.dir), "--book", str(p.book)],
                       capture_output=True, text=True, timeout=20, check=False)
    assert r.returncode == 2 and "not a book file" in r.stderr


# ---- Bills -----------------------------------------------------------------------------------------------------------

def rows_of(text):
    """Detail rows and sums, by their headers; every value behind a backtick."""
    assert text.startswith("\ufeff") and text.endswith("\r\n")
    lines = text[1:-2].split("\r\n")
    sums = next(i for i, line in enumerate(lines) if i > 0 and not line.startswith("`"))

    def table(header, some):
        for line in some:
            cells = line.split(",")
            assert len(cells) == len(header.split(",")) and all(c.startswith("`") for c in cells), line
            yield dict(zip(header.split(","), (c[1:] for c in cells)))
    [total] = table(lines[sums], lines[sums + 1:])
    return list(table(lines[0], lines[1:sums])), total


def bill(p, kind, date, pack=True, **query):
    a = p.bill(kind, date, **({"tar_type": "GZIP"} if pack else {}), **query)
    assert a.status == 200, a.body.decode()
    at = a.json
    if kind == "sub_fund":
        assert at["download_bill_count"] == 1
        [at] = at["download_bill_list"]
        assert at["bill_sequence"] == 1
    assert at["hash_type"] == "SHA1"
    d = p.download(at)
    assert d.status == 200 and "Wechatpay-Signature" not in d.headers
    raw = p.unsealed(at, d.body) if kind == "sub_fund" else d.body
    raw = gzip.decompress(raw) if pack else raw
    assert merchant.sha1(raw) == at["hash_value"]
    return rows_of(raw.decode())


def fen(text):
    whole, part = text.lstrip("-").split(".")
    assert len(part) == 2 or part[2:] == "000"
    return (-1 if text[0] == "-" else 1) * (int(whole) * 100 + int(part[:2]))


@pytest.fixture
def day(own):
    """1 September: two payments, a split, a return, a release, two refunds; it is the next day, ten o'clock."""
    p = own("--return-optin", "all")
    p.add(D, payer="1900000109")
    p.pay("T1", 290000, 1740, out_trade_no="O1")
    p.pay("T2", 10000, 60, payer="1900000109")
    p.pay("Yesterday", 5000, 30, ago_s=11 * 3600)
    through(p, "T1", "S1", [(D, 58260)])
    p.unfreeze("T1", "U1")
    p.split_state("T1", "U1")
    p.refund("T1", "R1", 96667, 290000)
    p.get("/refund/domestic/refunds/R1")
    p.give_back("S1", "B1", D, 19420)
    p.give_back_state("S1", "B1")
    through(p, "T2", "S2", [(D, 100)], payer="1900000109")
    p.split("Yesterday", "Closed", [(D, 1)])
    p.control("close", {"account": D, "count": 1})
    p.split_state("Yesterday", "Closed")
    p.refund("Yesterday", "waits", 100, 5000)  # not through: not in the trade bill
    p.control("clock", {"now": "2026-09-02T10:00:00+08:00"})
    return p


def test_the_trade_bill(day):
    rows, total = bill(day, "trade", "2026-09-01")
    assert len(rows[0]) == 27
    assert [(r["微信订单号"], r["交易状态"], r["特约商户号"]) for r in rows] == \
        [("T1", "SUCCESS", "0"), ("T2", "SUCCESS", "1900000109"), ("T1", "REFUND", "0")]
    paid, _, back = rows
    assert (paid["订单金额"], paid["应结订单金额"], paid["手续费"], paid["费率"]) == \
        ("2900.00", "2900.00", "17.40000", "0.60%")
    assert (paid["商户订单号"], paid["微信退款单号"], paid["退款金额"]) == ("O1", "0", "0.00")
    assert (back["商户退款单号"], back["退款金额"], back["手续费"], back["订单金额"], back["退款状态"]) == \
        ("R1", "966.67", "-5.80000", "0.00", "SUCCESS")
    assert paid["交易时间"] == "2026-09-01 09:00:00" and back["交易时间"].startswith("2026-09-01 10:0")
    assert total == {"总交易单数": "3", "应结订单总金额": "3000.00", "退款总金额": "966.67", "充值券退款总金额": "0.00",
                     "手续费总金额": "12.20000", "订单总金额": "3000.00", "申请退款总金额": "966.67"}
    assert [r["微信订单号"] for r in bill(day, "trade", "2026-09-01", sub_mchid="1900000109")[0]] == ["T2"]
    assert bill(day, "trade", "2026-09-01", pack=False)[1] == total


def test_the_fund_bill(day):
    rows, total = bill(day, "fund", "2026-09-01")
    assert [(r["业务类型"], r["收支类型"], r["收支金额(元)"], r["业务凭证号"]) for r in rows] == [
        ("交易", "收入", "2900.00", "O1"), ("扣除交易手续费", "支出", "17.40", "O1"), ("分账", "支出", "582.60", "S1"),
        ("退款", "支出", "960.87", "R1"), ("分账回退", "收入", "194.20", "B1"), ("退款", "支出", "0.99", "waits")]
    assert rows[3]["备注"] == "退款总金额966.67元;含手续费5.80元"
    before = fen(rows[0]["账户结余(元)"]) - 290000
    assert before == 4970  # of the day before
    for r in rows:
        before += fen(r["收支金额(元)"]) * (1 if r["收支类型"] == "收入" else -1)
        assert fen(r["账户结余(元)"]) == before
    m = day.merchant()
    assert before == m["frozen"] + m["available"]
    assert total == {"资金流水总笔数": "6", "收入笔数": "2", "收入金额": "3094.20", "支出笔数": "4", "支出金额": "1561.86"}
    assert bill(day, "fund", "2026-09-01", sub_mchid=D)[1] == total  # that method knows no sub_mchid
    sealed = {"sub_mchid": D, "account_type": "BASIC", "algorithm": "AEAD_AES_256_GCM"}
    for left_out in sealed:
        refused(day.bill("sub_fund", "2026-09-01", **{k: v for k, v in sealed.items() if k != left_out}), 400,
                "PARAM_ERROR")
    rows, _ = bill(day, "sub_fund", "2026-09-01", **sealed)
    assert bill(day, "sub_fund", "2026-09-01", pack=False, **sealed)[0] == rows
    assert [(r["收支类型"], r["收支金额(元)"], r["账户结余(元)"]) for r in rows] == \
        [("收入", "582.60", "582.60"), ("支出", "194.20", "388.40"), ("收入", "1.00", "389.40")]


def test_the_split_bill(day):
    rows, total = bill(day, "split", "2026-09-01")
    assert [(r["商户分账/回退单号"], r["分账接收方"], r["分账金额"], r["业务类型"]) for r in rows] == [
        ("S1", D, "582.60", "分账"), ("U1", merchant.SIGNER, "2300.00", "分账"), ("B1", D, "194.20", "分账回退"),
        ("S2", D, "1.00", "分账")]
    assert [r["分账方"] for r in rows] == [merchant.SIGNER] * 3 + ["1900000109"]
    assert total == {"总单数": "4", "分账总金额": "2883.60", "回退总金额": "194.20"}
    assert len(bill(day, "split", "2026-09-01", sub_mchid="1900000109")[0]) == 1


def test_when_a_bill_is_there(day):
    refused(day.bill("trade", "2026-09-02"), 400, "INVALID_REQUEST")
    refused(day.bill("trade", "2026-08-20"), 400, "NO_STATEMENT_EXIST")
    refused(day.bill("trade", "2026-05-20"), 400, "INVALID_REQUEST", "三个月")
    refused(day.bill("trade", "2026-02-30"), 400, "PARAM_ERROR")
    refused(day.bill("trade", "2026-09-01", bill_type="REFUND"), 400, "PARAM_ERROR")
    refused(day.bill("trade", "2026-09-01", tar_type="ZIP"), 400, "PARAM_ERROR")
    refused(day.get("/bill/tradebill"), 400, "PARAM_ERROR")
    day.control("clock", {"now": "2026-09-02T09:59:58+08:00"})
    refused(day.bill("trade", "2026-09-01"), 400, "STATEMENT_CREATING")


def test_an_address_holds_for_thirty_seconds(day):
    a = day.bill("trade", "2026-09-01")
    uri = a.json["download_url"].split(f":{day.port}", 1)[1]
    refused(day.send("GET", uri), 401, "SIGN_ERROR")
    assert day.download(a.json).status == 200 and day.download(a.json).status == 200
    refused(day.get("/billdownload/file", {"token": "0" * 32}, check=False), 403, "NO_AUTH")
    day.control("clock", {"now": "2026-09-02T10:00:25+08:00"})
    assert day.download(a.json).status == 200
    day.control("clock", {"now": "2026-09-02T10:00:40+08:00"})
    refused(day.download(a.json), 403, "NO_AUTH", "失效")


@pytest.mark.parametrize("kind, which", [
    ("fee", "trade"), ("refund", "trade"), ("missing", "trade"), ("amount", "trade"), ("fee", "fund"),
    ("refund", "fund"), ("missing", "fund"), ("amount", "fund"), ("missing", "split"), ("amount", "split")])
def test_one_thing_is_different(day, kind, which):
    true, _ = bill(day, which, "2026-09-01")
    day.control("plant", {"date": "2026-09-01", "kind": kind, "bill": which})
    told, total = bill(day, which, "2026-09-01")
    gone = [r for r in true if r not in told]
    come = [r for r in told if r not in true]
    assert (len(gone), len(come)) == {"missing": (1, 0), "refund": (0, 1)}.get(kind, (1, 1))
    if kind in ("fee", "amount"):
        differ = {k for k in gone[0] if gone[0][k] != come[0][k]}
        assert differ <= {"手续费", "订单金额", "应结订单金额", "收支金额(元)", "分账金额"} and differ
        assert all(abs(fen(gone[0][k]) - fen(come[0][k])) == 1 for k in differ)
    if kind == "refund":
        assert "unknown-refund" in come[0].values()
    count = {"trade": "总交易单数", "fund": "资金流水总笔数", "split": "总单数"}[which]
    assert total[count] == str(len(told))
    day.control("plant", {"date": "2026-09-01", "kind": "none", "bill": which})
    assert bill(day, which, "2026-09-01")[0] == true


def test_bills_that_are_broken(day):
    def told(kind):
        day.control("plant", {"date": "2026-09-01", "kind": kind})
        a = day.bill("trade", "2026-09-01", tar_type="GZIP")
        return gzip.decompress(day.download(a.json).body), a.json["hash_value"]
    whole, _ = told("none")
    for kind in ("hash", "truncated"):
        raw, said = told(kind)
        assert merchant.sha1(raw) != said and (kind == "hash") == (raw == whole)
    raw, said = told("header")
    assert merchant.sha1(raw) == said and raw.decode()[1:].startswith("新的一列,")
    raw, said = told("summary")
    assert merchant.sha1(raw) == said
    rows, total = rows_of(raw.decode())
    assert fen(total["订单总金额"]) == sum(fen(r["订单金额"]) for r in rows) + 1
    assert day.send("POST", "/control/plant", b'{"date":"2026-09-01","kind":"odd"}').status == 400


# ---- The command ---------------------------------------------------------------------------------------------------

def test_options_are_checked(tmp_path):
    def run(*args):
        return subprocess.run([str(yc.SIMULATOR), *map(str, args)], capture_output=True, text=True, timeout=20,
                              check=False)
    d = tmp_path / "d"
    assert run("provider").returncode == 2
    assert run("provider", "--dir", d, "--listen", "0.0.0.0:0").returncode == 2
    assert run("provider", "--dir", d, "--listen", "127.0.0.1:x").returncode == 2
    assert run("provider", "--dir", d, "--cap-bps", "10001").returncode == 2
    assert run("provider", "--dir", d, "--fault", "nothing=1").returncode == 2
    assert run("--seed", 3, "provider").returncode == 2
    help_ = run("provider", "--help")
    assert help_.returncode == 0 and "--pending-polls" in help_.stdout
    assert "provider" in run("--help").stdout
    (d / "platform_key.pem").write_text("no key")
    r = run("provider", "--dir", d)
    assert r.returncode == 2 and "not a private key" in r.stderr


def test_it_says_its_books_when_it_ends(tmp_path):
    p = merchant.Provider(tmp_path, book=False).start()
    p.pay("T", 10000)
    said = p.books()
    assert same_books(p.stop(), said)
