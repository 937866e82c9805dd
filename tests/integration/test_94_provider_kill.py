"""kill -9 before, during and after each request to the provider and each commit of it: nothing is paid twice, nothing
is lost.  The stand-in's books are compared with the rows: what we hold for paid is what moved there, once."""
import os
import random
import time

import pytest

import yc
from provider_stand import (DONE, PENDING, REFUND, RETURN, SUCCESS, UNFREEZE, begin, database, desk, died,
                            standin)  # noqa: F401 fixtures

STAND_IN = {"return-optin": "all", "qps": 0}
POINTS = ["provider_before", "provider_sent", "provider_sending", "provider_answered", "provider_recorded"]


@pytest.fixture(scope="module")
def instance(service, desk, standin):
    """Not started: each test does, with what kills it."""
    i = service(ready=False, **standin.settings(wechat_timeout_ms="400ms", wechat_rate=1000))[0]
    i.wait_ready()
    i.kill9()
    return i


def work(desk):
    """One of everything, the later ones when what they stand on is there: [(kind, number, payment)]."""
    payment, other = desk.pay(), desk.pay(payer="D1")
    split = desk.split(payment, ("D1", 9000), ("D2", 7000), ("oPERSON", 500))
    desk.split(other, ("BRAND", 4000), payer="D1")
    desk.call(REFUND, payment, [("", 3000)], total=100000)
    desk.call(UNFREEZE, payment, [("BRAND", 0)])
    desk.call(RETURN, payment, [("D1", 2000)], split=split, wait_s=0.6)
    return [payment, other]


def opened(desk, payments):
    return desk.database.sql("select count(*) from provider_call where payment_number = any(%s) and state < 4",
                             (payments,))[0][0]


def compare(desk, payments):
    """Every number once, with what the rows say, and no number that the rows do not have."""
    for payment in payments:
        books = desk.standin.payment(payment)
        rows = desk.database.sql(
            "select c.kind, c.number, c.state, i.receiver, i.fen, i.result from provider_call c "
            "join provider_call_item i using (number) where c.payment_number = %s", (payment,))
        assert all(state >= DONE and result != PENDING for _, _, state, _, _, result in rows)
        numbers = {n for _, n, *_ in rows}
        told = {}
        for s in books["splits"]:
            assert s["out_order_no"] in numbers and s["effects"] == 1
            for r in s["receivers"]:
                told[1 if s["kind"] == "split" else 2, s["out_order_no"], r["account"]] = r["amount"], r["result"]
        for r in books["returns"]:
            assert r["out_return_no"] in numbers and r["effects"] == 1
            told[3, r["out_return_no"], r["return_mchid"]] = r["amount"], r["result"]
        for r in books["refunds"]:
            assert r["out_refund_no"] in numbers and r["effects"] == 1
            told[4, r["out_refund_no"], ""] = r["amount"], "SUCCESS"
        for kind, number, _, receiver, fen, result in rows:
            amount, word = told.pop((kind, number, receiver), (0, "NEVER"))
            assert (result == SUCCESS) == (word == "SUCCESS"), (kind, number, result, word)
            if kind != 2 and result == SUCCESS:
                assert amount == fen
        assert not told


@pytest.mark.parametrize("point", POINTS)
def test_dies_at_each_passing(desk, instance, point):
    """At the first passing of the point, at the second …, until the work is done without dying at it."""
    for n in range(1, 30):
        payments = work(desk)
        begin(instance, f"{point}:{n}")
        yc.wait_for("death or the end", lambda: died(instance) or opened(desk, payments) == 0, 30)
        lives = instance.process is not None
        if not lives:
            begin(instance)
        yc.wait_for("the end", lambda: opened(desk, payments) == 0, 30)
        instance.kill9()
        compare(desk, payments)
        if lives:
            assert n > 3
            return
    raise AssertionError("it always died")


def test_dies_whenever(desk, instance, standin):
    """At random instants, with a provider that loses answers, signs wrongly, stalls and says 429."""
    seed = int(os.environ.get("YC_SEED", time.time()))
    print("YC_SEED", seed)
    draw = random.Random(seed)
    payments = [p for _ in range(25) for p in work(desk)]
    standin.control("faults", {"fault_bps": 1500, "stall_ms": 600})
    deaths = 0
    deadline = time.monotonic() + 40
    while opened(desk, payments) and time.monotonic() < deadline:
        begin(instance)
        time.sleep(draw.uniform(0.15, 0.9))
        instance.kill9()
        deaths += 1
    standin.control("faults", {"fault_bps": 0})
    begin(instance)
    yc.wait_for("the end", lambda: opened(desk, payments) == 0, 60)
    instance.kill9()
    assert deaths > 0
    compare(desk, payments)
