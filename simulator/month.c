#include "simulator/month.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "simulator/audit_db.h"
#include "simulator/month_bill.h"
#include "simulator/month_clock.h"
#include "simulator/month_payout.h"
#include "simulator/month_refund.h"

#define DESK_DAYS 4  /* who pays by bank does so every so many days */
#define DAYS_MAX 120 /* a month that does not end is wrong */

/* ---- Asking --------------------------------------------------------------------------------------- */

void
month_violation(struct month *m, const char *fmt, ...)
{
	va_list ap;

	m->violations++;
	(void)printf("month: ");
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)printf("\n");
}

enum err
month_call(struct month *m, const char *key, const char *method, json_t *body, json_t **out)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "/yuncang.v1.%s", method);
	return month_ask_json(m->ask, m->o->url[0], path, key, body, out);
}

enum err
month_must(struct month *m, const char *key, const char *method, json_t *body, json_t **out)
{
	enum err e = month_call(m, key, method, body, out);

	if (e != ERR_WRONG_STATE)
		return e;
	month_violation(m, "%s was refused: %s", method, month_ask_why(m->ask));
	return ERR_OK;
}

enum err
month_control(struct month *m, const char *what, json_t *body)
{
	return month_ask_control(m->ask, m->o->provider, what, body);
}

PGresult *
month_query(struct month *m, const char *sql)
{
	char now[TIME_TEXT_SIZE];
	const char *const values[] = {now};
	PGresult *r;

	format_time(m->now_us, now);
	r = PQexecParams(m->db, sql, strstr(sql, "$1") != NULL, NULL, values, NULL, NULL, 0);
	if (PQresultStatus(r) == PGRES_TUPLES_OK)
		return r;
	log_error(LOG_MSG("a query failed"), LOG_STR("sql", sql),
	    LOG_STR("why", PQerrorMessage(m->db)));
	PQclear(r);
	return NULL;
}

int64_t
month_number(struct month *m, const char *sql)
{
	PGresult *r = month_query(m, sql);
	int64_t n = -1;

	if (r != NULL && PQntuples(r) > 0)
		n = audit_int(r, 0, 0);
	PQclear(r);
	return n;
}

static enum err
approve(struct month *m, const json_t *acted, bool *done)
{
	json_t *answer;
	enum err e = month_must(m, m->o->second_key, "FinanceService/ApproveProposal",
	    json_pack("{s:s, s:s}", "proposalId", month_text(acted, "proposalId"), "note", "seen"),
	    &answer);

	*done = answer != NULL;
	m->tally.approved += answer != NULL;
	json_decref(answer);
	return e;
}

enum err
month_act(struct month *m, const char *method, json_t *body, bool may_refuse, bool *done)
{
	json_t *answer;
	const json_t *acted;
	enum err e = may_refuse ? month_call(m, m->o->key, method, body, &answer)
	                        : month_must(m, m->o->key, method, body, &answer);

	*done = false;
	if (e == ERR_WRONG_STATE)
		e = ERR_OK; /* may be */
	if (answer == NULL)
		return e;
	acted = json_object_get(answer, "acted");
	if (strcmp(month_text(acted, "state"), "PROPOSAL_STATE_WAITS") == 0)
		e = approve(m, acted, done);
	else
		*done = true;
	json_decref(answer);
	return e;
}

void
month_date(int64_t us, char out[MONTH_DATE_SIZE])
{
	int32_t y, mo, d;

	civil_from_days(day_in_china(us), &y, &mo, &d);
	(void)snprintf(out, MONTH_DATE_SIZE, "%04d-%02d-%02d", y % 10000, mo % 100, d % 100);
}

/* ---- Day by day ----------------------------------------------------------------------------------- */

static enum err
progress(struct month *m)
{
	char date[MONTH_DATE_SIZE];
	PGresult *r;

	if (m->o->quiet)
		return ERR_OK;
	r = month_query(m,
	    "select (select count(*) from settlement where ended_at is null), "
	    "(select count(*) from payout where state = 3 and rail = 1), "
	    "(select count(*) from payout where state = 4), "
	    "(select count(*) from payout where state = 3 and rail <> 1), "
	    "(select coalesce(sum(fen), 0) from payable where payout_id is null), "
	    "(select count(*) from refund where state = 3), (select count(*) from bill where state = 2), "
	    "(select count(*) from recon_exception where closed_at is null)");
	if (r == NULL)
		return ERR_IO;
	month_date(m->now_us, date);
	(void)fprintf(stderr,
	    "month %s  held %5s  split %5s  closed %3s  by bank %4s  owed %12.2f  refunds %4s  bills %4s  open %2s\n",
	    date, audit_text(r, 0, 0), audit_text(r, 0, 1), audit_text(r, 0, 2),
	    audit_text(r, 0, 3), (double)audit_int(r, 0, 4) / 100, audit_text(r, 0, 5),
	    audit_text(r, 0, 6), audit_text(r, 0, 7));
	PQclear(r);
	return ERR_OK;
}

/* What people of finance do in a day, before what follows from it is waited for. */
static enum err
desk(struct month *m, bool last)
{
	enum err e = month_refunds_confirm(m);

	if (e == ERR_OK && m->tally.days == 2)
		e = month_refunds_raise(m);
	if (e == ERR_OK && (last || m->tally.days % DESK_DAYS == 1))
		e = month_payouts(m);
	if (e == ERR_OK && m->tally.days == 4)
		e = month_withdraw(m);
	return e;
}

static enum err
days(struct month *m)
{
	int64_t end_us = INT64_MAX;
	enum err e = ERR_OK;
	bool over = false;

	while (e == ERR_OK && !over && m->tally.days < DAYS_MAX) {
		e = month_day(m);
		if (e == ERR_OK)
			e = month_end(m, &end_us);
		over = m->now_us >= end_us;
		if (e == ERR_OK)
			e = desk(m, over);
		if (e == ERR_OK)
			e = month_quiet(m);
		if (e == ERR_OK && !over)
			e = month_bill_plant(m);
		if (e == ERR_OK)
			e = progress(m);
	}
	if (e == ERR_OK && !over)
		month_violation(m, "after %d days money still waits", DAYS_MAX);
	return e;
}

/* The day's receivers are gone: what is told from here on is nobody's business but the month's. */
static enum err
journal_write(struct month *m)
{
	PGresult *r =
	    month_query(m, "select event_id from event_log order by event_id desc limit 1");
	FILE *f = r != NULL && PQntuples(r) > 0 ? fopen(m->o->journal, "a") : NULL;
	bool written = f != NULL && fprintf(f, "M\t%s\n", audit_text(r, 0, 0)) > 0;

	written = f != NULL && fclose(f) == 0 && written;
	PQclear(r);
	if (!written)
		log_error(LOG_MSG("cannot append to the journal"), LOG_STR("file", m->o->journal));
	return written ? ERR_OK : ERR_IO;
}

static enum err
play(struct month *m)
{
	enum err e = month_ask_new(&m->ask, m->o->outage_s * US_PER_S);

	if (e == ERR_OK)
		e = audit_connect(&m->db, m->o->db);
	if (e == ERR_OK)
		e = audit_command(m->db, "set default_transaction_read_only = on");
	if (e == ERR_OK)
		e = month_clock_read(m);
	m->start_us = m->now_us;
	if (e == ERR_OK)
		e = journal_write(m);
	if (e == ERR_OK)
		e = days(m);
	if (e == ERR_OK)
		e = month_bill_explain(m);
	if (e == ERR_OK)
		e = month_quiet(m);
	if (e == ERR_OK)
		e = month_periods_close(m);
	return e;
}

enum err
month_run(const struct options *o, int64_t *violations)
{
	struct month m = {.o = o};
	enum err e = play(&m);

	if (e == ERR_OK) {
		(void)printf("\n%-52s %10s\n", "what finance did", "times");
#define X(name, text) (void)printf("%-52s %10lld\n", text, (long long)m.tally.name);
		MONTH_COUNTS(X)
#undef X
	}
	*violations = m.violations;
	PQfinish(m.db);
	month_ask_free(m.ask);
	return e;
}
