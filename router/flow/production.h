#ifndef ROUTER_FLOW_PRODUCTION_H
#define ROUTER_FLOW_PRODUCTION_H

/*
 * production: goods made to order.  Their fulfilment stays ACCEPTED while they are made; the trail's row says that
 * it has begun.  From then on a cancel keeps the policy's forfeit_bps of what the units cost, at most what was paid
 * for them; with 0 the customer cannot cancel, and who never pays the balance loses the deposit.
 *
 * An order of nothing else may be paid in two parts (order_deposit, policy's deposit_bps): the deposit opens it,
 * the balance falls due when production starts, and nothing leaves before it is paid.  Units that end undelivered
 * before that make the balance smaller first, and only then raise a refund.  Where the forfeit goes says the
 * split rule: flow/act_money.h.
 */
#include "flow/act_call.h"
#include "flow/act_money.h"

void start_production_start(struct call *c, const ProtobufCMessage *request);

/* May the goods leave?  WRONG_STATE: the balance is not paid. */
enum err production_may_dispatch(const struct act_run *r) MUST_CHECK;
/* May the customer cancel what is in production: does the policy name a forfeit? */
bool production_may_cancel(const struct act_run *r);
/*
 * Part of act_after(): of ${*refund_fen} for units that end with r->in, what really goes back; the rest makes the
 * balance smaller, or is forfeit: ${owed} is told.
 */
enum err production_settle(struct act_run *r, struct act_owed *owed,
    int64_t *refund_fen) MUST_CHECK;
/* Of a timer: nobody paid the balance: what was not handed over is cancelled. */
enum err balance_due_plan(struct act_run *r) MUST_CHECK;

#endif
