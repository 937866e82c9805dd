#ifndef ROUTER_FLOW_ORDER_BOOKS_H
#define ROUTER_FLOW_ORDER_BOOKS_H

/*
 * order_books: an order as read with READ_MONEY, as domain/order_money.h wants it.  Acts, the end of a hold and what
 * finance does to an order all begin with it.
 */
#include "domain/order_money.h"
#include "flow/app.h"
#include "store/money_read.h"

/* The frozen facts of a decision, thawed once. */
struct books_decision {
	int attempt;
	const struct frozen *frozen;
	const struct split *split; /* legs with their row, lines as the decision's own */
};

struct order_books {
	struct order_money money;
	int decision_count;
	struct books_decision *decisions; /* by attempt, as money.splits */
};

/*
 * The world must know all that was read (flow/known.h).  INTERNAL, logged: a decision cannot be read; NO_MEMORY.
 * ${o}, ${w} and ${a} must outlive ${out}.
 */
enum err order_books_make(const struct world *w, const struct order_read *o, struct arena *a,
    struct order_books *out) MUST_CHECK;

/* ${m}'s payments, those of ${o}, as they stood before the R1 numbered ${before_no}; in ${a}. */
enum err books_payments(const struct order_read *o, int before_no, struct arena *a,
    struct order_money *m) MUST_CHECK;
/* Units of ${line} that were cancelled and live on nowhere. */
int32_t units_cancelled(const struct order_read *o, int line);
/* ${f}'s units as an event is about them: all its lines; in ${a}. */
enum err books_units(const struct order_books *b, const struct order_read *o,
    const struct fulfilment_read *f, struct arena *a, struct money_units *out) MUST_CHECK;
/*
 * The rule that was for the units of ${line} (of the order) and ${goods_owner} in ${f}; NULL: the book is gone, or
 * nothing of it matches.
 */
const struct split_rule *books_rule(const struct order_books *b, const struct split_book *book,
    const struct order_read *o, const struct fulfilment_read *f, int line, int32_t goods_owner);
/* The posting ${p} as the next row of ${b}: what follows in the same transaction builds on it. */
enum err books_append(struct order_books *b, const struct posting *p, int event_no,
    struct arena *a) MUST_CHECK;

#endif
