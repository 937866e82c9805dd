#ifndef ROUTER_FLOW_BILL_SOURCE_H
#define ROUTER_FLOW_BILL_SOURCE_H

/* bill_source: a file or bytes, inflated, read and summed, as what store/bill.h pulls lines from. */
#include "edge/gunzip.h"
#include "flow/bill_read.h"
#include "store/bill.h"

struct bill_source_file {
	FILE *file; /* borrowed; NULL: bytes */
	const void *bytes;
	size_t len;
	const char *sha1; /* in hex, as it must be; "": not known */
	int64_t size_max; /* inflated */
	const struct bill_map *map;
	void (*progress)(void *ctx, int64_t lines);
	void *ctx;

	struct gunzip *gunzip;
	struct arena *arena; /* texts of the chunk in hand */
	struct bill_read read;
	struct bill_sums sums;
};

/* After the members above were set.  NO_MEMORY. */
enum err bill_source_init(struct bill_source_file *s) MUST_CHECK;
void bill_source_release(struct bill_source_file *s);
struct bill_source bill_source(struct bill_source_file *s);

#endif
