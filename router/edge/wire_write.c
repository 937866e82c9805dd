#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "edge/wire.h"
#include "edge/wire_write.h"

#define SIZE_FIRST ((size_t)4096)
#define SIZE_KEEP ((size_t)1 << 20) /* one large message does not keep its memory */
#define HEAD_SIZE_MAX ((size_t)15)  /* a tag of five bytes, a number of ten */

void
wire_out_init(struct wire_out *w, size_t size_max)
{
	*w = (struct wire_out){.size_max = size_max};
}

void
wire_out_release(struct wire_out *w)
{
	free(w->data);
	wire_out_init(w, w->size_max);
}

/* The slow half of room(): more memory, and what is there moved to its end. */
static __attribute__((noinline)) bool
grow(struct wire_out *w, size_t len)
{
	size_t used = w->size - w->at, size = w->size != 0 ? w->size : SIZE_FIRST;
	uint8_t *data;

	if (w->err != ERR_OK)
		return false;
	if (len > w->size_max || used > w->size_max - len) {
		w->err = ERR_TOO_LARGE;
		return false;
	}
	while (size - used < len)
		size *= 2;
	data = malloc(size);
	if (data == NULL) {
		w->err = ERR_NO_MEMORY;
		return false;
	}
	if (used > 0)
		memcpy(data + size - used, w->data + w->at, used);
	free(w->data);
	w->data = data;
	w->size = size;
	w->at = size - used;
	return true;
}

/* After an error there is no room: what follows is dropped. */
static inline bool
room(struct wire_out *w, size_t len)
{
	return (w->at >= len && w->err == ERR_OK) || grow(w, len);
}

/* There must be room for VARINT_SIZE_MAX bytes. */
static inline void
put_varint(struct wire_out *w, uint64_t v)
{
	if (v < 0x80) {
		w->data[--w->at] = (uint8_t)v;
		return;
	}
	/* Bits by seven, rounded up: up to 64 of them, nine 64ths of their count come to the same. */
	w->at -= (size_t)((63 - __builtin_clzll(v)) * 9 + 73) >> 6;
	(void)varint_put(w->data + w->at, v);
}

static inline void
put_fixed(struct wire_out *w, const void *p, size_t len)
{
	/* protobuf is little-endian, as is every machine this is built for. */
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fixed fields are copied");
	w->at -= len;
	memcpy(w->data + w->at, p, len);
}

static void
put_bytes(struct wire_out *w, const void *p, size_t len)
{
	if (!room(w, len + HEAD_SIZE_MAX))
		return;
	w->at -= len;
	if (len > 0)
		memcpy(w->data + w->at, p, len);
	put_varint(w, len);
}

static void put_message(struct wire_out *w, const ProtobufCMessage *m);

static size_t
used(const struct wire_out *w)
{
	return w->size - w->at;
}

static void
put_inner(struct wire_out *w, const ProtobufCMessage *m)
{
	size_t before = used(w);

	if (m != NULL)
		put_message(w, m);
	if (room(w, HEAD_SIZE_MAX))
		put_varint(w, used(w) - before);
}

/* Does the member begin with eight bytes?  With a pointer or a length it does. */
static const bool is_wide[] = {
    [PROTOBUF_C_TYPE_INT64] = true,
    [PROTOBUF_C_TYPE_SINT64] = true,
    [PROTOBUF_C_TYPE_UINT64] = true,
    [PROTOBUF_C_TYPE_SFIXED64] = true,
    [PROTOBUF_C_TYPE_FIXED64] = true,
    [PROTOBUF_C_TYPE_DOUBLE] = true,
    [PROTOBUF_C_TYPE_STRING] = true,
    [PROTOBUF_C_TYPE_BYTES] = true,
    [PROTOBUF_C_TYPE_MESSAGE] = true,
};

_Static_assert(sizeof(protobuf_c_boolean) == 4 && sizeof(size_t) == 8 && sizeof(void *) == 8 &&
        offsetof(ProtobufCBinaryData, len) == 0 && PROTOBUF_C_TYPE_MESSAGE == 16,
    "members are as is_wide and element_size() have it");

static size_t
element_size(ProtobufCType t)
{
	if (t == PROTOBUF_C_TYPE_BYTES)
		return sizeof(ProtobufCBinaryData);
	return is_wide[t] ? 8 : 4;
}

/* A value without its tag, whatever it is. */
static void
put_value(struct wire_out *w, ProtobufCType t, const void *member)
{
	const ProtobufCBinaryData *blob = member;
	const char *text;

	if (!room(w, HEAD_SIZE_MAX))
		return;
	switch (t) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_ENUM:
		put_varint(w, (uint64_t)(int64_t) * (const int32_t *)member);
		break;
	case PROTOBUF_C_TYPE_UINT32:
		put_varint(w, *(const uint32_t *)member);
		break;
	case PROTOBUF_C_TYPE_SINT32:
		put_varint(w,
		    *(const uint32_t *)member << 1 ^
		        (*(const int32_t *)member < 0 ? UINT32_MAX : 0));
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		put_varint(w, *(const uint64_t *)member);
		break;
	case PROTOBUF_C_TYPE_SINT64:
		put_varint(w,
		    *(const uint64_t *)member << 1 ^
		        (*(const int64_t *)member < 0 ? UINT64_MAX : 0));
		break;
	case PROTOBUF_C_TYPE_BOOL:
		put_varint(w, *(const protobuf_c_boolean *)member != 0);
		break;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		put_fixed(w, member, sizeof(uint32_t));
		break;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		put_fixed(w, member, sizeof(uint64_t));
		break;
	case PROTOBUF_C_TYPE_STRING:
		text = *(const char *const *)member;
		put_bytes(w, text, text != NULL ? strlen(text) : 0);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_bytes(w, blob->data, blob->len);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		put_inner(w, *(const ProtobufCMessage *const *)member);
		break;
	}
}

static inline void
put_tag(struct wire_out *w, uint32_t number, ProtobufCWireType t)
{
	if (room(w, HEAD_SIZE_MAX))
		put_varint(w, (uint64_t)number << 3 | t);
}

static void
put_repeated(struct wire_out *w, const ProtobufCFieldDescriptor *f, size_t count,
    const uint8_t *array)
{
	bool is_packed = (f->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
	size_t size = element_size(f->type), before = used(w);

	if (count == 0)
		return;
	for (size_t i = count; i > 0; i--) {
		put_value(w, f->type, array + (i - 1) * size);
		if (!is_packed)
			put_tag(w, f->id, wire_type(f->type));
	}
	if (!is_packed || !room(w, HEAD_SIZE_MAX))
		return;
	put_varint(w, used(w) - before);
	put_tag(w, f->id, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
}

/*
 * Of a field without a oneof: proto3 does not send what is zero or empty.  Most fields are, so the
 * first look is at the bytes: pointers and lengths have eight like the large numbers, all else four.
 */
static inline bool
is_zero(ProtobufCType t, const void *member)
{
	uint64_t v = is_wide[t] ? *(const uint64_t *)member : *(const uint32_t *)member;

	if (v == 0)
		return true;
	if (t == PROTOBUF_C_TYPE_STRING)
		return **(const char *const *)member == '\0';
	if (t == PROTOBUF_C_TYPE_FLOAT)
		return *(const float *)member == 0;
	return t == PROTOBUF_C_TYPE_DOUBLE && *(const double *)member == 0;
}

/* Chosen, and with something behind it: a member of a oneof is sent even when it is zero. */
static bool
is_chosen(const ProtobufCFieldDescriptor *f, uint32_t which, const void *member)
{
	const void *p;

	if (which != f->id)
		return false;
	if (f->type != PROTOBUF_C_TYPE_MESSAGE && f->type != PROTOBUF_C_TYPE_STRING)
		return true;
	p = *(const void *const *)member;
	return p != NULL && p != f->default_value;
}

static void
put_message(struct wire_out *w, const ProtobufCMessage *m)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	const uint8_t *base = (const uint8_t *)m;

	for (const ProtobufCFieldDescriptor *f = d->fields + d->n_fields; f-- > d->fields;) {
		const void *member = base + f->offset, *extra = base + f->quantifier_offset;

		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			put_repeated(w, f, *(const size_t *)extra, *(const uint8_t *const *)member);
			continue;
		}
		/* proto2's labels have no place in proto/ (tests/lint/proto.py). */
		assert(f->label == PROTOBUF_C_LABEL_NONE);
		if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0
		        ? !is_chosen(f, *(const uint32_t *)extra, member)
		        : is_zero(f->type, member))
			continue;
		put_value(w, f->type, member);
		put_tag(w, f->id, wire_type(f->type));
	}
}

enum err
wire_write(struct wire_out *w, const ProtobufCMessage *m, const uint8_t **p, size_t *len)
{
	if (w->size > SIZE_KEEP)
		wire_out_release(w);
	w->at = w->size;
	w->err = ERR_OK;
	if (!room(w, 1))
		return w->err;
	put_message(w, m);
	if (w->err != ERR_OK)
		return w->err;
	*p = w->data + w->at;
	*len = used(w);
	return ERR_OK;
}
