#include "store/fanout.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/metric.h"

#define SET_MAX 500 /* as the statement has it */

struct fanout {
	const struct conf *conf;
	struct pool *pool;
	struct event *timer;
	fanout_fn *told;
	void *ctx;
	bool running, closing;
	int moved, made; /* of the set under way */
};

static void
schedule(struct fanout *f, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(f->timer, &tv);
}

static enum tx_next
fanout_step(struct tx *t, void *ctx)
{
	struct fanout *f = ctx;

	switch (tx_trip(t)) {
	case 0:
		f->moved = f->made = 0;
		(void)tx_args(t);
		tx_add(t, STMT_FANOUT_TURN);
		return TX_TRIP;
	case 1:
		if (!col_bool(tx_result(t, 0), 0, 0))
			return TX_COMMIT;
		(void)tx_args(t);
		tx_add(t, STMT_FANOUT);
		return TX_TRIP;
	default:
		f->moved = col_i32(tx_result(t, 0), 0, 0);
		f->made = col_i32(tx_result(t, 0), 0, 1);
		if (f->made == 0)
			return TX_COMMIT;
		args_i64(tx_args(t), f->conf->webhook_backlog_max);
		tx_add(t, STMT_FANOUT_BACKLOG);
		return TX_COMMIT;
	}
}

static void
tell_backlog(const PGresult *r)
{
	for (int i = 0; i < PQntuples(r); i++) {
		metric_add(METRIC_webhook_disabled_total, 1);
		log_error(LOG_MSG("webhook endpoint disabled: too many deliveries wait"),
		    LOG_STR("endpoint", col_text(r, i, 0)));
	}
}

static void
fanout_done(struct tx *t, void *ctx, enum err e)
{
	struct fanout *f = ctx;

	f->running = false;
	if (f->closing) {
		free(f);
		return;
	}
	if (e == ERR_OK) {
		metric_add(METRIC_events_told_total, f->moved);
		if (f->made > 0) {
			tell_backlog(tx_result(t, 0));
			f->told(f->ctx);
		}
	} else {
		f->moved = 0;
		log_warn(LOG_MSG("moving events out of the outbox failed"),
		    LOG_STR("err", err_name(e)), LOG_STR("server", tx_sql_error(t)));
	}
	schedule(f, f->moved == SET_MAX ? 0 : f->conf->webhook_poll_ms);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct fanout *f = ctx;

	(void)fd;
	(void)what;
	f->running = tx_start(f->pool, fanout_step, fanout_done, f) == ERR_OK;
	if (!f->running)
		schedule(f, f->conf->webhook_poll_ms);
}

enum err
fanout_new(struct fanout **out, struct event_base *base, const struct conf *conf, struct pool *pool,
    fanout_fn *told, void *ctx)
{
	struct fanout *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NO_MEMORY;
	*f = (struct fanout){.conf = conf, .pool = pool, .told = told, .ctx = ctx};
	f->timer = evtimer_new(base, on_timer, f);
	if (f->timer == NULL) {
		free(f);
		return ERR_NO_MEMORY;
	}
	schedule(f, conf->webhook_poll_ms);
	*out = f;
	return ERR_OK;
}

void
fanout_free(struct fanout *f)
{
	if (f == NULL)
		return;
	event_free(f->timer);
	f->timer = NULL;
	f->closing = true;
	if (!f->running)
		free(f);
}
