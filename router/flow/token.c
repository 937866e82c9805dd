#include "flow/token.h"

#include <string.h>

#include "base/clock.h"

#define TOKEN_VERSION 1

static void
add_text(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	buf_varint(b, len);
	buf_add(b, s, len);
}

/* The way, the address and the store may still be open in a quote; what is sold to whom may not. */
enum err
token_basket(const Yuncang__V1__Basket *b, const struct request *q, uint8_t out[TOKEN_BASKET_SIZE])
{
	uint8_t d[DIGEST_SIZE];
	struct buf text;
	enum err e;

	buf_init(&text, 1 << 20);
	add_text(&text, b->storefront);
	add_text(&text, b->customer);
	for (int i = 0; i < q->line_count; i++) {
		add_text(&text, b->lines[i]->sku);
		add_text(&text, b->lines[i]->campaign);
		add_text(&text, b->lines[i]->together);
		buf_zigzag(&text, q->lines[i].quantity);
		buf_zigzag(&text, q->lines[i].price_fen);
		buf_zigzag(&text, q->lines[i].discount_fen);
	}
	e = buf_err(&text);
	if (e == ERR_OK) {
		digest_sha256(text.data, text.len, d);
		memcpy(out, d, TOKEN_BASKET_SIZE);
	}
	buf_release(&text);
	return e;
}

static uint8_t *
put_fields(uint8_t *at, const struct token *t, const struct request *q)
{
	*at++ = TOKEN_VERSION;
	at = varint_put(at, (uint64_t)t->quoted_us);
	at = varint_put(at, (uint64_t)t->expires_us);
	memcpy(at, t->basket, TOKEN_BASKET_SIZE);
	at += TOKEN_BASKET_SIZE;
	at = varint_put(at, (uint64_t)t->way);
	at = varint_put(at, (uint64_t)t->location);
	at = varint_put(at, (uint64_t)t->collector);
	at = varint_put(at, (uint64_t)t->delivery_fee_fen);
	at = varint_put(at, (uint64_t)t->promise_to_us);
	at = varint_put(at, (uint64_t)t->split_version);
	at = varint_put(at, (uint64_t)q->line_count);
	for (int i = 0; i < q->line_count; i++)
		at = varint_put(at, (uint64_t)q->lines[i].price_fen);
	return at;
}

char *
token_make(const struct app *app, const struct token *t, const struct request *q,
    struct arena *arena)
{
	uint8_t raw[TOKEN_SIZE_MAX], mac[DIGEST_SIZE], *end;
	size_t len;
	char *text;

	_Static_assert(1 + TOKEN_BASKET_SIZE + (9 + ORDER_LINES_MAX) * VARINT_SIZE_MAX +
	            TOKEN_MAC_SIZE <=
	        TOKEN_SIZE_MAX,
	    "the longest token fits");
	end = put_fields(raw, t, q);
	len = (size_t)(end - raw);
	digest_hmac(app->token_secret, sizeof(app->token_secret), raw, len, mac);
	memcpy(end, mac, TOKEN_MAC_SIZE);
	len += TOKEN_MAC_SIZE;
	text = arena_alloc(arena, B64URL_SIZE(len));
	if (text != NULL)
		b64url_encode(raw, len, text);
	return text;
}

static enum err
get_fields(struct rd *in, struct arena *arena, struct token *t)
{
	const uint8_t *basket;
	uint64_t count;

	if (rd_byte(in) != TOKEN_VERSION)
		return ERR_BAD_TOKEN;
	t->quoted_us = (int64_t)rd_varint(in);
	t->expires_us = (int64_t)rd_varint(in);
	basket = rd_bytes(in, TOKEN_BASKET_SIZE);
	if (basket == NULL)
		return ERR_BAD_TOKEN;
	memcpy(t->basket, basket, TOKEN_BASKET_SIZE);
	t->way = (enum way)rd_varint(in);
	t->location = (int32_t)rd_varint(in);
	t->collector = (int32_t)rd_varint(in);
	t->delivery_fee_fen = (int64_t)rd_varint(in);
	t->promise_to_us = (int64_t)rd_varint(in);
	t->split_version = (int32_t)rd_varint(in);
	count = rd_varint(in);
	if (!in->ok || count > ORDER_LINES_MAX)
		return ERR_BAD_TOKEN;
	t->line_count = (int)count;
	t->price_fen = arena_array(arena, count, sizeof(*t->price_fen));
	if (t->price_fen == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < t->line_count; i++)
		t->price_fen[i] = (int64_t)rd_varint(in);
	return in->ok && in->at == in->end ? ERR_OK : ERR_BAD_TOKEN;
}

enum err
token_read(const struct app *app, const char *text, int64_t now_us, struct arena *arena,
    struct token **out, struct reason *r)
{
	uint8_t raw[TOKEN_SIZE_MAX], mac[DIGEST_SIZE];
	struct token *t;
	struct rd in;
	size_t len;
	enum err e;

	e = b64url_decode(text, strlen(text), raw, sizeof(raw), &len);
	if (e != ERR_OK || len <= TOKEN_MAC_SIZE)
		return reason_set(r, ERR_BAD_TOKEN, "quote_token",
		    "is not a token of this service");
	len -= TOKEN_MAC_SIZE;
	digest_hmac(app->token_secret, sizeof(app->token_secret), raw, len, mac);
	if (!digest_equal(mac, raw + len, TOKEN_MAC_SIZE))
		return reason_set(r, ERR_BAD_TOKEN, "quote_token",
		    "is not a token of this service");
	t = arena_zalloc(arena, sizeof(*t));
	if (t == NULL)
		return ERR_NO_MEMORY;
	rd_init(&in, raw, len);
	e = get_fields(&in, arena, t);
	if (e != ERR_OK)
		return reason_set(r, e, "quote_token", "cannot be read");
	if (t->expires_us <= now_us)
		return reason_set(r, ERR_TOKEN_EXPIRED, "quote_token",
		    "expired; ask for a new quote");
	*out = t;
	return ERR_OK;
}

bool
token_fits(const struct token *t, const Yuncang__V1__Basket *b, const struct request *q)
{
	uint8_t now[TOKEN_BASKET_SIZE];

	return t->line_count == q->line_count && token_basket(b, q, now) == ERR_OK &&
	    digest_equal(now, t->basket, TOKEN_BASKET_SIZE);
}
