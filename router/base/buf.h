#ifndef ROUTER_BASE_BUF_H
#define ROUTER_BASE_BUF_H

/*
 * buf: a growing byte buffer that was given its maximum at birth (after curl's dynbuf).
 *
 * The error is sticky: append as you like, look at buf_err() once at the end.  Past
 * size_max the contents are kept, nothing more is added, and the error is TOO_LARGE.
 */
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct buf {
	uint8_t *data;
	size_t len;
	size_t size;
	size_t size_max;
	enum err err;
};

void buf_init(struct buf *b, size_t size_max);
void buf_release(struct buf *b);
void buf_reset(struct buf *b); /* empty again, memory kept, error cleared */
enum err buf_err(const struct buf *b);

void buf_add(struct buf *b, const void *p, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_i64_dec(struct buf *b, int64_t v); /* decimal text, without printf */
/* room for ${len} at the end, not yet counted; NULL on error */
uint8_t *buf_reserve(struct buf *b, size_t len);
void buf_patch_be32(struct buf *b, size_t at, uint32_t v);
/* The bytes as a NUL-terminated string; the NUL is not counted.  "" on error. */
const char *buf_cstr(struct buf *b);

/* Room for ${len} more bytes and a NUL; false sets the error.  For the functions below. */
bool buf_grow(struct buf *b, size_t len);

static inline bool
buf_room(struct buf *b, size_t len)
{
	/* A buffer may be given a smaller maximum than the memory it has kept. */
	if (b->err == ERR_OK && b->size > b->len + len && len <= b->size_max - b->len)
		return true;
	return buf_grow(b, len);
}

static inline void
buf_byte(struct buf *b, uint8_t v)
{
	if (buf_room(b, 1))
		b->data[b->len++] = v;
}

/* Network order, as PostgreSQL's binary formats want it. */
#define BUF_BE(bits, swapped) \
	static inline void buf_be##bits(struct buf *b, uint##bits##_t v) \
	{ \
		uint##bits##_t be = (swapped); \
\
		if (!buf_room(b, sizeof(be))) \
			return; \
		memcpy(b->data + b->len, &be, sizeof(be)); \
		b->len += sizeof(be); \
	}
BUF_BE(16, htobe16(v))
BUF_BE(32, htobe32(v))
BUF_BE(64, htobe64(v))
#undef BUF_BE

/* LEB128, as protobuf: writes ${v} at ${at}, which has room for VARINT_SIZE_MAX bytes; returns its end. */
#define VARINT_SIZE_MAX ((size_t)10)
static inline uint8_t *
varint_put(uint8_t *at, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*at++ = (uint8_t)(v | 0x80);
	*at++ = (uint8_t)v;
	return at;
}

void buf_varint_long(struct buf *b, uint64_t v);

static inline void
buf_varint(struct buf *b, uint64_t v)
{
	if (v < 0x80)
		buf_byte(b, (uint8_t)v);
	else
		buf_varint_long(b, v);
}

static inline void
buf_zigzag(struct buf *b, int64_t v)
{
	buf_varint(b, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

/* A cursor over bytes; past the end it yields zeros and ok turns false: check once at the end. */
struct rd {
	const uint8_t *at;
	const uint8_t *end;
	bool ok;
};

void rd_init(struct rd *r, const void *p, size_t len);
uint64_t rd_varint(struct rd *r);
int64_t rd_zigzag(struct rd *r);
uint8_t rd_byte(struct rd *r);
uint16_t rd_be16(struct rd *r);
uint32_t rd_be32(struct rd *r);
uint64_t rd_be64(struct rd *r);
const uint8_t *rd_bytes(struct rd *r, size_t len); /* NULL when fewer are left */

#endif
