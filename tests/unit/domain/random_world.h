#ifndef TESTS_UNIT_DOMAIN_RANDOM_WORLD_H
#define TESTS_UNIT_DOMAIN_RANDOM_WORLD_H

/* random_world: worlds, policies and orders drawn from a seed, small enough that everything collides. */
#include "domain/world_fixture.h"

struct rng {
	uint64_t state;
};
uint32_t rng_next(struct rng *r);
int rng_below(struct rng *r, int n); /* 0 .. n - 1 */

struct fixture *random_world(struct rng *r);
/* New hint tables with the same rows put in another order, and the world's lists shuffled. */
void random_shuffle(struct fixture *f, struct rng *r);

#endif
