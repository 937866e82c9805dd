#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "flow/page.h"

#define PAGE_VERSION 1
#define PAGE_MAC_SIZE 16
#define PAGE_RAW_MAX (1 + PAGE_CURSOR_MAX + PAGE_MAC_SIZE)
#define PAGE_SIGNED_MAX 8192

/* Each part with its length before it: no two different lists sign the same bytes. */
static enum err
page_mac(const struct page_scope *s, const void *cursor, size_t len, uint8_t out[DIGEST_SIZE])
{
	struct buf b;
	enum err e;

	buf_init(&b, PAGE_SIGNED_MAX);
	buf_str(&b, "page");
	buf_byte(&b, PAGE_VERSION);
	buf_varint(&b, strlen(s->method));
	buf_str(&b, s->method);
	buf_varint(&b, s->filter_len);
	buf_add(&b, s->filter, s->filter_len);
	buf_varint(&b, len);
	buf_add(&b, cursor, len);
	e = buf_err(&b);
	if (e == ERR_OK)
		digest_hmac(s->secret, DIGEST_SIZE, b.data, b.len, out);
	buf_release(&b);
	return e;
}

char *
page_token_make(const struct page_scope *s, const void *cursor, size_t len, struct arena *a)
{
	uint8_t raw[PAGE_RAW_MAX], mac[DIGEST_SIZE];
	size_t raw_len;
	char *text;

	assert(len <= PAGE_CURSOR_MAX);
	if (page_mac(s, cursor, len, mac) != ERR_OK)
		return NULL;
	raw[0] = PAGE_VERSION;
	memcpy(raw + 1, cursor, len);
	memcpy(raw + 1 + len, mac, PAGE_MAC_SIZE);
	raw_len = 1 + len + PAGE_MAC_SIZE;
	text = arena_alloc(a, B64URL_SIZE(raw_len));
	if (text != NULL)
		b64url_encode(raw, raw_len, text);
	return text;
}

enum err
page_token_read(const struct page_scope *s, const char *text, void *cursor, size_t len,
    struct reason *r)
{
	uint8_t raw[PAGE_RAW_MAX], mac[DIGEST_SIZE];
	size_t raw_len;

	assert(len <= PAGE_CURSOR_MAX);
	if (b64url_decode(text, strlen(text), raw, sizeof(raw), &raw_len) != ERR_OK ||
	    raw_len != 1 + len + PAGE_MAC_SIZE || raw[0] != PAGE_VERSION ||
	    page_mac(s, raw + 1, len, mac) != ERR_OK ||
	    !digest_equal(mac, raw + 1 + len, PAGE_MAC_SIZE))
		return reason_set(r, ERR_BAD_TOKEN, "page_token", "is not a token of this list");
	memcpy(cursor, raw + 1, len);
	return ERR_OK;
}

enum err
page_rows(int32_t size, int64_t rows_max, int *rows, struct reason *r)
{
	if (size < 0 || size > rows_max)
		return reason_set(r, ERR_BAD_FIELD, "page_size", "must be 0 to %lld",
		    (long long)rows_max);
	*rows = size != 0 ? size : PAGE_SIZE_DEFAULT;
	if (*rows > rows_max)
		*rows = (int)rows_max;
	return ERR_OK;
}
