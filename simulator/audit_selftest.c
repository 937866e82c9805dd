/* audit_selftest: an auditor that cannot fail proves nothing; here it must see what we break. */
#include <stdlib.h>

#include "base/log.h"
#include "base/parse.h"
#include "simulator/audit.h"
#include "simulator/audit_db.h"

/* Some order that was acknowledged, paid and is not decided again; the same one each time. */
#define AN_ORDER \
	"(select order_id from sales_order o where paid_at is not null and mark = 0 and not exists " \
	"(select from decision d where d.order_id = o.order_id and d.attempt > 1) order by order_id limit 1)"
#define A_SPLIT "(select object_id, event from journal where event = 3 order by object_id limit 1)"
#define FREE_ID "'00000000-0000-7000-8000-000000000001'"

/* Triggers and CHECKs would stop some of it: they are dropped first, which is rolled back too. */
static const struct {
	enum audit_check check;
	const char *sql;
} tampers[] = {
    {AUDIT_ACK_MISSING, "delete from sales_order where order_id = " AN_ORDER},
    {AUDIT_ACK_MISSING, "update sales_order set order_id = " FREE_ID " where order_id = " AN_ORDER},
    {AUDIT_ACK_DIFFERS,
        "update fulfilment set location_id = location_id + 1 where order_id = " AN_ORDER},
    {AUDIT_ACK_DIFFERS, "update sales_order set way = way % 3 + 1 where order_id = " AN_ORDER},
    {AUDIT_ACK_DIFFERS,
        "update fulfilment set qty = array(select q + 1 from unnest(qty) q) where order_id = " AN_ORDER},
    {AUDIT_PAYMENT_MISSING, "delete from payment where order_id = " AN_ORDER},
    {AUDIT_PAYMENT_MISSING,
        "update payment set amount_fen = amount_fen + 1 where order_id = " AN_ORDER},
    {AUDIT_CHILD_MISSING, "delete from decision where order_id = " AN_ORDER},
    {AUDIT_CHILD_MISSING, "delete from fulfilment where order_id = " AN_ORDER},
    {AUDIT_CHILD_MISSING, "delete from submission where order_id = " AN_ORDER},
    {AUDIT_CHILD_MISSING, "delete from payment where order_id = " AN_ORDER},
    {AUDIT_ORPHAN,
        "update contact set order_id = " FREE_ID
        " where order_id = (select min(order_id::text)::uuid from contact)"},
    {AUDIT_ORPHAN, "delete from sales_order where order_id = " AN_ORDER},
    {AUDIT_UNITS,
        "update sales_order set line_qty = array(select q + 1 from unnest(line_qty) q) "
        "where order_id = " AN_ORDER},
    {AUDIT_STOCK_COUNTER,
        "update stock_level set allocated = allocated - 1 where (location_id, sku_id) = "
        "(select location_id, sku_id from stock_level where allocated > 0 limit 1)"},
    {AUDIT_STOCK_COUNTER,
        "update stock_level set reserved = reserved + 1 where (location_id, sku_id) = "
        "(select location_id, sku_id from stock_level limit 1)"},
    {AUDIT_STOCK,
        "update stock_level set on_hand = allocated + reserved + safety - 1 "
        "where (location_id, sku_id) = (select location_id, sku_id from stock_level "
        "where allocated > 0 limit 1)"},
    {AUDIT_CAPACITY,
        "update capacity set taken = taken + 1 where (location_id, day) = "
        "(select location_id, day from capacity limit 1)"},
    {AUDIT_CAPACITY,
        "update capacity set limit_count = taken - 1 where (location_id, day) = "
        "(select location_id, day from capacity where taken > 1 limit 1)"},
    {AUDIT_SLOT,
        "update slot set taken = taken + 1 where (location_id, day, from_min) = "
        "(select location_id, day, from_min from slot limit 1)"},
    {AUDIT_ENTITLEMENT,
        "update entitlement set used = used + 1 where (dealer_id, sku_id) = "
        "(select dealer_id, sku_id from entitlement limit 1)"},
    {AUDIT_ENTITLEMENT,
        "update entitlement set ceiling = used - 1 where (dealer_id, sku_id) = "
        "(select dealer_id, sku_id from entitlement where used > 0 limit 1)"},
    {AUDIT_BUDGET, "update campaign_budget set spent_fen = spent_fen - 1 where spent_fen > 0"},
    {AUDIT_BUDGET, "update campaign_budget set budget_fen = spent_fen - 1 where spent_fen > 0"},
    {AUDIT_EXPIRED_HOLDS,
        "with o as (update sales_order set mark = 5 where order_id = " AN_ORDER ") "
        "update fulfilment set state = 3 where order_id = " AN_ORDER},
    {AUDIT_TOTALS, "update sales_order set goods_fen = goods_fen + 1 where order_id = " AN_ORDER},
    {AUDIT_TOTALS,
        "update sales_order set line_price_fen[1] = line_price_fen[1] - 1 where order_id = " AN_ORDER},
    {AUDIT_FEE, "update sales_order set fee_fen = fee_fen + 1 where order_id = " AN_ORDER},
    {AUDIT_LEGS, "update decision set leg_fen[1] = leg_fen[1] + 1 where order_id = " AN_ORDER},
    {AUDIT_COST_LEGS,
        "update decision set leg_fen = array(select case k when 1 then f + 1 when 2 then f - 1 "
        "else f end from unnest(leg_fen, leg_kind) u(f, k)) where 1 = any(leg_kind)"},
    {AUDIT_COST_LEGS,
        "update sales_order set line_cost_fen = array(select c + 7 from unnest(line_cost_fen) c)"},
    {AUDIT_TRANSFER_LEGS,
        "update decision set leg_kind = array(select case k when 3 then 4 else k end "
        "from unnest(leg_kind) k) where 3 = any(leg_kind)"},
    {AUDIT_MARGIN, "update sales_order set margin_fen = margin_fen + 1 where order_id = " AN_ORDER},
    {AUDIT_FUNDING,
        "update decision set funding_fen[1] = funding_fen[1] + 1 where funding_fen is not null"},
    {AUDIT_COLLECTOR,
        "update sales_order set collector_id = (select max(party_id) from party where kind = 2) "
        "where collector_id = (select party_id from party where kind = 1)"},
    {AUDIT_ON_HAND,
        "update stock_level set on_hand = on_hand + 1 where (location_id, sku_id) = "
        "(select location_id, sku_id from stock_level limit 1)"},
    {AUDIT_ON_HAND, "update stock_delta set delta = delta - 1 where order_id is null"},
    {AUDIT_MOVED, "update fulfilment set moved_to = 99 where order_id = " AN_ORDER},
    {AUDIT_TRAIL,
        "insert into order_act (order_id, act_no, dealer_id, kind, number, at) "
        "values (" AN_ORDER ", 1000, 1, 1, 1, now())"},
    {AUDIT_TRAIL,
        "update fulfilment set handed_at = case when handed_at is null then now() end "
        "where order_id = " AN_ORDER},
    {AUDIT_REFUND_ACTS,
        "insert into order_act (order_id, act_no, dealer_id, kind, number, at, refund_fen) "
        "values (" AN_ORDER ", 1000, 1, 17, 1, now(), 1000000000)"},
    {AUDIT_STUCK_PART, "update fulfilment set state = 3 where order_id = " AN_ORDER},
    {AUDIT_STUCK_PART, /* units that a store refused and nobody took over */
        "update fulfilment set state = 4, moved_to = null where order_id = " AN_ORDER},
    {AUDIT_STUCK_ORDER, "update sales_order set mark = 2 where order_id = " AN_ORDER},
    {AUDIT_STUCK_ORDER, "update return_request set state = 2 where state = 3"},
    {AUDIT_UNDELIVERED,
        "insert into event_log (event_id, dealer_id, storefront_id, kind, order_id, order_ref) "
        "select 'ffffffff-0000-7000-8000-000000000001', dealer_id, storefront_id, 8, order_id, order_ref "
        "from sales_order where order_id = " AN_ORDER},
    {AUDIT_UNTOLD,
        "insert into outbox (event_id, order_id, dealer_id, kind) "
        "select 'ffffffff-0000-7000-8000-000000000001', order_id, dealer_id, 8 "
        "from sales_order where order_id = " AN_ORDER},
    {AUDIT_UNTOLD,
        "insert into webhook_dead select endpoint_id, (select max(position) from event_log), 11, 500, '', "
        "now(), now() from webhook_endpoint"},
    {AUDIT_INVENTED,
        "delete from event_log where position = (select max(position) from event_log)"},
    {AUDIT_JOURNAL_SUM,
        "update journal set amounts[1] = amounts[1] + 1 where object_id = " AN_ORDER},
    {AUDIT_PAID_POSTING,
        "update journal set amounts = array(select a * 2 from unnest(amounts) a) "
        "where event = 1 and object_id = " AN_ORDER},
    {AUDIT_PAID_POSTING, "delete from journal where event = 1 and object_id = " AN_ORDER},
    {AUDIT_FEE_POSTING, "delete from journal where event = 2 and object_id = " AN_ORDER},
    {AUDIT_REFUND_POSTING,
        "update sales_order set refund_due_fen = refund_due_fen + 1 where order_id = " AN_ORDER},
    {AUDIT_REFUND_POSTING, "delete from journal where event = 9 and provider_ref <> ''"},
    {AUDIT_REFUND_ROWS, "delete from journal where event = 9"},
    {AUDIT_SPLIT_POSTING, "delete from journal where (object_id, event) = " A_SPLIT},
    {AUDIT_SPLIT_POSTING,
        "update fulfilment set state = 13 where order_id in (select object_id from journal where event = 3)"},
    {AUDIT_COST_POSTING,
        "update journal set kinds = array(select case k when 1 then 4 else k end from unnest(kinds) k) "
        "where (object_id, event) = " A_SPLIT},
    {AUDIT_SHARE_POSTING,
        "update journal set accounts = array(select case when a >> 55 = 20 then a + (1 << 25) else a end "
        "from unnest(accounts) a) where (object_id, event) = " A_SPLIT},
    {AUDIT_CLEARING,
        "update journal set amounts = array(select a - 1 from unnest(amounts) a) "
        "where (object_id, event) = " A_SPLIT},
    {AUDIT_REFUND_ROWS, "delete from refund where refund_no > 1000"},
    {AUDIT_REFUND_ROWS, "update refund set fen = fen + 1"},
    {AUDIT_FULL_REFUND,
        "update journal set accounts = array(select case when a >> 55 = 20 then a + (1 << 25) else a end "
        "from unnest(accounts) a) where event = 9 and number is not null"},
    {AUDIT_ORDER_TWICE,
        "insert into sales_order select (jsonb_populate_record(o, jsonb_build_object("
        "'order_id', " FREE_ID "))).* from sales_order o where order_id = " AN_ORDER},
    {AUDIT_ORDER_TWICE,
        "insert into sales_order select (jsonb_populate_record(o, jsonb_build_object("
        "'dealer_id', 1000000))).* from sales_order o where order_id = " AN_ORDER},
    {AUDIT_PAYMENT_TWICE,
        "insert into payment select provider, number || 'x', order_id, dealer_id, amount_fen, "
        "paid_at, outcome from payment where order_id = " AN_ORDER},
    {AUDIT_EVENT_TWICE,
        "insert into journal select (jsonb_populate_record(j, jsonb_build_object("
        "'event_no', 99))).* from journal j where event = 1 and object_id = " AN_ORDER},
};
#define TAMPER_COUNT (sizeof(tampers) / sizeof(tampers[0]))

/* Checks that only a day's journal makes. */
static bool
is_checked(enum audit_check c, const struct audit_report *clean)
{
	enum audit_class class = audit_check_class(c);

	if (c == AUDIT_ON_HAND)
		return clean->shelves > 0;
	return clean->day_over ||
	    (class != CLASS_STUCK && class != CLASS_UNDELIVERED && class != CLASS_FORGED);
}

/* What is broken must be found under its own name; a clean audit went before. */
static enum err
tamper_one(PGconn *db, const char *journal, size_t i, FILE *to, int *blind)
{
	struct audit_report r = {0};
	PGresult *done;
	int64_t rows;
	enum err e = audit_command(db, "begin isolation level repeatable read");

	if (e == ERR_OK)
		e = audit_command(db, "alter table journal drop constraint journal_balanced");
	if (e != ERR_OK)
		return e;
	done = audit_query(db, tampers[i].sql);
	if (done == NULL)
		return ERR_IO;
	if (parse_i64(PQcmdTuples(done), 0, INT64_MAX, &rows) != ERR_OK)
		rows = 0;
	PQclear(done);
	if (rows > 0)
		e = audit_within(db, journal, &r);
	if (e != ERR_OK)
		return e;
	if (rows == 0)
		(void)fprintf(to, "%-16s passed over: no such row in this database\n",
		    audit_check_name(tampers[i].check));
	else if (r.found[tampers[i].check] == 0) {
		(*blind)++;
		(void)fprintf(to, "%-16s NOT FOUND after: %s\n", audit_check_name(tampers[i].check),
		    tampers[i].sql);
	} else
		(void)fprintf(to, "%-16s found %lld\n", audit_check_name(tampers[i].check),
		    (long long)r.found[tampers[i].check]);
	return audit_command(db, "rollback");
}

enum err
audit_selftest(const char *conninfo, const char *journal, FILE *to)
{
	struct audit_report clean = {.to = to};
	PGconn *db;
	int blind = 0;
	enum err e = audit_run(conninfo, journal, &clean);

	if (e != ERR_OK)
		return e;
	if (audit_report_all(&clean) > 0 || clean.acknowledged == 0) {
		log_error(LOG_MSG(
		    "the selftest needs a database that passes the audit, and orders in it"));
		return ERR_INTERNAL;
	}
	e = audit_connect(&db, conninfo);
	for (size_t i = 0; e == ERR_OK && i < TAMPER_COUNT; i++)
		if (is_checked(tampers[i].check, &clean))
			e = tamper_one(db, journal, i, to, &blind);
	PQfinish(db);
	if (e != ERR_OK)
		return e;
	(void)fprintf(to, "selftest: %zu ways to tamper, %d not found\n", TAMPER_COUNT, blind);
	return blind == 0 ? ERR_OK : ERR_INTERNAL;
}
