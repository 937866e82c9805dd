#ifndef ROUTER_FLOW_COURIER_ACT_H
#define ROUTER_FLOW_COURIER_ACT_H

/*
 * courier_act: the courier's news as acts on fulfilments, one order after the other, in the order told.
 *
 *   DELIVERED  the fulfilment is delivered
 *   FAILED     delivery failed: the store sends it out again, or it is turned back in time
 *   RETURNED   it is on its way back; the store inspects and restocks it
 *   LOST       lost
 *   others     nothing: the store dispatches what the courier picks up
 *
 * News of another tracking number than the fulfilment's are of an earlier attempt; news that its state does not
 * allow were acted on before, by a person or by their first copy.  Both are passed over.
 */
#include "flow/app.h"
#include "flow/courier_poll.h"

struct courier_act;

enum err courier_act_new(struct courier_act **out, struct app *app) MUST_CHECK;
void courier_act_free(struct courier_act *a); /* NULL is fine; what is under way ends unheard */
/* courier_take_fn of courier_poll; ${ctx} is the courier_act. */
void courier_act_take(void *ctx, struct courier_poll *p, const struct courier_news *news,
    int count);

#endif
