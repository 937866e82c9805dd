#include "money_order.h"

#include <stddef.h>
#include <stdlib.h>

#include "domain/money_again.h"
#include "domain/money_calc.h"

#include "unit.h"

void
mo_begin(struct money_order *o, struct money_world *w, int32_t collector)
{
	memset(o, 0, sizeof(*o));
	o->w = w;
	o->arena = arena_new(64 << 20);
	assert_non_null(o->arena);
	o->number_next = 1;
	o->act_no = MONEY_ACT_NO;
	assert_int_equal(money_world_split(w, collector), ERR_OK);
	for (int i = 0; i < w->request.line_count; i++) {
		const struct order_line *l = &w->lines[i];

		o->lines[i] = (struct money_line){.quantity = l->quantity,
		    .price_fen = l->price_fen,
		    .discount_fen = l->discount_fen,
		    .cost_fen = w->split->total.cost_unit_fen[i],
		    .campaign = l->campaign != NONE ? &w->campaigns[l->campaign] : NULL};
	}
	o->m = (struct order_money){.world = &w->w,
	    .collector = w->in.collector,
	    .owner = split_residual(&w->w, &w->owner)->id,
	    .line_count = w->request.line_count,
	    .lines = o->lines,
	    .delivery_fee_fen = w->plan.delivery_fee_fen,
	    .splits = o->splits,
	    .rows = o->rows,
	    .payments = o->payments,
	    .over = o->over,
	    .balances = o->balances};
	assert_int_equal(mo_attempt(o, NULL), 1);
}

void
mo_end(struct money_order *o)
{
	arena_free(o->arena);
	o->arena = NULL;
}

struct money_case {
	struct money_world w;
	struct money_order o;
};

int
mo_setup(void **state)
{
	struct money_case *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	money_world_init(&x->w);
	x->o.w = &x->w;
	*state = &x->o;
	return 0;
}

int
mo_teardown(void **state)
{
	struct money_order *o = *state;

	mo_end(o);
	money_world_release(o->w);
	free((char *)o - offsetof(struct money_case, o));
	return 0;
}

void
mo_again(struct money_order *o)
{
	mo_end(o);
	money_world_release(o->w);
	money_world_init(o->w);
}

static void *
copy(struct money_order *o, const void *p, size_t len)
{
	void *out = arena_memdup(o->arena, p, len);

	assert_non_null(out);
	return out;
}

int
mo_attempt(struct money_order *o, const int16_t *line_of)
{
	struct money_world *w = o->w;
	struct money_split *s = &o->splits[o->m.split_count++];
	struct leg *legs;
	struct part *parts;

	assert_true(o->m.split_count <= MO_SPLITS);
	legs = copy(o, w->split->legs, sizeof(*legs) * (size_t)w->split->leg_count);
	parts = copy(o, w->plan.parts, sizeof(*parts) * (size_t)w->plan.part_count);
	for (int i = 0; i < w->plan.part_count; i++)
		parts[i].lines =
		    copy(o, parts[i].lines, sizeof(*parts[i].lines) * (size_t)parts[i].line_count);
	for (int i = 0; line_of != NULL && i < w->split->leg_count; i++)
		if (legs[i].line >= 0)
			legs[i].line = line_of[legs[i].line];
	for (int i = 0; line_of != NULL && i < w->plan.part_count; i++)
		for (int k = 0; k < parts[i].line_count; k++)
			parts[i].lines[k].line = line_of[parts[i].lines[k].line];
	*s = (struct money_split){.attempt = o->m.split_count,
	    .number_first = o->number_next,
	    .leg_count = w->split->leg_count,
	    .legs = legs,
	    .part_count = w->plan.part_count,
	    .parts = parts};
	o->number_next += w->plan.part_count;
	return s->attempt;
}

/* ---- Rows ------------------------------------------------------------------------------------------ */

static void
move(struct money_order *o, int64_t account, int64_t fen)
{
	struct money_balance *b;
	int i;

	for (i = 0; i < o->m.balance_count && o->balances[i].account != account; i++)
		;
	assert_true(i < MO_BALANCES);
	b = &o->balances[i];
	if (i == o->m.balance_count) {
		o->m.balance_count++;
		*b = (struct money_balance){.account = account};
	}
	b->fen += fen;
	if (account_kind(account) == ACCOUNT_RECV_DEALER ? b->fen < 0 : b->fen > 0)
		fail_msg("account %llx stands at %lld", (unsigned long long)account,
		    (long long)b->fen);
}

void
mo_write(struct money_order *o, const struct posting *p, int event_no)
{
	struct money_row *r = &o->rows[o->m.row_count];
	int64_t *account, *fen;
	int16_t *kind;

	if (p->leg_count == 0)
		return;
	/* a payment that is sent back whole */
	if (p->event == EVENT_R1_REFUND && event_no > 0 && event_no <= MO_PAYMENTS)
		o->payments[event_no - 1].event_no = 0;
	o->m.row_count++;
	assert_true(o->m.row_count <= MO_ROWS);
	account = copy(o, p->account, sizeof(*account) * (size_t)p->leg_count);
	fen = copy(o, p->fen, sizeof(*fen) * (size_t)p->leg_count);
	kind = copy(o, p->kind, sizeof(*kind) * (size_t)p->leg_count);
	*r = money_row_of(p, event_no);
	r->account = account;
	r->fen = fen;
	r->kind = kind;
	if (p->unit_count > 0)
		r->units = copy(o, p->units, sizeof(*p->units) * (size_t)p->unit_count);
	/* The order of legs is not what moves a balance: what it stands at behind the row. */
	for (int i = 0; i < p->leg_count; i++) {
		int64_t sum = 0;
		bool first = true;

		for (int k = 0; k < p->leg_count; k++) {
			if (account[k] == account[i])
				sum += fen[k];
			if (k < i && account[k] == account[i])
				first = false;
		}
		if (first && account_bounded(account[i]))
			move(o, account[i], sum);
	}
}

const struct money_row *
mo_last(const struct money_order *o)
{
	assert_true(o->m.row_count > 0);
	return &o->rows[o->m.row_count - 1];
}

int64_t
mo_sum(const struct money_order *o, int64_t account)
{
	return money_sum(&o->m, account);
}

/* ---- Events ---------------------------------------------------------------------------------------- */

static void
pay(struct money_order *o, const struct split *s, enum provider v)
{
	int event_no = ++o->m.payment_count;
	struct posting p;

	assert_true(event_no <= MO_PAYMENTS);
	o->payments[event_no - 1] = (struct money_payment){.event_no = event_no};
	assert_int_equal(journal_paid(o->m.world, s, o->m.collector, v, &p), ERR_OK);
	mo_write(o, &p, event_no);
	assert_int_equal(journal_fee(o->m.world, s, o->m.collector, v, &p), ERR_OK);
	mo_write(o, &p, event_no);
}

void
mo_pay(struct money_order *o)
{
	pay(o, o->w->split, PROVIDER_WECHAT);
}

void
mo_pay_part(struct money_order *o, int64_t fen, int64_t fee_fen)
{
	struct split s = {0};

	s.total.total_fen = s.total.goods_fen = fen;
	s.total.provider_fee_fen = fee_fen;
	pay(o, &s, PROVIDER_WECHAT);
}

void
mo_pay_balance(struct money_order *o, enum provider v, int64_t fen, int64_t fee_fen)
{
	struct split s = *o->w->split;

	s.total.total_fen = s.total.goods_fen = fen;
	s.total.delivery_fee_fen = 0;
	s.total.provider_fee_fen = fee_fen;
	pay(o, &s, v);
}

struct money_units
mo_units(struct money_order *o, int attempt, int part, int64_t delivery_fee_fen)
{
	const struct money_split *s = &o->splits[attempt - 1];
	const struct part *p = &s->parts[part];
	struct money_unit_line *lines =
	    arena_array(o->arena, (size_t)p->line_count, sizeof(*lines));

	assert_non_null(lines);
	for (int i = 0; i < p->line_count; i++)
		lines[i] = (struct money_unit_line){.line = (int16_t)p->lines[i].line,
		    .quantity = p->lines[i].quantity,
		    .goods_owner = p->lines[i].stocked ? p->lines[i].goods_owner : 0};
	return (struct money_units){.number = s->number_first + part,
	    .attempt = attempt,
	    .part = part,
	    .delivery_fee_fen = delivery_fee_fen,
	    .line_count = p->line_count,
	    .lines = lines};
}

struct money_units
mo_some(int number, int attempt, int part, const struct money_unit_line *l)
{
	return (struct money_units){.number = number,
	    .attempt = attempt,
	    .part = part,
	    .line_count = 1,
	    .lines = l};
}

/* yuncang audit --recompute asks the same: the row that was written comes out again from those before it. */
static void
made_again(struct money_order *o, const struct order_money *before, const struct money_units *u,
    const struct money_rules *rules)
{
	const struct money_row *row = &o->m.rows[before->row_count];
	struct posting p = {0};

	if (o->m.row_count == before->row_count)
		return;
	assert_true(money_again_can(row));
	assert_int_equal(money_again(before, row, u, rules, o->arena, &p), ERR_OK);
	assert_true(money_same(&p, row));
}

enum err
mo_split(struct money_order *o, const struct money_units *u, bool last)
{
	const struct order_money before = o->m;
	struct posting p;
	enum err e = money_split(&o->m, u, last, o->arena, &p);

	if (e == ERR_OK) {
		mo_write(o, &p, ++o->act_no);
		made_again(o, &before, u, &(struct money_rules){0});
	}
	return e;
}

const struct money_row *
mo_e3(struct money_order *o, int part, int64_t delivery_fee_fen, bool last)
{
	const struct money_units u = mo_units(o, 1, part, delivery_fee_fen);

	assert_int_equal(mo_split(o, &u, last), ERR_OK);
	return mo_last(o);
}

enum err
mo_refund(struct money_order *o, const struct money_refund *r, struct money_refunded *out)
{
	const struct order_money before = o->m;
	enum err e = money_refund(&o->m, r, o->arena, out);

	if (e == ERR_OK) {
		mo_write(o, &out->posting, ++o->act_no);
		made_again(o, &before, NULL,
		    &(struct money_rules){.forfeit_owner_bps = r->forfeit_owner_bps,
		        .lost_fee_bearer = r->lost_fee_bearer});
		for (int i = 0; i < out->back_count; i++)
			o->payments[out->back[i].payment].refunded_fen += out->back[i].fen;
	}
	return e;
}

enum err
mo_hold_ended(struct money_order *o, int number)
{
	const struct order_money before = o->m;
	struct posting p;
	enum err e = money_hold_ended(&o->m, number, &p);

	if (e != ERR_OK)
		return e;
	mo_write(o, &p, number);
	made_again(o, &before, NULL, &(struct money_rules){0});
	assert_true(o->m.over_count < MO_SPLITS * TEST_PARTS);
	o->over[o->m.over_count++] = number;
	return ERR_OK;
}

void
mo_refund_done(struct money_order *o)
{
	const int64_t back = account_number(ACCOUNT_C_REFUND, PROVIDER_NONE, 0, 0);
	const int64_t rebate =
	    account_number(ACCOUNT_PSP_FEE_REBATE, PROVIDER_WECHAT, o->m.collector, 0);
	const int64_t fen = -mo_sum(o, back), rebate_fen = mo_sum(o, rebate);
	struct posting p;

	posting_begin(&p, EVENT_R2_REFUNDED);
	posting_add(&p, back, fen, 0);
	posting_add(&p, rebate, -rebate_fen, 0);
	posting_add(&p, account_number(ACCOUNT_PSP_FROZEN, PROVIDER_WECHAT, o->m.collector, 0),
	    rebate_fen - fen, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	mo_write(o, &p, o->act_no * 8 + 1);
}

/* ---- What must be there ------------------------------------------------------------------------------ */

struct sums {
	int count;
	int64_t account[MO_BALANCES], fen[MO_BALANCES];
};

static void
sums_add(struct sums *s, const struct money_row *r)
{
	for (int i = 0; i < r->leg_count; i++) {
		int k;

		for (k = 0; k < s->count && s->account[k] != r->account[i]; k++)
			;
		assert_true(k < MO_BALANCES);
		if (k == s->count) {
			s->account[s->count++] = r->account[i];
			s->fen[k] = 0;
		}
		s->fen[k] += r->fen[i];
	}
}

static void
sums_check(const struct money_order *o, const char *label, const struct sums *s, va_list ap)
{
	bool met[MO_BALANCES] = {false};
	const char *want;
	struct buf b;

	buf_init(&b, 128);
	while ((want = va_arg(ap, const char *)) != NULL) {
		int64_t fen = va_arg(ap, int);
		int i;

		for (i = 0; i < s->count; i++) {
			buf_reset(&b);
			account_print(o->m.world, s->account[i], &b);
			if (strcmp(buf_cstr(&b), want) == 0)
				break;
		}
		if (i == s->count)
			fail_msg("%s: no leg of %s", label, want);
		if (s->fen[i] != fen)
			fail_msg("%s: %s is %lld, not %lld", label, want, (long long)s->fen[i],
			    (long long)fen);
		met[i] = true;
	}
	for (int i = 0; i < s->count; i++) {
		buf_reset(&b);
		account_print(o->m.world, s->account[i], &b);
		if (!met[i] && s->fen[i] != 0)
			fail_msg("%s: %s has %lld, and should have nothing", label, buf_cstr(&b),
			    (long long)s->fen[i]);
	}
	buf_release(&b);
}

void
mo_check(const struct money_order *o, const char *label, const struct money_row *r, ...)
{
	struct sums s = {0};
	va_list ap;

	sums_add(&s, r);
	va_start(ap, r);
	sums_check(o, label, &s, ap);
	va_end(ap);
}

void
mo_check_all(const struct money_order *o, const char *label, ...)
{
	struct sums s = {0};
	va_list ap;

	for (int i = 0; i < o->m.row_count; i++)
		sums_add(&s, &o->rows[i]);
	va_start(ap, label);
	sums_check(o, label, &s, ap);
	va_end(ap);
}

/* ---- An order that is over --------------------------------------------------------------------------- */

int32_t
mo_units_left(const struct order_money *m, int line)
{
	const struct money_calc c = {.m = m};

	return m->lines[line].quantity - m->lines[line].voided - calc_next(&c, line);
}

/* Frozen cost of the units that E3 rows name, where their decision has the brand's cost. */
static int64_t
cost_of_units(const struct order_money *m, const struct money_row *r)
{
	int64_t fen = 0;

	for (int k = 0; k < r->unit_count; k++) {
		const struct posting_units *u = &r->units[k];
		const struct money_split *s = money_split_of(m, u->attempt);

		for (int i = 0; s != NULL && u->count > 0 && i < s->leg_count; i++)
			if (s->legs[i].kind == LEG_COST && s->legs[i].part == u->part &&
			    s->legs[i].row == u->row)
				fen += m->lines[u->line].cost_fen * u->count;
	}
	return fen;
}

static void
row_right(const struct order_money *m, const struct money_row *r)
{
	const int64_t cost = account_number(ACCOUNT_BRAND_COST, PROVIDER_NONE, 0, 0);
	int64_t sum = 0, cost_fen = 0;

	for (int i = 0; i < r->leg_count; i++) {
		const int64_t account = r->account[i];

		sum += r->fen[i];
		if (account == cost && r->kind[i] == LEG_COST)
			cost_fen -= r->fen[i];
		if (account_staged(account) && account_bounded(account) &&
		    account_stage(account) == STAGE_HELD)
			assert_true(money_sum(m, account) <= 0);
	}
	row_equal("a row adds up to zero", sum, 0);
	if (r->event == EVENT_E3_SPLIT)
		row_equal("COST legs are the frozen cost of the units", cost_fen,
		    cost_of_units(m, r));
}

void
mo_over(const struct money_order *o)
{
	static const enum account_kind clearing[] = {ACCOUNT_C_ORDER, ACCOUNT_C_REFUND,
	    ACCOUNT_C_PAYOUT, ACCOUNT_C_RECON};

	for (int i = 0; i < o->m.row_count; i++)
		row_right(&o->m, &o->rows[i]);
	for (size_t i = 0; i < ROWS(clearing); i++)
		row_equal("clearing", mo_sum(o, account_number(clearing[i], PROVIDER_NONE, 0, 0)),
		    0);
	for (int i = 0; i < o->m.line_count; i++)
		row_equal("units in no row", mo_units_left(&o->m, i), 0);
	assert_true(money_refundable(&o->m) >= 0);
}
