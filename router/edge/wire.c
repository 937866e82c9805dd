#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/parse.h"
#include "edge/path.h"
#include "edge/wire.h"

#define TAG_BYTES_MAX 5     /* protobuf-c reads no longer tag or length */
#define VARINT_BYTES_MAX 10 /* 64 bits in sevens */

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
};

struct scan {
	const struct wire_limits *limits;
	struct path path;
	uint32_t values;
	struct reason *reason;
};

static enum err scan_message(struct scan *s, const ProtobufCMessageDescriptor *d, struct cursor c);

static size_t
left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* False: cut off, too long, or more than 64 bits. */
static bool
varint(struct cursor *c, int bytes_max, uint64_t *out)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes_max; i++) {
		uint8_t b;

		if (c->at == c->end)
			return false;
		b = *c->at++;
		if (i == VARINT_BYTES_MAX - 1 && b > 1)
			return false;
		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if ((b & 0x80) == 0) {
			*out = v;
			return true;
		}
	}
	return false;
}

bool
wire_is_timestamp(const ProtobufCMessageDescriptor *d)
{
	return d->n_fields == 2 && strcmp(d->name, "google.protobuf.Timestamp") == 0;
}

static enum err
truncated(struct scan *s)
{
	return path_fail(&s->path, NULL, s->reason, ERR_BAD_BODY,
	    "the value is cut off or too long");
}

static enum err
scan_enum(struct scan *s, const ProtobufCFieldDescriptor *f, uint64_t v)
{
	int64_t n = (int64_t)v;

	if (n < INT32_MIN || n > INT32_MAX ||
	    protobuf_c_enum_descriptor_get_value(f->descriptor, (int)n) == NULL)
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_FIELD,
		    "%lld is not a value of %s", (long long)n,
		    ((const ProtobufCEnumDescriptor *)f->descriptor)->name);
	return ERR_OK;
}

static enum err
scan_varint(struct scan *s, const ProtobufCFieldDescriptor *f, struct cursor *c)
{
	uint64_t v;
	bool fits = true;

	if (!varint(c, VARINT_BYTES_MAX, &v))
		return truncated(s);
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
		fits = (int64_t)v >= INT32_MIN && (int64_t)v <= INT32_MAX;
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_SINT32:
		fits = v <= UINT32_MAX;
		break;
	case PROTOBUF_C_TYPE_BOOL:
		fits = v <= 1;
		break;
	case PROTOBUF_C_TYPE_ENUM:
		return scan_enum(s, f, v);
	default:
		break;
	}
	if (!fits)
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_FIELD,
		    "the number does not fit");
	return ERR_OK;
}

static enum err
scan_fixed(struct scan *s, const ProtobufCFieldDescriptor *f, struct cursor *c, size_t size)
{
	double d = 0;
	float f32;

	if (left(c) < size)
		return truncated(s);
	if (f->type == PROTOBUF_C_TYPE_DOUBLE) {
		memcpy(&d, c->at, sizeof(d));
	} else if (f->type == PROTOBUF_C_TYPE_FLOAT) {
		memcpy(&f32, c->at, sizeof(f32));
		d = (double)f32;
	}
	if (!isfinite(d))
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_FIELD,
		    "the number is infinite or none");
	c->at += size;
	return ERR_OK;
}

/* The bytes after a length prefix. */
static bool
slice(struct cursor *c, struct cursor *out)
{
	uint64_t len;

	if (!varint(c, TAG_BYTES_MAX, &len) || len > left(c))
		return false;
	out->at = c->at;
	out->end = c->at + len;
	c->at = out->end;
	return true;
}

static enum err
scan_value(struct scan *s, const ProtobufCFieldDescriptor *f, struct cursor *c)
{
	struct cursor inner;

	switch (wire_type(f->type)) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		return scan_varint(s, f, c);
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		return scan_fixed(s, f, c, 4);
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		return scan_fixed(s, f, c, 8);
	default:
		break;
	}
	if (!slice(c, &inner))
		return truncated(s);
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return scan_message(s, f->descriptor, inner);
	if (f->type == PROTOBUF_C_TYPE_STRING && !utf8_valid(inner.at, left(&inner)))
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_FIELD,
		    "the text is not valid UTF-8 or holds a NUL");
	return ERR_OK;
}

/* One element more of this field, and of all. */
static enum err
count(struct scan *s, uint32_t *n)
{
	s->path.steps[s->path.depth - 1].index = *n;
	if (++*n > s->limits->repeated_max) {
		s->path.steps[s->path.depth - 1].index = PATH_WHOLE;
		return path_fail(&s->path, NULL, s->reason, ERR_TOO_LARGE,
		    "the list has more than %u elements", s->limits->repeated_max);
	}
	if (++s->values > s->limits->values_max)
		return path_fail(&s->path, NULL, s->reason, ERR_TOO_LARGE,
		    "the message has more than %u values", s->limits->values_max);
	return ERR_OK;
}

/* Repeated: ${n} elements came before in this message. */
static enum err
scan_repeated(struct scan *s, const ProtobufCFieldDescriptor *f, ProtobufCWireType wt,
    struct cursor *c, uint32_t *n)
{
	struct cursor inner;
	enum err e;

	if (wt == wire_type(f->type)) {
		e = count(s, n);
		return e != ERR_OK ? e : scan_value(s, f, c);
	}
	if (!slice(c, &inner)) /* packed */
		return truncated(s);
	while (left(&inner) > 0) {
		e = count(s, n);
		if (e == ERR_OK)
			e = scan_value(s, f, &inner);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static bool
type_fits(const ProtobufCFieldDescriptor *f, ProtobufCWireType wt)
{
	if (wt == wire_type(f->type))
		return true;
	return wt == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && f->label == PROTOBUF_C_LABEL_REPEATED;
}

/* Encoders write a singular field once and one member of a oneof; merging is not for this door. */
static enum err
scan_once(struct scan *s, const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f,
    const uint32_t *counts)
{
	if (counts[f - d->fields] > 0)
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_FIELD,
		    "the field is there twice");
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return ERR_OK;
	for (unsigned i = 0; i < d->n_fields; i++) {
		if (counts[i] > 0 && (d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
		    d->fields[i].quantifier_offset == f->quantifier_offset)
			return path_fail(&s->path, NULL, s->reason, ERR_BAD_FIELD,
			    "%s is there as well; only one of them may be", d->fields[i].name);
	}
	return ERR_OK;
}

static enum err
scan_field(struct scan *s, const ProtobufCMessageDescriptor *d, uint64_t tag, struct cursor *c,
    uint32_t *counts)
{
	const ProtobufCFieldDescriptor *f;
	ProtobufCWireType wt = (ProtobufCWireType)(tag & 7);
	uint64_t number = tag >> 3;
	enum err e;

	if (number == 0 || number > (1u << 29) - 1 || wt == 3 || wt == 4 || wt > 5)
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_BODY, "there is no such tag");
	f = protobuf_c_message_descriptor_get_field(d, (unsigned)number);
	if (f == NULL)
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_FIELD,
		    "unknown field number %u of %s", (unsigned)number, d->short_name);
	if (!path_push(&s->path, f, PATH_WHOLE))
		return path_fail(&s->path, NULL, s->reason, ERR_TOO_LARGE, "nested too deeply");
	if (!type_fits(f, wt))
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_BODY,
		    "wire type %u is not that of the field", (unsigned)wt);
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		e = scan_repeated(s, f, wt, c, &counts[f - d->fields]);
	} else {
		e = scan_once(s, d, f, counts);
		if (e == ERR_OK)
			e = scan_value(s, f, c);
		counts[f - d->fields]++;
	}
	if (e == ERR_OK)
		path_pop(&s->path);
	return e;
}

/* The fields were scanned one by one; together they must be a time that RFC 3339 can write. */
static enum err
scan_timestamp(struct scan *s, struct cursor c)
{
	int64_t v[3] = {0, 0, 0};
	uint64_t tag, value;

	while (left(&c) > 0) {
		if (!varint(&c, TAG_BYTES_MAX, &tag) || !varint(&c, VARINT_BYTES_MAX, &value))
			return truncated(s);
		v[tag >> 3] = (int64_t)value;
	}
	if (v[1] < WIRE_SECONDS_MIN || v[1] > WIRE_SECONDS_MAX || v[2] < 0 || v[2] > 999999999)
		return path_fail(&s->path, NULL, s->reason, ERR_BAD_FIELD,
		    "the time is outside the years 1 to 9999");
	return ERR_OK;
}

static enum err
scan_message(struct scan *s, const ProtobufCMessageDescriptor *d, struct cursor c)
{
	uint32_t counts[WIRE_FIELDS_MAX];
	const struct cursor whole = c;
	uint64_t tag;
	enum err e;

	assert(d->n_fields <= WIRE_FIELDS_MAX);
	memset(counts, 0, d->n_fields * sizeof(counts[0]));
	if (++s->values > s->limits->values_max)
		return path_fail(&s->path, NULL, s->reason, ERR_TOO_LARGE,
		    "the message has more than %u values", s->limits->values_max);
	while (left(&c) > 0) {
		if (!varint(&c, TAG_BYTES_MAX, &tag) || tag > UINT32_MAX)
			return path_fail(&s->path, NULL, s->reason, ERR_BAD_BODY,
			    "a tag is cut off");
		e = scan_field(s, d, tag, &c, counts);
		if (e != ERR_OK)
			return e;
	}
	return wire_is_timestamp(d) ? scan_timestamp(s, whole) : ERR_OK;
}

enum err
wire_scan(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t len,
    const struct wire_limits *limits, struct reason *r)
{
	struct scan s = {.limits = limits, .reason = r};

	if (len == 0)
		return ERR_OK;
	return scan_message(&s, d, (struct cursor){p, p + len});
}

static void *
arena_alloc_fn(void *a, size_t size)
{
	return arena_alloc(a, size);
}

static void
arena_free_fn(void *a, void *p)
{
	(void)a;
	(void)p; /* goes with the arena */
}

enum err
wire_read(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t len,
    const struct wire_limits *limits, struct arena *a, ProtobufCMessage **out, struct reason *r)
{
	ProtobufCAllocator allocator = {arena_alloc_fn, arena_free_fn, a};
	enum err e;

	e = wire_scan(d, p, len, limits, r);
	if (e != ERR_OK)
		return e;
	*out = protobuf_c_message_unpack(d, &allocator, len, p);
	if (*out == NULL)
		return reason_set(r, ERR_TOO_LARGE, NULL,
		    "the request needs more memory than request_memory_max allows");
	return ERR_OK;
}
