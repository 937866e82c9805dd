#ifndef ROUTER_FLOW_REDEEM_H
#define ROUTER_FLOW_REDEEM_H

/* redeem: taking the option a quote token stands for, or one as good. */
#include "flow/choose.h"
#include "flow/token.h"

/**
 * redeem(t, in, q, arena, out, r):
 * Choose for ${in}, whose request is ${q}, so that ${out}->choice[0] is what ${t} quoted: the same way,
 * collector and fee with no later promise, from the quoted location if that still can.  Promises count
 * from the request's now, so a promise is no later if it moved by no more than the time since the quote.
 *
 * The record must replay to the committed plan, so the plan taken is always the first of its decision:
 * locations of options before it are added to ${q}->exclude and the order is decided again.
 * ${t} NULL: the first option a quote would show, where the best plan was refused for its money.
 *
 * errors   QUOTE_CHANGED: nothing as good is left; those of choose().
 */
enum err redeem(const struct token *t, struct choose_in *in, struct request *q, struct arena *arena,
    struct choices *out, struct reason *r) MUST_CHECK;

#endif
