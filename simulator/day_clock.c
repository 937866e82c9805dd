#include "simulator/day_clock.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "simulator/month_money.h"
#include "simulator/rpc.h"
#include "yuncang/v1/admin.pb-c.h"

#define TICK_US (100 * US_PER_MS)
#define MOVE_PATH "/yuncang.v1.AdminService/MoveClock"
#define MOVE_FAILURES_MAX 300
#define ANSWER_US_MAX (10 * US_PER_S)
#define ANSWER_SIZE_MAX 65536
#define BODY_SIZE 64
#define NIGHT_STEP (15 * DAY_MIN)
#define TAIL_STEP (2 * DAY_HOUR)

struct day_timer {
	int64_t at_us;
	uint64_t number; /* of equal times the older goes first */
	day_timer_fn *fn;
	void *ctx;
};

struct instance {
	struct day_clock *clock;
	struct http_client *client;
	struct http_call call;
};

struct day_clock {
	struct day *day;
	struct event *tick;
	struct instance instance[HTTP_URLS_MAX];
	int instance_count, moving; /* instances that have not answered */
	int failures;
	bool answered_all;
	int64_t to_us, day_step_us;
	uint8_t body[BODY_SIZE];
	size_t body_len;
	enum day_pace pace;
	day_timer_fn *ready;
	void *ctx;
	struct day_timer *heap;
	size_t count, size;
	uint64_t numbers;
};

int64_t
day_real_us(void)
{
	return clock_wall_us() - clock_offset_us();
}

int64_t
day_now_us(const struct day *d)
{
	(void)d;
	return clock_wall_us();
}

/* ---- The heap of what is to come ------------------------------------------------------------------ */

static bool
earlier(const struct day_timer *a, const struct day_timer *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static void
swap(struct day_timer *a, struct day_timer *b)
{
	struct day_timer t = *a;

	*a = *b;
	*b = t;
}

void
day_after(struct day *d, int64_t after_us, day_timer_fn *fn, void *ctx)
{
	struct day_clock *c = d->clock;
	size_t i;

	if (c->count == c->size) {
		size_t size = c->size == 0 ? 1024 : c->size * 2;
		struct day_timer *bigger = realloc(c->heap, size * sizeof(*bigger));

		if (bigger == NULL) {
			day_fail(d, "no memory for another timer");
			return;
		}
		c->heap = bigger;
		c->size = size;
	}
	i = c->count++;
	c->heap[i] = (struct day_timer){.at_us = clock_wall_us() + after_us,
	    .number = c->numbers++,
	    .fn = fn,
	    .ctx = ctx};
	while (i > 0 && earlier(&c->heap[i], &c->heap[(i - 1) / 2])) {
		swap(&c->heap[i], &c->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static struct day_timer
heap_pop(struct day_clock *c)
{
	struct day_timer first = c->heap[0];
	size_t i = 0;

	c->heap[0] = c->heap[--c->count];
	for (;;) {
		size_t left = 2 * i + 1, least = i;

		if (left < c->count && earlier(&c->heap[left], &c->heap[least]))
			least = left;
		if (left + 1 < c->count && earlier(&c->heap[left + 1], &c->heap[least]))
			least = left + 1;
		if (least == i)
			return first;
		swap(&c->heap[i], &c->heap[least]);
		i = least;
	}
}

static void
due_run(struct day_clock *c)
{
	int64_t now_us = clock_wall_us();

	while (c->count > 0 && c->heap[0].at_us <= now_us) {
		struct day_timer t = heap_pop(c);

		t.fn(t.ctx);
	}
}

/* ---- Moving on ------------------------------------------------------------------------------------ */

static void
arrived(struct day_clock *c)
{
	day_timer_fn *ready = c->ready;

	clock_offset_set(c->to_us - day_real_us());
	c->ready = NULL;
	if (ready != NULL)
		ready(c->ctx);
	due_run(c);
}

/* Who does not answer is asked again at the next tick: to a moment, so that nobody goes twice. */
static void
moved(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct instance *i = call->ctx;
	struct day_clock *c = i->clock;
	struct rpc_answer a;

	rpc_judge(&a, &yuncang__v1__move_clock_response__descriptor, status, body, len);
	if (a.outcome == RPC_REFUSED) {
		log_error(LOG_MSG("an instance's clock cannot be moved"),
		    LOG_STR("reason", a.reason), LOG_STR("text", a.text));
		day_fail(c->day, "MoveClock was refused");
	}
	if (a.outcome != RPC_OK) {
		c->answered_all = false;
		if (++c->failures > MOVE_FAILURES_MAX)
			day_fail(c->day, "MoveClock is not answered");
	} else {
		c->failures = 0;
	}
	rpc_answer_release(&a);
	if (--c->moving == 0 && c->answered_all)
		arrived(c);
}

static void
move(struct day_clock *c)
{
	Google__Protobuf__Timestamp to = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	Yuncang__V1__MoveClockRequest q = YUNCANG__V1__MOVE_CLOCK_REQUEST__INIT;

	to.seconds = c->to_us / US_PER_S;
	to.nanos = (int32_t)(c->to_us % US_PER_S * 1000);
	q.to = &to;
	c->body_len = yuncang__v1__move_clock_request__pack(&q, c->body);
	if (c->day->money != NULL && month_money_clock(c->day->money, c->to_us) != ERR_OK) {
		day_fail(c->day, "the payment provider's clock cannot be moved");
		return;
	}
	c->answered_all = true;
	c->moving = c->instance_count;
	for (int i = 0; i < c->instance_count; i++) {
		struct http_call *call = &c->instance[i].call;

		call->body = c->body;
		call->body_len = c->body_len;
		http_client_send(c->instance[i].client, call);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct day_clock *c = ctx;
	const int64_t steps[] = {[PACE_STILL] = 0,
	    [PACE_DAY] = c->day_step_us,
	    [PACE_NIGHT] = NIGHT_STEP,
	    [PACE_TAIL] = TAIL_STEP};

	(void)fd;
	(void)what;
	if (c->moving > 0)
		return;
	if (c->pace == PACE_STILL && c->ready == NULL) {
		due_run(c);
		return;
	}
	if (c->ready == NULL)
		c->to_us = clock_wall_us() + steps[c->pace];
	move(c);
}

void
day_clock_begin(struct day_clock *c, int64_t to_us, day_timer_fn *ready, void *ctx)
{
	c->to_us = to_us;
	c->ready = ready;
	c->ctx = ctx;
}

void
day_clock_pace(struct day_clock *c, enum day_pace p)
{
	c->pace = p;
}

static enum err
instances_make(struct day_clock *c)
{
	const struct options *o = c->day->o;
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < o->url_count; i++) {
		struct instance *x = &c->instance[i];
		struct http_client_options h = {.url = {o->url[i]},
		    .url_count = 1,
		    .key = o->key,
		    .connection_count = 1,
		    .answer_us_max = ANSWER_US_MAX,
		    .answer_size_max = ANSWER_SIZE_MAX};

		x->clock = c;
		x->call = (struct http_call){.path = MOVE_PATH,
		    .cut_after_us = -1,
		    .done = moved,
		    .ctx = x};
		e = http_client_new(&x->client, c->day->base, &h);
		if (e == ERR_OK)
			c->instance_count++;
	}
	return e;
}

enum err
day_clock_new(struct day_clock **out, struct day *d)
{
	struct timeval tick = {.tv_usec = TICK_US};
	struct day_clock *c = calloc(1, sizeof(*c));
	enum err e;

	if (c == NULL)
		return ERR_NO_MEMORY;
	*out = c;
	c->day = d;
	c->day_step_us = US_PER_DAY / (d->o->seconds * (US_PER_S / TICK_US));
	e = instances_make(c);
	if (e != ERR_OK)
		return e;
	c->tick = event_new(d->base, -1, EV_PERSIST, on_tick, c);
	return c->tick != NULL && event_add(c->tick, &tick) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

void
day_clock_free(struct day_clock *c)
{
	if (c == NULL)
		return;
	if (c->tick != NULL)
		event_free(c->tick);
	for (int i = 0; i < c->instance_count; i++)
		http_client_free(c->instance[i].client);
	free(c->heap);
	free(c);
}
