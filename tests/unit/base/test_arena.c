#include "unit.h"

#include "base/arena.h"

static void
test_alloc(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 4000, 9000, 100000};
	struct arena *a;
	uint8_t *p, *last;
	size_t i, sum;

	(void)state;
	a = arena_new(1 << 20);
	assert_non_null(a);
	last = NULL;
	sum = 0;
	for (i = 0; i < ROWS(sizes); i++) {
		p = arena_alloc(a, sizes[i]);
		assert_non_null(p);
		assert_ptr_not_equal(p, last);
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 0xa5, sizes[i]);
		last = p;
		sum += sizes[i];
	}
	assert_true(arena_used(a) >= sum && arena_used(a) < sum + 16 * ROWS(sizes) + 16);
	arena_free(a);
	arena_free(NULL);
}

static void
test_cap(void **state)
{
	struct arena *a;
	size_t total;

	(void)state;
	a = arena_new(64 << 10);
	assert_non_null(a);
	assert_null(arena_alloc(a, 64 << 10));
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_array(a, SIZE_MAX / 2, 3));
	assert_null(arena_strndup(a, "x", SIZE_MAX));
	for (total = 0; arena_alloc(a, 1000) != NULL; total += 1000)
		assert_true(total < 64 << 10);
	/* Heads and ends of chunks cost something, but not much. */
	assert_true(total > 50 << 10);
	/* What is left over for small ones still comes from within the cap. */
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	for (total = 0; arena_alloc(a, 1000) != NULL; total += 1000)
		assert_true(total < 64 << 10);
	assert_true(total > 50 << 10);
	arena_free(a);
	a = arena_new(0);
	assert_non_null(a);
	assert_null(arena_alloc(a, 1));
	arena_free(a);
}

static void
test_copies(void **state)
{
	struct arena *a;
	const int *numbers;
	char *s;

	(void)state;
	a = arena_new(1 << 20);
	assert_non_null(a);
	s = arena_strdup(a, "云仓");
	assert_string_equal(s, "云仓");
	s = arena_strndup(a, "abcdef", 3);
	assert_string_equal(s, "abc");
	s = arena_strndup(a, "", 0);
	assert_string_equal(s, "");
	s = arena_memdup(a, "a\0b", 3);
	assert_memory_equal(s, "a\0b", 3);
	assert_non_null(arena_memdup(a, NULL, 0));
	s = arena_printf(a, "%s:%05d", "x", 42);
	assert_string_equal(s, "x:00042");
	memset(arena_alloc(a, 400), 0xff, 400);
	numbers = arena_array(a, 100, sizeof(*numbers));
	assert_non_null(numbers);
	assert_int_equal(numbers[0] | numbers[99], 0);
	arena_reset(a);
	numbers = arena_zalloc(a, 400);
	assert_non_null(numbers);
	assert_int_equal(numbers[0] | numbers[99], 0);
	arena_free(a);
}

static char order[8];
static size_t order_len;

static void
note(void *ctx)
{
	order[order_len++] = *(const char *)ctx;
}

static void
test_hooks(void **state)
{
	static char letters[] = "abc";
	struct arena *a;

	(void)state;
	order_len = 0;
	a = arena_new(1 << 20);
	assert_non_null(a);
	assert_int_equal(arena_on_free(a, note, &letters[0]), ERR_OK);
	assert_int_equal(arena_on_free(a, note, &letters[1]), ERR_OK);
	arena_reset(a);
	assert_memory_equal(order, "ba", 2);
	assert_int_equal(arena_on_free(a, note, &letters[2]), ERR_OK);
	arena_free(a);
	assert_int_equal(order_len, 3);
	assert_int_equal(order[2], 'c');
	a = arena_new(0);
	assert_non_null(a);
	assert_int_equal(arena_on_free(a, note, &letters[0]), ERR_NO_MEMORY);
	arena_free(a);
	assert_int_equal(order_len, 3);
}

/* What one user needed, the next finds in one piece; a small cap still leaves room for a large one. */
static void
test_reset_keeps(void **state)
{
	struct arena *a = arena_new((size_t)64 << 20);
	uint8_t *first, *p;

	(void)state;
	assert_non_null(a);
	for (int round = 0; round < 3; round++) {
		first = arena_alloc(a, 960);
		assert_non_null(first);
		for (int i = 1; i < 60; i++) {
			p = arena_alloc(a, 960);
			assert_non_null(p);
			memset(p, i, 960);
#ifndef ARENA_EMULATE
			if (round == 2)
				assert_ptr_equal(p, first + 960 * i);
#endif
		}
		assert_int_equal(arena_used(a), 60 * 960);
		arena_reset(a);
		assert_int_equal(arena_used(a), 0);
	}
	arena_free(a);
	a = arena_new(65536);
	assert_non_null(a);
	for (int round = 0; round < 4; round++) {
		assert_non_null(arena_alloc(a, 50000));
		assert_null(arena_alloc(a, 20000));
		arena_reset(a);
		for (int i = 0; i < 40; i++)
			assert_non_null(arena_alloc(a, 1000));
		arena_reset(a);
	}
	arena_free(a);
}

static void
count_up(void *ctx)
{
	++*(int *)ctx;
}

/* For whom waits: all is gone, the cap is whole again, and it can be used as before. */
static void
test_empty(void **state)
{
	struct arena *a = arena_new(65536);
	int hooks = 0;

	(void)state;
	assert_non_null(a);
	for (int round = 1; round <= 3; round++) {
		assert_int_equal(arena_on_free(a, count_up, &hooks), ERR_OK);
		assert_non_null(arena_alloc(a, 50000));
		assert_null(arena_alloc(a, 20000));
		arena_empty(a);
		assert_int_equal(hooks, round);
		assert_int_equal(arena_used(a), 0);
	}
	arena_free(a);
	assert_int_equal(hooks, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alloc),
	    cmocka_unit_test(test_cap),
	    cmocka_unit_test(test_copies),
	    cmocka_unit_test(test_hooks),
	    cmocka_unit_test(test_reset_keeps),
	    cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
