#ifndef ROUTER_DOMAIN_VALIDATE_H
#define ROUTER_DOMAIN_VALIDATE_H

/* validate: ordered refusals of a request, cheapest first; after it, deciding must not meet a broken one. */
#include "domain/order.h"
#include "domain/policy.h"

/*
 * ${r} names the wire field ("basket.lines[2].unit_price_fen").  ${submit}: PICKUP then needs a
 * location.  Errors: BAD_FIELD (quantities, prices outside floor..list, discount without campaign or above
 * its maximum or the price, DELIVER without position, a slot without store, no line,
 * too many), UNKNOWN_ID is flow's, and so is an address without text; OVERFLOW when the order's amounts
 * pass FEN_MAX.  Order of checks: counts, way, place, slot, lines from the first, amounts.
 */
enum err validate_request(const struct world *w, const struct request *q, int line_count_max,
    bool submit, struct reason *r) MUST_CHECK;

#endif
