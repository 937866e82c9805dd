#ifndef ROUTER_FLOW_PROPOSAL_H
#define ROUTER_FLOW_PROPOSAL_H

/*
 * proposal: writes of finance that two persons may have to agree on.
 *
 * An RPC judges its request and calls proposal_ask().  Below approval_min_fen its kind's execute() runs at once; from
 * there on the request is stored, answered with a proposal that waits, and execute() runs when another key, of
 * another name, approves it: then with the approver's call, and the request as it was stored.
 *
 * execute() judges anew, for the world went on meanwhile, and writes in one transaction that has proposal_send() with
 * ${x}->mark among its statements (store/proposal.h): so it is done once, whoever repeats it.  It ends with
 * proposal_done(), once: OK; or ERR_CONTENDED from proposal_err(): it is asked for again from the start; or what it
 * refused with, in ${x}->call->reason.
 *
 * What the service itself proposes (proposed_by 0, flow/payout_job.h) is the first person's who approves it, and waits for a
 * second one: money over the threshold has two names, always.
 *
 * To add a kind: a row in flow/proposal_kinds.c.
 */
#include "flow/app.h"
#include "store/proposal.h"

#define PROPOSAL_NOTE_MAX 500 /* bytes, of who proposes and who decides */

/* The numbers stand in table proposal and never change. */
enum proposal_kind_number {
	PROPOSAL_FREIGHT = 1,
	PROPOSAL_CLAIM,
	PROPOSAL_DISPUTE_OPEN,
	PROPOSAL_DISPUTE_END,
	PROPOSAL_ADJUST,
	PROPOSAL_REFUND_AMOUNT,
	PROPOSAL_PAYOUT_BATCH = 20,
	PROPOSAL_WITHDRAWAL,
	PROPOSAL_STUCK_CALL,
	PROPOSAL_EXCEPTION = 30
};

struct proposal_run {
	struct call *call;
	const struct proposal_kind *kind;
	const ProtobufCMessage *request;
	struct proposal_row row;
	struct proposal_mark mark; /* of row */
	void *own;                 /* execute()'s */

	/* flow/proposal.c's */
	int tries;
	bool approves, always;
};

struct proposal_kind {
	int number;
	const char *word; /* as on the wire */
	const ProtobufCMessageDescriptor *request;
	void (*execute)(struct proposal_run *x);
};
/* Ended by a row with number 0. */
extern const struct proposal_kind proposal_kinds[];

struct proposal_ask {
	int kind;
	const char *ref;   /* of the request: 1 to 64 bytes without spaces; judged here */
	int64_t fen;       /* that it moves */
	bool always;       /* two persons, however little it is */
	const char *about; /* NULL: no memory */
};

/*
 * Answers ${c} in the end: its response has a field "acted" (yuncang.v1.FinanceActed).  Keys with dealer scopes are
 * refused: the books are everybody's.  ${ask} is copied, its texts live as long as ${c}.
 */
void proposal_ask(struct call *c, const ProtobufCMessage *request, const struct proposal_ask *ask);
void proposal_done(struct proposal_run *x, enum err e);
/* Must two persons agree on what moves ${fen}? */
bool proposal_for_two(const struct conf *c, int64_t fen, bool always);

void list_proposals_start(struct call *c, const ProtobufCMessage *request);
void approve_proposal_start(struct call *c, const ProtobufCMessage *request);
void reject_proposal_start(struct call *c, const ProtobufCMessage *request);

#endif
