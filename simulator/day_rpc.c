#include "simulator/day_rpc.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/strmap.h"
#include "yuncang/v1/admin.pb-c.h"
#include "yuncang/v1/order.pb-c.h"
#include "yuncang/v1/store.pb-c.h"

#define PAUSE_FIRST_US (20 * US_PER_MS)
#define PAUSE_US_MAX (1 * US_PER_S)
#define P_CUT 0.02
#define P_REPEAT 0.02

static const struct {
	const char *path;
	const ProtobufCMessageDescriptor *response;
	size_t client; /* where in struct day */
	bool again;
} methods[DAY_METHOD_COUNT] = {
#define X(name, service, word, side, again) \
	[DAY_##name] = {"/yuncang.v1." #service "Service/" #name, \
	    &yuncang__v1__##word##_response__descriptor, offsetof(struct day, side), again},
    DAY_METHODS(X)
#undef X
};

struct day_call {
	struct day *day;
	struct day_call *next, **link; /* of the calls under way */
	enum day_method method;
	struct http_call call;
	struct event *timer;
	uint8_t *body;
	int64_t since_us, pause_us;
	bool repeats, repeating;
	uint64_t answer_hash;
	day_answer_fn *done;
	void *ctx;
};

static void
call_send(struct day_call *c, bool cut)
{
	struct http_client *client;

	memcpy(&client, (const char *)c->day + methods[c->method].client, sizeof(client));
	c->call.cut_after_us = cut ? 0 : -1;
	c->day->tally.act_cuts += cut;
	http_client_send(client, &c->call);
}

static void
call_free(struct day_call *c)
{
	if (c->timer != NULL)
		event_free(c->timer);
	free(c->body);
	free(c);
}

void
day_calls_drop(struct day *d)
{
	struct day_call *next;

	for (struct day_call *c = d->calls; c != NULL; c = next) {
		next = c->next;
		call_free(c);
	}
	d->calls = NULL;
}

static void
call_end(struct day_call *c, const struct rpc_answer *a)
{
	day_answer_fn *done = c->done;
	void *ctx = c->ctx;

	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	call_free(c);
	done(ctx, a);
}

static void
on_pause(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	call_send(ctx, false);
}

/* false: it is given up. */
static bool
call_again(struct day_call *c)
{
	struct timeval tv;

	if (clock_mono_us() - c->since_us > c->day->shop.outage_us)
		return false;
	if (c->timer == NULL)
		c->timer = event_new(c->day->base, -1, 0, on_pause, c);
	if (c->timer == NULL)
		return false;
	tv = (struct timeval){.tv_sec = c->pause_us / US_PER_S, .tv_usec = c->pause_us % US_PER_S};
	c->pause_us = c->pause_us * 2 > PAUSE_US_MAX ? PAUSE_US_MAX : c->pause_us * 2;
	return event_add(c->timer, &tv) == 0;
}

static void
repeat_judge(struct day_call *c, const struct rpc_answer *a)
{
	struct day *d = c->day;

	if (a->outcome == RPC_OK && hash64(a->body, a->body_len, 0) == c->answer_hash)
		d->tally.act_repeats++;
	else
		model_violation(&d->shop.model, "duplicated",
		    "%s sent again got another answer: %s %s", methods[c->method].path,
		    a->outcome == RPC_OK ? "other bytes" : a->reason, a->text);
}

/* The answer is told first; the repeat is nobody's business but ours. */
static void
nobody(void *ctx, const struct rpc_answer *a)
{
	(void)ctx;
	(void)a;
}

static void
call_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct day_call *c = call->ctx;
	struct rpc_answer a;

	rpc_judge(&a, methods[c->method].response, status, body, len);
	if (a.outcome == RPC_AGAIN && call_again(c))
		return;
	if (c->repeating) {
		repeat_judge(c, &a);
		c->done = nobody;
		call_end(c, &a);
	} else if (a.outcome == RPC_OK && c->repeats) {
		day_answer_fn *done = c->done;
		void *ctx = c->ctx;

		c->repeating = true;
		c->answer_hash = hash64(a.body, a.body_len, 0);
		done(ctx, &a);
		call_send(c, false);
	} else {
		call_end(c, &a);
	}
	rpc_answer_release(&a);
}

void
day_call(struct day *d, enum day_method m, const ProtobufCMessage *q, day_answer_fn *done,
    void *ctx)
{
	struct day_call *c = calloc(1, sizeof(*c));
	struct rng r;
	bool cut = false;

	if (c != NULL)
		c->body = rpc_pack(q, &c->call.body_len);
	if (c == NULL || c->body == NULL) {
		free(c);
		day_fail(d, "no memory for another call");
		return;
	}
	c->day = d;
	c->method = m;
	c->done = done;
	c->ctx = ctx;
	c->since_us = clock_mono_us();
	c->pause_us = PAUSE_FIRST_US;
	c->call.path = methods[m].path;
	c->call.body = c->body;
	c->call.done = call_done;
	c->call.ctx = c;
	if (methods[m].again) {
		rng_init(&r, d->world->seed, RNG_FAULT, (UINT64_C(1) << 40) + d->draws++);
		cut = rng_chance(&r, P_CUT);
		c->repeats = rng_chance(&r, P_REPEAT);
		d->tally.acts++;
	}
	c->next = d->calls;
	c->link = &d->calls;
	if (c->next != NULL)
		c->next->link = &c->next;
	d->calls = c;
	call_send(c, cut);
}
