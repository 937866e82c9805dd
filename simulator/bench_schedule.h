#ifndef SIMULATOR_BENCH_SCHEDULE_H
#define SIMULATOR_BENCH_SCHEDULE_H

/* bench_schedule: the fixed instants of an open loop, in whole µs; they never drift. */
#include <stdint.h>

struct bench_schedule {
	int64_t start_us;
	int64_t per_s; /* orders a second; above 0 */
	int64_t each;  /* orders a request */
};

/* When request ${k}, from 0, is due. */
int64_t bench_schedule_due_us(const struct bench_schedule *s, uint64_t k);
/* How many requests are due at ${now_us} or were before. */
uint64_t bench_schedule_count(const struct bench_schedule *s, int64_t now_us);

#endif
