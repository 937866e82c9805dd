/* scan: see the header. */
#include "domain/ownership.h"
#include "domain/scan.h"

#define PREFETCH_MAX 3 /* skus of a group */

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

	if (p == NONE)
		return;
	/* As belongs() has it, from the list alone: the brand has a thousand stores. */
	for (int32_t i = w->party_first[p]; i < w->party_first[p + 1]; i++)
		if (w->party_stores[i] != x->own)
			offer(x, w->party_stores[i]);
}

static void
offer_step(struct judge *x, enum source s)
{
	const struct world *w = x->in->world;

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
		if (x->own != NONE)
			offer(x, x->own);
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
	enum source s = x->steps->source[step], before;

	/* Of the sources after these two, none shares a location with another. */
	for (int i = 0; i < step; i++) {
		before = x->steps->source[i];
		if (before == s ||
		    (before == SOURCE_REQUESTED && idx == x->in->request->location) ||
		    (before == SOURCE_OWNER_STORE && idx == x->own) ||
		    (s <= SOURCE_OWNER_STORE && belongs(x, before, idx)))
			return true;
	}
	return false;
}

bool
scan_absent(const struct judge *x, int32_t id)
{
	const struct group *g = x->g;
	bool maybe = g->demand_count > PREFETCH_MAX;

	for (int i = 0; i < g->demand_count && i < PREFETCH_MAX; i++)
		if (!g->demand[i].stocked ||
		    hints_stock_prefetch(x->in->hints, id, g->demand[i].sku_id))
			maybe = true;
	return !maybe;
}

static void
add_probe(struct judge *x, int step, const struct geo_near *near)
{
	struct probe *p = &x->out->probe[x->out->count++];

	__builtin_prefetch(&x->in->world->locations[near->idx]);
	p->idx = near->idx;
	p->distance_m = near->distance_m;
	p->step = x->rank_step[step];
	p->source = x->steps->source[step];
	p->capacity_left = -1;
	p->capacity_limit = p->capacity_day = 0;
	p->promise_from_us = p->promise_to_us = p->offer_deadline_us = 0;
	p->available = p->cover = p->worth_fen = 0;
	p->alone = false;
}

/* Most stores have none of it, and that is known without their rows: for a record they are told all the same. */
static void
collect(struct judge *x, int step)
{
	const struct location_key *keys = x->in->world->location_keys;
	int32_t limit = x->in->policy->scan_max, room;
	struct geo_nearest *n = x->nearest;
	struct judged *j = x->out;

	limit = limit < 1 || limit > SCAN_MAX ? SCAN_MAX : limit;
	room = limit - j->count - j->absent;
	geo_nearest_init(n, x->in->world, room > 0 ? room : 0);
	offer_step(x, x->steps->source[step]);
	j->beyond += geo_nearest_finish(n);
	for (int i = 0; i < n->count; i++)
		hints_region_prefetch(x->in->hints, keys[n->near[i].idx].id);
	for (int i = 0; i < n->count; i++) {
		if (step > 0 && seen(x, step, n->near[i].idx))
			continue;
		if (x->in->no_record && scan_absent(x, keys[n->near[i].idx].id))
			j->absent++;
		else
			add_probe(x, step, &n->near[i]);
	}
}

/* Who lost the first offer is ranked with the other dealers; with nobody to compete with nothing changes. */
static void
rank_steps(struct judge *x)
{
	const struct run_steps *s = x->steps;
	int others = NONE;

	for (int i = 0; i < s->count; i++) {
		x->rank_step[i] = i;
		if (s->source[i] == SOURCE_OTHER_STORES)
			others = i;
	}
	if (others == NONE ||
	    ownership_first_offer(x->in->world, x->in->policy, x->in->owner->dealer).state ==
	        FIRST_OFFER_HELD)
		return;
	for (int i = 0; i < s->count; i++)
		if (s->source[i] == SOURCE_OWNER_STORE || s->source[i] == SOURCE_OWNER_STORES)
			x->rank_step[i] = others;
}

void
scan(struct judge *x)
{
	const struct request *q = x->in->request;
	const struct world *w = x->in->world;

	x->named = NONE;
	if (x->steps->way != WAY_SHIP && (q->way == x->steps->way || q->way == WAY_NONE))
		x->named = q->location;
	x->own = world_location(w, x->in->owner->store);
	if (x->own != NONE && w->locations[x->own].kind != LOC_STORE)
		x->own = NONE;
	if (q->has_position)
		geo_point_init(&x->point, q->lat_e6, q->lon_e6);
	x->out->count = x->out->absent = 0;
	x->out->beyond = 0;
	rank_steps(x);
	for (int i = 0; i < x->steps->count; i++)
		collect(x, i);
}
