"""Payouts, refunds and calls to the provider, changed by hand: each harm is found by the checks that are named."""
import re

import pytest

import test_95_payout as payout
from test_92_books import sealed
from test_92_books_audit import copied, recompute
from test_95_payout import desk, servers, standin, till  # noqa: F401 fixtures


@pytest.fixture(scope="module")
def audited(till, desk, servers, database):  # noqa: F811
    """Whole lives of orders: split and closed, refunded before and behind, netted, paid by bank; nobody is connected."""
    for life in (payout.test_one_of_two_is_closed, payout.test_refund_behind_the_payout,
                 payout.test_refund_before_the_split, payout.test_nobody_gives_back):
        life(till)
    payout.test_netting(till, desk)
    sealed(database)
    for i in servers:
        assert i.stop() == 0
    return database


def test_whole_lives_pass(audited):
    (orders, _, rows, differ), out = recompute(audited)
    assert differ == 0 and orders > 4 and rows > 10
    assert re.search(r" 0 violations$", out.strip())


SPLIT = "(select number from provider_call where kind = 1 and sent_at is not null order by made_at limit 1)"
REFUND = "(select number from provider_call where kind = 4 and state = 4 order by made_at limit 1)"
PAID = "(select payout_id from payout where state = 3 and order_id is not null order by made_at limit 1)"
NEW = """insert into payout (payout_id, order_id, payout_no, collector_id, party_id, account, rail, gross_fen, netted_fen,
    fen, state, made_at) select gen_random_uuid(), order_id, 99, collector_id, party_id, account, rail, gross_fen,
    netted_fen, fen, 2, made_at from payout where payout_id = """ + PAID
HARMS = {
    "a hash": (f"update provider_call set body_hash = null where number = {SPLIT}", {"provider_hash"}),
    "a number nobody knows": (f"update payout set number = 'x' where payout_id = {PAID}", {"provider_number"}),
    "an item's amount": (f"update provider_call_item set fen = fen - 1 where number = {SPLIT} and item_no = 1",
                         {"provider_sum"}),
    "a result turned": (f"update provider_call_item set result = 3 where number = {SPLIT} and result = 2",
                        {"provider_posted"}),
    "a refund under another number": (
        f"update journal set provider_ref = 'x' where event = 10 and provider_ref = {REFUND}",
        {"provider_posted", "seal_chain", "period_hash", "entry_journal"}),
    "a cap passed": (f"update provider_call set fen = fen + 200000 where number = {SPLIT}; "
                     f"update provider_call_item set fen = fen + 200000 where number = {SPLIT} and item_no = 1",
                     {"split_cap"}),
    "more split than there was": (f"update provider_call set fen = fen + 900000 where number = {SPLIT}; "
                                  f"update provider_call_item set fen = fen + 900000 where number = {SPLIT} "
                                  "and item_no = 1", {"split_cap", "split_funds"}),
    "a payout undone": (f"update payout set state = 2 where payout_id = {PAID}", {"payout_posted"}),
    "a payout never posted": (NEW, {"payout_posted", "payout_sum"}),
    "a payout's amount": (f"update payout set gross_fen = gross_fen + 1, fen = fen + 1 where payout_id = {PAID}",
                          {"payout_sum"}),
    "a payout away": (f"update provider_call_item set payout_id = null where payout_id = {PAID}; "
                      f"delete from payout where payout_id = {PAID}", {"payout_unknown", "provider_posted"}),
    "a payable opened again": (f"update payable set payout_id = null where payout_id = {PAID}",
                               {"payables", "payout_sum"}),
    "a refund not done": ("update refund set state = 2 where (order_id, refund_no) = (select order_id, refund_no "
                          "from refund where state = 3 limit 1)", {"refund_posted", "refund_clearing"}),
    "a fen of the fee that did not come back": (
        "update refund set rebate_fen = rebate_fen - 1 where (order_id, refund_no) = (select order_id, refund_no from refund "
        "where rebate_fen > 0 limit 1)", {"refund_rebate"}),
    "a fen of a refund left in clearing": (
        "update journal set amounts[1] = amounts[1] - 1, amounts[2] = amounts[2] + 1 where event = 10 "
        "and object_id = (select object_id from journal where event = 10 limit 1)",
        {"refund_clearing", "seal_chain", "period_hash", "entry_journal"}),
    "a hold that goes on": ("update settlement set ended_at = null where (order_id, number) = (select object_id, event_no "
                            "from journal where event = 4 limit 1)", {"hold_ended"}),
    "a release forgotten": ("delete from journal where event = 7 and object_id = (select object_id from journal "
                            "where event = 7 limit 1)", {"frozen", "seal_chain", "period_hash", "entry_journal"}),
}


@pytest.mark.parametrize("harm", HARMS)
def test_each_harm_is_found(cluster, audited, harm):
    statement, checks = HARMS[harm]
    d = copied(cluster, audited.name)
    assert d.sql(statement) != 0
    done = d.run("audit", check=False)
    assert done.returncode == 1, done.stdout
    assert set(re.findall(r"^audit: (\w+): \d+ times not so", done.stdout, re.M)) == checks, done.stdout
