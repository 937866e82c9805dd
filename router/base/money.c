#include <assert.h>

#include "base/money.h"

/* ISO C has no 128-bit type; gcc and clang do. */
__extension__ typedef __int128 wide;

bool
fen_add(int64_t a, int64_t b, int64_t *out)
{
	int64_t v;

	if (__builtin_add_overflow(a, b, &v))
		return false;
	*out = v;
	return true;
}

bool
fen_sub(int64_t a, int64_t b, int64_t *out)
{
	int64_t v;

	if (__builtin_sub_overflow(a, b, &v))
		return false;
	*out = v;
	return true;
}

int64_t
fen_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool
fen_mul(int64_t a, int64_t n, int64_t *out)
{
	int64_t v;

	if (__builtin_mul_overflow(a, n, &v))
		return false;
	*out = v;
	return true;
}

bool
fen_mul_div(int64_t a, int64_t num, int64_t den, enum rounding r, int64_t *out)
{
	wide product, magnitude, q;
	int64_t small, rest;
	bool negative;

	assert(den > 0);
	/* Almost always; dividing 128 bits takes several times as long. */
	if (!__builtin_mul_overflow(a, num, &small)) {
		rest = small % den;
		small /= den;
		if (r == ROUND_HALF_UP && (rest < 0 ? den + rest <= -rest : den - rest <= rest))
			small += rest < 0 ? -1 : 1;
		*out = small;
		return true;
	}
	product = (wide)a * num;
	negative = product < 0;
	magnitude = negative ? -product : product;
	/* Half is compared by the rest, so that an odd den needs no doubling of the product. */
	q = magnitude / den;
	if (r == ROUND_HALF_UP && magnitude % den * 2 >= den)
		q++;
	if (negative)
		q = -q;
	if (q > INT64_MAX || q < INT64_MIN)
		return false;
	*out = (int64_t)q;
	return true;
}

bool
fen_bps(int64_t a, int32_t bps, enum rounding r, int64_t *out)
{
	return fen_mul_div(a, bps, BPS_WHOLE, r, out);
}
