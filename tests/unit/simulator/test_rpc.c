#include "unit.h"

#include "simulator/rpc.h"
#include "yuncang/v1/order.pb-c.h"

/* ErrorDetail {reason: "out_of_stock", field: "f", text: "t"}, and one {reason: "busy", retry: true}. */
#define DETAIL(value) \
	"{\"code\":\"aborted\",\"message\":\"m\",\"details\":[{\"type\":\"yuncang.v1.ErrorDetail\",\"value\":\"" value \
	"\"}]}"

static void
test_judge(void **state)
{
	static const struct {
		const char *label;
		int status;
		const char *body;
		enum rpc_outcome outcome;
		const char *reason, *text;
	} rows[] = {
	    {"no answer", 0, "", RPC_AGAIN, "no_answer", ""},
	    {"a good one", 200, "\x0a\x01x", RPC_OK, "", ""},
	    {"an empty message", 200, "", RPC_OK, "", ""},
	    {"not a message", 200, "\x0a\x7fx", RPC_REFUSED, "unreadable_answer", ""},
	    {"without details", 404, "{\"code\":\"not_found\",\"message\":\"m\"}", RPC_REFUSED,
	        "not_found", "m"},
	    {"unavailable without details", 503, "{\"code\":\"unavailable\"}", RPC_AGAIN,
	        "unavailable", ""},
	    {"not JSON", 500, "<html>", RPC_REFUSED, "no_connect_error", ""},
	    {"a proxy's 503", 503, "", RPC_AGAIN, "no_connect_error", ""},
	    {"a detail", 400, DETAIL("CgxvdXRfb2Zfc3RvY2sSAWYaAXQ"), RPC_REFUSED, "out_of_stock",
	        "f: t"},
	    {"a detail, padded", 400, DETAIL("CgxvdXRfb2Zfc3RvY2sSAWYaAXQ="), RPC_REFUSED,
	        "out_of_stock", "f: t"},
	    {"may be sent again", 409, DETAIL("CgRidXN5IAE"), RPC_AGAIN, "busy", "m"},
	    {"a detail that is none", 400, DETAIL("!!!"), RPC_REFUSED, "aborted", "m"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct rpc_answer a;

		rpc_judge(&a, &yuncang__v1__submit_order_response__descriptor, rows[i].status,
		    (const uint8_t *)rows[i].body, strlen(rows[i].body));
		row_equal(rows[i].label, a.outcome, rows[i].outcome);
		row_text(rows[i].label, a.reason, rows[i].reason);
		row_text(rows[i].label, a.text, rows[i].text);
		row_equal(rows[i].label, a.message != NULL, rows[i].outcome == RPC_OK);
		rpc_answer_release(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_judge)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
