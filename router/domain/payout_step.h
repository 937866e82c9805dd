#ifndef ROUTER_DOMAIN_PAYOUT_STEP_H
#define ROUTER_DOMAIN_PAYOUT_STEP_H

/* payout_step: what the parts of payout_plan() share; nobody else's. */
#include "domain/payout_plan.h"

struct payout_pass {
	const struct payout_terms *terms;
	struct payout_order *o;
	struct payout_balances *balances;
	struct arena *arena;
	enum err err; /* sticky */
	int number_next, payout_next;
	struct posting posting; /* under way */
};

/* plan->posting becomes a row, unless it has no legs; balances move on. */
void plan_post(struct payout_pass *p, int event_no, const char *ref, int64_t at_us);
void plan_payable(struct payout_pass *p, const struct payout_payable *row);
struct payout_ask *plan_ask(struct payout_pass *p, enum provider_call_kind kind, int payment,
    int item_max);
void plan_told(struct payout_pass *p, enum payout_told kind, int64_t fen);
void plan_again(struct payout_pass *p, int64_t at_us);

/* What stands in ${account} of the order, this pass's rows among it. */
int64_t plan_sum(const struct payout_pass *p, int64_t account);
/* Not more than what the balance of ${account} says others have left of it. */
int64_t plan_owes(const struct payout_pass *p, int64_t account);
bool plan_connected(const struct payout_pass *p, int payment);
int64_t plan_frozen(const struct payout_pass *p, int payment);
/* Of a payment, under way: splits' items, refunds' cash, an unfreeze. */
int64_t plan_splitting(const struct payout_pass *p, int payment);
int64_t plan_refunding(const struct payout_pass *p, int payment);
bool plan_unfreezing(const struct payout_pass *p, int payment);
/* All units are final and every hold is over. */
bool plan_final(const struct payout_pass *p);
bool plan_frozen_over(const struct payout_pass *p, int payment, int64_t before_us);

/* payout_rail.c */
void plan_rails(struct payout_pass *p);
void plan_clawbacks(struct payout_pass *p);
/* payout_end.c */
void plan_results(struct payout_pass *p);
void plan_release(struct payout_pass *p, int payment, const char *ref, int64_t at_us);
void plan_releases(struct payout_pass *p);

#endif
