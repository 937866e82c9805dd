#include "flow/app.h"

void
call_fail_err(struct call *c, enum err e)
{
	if (c->reason.err != e)
		(void)reason_set(&c->reason, e, NULL, "%s", err_text(e));
	call_fail(c, &c->reason, NULL);
}

struct pin {
	struct catalog *catalog;
	const struct world *world;
};

static void
unpin(void *ctx)
{
	struct pin *p = ctx;

	catalog_unpin(p->catalog, p->world);
}

const struct world *
call_world(struct call *c)
{
	struct catalog *catalog = call_app(c)->catalog;
	struct pin *p = arena_alloc(c->arena, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->catalog = catalog;
	p->world = catalog_pin(catalog);
	if (arena_on_free(c->arena, unpin, p) == ERR_OK)
		return p->world;
	catalog_unpin(catalog, p->world);
	return NULL;
}
