#ifndef SIMULATOR_DAY_H
#define SIMULATOR_DAY_H

/*
 * day: a compressed day of the world outside.  The clock of every instance is moved on by MoveClock in small
 * steps; storefronts order, stores and warehouses answer their tasks, customers collect, cancel and return,
 * couriers carry, tills sell, receivers of webhooks verify what they are told.  When the day is over the clock
 * goes on in larger steps until everything has come to its end.  The auditor then follows every fulfilment and
 * every event.
 *
 * All mishaps are drawn by seed, order and subject; what comes when is not, for the service runs in real time.
 */
#include <event2/event.h>

#include "simulator/options.h"
#include "simulator/shop.h"

#define DAY_REF_SIZE 64
#define DAY_MIN US_PER_MIN
#define DAY_HOUR (60 * US_PER_MIN)

/* What people did, as the table at the end shows it. */
/* clang-format off */
#define DAY_COUNTS(X) \
	X(accepted, "offers accepted") \
	X(rejected, "offers rejected") \
	X(ignored, "offers left to lapse") \
	X(short_marked, "parts marked short") \
	X(ready, "pickups made ready") \
	X(collected, "collected") \
	X(wrong_codes, "wrong codes shown") \
	X(locked, "collections locked") \
	X(reissued, "codes reissued") \
	X(never_came, "customers who never came") \
	X(dispatched, "sent out") \
	X(delivered, "delivered") \
	X(failed, "deliveries failed") \
	X(restocked, "restocked") \
	X(silent, "parcels without news") \
	X(lost, "parcels lost by carriers") \
	X(produced, "productions started") \
	X(balances, "balances paid") \
	X(chosen, "alternatives chosen") \
	X(cancelled, "cancelled by customers") \
	X(changed, "orders changed") \
	X(return_asked, "returns asked for") \
	X(return_brought, "returns brought") \
	X(till_sold, "pieces sold over the counter") \
	X(till_counts, "shelves counted") \
	X(till_replays, "till reports repeated") \
	X(till_gaps, "gaps in tills' numbers") \
	X(parcels, "parcels of the courier") \
	X(told, "events told") \
	X(told_again, "events told again") \
	X(forged, "forged or replayed requests thrown at receivers") \
	X(forged_refused, "of these refused") \
	X(too_late, "acts that came too late") \
	X(acts, "acts") \
	X(act_repeats, "acts repeated with the same answer") \
	X(act_cuts, "replies to acts lost on purpose")
/* clang-format on */

struct day_tally {
#define X(name, text) int64_t name;
	DAY_COUNTS(X)
#undef X
};

struct day_clock;
struct day_stores;
struct day_customers;
struct day_tills;
struct day_receivers;
struct day_courier;
struct day_forger;
struct day_call;
struct month_money;

struct day {
	const struct options *o;
	const struct world *world;
	struct event_base *base;
	struct http_client *acts;   /* the admin's key: stores, tills, clock */
	struct http_client *fronts; /* the storefront's key: what only it may see */
	struct http_client *screens;
	struct shop shop;
	struct day_clock *clock;
	struct day_stores *stores;
	struct day_customers *customers;
	struct day_tills *tills;
	struct day_receivers *receivers;
	struct day_courier *courier;
	struct day_forger *forger;
	struct month_money *money; /* NULL: there is no payment provider */
	struct day_tally tally;
	uint64_t draws;         /* of mishaps on the way */
	struct day_call *calls; /* under way */
	bool closing;           /* the shops are shut: nobody begins anything new */
};

/**
 * day_run(o, w, violations):
 * Plays the day against a service that the world was loaded into; prints the table of what happened.
 *
 * *violations: what the actors themselves saw wrong (also in the journal file).
 * ERR_IO: the journal, a port or the service.
 */
enum err day_run(const struct options *o, const struct world *w, int64_t *violations) MUST_CHECK;

/* Fails the day with a word why. */
void day_fail(struct day *d, const char *why);

/* A customer pays ${p}: the provider hears of it first.  ${balance}: the order's second part.  false: the day failed. */
bool day_pay(struct day *d, const char *order_id, const Yuncang__V1__Payment *p, bool balance);

/* A generator for one subject of the day: ${salt} parts the uses of one text. */
void day_rng(const struct day *d, const char *text, uint64_t salt, struct rng *out);

#endif
