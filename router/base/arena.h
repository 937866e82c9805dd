#ifndef ROUTER_BASE_ARENA_H
#define ROUTER_BASE_ARENA_H

/*
 * arena: memory that lives as long as one request or one batch and dies at once.
 *
 * Bump allocation in chunks, 16-byte aligned, with a cap: a request has one.  Built with
 * -DARENA_EMULATE (SAN=1 does) each allocation is a malloc of its own, so that the
 * address sanitizer sees overruns.
 */
#include <stddef.h>

#include "base/err.h"

struct arena;

/* The arena takes no more than ${size_max} bytes from malloc, chunk heads included; NULL: no memory. */
struct arena *arena_new(size_t size_max) MUST_CHECK;
void arena_free(struct arena *a); /* runs the hooks, last first; NULL is fine */
/* the same, but keeps a chunk of up to 128 KiB for the next user */
void arena_reset(struct arena *a);

void arena_empty(struct arena *a); /* runs the hooks; keeps nothing */

/* NULL when the cap or malloc says no; ${size} 0 gives a valid unique pointer. */
void *arena_alloc(struct arena *a, size_t size) MUST_CHECK;
void *arena_zalloc(struct arena *a, size_t size) MUST_CHECK;
/* zeroed, checked multiply */
void *arena_array(struct arena *a, size_t count, size_t size) MUST_CHECK;
char *arena_strdup(struct arena *a, const char *s) MUST_CHECK;
char *arena_strndup(struct arena *a, const char *s, size_t len) MUST_CHECK;
void *arena_memdup(struct arena *a, const void *p, size_t len) MUST_CHECK;
char *arena_printf(struct arena *a, const char *fmt, ...) MUST_CHECK
    __attribute__((format(printf, 2, 3)));

/* ${release}(${ctx}) runs when the arena is freed or reset; ERR_NO_MEMORY: it was not registered. */
enum err arena_on_free(struct arena *a, void (*release)(void *ctx), void *ctx) MUST_CHECK;

size_t arena_used(const struct arena *a); /* bytes handed out since the last reset */

#endif
