#ifndef ROUTER_FLOW_COURIER_BOOK_H
#define ROUTER_FLOW_COURIER_BOOK_H

/*
 * courier_book: before a store's parcel is dispatched, the courier is asked to carry it.
 *
 * The booking is named by order, fulfilment and how often it was dispatched so far, so that a Dispatch whose
 * reply was lost, or that is refused behind the booking, finds it again.
 */
#include "edge/rpc.h"
#include "yuncang/v1/store.pb-c.h"

/**
 * courier_book_start(c, q, then):
 * Book what ${q} dispatches, then call ${then}, once, now or later; or answer ${c} with why not.
 *
 * Answers itself: WRONG_STATE, there is no courier, or the address is erased; BAD_FIELD, not a store's delivery,
 * or a tracking number of the store's own; REFUSED_BY_RULE, the courier will not; NOT_READY, the courier does not
 * answer.  All that is the act's own to refuse is left to ${then}, without a booking.
 */
void courier_book_start(struct call *c, const Yuncang__V1__DispatchRequest *q,
    void (*then)(struct call *c, const Yuncang__V1__DispatchRequest *q));
/* The number of the parcel that was booked for ${c}; "": none was. */
const char *courier_booked(const struct call *c);

#endif
