/* candidate: see the header.  Cheap filters for all first, so that the stock rows of the rest, each a
 * cache miss, are already on their way when they are read.  Who is examined at all: scan.c. */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "domain/candidate.h"
#include "domain/hours.h"
#include "domain/rank.h"
#include "domain/scan.h"
#include "domain/stock.h"

int
candidate_runs(const struct rule *r, bool central_only, struct run_steps out[RULE_STEPS_MAX])
{
	int n = 0;

	for (int i = 0; i < r->step_count; i++) {
		enum source source = r->steps[i].source;

		if (central_only && source != SOURCE_CLOUD && source != SOURCE_SITE)
			continue;
		if (n == 0 || out[n - 1].way != r->steps[i].way) {
			out[n].way = r->steps[i].way;
			out[n++].count = 0;
		}
		out[n - 1].source[out[n - 1].count++] = source;
	}
	return n;
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

	for (p = j->probe; p < end; p++)
		p->out = out_by_world(x, p);
	for (p = j->probe; p < end; p++)
		if (p->out == OUT_NOT && !x->in->no_record &&
		    scan_absent(x, w->locations[p->idx].id))
			p->out = OUT_NOT_STOCKED;
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
	struct geo_nearest nearest; /* large, and filled as it is used */
	struct judge x = {
	    .in = in,
	    .g = g,
	    .steps = s,
	    .out = j,
	    .location_of_promise = NONE,
	    .slot = in->request->has_slot && s->way != WAY_SHIP,
	    .nearest = &nearest,
	};

	scan(&x);
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

/* Minutes from ${counted_min} to now. */
static int32_t
age_of(const struct decide_in *in, uint32_t counted_min)
{
	int64_t age = in->request->now_us / US_PER_MIN - counted_min;

	if (counted_min == 0 || counted_min == UINT32_MAX || age > INT32_MAX)
		return -1;
	return age > 0 ? (int32_t)age : 0; /* a till's clock may be ahead */
}

static void
keep_lines(const struct decide_in *in, const struct group *g, const struct probe *p,
    struct candidate *c)
{
	bool looked = p->out == OUT_NOT || p->out >= OUT_NOT_STOCKED;
	uint32_t counted_min = UINT32_MAX;
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
		if (f.counted_min < counted_min)
			counted_min = f.counted_min;
	}
	c->age_min = age_of(in, counted_min);
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
	out->examined = j.count + j.absent;
	out->beyond = j.beyond;
	out->candidate_count = n;
	out->candidates = arena_array(arena, (size_t)n, sizeof(*out->candidates));
	lines = arena_array(arena, (size_t)n * (size_t)g->line_count, sizeof(*lines));
	if (out->candidates == NULL || lines == NULL)
		return ERR_NO_MEMORY;
	out->rest[OUT_NOT_STOCKED] = j.absent;
	for (int i = 0; i < j.count; i++)
		out->rest[j.probe[i].out]++;
	for (int i = 0; i < n; i++) {
		out->candidates[i].lines = lines + (ptrdiff_t)i * g->line_count;
		keep(in, g, s, &j.probe[kept[i]], &out->candidates[i]);
		out->rest[j.probe[kept[i]].out]--;
	}
	return ERR_OK;
}
