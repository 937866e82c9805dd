/* share: spreading an amount by weights, largest remainder (Hamilton). */
#include "domain/share.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/money.h"

__extension__ typedef __int128 wide;

#define TAKEN (-1)

/* Remainders lie in out[]; the winner of the next fen: largest remainder, then weight, then lowest index. */
static int
next_winner(const int64_t *weights, int count, const int64_t *out)
{
	int best = -1, i;

	for (i = 0; i < count; i++) {
		if (out[i] <= 0)
			continue;
		if (best < 0 || out[i] > out[best] ||
		    (out[i] == out[best] && weights[i] > weights[best]))
			best = i;
	}
	assert(best >= 0);
	return best;
}

static enum err
add_weights(const int64_t *weights, int count, int64_t *sum)
{
	int i;

	*sum = 0;
	if (count < 1)
		return ERR_BAD_FIELD;
	for (i = 0; i < count; i++)
		if (weights[i] < 0)
			return ERR_BAD_FIELD;
	for (i = 0; i < count; i++)
		if (!fen_add(*sum, weights[i], sum))
			return ERR_OVERFLOW;
	return ERR_OK;
}

enum err
share(int64_t total, const int64_t *weights, int count, int64_t *out)
{
	int64_t sign = total < 0 ? -1 : 1, given = 0, magnitude, sum;
	enum err e;
	int i;

	e = add_weights(weights, count, &sum);
	if (e != ERR_OK)
		return e;
	if (sum == 0 && total != 0)
		return ERR_BAD_FIELD;
	if (total == 0) {
		memset(out, 0, (size_t)count * sizeof(*out));
		return ERR_OK;
	}
	if (total == INT64_MIN)
		return ERR_OVERFLOW;
	if (count == 1) {
		out[0] = total;
		return ERR_OK;
	}
	magnitude = total * sign;
	/* A remainder is below the sum, so it fits out[] until the fen left over have found their places. */
	for (i = 0; i < count; i++) {
		given += (int64_t)((wide)magnitude * weights[i] / sum);
		out[i] = (int64_t)((wide)magnitude * weights[i] % sum);
	}
	for (; given < magnitude; given++)
		out[next_winner(weights, count, out)] = TAKEN;
	for (i = 0; i < count; i++) {
		given = (int64_t)((wide)magnitude * weights[i] / sum);
		out[i] = sign * (out[i] == TAKEN ? given + 1 : given);
	}
	return ERR_OK;
}

int64_t
share_equal(int64_t total, int64_t count, int64_t from, int64_t to)
{
	int64_t extra, lucky;

	assert(count > 0 && from >= 0 && from <= to && to <= count);
	/* Equal weights tie, so that what is left over goes to the first of them, a fen each. */
	extra = total % count;
	lucky = extra < 0 ? -extra : extra;
	lucky = (to < lucky ? to : lucky) - (from < lucky ? from : lucky);
	return total / count * (to - from) + (extra < 0 ? -lucky : lucky);
}
