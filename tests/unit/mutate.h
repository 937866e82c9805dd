#ifndef TESTS_UNIT_MUTATE_H
#define TESTS_UNIT_MUTATE_H

/* mutate: one small change to some bytes, drawn from a seed. */
#include "draw.h"

#define SAMPLE_SIZE_MAX 4096
struct sample {
	size_t len;
	uint8_t bytes[SAMPLE_SIZE_MAX];
};

static uint64_t mutate_rng;

static inline uint64_t
mutate_next(void)
{
	return draw(&mutate_rng);
}

static inline void
mutate(struct sample *s)
{
	static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xff, '"', '{', '[', '\\', '\n', '-',
	    '9'};
	size_t at = s->len > 0 ? mutate_next() % s->len : 0;
	size_t n;

	switch (mutate_next() % 7) {
	case 0:
		s->bytes[at] ^= (uint8_t)(1u << mutate_next() % 8);
		break;
	case 1:
		s->bytes[at] = special[mutate_next() % sizeof(special)];
		break;
	case 2:
		s->bytes[at] = (uint8_t)mutate_next();
		break;
	case 3:
		s->len = at + 1;
		break;
	case 4: /* a piece goes */
		n = mutate_next() % (s->len - at) % 16;
		memmove(s->bytes + at, s->bytes + at + n, s->len - at - n);
		s->len -= n;
		break;
	case 5: /* a piece comes twice */
		n = mutate_next() % (s->len - at) % 32;
		if (s->len + n > SAMPLE_SIZE_MAX)
			break;
		memmove(s->bytes + at + n, s->bytes + at, s->len - at);
		s->len += n;
		break;
	default: /* one byte more */
		if (s->len == SAMPLE_SIZE_MAX)
			break;
		memmove(s->bytes + at + 1, s->bytes + at, s->len - at);
		s->bytes[at] = special[mutate_next() % sizeof(special)];
		s->len++;
		break;
	}
}

#endif
