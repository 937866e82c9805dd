/* What one instance changes, the other one's hints show. */
#include <stdlib.h>

#include "base/metric.h"
#include "store/batch_write.h"
#include "store/feed.h"
#include "unit.h"

#include "catalog_fixture.h"

static struct instance a, b;
static struct feed *feed;
static int keys_told;

static void
keys_changed(void *ctx)
{
	(void)ctx;
	keys_told++;
}

static int
start(void **state)
{
	if (cluster_start(state) != 0)
		return -1;
	small_catalog(&a, "feed");
	instance_start(&b, small_db(), &plain_compile);
	if (instance_load(&b) != ERR_OK)
		return -1;
	b.conf.feed_poll_ms = 20;
	return feed_new(&feed, b.base, &b.conf, b.pool, b.catalog, keys_changed, NULL) == ERR_OK
	    ? 0
	    : -1;
}

static int
stop(void **state)
{
	feed_free(feed);
	instance_stop(&b);
	instance_stop(&a);
	return cluster_stop(state);
}

struct one {
	const struct change *c;
	const char *part;
	bool done;
};

static enum tx_next
one_step(struct tx *t, void *ctx)
{
	struct one *o = ctx;
	struct buf packed;

	buf_init(&packed, 1000);
	if (o->c != NULL) {
		change_pack(&packed, o->c);
		write_change(t, &packed);
	} else {
		args_text(tx_args(t), o->part);
		tx_add(t, STMT_CATALOG_BUMP);
	}
	buf_release(&packed);
	return TX_COMMIT;
}

static void
one_done(struct tx *t, void *ctx, enum err e)
{
	struct one *o = ctx;

	(void)t;
	assert_int_equal(e, ERR_OK);
	o->done = true;
}

static void
write_one(struct instance *s, const struct change *c, const char *part)
{
	struct one o = {.c = c, .part = part};

	assert_int_equal(tx_start(s->pool, one_step, one_done, &o), ERR_OK);
	instance_wait(s, &o.done);
}

static struct change
stock_change(int32_t version, int32_t atp)
{
	struct change c = {.kind = CHANGE_STOCK, .location = id_of(&b, "location", "D1-1")};

	c.row.stock = (struct stock_hint){.sku = id_of(&b, "sku", "A"),
	    .goods_owner = id_of(&b, "party", "D1"),
	    .version = version,
	    .atp = atp};
	return c;
}

static int32_t
atp(void)
{
	const struct stock_hint *h = hints_stock(&catalog_hints(b.catalog)->hints,
	    id_of(&b, "location", "D1-1"), id_of(&b, "sku", "A"), id_of(&b, "party", "D1"));

	return h != NULL ? h->atp : -1000;
}

/* Runs b's loop until ${cond}, at most five seconds. */
#define UNTIL(cond) \
	do { \
		const struct timeval tick = {.tv_usec = 20000}; \
		for (int n_ = 0; n_ < 250 && !(cond); n_++) { \
			(void)event_base_loopexit(b.base, &tick); \
			(void)event_base_loop(b.base, 0); \
		} \
		assert_true(cond); \
	} while (0)

static void
caught_up(void *ctx, enum err e)
{
	assert_int_equal(e, ERR_OK);
	*(bool *)ctx = true;
}

/* All is read, and no poll is under way until b's loop runs again: none sees half of what is written next. */
static void
quiet(void)
{
	bool done = false;

	assert_int_equal(feed_catch_up(feed, caught_up, &done), ERR_OK);
	instance_wait(&b, &done);
}

static int heard[8], heard_count, heard_any;

static void
hear(void *ctx, const int32_t *locations, int count)
{
	(void)ctx;
	for (int i = 0; i < count; i++) {
		heard_any += locations[i] == ANY_LOCATION;
		if (heard_count < 8)
			heard[heard_count++] = locations[i];
	}
}

static void
test_rows(void **state)
{
	struct change c;

	(void)state;
	for (int32_t v = 1; v <= 300; v++) { /* more than one poll takes of a stream */
		c = stock_change(v, v + 1000);
		write_one(&a, &c, NULL);
	}
	UNTIL(atp() == 1300);
	c = stock_change(200, 7); /* a late row of another stream must not count */
	write_one(&a, &c, NULL);
	c = stock_change(301, 8);
	write_one(&a, &c, NULL);
	UNTIL(atp() == 8);
}

static void
test_parts(void **state)
{
	int told;

	(void)state;
	UNTIL(keys_told > 0); /* the first poll knows nothing, and so tells */
	told = keys_told;
	write_one(&a, NULL, "keys");
	UNTIL(keys_told == told + 1);
	sql_run(small_db(),
	    "insert into sku (code, cost_fen, list_fen, floor_fen) values ('NEW', 1, 2, 1)");
	write_one(&a, NULL, "skus");
	UNTIL(strmap_get(&catalog_world(b.catalog)->sku_code, "NEW") != STRMAP_NONE);
	assert_int_equal(keys_told, told + 1);
}

/* Rows deleted before they were read: all hints are read anew, what no row told included. */
static void
test_gap(void **state)
{
	struct change c;

	(void)state;
	sql_run(small_db(),
	    "insert into stock_level (dealer_id, location_id, sku_id, goods_owner_id, on_hand, version, counted_at) "
	    "select l.party_id, l.location_id, s.sku_id, l.party_id, 77, 5000, now() "
	    "from location l, sku s where l.code = 'D1-1' and s.code = 'A'");
	c = stock_change(400, 1);
	feed_on_tasks(feed, (struct changed_tasks_listener){.fn = hear});
	heard_any = 0;
	quiet();
	for (int i = 0; i < 4; i++) /* on both connections of the pool */
		write_one(&a, &c, NULL);
	sql_run(small_db(), "delete from stock_change");
	for (int i = 0; i < 4; i++)
		write_one(&a, &c, NULL);
	UNTIL(heard_any == 2); /* as the reading begins, and as it ends */
	assert_int_equal(atp(), 77);
	c = stock_change(5001, 76); /* and goes on from there */
	write_one(&a, &c, NULL);
	UNTIL(atp() == 76);
	assert_int_equal(heard_any, 2);
}

/* Others write on while the hints are read anew, and polls go out: that is no second gap. */
static void
test_gap_and_writes(void **state)
{
	const struct timeval slice = {.tv_usec = 500};
	int32_t version = 5002;
	struct change c;

	(void)state;
	b.conf.feed_poll_ms = 0;
	for (int round = 0; round < 20; round++) {
		quiet();
		heard_any = 0;
		c = stock_change(version++, 1);
		write_one(&a, &c, NULL);
		write_one(&a, &c, NULL);
		sql_run(small_db(), "delete from stock_change");
		for (int n = 0; n < 1000 && (n < 10 || heard_any < 2); n++) {
			c = stock_change(version++, n);
			write_one(&a, &c, NULL);
			(void)event_base_loopexit(b.base, &slice);
			(void)event_base_loop(b.base, 0);
		}
		c = stock_change(version++, 90000 + round);
		write_one(&a, &c, NULL);
		UNTIL(atp() == 90000 + round);
		quiet();
		assert_int_equal(heard_any, 2);
	}
	b.conf.feed_poll_ms = 20;
	quiet();
}

static void
test_own_rows(void **state)
{
	struct change c = stock_change(9002, 1);
	int64_t rows;

	(void)state;
	feed_skip(feed, b.pool);
	quiet();
	rows = metric_get(METRIC_feed_rows_total);
	write_one(&b, &c, NULL); /* b's own: its hints would know */
	c = stock_change(9003, 55);
	write_one(&a, &c, NULL);
	UNTIL(atp() == 55);
	assert_int_equal(metric_get(METRIC_feed_rows_total), rows + 1);
}

/* Tasks that others changed are told; our own were when they committed; lost rows are everybody's. */
static void
test_tasks(void **state)
{
	struct change c = {.kind = CHANGE_TASK, .location = 41}, stock = stock_change(9100, 61);

	(void)state;
	feed_skip(feed, NULL); /* b's rows are read */
	quiet();
	heard_any = heard_count = 0;
	write_one(&a, &c, NULL);
	UNTIL(heard_count == 1);
	assert_int_equal(heard[0], 41);
	assert_int_equal(heard_any, 0);
	c.location = 42;
	write_one(&b, &c, NULL);
	write_one(&a, &stock, NULL); /* read after it */
	UNTIL(atp() == 61);
	assert_int_equal(heard_count, 1);
	/* the rows behind are there, those before are not */
	quiet();
	for (int i = 0; i < 4; i++)
		write_one(&a, &c, NULL);
	sql_run(small_db(), "delete from stock_change");
	for (int i = 0; i < 4; i++)
		write_one(&a, &c, NULL);
	UNTIL(heard_any > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_gap),
	    cmocka_unit_test(test_gap_and_writes),
	    cmocka_unit_test(test_own_rows),
	    cmocka_unit_test(test_tasks),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
