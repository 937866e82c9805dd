#include "simulator/bench_schedule.h"

#include "base/clock.h"

int64_t
bench_schedule_due_us(const struct bench_schedule *s, uint64_t k)
{
	/* 10^8 orders at most: below 2^63 */
	return s->start_us + (int64_t)k * s->each * US_PER_S / s->per_s;
}

uint64_t
bench_schedule_count(const struct bench_schedule *s, int64_t now_us)
{
	int64_t since = now_us - s->start_us, step = s->each * US_PER_S;

	if (since < 0)
		return 0;
	/* the k with k * step / per_s < since + 1 */
	return (uint64_t)(((since + 1) * s->per_s + step - 1) / step);
}
