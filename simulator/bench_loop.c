#include "simulator/bench_loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "simulator/bench_http.h"
#include "simulator/bench_schedule.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define DRAIN_US (30 * US_PER_S) /* for answers still out at the end */

struct lane {
	struct loop *loop;
	const struct http_address *address;
	int fd; /* -1: given up */
	struct event *readable, *writable;
	bool waits;     /* for an answer */
	size_t request; /* of it */
	size_t sent;    /* bytes of the request that went out */
	int64_t from_us;
	uint8_t *part; /* the beginning of an answer that did not come in one piece */
	size_t part_len;
	struct lane *next_idle;
};

struct loop {
	const struct bench_loop_in *in;
	struct bench_loop_out *out;
	struct event_base *base;
	struct lane *lane;
	int lane_count, alive;
	uint8_t *parts;
	struct event *tick, *end, *second;
	struct bench_schedule schedule;
	uint64_t next; /* request */
	int64_t waiting;
	struct lane *idle_first, *idle_last;
	int64_t began_us, cpu_began_us;
	bool over;        /* the window */
	size_t first_len; /* CONSTANT: of the answer that the others must be like */
	int64_t shown;
	int seconds;
};

static int64_t
cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

static void
window_end(struct loop *l, int64_t now_us)
{
	struct timeval drain = {.tv_sec = DRAIN_US / US_PER_S};

	if (l->over)
		return;
	l->over = true;
	l->out->window_us = now_us - l->began_us;
	if (l->out->window_us > l->in->window_us)
		l->out->window_us = l->in->window_us;
	l->out->cpu_us = cpu_us() - l->cpu_began_us;
	(void)event_add(l->end, &drain);
}

/* ---- Sending ----------------------------------------------------------------------------------- */

static void lane_lost(struct lane *c, const char *why);

static void
lane_write(struct lane *c)
{
	const struct bench_bodies *b = c->loop->in->bodies;
	const struct bench_request *r = &b->request[c->request];
	ssize_t n;

	do
		n = send(c->fd, b->bytes.data + r->at + c->sent, r->len - c->sent, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN) {
		lane_lost(c, strerror(errno));
		return;
	}
	if (n > 0)
		c->sent += (size_t)n;
	if (c->sent < r->len)
		(void)event_add(c->writable, NULL);
}

/* Is there a request to send now, and when was it due? */
static bool
request_next(struct loop *l, int64_t now_us, int64_t *due_us)
{
	const struct bench_loop_in *in = l->in;
	size_t reserve = (size_t)(l->waiting + 1) * in->answer_size_max;

	if (!in->constant &&
	    (l->next == in->bodies->count || l->out->store_used + reserve > l->out->store_size)) {
		/* more connections than requests: those that never had one do not end it */
		if (l->out->latency.count > 0)
			window_end(l, now_us);
		return false;
	}
	if (in->rate == 0) {
		*due_us = now_us;
		return !l->over;
	}
	/* what came due within the window is sent, however late */
	*due_us = bench_schedule_due_us(&l->schedule, l->next);
	return *due_us <= now_us && *due_us < l->began_us + in->window_us;
}

static void
idle_append(struct lane *c)
{
	struct loop *l = c->loop;

	assert(l != NULL);
	c->next_idle = NULL;
	if (l->idle_last == NULL)
		l->idle_first = c;
	else
		l->idle_last->next_idle = c;
	l->idle_last = c;
}

static void
lane_send(struct lane *c, int64_t due_us)
{
	struct loop *l = c->loop;

	c->from_us = due_us;
	c->request = l->in->constant ? 0 : l->next;
	l->next++;
	c->waits = true;
	c->sent = 0;
	c->part_len = 0;
	l->waiting++;
	lane_write(c);
}

/* The lane has nothing to wait for: it takes the next request, or rests. */
static void
lane_next(struct lane *c, int64_t now_us)
{
	struct loop *l = c->loop;
	int64_t due_us;

	assert(l != NULL);
	if (request_next(l, now_us, &due_us)) {
		lane_send(c, due_us);
		return;
	}
	idle_append(c);
	if (l->over && l->waiting == 0)
		(void)event_base_loopbreak(l->base);
}

/* ---- Connections ------------------------------------------------------------------------------- */

static bool
lane_connect(struct lane *c)
{
	int on = 1;

	c->fd = socket(c->address->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	/* it blocks: to the own machine it takes no time, and nothing is measured without it */
	if (connect(c->fd, (const struct sockaddr *)&c->address->address,
	        (socklen_t)c->address->len) == 0 &&
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
	    fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0)
		return true;
	(void)close(c->fd);
	c->fd = -1;
	return false;
}

static void on_readable(evutil_socket_t fd, short what, void *ctx);
static void on_writable(evutil_socket_t fd, short what, void *ctx);

static bool
lane_open(struct lane *c)
{
	if (!lane_connect(c)) {
		log_error(LOG_MSG("cannot connect"), LOG_STR("to", c->address->host),
		    LOG_STR("why", strerror(errno)));
		return false;
	}
	c->readable = event_new(c->loop->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(c->loop->base, c->fd, EV_WRITE, on_writable, c);
	return c->readable != NULL && c->writable != NULL && event_add(c->readable, NULL) == 0;
}

static void
lane_close(struct lane *c)
{
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	c->readable = c->writable = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

/* What became of its request nobody knows: an error.  The lane goes on with another connection. */
static void
lane_lost(struct lane *c, const char *why)
{
	struct loop *l = c->loop;
	bool waited = c->waits;

	if (waited) {
		if (l->out->errors++ == 0)
			log_warn(LOG_MSG("a request got no answer"), LOG_STR("why", why));
		l->waiting--;
		c->waits = false;
	}
	lane_close(c);
	if (!lane_open(c)) {
		lane_close(c);
		if (--l->alive == 0 || (l->over && l->waiting == 0))
			(void)event_base_loopbreak(l->base);
		return;
	}
	if (waited) /* else it is among the idle ones already */
		lane_next(c, clock_mono_us());
}

/* ---- Answers ----------------------------------------------------------------------------------- */

static void
answer_compare(struct loop *l, const uint8_t *body, const struct bench_http *h)
{
	if (l->first_len == 0 && h->status == 200 && h->body_len <= l->in->answer_size_max) {
		l->first_len = h->body_len;
		memcpy(l->out->store, body, h->body_len);
	} else if (h->status != 200 || h->body_len != l->first_len ||
	    memcmp(l->out->store, body, h->body_len) != 0) {
		l->out->differing++;
	}
}

static void
answer_keep(struct loop *l, const struct lane *c, const uint8_t *body, const struct bench_http *h,
    bool inside)
{
	struct bench_loop_out *o = l->out;

	/* it lies there already if it came in one piece */
	if (c->part_len > 0) {
		memcpy(o->store + o->store_used, body, h->body_len);
		body = o->store + o->store_used;
	}
	o->answer[o->answer_count++] = (struct bench_answer){.at = (size_t)(body - o->store),
	    .body_len = (uint32_t)h->body_len,
	    .request = (uint32_t)c->request,
	    .status = (int16_t)h->status,
	    .inside = inside};
	o->store_used = (size_t)(body - o->store) + h->body_len;
}

static void
answer_take(struct lane *c, const uint8_t *p, const struct bench_http *h)
{
	struct loop *l = c->loop;
	int64_t now_us = clock_mono_us();
	bool inside = !l->over && now_us <= l->began_us + l->in->window_us;

	if (!inside)
		window_end(l, now_us);
	l->out->answers_inside += inside;
	latency_add(&l->out->latency, now_us - c->from_us);
	if (l->in->constant)
		answer_compare(l, p + h->head_len, h);
	else
		answer_keep(l, c, p + h->head_len, h, inside);
	c->waits = false;
	l->waiting--;
	lane_next(c, now_us);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct lane *c = ctx;
	struct loop *l = c->loop;
	size_t size = l->in->answer_size_max, len;
	bool whole = c->part_len == 0 && c->waits && !l->in->constant;
	uint8_t *p = whole ? l->out->store + l->out->store_used : c->part;
	struct bench_http h;
	ssize_t n;

	(void)what;
	n = recv(fd, p + c->part_len, size - c->part_len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || !c->waits) {
		lane_lost(c, n < 0 ? strerror(errno) : "the service closed the connection");
		return;
	}
	len = c->part_len + (size_t)n;
	switch (bench_http_cut(p, len, &h)) {
	case CUT_WHOLE:
		answer_take(c, p, &h);
		break;
	case CUT_MORE:
		if (len == size) {
			lane_lost(c, "the answer is too large");
			break;
		}
		if (whole)
			memcpy(c->part, p, len);
		c->part_len = len;
		break;
	case CUT_BAD:
		lane_lost(c, "not an HTTP answer");
		break;
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct lane *c = ctx;

	(void)fd;
	(void)what;
	if (c->waits)
		lane_write(c);
}

/* ---- Timers ------------------------------------------------------------------------------------ */

/* Open loop: what is due goes to the idle; then sleeps until the next one is due. */
static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;
	int64_t now_us = clock_mono_us(), due_us, wait_us;
	struct timeval wait;

	(void)fd;
	(void)what;
	while (l->idle_first != NULL && request_next(l, now_us, &due_us)) {
		struct lane *c = l->idle_first;

		l->idle_first = c->next_idle;
		if (l->idle_first == NULL)
			l->idle_last = NULL;
		if (c->fd >= 0)
			lane_send(c, due_us);
	}
	if (l->over)
		return;
	/* with none idle the next answer sends what waits in line */
	wait_us = bench_schedule_due_us(&l->schedule, bench_schedule_count(&l->schedule, now_us)) -
	    now_us;
	wait = (struct timeval){.tv_sec = wait_us / US_PER_S, .tv_usec = wait_us % US_PER_S};
	(void)event_add(l->tick, &wait);
}

static void
on_end(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;

	(void)fd;
	(void)what;
	if (l->over) { /* waited long enough */
		(void)event_base_loopbreak(l->base);
		return;
	}
	window_end(l, clock_mono_us());
	if (l->in->rate > 0)
		on_tick(-1, 0, l);
	if (l->waiting == 0)
		(void)event_base_loopbreak(l->base);
}

static void
on_second(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;
	int64_t answers = l->out->latency.count;

	(void)fd;
	(void)what;
	(void)fprintf(stderr, "%4d s  answers %9lld  rate %7lld/s  errors %lld  waiting %lld\n",
	    ++l->seconds, (long long)answers, (long long)(answers - l->shown),
	    (long long)l->out->errors, (long long)l->waiting);
	l->shown = answers;
}

/* ---- The run ----------------------------------------------------------------------------------- */

/* Pages that the answers will fill are touched now, not within the window. */
static enum err
store_make(struct loop *l)
{
	const struct bench_loop_in *in = l->in;
	struct bench_loop_out *o = l->out;
	size_t count = in->constant ? 1 : in->bodies->count;
	size_t usual = count * in->answer_size_usual;

	o->store_size = usual + (size_t)(in->connections + 1) * in->answer_size_max;
	o->store_size = (o->store_size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	o->store = aligned_alloc(HUGE_PAGE, o->store_size);
	if (o->store == NULL)
		return ERR_NO_MEMORY;
	(void)madvise(o->store, o->store_size, MADV_HUGEPAGE);
	memset(o->store, 0, usual);
	o->answer = calloc(count, sizeof(*o->answer));
	if (o->answer == NULL)
		return ERR_NO_MEMORY;
	memset(o->answer, 0xff, count * sizeof(*o->answer));
	return ERR_OK;
}

static enum err
base_make(struct loop *l)
{
	struct event_config *config = event_config_new();

	if (config == NULL)
		return ERR_NO_MEMORY;
	/* exact timers cost a system call a turn: only the open loop needs them */
	if (l->in->rate > 0)
		(void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	l->base = event_base_new_with_config(config);
	event_config_free(config);
	if (l->base == NULL)
		return ERR_NO_MEMORY;
	l->tick = event_new(l->base, -1, 0, on_tick, l);
	l->end = event_new(l->base, -1, 0, on_end, l);
	l->second = event_new(l->base, -1, EV_PERSIST, on_second, l);
	return l->tick == NULL || l->end == NULL || l->second == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err
lanes_open(struct loop *l)
{
	int count = l->in->connections;

	l->lane = calloc((size_t)count, sizeof(*l->lane));
	l->parts = malloc((size_t)count * l->in->answer_size_max);
	if (l->lane == NULL || l->parts == NULL)
		return ERR_NO_MEMORY;
	for (; l->lane_count < count; l->lane_count++, l->alive++) {
		struct lane *c = &l->lane[l->lane_count];

		*c = (struct lane){.loop = l,
		    .address = &l->in->address[l->lane_count % l->in->address_count],
		    .part = l->parts + (size_t)l->lane_count * l->in->answer_size_max};
		if (!lane_open(c)) {
			lane_close(c);
			return ERR_IO;
		}
	}
	return ERR_OK;
}

static void
window_run(struct loop *l)
{
	const struct bench_loop_in *in = l->in;
	struct timeval end = {.tv_sec = in->window_us / US_PER_S,
	    .tv_usec = in->window_us % US_PER_S};
	struct timeval second = {.tv_sec = 1};

	if (!in->quiet)
		(void)event_add(l->second, &second);
	l->out->began_us = clock_wall_us();
	l->cpu_began_us = cpu_us();
	l->began_us = clock_mono_us();
	l->schedule =
	    (struct bench_schedule){.start_us = l->began_us, .per_s = in->rate, .each = in->each};
	(void)event_add(l->end, &end);
	if (in->rate > 0) {
		for (int i = 0; i < l->lane_count; i++)
			idle_append(&l->lane[i]);
		on_tick(-1, 0, l);
	} else {
		for (int i = 0; i < l->lane_count; i++)
			lane_next(&l->lane[i], clock_mono_us());
	}
	(void)event_base_dispatch(l->base);
	window_end(l, clock_mono_us());
	l->out->errors += l->waiting;
}

enum err
bench_loop_run(const struct bench_loop_in *in, struct bench_loop_out *out)
{
	struct loop l = {.in = in, .out = out};
	enum err e;

	assert(in->connections > 0 && in->bodies->count > 0 && in->each > 0);
	*out = (struct bench_loop_out){0};
	e = store_make(&l);
	if (e == ERR_OK)
		e = base_make(&l);
	if (e == ERR_OK)
		e = lanes_open(&l);
	if (e == ERR_OK)
		window_run(&l);
	for (int i = 0; i < l.lane_count; i++)
		lane_close(&l.lane[i]);
	if (l.tick != NULL)
		event_free(l.tick);
	if (l.end != NULL)
		event_free(l.end);
	if (l.second != NULL)
		event_free(l.second);
	if (l.base != NULL)
		event_base_free(l.base);
	free(l.lane);
	free(l.parts);
	return e;
}

void
bench_loop_release(struct bench_loop_out *out)
{
	free(out->store);
	free(out->answer);
	*out = (struct bench_loop_out){0};
}
