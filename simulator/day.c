#include "simulator/day.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/strmap.h"
#include "simulator/audit_db.h"
#include "simulator/day_clock.h"
#include "simulator/day_courier.h"
#include "simulator/day_customer.h"
#include "simulator/day_forger.h"
#include "simulator/day_receiver.h"
#include "simulator/day_rpc.h"
#include "simulator/day_store.h"
#include "simulator/day_till.h"
#include "simulator/day_watch.h"
#include "simulator/load.h"
#include "simulator/month_money.h"
#include "simulator/storefront.h"

#define ORDERS_DEFAULT 3000
#define TICK_US (20 * US_PER_MS)
#define SECOND_US US_PER_S
#define NIGHT_US (26 * DAY_HOUR)  /* behind the day: until the next noon and a little */
#define END_US (60 * US_PER_DAY)  /* whatever is open then is stuck */
#define SETTLE_US (60 * US_PER_S) /* real: for what is still to be told */
#define QUIET_US (2 * US_PER_S)   /* nothing under way for so long: it is over */
#define BEHIND_MAX 20
#define SHOW_US (2 * US_PER_S)

enum phase { OPENING, OPEN, CLOSED, ENDING, SETTLING, OVER };

/* The day itself beside its actors. */
struct play {
	struct day day; /* first: actors are given it */
	PGconn *db;
	struct event *tick, *second;
	enum phase phase;
	int64_t start_us, settle_until_us, quiet_since_us, shown_us;
	int64_t orders;
	uint64_t next;
	struct day_open open;
	bool tty;
	enum err err;
};

void
day_fail(struct day *d, const char *why)
{
	struct play *p = (struct play *)d;

	if (p->err == ERR_OK)
		log_error(LOG_MSG("the day ends"), LOG_STR("why", why));
	p->err = ERR_IO;
	(void)event_base_loopbreak(d->base);
}

void
day_rng(const struct day *d, const char *text, uint64_t salt, struct rng *out)
{
	rng_init(out, d->world->seed, RNG_DAY, hash64(text, strlen(text), salt));
}

/* ---- Orders --------------------------------------------------------------------------------------- */

static void
on_acknowledged(struct shop *s, const struct plan *plan, const char *order_id, void *ctx)
{
	struct play *p = ctx;

	(void)s;
	day_customers_ordered(p->day.customers, plan, order_id);
}

bool
day_pay(struct day *d, const char *order_id, const Yuncang__V1__Payment *p, bool balance)
{
	struct month_payment paid = {.order_id = order_id,
	    .number = p->number,
	    .fen = p->amount_fen,
	    .paid_us = p->paid_at->seconds * US_PER_S + p->paid_at->nanos / 1000,
	    .balance = balance};

	if (d->money == NULL || month_money_pay(d->money, &paid) == ERR_OK)
		return true;
	day_fail(d, "the payment provider takes no money");
	return false;
}

static bool
on_paying(struct shop *s, const char *order_id, const Yuncang__V1__Payment *p, void *ctx)
{
	struct play *play = ctx;

	(void)s;
	return day_pay(&play->day, order_id, p, false);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct play *p = ctx;
	int64_t since_us = day_now_us(&p->day) - p->start_us;

	(void)fd;
	(void)what;
	if (p->phase != OPEN)
		return;
	while (
	    p->next < (uint64_t)p->orders && (int64_t)p->next * US_PER_DAY / p->orders <= since_us)
		if (storefront_order(&p->day.shop, p->next++, false, clock_mono_us()) != ERR_OK)
			day_fail(&p->day, "no memory for another order");
}

/* ---- From phase to phase -------------------------------------------------------------------------- */

static const char *const phases[] = {[OPENING] = "opening",
    [OPEN] = "day",
    [CLOSED] = "night",
    [ENDING] = "days after",
    [SETTLING] = "settling",
    [OVER] = "over"};

static void
progress(struct play *p)
{
	const struct day *d = &p->day;
	int64_t since = (day_now_us(d) - p->start_us) / DAY_MIN + 8 * 60, now = clock_mono_us();

	if (d->o->quiet || now - p->shown_us < SHOW_US)
		return;
	p->shown_us = now;
	(void)fprintf(stderr,
	    "%s%-10s day %2lld %02lld:%02lld  orders %6llu  open %6lld  acts %7lld  told %7lld  to tell %6lld%s",
	    p->tty ? "\r" : "", phases[p->phase], (long long)(since / 1440 + 1),
	    (long long)(since / 60 % 24), (long long)(since % 60), (unsigned long long)p->next,
	    (long long)day_open_all(&p->open), (long long)d->tally.acts, (long long)d->tally.told,
	    (long long)p->open.untold, p->tty ? "" : "\n");
	(void)fflush(stderr);
}

static void
settle(struct play *p)
{
	int64_t now = clock_mono_us();
	bool quiet = p->open.untold == 0 && p->open.dead == 0 && day_open_all(&p->open) == 0;

	if (!quiet)
		p->quiet_since_us = now;
	if (now - p->quiet_since_us < QUIET_US && now < p->settle_until_us)
		return;
	p->phase = OVER;
	(void)event_base_loopbreak(p->day.base);
}

static void
phase_go(struct play *p)
{
	struct day *d = &p->day;
	int64_t since_us = day_now_us(d) - p->start_us;

	switch (p->phase) {
	case OPEN:
		if (since_us < US_PER_DAY)
			return;
		d->closing = true;
		p->phase = CLOSED;
		day_clock_pace(d->clock, PACE_NIGHT);
		return;
	case CLOSED:
		if (since_us < US_PER_DAY + NIGHT_US || d->shop.open > 0)
			return;
		p->phase = ENDING;
		day_receivers_mend(d->receivers);
		day_clock_pace(d->clock, PACE_TAIL);
		return;
	case ENDING:
		if (day_open_all(&p->open) > 0 && since_us < END_US)
			return;
		p->phase = SETTLING;
		day_clock_pace(d->clock, PACE_STILL);
		p->quiet_since_us = clock_mono_us();
		p->settle_until_us = p->quiet_since_us + SETTLE_US;
		return;
	case SETTLING:
		settle(p);
		return;
	default:
		return;
	}
}

/*
 * A day of the tail lasts a second: where the machine is slow, the provider's calls and bills would fall behind by weeks,
 * which no service does that has the day for it.
 */
static bool
money_keeps_up(struct play *p)
{
	static const char sql[] =
	    "select (select count(*) from provider_call where state in (1, 2, 3) and next_at <= $1) "
	    "+ (select count(*) from provider_bill where state = 1 and next_at <= $1)";
	char now[TIME_TEXT_SIZE];
	const char *const values[] = {now};
	PGresult *r;
	bool well;

	if (p->day.money == NULL)
		return true;
	format_time(day_now_us(&p->day), now);
	r = PQexecParams(p->db, sql, 1, NULL, values, NULL, NULL, 0);
	well = PQresultStatus(r) != PGRES_TUPLES_OK || audit_int(r, 0, 0) < BEHIND_MAX;
	PQclear(r);
	return well;
}

static void
on_second(evutil_socket_t fd, short what, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)what;
	if (p->phase == OPENING)
		return;
	if (day_watch(p->db, &p->open) != ERR_OK) {
		day_fail(&p->day, "the database cannot be asked");
		return;
	}
	if (p->phase == ENDING)
		day_clock_pace(p->day.clock, money_keeps_up(p) ? PACE_TAIL : PACE_STILL);
	phase_go(p);
	progress(p);
}

/* ---- The beginning -------------------------------------------------------------------------------- */

static void
loop_end(void *ctx)
{
	struct play *p = ctx;

	(void)event_base_loopbreak(p->day.base);
}

static void
begin(void *ctx)
{
	struct play *p = ctx;
	struct day *d = &p->day;

	p->start_us = day_now_us(d);
	d->shop.mix.started_us = p->start_us;
	p->phase = OPEN;
	day_clock_pace(d->clock, PACE_DAY);
	day_stores_begin(d->stores);
	day_tills_begin(d->tills);
	day_forger_begin(d->forger);
}

/* Eight in the morning of the next day in China; then the world, as it is at that hour. */
static enum err
open_world(struct play *p)
{
	struct day *d = &p->day;
	enum err e;

	day_clock_begin(d->clock, (day_real_us() / US_PER_DAY + 1) * US_PER_DAY, loop_end, p);
	(void)event_base_dispatch(d->base);
	if (p->err != ERR_OK)
		return p->err;
	e = load_run(d->world, d->base, d->acts, d->shop.outage_us, d->o->quiet);
	if (e != ERR_OK)
		return e;
	day_receivers_begin(d->receivers, begin, p);
	(void)event_base_dispatch(d->base);
	return p->err;
}

static enum err
clients_make(struct play *p)
{
	struct day *d = &p->day;
	struct http_client_options o = options_http(d->o);
	enum err e = http_client_new(&d->acts, d->base, &o);

	o.key = d->o->front_key;
	if (e == ERR_OK)
		e = http_client_new(&d->fronts, d->base, &o);
	o.key = d->o->key;
	o.connection_count = CENTRAL_COUNT + d->world->store_count;
	if (e == ERR_OK && o.connection_count > HTTP_CONNECTIONS_MAX)
		e = ERR_TOO_LARGE;
	if (e == ERR_OK)
		e = http_client_new(&d->screens, d->base, &o);
	return e;
}

static enum err
actors_make(struct play *p)
{
	struct day *d = &p->day;
	enum err e = day_clock_new(&d->clock, d);

	if (e == ERR_OK)
		e = day_courier_new(&d->courier, d);
	if (e == ERR_OK)
		e = day_receivers_new(&d->receivers, d);
	if (e == ERR_OK)
		e = day_stores_new(&d->stores, d);
	if (e == ERR_OK)
		e = day_customers_new(&d->customers, d);
	if (e == ERR_OK)
		e = day_tills_new(&d->tills, d);
	if (e == ERR_OK)
		e = day_forger_new(&d->forger, d);
	return e;
}

static enum err
events_make(struct play *p)
{
	struct timeval tick = {.tv_usec = TICK_US}, second = {.tv_sec = SECOND_US / US_PER_S};
	struct event_base *base = p->day.base;

	p->tick = event_new(base, -1, EV_PERSIST, on_tick, p);
	p->second = event_new(base, -1, EV_PERSIST, on_second, p);
	if (p->tick == NULL || p->second == NULL || event_add(p->tick, &tick) != 0 ||
	    event_add(p->second, &second) != 0)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static void
shop_make(struct play *p)
{
	struct shop *s = &p->day.shop;
	const struct options *o = p->day.o;

	s->base = p->day.base;
	s->client = p->day.acts;
	s->mix.world = p->day.world;
	s->mix.mode = MODE_STEADY;
	s->mix.pay_percent = (int)o->pay_percent;
	if (o->tag != NULL)
		(void)snprintf(s->mix.tag, sizeof(s->mix.tag), "%s", o->tag);
	else
		(void)snprintf(s->mix.tag, sizeof(s->mix.tag), "d%llx",
		    (unsigned long long)(day_real_us() / 1000));
	s->outage_us = o->outage_s * US_PER_S;
	s->acknowledged = on_acknowledged;
	if (p->day.money != NULL)
		s->paying = on_paying;
	s->ctx = p;
}

static void
play_end(struct play *p)
{
	struct day *d = &p->day;

	day_forger_free(d->forger);
	day_tills_free(d->tills);
	day_stores_free(d->stores);
	day_receivers_free(d->receivers);
	day_courier_free(d->courier);
	day_customers_free(d->customers);
	day_clock_free(d->clock);
	http_client_free(d->screens);
	http_client_free(d->fronts);
	http_client_free(d->acts);
	day_calls_drop(d);
	month_money_free(d->money);
	if (p->tick != NULL)
		event_free(p->tick);
	if (p->second != NULL)
		event_free(p->second);
	if (d->base != NULL)
		event_base_free(d->base);
	PQfinish(p->db);
	clock_offset_set(0);
}

static void
table_print(const struct day_tally *t, FILE *to)
{
	(void)fprintf(to, "\n%-52s %10s\n", "what people did", "times");
#define X(name, text) (void)fprintf(to, "%-52s %10lld\n", text, (long long)t->name);
	DAY_COUNTS(X)
#undef X
}

static enum err
play(struct play *p)
{
	struct day *d = &p->day;
	enum err e = audit_connect(&p->db, d->o->db), closed;

	if (e != ERR_OK)
		return e;
	d->base = event_base_new();
	if (d->base == NULL)
		return ERR_NO_MEMORY;
	e = clients_make(p);
	if (e != ERR_OK)
		return e;
	if (d->o->provider[0] != '\0')
		e = month_money_new(&d->money, d->o->provider, d->o->db, d->o->outage_s * US_PER_S);
	if (e == ERR_OK && d->money != NULL)
		e = month_money_trouble(d->money, d->world->dealer_count);
	if (e != ERR_OK)
		return e;
	shop_make(p);
	e = model_open(&d->shop.model, d->o->journal);
	if (e != ERR_OK)
		return e;
	e = actors_make(p);
	if (e == ERR_OK)
		e = events_make(p);
	if (e == ERR_OK)
		e = open_world(p);
	if (e == ERR_OK)
		model_day_over(&d->shop.model);
	closed = model_close(&d->shop.model);
	return e == ERR_OK ? closed : e;
}

enum err
day_run(const struct options *o, const struct world *w, int64_t *violations)
{
	struct play *p = calloc(1, sizeof(*p));
	enum err e;

	if (p == NULL)
		return ERR_NO_MEMORY;
	p->day.o = o;
	p->day.world = w;
	p->orders = o->orders > 0 ? o->orders : ORDERS_DEFAULT;
	p->tty = isatty(2) == 1;
	e = play(p);
	if (p->tty && !o->quiet)
		(void)fprintf(stderr, "\n");
	if (e == ERR_OK) {
		shop_print(&p->day.shop, (double)o->seconds, stdout);
		table_print(&p->day.tally, stdout);
	}
	*violations = p->day.shop.model.violations;
	play_end(p);
	free(p);
	return e;
}
