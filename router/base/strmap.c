#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strmap.h"

#define SLOTS_MIN ((size_t)16)

struct strmap_slot {
	const char *key; /* NULL: free */
	uint32_t hash;   /* spares most comparisons of keys */
	uint32_t value;
};

__extension__ typedef unsigned __int128 wide;

/* The two halves of a 128-bit product, folded: the step of wyhash. */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	wide product;

	product = (wide)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t
hash64(const void *p, size_t len, uint64_t seed)
{
	static const uint64_t odd[3] = {
	    UINT64_C(0xa0761d6478bd642f),
	    UINT64_C(0xe7037ed1a0b428db),
	    UINT64_C(0x8ebc6af09c88c6e3),
	};
	const uint8_t *at;
	uint64_t h, word;
	size_t left, take;

	at = p;
	h = mix(seed ^ odd[0], odd[1]);
	for (left = len; left > 0; left -= take) {
		take = left < sizeof(word) ? left : sizeof(word);
		word = 0;
		memcpy(&word, at, take);
		/* Never zero on either side, or the rest would not matter. */
		h = mix(h ^ odd[1], word ^ odd[2]) ^ (h << 1);
		at += take;
	}
	return mix(h ^ odd[0], (uint64_t)len ^ odd[1]);
}

/* The slot that holds ${key}, or the free one where it belongs. */
static struct strmap_slot *
find(const struct strmap *m, const char *key, uint32_t hash)
{
	struct strmap_slot *s;
	size_t i;

	for (i = hash;; i++) {
		s = &m->slots[i & (m->slot_count - 1)];
		if (s->key == NULL || (s->hash == hash && strcmp(s->key, key) == 0))
			return s;
	}
}

static uint32_t
hash_key(const char *key)
{
	return (uint32_t)hash64(key, strlen(key), 0);
}

static enum err
resize(struct strmap *m, size_t slot_count)
{
	struct strmap_slot *old, *s;
	size_t i, old_count;

	old = m->slots;
	old_count = m->slot_count;
	s = calloc(slot_count, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	m->slots = s;
	m->slot_count = slot_count;
	for (i = 0; i < old_count; i++)
		if (old[i].key != NULL)
			*find(m, old[i].key, old[i].hash) = old[i];
	free(old);
	return ERR_OK;
}

enum err
strmap_init(struct strmap *m, size_t count_expected)
{
	size_t slot_count;

	*m = (struct strmap){0};
	if (count_expected > SIZE_MAX / 4 / sizeof(struct strmap_slot))
		return ERR_NO_MEMORY;
	for (slot_count = SLOTS_MIN; slot_count < count_expected * 2;)
		slot_count *= 2;
	return resize(m, slot_count);
}

void
strmap_release(struct strmap *m)
{
	free(m->slots);
	*m = (struct strmap){0};
}

enum err
strmap_put(struct strmap *m, const char *key, uint32_t value, bool *added)
{
	struct strmap_slot *s;
	uint32_t hash;
	enum err e;

	assert(value != STRMAP_NONE);
	if ((m->count + 1) * 2 > m->slot_count) {
		e = resize(m, m->slot_count != 0 ? m->slot_count * 2 : SLOTS_MIN);
		if (e != ERR_OK)
			return e;
	}
	hash = hash_key(key);
	s = find(m, key, hash);
	if (added != NULL)
		*added = s->key == NULL;
	if (s->key != NULL)
		return ERR_OK;
	*s = (struct strmap_slot){.key = key, .hash = hash, .value = value};
	m->count++;
	return ERR_OK;
}

uint32_t
strmap_get(const struct strmap *m, const char *key)
{
	const struct strmap_slot *s;

	if (m->slot_count == 0)
		return STRMAP_NONE;
	s = find(m, key, hash_key(key));
	return s->key != NULL ? s->value : STRMAP_NONE;
}
