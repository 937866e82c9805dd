/* ownership: see the header. */
#include <stddef.h>

#include "base/clock.h"
#include "domain/ownership.h"

static bool
live_party(const struct world *w, int32_t id)
{
	const struct party *p = world_party_row(w, id);

	return p != NULL && !p->disabled;
}

enum claim_standing
ownership_standing(const struct world *w, const struct claim *c, int64_t now_us)
{
	uint32_t now_min = (uint32_t)(now_us / US_PER_MIN);
	const struct location *l;

	if (c->from_min > now_min)
		return CLAIM_NOT_YET;
	if (c->until_min != 0 && c->until_min <= now_min)
		return CLAIM_ENDED;
	l = world_location_row(w, c->location);
	return l != NULL && live_party(w, l->party) ? CLAIM_LIVE : CLAIM_DEALER_GONE;
}

/* Kind, then time; the ids settle what cannot otherwise be told apart. */
bool
ownership_stronger(const struct claim *a, const struct claim *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (a->from_min != b->from_min)
		return a->from_min > b->from_min;
	if (a->from_us != b->from_us)
		return a->from_us > b->from_us;
	if (a->location != b->location)
		return a->location < b->location;
	return a->staff < b->staff;
}

static const struct claim *
best_claim(const struct world *w, const struct hints *h, const struct request *q)
{
	uint32_t at = 0;
	const struct claim *c, *best = NULL;

	while ((c = hints_claim_next(h, q->customer, &at)) != NULL)
		if (ownership_standing(w, c, q->now_us) == CLAIM_LIVE &&
		    (best == NULL || ownership_stronger(c, best)))
			best = c;
	return best;
}

static void
by_claim(const struct world *w, const struct claim *c, struct owner *out)
{
	const struct location *l = world_location_row(w, c->location);
	const struct party *staff = world_party_row(w, c->staff);

	out->dealer = l->party;
	out->store = l->id;
	/* Who left, or works for another now, earns no commission. */
	if (staff != NULL && !staff->disabled && staff->employer == l->party)
		out->staff = staff->id;
	out->since_min = c->from_min;
	switch ((enum claim_kind)c->kind) {
	case CLAIM_SCAN:
		out->source = OWNER_BY_SCAN;
		break;
	case CLAIM_BIND:
		out->source = OWNER_BY_BIND;
		break;
	case CLAIM_LOCATION:
		out->source = OWNER_BY_LOCATION;
		break;
	}
}

static void
by_location(const struct location *l, enum owner_source source, struct owner *out)
{
	out->dealer = l->party;
	out->store = l->id;
	out->source = source;
}

static bool
by_storefront(const struct world *w, const struct request *q, struct owner *out)
{
	const struct storefront *f = &w->storefronts[q->storefront];

	if (f->location != NONE && live_party(w, w->locations[f->location].party)) {
		by_location(&w->locations[f->location], OWNER_BY_STOREFRONT, out);
		return true;
	}
	if (f->location == NONE && f->dealer != 0 && f->dealer != w->brand &&
	    live_party(w, f->dealer)) {
		out->dealer = f->dealer;
		out->source = OWNER_BY_STOREFRONT;
		return true;
	}
	return false;
}

void
ownership_find(const struct world *w, const struct hints *h, const struct policy *p,
    const struct request *q, struct owner *out)
{
	const struct claim *c;

	*out = (struct owner){0};
	if (p != NULL && p->serving_store_counts && q->serving_store != NONE &&
	    live_party(w, w->locations[q->serving_store].party)) {
		by_location(&w->locations[q->serving_store], OWNER_BY_SERVING, out);
		return;
	}
	c = best_claim(w, h, q);
	if (c != NULL) {
		by_claim(w, c, out);
		return;
	}
	if (by_storefront(w, q, out))
		return;
	if (q->territory != NONE && !w->territories[q->territory].disabled &&
	    live_party(w, w->territories[q->territory].dealer)) {
		out->dealer = w->territories[q->territory].dealer;
		out->source = OWNER_BY_TERRITORY;
		return;
	}
	out->dealer = w->brand;
	out->source = OWNER_BY_BRAND;
}

struct first_offer
ownership_first_offer(const struct world *w, const struct policy *p, int32_t dealer)
{
	struct first_offer f = {FIRST_OFFER_HELD, 0, 0};
	const struct party *owner = world_party_row(w, dealer);

	if (owner == NULL || owner->kind != PARTY_DEALER)
		return f;
	if (p->first_offer_grade_worst > 0 && owner->grade > p->first_offer_grade_worst)
		f.state = FIRST_OFFER_LOST_GRADE;
	else if (owner->accept_bps < p->first_offer_accept_bps_min)
		f.state = FIRST_OFFER_LOST_ACCEPT;
	if (f.state != FIRST_OFFER_HELD) {
		f.grade = owner->grade;
		f.accept_bps = owner->accept_bps;
	}
	return f;
}
