/* random_world: see the header. */
#include <stdlib.h>
#include <string.h>

#include "domain/random_world.h"
#include "draw.h"

uint32_t
rng_next(struct rng *r)
{
	return (uint32_t)(draw(&r->state) >> 32);
}

int
rng_below(struct rng *r, int n)
{
	return (int)(rng_next(r) % (uint32_t)n);
}

static void
random_hours(struct rng *r, struct hours *h)
{
	h->always = rng_below(r, 2) == 0;
	for (int i = 0; i < HOURS_MAX && !h->always; i++) {
		h->open[i] = (int16_t)(rng_below(r, 4) == 0 ? 0 : 480 + rng_below(r, 120));
		h->close[i] = (int16_t)(h->open[i] == 0 ? 0 : h->open[i] + rng_below(r, 800));
	}
}

static void
random_location(struct fixture *f, struct rng *r, int skus)
{
	enum location_kind kind = rng_below(r, 4) > 0 ? LOC_STORE
	    : rng_below(r, 2)                         ? LOC_CLOUD
	                                              : LOC_SITE;
	int32_t party = kind == LOC_STORE ? 1 + rng_below(r, 3) : f->brand, id;
	struct location *l;
	struct stock_hint *s;

	id = fixture_location(f, kind, party, rng_below(r, 30));
	l = fixture_at(f, id);
	l->lon_e6 += rng_below(r, 200000);
	l->disabled = rng_below(r, 20) == 0;
	l->preference = rng_below(r, 3);
	l->capacity_day = rng_below(r, 3) == 0 ? 1 + rng_below(r, 3) : 0;
	l->lead_min = rng_below(r, 90);
	l->cut_off_min = rng_below(r, 4) == 0 ? 1000 : 0;
	l->territory = rng_below(r, 3) - 1;
	random_hours(r, &l->hours);
	if (l->capacity_day > 0)
		hints_capacity_put(&f->hints, id, (int32_t)(F_NOW / 86400000000))->limit =
		    l->capacity_day;
	for (int32_t k = 1; k <= skus; k++) {
		for (int owners = rng_below(r, 4); owners > 0; owners--) {
			s = fixture_stock(f, id, k, 1 + rng_below(r, 6), rng_below(r, 6) - 1);
			s->safety = rng_below(r, 3);
			s->inflight = rng_below(r, 5) == 0;
			s->suspect_until_min = rng_below(r, 12) == 0 ? UINT32_MAX : 0;
			s->counted_min -= rng_below(r, 10) == 0 ? 100000 : 0;
		}
	}
}

static void
random_policy(struct fixture *f, struct rng *r)
{
	static const enum way ways[] = {WAY_SHIP, WAY_SHIP, WAY_PICKUP, WAY_DELIVER};
	struct policy *p = &f->policy;
	struct rule_step steps[RULE_STEPS_MAX];
	struct rule *rule;
	int n;

	for (int i = 0; i < 3; i++) {
		n = 1 + rng_below(r, RULE_STEPS_MAX - 1);
		for (int k = 0; k < n; k++)
			steps[k] = (struct rule_step){ways[rng_below(r, 4)],
			    (enum source)(1 + rng_below(r, 6))};
		rule = fixture_rule(f, n, steps);
		rule->price_from_fen = i == 2 ? 0 : rng_below(r, 1500);
	}
	n = rng_below(r, RANK_COUNT);
	for (int i = 0; i < n; i++)
		p->ranking[i] = (enum rank_key)(1 + rng_below(r, RANK_COUNT - 1));
	p->rank_count = n;
	p->scan_max = rng_below(r, 4) == 0 ? 3 : SCAN_MAX;
	p->distance_band_m = rng_below(r, 3) * 1000;
	p->max_parcels = 1 + rng_below(r, 5);
	p->fewest_parcels = rng_below(r, 2);
	p->partial = rng_below(r, 4) == 0;
	p->territory_exclusive = rng_below(r, 4) == 0;
	p->grade_worst = rng_below(r, 4);
	p->stale_after_min = rng_below(r, 2) * 1440;
	p->parcel_min_fen = rng_below(r, 3) == 0 ? rng_below(r, 3000) : 0;
	p->first_offer_grade_worst = rng_below(r, 3) == 0 ? 1 + rng_below(r, 2) : 0;
	p->first_offer_accept_bps_min = rng_below(r, 6) == 0 ? 10000 : 0;
	f->parties[rng_below(r, 3)].accept_bps = 9000;
	p->fee_fen[WAY_SHIP] = 900;
	p->fee_free_from_fen[WAY_SHIP] = 5000;
	p->fee_fen[WAY_DELIVER] = 500;
}

static void
random_request(struct fixture *f, struct rng *r, int skus)
{
	struct request *q = &f->request;
	struct order_line *l;
	int lines = 1 + (rng_below(r, 3) == 0 ? rng_below(r, 8) : rng_below(r, 2));

	q->way = (enum way)rng_below(r, WAY_COUNT);
	q->location = rng_below(r, 3) == 0 ? rng_below(r, f->world.location_count) : NONE;
	q->has_position = rng_below(r, 6) > 0;
	q->territory = rng_below(r, 3) - 1;
	q->exclude_count = rng_below(r, 3);
	for (int i = 0; i < q->exclude_count; i++)
		q->exclude[i] = 1 + rng_below(r, f->world.location_count);
	q->now_us += rng_below(r, 7 * 24) * F_HOUR;
	for (int i = 0; i < lines; i++) {
		l = fixture_line(f, 1 + rng_below(r, skus), 1 + rng_below(r, 5));
		l->price_fen -= rng_below(r, 400);
		l->together = rng_below(r, 4) == 0 ? 1 + rng_below(r, 2) : 0;
	}
	f->owner.dealer = 1 + rng_below(r, 3);
	f->owner.store = rng_below(r, 2) ? 1 + rng_below(r, f->world.location_count) : 0;
}

struct fixture *
random_world(struct rng *r)
{
	struct fixture *f = fixture_new();
	int skus = 1 + rng_below(r, 4), locations = 1 + rng_below(r, 24);
	struct entitlement_hint *e;

	for (int i = 0; i < 3; i++)
		fixture_party(f, PARTY_DEALER, 1 + i);
	for (int i = 1; i < skus; i++)
		fixture_sku(f, 500 + 100 * rng_below(r, 10));
	for (int i = 1; i <= skus; i++) {
		fixture_sku_at(f, i)->scarce = rng_below(r, 4) == 0;
		fixture_sku_at(f, i)->made_to_order = rng_below(r, 8) == 0;
		for (int d = 1; d <= 3; d++) {
			e = hints_entitlement_put(&f->hints, d, i);
			e->ceiling = rng_below(r, 6);
			e->used = rng_below(r, 2);
		}
	}
	fixture_territory(f, f->dealer);
	fixture_territory(f, f->other);
	for (int i = 0; i < locations; i++)
		random_location(f, r, skus);
	random_policy(f, r);
	fixture_ready(f);
	random_request(f, r, skus);
	return f;
}

static void
shuffle_list(int32_t *list, int32_t n, struct rng *r)
{
	for (int32_t i = n - 1; i > 0; i--) {
		int32_t k = rng_below(r, i + 1), t = list[i];

		list[i] = list[k];
		list[k] = t;
	}
}

static void
shuffle_stock(struct fixture *f, struct rng *r)
{
	struct stock_hint *old = malloc(sizeof(f->stock)), *to;
	int32_t *order = malloc(F_STOCK * sizeof(*order)), n = 0;

	memcpy(old, f->stock, sizeof(f->stock));
	memset(f->stock, 0, sizeof(f->stock));
	for (int32_t i = 0; i < F_STOCK; i++)
		if (old[i].sku != 0)
			order[n++] = i;
	shuffle_list(order, n, r);
	for (int32_t l = 1; l <= F_LOCATIONS; l++)
		f->regions[l].used = 0;
	for (int32_t i = 0; i < n; i++)
		for (int32_t l = 1; l <= f->world.location_count; l++) {
			uint32_t at = (uint32_t)order[i];

			if (at < f->regions[l].first ||
			    at >= f->regions[l].first + f->regions[l].size)
				continue;
			to = hints_stock_put(&f->hints, l, old[at].sku, old[at].goods_owner);
			*to = old[at];
		}
	free(order);
	free(old);
}

void
random_shuffle(struct fixture *f, struct rng *r)
{
	const struct world *w = &f->world;

	shuffle_stock(f, r);
	shuffle_list(f->central, w->central_count, r);
	for (int32_t p = 0; p < w->party_count; p++)
		shuffle_list(f->party_stores + f->party_first[p],
		    f->party_first[p + 1] - f->party_first[p], r);
}
