#include "unit.h"

#include "base/strmap.h"

#define KEYS 10000

static void
test_many(void **state)
{
	static char keys[KEYS][16];
	struct strmap m;
	char copy[16];
	bool added;
	uint32_t i;

	(void)state;
	assert_int_equal(strmap_init(&m, 3), ERR_OK);
	for (i = 0; i < KEYS; i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "store-%u", i);
		assert_int_equal(strmap_put(&m, keys[i], i, &added), ERR_OK);
		assert_true(added);
	}
	assert_int_equal(m.count, KEYS);
	assert_true(m.slot_count >= 2 * (size_t)KEYS);
	for (i = 0; i < KEYS; i++) {
		/* Another place in memory, the same text. */
		(void)snprintf(copy, sizeof(copy), "store-%u", i);
		assert_int_equal(strmap_get(&m, copy), i);
	}
	assert_int_equal(strmap_get(&m, "store-10000"), STRMAP_NONE);
	assert_int_equal(strmap_get(&m, ""), STRMAP_NONE);
	strmap_release(&m);
	assert_int_equal(strmap_get(&m, "store-1"), STRMAP_NONE);
}

static void
test_first_stays(void **state)
{
	struct strmap m;
	bool added;

	(void)state;
	assert_int_equal(strmap_init(&m, 0), ERR_OK);
	assert_int_equal(strmap_put(&m, "a", 1, NULL), ERR_OK);
	assert_int_equal(strmap_put(&m, "a", 2, &added), ERR_OK);
	assert_false(added);
	assert_int_equal(strmap_get(&m, "a"), 1);
	assert_int_equal(m.count, 1);
	assert_int_equal(strmap_put(&m, "", 3, &added), ERR_OK);
	assert_true(added);
	assert_int_equal(strmap_get(&m, ""), 3);
	strmap_release(&m);
	assert_int_equal(strmap_init(&m, SIZE_MAX), ERR_NO_MEMORY);
	assert_int_equal(strmap_get(&m, "a"), STRMAP_NONE);
}

/* Equal for equal bytes only, and near texts fall as if at random. */
static void
test_hash(void **state)
{
	static uint8_t seen[1 << 17];
	uint64_t h;
	uint32_t i, twice;

	(void)state;
	assert_true(hash64("abc", 3, 1) == hash64("abc", 3, 1));
	assert_true(hash64("abc", 3, 1) != hash64("abc", 3, 2));
	assert_true(hash64("abc\0", 4, 1) != hash64("abc", 3, 1));
	assert_true(hash64("", 0, 1) != hash64("", 0, 2));
	assert_true(hash64("12345678abcdefgh", 16, 0) != hash64("abcdefgh12345678", 16, 0));
	twice = 0;
	for (i = 0; i < 1 << 16; i++) {
		h = hash64(&i, sizeof(i), 0) % (1 << 20);
		if ((seen[h / 8] >> (h % 8) & 1) != 0)
			twice++;
		seen[h / 8] = (uint8_t)(seen[h / 8] | 1 << (h % 8));
	}
	/* 65,536 balls into 1,048,576 bins meet a full one 2,006 times on average. */
	assert_in_range(twice, 1700, 2300);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_first_stays),
	    cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
