/* month_statement: statements of every party, of each period and of all, against what is posted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strmap.h"
#include "simulator/audit_db.h"
#include "simulator/month_books.h"

/* By account and period, then what stood before. */
static const char posted_sql[] =
    "select name, period, debit, credit, sum(debit - credit) over (partition by name order by period) - debit + credit "
    "from (select account_name(a.account) as name, j.period, "
    "sum(greatest(a.fen, 0))::int8 as debit, sum(greatest(-a.fen, 0))::int8 as credit from journal j, "
    "unnest(j.accounts, j.amounts) a (account, fen) group by 1, 2) x order by 1, 2";
/* Whoever has an account of his own; the brand and the platform operator have theirs without a number. */
static const char parties_sql[] =
    "select distinct p.code from party p where p.kind = 1 or p.code = 'PLATFORM' "
    "or p.party_id in (select (a >> 25) & 33554431 from journal j, unnest(j.accounts) a) order by 1";

struct posted {
	PGresult *rows;
	struct strmap first; /* row of each name */
	bool *seen;
};

static enum err
posted_read(struct posted *p, struct month *m)
{
	int count;
	enum err e;

	p->rows = month_query(m, posted_sql);
	if (p->rows == NULL)
		return ERR_IO;
	count = PQntuples(p->rows);
	p->seen = calloc((size_t)count + 1, sizeof(*p->seen));
	if (p->seen == NULL)
		return ERR_NO_MEMORY;
	e = strmap_init(&p->first, (size_t)count + 1);
	for (int i = 0; e == ERR_OK && i < count; i++)
		e = strmap_put(&p->first, audit_text(p->rows, i, 0), (uint32_t)i, NULL);
	return e;
}

static void
account_check(struct posted *p, const char *party, int64_t period, const json_t *a,
    struct month_report *r)
{
	const char *name = month_text(a, "account");
	uint32_t at = strmap_get(&p->first, name);
	int64_t opening = 0, debit = 0, credit = 0;

	for (int i = (int)at; at != STRMAP_NONE && i < PQntuples(p->rows) &&
	     strcmp(audit_text(p->rows, i, 0), name) == 0;
	     i++) {
		int64_t when = audit_int(p->rows, i, 1);

		p->seen[i] = true;
		if (period != 0 && when < period) {
			opening += audit_int(p->rows, i, 2) - audit_int(p->rows, i, 3);
		} else if (period == 0 || when == period) {
			debit += audit_int(p->rows, i, 2);
			credit += audit_int(p->rows, i, 3);
		}
	}
	if (month_int(a, "openingFen") != opening || month_int(a, "debitFen") != debit ||
	    month_int(a, "creditFen") != credit ||
	    month_int(a, "closingFen") != opening + debit - credit)
		month_found(r, MONTH_STATEMENT,
		    "%s in %lld, %s: %lld + %lld - %lld = %lld; posted %lld + %lld - %lld", party,
		    (long long)period, name, (long long)month_int(a, "openingFen"),
		    (long long)month_int(a, "debitFen"), (long long)month_int(a, "creditFen"),
		    (long long)month_int(a, "closingFen"), (long long)opening, (long long)debit,
		    (long long)credit);
}

static enum err
statement_check(struct month *m, struct posted *p, const char *party, int64_t period,
    struct month_report *r)
{
	json_t *answer, *a;
	size_t i;
	enum err e = month_call(m, m->o->key, "FinanceService/GetStatement",
	    json_pack("{s:s, s:I, s:i}", "party", party, "period", (json_int_t)period, "pageSize",
	        1),
	    &answer);

	r->statements++;
	if (e == ERR_WRONG_STATE) {
		month_found(r, MONTH_STATEMENT, "%s in %lld: %s", party, (long long)period,
		    month_ask_why(m->ask));
		return ERR_OK;
	}
	json_array_foreach(json_object_get(answer, "accounts"), i, a)
	{
		account_check(p, party, period, a, r);
	}
	json_decref(answer);
	return e;
}

static enum err
parties_check(struct month *m, struct posted *p, const PGresult *periods, struct month_report *r)
{
	PGresult *parties = month_query(m, parties_sql);
	enum err e = parties == NULL ? ERR_IO : ERR_OK;

	for (int i = 0; e == ERR_OK && i < PQntuples(parties); i++) {
		const char *party = audit_text(parties, i, 0);

		e = statement_check(m, p, party, 0, r);
		for (int k = 0; e == ERR_OK && k < PQntuples(periods); k++)
			e = statement_check(m, p, party, audit_int(periods, k, 0), r);
	}
	PQclear(parties);
	return e;
}

/* Whatever is somebody's must stand on his statement. */
static void
unseen_check(const struct posted *p, struct month_report *r)
{
	for (int i = 0; i < PQntuples(p->rows); i++) {
		const char *name = audit_text(p->rows, i, 0);

		if (!p->seen[i] && (name[0] == 'A' || name[0] == 'P'))
			month_found(r, MONTH_STATEMENT, "%s stands on nobody's", name);
	}
}

enum err
month_statements(struct month *m, struct month_report *r)
{
	struct posted p = {0};
	PGresult *periods = month_query(m, "select distinct period from journal order by 1");
	enum err e = periods == NULL ? ERR_IO : posted_read(&p, m);

	if (e == ERR_OK)
		e = parties_check(m, &p, periods, r);
	if (e == ERR_OK)
		unseen_check(&p, r);
	strmap_release(&p.first);
	free(p.seen);
	PQclear(p.rows);
	PQclear(periods);
	return e;
}
