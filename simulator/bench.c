#include "simulator/bench.h"

#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "simulator/bench_judge.h"

#define ORDERS_STANDARD 100000

struct bench {
	const struct options *o;
	const struct bench_kind_row *kind;
	struct http_address address[HTTP_URLS_MAX];
	struct bench_mix mix;
	struct bench_orders orders;
	struct bench_bodies bodies;
	struct bench_loop_out loop;
	struct bench_tally tally;
};

static void
say(const struct bench *b, const char *what, int64_t count, int64_t since_us)
{
	if (!b->o->quiet)
		(void)fprintf(stderr, "bench %s %s: %s %lld in %.1f s\n", b->kind->word,
		    bench_targets[b->o->target], what, (long long)count,
		    (double)(clock_mono_us() - since_us) / 1e6);
}

/* The orders, with quotes through a client of their own that is gone before the window. */
static enum err
orders_make(struct bench *b)
{
	const struct options *o = b->o;
	struct http_client_options c = options_http(o);
	struct event_base *base = event_base_new();
	struct http_client *client = NULL;
	size_t count = o->orders > 0 ? (size_t)o->orders : ORDERS_STANDARD;
	enum err e;

	if (base == NULL)
		return ERR_NO_MEMORY;
	e = http_client_new(&client, base, &c);
	if (e == ERR_OK && b->kind->orders && o->target == BENCH_HOT)
		e = bench_stock_fill(&b->mix, base, client);
	if (e == ERR_OK)
		e = bench_orders_take(&b->orders, &b->mix, base, client, count,
		    b->kind->orders ? (int)o->connections : 0);
	http_client_free(client);
	event_base_free(base);
	return e;
}

static enum err
prepare(struct bench *b)
{
	const struct options *o = b->o;
	int64_t since_us = clock_mono_us();
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < o->url_count; i++)
		e = http_address_parse(&b->address[i], o->url[i]);
	if (e == ERR_OK && o->kind != BENCH_CONSTANT)
		e = orders_make(b);
	if (e != ERR_OK)
		return e;
	say(b, "quotes", b->orders.quotes, since_us);
	if (b->orders.left_out > 0)
		say(b, "orders left out, their quote was refused", b->orders.left_out, since_us);
	e = bench_bodies_make(&b->bodies, &b->mix, &b->orders, o->kind, b->address[0].host, o->key);
	say(b, "requests prepared", (int64_t)b->bodies.count, since_us);
	return e;
}

static enum err
judge(struct bench *b)
{
	int64_t since_us = clock_mono_us();
	struct model model = {0};
	struct bench_judge_in in = {.kind = b->o->kind,
	    .mix = &b->mix,
	    .orders = &b->orders,
	    .bodies = &b->bodies,
	    .loop = &b->loop,
	    .model = b->kind->orders ? &model : NULL};
	enum err e;

	if (in.model != NULL) {
		e = model_open(&model, b->o->journal);
		if (e != ERR_OK)
			return e;
	}
	bench_judge(&in, &b->tally);
	if (in.model != NULL) {
		e = model_close(&model);
		if (e != ERR_OK)
			return e;
	}
	say(b, "answers judged", (int64_t)b->loop.answer_count, since_us);
	return ERR_OK;
}

static double
quantile_ms(const struct bench *b, double q)
{
	return (double)latency_quantile_us(&b->loop.latency, q) / 1000;
}

static enum err
result_print(const struct bench *b)
{
	const struct bench_loop_out *l = &b->loop;
	const struct bench_tally *t = &b->tally;
	double seconds = (double)l->window_us / 1e6;
	int64_t done = b->kind->orders ? t->orders : l->answers_inside;
	json_t *reasons = json_object(), *root;
	int bad;

	for (int i = 0; i < t->reason_count; i++)
		(void)json_object_set_new(reasons, t->reason[i].reason,
		    json_integer(t->reason[i].count));
	root = json_pack("{s:s, s:s, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, "
	                 "s:I, s:o, s:I, s:I, s:f}",
	    "kind", b->kind->word, "target", bench_targets[b->o->target], "connections",
	    (json_int_t)b->o->connections, "rate", (json_int_t)b->o->rate, "seconds", seconds,
	    "answers", (json_int_t)l->answers_inside, "orders", (json_int_t)t->orders, "refused",
	    (json_int_t)t->refused, "errors", (json_int_t)l->errors, "per_s",
	    seconds > 0 ? (double)done / seconds : 0, "p50_ms", quantile_ms(b, 0.5), "p99_ms",
	    quantile_ms(b, 0.99), "p999_ms", quantile_ms(b, 0.999), "max_ms",
	    (double)l->latency.max_us / 1000, "generator_cpu_us", (json_int_t)l->cpu_us, "reasons",
	    reasons, "began_us", (json_int_t)l->began_us, "violations", (json_int_t)t->violations,
	    "options_mean",
	    l->answers_inside > 0 ? (double)t->options / (double)l->answers_inside : 0);
	if (root == NULL)
		return ERR_NO_MEMORY;
	bad = json_dumpf(root, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(8));
	json_decref(root);
	return bad != 0 || printf("\n") < 0 || fflush(stdout) != 0 ? ERR_IO : ERR_OK;
}

static void
tag_make(const struct options *o, char tag[RUN_TAG_SIZE])
{
	if (o->tag != NULL)
		(void)snprintf(tag, RUN_TAG_SIZE, "%s", o->tag);
	else
		(void)snprintf(tag, RUN_TAG_SIZE, "b%llx",
		    (unsigned long long)(clock_wall_us() / 1000));
}

enum err
bench_run(const struct options *o, const struct world *w, int64_t *violations)
{
	const struct bench_kind_row *kind = &bench_kinds[o->kind];
	struct bench b = {.o = o, .kind = kind};
	struct bench_loop_in in = {.address = b.address,
	    .address_count = o->url_count,
	    .connections = (int)o->connections,
	    .window_us = o->seconds * US_PER_S,
	    .rate = o->rate,
	    .each = (int64_t)kind->each,
	    .bodies = &b.bodies,
	    .answer_size_max = kind->answer_size_max,
	    .answer_size_usual = kind->answer_size_usual,
	    .constant = o->kind == BENCH_CONSTANT,
	    .quiet = o->quiet};
	char tag[RUN_TAG_SIZE];
	enum err e;

	tag_make(o, tag);
	bench_mix_init(&b.mix, w, o->target, tag);
	e = prepare(&b);
	if (e == ERR_OK)
		e = bench_loop_run(&in, &b.loop);
	if (e == ERR_OK)
		e = judge(&b);
	if (e == ERR_OK)
		e = result_print(&b);
	if (e == ERR_OK && b.loop.latency.count == 0) {
		log_error(LOG_MSG("nothing was answered"));
		e = ERR_IO;
	}
	*violations = b.tally.violations;
	bench_loop_release(&b.loop);
	bench_bodies_release(&b.bodies);
	bench_orders_release(&b.orders);
	return e;
}
