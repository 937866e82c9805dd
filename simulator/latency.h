#ifndef SIMULATOR_LATENCY_H
#define SIMULATOR_LATENCY_H

/*
 * latency: a histogram of µs with buckets of at most 1/64 of their value; up to a day, no allocation.
 */
#include <stdint.h>

#define LATENCY_BUCKETS (32 * 64)

struct latency {
	int64_t count;
	int64_t max_us;
	int64_t bucket[LATENCY_BUCKETS];
};

void latency_add(struct latency *l, int64_t us);
void latency_merge(struct latency *to, const struct latency *from);
void latency_reset(struct latency *l);
/* The upper end of the bucket that holds the ${q} quantile (0.5, 0.99); 0 when nothing was counted. */
int64_t latency_quantile_us(const struct latency *l, double q);

#endif
