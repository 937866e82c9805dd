#include "store/scorecard.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "domain/policy.h"

#define DAYS_DEFAULT 30
#define OFFERS_MIN_DEFAULT 20
#define DAYS_KEPT 400
#define MEMORY_MAX ((size_t)64 << 20)
#define LATE_US (10 * US_PER_MIN) /* an act may be committed this long after its time */

struct scorecard {
	const struct conf *conf;
	struct pool *pool;
	struct catalog *catalog;
	struct event *timer;
	struct arena *arena; /* of the count under way */
	bool running, closing;

	/* the count under way */
	int64_t now_us;
	int32_t day, today, days, offers_min;
	bool leased, asked;
	int changed;
};

static void
schedule(struct scorecard *s, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(s->timer, &tv);
}

/* ---- Counting ---- */

static enum tx_next
step_lease(struct scorecard *s, struct tx *t)
{
	const struct policy *p;
	struct pg_args *a;

	s->now_us = clock_wall_us();
	s->today = (int32_t)(s->now_us / US_PER_DAY);
	s->leased = s->asked = false;
	arena_reset(s->arena);
	s->changed = 0;
	p = policy_at(catalog_world(s->catalog), s->now_us);
	s->days = p == NULL ? DAYS_DEFAULT : p->scorecard_days;
	s->offers_min = p == NULL ? OFFERS_MIN_DEFAULT : p->scorecard_offers_min;
	a = tx_args(t);
	args_time(a, s->now_us);
	args_time(a, s->now_us - s->conf->scorecard_poll_ms * US_PER_MS);
	tx_add(t, STMT_SCORE_LEASE);
	return TX_TRIP;
}

/* From the day of the last count; days before the window are not counted any more. */
static bool
leased(struct scorecard *s, const PGresult *r)
{
	int32_t first = s->today - s->days + 1;

	if (PQntuples(r) == 0)
		return false;
	s->day = col_null(r, 0, 0) ? first : (int32_t)((col_time(r, 0, 0) - LATE_US) / US_PER_DAY);
	if (s->day < first || s->day > s->today)
		s->day = first;
	return true;
}

/* A day a trip, so that each has the statement's time for itself. */
static enum tx_next
step_day(struct scorecard *s, struct tx *t)
{
	struct pg_args *a;

	a = tx_args(t);
	args_date(a, s->day);
	args_time(a, s->day * US_PER_DAY);
	args_time(a, (s->day + 1) * US_PER_DAY);
	tx_add(t, STMT_SCORE_DAY);
	s->day++;
	return TX_TRIP;
}

static enum tx_next
step_changed(struct scorecard *s, struct tx *t)
{
	struct pg_args *a;

	s->asked = true;
	a = tx_args(t);
	args_date(a, s->today - s->days + 1);
	args_i64(a, s->offers_min);
	tx_add(t, STMT_SCORE_CHANGED);
	args_date(tx_args(t), s->today - DAYS_KEPT);
	tx_add(t, STMT_SCORE_FORGET);
	return TX_TRIP;
}

/* The part's version first: its row lock keeps other writers of the parties out. */
static enum tx_next
step_write(struct scorecard *s, struct tx *t)
{
	const PGresult *r = tx_result(t, 0);
	struct pg_args *a;
	int32_t *v;

	s->changed = PQntuples(r);
	if (s->changed == 0)
		return TX_COMMIT;
	/* Kept: the first statement of a trip lets go of the results of the last. */
	v = arena_array(s->arena, (size_t)s->changed * 2, sizeof(*v));
	if (v == NULL) {
		tx_fail(t, ERR_NO_MEMORY);
		return TX_ROLLBACK;
	}
	for (int i = 0; i < s->changed * 2; i++)
		v[i] = col_i32(r, i % s->changed, i / s->changed);
	args_text(tx_args(t), "parties");
	tx_add(t, STMT_CATALOG_BUMP);
	a = tx_args(t);
	for (int col = 0; col < 2; col++) {
		args_array(a, ELEM_I32);
		for (int row = 0; row < s->changed; row++)
			elem_i32(a, v[col * s->changed + row]);
		args_array_end(a);
	}
	tx_add(t, STMT_SCORE_PARTIES);
	return TX_COMMIT;
}

static enum tx_next
count_step(struct tx *t, void *ctx)
{
	struct scorecard *s = ctx;

	if (s->closing) {
		tx_fail(t, ERR_NOT_READY);
		return TX_ROLLBACK;
	}
	if (tx_trip(t) == 0)
		return step_lease(s, t);
	if (tx_trip(t) == 1) {
		s->leased = leased(s, tx_result(t, 0));
		if (!s->leased)
			return TX_COMMIT;
	}
	if (s->day <= s->today)
		return step_day(s, t);
	return s->asked ? step_write(s, t) : step_changed(s, t);
}

static void
release(struct scorecard *s)
{
	arena_free(s->arena);
	free(s);
}

static void
count_done(struct tx *t, void *ctx, enum err e)
{
	struct scorecard *s = ctx;

	s->running = false;
	if (s->closing) {
		release(s);
		return;
	}
	if (e != ERR_OK) {
		log_warn(LOG_MSG("counting the scorecards failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	} else if (s->leased) {
		metric_add(METRIC_scorecards_total, 1);
		if (s->changed > 0)
			log_info(LOG_MSG("scorecards"), LOG_INT("changed", s->changed));
	}
	schedule(s, s->conf->scorecard_poll_ms);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct scorecard *s = ctx;

	(void)fd;
	(void)what;
	assert(!s->running);
	s->running = tx_start(s->pool, count_step, count_done, s) == ERR_OK;
	if (!s->running)
		schedule(s, s->conf->scorecard_poll_ms);
}

enum err
scorecard_new(struct scorecard **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, struct catalog *catalog)
{
	struct scorecard *s;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	*s = (struct scorecard){.conf = conf, .pool = pool, .catalog = catalog};
	s->arena = arena_new(MEMORY_MAX);
	s->timer = evtimer_new(base, on_timer, s);
	if (s->timer == NULL || s->arena == NULL) {
		if (s->timer != NULL)
			event_free(s->timer);
		release(s);
		return ERR_NO_MEMORY;
	}
	schedule(s, 0); /* the lease says whether it is time */
	*out = s;
	return ERR_OK;
}

void
scorecard_free(struct scorecard *s)
{
	if (s == NULL)
		return;
	event_free(s->timer);
	s->timer = NULL;
	s->closing = true;
	if (!s->running)
		release(s);
}

/* ---- Reading ---- */

struct reading {
	struct arena *arena;
	const int32_t *parties;
	int party_count;
	int32_t from_day, to_day;
	scores_fn *done;
	void *ctx;
};

static enum tx_next
read_step(struct tx *t, void *ctx)
{
	struct reading *r = ctx;
	struct pg_args *a;

	a = tx_args(t);
	args_array(a, ELEM_I32);
	for (int i = 0; i < r->party_count; i++)
		elem_i32(a, r->parties[i]);
	args_array_end(a);
	args_date(a, r->from_day);
	args_date(a, r->to_day);
	tx_add(t, STMT_SCORE_READ);
	(void)tx_args(t);
	tx_add(t, STMT_SCORE_RUN);
	return TX_COMMIT;
}

static void
read_row(const PGresult *r, int row, struct score_read *out)
{
	out->party = col_i32(r, row, 0);
	out->accepts = col_i64(r, row, 1);
	out->rejects = col_i64(r, row, 2);
	out->lapses = col_i64(r, row, 3);
	out->shorts = col_i64(r, row, 4);
	out->waited_s = col_i64(r, row, 5);
	for (int i = 0; i < SCORE_CLASS_COUNT; i++)
		out->waits[i] = col_i64(r, row, 6 + i);
}

static void
read_done(struct tx *t, void *ctx, enum err e)
{
	struct reading *r = ctx;
	struct score_read *scores = NULL;
	int64_t counted_us = 0;
	int count = 0;

	if (e == ERR_OK) {
		count = PQntuples(tx_result(t, 0));
		scores = arena_array(r->arena, (size_t)count, sizeof(*scores));
		e = scores == NULL ? ERR_NO_MEMORY : ERR_OK;
		for (int i = 0; e == ERR_OK && i < count; i++)
			read_row(tx_result(t, 0), i, &scores[i]);
		counted_us = col_time(tx_result(t, 1), 0, 0);
	}
	r->done(r->ctx, e, scores, e == ERR_OK ? count : 0, counted_us);
}

enum err
scores_read(struct pool *p, struct arena *arena, const int32_t *parties, int party_count,
    int32_t from_day, int32_t to_day, scores_fn *done, void *ctx)
{
	struct reading *r;

	r = arena_alloc(arena, sizeof(*r));
	if (r == NULL)
		return ERR_NO_MEMORY;
	*r = (struct reading){arena, parties, party_count, from_day, to_day, done, ctx};
	return tx_start(p, read_step, read_done, r);
}

int32_t
score_median_s(const struct score_read *s)
{
	/* The classes count what took at most their bound: each holds those before it. */
#define X(i, bound) bound,
	static const int32_t bounds[SCORE_CLASS_COUNT] = {SCORE_CLASSES(X)};
#undef X
	int64_t all = s->waits[SCORE_CLASS_COUNT - 1];

	for (int i = 0; all > 0 && i < SCORE_CLASS_COUNT - 1; i++)
		if (2 * s->waits[i] >= all)
			return bounds[i];
	return 0;
}
