/* What a screen has seen: the location's change number of this process, and the token that carries it. */
#include <string.h>

#include "flow/task_wait.h"
#include "unit.h"

static struct app app;
static struct conf conf;

static int
start(void **state)
{
	(void)state;
	app.base = event_base_new();
	app.conf = &conf;
	memset(app.token_secret, 7, sizeof(app.token_secret));
	return app.base != NULL ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	event_base_free(app.base);
	return 0;
}

static void
test_versions(void **state)
{
	static const int32_t places[] = {1, 7, 1023, 1024, 70000};
	struct task_version first[ROWS(places)], now;
	struct task_wait *w, *other;
	int32_t any = ANY_LOCATION;

	(void)state;
	assert_int_equal(task_wait_new(&w, &app), ERR_OK);
	assert_int_equal(task_wait_new(&other, &app), ERR_OK);
	for (size_t i = 0; i < ROWS(places); i++)
		first[i] = task_wait_version(w, places[i]);
	task_wait_changed(w, &places[1], 1);
	task_wait_changed(w, &places[3], 2); /* the table grows: the others stay */
	for (size_t i = 0; i < ROWS(places); i++) {
		now = task_wait_version(w, places[i]);
		row_equal("changed", task_same_version(&now, &first[i]), i == 0 || i == 2);
		assert_true(now.instance == first[i].instance);
	}
	/* Nobody else's number is ours. */
	now = task_wait_version(other, 1);
	assert_false(task_same_version(&now, &first[0]));
	/* Lost rows may have been anybody's. */
	task_wait_changed(w, &any, 1);
	for (size_t i = 0; i < ROWS(places); i++) {
		now = task_wait_version(w, places[i]);
		assert_false(task_same_version(&now, &first[i]));
	}
	task_wait_drain(w); /* nobody waits */
	task_wait_free(w);
	task_wait_free(other);
}

static void
test_token(void **state)
{
	const struct task_filter f = {.location = 3, .state = 2, .page_size = 50};
	const struct task_seen seen = {.version = {.instance = UINT64_MAX, .number = 5},
	    .content = 9};
	struct task_filter others[] = {f, f, f};
	struct arena *a = arena_new(65536);
	struct task_seen back;
	struct reason r;
	char *text;

	(void)state;
	assert_non_null(a);
	text = task_seen_make(&app, &f, &seen, a);
	assert_non_null(text);
	assert_int_equal(task_seen_read(&app, &f, text, &back, &r), ERR_OK);
	assert_memory_equal(&back, &seen, sizeof(seen));
	others[0].location = 4;
	others[1].state = 0;
	others[2].page_size = 51;
	for (size_t i = 0; i < ROWS(others); i++) {
		assert_int_equal(task_seen_read(&app, &others[i], text, &back, &r), ERR_BAD_TOKEN);
		assert_string_equal(r.field, "seen");
	}
	text[5] = text[5] == 'A' ? 'B' : 'A';
	assert_int_equal(task_seen_read(&app, &f, text, &back, &r), ERR_BAD_TOKEN);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_token),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
