#ifndef ROUTER_FLOW_ADMIN_FLOW_H
#define ROUTER_FLOW_ADMIN_FLOW_H

/*
 * admin_flow: what an operator's tools ask, without a key.
 *
 *   /healthz  200 "ok" while the loop turns
 *   /readyz   200 "ok", or 503 and why: starting, draining, no database
 *   /metrics  Prometheus text
 */
#include "flow/app.h"

/* Adds the routes to ${app}->http. */
void admin_attach(struct app *app);
/* Why the service is not ready, for people; NULL: it is. */
const char *admin_not_ready(const struct app *app);

#endif
