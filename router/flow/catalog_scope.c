#include "flow/catalog_scope.h"

#include <string.h>

#include "base/clock.h"
#include "flow/app.h"

#define CLAIM_AHEAD_US US_PER_MIN /* a client's clock may be this far ahead of ours */

static enum err
denied(struct call *c, const char *above, const char *location)
{
	return convert_fail(&c->reason, ERR_PERMISSION_DENIED, AT(above, "location"),
	    "this key may not write for %s", location);
}

enum err
scope_location(struct call *c, const char *above, const char *location)
{
	if (principal_may(c->principal, "location", location))
		return ERR_OK;
	return denied(c, above, location);
}

/* A storefront may claim for its own store, its dealer's stores, or, the brand's, for all. */
static bool
front_covers(const struct world *w, const struct storefront *f, int32_t location)
{
	if (f->location == NONE && f->dealer == 0)
		return true;
	if (f->location != NONE)
		return f->location == location;
	return location != NONE && w->locations[location].party == f->dealer;
}

static bool
storefront_key_covers(const struct call *c, const char *location)
{
	static const char kind[] = "storefront:";
	const struct world *w = catalog_world(call_app(c)->catalog);
	const struct principal *p = c->principal;
	const char *code;
	uint32_t at, front;
	int i;

	at = strmap_get(&w->location_code, location);
	for (i = 0; i < p->scope_count; i++) {
		if (strncmp(p->scopes[i], kind, sizeof(kind) - 1) != 0)
			continue;
		code = p->scopes[i] + sizeof(kind) - 1;
		if (strcmp(code, "*") == 0)
			return true;
		front = strmap_get(&w->storefront_code, code);
		if (front != STRMAP_NONE &&
		    front_covers(w, &w->storefronts[front], at == STRMAP_NONE ? NONE : (int32_t)at))
			return true;
	}
	return false;
}

bool
scope_claims_for(const struct call *c, const char *location)
{
	return c->principal->role == ROLE_STOREFRONT
	    ? storefront_key_covers(c, location)
	    : principal_may(c->principal, "location", location);
}

enum err
scope_claim(struct call *c, const char *above, const char *location, int64_t from_us)
{
	int64_t age_ms_max = call_app(c)->conf->claim_age_ms_max;

	if (!scope_claims_for(c, location))
		return denied(c, above, location);
	if (c->principal->role != ROLE_STOREFRONT && c->principal->role != ROLE_STORE)
		return ERR_OK;
	return claim_time_check(&c->reason, AT(above, "from"), from_us, c->received_us, age_ms_max);
}

enum err
claim_time_check(struct reason *r, const struct place *at, int64_t at_us, int64_t now_us,
    int64_t age_ms_max)
{
	if (at_us > now_us + CLAIM_AHEAD_US)
		return convert_fail(r, ERR_BAD_FIELD, at, "is in the future");
	if (at_us < now_us - age_ms_max * US_PER_MS)
		return convert_fail(r, ERR_BAD_FIELD, at, "is longer ago than claim_age_ms_max");
	return ERR_OK;
}
