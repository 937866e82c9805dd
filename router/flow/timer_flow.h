#ifndef ROUTER_FLOW_TIMER_FLOW_H
#define ROUTER_FLOW_TIMER_FLOW_H

/*
 * timer_flow: what ends by itself is fired, each as an act of nobody; design "Deadlines", "Hops".
 *
 *   OFFERED, deadline over        lapse; the units look for another home
 *   REJECTED, EXPIRED             another home: flow/rehome.h
 *   ACCEPTED, not ready in time   overdue: told, once
 *   READY_FOR_PICKUP, hold over   NOT_COLLECTED, then RESTOCKED
 *   OUT_FOR_DELIVERY, SHIPPED     a carrier's silence: DELIVERED
 *   DELIVERY_FAILED, RETURNING    turned back; then lost
 *   AWAITING_CUSTOMER, UNFILLABLE what has no home is cancelled
 *   returns nobody brings, nobody inspects: flow/return_act.h · a balance nobody pays: flow/production.h
 */
#include "flow/app.h"

struct timers;

enum err timers_new(struct timers **out, struct app *app) MUST_CHECK;
/* No more are leased; what is under way ends unheard, and its memory goes with the last of it. */
void timers_free(struct timers *t);
/* Something may be due at once: look now, not at the next tick. */
void timers_poke(struct timers *t);

#endif
