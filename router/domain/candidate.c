/* candidate: see the header.  Cheap filters for all first, so that the stock rows of the rest, each a
 * cache miss, are already on their way when they are read. */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "domain/candidate.h"
#include "domain/geo.h"
#include "domain/hours.h"
#include "domain/rank.h"
#include "domain/stock.h"

#define PREFETCH_MAX 3 /* skus of a group */

/* What does not change from candidate to candidate. */
struct judge {
	const struct decide_in *in;
	const struct group *g;
	const struct run_steps *steps;
	struct judged *out;
	struct geo_point point;
	int32_t named; /* the only location examined; NONE: any */
	bool slot;
	int location_of_promise; /* index of who the kept promise is of; NONE */
	struct probe promise;
	struct geo_nearest *nearest;
};

int
candidate_runs(const struct rule *r, struct run_steps out[RULE_STEPS_MAX])
{
	int n = 0;

	for (int i = 0; i < r->step_count; i++) {
		if (n == 0 || out[n - 1].way != r->steps[i].way) {
			out[n].way = r->steps[i].way;
			out[n++].count = 0;
		}
		out[n - 1].source[out[n - 1].count++] = r->steps[i].source;
	}
	return n;
}

/* ---- Who is examined ---- */

static bool
belongs(const struct judge *x, enum source s, int32_t idx)
{
	const struct location *l = &x->in->world->locations[idx];
	const struct owner *o = x->in->owner;

	switch (s) {
	case SOURCE_REQUESTED:
		return idx == x->in->request->location;
	case SOURCE_OWNER_STORE:
		return l->kind == LOC_STORE && l->id == o->store;
	case SOURCE_OWNER_STORES:
		return l->kind == LOC_STORE && l->party == o->dealer && l->id != o->store;
	case SOURCE_OTHER_STORES:
		return l->kind == LOC_STORE && l->party != o->dealer;
	case SOURCE_CLOUD:
		return l->kind == LOC_CLOUD;
	case SOURCE_SITE:
		return l->kind == LOC_SITE;
	case SOURCE_COUNT:
		break;
	}
	return false;
}

static void
offer(struct judge *x, int32_t idx)
{
	const struct world *w = x->in->world;

	geo_nearest_offer(x->nearest,
	    x->in->request->has_position ? geo_distance_m(w, &x->point, idx) : -1, idx);
}

static void
offer_owner_stores(struct judge *x)
{
	const struct world *w = x->in->world;
	int32_t p = world_party(w, x->in->owner->dealer);
	int32_t own = world_location(w, x->in->owner->store);

	if (p == NONE)
		return;
	/* As belongs() has it, from the list alone: the brand has a thousand stores. */
	for (int32_t i = w->party_first[p]; i < w->party_first[p + 1]; i++)
		if (w->party_stores[i] != own)
			offer(x, w->party_stores[i]);
}

static void
offer_step(struct judge *x, enum source s)
{
	const struct world *w = x->in->world;
	int32_t idx;

	if (x->named != NONE) {
		if (belongs(x, s, x->named))
			offer(x, x->named);
		return;
	}
	switch (s) {
	case SOURCE_REQUESTED:
		if (x->in->request->location != NONE)
			offer(x, x->in->request->location);
		break;
	case SOURCE_OWNER_STORE:
		idx = world_location(w, x->in->owner->store);
		if (idx != NONE && belongs(x, s, idx))
			offer(x, idx);
		break;
	case SOURCE_OWNER_STORES:
		offer_owner_stores(x);
		break;
	case SOURCE_OTHER_STORES:
		if (x->in->request->has_position)
			geo_stores_within(x->nearest, &x->point, x->in->policy->radius_m,
			    x->in->owner->dealer);
		break;
	case SOURCE_CLOUD:
	case SOURCE_SITE:
		for (int32_t i = 0; i < w->central_count; i++)
			if (belongs(x, s, w->central[i]))
				offer(x, w->central[i]);
		break;
	case SOURCE_COUNT:
		break;
	}
}

static bool
seen(const struct judge *x, int step, int32_t idx)
{
	enum source s = x->steps->source[step];

	/* Of the sources after these two, none shares a location with another. */
	for (int i = 0; i < step; i++)
		if (x->steps->source[i] == s ||
		    ((x->steps->source[i] <= SOURCE_OWNER_STORE || s <= SOURCE_OWNER_STORE) &&
		        belongs(x, x->steps->source[i], idx)))
			return true;
	return false;
}

static void
collect(struct judge *x, int step)
{
	int32_t limit = x->in->policy->scan_max, room;
	struct judged *j = x->out;
	struct probe *p;

	limit = limit < 1 || limit > SCAN_MAX ? SCAN_MAX : limit;
	room = limit - j->count;
	geo_nearest_init(x->nearest, x->in->world, room > 0 ? room : 0);
	offer_step(x, x->steps->source[step]);
	j->beyond += geo_nearest_finish(x->nearest);
	for (int i = 0; i < x->nearest->count; i++) {
		if (step > 0 && seen(x, step, x->nearest->near[i].idx))
			continue;
		p = &j->probe[j->count++];
		p->idx = x->nearest->near[i].idx;
		p->distance_m = x->nearest->near[i].distance_m;
		p->step = step;
		p->source = x->steps->source[step];
		p->capacity_left = -1;
		p->capacity_limit = p->capacity_day = 0;
		p->promise_from_us = p->promise_to_us = p->offer_deadline_us = 0;
		p->available = p->cover = p->worth_fen = 0;
		p->alone = false;
	}
}

/* ---- Filters that read the world ---- */

static bool
excluded(const struct request *q, int32_t id)
{
	for (int i = 0; i < q->exclude_count; i++)
		if (q->exclude[i] == id)
			return true;
	return false;
}

static bool
beyond_radius(const struct judge *x, const struct probe *p, const struct location *l)
{
	if (x->steps->way == WAY_DELIVER)
		return p->distance_m < 0 ||
		    p->distance_m >
		    (l->deliver_radius_m > 0 ? l->deliver_radius_m : x->in->policy->radius_m);
	return x->steps->way == WAY_PICKUP && p->idx != x->in->request->location &&
	    p->distance_m > x->in->policy->radius_m;
}

static bool
foreign_territory(const struct judge *x, const struct location *l)
{
	const struct territory *t;

	if (!x->in->policy->territory_exclusive || l->territory == NONE)
		return false;
	t = &x->in->world->territories[l->territory];
	return !t->disabled && t->dealer != x->in->owner->dealer;
}

static enum reason_code
out_by_world(const struct judge *x, const struct probe *p)
{
	const struct location *l = &x->in->world->locations[p->idx];
	const struct party *party = &x->in->world->parties[l->party_idx];
	bool other = l->kind == LOC_STORE && l->party != x->in->owner->dealer;

	if (l->disabled || party->disabled)
		return OUT_DISABLED;
	if ((l->ways & 1U << x->steps->way) == 0)
		return OUT_CAPABILITY;
	if (excluded(x->in->request, l->id))
		return OUT_EXCLUDED;
	if (beyond_radius(x, p, l))
		return OUT_RADIUS;
	if (other && foreign_territory(x, l))
		return OUT_TERRITORY;
	if (other && x->in->policy->grade_worst > 0 && party->grade > x->in->policy->grade_worst)
		return OUT_GRADE;
	return OUT_NOT;
}

/* ---- Filters that read the hints ---- */

/* Most stores have none of it, and that is known without their rows.  What may be there is on its way. */
static enum reason_code
out_by_absence(const struct judge *x, const struct probe *p)
{
	const struct group *g = x->g;
	int32_t id = x->in->world->locations[p->idx].id;
	bool maybe = g->demand_count > PREFETCH_MAX;

	for (int i = 0; i < g->demand_count && i < PREFETCH_MAX; i++)
		if (!g->demand[i].stocked ||
		    hints_stock_prefetch(x->in->hints, id, g->demand[i].sku_id))
			maybe = true;
	return maybe ? OUT_NOT : OUT_NOT_STOCKED;
}

static void
sum_up(const struct demand *d, const struct stock_figures *f, bool cloud, struct probe *p)
{
	int64_t units = f->units, cover;

	if (!d->stocked) {
		p->worth_fen += d->need * d->price_fen;
		return;
	}
	if (cloud && d->entitlement_left >= 0 && units > d->entitlement_left)
		units = d->entitlement_left;
	p->available += units;
	cover = units * 100 / (f->safety > 0 ? f->safety : 1);
	p->cover = cover < p->cover ? cover : p->cover;
	p->worth_fen += (units < d->need ? units : d->need) * d->price_fen;
	p->alone = p->alone && units >= d->need;
}

static enum reason_code
out_by_stock(const struct judge *x, struct probe *p)
{
	const struct group *g = x->g;
	enum reason_code left = OUT_NOT_STOCKED, r;
	struct stock_figures f;

	p->cover = INT32_MAX;
	p->alone = true;
	for (int i = 0; i < g->demand_count; i++) {
		f.units = 0;
		r = OUT_NOT;
		if (g->demand[i].stocked)
			r = stock_read(x->in, &x->in->world->locations[p->idx], g->demand[i].sku_id,
			    &f);
		if (r == OUT_NOT)
			left = OUT_NOT;
		else if (left != OUT_NOT && r > left)
			left = r;
		sum_up(&g->demand[i], &f, p->source == SOURCE_CLOUD, p);
	}
	return left;
}

static bool
out_by_capacity(const struct judge *x, struct probe *p, const struct location *l)
{
	const struct capacity_hint *c;
	int64_t left;

	if (l->capacity_day <= 0)
		return false;
	p->capacity_day = hours_day(l, p->promise_from_us);
	c = hints_capacity(x->in->hints, l->id, p->capacity_day);
	if (c != NULL && c->limit <= 0)
		return false;
	p->capacity_limit = c == NULL ? l->capacity_day : c->limit;
	left = p->capacity_limit;
	if (c != NULL)
		left -= (int64_t)c->taken + (x->in->ignore_inflight ? 0 : c->inflight);
	p->capacity_left = left < 0 ? 0 : (int32_t)left;
	return left <= 0;
}

static bool
out_by_slot(const struct judge *x, const struct location *l)
{
	const struct request *q = x->in->request;
	const struct slot_hint *s;

	if (!x->slot)
		return false;
	s = hints_slot(x->in->hints, l->id, q->slot_day, q->slot_from_min, q->slot_to_min);
	if (s == NULL || hours_at(l, q->slot_day, q->slot_to_min) <= q->now_us)
		return true;
	return (int64_t)s->limit - s->taken - (x->in->ignore_inflight ? 0 : s->inflight) <= 0;
}

/* ---- The promise ---- */

/* false: never, or not in time.  ${p} gets the promise where there is one. */
static bool
work_out_promise(const struct judge *x, struct probe *p, const struct location *l)
{
	const struct request *q = x->in->request;
	const struct policy *policy = x->in->policy;
	/* Up to the whole minute: nobody promises microseconds. */
	int64_t start = (q->now_us + US_PER_MIN - 1) / US_PER_MIN * US_PER_MIN, ready,
	        by = INT64_MAX;
	bool deliver = x->steps->way == WAY_DELIVER;

	if (l->cut_off_min > 0 && deliver && !x->slot)
		by = hours_at(l, hours_day(l, start), l->cut_off_min);
	else if (l->cut_off_min > 0 && !x->slot && hours_minute(l, start) >= l->cut_off_min)
		start = hours_at(l, hours_day(l, start) + 1, 0);
	ready = start;
	if (l->kind == LOC_STORE) {
		if (!hours_add_open(l, start,
		        l->accept_min > 0 ? l->accept_min : policy->accept_open_min, &ready))
			return false;
		p->offer_deadline_us = ready;
	}
	if (!hours_add_open(l, ready, l->lead_min, &ready))
		return false;
	if (x->g->made_to_order)
		ready += policy->made_to_order_days * US_PER_DAY;
	p->promise_from_us = p->promise_to_us = ready;
	if (x->steps->way == WAY_SHIP)
		p->promise_to_us += 60 * US_PER_MIN *
		    (l->kind == LOC_CLOUD ? policy->cloud_promise_hours
		                          : policy->site_promise_hours);
	else if (deliver)
		p->promise_to_us += policy->deliver_window_min * US_PER_MIN;
	if (x->slot) {
		by = hours_at(l, q->slot_day, q->slot_to_min);
		p->promise_from_us = hours_at(l, q->slot_day, q->slot_from_min);
		p->promise_to_us = by;
	}
	return ready <= by || (x->steps->way == WAY_PICKUP && p->idx == q->location);
}

static bool
same_clock(const struct location *a, const struct location *b)
{
	return a->kind == b->kind && a->tz_min == b->tz_min && a->lead_min == b->lead_min &&
	    a->accept_min == b->accept_min && a->cut_off_min == b->cut_off_min &&
	    a->hours.always == b->hours.always &&
	    memcmp(a->hours.open, b->hours.open, sizeof(a->hours.open)) == 0 &&
	    memcmp(a->hours.close, b->hours.close, sizeof(a->hours.close)) == 0;
}

/* Neighbours keep the same hours more often than not: the last one's promise serves again. */
static bool
promise_of(struct judge *x, struct probe *p, const struct location *l)
{
	const struct location *last;
	bool kept;

	if (p->idx == x->in->request->location)
		return work_out_promise(x, p, l);
	last = x->location_of_promise == NONE ? NULL
	                                      : &x->in->world->locations[x->location_of_promise];
	if (last == NULL || !same_clock(last, l)) {
		kept = work_out_promise(x, p, l);
		x->promise = *p;
		x->promise.alone = kept;
		x->location_of_promise = p->idx;
		return kept;
	}
	p->promise_from_us = x->promise.promise_from_us;
	p->promise_to_us = x->promise.promise_to_us;
	p->offer_deadline_us = x->promise.offer_deadline_us;
	return x->promise.alone;
}

static enum reason_code
out_by_time(struct judge *x, struct probe *p)
{
	const struct location *l = &x->in->world->locations[p->idx];
	bool kept = promise_of(x, p, l);

	if (p->promise_to_us != 0 && out_by_capacity(x, p, l))
		return OUT_CAPACITY;
	if (out_by_slot(x, l))
		return OUT_SLOT;
	return kept ? OUT_NOT : OUT_CLOSED;
}

static enum reason_code
out_by_size(const struct judge *x, const struct probe *p)
{
	const struct policy *policy = x->in->policy;

	/* Stock there was; the owner may sell none of it. */
	if (p->source == SOURCE_CLOUD && p->available == 0 && !x->g->made_to_order)
		return OUT_ENTITLEMENT;
	if (p->alone)
		return OUT_NOT;
	if (policy->max_parcels == 1 && !policy->partial)
		return OUT_SPLIT_OFF;
	return p->worth_fen < policy->parcel_min_fen ? OUT_PARCEL_MIN : OUT_NOT;
}

/* In passes over all, each bringing into the cache what the next one reads. */
static void
judge_all(struct judge *x, struct judged *j)
{
	const struct world *w = x->in->world;
	const struct hints *h = x->in->hints;
	struct probe *p, *end = j->probe + j->count;

	for (p = j->probe; p < end; p++) {
		hints_region_prefetch(h, w->locations[p->idx].id);
		p->out = out_by_world(x, p);
	}
	for (p = j->probe; p < end; p++)
		if (p->out == OUT_NOT)
			p->out = out_by_absence(x, p);
	for (p = j->probe; p < end; p++) {
		if (p->out != OUT_NOT)
			continue;
		p->out = out_by_stock(x, p);
		if (p->out == OUT_NOT && w->locations[p->idx].capacity_day > 0)
			hints_capacity_prefetch(h, w->locations[p->idx].id,
			    hours_day(&w->locations[p->idx], x->in->request->now_us));
	}
	for (p = j->probe; p < end; p++) {
		if (p->out == OUT_NOT)
			p->out = out_by_time(x, p);
		if (p->out == OUT_NOT)
			p->out = out_by_size(x, p);
	}
}

void
candidate_judge(const struct decide_in *in, const struct group *g, const struct run_steps *s,
    struct judged *j)
{
	const struct request *q = in->request;
	struct geo_nearest nearest; /* large, and filled as it is used */
	struct judge x = {
	    .in = in,
	    .g = g,
	    .steps = s,
	    .out = j,
	    .location_of_promise = NONE,
	    .slot = q->has_slot && s->way != WAY_SHIP,
	    .named = NONE,
	    .nearest = &nearest,
	};

	if (s->way != WAY_SHIP && (q->way == s->way || q->way == WAY_NONE))
		x.named = q->location;
	if (q->has_position)
		geo_point_init(&x.point, q->lat_e6, q->lon_e6);
	j->count = 0;
	j->beyond = 0;
	for (int i = 0; i < s->count; i++)
		collect(&x, i);
	judge_all(&x, j);
}

/* ---- What is kept ---- */

static bool
nearer(const struct world *w, const struct probe *a, const struct probe *b)
{
	if (a->distance_m != b->distance_m)
		return (uint32_t)a->distance_m <
		    (uint32_t)b->distance_m; /* -1, not measured, is last */
	return w->locations[a->idx].id < w->locations[b->idx].id;
}

static int
nearest_eliminated(const struct world *w, const struct judged *j, int max, int16_t *out)
{
	int n = 0, at;

	for (int i = 0; i < j->count && max > 0; i++) {
		if (j->probe[i].out == OUT_NOT)
			continue;
		if (n == max && !nearer(w, &j->probe[i], &j->probe[out[n - 1]]))
			continue;
		at = n < max ? n++ : n - 1;
		for (; at > 0 && nearer(w, &j->probe[i], &j->probe[out[at - 1]]); at--)
			out[at] = out[at - 1];
		out[at] = (int16_t)i;
	}
	return n;
}

static void
keep_lines(const struct decide_in *in, const struct group *g, const struct probe *p,
    struct candidate *c)
{
	bool looked = p->out == OUT_NOT || p->out >= OUT_NOT_STOCKED;
	struct stock_figures f;
	struct line_figures *to;
	const struct demand *d;

	c->entitlement_left = -1;
	for (int i = 0; i < g->line_count; i++) {
		d = &g->demand[g->demand_of[i]];
		to = &c->lines[i];
		to->stocked = d->stocked;
		to->entitlement_left = -1;
		if (!d->stocked) {
			to->pool[0].goods_owner = in->world->brand;
			to->pool_count = 1;
			continue;
		}
		if (p->source == SOURCE_CLOUD && d->entitlement_left >= 0) {
			to->entitlement_left = d->entitlement_left;
			if (c->entitlement_left < 0 || d->entitlement_left < c->entitlement_left)
				c->entitlement_left = d->entitlement_left;
		}
		if (!looked)
			continue;
		stock_read(in, &in->world->locations[p->idx], d->sku_id, &f);
		to->pool_count = f.pool_count;
		memcpy(to->pool, f.pool, sizeof(f.pool[0]) * (size_t)f.pool_count);
	}
}

static void
keep(const struct decide_in *in, const struct group *g, const struct run_steps *s,
    const struct probe *p, struct candidate *c)
{
	c->location = in->world->locations[p->idx].id;
	c->source = p->source;
	c->way = s->way;
	c->distance_m = p->distance_m;
	c->out = p->out;
	c->capacity_left = p->capacity_left;
	c->capacity_day = p->capacity_day;
	c->promise_from_us = p->promise_from_us;
	c->promise_to_us = p->promise_to_us;
	c->offer_deadline_us = p->offer_deadline_us;
	if (!in->no_record)
		rank_keys(in->world, in->policy, p, c->key);
	keep_lines(in, g, p, c);
}

enum err
candidate_gather(const struct decide_in *in, const struct group *g, const struct run_steps *s,
    struct arena *arena, struct step_run *out)
{
	int16_t kept[CANDIDATES_MAX];
	struct line_figures *lines;
	struct judged j;
	int n;

	candidate_judge(in, g, s, &j);
	n = rank_best(in->world, in->policy, &j, CANDIDATES_MAX, kept);
	if (!in->no_record)
		n += nearest_eliminated(in->world, &j, CANDIDATES_MAX - n, kept + n);
	out->group = g->number;
	out->way = s->way;
	out->examined = j.count;
	out->beyond = j.beyond;
	out->candidate_count = n;
	out->candidates = arena_array(arena, (size_t)n, sizeof(*out->candidates));
	lines = arena_array(arena, (size_t)n * (size_t)g->line_count, sizeof(*lines));
	if (out->candidates == NULL || lines == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < j.count; i++)
		out->rest[j.probe[i].out]++;
	for (int i = 0; i < n; i++) {
		out->candidates[i].lines = lines + (ptrdiff_t)i * g->line_count;
		keep(in, g, s, &j.probe[kept[i]], &out->candidates[i]);
		out->rest[j.probe[kept[i]].out]--;
	}
	return ERR_OK;
}
