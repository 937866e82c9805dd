#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define ALIGNMENT ((size_t)16)
#define CHUNK_SIZE ((size_t)8192) /* of the first; later ones double, up to: */
#define CHUNK_SIZE_MAX ((size_t)1 << 20)
/*
 * The largest that a reset keeps.  Seen in the small world: an order takes 14 KiB, at most 43 for 99 of
 * 100; a quote 61 KiB and 93.  So most requests find all they need in the one chunk, and malloc rests.
 */
#define CHUNK_SIZE_KEPT ((size_t)1 << 17)

/* The head of a piece of malloc's memory; what it holds follows it, aligned. */
struct chunk {
	struct chunk *next; /* older */
	size_t size;        /* of the room behind the head */
	size_t used;
	size_t unused_pad; /* keeps the room aligned */
};

struct hook {
	struct hook *next; /* older */
	void (*release)(void *ctx);
	void *ctx;
};

struct arena {
	struct chunk *chunks; /* newest first */
	struct hook *hooks;
	size_t size_max;
	size_t taken; /* from malloc, heads included */
	size_t used;
	size_t chunk_size_next;
};

_Static_assert(sizeof(struct chunk) % 16 == 0, "what follows a chunk's head must be aligned");

struct arena *
arena_new(size_t size_max)
{
	struct arena *a;

	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return NULL;
	a->size_max = size_max;
	a->chunk_size_next = CHUNK_SIZE;
	return a;
}

static void
run_hooks(struct arena *a)
{
	struct hook *h;

	/* A hook lives in the arena itself: it is read before anything is freed. */
	while (a->hooks != NULL) {
		h = a->hooks;
		a->hooks = h->next;
		h->release(h->ctx);
	}
}

static void
free_chunks(struct arena *a)
{
	struct chunk *c;

	while ((c = a->chunks) != NULL) {
		a->chunks = c->next;
		a->taken -= sizeof(*c) + c->size;
		free(c);
	}
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	run_hooks(a);
	free_chunks(a);
	assert(a->taken == 0);
	free(a);
}

/*
 * Takes out the largest chunk that the next user may have; so the arena grows to what its users need.  Of
 * a small cap only an eighth: what is left must still be good for one large piece.
 */
static struct chunk *
take_kept(struct arena *a)
{
	struct chunk *kept = NULL;

#ifndef ARENA_EMULATE
	size_t size_max = CHUNK_SIZE_KEPT;
	struct chunk **at, **best = NULL;

	if (size_max > a->size_max / 8)
		size_max = a->size_max / 8;
	for (at = &a->chunks; *at != NULL; at = &(*at)->next) {
		if (sizeof(**at) + (*at)->size <= size_max &&
		    (best == NULL || (*at)->size > (*best)->size))
			best = at;
	}
	if (best != NULL) {
		kept = *best;
		*best = kept->next;
	}
#else
	(void)a;
#endif
	return kept;
}

void
arena_empty(struct arena *a)
{
	run_hooks(a);
	free_chunks(a);
	a->chunk_size_next = CHUNK_SIZE;
	a->used = 0;
}

void
arena_reset(struct arena *a)
{
	struct chunk *kept;

	run_hooks(a);
	kept = take_kept(a);
	free_chunks(a);
	a->chunk_size_next = CHUNK_SIZE;
	if (kept != NULL) {
		kept->next = NULL;
		kept->used = 0;
		a->chunks = kept;
		while (a->chunk_size_next <= sizeof(*kept) + kept->size)
			a->chunk_size_next *= 2;
	}
	a->used = 0;
}

/* A new chunk with room for ${size}; NULL when the cap or malloc says no. */
static struct chunk *
chunk_new(struct arena *a, size_t size)
{
	struct chunk *c;
	size_t room, left;

	left = a->size_max - a->taken;
	if (left < sizeof(*c) || left - sizeof(*c) < size)
		return NULL;
	room = size;
#ifndef ARENA_EMULATE
	if (room < a->chunk_size_next - sizeof(*c))
		room = a->chunk_size_next - sizeof(*c);
	if (room > left - sizeof(*c))
		room = left - sizeof(*c);
	if (a->chunk_size_next < CHUNK_SIZE_MAX)
		a->chunk_size_next *= 2;
#endif
	c = malloc(sizeof(*c) + room);
	if (c == NULL)
		return NULL;
	c->size = room;
	c->used = 0;
	c->next = a->chunks;
	a->chunks = c;
	a->taken += sizeof(*c) + room;
	return c;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c;
	size_t rounded;
	uint8_t *p;

	if (size > SIZE_MAX - ALIGNMENT)
		return NULL;
	rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (rounded == 0)
		rounded = ALIGNMENT;
#ifdef ARENA_EMULATE
	/* Exactly ${size}: one byte more is a byte too many. */
	rounded = size;
	c = chunk_new(a, rounded);
#else
	c = a->chunks;
	if (c == NULL || c->size - c->used < rounded)
		c = chunk_new(a, rounded);
#endif
	if (c == NULL)
		return NULL;
	p = (uint8_t *)(c + 1) + c->used;
	c->used += rounded;
	a->used += rounded;
	return p;
}

void *
arena_zalloc(struct arena *a, size_t size)
{
	void *p;

	p = arena_alloc(a, size);
	if (p != NULL)
		memset(p, 0, size);
	return p;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return arena_zalloc(a, total);
}

void *
arena_memdup(struct arena *a, const void *p, size_t len)
{
	void *copy;

	copy = arena_alloc(a, len);
	if (copy != NULL && len > 0)
		memcpy(copy, p, len);
	return copy;
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		return NULL;
	copy = arena_alloc(a, len + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return NULL;
	s = arena_alloc(a, (size_t)len + 1);
	if (s == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(s, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return s;
}

enum err
arena_on_free(struct arena *a, void (*release)(void *ctx), void *ctx)
{
	struct hook *h;

	h = arena_alloc(a, sizeof(*h));
	if (h == NULL)
		return ERR_NO_MEMORY;
	h->release = release;
	h->ctx = ctx;
	h->next = a->hooks;
	a->hooks = h;
	return ERR_OK;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
