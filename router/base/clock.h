#ifndef ROUTER_BASE_CLOCK_H
#define ROUTER_BASE_CLOCK_H

/* clock: the only place that reads time.  Wall time is µs since 1970 UTC, as PostgreSQL keeps it. */
#include <stdint.h>

#define US_PER_MS INT64_C(1000)
#define US_PER_S INT64_C(1000000)
#define US_PER_MIN (60 * US_PER_S)
#define US_PER_DAY (86400 * US_PER_S)

/* The day in China that ${us} lies in, since 1970: bills and periods end with it. */
#define CHINA_US (8 * 60 * US_PER_MIN)
static inline int32_t
day_in_china(int64_t us)
{
	us += CHINA_US;
	return (int32_t)(us / US_PER_DAY - (us % US_PER_DAY < 0));
}

int64_t clock_wall_us(void);
int64_t clock_mono_us(void);
/* Tests move the wall clock: from now on clock_wall_us() is the real one plus ${offset_us}. */
void clock_offset_set(int64_t offset_us);
int64_t clock_offset_us(void); /* as set last; 0 at first */

#endif
