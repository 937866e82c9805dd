/* What a count, a delta and a hand-over make of a stock level, in every order they can come in. */
#include "domain/level.h"
#include "draw.h"

#define NOW 1000

static const struct {
	const char *label;
	int64_t counted_us, seen_us;
	enum move kind;
	int64_t at_us;
	int64_t want; /* of a count of 10, one unit moving */
} moves[] = {
    {"handed over before the count", 500, 0, MOVE_OUT, 499, 10},
    {"with it", 500, 0, MOVE_OUT, 500, 10},
    {"after it", 500, 0, MOVE_OUT, 501, 9},
    {"came back before", 500, 0, MOVE_BACK, 500, 10},
    {"came back after", 500, 0, MOVE_BACK, 501, 11},
    {"sold before", 500, 0, MOVE_DELTA, 500, 10},
    {"sold after", 500, 0, MOVE_DELTA, 501, 11},
    {"a fast clock hides nothing that happens", 2000, 0, MOVE_OUT, 1001, 9},
    {"nor what came back", 2000, 0, MOVE_BACK, 1001, 11},
    {"books that are behind: handed over since", 500, 400, MOVE_OUT, 450, 9},
    {"books that are behind: booked", 500, 400, MOVE_OUT, 400, 10},
    {"books that are ahead", 500, 600, MOVE_OUT, 550, 10},
    {"books know their own sales", 500, 400, MOVE_DELTA, 450, 10},
    {"taken off by the source, still on the shelf", 500, 400, MOVE_BOOKED, 0, 11},
};

static void
test_moves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(moves); i++) {
		const struct count c = {.count = 10,
		    .safety = -1,
		    .counted_us = moves[i].counted_us,
		    .seen_us = moves[i].seen_us,
		    .now_us = NOW};
		struct level l = {.on_hand = 99, .allocated = 3, .safety = 2, .counted_us = 1};

		level_count(&l, &c);
		level_move(&l, &c, moves[i].kind, moves[i].at_us, 1);
		row_equal(moves[i].label, l.on_hand, moves[i].want);
		row_equal(moves[i].label, l.allocated, 3);
		row_equal(moves[i].label, l.safety, 2);
	}
}

static void
test_which_count(void **state)
{
	struct level l = {.counted_us = 500};
	struct count c = {.count = 1, .safety = 7, .counted_us = 500, .now_us = NOW};

	(void)state;
	assert_false(level_takes(&l, &c));
	c.counted_us = 499;
	assert_false(level_takes(&l, &c));
	c.counted_us = 501;
	assert_true(level_takes(&l, &c));
	level_count(&l, &c);
	row_equal("safety", l.safety, 7);
	assert_true(level_has(&l, 501));
	assert_false(level_has(&l, 502));
	c = (struct count){.counted_us = 600, .seen_us = 400, .now_us = NOW};
	level_count(&l, &c);
	assert_false(level_has(&l, 300)); /* books: what commits later was not in them */
}

static void
test_deltas(void **state)
{
	struct level l = {.on_hand = 5, .counted_us = 500};

	(void)state;
	assert_true(level_delta(&l, 0, -1));
	assert_true(level_delta(&l, 501, -1));
	assert_false(level_delta(&l, 500, -1));
	row_equal("on_hand", l.on_hand, 3);
	l.allocated = 3;
	row_equal("none", level_missing(&l), 0);
	assert_true(level_delta(&l, 0, -4));
	row_equal("below nothing", level_missing(&l), 4);
}

/*
 * A model: units leave, come back and are sold at known moments; a count tells the truth of its moment and
 * arrives later, and so do deltas and the commits of hand-overs.  Whatever order they are put in, the level ends
 * at what is there.
 */
#define EVENTS 12
struct happening {
	enum move kind;
	int64_t at_us, commit_us;
	int64_t qty;
};

static int
by_commit(const void *a, const void *b)
{
	const struct happening *x = a, *y = b;

	return (x->commit_us > y->commit_us) - (x->commit_us < y->commit_us);
}

static int64_t
truth(const struct happening *h, int count, int64_t until_us)
{
	int64_t n = 50;

	for (int i = 0; i < count; i++)
		if (h[i].at_us <= until_us)
			n += h[i].kind == MOVE_OUT ? -h[i].qty : h[i].qty;
	return n;
}

static void
put(struct level *l, const struct happening *h, int count, int at, const struct count *c)
{
	if (c != NULL) {
		level_count(l, c);
		for (int i = 0; i < at; i++)
			level_move(l, c, h[i].kind, h[i].at_us, h[i].qty);
	} else if (at < count && h[at].kind == MOVE_DELTA) {
		(void)level_delta(l, h[at].at_us, h[at].qty);
	} else if (at < count && !level_has(l, h[at].at_us)) {
		l->on_hand += h[at].kind == MOVE_OUT ? -h[at].qty : h[at].qty;
	}
}

static void
one_story(uint64_t *seed)
{
	struct happening h[EVENTS];
	struct level l = {.on_hand = 50};
	struct count c = {.safety = -1};
	bool told = false;

	for (int i = 0; i < EVENTS; i++) {
		h[i].kind = (enum move)(MOVE_OUT + draw(seed) % 3);
		h[i].at_us = 1 + (int64_t)(draw(seed) % 900);
		h[i].commit_us = h[i].at_us + (int64_t)(draw(seed) % 100);
		h[i].qty = 1 + (int64_t)(draw(seed) % 3);
		if (h[i].kind == MOVE_DELTA)
			h[i].qty = -h[i].qty;
	}
	qsort(h, EVENTS, sizeof(h[0]), by_commit);
	c.counted_us = 1 + (int64_t)(draw(seed) % 900);
	c.now_us = c.counted_us + (int64_t)(draw(seed) % 200);
	c.count = truth(h, EVENTS, c.counted_us);
	for (int i = 0; i <= EVENTS; i++) {
		if (!told && (i == EVENTS || h[i].commit_us > c.now_us)) {
			put(&l, h, EVENTS, i, &c);
			told = true;
		}
		if (i < EVENTS)
			put(&l, h, EVENTS, i, NULL);
	}
	row_equal("on_hand", l.on_hand, truth(h, EVENTS, NOW));
}

static void
test_any_order(void **state)
{
	uint64_t seed = draw_seed("LEVEL_SEED", 20261122);

	(void)state;
	for (int i = 0; i < 200000; i++)
		one_story(&seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_moves),
	    cmocka_unit_test(test_which_count),
	    cmocka_unit_test(test_deltas),
	    cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
