#include <assert.h>
#include <time.h>

#include "base/clock.h"

static int64_t wall_offset_us;

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;
	int rc;

	rc = clock_gettime(id, &ts);
	assert(rc == 0);
	(void)rc;
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t
clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME) + wall_offset_us;
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void
clock_offset_set(int64_t offset_us)
{
	wall_offset_us = offset_us;
}

int64_t
clock_offset_us(void)
{
	return wall_offset_us;
}
