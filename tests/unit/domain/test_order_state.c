#include "unit.h"

#include "domain/order_state.h"

/* One row a rule, then the seams between them.  n units in state a, the other 10 - n in state b. */
static void
state_is_the_first_rule_that_holds(void **state)
{
	static const struct {
		const char *label;
		enum order_mark mark;
		int n;
		enum fulfilment_state a, b;
		enum order_state want;
	} rows[] = {
	    {"1 awaiting payment", MARK_AWAITING_PAYMENT, 10, FUL_PLANNED, FUL_PLANNED,
	        STATE_AWAITING_PAYMENT},
	    {"2 awaiting customer", MARK_AWAITING_CUSTOMER, 10, FUL_REJECTED, FUL_REJECTED,
	        STATE_AWAITING_CUSTOMER},
	    {"3 unfillable", MARK_UNFILLABLE, 10, FUL_EXPIRED, FUL_EXPIRED, STATE_UNFILLABLE},
	    {"4 a unit without fulfilment", MARK_OPEN, 9, FUL_DELIVERED, FUL_REJECTED,
	        STATE_PART_ALLOCATED},
	    {"4 expired counts as without", MARK_OPEN, 1, FUL_EXPIRED, FUL_ACCEPTED,
	        STATE_PART_ALLOCATED},
	    {"5 all units cancelled", MARK_OPEN, 10, FUL_CANCELLED, FUL_CANCELLED, STATE_CANCELLED},
	    {"5 the mark says cancelled", MARK_CANCELLED, 10, FUL_EXPIRED, FUL_EXPIRED,
	        STATE_CANCELLED},
	    {"6 all delivered", MARK_OPEN, 10, FUL_DELIVERED, FUL_DELIVERED, STATE_DONE},
	    {"6 collected and lost", MARK_OPEN, 4, FUL_COLLECTED, FUL_LOST, STATE_DONE},
	    {"6 the rest was cancelled", MARK_OPEN, 1, FUL_COLLECTED, FUL_CANCELLED, STATE_DONE},
	    {"6 restocked is final", MARK_OPEN, 5, FUL_RESTOCKED, FUL_DELIVERED, STATE_DONE},
	    {"7 some delivered", MARK_OPEN, 1, FUL_DELIVERED, FUL_OFFERED, STATE_PART_DONE},
	    {"7 not collected is not final", MARK_OPEN, 1, FUL_COLLECTED, FUL_NOT_COLLECTED,
	        STATE_PART_DONE},
	    {"8 one accepted", MARK_OPEN, 1, FUL_ACCEPTED, FUL_OFFERED, STATE_IN_FULFILMENT},
	    {"8 ready", MARK_OPEN, 1, FUL_READY_FOR_PICKUP, FUL_OFFERED, STATE_IN_FULFILMENT},
	    {"8 shipped", MARK_OPEN, 10, FUL_SHIPPED, FUL_SHIPPED, STATE_IN_FULFILMENT},
	    {"8 out", MARK_OPEN, 10, FUL_OUT_FOR_DELIVERY, FUL_OUT_FOR_DELIVERY,
	        STATE_IN_FULFILMENT},
	    {"8 failed", MARK_OPEN, 1, FUL_DELIVERY_FAILED, FUL_CANCELLED, STATE_IN_FULFILMENT},
	    {"8 returning", MARK_OPEN, 10, FUL_RETURNING, FUL_RETURNING, STATE_IN_FULFILMENT},
	    {"9 all offered", MARK_OPEN, 10, FUL_OFFERED, FUL_OFFERED, STATE_ALLOCATED},
	    {"9 one cancelled is not part done", MARK_OPEN, 1, FUL_CANCELLED, FUL_OFFERED,
	        STATE_ALLOCATED},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct state_units s = {{0}};

		s.units[rows[i].a] += rows[i].n;
		s.units[rows[i].b] += 10 - rows[i].n;
		row_equal(rows[i].label, order_state_derive(rows[i].mark, 10, &s), rows[i].want);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(state_is_the_first_rule_that_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
