/* record: writing, and deciding again.  Reading is in record_read.c; the two are one list of fields. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "domain/rank.h"
#include "domain/record.h"

static void
put_up(struct buf *b, int32_t v)
{
	assert(v >= -1);
	buf_varint(b, (uint64_t)((int64_t)v + 1));
}

static void
put(struct buf *b, int64_t v)
{
	assert(v >= 0);
	buf_varint(b, (uint64_t)v);
}

static void
put_time(struct buf *b, int64_t now_us, int64_t at_us)
{
	buf_byte(b, at_us != 0);
	if (at_us != 0)
		buf_zigzag(b, (int64_t)((uint64_t)at_us - (uint64_t)now_us));
}

/*
 * Where the customer lives is personal: the exact position stands in the contact alone.  A replay reads
 * the distances of the candidates, not the position; this much tells which part of the town it was.
 */
#define NEIGHBOURHOOD_E6 10000 /* about a kilometre */

static int32_t
neighbourhood(int32_t e6)
{
	return (e6 + (e6 < 0 ? -1 : 1) * NEIGHBOURHOOD_E6 / 2) / NEIGHBOURHOOD_E6 *
	    NEIGHBOURHOOD_E6;
}

static void
put_request(struct buf *b, const struct world *w, const struct request *q)
{
	const struct order_line *l;

	buf_zigzag(b, q->now_us);
	put(b, w->storefronts[q->storefront].id);
	buf_be64(b, q->customer);
	put(b, (int64_t)q->way);
	put(b, q->location == NONE ? 0 : w->locations[q->location].id);
	buf_byte(b,
	    (uint8_t)(q->has_position | q->has_slot << 1 | q->prepaid << 2 |
	        q->accept_other_way << 3));
	if (q->has_position) {
		buf_zigzag(b, neighbourhood(q->lat_e6));
		buf_zigzag(b, neighbourhood(q->lon_e6));
	}
	put(b, q->territory == NONE ? 0 : w->territories[q->territory].id);
	put(b, q->serving_store == NONE ? 0 : w->locations[q->serving_store].id);
	if (q->has_slot) {
		buf_zigzag(b, q->slot_day);
		put(b, q->slot_from_min);
		put(b, q->slot_to_min);
	}
	put(b, q->exclude_count);
	for (int i = 0; i < q->exclude_count; i++)
		put(b, q->exclude[i]);
	put(b, q->paid_party);
	put(b, q->line_count);
	for (int i = 0; i < q->line_count; i++) {
		l = &q->lines[i];
		put(b, w->skus[l->sku].id);
		put(b, l->quantity);
		put(b, l->price_fen);
		put(b, l->discount_fen);
		put(b, l->campaign == NONE ? 0 : w->campaigns[l->campaign].id);
		put(b, l->together);
	}
}

static void
put_lines(struct buf *b, const struct candidate *c, int line_count)
{
	const struct line_figures *f;

	for (int i = 0; i < line_count; i++) {
		f = &c->lines[i];
		buf_byte(b, (uint8_t)(f->pool_count << 1 | f->stocked));
		put_up(b, f->entitlement_left);
		for (int k = 0; k < f->pool_count; k++) {
			put(b, f->pool[k].goods_owner);
			put(b, f->pool[k].atp);
		}
	}
}

static void
put_candidate(struct buf *b, int version, int64_t now_us, const struct candidate *c, int line_count)
{
	int keys = RANK_KEYS_MAX;

	put(b, c->location);
	buf_byte(b, (uint8_t)c->source);
	buf_byte(b, (uint8_t)((unsigned)c->out << 1 | c->chosen));
	put_up(b, c->distance_m);
	if (version >= 2)
		put_up(b, c->age_min);
	put_up(b, c->capacity_left);
	buf_zigzag(b, c->capacity_day);
	put_up(b, c->entitlement_left);
	put_time(b, now_us, c->promise_from_us);
	put_time(b, now_us, c->promise_to_us);
	put_time(b, now_us, c->offer_deadline_us);
	while (keys > 0 && c->key[keys - 1] == 0)
		keys--;
	put(b, keys);
	for (int i = 0; i < keys; i++)
		buf_zigzag(b, c->key[i]);
	put_lines(b, c, line_count);
}

static int
lines_of_group(const struct decision *d, int line_count, int group)
{
	int n = 0;

	for (int i = 0; i < line_count; i++)
		n += d->group_of_line[i] == group;
	return n;
}

static void
put_decision(struct buf *b, int version, const struct request *q, const struct decision *d)
{
	const struct step_run *r;

	put(b, d->owner.dealer);
	put(b, d->owner.store);
	put(b, d->owner.staff);
	put(b, (int64_t)d->owner.source | (int64_t)d->first_offer.state << FIRST_OFFER_SHIFT);
	if (d->first_offer.state != FIRST_OFFER_HELD) {
		put(b, d->first_offer.grade);
		put(b, d->first_offer.accept_bps);
	}
	put(b, d->owner.since_min);
	put(b, d->policy_version);
	put(b, d->group_count);
	for (int i = 0; i < d->group_count; i++)
		put(b, d->rule_of_group[i]);
	for (int i = 0; i < q->line_count; i++)
		put(b, d->group_of_line[i]);
	put(b, d->run_count);
	for (int i = 0; i < d->run_count; i++) {
		r = &d->runs[i];
		put(b, r->group);
		buf_byte(b, (uint8_t)((unsigned)r->way << 1 | r->chosen));
		put(b, r->examined);
		put(b, r->beyond);
		for (int k = 0; k < OUT_COUNT; k++)
			put(b, r->rest[k]);
		put(b, r->candidate_count);
		for (int k = 0; k < r->candidate_count; k++)
			put_candidate(b, version, q->now_us, &r->candidates[k],
			    lines_of_group(d, q->line_count, r->group));
	}
}

static void
put_plan(struct buf *b, int64_t now_us, const struct plan *plan)
{
	const struct part *p;

	put(b, (int64_t)plan->way);
	put(b, plan->delivery_fee_fen);
	put_time(b, now_us, plan->promise_from_us);
	put_time(b, now_us, plan->promise_to_us);
	put(b, plan->part_count);
	for (int i = 0; i < plan->part_count; i++) {
		p = &plan->parts[i];
		put(b, p->location);
		put(b, (int64_t)p->way);
		put_up(b, p->distance_m);
		put_time(b, now_us, p->promise_from_us);
		put_time(b, now_us, p->promise_to_us);
		put_time(b, now_us, p->offer_deadline_us);
		buf_byte(b, (uint8_t)(p->takes_capacity | p->takes_slot << 1 | p->cloud << 2));
		buf_zigzag(b, p->capacity_day);
		put(b, p->line_count);
		for (int k = 0; k < p->line_count; k++) {
			put(b, p->lines[k].line);
			put(b, (int64_t)p->lines[k].quantity << 1 | p->lines[k].stocked);
			put(b, p->lines[k].goods_owner);
		}
	}
}

static void
put_totals(struct buf *b, const struct split_total *t, int line_count)
{
	buf_zigzag(b, t->goods_fen);
	buf_zigzag(b, t->delivery_fee_fen);
	buf_zigzag(b, t->total_fen);
	buf_zigzag(b, t->funded_fen);
	buf_zigzag(b, t->provider_fee_fen);
	buf_zigzag(b, t->cost_fen);
	buf_zigzag(b, t->owner_margin_fen);
	buf_zigzag(b, t->absorbed_fen);
	for (int i = 0; i < line_count; i++)
		buf_zigzag(b, t->cost_unit_fen[i]);
}

/* Parts and rows are the plan's. */
static void
put_basis(struct buf *b, const struct split_basis *s)
{
	buf_byte(b, s != NULL);
	if (s == NULL)
		return;
	put(b, s->fee_bps);
	put(b, s->owner);
	put(b, s->platform);
	put(b, s->channel);
	put(b, s->provider);
	put(b, s->courier);
	put(b, s->row_count);
	for (int i = 0; i < s->row_count; i++) {
		put(b, s->rows[i].rule);
		put(b, s->rows[i].worker);
		put(b, s->rows[i].tax_bps);
	}
}

enum err
record_encode(const struct world *w, const struct frozen *f, struct buf *out)
{
	int version = f->version != 0 ? f->version : RECORD_VERSION;

	assert(f->decision.option_count == 1);
	buf_byte(out, (uint8_t)version);
	put_request(out, w, &f->request);
	put_decision(out, version, &f->request, &f->decision);
	put_plan(out, f->request.now_us, &f->decision.options[0]);
	put_totals(out, &f->totals, f->request.line_count);
	put(out, f->split_version);
	put(out, f->collector);
	if (version >= 3)
		put_basis(out, f->basis);
	return buf_err(out);
}

enum err
record_split(const struct world *w, const struct frozen *f, const struct split_book *book,
    struct arena *arena, struct split **out, struct reason *r)
{
	struct plan plan = f->decision.options[0];
	struct split_in in = {.world = w,
	    .request = &f->request,
	    .owner = &f->decision.owner,
	    .plan = &plan,
	    .book = book,
	    .collector = f->collector,
	    .cost_unit_fen = f->totals.cost_unit_fen,
	    .basis = f->basis};

	assert(f->basis != NULL && book->version == f->split_version);
	/* The plan says what its policy asks for delivery; a hop has what the customer paid for it. */
	plan.delivery_fee_fen = f->totals.delivery_fee_fen;
	return split(&in, arena, out, r);
}

/* Survivors into ranking order before the others, as gathering leaves them. */
static void
rank_again(struct step_run *r, int key_count)
{
	struct candidate t;
	int at;

	for (int i = 1; i < r->candidate_count; i++) {
		t = r->candidates[i];
		if (t.out != OUT_NOT)
			continue;
		for (at = i; at > 0; at--) {
			const struct candidate *c = &r->candidates[at - 1];

			if (c->out == OUT_NOT && !rank_before(&t, c, key_count))
				break;
			r->candidates[at] = *c;
		}
		r->candidates[at] = t;
	}
}

/* Is it, with option ${index} taken, what was stored? */
static enum err
same_bytes(const struct world *w, const struct frozen *f, const struct decision *d, int index,
    const void *p, size_t len, bool *equal)
{
	struct frozen again = *f;
	struct buf b;
	enum err e;

	again.decision = *d;
	decision_choose(&again.decision, index);
	buf_init(&b, len + 1);
	e = record_encode(w, &again, &b);
	*equal = e == ERR_OK && b.len == len && memcmp(b.data, p, len) == 0;
	buf_release(&b);
	return e == ERR_TOO_LARGE ? ERR_OK : e;
}

enum err
record_replay(const struct world *w, const struct policy *policy, const void *p, size_t len,
    struct arena *arena, bool *equal)
{
	struct decision d;
	struct frozen *f;
	enum err e;

	*equal = false;
	e = record_decode(w, p, len, arena, &f);
	if (e != ERR_OK)
		return e;
	d = f->decision;
	if (policy->version != d.policy_version)
		return ERR_OK;
	for (int i = 0; i < d.run_count; i++)
		rank_again(&d.runs[i], policy->rank_count);
	e = decide_again(&f->request, policy, OPTIONS_MAX, arena, &d);
	for (int i = 0; e == ERR_OK && !*equal && i < d.option_count; i++)
		e = same_bytes(w, f, &d, i, p, len, equal);
	return e;
}
