#include "flow/catalog_scope.h"

#include <string.h>

#include "flow/app.h"
#include "flow/convert.h"

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

enum err
scope_claim(struct call *c, const char *above, const char *location)
{
	if (c->principal->role != ROLE_STOREFRONT)
		return scope_location(c, above, location);
	return storefront_key_covers(c, location) ? ERR_OK : denied(c, above, location);
}
