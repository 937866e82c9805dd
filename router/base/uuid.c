#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/uuid.h"

#define COUNTER_MAX 0xfffu

/* Random bytes are asked for by the pool: a system call for each id would cost more than the id. */
static void
random_take(uint8_t *out, size_t len)
{
	static uint8_t pool[1024];
	static size_t left;

	if (left < len) {
		random_bytes(pool, sizeof(pool));
		left = sizeof(pool);
	}
	memcpy(out, pool + sizeof(pool) - left, len);
	left -= len;
}

struct uuid
uuid_v7(int64_t now_us)
{
	static uint64_t last_ms;
	static unsigned counter;
	struct uuid u;
	uint64_t ms;
	uint8_t fresh[2];
	int i;

	ms = now_us > 0 ? (uint64_t)(now_us / US_PER_MS) : 0;
	if (ms <= last_ms) {
		/* The same millisecond, or a clock that stepped back: time stands still for us. */
		ms = last_ms;
		counter++;
	}
	if (ms > last_ms || counter > COUNTER_MAX) {
		if (ms == last_ms)
			ms++;
		/* The lower half of its range is the start, so that 2,048 follow within a ms. */
		random_take(fresh, sizeof(fresh));
		counter = ((unsigned)fresh[0] << 8 | fresh[1]) & (COUNTER_MAX >> 1);
	}
	last_ms = ms;
	for (i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
	u.b[6] = (uint8_t)(0x70 | counter >> 8);
	u.b[7] = (uint8_t)counter;
	random_take(u.b + 8, 8);
	u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
	return u;
}

void
uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE])
{
	char hex[33];
	int from, to;

	hex_encode(u->b, sizeof(u->b), hex);
	for (from = 0, to = 0; from < 32; from++) {
		if (from == 8 || from == 12 || from == 16 || from == 20)
			out[to++] = '-';
		out[to++] = hex[from];
	}
	out[to] = '\0';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum err
uuid_parse(const char *s, struct uuid *u)
{
	struct uuid v;
	int i, at, high, low;

	if (strlen(s) != UUID_TEXT_SIZE - 1)
		return ERR_BAD_FIELD;
	for (i = 0, at = 0; i < 16; i++) {
		if (at == 8 || at == 13 || at == 18 || at == 23)
			if (s[at++] != '-')
				return ERR_BAD_FIELD;
		high = hex_value(s[at++]);
		low = hex_value(s[at++]);
		if (high < 0 || low < 0)
			return ERR_BAD_FIELD;
		v.b[i] = (uint8_t)(high << 4 | low);
	}
	*u = v;
	return ERR_OK;
}

bool
uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool
uuid_is_zero(const struct uuid *u)
{
	static const struct uuid zero;

	return uuid_equal(u, &zero);
}
