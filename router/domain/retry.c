#include "domain/retry.h"

#include <assert.h>

static const int64_t pauses[RETRY_TRIES_MAX - 1] = {1, 6, 24, 120, 360, 720, 1440, 2880, 5760,
    5760};

int64_t
retry_doubled(int tries, int64_t first, int64_t most)
{
	assert(tries >= 1 && first > 0);
	for (; tries > 1 && first < most; tries--)
		first = first <= most / 2 ? 2 * first : most;
	return first < most ? first : most;
}

int64_t
retry_pause_ms(int tries, int64_t unit_ms, uint32_t random)
{
	int64_t percent = 80 + random % 41;
	int at;

	assert(tries >= 1 && unit_ms > 0);
	at = tries < RETRY_TRIES_MAX ? tries - 1 : RETRY_TRIES_MAX - 2;
	return pauses[at] * unit_ms * percent / 100;
}

bool
retry_over(int tries, int tries_max, int64_t age_ms, int64_t unit_ms)
{
	return tries >= tries_max || tries >= RETRY_TRIES_MAX || age_ms >= RETRY_UNITS * unit_ms;
}
