#ifndef ROUTER_FLOW_CONTACT_H
#define ROUTER_FLOW_CONTACT_H

/* contact: an address off the wire, judged, as the one row that holds personal data. */
#include "store/order_row.h"
#include "yuncang/v1/order.pb-c.h"

/* BAD_FIELD names ${above}.name, .phone, .street, .region or .position: a text too long, degrees out of range. */
enum err contact_check(const Yuncang__V1__Address *a, const char *above,
    struct reason *r) MUST_CHECK;
/* BAD_FIELD names ${above}.position (${above} NULL: position): degrees out of range.  ${p} NULL: nothing to judge. */
enum err contact_check_position(const Yuncang__V1__Position *p, const char *above,
    struct reason *r) MUST_CHECK;
/* Texts are borrowed from ${a}, which is judged; NULL is all empty.  NULL: no memory. */
struct contact_row *contact_of(const Yuncang__V1__Address *a, struct arena *arena) MUST_CHECK;

#endif
