"""Several instances of the group commit on 30 scarce keys: all sold, nothing twice, whatever dies."""

import re
import time

import pytest
from race_audit import audit, left
from race_database import lines

PIECES = 300


def result(process, word="done"):
    line = [x for x in lines(process) if x.startswith(word + " ")][-1]
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}


def acknowledged(processes):
    return [x.split()[1] for p in processes for x in lines(p) if re.fullmatch(r"ack [0-9a-f-]{36} .*", x)]


def is_there(database, ids):
    assert len(ids) == len(set(ids))
    found = database.sql("select count(*) from sales_order where order_id = any(%s::uuid[])", ids)[0][0]
    assert found == len(ids)


def wait(processes, seconds=90):
    until = time.monotonic() + seconds
    for process in processes:
        assert process.wait(max(0.1, until - time.monotonic())) == 0


def test_three_instances_sell_all(database, drive):
    # Entitlement and budget are smaller than what is asked for, too.
    database.stock(PIECES, PIECES, 500 * 900)
    running = [drive("race", database.url, seed, 500000, 300) for seed in (1, 2, 3)]
    wait(running)
    audit(database)
    assert left(database) == 0
    ids = acknowledged(running)
    is_there(database, ids)
    assert len(ids) == database.sql("select count(*) from sales_order")[0][0]
    results = [result(p) for p in running]
    assert all(r["other"] == 0 and r["internal"] == 0 and r["number"] == 0 for r in results)
    # The races were there to be lost.
    assert sum(r["repeated"] for r in results) > 0
    assert sum(r["differs"] for r in results) > 0
    assert sum(r["lost"] for r in results) > 0
    assert database.sql("select budget_fen - spent_fen from campaign_budget")[0][0] == 0


def test_equal_references(database, drive):
    """300 references wanted by two instances at once: 300 orders at most, the rest hears of them."""
    database.stock(PIECES, PIECES, 0)
    running = [drive("same", database.url, seed, 6000, 100) for seed in (1, 2)]
    wait(running)
    audit(database)
    results = [result(p) for p in running]
    orders = database.sql("select count(*) from sales_order")[0][0]
    assert orders == 300 == sum(r["ok"] for r in results)
    assert sum(r["repeated"] for r in results) == 12000 - orders - sum(r["lost"] for r in results)
    assert all(r["differs"] == 0 and r["other"] == 0 for r in results)


def test_an_instance_is_killed(database, drive):
    database.stock(2 * PIECES, 2 * PIECES, 500 * 9000)
    running = [drive("race", database.url, seed, 500000, 300) for seed in (1, 2, 3)]
    until = time.monotonic() + 30
    while not acknowledged(running[:1]) and time.monotonic() < until:
        time.sleep(0.02)
    running[0].kill()
    wait(running[1:])
    audit(database)
    assert left(database) == 0
    is_there(database, acknowledged(running))


def test_the_server_crashes(database, drive):
    database.stock(2 * PIECES, 2 * PIECES, 500 * 9000)
    running = [drive("race", database.url, seed, 500000, 300) for seed in (1, 2, 3)]
    until = time.monotonic() + 30
    while len(acknowledged(running)) < 500 and time.monotonic() < until:
        time.sleep(0.01)
    assert all(p.poll() is None for p in running)
    database.server("-m", "immediate", "-D", "race", "restart")
    wait(running)
    audit(database)
    assert left(database) == 0
    ids = acknowledged(running)
    is_there(database, ids)
    # What was unknown was asked again with the same claim: all orders there are acknowledged ones.
    assert len(ids) == database.sql("select count(*) from sales_order")[0][0]
    assert [result(p)["other"] for p in running] == [0, 0, 0], [result(p) for p in running]
    # It was in the middle of something.
    assert sum(result(p, "rate")["retries"] for p in running) > 0


def test_one_bad_order_is_found(database, drive):
    database.stock(PIECES, PIECES, 0)
    running = [drive("bad", database.url, 1, 400, 400)]
    wait(running)
    got = result(running[0])
    assert (got["ok"], got["internal"], got["other"]) == (399, 1, 0)
    # Halves, down to the one order: 400 in two batches of at most 256 are at most 8 splits.
    assert 1 <= result(running[0], "rate")["splits"] <= 8
    audit(database)
    assert database.sql("select count(*) from sales_order")[0][0] == 399


def test_one_bad_payment_is_found(database, drive):
    """Halves, down to the one: the others of its group are paid, and of it nothing is left."""
    database.stock(PIECES, PIECES, 0)
    running = [drive("badpay", database.url, 1, 400, 400)]
    wait(running)
    got, paid = result(running[0]), result(running[0], "paid")
    assert (got["ok"], got["internal"], got["other"]) == (400, 1, 0)
    assert result(running[0], "pay")["opened"] == 399
    assert 1 <= paid["splits"] <= 8
    assert paid["payments"] == 400 and paid["batches"] < 200  # many shared a commit
    audit(database)
    assert database.sql("select count(*) from sales_order where mark = 1")[0][0] == 1
    assert database.sql("select count(*) from payment")[0][0] == 399


@pytest.mark.parametrize("instances", [1, 2])
def test_payments_and_expiry(database, drive, instances):
    """In time, at the last moment, too late, twice, never; expiry runs in every instance."""
    database.stock(PIECES // 2, PIECES // 2, 500 * 2000)
    running = [drive("pay", database.url, seed, 4000, 1000, expiry_poll_ms=60)
               for seed in range(1, instances + 1)]
    wait(running)
    audit(database)
    assert database.sql("select sum(reserved) from stock_level")[0][0] == 0
    assert database.sql("select count(*) from sales_order where mark = 1")[0][0] == 0
    done = [result(p) for p in running]
    paid = [result(p, "pay") for p in running]
    assert all(r["other"] == 0 and r["internal"] == 0 for r in done)
    assert all(result(p, "paid")["splits"] == 0 for p in running)
    total = {k: sum(p[k] for p in paid) for k in paid[0]}
    assert all(total[k] > 0 for k in ("opened", "repeats", "late", "unfillable", "second", "expired"))
    assert total["repeats"] == total["opened"]
    outcomes = dict(database.sql("select outcome, count(*) from payment group by 1"))
    assert outcomes == {1: total["opened"], 2: total["late"], 3: total["unfillable"], 4: total["second"]}
    # Each released once.
    assert database.sql("select count(*), count(distinct order_id) from outbox where kind = 3")[0] == \
        (total["expired"], total["expired"])
    due = database.sql("select coalesce(sum(p.amount_fen), 0) from payment p where outcome in (3, 4)")[0][0]
    assert database.sql("select sum(refund_due_fen) from sales_order")[0][0] == due


@pytest.mark.parametrize("damage", [
    "update stock_level set allocated = allocated + 1 where location_id = 1 and sku_id = 1",
    "update stock_level set on_hand = on_hand - 1 where location_id = 2",
    "update capacity set taken = taken - 1 where location_id = 3",
    "update entitlement set used = used + 1",
    "update campaign_budget set spent_fen = spent_fen - 1",
    "delete from submission where order_id = (select min(order_id::text)::uuid from sales_order)",
    "insert into submission values (9, 'x', 'x', 1, gen_random_uuid())",
    "delete from decision where order_id = (select min(order_id::text)::uuid from sales_order)",
    "delete from fulfilment where order_id = (select min(order_id::text)::uuid from sales_order)",
    "delete from payment where number = (select min(number) from payment)",
    "delete from sales_order where order_id = (select min(order_id::text)::uuid from sales_order)",
    "delete from stock_change where seq = 1",
])
def test_the_audit_sees(sold, damage):
    """The audit of the tests above finds each kind of damage."""
    audit(sold)
    with pytest.raises(AssertionError):
        sold.transaction(damage, audit)
