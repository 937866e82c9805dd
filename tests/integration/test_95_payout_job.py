"""Payouts that prepare themselves: once over two instances, below the threshold instructed, beyond it for two persons."""
import pytest

import yc
from test_95_payout import desk, owed_by_bank, payouts, refused, standin, till  # noqa: F401
from town import BRAND, SHIP

EVERY = "200ms"


@pytest.fixture(scope="module")
def servers(service, standin):
    return service(2, clock_may_move="on", settle_poll_ms="50ms", settle_retry_ms="1h", timer_poll_ms="100ms",
                   split_margin_ms="24h", approval_min_fen=10000000, payout_prepare_ms=EVERY, **standin.settings())


@pytest.fixture
def known(desk):
    """Batches that were there before."""
    return {b["batchId"] for b in desk[0].call("FinanceService/ListPayoutBatches", {}).get("batches", [])}


def fresh(desk, known):
    def look():
        got = desk[0].call("FinanceService/ListPayoutBatches", {}).get("batches", [])
        return [b for b in got if b["batchId"] not in known]
    [b] = yc.wait_for("a batch", look)
    assert b["ref"].startswith("auto-"), b
    return b


def proposal(desk, ref, state="PROPOSAL_STATE_WAITS"):
    def look():
        got = desk[0].call("FinanceService/ListProposals", {"state": state}).get("proposals", [])
        return [p for p in got if p["ref"] == ref]
    [p] = yc.wait_for("a proposal", look)
    return p


def approved(desk, p):
    """By two: the first makes it his own, the second decides."""
    anna, bo = desk
    approve = {"proposalId": p["proposalId"]}
    assert p.get("proposedBy", "") == "" and p["kind"] == "payouts"
    assert anna.call("FinanceService/ApproveProposal", approve)["acted"]["state"] == "PROPOSAL_STATE_WAITS"
    e = refused(anna, "FinanceService/ApproveProposal", approve)
    assert (e.reason, e.field) == ("permission_denied", "proposal_id")
    assert proposal(desk, p["ref"])["proposedBy"] == "anna"
    assert bo.call("FinanceService/ApproveProposal", approve)["acted"]["state"] == "PROPOSAL_STATE_DONE"
    p = proposal(desk, p["ref"], "PROPOSAL_STATE_DONE")
    assert (p["proposedBy"], p["decidedBy"]) == ("anna", "bo")


def paid(till, desk, b):
    for p in payouts(desk[0], b):
        assert p["state"] == "PAYOUT_STATE_INSTRUCTED"
        desk[0].call("FinanceService/ConfirmPayout", {"payoutId": p["payoutId"], "outcome": "PAYOUT_STATE_PAID"})
    till.agree()


def test_little_goes_by_itself(till, desk, known):
    order = owed_by_bank(till, 100000, 20000)
    b = fresh(desk, known)
    yc.wait_for("the batch to be instructed", lambda: fresh(desk, known)["state"] == "PAYOUT_BATCH_STATE_INSTRUCTED")
    b = fresh(desk, known)
    assert (b["collector"], b["rail"], b["amountFen"], b["payouts"]) == (BRAND, "RAIL_BANK", str(100000 - 600 - 20000), 1)
    assert till.payables(order) == []
    assert proposal(desk, b["ref"], "PROPOSAL_STATE_DONE").get("proposedBy", "") == ""
    paid(till, desk, b)


def test_much_waits_for_two(till, desk, known):
    order = owed_by_bank(till, 20000000, 9000000)
    b = fresh(desk, known)
    p = proposal(desk, b["ref"])
    assert p["amountFen"] == b["amountFen"] == str(20000000 - 120000 - 9000000)
    assert till.payables(order) == [("P:dealer:D1:B:avail", int(b["amountFen"]), 2)], "nothing moved"
    approved(desk, p)
    paid(till, desk, b)


def test_share_of_a_split_waits(till, desk, known):
    order = till.shipped(till.bought(till.sku(80000000, 60000000, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    till.days(8)
    b = fresh(desk, known)
    assert b["rail"] == "RAIL_PSP_SPLIT"
    p = proposal(desk, b["ref"])
    assert "E5" not in till.kinds(order)
    approved(desk, p)
    till.until(order, "E7")
    assert till.standing(order) == (0, {"1900000011": 80000000 - 480000 - 60000000})


def test_refused_is_prepared_anew(till, desk, known):
    """One person says no to what nobody proposed; it is owed still, and in the next run's batch."""
    owed_by_bank(till, 20000000, 9000000)
    first = fresh(desk, known)
    desk[1].call("FinanceService/RejectProposal", {"proposalId": proposal(desk, first["ref"])["proposalId"], "note": "no"})
    b = fresh(desk, known | {first["batchId"]})
    assert b["amountFen"] == first["amountFen"]
    approved(desk, proposal(desk, b["ref"]))
    paid(till, desk, b)


def test_left_between_the_two(till, desk, known):
    """Who prepared it died before anybody was asked: it is asked about again, of the same batch."""
    owed_by_bank(till, 20000000, 9000000)
    b = fresh(desk, known)
    p = proposal(desk, b["ref"])
    till.database.sql("delete from proposal where proposal_id = %s", (p["proposalId"],))
    till.days(1)
    again = proposal(desk, b["ref"])
    assert again["proposalId"] != p["proposalId"] and again["amountFen"] == p["amountFen"]
    assert fresh(desk, known)["batchId"] == b["batchId"]
    approved(desk, again)
    paid(till, desk, b)
