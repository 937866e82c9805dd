#ifndef ROUTER_BASE_BUF_H
#define ROUTER_BASE_BUF_H

/*
 * buf: a growing byte buffer that was given its maximum at birth (after curl's dynbuf).
 *
 * The error is sticky: append as you like, look at buf_err() once at the end.  Past
 * size_max the contents are kept, nothing more is added, and the error is TOO_LARGE.
 */
#include <stddef.h>
#include <stdint.h>

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
void buf_byte(struct buf *b, uint8_t v);
void buf_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_i64_dec(struct buf *b, int64_t v); /* decimal text, without printf */
/* network order, as PostgreSQL's binary formats want it */
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_varint(struct buf *b, uint64_t v); /* LEB128, as protobuf */
void buf_zigzag(struct buf *b, int64_t v);
/* room for ${len} at the end, not yet counted; NULL on error */
uint8_t *buf_reserve(struct buf *b, size_t len);
void buf_patch_be32(struct buf *b, size_t at, uint32_t v);
/* The bytes as a NUL-terminated string; the NUL is not counted.  "" on error. */
const char *buf_cstr(struct buf *b);

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
