/* journal: the postings of payment, fee and refund of orders whose figures were worked out by hand. */
#include "unit.h"

#include "domain/journal.h"
#include "money_world.h"

#define LEGS 5
struct want {
	const char *account;
	int64_t fen;
};

struct row {
	const char *label;
	struct {
		int64_t price, discount, cost;
	} lines[3];
	int32_t location;
	enum way way;
	int32_t goods, collector;
	int64_t delivery_fee_fen;
	int64_t absorb_max_fen;
	struct want paid[LEGS], fee[LEGS], refund[LEGS];
};

#define FROZEN_BRAND "A:psp:wechat:BRAND:frozen"
#define FROZEN_D "A:psp:wechat:D:frozen"
#define FROZEN_F "A:psp:wechat:F:frozen"
#define REBATE_BRAND "A:psp:wechat:BRAND:fee_rebate"

static const struct row rows[] = {
    {"shipped by the brand", {{599900, 0, 540000}}, SITE, WAY_SHIP, BRAND, BRAND, 0, 0,
        {{FROZEN_BRAND, 599900}, {"C:order", -599900}}, {{"C:order", 3599}, {FROZEN_BRAND, -3599}},
        {{"C:order", 596301}, {REBATE_BRAND, 3599}, {"C:refund", -599900}}},
    {"cloud warehouse", {{1999900, 0, 1840000}}, CLOUD, WAY_SHIP, BRAND, BRAND, 0, 0,
        {{FROZEN_BRAND, 1999900}, {"C:order", -1999900}},
        {{"C:order", 11999}, {FROZEN_BRAND, -11999}},
        {{"C:order", 1987901}, {REBATE_BRAND, 11999}, {"C:refund", -1999900}}},
    {"store pickup, the dealer collects", {{129900, 0, 100000}}, STORE_D, WAY_PICKUP, DEALER_D,
        DEALER_D, 0, 0, {{FROZEN_D, 129900}, {"C:order", -129900}},
        {{"C:order", 779}, {FROZEN_D, -779}},
        {{"C:order", 129121}, {"A:psp:wechat:D:fee_rebate", 779}, {"C:refund", -129900}}},
    {"store delivery with its fee", {{89900, 0, 70000}}, STORE_D, WAY_DELIVER, DEALER_D, DEALER_D,
        1500, 0, {{FROZEN_D, 91400}, {"C:order", -91400}}, {{"C:order", 548}, {FROZEN_D, -548}},
        {{"C:order", 90852}, {"A:psp:wechat:D:fee_rebate", 548}, {"C:refund", -91400}}},
    {"coupon of the brand", {{19999, 2857, 17000}, {9999, 1429, 8200}, {4999, 714, 4000}}, SITE,
        WAY_SHIP, BRAND, BRAND, 0, 0,
        {{FROZEN_BRAND, 29997}, {"P:brand:promo", 5000}, {"C:order", -34997}},
        {{"C:order", 180}, {FROZEN_BRAND, -180}},
        {{"C:order", 34817}, {REBATE_BRAND, 180}, {"P:brand:promo", -5000}, {"C:refund", -29997}}},
    {"the same basket, the dealer's own discount",
        {{17142, 0, 17000}, {8570, 0, 8200}, {4285, 0, 4000}}, SITE, WAY_SHIP, BRAND, BRAND, 0, 0,
        {{FROZEN_BRAND, 29997}, {"C:order", -29997}}, {{"C:order", 180}, {FROZEN_BRAND, -180}},
        {{"C:order", 29817}, {REBATE_BRAND, 180}, {"C:refund", -29997}}},
    {"negative margin", {{454900, 0, 460000}}, SITE, WAY_SHIP, BRAND, BRAND, 0, 0,
        {{FROZEN_BRAND, 454900}, {"C:order", -454900}}, {{"C:order", 2729}, {FROZEN_BRAND, -2729}},
        {{"C:order", 452171}, {REBATE_BRAND, 2729}, {"C:refund", -454900}}},
    {"negative margin, absorbed by the brand with E3", {{454900, 0, 460000}}, SITE, WAY_SHIP, BRAND,
        BRAND, 0, 10000, {{FROZEN_BRAND, 454900}, {"C:order", -454900}},
        {{"C:order", 2729}, {FROZEN_BRAND, -2729}},
        {{"C:order", 452171}, {REBATE_BRAND, 2729}, {"C:refund", -454900}}},
    {"three units, coupon of 10000",
        {{100000, 3334, 80000}, {100000, 3333, 80000}, {100000, 3333, 80000}}, SITE, WAY_SHIP,
        BRAND, BRAND, 0, 0,
        {{FROZEN_BRAND, 290000}, {"P:brand:promo", 10000}, {"C:order", -300000}},
        {{"C:order", 1740}, {FROZEN_BRAND, -1740}},
        {{"C:order", 298260}, {REBATE_BRAND, 1740}, {"P:brand:promo", -10000},
            {"C:refund", -290000}}},
    {"F's store, F collects", {{429900, 0, 380000}}, STORE_F, WAY_PICKUP, DEALER_F, DEALER_F, 0, 0,
        {{FROZEN_F, 429900}, {"C:order", -429900}}, {{"C:order", 2579}, {FROZEN_F, -2579}},
        {{"C:order", 427321}, {"A:psp:wechat:F:fee_rebate", 2579}, {"C:refund", -429900}}},
    {"a few fen: no fee, no leg", {{50, 0, 40}}, SITE, WAY_SHIP, BRAND, BRAND, 0, 0,
        {{FROZEN_BRAND, 50}, {"C:order", -50}}, {{NULL, 0}}, {{"C:order", 50}, {"C:refund", -50}}},
    {"paid by the campaign alone: no cash", {{500, 500, 400}}, SITE, WAY_SHIP, BRAND, BRAND, 0, 0,
        {{"P:brand:promo", 500}, {"C:order", -500}}, {{NULL, 0}},
        {{"C:order", 500}, {"P:brand:promo", -500}}},
    {"costs nobody anything", {{0, 0, 0}}, SITE, WAY_SHIP, BRAND, BRAND, 0, 0, {{NULL, 0}},
        {{NULL, 0}}, {{NULL, 0}}},
};

static void
check(const struct money_world *m, const char *label, const struct posting *p,
    enum journal_event event, const struct want *want)
{
	struct buf b;
	int i, n;

	for (n = 0; n < LEGS && want[n].account != NULL; n++)
		;
	row_equal(label, p->event, event);
	row_equal(label, p->leg_count, n);
	buf_init(&b, 128);
	for (i = 0; i < n; i++) {
		buf_reset(&b);
		account_print(&m->w, p->account[i], &b);
		row_text(label, buf_cstr(&b), want[i].account);
		row_equal(label, p->fen[i], want[i].fen);
		row_equal(label, p->kind[i], 0);
	}
	buf_release(&b);
}

static void
test_postings(void **state)
{
	struct money_world m;
	struct posting p;
	const struct row *r;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		r = &rows[i];
		money_world_init(&m);
		money_part(&m, r->location, r->way);
		for (k = 0; k < 3 && (k == 0 || r->lines[k].price != 0); k++) {
			money_line(&m, r->lines[k].price, r->lines[k].discount, r->lines[k].cost,
			    1);
			money_row(&m, k, 1, r->goods);
		}
		m.plan.delivery_fee_fen = r->delivery_fee_fen;
		if (r->absorb_max_fen != 0) {
			m.rules[0].negative = NEGATIVE_BRAND_ABSORBS;
			m.rules[0].absorb_max_fen = r->absorb_max_fen;
		}
		row_equal(r->label, money_world_split(&m, r->collector), ERR_OK);
		row_equal(r->label, journal_paid(&m.w, m.split, r->collector, PROVIDER_WECHAT, &p),
		    ERR_OK);
		check(&m, r->label, &p, EVENT_E1_PAID, r->paid);
		row_equal(r->label, journal_fee(&m.w, m.split, r->collector, PROVIDER_WECHAT, &p),
		    ERR_OK);
		check(&m, r->label, &p, EVENT_E2_FEE, r->fee);
		row_equal(r->label,
		    journal_refund_all(&m.w, m.split, r->collector, PROVIDER_WECHAT, &p), ERR_OK);
		check(&m, r->label, &p, EVENT_R1_REFUND, r->refund);
		money_world_release(&m);
	}
}

/* What funders promised stands under each one's own account. */
static void
test_funders(void **state)
{
	static const struct want want[LEGS] = {{FROZEN_BRAND, 9900}, {"P:brand:promo", 50},
	    {"P:dealer:D:promo", 30}, {"P:op:promo", 20}, {"C:order", -10000}};
	struct money_world m;
	struct posting p;

	(void)state;
	money_world_init(&m);
	money_line(&m, 10000, 100, 8000, 1);
	m.lines[0].campaign = FUNDED_BY_THREE;
	money_part(&m, SITE, WAY_SHIP);
	money_row(&m, 0, 1, BRAND);
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	assert_int_equal(journal_paid(&m.w, m.split, BRAND, PROVIDER_WECHAT, &p), ERR_OK);
	check(&m, "three funders", &p, EVENT_E1_PAID, want);
	money_world_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_postings),
	    cmocka_unit_test(test_funders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
