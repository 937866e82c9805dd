#ifndef ROUTER_FLOW_PAGE_H
#define ROUTER_FLOW_PAGE_H

/*
 * page: where a list goes on, handed to the client and back, signed; nothing is kept here.
 *
 * Layout: version byte, the cursor, then the first 16 bytes of an HMAC-SHA256 over method, filter and
 * cursor; base64url.  The filter is not in the token: a token that comes back with another one does not verify.
 */
#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"

#define PAGE_CURSOR_MAX 64
#define PAGE_SIZE_DEFAULT 50

struct page_scope {
	const uint8_t *secret; /* DIGEST_SIZE bytes, shared by all instances */
	const char *method;    /* "ListOrders": a token of one list is none of another */
	const void *filter;    /* what the client narrowed the list by, as bytes */
	size_t filter_len;
};

/* The token as text in ${a}; NULL: no memory.  ${len} is at most PAGE_CURSOR_MAX. */
char *page_token_make(const struct page_scope *s, const void *cursor, size_t len,
    struct arena *a) MUST_CHECK;
/* ERR_BAD_TOKEN, with ${r}: not ours, or not for this list.  A cursor of exactly ${len} bytes. */
enum err page_token_read(const struct page_scope *s, const char *text, void *cursor, size_t len,
    struct reason *r) MUST_CHECK;
/* The rows of a page that was asked for as ${size}: 0 is the default.  BAD_FIELD: not 0 to ${rows_max}. */
enum err page_rows(int32_t size, int64_t rows_max, int *rows, struct reason *r) MUST_CHECK;

#endif
