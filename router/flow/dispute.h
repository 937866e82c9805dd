#ifndef ROUTER_FLOW_DISPUTE_H
#define ROUTER_FLOW_DISPUTE_H

/*
 * dispute: goods of one dealer's order that reach the customer in another dealer's territory (窜货) are flagged,
 * in the transaction that says so, with the evidence: who owned and why, whose territory it is, where the goods
 * came from, the region of the address.  DELIVER and SHIP go by the address, PICKUP by where the store lies.
 * Nobody's territory, and orders that the brand owns, are no dispute.  Nothing is held back: people settle it.
 */
#include "flow/act_run.h"

/*
 * Part of act_after(): flags what r->in hands over.  A delivery needs READ_CONTACT; a contact that was erased by
 * then leaves nothing to go by.
 */
enum err dispute_flag(struct act_run *r) MUST_CHECK;

void list_territory_disputes_start(struct call *c, const ProtobufCMessage *request);
void resolve_territory_dispute_start(struct call *c, const ProtobufCMessage *request);

#endif
