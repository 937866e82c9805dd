#ifndef ROUTER_FLOW_SHOP_ACT_H
#define ROUTER_FLOW_SHOP_ACT_H

/*
 * shop_act: what the customer's side does to an order after its submit, through the storefront: cancel it, choose
 * instead of what no store wanted, change it.  Design "States", "Hops"; flow/act_call.h has what acts share.
 *
 * Every one of them is one transaction behind the next number of the trail, so that of a store's answer, a timer and
 * the customer exactly one is first, and the others are judged anew.  An unpaid order's payment does not go through
 * the trail: it and the act meet at the order's row (mark, changes).
 */
#include "flow/act_call.h"

void cancel_order_start(struct call *c, const ProtobufCMessage *request);
void list_alternatives_start(struct call *c, const ProtobufCMessage *request);
void choose_alternative_start(struct call *c, const ProtobufCMessage *request);
void change_order_start(struct call *c, const ProtobufCMessage *request);

/* ---- For these ---- */

/* An act of the customer's side names no staff, and (${whole}) no fulfilment.  BAD_FIELD. */
enum err shop_judge(const struct act_call *c, bool whole) MUST_CHECK;
/* Has production of its goods begun? */
bool shop_in_production(const struct order_read *o, const struct fulfilment_read *f);
/* The state of ${o} as on the wire, for people: "AWAITING_CUSTOMER". */
const char *shop_state_word(const struct order_read *o);
/* Some of ${r}'s units have no home, and it is the customer's turn or nobody's. */
bool shop_awaits_choice(const struct order_read *o);
/* Cancels all that has no home: as rows of r->in, without a row of the trail. */
enum err shop_cancel_homeless(struct act_run *r) MUST_CHECK;
/* Where the order's mark goes when what r->in cancels is cancelled. */
void shop_mark_behind(struct act_run *r);

/* ---- Alternatives ---- */
struct rehome_got;

/*
 * The first option of ${g} of that way (WAY_NONE: any), all of it from ${location} (index; NONE: from anywhere),
 * from ${*index} on, whose split is allowed: its index, and in ${*fee_fen} what it carries of the delivery fee.
 * NO_LOCATION: there is none, r->reason says so.
 */
enum err shop_option(struct act_run *r, struct rehome_got *g, enum way way, int32_t location,
    int *index, int64_t *fee_fen) MUST_CHECK;
/* Goods that are sent need to be told where: ${to}; NULL: as the order has it.  BAD_FIELD: not well enough. */
enum err shop_can_send(const struct act_run *r, const struct contact_row *to,
    enum way way) MUST_CHECK;
/* Takes option ${index} of ${g} under a row of the trail of ${kind}; ${*number}: the first new fulfilment. */
enum err shop_take(struct act_call *c, enum act_kind kind, struct rehome_got *g, int index,
    int *number) MUST_CHECK;

#endif
