#ifndef ROUTER_FLOW_READ_FLOW_H
#define ROUTER_FLOW_READ_FLOW_H

/*
 * read_flow: orders as they stand: GetOrder, ListOrders, ExplainOrder.
 *
 * A storefront key sees the orders of its storefronts, a store key those with a fulfilment at its
 * locations, a finance, operator or admin key with dealer scopes those its dealers own, without all.
 * What a key may not see is NOT_FOUND like what is not there.
 */
#include "flow/app.h"
#include "store/order_read.h"

void get_order_start(struct call *c, const ProtobufCMessage *request);
void list_orders_start(struct call *c, const ProtobufCMessage *request);
void explain_order_start(struct call *c, const ProtobufCMessage *request);

bool may_see_order(const struct principal *p, const struct world *w, const struct order_read *o);
/* The state derived from mark, lines and fulfilments. */
enum order_state order_state_of(const struct order_read *o);

#endif
