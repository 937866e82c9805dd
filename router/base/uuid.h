#ifndef ROUTER_BASE_UUID_H
#define ROUTER_BASE_UUID_H

/* uuid: our ids are UUIDv7 (RFC 9562): 48 bits of milliseconds, then a counter, then random. */
#include <stdint.h>

#include "base/err.h"

#define UUID_TEXT_SIZE 37

struct uuid {
	uint8_t b[16];
};

/*
 * The next id of this process for ${now_us}; each is greater than the one before, also when
 * the clock steps back.
 */
struct uuid uuid_v7(int64_t now_us);
void uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE]);
enum err uuid_parse(const char *s, struct uuid *u) MUST_CHECK; /* 36 characters, hyphens in place */
bool uuid_equal(const struct uuid *a, const struct uuid *b);
bool uuid_is_zero(const struct uuid *u);

#endif
