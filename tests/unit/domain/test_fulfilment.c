#include "unit.h"

#include "domain/fulfilment.h"

static void
allowed_acts_are_named(void **state)
{
	static const struct {
		const char *label;
		enum way way;
		enum fulfilment_state from;
		const char *want;
		bool final;
	} rows[] = {
	    {"offered", WAY_DELIVER, FUL_OFFERED, "accept, reject, lapse, cancel", false},
	    {"accepted pickup", WAY_PICKUP, FUL_ACCEPTED, "mark_short, mark_ready, cancel", false},
	    {"accepted delivery", WAY_DELIVER, FUL_ACCEPTED, "mark_short, dispatch, cancel", false},
	    {"accepted parcel", WAY_SHIP, FUL_ACCEPTED, "mark_short, dispatch, cancel", false},
	    {"ready", WAY_PICKUP, FUL_READY_FOR_PICKUP, "confirm_collection, hold_over, cancel",
	        false},
	    {"a delivery is never ready", WAY_DELIVER, FUL_READY_FOR_PICKUP, "cancel", false},
	    {"out", WAY_DELIVER, FUL_OUT_FOR_DELIVERY,
	        "confirm_delivery, carrier_silence, report_delivery_failure", false},
	    {"failed", WAY_DELIVER, FUL_DELIVERY_FAILED, "dispatch, turn_back", false},
	    {"on its way back", WAY_DELIVER, FUL_RETURNING, "restock, lose", false},
	    {"shipped", WAY_SHIP, FUL_SHIPPED, "confirm_delivery, carrier_silence, lose", false},
	    {"collected", WAY_PICKUP, FUL_COLLECTED, "none", true},
	    {"delivered", WAY_SHIP, FUL_DELIVERED, "none", true},
	    {"lost", WAY_SHIP, FUL_LOST, "none", true},
	    {"restocked", WAY_DELIVER, FUL_RESTOCKED, "none", true},
	    {"cancelled", WAY_PICKUP, FUL_CANCELLED, "none", true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char text[128];

		fulfilment_allowed(rows[i].way, rows[i].from, text, sizeof(text));
		row_text(rows[i].label, text, rows[i].want);
		row_equal(rows[i].label, fulfilment_final(rows[i].way, rows[i].from),
		    rows[i].final);
	}
}

/* From where to where, and what one unit of stock does. */
static void
stock_follows_the_state(void **state)
{
	static const struct {
		const char *label;
		enum fulfilment_state from, to;
		struct stock_effect want;
		bool frees;
	} rows[] = {
	    {"paid", FUL_PLANNED, FUL_OFFERED, {0, -1, 1, false}, false},
	    {"expired unpaid", FUL_PLANNED, FUL_CANCELLED, {0, -1, 0, true}, true},
	    {"accepted", FUL_OFFERED, FUL_ACCEPTED, {0, 0, 0, false}, false},
	    {"rejected", FUL_OFFERED, FUL_REJECTED, {0, 0, -1, true}, true},
	    {"lapsed", FUL_OFFERED, FUL_EXPIRED, {0, 0, -1, true}, true},
	    {"collected", FUL_READY_FOR_PICKUP, FUL_COLLECTED, {-1, 0, -1, false}, false},
	    {"not collected", FUL_READY_FOR_PICKUP, FUL_NOT_COLLECTED, {0, 0, 0, false}, false},
	    {"back to the shelf", FUL_NOT_COLLECTED, FUL_RESTOCKED, {0, 0, -1, true}, false},
	    {"out", FUL_ACCEPTED, FUL_OUT_FOR_DELIVERY, {-1, 0, -1, false}, false},
	    {"failed", FUL_OUT_FOR_DELIVERY, FUL_DELIVERY_FAILED, {0, 0, 0, false}, false},
	    {"back from the road", FUL_RETURNING, FUL_RESTOCKED, {1, 0, 0, true}, false},
	    {"lost", FUL_SHIPPED, FUL_LOST, {0, 0, 0, false}, false},
	    {"cancelled ready", FUL_READY_FOR_PICKUP, FUL_CANCELLED, {0, 0, -1, true}, true},
	    {"cancelled without a home", FUL_REJECTED, FUL_CANCELLED, {0, 0, 0, false}, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct stock_effect e = fulfilment_stock_effect(rows[i].from, rows[i].to);

		row_equal(rows[i].label, e.on_hand, rows[i].want.on_hand);
		row_equal(rows[i].label, e.reserved, rows[i].want.reserved);
		row_equal(rows[i].label, e.allocated, rows[i].want.allocated);
		row_equal(rows[i].label, e.entitlement_back, rows[i].want.entitlement_back);
		row_equal(rows[i].label, fulfilment_frees_capacity(rows[i].from, rows[i].to),
		    rows[i].frees);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(allowed_acts_are_named),
	    cmocka_unit_test(stock_follows_the_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
