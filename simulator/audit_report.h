#ifndef SIMULATOR_AUDIT_REPORT_H
#define SIMULATOR_AUDIT_REPORT_H

/*
 * audit_report: what the audit checks, and what it found.  Each check belongs to one of the four
 * words of the last line, or of the three of the line about a day.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define AUDIT_SHOWN_MAX 20

enum audit_class {
	CLASS_LOST,
	CLASS_OVERSOLD,
	CLASS_UNBALANCED,
	CLASS_DUPLICATED,
	CLASS_STUCK, /* these three: of a compressed day that is over */
	CLASS_UNDELIVERED,
	CLASS_FORGED,
	AUDIT_CLASS_COUNT
};

/* name, class, what a violation of it means */
/* clang-format off */
#define AUDIT_TABLE(X) \
	X(ACK_MISSING, LOST, "an acknowledged order is not there") \
	X(ACK_DIFFERS, LOST, "an order is not as it was acknowledged") \
	X(REFUSED_PRESENT, LOST, "a refused order is there") \
	X(PAYMENT_MISSING, LOST, "an acknowledged payment is not there, or differs") \
	X(CHILD_MISSING, LOST, "an order without decision, fulfilment, submission or payment it must have") \
	X(ORPHAN, LOST, "a row of an order that is not there") \
	X(UNITS, LOST, "fulfilments do not cover the order's units") \
	X(MOVED, LOST, "units moved to a fulfilment that is not there, or out of one that goes on") \
	X(TRAIL, LOST, "the trail has a gap, or goods left without an act, or twice") \
	X(SEEN_LOST, LOST, "the storefronts saw an order lost") \
	X(STOCK_COUNTER, OVERSOLD, "reserved or allocated is not what open fulfilments hold") \
	X(STOCK, OVERSOLD, "more is reserved and allocated than was there") \
	X(CAPACITY, OVERSOLD, "capacity taken is not what fulfilments take, or over its limit") \
	X(SLOT, OVERSOLD, "slot taken is not what fulfilments take, or over its limit") \
	X(ENTITLEMENT, OVERSOLD, "entitlement used is not what fulfilments use, or over its ceiling") \
	X(BUDGET, OVERSOLD, "campaign budget spent is not the sum of discounts, or over the budget") \
	X(EXPIRED_HOLDS, OVERSOLD, "an expired order still holds something") \
	X(ON_HAND, OVERSOLD, "on hand is not the last count less what left, and with what came, since") \
	X(SEEN_OVERSOLD, OVERSOLD, "the storefronts saw too much sold") \
	X(TOTALS, UNBALANCED, "an order's amounts are not those of its lines") \
	X(FEE, UNBALANCED, "the provider's fee is not the collector's rate of what was paid") \
	X(LEGS, UNBALANCED, "legs do not add up to paid plus funded") \
	X(COST_LEGS, UNBALANCED, "the brand's cost legs are not the frozen cost of its goods") \
	X(TRANSFER_LEGS, UNBALANCED, "goods of another dealer without a leg to him, or a leg without goods") \
	X(MARGIN, UNBALANCED, "the owner's margin is not his residual less the cost of his own goods") \
	X(FUNDING, UNBALANCED, "funders do not pay the discounts by their shares") \
	X(COLLECTOR, UNBALANCED, "another merchant collects than the goods decide") \
	X(JOURNAL_SUM, UNBALANCED, "a journal row does not sum to zero") \
	X(PAID_POSTING, UNBALANCED, "a paid order without its E1, or an E1 that differs from the payment") \
	X(FEE_POSTING, UNBALANCED, "E2 is not the provider's fee") \
	X(REFUND_POSTING, UNBALANCED, "what is due back is not what payments and acts gave back") \
	X(REFUND_ACTS, UNBALANCED, "acts gave back other than units, returns and fees say") \
	X(SPLIT_POSTING, UNBALANCED, "goods handed over without a split of their own, or a split without them") \
	X(COST_POSTING, UNBALANCED, "a split's cost is not the frozen cost of the brand's goods handed over") \
	X(SHARE_POSTING, UNBALANCED, "a party was not posted what the decision that was carried out gives him") \
	X(CLEARING, UNBALANCED, "something is left in clearing of an order that has ended") \
	X(REFUND_ROWS, UNBALANCED, "what is due back is not posted, or not due to payments") \
	X(FULL_REFUND, UNBALANCED, "all went back, and somebody is left with something of it") \
	X(SEEN_UNBALANCED, UNBALANCED, "the storefronts saw money wrong") \
	X(ACK_TWICE, DUPLICATED, "one reference was acknowledged as two orders") \
	X(ORDER_TWICE, DUPLICATED, "one reference or one id stands in two orders") \
	X(PAYMENT_TWICE, DUPLICATED, "an order was opened by two payments") \
	X(EVENT_TWICE, DUPLICATED, "one business event was posted twice") \
	X(SEEN_DUPLICATED, DUPLICATED, "the storefronts saw an order doubled") \
	X(STUCK_PART, STUCK, "a fulfilment that has not come to an end") \
	X(STUCK_ORDER, STUCK, "an order, return or balance that still waits for somebody") \
	X(UNDELIVERED, UNDELIVERED, "an event that an endpoint had to hear of and did not take") \
	X(UNTOLD, UNDELIVERED, "an event that was not told to anybody, or a delivery still waiting or given up") \
	X(INVENTED, FORGED, "an endpoint took an event that the service does not know") \
	X(FORGED, FORGED, "an endpoint took a request that the service did not send")
/* clang-format on */

enum audit_check {
#define X(name, class, text) AUDIT_##name,
	AUDIT_TABLE(X)
#undef X
	    AUDIT_COUNT
};

/* Of a month behind the day, by month_books.h: the line "money:". */
struct audit_money {
	bool judged;
	int64_t unbalanced, unexplained, unpaid_due;
};

struct audit_report {
	FILE *to; /* NULL: count only */
	int shown;
	int64_t found[AUDIT_COUNT];
	int64_t acknowledged, orders, payments, postings; /* looked at */
	struct audit_money money;
	bool day_over;     /* the journal says so: the day's checks were made */
	int64_t told;      /* events that endpoints took */
	int64_t shelves;   /* counted, and looked at */
	int64_t recounted; /* stock counted again below what had been promised: not judged */
};

void audit_found(struct audit_report *r, enum audit_check c, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
const char *audit_check_name(enum audit_check c);
enum audit_class audit_check_class(enum audit_check c);
int64_t audit_report_class(const struct audit_report *r, enum audit_class c);
int64_t audit_report_all(const struct audit_report *r);
/*
 * Counts by check, and as the last line "audit: lost 0 oversold 0 unbalanced 0 duplicated 0"; of a day, before it
 * "day: stuck 0 undelivered 0 forged_accepted 0".
 */
void audit_report_print(const struct audit_report *r);

#endif
