#include "simulator/month_money.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/log.h"
#include "simulator/audit_db.h"
#include "simulator/month_ask.h"
#include "simulator/world.h"

#define NUMBER_LEN_MAX 32 /* of the provider's own numbers */

__extension__ typedef __int128 wide_t;

struct month_money {
	struct month_ask *ask;
	PGconn *db;
	const char *provider;
};

struct collector {
	char number[64];
	int64_t fee_bps, deposit_fen;
};

enum err
month_money_new(struct month_money **out, const char *provider, const char *db, int64_t outage_us)
{
	struct month_money *m = calloc(1, sizeof(*m));
	enum err e;

	if (m == NULL)
		return ERR_NO_MEMORY;
	*out = m;
	m->provider = provider;
	e = month_ask_new(&m->ask, outage_us);
	return e == ERR_OK ? audit_connect(&m->db, db) : e;
}

void
month_money_free(struct month_money *m)
{
	if (m == NULL)
		return;
	PQfinish(m->db);
	month_ask_free(m->ask);
	free(m);
}

static enum err
collector_read(struct month_money *m, const char *order_id, struct collector *out)
{
	static const char sql[] =
	    "select p.merchant_number, p.fee_bps, coalesce(d.deposit_fen, 0) from sales_order o "
	    "join party p on p.party_id = o.collector_id left join order_deposit d using (order_id) "
	    "where o.order_id = $1::uuid";
	PGresult *r = PQexecParams(m->db, sql, 1, NULL, &order_id, NULL, NULL, 0);
	enum err e = ERR_IO;

	if (PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1) {
		(void)snprintf(out->number, sizeof(out->number), "%s", audit_text(r, 0, 0));
		out->fee_bps = audit_int(r, 0, 1);
		out->deposit_fen = audit_int(r, 0, 2);
		e = ERR_OK;
	} else {
		log_error(LOG_MSG("nobody collects for an order"), LOG_STR("order", order_id),
		    LOG_STR("why", PQerrorMessage(m->db)));
	}
	PQclear(r);
	return e;
}

static int64_t
fee(const struct collector *c, int64_t fen)
{
	return (int64_t)(((wide_t)fen * c->fee_bps + 5000) / 10000);
}

enum err
month_money_pay(struct month_money *m, const struct month_payment *p)
{
	struct collector c = {.number = ""};
	int64_t before;
	enum err e;

	if (strlen(p->number) > NUMBER_LEN_MAX) {
		log_error(LOG_MSG("too long for a provider's number: a shorter --tag"),
		    LOG_STR("number", p->number));
		return ERR_IO;
	}
	e = collector_read(m, p->order_id, &c);
	if (e != ERR_OK)
		return e;
	before = p->balance ? c.deposit_fen : 0;
	return month_ask_control(m->ask, m->provider, "payments",
	    json_pack("{s:s, s:s, s:I, s:I, s:I, s:s}", "transaction_id", p->number, "sub_mchid",
	        c.number, "amount", (json_int_t)p->fen, "fee",
	        (json_int_t)(fee(&c, before + p->fen) - fee(&c, before)), "paid_at",
	        (json_int_t)p->paid_us, "out_trade_no", p->order_id));
}

enum err
month_money_trouble(struct month_money *m, int dealers)
{
	char number[64], code[WORLD_CODE_SIZE];
	enum err e = month_ask_control(m->ask, m->provider, "faults",
	    json_pack("{s:i, s:i, s:i, s:i, s:i}", "error_before_bps", 100, "error_after_bps", 200,
	        "lost_bps", 100, "cut_bps", 100, "limited_bps", 200));

	for (int i = 0; e == ERR_OK && i < dealers; i++) {
		(void)snprintf(number, sizeof(number), "1900-%s", world_code(code, 'D', i));
		if (i % 8 == 3) /* closed for good, or twice */
			e = month_ask_control(m->ask, m->provider, "close",
			    i % 16 == 3 ? json_pack("{s:s}", "account", number)
			                : json_pack("{s:s, s:i}", "account", number, "count", 2));
		if (e == ERR_OK && i % 2 == 0)
			e = month_ask_control(m->ask, m->provider, "optin",
			    json_pack("{s:s}", "account", number));
	}
	return e;
}

enum err
month_money_clock(struct month_money *m, int64_t now_us)
{
	return month_ask_control(m->ask, m->provider, "clock",
	    json_pack("{s:I}", "now", (json_int_t)now_us));
}
