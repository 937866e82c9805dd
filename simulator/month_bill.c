#include "simulator/month_bill.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"

#define PLANTED_FEN 600000
#define PLANTED_REF "unknown-refund" /* what /control/plant calls it */

enum err
month_bill_plant(struct month *m)
{
	enum err e;
	int64_t done;

	if (m->tally.planted > 0 || m->tally.partial == 0)
		return ERR_OK;
	done = month_number(m,
	    "select count(*) from refund where state = 3 and provider = 1 and done_at > $1::timestamptz - interval '10 hours'");
	if (done <= 0) /* a day without rows has no bill */
		return done < 0 ? ERR_IO : ERR_OK;
	month_date(m->now_us, m->planted);
	e = month_control(m, "plant",
	    json_pack("{s:s, s:s, s:s, s:I}", "date", m->planted, "kind", "refund", "bill", "trade",
	        "amount", (json_int_t)PLANTED_FEN));
	m->tally.planted += e == ERR_OK;
	return e;
}

static enum err
explain(struct month *m, const json_t *x)
{
	const char *id = month_text(x, "exceptionId");
	json_t *answer;
	bool done = false;
	enum err e = month_must(m, m->o->key, "FinanceService/AssignException",
	    json_pack("{s:s, s:s, s:s}", "exceptionId", id, "owner", "first", "note",
	        "the provider knows of a refund that nobody gave"),
	    &answer);

	json_decref(answer);
	if (e == ERR_OK)
		e = month_act(m, "FinanceService/ResolveException",
		    json_pack("{s:s, s:s, s:s, s:s}", "ref", id, "exceptionId", id, "resolution",
		        "RESOLUTION_LOSS", "note",
		        "written off: given by the provider's console, to nobody we know"),
		    false, &done);
	m->tally.explained += done;
	return e;
}

static bool
is_planted(const struct month *m, const json_t *x)
{
	return strcmp(month_text(x, "ref"), PLANTED_REF) == 0 &&
	    strcmp(month_text(x, "date"), m->planted) == 0 && month_int(x, "fen") == -PLANTED_FEN &&
	    strcmp(month_text(x, "what"), "refund") == 0;
}

enum err
month_bill_explain(struct month *m)
{
	json_t *answer, *x;
	size_t i;
	enum err e = month_must(m, m->o->key, "FinanceService/ListExceptions",
	    json_pack("{s:i}", "pageSize", 100), &answer);

	json_array_foreach(json_object_get(answer, "exceptions"), i, x)
	{
		if (!is_planted(m, x))
			month_violation(m,
			    "a difference that nobody planted: %s %s of %s, %lld fen",
			    month_text(x, "what"), month_text(x, "ref"), month_text(x, "date"),
			    (long long)month_int(x, "fen"));
		else if (e == ERR_OK)
			e = explain(m, x);
	}
	json_decref(answer);
	if (e == ERR_OK && m->tally.explained != m->tally.planted)
		month_violation(m, "%lld differences were planted, %lld found and explained",
		    (long long)m->tally.planted, (long long)m->tally.explained);
	return e;
}

static int64_t
period_of(int64_t us)
{
	int32_t y, mo, d;

	civil_from_days(day_in_china(us), &y, &mo, &d);
	return y * 100 + mo;
}

enum err
month_periods_close(struct month *m)
{
	int64_t now = period_of(m->now_us);

	for (;;) {
		json_t *answer;
		int64_t next;
		enum err e =
		    month_must(m, m->o->key, "FinanceService/ListPeriods", json_object(), &answer);

		if (answer == NULL)
			return e;
		next = month_int(json_object_get(answer, "next"), "period");
		json_decref(answer);
		if (next == 0 || next >= now)
			return ERR_OK;
		e = month_must(m, m->o->key, "FinanceService/ClosePeriod",
		    json_pack("{s:I}", "period", (json_int_t)next), &answer);
		if (answer == NULL)
			return e;
		m->tally.closed++;
		json_decref(answer);
	}
}
