/*
 * Goal: no bytes whatever break the codecs or the framing, and the properties of target.h hold.
 * Method: the stored corpus of tests/fuzz, then 20,000 mutations of it from a fixed seed (another
 * one through FUZZ_SEED); the sanitizers of SAN=1 see what goes wrong without a crash.
 */
#include <glob.h>
#include <stdlib.h>

#include "draw.h"
#include "unit.h"

#include "edge/target.h"

#define CORPUS "tests/fuzz/corpus/"
#define SAMPLES_MAX 64
#define SAMPLE_SIZE_MAX 4096
#define ROUNDS 20000

struct sample {
	size_t len;
	uint8_t bytes[SAMPLE_SIZE_MAX];
};

static struct sample samples[SAMPLES_MAX];
static uint64_t rng;

static uint64_t
next(void)
{
	return draw(&rng);
}

static size_t
load(const char *kind)
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
		samples[count].len = fread(samples[count].bytes, 1, SAMPLE_SIZE_MAX, f);
		assert_true(samples[count].len > 0);
		fclose(f);
	}
	globfree(&found);
	return count;
}

static void
mutate(struct sample *s)
{
	static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xff, '"', '{', '[', '\\', '\n', '-',
	    '9'};
	size_t at = s->len > 0 ? next() % s->len : 0;
	size_t n;

	switch (next() % 7) {
	case 0:
		s->bytes[at] ^= (uint8_t)(1u << next() % 8);
		break;
	case 1:
		s->bytes[at] = special[next() % sizeof(special)];
		break;
	case 2:
		s->bytes[at] = (uint8_t)next();
		break;
	case 3:
		s->len = at + 1;
		break;
	case 4: /* a piece goes */
		n = next() % (s->len - at) % 16;
		memmove(s->bytes + at, s->bytes + at + n, s->len - at - n);
		s->len -= n;
		break;
	case 5: /* a piece comes twice */
		n = next() % (s->len - at) % 32;
		if (s->len + n > SAMPLE_SIZE_MAX)
			break;
		memmove(s->bytes + at + n, s->bytes + at, s->len - at);
		s->len += n;
		break;
	default: /* one byte more */
		if (s->len == SAMPLE_SIZE_MAX)
			break;
		memmove(s->bytes + at + 1, s->bytes + at, s->len - at);
		s->bytes[at] = special[next() % sizeof(special)];
		s->len++;
		break;
	}
}

static void
run(const char *kind, void (*target)(const uint8_t *, size_t))
{
	int before = target_accepted(), accepted;
	size_t count = load(kind);

	rng = draw_seed("FUZZ_SEED", 1);
	if (count < 3)
		abort();
	for (size_t i = 0; i < count; i++)
		target(samples[i].bytes, samples[i].len);
	for (int i = 0; i < ROUNDS; i++) {
		struct sample *s = malloc(sizeof(*s));
		uint8_t *exact;

		assert_non_null(s);
		*s = samples[next() % count];
		for (uint64_t m = next() % 4 + 1; m > 0 && s->len > 0; m--)
			mutate(s);
		/* Of just its length, so that one byte too far is seen. */
		exact = malloc(s->len + 1);
		assert_non_null(exact);
		memcpy(exact + 1, s->bytes, s->len);
		target(exact + 1, s->len);
		free(exact);
		free(s);
	}
	accepted = target_accepted() - before;
	print_message("%s: %zu samples, %d of %d mutations accepted\n", kind, count, accepted,
	    ROUNDS);
	/* Both answers were met, or the mutations are too wild or too tame to tell anything. */
	assert_in_range(accepted, ROUNDS / 100, ROUNDS - ROUNDS / 100);
}

static void
test_wire(void **state)
{
	(void)state;
	run("wire", target_wire);
}

static void
test_json(void **state)
{
	(void)state;
	run("json", target_json);
}

static void
test_head(void **state)
{
	(void)state;
	run("head", target_head);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wire),
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
