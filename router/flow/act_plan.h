#ifndef ROUTER_FLOW_ACT_PLAN_H
#define ROUTER_FLOW_ACT_PLAN_H

/* act_plan: pieces that plans of several acts have in common, RPCs' (flow/act_call.h) and timers' alike. */
#include "flow/act_call.h"

/*
 * ${quantity}[i] units of ${is}->lines[i] part from ${is}, of act_change(), into a row of their own, ${*off}, in the
 * state that ${is} has.  Not all units: something stays.  NO_MEMORY.
 */
enum err act_split_off(struct act_run *r, struct fulfilment_read *is, const int32_t *quantity,
    struct fulfilment_read **off) MUST_CHECK;

/* A free text of the caller: at most 200 characters, none of them a control character; ${needed}: not empty. */
enum err act_note_check(struct reason *r, const char *note, bool needed) MUST_CHECK;

/*
 * What is handed over of ${ful} with ${serials}: one for each unit of a line with a serialised sku, none else.
 * BAD_FIELD; OK: in.serials or (${back}, needs READ_RETURNS) in.serials_back are set.
 */
enum err act_serials(struct act_call *c, const struct fulfilment_read *ful,
    Yuncang__V1__Serials *const *given, size_t count, bool back) MUST_CHECK;

/* The policy the order was taken under; where that is gone the one in force; NULL: none. */
const struct policy *act_policy(const struct act_run *r);

#endif
