#include "store/retention.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

#define SET_MAX 500   /* as the statements have it */
#define FIRST_MS 1000 /* behind the start */
#define BETWEEN_MS 20 /* sets, so that others get their turn */

struct retention {
	const struct conf *conf;
	struct pool *pool;
	struct event *timer;
	bool running, closing;
	int64_t erased; /* contacts, in the sets since the last pause */
};

struct uuid
retention_bound(int64_t at_us)
{
	uint64_t ms = at_us > 0 ? (uint64_t)(at_us / US_PER_MS) : 0;
	struct uuid u = {{0}};

	for (int i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
	return u;
}

static void
schedule(struct retention *r, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(r->timer, &tv);
}

static enum tx_next
retention_step(struct tx *t, void *ctx)
{
	struct retention *r = ctx;
	int64_t days = r->conf->retention_days;
	struct uuid bound = retention_bound(clock_wall_us() - days * US_PER_DAY);

	/* 0: the bound that no id is below. */
	if (days == 0)
		bound = retention_bound(0);
	args_uuid(tx_args(t), &bound);
	tx_add(t, STMT_RETENTION_CONTACTS);
	args_i32(tx_args(t), (int32_t)r->conf->dead_letter_days);
	tx_add(t, STMT_RETENTION_DEAD);
	(void)tx_args(t);
	tx_add(t, STMT_RETENTION_SECRETS);
	return TX_COMMIT;
}

static void
retention_done(struct tx *t, void *ctx, enum err e)
{
	struct retention *r = ctx;
	bool more = false;

	r->running = false;
	if (r->closing) {
		free(r);
		return;
	}
	if (e == ERR_OK) {
		r->erased += tx_affected(t, 0);
		metric_add(METRIC_contacts_erased_total, tx_affected(t, 0));
		more = tx_affected(t, 0) == SET_MAX || tx_affected(t, 1) == SET_MAX;
	} else {
		log_warn(LOG_MSG("erasing what is past its time failed"),
		    LOG_STR("err", err_name(e)), LOG_STR("server", tx_sql_error(t)));
	}
	if (!more && r->erased > 0) {
		log_info(LOG_MSG("contacts erased"), LOG_INT("count", r->erased),
		    LOG_INT("retention_days", r->conf->retention_days));
		r->erased = 0;
	}
	schedule(r, more ? BETWEEN_MS : r->conf->retention_poll_ms);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct retention *r = ctx;

	(void)fd;
	(void)what;
	r->running = tx_start(r->pool, retention_step, retention_done, r) == ERR_OK;
	if (!r->running)
		schedule(r, r->conf->retention_poll_ms);
}

enum err
retention_new(struct retention **out, struct event_base *base, const struct conf *conf,
    struct pool *pool)
{
	struct retention *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NO_MEMORY;
	*r = (struct retention){.conf = conf, .pool = pool};
	r->timer = evtimer_new(base, on_timer, r);
	if (r->timer == NULL) {
		free(r);
		return ERR_NO_MEMORY;
	}
	schedule(r, conf->retention_poll_ms < FIRST_MS ? conf->retention_poll_ms : FIRST_MS);
	*out = r;
	return ERR_OK;
}

void
retention_free(struct retention *r)
{
	if (r == NULL)
		return;
	event_free(r->timer);
	r->timer = NULL;
	r->closing = true;
	if (!r->running)
		free(r);
}
