#ifndef SIMULATOR_RNG_H
#define SIMULATOR_RNG_H

/*
 * rng: numbers that look random and are the same for the same seed on every machine.
 *
 * A generator is made from (seed, stream, index), so that customer 4711 or order 12 can be made
 * again at any time without making those before it.  xoshiro256** seeded by splitmix64.
 */
#include <stdbool.h>
#include <stdint.h>

/* What the numbers are for; two streams of one seed have nothing in common. */
enum rng_stream {
	RNG_CITY = 1,
	RNG_DEALER,
	RNG_STORE,
	RNG_SKU,
	RNG_STOCK,
	RNG_CUSTOMER,
	RNG_CLAIM,
	RNG_ORDER,
	RNG_FAULT,
	RNG_DAY
};

struct rng {
	uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed, enum rng_stream stream, uint64_t index);
uint64_t rng_next(struct rng *r);
int64_t rng_below(struct rng *r, int64_t n);                /* 0 to n - 1; n > 0 */
int64_t rng_between(struct rng *r, int64_t lo, int64_t hi); /* both included */
double rng_unit(struct rng *r);                             /* 0 to below 1 */
double rng_gauss(struct rng *r);                            /* mean 0, deviation 1 */
bool rng_chance(struct rng *r, double p);

#endif
