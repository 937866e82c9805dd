#include "flow/payout_job.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "edge/wire_write.h"
#include "flow/payout_flow.h"
#include "flow/settle.h"
#include "flow/thaw.h"
#include "store/payout_run.h"

#define DUE_ARENA_MAX ((size_t)16 << 20)
#define BATCH_ARENA_MAX ((size_t)64 << 20)
#define REQUEST_BYTES_MAX 4096
#define LOOK_MS 60000 /* whether it is time */

struct payout_job {
	struct app *app;
	struct event *tick, *next;
	struct arena *due_arena, *arena; /* of what is due; of the batch in hand */
	struct wire_out packed;
	bool running, closing;
	int64_t now_us; /* when the run began */
	const struct payout_due *due;
	int count, at;
	int tries; /* of the batch in hand */
	struct payout_prepare prepare;
	struct payout_instruct instruct;
	struct proposal_row row;
	struct proposal_mark mark;
};

static void
schedule(struct payout_job *j, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(j->tick, &tv);
}

static void
release(struct payout_job *j)
{
	if (j->tick != NULL)
		event_free(j->tick);
	if (j->next != NULL)
		event_free(j->next);
	wire_out_release(&j->packed);
	arena_free(j->due_arena);
	arena_free(j->arena);
	free(j);
}

static void
ended(struct payout_job *j)
{
	const int64_t every_ms = j->app->conf->payout_prepare_ms;

	j->running = false;
	if (j->closing)
		release(j);
	else
		schedule(j, every_ms == 0 || every_ms > LOOK_MS ? LOOK_MS : every_ms);
}

/* Goes on from a fresh stack: what called back is still on this one, and in the arena. */
static void
go_on(struct payout_job *j)
{
	static const struct timeval at_once = {0};

	if (j->closing || event_add(j->next, &at_once) != 0)
		ended(j);
}

/* ---- One batch ----------------------------------------------------------------------------------- */

/* The batch in hand is done with, whatever became of it: one that failed is due in the next run. */
static void
batch_ends(struct payout_job *j, enum err e)
{
	const bool again = e == ERR_CONTENDED && !j->closing &&
	    ++j->tries < j->app->conf->decide_tries_max;

	if (!again) {
		if (e != ERR_OK)
			log_warn(LOG_MSG("payouts were not prepared"),
			    LOG_STR("collector", j->due[j->at].code),
			    LOG_INT("rail", j->due[j->at].rail), LOG_STR("err", err_name(e)));
		j->at++;
		j->tries = 0;
	}
	go_on(j);
}

static void
log_batch(const struct payout_job *j, const char *msg)
{
	log_info(LOG_MSG(msg), LOG_STR("ref", j->row.ref), LOG_STR("collector", j->due[j->at].code),
	    LOG_INT("rail", j->prepare.rail), LOG_INT("fen", j->row.fen));
}

static void
instructed(void *ctx, enum err e)
{
	struct payout_job *j = ctx;

	if (e == ERR_OK) {
		log_batch(j, "payouts prepared and instructed");
		settle_poke(j->app->settle);
	}
	batch_ends(j, e == ERR_WRONG_STATE ? ERR_OK : e); /* somebody else was faster */
}

static void
waits(void *ctx, enum err e, const struct proposal_row *row, const char *name)
{
	struct payout_job *j = ctx;

	(void)row;
	(void)name;
	if (e == ERR_OK)
		log_batch(j, "payouts prepared, which wait for two persons");
	batch_ends(j, e);
}

/* The same request as somebody would have sent: he who repeats his own is answered with this one's proposal. */
static enum err
row_fill(struct payout_job *j, const struct payout_batch_row *batch)
{
	Yuncang__V1__PreparePayoutsRequest q = YUNCANG__V1__PREPARE_PAYOUTS_REQUEST__INIT;
	const uint8_t *packed;
	size_t len;
	enum err e;

	q.ref = message_text(j->prepare.ref);
	q.collector = message_text(j->due[j->at].code);
	q.rail = (Yuncang__V1__Rail)j->prepare.rail;
	e = wire_write(&j->packed, &q.base, &packed, &len);
	if (e != ERR_OK)
		return e;
	j->row = (struct proposal_row){.id = uuid_v7(j->now_us),
	    .kind = PROPOSAL_PAYOUT_BATCH,
	    .body = packed,
	    .body_len = len,
	    .fen = batch->fen,
	    .about = payout_batch_about(batch, j->arena),
	    .ref = j->prepare.ref,
	    .note = "",
	    .state = PROPOSAL_WAITS,
	    .proposed_us = j->now_us};
	digest_sha256(packed, len, j->row.hash);
	return j->row.about != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static void
prepared(void *ctx, enum err e, const struct payout_batch_row *batch)
{
	struct payout_job *j = ctx;
	struct pool *p = j->app->query_pool;

	if (e == ERR_WRONG_STATE || (e == ERR_OK && batch->state != BATCH_PREPARED)) {
		batch_ends(j, ERR_OK); /* it comes to nothing, or somebody else was faster */
		return;
	}
	if (e == ERR_OK)
		e = row_fill(j, batch);
	if (e == ERR_OK &&
	    proposal_for_two(j->app->conf, batch->fen, payout_batch_for_two(batch))) {
		e = proposal_wait(p, j->arena, &j->row, waits, j);
	} else if (e == ERR_OK) {
		j->mark = (struct proposal_mark){.row = &j->row,
		    .fresh = true,
		    .at_us = j->now_us,
		    .note = ""};
		j->instruct = (struct payout_instruct){.ref = j->row.ref,
		    .now_us = j->now_us,
		    .mark = &j->mark};
		e = payout_instruct_start(p, j->arena, &j->instruct, instructed, j);
	}
	if (e != ERR_OK)
		batch_ends(j, e);
}

static void
batch_begin(struct payout_job *j)
{
	const struct payout_due *d = &j->due[j->at];
	char time[TIME_TEXT_SIZE];
	enum err e = ERR_NO_MEMORY;

	arena_reset(j->arena);
	format_time(j->now_us, time);
	j->prepare = (struct payout_prepare){.ref = d->ref,
	    .collector = d->collector,
	    .rail = d->rail,
	    .now_us = j->now_us};
	if (d->ref[0] == '\0')
		j->prepare.ref = arena_printf(j->due_arena, "auto-%s-%d", time, j->at + 1);
	if (j->prepare.ref != NULL)
		e = payout_prepare_start(j->app->query_pool, j->arena, &j->prepare, prepared, j);
	if (e != ERR_OK)
		batch_ends(j, e);
}

/* ---- Runs ---------------------------------------------------------------------------------------- */

static void
next_batch(evutil_socket_t fd, short what, void *ctx)
{
	struct payout_job *j = ctx;

	(void)fd;
	(void)what;
	if (j->at == j->count || j->app->draining)
		ended(j);
	else
		batch_begin(j);
}

static void
due_told(void *ctx, enum err e, bool leased, const struct payout_due *due, int count)
{
	struct payout_job *j = ctx;

	(void)e; /* logged there */
	(void)leased;
	j->due = due;
	j->count = count;
	j->at = j->tries = 0;
	go_on(j);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct payout_job *j = ctx;
	const int64_t every_ms = j->app->conf->payout_prepare_ms;

	(void)fd;
	(void)what;
	j->running = true;
	j->now_us = clock_wall_us();
	arena_reset(j->due_arena);
	if (every_ms == 0 || j->app->draining ||
	    payout_run_start(j->app->query_pool, j->due_arena, j->now_us,
	        j->now_us - every_ms * US_PER_MS, due_told, j) != ERR_OK)
		ended(j);
}

/* ---- Made and unmade ----------------------------------------------------------------------------- */

enum err
payout_job_new(struct payout_job **out, struct app *app)
{
	struct payout_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return ERR_NO_MEMORY;
	j->app = app;
	wire_out_init(&j->packed, REQUEST_BYTES_MAX);
	j->due_arena = arena_new(DUE_ARENA_MAX);
	j->arena = arena_new(BATCH_ARENA_MAX);
	j->tick = evtimer_new(app->base, on_tick, j);
	j->next = evtimer_new(app->base, next_batch, j);
	if (j->due_arena == NULL || j->arena == NULL || j->tick == NULL || j->next == NULL) {
		release(j);
		return ERR_NO_MEMORY;
	}
	schedule(j, 0); /* the lease says whether it is time */
	*out = j;
	return ERR_OK;
}

void
payout_job_free(struct payout_job *j)
{
	if (j == NULL)
		return;
	(void)event_del(j->tick);
	j->closing = true;
	if (!j->running)
		release(j);
	else if (evtimer_pending(j->next, NULL))
		ended(j); /* nothing of it is with the database */
}
