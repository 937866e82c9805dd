#ifndef ROUTER_DOMAIN_RETURNS_H
#define ROUTER_DOMAIN_RETURNS_H

/*
 * returns: units that come back after they reached the customer.
 *
 *   REQUESTED --receive--> RECEIVED --decide--> ACCEPTED | REFUSED      REQUESTED --nobody brings them--> LAPSED
 *
 * ACCEPTED: some of the units were; those bring their money back, the others are the customer's again.
 * REFUSED: none was.  Source: design "States".
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The numbers stand in tables and on the wire and never change. */
enum return_state {
	RETURN_REQUESTED = 1,
	RETURN_RECEIVED,
	RETURN_ACCEPTED,
	RETURN_REFUSED,
	RETURN_LAPSED,
	RETURN_STATE_COUNT
};
const char *return_state_word(enum return_state s); /* as on the wire: "REQUESTED" */
bool return_ended(enum return_state s);

/* Units of one line of the order that are to come back, and what the inspection found. */
struct return_line {
	int32_t line;
	int32_t quantity;
	int32_t sellable, damaged, refused; /* Σ = quantity once it is decided */
};
/* Units of ${l} that nobody may ask to bring back again: on their way, or taken back. */
int32_t return_line_held(const struct return_line *l, enum return_state s);
/* The state that the inspection of ${lines} leads to. */
enum return_state return_verdict(const struct return_line *lines, int count);

/* What ${units} units bring back of a line bought at ${price_fen} less ${discount_fen} each: the cash that was paid. */
bool return_refund(int64_t price_fen, int64_t discount_fen, int32_t units, int64_t *out) MUST_CHECK;

#endif
