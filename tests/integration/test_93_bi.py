"""The views for BI: a dealer's login sees his rows, and by no view, function or error anything of another dealer."""
import contextlib
import re

import psycopg2
import pytest

import yc
from test_91_posting import Books as Shop
from test_92_books import sealed
from town import BRAND, DEALER_1, DEALER_2, PICKUP, SHIP

VIEWS = ("bi_mine", "bi_order", "bi_order_line", "bi_fulfilment", "bi_entry", "bi_movement", "bi_payout", "bi_refund")
LOGINS = {"bi_one": DEALER_1, "bi_two": DEALER_2, "bi_brand": None, "bi_none": ""}


@pytest.fixture(scope="module")
def shop(town):
    """Both dealers sell, in their own stores and in each other's."""
    s = Shop(town)
    s.packers()
    code = s.sku(20000, 12000, {"SITE": 90})
    one, two = s.owned(30000, 20000, "A1", DEALER_1), s.owned(31000, 20000, "C1", DEALER_2)
    s.mine = {DEALER_1: [], DEALER_2: []}
    for dealer, front in ((DEALER_1, "F-A1"), (DEALER_2, "F-C1")):
        s.mine[dealer] += [s.shipped(s.bought(code, way=SHIP, storefront=front)) for _ in range(3)]
        s.mine[dealer] += [s.bought(sku, way=PICKUP, location=at, storefront=front)
                           for sku, at in ((one, "A1"), (two, "C1"))]
        s.cancel(s.mine[dealer][-1])
    sealed(town.database)
    town.database.sql("analyze")
    town.database.sql("insert into payout (payout_id, collector_id, party_id, account, rail, gross_fen, netted_fen, fen, state, "
                      "made_at) select gen_random_uuid(), 1, party_id, 0, 2, 7, 0, 7, 1, now() from party where kind = 2")
    yield s
    town.database.sql("delete from payout where account = 0")


@pytest.fixture(scope="module")
def connect(shop, town):
    """connect(login): a session of that login's own, autocommitting."""
    for login, dealer in LOGINS.items():
        town.database.sql(f"drop role if exists {login}")
        town.database.sql(f"create role {login} login in role yuncang_bi")
        if dealer is None:
            town.database.sql("insert into bi_login values (%s, null)", (login,))
        elif dealer:
            town.database.sql("insert into bi_login select %s, party_id from party where code = %s", (login, dealer))
    with contextlib.ExitStack() as stack:
        def make(login):
            url = re.sub(r"user=\S+", "", town.database.url) + f" user={login}"
            c = stack.enter_context(contextlib.closing(psycopg2.connect(url)))
            c.autocommit = True
            return c
        yield make
    yc.wait_for("the sessions' end", lambda: town.database.sql(
        "select count(*) from pg_stat_activity where usename::text = any(%s)", (list(LOGINS),)) == [(0,)])
    for login in LOGINS:
        town.database.sql(f"drop role {login}")


def ask(c, text, args=None):
    with c.cursor() as q:
        q.execute(text, args)
        return q.fetchall()


def all_text(c):
    return "\n".join(str(row) for v in VIEWS for row in ask(c, f"select * from {v}"))


@pytest.mark.parametrize("login,mine,theirs", [("bi_one", DEALER_1, DEALER_2), ("bi_two", DEALER_2, DEALER_1)])
def test_own_rows_only(shop, town, connect, login, mine, theirs):
    c = connect(login)
    assert ask(c, "select code from bi_mine") == [(mine,)]
    want = {o["orderId"] for o in shop.mine[mine]}
    assert {i for i, in ask(c, "select order_id from bi_order")} == want
    assert {i for i, in ask(c, "select order_id from bi_order_line")} == want
    assert {d for d, in ask(c, "select dealer from bi_order union select dealer from bi_order_line union "
                               "select dealer from bi_refund")} == {mine}
    stores = {DEALER_1: {"A1", "A2", "A3"}, DEALER_2: {"C1", "C2"}}
    got = {x for x, in ask(c, "select location from bi_fulfilment")}
    assert got and got <= stores[mine]
    assert ask(c, "select party, fen from bi_payout") == [(mine, 7)]
    assert len(ask(c, "select * from bi_refund")) == 1
    # all that the books say of his accounts, and as much
    books = town.database.sql(
        "select sum(fen)::int8, count(*) from entry where (account >> 55 in (20, 21, 22, 6, 43) or account >> 55 < 6) "
        "and (account >> 25 & 33554431) = (select party_id from party where code = %s)", (mine,))
    assert ask(c, "select sum(amount_fen)::int8, count(*) from bi_entry") == books
    assert ask(c, "select (sum(debit_fen) - sum(credit_fen))::int8, sum(entries)::int8 from bi_movement") == books
    seen = all_text(c)
    assert not re.search(rf"\b{theirs}\b|\b{'C' if theirs == DEALER_2 else 'A'}[123]\b", seen)
    assert not any(o["orderId"] in "\n".join(str(r) for r in ask(c, "select * from bi_order")) for o in shop.mine[theirs])


def test_the_brand_and_nobody(shop, connect):
    everything = {i for i, in ask(connect("bi_brand"), "select order_id from bi_order")}
    assert everything >= {o["orderId"] for d in shop.mine.values() for o in d}
    accounts = {a for a, in ask(connect("bi_brand"), "select distinct account from bi_entry where party = 'B'")}
    assert accounts >= {"psp_frozen", "cost"}
    nobody = connect("bi_none")
    assert all(ask(nobody, f"select count(*) from {v}") == [(0,)] for v in VIEWS)


@pytest.mark.parametrize("trick", [
    "set role yuncang_bi", "set session authorization default", "set yuncang.dealer = 'D2'", "set search_path = pg_temp, public",
    "create temp table bi_login as select 'bi_one'::name as login, null::int4 as dealer_id",
    "create temp table party as select 1 as party_id, 'D2'::text as code, 1 as kind", "set row_security = off",
])
def test_who_logged_in_decides(shop, connect, trick):
    c = connect("bi_one")
    with c.cursor() as q:
        q.execute(trick)
    assert ask(c, "select code from public.bi_mine") == [(DEALER_1,)]
    assert {d for d, in ask(c, "select dealer from public.bi_order")} == {DEALER_1}


@pytest.mark.parametrize("trick", ["set session authorization bi_two", "set role bi_two", "set role yuncang_service",
                                   "set role postgres", "insert into bi_login values ('bi_one', null)", "select * from bi_login",
                                   "update bi_order set order_ref = 'x'", "delete from bi_payout", "grant yuncang_service to bi_one"])
def test_no_way_out(shop, connect, trick):
    with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ObjectNotInPrerequisiteState,
                        psycopg2.errors.FeatureNotSupported)):
        with connect("bi_one").cursor() as q:
            q.execute(trick)


def test_no_other_relation(shop, connect):
    """Whatever else is in the schema, now or later, cannot be read."""
    c = connect("bi_one")
    relations = ask(c, "select c.oid::regclass::text from pg_class c where relnamespace = 'public'::regnamespace "
                       "and relkind in ('r', 'v', 'm', 'p', 'S') order by 1")
    assert len(relations) > 40
    readable = ask(c, "select c.oid::regclass::text from pg_class c where relnamespace = 'public'::regnamespace and "
                      "(has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger') "
                      "or has_any_column_privilege(c.oid, 'select, insert, update, references')) and relkind <> 'S' order by 1")
    assert {r for r, in readable} == set(VIEWS)
    for (r,) in relations:
        if r not in VIEWS:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                ask(c, f"select * from {r}")


def test_no_function_with_others_rights(shop, connect):
    c = connect("bi_one")
    assert ask(c, "select p.oid::regprocedure from pg_proc p where pronamespace = 'public'::regnamespace and prosecdef "
                  "and has_function_privilege(p.oid, 'execute')") == []
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(c, "select account_name((20::int8 << 55) | (3::int8 << 25))")


def test_functions_of_the_reader_see_nothing(shop, connect):
    """A cheap function that tells what it is given is not asked before the view has judged; nor does an error tell."""
    c = connect("bi_one")
    with c.cursor() as q:
        q.execute("create function pg_temp.leak(text) returns bool language plpgsql cost 0.0000001 as "
                  "$$ begin raise notice 'seen %', $1; return true; end $$")
    for view, column in (("bi_order", "dealer"), ("bi_entry", "party"), ("bi_mine", "code"), ("bi_payout", "party"),
                         ("bi_fulfilment", "location"), ("bi_refund", "dealer"), ("bi_order_line", "dealer"),
                         ("bi_movement", "party")):
        del c.notices[:]
        ask(c, f"select * from {view} where pg_temp.leak({column}::text)")
        assert c.notices and not any(re.search(r"seen (D2|C1|C2|B)\b", n) for n in c.notices), view
        ask(c, f"select 1 / (({column} <> 'D2' and {column} <> 'C1')::int) from {view}")
        ask(c, f"select count(*) from {view} where 1 / (({column} <> 'D2' and {column} <> 'C1')::int) = 1")


def test_statistics_tell_nothing(shop, town, connect):
    town.database.sql("analyze")
    c = connect("bi_one")
    assert ask(c, "select tablename from pg_stats where schemaname = 'public'") == []
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(c, "select * from pg_statistic")


def scans(plan):
    """[(relation, condition, rows guessed, rows read)] of a plan, whatever it read them for."""
    at = [(plan["Relation Name"], plan.get("Index Cond", ""), plan["Plan Rows"], plan["Actual Rows"] * plan["Actual Loops"]
           + plan.get("Rows Removed by Filter", 0) * plan["Actual Loops"])] if "Relation Name" in plan else []
    return sorted(at + [x for p in plan.get("Plans", []) for x in scans(p)])


@pytest.mark.parametrize("view,condition", [
    ("bi_mine", "code = 'D2'"), ("bi_order", "order_id = %(order)s"), ("bi_order", "order_id <= %(order)s"),
    ("bi_order", "created_at > '2026-01-01'"), ("bi_order", "goods_fen = 20000"), ("bi_order_line", "order_id = %(order)s"),
    ("bi_fulfilment", "order_id = %(order)s"), ("bi_fulfilment", "location = 'C1'"), ("bi_entry", "batch_no = 1"),
    ("bi_entry", "batch_no = 1 and entry_no < 9"), ("bi_entry", "period = 202611"), ("bi_entry", "provider_ref = %(number)s"),
    ("bi_movement", "event = 'E1'"), ("bi_payout", "payout_id = %(payout)s"), ("bi_payout", "made_at < '2099-01-01'"),
    ("bi_refund", "order_id = %(back)s"), ("bi_refund", "payment_number like '4%%'")])
@pytest.mark.parametrize("force", ["on", "off"])
def test_a_plan_tells_nothing(shop, town, connect, view, condition, force):
    """EXPLAIN says how many rows were passed over: of a condition of the reader's, none.  His own rows are read first."""
    [(number, back, payout)] = town.database.sql(
        "select (select number from payment order by 1 limit 1), (select order_id from refund where dealer_id = p.party_id), "
        "(select payout_id from payout y where y.party_id = p.party_id) from party p where code = 'D2'")
    known = {"order": shop.mine[DEALER_2][0]["orderId"], "number": number, "back": back, "payout": payout}
    c = connect("bi_one")
    with c.cursor() as q:
        q.execute(f"set enable_seqscan = {force}; set jit = off")
    explain = "explain (analyze, timing off, format json) select * from " + view
    plans = [ask(c, text, known)[0][0][0]["Plan"] for text in (explain, f"{explain} where {condition}")]
    assert scans(plans[0]) == scans(plans[1]) != []
