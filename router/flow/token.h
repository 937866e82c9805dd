#ifndef ROUTER_FLOW_TOKEN_H
#define ROUTER_FLOW_TOKEN_H

/*
 * token: what one option of a quote fixed, signed, carried by the client; nothing is kept here.
 *
 * Layout: version byte, varints, then the first 16 bytes of an HMAC-SHA256 with the secret all instances
 * share; base64url.  It fixes prices, delivery fee and split-rule version and holds no stock.
 */
#include "domain/decide.h"
#include "flow/app.h"
#include "yuncang/v1/order.pb-c.h"

#define TOKEN_MAC_SIZE 16
#define TOKEN_BASKET_SIZE 16
#define TOKEN_SIZE_MAX 4096

struct token {
	int64_t quoted_us, expires_us;
	uint8_t basket[TOKEN_BASKET_SIZE]; /* hash of storefront, customer and lines */
	enum way way;
	int32_t location; /* id of the first part's */
	int32_t collector;
	int64_t delivery_fee_fen;
	int64_t promise_to_us;
	int32_t split_version;
	int line_count;
	int64_t *price_fen; /* by line */
};

/* What ties a token to a basket: the same for all options of a quote.  ERR_NO_MEMORY; TOO_LARGE. */
enum err token_basket(const Yuncang__V1__Basket *b, const struct request *q,
    uint8_t out[TOKEN_BASKET_SIZE]) MUST_CHECK;

/* The token of ${t} as text in ${arena}; its prices are those in ${q}.  NULL: no memory. */
char *token_make(const struct app *app, const struct token *t, const struct request *q,
    struct arena *arena) MUST_CHECK;

/* ERR_BAD_TOKEN: not signed by us; TOKEN_EXPIRED; NO_MEMORY. */
enum err token_read(const struct app *app, const char *text, int64_t now_us, struct arena *arena,
    struct token **out, struct reason *r) MUST_CHECK;

/* Was ${t} given for this storefront, customer and these lines (with the prices now in ${q})? */
bool token_fits(const struct token *t, const Yuncang__V1__Basket *b,
    const struct request *q) MUST_CHECK;

#endif
