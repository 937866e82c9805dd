#include "flow/recon_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "flow/app.h"
#include "flow/provider.h"

#define ARENA_MAX ((size_t)64 << 20)
#define QUEUE_MAX 16
#define WAITING_MAX 32 /* bills taken up in one look */

struct recon_job {
	struct app *app;
	struct conf conf;
	struct pool *pool;
	struct event *timer;
	struct arena *arena;
	bool busy, closing;
	struct uuid waiting[WAITING_MAX];
	int count, at;

	/* the bill that was handed over */
	struct arena *bill_arena;
	struct provider_bill_handover *handover;
};

struct conf
recon_conf(const struct conf *c)
{
	struct conf own = *c;

	own.db_statement_ms_max = c->recon_statement_ms_max;
	return own;
}

struct bill_env
recon_job_env(const struct recon_job *j)
{
	return (struct bill_env){.base = j->app->base,
	    .pool = j->pool,
	    .conf = j->app->conf,
	    .seal = j->app->seal};
}

/* ---- Bills that wait --------------------------------------------------------------------------- */

static void
schedule(struct recon_job *j)
{
	int64_t ms = j->app->conf->recon_poll_ms;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	j->busy = false;
	(void)event_add(j->timer, &tv);
}

static void next(struct recon_job *j);

static void
log_match(const struct uuid *bill, const struct recon_result *r)
{
	char id[UUID_TEXT_SIZE];

	uuid_format(bill, id);
	log_info(LOG_MSG("bill matched"), LOG_STR("bill", id), LOG_INT("lines", r->lines),
	    LOG_INT("matched", r->matched), LOG_INT("fen", r->matched_fen),
	    LOG_INT("rounded", r->rounded), LOG_INT("exceptions", r->opened + r->missing),
	    LOG_INT("closed", r->closed));
}

static void
matched(void *ctx, enum err e, const struct recon_result *r)
{
	struct recon_job *j = ctx;

	if (j->closing)
		return;
	if (e == ERR_OK && !r->waits)
		log_match(&j->waiting[j->at], r);
	j->at++;
	next(j);
}

static void
next(struct recon_job *j)
{
	struct bill_env env = recon_job_env(j);

	arena_reset(j->arena);
	if (j->at >= j->count ||
	    bill_match(&env, j->arena, &j->waiting[j->at], matched, j) != ERR_OK)
		schedule(j);
}

static void
waiting_told(void *ctx, enum err e, const struct uuid *bills, int count)
{
	struct recon_job *j = ctx;

	if (j->closing)
		return;
	j->at = 0;
	j->count = e == ERR_OK ? count : 0;
	if (j->count > 0)
		memcpy(j->waiting, bills, (size_t)j->count * sizeof(*bills));
	next(j);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct recon_job *j = ctx;

	(void)fd;
	(void)what;
	arena_reset(j->arena);
	j->busy = true;
	if (recon_waiting(j->pool, j->arena, clock_wall_us(), WAITING_MAX, waiting_told, j) !=
	    ERR_OK)
		schedule(j);
}

/* ---- Bills handed over -------------------------------------------------------------------------- */

static void
bill_end(struct recon_job *j, enum err e, const char *why)
{
	struct provider_bill_handover *h = j->handover;

	j->handover = NULL;
	provider_bill_taken(h, e, why);
	arena_free(j->bill_arena); /* ${why} may live there */
	j->bill_arena = NULL;
}

/* Refused for good or not, it is fetched again later: somebody may have put its columns right. */
static void
bill_imported(void *ctx, const struct bill_result *r)
{
	struct recon_job *j = ctx;
	enum err e = r->imported.reason.err;

	if (j->closing)
		return;
	if (e != ERR_OK)
		metric_add(METRIC_bills_put_off_total, 1);
	else if (r->matched)
		log_match(&r->imported.id, &r->recon);
	bill_end(j, e, e != ERR_OK ? r->imported.reason.text : "");
}

static void
on_bill(void *ctx, const struct provider_bill *b, struct provider_bill_handover *h)
{
	struct recon_job *j = ctx;
	struct bill_env env = recon_job_env(j);
	struct bill_task t = {.collector = "",
	    .provider = b->provider,
	    .kind = (enum bill_kind)b->kind,
	    .day = b->day,
	    .bytes = b->data,
	    .len = b->len,
	    .done = bill_imported,
	    .ctx = j};
	enum err e = ERR_NO_MEMORY;

	j->handover = h;
	j->bill_arena = arena_new(ARENA_MAX);
	if (j->bill_arena != NULL) {
		t.merchant = arena_strdup(j->bill_arena, b->merchant);
		t.sha1 = arena_strdup(j->bill_arena, b->sha1);
		if (t.merchant != NULL && t.sha1 != NULL)
			e = bill_job_start(&env, j->bill_arena, &t);
	}
	if (e != ERR_OK)
		bill_end(j, e, err_text(e));
}

/* ---- Made and unmade ----------------------------------------------------------------------------- */

enum err
recon_job_new(struct recon_job **out, struct app *app)
{
	struct recon_job *j = calloc(1, sizeof(*j));
	enum err e = ERR_NO_MEMORY;

	if (j == NULL)
		return ERR_NO_MEMORY;
	j->app = app;
	j->conf = recon_conf(app->conf);
	j->arena = arena_new(ARENA_MAX);
	j->timer = evtimer_new(app->base, on_timer, j);
	if (j->arena != NULL && j->timer != NULL)
		e = pool_new(&j->pool, app->base, &j->conf, POOL_QUERY, 1, QUEUE_MAX);
	if (e != ERR_OK) {
		if (j->timer != NULL)
			event_free(j->timer);
		arena_free(j->arena);
		free(j);
		return e;
	}
	schedule(j);
	if (app->provider != NULL)
		provider_on_bill(app->provider, on_bill, j);
	*out = j;
	return ERR_OK;
}

void
recon_job_free(struct recon_job *j)
{
	if (j == NULL)
		return;
	j->closing = true;
	event_free(j->timer);
	pool_free(j->pool);
	arena_free(j->bill_arena);
	arena_free(j->arena);
	free(j);
}
