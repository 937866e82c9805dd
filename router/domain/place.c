/* place: see the header. */
#include <assert.h>
#include <string.h>

#include "domain/fill.h"
#include "domain/place.h"

/* ---- Picking locations ---- */

static bool
demand_covered(const struct table *t, int d)
{
	int64_t plain = 0, cloud = 0;

	for (int i = 0; i < t->pick_count; i++)
		*(t->cloud[t->pick[i]] ? &cloud : &plain) +=
		    t->avail[t->pick[i] * t->g->demand_count + d];
	if (t->open[d] >= 0 && cloud > t->open[d])
		cloud = t->open[d];
	return plain + cloud >= t->total[d];
}

static bool
covered(struct table *t)
{
	if (t->parcels_before + fill_parcels_new(t) > t->parcels_max || !demand_covered(t, t->hard))
		return false;
	for (int d = 0; d < t->g->demand_count; d++)
		if (!demand_covered(t, d)) {
			t->hard = d;
			return false;
		}
	return true;
}

static bool
search(struct table *t, int depth, int from)
{
	if (depth == t->pick_count)
		return covered(t) && fill(t, true);
	for (int i = from; i <= t->count - (t->pick_count - depth); i++) {
		t->pick[depth] = i;
		if (search(t, depth + 1, i + 1))
			return true;
	}
	return false;
}

/* Is there any hope with all of them?  Spares the search when stock is simply short. */
static bool
enough(struct table *t)
{
	t->pick_count = t->count;
	for (int i = 0; i < t->count; i++)
		t->pick[i] = i;
	for (int d = 0; d < t->g->demand_count; d++)
		if (!demand_covered(t, d))
			return false;
	return true;
}

/* Picks locations in ranking order, each that gives something, until all is there or parcels are up. */
static void
pick_in_order(struct table *t)
{
	int n = t->g->demand_count;
	int32_t *want = t->got; /* borrowed: fill() clears it */
	int64_t q, gives;

	memcpy(want, t->total, sizeof(*want) * (size_t)n);
	memcpy(t->open_left, t->open, sizeof(*t->open) * (size_t)n);
	t->pick_count = 0;
	for (int s = 0; s < t->count && t->pick_count < PARCELS_MAX; s++) {
		if (!t->merges[s] && t->parcels_before + fill_parcels_new(t) >= t->parcels_max)
			continue;
		gives = 0;
		for (int d = 0; d < n; d++) {
			q = t->avail[s * n + d] < want[d] ? t->avail[s * n + d] : want[d];
			if (t->cloud[s] && t->open[d] >= 0) {
				q = q < t->open_left[d] ? q : t->open_left[d];
				t->open_left[d] -= (int32_t)q;
			}
			want[d] -= (int32_t)q;
			gives += q;
		}
		if (gives > 0)
			t->pick[t->pick_count++] = s;
	}
}

/* ---- The plan ---- */

static void
copy_part(const struct table *t, const struct candidate *c, struct part *p)
{
	p->location = c->location;
	p->way = c->way;
	p->distance_m = c->distance_m;
	p->promise_from_us = c->promise_from_us;
	p->promise_to_us = c->promise_to_us;
	p->offer_deadline_us = c->offer_deadline_us;
	p->takes_capacity = c->capacity_left >= 0;
	p->takes_slot = t->in->request->has_slot && c->way != WAY_SHIP;
	p->cloud = c->source == SOURCE_CLOUD;
	p->capacity_day = p->takes_capacity ? c->capacity_day : 0;
}

static enum err
add_lines(const struct table *t, int pick, struct part *p)
{
	const struct candidate *c = fill_candidate(t, t->pick[pick]);
	int n = p->line_count;
	const int32_t *got;
	struct part_line *to;

	for (int i = 0; i < t->g->line_count; i++) {
		got = fill_got(t, pick, i);
		for (int k = 0; k < GOODS_OWNERS_MAX; k++)
			n += got[k] > 0;
	}
	to = arena_array(t->in->arena, (size_t)n, sizeof(*to));
	if (to == NULL)
		return ERR_NO_MEMORY;
	memcpy(to, p->lines == NULL ? to : p->lines, sizeof(*to) * (size_t)p->line_count);
	p->lines = to;
	for (int i = 0; i < t->g->line_count; i++) {
		got = fill_got(t, pick, i);
		for (int k = 0; k < GOODS_OWNERS_MAX; k++)
			if (got[k] > 0)
				to[p->line_count++] = (struct part_line){t->g->line[i], got[k],
				    c->lines[i].pool[k].goods_owner, c->lines[i].stocked};
	}
	assert(p->line_count == n);
	return ERR_OK;
}

static void
finish_plan(const struct place_in *in, struct plan *plan)
{
	int64_t goods = 0, free_from;
	const struct order_line *l;
	const struct part *p;

	plan->way = plan->parts[0].way;
	plan->promise_from_us = plan->promise_to_us = INT64_MIN;
	for (int i = 0; i < plan->part_count; i++) {
		p = &plan->parts[i];
		if (p->promise_to_us > plan->promise_to_us ||
		    (p->promise_to_us == plan->promise_to_us &&
		        p->promise_from_us > plan->promise_from_us)) {
			plan->promise_to_us = p->promise_to_us;
			plan->promise_from_us = p->promise_from_us;
		}
		for (int k = 0; k < p->line_count; k++) {
			l = &in->request->lines[p->lines[k].line];
			goods += p->lines[k].quantity * (l->price_fen - l->discount_fen);
		}
	}
	free_from = in->policy->fee_free_from_fen[plan->way];
	plan->delivery_fee_fen =
	    free_from > 0 && goods >= free_from ? 0 : in->policy->fee_fen[plan->way];
}

static enum err
make_plan(const struct table *t, struct plan **out)
{
	const struct plan *before = t->in->before;
	struct plan *plan;
	struct part *p;
	int at;

	plan = arena_zalloc(t->in->arena, sizeof(*plan));
	if (plan == NULL)
		return ERR_NO_MEMORY;
	plan->parts = arena_array(t->in->arena, (size_t)(t->parcels_before + t->pick_count),
	    sizeof(*plan->parts));
	if (plan->parts == NULL)
		return ERR_NO_MEMORY;
	plan->part_count = t->parcels_before;
	if (before != NULL)
		memcpy(plan->parts, before->parts,
		    sizeof(*plan->parts) * (size_t)before->part_count);
	for (int i = 0; i < t->pick_count; i++) {
		at = fill_parcel_before(before, fill_candidate(t, t->pick[i]));
		if (at == NONE) {
			at = plan->part_count++;
			copy_part(t, fill_candidate(t, t->pick[i]), &plan->parts[at]);
		}
		p = &plan->parts[at];
		if (add_lines(t, i, p) != ERR_OK)
			return ERR_NO_MEMORY;
	}
	finish_plan(t->in, plan);
	*out = plan;
	return ERR_OK;
}

enum err
place_cover(const struct place_in *in, struct plan **out)
{
	struct table t;

	*out = NULL;
	if (fill_table(&t, in, NONE) != ERR_OK)
		return ERR_NO_MEMORY;
	if (t.count == 0 || !enough(&t))
		return ERR_OK;
	if (!in->policy->fewest_parcels) {
		pick_in_order(&t);
		if (covered(&t) && fill(&t, true))
			return make_plan(&t, out);
	}
	for (int k = 1; k <= t.parcels_max && k <= t.count; k++) {
		t.pick_count = k;
		if (search(&t, 0, 0))
			return make_plan(&t, out);
	}
	return ERR_OK;
}

enum err
place_alone(const struct place_in *in, int index, struct plan **out)
{
	struct table t;

	*out = NULL;
	if (fill_table(&t, in, index) != ERR_OK)
		return ERR_NO_MEMORY;
	if (t.count == 0)
		return ERR_OK;
	t.pick_count = 1;
	t.pick[0] = 0;
	return covered(&t) && fill(&t, true) ? make_plan(&t, out) : ERR_OK;
}

enum err
place_some(const struct place_in *in, struct plan **out)
{
	struct table t;
	int kept = 0;

	*out = NULL;
	if (fill_table(&t, in, NONE) != ERR_OK)
		return ERR_NO_MEMORY;
	pick_in_order(&t);
	fill(&t, false);
	/* Together-lines that did not fit may leave a location with nothing: without it, fill again. */
	for (int i = 0; i < t.pick_count; i++)
		if (fill_parcel_fits(&t, i, false))
			t.pick[kept++] = t.pick[i];
	t.pick_count = kept;
	if (kept == 0)
		return ERR_OK;
	fill(&t, false);
	return make_plan(&t, out);
}
