#ifndef ROUTER_BASE_PARSE_H
#define ROUTER_BASE_PARSE_H

/*
 * parse: text to values; the whole text must be used, no white space, no locale.
 * On ERR_BAD_FIELD *out is untouched.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum err parse_i64(const char *s, int64_t min, int64_t max, int64_t *out) MUST_CHECK;
enum err parse_u64(const char *s, uint64_t max, uint64_t *out) MUST_CHECK;
enum err parse_double(const char *s, double *out) MUST_CHECK; /* finite only */
enum err parse_bool(const char *s, bool *out) MUST_CHECK;     /* on off true false yes no 1 0 */
/* "10s", "15min", "500ms", "2h", "7d", or a bare number in ${unit_ms} units; result in ms. */
enum err parse_duration_ms(const char *s, int64_t unit_ms, int64_t *out) MUST_CHECK;
/* "64MiB", "256KiB", "1GiB", or bare bytes. */
enum err parse_size(const char *s, int64_t *out) MUST_CHECK;
/*
 * Yuan as bills print them, as fen: "-12.30", "3", "5.80000".  At most two decimals, and zeros behind them; a
 * magnitude up to FEN_MAX (base/money.h).
 */
enum err parse_yuan(const char *s, int64_t *fen) MUST_CHECK;
/*
 * RFC 3339 with offset or Z, years 0001 to 9999 in UTC, up to nanoseconds (cut to the microsecond).
 * No leap seconds: nothing behind us can keep one.
 */
enum err parse_time(const char *s, int64_t *us) MUST_CHECK;
#define TIME_TEXT_SIZE 32
/* 2026-11-21T08:00:00Z or 08:00:00.250Z: the fewest of 0, 3, 6 decimals */
void format_time(int64_t us, char out[TIME_TEXT_SIZE]);
/* "2026-09-01" as days since 1970-01-01, and back; years 0001 to 9999. */
enum err parse_day(const char *s, int32_t *day) MUST_CHECK;
#define DAY_TEXT_SIZE 11
void format_day(int32_t day, char out[DAY_TEXT_SIZE]);
/* Days since 1970-01-01 of a civil date, and back; valid for years 1 to 9999. */
int32_t days_from_civil(int32_t y, int32_t m, int32_t d);
void civil_from_days(int32_t days, int32_t *y, int32_t *m, int32_t *d);
/* A number of somebody else's: 1 to ${len_max} bytes, no blanks, no control characters. */
bool ref_valid(const char *ref, size_t len_max);
/* no surrogates, no overlong forms; NUL counts as invalid */
bool utf8_valid(const void *p, size_t len);

#endif
