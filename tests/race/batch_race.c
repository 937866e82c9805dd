/*
 * batch_race: one instance that drives store/batch directly, for test_batch_race.py.
 *
 *   batch_race race  DB SEED ORDERS WINDOW    sells 30 scarce keys until all are empty
 *   batch_race bench DB SEED ORDERS WINDOW    orders without scarcity; prints orders a second
 *   batch_race bad   DB SEED ORDERS WINDOW    one order of them breaks a CHECK
 *   batch_race pay   DB SEED ORDERS WINDOW    unpaid orders, paid in time, late, twice or never; they expire
 *   batch_race badpay DB SEED ORDERS WINDOW   unpaid orders, all paid at once; one payment breaks a CHECK
 *   batch_race same  DB SEED ORDERS WINDOW    all orders under the references of other instances, equal bodies
 *   batch_race sql   - 1 1 1                  prints the settings and all statements
 *
 * The world is the one that test_batch_race.py puts into the database: party 1 is the brand, 2 to 4 are
 * dealers; locations 1 to 9 are stores, location i run by dealer 2 + i % 3, location 10 is the cloud; skus
 * 1 to 3, sku 3 scarce; campaign 1.  Each acknowledged order is a line "ack ID" on stdout.
 */
#include "race_driver.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/parse.h"
#include "store/conn.h"
#include "store/expiry.h"
#include "store/probe.h"

static void
say(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* At once: what was acknowledged must be known after a kill -9. */
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		abort();
}

static void pump(evutil_socket_t fd, short what, void *ctx);

static void
job_over(struct job *j)
{
	j->busy = false;
	j->d->busy--;
	j->d->ref_busy[j->ref] = false;
	event_active(j->d->pump, 0, 0);
}

/* ---- Paying ----------------------------------------------------------------------------------- */

static void pay(struct job *j);

/* What is tried after what: in time, then the same again; too late, decided again, then given up. */
static void
pay_done(void *ctx, enum err e, enum payment_outcome outcome)
{
	struct job *j = ctx;
	struct driver *d = j->d;
	bool again = true;

	if (d->mode == BAD_PAY && e == ERR_INTERNAL) {
		assert(j->bad);
		d->internal++;
		again = false;
	} else if (j->payment_try == FIRST && e == ERR_OK) {
		assert(outcome == PAID_OPENED);
		d->opened++;
		j->payment_try = AGAIN;
		again = d->mode != BAD_PAY;
	} else if (j->payment_try == AGAIN && e == ERR_OK) {
		assert(outcome == PAID_OPENED);
		d->repeats++;
		j->payment_try = SECOND;
		again = rnd(d, 4) == 0;
	} else if (j->payment_try == FIRST && e == ERR_WRONG_STATE) {
		j->payment_try = LATE;
	} else if (j->payment_try == LATE && e == ERR_OK) {
		assert(outcome == PAID_REDECIDED);
		d->late++;
		again = false;
	} else if (j->payment_try == LATE) {
		/* Still AWAITING_PAYMENT cannot be: the row said otherwise.  A lost race is the end here. */
		assert(
		    e == ERR_OUT_OF_STOCK || e == ERR_ENTITLEMENT_USED || e == ERR_CAMPAIGN_SPENT);
		d->pay_lost++;
		j->payment_try = UNFILLABLE;
	} else if (j->payment_try == UNFILLABLE && e == ERR_OK) {
		d->unfillable++;
		again = false;
	} else if (j->payment_try == SECOND && e == ERR_OK) {
		d->second++;
		again = false;
	} else {
		d->other++;
		again = false;
	}
	if (again)
		pay(j);
	else
		job_over(j);
}

static void
pay(struct job *j)
{
	struct driver *d = j->d;
	struct payment_in *in = &j->in;
	enum err e;

	money_make(j, j->plan.part_count, true);
	if (j->bad)
		j->e1.fen[0]++; /* no longer balanced */
	if (j->payment_try == SECOND)
		(void)snprintf(j->number, sizeof(j->number), "T%s", j->ref_text);
	j->r1 = (struct posting){.event = EVENT_R1_REFUND,
	    .leg_count = 2,
	    .account = {12, 13},
	    .fen = {j->payment.amount_fen, -j->payment.amount_fen}};
	*in = (struct payment_in){.order_id = j->row.order_id,
	    .dealer = 2,
	    .collector = 2,
	    .payment = &j->payment,
	    .split_version = 1,
	    .now_us = clock_wall_us(),
	    .e1 = &j->e1,
	    .e2 = &j->e2,
	    .r1 = j->payment_try >= UNFILLABLE ? &j->r1 : NULL,
	    .fulfilment_count = j->plan.part_count,
	    .fulfilments = j->fulfilments};
	for (int i = 0; i < j->plan.part_count; i++)
		j->fulfilments[i] = (struct payment_fulfilment){.number = i + 1,
		    .dealer = d->locations[j->parts[i].location - 1].party,
		    .state = j->parts[i].location == CLOUD ? FUL_ACCEPTED : FUL_OFFERED,
		    .offer_deadline_us =
		        j->parts[i].location == CLOUD ? 0 : clock_wall_us() + US_PER_DAY};
	e = ERR_OK;
	switch (j->payment_try) {
	case FIRST:
	case AGAIN:
		e = pay_batch_add(d->pay_batch, in, pay_done, j);
		break;
	case LATE:
		e = payment_late(d->query, &d->hints, in, &j->row, pay_done, j);
		break;
	case UNFILLABLE:
		e = payment_unfillable(d->query, in, pay_done, j);
		break;
	case SECOND:
		e = payment_second(d->query, in, pay_done, j);
		break;
	}
	assert(e == ERR_OK);
}

static void
on_pay(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	pay(ctx);
}

/* Some pay at once, some when the order is about to expire, some too late, some never. */
static void
pay_later(struct job *j)
{
	static const int ms[] = {0, PAY_BY_MS, PAY_BY_MS + 50, 2 * PAY_BY_MS};
	uint64_t way = j->d->mode == BAD_PAY ? 0 : rnd(j->d, 5);
	struct timeval tv;

	if (way == 4) {
		job_over(j);
		return;
	}
	tv = (struct timeval){.tv_sec = ms[way] / 1000, .tv_usec = ms[way] % 1000 * 1000};
	j->payment_try = FIRST;
	(void)event_add(j->timer, &tv);
}

/* ---- Ordering --------------------------------------------------------------------------------- */

static void
order_done(void *ctx, const struct batch_outcome *o)
{
	struct job *j = ctx;
	struct driver *d = j->d;
	char id[UUID_TEXT_SIZE];

	switch (o->err) {
	case ERR_OK:
		d->ok++;
		uuid_format(&o->order_id, id);
		if (d->mode != BENCH)
			say("ack %s %s %d\n", id, j->ref_text, j->row.body_hash[5]);
		break;
	case ERR_WRONG_STATE:
		d->repeated++;
		break;
	case ERR_EXISTS_DIFFERS:
		d->differs++;
		break;
	case ERR_OUT_OF_STOCK:
	case ERR_ENTITLEMENT_USED:
	case ERR_CAMPAIGN_SPENT:
	case ERR_SLOT_FULL:
	case ERR_CONTENDED:
		assert(o->err == ERR_CONTENDED || o->lost_take >= 0);
		d->lost++;
		break;
	case ERR_BAD_FIELD:
		d->bad_number++;
		break;
	case ERR_INTERNAL:
		d->internal++;
		break;
	default:
		d->other++;
		break;
	}
	if ((d->mode == PAY || d->mode == BAD_PAY) && o->err == ERR_OK)
		pay_later(j);
	else
		job_over(j);
}

static void
probed(void *ctx, enum err e)
{
	struct driver *d = ctx;
	int location, sku;

	d->probing = false;
	d->empty = e == ERR_OK && !key_pick(d, &location, &sku);
	event_active(d->pump, 0, 0);
}

/* The hints say that nothing is left: only fresh figures may say so. */
static void
probe_all(struct driver *d)
{
	struct stock_key keys[LOCATIONS * SKUS];

	for (int i = 0; i < LOCATIONS * SKUS; i++)
		keys[i] = (struct stock_key){.location = i / SKUS + 1, .sku = i % SKUS + 1};
	d->probing = probe_add(d->probe, &d->world, keys, LOCATIONS * SKUS, probed, d) == ERR_OK;
}

static void
pump(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	(void)fd;
	(void)what;
	if (d->start_us == 0 && d->ok > 0)
		d->start_us = clock_mono_us();
	for (int i = 0; i < d->window && d->orders < d->orders_max && !d->empty; i++) {
		struct job *j = &d->jobs[i];

		if (j->busy)
			continue;
		if (!order_make(j)) {
			if (!d->probing && d->busy == 0)
				probe_all(d);
			return;
		}
		if (batch_add(d->batch, &j->row, order_done, j) != ERR_OK)
			return;
		j->busy = true;
		d->ref_busy[j->ref] = true;
		d->busy++;
		d->orders++;
	}
	if (d->busy > 0 || d->probing || (!d->empty && d->orders < d->orders_max))
		return;
	if (d->mode == PAY)
		(void)event_add(d->end,
		    &(struct timeval){.tv_sec = 2}); /* what is unpaid expires */
	else
		(void)event_base_loopbreak(d->base);
}

static void
on_end(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	(void)fd;
	(void)what;
	(void)event_base_loopbreak(d->base);
}

static void
open_all(struct driver *d, const char *db)
{
	struct reason r;
	bool ok;

	ok = conf_load(&d->conf, NULL, &r) == ERR_OK;
	assert(ok);
	free(d->conf.db);
	d->conf.db = strdup(db);
	d->base = event_base_new();
	assert(d->base != NULL && d->conf.db != NULL);
	ok = hints_memory_init(&d->hints, 1000) == ERR_OK;
	for (int i = 0; i < LOCATIONS * SKUS; i++) {
		struct stock_hint *h = hm_stock(&d->hints, i / SKUS + 1, i % SKUS + 1, 1);

		ok = ok && h != NULL;
		if (ok)
			h->atp = 1000000; /* stale on purpose: the commit says what is there */
	}
	ok = ok &&
	    pool_new(&d->pool, d->base, &d->conf, POOL_BATCH, (int)d->conf.db_batch_connections,
	        100) == ERR_OK;
	ok = ok && pool_new(&d->query, d->base, &d->conf, POOL_QUERY, 3, 20000) == ERR_OK;
	ok = ok && batch_new(&d->batch, d->base, &d->conf, d->pool, &d->hints) == ERR_OK;
	ok = ok && pay_batch_new(&d->pay_batch, d->base, &d->conf, d->pool) == ERR_OK;
	ok = ok && probe_new(&d->probe, d->base, d->query, &d->hints) == ERR_OK;
	assert(ok);
	if (d->mode == PAY)
		ok = expiry_new(&d->expiry, d->base, &d->conf, d->query, &d->hints) == ERR_OK;
	assert(ok);
	d->pump = event_new(d->base, -1, 0, pump, d);
	d->end = evtimer_new(d->base, on_end, d);
	d->jobs = calloc((size_t)d->window, sizeof(struct job));
	assert(d->pump != NULL && d->jobs != NULL);
	for (int i = 0; i < d->window; i++) {
		d->jobs[i].d = d;
		d->jobs[i].timer = evtimer_new(d->base, on_pay, &d->jobs[i]);
		assert(d->jobs[i].timer != NULL);
	}
}

static void
print_sql(void)
{
	(void)printf("settings\t%s\n", conn_settings);
	for (int i = 0; i < STMT_COUNT; i++)
		(void)printf("%s\t%d\t%s\n", statements[i].name, statements[i].pools,
		    statements[i].sql);
}

int
main(int argc, char **argv)
{
	static struct driver d;
	int64_t seed, window, used_us;
	static const char *const modes[] = {"race", "bench", "bad", "pay", "badpay", "same", "sql"};
	bool ok;

	if (argc != 6)
		return 2;
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		if (strcmp(argv[1], modes[m]) != 0)
			continue;
		d.mode = (int)m;
	}
	if (d.mode == SQL) {
		print_sql();
		return 0;
	}
	ok = parse_i64(argv[3], 1, INT32_MAX, &seed) == ERR_OK &&
	    parse_i64(argv[4], 1, INT32_MAX, &d.orders_max) == ERR_OK &&
	    parse_i64(argv[5], 1, 20000, &window) == ERR_OK;
	if (!ok)
		return 2;
	d.window = (int)window;
	d.random = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15);
	world_make(&d);
	open_all(&d, argv[2]);
	event_active(d.pump, 0, 0);
	(void)event_base_dispatch(d.base);
	used_us = clock_mono_us() - d.start_us;
	say("done ok=%lld repeated=%lld differs=%lld lost=%lld number=%lld internal=%lld other=%lld\n",
	    (long long)d.ok, (long long)d.repeated, (long long)d.differs, (long long)d.lost,
	    (long long)d.bad_number, (long long)d.internal, (long long)d.other);
	say("pay opened=%lld repeats=%lld late=%lld unfillable=%lld second=%lld lost=%lld expired=%lld\n",
	    (long long)d.opened, (long long)d.repeats, (long long)d.late, (long long)d.unfillable,
	    (long long)d.second, (long long)d.pay_lost,
	    (long long)metric_get(METRIC_orders_expired_total));
	say("paid batches=%lld payments=%lld splits=%lld\n",
	    (long long)metric_get(METRIC_pay_batches_total),
	    (long long)metric_get(METRIC_pay_batch_payments_total),
	    (long long)metric_get(METRIC_pay_batch_splits_total));
	say("rate orders_s=%lld batches=%lld retries=%lld splits=%lld\n",
	    (long long)(d.ok * US_PER_S / (used_us > 0 ? used_us : 1)),
	    (long long)metric_get(METRIC_batches_total),
	    (long long)metric_get(METRIC_batch_retries_total),
	    (long long)metric_get(METRIC_batch_splits_total));
	expiry_free(d.expiry);
	batch_free(d.batch);
	pay_batch_free(d.pay_batch);
	probe_free(d.probe);
	pool_free(d.query);
	pool_free(d.pool);
	hints_memory_release(&d.hints);
	for (int i = 0; i < d.window; i++)
		event_free(d.jobs[i].timer);
	event_free(d.pump);
	event_free(d.end);
	event_base_free(d.base);
	conf_release(&d.conf);
	free(d.jobs);
	return 0;
}
