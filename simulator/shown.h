#ifndef SIMULATOR_SHOWN_H
#define SIMULATOR_SHOWN_H

/* shown: when an order was acknowledged and when its screen showed it, whichever came first. */
#include <stddef.h>

#include "base/uuid.h"
#include "simulator/latency.h"

struct shown {
	struct shown_row *rows; /* open addressing; a free one has both times 0 */
	size_t size;            /* a power of two */
	int64_t acknowledged, seen;
	int64_t both;           /* of these, known from both sides */
	struct latency latency; /* from acknowledged to seen; 0 when the screen was first */
};

/* Room for ${count} orders of each side. */
enum err shown_init(struct shown *s, int64_t count) MUST_CHECK;
void shown_release(struct shown *s);
/* Only the first time of each counts; monotonic. */
void shown_acknowledged(struct shown *s, const struct uuid *id, int64_t at_us);
void shown_seen(struct shown *s, const struct uuid *id, int64_t at_us);

#endif
