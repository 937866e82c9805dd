/* hours: see the header. */
#include <assert.h>

#include "base/clock.h"
#include "domain/hours.h"

static int64_t
floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b < 0 ? q - 1 : q;
}

static int64_t
local(const struct location *l, int64_t at_us)
{
	return at_us + l->tz_min * US_PER_MIN;
}

int32_t
hours_day(const struct location *l, int64_t at_us)
{
	return (int32_t)floor_div(local(l, at_us), US_PER_DAY);
}

int32_t
hours_minute(const struct location *l, int64_t at_us)
{
	int64_t t = local(l, at_us);

	return (int32_t)((t - floor_div(t, US_PER_DAY) * US_PER_DAY) / US_PER_MIN);
}

int64_t
hours_at(const struct location *l, int32_t day, int32_t minute)
{
	return day * US_PER_DAY + (minute - l->tz_min) * US_PER_MIN;
}

/* 0 is Monday; 1 January 1970 was a Thursday. */
static int
weekday(int64_t day)
{
	return (int)((day + 3) - floor_div(day + 3, 7) * 7);
}

bool
hours_add_open(const struct location *l, int64_t from_us, int32_t minutes, int64_t *out_us)
{
	int64_t left = minutes * US_PER_MIN, week = 0, t, day, open, close, weeks;

	assert(minutes >= 0);
	if (l->hours.always) {
		*out_us = from_us + left;
		return true;
	}
	for (int i = 0; i < HOURS_MAX; i++)
		if (l->hours.close[i] > l->hours.open[i])
			week += (l->hours.close[i] - l->hours.open[i]) * US_PER_MIN;
	if (week == 0)
		return false;
	t = local(l, from_us);
	if (left > week) {
		weeks = (left - 1) / week;
		left -= weeks * week;
		t += weeks * 7 * US_PER_DAY;
	}
	/* Within eight days a whole week's open time passes, whatever the minute it began. */
	day = floor_div(t, US_PER_DAY);
	for (int i = 0; i <= HOURS_MAX + 1; i++, day++) {
		open = day * US_PER_DAY + l->hours.open[weekday(day)] * US_PER_MIN;
		close = day * US_PER_DAY + l->hours.close[weekday(day)] * US_PER_MIN;
		if (open < t)
			open = t;
		if (open >= close)
			continue;
		if (left <= close - open) {
			*out_us = open + left - l->tz_min * US_PER_MIN;
			return true;
		}
		left -= close - open;
	}
	assert(!"a week has passed");
	return false;
}
