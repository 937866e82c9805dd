#ifndef ROUTER_DOMAIN_SHARE_H
#define ROUTER_DOMAIN_SHARE_H

/* share: spreading an amount by weights, largest remainder (Hamilton). */
#include <stdint.h>

#include "base/err.h"

/**
 * share(total, weights, count, out):
 * Spread ${total} fen over ${count} weights so that ${out} adds up to it exactly.
 *
 * Ties go to the larger weight, then the lower index; a zero weight gets zero; a negative total
 * mirrors the positive one.  ERR_BAD_FIELD: no weight, a negative one, or all zero with a total;
 * ERR_OVERFLOW: the weights add up past int64.
 */
enum err share(int64_t total, const int64_t *weights, int count, int64_t *out) MUST_CHECK;

/*
 * What the parts numbered from .. to - 1 get when ${total} is spread over ${count} equal weights: the units
 * of a line weigh equally.  Spreading the answer again over those parts gives each what it had.
 */
int64_t share_equal(int64_t total, int64_t count, int64_t from, int64_t to);

#endif
