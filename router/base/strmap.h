#ifndef ROUTER_BASE_STRMAP_H
#define ROUTER_BASE_STRMAP_H

/*
 * strmap: text to 32-bit number, for catalog codes.  Filled once, read often.
 * Keys are borrowed: they must live as long as the map.  Open addressing, at most half full.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STRMAP_NONE UINT32_MAX

struct strmap {
	struct strmap_slot *slots;
	size_t slot_count; /* a power of two, or 0 */
	size_t count;
};

enum err strmap_init(struct strmap *m, size_t count_expected) MUST_CHECK;
void strmap_release(struct strmap *m);
/* A key that is there keeps its first value and false comes back through ${added} (may be NULL). */
enum err strmap_put(struct strmap *m, const char *key, uint32_t value, bool *added) MUST_CHECK;
uint32_t strmap_get(const struct strmap *m, const char *key); /* STRMAP_NONE: not there */

uint64_t hash64(const void *p, size_t len, uint64_t seed); /* fast, not for secrets */

#endif
