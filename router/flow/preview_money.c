#include "flow/preview_money.h"

#include <stdlib.h>

#include "domain/event_word.h"
#include "domain/order_money.h"
#include "domain/party.h"
#include "domain/payout.h"
#include "flow/thaw.h"

#define ACCOUNT_TEXT_MAX 256
#define ROWS_FIRST 2 /* E1, E2; then an E3 a part */

struct calc {
	const struct preview_money_in *in;
	struct arena *arena;
	struct order_money money;
	struct money_line lines[ORDER_LINES_MAX];
	struct money_split split;
	int row_count;
	struct money_row *rows;
	struct posting *postings; /* of the rows */
};

/* What an account is credited in all. */
struct owed {
	int64_t account, fen;
	int32_t party;
	int rank; /* under the cap: the owner, staff, the operator, then others */
	Yuncang__V1__Rail rail;
};

/* ---- Words --------------------------------------------------------------------------------------- */

char *
account_text(const struct world *w, int64_t account, struct arena *a)
{
	struct buf b;
	char *text = NULL;

	buf_init(&b, ACCOUNT_TEXT_MAX);
	account_print(w, account, &b);
	if (buf_err(&b) == ERR_OK)
		text = arena_strdup(a, buf_cstr(&b));
	buf_release(&b);
	return text;
}

Yuncang__V1__Posting *
posting_message(const struct world *w, const struct posting *p, int event_no, struct arena *a)
{
	Yuncang__V1__Posting *m = arena_alloc(a, sizeof(*m));
	Yuncang__V1__PostingLeg *leg;

	if (m == NULL)
		return NULL;
	yuncang__v1__posting__init(m);
	m->event = message_text(event_word(p->event));
	m->event_no = event_no;
	m->fulfilment = p->number;
	m->legs = arena_array(a, (size_t)p->leg_count, sizeof(*m->legs));
	leg = arena_array(a, (size_t)p->leg_count, sizeof(*leg));
	if (m->legs == NULL || leg == NULL)
		return NULL;
	for (int i = 0; i < p->leg_count; i++, leg++) {
		yuncang__v1__posting_leg__init(leg);
		leg->account = account_text(w, p->account[i], a);
		leg->amount_fen = p->fen[i];
		leg->kind = (Yuncang__V1__LegKind)p->kind[i];
		if (leg->account == NULL)
			return NULL;
		m->legs[m->n_legs++] = leg;
	}
	return m;
}

/* ---- The order, as if it were stored ---------------------------------------------------------------- */

static void
order_of(struct calc *c)
{
	const struct preview_money_in *in = c->in;
	const struct plan *plan = in->choice->plan;
	const struct split *s = in->choice->split;

	for (int i = 0; i < in->request->line_count; i++) {
		const struct order_line *l = &in->request->lines[i];

		c->lines[i] = (struct money_line){.price_fen = l->price_fen,
		    .discount_fen = l->discount_fen,
		    .cost_fen = s->total.cost_unit_fen[i],
		    .campaign = l->campaign == NONE ? NULL : &in->world->campaigns[l->campaign]};
	}
	for (int p = 0; p < plan->part_count; p++)
		for (int i = 0; i < plan->parts[p].line_count; i++)
			c->lines[plan->parts[p].lines[i].line].quantity +=
			    plan->parts[p].lines[i].quantity;
	c->split = (struct money_split){.attempt = 1,
	    .number_first = 1,
	    .leg_count = s->leg_count,
	    .legs = s->legs,
	    .part_count = plan->part_count,
	    .parts = plan->parts};
	c->money = (struct order_money){.world = in->world,
	    .collector = in->choice->collector,
	    .owner = s->basis->owner,
	    .line_count = in->request->line_count,
	    .lines = c->lines,
	    .delivery_fee_fen = s->total.delivery_fee_fen,
	    .split_count = 1,
	    .splits = &c->split,
	    .rows = c->rows};
}

static void
keep(struct calc *c, int event_no)
{
	const struct posting *p = &c->postings[c->row_count];

	if (p->leg_count == 0)
		return;
	c->rows[c->row_count++] = money_row_of(p, event_no);
	c->money.row_count = c->row_count;
}

/* Of the customer's fee, what part ${p} has: its delivery legs, but for what the brand adds. */
static int64_t
fee_of(const struct split *s, int p)
{
	int64_t fen = 0;

	for (int i = 0; i < s->leg_count; i++)
		if (s->legs[i].line < 0 && s->legs[i].part == p && s->legs[i].kind != LEG_SHORTFALL)
			fen += s->legs[i].fen;
	return fen;
}

static enum err
hand_over(struct calc *c, int p)
{
	const struct plan *plan = c->in->choice->plan;
	const struct part *part = &plan->parts[p];
	struct money_unit_line *lines =
	    arena_array(c->arena, (size_t)part->line_count, sizeof(*lines));
	const struct money_units u = {.number = p + 1,
	    .attempt = 1,
	    .part = p,
	    .delivery_fee_fen = fee_of(c->in->choice->split, p),
	    .line_count = part->line_count,
	    .lines = lines};
	enum err e;

	if (lines == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < part->line_count; i++)
		lines[i] = (struct money_unit_line){.line = (int16_t)part->lines[i].line,
		    .quantity = part->lines[i].quantity,
		    .goods_owner = part->lines[i].stocked ? part->lines[i].goods_owner : 0};
	e = money_split(&c->money, &u, p == plan->part_count - 1, c->arena,
	    &c->postings[c->row_count]);
	if (e == ERR_OK)
		keep(c, MONEY_ACT_NO + p + 1);
	return e;
}

static enum err
post_all(struct calc *c)
{
	const struct preview_money_in *in = c->in;
	const struct choice *o = in->choice;
	enum err e;

	e = journal_paid(in->world, o->split, o->collector, in->provider,
	    &c->postings[c->row_count]);
	if (e != ERR_OK)
		return e;
	keep(c, 1);
	e = journal_fee(in->world, o->split, o->collector, in->provider,
	    &c->postings[c->row_count]);
	if (e != ERR_OK)
		return e;
	keep(c, 1);
	for (int p = 0; p < o->plan->part_count && e == ERR_OK; p++)
		e = hand_over(c, p);
	return e;
}

/* ---- Who is owed, and how it travels --------------------------------------------------------------- */

/* The party that an account is owed to; 0: it is nobody's. */
static int32_t
creditor(const struct world *w, int64_t account)
{
	switch (account_kind(account)) {
	case ACCOUNT_BRAND_COST:
	case ACCOUNT_BRAND_OTHER:
		return w->brand;
	case ACCOUNT_PLATFORM_HELD:
		return party_of_kind(w, PARTY_PLATFORM);
	default:
		return account_staged(account) ? account_party(account) : 0;
	}
}

static int
rank_of(const struct preview_money_in *in, const struct owed *o)
{
	if (o->party == in->owner->dealer)
		return 0;
	switch (account_kind(o->account)) {
	case ACCOUNT_STAFF_HELD:
		return 1;
	case ACCOUNT_PLATFORM_HELD:
		return 2;
	default:
		return 3;
	}
}

static int
owed_before(const void *pa, const void *pb)
{
	const struct owed *a = pa, *b = pb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->account < b->account ? -1 : a->account > b->account;
}

static int
owed_of(const struct calc *c, struct owed *out)
{
	int count = 0, k;

	for (int i = 0; i < c->row_count; i++)
		for (int l = 0; l < c->rows[i].leg_count; l++) {
			struct owed o = {.account = c->rows[i].account[l],
			    .fen = -c->rows[i].fen[l]};

			o.party = creditor(c->in->world, o.account);
			if (o.party == 0)
				continue;
			o.rank = rank_of(c->in, &o);
			for (k = 0; k < count && out[k].account != o.account; k++)
				;
			if (k == count)
				out[count++] = o;
			else
				out[k].fen += o.fen;
		}
	qsort(out, (size_t)count, sizeof(*out), owed_before);
	return count;
}

/* A person is paid by his openid, which this instance does not hold in memory: taken to be there. */
static bool
receives(const struct preview_money_in *in, int32_t party)
{
	const struct party *p = world_party_row(in->world, party);

	if (in->provider != PROVIDER_WECHAT || p == NULL)
		return false;
	return p->kind == PARTY_STAFF || (p->has_merchant && p->provider == in->provider);
}

/* Each whole, by the first rail that may carry it. */
static void
travel(const struct calc *c, struct owed *o, Yuncang__V1__SplitPreview *m)
{
	const int32_t collector = c->in->choice->collector;

	if (o->party == collector) {
		o->rail = YUNCANG__V1__RAIL__RAIL_STAYS;
	} else if (o->party == c->in->world->brand) {
		/* What others owe the brand, who collects owes it. */
		o->rail = YUNCANG__V1__RAIL__RAIL_OFFSET;
	} else if (!receives(c->in, o->party)) {
		o->rail = YUNCANG__V1__RAIL__RAIL_BANK;
	} else if (m->split_fen + o->fen > m->cap_fen) {
		m->beyond_cap_fen += o->fen;
		o->rail = YUNCANG__V1__RAIL__RAIL_BANK;
	} else {
		m->split_fen += o->fen;
		o->rail = YUNCANG__V1__RAIL__RAIL_PSP_SPLIT;
	}
}

static Yuncang__V1__PayoutPreview *
payout_message(const struct calc *c, const struct owed *o)
{
	Yuncang__V1__PayoutPreview *m = arena_alloc(c->arena, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__payout_preview__init(m);
	m->account = account_text(c->in->world, o->account, c->arena);
	m->party = message_text(party_code_of(c->in->world, o->party));
	m->amount_fen = o->fen;
	m->rail = o->rail;
	return m->account != NULL ? m : NULL;
}

static enum err
payouts(const struct calc *c, Yuncang__V1__SplitPreview *m)
{
	const struct split_total *t = &c->in->choice->split->total;
	struct owed *owed =
	    arena_array(c->arena, (size_t)c->row_count * POSTING_LEGS_MAX, sizeof(*owed));
	int64_t there = t->total_fen - t->provider_fee_fen;
	int count;

	if (owed == NULL)
		return ERR_NO_MEMORY;
	count = owed_of(c, owed);
	m->payouts = arena_array(c->arena, (size_t)count, sizeof(*m->payouts));
	if (m->payouts == NULL)
		return ERR_NO_MEMORY;
	m->cap_fen = payout_cap(t->total_fen, 0, c->in->cap_bps);
	if (m->cap_fen > there)
		m->cap_fen = there;
	for (int i = 0; i < count; i++) {
		if (owed[i].fen <= 0)
			continue;
		travel(c, &owed[i], m);
		m->payouts[m->n_payouts] = payout_message(c, &owed[i]);
		if (m->payouts[m->n_payouts++] == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

enum err
preview_money(const struct preview_money_in *in, struct arena *arena, Yuncang__V1__SplitPreview *m)
{
	const size_t rows = ROWS_FIRST + (size_t)in->choice->plan->part_count;
	struct calc *c = arena_zalloc(arena, sizeof(*c));
	enum err e;

	if (c == NULL)
		return ERR_NO_MEMORY;
	c->rows = arena_array(arena, rows, sizeof(*c->rows));
	c->postings = arena_array(arena, rows, sizeof(*c->postings));
	if (c->rows == NULL || c->postings == NULL)
		return ERR_NO_MEMORY;
	c->in = in;
	c->arena = arena;
	order_of(c);
	e = post_all(c);
	if (e != ERR_OK)
		return e;
	m->postings = arena_array(arena, (size_t)c->row_count, sizeof(*m->postings));
	if (m->postings == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < c->row_count; i++) {
		m->postings[i] =
		    posting_message(in->world, &c->postings[i], c->rows[i].event_no, arena);
		if (m->postings[i] == NULL)
			return ERR_NO_MEMORY;
		m->n_postings++;
	}
	return payouts(c, m);
}
