#include "simulator/latency.h"

#include <string.h>

/* Below 64 each value has its own bucket; above, 64 buckets for each doubling. */
static int
bucket_of(int64_t us)
{
	uint64_t v = us < 0 ? 0 : (uint64_t)us;
	int shift, at;

	if (v < 64)
		return (int)v;
	shift = 63 - __builtin_clzll(v) - 6;
	at = shift * 64 + (int)(v >> shift);
	return at < LATENCY_BUCKETS ? at : LATENCY_BUCKETS - 1;
}

static int64_t
bucket_end(int at)
{
	int shift = at / 64 - 1;

	if (shift < 0)
		return at;
	return (((int64_t)(at % 64) + 65) << shift) - 1;
}

void
latency_add(struct latency *l, int64_t us)
{
	l->count++;
	if (us > l->max_us)
		l->max_us = us;
	l->bucket[bucket_of(us)]++;
}

void
latency_merge(struct latency *to, const struct latency *from)
{
	to->count += from->count;
	if (from->max_us > to->max_us)
		to->max_us = from->max_us;
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

void
latency_reset(struct latency *l)
{
	memset(l, 0, sizeof(*l));
}

int64_t
latency_quantile_us(const struct latency *l, double q)
{
	int64_t wanted = (int64_t)(q * (double)l->count), seen = 0;

	if (l->count == 0)
		return 0;
	for (int i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->bucket[i];
		if (seen > wanted || seen == l->count)
			return bucket_end(i) < l->max_us ? bucket_end(i) : l->max_us;
	}
	return l->max_us;
}
