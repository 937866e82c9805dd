#include "flow/dispute.h"

/* Index of the territory the goods went to, or NONE. */
static int32_t
territory_of(const struct act_run *r, const struct fulfilment_read *f, const char **region)
{
	const struct contact_row *c = r->order->contact;

	*region = "";
	if (f->way == WAY_PICKUP)
		return world_location_row(r->world, f->location)->territory;
	if (c == NULL || c->region[0] == '\0')
		return NONE;
	*region = c->region;
	return world_region(r->world, c->region);
}

enum err
dispute_flag(struct act_run *r)
{
	const struct world *w = r->world;

	if (world_party_row(w, r->order->dealer)->kind != PARTY_DEALER)
		return ERR_OK;
	for (int i = 0; i < r->in.fulfilment_count; i++) {
		const struct act_fulfilment *x = &r->in.fulfilments[i];
		struct act_dispute *d;
		struct act_more *m;
		const char *region;
		int32_t at;

		if (x->from == x->is.state ||
		    (x->is.state != FUL_COLLECTED && x->is.state != FUL_DELIVERED))
			continue;
		at = territory_of(r, &x->is, &region);
		if (at == NONE || w->territories[at].dealer == r->order->dealer)
			continue;
		m = act_more_of(r);
		if (m == NULL)
			return ERR_NO_MEMORY;
		d = arena_alloc(r->arena, sizeof(*d));
		if (d == NULL)
			return ERR_NO_MEMORY;
		*d = (struct act_dispute){.next = m->dispute,
		    .number = x->is.number,
		    .territory = w->territories[at].id,
		    .territory_dealer = w->territories[at].dealer,
		    .location = x->is.location,
		    .way = x->is.way,
		    .region = region};
		m->dispute = d;
		(void)act_event_add(r, OUTBOX_DIVERTED, &x->is);
	}
	return ERR_OK;
}
