/* split: worked examples, the rows of the table of ways and goods, and what a rule may do. */
#include "unit.h"

#include "money_world.h"

/* What a row changes of the one rule, or of the order. */
static void
nothing(struct money_world *m)
{
	(void)m;
}

static void
warehouse_50(struct money_world *m)
{
	money_charge(&m->rules[0].warehouse, 0, 50, BASE_COST);
}

static void
platform_1(struct money_world *m)
{
	money_charge(&m->rules[0].platform_fee, 0, 100, BASE_GROSS);
}

static void
courier_18(struct money_world *m)
{
	m->rules[0].courier_cost_fen = 1800;
}

static void
courier_18_brand(struct money_world *m)
{
	m->rules[0].courier_cost_fen = 1800;
	m->rules[0].brand_bears_courier = true;
}

static void
transfer_and_handling(struct money_world *m)
{
	money_charge(&m->rules[0].transfer, 380000, 0, BASE_GROSS);
	m->rules[0].has_transfer = true;
	money_charge(&m->rules[0].handling, 0, 150, BASE_GROSS);
}

static void
handling_150(struct money_world *m)
{
	money_charge(&m->rules[0].handling, 0, 150, BASE_GROSS);
}

static void
staff_1(struct money_world *m)
{
	money_charge(&m->rules[0].staff, 0, 100, BASE_PAID);
	m->owner.staff = STAFF_S;
}

static void
staff_of_margin(struct money_world *m)
{
	money_charge(&m->rules[0].staff, 0, 1000, BASE_MARGIN);
	money_charge(&m->rules[0].platform_fee, 10, 100, BASE_GROSS);
	m->owner.staff = STAFF_S;
}

static void
staff_and_handling(struct money_world *m)
{
	staff_of_margin(m);
	money_charge(&m->rules[0].handling, 50, 0, BASE_GROSS);
}

static void
no_staff(struct money_world *m)
{
	money_charge(&m->rules[0].staff, 0, 100, BASE_PAID);
}

static void
channel_5(struct money_world *m)
{
	money_charge(&m->rules[0].channel, 0, 500, BASE_PAID);
	m->request.storefront = AT_OUTSIDE;
}

static void
absorbs_5000(struct money_world *m)
{
	m->rules[0].negative = NEGATIVE_BRAND_ABSORBS;
	m->rules[0].absorb_max_fen = 5000;
}

static void
absorbs_10000(struct money_world *m)
{
	m->rules[0].negative = NEGATIVE_BRAND_ABSORBS;
	m->rules[0].absorb_max_fen = 10000;
}

static void
nobody_owns(struct money_world *m)
{
	m->owner = (struct owner){.dealer = BRAND, .source = OWNER_BY_BRAND};
	handling_150(m);
	warehouse_50(m);
}

static void
brand_run_owner(struct money_world *m)
{
	m->owner.store = STORE_BRAND;
	handling_150(m);
}

/* The brand alone: what it lacks it cannot be given by itself. */
static void
brand_loses(struct money_world *m)
{
	m->owner = (struct owner){.dealer = BRAND, .source = OWNER_BY_BRAND};
	absorbs_10000(m);
	courier_18_brand(m);
}

static void
made_to_order(struct money_world *m)
{
	m->rows[0][0].stocked = false;
}

static void
no_fee_30(struct money_world *m)
{
	m->parties[DEALER_D - 1].fee_bps = 0;
	money_charge(&m->rules[0].platform_fee, 0, 3000, BASE_GROSS);
}

static void
own_warehouse(struct money_world *m)
{
	warehouse_50(m);
	m->parties[WAREHOUSE_W - 1].disabled = true;
	m->w.kind_party[PARTY_WAREHOUSE] = 0;
}

static void
nobody_stands(struct money_world *m)
{
	platform_1(m);
	courier_18(m);
	m->w.kind_party[PARTY_PLATFORM] = m->w.kind_party[PARTY_COURIER] = 0;
	m->w.provider_party[PROVIDER_WECHAT] = 0;
}

static void
floor_rounding(struct money_world *m)
{
	handling_150(m);
	m->rules[0].handling.rounding = ROUND_FLOOR;
}

#define LINES 3
#define LEGS 8
struct row {
	const char *label;
	void (*change)(struct money_world *m);
	struct {
		int64_t price, discount, cost;
		int quantity;
	} lines[LINES];
	int32_t location;
	enum way way;
	int32_t goods;
	int64_t delivery_fee_fen;
	int32_t collector; /* 0: the one chosen */
	int64_t paid, funded, absorbed, fee, margin;
	struct {
		enum leg_kind kind;
		int32_t party;
		int64_t fen;
	} legs[LEGS]; /* sums by kind and party, all there are */
};

static const struct row rows[] = {
    {"shipped by the brand", nothing, {{599900, 0, 540000, 1}}, SITE, WAY_SHIP, BRAND, 0, BRAND,
        599900, 0, 0, 3599, 56301,
        {{LEG_COST, BRAND, 540000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 3599},
            {LEG_MARGIN, DEALER_D, 56301}}},
    {"cloud warehouse: the brand keeps cost", warehouse_50, {{1999900, 0, 1840000, 1}}, CLOUD,
        WAY_SHIP, BRAND, 0, 0, 1999900, 0, 0, 11999, 138701,
        {{LEG_COST, BRAND, 1840000}, {LEG_HANDLING, WAREHOUSE_W, 9200},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 11999}, {LEG_MARGIN, DEALER_D, 138701}}},
    {"cloud run by the brand itself", own_warehouse, {{1999900, 0, 1840000, 1}}, CLOUD, WAY_SHIP,
        BRAND, 0, 0, 1999900, 0, 0, 11999, 138701,
        {{LEG_COST, BRAND, 1840000}, {LEG_HANDLING, BRAND, 9200},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 11999}, {LEG_MARGIN, DEALER_D, 138701}}},
    {"store pickup, dealer's stock", platform_1, {{129900, 0, 100000, 1}}, STORE_D, WAY_PICKUP,
        DEALER_D, 0, 0, 129900, 0, 0, 779, 27822,
        {{LEG_PLATFORM_FEE, PLATFORM_OP, 1299}, {LEG_PROVIDER_FEE, PROVIDER_WX, 779},
            {LEG_MARGIN, DEALER_D, 127822}}},
    {"store delivery, courier above the fee", courier_18, {{89900, 0, 70000, 1}}, STORE_D,
        WAY_DELIVER, DEALER_D, 1500, 0, 91400, 0, 0, 548, 19052,
        {{LEG_COURIER, COURIER_K, 1800}, {LEG_PROVIDER_FEE, PROVIDER_WX, 548},
            {LEG_MARGIN, DEALER_D, 89052}}},
    {"the same, the brand bears the shortfall", courier_18_brand, {{89900, 0, 70000, 1}}, STORE_D,
        WAY_DELIVER, DEALER_D, 1500, 0, 91400, 0, 300, 548, 19352,
        {{LEG_COURIER, COURIER_K, 1800}, {LEG_PROVIDER_FEE, PROVIDER_WX, 548},
            {LEG_MARGIN, DEALER_D, 89052}, {LEG_SHORTFALL, DEALER_D, 300}}},
    {"delivery fee above the courier's cost: the store's", courier_18, {{89900, 0, 70000, 1}},
        STORE_F, WAY_DELIVER, DEALER_F, 2500, 0, 92400, 0, 0, 554, 19361,
        {{LEG_TRANSFER, DEALER_F, 70000}, {LEG_COURIER, COURIER_K, 1800},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 554}, {LEG_DELIVERY_INCOME, DEALER_F, 685},
            {LEG_MARGIN, DEALER_D, 19361}}},
    {"delivery fee of what is shipped: the brand's", courier_18, {{89900, 0, 70000, 1}}, SITE,
        WAY_SHIP, BRAND, 2500, 0, 92400, 0, 0, 554, 19361,
        {{LEG_COST, BRAND, 70000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 554},
            {LEG_DELIVERY_INCOME, BRAND, 2485}, {LEG_MARGIN, DEALER_D, 19361}}},
    {"coupon of the brand", nothing,
        {{19999, 2857, 17000, 1}, {9999, 1429, 8200, 1}, {4999, 714, 4000, 1}}, SITE, WAY_SHIP,
        BRAND, 0, 0, 29997, 5000, 0, 180, 5617,
        {{LEG_COST, BRAND, 29200}, {LEG_PROVIDER_FEE, PROVIDER_WX, 180},
            {LEG_MARGIN, DEALER_D, 5617}}},
    {"the same basket, the dealer's own discount", nothing,
        {{17142, 0, 17000, 1}, {8570, 0, 8200, 1}, {4285, 0, 4000, 1}}, SITE, WAY_SHIP, BRAND, 0, 0,
        29997, 0, 0, 180, 617,
        {{LEG_COST, BRAND, 29200}, {LEG_PROVIDER_FEE, PROVIDER_WX, 180},
            {LEG_MARGIN, DEALER_D, 617}}},
    {"negative margin: a receivable", nothing, {{454900, 0, 460000, 1}}, SITE, WAY_SHIP, BRAND, 0,
        0, 454900, 0, 0, 2729, -7829,
        {{LEG_COST, BRAND, 460000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 2729},
            {LEG_MARGIN, DEALER_D, -7829}}},
    {"negative margin, absorbed to a limit", absorbs_5000, {{454900, 0, 460000, 1}}, SITE, WAY_SHIP,
        BRAND, 0, 0, 454900, 0, 5000, 2729, -2829,
        {{LEG_COST, BRAND, 460000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 2729},
            {LEG_MARGIN, DEALER_D, -7829}, {LEG_SHORTFALL, DEALER_D, 5000}}},
    {"negative margin, absorbed", absorbs_10000, {{454900, 0, 460000, 1}}, SITE, WAY_SHIP, BRAND, 0,
        0, 454900, 0, 7829, 2729, 0,
        {{LEG_COST, BRAND, 460000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 2729},
            {LEG_MARGIN, DEALER_D, -7829}, {LEG_SHORTFALL, DEALER_D, 7829}}},
    {"margin exactly zero: no leg", nothing, {{500000, 0, 497000, 1}}, SITE, WAY_SHIP, BRAND, 0, 0,
        500000, 0, 0, 3000, 0, {{LEG_COST, BRAND, 497000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 3000}}},
    {"three units, coupon of 10000", nothing,
        {{100000, 3334, 80000, 1}, {100000, 3333, 80000, 1}, {100000, 3333, 80000, 1}}, SITE,
        WAY_SHIP, BRAND, 0, 0, 290000, 10000, 0, 1740, 58260,
        {{LEG_COST, BRAND, 240000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 1740},
            {LEG_MARGIN, DEALER_D, 58260}}},
    {"F's goods in F's store", transfer_and_handling, {{429900, 0, 370000, 1}}, STORE_F, WAY_PICKUP,
        DEALER_F, 0, 0, 429900, 0, 0, 2579, 40872,
        {{LEG_TRANSFER, DEALER_F, 380000}, {LEG_HANDLING, DEALER_F, 6449},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 2579}, {LEG_MARGIN, DEALER_D, 40872}}},
    {"handling rounded down", floor_rounding, {{429900, 0, 370000, 1}}, STORE_F, WAY_PICKUP,
        DEALER_F, 0, 0, 429900, 0, 0, 2579, 50873,
        {{LEG_TRANSFER, DEALER_F, 370000}, {LEG_HANDLING, DEALER_F, 6448},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 2579}, {LEG_MARGIN, DEALER_D, 50873}}},
    {"staff commission from the dealer's share", staff_1, {{299900, 0, 262000, 1}}, SITE, WAY_SHIP,
        BRAND, 0, 0, 299900, 0, 0, 1799, 33102,
        {{LEG_COST, BRAND, 262000}, {LEG_STAFF, STAFF_S, 2999},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 1799}, {LEG_MARGIN, DEALER_D, 33102}}},
    /* 20000 - 15000 - 20 fixed - 120 fee = 4860; a tenth of it, not of what the 200 bps leg leaves */
    {"staff commission of the margin", staff_of_margin, {{10000, 0, 7500, 2}}, SITE, WAY_SHIP,
        BRAND, 0, 0, 20000, 0, 0, 120, 4174,
        {{LEG_COST, BRAND, 15000}, {LEG_STAFF, STAFF_S, 486}, {LEG_PLATFORM_FEE, PLATFORM_OP, 220},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 120}, {LEG_MARGIN, DEALER_D, 4174}}},
    /* the fixed 100 of handling goes off as well: 4760 */
    {"staff commission after fixed handling", staff_and_handling, {{10000, 0, 7500, 2}}, STORE_F,
        WAY_PICKUP, BRAND, 0, 0, 20000, 0, 0, 120, 4084,
        {{LEG_COST, BRAND, 15000}, {LEG_STAFF, STAFF_S, 476}, {LEG_PLATFORM_FEE, PLATFORM_OP, 220},
            {LEG_HANDLING, DEALER_F, 100}, {LEG_PROVIDER_FEE, PROVIDER_WX, 120},
            {LEG_MARGIN, DEALER_D, 4084}}},
    /* margin on goods 70000 - 75000 - 420, on delivery 1500 - 1800 - 9 */
    {"the brand's own loss is not absorbed", brand_loses, {{70000, 0, 75000, 1}}, STORE_BRAND,
        WAY_DELIVER, BRAND, 1500, 0, 71500, 0, 0, 429, -5729,
        {{LEG_COST, BRAND, 75000}, {LEG_COURIER, COURIER_K, 1800},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 429}, {LEG_MARGIN, BRAND, -5729}}},
    {"no staff member owns: no commission", no_staff, {{299900, 0, 262000, 1}}, SITE, WAY_SHIP,
        BRAND, 0, 0, 299900, 0, 0, 1799, 36101,
        {{LEG_COST, BRAND, 262000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 1799},
            {LEG_MARGIN, DEALER_D, 36101}}},
    {"an outside channel's commission", channel_5, {{100000, 0, 80000, 1}}, SITE, WAY_SHIP, BRAND,
        0, 0, 100000, 0, 0, 600, 14400,
        {{LEG_COST, BRAND, 80000}, {LEG_CHANNEL, CHANNEL_C, 5000},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 600}, {LEG_MARGIN, DEALER_D, 14400}}},
    {"brand's goods in the owner's store", handling_150, {{100000, 0, 80000, 1}}, STORE_D,
        WAY_PICKUP, BRAND, 0, 0, 100000, 0, 0, 600, 19400,
        {{LEG_COST, BRAND, 80000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 600},
            {LEG_MARGIN, DEALER_D, 19400}}},
    {"brand's goods in F's store", handling_150, {{100000, 0, 80000, 1}}, STORE_F, WAY_DELIVER,
        BRAND, 0, 0, 100000, 0, 0, 600, 17900,
        {{LEG_COST, BRAND, 80000}, {LEG_HANDLING, DEALER_F, 1500},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 600}, {LEG_MARGIN, DEALER_D, 17900}}},
    {"brand-run store", handling_150, {{100000, 0, 80000, 1}}, STORE_BRAND, WAY_PICKUP, BRAND, 0, 0,
        100000, 0, 0, 600, 17900,
        {{LEG_COST, BRAND, 80000}, {LEG_HANDLING, BRAND, 1500},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 600}, {LEG_MARGIN, DEALER_D, 17900}}},
    {"own goods kept in F's store", handling_150, {{100000, 0, 80000, 1}}, STORE_F, WAY_PICKUP,
        DEALER_D, 0, 0, 100000, 0, 0, 600, 17900,
        {{LEG_HANDLING, DEALER_F, 1500}, {LEG_PROVIDER_FEE, PROVIDER_WX, 600},
            {LEG_MARGIN, DEALER_D, 97900}}},
    {"site: no handling", handling_150, {{100000, 0, 80000, 1}}, SITE, WAY_SHIP, BRAND, 0, 0,
        100000, 0, 0, 600, 19400,
        {{LEG_COST, BRAND, 80000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 600},
            {LEG_MARGIN, DEALER_D, 19400}}},
    {"made to order: at cost, the partner earns", made_to_order, {{899900, 0, 800000, 1}}, SITE,
        WAY_SHIP, DEALER_D, 0, BRAND, 899900, 0, 0, 5399, 94501,
        {{LEG_COST, BRAND, 800000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 5399},
            {LEG_MARGIN, DEALER_D, 94501}}},
    {"nobody owns: shipped from the cloud", nobody_owns, {{100000, 0, 80000, 1}}, CLOUD, WAY_SHIP,
        BRAND, 0, 0, 100000, 0, 0, 600, 19000,
        {{LEG_COST, BRAND, 80000}, {LEG_HANDLING, WAREHOUSE_W, 400},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 600}, {LEG_MARGIN, BRAND, 19000}}},
    {"nobody owns: F's goods in F's store", nobody_owns, {{100000, 0, 80000, 1}}, STORE_F,
        WAY_PICKUP, DEALER_F, 0, 0, 100000, 0, 0, 600, 17900,
        {{LEG_TRANSFER, DEALER_F, 80000}, {LEG_HANDLING, DEALER_F, 1500},
            {LEG_PROVIDER_FEE, PROVIDER_WX, 600}, {LEG_MARGIN, BRAND, 17900}}},
    {"the owner's store is the brand's", brand_run_owner, {{100000, 0, 80000, 1}}, STORE_BRAND,
        WAY_PICKUP, BRAND, 0, 0, 100000, 0, 0, 600, 19400,
        {{LEG_COST, BRAND, 80000}, {LEG_PROVIDER_FEE, PROVIDER_WX, 600},
            {LEG_MARGIN, BRAND, 19400}}},
    {"6.45 at 30 per cent", no_fee_30, {{645, 0, 400, 1}}, STORE_D, WAY_PICKUP, DEALER_D, 0, 0, 645,
        0, 0, 0, 51, {{LEG_PLATFORM_FEE, PLATFORM_OP, 194}, {LEG_MARGIN, DEALER_D, 451}}},
    {"no operator, courier or provider party", nobody_stands, {{100000, 0, 80000, 1}}, STORE_D,
        WAY_DELIVER, DEALER_D, 1000, 0, 101000, 0, 0, 606, 19400,
        {{LEG_PROVIDER_FEE, DEALER_D, 606}, {LEG_DELIVERY_INCOME, DEALER_D, 994},
            {LEG_MARGIN, DEALER_D, 99400}}},
    {"free goods, nothing to split", nothing, {{1, 1, 0, 1}}, SITE, WAY_SHIP, BRAND, 0, 0, 0, 1, 0,
        0, 1, {{LEG_MARGIN, DEALER_D, 1}}},
};

static void
build(struct money_world *m, const struct row *row)
{
	int i;

	money_world_init(m);
	money_part(m, row->location, row->way);
	for (i = 0; i < LINES && row->lines[i].quantity != 0; i++) {
		money_line(m, row->lines[i].price, row->lines[i].discount, row->lines[i].cost,
		    row->lines[i].quantity);
		money_row(m, i, row->lines[i].quantity, row->goods);
	}
	m->plan.delivery_fee_fen = row->delivery_fee_fen;
	row->change(m);
}

static void
check_legs(const struct money_world *m, const struct row *row)
{
	int64_t sum = 0;
	int i;

	for (i = 0; i < LEGS && row->legs[i].kind != 0; i++) {
		sum += row->legs[i].fen;
		if (money_world_sum(m, row->legs[i].kind, row->legs[i].party) != row->legs[i].fen)
			fail_msg("%s: leg kind %d of party %d is %lld", row->label,
			    row->legs[i].kind, row->legs[i].party,
			    (long long)money_world_sum(m, row->legs[i].kind, row->legs[i].party));
	}
	/* All there are: the expected ones add up to the whole, and no leg has another kind. */
	row_equal(row->label, sum, row->paid + row->funded + row->absorbed);
	for (i = 0, sum = 0; i < m->split->leg_count; i++) {
		assert_int_not_equal(m->split->legs[i].fen, 0);
		sum += m->split->legs[i].fen;
	}
	row_equal(row->label, sum, row->paid + row->funded + row->absorbed);
}

static void
test_examples(void **state)
{
	struct money_world m;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		build(&m, &rows[i]);
		row_equal(rows[i].label, money_world_split(&m, rows[i].collector), ERR_OK);
		check_legs(&m, &rows[i]);
		row_equal(rows[i].label, m.split->total.total_fen, rows[i].paid);
		row_equal(rows[i].label, m.split->total.delivery_fee_fen, rows[i].delivery_fee_fen);
		row_equal(rows[i].label, m.split->total.funded_fen, rows[i].funded);
		row_equal(rows[i].label, m.split->total.absorbed_fen, rows[i].absorbed);
		row_equal(rows[i].label, m.split->total.provider_fee_fen, rows[i].fee);
		row_equal(rows[i].label, m.split->total.owner_margin_fen, rows[i].margin);
		money_world_release(&m);
	}
}

/* The coupon, the fee and the margin of each line of "coupon of the brand". */
static void
test_by_line(void **state)
{
	static const int64_t fee[3] = {103, 51, 26}, margin[3] = {2896, 1748, 973};
	struct money_world m;
	const struct leg *l;
	size_t i;
	int n = 0;

	(void)state;
	for (i = 0; strcmp(rows[i].label, "coupon of the brand") != 0; i++)
		;
	build(&m, &rows[i]);
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	for (l = m.split->legs; l < m.split->legs + m.split->leg_count; l++) {
		if (l->kind == LEG_PROVIDER_FEE)
			assert_int_equal(l->fen, fee[l->line]);
		if (l->kind == LEG_MARGIN)
			assert_int_equal(l->fen, margin[l->line]);
		n += l->kind == LEG_PROVIDER_FEE || l->kind == LEG_MARGIN;
	}
	assert_int_equal(n, 6);
	assert_int_equal(m.split->funding_count, 1);
	assert_int_equal(m.split->funding[0].party, BRAND);
	assert_int_equal(m.split->funding[0].fen, 5000);
	money_world_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_examples),
	    cmocka_unit_test(test_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
