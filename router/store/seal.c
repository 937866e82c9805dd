#include "store/seal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

#define BEHIND_MAX 100000 /* rows of a stream that are counted */
#define FIRST_MS 200      /* behind the start */

struct seal {
	const struct conf *conf;
	struct pool *pool;
	struct event *timer;
	bool running, closing, poked;
	int64_t now_us;
	int64_t waiting; /* rows, before the batch */
};

static void
schedule(struct seal *s, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(s->timer, &tv);
}

static void
read_behind(struct seal *s, const PGresult *r)
{
	int64_t since_us = col_time(r, 0, 1);

	s->waiting = col_i64(r, 0, 0);
	metric_set(METRIC_seal_rows_behind, s->waiting);
	metric_set(METRIC_seal_seconds_behind,
	    since_us != 0 && since_us < s->now_us ? (s->now_us - since_us) / US_PER_S : 0);
}

static enum tx_next
seal_step(struct tx *t, void *ctx)
{
	struct seal *s = ctx;
	struct pg_args *a;

	if (tx_trip(t) == 0) {
		s->now_us = clock_wall_us();
		(void)tx_args(t);
		tx_add(t, STMT_SEAL_LOCK);
		args_i64(tx_args(t), BEHIND_MAX);
		tx_add(t, STMT_SEAL_BEHIND);
		return TX_TRIP;
	}
	read_behind(s, tx_result(t, 1));
	if (PQntuples(tx_result(t, 0)) == 0 || s->waiting == 0)
		return TX_COMMIT; /* another instance seals, or there is nothing */
	a = tx_args(t);
	args_i64(a, s->conf->seal_rows_max);
	args_time(a, s->now_us);
	tx_add(t, STMT_SEAL_BATCH);
	return TX_COMMIT;
}

static void
seal_done(struct tx *t, void *ctx, enum err e)
{
	struct seal *s = ctx;
	int64_t rows = 0;
	bool more;

	s->running = false;
	if (s->closing) {
		free(s);
		return;
	}
	if (e == ERR_OK) {
		if (tx_result_count(t) == 1 && PQntuples(tx_result(t, 0)) == 1)
			rows = col_i32(tx_result(t, 0), 0, 1);
		metric_add(METRIC_sealed_rows_total, rows);
		metric_add(METRIC_seal_batches_total, rows > 0);
	} else {
		log_warn(LOG_MSG("sealing the journal failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	}
	more = e == ERR_OK && rows > 0 && s->waiting > rows;
	schedule(s, more || s->poked ? 0 : s->conf->seal_poll_ms);
	s->poked = false;
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct seal *s = ctx;

	(void)fd;
	(void)what;
	s->running = tx_start(s->pool, seal_step, seal_done, s) == ERR_OK;
	if (!s->running)
		schedule(s, s->conf->seal_poll_ms);
}

void
seal_poke(struct seal *s)
{
	if (s->running)
		s->poked = true;
	else
		schedule(s, 0);
}

enum err
seal_new(struct seal **out, struct event_base *base, const struct conf *conf, struct pool *pool)
{
	struct seal *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY;
	*s = (struct seal){.conf = conf, .pool = pool};
	s->timer = evtimer_new(base, on_timer, s);
	if (s->timer == NULL) {
		free(s);
		return ERR_NO_MEMORY;
	}
	schedule(s, conf->seal_poll_ms < FIRST_MS ? conf->seal_poll_ms : FIRST_MS);
	*out = s;
	return ERR_OK;
}

void
seal_free(struct seal *s)
{
	if (s == NULL)
		return;
	event_free(s->timer);
	s->timer = NULL;
	s->closing = true;
	if (!s->running)
		free(s);
}
