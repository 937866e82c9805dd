/* share: largest remainder, ties to the larger weight, then the lower index. */
#include "unit.h"

#include "domain/share.h"

#define WEIGHTS_MAX 8

/* The numbers are those of a collection of vectors made from public projects' tests. */
struct vector {
	int number;
	int64_t total;
	int count;
	int64_t weights[WEIGHTS_MAX], expect[WEIGHTS_MAX];
};

static const struct vector vectors[] = {
    {1, 15, 3, {80, 8, 12}, {12, 1, 2}},
    {2, 15, 3, {80, 15, 5}, {12, 2, 1}},
    {3, 100, 3, {600, 355, 45}, {60, 36, 4}},
    {4, 77, 3, {10, 20, 70}, {8, 15, 54}},
    {5, 30, 2, {1, 2}, {10, 20}},
    {11, 15, 3, {1, 1, 0}, {8, 7, 0}},
    {13, 15, 3, {0, 1, 1}, {0, 8, 7}},
    {14, 1003, 2, {50, 50}, {502, 501}},
    {15, -1003, 2, {50, 50}, {-502, -501}},
    {16, 1003, 3, {0, 50, 50}, {0, 502, 501}},
    {17, 5, 4, {100, 101, 100, 100}, {1, 2, 1, 1}},
    {18, 801, 2, {1, 3}, {200, 601}},
    {19, 5, 2, {1, 3}, {1, 4}},
    {21, 100, 3, {1, 1, 1}, {34, 33, 33}},
    {22, 5, 3, {1, 1, 1}, {2, 2, 1}},
    {23, -101, 4, {1, 1, 1, 1}, {-26, -25, -25, -25}},
    {24, -2, 3, {1, 1, 1}, {-1, -1, 0}},
    {25, 100, 3, {30, 30, 30}, {34, 33, 33}},
    {26, 5, 3, {50, 25, 25}, {3, 1, 1}},
    {27, 10, 2, {0, 100}, {0, 10}},
    {29, 2, 3, {1, 1, 1}, {1, 1, 0}},
    {30, 100, 6, {1, 1, 1, 1, 1, 1}, {17, 17, 17, 17, 16, 16}},
    {31, 10, 3, {1, 1, 2}, {3, 2, 5}},
    {32, 10, 3, {1, 2, 1}, {3, 5, 2}},
    {34, 100, 3, {2, 3, 1}, {33, 50, 17}},
    {35, 10000, 3, {30, 20, 40}, {3333, 2222, 4445}},
    {37, 10000, 6, {30, 20, 40, 0, 0, 40}, {2308, 1538, 3077, 0, 0, 3077}},
    {40, 3, 2, {75, 25}, {2, 1}},
    {41, 9999, 2, {100, 100}, {5000, 4999}},
    {43, 5, 3, {3, 3, 4}, {2, 1, 2}},
    {46, 150, 3, {50, 45, 5}, {75, 68, 7}},
    {47, 10001, 3, {3333, 3333, 3334}, {3333, 3333, 3335}},
    {48, 1, 2, {50, 50}, {1, 0}},
    {51, 101, 3, {3333, 3333, 3333}, {34, 34, 33}},
};

static void
test_vectors(void **state)
{
	int64_t out[WEIGHTS_MAX];
	const struct vector *v;
	size_t i;
	int j;

	(void)state;
	for (i = 0; i < ROWS(vectors); i++) {
		v = &vectors[i];
		assert_int_equal(share(v->total, v->weights, v->count, out), ERR_OK);
		for (j = 0; j < v->count; j++)
			if (out[j] != v->expect[j])
				fail_msg("vector %d, part %d: %lld, not %lld", v->number, j,
				    (long long)out[j], (long long)v->expect[j]);
	}
}

/* A fen in doubt goes to the larger weight, of equal ones to the first; never to a zero weight. */
static void
test_ties(void **state)
{
	static const struct vector rows[] = {
	    {1, 2, 3, {1, 3, 4}, {0, 1, 1}}, /* remainders 2, 6, 0 of 8 */
	    {2, 1, 2, {1, 1}, {1, 0}},       /* equal in all: the first */
	    {3, 3, 3, {1, 3, 2}, {0, 2, 1}}, /* remainders 3, 3, 0 of 6 */
	    {4, 4, 3, {3, 9, 0}, {1, 3, 0}}, /* nothing left over */
	    {5, 5, 4, {0, 1, 1, 0}, {0, 3, 2, 0}},
	    {6, 1, 3, {2, 2, 4}, {0, 0, 1}},
	    {7, 3, 2, {1, 5}, {0, 3}}, /* remainders 3, 3 of 6: the larger weight */
	    {8, -3, 2, {1, 5}, {0, -3}},
	};
	int64_t out[WEIGHTS_MAX];
	size_t i;
	int j;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		assert_int_equal(share(rows[i].total, rows[i].weights, rows[i].count, out), ERR_OK);
		for (j = 0; j < rows[i].count; j++)
			if (out[j] != rows[i].expect[j])
				fail_msg("tie %d, part %d: %lld", rows[i].number, j,
				    (long long)out[j]);
	}
}

static void
test_refusals(void **state)
{
	static const int64_t zeros[2] = {0, 0}, negative[2] = {3, -1}, huge[2] = {INT64_MAX, 1},
	                     fine[2] = {1, 1};
	int64_t out[2] = {7, 7};

	(void)state;
	assert_int_equal(share(5, fine, 0, out), ERR_BAD_FIELD);
	assert_int_equal(share(5, zeros, 2, out), ERR_BAD_FIELD);
	assert_int_equal(share(5, negative, 2, out), ERR_BAD_FIELD);
	assert_int_equal(share(5, huge, 2, out), ERR_OVERFLOW);
	assert_int_equal(share(INT64_MIN, fine, 2, out), ERR_OVERFLOW);
	assert_int_equal(out[0], 7);
	assert_int_equal(share(0, zeros, 2, out), ERR_OK);
	assert_int_equal(out[0], 0);
	assert_int_equal(out[1], 0);
}

/* The products pass int64 long before the amounts do. */
static void
test_large(void **state)
{
	static const int64_t weights[3] = {INT64_MAX / 4, INT64_MAX / 4, INT64_MAX / 4};
	int64_t out[3];

	(void)state;
	assert_int_equal(share(INT64_MAX, weights, 3, out), ERR_OK);
	assert_true(
	    out[0] == INT64_MAX / 3 + 1 && out[1] == INT64_MAX / 3 && out[2] == INT64_MAX / 3);
	assert_int_equal(share(-INT64_MAX, weights, 3, out), ERR_OK);
	assert_true(out[0] == -(INT64_MAX / 3) - 1 && out[2] == -(INT64_MAX / 3));
}

/* share_equal is share() with equal weights, and may be applied to its own answer. */
static void
test_equal(void **state)
{
	static const int64_t ones[WEIGHTS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1};
	int64_t out[WEIGHTS_MAX], total, sum, part;
	int count, from, to, i;

	(void)state;
	for (total = -30; total <= 30; total++)
		for (count = 1; count <= WEIGHTS_MAX; count++) {
			assert_int_equal(share(total, ones, count, out), ERR_OK);
			for (from = 0; from <= count; from++)
				for (to = from; to <= count; to++) {
					for (sum = 0, i = from; i < to; i++)
						sum += out[i];
					part = share_equal(total, count, from, to);
					assert_int_equal(part, sum);
					for (i = from; i < to; i++)
						assert_int_equal(share_equal(part, to - from,
						                     i - from, i - from + 1),
						    out[i]);
				}
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_ties),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_large),
	    cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
