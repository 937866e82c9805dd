/* hints_memory: tables keep their rows while they grow, onto huge pages (2 MiB) too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/hints_memory.h"

#define LOCATIONS 40000 /* 2.5 MiB of regions */
#define SKUS 4          /* of a location: 160,000 rows of 32 bytes */
#define DAYS 3          /* 120,000 capacity rows */

static void
test_growing(void **state)
{
	struct hints_memory m;
	struct stock_hint *s;
	struct capacity_hint *c;

	(void)state;
	assert_int_equal(hints_memory_init(&m, 10), ERR_OK);
	for (int32_t l = 1; l <= LOCATIONS; l++) {
		for (int32_t k = 1; k <= SKUS; k++) {
			s = hm_stock(&m, l, k, 1 + l % 3);
			assert_non_null(s);
			assert_int_equal(s->atp, 0);
			s->atp = l * 10 + k;
		}
		for (int32_t d = 1; d <= DAYS; d++) {
			c = hm_capacity(&m, l, d);
			assert_non_null(c);
			assert_int_equal(c->limit, 0);
			c->limit = l * 10 + d;
		}
	}
	for (int32_t l = 1; l <= LOCATIONS; l++) {
		for (int32_t k = 1; k <= SKUS; k++) {
			s = hints_stock(&m.hints, l, k, 1 + l % 3);
			assert_true(s != NULL && s->atp == l * 10 + k);
		}
		assert_null(hints_stock(&m.hints, l, SKUS + 1, 1 + l % 3));
		for (int32_t d = 1; d <= DAYS; d++) {
			c = hints_capacity(&m.hints, l, d);
			assert_true(c != NULL && c->limit == l * 10 + d);
		}
	}
	hints_memory_release(&m);
	assert_null(hints_stock(&m.hints, 1, 1, 2));
}

/* Reserved once: no location that comes moves the table, and little of it is spare. */
static void
test_reserved(void **state)
{
	static int32_t rows[LOCATIONS + 1];
	struct hints_memory m;
	const struct stock_hint *at;

	(void)state;
	assert_int_equal(hints_memory_init(&m, 10), ERR_OK);
	assert_int_equal(hints_memory_reserve(&m, rows, 0), ERR_OK); /* no location */
	for (int32_t l = 1; l <= LOCATIONS; l++)
		rows[l] = l % 40;
	assert_int_equal(hints_memory_reserve(&m, rows, LOCATIONS + 1), ERR_OK);
	at = m.hints.stock;
	assert_non_null(at);
	for (int32_t l = LOCATIONS; l > 0; l--) {
		if (rows[l] > 0)
			assert_int_equal(hints_memory_location(&m, l, rows[l]), ERR_OK);
		for (int32_t k = 1; k <= rows[l]; k++)
			assert_non_null(hm_stock(&m, l, k, 1));
	}
	assert_ptr_equal(m.hints.stock, at);
	assert_true(m.stock_used <= m.hints.stock_size &&
	    m.hints.stock_size - m.stock_used <= m.stock_used / 16);
	/* Again, as a reader that missed changes does: it is all there. */
	assert_int_equal(hints_memory_reserve(&m, rows, LOCATIONS + 1), ERR_OK);
	assert_ptr_equal(m.hints.stock, at);
	hints_memory_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_growing),
	    cmocka_unit_test(test_reserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
