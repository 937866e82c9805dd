/* split: what must hold for any order; seeded, so that a failure comes again. */
#include "unit.h"

#include "money_world.h"

#define ROUNDS 20000

static uint64_t seed;

/* xorshift64*: 0 .. n - 1. */
static int64_t
roll(int64_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (int64_t)((seed * UINT64_C(2685821657736338717) >> 1) % (uint64_t)n);
}

static void
random_charge(struct charge *c)
{
	static const enum charge_base bases[] = {BASE_GROSS, BASE_PAID, BASE_COST, BASE_MARGIN};

	*c = (struct charge){0};
	c->base = bases[roll(4)];
	c->rounding = roll(2) == 0 ? ROUND_HALF_UP : ROUND_FLOOR;
	if (roll(2) == 0)
		c->bps = (int32_t)roll(1500);
	if (roll(4) == 0)
		c->fixed_fen = roll(300);
}

static void
random_lines(struct money_world *m)
{
	int n = 1 + (int)roll(5), i;
	int64_t price;

	for (i = 0; i < n; i++) {
		price = 1 + roll(roll(2) == 0 ? 100 : 1000000);
		money_line(m, price, 0, roll(price + price / 5 + 1), 1 + (int)roll(20));
		if (roll(3) == 0) {
			m->lines[i].discount_fen = roll(price + 1);
			m->lines[i].campaign = (int32_t)roll(CAMPAIGNS);
		}
	}
}

/* Every line's units over random parts and goods owners. */
static void
random_rows(struct money_world *m)
{
	static const int32_t at[] = {STORE_D, STORE_F, STORE_BRAND, CLOUD, SITE};
	static const int32_t goods[] = {BRAND, DEALER_D, DEALER_F};
	int parts = 1 + (int)roll(4), left, n, i, p;
	int32_t location;

	for (p = 0; p < parts; p++) {
		location = at[roll(5)];
		if (location == CLOUD || location == SITE)
			money_part(m, location, WAY_SHIP);
		else
			money_part(m, location, roll(2) == 0 ? WAY_PICKUP : WAY_DELIVER);
		for (i = 0; i < m->request.line_count; i++) {
			left = m->lines[i].quantity;
			n = p == parts - 1 ? left : (int)roll(left + 1);
			if (n == 0)
				continue;
			money_row(m, i, n, goods[roll(3)]);
			m->lines[i].quantity -= n;
		}
		if (m->parts[p].line_count == 0) {
			m->plan.part_count--;
			break;
		}
	}
	for (p = 0; p < m->plan.part_count; p++)
		for (i = 0; i < m->parts[p].line_count; i++)
			m->lines[m->parts[p].lines[i].line].quantity +=
			    m->parts[p].lines[i].quantity;
	if (m->plan.part_count == 0) {
		money_part(m, SITE, WAY_SHIP);
		for (i = 0; i < m->request.line_count; i++)
			money_row(m, i, m->lines[i].quantity, BRAND);
	}
}

static void
random_rules(struct money_world *m)
{
	struct split_rule *r;
	int i;

	m->book.rule_count = 1 + (int)roll(3);
	for (i = 0; i < m->book.rule_count; i++) {
		r = &m->rules[i];
		money_rule_clear(r);
		r->way = i == 0 ? WAY_NONE : (enum way)roll(WAY_COUNT);
		random_charge(&r->handling);
		random_charge(&r->warehouse);
		random_charge(&r->platform_fee);
		random_charge(&r->channel);
		random_charge(&r->staff);
		r->has_transfer = roll(2) == 0;
		random_charge(&r->transfer);
		r->courier_cost_fen = roll(2) == 0 ? roll(3000) : 0;
		r->brand_bears_courier = roll(2) == 0;
		r->negative = roll(2) == 0 ? NEGATIVE_RECEIVABLE : NEGATIVE_BRAND_ABSORBS;
		r->absorb_max_fen = roll(5000);
	}
}

static void
random_order(struct money_world *m)
{
	static const int32_t owners[] = {BRAND, DEALER_D, DEALER_F};
	int i;

	random_lines(m);
	random_rows(m);
	random_rules(m);
	m->plan.delivery_fee_fen = roll(2) == 0 ? roll(3000) : 0;
	m->owner.dealer = owners[roll(3)];
	m->owner.store = roll(4) == 0 ? STORE_BRAND : 0;
	m->owner.staff = roll(2) == 0 ? STAFF_S : 0;
	m->request.storefront = (int32_t)roll(FRONTS);
	for (i = 0; i < PARTY_IDS - 1; i++)
		m->parties[i].fee_bps = (int32_t)roll(300);
}

static int64_t
units_of_brand(const struct money_world *m, int64_t *gross)
{
	const struct part_line *l;
	int64_t cost = 0;
	int p, i;

	*gross = 0;
	for (p = 0; p < m->plan.part_count; p++)
		for (i = 0; i < m->parts[p].line_count; i++) {
			l = &m->parts[p].lines[i];
			*gross += l->quantity * m->lines[l->line].price_fen;
			if (l->goods_owner == BRAND)
				cost += l->quantity * m->skus[l->line].cost_fen;
		}
	return cost;
}

static int
leg_order(const struct leg *a, const struct leg *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	if (a->row != b->row)
		return a->row < b->row ? -1 : 1;
	return a->kind < b->kind ? -1 : a->kind > b->kind;
}

static void
check_whole(const struct money_world *m)
{
	const struct split *s = m->split;
	int64_t sum = 0, cost = 0, funding = 0, gross, brand_cost;
	int i;

	brand_cost = units_of_brand(m, &gross);
	for (i = 0; i < s->leg_count; i++) {
		assert_true(
		    s->legs[i].fen > 0 || (s->legs[i].fen < 0 && s->legs[i].kind == LEG_MARGIN));
		if (i > 0)
			assert_true(leg_order(&s->legs[i - 1], &s->legs[i]) < 0);
		sum += s->legs[i].fen;
		if (s->legs[i].kind != LEG_COST)
			continue;
		assert_int_equal(s->legs[i].party, BRAND);
		cost += s->legs[i].fen;
	}
	for (i = 0; i < s->funding_count; i++)
		funding += s->funding[i].fen;
	assert_int_equal(sum, gross + m->plan.delivery_fee_fen + s->total.absorbed_fen);
	assert_int_equal(s->total.total_fen + s->total.funded_fen,
	    gross + m->plan.delivery_fee_fen);
	assert_int_equal(funding, s->total.funded_fen + s->total.absorbed_fen);
	assert_int_equal(cost, brand_cost);
}

/* The units of a row add up to its legs; each unit adds up to its price; the brand gets each one's cost. */
static void
check_units(const struct money_world *m, int part, int row, int64_t *funding)
{
	const struct part_line *pl = &m->parts[part].lines[row];
	int64_t left[LEG_KIND_COUNT] = {0}, sum;
	struct unit_split u;
	int i, n;

	for (i = 0; i < m->split->leg_count; i++)
		if (m->split->legs[i].part == part && m->split->legs[i].row == row)
			left[m->split->legs[i].kind] = m->split->legs[i].fen;
	for (n = 0; n < pl->quantity; n++) {
		split_unit(&m->in, m->split, part, row, n, &u);
		for (i = 0, sum = 0; i < u.leg_count; i++) {
			assert_int_not_equal(u.legs[i].fen, 0);
			assert_int_equal(u.legs[i].line, pl->line);
			left[u.legs[i].kind] -= u.legs[i].fen;
			sum += u.legs[i].kind == LEG_SHORTFALL ? 0 : u.legs[i].fen;
			if (u.legs[i].kind == LEG_COST)
				assert_int_equal(u.legs[i].fen, m->skus[pl->line].cost_fen);
		}
		assert_int_equal(sum, m->lines[pl->line].price_fen);
		for (i = 0; i < u.funding_count; i++)
			*funding += u.funding[i].fen;
	}
	for (i = 0; i < LEG_KIND_COUNT; i++)
		assert_int_equal(left[i], 0);
}

/* The world goes on: classes, grades, rates, who is there.  What was frozen gives the same legs. */
static void
check_again(struct money_world *m)
{
	struct split_in in = m->in;
	struct split *again;
	int i;

	in.basis = m->split->basis;
	in.cost_unit_fen = m->split->total.cost_unit_fen;
	for (i = 0; i < PARTY_IDS - 1; i++) {
		m->parties[i].fee_bps = 1 + (int32_t)roll(300);
		m->parties[i].grade = 1 + (int32_t)roll(9);
		m->parties[i].disabled = m->parties[i].kind > PARTY_DEALER && roll(2) == 0;
	}
	m->fronts[m->request.storefront].channel = 0;
	m->fronts[m->request.storefront].kind = FRONT_LIVE;
	for (i = 0; i < m->request.line_count; i++) {
		m->skus[i].class_idx = CLASS_LAPTOP;
		m->skus[i].cost_fen += 1 + roll(1000);
	}
	assert_int_equal(split(&in, m->arena, &again, &m->reason), ERR_OK);
	assert_int_equal(again->leg_count, m->split->leg_count);
	for (i = 0; i < again->leg_count; i++)
		assert_true(leg_order(&again->legs[i], &m->split->legs[i]) == 0 &&
		    again->legs[i].party == m->split->legs[i].party &&
		    again->legs[i].fen == m->split->legs[i].fen);
	assert_int_equal(again->funding_count, m->split->funding_count);
	assert_int_equal(again->total.owner_margin_fen, m->split->total.owner_margin_fen);
	assert_int_equal(again->total.provider_fee_fen, m->split->total.provider_fee_fen);
	in.book = &(struct split_book){.version = 1};
	assert_int_equal(split(&in, m->arena, &again, &m->reason), ERR_NO_POLICY);
}

static void
test_any_order(void **state)
{
	struct money_world m;
	int64_t funding;
	int round, p, i;

	(void)state;
	seed = 20260101;
	for (round = 0; round < ROUNDS; round++) {
		money_world_init(&m);
		random_order(&m);
		assert_int_equal(money_world_split(&m, 0), ERR_OK);
		check_whole(&m);
		funding = 0;
		for (p = 0; p < m.plan.part_count; p++)
			for (i = 0; i < m.parts[p].line_count; i++)
				check_units(&m, p, i, &funding);
		for (i = 0; i < m.split->leg_count; i++)
			if (m.split->legs[i].row < 0 && m.split->legs[i].kind == LEG_SHORTFALL)
				funding += m.split->legs[i].fen;
		assert_int_equal(funding, m.split->total.funded_fen + m.split->total.absorbed_fen);
		check_again(&m);
		money_world_release(&m);
	}
}

/* The plan of every unit at one place, or of each line cut in two between two places. */
struct arrangement {
	const char *label;
	struct {
		int32_t location;
		enum way way;
		int32_t goods;
	} at[2];
};

static const struct arrangement arrangements[] = {
    {"shipped from the site", {{SITE, WAY_SHIP, BRAND}}},
    {"shipped from the cloud", {{CLOUD, WAY_SHIP, BRAND}}},
    {"collected, own goods", {{STORE_D, WAY_PICKUP, DEALER_D}}},
    {"collected, brand's goods", {{STORE_D, WAY_PICKUP, BRAND}}},
    {"delivered, own goods", {{STORE_D, WAY_DELIVER, DEALER_D}}},
    {"delivered by F, F's goods", {{STORE_F, WAY_DELIVER, DEALER_F}}},
    {"delivered by F, brand's goods", {{STORE_F, WAY_DELIVER, BRAND}}},
    {"delivered by F, own goods", {{STORE_F, WAY_DELIVER, DEALER_D}}},
    {"collected in a brand-run store", {{STORE_BRAND, WAY_PICKUP, BRAND}}},
    {"store and cloud", {{STORE_D, WAY_DELIVER, DEALER_D}, {CLOUD, WAY_SHIP, BRAND}}},
    {"F's store and the site", {{STORE_F, WAY_DELIVER, DEALER_F}, {SITE, WAY_SHIP, BRAND}}},
};

static void
arrange(struct money_world *m, const struct arrangement *a)
{
	int i, p, n, parts = a->at[1].location != 0 ? 2 : 1;

	memset(m->parts, 0, sizeof(m->parts));
	m->plan.part_count = 0;
	for (p = 0; p < parts; p++) {
		money_part(m, a->at[p].location, a->at[p].way);
		for (i = 0; i < m->request.line_count; i++) {
			n = m->lines[i].quantity / parts +
			    (p > 0 ? m->lines[i].quantity % parts : 0);
			if (n > 0)
				money_row(m, i, n, a->at[p].goods);
		}
		if (m->parts[p].line_count == 0) {
			m->plan.part_count = p--;
			parts = 1;
		}
	}
}

/*
 * With handling, platform, courier and shortfall legs zero, one fee rate and transfer at cost, the owner
 * earns the same to the fen whatever the way, its parcels and its delivery fee.
 */
static void
test_equal_margin(void **state)
{
	struct money_world m;
	int64_t margin = 0;
	size_t i;
	int round;

	(void)state;
	seed = 20260102;
	for (round = 0; round < ROUNDS / 4; round++) {
		money_world_init(&m);
		random_lines(&m);
		random_charge(&m.rules[0].channel);
		random_charge(&m.rules[0].staff);
		m.owner.staff = STAFF_S;
		m.request.storefront = (int32_t)roll(FRONTS);
		for (i = 0; i < ROWS(arrangements); i++) {
			arrange(&m, &arrangements[i]);
			m.plan.delivery_fee_fen = roll(2) == 0 ? roll(3000) : 0;
			assert_int_equal(money_world_split(&m, 0), ERR_OK);
			if (i == 0)
				margin = m.split->total.owner_margin_fen;
			if (m.split->total.owner_margin_fen != margin)
				fail_msg("round %d, %s: %lld, not %lld", round,
				    arrangements[i].label,
				    (long long)m.split->total.owner_margin_fen, (long long)margin);
		}
		money_world_release(&m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_any_order),
	    cmocka_unit_test(test_equal_margin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
