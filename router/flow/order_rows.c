#include "flow/order_rows.h"

#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "domain/record.h"

#define RECORD_SIZE_MAX (1 << 20)

/* ${t}, or the equal key that is there already: keys of one order are distinct. */
static void
take_add(struct take *takes, int *count, const struct take *t)
{
	for (int i = 0; i < *count; i++) {
		struct take *k = &takes[i];

		if (k->kind == t->kind && k->dealer == t->dealer && k->location == t->location &&
		    k->sku == t->sku && k->goods_owner == t->goods_owner &&
		    k->campaign == t->campaign && k->day == t->day && k->from_min == t->from_min &&
		    k->to_min == t->to_min) {
			k->quantity += t->quantity;
			return;
		}
	}
	takes[(*count)++] = *t;
}

static void
take_part(const struct rows_in *in, const struct part *p, struct take *takes, int *count)
{
	const struct world *w = in->world;
	const struct location *loc = &w->locations[world_location(w, p->location)];
	const struct request *q = in->request;

	for (int i = 0; i < p->line_count; i++) {
		const struct part_line *l = &p->lines[i];
		const struct sku *s = &w->skus[q->lines[l->line].sku];
		struct take stock = {.kind = TAKE_STOCK,
		    .dealer = loc->party,
		    .location = loc->id,
		    .sku = s->id,
		    .goods_owner = l->goods_owner,
		    .quantity = l->quantity};
		struct take entitled = {.kind = TAKE_ENTITLEMENT,
		    .dealer = in->owner->dealer,
		    .sku = s->id,
		    .quantity = l->quantity};

		if (l->stocked)
			take_add(takes, count, &stock);
		if (l->stocked && loc->kind == LOC_CLOUD && s->scarce)
			take_add(takes, count, &entitled);
	}
	if (p->takes_capacity) {
		struct take t = {.kind = TAKE_CAPACITY,
		    .dealer = loc->party,
		    .location = loc->id,
		    .day = p->capacity_day,
		    .limit = loc->capacity_day,
		    .quantity = 1};

		take_add(takes, count, &t);
	}
	if (p->takes_slot) {
		struct take t = {.kind = TAKE_SLOT,
		    .dealer = loc->party,
		    .location = loc->id,
		    .day = q->slot_day,
		    .from_min = q->slot_from_min,
		    .to_min = q->slot_to_min,
		    .quantity = 1};

		take_add(takes, count, &t);
	}
}

/* Discounts are for the units the plan holds, as the split reckons them. */
static void
take_budgets(const struct rows_in *in, const struct plan *plan, struct take *takes, int *count)
{
	for (int p = 0; p < plan->part_count; p++) {
		for (int i = 0; i < plan->parts[p].line_count; i++) {
			const struct part_line *l = &plan->parts[p].lines[i];
			const struct order_line *line = &in->request->lines[l->line];
			struct take t = {.kind = TAKE_BUDGET};

			if (line->campaign == NONE || line->discount_fen == 0)
				continue;
			t.campaign = in->world->campaigns[line->campaign].id;
			t.quantity = line->discount_fen * l->quantity;
			take_add(takes, count, &t);
		}
	}
}

static enum err
make_takes(const struct rows_in *in, const struct plan *plan, struct order_row *row,
    struct arena *arena)
{
	struct take *takes;
	size_t most = 0;
	int count = 0;

	for (int p = 0; p < plan->part_count; p++)
		most += 3 * (size_t)plan->parts[p].line_count + 2;
	takes = arena_array(arena, most, sizeof(*takes));
	if (takes == NULL)
		return ERR_NO_MEMORY;
	for (int p = 0; p < plan->part_count; p++)
		take_part(in, &plan->parts[p], takes, &count);
	if (!in->settled)
		take_budgets(in, plan, takes, &count);
	assert((size_t)count <= most);
	row->takes = takes;
	row->take_count = count;
	return ERR_OK;
}

static enum err
make_record(const struct rows_in *in, struct frozen *f, struct order_row *row, struct arena *arena)
{
	struct buf b;
	enum err e;

	buf_init(&b, RECORD_SIZE_MAX);
	e = record_encode(in->world, f, &b);
	if (e == ERR_OK)
		e = buf_err(&b);
	if (e == ERR_OK) {
		row->record = arena_memdup(arena, b.data, b.len);
		row->record_len = b.len;
		if (row->record == NULL)
			e = ERR_NO_MEMORY;
	}
	buf_release(&b);
	return e;
}

static enum err
make_postings(const struct rows_in *in, const struct choice *c, struct order_row *row,
    struct arena *arena)
{
	struct posting *e1, *e2;
	enum err e;

	if (in->payment == NULL || in->settled)
		return ERR_OK;
	e1 = arena_zalloc(arena, sizeof(*e1));
	e2 = arena_zalloc(arena, sizeof(*e2));
	if (e1 == NULL || e2 == NULL)
		return ERR_NO_MEMORY;
	e = journal_paid(in->world, c->split, c->collector, in->payment->provider, e1);
	if (e == ERR_OK)
		e = journal_fee(in->world, c->split, c->collector, in->payment->provider, e2);
	row->e1 = e1;
	row->e2 = e2->leg_count > 0 ? e2 : NULL;
	return e;
}

/* What is paid first of an order that is made to order as a whole; 0: all at once. */
static int64_t
deposit_of(const struct rows_in *in, const struct plan *plan, int64_t total_fen)
{
	const struct policy *policy = in->policy;
	int64_t fen = policy->deposit_fen;

	if (in->settled || in->payment != NULL || (fen == 0 && policy->deposit_bps == 0))
		return 0;
	for (int p = 0; p < plan->part_count; p++)
		for (int i = 0; i < plan->parts[p].line_count; i++)
			if (plan->parts[p].lines[i].stocked)
				return 0;
	if (fen == 0 && !fen_bps(total_fen, policy->deposit_bps, ROUND_HALF_UP, &fen))
		return 0;
	return fen < total_fen ? fen : 0;
}

enum err
order_rows_make(const struct rows_in *in, struct order_row *row, struct arena *arena,
    struct reason *r)
{
	const struct choice *c = &in->choices->choice[in->index];
	struct frozen *f = arena_zalloc(arena, sizeof(*f));
	enum err e;

	if (f == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	if (!in->settled && !in->in_part && in->payment != NULL &&
	    in->payment->amount_fen != c->split->total.total_fen)
		return reason_set(r, ERR_AMOUNT_DIFFERS, "payment.amount_fen",
		    "%lld paid; the order's total is %lld", (long long)in->payment->amount_fen,
		    (long long)c->split->total.total_fen);
	/* Nobody could ever pay it, so it could only expire. */
	if (!in->settled && c->split->total.total_fen <= 0)
		return reason_set(r, ERR_BAD_FIELD, "basket.lines",
		    "the customer would pay nothing; an order costs at least 1 fen");
	f->request = *in->request;
	f->decision = *in->choices->decision;
	f->decision.option_count = 1;
	assert(c->plan == &f->decision.options[0]);
	f->totals = c->split->total;
	f->split_version = in->choices->book->version;
	f->collector = c->collector;
	f->basis = c->split->basis;
	row->frozen = f;
	row->split = c->split;
	row->world = in->world;
	row->payment = in->payment;
	row->created_us = in->request->now_us;
	row->pay_by_us =
	    in->payment != NULL ? 0 : row->created_us + in->policy->payment_hold_min * US_PER_MIN;
	row->deposit_fen = deposit_of(in, c->plan, c->split->total.total_fen);
	e = make_takes(in, c->plan, row, arena);
	if (e == ERR_OK)
		e = make_record(in, f, row, arena);
	if (e == ERR_OK)
		e = make_postings(in, c, row, arena);
	return e == ERR_OK ? e : reason_set(r, e, NULL, "%s", err_text(e));
}
