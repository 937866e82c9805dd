#include "simulator/month_clock.h"

#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "simulator/audit_db.h"

#define OPENS_US (10 * 60 * US_PER_MIN + 30 * US_PER_MIN)
#define LOOK_MS 40
#define QUIET_LOOKS 2 /* one after the other: what ends may begin something else */
#define DAYS_BEHIND 8
#define DAY_WAIT_US \
	(45 * US_PER_S) /* the first day has what the day left behind, bills above all */
#define LATER_WAIT_US (2 * US_PER_S) /* once it was in vain */

/*
 * What is due and not done: holds, orders to be looked at, calls, refunds through the provider, bills to be fetched, to be
 * matched, rows that are not sealed.  What is to be tried again later is not due.
 */
static const char waits_sql[] =
    "select case when exists (select from provider_bill where state = 1 and next_at <= $1) then 1 "
    "when exists (select from provider_call where state in (1, 2, 3) and next_at <= $1) then 2 "
    "when exists (select from settle_work where at <= $1) then 3 "
    "when exists (select from settlement where ended_at is null and due_at <= $1) then 4 "
    "when exists (select from refund where state in (1, 4, 5) and due_at <= $1 and provider = 1) then 5 "
    "when exists (select from bill where state = 1) then 6 when ledger_unsealed(999912) then 7 else 0 end";
static const char *const waits[] = {"nothing", "bills to be fetched", "calls to the provider",
    "orders to be looked at", "holds that are over", "refunds", "bills to be matched",
    "rows to be sealed"};

static int64_t
midnight(int64_t us)
{
	int64_t here = us + CHINA_US;

	return here - here % US_PER_DAY - CHINA_US;
}

static enum err
move(struct month *m, int64_t to_us)
{
	char text[TIME_TEXT_SIZE];
	enum err e = month_control(m, "clock", json_pack("{s:I}", "now", (json_int_t)to_us));

	format_time(to_us, text);
	for (int i = 0; e == ERR_OK && i < m->o->url_count; i++) {
		json_t *answer;

		e = month_ask_json(m->ask, m->o->url[i], "/yuncang.v1.AdminService/MoveClock",
		    m->o->key, json_pack("{s:s}", "to", text), &answer);
		json_decref(answer);
	}
	if (e != ERR_OK)
		log_error(LOG_MSG("a clock cannot be moved"),
		    LOG_STR("why", month_ask_why(m->ask)));
	m->now_us = to_us;
	return e == ERR_OK ? ERR_OK : ERR_IO;
}

enum err
month_clock_read(struct month *m)
{
	json_t *answer;
	enum err e = month_call(m, m->o->key, "AdminService/MoveClock",
	    json_pack("{s:s}", "byMs", "1"), &answer);

	if (e == ERR_OK && parse_time(month_text(answer, "now"), &m->now_us) != ERR_OK)
		e = ERR_IO;
	json_decref(answer);
	return e;
}

enum err
month_quiet(struct month *m)
{
	int64_t since = clock_mono_us(), wait_us = m->violations > 0 ? LATER_WAIT_US : DAY_WAIT_US;

	for (int looks = 0; looks < QUIET_LOOKS;) {
		int64_t what = month_number(m, waits_sql);

		if (what < 0)
			return ERR_IO;
		looks = what == 0 ? looks + 1 : 0;
		if (clock_mono_us() - since > wait_us) {
			month_violation(m, "%s are due and not done", waits[what]);
			return ERR_OK;
		}
		(void)poll(NULL, 0, LOOK_MS);
	}
	return ERR_OK;
}

enum err
month_day(struct month *m)
{
	int64_t to_us = midnight(m->now_us) + OPENS_US;
	enum err e;

	if (to_us <= m->now_us)
		to_us += US_PER_DAY;
	e = move(m, to_us);
	m->tally.days++;
	return e == ERR_OK ? month_quiet(m) : e;
}

enum err
month_end(struct month *m, int64_t *us)
{
	/* the last hold, the last payment that the provider releases by himself; and a few days for what follows */
	int64_t last_us = US_PER_S *
	    month_number(m,
	        "select extract(epoch from greatest('2000-01-01', (select max(due_at) from settlement "
	        "where ended_at is null), (select max(paid_at) + interval '31 days' "
	        "from payment where released_at is null and provider = 1)))::int8");
	int64_t over_us;
	int32_t y, mo, d;

	if (last_us < 0)
		return ERR_IO;
	if (last_us < m->start_us)
		last_us = m->start_us;
	*us = midnight(last_us) + DAYS_BEHIND * US_PER_DAY + OPENS_US;
	civil_from_days(day_in_china(m->start_us), &y, &mo, &d);
	if (++mo == 13) {
		mo = 1;
		y++;
	}
	over_us = days_from_civil(y, mo, 1) * US_PER_DAY - CHINA_US + US_PER_DAY + OPENS_US;
	if (*us < over_us)
		*us = over_us;
	return ERR_OK;
}
