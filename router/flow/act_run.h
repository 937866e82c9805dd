#ifndef ROUTER_FLOW_ACT_RUN_H
#define ROUTER_FLOW_ACT_RUN_H

/*
 * act_run: one thing done to an order after its commit, as steps: read the order with its acts, know its ids,
 * plan, write; and again from the start when somebody else acted meanwhile or a take was lost.  RPCs
 * (flow/act_call.h) and timers run the same.
 */
#include "domain/decide.h"
#include "flow/app.h"
#include "store/act.h"
#include "store/act_more.h"

struct act_run;

/*
 * Judges ${r}->order at ${r}->now_us and fills ${r}->in, which is zero but for order and at_us.  Pure but for
 * ${r}->arena; runs anew after each loss.  OK with in.act_count 0: there is nothing to write.
 * What follows from any act is added behind it (flow/act_after.h): refunds due, the order's end.
 */
typedef enum err act_plan_fn(struct act_run *r);

struct act_run {
	/* the caller's, before act_run_start() */
	struct app *app;
	struct arena *arena; /* lives until ${done} has returned */
	struct uuid order_id;
	unsigned with; /* READ_* beside READ_ACTS */
	int attempt;   /* of READ_DECISION: 0 the latest, 1 the submit's */
	int64_t now_us;
	const char *req;       /* for the log: the call's id, "" of a timer */
	struct reason *reason; /* of a refusal; never NULL */
	act_plan_fn *plan;
	/* Once, later.  The world is pinned until it returns. */
	void (*done)(struct act_run *r, enum err e);

	/*
	 * A plan that found nothing for ${last} because of ${last_err} returns CONTENDED with last.world set: fresh
	 * figures are read, once, and it runs again with ${probed}.
	 */
	struct decide_in last;
	enum err last_err;
	bool probed;

	/* for plan and done */
	const struct world *world;
	struct order_read *order;
	struct act_in in;
	/* What plan says that R1 gives back; NULL: what follows from the act itself (flow/act_money.h). */
	const struct money_refund *give;
	/* What plan says is kept of what ends undelivered: the customer pays it, the brand has it. */
	int64_t keep_fen;

	int tries;
	bool refused;     /* once, by plan */
	bool wants_money; /* there is something to post: read again, with the money */
};

/*
 * OK: ${r}->done once, later: OK, written (or nothing to write) · NOT_FOUND · what plan refused with ·
 * CONTENDED: others were faster each time · the database's errors.  BUSY, NO_MEMORY: never runs.
 */
enum err act_run_start(struct act_run *r) MUST_CHECK;

/* Others may have been faster: the order may be read again. */
bool act_run_may_try(const struct act_run *r);

/* ---- For plans ---- */

/* Number ${number} of the order, or NULL. */
struct fulfilment_read *act_fulfilment_of(const struct act_run *r, int number) MUST_CHECK;
/* A copy of ${was} that will be written: change it.  NULL: no memory. */
struct fulfilment_read *act_change(struct act_run *r, const struct fulfilment_read *was) MUST_CHECK;
/* The copy takes the state behind ${kind}; WRONG_STATE, which names state and what is allowed. */
enum err act_step(struct act_run *r, enum act_kind kind, struct fulfilment_read *is) MUST_CHECK;
/* The next row of the trail, about ${f} or (NULL) the order itself; its state is ${state}. */
struct act_row *act_row_add(struct act_run *r, enum act_kind kind, const struct fulfilment_read *f,
    int state);
struct act_event *act_event_add(struct act_run *r, enum outbox_kind kind,
    const struct fulfilment_read *f);
/* Seconds since ${f} was offered: since it was paid, or since its units last moved. */
int act_waited_s(const struct act_run *r, const struct fulfilment_read *f);
/* What few acts write besides, made when it is first asked for.  NULL: no memory. */
struct act_more *act_more_of(struct act_run *r) MUST_CHECK;
/* The shelf was found empty: ${is}, of act_change(), marks its levels suspect and says so. */
void act_suspect(struct act_run *r, const struct fulfilment_read *is);

#endif
