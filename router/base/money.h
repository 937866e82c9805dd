#ifndef ROUTER_BASE_MONEY_H
#define ROUTER_BASE_MONEY_H

/*
 * money: int64 fen with checked arithmetic.  CNY only; products go through __int128.
 * A bool result says whether the value fits; on false *out is untouched.
 */
#include <stdint.h>

#include "base/err.h"

#define BPS_WHOLE 10000

/* Bounds one order, not the currency: 10^15 fen is 10 trillion yuan, far inside int64. */
#define FEN_MAX INT64_C(1000000000000000)

enum rounding { ROUND_HALF_UP, ROUND_FLOOR };

bool fen_add(int64_t a, int64_t b, int64_t *out) MUST_CHECK;
bool fen_sub(int64_t a, int64_t b, int64_t *out) MUST_CHECK;
int64_t fen_least(int64_t a, int64_t b);
bool fen_mul(int64_t a, int64_t n, int64_t *out) MUST_CHECK;

/*
 * a * num / den rounded; den > 0.  Half up rounds the magnitude (half away from zero) and
 * floor truncates the magnitude, so that a refund mirrors its sale to the fen.
 */
bool fen_mul_div(int64_t a, int64_t num, int64_t den, enum rounding r, int64_t *out) MUST_CHECK;
bool fen_bps(int64_t a, int32_t bps, enum rounding r, int64_t *out) MUST_CHECK;

#endif
