#ifndef ROUTER_STORE_ACT_H
#define ROUTER_STORE_ACT_H

/*
 * act: what happens to an order after its commit, whoever does it: a store, a customer, a timer.
 *
 * The caller has read the order with its acts (READ_ACTS), judged, and says how the rows shall stand; one
 * transaction writes them all or nothing:
 *
 *   acts inserted under the next numbers · the order's row · fulfilments, those that part from another ·
 *   serial numbers that go out or come back · stock, capacity, slots, entitlements given back or handed out as
 *   domain/fulfilment.h says of each change of state, and what else is given back · levels marked as suspect ·
 *   what a new decision takes · its fulfilments and record · journal · outbox · the change feed
 *
 * Somebody else's act meanwhile has the number: WRONG_STATE, nothing was written: read again, judge anew.
 */
#include "store/act_books.h"
#include "store/order_read.h"

struct hints_memory;
struct act_more;

struct act_row {
	enum act_kind kind;
	int number;               /* of the fulfilment; 0: the order's own */
	int32_t party, location;  /* of the fulfilment; 0: none */
	int32_t staff;            /* 0: a timer's, or the customer's side */
	int64_t key_id;           /* 0: a timer's */
	int state, reason;        /* state: the fulfilment's behind the act, or the order's mark */
	int waited_s;             /* of an answer to an offer; -1: no answer */
	const char *ref, *note;   /* NULL: none */
	const uint8_t *body_hash; /* BODY_HASH_SIZE bytes; NULL: a timer's */
};

/* A fulfilment that changes, or (${was} NULL) units that part from number is.split_from. */
struct act_fulfilment {
	const struct fulfilment_read *was;
	enum fulfilment_state from; /* of those units, before */
	struct fulfilment_read is;
	bool suspect; /* the shelf was found empty: its levels are marked (domain/level.h) */
};

/* A serial number (domain/serial.h) of fulfilment ${number}. */
struct act_serial {
	int32_t sku;
	const char *text;
	int number;
};
/* Units of fulfilment ${number} that come back onto a shelf: key of a stock row; below 0: damaged. */
struct act_back {
	struct take key;
	int number;
};

struct act_event {
	enum outbox_kind kind;
	int number, reason; /* number 0: the order's own */
	int32_t location;
	int64_t amount_fen;
};

#define ACT_ROWS_MAX 8
#define ACT_EVENTS_MAX 32

struct act_in {
	const struct order_read *order; /* as read, with its acts */
	int64_t at_us;
	int act_count;
	struct act_row acts[ACT_ROWS_MAX];
	/* The order's row: how it shall stand. */
	bool order_changes;
	enum order_mark mark;
	int64_t due_us;
	int64_t refund_add_fen; /* stands in the first act, too */
	int fulfilment_count;
	struct act_fulfilment *fulfilments;
	/* Given back beside what the states say: budgets of units that are no longer sold; quantities negative. */
	int give_count;
	const struct take *gives;
	/* On hand again beside what the states say: returned after they had reached the customer. */
	int back_count;
	const struct act_back *backs;
	int serial_count, serial_back_count; /* handed out now; came back */
	const struct act_serial *serials, *serials_back;
	struct reason *reason; /* of EXISTS_DIFFERS; may be NULL */
	/* A decision for units that have no home; its takes are taken.  NULL: none. */
	const struct order_row *row;
	bool carries; /* its fulfilments carry on units that had a home before */
	int hops;     /* store offers made for them so far */
	const struct contact_row *contact; /* where the customer is from now on; NULL: as it was */
	const struct act_books *books;     /* what is posted; NULL: nothing */
	int event_count;
	struct act_event events[ACT_EVENTS_MAX];
	struct act_more *more; /* store/act_more.h; NULL: nothing */
};

/*
 * ${e}: OK, committed, the acts have the numbers from order->act_count + 1 on · WRONG_STATE, also when a settlement is
 * no longer as it was read · EXISTS_DIFFERS: a serial number is out already, ${in}->reason names it · OUT_OF_STOCK,
 * ENTITLEMENT_USED, SLOT_FULL, CONTENDED: ${row} lost a race, the figures are in the hints: decide again; CONTENDED
 * also: a balance moved (store/ledger.h) · DB_DOWN, TIMEOUT (outcome unknown), BUSY, INTERNAL.
 */
typedef void act_fn(void *ctx, enum err e);

/**
 * act_start(pool, hints, in, done, ctx):
 * Write ${in}, which is borrowed until ${done}.
 *
 * OK: ${done} once, later.  BUSY: the pool's queue is full; NO_MEMORY.
 */
enum err act_start(struct pool *pool, struct hints_memory *hints, const struct act_in *in,
    act_fn *done, void *ctx) MUST_CHECK;

/* The number that the next fulfilment of ${o} gets. */
int act_number_next(const struct order_read *o);

/* Journal rows of acts are numbered from here, those of payments below. */
#define ACT_EVENT_NO_FIRST 1000

#endif
