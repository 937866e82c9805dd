#include "flow/courier_poll.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "store/courier_feed.h"

#define LEASE_SPARE_MS 5000 /* beyond the courier's time and the pause: for taking the news in */

struct courier_poll {
	const struct conf *conf;
	struct courier *courier;
	courier_take_fn *take;
	void *ctx;
	struct event *timer;
	struct courier_feed feed;
	struct courier_call *call; /* under way */
	bool saving, in_store, closing;
	int count; /* of the news in hand */
};

static void
schedule(struct courier_poll *p, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(p->timer, &tv);
}

static void
next_round(struct courier_poll *p, bool more)
{
	schedule(p, more ? 0 : p->conf->courier_poll_ms);
}

static void
store_failed(struct courier_poll *p, enum err e)
{
	if (e != ERR_WRONG_STATE)
		log_warn(LOG_MSG("the courier's feed cannot be read or written"),
		    LOG_STR("err", err_name(e)));
	next_round(p, false);
}

void
courier_poll_taken(struct courier_poll *p, enum err e)
{
	if (e == ERR_OK) {
		p->saving = true;
		e = courier_feed_save(&p->feed);
		p->in_store = e == ERR_OK;
	}
	if (e != ERR_OK)
		store_failed(p, e);
}

static void
tracked(void *ctx, const struct courier_reply *r)
{
	struct courier_poll *p = ctx;
	bool moved;

	p->call = NULL;
	if (r->err != ERR_OK) {
		next_round(p, false);
		return;
	}
	moved = strcmp(p->feed.cursor, r->cursor) != 0;
	assert(strlen(r->cursor) < sizeof(p->feed.cursor));
	memcpy(p->feed.cursor, r->cursor, strlen(r->cursor) + 1);
	p->count = moved ? r->news_count : 0;
	if (r->news_count > 0)
		p->take(p->ctx, p, r->news, r->news_count);
	else if (moved)
		courier_poll_taken(p, ERR_OK);
	else
		next_round(p, false);
}

static void
feed_done(void *ctx, enum err e, const char *cursor)
{
	struct courier_poll *p = ctx;

	p->in_store = false;
	if (p->closing) {
		free(p);
		return;
	}
	if (e == ERR_OK && p->saving) {
		next_round(p, p->count > 0);
		return;
	}
	if (e == ERR_OK) {
		assert(strlen(cursor) < sizeof(p->feed.cursor));
		memcpy(p->feed.cursor, cursor, strlen(cursor) + 1);
		e = p->courier->ops->track(p->courier, p->feed.cursor, tracked, p, &p->call);
	}
	if (e != ERR_OK)
		store_failed(p, e);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct courier_poll *p = ctx;
	enum err e;

	(void)fd;
	(void)what;
	p->saving = false;
	p->feed.lease_ms = p->conf->courier_timeout_ms + p->conf->courier_poll_ms + LEASE_SPARE_MS;
	e = courier_feed_claim(&p->feed);
	p->in_store = e == ERR_OK;
	if (e != ERR_OK)
		store_failed(p, e);
}

enum err
courier_poll_new(struct courier_poll **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, struct courier *courier, courier_take_fn *take, void *ctx)
{
	struct courier_poll *p = calloc(1, sizeof(*p));

	_Static_assert(COURIER_FEED_CURSOR_SIZE == COURIER_CURSOR_SIZE, "one cursor");
	if (p == NULL)
		return ERR_NO_MEMORY;
	*p = (struct courier_poll){.conf = conf, .courier = courier, .take = take, .ctx = ctx};
	p->feed.pool = pool;
	p->feed.done = feed_done;
	p->feed.ctx = p;
	random_bytes(p->feed.self.b, sizeof(p->feed.self.b));
	p->timer = evtimer_new(base, on_timer, p);
	if (p->timer == NULL) {
		free(p);
		return ERR_NO_MEMORY;
	}
	schedule(p, conf->courier_poll_ms);
	*out = p;
	return ERR_OK;
}

void
courier_poll_free(struct courier_poll *p)
{
	if (p == NULL)
		return;
	if (p->call != NULL)
		p->courier->ops->cancel(p->call);
	p->call = NULL;
	event_free(p->timer);
	p->timer = NULL;
	p->closing = true;
	if (!p->in_store)
		free(p);
}
