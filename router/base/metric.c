#include <assert.h>
#include <stddef.h>

#include "base/metric.h"

#define BUCKET_FIRST_US 50
#define BUCKET_COUNT 20 /* 50 µs << 19 is 26 s; what is slower counts in +Inf */

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

#define X(name, kind, help) {#name, help, KIND_##kind},
static const struct {
	const char *name;
	const char *help;
	enum kind kind;
} rows[] = {METRIC_TABLE(X)};
#undef X

/* A histogram's value is its count of observations. */
static struct {
	int64_t value;
	int64_t sum_us;
	int64_t buckets[BUCKET_COUNT];
} counts[METRIC_COUNT];

void
metric_add(enum metric m, int64_t n)
{
	assert(m < METRIC_COUNT && rows[m].kind != KIND_HISTOGRAM);
	assert(n >= 0 || rows[m].kind == KIND_GAUGE);
	counts[m].value += n;
}

void
metric_set(enum metric m, int64_t v)
{
	assert(m < METRIC_COUNT && rows[m].kind == KIND_GAUGE);
	counts[m].value = v;
}

void
metric_observe(enum metric m, int64_t us)
{
	int64_t limit_us;
	int i;

	assert(m < METRIC_COUNT && rows[m].kind == KIND_HISTOGRAM);
	/* Stored apart, added up when printed: one add here. */
	for (i = 0, limit_us = BUCKET_FIRST_US; i < BUCKET_COUNT && us > limit_us; i++)
		limit_us *= 2;
	if (i < BUCKET_COUNT)
		counts[m].buckets[i]++;
	counts[m].value++;
	counts[m].sum_us += us;
}

int64_t
metric_get(enum metric m)
{
	assert(m < METRIC_COUNT);
	return counts[m].value;
}

static void
print_head(struct buf *out, const char *name, const char *help, const char *type)
{
	buf_printf(out, "# HELP yuncang_%s %s\n# TYPE yuncang_%s %s\n", name, help, name, type);
}

static void
print_value(struct buf *out, const char *name, const char *suffix, int64_t v)
{
	buf_printf(out, "yuncang_%s%s %lld\n", name, suffix, (long long)v);
}

static void
print_histogram(struct buf *out, enum metric m)
{
	int64_t sum, limit_us;
	int i;

	sum = 0;
	limit_us = BUCKET_FIRST_US;
	for (i = 0; i < BUCKET_COUNT; i++, limit_us *= 2) {
		sum += counts[m].buckets[i];
		buf_printf(out, "yuncang_%s_bucket{le=\"%lld\"} %lld\n", rows[m].name,
		    (long long)limit_us, (long long)sum);
	}
	print_value(out, rows[m].name, "_bucket{le=\"+Inf\"}", counts[m].value);
	print_value(out, rows[m].name, "_sum", counts[m].sum_us);
	print_value(out, rows[m].name, "_count", counts[m].value);
}

void
metric_print(struct buf *out)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	enum metric m;

	for (m = 0; m < METRIC_COUNT; m++) {
		print_head(out, rows[m].name, rows[m].help, types[rows[m].kind]);
		if (rows[m].kind == KIND_HISTOGRAM)
			print_histogram(out, m);
		else
			print_value(out, rows[m].name, "", counts[m].value);
	}
}

void
metric_print_labelled(struct buf *out, const char *name, const char *help, const char *label,
    const char *const *values, const int64_t *v, int count)
{
	int i;

	print_head(out, name, help, "counter");
	for (i = 0; i < count; i++)
		buf_printf(out, "yuncang_%s{%s=\"%s\"} %lld\n", name, label, values[i],
		    (long long)v[i]);
}
