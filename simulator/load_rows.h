#ifndef SIMULATOR_LOAD_ROWS_H
#define SIMULATOR_LOAD_ROWS_H

/* load_rows: the rows of the world as catalog messages, one kind after the other. */
#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "simulator/world.h"

struct load_in {
	const struct world *world;
	int64_t now_us;
};

/*
 * Builds the request of rows ${first} to ${first} + ${count} - 1 in ${a}; NULL: the arena is full.
 * Rows that do not exist (a sku not kept at SITE) are left out.
 */
typedef ProtobufCMessage *load_fn(const struct load_in *in, int64_t first, int64_t count,
    struct arena *a);

struct load_kind {
	const char *name; /* for the progress line */
	const char *path;
	const ProtobufCMessageDescriptor *response;
	int64_t (*row_count)(const struct world *w);
	int64_t chunk;
	load_fn *build;
};

extern const struct load_kind
    load_kinds[]; /* in an order that satisfies references; name NULL ends */

/* Weekdays (1 is Monday) and minutes; TYPE_NIGHT has none: it never closes. */
struct load_hours {
	int from_day, to_day, open, close;
};

extern const struct load_hours load_hours[TYPE_COUNT][2];

#endif
