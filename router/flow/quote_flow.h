#ifndef ROUTER_FLOW_QUOTE_FLOW_H
#define ROUTER_FLOW_QUOTE_FLOW_H

/* quote_flow: Quote, answered within one turn of the loop: nothing is written and nothing held. */
#include "flow/app.h"
#include "flow/basket.h"
#include "flow/offers.h"
#include "yuncang/v1/order.pb-c.h"

void quote_start(struct call *c, const ProtobufCMessage *request); /* method_fn of Quote */

/*
 * The answer to a quote of ${b}; also the detail of QUOTE_CHANGED and of a refused PICKUP.  ${r}: why not even
 * that could be made.
 */
enum err quote_make(const struct app *app, const struct principal *p, const Yuncang__V1__Basket *b,
    int64_t now_us, struct arena *arena, Yuncang__V1__QuoteResponse **out,
    struct reason *r) MUST_CHECK;

/* One a way that cannot be had: ${o}->refusal_count of them.  NULL: no memory. */
Yuncang__V1__Refusal **refusal_messages(const struct offers *o, struct arena *arena) MUST_CHECK;

#endif
