/* The hint tables: found again after probing, full when said, moved whole, several rows of one key. */
#include <stdlib.h>

#include "domain/hints.h"
#include "unit.h"

#define REGIONS 8

struct tables {
	struct hints h;
	struct stock_region regions[REGIONS];
	struct stock_hint stock[1024];
};

static struct tables *
tables_new(void)
{
	struct tables *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->h.stock = t->stock;
	t->h.stock_size = 1024;
	t->h.regions = t->regions;
	t->h.region_count = REGIONS;
	return t;
}

static void
test_stock(void **state)
{
	struct tables *t = tables_new();
	struct stock_hint *s, *row[4];
	int n = 0;

	(void)state;
	row_equal("no region", hints_stock_put(&t->h, 1, 1, 1) == NULL, true);
	row_equal("no region", hints_stock(&t->h, 1, 1, 1) == NULL, true);
	row_equal("no such location", hints_stock_all(&t->h, 99, 1, row, 4), 0);
	hints_region_move(&t->h, 1, 0, 16);
	while ((s = hints_stock_put(&t->h, 1, 10 + n / 2, 1 + n % 2)) != NULL)
		s->atp = n++;
	row_equal("half full", n, 8);
	row_equal("found again, not made", hints_stock_put(&t->h, 1, 10, 1)->atp, 0);
	hints_region_move(&t->h, 1, 512, 64);
	for (int i = 0; i < n; i++)
		row_equal("after moving", hints_stock(&t->h, 1, 10 + i / 2, 1 + i % 2)->atp, i);
	row_equal("in its new place", hints_stock(&t->h, 1, 10, 1) >= t->stock + 512, true);
	row_equal("never there", hints_stock(&t->h, 1, 77, 1) == NULL, true);
	row_equal("room again", hints_stock_put(&t->h, 1, 77, 1) != NULL, true);
	free(t);
}

static void
test_stock_of_all_owners(void **state)
{
	static const int32_t owners[] = {5, 2, 9, 1, 7};
	struct stock_hint *row[8];
	struct tables *t = tables_new();

	(void)state;
	hints_region_move(&t->h, 3, 128, 64);
	for (size_t i = 0; i < ROWS(owners); i++) {
		hints_stock_put(&t->h, 3, 4, owners[i]);
		hints_stock_put(&t->h, 3, 5 + (int32_t)i, owners[i]);
	}
	row_equal("all", hints_stock_all(&t->h, 3, 4, row, 8), 5);
	for (int i = 1; i < 5; i++)
		row_equal("by owner", row[i - 1]->goods_owner < row[i]->goods_owner, true);
	row_equal("the first three", hints_stock_all(&t->h, 3, 4, row, 3), 3);
	row_equal("are the lowest", row[2]->goods_owner, 5);
	row_equal("none asked", hints_stock_all(&t->h, 3, 4, row, 0), 0);
	free(t);
}

#define KEYS 1000

/* Fills a table of each kind to its limit, moves it, and finds every row again. */
static void
test_rehash(void **state)
{
	struct hints h = {0};
	struct capacity_hint *c = calloc(3072, sizeof(*c));
	struct slot_hint *s = calloc(3072, sizeof(*s));
	struct entitlement_hint *e = calloc(3072, sizeof(*e));
	struct budget_hint *b = calloc(3072, sizeof(*b));
	int n;

	(void)state;
	row_equal("no table", hints_capacity_put(&h, 1, 1) == NULL, true);
	row_equal("no table", hints_slot(&h, 1, 1, 1, 2) == NULL, true);
	row_equal("no table", hints_entitlement(&h, 1, 1) == NULL, true);
	row_equal("no table", hints_budget(&h, 1) == NULL, true);
	hints_capacity_rehash(&h, c, 1024);
	hints_slot_rehash(&h, s, 1024);
	hints_entitlement_rehash(&h, e, 1024);
	hints_budget_rehash(&h, b, 1024);
	for (n = 0; hints_capacity_put(&h, 1 + n % 7, n) != NULL; n++) {
		hints_capacity(&h, 1 + n % 7, n)->taken = n;
		hints_slot_put(&h, 1 + n % 7, n, n % 1000, 1000 + n % 100)->taken = n;
		hints_entitlement_put(&h, 1 + n % 7, 1 + n)->used = n;
		hints_budget_put(&h, 1 + n)->left_fen = n;
	}
	row_equal("4/5 full", n, 819);
	row_equal("slots too", hints_slot_put(&h, 9, 9, 9, 10) == NULL, true);
	row_equal("entitlements too", hints_entitlement_put(&h, 9, 9999) == NULL, true);
	row_equal("budgets too", hints_budget_put(&h, 9999) == NULL, true);
	hints_capacity_rehash(&h, c + 1024, 2048);
	hints_slot_rehash(&h, s + 1024, 2048);
	hints_entitlement_rehash(&h, e + 1024, 2048);
	hints_budget_rehash(&h, b + 1024, 2048);
	for (int i = 0; i < n; i++) {
		row_equal("capacity", hints_capacity(&h, 1 + i % 7, i)->taken, i);
		row_equal("slot", hints_slot(&h, 1 + i % 7, i, i % 1000, 1000 + i % 100)->taken, i);
		row_equal("entitlement", hints_entitlement(&h, 1 + i % 7, 1 + i)->used, i);
		row_equal("budget", hints_budget(&h, 1 + i)->left_fen, i);
	}
	row_equal("another day", hints_capacity(&h, 1, KEYS * 2) == NULL, true);
	row_equal("room again", hints_budget_put(&h, 9999) != NULL, true);
	free(c);
	free(s);
	free(e);
	free(b);
}

static int
claims_of(const struct hints *h, uint64_t customer)
{
	const struct claim *c;
	uint32_t at = 0;
	int n = 0;

	while ((c = hints_claim_next(h, customer, &at)) != NULL) {
		row_equal("the customer's", c->customer == customer, true);
		n++;
	}
	return n;
}

static void
test_claims(void **state)
{
	struct claim *place = calloc(96, sizeof(*place)), c = {.location = 1, .kind = 1};
	struct hints h = {0};

	(void)state;
	row_equal("no table", hints_claim_put(&h, &(struct claim){.customer = 1}) == NULL, true);
	row_equal("no table", claims_of(&h, 1), 0);
	hints_claim_rehash(&h, place, 32);
	for (int i = 0; i < 25; i++) {
		c.customer = 1 + (uint64_t)i % 5;
		c.from_min = (uint32_t)i;
		row_equal("room", hints_claim_put(&h, &c) != NULL, true);
	}
	for (uint64_t i = 1; i <= 5; i++)
		row_equal("five each", claims_of(&h, i), 5);
	row_equal("a guest has none", claims_of(&h, 0), 0);
	row_equal("nor a stranger", claims_of(&h, 6), 0);
	c.from_min = 99;
	row_equal("full", hints_claim_put(&h, &c) == NULL, true);
	c.from_min = 24;
	c.until_min = 7;
	c.staff = 3; /* an upsert may name another */
	row_equal("the same again is overwritten", hints_claim_put(&h, &c)->until_min, 7);
	row_equal("not added", claims_of(&h, c.customer), 5);
	c.version = UINT16_MAX;
	row_equal("an older one comes late", hints_claim_put(&h, &c)->version, 0);
	c.version = 1;
	c.until_min = 8;
	row_equal("a newer one", hints_claim_put(&h, &c)->until_min, 8);
	hints_claim_rehash(&h, place + 32, 64);
	for (uint64_t i = 1; i <= 5; i++)
		row_equal("after moving", claims_of(&h, i), 5);
	free(place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stock),
	    cmocka_unit_test(test_stock_of_all_owners),
	    cmocka_unit_test(test_rehash),
	    cmocka_unit_test(test_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
