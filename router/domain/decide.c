/* decide: rules to groups, groups to runs, runs to plans.  See the header. */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "domain/candidate.h"
#include "domain/decide.h"
#include "domain/ownership.h"
#include "domain/place.h"

struct deciding {
	const struct decide_in *in; /* NULL: again, over recorded runs */
	const struct request *request;
	const struct policy *policy;
	struct arena *arena;
	struct decision *d;
	int options_max;
	int run_first; /* of the group at hand */
	int steps_count;
	struct run_steps steps[RULE_STEPS_MAX];
	struct group *group; /* at hand */
};

/* ---- Rules and groups ---- */

static struct rule_view
view_of(const struct decide_in *in)
{
	const struct request *q = in->request;
	const struct storefront *f = &in->world->storefronts[q->storefront];
	const struct party *dealer = world_party_row(in->world, in->owner->dealer);

	return (struct rule_view){
	    .way = q->way,
	    .front_kind = f->kind,
	    .channel = f->channel,
	    .territory = q->territory == NONE ? 0 : in->world->territories[q->territory].id,
	    .grade = dealer == NULL ? 0 : dealer->grade,
	    .now_us = q->now_us,
	};
}

static bool
refused_line(const struct decide_in *in, int line, int rule, struct reason *r)
{
	char field[REASON_FIELD_MAX];

	if (rule != NONE && !in->policy->rules[rule].refuse)
		return false;
	(void)snprintf(field, sizeof(field), "basket.lines[%d].sku", line);
	if (rule == NONE) {
		reason_set(r, ERR_NO_LOCATION, field,
		    "no rule of the routing policy fits this line");
		return true;
	}
	reason_set(r, ERR_REFUSED_BY_RULE, field, "%s", in->policy->rules[rule].refuse_text);
	return true;
}

/* Lines that travel together follow the top-most rule among them. */
static void
join_together(const struct request *q, int32_t *rule)
{
	for (int i = 0; i < q->line_count; i++) {
		if (q->lines[i].together <= 0)
			continue;
		for (int k = 0; k < q->line_count; k++)
			if (q->lines[k].together == q->lines[i].together && rule[k] < rule[i])
				rule[i] = rule[k];
	}
}

/* false: refused, and d->refusal says why. */
static bool
find_rules(const struct decide_in *in, struct decision *d)
{
	const struct request *q = in->request;
	struct rule_view v = view_of(in);
	int32_t rule[ORDER_LINES_MAX];
	const struct sku *s;
	int g;

	assert(q->line_count > 0 && q->line_count <= ORDER_LINES_MAX);
	for (int i = 0; i < q->line_count; i++) {
		s = &in->world->skus[q->lines[i].sku];
		rule[i] = policy_rule_find(in->policy, &v, s, q->lines[i].price_fen);
		if (refused_line(in, i, rule[i], &d->refusal))
			return false;
	}
	join_together(q, rule);
	for (int i = 0; i < q->line_count; i++) {
		for (g = 0; g < d->group_count && d->rule_of_group[g] != rule[i]; g++)
			continue;
		if (g == GROUPS_MAX) {
			reason_set(&d->refusal, ERR_NO_LOCATION, "basket.lines",
			    "its lines fall under more than %d rules", GROUPS_MAX);
			return false;
		}
		if (g == d->group_count)
			d->rule_of_group[d->group_count++] = rule[i];
		d->group_of_line[i] = g;
	}
	return true;
}

static int32_t
entitlement_left(const struct decide_in *in, const struct sku *s)
{
	const struct entitlement_hint *e;
	int64_t left;

	if (!s->scarce)
		return -1;
	e = hints_entitlement(in->hints, in->owner->dealer, s->id);
	if (e == NULL)
		return 0;
	left = (int64_t)e->ceiling - e->used - (in->ignore_inflight ? 0 : e->inflight);
	return left > 0 ? (int32_t)left : 0;
}

/* ${in} NULL: the world's part is left out. */
static void
make_group(const struct decide_in *in, const struct request *q, const struct decision *d,
    int number, struct group *g)
{
	const struct sku *s;
	struct demand *to;
	int k;

	g->number = number;
	g->made_to_order = false;
	g->line_count = g->demand_count = 0;
	for (int i = 0; i < q->line_count; i++) {
		if (d->group_of_line[i] != number)
			continue;
		for (k = 0; k < g->demand_count && g->demand[k].sku != q->lines[i].sku; k++)
			continue;
		to = &g->demand[k];
		if (k == g->demand_count) {
			*to = (struct demand){.sku = q->lines[i].sku, .entitlement_left = -1};
			g->demand_count++;
			if (in != NULL) {
				s = &in->world->skus[to->sku];
				to->sku_id = s->id;
				to->stocked = !s->made_to_order;
				to->entitlement_left = entitlement_left(in, s);
				g->made_to_order = g->made_to_order || s->made_to_order;
			}
		}
		to->need += q->lines[i].quantity;
		if (q->lines[i].price_fen > to->price_fen)
			to->price_fen = q->lines[i].price_fen;
		g->line[g->line_count] = i;
		g->demand_of[g->line_count++] = k;
	}
}

/* ---- Runs ---- */

static void
begin_group(struct deciding *x, int number)
{
	struct decision *d = x->d;

	make_group(x->in, x->request, d, number, x->group);
	if (x->in != NULL) {
		x->run_first = d->run_count;
		x->steps_count = candidate_runs(&x->policy->rules[d->rule_of_group[number]],
		    x->in->central_only, x->steps);
		return;
	}
	for (x->run_first = 0; x->run_first < d->run_count && d->runs[x->run_first].group < number;)
		x->run_first++;
}

/* The group's run ${n}, examined when it is first asked for; ${*out} NULL: there is none. */
static enum err
get_run(struct deciding *x, int n, struct step_run **out)
{
	struct decision *d = x->d;
	int at = x->run_first + n;

	*out = NULL;
	if (at < d->run_count) {
		if (d->runs[at].group == x->group->number)
			*out = &d->runs[at];
		return ERR_OK;
	}
	if (x->in == NULL || n >= x->steps_count)
		return ERR_OK;
	*out = &d->runs[d->run_count++];
	return candidate_gather(x->in, x->group, &x->steps[n], x->arena, *out);
}

static struct place_in
place_in(struct deciding *x, const struct step_run *run, const struct plan *before)
{
	return (struct place_in){
	    .request = x->request,
	    .policy = x->policy,
	    .group = x->group,
	    .run = run,
	    .before = before,
	    .arena = x->arena,
	};
}

/* ---- Refusals ---- */

static void
unrefuse(struct decision *d)
{
	d->refusal.err = ERR_OK;
	d->refusal.field[0] = d->refusal.text[0] = '\0';
}

static void
count_reasons(const struct deciding *x, int64_t tally[OUT_COUNT])
{
	const struct step_run *r;

	for (int i = x->run_first; i < x->d->run_count; i++) {
		r = &x->d->runs[i];
		if (r->group != x->group->number)
			break;
		for (int k = 0; k < OUT_COUNT; k++)
			tally[k] += r->rest[k];
		for (int k = 0; k < r->candidate_count; k++)
			tally[r->candidates[k].out]++;
	}
}

static enum err
entitlement_in_the_way(struct deciding *x, const struct plan *before, bool *out)
{
	struct step_run *run;
	struct place_in in;
	struct plan *plan;
	enum err e;

	*out = false;
	for (int n = 0; !*out; n++) {
		e = get_run(x, n, &run);
		if (e != ERR_OK || run == NULL)
			return e;
		in = place_in(x, run, before);
		in.no_entitlement = true;
		e = place_cover(&in, &plan);
		if (e != ERR_OK)
			return e;
		*out = plan != NULL;
	}
	return ERR_OK;
}

static enum err
refuse(struct deciding *x, const struct plan *before)
{
	static const enum reason_code short_of[] = {OUT_STOCK, OUT_SAFETY, OUT_STALE, OUT_SUSPECT,
	    OUT_SPLIT_OFF, OUT_PARCEL_MIN};
	int64_t tally[OUT_COUNT] = {0}, stock = 0;
	enum err why = ERR_NO_LOCATION, e;
	bool entitled = false;

	count_reasons(x, tally);
	for (size_t i = 0; i < sizeof(short_of) / sizeof(short_of[0]); i++)
		stock += tally[short_of[i]];
	if (tally[OUT_NOT] > 0) {
		e = entitlement_in_the_way(x, before, &entitled);
		if (e != ERR_OK)
			return e;
		why = entitled ? ERR_ENTITLEMENT_USED : ERR_OUT_OF_STOCK;
	} else if (stock > 0) {
		why = ERR_OUT_OF_STOCK;
	} else if (tally[OUT_ENTITLEMENT] > 0) {
		why = ERR_ENTITLEMENT_USED;
	} else if (tally[OUT_SLOT] > 0) {
		why = ERR_SLOT_FULL;
	}
	reason_set(&x->d->refusal, why, why == ERR_SLOT_FULL ? "basket.slot" : "basket.lines", "%s",
	    err_text(why));
	return ERR_OK;
}

/* ---- Plans ---- */

static void
add_option(struct deciding *x, const struct plan *plan)
{
	if (x->d->option_count < x->options_max)
		x->d->options[x->d->option_count++] = *plan;
}

/* Each other survivor that covers the group alone. */
static enum err
add_singles(struct deciding *x, const struct step_run *run, const struct plan *best)
{
	struct place_in in = place_in(x, run, NULL);
	struct plan *plan;
	enum err e;

	for (int i = 0; i < run->candidate_count && x->d->option_count < x->options_max; i++) {
		if (run->candidates[i].out != OUT_NOT ||
		    (best->part_count == 1 &&
		        best->parts[0].location == run->candidates[i].location))
			continue;
		e = place_alone(&in, i, &plan);
		if (e != ERR_OK)
			return e;
		if (plan != NULL)
			add_option(x, plan);
	}
	return ERR_OK;
}

/* What fits, over all runs; ${*plan} grows. */
static enum err
lay_some(struct deciding *x, struct plan **plan)
{
	struct step_run *run;
	struct place_in in;
	struct plan *more;
	enum err e;

	for (int n = 0;; n++) {
		e = get_run(x, n, &run);
		if (e != ERR_OK || run == NULL)
			return e;
		in = place_in(x, run, *plan);
		e = place_some(&in, &more);
		if (e != ERR_OK)
			return e;
		if (more != NULL)
			*plan = more;
	}
}

/* The first run that covers the group after ${before}; options on the way when there is but one group. */
static enum err
cover_group(struct deciding *x, const struct plan *before, struct plan **out)
{
	struct step_run *run;
	struct place_in in;
	struct plan *plan;
	enum err e;

	*out = NULL;
	for (int n = 0;
	     *out == NULL || (x->d->group_count == 1 && x->d->option_count < x->options_max); n++) {
		e = get_run(x, n, &run);
		if (e != ERR_OK || run == NULL)
			return e;
		in = place_in(x, run, before);
		e = place_cover(&in, &plan);
		if (e != ERR_OK)
			return e;
		if (plan == NULL)
			continue;
		*out = *out == NULL ? plan : *out;
		if (x->d->group_count > 1)
			continue;
		add_option(x, plan);
		e = add_singles(x, run, plan);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
place_groups(struct deciding *x)
{
	struct decision *d = x->d;
	struct plan *plan = NULL, *next;
	enum err e;

	for (int g = 0; g < d->group_count; g++) {
		begin_group(x, g);
		e = cover_group(x, plan, &next);
		if (e != ERR_OK)
			return e;
		if (next != NULL) {
			plan = next;
			continue;
		}
		if (d->refusal.err == ERR_OK)
			e = refuse(x, plan);
		if (e == ERR_OK && !x->policy->partial)
			return ERR_OK;
		if (e == ERR_OK)
			e = lay_some(x, &plan);
		if (e != ERR_OK)
			return e;
	}
	if (plan == NULL)
		return ERR_OK;
	unrefuse(d);
	if (d->option_count == 0)
		add_option(x, plan);
	return ERR_OK;
}

static bool
takes_from(const struct plan *plan, const struct decision *d, const struct step_run *r,
    const struct candidate *c)
{
	for (int i = 0; i < plan->part_count; i++) {
		const struct part *p = &plan->parts[i];

		if (p->location != c->location || p->way != c->way || c->out != OUT_NOT)
			continue;
		for (int k = 0; k < p->line_count; k++)
			if (d->group_of_line[p->lines[k].line] == r->group)
				return true;
	}
	return false;
}

void
decision_choose(struct decision *d, int index)
{
	assert(index >= 0 && index < d->option_count);
	d->options += index;
	d->option_count = 1;
	for (int i = 0; i < d->run_count; i++) {
		struct step_run *r = &d->runs[i];

		r->chosen = false;
		for (int k = 0; k < r->candidate_count; k++) {
			r->candidates[k].chosen = takes_from(d->options, d, r, &r->candidates[k]);
			r->chosen = r->chosen || r->candidates[k].chosen;
		}
	}
}

static enum err
make_options(struct deciding *x)
{
	struct decision *d = x->d;
	enum err e;
	int n;

	d->options = arena_array(x->arena, (size_t)x->options_max, sizeof(*d->options));
	if (d->options == NULL)
		return ERR_NO_MEMORY;
	e = place_groups(x);
	if (e != ERR_OK || d->option_count == 0)
		return e;
	n = d->option_count;
	decision_choose(d, 0); /* marks who is chosen */
	d->option_count = n;
	return ERR_OK;
}

static int
limit_options(int max)
{
	return max < 1 ? 1 : max > OPTIONS_MAX ? OPTIONS_MAX : max;
}

enum err
decide(const struct decide_in *in, struct arena *arena, struct decision **out)
{
	struct group group; /* large, and filled as it is used */
	struct deciding x = {
	    .in = in,
	    .request = in->request,
	    .policy = in->policy,
	    .arena = arena,
	    .options_max = limit_options(in->options_max),
	    .group = &group,
	};
	size_t runs = 0;
	struct decision *d;
	enum err e;

	d = arena_alloc(arena, sizeof(*d));
	if (d == NULL)
		return ERR_NO_MEMORY;
	*out = d;
	/* Its arrays are filled as far as they are used. */
	d->run_count = d->group_count = d->option_count = 0;
	d->runs = NULL;
	d->options = NULL;
	unrefuse(d);
	d->policy_version = in->policy->version;
	d->owner = *in->owner;
	d->first_offer = ownership_first_offer(in->world, in->policy, in->owner->dealer);
	if (!find_rules(in, d))
		return ERR_OK;
	for (int g = 0; g < d->group_count; g++)
		runs += (size_t)in->policy->rules[d->rule_of_group[g]].step_count;
	d->runs = arena_array(arena, runs, sizeof(*d->runs));
	if (d->runs == NULL)
		return ERR_NO_MEMORY;
	x.d = d;
	e = make_options(&x);
	assert(e != ERR_OK || (d->option_count == 0) == (d->refusal.err != ERR_OK));
	return e;
}

enum err
decide_again(const struct request *q, const struct policy *p, int options_max, struct arena *arena,
    struct decision *d)
{
	struct group group;
	struct deciding x = {
	    .request = q,
	    .policy = p,
	    .arena = arena,
	    .d = d,
	    .options_max = limit_options(options_max),
	    .group = &group,
	};

	d->option_count = 0;
	unrefuse(d);
	return make_options(&x);
}

/* ---- What a probe reads again ---- */

static bool
worth_probing(enum reason_code out)
{
	return out == OUT_NOT || (out >= OUT_STOCK && out <= OUT_SUSPECT) || out == OUT_SPLIT_OFF ||
	    out == OUT_PARCEL_MIN;
}

static int
add_key(const struct decide_in *in, int32_t location, int32_t sku, struct stock_key *keys,
    int count, int max)
{
	struct stock_hint *row;

	if (count == max || hints_stock_all(in->hints, location, sku, &row, 1) == 0)
		return count;
	for (int i = 0; i < count; i++)
		if (keys[i].location == location && keys[i].sku == sku)
			return count;
	keys[count] = (struct stock_key){location, sku, 0};
	return count + 1;
}

/* The nearest first: where ${max} cuts, it cuts the far ones. */
static int
add_keys(const struct decide_in *in, const struct group *g, struct judged *j,
    struct stock_key *keys, int count, int max)
{
	const struct probe *p, *best;

	while (count < max) {
		best = NULL;
		for (int i = 0; i < j->count; i++) {
			p = &j->probe[i];
			if (worth_probing(p->out) &&
			    (best == NULL || p->distance_m < best->distance_m))
				best = p;
		}
		if (best == NULL)
			return count;
		for (int i = 0; i < g->demand_count; i++)
			if (g->demand[i].stocked)
				count = add_key(in, in->world->locations[best->idx].id,
				    g->demand[i].sku_id, keys, count, max);
		j->probe[best - j->probe].out = OUT_DISABLED; /* done with */
	}
	return count;
}

int
decide_probe_keys(const struct decide_in *in, struct stock_key *keys, int max)
{
	struct run_steps steps[RULE_STEPS_MAX];
	struct decision d = {0};
	struct judged j;
	struct group g;
	int count = 0, n;

	if (!find_rules(in, &d))
		return 0;
	for (int i = 0; i < d.group_count; i++) {
		make_group(in, in->request, &d, i, &g);
		n = candidate_runs(&in->policy->rules[d.rule_of_group[i]], in->central_only, steps);
		for (int k = 0; k < n && count < max; k++) {
			candidate_judge(in, &g, &steps[k], &j);
			count = add_keys(in, &g, &j, keys, count, max);
		}
	}
	return count;
}
