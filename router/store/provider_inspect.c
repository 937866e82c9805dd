#include "store/provider_inspect.h"

#include "store/admin.h"
#include "store/sql_provider.h"

/* clang-format off */
#define TIME(column) "coalesce(to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '-')"
#define KIND "(array['split', 'unfreeze', 'return', 'refund'])[c.kind]"
#define STATE "(array['queued', 'sent', 'under_way', 'done', 'refused'])[c.state]"
#define RESULT "(array['pending', 'success', 'closed'])[i.result]"

static const char status_sql[] =
    "select line from ("
    "select 1 as part, c.kind * 10 + c.state as at, concat_ws(e'\\t', " KIND ", " STATE ", count(*), sum(c.fen), "
    TIME("min(c.deadline)") ") as line from provider_call c group by c.kind, c.state "
    "union all select 2, 0, concat_ws(e'\\t', 'calls', 'stuck', count(*), coalesce(sum(fen), 0), " TIME("min(c.deadline)") ") "
    "from provider_call c where " SQL_CALL_STUCK " "
    "union all select 3, 0, concat_ws(e'\\t', 'results', 'not_posted', count(*), coalesce(sum(fen), 0), '-') "
    "from provider_call_item where result <> 1 and not posted "
    "union all select 4, 0, concat_ws(e'\\t', 'bills', 'due', count(*), 0, " TIME("min(next_at)") ") "
    "from provider_bill where state = 1 union all (select 4, row_number() over (order by day, kind, merchant), concat_ws(e'\\t', 'bill', (array['trade', 'split', 'fund'])[kind], merchant, day, 'tries=' || tries, " TIME("next_at") ", error) from provider_bill where state = 1 and error is not null order by day, kind, merchant limit 20)) t order by part, at";
static const char call_sql[] =
    "select concat_ws(e'\\t', c.number, " KIND ", " STATE ", coalesce(p.code, '#' || c.collector_id), c.order_id, "
    "c.payment_number, c.fen, 'sends=' || c.sends, 'tries=' || c.tries, " TIME("c.deadline") ", " TIME("c.sent_at") ", "
    TIME("c.done_at") ", coalesce(c.provider_id, '-'), coalesce(c.error, '-')) "
    "from provider_call c left join party p on p.party_id = c.collector_id where c.number = $1";
static const char items_sql[] =
    "select concat_ws(e'\\t', i.item_no, coalesce(p.code, '#' || i.party_id), i.receiver, i.fen, " RESULT ", "
    "case when i.posted then 'posted' else 'not_posted' end, coalesce(i.fail_reason, '-'), coalesce(i.detail_id, '-')) "
    "from provider_call_item i left join party p on p.party_id = i.party_id where i.number = $1 order by i.item_no";
/* clang-format on */

/* Each row's first column is a line. */
static enum err
print(const char *db, const char *sql, const char *number, FILE *to, int *count, struct reason *r)
{
	const char *args[] = {number};
	PGresult *rows;
	PGconn *c;
	enum err e;

	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = admin_run(c, sql, args, number != NULL ? 1 : 0, &rows, r);
	admin_close(c);
	if (e != ERR_OK)
		return e;
	*count = PQntuples(rows);
	for (int i = 0; i < *count; i++)
		fprintf(to, "%s\n", PQgetvalue(rows, i, 0));
	PQclear(rows);
	return ERR_OK;
}

enum err
provider_inspect_status(const char *db, FILE *to, struct reason *r)
{
	int count;

	return print(db, status_sql, NULL, to, &count, r);
}

enum err
provider_inspect_call(const char *db, const char *number, FILE *to, struct reason *r)
{
	int count = 0;
	enum err e = print(db, call_sql, number, to, &count, r);

	if (e == ERR_OK && count == 0)
		return reason_set(r, ERR_NOT_FOUND, NULL, "%s: no such call", number);
	return e == ERR_OK ? print(db, items_sql, number, to, &count, r) : e;
}
