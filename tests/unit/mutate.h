#ifndef TESTS_UNIT_MUTATE_H
#define TESTS_UNIT_MUTATE_H

/*
 * mutate: a stored corpus of tests/fuzz and 20,000 mutations of it from a seed (FUZZ_SEED), given to a target.  One
 * program includes it once.
 */
#include <glob.h>
#include <stdlib.h>

#include "draw.h"
#include "unit.h"

#define CORPUS "tests/fuzz/corpus/"
#define SAMPLES_MAX 64
#define SAMPLE_SIZE_MAX 4096
#define ROUNDS 20000

struct sample {
	size_t len;
	uint8_t bytes[SAMPLE_SIZE_MAX];
};

static struct sample mutate_samples[SAMPLES_MAX];
static uint64_t mutate_rng;

static inline uint64_t
mutate_next(void)
{
	return draw(&mutate_rng);
}

static inline size_t
mutate_load(const char *kind)
{
	size_t count = 0;
	char path[128];
	glob_t found;

	snprintf(path, sizeof(path), CORPUS "%s/*", kind);
	if (glob(path, 0, NULL, &found) != 0)
		fail_msg("%s: run this from the top of the repository", path);
	for (; count < found.gl_pathc && count < SAMPLES_MAX; count++) {
		FILE *f = fopen(found.gl_pathv[count], "rb");

		assert_non_null(f);
		mutate_samples[count].len =
		    fread(mutate_samples[count].bytes, 1, SAMPLE_SIZE_MAX, f);
		assert_true(mutate_samples[count].len > 0);
		fclose(f);
	}
	globfree(&found);
	return count;
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

/* ${target} counts what it accepts and ${accepted_so_far} tells it. */
static inline void
mutate_run(const char *kind, void (*target)(const uint8_t *, size_t), int (*accepted_so_far)(void))
{
	int before = accepted_so_far(), accepted;
	size_t count = mutate_load(kind);

	mutate_rng = draw_seed("FUZZ_SEED", 1);
	if (count < 3)
		abort();
	for (size_t i = 0; i < count; i++)
		target(mutate_samples[i].bytes, mutate_samples[i].len);
	for (int i = 0; i < ROUNDS; i++) {
		struct sample *s = malloc(sizeof(*s));
		uint8_t *exact;

		assert_non_null(s);
		*s = mutate_samples[mutate_next() % count];
		for (uint64_t m = mutate_next() % 4 + 1; m > 0 && s->len > 0; m--)
			mutate(s);
		/* Of just its length, so that one byte too far is seen. */
		exact = malloc(s->len + 1);
		assert_non_null(exact);
		memcpy(exact + 1, s->bytes, s->len);
		target(exact + 1, s->len);
		free(exact);
		free(s);
	}
	accepted = accepted_so_far() - before;
	print_message("%s: %zu samples, %d of %d mutations accepted\n", kind, count, accepted,
	    ROUNDS);
	/* Both answers were met, or the mutations are too wild or too tame to tell anything. */
	assert_in_range(accepted, ROUNDS / 100, ROUNDS - ROUNDS / 100);
}

#endif
