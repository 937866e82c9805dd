/*
 * order_money, drawn: random orders, paid at once or in two payments, go through hand-overs, hops, cancellations, returns, parts of units, goodwill, fees
 * given back and holds that end, in any order.  ORDER_MONEY_SEED=… runs one again, ORDER_MONEY_RUNS=… more of them.
 */
#include "draw.h"

#include "base/parse.h"
#include "domain/share.h"
#include "random_order.h"

#define RUNS 3000

/* ---- What holds at any time -------------------------------------------------------------------------------- */

/* Clearing has what units and the delivery fee, which no row is about yet, brought in. */
static int64_t
clearing_due(const struct run *r)
{
	int64_t fen = 0, used = 0, whole = r->o.m.delivery_fee_fen, share;

	for (int i = 0; i < r->line_count; i++) {
		const struct order_line *l = &r->lines[i];
		int32_t left = mo_units_left(&r->o.m, i);

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
			l[count++] = (struct money_unit_line){.line = (int16_t)i, .quantity = left};
		for (int p = 0; by_owner && p < PARTY_IDS; p++) {
			int32_t some = f->owner_units[i][p] < left ? f->owner_units[i][p] : left;

			if (some > 0)
				l[count++] = (struct money_unit_line){.line = (int16_t)i,
				    .quantity = some,
				    .goods_owner = p};
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
	for (int i = 0; i < out.back_count; i++)
		r->rebate_fen[out.back[i].payment] += out.back[i].rebate_fen;
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
	    &(struct money_refund){.unsplit_count = 1, .unsplit = &u, .last = !waiting(r, -1)},
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
	random_plan(r);
	r->w.plan.delivery_fee_fen = fee_fen;
	assert_int_equal(money_world_split(&r->w, r->o.m.collector), ERR_OK);
	r->ful[n].state = GONE;
	random_fulfilments(r, mo_attempt(&r->o, line_of), line_of);
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

/* ---- Payouts --------------------------------------------------------------------------------------------- */

static void
write_row(struct run *r, enum journal_event event, int64_t from, int64_t to, int64_t fen)
{
	struct posting p;

	posting_begin(&p, event);
	posting_add(&p, from, fen, 0);
	posting_add(&p, to, -fen, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	mo_write(&r->o, &p, ++r->payout_no);
}

/* Some of what a dealer or member of staff has available is instructed, and arrives or comes back. */
static void
pay_out(struct run *r, bool all)
{
	const int64_t cash =
	    account_number(ACCOUNT_PSP_FROZEN, PROVIDER_WECHAT, r->o.m.collector, 0);

	r->what = "a payout";
	for (int i = 0; i < r->o.m.balance_count; i++) {
		const int64_t avail = r->o.balances[i].account, fen = -r->o.balances[i].fen;
		int64_t some;

		if (!account_staged(avail) || account_stage(avail) != STAGE_AVAIL || fen == 0 ||
		    (!all && chance(r, 50)))
			continue;
		some = all || chance(r, 50) ? fen : 1 + below(r, (int)fen);
		write_row(r, EVENT_E5_PAYOUT, avail, account_at_stage(avail, STAGE_PAYOUT), some);
		if (all || chance(r, 70))
			write_row(r, EVENT_E6_PAID_OUT, account_at_stage(avail, STAGE_PAYOUT), cash,
			    some);
		else
			write_row(r, EVENT_E6_CLOSED, account_at_stage(avail, STAGE_PAYOUT), avail,
			    some);
	}
}

/* All that dealers owe of the order they give back. */
static void
splits_return(struct run *r)
{
	const int64_t cash =
	    account_number(ACCOUNT_PSP_FROZEN, PROVIDER_WECHAT, r->o.m.collector, 0);

	r->what = "what is owed";
	for (int i = 0; i < r->o.m.balance_count; i++)
		if (account_kind(r->o.balances[i].account) == ACCOUNT_RECV_DEALER &&
		    r->o.balances[i].fen > 0)
			write_row(r, EVENT_R3_RETURNED, cash, r->o.balances[i].account,
			    r->o.balances[i].fen);
}

static void
step(struct run *r)
{
	int n = below(r, r->ful_count);

	if (chance(r, 4))
		give_goodwill(r);
	if (chance(r, 10))
		pay_out(r, false);
	if (chance(r, 3))
		splits_return(r);
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
	if (k == ACCOUNT_PLATFORM_PROMO ||
	    (k >= ACCOUNT_PLATFORM_HELD && k <= ACCOUNT_PLATFORM_PAYOUT))
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
	/* what the fee did not pay of the couriers the owner added, some of it perhaps by a return of a split */
	if (r->w.rules[0].courier_cost_fen != 0) {
		sum[BRAND] += sum[DEALER_D];
		sum[DEALER_D] = 0;
		if (r->payout_no != 0)
			sum[BRAND] = 0;
	}
	for (int i = 1; i < PARTY_IDS; i++)
		if (sum[i] != 0)
			fail_msg("all came back, and party %d has %lld", i, (long long)sum[i]);
}

/* That its bearers do not have again. */
static int64_t
goodwill_given(const struct run *r)
{
	int64_t fen = 0;

	for (int i = 0; i < r->o.m.row_count; i++)
		for (int k = 0; k < r->o.rows[i].unit_count; k++)
			if (r->o.rows[i].units[k].line == MONEY_GOODWILL)
				fen += r->o.rows[i].units[k].row_from;
	return fen;
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
	for (int i = 0; i < r->o.m.payment_count; i++)
		row_equal("a payment's fee comes back with it", r->rebate_fen[i], r->fee_fen[i]);
	for (int n = 0; n < r->ful_count; n++)
		if (r->ful[n].state == HANDED)
			hold_ends(r, n);
	if (r->payout_no == 0 && r->goodwill_fen == 0)
		check_zero(r);
	/* who had paid what he owed is owed it again, and the other way about */
	splits_return(r);
	pay_out(r, true);
	mo_refund_done(&r->o);
	r->cash_fen = 0;
	mo_over(&r->o);
	if (goodwill_given(r) == 0)
		check_zero(r);
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
		random_order(&r);
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
