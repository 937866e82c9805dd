#ifndef SIMULATOR_DAY_CUSTOMER_H
#define SIMULATOR_DAY_CUSTOMER_H

/*
 * day_customer: what customers do after they ordered: collect with the right code, a wrong one, five wrong
 * ones, or never; take an alternative, cancel, bring something back, pay the rest.  They hear of their orders
 * through the storefront's webhook, and ask the service only what a storefront may see.
 */
#include "simulator/day.h"

enum err day_customers_new(struct day_customers **out, struct day *d) MUST_CHECK;
void day_customers_free(struct day_customers *c);

/* The storefront has an order acknowledged. */
void day_customers_ordered(struct day_customers *c, const struct plan *p, const char *order_id);
/* An event, verified: "EVENT_TYPE_FULFILMENT_READY" of fulfilment ${number} of an order. */
void day_customers_told(struct day_customers *c, const char *type, const char *order_id,
    int number);

#endif
