/* fill: see the header. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "domain/fill.h"

const struct candidate *
fill_candidate(const struct table *t, int survivor)
{
	return &t->in->run->candidates[t->who[survivor]];
}

static const struct order_line *
line_of(const struct table *t, int pos)
{
	return &t->in->request->lines[t->g->line[pos]];
}

static int32_t *
cell(int32_t *m, int a, int b, int b_count)
{
	return m + ((ptrdiff_t)a * b_count + b) * GOODS_OWNERS_MAX;
}

/* ---- Setting the table ---- */

static int32_t
placed_before(const struct plan *before, int32_t line)
{
	int32_t n = 0;

	for (int i = 0; before != NULL && i < before->part_count; i++)
		for (int k = 0; k < before->parts[i].line_count; k++)
			if (before->parts[i].lines[k].line == line)
				n += before->parts[i].lines[k].quantity;
	return n;
}

/* Units of a sku that the plan so far takes: of one pool (${location} > 0) or from CLOUD. */
static int32_t
taken_before(const struct table *t, int32_t sku, int32_t location, int32_t goods_owner)
{
	const struct plan *before = t->in->before;
	const struct part *p;
	int32_t n = 0;

	for (int i = 0; before != NULL && i < before->part_count; i++) {
		p = &before->parts[i];
		if (location > 0 ? p->location != location : !p->cloud)
			continue;
		for (int k = 0; k < p->line_count; k++)
			if (p->lines[k].stocked &&
			    t->in->request->lines[p->lines[k].line].sku == sku &&
			    (location == 0 || p->lines[k].goods_owner == goods_owner))
				n += p->lines[k].quantity;
	}
	return n;
}

static bool
same_parcel(const struct part *p, const struct candidate *c)
{
	return p->location == c->location && p->way == c->way &&
	    p->promise_from_us == c->promise_from_us && p->promise_to_us == c->promise_to_us &&
	    p->offer_deadline_us == c->offer_deadline_us;
}

int
fill_parcel_before(const struct plan *before, const struct candidate *c)
{
	for (int i = 0; before != NULL && i < before->part_count; i++)
		if (same_parcel(&before->parts[i], c))
			return i;
	return NONE;
}

static bool
capacity_fits(const struct plan *before, const struct candidate *c)
{
	int32_t taken = 0;

	if (c->capacity_left < 0)
		return true;
	for (int i = 0; before != NULL && i < before->part_count; i++)
		taken += before->parts[i].location == c->location &&
		    before->parts[i].takes_capacity &&
		    before->parts[i].capacity_day == c->capacity_day;
	return c->capacity_left > taken;
}

static void
choose_survivors(struct table *t, int only)
{
	const struct step_run *r = t->in->run;
	int end = only == NONE ? r->candidate_count : only + 1;

	for (int i = only == NONE ? 0 : only; i < end && t->count < CANDIDATES_MAX; i++) {
		const struct candidate *c = &r->candidates[i];
		bool merges = fill_parcel_before(t->in->before, c) != NONE;

		if (c->out != OUT_NOT || (!merges && !capacity_fits(t->in->before, c)))
			continue;
		t->who[t->count] = (int16_t)i;
		t->cloud[t->count] = c->source == SOURCE_CLOUD;
		t->merges[t->count++] = merges;
	}
}

static void
lay_pools(struct table *t, int s)
{
	const struct candidate *c = fill_candidate(t, s);
	int n = t->g->demand_count;

	for (int d = 0; d < n; d++) {
		const struct line_figures *f = &c->lines[t->first[d]];
		int32_t sku = line_of(t, t->first[d])->sku, *to = cell(t->pool, s, d, n), v;

		if (!f->stocked) {
			t->avail[s * n + d] = INT32_MAX;
			continue;
		}
		for (int i = 0; i < f->pool_count; i++) {
			v = f->pool[i].atp -
			    taken_before(t, sku, c->location, f->pool[i].goods_owner);
			to[i] = v > 0 ? v : 0;
			t->avail[s * n + d] += to[i];
		}
		if (f->entitlement_left >= 0 && !t->in->no_entitlement) {
			v = f->entitlement_left - taken_before(t, sku, 0, 0);
			t->open[d] = v > 0 ? v : 0;
		}
	}
}

static void
lay_lines(struct table *t)
{
	const struct group *g = t->g;
	const struct order_line *l;

	for (int d = g->demand_count; d-- > 0;)
		t->open[d] = -1;
	for (int i = g->line_count; i-- > 0;) {
		t->need[i] = line_of(t, i)->quantity - placed_before(t->in->before, g->line[i]);
		t->total[g->demand_of[i]] += t->need[i];
		t->first[g->demand_of[i]] = (int16_t)i;
	}
	for (int i = 0; i < g->line_count; i++) {
		bool known = false;

		l = line_of(t, i);
		if (l->together <= 0 || t->need[i] == 0)
			continue;
		for (int k = 0; k < t->set_count; k++)
			known = known || line_of(t, t->set[k])->together == l->together;
		if (!known)
			t->set[t->set_count++] = (int16_t)i;
	}
}

enum err
fill_table(struct table *t, const struct place_in *in, int only)
{
	size_t lines = (size_t)in->group->line_count, demands = (size_t)in->group->demand_count, s,
	       p;
	int32_t max = in->policy->max_parcels;

	*t = (struct table){.in = in, .g = in->group};
	t->parcels_max = max < 1 ? 1 : max > PARCELS_MAX ? PARCELS_MAX : max;
	t->parcels_before = in->before == NULL ? 0 : in->before->part_count;
	choose_survivors(t, only);
	s = (size_t)t->count;
	p = GOODS_OWNERS_MAX;
	/* One block: numbers of four bytes, then of eight, then of two. */
	t->avail = arena_array(in->arena, s * demands + 1, sizeof(*t->avail));
	t->need = arena_array(in->arena,
	    lines + demands * 3 + s * demands * p + PARCELS_MAX * (demands + lines) * p,
	    sizeof(*t->need));
	t->first = arena_array(in->arena, demands + lines, sizeof(*t->first));
	if (t->avail == NULL || t->need == NULL || t->first == NULL)
		return ERR_NO_MEMORY;
	t->total = t->need + lines;
	t->open = t->total + demands;
	t->open_left = t->open + demands;
	t->pool = t->open_left + demands;
	t->left = t->pool + s * demands * p;
	t->got = t->left + PARCELS_MAX * demands * p;
	t->set = t->first + demands;
	lay_lines(t);
	for (int i = 0; i < t->count; i++)
		lay_pools(t, i);
	return ERR_OK;
}

/* ---- Filling the picked locations ---- */

/* Takes up to ${want} of a line from a picked location; returns how much. */
static int32_t
take(struct table *t, int pick, int pos, int32_t want)
{
	int d = t->g->demand_of[pos], s = t->pick[pick];
	const struct line_figures *f = &fill_candidate(t, s)->lines[pos];
	int32_t *left = cell(t->left, pick, d, t->g->demand_count);
	int32_t *got = cell(t->got, pick, pos, t->g->line_count), q, sum = 0;

	if (!f->stocked) {
		got[0] += want;
		return want;
	}
	for (int i = 0; i < f->pool_count && sum < want; i++) {
		q = want - sum < left[i] ? want - sum : left[i];
		if (t->cloud[s] && t->open[d] >= 0) {
			q = q < t->open_left[d] ? q : t->open_left[d];
			t->open_left[d] -= q;
		}
		left[i] -= q;
		got[i] += q;
		sum += q;
	}
	return sum;
}

static void
give_back(struct table *t, int pick, int pos)
{
	int d = t->g->demand_of[pos], s = t->pick[pick];
	int32_t *left = cell(t->left, pick, d, t->g->demand_count);
	int32_t *got = cell(t->got, pick, pos, t->g->line_count);

	for (int i = 0; i < GOODS_OWNERS_MAX; i++) {
		if (t->cloud[s] && t->open[d] >= 0)
			t->open_left[d] += got[i];
		left[i] += got[i];
		got[i] = 0;
	}
}

static void
give_back_set(struct table *t, int pick, int set)
{
	for (int i = t->set[set]; i < t->g->line_count; i++)
		if (line_of(t, i)->together == line_of(t, t->set[set])->together)
			give_back(t, pick, i);
}

static bool
take_set(struct table *t, int pick, int set)
{
	for (int i = t->set[set]; i < t->g->line_count; i++) {
		if (line_of(t, i)->together != line_of(t, t->set[set])->together)
			continue;
		if (take(t, pick, i, t->need[i]) < t->need[i]) {
			give_back_set(t, pick, set);
			return false;
		}
	}
	return true;
}

static bool
lay_sets(struct table *t, int set, bool whole)
{
	if (set == t->set_count)
		return true;
	for (int i = 0; i < t->pick_count && t->tries < TRIES_MAX; i++) {
		t->tries++;
		if (!take_set(t, i, set))
			continue;
		if (lay_sets(t, set + 1, whole))
			return true;
		give_back_set(t, i, set);
	}
	return !whole && lay_sets(t, set + 1, whole);
}

static int32_t
got_of(const struct table *t, int pick, int pos)
{
	const int32_t *got = cell(t->got, pick, pos, t->g->line_count);

	return got[0] + got[1] + got[2] + got[3];
}

bool
fill_parcel_fits(const struct table *t, int pick, bool splits)
{
	int64_t worth = 0;
	bool any = false;

	for (int i = 0; i < t->g->line_count; i++) {
		worth += got_of(t, pick, i) * line_of(t, i)->price_fen;
		any = any || got_of(t, pick, i) > 0;
	}
	return any &&
	    (!splits || t->merges[t->pick[pick]] || worth >= t->in->policy->parcel_min_fen);
}

int
fill_parcels_new(const struct table *t)
{
	int n = 0;

	for (int i = 0; i < t->pick_count; i++)
		n += !t->merges[t->pick[i]];
	return n;
}

/* ${whole}: everything must be laid, and every location be of use. */
bool
fill(struct table *t, bool whole)
{
	int n = t->g->demand_count, lines = t->g->line_count;
	bool splits = t->parcels_before + fill_parcels_new(t) > 1;
	int32_t want;

	if (t->fills++ >= TRIES_MAX)
		return false;
	memset(t->got, 0, sizeof(*t->got) * (size_t)(t->pick_count * lines * GOODS_OWNERS_MAX));
	memcpy(t->open_left, t->open, sizeof(*t->open) * (size_t)n);
	for (int i = 0; i < t->pick_count; i++)
		memcpy(cell(t->left, i, 0, n), cell(t->pool, t->pick[i], 0, n),
		    sizeof(*t->left) * (size_t)(n * GOODS_OWNERS_MAX));
	if (!lay_sets(t, 0, whole))
		return false;
	for (int i = 0; i < lines; i++) {
		if (line_of(t, i)->together > 0)
			continue;
		want = t->need[i];
		for (int k = 0; k < t->pick_count && want > 0; k++)
			want -= take(t, k, i, want);
		if (want > 0 && whole)
			return false;
	}
	for (int i = 0; i < t->pick_count && whole; i++)
		if (!fill_parcel_fits(t, i, splits))
			return false;
	return true;
}

const int32_t *
fill_got(const struct table *t, int pick, int pos)
{
	return cell(t->got, pick, pos, t->g->line_count);
}
