#ifndef ROUTER_DOMAIN_OWNERSHIP_H
#define ROUTER_DOMAIN_OWNERSHIP_H

/* ownership: who owns the customer of an order; design "Ownership". */
#include "domain/hints.h"
#include "domain/order.h"
#include "domain/policy.h"

/*
 * The latest live claim of the highest kind wins; with none, or no customer: the storefront's store or
 * dealer; if the storefront is the brand's, the dealer of the address's territory; else the brand.  A
 * serving store counts only under a policy that says so (its code was checked by flow/); then it is
 * the freshest evidence there is and goes before the claims.
 *
 * A claim is live while from <= now < until and its store's operator is not disabled (a closed store
 * keeps its customers for its dealer).  Equal claims: the lower location id, then staff id.  Staff that
 * no longer works for the store's operator is left out.  A disabled dealer owns nothing.
 */
void ownership_find(const struct world *w, const struct hints *h, const struct policy *p,
    const struct request *q, struct owner *out);

/* How a claim stands at ${now_us}; the numbers are the proto's. */
enum claim_standing { CLAIM_LIVE = 1, CLAIM_NOT_YET, CLAIM_ENDED, CLAIM_DEALER_GONE };
enum claim_standing ownership_standing(const struct world *w, const struct claim *c,
    int64_t now_us);

/* Is ${a} better evidence than ${b}?  Both are live. */
bool ownership_stronger(const struct claim *a, const struct claim *b);

/*
 * A dealer of a worse grade than the policy lets go first, or whose accept rate of the last days is below its
 * bound, still owns the customer and earns the same, but his stores compete with other dealers' on equal
 * terms.  The brand has nobody to lose the first offer to.
 */
struct first_offer ownership_first_offer(const struct world *w, const struct policy *p,
    int32_t dealer);

#endif
