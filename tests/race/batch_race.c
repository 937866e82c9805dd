/*
 * batch_race: one instance that drives store/batch directly, for test_batch_race.py.
 *
 *   batch_race race  DB SEED ORDERS WINDOW    sells 30 scarce keys until all are empty
 *   batch_race bench DB SEED ORDERS WINDOW    orders without scarcity; prints orders a second
 *   batch_race bad   DB SEED ORDERS WINDOW    one order of them breaks a CHECK
 *   batch_race pay   DB SEED ORDERS WINDOW    unpaid orders, paid in time, late, twice or never; they expire
 *   batch_race same  DB SEED ORDERS WINDOW    all orders under the references of other instances, equal bodies
 *   batch_race sql   - 1 1 1                  prints the settings and all statements
 *
 * The world is the one that test_batch_race.py puts into the database: party 1 is the brand, 2 to 4 are
 * dealers; locations 1 to 9 are stores, location i run by dealer 2 + i % 3, location 10 is the cloud; skus
 * 1 to 3, sku 3 scarce; campaign 1.  Each acknowledged order is a line "ack ID" on stdout.
 */
#include <assert.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/parse.h"
#include "store/batch.h"
#include "store/conn.h"
#include "store/expiry.h"
#include "store/payment.h"
#include "store/probe.h"

#define LOCATIONS 10
#define CLOUD 10
#define SKUS 3
#define SCARCE_SKU 3
#define DAY 20800 /* of all capacity */
#define LINES_MAX 3
#define REFS 40000
#define PRICE 10000
#define DISCOUNT 500
#define PAY_BY_MS 700

struct job {
	struct driver *d;
	bool busy;
	struct event *timer; /* until it is paid */
	struct payment_in in;
	struct payment_fulfilment fulfilments[LINES_MAX];
	struct posting r1;
	enum { FIRST, AGAIN, LATE, UNFILLABLE, SECOND } payment_try;
	int ref;
	char ref_text[32], number[40];
	struct order_row row;
	struct frozen frozen;
	struct order_line lines[LINES_MAX];
	struct plan plan;
	struct part parts[LINES_MAX];
	struct part_line part_lines[LINES_MAX];
	struct split split;
	struct leg legs[LINES_MAX * 2];
	struct payment_row payment;
	struct contact_row contact;
	struct posting e1, e2;
	struct take takes[LINES_MAX * 3 + 1];
	uint8_t record[400];
};

struct driver {
	struct event_base *base;
	struct conf conf;
	struct pool *pool, *query;
	struct batch *batch;
	struct probe *probe;
	struct hints_memory hints;
	struct world world;
	struct party parties[4];
	struct location locations[LOCATIONS];
	struct sku skus[SKUS];
	struct campaign campaign;
	int32_t ids[LOCATIONS + 1];
	uint64_t random;
	enum { RACE, BENCH, BAD, PAY, SAME, SQL } mode;
	struct expiry *expiry;
	struct event *end;
	int64_t opened, repeats, late, unfillable, second, pay_lost;
	int64_t orders_max, orders;
	int window, busy;
	struct job *jobs;
	bool ref_busy[REFS];
	int64_t ok, repeated, differs, lost, bad_number, internal, other;
	int64_t start_us;
	bool probing, empty;
	struct event *pump;
};

static uint64_t
rnd(struct driver *d, uint64_t below)
{
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return (d->random >> 11) % below;
}

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

static void
world_make(struct driver *d)
{
	struct world *w = &d->world;

	for (int i = 0; i < 4; i++)
		d->parties[i] = (struct party){.id = i + 1,
		    .kind = i == 0 ? PARTY_BRAND : PARTY_DEALER,
		    .code = "P"};
	for (int i = 0; i < LOCATIONS; i++) {
		d->locations[i] = (struct location){.id = i + 1,
		    .party = i + 1 == CLOUD ? 1 : 2 + (i + 1) % 3,
		    .kind = i + 1 == CLOUD ? LOC_CLOUD : LOC_STORE,
		    .accept_min = 30,
		    .code = "L",
		    .capacity_day = i + 1 == CLOUD ? 0 : 1000000};
		d->ids[i + 1] = i;
	}
	for (int i = 0; i < SKUS; i++)
		d->skus[i] = (struct sku){.id = i + 1, .scarce = i + 1 == SCARCE_SKU, .code = "S"};
	d->campaign = (struct campaign){.id = 1, .code = "C"};
	*w = (struct world){.brand = 1,
	    .parties = d->parties,
	    .party_count = 4,
	    .locations = d->locations,
	    .location_count = LOCATIONS,
	    .location_by_id = d->ids,
	    .location_id_max = LOCATIONS + 1,
	    .skus = d->skus,
	    .sku_count = SKUS,
	    .campaigns = &d->campaign,
	    .campaign_count = 1};
}

static void
add_take(struct job *j, struct take t)
{
	for (int i = 0; i < j->row.take_count; i++) {
		struct take *k = &j->takes[i];

		if (k->kind == t.kind && k->location == t.location && k->sku == t.sku) {
			k->quantity += t.quantity;
			return;
		}
	}
	j->takes[j->row.take_count++] = t;
}

/* A key that the hints say has something; false: none has. */
static bool
pick(struct driver *d, int *location, int *sku)
{
	int first = (int)rnd(d, LOCATIONS * SKUS);

	for (int spare = 0; spare < 2; spare++) {
		for (int i = 0; i < LOCATIONS * SKUS; i++) {
			int k = (first + i) % (LOCATIONS * SKUS);
			const struct stock_hint *h =
			    hints_stock(&d->hints.hints, k / SKUS + 1, k % SKUS + 1, 1);

			if (h == NULL || h->atp - (spare == 0 ? h->inflight : 0) <= 0)
				continue;
			*location = k / SKUS + 1;
			*sku = k % SKUS + 1;
			return true;
		}
	}
	return false;
}

static void
line_make(struct job *j, int n, int location, int sku, bool campaign)
{
	struct driver *d = j->d;

	j->lines[n] = (struct order_line){.sku = sku - 1,
	    .quantity = 1,
	    .price_fen = PRICE,
	    .discount_fen = campaign ? DISCOUNT : 0,
	    .campaign = campaign ? 0 : NONE};
	j->part_lines[n] =
	    (struct part_line){.line = n, .quantity = 1, .goods_owner = 1, .stocked = true};
	j->parts[n] = (struct part){.location = location,
	    .way = location == CLOUD ? WAY_SHIP : WAY_PICKUP,
	    .distance_m = 1200,
	    .promise_from_us = clock_wall_us(),
	    .promise_to_us = clock_wall_us() + US_PER_DAY,
	    .offer_deadline_us = location == CLOUD ? 0 : clock_wall_us() + 30 * US_PER_MIN,
	    .takes_capacity = location != CLOUD,
	    .capacity_day = DAY,
	    .line_count = 1,
	    .lines = &j->part_lines[n]};
	j->legs[2 * n] = (struct leg){.kind = LEG_COST,
	    .party = 1,
	    .fen = 7000,
	    .line = (int16_t)n,
	    .part = (int16_t)n};
	j->legs[2 * n + 1] = (struct leg){.kind = LEG_MARGIN,
	    .party = 2,
	    .fen = 3000,
	    .line = (int16_t)n,
	    .part = (int16_t)n};
	j->frozen.totals.cost_unit_fen[n] = 7000;
	add_take(j,
	    (struct take){.kind = TAKE_STOCK,
	        .dealer = d->locations[location - 1].party,
	        .location = location,
	        .sku = sku,
	        .goods_owner = 1,
	        .quantity = 1});
	if (location != CLOUD)
		add_take(j,
		    (struct take){.kind = TAKE_CAPACITY,
		        .dealer = d->locations[location - 1].party,
		        .location = location,
		        .day = DAY,
		        .limit = 1000000,
		        .quantity = 1});
	else if (sku == SCARCE_SKU)
		add_take(j,
		    (struct take){.kind = TAKE_ENTITLEMENT,
		        .dealer = 2,
		        .sku = sku,
		        .quantity = 1});
	if (campaign)
		add_take(j,
		    (struct take){.kind = TAKE_BUDGET, .campaign = 1, .quantity = DISCOUNT});
}

static void
money_make(struct job *j, int lines, bool paid)
{
	int64_t total = (int64_t)lines * PRICE;

	j->frozen.totals.goods_fen = total;
	j->frozen.totals.total_fen = total;
	j->frozen.totals.owner_margin_fen = (int64_t)lines * 3000;
	j->split =
	    (struct split){.total = j->frozen.totals, .leg_count = 2 * lines, .legs = j->legs};
	j->row.payment = NULL;
	j->row.e1 = j->row.e2 = NULL;
	j->row.pay_by_us = clock_wall_us() +
	    (j->d->mode == PAY ? PAY_BY_MS * US_PER_MS : 60 * US_PER_MIN);
	if (!paid)
		return;
	j->row.pay_by_us = 0;
	(void)snprintf(j->number, sizeof(j->number), "N%s", j->ref_text);
	j->payment = (struct payment_row){.provider = PROVIDER_WECHAT,
	    .number = j->number,
	    .amount_fen = total,
	    .paid_at_us = clock_wall_us()};
	j->row.payment = &j->payment;
	j->e1 = (struct posting){.event = EVENT_E1_PAID,
	    .leg_count = 2,
	    .account = {11, 12},
	    .fen = {total, -total}};
	j->e2 = (struct posting){.event = EVENT_E2_FEE,
	    .leg_count = 2,
	    .account = {11, 12},
	    .fen = {-60, 60}};
	j->row.e1 = &j->e1;
	j->row.e2 = &j->e2;
}

/* Fills ${j} with a new order; false: nothing is left to sell. */
static bool
order_make(struct job *j)
{
	struct driver *d = j->d;
	int lines = d->mode == BENCH ? 1 : 1 + (int)rnd(d, LINES_MAX);
	int location, sku;

	do {
		j->ref = d->mode == RACE || d->mode == SAME
		    ? (int)rnd(d, d->mode == SAME ? 300 : REFS)
		    : (int)(d->orders % REFS);
	} while (d->ref_busy[j->ref]);
	if (d->mode == RACE || d->mode == SAME)
		(void)snprintf(j->ref_text, sizeof(j->ref_text), "r%d", j->ref);
	else
		(void)snprintf(j->ref_text, sizeof(j->ref_text), "b%d-%lld", (int)getpid(),
		    (long long)d->orders);
	memset(&j->row, 0, sizeof(j->row));
	memset(&j->frozen.decision, 0, sizeof(j->frozen.decision));
	memset(j->takes, 0, sizeof(j->takes));
	for (int n = 0; n < lines; n++) {
		if (!pick(d, &location, &sku)) {
			if (n == 0)
				return false;
			lines = n;
			break;
		}
		line_make(j, n, location, sku,
		    (d->mode == RACE || d->mode == PAY) && rnd(d, 4) == 0);
	}
	money_make(j, lines,
	    d->mode == BENCH || d->mode == BAD || (d->mode != PAY && rnd(d, 3) > 0));
	/* One body in twenty differs from what others send under the same reference. */
	memset(j->row.body_hash, j->ref % 251, BODY_HASH_SIZE);
	if (d->mode == RACE && rnd(d, 20) == 0)
		j->row.body_hash[5] = (uint8_t)(1 + rnd(d, 255));
	if (d->mode == BAD && d->orders == d->orders_max / 2)
		j->e1.fen[0]++; /* no longer balanced */
	j->row.order_id = uuid_v7(clock_wall_us());
	j->row.order_ref = j->ref_text;
	j->row.storefront = 1;
	j->row.frozen = &j->frozen;
	j->row.split = &j->split;
	j->row.record = j->record;
	j->row.record_len = sizeof(j->record);
	j->row.created_us = clock_wall_us();
	j->contact = (struct contact_row){.name = "Li",
	    .phone = "13800000000",
	    .street = "Road 1",
	    .region = "CN.31"};
	j->row.contact = &j->contact;
	j->row.takes = j->takes;
	j->row.world = &d->world;
	j->plan = (struct plan){.way = j->parts[0].way, .part_count = lines, .parts = j->parts};
	j->frozen.decision.options = &j->plan;
	j->frozen.decision.option_count = 1;
	j->frozen.decision.owner = (struct owner){.dealer = 2, .source = OWNER_BY_STOREFRONT};
	j->frozen.decision.policy_version = 1;
	j->frozen.request.line_count = lines;
	j->frozen.request.lines = j->lines;
	j->frozen.split_version = 1;
	j->frozen.collector = 1;
	return true;
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

	if (j->payment_try == FIRST && e == ERR_OK) {
		assert(outcome == PAID_OPENED);
		d->opened++;
		j->payment_try = AGAIN;
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
	if (j->payment_try == SECOND)
		(void)snprintf(j->number, sizeof(j->number), "T%s", j->ref_text);
	j->r1 = (struct posting){.event = EVENT_R1_REFUND,
	    .leg_count = 2,
	    .account = {12, 13},
	    .fen = {j->payment.amount_fen, -j->payment.amount_fen}};
	*in = (struct payment_in){.order_id = j->row.order_id,
	    .dealer = 2,
	    .payment = &j->payment,
	    .total_fen = j->payment.amount_fen,
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
		e = payment_open(d->query, &d->hints, in, pay_done, j);
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
	uint64_t way = rnd(j->d, 5);
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
	if (d->mode == PAY && o->err == ERR_OK)
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
	d->empty = e == ERR_OK && !pick(d, &location, &sku);
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
	static const char *const modes[] = {"race", "bench", "bad", "pay", "same", "sql"};
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
	say("rate orders_s=%lld batches=%lld retries=%lld splits=%lld\n",
	    (long long)(d.ok * US_PER_S / (used_us > 0 ? used_us : 1)),
	    (long long)metric_get(METRIC_batches_total),
	    (long long)metric_get(METRIC_batch_retries_total),
	    (long long)metric_get(METRIC_batch_splits_total));
	expiry_free(d.expiry);
	batch_free(d.batch);
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
