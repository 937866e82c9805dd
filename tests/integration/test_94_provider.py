"""Calls to the payment provider, against the stand-in: each fault of its answers, and what the provider itself does.

What is due is written as rows, as payouts do; what came of it is read from the rows and from the stand-in's books.
"""
import time

import pytest

import yc
from provider_stand import (CLOSED, DONE, PENDING, REFUND, REFUSED, RETURN, SENT, SPLIT, SUCCESS, UNDER_WAY, UNFREEZE,
                            database, desk, standin)  # noqa: F401 fixtures
from town import refused

ORDERS = "/v3/profitsharing/orders"
STAND_IN = {"return-optin": "2001"}


@pytest.fixture(scope="module")
def server(service, desk, standin):
    return service(**standin.settings())[0]


# ---- What it does -----------------------------------------------------------------------------------

def test_split_query_unfreeze(desk, server, standin):
    """Receivers are made known, the split waits at the provider and is asked about, the rest is released last."""
    payment = desk.pay()
    split = desk.split(payment, ("D1", 10000), ("D2", 7000), ("oOPENID_staff_1", 300))
    rest = desk.call(UNFREEZE, payment, [("BRAND", 0)])
    assert desk.ended(split) == [(SUCCESS, "")] * 3
    assert desk.ended(rest) == [(SUCCESS, "")]
    assert desk.paid(payment) == ({"2001": 10000, "2002": 7000, "oOPENID_staff_1": 300}, 1)
    fee = 600
    assert desk.database.sql("select actual_fen from provider_call_item where number = %s", (rest,)) == [
        (100000 - 17300 - fee,)]
    assert standin.payment(payment)["frozen"] == 0
    assert sorted(desk.database.sql("select receiver, personal from provider_receiver where payer = '1000'")) == [
        ("2001", False), ("2002", False), ("oOPENID_staff_1", True)]
    hashes = desk.database.sql("select body_hash is not null, sends from provider_call where number = %s", (split,))
    assert hashes == [(True, 1)]


def test_sub_merchant_pays(desk, server):
    """A dealer who collects is named as sub_mchid; who signs may be a receiver."""
    payment = desk.pay(payer="D1")
    assert desk.ended(desk.split(payment, ("BRAND", 20000), payer="D1")) == [(SUCCESS, "")]
    assert desk.paid(payment) == ({"1000": 20000}, 1)


def test_refund_and_return(desk, server, standin):
    """A refund out of what is frozen; a return from who agreed to it, and from who did not."""
    payment = desk.pay()
    split = desk.split(payment, ("D1", 10000), ("D2", 10000))
    desk.ended(split)
    refund = desk.call(REFUND, payment, [("", 5000)], total=100000)
    assert desk.ended(refund) == [(SUCCESS, "")]
    back = desk.call(RETURN, payment, [("D1", 4000)], split=split)
    assert desk.ended(back) == [(SUCCESS, "")]
    refused = desk.call(RETURN, payment, [("D2", 4000)], split=split)
    assert desk.ended(refused) == [(CLOSED, "NO_AUTH")]
    assert desk.state(refused) == REFUSED
    (r,) = standin.payment(payment)["returns"]
    assert (r["out_return_no"], r["amount"], r["effects"]) == (back, 4000, 1)


def test_partial_close(desk, server, standin):
    """FINISHED is not success: one is paid, one is not."""
    standin.control("close", {"account": "2002", "reason": "ACCOUNT_ABNORMAL", "count": 1})
    payment = desk.pay()
    split = desk.split(payment, ("D1", 1000), ("D2", 2000), ("D3", 3000))
    assert desk.ended(split) == [(SUCCESS, ""), (CLOSED, "ACCOUNT_ABNORMAL"), (SUCCESS, "")]
    assert desk.state(split) == DONE
    assert desk.paid(payment) == ({"2001": 1000, "2003": 3000}, 1)


def test_cap_leaves_whole_items_out(desk, server):
    """30 % of the order less refunds, floored; items in their order, each whole."""
    payment = desk.pay(100001)
    assert desk.ended(desk.split(payment, ("D1", 20000), ("D2", 10001), ("D3", 10000))) == [
        (SUCCESS, ""), (CLOSED, "CAP"), (SUCCESS, "")]
    second = desk.split(payment, ("D1", 1))
    assert desk.ended(second) == [(CLOSED, "CAP")]
    assert desk.state(second) == REFUSED
    assert desk.database.sql("select body_hash, sends from provider_call where number = %s", (second,)) == [(None, 0)]


def test_a_cap_that_is_lower_than_we_think(desk, server, standin):
    """Told by a refusal: nothing of the split was done, and each part says why."""
    standin.control("conf", {"cap_bps": 1000})
    payment = desk.pay()
    split = desk.split(payment, ("D1", 9000), ("D2", 9000))
    assert desk.ended(split) == [(CLOSED, "RULE_LIMIT")] * 2
    assert desk.state(split) == REFUSED and desk.paid(payment) == ({}, 0)
    standin.control("conf", {"cap_bps": 3000})


def test_refunds_lower_the_cap(desk, server):
    payment = desk.pay()
    desk.database.sql("insert into refund (order_id, refund_no, part_no, dealer_id, collector_id, provider, "
                      "payment_number, fen, rebate_fen, state, due_at) values (gen_random_uuid(), 1, 1, 1, 1, 1, %s, "
                      "50000, 0, 3, now())", (payment,))
    assert desk.ended(desk.split(payment, ("D1", 15001), ("D2", 15000))) == [(CLOSED, "CAP"), (SUCCESS, "")]


def test_released_by_the_provider(desk, server, standin):
    """What it let go by itself cannot be split any more, and need not be unfrozen."""
    payment = desk.pay(paid_at=int((time.time() - 31 * 86400) * 1e6))
    assert desk.ended(desk.split(payment, ("D1", 1000))) == [(CLOSED, "UNSPLIT")]
    assert desk.ended(desk.call(UNFREEZE, payment, [("BRAND", 0)])) == [(SUCCESS, "RELEASED_BEFORE")]
    assert len(standin.splits(payment, "system")) == 1


def test_receiver_who_cannot_be_named(desk, server):
    """Without a name the provider takes no merchant: he is left out, others are paid."""
    payment = desk.pay()
    assert desk.ended(desk.split(payment, ("NONAME", 1000), ("D1", 1000))) == [(CLOSED, "RECEIVER"), (SUCCESS, "")]


def test_not_settled_yet(desk, server, standin):
    """A payment of this moment: asked again, under the same number, until it may be split."""
    standin.control("conf", {"settle_s": 2})
    payment = desk.pay()
    split = desk.split(payment, ("D1", 1000))
    yc.wait_for("a refusal", lambda: desk.database.sql(
        "select 1 from provider_call where number = %s and error is not null", (split,)))
    assert desk.ended(split) == [(SUCCESS, "")]
    standin.control("conf", {"settle_s": 0})
    assert desk.paid(payment) == ({"2001": 1000}, 1)


def test_pending_is_polled(desk, server, standin):
    """With pauses that grow."""
    standin.control("conf", {"pending_polls": 5})
    payment = desk.pay()
    split = desk.split(payment, ("D1", 1000))
    yc.wait_for("under way", lambda: desk.state(split) == UNDER_WAY)
    assert desk.ended(split) == [(SUCCESS, "")]
    standin.control("conf", {"pending_polls": 1})


def test_a_return_waits_for_money(desk, server, standin):
    """Who gives back has nothing now: the same number waits, and is not asked for twice."""
    payment = desk.pay()
    split = desk.split(payment, ("D1", 9000))
    desk.ended(split)
    [m] = [m for m in standin.books("-")["merchants"] if m["number"] == "2001"]
    standin.control("withdraw", {"account": "2001", "amount": m["available"]})
    back = desk.call(RETURN, payment, [("D1", 9000)], split=split)
    yc.wait_for("under way", lambda: desk.state(back) == UNDER_WAY)
    time.sleep(0.3)
    assert desk.items(back) == [(PENDING, "")]
    standin.control("topup", {"account": "2001", "amount": 9000})
    assert desk.ended(back) == [(SUCCESS, "")]
    (r,) = standin.payment(payment)["returns"]
    assert (r["requests"], r["effects"]) == (1, 1)


def test_deadlines_that_pass_are_told(desk, server, standin):
    """What pends at the provider beyond its deadline: a figure, and a line for a person."""
    standin.control("conf", {"pending_polls": 1000})
    split = desk.split(desk.pay(), ("D1", 1000), deadline_d=-1)
    yc.wait_for("the alarm", lambda: server.metric("yuncang_provider_overdue") == 1)
    assert "past their deadline" in server.log.read_text()
    standin.control("conf", {"pending_polls": 1})
    desk.ended(split, 30)
    yc.wait_for("its end", lambda: server.metric("yuncang_provider_overdue") == 0)


# ---- What it knows otherwise than we do ----------------------------------------------------------------

@pytest.fixture(scope="module")
def finance(server):
    """Two of finance, of two names."""
    return [server.client(server.database.key("finance", name=n)).wait_known() for n in ("anna", "bo")]


LIST, END = "FinanceService/ListStuckCalls", "FinanceService/EndStuckCall"


def stuck(client, number, **more):
    """What is listed of a call, by pages of one."""
    out, token = [], ""
    while True:
        got = client.call(LIST, {"pageSize": 1, "pageToken": token, **more})
        out += [c for c in got.get("calls", []) if c["number"] == number]
        token = got.get("nextPageToken", "")
        if not token:
            return out


def end(finance, number, receiver, fen, outcome, **more):
    """One asks, the other approves."""
    anna, bo = finance
    ask = {"ref": f"{number}-{receiver}-{fen}", "number": number, "receiver": receiver, "amountFen": str(fen),
           "outcome": "CALL_OUTCOME_" + outcome, **more}
    acted = anna.call(END, ask)["acted"]
    assert acted["state"] == "PROPOSAL_STATE_WAITS"
    acted = bo.call("FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})
    assert anna.call(END, ask)["acted"]["state"] == "PROPOSAL_STATE_DONE"


def another_request(desk, *items):
    """The number of a call that waits, of which the provider has the first item with one fen less."""
    payment = desk.pay()
    first = desk.split(payment, (items[0][0], items[0][1] - 1), *items[1:])
    desk.ended(first)
    desk.database.sql("delete from provider_call_item where number = %s", (first,))
    desk.database.sql("delete from provider_call where number = %s", (first,))
    return desk.split(payment, *items, number=first), payment


def test_a_number_of_somebody_else(desk, server, finance):
    """The provider has another request under our number: nothing of it is believed; two persons end what they looked up."""
    before = server.metric("yuncang_provider_differs_total")
    number, payment = another_request(desk, ("D1", 1500), ("D2", 700))
    yc.wait_for("the alarm", lambda: server.metric("yuncang_provider_differs_total") > before)
    yc.wait_for("a pause", lambda: len(stuck(finance[0], number)) == 2)
    assert desk.state(number) == SENT and desk.items(number) == [(PENDING, "")] * 2
    one, two = stuck(finance[0], number)
    assert {k: one[k] for k in ("kind", "receiver", "party", "collector", "paymentNumber", "amountFen", "why")} == {
        "kind": "split", "receiver": "2001", "party": "D1", "collector": "BRAND", "paymentNumber": payment,
        "amountFen": "1500", "why": "differs"}
    assert two["receiver"] == "2002"
    with pytest.raises(yc.RpcError) as e:  # of another amount
        end(finance, number, "2001", 1499, "DONE")
    assert (e.value.reason, e.value.field) == ("not_found", "number")
    end(finance, number, "2002", 700, "DONE")
    assert desk.items(number) == [(PENDING, ""), (SUCCESS, "")] and [s["receiver"] for s in stuck(finance[0], number)] == [
        "2001"]
    end(finance, number, "2001", 1500, "CLOSED", at="2026-09-01T10:00:00Z")
    assert desk.items(number) == [(CLOSED, "BY_HAND"), (SUCCESS, "")] and desk.state(number) == DONE
    assert stuck(finance[0], number) == []
    assert desk.database.sql("select actual_fen, finished_at = '2026-09-01T10:00:00Z' from provider_call_item "
                             "where number = %s order by item_no", (number,)) == [(0, True), (700, False)]


def test_a_number_that_is_known_no_more(desk, server, finance):
    """Taken, and then gone; and a body that is not the one that was sent: both wait for a person, with pauses."""
    gone = desk.split(desk.pay(), ("D1", 1000), wait_s=3600)
    desk.database.sql("update provider_call set state = 3, next_at = now() where number = %s", (gone,))
    other = desk.split(desk.pay(), ("D1", 1000), wait_s=3600)
    desk.database.sql("update provider_call set state = 2, body_hash = sha256('x'), next_at = now() where number = %s",
                      (other,))
    for number, why in ((gone, "gone"), (other, "differs")):
        yc.wait_for(why, lambda number=number, why=why: [s["why"] for s in stuck(finance[0], number)] == [why])
        yc.wait_for("a pause", lambda number=number: desk.database.sql(
            "select 1 from provider_call where number = %s and tries > 2", (number,)))
        end(finance, number, "2001", 1000, "CLOSED")
        assert desk.state(number) == REFUSED
    # What is not stuck is the provider's to end.
    done = desk.split(desk.pay(), ("D1", 1000))
    desk.ended(done)
    with pytest.raises(yc.RpcError) as e:
        end(finance, done, "2001", 1000, "CLOSED")
    assert e.value.reason == "not_found"


@pytest.mark.parametrize("change, field", [
    ({"ref": ""}, "ref"), ({"number": ""}, "number"), ({"outcome": "CALL_OUTCOME_UNSPECIFIED"}, "outcome"),
    ({"amountFen": "-1"}, "amount_fen"), ({"at": "2999-01-01T00:00:00Z"}, "at")])
def test_an_end_that_cannot_be(finance, change, field):
    ask = {"ref": "r", "number": "N", "receiver": "2001", "amountFen": "1", "outcome": "CALL_OUTCOME_DONE", **change}
    e = refused(finance[0], END, ask)
    assert (e.reason, e.field) == ("bad_field", field)


def test_a_dealer_sees_no_stuck_calls(server):
    own = server.client(server.database.key("finance", "dealer:D1")).wait_known()
    for method in (LIST, END):
        assert refused(own, method, {}).reason == "permission_denied"


# ---- What goes wrong -----------------------------------------------------------------------------------

FAULTS = ["error_before", "error_after", "lost", "cut", "short", "late_signature", "bad_signature", "no_signature",
          "other_serial", "signtest", "limited"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", [SPLIT, UNFREEZE, RETURN, REFUND])
def test_an_answer_that_goes_wrong(desk, server, standin, fault, kind):
    """Whatever it was, and whether it had its effect or not: asked about, done once."""
    payment = desk.pay()
    path = {SPLIT: ORDERS, UNFREEZE: ORDERS + "/unfreeze", RETURN: "/v3/profitsharing/return-orders",
            REFUND: "/v3/refund"}[kind]
    split = None
    if kind == RETURN:
        split = desk.split(payment, ("D1", 5000))
        desk.ended(split)
    standin.fault(fault, 1, path)
    met = standin.books()["counts"]["faults"]
    items = {SPLIT: [("D1", 3000), ("D2", 2000)], UNFREEZE: [("BRAND", 0)], RETURN: [("D1", 5000)],
             REFUND: [("", 2500)]}[kind]
    number = desk.call(kind, payment, items, split=split, total=100000)
    assert all(r == (SUCCESS, "") for r in desk.ended(number))
    books = standin.payment(payment)
    assert standin.books()["counts"]["faults"] == met + 1
    effects = {SPLIT: lambda: [s["effects"] for s in books["splits"] if s["out_order_no"] == number],
               UNFREEZE: lambda: [s["effects"] for s in books["splits"] if s["kind"] == "unfreeze"],
               RETURN: lambda: [r["effects"] for r in books["returns"]],
               REFUND: lambda: [r["effects"] for r in books["refunds"]]}[kind]()
    assert effects == [1]


@pytest.mark.parametrize("fault", ["error_after", "bad_signature", "signtest", "limited", "lost"])
@pytest.mark.parametrize("path", ["/v3/profitsharing/receivers/add", "/v3/profitsharing/transactions",
                                  ORDERS + "/", "/v3"])
def test_questions_that_go_wrong(desk, server, standin, fault, path):
    """Several in a row, at the questions before and after the request, and at any."""
    desk.database.sql("delete from provider_receiver")
    standin.fault(fault, 3, path)
    payment = desk.pay()
    split = desk.split(payment, ("D1", 3000), ("D2", 2000))
    assert desk.ended(split) == [(SUCCESS, "")] * 2
    assert desk.paid(payment) == ({"2001": 3000, "2002": 2000}, 1)


def test_an_answer_too_late(desk, server, standin):
    """Longer than we wait: unknown, asked about."""
    standin.fault("stall", 1, ORDERS, stall_ms=3500)
    payment = desk.pay()
    split = desk.split(payment, ("D1", 3000))
    assert desk.ended(split) == [(SUCCESS, "")]
    assert desk.paid(payment) == ({"2001": 3000}, 1)


def test_a_provider_that_is_away(desk, server, standin):
    """Nothing is lost while it does not listen; its books are there when it comes back."""
    payment = desk.pay()
    standin.kill9()
    split = desk.split(payment, ("D1", 3000))
    yc.wait_for("a try", lambda: desk.database.sql(
        "select 1 from provider_call where number = %s and tries > 1", (split,)))
    standin.start()
    assert desk.ended(split, 30) == [(SUCCESS, "")]
    assert desk.paid(payment) == ({"2001": 3000}, 1)


def test_too_many_requests(desk, server, standin):
    """A merchant's calls keep its rate; where the provider's is lower, they wait and all get through."""
    standin.control("conf", {"qps": 10})
    payments = [desk.pay() for _ in range(25)]
    numbers = [desk.split(p, ("D1", 1000)) for p in payments]
    for n in numbers:
        assert desk.ended(n, 40) == [(SUCCESS, "")]
    standin.control("conf", {"qps": 30})
    assert all(desk.paid(p) == ({"2001": 1000}, 1) for p in payments)


def test_earlier_deadlines_first(desk, server):
    """Of what is due at once and waits for the merchant's rate, whatever was queued first."""
    payments = [desk.pay() for _ in range(40)]
    late = [desk.split(p, ("D1", 1000), deadline_d=9, wait_s=3600) for p in payments[:20]]
    soon = [desk.split(p, ("D1", 1000), deadline_d=1, wait_s=3600) for p in payments[20:]]
    desk.database.sql("update provider_call set next_at = now() where number = any(%s)", (late + soon,))
    for n in late + soon:
        desk.ended(n)
    order = [n for n, in desk.database.sql("select number from provider_call where number = any(%s) order by sent_at",
                                           (late + soon,))]
    # What goes before there is a line to wait in goes as it comes.
    assert len(set(order[:20]) & set(soon)) >= 14 and not set(order[-10:]) & set(soon)


def test_two_instances(desk, server, service, standin):
    """One of them works; when it dies the other goes on."""
    second = service(**standin.settings())[0]
    payments = [desk.pay() for _ in range(20)]
    numbers = [desk.split(p, ("D1", 1000), ("D2", 500)) for p in payments]
    yc.wait_for("some to be sent", lambda: desk.database.sql(
        "select 1 from provider_call where number = any(%s) and state > 1", (numbers,)))
    server.kill9()
    for n in numbers:
        assert desk.ended(n, 60) == [(SUCCESS, "")] * 2
    assert all(desk.paid(p) == ({"2001": 1000, "2002": 500}, 1) for p in payments)
    server.start()
    assert second.alive()


# ---- The command line ------------------------------------------------------------------------------------

def test_status_and_call(desk, server, database):
    payment = desk.pay()
    split = desk.split(payment, ("D1", 1000), ("NONAME", 20))
    desk.ended(split)
    lines = [line.split("\t") for line in database.run("provider", "status").stdout.splitlines()]
    assert {tuple(line[:2]) for line in lines} >= {("split", "done"), ("calls", "stuck"), ("results", "not_posted"), ("bills", "due")}
    call, first, second = [line.split("\t") for line in database.run("provider", "call", split).stdout.splitlines()]
    assert call[:4] == [split, "split", "done", "BRAND"] and call[6] == "1020"
    assert first[:5] == ["1", "D1", "2001", "1000", "success"]
    assert second[:5] == ["2", "NONAME", "2004", "20", "closed"] and second[6] == "RECEIVER"
    missing = database.run("provider", "call", "nothing", check=False)
    assert missing.returncode == 1 and "no such call" in missing.stderr


@pytest.mark.parametrize("setting, value, says", [
    ("wechat_key_file", "/nowhere", "wechat_key_file: /nowhere"),
    ("wechat_platform_serial", "", "wechat_platform_serial"),
    ("wechat_mchid", "a b", "wechat_mchid"),
    ("wechat_appid", "", "wechat_appid"),
    ("wechat_url", "ftp://x", "wechat_url"),
    ("wechat_http_allowed", "off", "wechat_url"),
    ("wechat_ca_file", "/nowhere", "wechat_ca_file: /nowhere"),
    ("wechat_ca_file", "/dev/null", "wechat_ca_file: /dev/null"),
])
def test_settings_that_are_wrong(standin, database, setting, value, says):
    """yuncang check names the setting; so does serve, and does not start."""
    settings = {"YUNCANG_" + k.upper(): str(v) for k, v in standin.settings(**{setting: value}).items()}
    done = yc.run("check", env=settings, check=False)
    assert done.returncode == 1 and says in done.stderr
    serve = yc.run("serve", env={**settings, **database.env, "YUNCANG_LISTEN": f"127.0.0.1:{yc.free_port()}"},
                   check=False)
    assert serve.returncode == 1 and f"setting={says.split(chr(58))[0]}" in serve.stderr
