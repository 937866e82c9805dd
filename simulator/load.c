#include "simulator/load.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "simulator/load_rows.h"
#include "simulator/rpc.h"

#define ARENA_MAX (64 * 1024 * 1024)
#define AGAIN_US (200 * US_PER_MS)
#define SHOW_US (5 * US_PER_S)

struct loader {
	struct load_in in;
	struct event_base *base;
	struct http_client *client;
	struct event *again;
	struct arena *arena;
	const struct load_kind *kind;
	int64_t first, count; /* the chunk under way */
	uint8_t *body;
	size_t body_len;
	struct http_call call;
	int64_t outage_us, good_us; /* when the service last answered */
	bool told;                  /* that it does not */
	int64_t rows, started_us, shown_us;
	bool quiet, tty;
	enum err err;
};

static void chunk_next(struct loader *l);

static void
progress(struct loader *l, bool done)
{
	int64_t now = clock_mono_us();
	double s = (double)(now - l->started_us) / 1e6;

	/* a log gets a line now and then, a terminal one line that moves */
	if (l->quiet || (!done && !l->tty && now - l->shown_us < SHOW_US))
		return;
	l->shown_us = now;
	(void)fprintf(stderr, "%sload %-12s %9lld rows %8.1f s%s", l->tty ? "\r" : "",
	    l->kind->name, (long long)(l->first + l->count), s, done || !l->tty ? "\n" : "");
	(void)fflush(stderr);
}

static void
load_stop(struct loader *l, enum err e)
{
	l->err = e;
	(void)event_base_loopbreak(l->base);
}

static void
chunk_send(struct loader *l)
{
	l->call.path = l->kind->path;
	l->call.body = l->body;
	l->call.body_len = l->body_len;
	http_client_send(l->client, &l->call);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	chunk_send(ctx);
}

static void
chunk_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct loader *l = call->ctx;
	struct rpc_answer a;
	struct timeval pause = {.tv_usec = AGAIN_US};

	rpc_judge(&a, l->kind->response, status, body, len);
	rpc_answer_release(&a);
	if (a.outcome == RPC_AGAIN && clock_mono_us() - l->good_us < l->outage_us) {
		if (!l->told)
			log_warn(LOG_MSG("no answer from the service, trying again"),
			    LOG_INT("seconds", l->outage_us / US_PER_S));
		l->told = true;
		(void)event_add(l->again, &pause);
		return;
	}
	free(l->body);
	l->body = NULL;
	if (a.outcome != RPC_OK) {
		log_error(LOG_MSG("the catalog refused a chunk"), LOG_STR("path", l->kind->path),
		    LOG_INT("first_row", l->first), LOG_INT("status", status),
		    LOG_STR("reason", a.reason), LOG_STR("text", a.text));
		load_stop(l, ERR_IO);
		return;
	}
	l->good_us = clock_mono_us();
	l->told = false;
	l->rows += l->count;
	progress(l, false);
	l->first += l->count;
	chunk_next(l);
}

static void
chunk_next(struct loader *l)
{
	const ProtobufCMessage *m;

	while (l->kind->name != NULL && l->first >= l->kind->row_count(l->in.world)) {
		l->first = l->kind->row_count(l->in.world);
		l->count = 0;
		progress(l, true);
		l->kind++;
		l->first = 0;
	}
	if (l->kind->name == NULL) {
		load_stop(l, ERR_OK);
		return;
	}
	l->count = l->kind->row_count(l->in.world) - l->first;
	if (l->count > l->kind->chunk)
		l->count = l->kind->chunk;
	arena_reset(l->arena);
	m = l->kind->build(&l->in, l->first, l->count, l->arena);
	if (m != NULL)
		l->body = rpc_pack(m, &l->body_len);
	if (m == NULL || l->body == NULL) {
		load_stop(l, ERR_NO_MEMORY);
		return;
	}
	chunk_send(l);
}

enum err
load_run(const struct world *w, struct event_base *base, struct http_client *client,
    int64_t outage_us, bool quiet)
{
	struct loader l = {.in = {.world = w, .now_us = clock_wall_us()},
	    .base = base,
	    .client = client,
	    .kind = load_kinds,
	    .outage_us = outage_us,
	    .quiet = quiet,
	    .tty = isatty(2) == 1};

	l.started_us = l.good_us = l.shown_us = clock_mono_us();
	l.call.done = chunk_done;
	l.call.ctx = &l;
	l.call.cut_after_us = -1;
	l.again = event_new(base, -1, 0, on_again, &l);
	l.arena = arena_new(ARENA_MAX);
	l.err = ERR_NO_MEMORY;
	if (l.again != NULL && l.arena != NULL) {
		chunk_next(&l);
		(void)event_base_dispatch(base);
	}
	if (l.again != NULL)
		event_free(l.again);
	arena_free(l.arena);
	free(l.body);
	if (l.err == ERR_OK && !quiet)
		(void)fprintf(stderr, "loaded %lld rows in %.1f s\n", (long long)l.rows,
		    (double)(clock_mono_us() - l.started_us) / 1e6);
	return l.err;
}
