#ifndef ROUTER_FLOW_PAYMENT_FLOW_H
#define ROUTER_FLOW_PAYMENT_FLOW_H

/*
 * payment_flow: ConfirmPayment: read the order, do what its state asks for, read again when it moved meanwhile.
 *
 *   awaiting payment     open: reserved becomes allocated, offers go out
 *   expired, never paid  decide again with the collector fixed; nothing fits: UNFILLABLE and a refund
 *   anything else        a second payment: recorded, refund due
 */
#include "flow/app.h"

/* method_fn of ConfirmPayment */
void confirm_start(struct call *c, const ProtobufCMessage *request);

#endif
