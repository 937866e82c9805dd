#include "store/audit.h"

#include <inttypes.h>

#include "base/parse.h"
#include "store/admin.h"
#include "store/audit_check.h"

static const struct audit_check *const tables[] = {audit_orders, audit_stock, audit_money,
    audit_books, audit_payout, audit_recon};
#define TABLE_COUNT ((int)(sizeof(tables) / sizeof(tables[0])))

static enum err
run_check(PGconn *c, const struct audit_check *k, FILE *to, struct audit_total *out,
    struct reason *r)
{
	PGresult *rows;
	enum err e;
	int n;

	e = admin_run(c, k->sql, NULL, 0, &rows, r);
	if (e != ERR_OK)
		return e;
	n = PQntuples(rows);
	if (n > 0)
		fprintf(to, "audit: %s: %d times not so: %s\n", k->name, n, k->text);
	for (int j = 0; j < n && j < AUDIT_SHOWN_MAX; j++)
		fprintf(to, "audit: %s: %s\n", k->name, PQgetvalue(rows, j, 0));
	out->violations += n;
	out->check_count++;
	PQclear(rows);
	return ERR_OK;
}

static enum err
count_orders(PGconn *c, struct audit_total *out, struct reason *r)
{
	PGresult *rows;
	enum err e;

	e = admin_run(c, "select count(*) from sales_order", NULL, 0, &rows, r);
	if (e != ERR_OK)
		return e;
	e = parse_i64(PQgetvalue(rows, 0, 0), 0, INT64_MAX, &out->orders);
	PQclear(rows);
	return e;
}

static enum err
read_head(PGconn *c, struct audit_total *out, struct reason *r)
{
	PGresult *rows;
	enum err e;

	e = admin_run(c,
	    "select batch_no, encode(hash, 'hex') from seal_batch order by batch_no desc limit 1",
	    NULL, 0, &rows, r);
	if (e != ERR_OK)
		return e;
	if (PQntuples(rows) == 1) {
		e = parse_i64(PQgetvalue(rows, 0, 0), 0, INT64_MAX, &out->batch_no);
		(void)snprintf(out->batch_hash, sizeof(out->batch_hash), "%s",
		    PQgetvalue(rows, 0, 1));
	}
	PQclear(rows);
	return e;
}

enum err
audit(const char *db, int32_t split_cap_bps, FILE *to, struct audit_total *out, struct reason *r)
{
	char cap[16];
	const char *const args[] = {cap};
	PGconn *c;
	enum err e;

	(void)snprintf(cap, sizeof(cap), "%" PRId32, split_cap_bps);
	*out = (struct audit_total){0};
	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = admin_run(c, "begin isolation level repeatable read, read only", NULL, 0, NULL, r);
	if (e == ERR_OK)
		e = admin_run(c, "select set_config('yuncang.split_cap_bps', $1, true)", args, 1,
		    NULL, r);
	if (e == ERR_OK)
		e = count_orders(c, out, r);
	if (e == ERR_OK)
		e = read_head(c, out, r);
	for (int i = 0; e == ERR_OK && i < TABLE_COUNT; i++)
		for (const struct audit_check *k = tables[i]; e == ERR_OK && k->name != NULL; k++)
			e = run_check(c, k, to, out, r);
	admin_close(c);
	return e;
}
