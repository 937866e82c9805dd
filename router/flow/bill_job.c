#include "flow/bill_job.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "flow/bill_source.h"
#include "store/seal.h"

#define AGAIN_MS 100

/* ---- The match alone ---------------------------------------------------------------------------- */

struct match_wait {
	struct bill_env env;
	struct arena *arena;
	struct recon_ask ask;
	struct event *again;
	int64_t until_us; /* monotonic */
	int64_t closed;   /* before it was to be asked again */
	bill_match_fn *done;
	void *ctx;
};

static void
match_end(struct match_wait *x, enum err e, const struct recon_result *r)
{
	if (e == ERR_OK && !r->waits) {
		metric_add(METRIC_bills_matched_total, 1);
		metric_add(METRIC_recon_exceptions_total, r->opened + r->missing);
	} else if (r->why[0] != '\0') {
		char id[UUID_TEXT_SIZE];

		uuid_format(&x->ask.bill_id, id);
		metric_add(METRIC_bills_put_off_total, 1);
		log_warn(LOG_MSG("a bill was not matched"), LOG_STR("bill", id),
		    LOG_STR("err", err_name(e)), LOG_STR("why", r->why));
	}
	x->done(x->ctx, e, r);
}

static void
match_told(void *ctx, enum err e, const struct recon_result *r)
{
	static const struct timeval pause = {.tv_usec = AGAIN_MS * 1000};
	struct match_wait *x = ctx;
	struct recon_result all = *r;

	x->closed += r->closed;
	if (e != ERR_OK || !r->waits || clock_mono_us() > x->until_us) {
		all.closed = x->closed;
		match_end(x, e, &all);
		return;
	}
	if (x->env.seal != NULL)
		seal_poke(x->env.seal);
	(void)event_add(x->again, &pause);
}

static void
match_again(evutil_socket_t fd, short what, void *ctx)
{
	static const struct recon_result none = {0};
	struct match_wait *x = ctx;
	enum err e;

	(void)fd;
	(void)what;
	x->ask.now_us = clock_wall_us();
	e = recon_match(x->env.pool, x->arena, &x->ask, match_told, x);
	if (e != ERR_OK)
		match_end(x, e, &none);
}

static void
match_release(void *ctx)
{
	event_free(ctx);
}

enum err
bill_match(const struct bill_env *env, struct arena *arena, const struct uuid *bill,
    bill_match_fn *done, void *ctx)
{
	struct match_wait *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	x->env = *env;
	x->arena = arena;
	x->ask = (struct recon_ask){.bill_id = *bill,
	    .now_us = clock_wall_us(),
	    .tolerance_fen = env->conf->recon_tolerance_fen,
	    .exceptions_max = env->conf->recon_exceptions_max,
	    .work_mem = env->conf->recon_memory,
	    .statement_ms = env->conf->recon_statement_ms_max};
	x->ask.sealed_us = x->ask.now_us;
	x->until_us = clock_mono_us() + BILL_WAIT_US;
	x->done = done;
	x->ctx = ctx;
	x->again = evtimer_new(env->base, match_again, x);
	if (x->again == NULL)
		return ERR_NO_MEMORY;
	if (arena_on_free(arena, match_release, x->again) != ERR_OK) {
		event_free(x->again);
		return ERR_NO_MEMORY;
	}
	return recon_match(env->pool, arena, &x->ask, match_told, x);
}

/* ---- From the file on ---------------------------------------------------------------------------- */

struct bill_job {
	struct bill_env env;
	struct arena *arena;
	struct bill_task task;
	struct bill_terms *terms;
	struct bill_source_file file;
	struct bill_source source;
	struct bill_import import;
	struct bill_result result;
};

static void
release(void *ctx)
{
	struct bill_job *j = ctx;

	bill_source_release(&j->file);
}

static void
finish(struct bill_job *j)
{
	j->task.done(j->task.ctx, &j->result);
}

static void
refuse(struct bill_job *j, enum err e)
{
	if (j->result.imported.reason.err != e)
		(void)reason_set(&j->result.imported.reason, e, NULL, "%s", err_text(e));
	finish(j);
}

static void
matched(void *ctx, enum err e, const struct recon_result *r)
{
	struct bill_job *j = ctx;

	j->result.recon = *r;
	j->result.matched = e == ERR_OK && !r->waits;
	j->result.matched_before = e == ERR_NOT_FOUND;
	if (e == ERR_OK && r->waits)
		(void)reason_set(&j->result.match, ERR_NOT_READY, NULL,
		    "the books are not sealed that far");
	else if (e != ERR_OK && e != ERR_NOT_FOUND)
		(void)reason_set(&j->result.match, e, NULL, "%s",
		    r->why[0] != '\0' ? r->why : err_text(e));
	finish(j);
}

static void
imported(void *ctx, const struct bill_outcome *o)
{
	struct bill_job *j = ctx;
	enum err e;

	j->result.imported = *o;
	if (o->reason.err == ERR_OK) {
		e = bill_match(&j->env, j->arena, &j->result.imported.id, matched, j);
		if (e == ERR_OK)
			return;
		(void)reason_set(&j->result.match, e, NULL, "%s", err_text(e));
	}
	finish(j);
}

static enum err
check_terms(struct bill_job *j)
{
	const struct bill_terms *t = j->terms;
	struct reason *r = &j->result.imported.reason;

	if (t->collector == 0)
		return reason_set(r, ERR_UNKNOWN_ID, "collector", "there is no party %s%s",
		    j->task.collector, j->task.merchant);
	if (t->map.merchant[0] == '\0')
		return reason_set(r, ERR_BAD_FIELD, "collector", "%s has no merchant number",
		    j->task.collector);
	if (t->map.column_count == 0)
		return reason_set(r, ERR_BAD_FIELD, "kind",
		    "no columns are known of such a bill of this provider");
	return ERR_OK;
}

static void
terms_read(void *ctx, enum err e, struct bill_terms *terms)
{
	struct bill_job *j = ctx;

	j->terms = terms;
	if (e == ERR_OK)
		e = check_terms(j);
	if (e == ERR_OK) {
		terms->map.day = j->task.day;
		j->file = (struct bill_source_file){.file = j->task.file,
		    .bytes = j->task.bytes,
		    .len = j->task.len,
		    .sha1 = j->task.sha1,
		    .size_max = j->env.conf->bill_size_max,
		    .map = &terms->map,
		    .progress = j->task.progress,
		    .ctx = j->task.ctx};
		e = bill_source_init(&j->file);
	}
	if (e == ERR_OK) {
		e = arena_on_free(j->arena, release, j);
		if (e != ERR_OK)
			release(j);
	}
	if (e == ERR_OK) {
		j->source = bill_source(&j->file);
		j->import = (struct bill_import){.id = uuid_v7(clock_wall_us()),
		    .collector = terms->collector,
		    .provider = terms->provider,
		    .kind = j->task.kind,
		    .day = j->task.day,
		    .everybody = terms->everybody,
		    .key_id = j->task.key_id,
		    .now_us = clock_wall_us()};
		e = bill_import(j->env.pool, j->arena, &j->import, &j->source, imported, j);
	}
	if (e != ERR_OK)
		refuse(j, e);
}

enum err
bill_job_start(const struct bill_env *env, struct arena *arena, const struct bill_task *t)
{
	struct bill_job *j = arena_zalloc(arena, sizeof(*j));

	if (j == NULL)
		return ERR_NO_MEMORY;
	j->env = *env;
	j->arena = arena;
	j->task = *t;
	return bill_terms_read(env->pool, arena,
	    &(struct bill_party){t->collector, t->provider, t->merchant}, t->kind, terms_read, j);
}
