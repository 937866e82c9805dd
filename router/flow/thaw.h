#ifndef ROUTER_FLOW_THAW_H
#define ROUTER_FLOW_THAW_H

/*
 * thaw: a stored order as the domain's structs again, and as the messages a client reads.  The first answer
 * to a submit and every later one (retry, read) are made by the same functions from the same frozen facts.
 */
#include "edge/rpc.h"
#include "flow/app.h"
#include "store/order_read.h"
#include "yuncang/v1/order.pb-c.h"

/*
 * Codes in a message are borrowed from ${w}: reply within the turn that made it, or pin the world.
 *
 * May this key see what is a dealer's own?  Dealer scopes, where a key has any, must name the dealer; a storefront or
 * store key without them must be of his own storefronts or locations (or of all, "*").
 */
bool may_see_dealer(const struct principal *p, const struct world *w, int32_t dealer);
/* What is everybody's (books, bills, batches): OK; PERMISSION_DENIED for a key of some dealers only. */
enum err all_dealers_needed(const struct principal *p) MUST_CHECK;
/* Margin, cost and legs of an order that ${owner} owns: his dealer's to see, not every seller's. */
bool may_see_money(const struct principal *p, const struct world *w, const struct owner *owner);

/* protobuf-c's messages have no const where they only read. */
static inline char *
message_text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* ${money}: put in the Money part.  The message lives in ${a}; NULL: no memory. */
Yuncang__V1__Option *option_message(const struct world *w, const struct request *q,
    int32_t collector, const struct plan *plan, const struct split *s, bool money,
    struct arena *a) MUST_CHECK;
Yuncang__V1__Owner *owner_message(const struct world *w, const struct owner *o,
    struct arena *a) MUST_CHECK;
Yuncang__V1__Part *part_message(const struct world *w, const struct request *q,
    const struct part *part, int number, struct arena *a) MUST_CHECK;
Yuncang__V1__Money *money_message(const struct world *w, const struct split *s,
    struct arena *a) MUST_CHECK;
/* "2026-09-01"; NULL: no memory. */
char *day_message(int32_t day, struct arena *a) MUST_CHECK;
Google__Protobuf__Timestamp *time_message(int64_t us,
    struct arena *a) MUST_CHECK; /* NULL also for us == 0 */
Yuncang__V1__TimeWindow *window_message(int64_t from_us, int64_t to_us, struct arena *a) MUST_CHECK;
/* Asserts that a party or location of that id is there; "" for 0. */
const char *party_code_of(const struct world *w, int32_t id);
const char *location_code_of(const struct world *w, int32_t id);

/*
 * The frozen facts and the split (legs, funding, totals) of decision ${d} as stored; both borrow from ${d}.
 * ERR_INTERNAL, logged: it cannot be read.
 */
enum err thaw_decision(const struct world *w, const struct decision_read *d, struct arena *a,
    struct frozen **frozen, struct split **split) MUST_CHECK;

#endif
