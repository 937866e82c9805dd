#include "flow/known.h"

#include "base/log.h"
#include "domain/record.h"
#include "flow/return_message.h"
#include "store/money_read.h"

static bool
party_known(const struct world *w, int32_t id)
{
	return id == 0 || world_party_row(w, id) != NULL;
}

static bool
location_known(const struct world *w, int32_t id)
{
	return id == 0 || world_location_row(w, id) != NULL;
}

static bool
fulfilment_known(const struct world *w, const struct fulfilment_read *f)
{
	if (world_location_row(w, f->location) == NULL)
		return false;
	for (int i = 0; i < f->line_count; i++)
		if (!party_known(w, f->lines[i].goods_owner))
			return false;
	return true;
}

/* The record names more than the order does: every candidate that was looked at. */
static bool
record_known(const struct world *w, const struct decision_read *d, struct arena *a)
{
	struct frozen *f;

	return d == NULL || record_decode(w, d->record, d->record_len, a, &f) != ERR_BAD_BODY;
}

static bool
money_known(const struct world *w, const struct money_read *m, struct arena *a)
{
	for (int i = 0; m != NULL && i < m->decision_count; i++) {
		for (int n = 0; n < m->decisions[i].leg_count; n++)
			if (!party_known(w, m->decisions[i].legs[n].party))
				return false;
		if (!record_known(w, &m->decisions[i], a))
			return false;
	}
	return true;
}

bool
order_is_known(const struct world *w, const struct order_read *o, struct arena *a)
{
	if (world_party_row(w, o->dealer) == NULL || world_party_row(w, o->collector) == NULL ||
	    world_storefront(w, o->storefront) == NONE || !location_known(w, o->owner_location) ||
	    !party_known(w, o->owner_staff))
		return false;
	for (int i = 0; i < o->line_count; i++)
		if (world_sku(w, o->lines[i].sku) == NONE ||
		    (o->lines[i].campaign != 0 && world_campaign(w, o->lines[i].campaign) == NONE))
			return false;
	for (int i = 0; i < o->fulfilment_count; i++)
		if (!fulfilment_known(w, &o->fulfilments[i]))
			return false;
	for (int i = 0; o->decision != NULL && i < o->decision->leg_count; i++)
		if (!party_known(w, o->decision->legs[i].party))
			return false;
	return returns_known(w, o) && record_known(w, o->decision, a) &&
	    money_known(w, o->money, a);
}

/* ---- Not yet known ---- */

struct wait {
	const char *req;
	bool (*is_known)(void *ctx);
	void (*done)(void *ctx, enum err e);
	void *ctx;
};

static void
refresh_done(void *ctx, enum err e)
{
	const struct wait *w = ctx;

	if (e == ERR_OK && !w->is_known(w->ctx)) {
		log_error(LOG_MSG("what was read names what the catalog does not have"),
		    LOG_STR("req", w->req));
		e = ERR_INTERNAL;
	}
	w->done(w->ctx, e);
}

enum err
known_wait(struct app *app, struct arena *arena, const char *req, bool (*is_known)(void *ctx),
    void (*done)(void *ctx, enum err e), void *ctx)
{
	struct wait *w = arena_alloc(arena, sizeof(*w));

	if (w == NULL)
		return ERR_NO_MEMORY;
	*w = (struct wait){.req = req, .is_known = is_known, .done = done, .ctx = ctx};
	return catalog_refresh_then(app->catalog, refresh_done, w);
}
