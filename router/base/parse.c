#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "base/parse.h"

struct unit {
	const char *word;
	int64_t size;
};

/* Reads digits up to the first other character; false: there is none, or too many. */
static bool
read_digits(const char **s, uint64_t *out)
{
	const char *at;
	uint64_t v;

	v = 0;
	for (at = *s; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			return false;
	}
	if (at == *s)
		return false;
	*s = at;
	*out = v;
	return true;
}

enum err
parse_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v;

	if (!read_digits(&s, &v) || *s != '\0' || v > max)
		return ERR_BAD_FIELD;
	*out = v;
	return ERR_OK;
}

enum err
parse_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	uint64_t v, limit;
	int64_t value;
	bool negative;

	negative = *s == '-';
	if (negative)
		s++;
	limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	if (!read_digits(&s, &v) || *s != '\0' || v > limit)
		return ERR_BAD_FIELD;
	/* Negated as unsigned: INT64_MIN has no positive twin. */
	value = (int64_t)(negative ? 0 - v : v);
	if (value < min || value > max)
		return ERR_BAD_FIELD;
	*out = value;
	return ERR_OK;
}

enum err
parse_double(const char *s, double *out)
{
	char *end;
	double v;

	/* strtod() also reads white space, hexadecimal, inf and nan. */
	if (*s == '\0' || s[strspn(s, "0123456789+-.eE")] != '\0' || *s == '+')
		return ERR_BAD_FIELD;
	v = strtod(s, &end);
	if (*end != '\0' || end == s || !isfinite(v))
		return ERR_BAD_FIELD;
	*out = v;
	return ERR_OK;
}

enum err
parse_bool(const char *s, bool *out)
{
	static const char *const words[] = {"off", "on", "false", "true", "no", "yes", "0", "1"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(s, words[i]) == 0) {
			*out = i % 2 == 1;
			return ERR_OK;
		}
	}
	return ERR_BAD_FIELD;
}

/* A whole number and one of ${units}, whose last row has the word NULL: a bare number's size. */
static enum err
parse_with_unit(const char *s, const struct unit *units, int64_t *out)
{
	uint64_t v;
	int64_t product;

	if (!read_digits(&s, &v) || v > INT64_MAX)
		return ERR_BAD_FIELD;
	for (; units->word != NULL && strcmp(s, units->word) != 0; units++)
		continue;
	if (units->word == NULL && *s != '\0')
		return ERR_BAD_FIELD;
	if (__builtin_mul_overflow((int64_t)v, units->size, &product))
		return ERR_BAD_FIELD;
	*out = product;
	return ERR_OK;
}

enum err
parse_duration_ms(const char *s, int64_t unit_ms, int64_t *out)
{
	const struct unit units[] = {
	    {"ms", 1},
	    {"s", 1000},
	    {"min", 60 * 1000},
	    {"h", 3600 * 1000},
	    {"d", 86400 * 1000},
	    {NULL, unit_ms},
	};

	return parse_with_unit(s, units, out);
}

enum err
parse_size(const char *s, int64_t *out)
{
	static const struct unit units[] = {
	    {"KiB", INT64_C(1) << 10},
	    {"MiB", INT64_C(1) << 20},
	    {"GiB", INT64_C(1) << 30},
	    {"TiB", INT64_C(1) << 40},
	    {NULL, 1},
	};

	return parse_with_unit(s, units, out);
}

#define YUAN_DECIMALS_MAX 8

enum err
parse_yuan(const char *s, int64_t *fen)
{
	bool minus = *s == '-';
	const char *p = minus ? s + 1 : s;
	int64_t v = 0;
	int decimals = 0;

	if (*p < '0' || *p > '9')
		return ERR_BAD_FIELD;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > FEN_MAX / 100)
			return ERR_BAD_FIELD;
	}
	v *= 100;
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9' && decimals < YUAN_DECIMALS_MAX; p++, decimals++) {
			if (decimals >= 2 && *p != '0')
				return ERR_BAD_FIELD;
			if (decimals < 2)
				v += (*p - '0') * (decimals == 0 ? 10 : 1);
		}
		if (decimals == 0)
			return ERR_BAD_FIELD;
	}
	if (*p != '\0' || v > FEN_MAX)
		return ERR_BAD_FIELD;
	*fen = minus ? -v : v;
	return ERR_OK;
}

/*
 * The civil calendar in eras of 400 years that begin in March, so that the leap day is last:
 * Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */
int32_t
days_from_civil(int32_t y, int32_t m, int32_t d)
{
	int32_t era, yoe, doy, doe;

	assert(y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= 31);
	if (m <= 2)
		y--;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

void
civil_from_days(int32_t days, int32_t *y, int32_t *m, int32_t *d)
{
	int32_t z, era, doe, yoe, doy, mp;

	z = days + 719468;
	assert(z >= 0);
	era = z / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = yoe + era * 400 + (*m <= 2 ? 1 : 0);
}

/* Reads ${count} digits and then ${after} ('\0': nothing) into ${out}. */
static bool
read_field(const char **s, int count, char after, int32_t min, int32_t max, int32_t *out)
{
	int32_t v;
	int i;

	v = 0;
	for (i = 0; i < count; i++) {
		if ((*s)[i] < '0' || (*s)[i] > '9')
			return false;
		v = v * 10 + ((*s)[i] - '0');
	}
	*s += count;
	if (after != '\0') {
		if (**s != after)
			return false;
		(*s)++;
	}
	*out = v;
	return v >= min && v <= max;
}

static bool
read_date(const char **s, int32_t *days)
{
	int32_t y, m, d, y2, m2, d2;

	if (!read_field(s, 4, '-', 1, 9999, &y) || !read_field(s, 2, '-', 1, 12, &m) ||
	    !read_field(s, 2, '\0', 1, 31, &d))
		return false;
	/* The 31st of a short month comes back as another day. */
	*days = days_from_civil(y, m, d);
	civil_from_days(*days, &y2, &m2, &d2);
	return d == d2;
}

static bool
read_fraction(const char **s, int32_t *us)
{
	int32_t scale;
	int digits;

	*us = 0;
	if (**s != '.')
		return true;
	(*s)++;
	scale = 100000;
	for (digits = 0; **s >= '0' && **s <= '9'; digits++, (*s)++) {
		*us += (**s - '0') * scale;
		scale /= 10;
	}
	return digits >= 1 && digits <= 9;
}

static bool
read_offset(const char **s, int32_t *minutes)
{
	int32_t h, m;
	char sign;

	sign = **s;
	if (sign == '\0')
		return false;
	(*s)++;
	*minutes = 0;
	if (sign == 'Z' || sign == 'z')
		return true;
	if (sign != '+' && sign != '-')
		return false;
	if (!read_field(s, 2, ':', 0, 23, &h) || !read_field(s, 2, '\0', 0, 59, &m))
		return false;
	*minutes = sign == '-' ? -(h * 60 + m) : h * 60 + m;
	return true;
}

enum err
parse_time(const char *s, int64_t *us)
{
	int32_t days, h, min, sec, frac, offset;
	int64_t v;

	if (!read_date(&s, &days) || (*s != 'T' && *s != 't'))
		return ERR_BAD_FIELD;
	s++;
	if (!read_field(&s, 2, ':', 0, 23, &h) || !read_field(&s, 2, ':', 0, 59, &min) ||
	    !read_field(&s, 2, '\0', 0, 59, &sec) || !read_fraction(&s, &frac) ||
	    !read_offset(&s, &offset) || *s != '\0')
		return ERR_BAD_FIELD;
	v = days * US_PER_DAY + (h * 60 + min - offset) * US_PER_MIN + sec * US_PER_S + frac;
	if (v < days_from_civil(1, 1, 1) * US_PER_DAY ||
	    v >= (days_from_civil(9999, 12, 31) + 1) * US_PER_DAY)
		return ERR_BAD_FIELD;
	*us = v;
	return ERR_OK;
}

enum err
parse_day(const char *s, int32_t *day)
{
	int32_t days;

	if (!read_date(&s, &days) || *s != '\0')
		return ERR_BAD_FIELD;
	*day = days;
	return ERR_OK;
}

void
format_day(int32_t day, char out[DAY_TEXT_SIZE])
{
	char text[TIME_TEXT_SIZE];

	format_time(day * US_PER_DAY, text);
	memcpy(out, text, DAY_TEXT_SIZE - 1);
	out[DAY_TEXT_SIZE - 1] = '\0';
}

void
format_time(int64_t us, char out[TIME_TEXT_SIZE])
{
	int32_t y, m, d, sec, frac;
	int64_t days;
	int n;

	days = us / US_PER_DAY - (us % US_PER_DAY < 0 ? 1 : 0);
	assert(days >= days_from_civil(1, 1, 1) && days <= days_from_civil(9999, 12, 31));
	us -= days * US_PER_DAY;
	civil_from_days((int32_t)days, &y, &m, &d);
	sec = (int32_t)(us / US_PER_S);
	frac = (int32_t)(us % US_PER_S);
	n = snprintf(out, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d", y, m, d, sec / 3600,
	    sec / 60 % 60, sec % 60);
	assert(n == 19);
	if (frac % 1000 != 0)
		n += snprintf(out + n, TIME_TEXT_SIZE - (size_t)n, ".%06d", frac);
	else if (frac != 0)
		n += snprintf(out + n, TIME_TEXT_SIZE - (size_t)n, ".%03d", frac / 1000);
	out[n] = 'Z';
	out[n + 1] = '\0';
}

bool
ref_valid(const char *ref, size_t len_max)
{
	size_t len = 0;

	for (; ref[len] != '\0'; len++)
		if (len == len_max || (unsigned char)ref[len] <= ' ' || ref[len] == 0x7f)
			return false;
	return len > 0;
}

bool
utf8_valid(const void *p, size_t len)
{
	const uint8_t *at, *end;
	uint32_t c, min;
	int more;

	for (at = p, end = at + len; at < end;) {
		c = *at++;
		if (c == 0)
			return false;
		if (c < 0x80)
			continue;
		if (c < 0xc2 || c > 0xf4)
			return false;
		more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		min = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
		c &= 0x3fu >> more;
		if (end - at < more)
			return false;
		for (; more > 0; more--, at++) {
			if ((*at & 0xc0) != 0x80)
				return false;
			c = c << 6 | (*at & 0x3fu);
		}
		if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
	}
	return true;
}
