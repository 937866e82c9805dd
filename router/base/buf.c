#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define BUF_SIZE_FIRST ((size_t)256)

void
buf_init(struct buf *b, size_t size_max)
{
	assert(size_max < SIZE_MAX / 2);
	*b = (struct buf){.size_max = size_max};
}

void
buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.size_max = b->size_max};
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = ERR_OK;
}

enum err
buf_err(const struct buf *b)
{
	return b->err;
}

bool
buf_grow(struct buf *b, size_t len)
{
	size_t size;
	uint8_t *data;

	if (b->err != ERR_OK)
		return false;
	if (len > b->size_max - b->len) {
		b->err = ERR_TOO_LARGE;
		return false;
	}
	/* One byte beyond the maximum, for the NUL of buf_cstr(). */
	if (b->size > b->len + len)
		return true;
	size = b->size != 0 ? b->size : BUF_SIZE_FIRST;
	while (size <= b->len + len)
		size *= 2;
	if (size > b->size_max + 1)
		size = b->size_max + 1;
	data = realloc(b->data, size);
	if (data == NULL) {
		b->err = ERR_NO_MEMORY;
		return false;
	}
	b->data = data;
	b->size = size;
	return true;
}

uint8_t *
buf_reserve(struct buf *b, size_t len)
{
	return buf_room(b, len) ? b->data + b->len : NULL;
}

void
buf_add(struct buf *b, const void *p, size_t len)
{
	if (!buf_room(b, len) || len == 0)
		return;
	memcpy(b->data + b->len, p, len);
	b->len += len;
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	if (!buf_room(b, (size_t)len))
		return;
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
}

void
buf_i64_dec(struct buf *b, int64_t v)
{
	char text[20];
	size_t at;
	uint64_t rest;

	/* Negated as unsigned: INT64_MIN has no positive twin. */
	rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	at = sizeof(text);
	do {
		text[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest != 0);
	if (v < 0)
		text[--at] = '-';
	buf_add(b, text + at, sizeof(text) - at);
}

void
buf_patch_be32(struct buf *b, size_t at, uint32_t v)
{
	uint32_t be = htobe32(v);

	/* After an error the place may never have been written. */
	if (b->err != ERR_OK)
		return;
	assert(at <= b->len && b->len - at >= 4);
	memcpy(b->data + at, &be, sizeof(be));
}

void
buf_varint_long(struct buf *b, uint64_t v)
{
	uint8_t bytes[VARINT_SIZE_MAX], *end = varint_put(bytes, v);

	buf_add(b, bytes, (size_t)(end - bytes));
}

const char *
buf_cstr(struct buf *b)
{
	if (!buf_room(b, 0))
		return "";
	b->data[b->len] = '\0';
	return (const char *)b->data;
}

void
rd_init(struct rd *r, const void *p, size_t len)
{
	static const uint8_t nothing[1];

	/* So that rd_bytes(r, 0) of an empty text is not NULL. */
	r->at = len > 0 ? p : nothing;
	r->end = r->at + len;
	r->ok = true;
}

const uint8_t *
rd_bytes(struct rd *r, size_t len)
{
	const uint8_t *p;

	if (!r->ok || (size_t)(r->end - r->at) < len) {
		/* Whatever follows is not what its reader thinks it is. */
		r->ok = false;
		return NULL;
	}
	p = r->at;
	if (len > 0)
		r->at += len;
	return p;
}

static uint64_t
rd_be(struct rd *r, size_t len)
{
	const uint8_t *p;
	uint64_t v;
	size_t i;

	p = rd_bytes(r, len);
	if (p == NULL)
		return 0;
	v = 0;
	for (i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t
rd_byte(struct rd *r)
{
	return (uint8_t)rd_be(r, 1);
}

uint16_t
rd_be16(struct rd *r)
{
	return (uint16_t)rd_be(r, 2);
}

uint32_t
rd_be32(struct rd *r)
{
	return (uint32_t)rd_be(r, 4);
}

uint64_t
rd_be64(struct rd *r)
{
	return rd_be(r, 8);
}

uint64_t
rd_varint(struct rd *r)
{
	uint64_t v;
	unsigned shift;
	uint8_t byte;

	v = 0;
	for (shift = 0; shift < 64; shift += 7) {
		byte = rd_byte(r);
		if (!r->ok)
			return 0;
		/* The tenth byte has room for one bit. */
		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	r->ok = false;
	return 0;
}

int64_t
rd_zigzag(struct rd *r)
{
	uint64_t v;

	v = rd_varint(r);
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}
