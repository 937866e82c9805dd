"""The command line: what each subcommand says, where it says it, and its exit status."""

import json
import re
import signal
import socket

import psycopg2
import pytest

import yc

COMMANDS = ["serve", "migrate", "check", "key", "policy", "import", "export", "call", "provider", "audit", "version"]


# ---- Usage ----

def test_no_command_prints_usage_on_stderr():
    done = yc.run(check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("usage: yuncang")


def test_help_lists_every_command_and_no_other():
    out = yc.run("help").stdout
    assert yc.run("--help").stdout == out
    assert re.findall(r"^  (\w+) ", out, re.M) == [*COMMANDS, "help"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command):
    done = yc.run(command, "--help")
    assert done.stdout.startswith(f"usage: yuncang {command} ")
    assert done.stderr == ""
    assert yc.run("help", command).stdout == done.stdout


@pytest.mark.parametrize("args", [
    ["export"], ["serv"], ["help", "nothing"], ["-f"],
    *[[c, "--no-such-option"] for c in COMMANDS],
    *[[c, "unasked"] for c in COMMANDS],
    *[[c, "-f"] for c in COMMANDS],
    ["key"], ["key", "create"], ["key", "create", "--role", "king"],
    ["key", "create", "--role", "admin", "--scope", "planet:mars"],
    ["key", "create", "--role", "admin", "--scope", "storefront:a b"],
    ["key", "create", "--role", "storefront"],
    ["key", "create", "--role", "storefront", "--scope", "location:S1"],
    ["key", "create", "--role", "store", "--scope", "margin"],
    ["key", "create", "--role", "admin", "more"],
    ["key", "revoke"], ["key", "revoke", "x"], ["key", "revoke", "0"], ["key", "revoke", "-1"],
    ["import"], ["import", "orders", "x.csv"], ["import", "stock"], ["import", "stock", "x.csv", "more"],
    ["import", "--counted-at", "noon", "stock", "x.csv"],
    ["provider"], ["provider", "call"], ["provider", "status", "x"], ["provider", "call", "x", "y"],
    ["policy"], ["policy", "drop"], ["policy", "show", "--version", "x"],
    ["policy", "show", "--version", "0"], ["policy", "list", "--version", "1"],
], ids=" ".join)
def test_a_line_not_understood_is_2_and_says_so_on_stderr(args):
    done = yc.run(*args, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr != ""


def test_version_names_the_libraries():
    out = yc.run("version").stdout
    assert yc.run("--version").stdout == out
    assert re.match(r"yuncang \d+\.\d+\.\d+\n", out)
    for name in ("libevent", "libpq", "protobuf-c", "jansson", "zlib", "openssl"):
        assert re.search(rf"^{name} \d+\.\d+", out, re.M), name


# ---- check ----

def test_check_ok(tmp_path):
    conf = tmp_path / "yuncang.conf"
    conf.write_text("# a comment\nbatch_orders_max = 100\n")
    assert yc.run("check", "-f", str(conf)).stdout == "configuration OK\n"
    assert yc.run("-f", str(conf), "check").stdout == "configuration OK\n"


@pytest.mark.parametrize("text, says", [
    ("batch_orders_max = 0\n", "yuncang.conf:1: batch_orders_max: 0 is not 1 to 2000"),
    ("\nno_such = 1\n", "yuncang.conf:2: no_such: no such setting"),
    ("listen = a\nlisten = b\n", "yuncang.conf:2: listen: set twice"),
    ("what\n", "yuncang.conf:1: not \"name = value\""),
])
def test_check_names_the_line(tmp_path, text, says):
    conf = tmp_path / "yuncang.conf"
    conf.write_text(text)
    for command in ("check", "serve", "migrate", "audit"):
        done = yc.run(command, "-f", str(conf), check=False)
        assert done.returncode == 1
        assert says in done.stderr
        assert done.stdout == ""


def test_check_reads_the_environment():
    done = yc.run("check", env={"YUNCANG_FEED_POLL_MS": "1h"}, check=False)
    assert done.returncode == 1
    assert "YUNCANG_FEED_POLL_MS" in done.stderr
    done = yc.run("check", env={"YUNCANG_NO_SUCH": "1"}, check=False)
    assert done.returncode == 1


def test_check_show_can_be_read_back(tmp_path):
    shown = yc.run("check", "--show", env={"YUNCANG_BATCH_ORDERS_MAX": "77"}).stdout
    assert "batch_orders_max = 77\n" in shown
    conf = tmp_path / "again.conf"
    conf.write_text(shown)
    assert yc.run("check", "--show", "-f", str(conf)).stdout == shown


def test_check_db(database, empty_database):
    assert database.run("check", "--db").stdout == "configuration OK, database OK\n"
    done = empty_database.run("check", "--db", check=False)
    assert done.returncode == 1
    assert "run yuncang migrate first" in done.stderr


# ---- migrate ----

def test_migrate_applies_once(cluster):
    d = cluster.database("t_migrate")
    first = d.migrate().stdout
    assert "migrate: applied 0001_catalog.sql" in first
    assert d.migrate().stdout == "migrate: nothing to apply\n"
    assert d.sql("select count(*) from routing_policy where state = 2") == [(1,)]
    assert d.sql("select count(*) from split_rule_book where state = 2") == [(1,)]


def test_without_a_database_each_says_why(tmp_path):
    nowhere = {"YUNCANG_DB": f"host={tmp_path} dbname=x connect_timeout=2"}
    for args in (["migrate"], ["audit"], ["key", "list"], ["policy", "list"], ["check", "--db"]):
        done = yc.run(*args, env=nowhere, check=False)
        assert done.returncode == 1, args
        assert done.stderr.startswith(f"yuncang {args[0]}: "), done.stderr
        assert str(tmp_path) in done.stderr, "libpq's reason is kept"


# ---- key ----

def keys(database):
    return {int(line.split("\t")[0]): line.split("\t")[1:]
            for line in database.run("key", "list").stdout.splitlines()}


def test_key_is_shown_once_and_kept_as_a_hash(database):
    done = database.run("key", "create", "--role", "storefront", "--scope", "storefront:F1",
                        "--scope", "margin", "--name", "shop one")
    text = done.stdout.strip()
    assert re.fullmatch(r"yk_[A-Za-z0-9_-]{43}", text)
    number = int(re.match(r"key (\d+) made", done.stderr).group(1))
    (stored,) = database.sql("select hash = sha256(convert_to(%s, 'UTF8')), role, scopes, name "
                             "from api_key where key_id = %s", (text, number))
    assert stored == (True, "storefront", ["storefront:F1", "margin"], "shop one")
    row = keys(database)[number]
    assert row[:3] == ["storefront", "shop one", "storefront:F1,margin"]
    assert text not in database.run("key", "list").stdout


def test_key_revoke(database):
    database.key("finance")
    number = max(keys(database))
    version = "select version from catalog_state where part = 'keys'"
    before = database.sql(version)[0][0]
    database.run("key", "revoke", str(number))
    assert keys(database)[number][-1].startswith("revoked 2")
    assert database.sql(version)[0][0] == before + 1, "running instances must notice"
    for gone in (number, 99999):
        done = database.run("key", "revoke", str(gone), check=False)
        assert done.returncode == 1
        assert "no such key" in done.stderr


# ---- policy ----

@pytest.mark.parametrize("split", [[], ["--split"]])
def test_policy_show_and_list(database, split):
    listed = database.run("policy", *split, "list").stdout
    assert listed.split("\t")[:3] == ["1", "active", "2000-01-01T00:00:00Z"]
    shown = database.run("policy", *split, "show").stdout
    assert json.loads(shown)["rules"]
    assert database.run("policy", *split, "show", "--version", "1").stdout == shown
    done = database.run("policy", *split, "show", "--version", "99", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no such version" in done.stderr


# ---- audit ----

def test_audit_of_an_empty_database_is_clean(database):
    assert re.fullmatch(r"audit: 0 orders, \d+ checks, 0 violations", database.audit())


ORDER = "11111111-1111-7111-8111-111111111111"
CATALOG = """
insert into party (code, kind) values ('B', 1), ('D', 2);
insert into location (code, kind, party_id, ways, lat_e6, lon_e6, hours_open, hours_close, capacity_day)
	values ('S', 3, 2, 4, 0, 0, '{}', '{}', 5);
insert into sku (code, cost_fen, list_fen, floor_fen) values ('K', 70, 100, 90);
insert into campaign (code, funder_ids, share_bps, unit_max_fen, from_at, until_at)
	values ('C', '{1}', '{10000}', 10, now(), now());
"""
GOOD = f"""
insert into submission values (1, 'r', '\\x01', 2, '{ORDER}');
insert into sales_order (order_id, dealer_id, storefront_id, policy_version, split_version, collector_id,
	customer, goods_fen, delivery_fee_fen, funded_fen, fee_fen, margin_fen, created_at, paid_at,
	owner_source, mark, way, accept_other_way, order_ref, line_sku, line_qty, line_price_fen,
	line_cost_fen, line_discount_fen, line_campaign)
	values ('{ORDER}', 2, 1, 1, 1, 2, 0, 180, 0, 20, 0, 60, now(), now(), 4, 0, 2, false, 'r', '{{1}}',
	'{{2}}', '{{100}}', '{{70}}', '{{10}}', '{{1}}');
insert into decision values ('{ORDER}', 1, 2, '\\x01', '{{1,2}}', '{{1,2}}', '{{140,60}}', '{{0,0}}',
	'{{0,0}}', '{{1}}', '{{20}}');
insert into fulfilment (order_id, number, attempt, dealer_id, location_id, distance_m, way, state,
	slot_from_min, slot_to_min, capacity_day, takes_capacity, promise_from, promise_to, line, sku_id, qty,
	goods_owner_id, entitled_sku)
	values ('{ORDER}', 1, 1, 2, 1, 0, 2, 2, 600, 660, '2026-11-22', true, now(), now(), '{{0}}', '{{1}}',
	'{{2}}', '{{2}}', '{{1}}');
insert into stock_level (dealer_id, location_id, sku_id, goods_owner_id, on_hand, allocated, counted_at)
	values (2, 1, 1, 2, 9, 2, now());
insert into capacity (dealer_id, location_id, day, limit_count, taken) values (2, 1, '2026-11-22', 5, 1);
insert into slot (dealer_id, location_id, day, from_min, to_min, limit_count, taken)
	values (2, 1, '2026-11-22', 600, 660, 3, 1);
insert into entitlement (dealer_id, sku_id, ceiling, used) values (2, 1, 10, 2);
insert into campaign_budget (campaign_id, budget_fen, spent_fen) values (1, 1000, 20);
insert into feed_stream default values;
insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at,
	posted_at, accounts, amounts, kinds)
	values ('{ORDER}', 1, 1, 2, 1, 1, 1, 202611, now(), now(), '{{1,2}}', '{{200,-200}}', '{{0,0}}');
insert into outbox values ('{ORDER}', 2, 1, '{ORDER}');
"""


@pytest.fixture(scope="module")
def audited(cluster):
    d = cluster.database("t_audit")
    d.migrate()
    d.sql(CATALOG)
    d.sql(GOOD)
    return d


def test_audit_of_a_whole_order_is_clean(audited):
    assert re.fullmatch(r"audit: 1 orders, \d+ checks, 0 violations", audited.audit())


ACT = "insert into order_act (order_id, act_no, dealer_id, kind, number, at, state) values "


@pytest.mark.parametrize("harm, checks", [
    ("alter table journal drop constraint journal_balanced; "
     "update journal set amounts = '{200,-199}'", {"journal_balance"}),
    ("update journal set object_id = gen_random_uuid()", {"journal_orphan", "journal_paid"}),
    ("update sales_order set paid_at = null", {"journal_paid"}),
    ("insert into sales_order select (jsonb_populate_record(o, jsonb_build_object('order_id', "
     "gen_random_uuid()))).* from sales_order o",
     {"order_once", "order_submission", "order_decision", "order_fulfilment", "order_event",
      "journal_paid"}),
    ("update submission set owner_id = 1", {"order_submission", "submission_order"}),
    ("delete from submission", {"order_submission"}),
    ("update decision set attempt = 2", {"order_decision"}),
    ("delete from fulfilment", {"order_fulfilment", "stock", "capacity", "slot", "entitlement", "budget"}),
    ("update fulfilment set qty = '{3}'", {"order_units", "stock", "entitlement", "budget"}),
    ("delete from outbox", {"order_event"}),
    ("insert into contact values (gen_random_uuid(), 2, '', '', '', '')", {"orphans"}),
    ("update decision set leg_fen = '{140,61}'", {"split_sum"}),
    ("update sales_order set refund_due_fen = 1", {"refund_due", "refund_rows"}),
    ("update stock_level set allocated = 1", {"stock"}),
    ("update stock_level set reserved = 1", {"stock"}),
    ("delete from stock_level", {"stock"}),
    ("update fulfilment set state = 1", {"stock"}),
    ("update fulfilment set state = 16", {"stock", "capacity", "slot", "entitlement", "budget", "refund_units"}),
    ("update fulfilment set state = 6", {"waits"}),
    ("update fulfilment set handed_at = now()", {"handed"}),
    (ACT + f"('{ORDER}', 2, 2, 1, 0, now(), 0)", {"act_numbers"}),
    (ACT + f"('{ORDER}', 1, 2, 1, 1, now(), 3)", {"act_state"}),
    (ACT + "(gen_random_uuid(), 1, 2, 1, 1, now(), 3)", {"orphans"}),
    (f"insert into serial_out values (1, 'x', '{ORDER}', 1, 2, now())", {"serial"}),
    (f"insert into stock_back values ('{ORDER}', 1, 1, 2, 1, 2, now(), 1)", {"stock_back"}),
    ("update capacity set taken = 2", {"capacity"}),
    ("update slot set taken = 0", {"slot"}),
    ("update entitlement set used = 3", {"entitlement"}),
    ("update campaign_budget set spent_fen = 19", {"budget"}),
])
def test_audit_sees_each_harm(cluster, audited, harm, checks):
    """Each in a copy of the whole order's database: the named checks fail, and no other."""
    cluster.database("t_audit_harm")  # drops the one before
    admin = yc.Database(cluster, "postgres")
    c = psycopg2.connect(admin.url)
    c.autocommit = True
    with c.cursor() as q:
        q.execute("drop database t_audit_harm")
        q.execute("create database t_audit_harm template t_audit")
    c.close()
    d = yc.Database(cluster, "t_audit_harm")
    d.sql(harm)
    done = d.run("audit", check=False)
    assert done.returncode == 1, done.stdout
    assert set(re.findall(r"^audit: (\w+): \d+ times not so", done.stdout, re.M)) == checks
    assert not done.stdout.splitlines()[-1].endswith(" 0 violations")


# ---- serve ----

def test_serve_refuses_an_old_schema(empty_database):
    done = yc.run("serve", env={**empty_database.env, "YUNCANG_LISTEN": "127.0.0.1:0"}, check=False)
    assert done.returncode == 1
    assert "run yuncang migrate first" in done.stderr


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:99999", "192.0.2.1:80"])
def test_serve_says_why_it_cannot_listen(database, listen):
    done = yc.run("serve", env={**database.env, "YUNCANG_LISTEN": listen}, check=False)
    assert done.returncode == 1
    assert "setting=listen" in done.stderr


def test_serve_answers_reloads_and_drains(service, database, tmp_path):
    conf = tmp_path / "yuncang.conf"
    conf.write_text("log_level = info\n")
    (one,) = service(ready=False)
    one.stop()
    one.start(args=("-f", str(conf)))
    assert one.http("/healthz") == (200, "ok\n")
    assert one.http("/readyz") == (200, "ok\n")
    metrics = one.http("/metrics")[1]
    assert "# TYPE yuncang_orders_committed_total counter" in metrics
    assert one.http("/nothing")[0] == 404
    conf.write_text("log_level = debug\nlisten = 127.0.0.1:1\n")
    one.process.send_signal(signal.SIGHUP)
    yc.wait_for("the reload", lambda: "settings read again" in one.tail(5))
    conf.write_text("log_level = loud\n")
    one.process.send_signal(signal.SIGHUP)
    yc.wait_for("the refusal", lambda: "settings not read again" in one.tail(5))
    assert one.http("/healthz")[0] == 200
    assert one.stop() == 0
    assert "msg=stopped status=0" in one.tail(3)


def test_serve_keeps_secrets_out_of_its_log(service, database):
    (one,) = service(database=database, ready=True)
    assert database.url not in one.log.read_text()
    one.stop()


def test_serve_tells_systemd(service, database, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "n"))
        s.settimeout(20)
        (one,) = service(ready=False)
        one.stop()
        one.env["NOTIFY_SOCKET"] = str(tmp_path / "n")
        one.start()
        assert s.recv(100) == b"READY=1"
        one.stop()
        assert s.recv(100) == b"STOPPING=1"


def test_keys_are_noticed_while_running(service, database):
    (one,) = service()
    key = database.key("admin")
    client = one.client(key)

    def code():
        try:
            client.call("OrderService/GetOrder", {"orderId": ORDER})
        except yc.RpcError as e:
            return e.code
        raise AssertionError("there is no such order")
    yc.wait_for("the new key", lambda: code() == "not_found")
    database.run("key", "revoke", str(max(keys(database))))
    yc.wait_for("the revoked key", lambda: code() == "unauthenticated")
    one.stop()


def test_serve_outlives_its_database(cluster, service, database):
    """Started without a database it waits; when that goes away it is not ready, and comes back."""
    cluster.stop("immediate")
    (one,) = service(ready=False)
    yc.wait_for("healthz", lambda: one.http("/healthz")[0] == 200)
    status, why = one.http("/readyz")
    assert status == 503
    assert "database" in why
    with pytest.raises(yc.RpcError) as refused:
        one.client("yk_x").call("OrderService/GetOrder", {"orderId": ORDER})
    assert (refused.value.code, refused.value.reason) == ("unavailable", "not_ready")
    cluster.start()
    one.wait_ready()
    cluster.stop("immediate")
    yc.wait_for("not ready", lambda: one.http("/readyz")[0] == 503)
    assert one.http("/healthz")[0] == 200
    cluster.start()
    one.wait_ready()
    assert one.stop() == 0


def test_serve_waits_for_the_schema_of_a_database_that_came_later(cluster, service):
    """Nobody could tell at start that it was empty: it comes up by itself once it is migrated."""
    d = cluster.database("t_late")
    cluster.stop("immediate")
    (one,) = service(database=d, ready=False)
    yc.wait_for("healthz", lambda: one.http("/healthz")[0] == 200)
    cluster.start()
    yc.wait_for("the refusal", lambda: "is it migrated?" in one.log.read_text())
    assert one.http("/readyz")[0] == 503
    d.migrate()
    one.wait_ready()
    assert one.stop() == 0
