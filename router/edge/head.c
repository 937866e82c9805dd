#include <string.h>
#include <strings.h>

#include "edge/head.h"

enum state {
	METHOD, /* also: between requests, when head_len is 0 */
	TARGET_FIRST,
	TARGET_SECOND, /* evhttp would read "//host" as an authority */
	TARGET,
	VERSION,
	LINE_LF,
	NAME_FIRST,
	NAME,
	VALUE_FIRST,
	VALUE,
	HEAD_LF,
	BODY,
	CHUNK_SIZE,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_LAST_CR,
	CHUNK_LAST_LF
};

enum header { OTHER, CONTENT_LENGTH, TRANSFER_ENCODING, HOST, EXPECT };

#define DIGITS_MAX 18      /* of a Content-Length: below 2^63 */
#define CHUNK_DIGITS_MAX 8 /* hexadecimal */

void
head_init(struct head *h, size_t head_size_max, int64_t body_size_max)
{
	*h = (struct head){.head_size_max = head_size_max, .body_size_max = body_size_max};
}

bool
head_is_between(const struct head *h)
{
	return h->state == METHOD && h->head_len == 0;
}

static bool
refuse(struct head *h, enum err e, const char *text)
{
	h->err = e;
	h->text = text;
	return false;
}

static bool
bad(struct head *h, const char *text)
{
	return refuse(h, ERR_BAD_BODY, text);
}

/* What a byte may be part of, for runs of bytes that need no second look. */
enum { IN_TARGET = 1, IN_NAME = 2, IN_VALUE = 4 };

#define IS_TARGET(c) ((c) > ' ' && (c) < 0x7f && (c) != '#')
#define IS_SIGN(c) \
	((c) == '!' || ((c) >= '#' && (c) <= '\'') || (c) == '*' || (c) == '+' || (c) == '-' || \
	    (c) == '.' || (c) == '^' || (c) == '_' || (c) == '`' || (c) == '|' || (c) == '~')
#define IS_NAME(c) \
	(((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z') || \
	    IS_SIGN(c))
#define IS_VALUE(c) (((c) >= ' ' && (c) != 0x7f) || (c) == '\t')
#define CLASS(c) \
	(uint8_t)((IS_TARGET(c) ? IN_TARGET : 0) | (IS_NAME(c) ? IN_NAME : 0) | \
	    (IS_VALUE(c) ? IN_VALUE : 0))
#define CLASS4(c) CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASS16(c) CLASS4(c), CLASS4((c) + 4), CLASS4((c) + 8), CLASS4((c) + 12)
#define CLASS64(c) CLASS16(c), CLASS16((c) + 16), CLASS16((c) + 32), CLASS16((c) + 48)

static const uint8_t classes[256] = {CLASS64(0), CLASS64(64), CLASS64(128), CLASS64(192)};

/* One too long for any word that matters gets a length that none of them has. */
static void
word_add(struct head *h, uint8_t c)
{
	if (h->word_len < HEAD_WORD_MAX)
		h->word[h->word_len++] = (char)c;
	else
		h->word_len = HEAD_WORD_MAX + 1;
}

static void
word_add_all(struct head *h, const uint8_t *p, size_t len)
{
	if (h->word_len + len > HEAD_WORD_MAX) {
		h->word_len = HEAD_WORD_MAX + 1;
		return;
	}
	memcpy(h->word + h->word_len, p, len);
	h->word_len = (uint8_t)(h->word_len + len);
}

static bool
word_is(const struct head *h, const char *w)
{
	return h->word_len == strlen(w) && strncasecmp(h->word, w, h->word_len) == 0;
}

static void
request_done(struct head *h)
{
	h->requests++;
	h->state = METHOD;
	h->head_len = 0;
	h->word_len = 0;
}

static bool
method_end(struct head *h)
{
	if (h->word_len == 0)
		return bad(h, "the request line has no method");
	/* Methods are case-sensitive, and only one of them brings a body here. */
	h->is_post = h->word_len == 4 && memcmp(h->word, "POST", 4) == 0;
	h->has_length = h->is_chunked = h->has_host = false;
	h->body_len = h->left = 0;
	h->state = TARGET_FIRST;
	return true;
}

static bool
version_byte(struct head *h, uint8_t c)
{
	if (c != '\r') {
		word_add(h, c);
		return (c > ' ' && c < 0x7f && h->word_len <= 8) ||
		    bad(h, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	}
	if (h->word_len != 8 || memcmp(h->word, "HTTP/1.", 7) != 0 ||
	    (h->word[7] != '0' && h->word[7] != '1'))
		return bad(h, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	h->minor = (uint8_t)(h->word[7] - '0');
	h->state = LINE_LF;
	return true;
}

static bool
name_end(struct head *h)
{
	h->header = OTHER;
	/* Told apart by their lengths: most headers are none of these. */
	if (h->word_len == 14 && word_is(h, "content-length"))
		h->header = CONTENT_LENGTH;
	else if (h->word_len == 17 && word_is(h, "transfer-encoding"))
		h->header = TRANSFER_ENCODING;
	else if (h->word_len == 4 && word_is(h, "host"))
		h->header = HOST;
	else if (h->word_len == 6 && word_is(h, "expect"))
		h->header = EXPECT;
	h->word_len = 0;
	h->state = VALUE_FIRST;
	return true;
}

static bool
length_end(struct head *h)
{
	if (h->has_length)
		return bad(h, "Content-Length is there twice");
	h->has_length = true;
	if (h->word_len == 0 || h->word_len > DIGITS_MAX)
		return bad(h, "Content-Length is not a number");
	for (int i = 0; i < h->word_len; i++) {
		if (h->word[i] < '0' || h->word[i] > '9')
			return bad(h, "Content-Length is not a number");
		h->left = h->left * 10 + (h->word[i] - '0');
	}
	h->body_len = h->left;
	return true;
}

static bool
value_end(struct head *h)
{
	while (h->word_len > 0 && h->word_len <= HEAD_WORD_MAX &&
	    strchr(" \t", h->word[h->word_len - 1]) != NULL)
		h->word_len--;
	h->state = LINE_LF;
	switch ((enum header)h->header) {
	case CONTENT_LENGTH:
		return length_end(h);
	case TRANSFER_ENCODING:
		if (h->is_chunked)
			return bad(h, "Transfer-Encoding is there twice");
		h->is_chunked = true;
		return word_is(h, "chunked") || bad(h, "Transfer-Encoding is not chunked");
	case HOST:
		if (h->has_host || h->word_len == 0)
			return bad(h, "Host is there twice or empty");
		h->has_host = true;
		return true;
	case EXPECT:
		return word_is(h, "100-continue") || bad(h, "Expect is not 100-continue");
	default:
		return true;
	}
}

static bool
head_end(struct head *h)
{
	if (h->minor == 1 && !h->has_host)
		return bad(h, "Host is missing");
	if (h->is_chunked && h->has_length)
		return bad(h, "both Content-Length and Transfer-Encoding");
	if (h->is_chunked && h->minor == 0)
		return bad(h, "Transfer-Encoding in HTTP/1.0");
	if (!h->is_post && (h->is_chunked || h->left > 0))
		return bad(h, "only POST has a body");
	if (h->is_post && !h->is_chunked && !h->has_length)
		return bad(h, "Content-Length is missing");
	if (h->body_len > h->body_size_max)
		return refuse(h, ERR_TOO_LARGE, "the body is larger than its limit");
	h->word_len = 0;
	if (h->is_chunked)
		h->state = CHUNK_SIZE;
	else if (h->left > 0)
		h->state = BODY;
	else
		request_done(h);
	return true;
}

static bool
feed_line(struct head *h, uint8_t c)
{
	switch ((enum state)h->state) {
	case METHOD:
		if (c == ' ')
			return method_end(h);
		if (h->word_len == HEAD_WORD_MAX || c < 'A' || c > 'Z')
			return bad(h, "the method is not one");
		word_add(h, c);
		return true;
	case TARGET_FIRST:
		h->state = TARGET_SECOND;
		h->word_len = 0;
		return c == '/' || bad(h, "the request target does not begin with a slash");
	case TARGET_SECOND:
		h->state = TARGET;
		if (c == '/')
			return bad(h, "the request target begins with two slashes");
		/* fall through */
	case TARGET:
		if (c == ' ')
			h->state = VERSION;
		return c == ' ' || (classes[c] & IN_TARGET) != 0 ||
		    bad(h, "the request target holds a forbidden character");
	case VERSION:
		return version_byte(h, c);
	default: /* LINE_LF */
		h->state = NAME_FIRST;
		return c == '\n' || bad(h, "a line does not end in CR LF");
	}
}

static bool
feed_header(struct head *h, uint8_t c)
{
	switch ((enum state)h->state) {
	case NAME_FIRST:
		h->word_len = 0;
		if (c == '\r') {
			h->state = HEAD_LF;
			return true;
		}
		h->state = NAME;
		if (c == ' ' || c == '\t')
			return bad(h, "a header line is folded");
		/* fall through */
	case NAME:
		if (c == ':')
			return h->word_len > 0 ? name_end(h) : bad(h, "a header has no name");
		if ((classes[c] & IN_NAME) == 0)
			return bad(h, "a header name holds a forbidden character");
		word_add(h, c);
		return true;
	case VALUE_FIRST:
		if (c == ' ')
			return true;
		h->state = VALUE;
		if (c == '\t')
			return bad(h, "a header value begins with a tab");
		/* fall through */
	case VALUE:
		if (c == '\r')
			return value_end(h);
		if ((classes[c] & IN_VALUE) == 0)
			return bad(h, "a header value holds a control character");
		word_add(h, c);
		return true;
	default: /* HEAD_LF */
		return c == '\n' ? head_end(h) : bad(h, "a line does not end in CR LF");
	}
}

static bool
chunk_size_end(struct head *h)
{
	if (h->word_len == 0)
		return bad(h, "a chunk has no size");
	h->body_len += h->left;
	if (h->body_len > h->body_size_max)
		return refuse(h, ERR_TOO_LARGE, "the body is larger than its limit");
	h->state = CHUNK_SIZE_LF;
	return true;
}

static bool
chunk_digit(struct head *h, uint8_t c)
{
	int digit;

	if (c == '\r')
		return chunk_size_end(h);
	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		digit = (c | 0x20) - 'a' + 10;
	else
		return bad(h, "a chunk size is not a hexadecimal number");
	if (h->word_len == CHUNK_DIGITS_MAX)
		return bad(h, "a chunk size is too long");
	if (h->word_len == 0)
		h->left = 0;
	h->left = h->left * 16 + digit;
	word_add(h, c);
	return true;
}

static bool
feed_chunk(struct head *h, uint8_t c)
{
	switch ((enum state)h->state) {
	case CHUNK_SIZE:
		return chunk_digit(h, c);
	case CHUNK_SIZE_LF:
		h->word_len = 0;
		h->state = h->left > 0 ? CHUNK_DATA : CHUNK_LAST_CR;
		return c == '\n' || bad(h, "a chunk size does not end in CR LF");
	case CHUNK_DATA_CR:
		h->state = CHUNK_DATA_LF;
		return c == '\r' || bad(h, "a chunk does not end in CR LF");
	case CHUNK_DATA_LF:
		h->state = CHUNK_SIZE;
		return c == '\n' || bad(h, "a chunk does not end in CR LF");
	case CHUNK_LAST_CR:
		h->state = CHUNK_LAST_LF;
		return c == '\r' || bad(h, "trailers are not taken");
	default: /* CHUNK_LAST_LF */
		if (c != '\n')
			return bad(h, "the last chunk does not end in CR LF");
		request_done(h);
		return true;
	}
}

static bool
feed_byte(struct head *h, uint8_t c)
{
	if (h->state >= CHUNK_SIZE)
		return feed_chunk(h, c);
	if (++h->head_len > h->head_size_max)
		return refuse(h, ERR_TOO_LARGE, "the request head is larger than its limit");
	return h->state <= LINE_LF ? feed_line(h, c) : feed_header(h, c);
}

/*
 * The bytes at ${p} that leave the state what it is: the most of a target, a name or a value.  0 where the
 * next one needs a look of its own.
 */
static size_t
feed_run(struct head *h, const uint8_t *p, size_t len)
{
	uint8_t class = h->state == TARGET ? IN_TARGET : h->state == NAME ? IN_NAME : IN_VALUE;
	size_t n = 0;

	if (h->state != TARGET && h->state != NAME && h->state != VALUE)
		return 0;
	if (len > h->head_size_max - h->head_len)
		len = h->head_size_max - h->head_len;
	while (n < len && (classes[p[n]] & class) != 0)
		n++;
	h->head_len += n;
	if (h->state == NAME || (h->state == VALUE && h->header != OTHER))
		word_add_all(h, p, n);
	return n;
}

bool
head_feed(struct head *h, const uint8_t *p, size_t len)
{
	while (len > 0 && h->err == ERR_OK) {
		size_t n = 1;

		if (h->state == BODY || h->state == CHUNK_DATA) {
			n = (uint64_t)h->left < len ? (size_t)h->left : len;
			h->left -= (int64_t)n;
			if (h->left == 0 && h->state == BODY)
				request_done(h);
			else if (h->left == 0)
				h->state = CHUNK_DATA_CR;
		} else if ((n = feed_run(h, p, len)) == 0) {
			n = 1;
			if (!feed_byte(h, *p))
				return false;
		}
		p += n;
		len -= n;
	}
	return h->err == ERR_OK;
}
