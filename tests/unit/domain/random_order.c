#include "random_order.h"

#include "draw.h"

int
below(struct run *r, int n)
{
	return (int)(draw(&r->rng) % (uint64_t)n);
}

bool
chance(struct run *r, int percent)
{
	return below(r, 100) < percent;
}

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

void
random_plan(struct run *r)
{
	static const enum way ways[LOCATION_IDS] = {[STORE_D] = WAY_DELIVER,
	    [STORE_F] = WAY_DELIVER,
	    [STORE_BRAND] = WAY_PICKUP,
	    [CLOUD] = WAY_SHIP,
	    [SITE] = WAY_SHIP};
	int parts = 1 + below(r, 3);
	int32_t left[TEST_SKUS] = {0};

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

void
random_fulfilments(struct run *r, int attempt, const int16_t *line_of)
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

/* All at once, or a deposit and a balance. */
static void
pay(struct run *r)
{
	const struct split_total *t = &r->w.split->total;
	int64_t fen, fee_fen;

	if (t->total_fen < 2 || chance(r, 50)) {
		mo_pay(&r->o);
		r->fee_fen[0] = t->provider_fee_fen;
		return;
	}
	fen = 1 + below(r, (int)t->total_fen - 1);
	fee_fen = (fen * 60 + 5000) / 10000;
	mo_pay_part(&r->o, fen, fee_fen);
	mo_pay_balance(&r->o, PROVIDER_WECHAT, t->total_fen - fen, t->provider_fee_fen - fee_fen);
	r->fee_fen[0] = fee_fen;
	r->fee_fen[1] = t->provider_fee_fen - fee_fen;
}

void
random_order(struct run *r)
{
	static const int32_t collectors[] = {BRAND, DEALER_D, DEALER_F};

	money_world_init(&r->w);
	r->plain = chance(r, 40);
	draw_rules(r);
	draw_lines(r);
	random_plan(r);
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
	pay(r);
	for (int i = 0; i < r->w.split->leg_count; i++) {
		const struct leg *l = &r->w.split->legs[i];

		if (l->kind == LEG_PROVIDER_FEE && l->line >= 0)
			r->fee_line[l->line] += l->fen;
		else if (l->kind == LEG_PROVIDER_FEE)
			r->fee_delivery_fen += l->fen;
	}
	random_fulfilments(r, 1, NULL);
}
