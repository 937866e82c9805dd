/*
 * order_money, drawn: random orders go through hand-overs, hops, cancellations, returns, parts of units, goodwill, fees
 * given back and holds that end, in any order.  ORDER_MONEY_SEED=… runs one again, ORDER_MONEY_RUNS=… more of them.
 */
#include "draw.h"

#include "base/parse.h"
#include "domain/share.h"
#include "money_order.h"

#define PENDING_MAX 24
#define RUNS 3000

enum state { WAITS, HANDED, GONE };

/* A fulfilment: units by line, what of the delivery fee it carries. */
struct ful {
	enum state state;
	int attempt, part, number;
	int64_t fee_fen;
	int32_t units[TEST_SKUS]; /* waiting, or with the customer */
	int32_t owner_units[TEST_SKUS][PARTY_IDS];
	bool over;
};

struct run {
	uint64_t rng;
	struct money_world w;
	struct money_order o;
	struct order_line lines[TEST_SKUS];
	int line_count;
	int ful_count;
	struct ful ful[PENDING_MAX];
	int64_t fee_line[TEST_SKUS], fee_delivery_fen;
	int64_t part_fen[TEST_SKUS]; /* that parts of units brought back, by line */
	int64_t cash_fen;            /* that went back */
	int64_t goodwill_fen;
	bool plain; /* nobody's share of a unit is below zero, no goodwill: what is held suffices */
	bool courier;
	const char *what;
};

static int
below(struct run *r, int n)
{
	return (int)(draw(&r->rng) % (uint64_t)n);
}

static bool
chance(struct run *r, int percent)
{
	return below(r, 100) < percent;
}

/* ---- An order ---------------------------------------------------------------------------------------- */

static void
draw_charge(struct run *r, struct charge *c, int fixed_max, int bps_max)
{
	money_charge(c, chance(r, 30) ? below(r, fixed_max) : 0, below(r, bps_max),
	    chance(r, 50) ? BASE_PAID : BASE_GROSS);
}

static void
draw_rules(struct run *r)
{
	struct split_rule *rule = &r->w.rules[0];

	draw_charge(r, &rule->handling, 50, 300);
	draw_charge(r, &rule->warehouse, 50, 100);
	draw_charge(r, &rule->platform_fee, 20, 200);
	draw_charge(r, &rule->staff, 10, 200);
	if (chance(r, 30)) {
		draw_charge(r, &rule->transfer, 100, 8000);
		rule->has_transfer = true;
	}
	r->courier = chance(r, 50);
	rule->courier_cost_fen = r->courier ? below(r, 3000) : 0;
	rule->brand_bears_courier = chance(r, 50);
	if (chance(r, 30)) {
		rule->negative = NEGATIVE_BRAND_ABSORBS;
		rule->absorb_max_fen = below(r, 2000);
	}
	r->w.owner.staff = chance(r, 50) ? STAFF_S : 0;
	r->w.parties[STAFF_S - 1].employer = DEALER_D;
	if (chance(r, 10))
		r->w.owner = (struct owner){.dealer = BRAND, .source = OWNER_BY_BRAND};
}

static void
draw_lines(struct run *r)
{
	int count = 1 + below(r, 4);

	for (int i = 0; i < count; i++) {
		int64_t price = 1 + below(r, 20000);
		int64_t discount = chance(r, 40) ? below(r, (int)price + 1) : 0;
		int64_t cost = r->plain ? price / 10 : price * below(r, 120) / 100;

		if (r->plain)
			discount = 0;
		(void)money_line(&r->w, price, discount, cost, 1 + below(r, 6));
		r->w.lines[i].campaign = discount == 0 ? NONE
		    : chance(r, 50)                    ? FUNDED_BY_BRAND
		                                       : FUNDED_BY_THREE;
	}
	r->line_count = count;
	memcpy(r->lines, r->w.lines, sizeof(r->lines));
}

static int32_t
goods_owner_at(struct run *r, int32_t location)
{
	if (location == STORE_D && chance(r, 60))
		return DEALER_D;
	if (location == STORE_F && chance(r, 60))
		return DEALER_F;
	return BRAND;
}

/* The lines of w->request from one or two places. */
static void
draw_plan(struct run *r)
{
	static const enum way ways[LOCATION_IDS] = {[STORE_D] = WAY_DELIVER,
	    [STORE_F] = WAY_DELIVER,
	    [STORE_BRAND] = WAY_PICKUP,
	    [CLOUD] = WAY_SHIP,
	    [SITE] = WAY_SHIP};
	int parts = 1 + below(r, 3);
	int32_t left[TEST_SKUS];

	r->w.plan.part_count = 0;
	for (int i = 0; i < r->w.request.line_count; i++)
		left[i] = r->w.lines[i].quantity;
	for (int p = 0; p < parts; p++) {
		int32_t location = 1 + below(r, LOCATION_IDS - 1);
		bool any = false;

		money_part(&r->w, location, ways[location]);
		for (int i = 0; i < r->w.request.line_count; i++) {
			int32_t units = p == parts - 1 ? left[i] : below(r, left[i] + 1);

			left[i] -= units;
			while (units > 0) {
				int32_t some = 1 + below(r, units);

				money_row(&r->w, i, some, goods_owner_at(r, location));
				units -= some;
				any = true;
			}
		}
		if (!any)
			r->w.plan.part_count--;
	}
}

static int64_t
fee_of_part(const struct run *r, int part)
{
	int64_t fen = 0;

	for (int i = 0; i < r->w.split->leg_count; i++)
		if (r->w.split->legs[i].line < 0 && r->w.split->legs[i].part == part &&
		    r->w.split->legs[i].kind != LEG_SHORTFALL)
			fen += r->w.split->legs[i].fen;
	return fen;
}

/* The parts of the plan as fulfilments of ${attempt}. */
static void
add_fulfilments(struct run *r, int attempt, const int16_t *line_of)
{
	for (int p = 0; p < r->w.plan.part_count; p++) {
		const struct part *part = &r->w.plan.parts[p];
		struct ful *f = &r->ful[r->ful_count++];

		assert_true(r->ful_count <= PENDING_MAX);
		*f = (struct ful){.attempt = attempt,
		    .part = p,
		    .number = r->o.splits[attempt - 1].number_first + p,
		    .fee_fen = fee_of_part(r, p)};
		for (int i = 0; i < part->line_count; i++) {
			int line = line_of != NULL ? line_of[part->lines[i].line]
			                           : part->lines[i].line;

			f->units[line] += part->lines[i].quantity;
			f->owner_units[line][part->lines[i].goods_owner] += part->lines[i].quantity;
		}
	}
}

static void
begin(struct run *r)
{
	static const int32_t collectors[] = {BRAND, DEALER_D, DEALER_F};

	money_world_init(&r->w);
	r->plain = chance(r, 40);
	draw_rules(r);
	draw_lines(r);
	draw_plan(r);
	r->w.plan.delivery_fee_fen = chance(r, 70) ? below(r, 5000) : 0;
	if (r->plain && r->courier) {
		r->courier = false;
		r->w.rules[0].courier_cost_fen = 0;
	}
	if (r->plain) {
		r->w.rules[0].has_transfer = false;
		r->w.owner = (struct owner){.dealer = DEALER_D, .store = STORE_D};
		for (int i = 0; i < r->line_count; i++)
			r->w.lines[i].price_fen += 5000;
		memcpy(r->lines, r->w.lines, sizeof(r->lines));
	}
	mo_begin(&r->o, &r->w, collectors[below(r, 3)]);
	mo_pay(&r->o);
	for (int i = 0; i < r->w.split->leg_count; i++) {
		const struct leg *l = &r->w.split->legs[i];

		if (l->kind == LEG_PROVIDER_FEE && l->line >= 0)
			r->fee_line[l->line] += l->fen;
		else if (l->kind == LEG_PROVIDER_FEE)
			r->fee_delivery_fen += l->fen;
	}
	add_fulfilments(r, 1, NULL);
}

/* ---- What holds at any time -------------------------------------------------------------------------------- */

/* Clearing has what units and the delivery fee, which no row is about yet, brought in. */
static int64_t
clearing_due(const struct run *r)
{
	int64_t fen = 0, used = 0, whole = r->o.m.delivery_fee_fen, share;

	for (int i = 0; i < r->line_count; i++) {
		const struct order_line *l = &r->lines[i];
		int32_t left = money_units_left(&r->o.m, i);

		fen += l->price_fen * left -
		    share_equal(r->fee_line[i], l->quantity, l->quantity - left, l->quantity);
	}
	for (int i = 0; i < r->o.m.row_count; i++)
		for (int k = 0; k < r->o.rows[i].unit_count; k++)
			if (r->o.rows[i].units[k].line == MONEY_DELIVERY &&
			    r->o.rows[i].units[k].row_from > 0)
				used += r->o.rows[i].units[k].row_from;
	if (whole > 0) {
		share = (r->fee_delivery_fen * used * 2 + whole) / (2 * whole);
		fen += whole - used - (r->fee_delivery_fen - share);
	}
	return -fen;
}

static void
check(struct run *r, bool closed)
{
	const int64_t order = account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0);
	const int64_t refund = account_number(ACCOUNT_C_REFUND, PROVIDER_NONE, 0, 0);

	row_equal(r->what, mo_sum(&r->o, order), closed ? 0 : clearing_due(r));
	row_equal(r->what, -mo_sum(&r->o, refund), r->cash_fen);
}

/* ---- Steps ------------------------------------------------------------------------------------------------ */

static bool
waiting(const struct run *r, int but)
{
	for (int i = 0; i < r->ful_count; i++)
		if (i != but && r->ful[i].state == WAITS)
			return true;
	return false;
}

/* Units of ${f} as the rules ask for them, ${most} of each line at most. */
static struct money_units
units_of(struct run *r, const struct ful *f, int32_t most, bool by_owner)
{
	struct money_unit_line *l = arena_array(r->o.arena, 64, sizeof(*l));
	int count = 0;

	assert_non_null(l);
	for (int i = 0; i < r->line_count; i++) {
		int32_t left = f->units[i] < most ? f->units[i] : most;

		if (!by_owner && left > 0)
			l[count++] =
			    (struct money_unit_line){.line = (int16_t)i, .quantity = left};
		for (int p = 0; by_owner && p < PARTY_IDS; p++) {
			int32_t some = f->owner_units[i][p] < left ? f->owner_units[i][p] : left;

			if (some > 0)
				l[count++] = (struct money_unit_line){
				    .line = (int16_t)i, .quantity = some, .goods_owner = p};
			left -= some;
		}
	}
	return (struct money_units){.number = f->number,
	    .attempt = f->attempt,
	    .part = f->part,
	    .delivery_fee_fen = f->fee_fen,
	    .line_count = count,
	    .lines = l};
}

static int64_t
cash_of(const struct run *r, const struct money_units *u)
{
	int64_t fen = 0;

	for (int i = 0; i < u->line_count; i++) {
		const struct order_line *l = &r->lines[u->lines[i].line];

		fen += (l->price_fen - l->discount_fen) * u->lines[i].quantity;
	}
	return fen;
}

static void
units_go(struct ful *f, const struct money_units *u)
{
	for (int i = 0; i < u->line_count; i++) {
		int32_t left = u->lines[i].quantity;

		f->units[u->lines[i].line] -= left;
		for (int p = 0; p < PARTY_IDS; p++) {
			int32_t *x = &f->owner_units[u->lines[i].line][p];
			int32_t some = *x < left ? *x : left;

			if (u->lines[i].goods_owner != 0 && u->lines[i].goods_owner != p)
				continue;
			*x -= some;
			left -= some;
		}
	}
}

static void
hand_over(struct run *r, int n)
{
	struct ful *f = &r->ful[n];
	struct money_units u = units_of(r, f, INT32_MAX, true);
	bool last = !waiting(r, n);

	r->what = "E3";
	row_equal(r->what, mo_split(&r->o, &u, last), ERR_OK);
	f->state = HANDED;
	check(r, last);
}

static void
refund(struct run *r, const struct money_refund *x, int64_t cash_fen)
{
	struct money_refunded out;

	row_equal(r->what, mo_refund(&r->o, x, &out), ERR_OK);
	/* of what goodwill gave before the customer has that already */
	if (out.cash_fen > cash_fen || out.cash_fen < cash_fen - r->goodwill_fen)
		fail_msg("%s: %lld went back, not %lld", r->what, (long long)out.cash_fen,
		    (long long)cash_fen);
	r->cash_fen += out.cash_fen;
	check(r, !waiting(r, -1));
}

static void
cancel(struct run *r, int n)
{
	struct ful *f = &r->ful[n];
	struct money_units u = units_of(r, f, chance(r, 50) ? 1 : INT32_MAX, true);

	r->what = "R1 of units that wait";
	units_go(f, &u);
	f->state = GONE;
	for (int i = 0; i < r->line_count; i++)
		if (f->units[i] != 0)
			f->state = WAITS;
	refund(r,
	    &(struct money_refund){
	        .unsplit_count = 1, .unsplit = &u, .last = !waiting(r, -1)},
	    cash_of(r, &u));
}

/* What waits is decided on again; what the new way does not ask of the fee goes back. */
static void
hop(struct run *r, int n)
{
	struct ful f = r->ful[n];
	int16_t line_of[TEST_SKUS];
	int64_t fee_fen = below(r, (int)f.fee_fen + 1);
	int count = 0;

	if (r->o.m.split_count == MO_SPLITS || r->ful_count + 3 > PENDING_MAX)
		return;
	for (int i = 0; i < r->line_count; i++) {
		if (f.units[i] == 0)
			continue;
		r->w.lines[count] = r->lines[i];
		r->w.lines[count].quantity = f.units[i];
		line_of[count++] = (int16_t)i;
	}
	r->w.request.line_count = count;
	draw_plan(r);
	r->w.plan.delivery_fee_fen = fee_fen;
	assert_int_equal(money_world_split(&r->w, r->o.m.collector), ERR_OK);
	r->ful[n].state = GONE;
	add_fulfilments(r, mo_attempt(&r->o, line_of), line_of);
	r->what = "R1 of the fee";
	if (f.fee_fen > fee_fen)
		refund(r, &(struct money_refund){.delivery_fee_fen = f.fee_fen - fee_fen},
		    f.fee_fen - fee_fen);
}

static void
check_plain(struct run *r, const struct ful *f)
{
	if (f->over)
		r->plain = false; /* it was taken from what others hold */
	if (!r->plain)
		return;
	for (int i = 0; i < mo_last(&r->o)->leg_count; i++) {
		int64_t account = mo_last(&r->o)->account[i];

		if (account_kind(account) == ACCOUNT_RECV_DEALER ||
		    (account_staged(account) && account_stage(account) == STAGE_AVAIL))
			fail_msg("%s: a hold is not over, and account %d was asked", r->what,
			    (int)account_kind(account));
	}
}

/* With parts of units nobody but the rules knows which comes first: what remains is asked of them. */
static void
bring_back(struct run *r, int n, bool all)
{
	struct ful *f = &r->ful[n];
	struct money_units u = units_of(r, f, all ? INT32_MAX : 1, false);
	struct money_refund x = {.split_count = 1, .split = &u};
	struct money_refunded out;
	int64_t cash_fen = cash_of(r, &u);

	if (u.line_count == 0)
		return;
	if (!all)
		u.line_count = 1, cash_fen = cash_of(r, &u);
	r->what = "R1 of units";
	row_equal(r->what, money_refund(&r->o.m, &x, r->o.arena, &out), ERR_OK);
	if (r->goodwill_fen == 0) {
		int64_t less = 0;

		for (int i = 0; i < u.line_count; i++)
			less += r->part_fen[u.lines[i].line];
		if (out.cash_fen > cash_fen || out.cash_fen < cash_fen - less)
			fail_msg("units of %lld bring %lld", (long long)cash_fen,
			    (long long)out.cash_fen);
		if (less == 0)
			row_equal(r->what, out.cash_fen, cash_fen);
	}
	units_go(f, &u);
	x.cash_fen = out.cash_fen;
	refund(r, &x, out.cash_fen);
	check_plain(r, f);
}

static void
give_part(struct run *r, int n)
{
	struct ful *f = &r->ful[n];
	struct money_unit_line l = {.line = (int16_t)below(r, r->line_count), .quantity = 1};
	struct money_units u = {.number = f->number, .line_count = 1, .lines = &l};
	int64_t cash_fen = r->lines[l.line].price_fen - r->lines[l.line].discount_fen;
	struct money_refund x = {.part_of = &u};
	struct money_refunded out;

	if (cash_fen == 0)
		return;
	x.part_fen = 1 + below(r, (int)cash_fen);
	r->what = "R1 of a part";
	/* no unit of it is left, or none has so much */
	if (money_refund(&r->o.m, &x, r->o.arena, &out) == ERR_WRONG_STATE)
		return;
	r->part_fen[l.line] += x.part_fen;
	refund(r, &x, x.part_fen);
	check_plain(r, f);
}

static void
give_goodwill(struct run *r)
{
	static const int32_t bearers[] = {BRAND, DEALER_D, DEALER_F, PLATFORM_OP};
	int64_t most = money_refundable(&r->o.m);
	struct money_refund x = {.bearer = bearers[below(r, 4)]};

	if (most == 0 || r->plain)
		return;
	x.goodwill_fen = 1 + below(r, (int)(most < 3000 ? most : 3000));
	r->what = "R1 of goodwill";
	r->goodwill_fen += x.goodwill_fen;
	refund(r, &x, x.goodwill_fen);
}

static void
hold_ends(struct run *r, int n)
{
	struct ful *f = &r->ful[n];

	r->what = "E4";
	if (f->over)
		return;
	row_equal(r->what, mo_hold_ended(&r->o, f->number), ERR_OK);
	f->over = true;
}

static void
step(struct run *r)
{
	int n = below(r, r->ful_count);

	if (chance(r, 4))
		give_goodwill(r);
	switch (r->ful[n].state) {
	case WAITS:
		if (chance(r, 60))
			hand_over(r, n);
		else if (chance(r, 50))
			cancel(r, n);
		else
			hop(r, n);
		break;
	case HANDED:
		if (chance(r, 40))
			bring_back(r, n, false);
		else if (chance(r, 50))
			give_part(r, n);
		else
			hold_ends(r, n);
		break;
	case GONE:
		break;
	}
}

/* ---- The end ------------------------------------------------------------------------------------------------ */

static int32_t
party_of(const struct run *r, int64_t account)
{
	enum account_kind k = account_kind(account);

	if (k == ACCOUNT_BRAND_COST || k == ACCOUNT_BRAND_OTHER || k == ACCOUNT_BRAND_PROMO)
		return BRAND;
	if (k == ACCOUNT_PLATFORM_PROMO || (k >= ACCOUNT_PLATFORM_HELD && k <= ACCOUNT_PLATFORM_PAYOUT))
		return PLATFORM_OP;
	if (account_staged(account) || k == ACCOUNT_RECV_DEALER || k == ACCOUNT_DEALER_PROMO)
		return account_party(account);
	(void)r;
	return 0;
}

/* All came back: nobody has anything of the order; but who drove, and who pays him. */
static void
check_zero(struct run *r)
{
	int64_t sum[PARTY_IDS] = {0};

	for (int i = 0; i < r->o.m.row_count; i++)
		for (int k = 0; k < r->o.rows[i].leg_count; k++)
			sum[party_of(r, r->o.rows[i].account[k])] += r->o.rows[i].fen[k];
	sum[BRAND] += sum[COURIER_K];
	sum[COURIER_K] = 0;
	if (r->w.rules[0].courier_cost_fen != 0) {
		/* what the fee did not pay of the couriers the owner added */
		sum[BRAND] += sum[DEALER_D];
		sum[DEALER_D] = 0;
	}
	for (int i = 1; i < PARTY_IDS; i++)
		if (sum[i] != 0)
			fail_msg("all came back, and party %d has %lld", i, (long long)sum[i]);
}

static void
finish(struct run *r)
{
	int64_t fee_fen;

	for (int n = 0; n < r->ful_count; n++)
		if (r->ful[n].state == WAITS)
			hand_over(r, n);
	for (int n = 0; n < r->ful_count; n++)
		if (r->ful[n].state == HANDED && chance(r, 50))
			hold_ends(r, n);
	for (int n = 0; n < r->ful_count; n++)
		if (r->ful[n].state == HANDED)
			bring_back(r, n, true);
	r->what = "the rest of the fee";
	fee_fen = money_refundable(&r->o.m);
	if (fee_fen > 0)
		refund(r, &(struct money_refund){.delivery_fee_fen = fee_fen}, fee_fen);
	row_equal(r->what, money_refundable(&r->o.m), 0);
	mo_refund_done(&r->o);
	r->cash_fen = 0;
	if (money_check(&r->o.m) != NULL)
		fail_msg("%s", money_check(&r->o.m));
	if (r->goodwill_fen == 0)
		check_zero(r);
	for (int n = 0; n < r->ful_count; n++)
		if (r->ful[n].state == HANDED)
			hold_ends(r, n);
	for (int i = 0; i < r->o.m.row_count; i++)
		for (int k = 0; k < r->o.rows[i].leg_count; k++) {
			int64_t account = r->o.rows[i].account[k];

			if (account_staged(account) && account_stage(account) == STAGE_HELD)
				row_equal("all holds are over", mo_sum(&r->o, account), 0);
		}
}

static uint64_t seed;

static int
print_seed(void **state)
{
	(void)state;
	print_message("the last order was ORDER_MONEY_SEED=%" PRIu64 "\n", seed);
	return 0;
}

static void
test_orders(void **state)
{
	uint64_t runs = RUNS;
	const char *text = getenv("ORDER_MONEY_RUNS");
	static struct run r;

	(void)state;
	seed = draw_seed("ORDER_MONEY_SEED", 20260901);
	if (text != NULL)
		assert_int_equal(parse_u64(text, UINT64_MAX, &runs), ERR_OK);
	for (uint64_t i = 0; i < runs; i++, seed++) {
		memset(&r, 0, sizeof(r));
		r.rng = seed;
		r.what = "begin";
		begin(&r);
		check(&r, false);
		for (int steps = 4 + below(&r, 24); steps > 0; steps--)
			step(&r);
		finish(&r);
		mo_end(&r.o);
		money_world_release(&r.w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_orders, print_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
