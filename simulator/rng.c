#include "simulator/rng.h"

#include <assert.h>
#include <math.h>

static uint64_t
splitmix(uint64_t *x)
{
	uint64_t z;

	*x += UINT64_C(0x9e3779b97f4a7c15);
	z = *x;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
rng_init(struct rng *r, uint64_t seed, enum rng_stream stream, uint64_t index)
{
	uint64_t x = seed;

	x = splitmix(&x) ^ ((uint64_t)stream << 56);
	x = splitmix(&x) ^ index;
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix(&x);
}

static uint64_t
rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t
rng_next(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t out = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return out;
}

int64_t
rng_below(struct rng *r, int64_t n)
{
	assert(n > 0);
	/* the bias is n / 2^64: nothing here notices */
	return (int64_t)(rng_next(r) % (uint64_t)n);
}

int64_t
rng_between(struct rng *r, int64_t lo, int64_t hi)
{
	assert(lo <= hi);
	return lo + rng_below(r, hi - lo + 1);
}

double
rng_unit(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

double
rng_gauss(struct rng *r)
{
	double u = 1.0 - rng_unit(r); /* never 0: its logarithm is taken */
	double v = rng_unit(r);

	return sqrt(-2.0 * log(u)) * cos(2.0 * 3.14159265358979323846 * v);
}

bool
rng_chance(struct rng *r, double p)
{
	return rng_unit(r) < p;
}
