#ifndef TESTS_UNIT_CORPUS_H
#define TESTS_UNIT_CORPUS_H

/*
 * corpus: a stored corpus of tests/fuzz and 20,000 mutations of it from a seed (FUZZ_SEED), given to a target.  One
 * program includes it once.
 */
#include <glob.h>
#include <stdlib.h>

#include "mutate.h"

#define CORPUS "tests/fuzz/corpus/"
#define SAMPLES_MAX 64
#define ROUNDS 20000

static struct sample mutate_samples[SAMPLES_MAX];

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
