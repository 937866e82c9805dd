#ifndef ROUTER_FLOW_BASKET_H
#define ROUTER_FLOW_BASKET_H

/*
 * basket: a Basket off the wire as the domain's request: codes looked up, defaults filled, judged.
 */
#include "domain/order.h"
#include "domain/policy.h"
#include "flow/app.h"
#include "store/order_row.h"
#include "yuncang/v1/order.pb-c.h"

/* What a quote token fixed, seen before the basket is judged; see flow/token.h. */
struct token;

struct basket_in {
	const struct app *app;
	const struct world *world;
	const struct policy *policy;
	const Yuncang__V1__Basket *basket;   /* may be NULL: refused */
	const Yuncang__V1__Payment *payment; /* NULL: not paid yet */
	const struct token *token;           /* NULL: none */
	int64_t now_us;
	bool submit;
};

/**
 * basket_request(in, arena, q, r):
 * Make ${q}, its lines in ${arena}.
 *
 * errors   UNKNOWN_ID or BAD_FIELD with the wire field in ${r}; OVERFLOW; NO_MEMORY; BAD_TOKEN when the
 *          basket is not the one that was quoted.
 */
enum err basket_request(const struct basket_in *in, struct arena *arena, struct request *q,
    struct reason *r) MUST_CHECK;

/* The payment as a row: provider known, number 1 to 64 printable characters, amount > 0. */
enum err basket_payment(const Yuncang__V1__Payment *p, const char *field, int64_t now_us,
    struct payment_row *out, struct reason *r) MUST_CHECK;

/* The first 8 bytes of the SHA-256 of a customer id, never 0; 0 for "". */
uint64_t customer_hash(const char *customer);

#endif
