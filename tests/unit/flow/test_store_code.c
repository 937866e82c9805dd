/* The codes that stores show: each format opens for its store, its time and our secret, and for nothing else. */
#include "base/clock.h"
#include "draw.h"
#include "flow/store_code.h"

#define NOW_US (INT64_C(1794794400) * US_PER_S)
#define FIELD "code"

static struct location locations[2] = {{.id = 7, .code = "S7"}, {.id = 300, .code = "S300"}};
static struct party parties[1] = {{.id = 9, .kind = PARTY_STAFF}};
static int32_t location_by_id[301], party_by_id[10];
static struct world world = {.locations = locations,
    .location_count = 2,
    .location_by_id = location_by_id,
    .location_id_max = 301,
    .parties = parties,
    .party_count = 1,
    .party_by_id = party_by_id,
    .party_id_max = 10};
static struct app app = {.store_secret = {1, 2, 3}};

static int
set_up(void **state)
{
	(void)state;
	for (int i = 0; i < 301; i++)
		location_by_id[i] = i == 7 ? 0 : i == 300 ? 1 : NONE;
	for (int i = 0; i < 10; i++)
		party_by_id[i] = i == 9 ? 0 : NONE;
	return 0;
}

static enum err
open_code(const char *text, int32_t location, struct store_code *c)
{
	struct reason r;

	*c = (struct store_code){.location = location};
	return store_code_read(&app, &world, text, NOW_US, FIELD, c, &r);
}

static void
test_both_formats(void **state)
{
	char old[STORE_CODE_SIZE], text[STORE_CODE_SIZE_MAX];
	struct store_code c;

	(void)state;
	store_code_old(&app, "S300", old);
	store_code_make(&app, &world, &(struct store_code){1, 9, 0}, text);
	row_equal("the older names no store", open_code(old, NONE, &c), ERR_BAD_TOKEN);
	row_equal("it is its store's", open_code(old, 1, &c), ERR_OK);
	row_equal("whose staff it does not say", c.staff, 0);
	row_equal("and no other's", open_code(old, 0, &c), ERR_BAD_TOKEN);
	row_equal("the other names it", open_code(text, NONE, &c), ERR_OK);
	row_equal("this one", c.location, 1);
	row_equal("and who", c.staff, 9);
	row_equal("and has no end", c.until_us, 0);
	row_equal("is its store's", open_code(text, 1, &c), ERR_OK);
	row_equal("and no other's", open_code(text, 0, &c), ERR_BAD_TOKEN);
	app.store_secret[0]++;
	row_equal("another secret", open_code(text, NONE, &c), ERR_BAD_TOKEN);
	row_equal("another secret, older", open_code(old, 1, &c), ERR_BAD_TOKEN);
	app.store_secret[0]--;
	store_code_make(&app, &world, &(struct store_code){1, 5, 0}, text);
	row_equal("staff nobody knows", open_code(text, NONE, &c), ERR_OK);
	row_equal("is left out", c.staff, 0);
}

static void
test_its_end(void **state)
{
	static const struct {
		const char *label;
		int64_t until_us;
		enum err want;
	} rows[] = {
	    {"for ever", 0, ERR_OK},
	    {"ends in a minute", NOW_US + US_PER_MIN, ERR_OK},
	    {"ends now", NOW_US, ERR_TOKEN_EXPIRED},
	    {"ended", NOW_US - US_PER_DAY, ERR_TOKEN_EXPIRED},
	};
	char text[STORE_CODE_SIZE_MAX];
	struct store_code c;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		store_code_make(&app, &world, &(struct store_code){0, 0, rows[i].until_us}, text);
		row_equal(rows[i].label, open_code(text, NONE, &c), rows[i].want);
		if (rows[i].want == ERR_OK)
			row_equal(rows[i].label, c.until_us, rows[i].until_us);
	}
}

/* A bit turned anywhere, a piece cut off or put on: never a code. */
static void
test_changed(void **state)
{
	char good[STORE_CODE_SIZE_MAX], text[STORE_CODE_SIZE_MAX + 8];
	uint64_t seed = draw_seed("CODE_SEED", 20261122);
	struct store_code c;

	(void)state;
	store_code_make(&app, &world, &(struct store_code){1, 9, NOW_US + US_PER_DAY}, good);
	row_equal("as it is", open_code(good, NONE, &c), ERR_OK);
	for (size_t at = 0; good[at] != '\0'; at++)
		for (int bit = 0; bit < 7; bit++) {
			memcpy(text, good, sizeof(good));
			text[at] = (char)(text[at] ^ 1 << bit);
			row_equal(text, open_code(text, NONE, &c), ERR_BAD_TOKEN);
			row_equal(text, open_code(text, 1, &c), ERR_BAD_TOKEN);
		}
	for (size_t len = 0; len < strlen(good); len++) {
		memcpy(text, good, sizeof(good));
		text[len] = '\0';
		row_equal("cut", open_code(text, NONE, &c), ERR_BAD_TOKEN);
		row_equal("cut", open_code(text, 1, &c), ERR_BAD_TOKEN);
	}
	for (int i = 0; i < 100000; i++) {
		size_t len = (size_t)(draw(&seed) % sizeof(good));

		for (size_t k = 0; k < len; k++)
			text[k] = "ABCdef012-_"[draw(&seed) % 11];
		text[len] = '\0';
		row_equal("made up", open_code(text, (int32_t)(draw(&seed) % 2), &c),
		    ERR_BAD_TOKEN);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_formats),
	    cmocka_unit_test(test_its_end),
	    cmocka_unit_test(test_changed),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
