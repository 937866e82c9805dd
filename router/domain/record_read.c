/*
 * record: reading.  The bytes come from our own table, but a reader that trusts nothing can be fuzzed, and
 * what it hands out is within every limit that deciding and splitting assert.
 */
#include <stddef.h>

#include "base/money.h"
#include "domain/record.h"

struct reader {
	struct rd rd;
	const struct world *world;
	struct arena *arena;
	struct frozen *f;
	enum err err; /* of memory; what is wrong with the bytes is in rd.ok */
};

static int64_t
get_range(struct reader *r, int64_t min, int64_t max)
{
	uint64_t v = rd_varint(&r->rd);

	if (v > (uint64_t)INT64_MAX || (int64_t)v < min || (int64_t)v > max) {
		r->rd.ok = false;
		return min;
	}
	return (int64_t)v;
}

static int32_t
get(struct reader *r, int32_t max)
{
	return (int32_t)get_range(r, 0, max);
}

static int32_t
get_signed(struct reader *r)
{
	int64_t v = rd_zigzag(&r->rd);

	if (v < INT32_MIN || v > INT32_MAX) {
		r->rd.ok = false;
		return 0;
	}
	return (int32_t)v;
}

static int32_t
get_up(struct reader *r)
{
	return (int32_t)(get_range(r, 0, (int64_t)INT32_MAX + 1) - 1);
}

static int64_t
get_time(struct reader *r)
{
	uint64_t flag = get_range(r, 0, 1) == 1;

	if (flag == 0)
		return 0;
	return (int64_t)((uint64_t)r->f->request.now_us + (uint64_t)rd_zigzag(&r->rd));
}

static bool
get_flags(struct reader *r, uint8_t max, uint8_t *out)
{
	*out = rd_byte(&r->rd);
	if (*out > max)
		r->rd.ok = false;
	return r->rd.ok;
}

/* An id that the world knows, by its look-up; 0 is none where that may be. */
static int32_t
get_index(struct reader *r, int32_t (*find)(const struct world *, int32_t), bool optional)
{
	int32_t id = get(r, INT32_MAX), i;

	if (id == 0 && optional)
		return NONE;
	i = find(r->world, id);
	if (i == NONE) {
		r->rd.ok = false;
		return optional ? NONE : 0;
	}
	return i;
}

static int32_t
get_id(struct reader *r, int32_t (*find)(const struct world *, int32_t), bool optional)
{
	int32_t id = get(r, INT32_MAX);

	if ((id != 0 || !optional) && find(r->world, id) == NONE)
		r->rd.ok = false;
	return id;
}

static void *
array(struct reader *r, int count, size_t size)
{
	void *p = r->rd.ok ? arena_array(r->arena, (size_t)count, size) : NULL;

	if (p == NULL && r->rd.ok) {
		r->err = ERR_NO_MEMORY;
		r->rd.ok = false;
	}
	return p;
}

/* ---- Request ---- */

static void
get_line(struct reader *r, struct order_line *l, int64_t *sum)
{
	int64_t fen;

	l->sku = get_index(r, world_sku, false);
	l->quantity = (int32_t)get_range(r, 1, ORDER_QUANTITY_MAX);
	l->price_fen = get_range(r, 0, FEN_MAX);
	l->discount_fen = get_range(r, 0, l->price_fen);
	l->campaign = get_index(r, world_campaign, true);
	l->together = get(r, INT32_MAX);
	if (!fen_mul(l->price_fen, l->quantity, &fen) || !fen_add(*sum, fen, sum) || *sum > FEN_MAX)
		r->rd.ok = false;
}

static void
get_request(struct reader *r, struct request *q)
{
	int64_t sum = 0;
	uint8_t flags;

	q->now_us = rd_zigzag(&r->rd);
	q->storefront = get_index(r, world_storefront, false);
	q->customer = rd_be64(&r->rd);
	q->way = (enum way)get(r, WAY_COUNT - 1);
	q->location = get_index(r, world_location, true);
	get_flags(r, 15, &flags);
	q->has_position = flags & 1;
	q->has_slot = flags & 2;
	q->prepaid = flags & 4;
	q->accept_other_way = flags & 8;
	if (q->has_position) {
		q->lat_e6 = get_signed(r);
		q->lon_e6 = get_signed(r);
	}
	q->territory = get_index(r, world_territory, true);
	q->serving_store = get_index(r, world_location, true);
	if (q->has_slot) {
		q->slot_day = get_signed(r);
		q->slot_from_min = (int16_t)get(r, 1440);
		q->slot_to_min = (int16_t)get(r, 1440);
	}
	q->exclude_count = get(r, EXCLUDE_MAX);
	for (int i = 0; i < q->exclude_count; i++)
		q->exclude[i] = get(r, INT32_MAX);
	q->paid_party = get_id(r, world_party, true);
	q->line_count = (int)get_range(r, 1, ORDER_LINES_MAX);
	q->lines = array(r, q->line_count, sizeof(*q->lines));
	for (int i = 0; r->rd.ok && i < q->line_count; i++)
		get_line(r, &q->lines[i], &sum);
}

/* ---- What was looked at ---- */

static void
get_lines(struct reader *r, struct candidate *c, int line_count)
{
	struct line_figures *f;
	uint8_t flags;

	c->lines = array(r, line_count, sizeof(*c->lines));
	for (int i = 0; r->rd.ok && i < line_count; i++) {
		f = &c->lines[i];
		if (!get_flags(r, GOODS_OWNERS_MAX << 1 | 1, &flags))
			return;
		f->stocked = flags & 1;
		f->pool_count = flags >> 1;
		if (!f->stocked && f->pool_count != 1)
			r->rd.ok = false;
		f->entitlement_left = get_up(r);
		for (int k = 0; k < f->pool_count; k++) {
			f->pool[k].goods_owner = get_id(r, world_party, false);
			f->pool[k].atp = get(r, INT32_MAX);
		}
	}
}

static void
get_candidate(struct reader *r, struct candidate *c, enum way way, int line_count)
{
	uint8_t flags;
	int keys;

	c->way = way;
	c->location = get_id(r, world_location, false);
	c->source = (enum source)get_range(r, SOURCE_REQUESTED, SOURCE_COUNT - 1);
	get_flags(r, OUT_COUNT << 1 | 1, &flags);
	c->chosen = flags & 1;
	c->out = (enum reason_code)(flags >> 1);
	if (c->out >= OUT_COUNT)
		r->rd.ok = false;
	c->distance_m = get_up(r);
	c->age_min = r->f->version >= 2 ? get_up(r) : -1;
	c->capacity_left = get_up(r);
	c->capacity_day = get_signed(r);
	c->entitlement_left = get_up(r);
	c->promise_from_us = get_time(r);
	c->promise_to_us = get_time(r);
	c->offer_deadline_us = get_time(r);
	keys = get(r, RANK_KEYS_MAX);
	for (int i = 0; i < keys; i++)
		c->key[i] = rd_zigzag(&r->rd);
	get_lines(r, c, line_count);
}

static int
lines_of_group(const struct frozen *f, int group)
{
	int n = 0;

	for (int i = 0; i < f->request.line_count; i++)
		n += f->decision.group_of_line[i] == group;
	return n;
}

static void
get_run(struct reader *r, struct step_run *run, int group_min)
{
	uint8_t flags;
	int lines;

	run->group = (int)get_range(r, group_min, r->f->decision.group_count - 1);
	get_flags(r, (WAY_COUNT - 1) << 1 | 1, &flags);
	run->chosen = flags & 1;
	run->way = (enum way)(flags >> 1);
	if (run->way == WAY_NONE)
		r->rd.ok = false;
	run->examined = get(r, INT32_MAX);
	run->beyond = get(r, INT32_MAX);
	for (int i = 0; i < OUT_COUNT; i++)
		run->rest[i] = get(r, SCAN_MAX);
	run->candidate_count = get(r, CANDIDATES_MAX);
	run->candidates = array(r, run->candidate_count, sizeof(*run->candidates));
	lines = lines_of_group(r->f, run->group);
	for (int i = 0; r->rd.ok && i < run->candidate_count; i++)
		get_candidate(r, &run->candidates[i], run->way, lines);
}

/* Records from before there was a first offer to lose have nothing above the source. */
static void
get_source(struct reader *r, struct decision *d)
{
	int32_t v = get(r, (FIRST_OFFER_COUNT << FIRST_OFFER_SHIFT) - 1);
	int32_t source = v & ((1 << FIRST_OFFER_SHIFT) - 1);

	if (source < OWNER_BY_SCAN || source > OWNER_BY_SERVING)
		r->rd.ok = false;
	d->owner.source = (enum owner_source)source;
	d->first_offer.state = (enum first_offer_state)(v >> FIRST_OFFER_SHIFT);
	if (d->first_offer.state == FIRST_OFFER_HELD)
		return;
	d->first_offer.grade = get(r, INT32_MAX);
	d->first_offer.accept_bps = get(r, INT32_MAX);
}

static void
get_decision(struct reader *r, struct decision *d)
{
	d->owner.dealer = get_id(r, world_party, false);
	d->owner.store = get_id(r, world_location, true);
	d->owner.staff = get_id(r, world_party, true);
	get_source(r, d);
	d->owner.since_min = (uint32_t)get_range(r, 0, UINT32_MAX);
	d->policy_version = get(r, INT32_MAX);
	d->group_count = (int)get_range(r, 1, GROUPS_MAX);
	for (int i = 0; i < d->group_count; i++)
		d->rule_of_group[i] = get(r, POLICY_RULES_MAX - 1);
	for (int i = 0; i < r->f->request.line_count; i++)
		d->group_of_line[i] = get(r, d->group_count - 1);
	for (int i = 0; r->rd.ok && i < d->group_count; i++)
		if (lines_of_group(r->f, i) == 0)
			r->rd.ok = false;
	d->run_count = get(r, GROUPS_MAX * RULE_STEPS_MAX);
	d->runs = array(r, d->run_count, sizeof(*d->runs));
	for (int i = 0; r->rd.ok && i < d->run_count; i++)
		get_run(r, &d->runs[i], i == 0 ? 0 : d->runs[i - 1].group);
}

/* ---- The result ---- */

static void
get_part_line(struct reader *r, struct part_line *l)
{
	int64_t v;

	l->line = get(r, r->f->request.line_count - 1);
	v = get_range(r, 2, (int64_t)ORDER_QUANTITY_MAX << 1 | 1);
	l->quantity = (int32_t)(v >> 1);
	l->stocked = v & 1;
	l->goods_owner = get_id(r, world_party, false);
}

static void
get_part(struct reader *r, struct part *p)
{
	uint8_t flags;

	p->location = get_id(r, world_location, false);
	p->way = (enum way)get_range(r, WAY_SHIP, WAY_COUNT - 1);
	p->distance_m = get_up(r);
	p->promise_from_us = get_time(r);
	p->promise_to_us = get_time(r);
	p->offer_deadline_us = get_time(r);
	get_flags(r, 7, &flags);
	p->takes_capacity = flags & 1;
	p->takes_slot = flags & 2;
	p->cloud = flags & 4;
	p->capacity_day = get_signed(r);
	p->line_count = (int)get_range(r, 1, ORDER_LINES_MAX * GOODS_OWNERS_MAX);
	p->lines = array(r, p->line_count, sizeof(*p->lines));
	for (int i = 0; r->rd.ok && i < p->line_count; i++)
		get_part_line(r, &p->lines[i]);
}

static void
get_plan(struct reader *r, struct plan *plan)
{
	plan->way = (enum way)get_range(r, WAY_SHIP, WAY_COUNT - 1);
	plan->delivery_fee_fen = get_range(r, 0, FEN_MAX);
	plan->promise_from_us = get_time(r);
	plan->promise_to_us = get_time(r);
	plan->part_count = (int)get_range(r, 1, PARCELS_MAX);
	plan->parts = array(r, plan->part_count, sizeof(*plan->parts));
	for (int i = 0; r->rd.ok && i < plan->part_count; i++)
		get_part(r, &plan->parts[i]);
}

static void
get_totals(struct reader *r, struct split_total *t)
{
	t->goods_fen = rd_zigzag(&r->rd);
	t->delivery_fee_fen = rd_zigzag(&r->rd);
	t->total_fen = rd_zigzag(&r->rd);
	t->funded_fen = rd_zigzag(&r->rd);
	t->provider_fee_fen = rd_zigzag(&r->rd);
	t->cost_fen = rd_zigzag(&r->rd);
	t->owner_margin_fen = rd_zigzag(&r->rd);
	t->absorbed_fen = rd_zigzag(&r->rd);
	for (int i = 0; r->rd.ok && i < r->f->request.line_count; i++)
		t->cost_unit_fen[i] = rd_zigzag(&r->rd);
}

/* As many rows as the plan has, in its order. */
static struct split_basis *
get_basis(struct reader *r)
{
	const struct plan *plan = &r->f->decision.options[0];
	struct split_basis *s = array(r, 1, sizeof(*s));
	int rows = 0, at = 0;

	for (int i = 0; r->rd.ok && i < plan->part_count; i++)
		rows += plan->parts[i].line_count;
	if (s == NULL)
		return NULL;
	s->fee_bps = get(r, BPS_WHOLE);
	s->owner = get_id(r, world_party, false);
	s->platform = get_id(r, world_party, true);
	s->channel = get_id(r, world_party, true);
	s->provider = get_id(r, world_party, true);
	s->courier = get_id(r, world_party, true);
	s->row_count = (int)get_range(r, rows, rows);
	s->rows = array(r, s->row_count, sizeof(*s->rows));
	for (int p = 0; r->rd.ok && p < plan->part_count; p++)
		for (int i = 0; r->rd.ok && i < plan->parts[p].line_count; i++, at++) {
			s->rows[at].part = (int16_t)p;
			s->rows[at].row = (int16_t)i;
			s->rows[at].rule = get(r, SPLIT_RULES_MAX - 1);
			s->rows[at].worker = get_id(r, world_party, true);
			s->rows[at].tax_bps = get(r, BPS_WHOLE);
		}
	return s;
}

/* Each line is given out at most once over. */
static bool
within_need(const struct frozen *f)
{
	const struct plan *plan = &f->decision.options[0];
	int32_t given[ORDER_LINES_MAX] = {0};

	for (int i = 0; i < plan->part_count; i++)
		for (int k = 0; k < plan->parts[i].line_count; k++)
			given[plan->parts[i].lines[k].line] += plan->parts[i].lines[k].quantity;
	for (int i = 0; i < f->request.line_count; i++)
		if (given[i] > f->request.lines[i].quantity)
			return false;
	return true;
}

enum err
record_decode(const struct world *w, const void *p, size_t len, struct arena *arena,
    struct frozen **out)
{
	struct reader r = {.world = w, .arena = arena, .err = ERR_OK};

	r.f = arena_zalloc(arena, sizeof(*r.f));
	if (r.f == NULL)
		return ERR_NO_MEMORY;
	rd_init(&r.rd, p, len);
	r.f->version = rd_byte(&r.rd);
	if (r.f->version < 1 || r.f->version > RECORD_VERSION)
		return ERR_BAD_BODY;
	get_request(&r, &r.f->request);
	if (r.rd.ok)
		get_decision(&r, &r.f->decision);
	r.f->decision.options = array(&r, 1, sizeof(*r.f->decision.options));
	r.f->decision.option_count = 1;
	if (r.rd.ok)
		get_plan(&r, r.f->decision.options);
	get_totals(&r, &r.f->totals);
	r.f->split_version = get(&r, INT32_MAX);
	r.f->collector = get_id(&r, world_party, true);
	if (r.rd.ok && r.f->version >= 3 && get_range(&r, 0, 1) != 0)
		r.f->basis = get_basis(&r);
	if (r.err != ERR_OK)
		return r.err;
	if (!r.rd.ok || r.rd.at != r.rd.end || !within_need(r.f))
		return ERR_BAD_BODY;
	*out = r.f;
	return ERR_OK;
}
