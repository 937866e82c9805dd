#ifndef ROUTER_FLOW_TELL_H
#define ROUTER_FLOW_TELL_H

/*
 * tell: what one running service tells the world, and hears from it, beside its calls: webhooks with their fan-out,
 * the courier; and the erasing of what is past its time.
 */
#include "flow/app.h"

/* Makes what ${app} does not have yet; CONF, logged: the courier's settings are wrong. */
enum err tell_start(struct app *app) MUST_CHECK;
/* No more is begun; what is under way is let finish, and leases are given back. */
void tell_drain(struct app *app);
bool tell_drained(const struct app *app); /* or the database is not there to say so */
void tell_free(struct app *app);

#endif
