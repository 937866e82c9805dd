#include "simulator/screens.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "simulator/rpc.h"
#include "simulator/shown.h"
#include "yuncang/v1/store.pb-c.h"

#define WAIT_MS 20000
#define OPENING_MAX 200 /* first questions at once: each is a read */
#define ANSWER_US_MAX (60 * US_PER_S)
#define PAGE_SIZE 200
#define TICK_US (1 * US_PER_MS)
#define SETTLE_US (1 * US_PER_S)
#define LAST_US (3 * US_PER_S) /* for the orders of the last moment */
#define FAILURES_MAX 100
#define ORDER_MEMORY (64 * 1024)
#define BODY_SIZE_MAX 1024
#define SHOWN_SPARE 100000 /* tasks that were there before */
#define LIST_PATH "/yuncang.v1.StoreService/ListTasks"
#define QUOTE_PATH "/yuncang.v1.OrderService/Quote"
#define SUBMIT_PATH "/yuncang.v1.OrderService/SubmitOrder"

enum phase { OPENING, SETTLING, IDLE, BUSY, LAST };

struct screen {
	struct screens *all;
	struct http_call call;
	uint8_t *body;
	char *seen; /* of its last answer; NULL: it has none */
};

/* Fields of /proc/PID/stat, as proc(5) numbers them. */
enum { FIELD_UTIME = 14, FIELD_STIME = 15, FIELD_RSS = 24 };

struct usage {
	int64_t rss_bytes, cpu_us;
};

struct screens {
	const struct options *o;
	struct event_base *base;
	struct http_client *watching, *ordering;
	struct event *tick;
	struct screen *screen;
	int count;
	struct mix mix;
	enum phase phase;
	int64_t since_us;  /* the phase's */
	int opened;        /* screens that have asked */
	int first_answers; /* those that have been answered */
	uint64_t next;     /* order */
	int64_t open;      /* orders under way */
	int failures;      /* without an answer, one after the other */
	int64_t idle_answers, idle_changes, answers, elsewhere, refused, errors;
	struct usage before, idle_from, idle_to;
	struct shown shown;
	enum err err;
};

/* ---- What the service uses --------------------------------------------------------------------- */

/* Of the process --pid; all 0 without one. */
static struct usage
usage_of(const struct options *o)
{
	char path[64], text[1024], *at, *next;
	struct usage u = {0};
	int64_t v;
	ssize_t n;
	int fd;

	if (o->pid == 0)
		return u;
	(void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)o->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return u;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')'); /* the name may hold anything */
	at = at != NULL ? strchr(at, ' ') : NULL;
	for (int field = 3; at != NULL; field++, at = next) {
		next = strchr(++at, ' ');
		if (next != NULL)
			*next = '\0';
		if (field != FIELD_UTIME && field != FIELD_STIME && field != FIELD_RSS)
			continue;
		if (parse_i64(at, 0, INT64_MAX / US_PER_S, &v) != ERR_OK)
			return (struct usage){0};
		if (field == FIELD_RSS)
			u.rss_bytes = v * sysconf(_SC_PAGESIZE);
		else
			u.cpu_us += v * US_PER_S / sysconf(_SC_CLK_TCK);
	}
	return u;
}

static void
phase_begin(struct screens *s, enum phase to)
{
	s->phase = to;
	s->since_us = clock_mono_us();
	if (to == IDLE)
		s->idle_from = usage_of(s->o);
	if (to == BUSY)
		s->idle_to = usage_of(s->o);
}

/* Too many without an answer: the service is not there. */
static void
failed(struct screens *s, const struct rpc_answer *a)
{
	s->errors++;
	if (++s->failures < FAILURES_MAX || s->err != ERR_OK)
		return;
	log_error(LOG_MSG("the service does not answer"), LOG_INT("status", a->status),
	    LOG_STR("reason", a->reason), LOG_STR("text", a->text));
	s->err = ERR_IO;
	(void)event_base_loopbreak(s->base);
}

/* ---- Screens ----------------------------------------------------------------------------------- */

static void screen_ask(struct screen *x);

static void
screen_shows(struct screen *x, const Yuncang__V1__ListTasksResponse *m)
{
	struct screens *s = x->all;
	int64_t now_us = clock_mono_us();
	struct uuid id;

	if (s->phase == IDLE) {
		s->idle_answers++;
		s->idle_changes += !m->unchanged;
	}
	s->answers++;
	for (size_t i = 0; i < m->n_tasks; i++)
		if (uuid_parse(m->tasks[i]->order_id, &id) == ERR_OK)
			shown_seen(&s->shown, &id, now_us);
	if (x->seen == NULL && ++s->first_answers == s->count)
		phase_begin(s, SETTLING);
	free(x->seen);
	x->seen = strdup(m->seen);
}

static void
screen_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct screen *x = call->ctx;
	struct screens *s = x->all;
	struct rpc_answer a;

	rpc_judge(&a, &yuncang__v1__list_tasks_response__descriptor, status, body, len);
	if (a.outcome == RPC_OK) {
		s->failures = 0;
		screen_shows(x, (const void *)a.message);
	} else {
		failed(s, &a);
	}
	rpc_answer_release(&a);
	if (s->err == ERR_OK)
		screen_ask(x);
}

static void
screen_ask(struct screen *x)
{
	Yuncang__V1__ListTasksRequest q = YUNCANG__V1__LIST_TASKS_REQUEST__INIT;
	char location[WORLD_CODE_SIZE], empty[] = "";

	(void)world_code(location, 'S', x - x->all->screen);
	q.location = location;
	q.page_size = PAGE_SIZE;
	q.seen = x->seen != NULL ? x->seen : empty;
	q.wait_ms = x->seen != NULL ? WAIT_MS : 0;
	free(x->body);
	x->body = rpc_pack(&q.base, &x->call.body_len);
	if (x->body == NULL) {
		x->all->err = ERR_NO_MEMORY;
		(void)event_base_loopbreak(x->all->base);
		return;
	}
	x->call.path = LIST_PATH;
	x->call.body = x->body;
	x->call.cut_after_us = -1;
	x->call.done = screen_done;
	x->call.ctx = x;
	http_client_send(x->all->watching, &x->call);
}

/* ---- Orders ------------------------------------------------------------------------------------ */

struct order {
	struct screens *all;
	struct http_call call;
	struct plan plan;
	uint8_t *body;
};

static void
order_end(struct order *x)
{
	x->all->open--;
	free(x->body);
	free(x);
}

static void
order_send(struct order *x, const ProtobufCMessage *m, const char *path, http_done_fn *done)
{
	free(x->body);
	x->body = m != NULL ? rpc_pack(m, &x->call.body_len) : NULL;
	if (x->body == NULL) {
		x->all->errors++;
		order_end(x);
		return;
	}
	x->call.path = path;
	x->call.body = x->body;
	x->call.cut_after_us = -1;
	x->call.done = done;
	x->call.ctx = x;
	http_client_send(x->all->ordering, &x->call);
}

/* Its location has a screen, or a delivery came from elsewhere. */
static void
order_acknowledged(struct screens *s, const Yuncang__V1__SubmitOrderResponse *m)
{
	const char *location = m->option->n_parts == 1 ? m->option->parts[0]->location : "";
	int64_t now_us = clock_mono_us();
	int64_t store;
	struct uuid id;

	if (location[0] != 'S' || parse_i64(location + 1, 0, s->count - 1, &store) != ERR_OK ||
	    uuid_parse(m->order_id, &id) != ERR_OK)
		s->elsewhere++;
	else
		shown_acknowledged(&s->shown, &id, now_us);
}

static void
submit_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct order *x = call->ctx;
	struct rpc_answer a;

	rpc_judge(&a, &yuncang__v1__submit_order_response__descriptor, status, body, len);
	if (a.outcome == RPC_OK)
		order_acknowledged(x->all, (const void *)a.message);
	else if (a.outcome == RPC_REFUSED)
		x->all->refused++;
	else
		failed(x->all, &a);
	rpc_answer_release(&a);
	order_end(x);
}

/* Quoted for its total alone: an outside channel's order comes without the token, and paid. */
static void
quote_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct order *x = call->ctx;
	struct arena *memory = arena_new(ORDER_MEMORY);
	Yuncang__V1__SubmitOrderRequest *q = NULL;
	const Yuncang__V1__QuoteResponse *m;
	struct rpc_answer a;
	bool offered;

	rpc_judge(&a, &yuncang__v1__quote_response__descriptor, status, body, len);
	m = (const void *)a.message;
	offered = a.outcome == RPC_OK && m->n_options > 0;
	if (offered && memory != NULL)
		q = mix_submit(&x->all->mix, &x->plan, memory);
	if (q != NULL) {
		q->payment = mix_payment(&x->all->mix, &x->plan, m->options[0]->total_fen,
		    clock_wall_us(), memory);
	}
	if (offered) {
		order_send(x, q != NULL && q->payment != NULL ? &q->base : NULL, SUBMIT_PATH,
		    submit_done);
	} else {
		if (a.outcome == RPC_AGAIN)
			failed(x->all, &a);
		else
			x->all->refused++;
		order_end(x);
	}
	rpc_answer_release(&a);
	arena_free(memory);
}

/* Collected from a store with a screen, or delivered to a customer who stands before one. */
static void
plan_make(const struct screens *s, uint64_t number, struct plan *p)
{
	const struct world *w = s->mix.world;
	const struct store *store;
	struct rng r;

	rng_init(&r, (uint64_t)s->o->seed ^ 7, RNG_ORDER, number);
	*p = (struct plan){.number = number, .prepaid = true, .line_count = 1};
	p->store = (int32_t)rng_below(&r, s->count);
	store = &w->stores[p->store];
	p->city = store->city;
	p->lat = store->lat;
	p->lon = store->lon;
	p->line[0] = (struct plan_line){.sku = store->sku[rng_below(&r, STORE_SKUS)],
	    .quantity = 1,
	    .campaign = -1};
	p->way = MIX_PICKUP;
	(void)world_code(p->storefront, 'X', rng_below(&r, CHANNEL_COUNT));
	if (rng_chance(&r, 0.5))
		return;
	p->way = MIX_DELIVER;
	p->store = -1;
	p->has_address = true;
}

static enum err
order_start(struct screens *s)
{
	struct order *x = calloc(1, sizeof(*x));
	struct arena *memory = arena_new(ORDER_MEMORY);
	Yuncang__V1__QuoteRequest *q;

	if (x == NULL || memory == NULL) {
		free(x);
		arena_free(memory);
		return ERR_NO_MEMORY;
	}
	x->all = s;
	s->open++;
	plan_make(s, s->next++, &x->plan);
	q = mix_quote(&s->mix, &x->plan, memory);
	order_send(x, q != NULL ? &q->base : NULL, QUOTE_PATH, quote_done);
	arena_free(memory);
	return ERR_OK;
}

/* ---- Time -------------------------------------------------------------------------------------- */

static void
orders_due(struct screens *s, int64_t for_us)
{
	while (s->err == ERR_OK && (int64_t)s->next * US_PER_S < for_us * s->o->rate)
		s->err = order_start(s);
}

static void
screens_open(struct screens *s)
{
	while (s->opened < s->count && s->opened - s->first_answers < OPENING_MAX) {
		s->screen[s->opened].all = s;
		screen_ask(&s->screen[s->opened++]);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct screens *s = ctx;
	int64_t for_us = clock_mono_us() - s->since_us;
	bool over = for_us >= s->o->seconds * US_PER_S;

	(void)fd;
	(void)what;
	switch (s->phase) {
	case OPENING:
		screens_open(s);
		break;
	case SETTLING:
		if (for_us >= SETTLE_US)
			phase_begin(s, IDLE);
		break;
	case IDLE:
		if (over)
			phase_begin(s, BUSY);
		break;
	case BUSY:
		if (!over)
			orders_due(s, for_us);
		else
			phase_begin(s, LAST);
		break;
	case LAST:
		if (for_us >= LAST_US || (s->open == 0 && s->shown.both == s->shown.acknowledged))
			(void)event_base_loopbreak(s->base);
		break;
	}
	if (s->err != ERR_OK)
		(void)event_base_loopbreak(s->base);
}

/* ---- The run ----------------------------------------------------------------------------------- */

static enum err
screens_make(struct screens *s)
{
	struct http_client_options c = options_http(s->o);
	struct event_config *config = event_config_new();
	const struct timeval tick = {.tv_usec = TICK_US};
	enum err e;

	if (config == NULL)
		return ERR_NO_MEMORY;
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	s->base = event_base_new_with_config(config);
	event_config_free(config);
	s->screen = calloc((size_t)s->count, sizeof(*s->screen));
	if (s->base == NULL || s->screen == NULL)
		return ERR_NO_MEMORY;
	e = shown_init(&s->shown, s->o->rate * s->o->seconds + SHOWN_SPARE);
	if (e == ERR_OK)
		e = http_client_new(&s->ordering, s->base, &c);
	c.connection_count = s->count;
	c.answer_us_max = ANSWER_US_MAX;
	if (e == ERR_OK)
		e = http_client_new(&s->watching, s->base, &c);
	if (e != ERR_OK)
		return e;
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	return s->tick != NULL && event_add(s->tick, &tick) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

static void
screens_free(struct screens *s)
{
	http_client_free(s->watching);
	http_client_free(s->ordering);
	if (s->tick != NULL)
		event_free(s->tick);
	for (int i = 0; s->screen != NULL && i < s->count; i++) {
		free(s->screen[i].body);
		free(s->screen[i].seen);
	}
	free(s->screen);
	shown_release(&s->shown);
	if (s->base != NULL)
		event_base_free(s->base);
}

static void
print(const struct screens *s)
{
	const struct shown *w = &s->shown;
	double idle_us = (double)(s->o->seconds * US_PER_S);

	(void)printf("{\"screens\": %d, \"seconds\": %lld, \"rss_mib\": %.1f, \"cpu\": %.4f, "
	             "\"idle_answers\": %lld, \"idle_changes\": %lld, \"per_s\": %.1f, "
	             "\"orders\": %lld, \"shown\": %lld, \"elsewhere\": %lld, \"refused\": %lld, "
	             "\"errors\": %lld, \"answers\": %lld, \"p50_ms\": %.2f, \"p99_ms\": %.2f, "
	             "\"max_ms\": %.2f}\n",
	    s->count, (long long)s->o->seconds,
	    (double)(s->idle_to.rss_bytes - s->before.rss_bytes) / (1 << 20),
	    (double)(s->idle_to.cpu_us - s->idle_from.cpu_us) / idle_us, (long long)s->idle_answers,
	    (long long)s->idle_changes,
	    (double)(w->acknowledged + s->elsewhere) / (double)s->o->seconds,
	    (long long)w->acknowledged, (long long)w->both, (long long)s->elsewhere,
	    (long long)s->refused, (long long)s->errors, (long long)s->answers,
	    (double)latency_quantile_us(&w->latency, 0.5) / 1e3,
	    (double)latency_quantile_us(&w->latency, 0.99) / 1e3, (double)w->latency.max_us / 1e3);
}

static void
screens_begin(struct screens *s)
{
	if (s->o->tag != NULL)
		(void)snprintf(s->mix.tag, sizeof(s->mix.tag), "%s", s->o->tag);
	else
		(void)snprintf(s->mix.tag, sizeof(s->mix.tag), "s%llx",
		    (unsigned long long)(clock_wall_us() / 1000));
	s->mix.started_us = clock_wall_us();
	s->before = usage_of(s->o);
	phase_begin(s, OPENING);
}

enum err
screens_run(const struct options *o, const struct world *w, int64_t *violations)
{
	struct screens *s = calloc(1, sizeof(*s));
	enum err e;

	if (s == NULL)
		return ERR_NO_MEMORY;
	s->o = o;
	s->mix.world = w;
	s->count = o->screens < w->store_count ? (int)o->screens : w->store_count;
	e = screens_make(s);
	if (e == ERR_OK) {
		screens_begin(s);
		(void)event_base_dispatch(s->base);
		e = s->err;
	}
	if (e == ERR_OK) {
		print(s);
		*violations = s->shown.acknowledged - s->shown.both;
		if (o->rate > 0 && s->shown.acknowledged == 0) {
			log_error(LOG_MSG("no order was acknowledged"));
			e = ERR_IO;
		}
	}
	screens_free(s);
	free(s);
	return e;
}
