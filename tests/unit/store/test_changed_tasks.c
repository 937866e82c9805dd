/* The locations whose tasks one transaction changed: each once, in order, packed behind all else. */
#include "store/change.h"
#include "store/changed_tasks.h"
#include "unit.h"

static int told_count;
static int32_t told[300];

static void
hear(void *ctx, const int32_t *locations, int count)
{
	*(int *)ctx += 1;
	told_count = count;
	memcpy(told, locations, (size_t)count * sizeof(*told));
}

static void
test_each_once(void **state)
{
	static const int32_t said[] = {7, 7, 3, 9, 7, 3, 3, 1};
	static const int32_t want[] = {1, 3, 7, 9};
	struct changed_tasks c = {0};
	const int32_t *list;
	int count;

	(void)state;
	assert_true(changed_tasks_settled(&c));
	for (size_t i = 0; i < ROWS(said); i++)
		changed_tasks_add(&c, said[i]);
	assert_false(changed_tasks_settled(&c));
	list = changed_tasks_list(&c, &count);
	assert_int_equal(count, ROWS(want));
	assert_memory_equal(list, want, sizeof(want));
	changed_tasks_add(&c, 2); /* still open */
	changed_tasks_add(&c, 9);
	list = changed_tasks_list(&c, &count);
	assert_int_equal(count, ROWS(want) + 1);
	assert_int_equal(list[1], 2);
	changed_tasks_clear(&c);
	assert_true(changed_tasks_settled(&c));
	changed_tasks_add(&c, 5);
	(void)changed_tasks_list(&c, &count);
	assert_int_equal(count, 1);
	changed_tasks_release(&c);
}

static void
test_packed(void **state)
{
	struct change stock = {.kind = CHANGE_STOCK, .location = 4}, c;
	struct changed_tasks tasks = {0};
	int32_t want = 1;
	struct buf b;
	struct rd rd;

	(void)state;
	buf_init(&b, 4096);
	change_pack(&b, &stock);
	for (int32_t i = 200; i > 0; i--) { /* more than the first piece of memory holds */
		changed_tasks_add(&tasks, i);
		changed_tasks_add(&tasks, 200);
	}
	assert_false(changed_tasks_settled(&tasks));
	changed_tasks_pack(&tasks, &b);
	assert_true(changed_tasks_settled(&tasks));
	rd_init(&rd, b.data, b.len);
	assert_true(change_unpack(&rd, &c));
	assert_int_equal(c.kind, CHANGE_STOCK);
	for (; change_unpack(&rd, &c); want++) {
		assert_int_equal(c.kind, CHANGE_TASK);
		assert_int_equal(c.location, want);
	}
	assert_true(rd.ok);
	assert_int_equal(want, 201);
	buf_release(&b);
	changed_tasks_release(&tasks);
}

static void
test_told(void **state)
{
	struct changed_tasks c = {0};
	int calls = 0;
	struct changed_tasks_listener nobody = {0}, us = {.fn = hear, .ctx = &calls};

	(void)state;
	changed_tasks_tell(&c, &us);
	assert_int_equal(calls, 0); /* nothing to tell */
	changed_tasks_add(&c, 8);
	changed_tasks_add(&c, 6);
	changed_tasks_tell(&c, &nobody);
	changed_tasks_tell(&c, &us);
	assert_int_equal(calls, 1);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[0], 6);
	/* Without memory for the list it is everybody. */
	c.is_any = true;
	changed_tasks_add(&c, 5);
	changed_tasks_tell(&c, &us);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0], ANY_LOCATION);
	changed_tasks_release(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_once),
	    cmocka_unit_test(test_packed),
	    cmocka_unit_test(test_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
