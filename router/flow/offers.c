#include "flow/offers.h"

/* With no way asked: the policy's own first, then what a store near by can do. */
#define SPREAD_SHIP_MAX 2
#define SPREAD_DELIVER_MAX 1

struct calc {
	const struct offers_in *in;
	struct arena *arena;
	struct request request; /* its way is the one being asked for */
	struct choices got;     /* for that way */
	struct offers *out;
};

/* A customer does not care which warehouse of a kind ships: an equal offer is told once. */
static bool
offered(const struct world *w, const struct plan *p, const struct choice *before, int count)
{
	enum location_kind kind = w->locations[world_location(w, p->parts[0].location)].kind;

	for (int i = 0; i < count && p->way == WAY_SHIP; i++) {
		const struct plan *other = before[i].plan;

		if (other->way == WAY_SHIP &&
		    w->locations[world_location(w, other->parts[0].location)].kind == kind)
			return true;
	}
	return false;
}

/* Nothing of ${in} was told: is it that no split would do, or that other ways tell all there is? */
static enum err
why_nothing(struct calc *c, const struct choose_in *in, struct reason *r)
{
	enum err e = ERR_OK;

	for (int i = 0; i < c->got.decision->option_count; i++) {
		e = choose_split(in, i, c->arena, &c->got, r);
		if (e != ERR_MARGIN_BELOW_FLOOR)
			break;
	}
	if (e != ERR_OK)
		return e;
	c->out->split_version = c->got.book->version;
	return reason_set(r, ERR_NO_LOCATION, NULL, "no store near by can do this now");
}

/* A plan is split only when it is about to be told.  ${only}: as with add_way(). */
static enum err
add_choices(struct calc *c, const struct choose_in *in, int count_max, bool only, struct reason *r)
{
	const struct decision *d = c->got.decision;
	const struct choice *told = &c->out->choice[c->out->count];
	int count = 0;
	enum err e;

	for (int i = 0; i < d->option_count && count < count_max; i++) {
		const struct plan *p = &d->options[i];

		if ((only && p->way != in->request->way) || offered(in->world, p, told, count))
			continue;
		e = choose_split(in, i, c->arena, &c->got, r);
		if (e == ERR_MARGIN_BELOW_FLOOR)
			continue;
		if (e != ERR_OK)
			return e;
		c->out->choice[c->out->count + count] = c->got.choice[count];
		count++;
	}
	if (count == 0)
		return why_nothing(c, in, r);
	c->out->count += count;
	c->out->split_version = c->got.book->version;
	return ERR_OK;
}

/* ${only}: leave out plans that fell back to another way, they are told under their own. */
static enum err
add_way(struct calc *c, enum way way, int count_max, bool only)
{
	struct choose_in in = {.app = c->in->app,
	    .world = c->in->world,
	    .policy = c->in->policy,
	    .request = &c->request,
	    .owner = c->in->owner,
	    .book = c->in->book,
	    .collector = c->in->collector,
	    .options_max = c->in->options_max,
	    .no_record = true};
	struct reason r;
	enum err e;

	if (count_max <= 0)
		return ERR_OK;
	c->request.way = way;
	e = choose_plans(&in, c->arena, &c->got, &r);
	if (e == ERR_OK)
		e = add_choices(c, &in, count_max, only, &r);
	if (e == ERR_OK || e == ERR_NO_MEMORY)
		return e;
	c->out->refusals[c->out->refusal_count].way = way;
	c->out->refusals[c->out->refusal_count++].reason = r;
	return ERR_OK;
}

enum err
offers_make(const struct offers_in *in, struct arena *arena, struct offers *out)
{
	const struct request *q = in->request;
	int most = in->options_max;
	struct calc c = {.in = in, .arena = arena, .request = *q, .out = out};
	enum err e;

	out->count = 0;
	out->refusal_count = 0;
	out->split_version = 0;
	if (q->way != WAY_NONE)
		return add_way(&c, q->way, most, false);
	e = add_way(&c, WAY_NONE, most < SPREAD_SHIP_MAX ? most : SPREAD_SHIP_MAX, false);
	most = in->options_max - out->count;
	if (e == ERR_OK && q->has_position)
		e = add_way(&c, WAY_DELIVER, most < SPREAD_DELIVER_MAX ? most : SPREAD_DELIVER_MAX,
		    true);
	if (e == ERR_OK && (q->has_position || q->location != NONE))
		e = add_way(&c, WAY_PICKUP, in->options_max - out->count, true);
	return e;
}
