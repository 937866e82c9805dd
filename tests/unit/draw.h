#ifndef TESTS_UNIT_DRAW_H
#define TESTS_UNIT_DRAW_H

/* draw: numbers drawn from a seed that can be named again. */
#include <inttypes.h>
#include <stdlib.h>

#include "unit.h"

#include "base/parse.h"

/* splitmix64 */
static inline uint64_t
draw(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* The seed in the environment's ${name}, else ${seed}; it is printed.  Call it from a test. */
static inline uint64_t
draw_seed(const char *name, uint64_t seed)
{
	const char *text = getenv(name);

	if (text != NULL)
		assert_int_equal(parse_u64(text, UINT64_MAX, &seed), ERR_OK);
	print_message("%s=%" PRIu64 "\n", name, seed);
	return seed;
}

#endif
