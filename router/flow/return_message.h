#ifndef ROUTER_FLOW_RETURN_MESSAGE_H
#define ROUTER_FLOW_RETURN_MESSAGE_H

/* return_message: returns and deposits as a client reads them; the rules of flow/thaw.h hold.  NULL: no memory. */
#include "domain/world.h"
#include "store/return_read.h"
#include "yuncang/v1/order.pb-c.h"

/* ${skus}: ids, one a line. */
Yuncang__V1__Return *return_message(const struct world *w, const struct return_read *r,
    const int32_t *skus, struct arena *a) MUST_CHECK;
/* Puts the returns and the deposit of ${o} into ${m}. */
enum err order_returns_add(const struct world *w, const struct order_read *o, Yuncang__V1__Order *m,
    struct arena *a) MUST_CHECK;
/* Does the world know where all of them are? */
bool returns_known(const struct world *w, const struct order_read *o);

#endif
