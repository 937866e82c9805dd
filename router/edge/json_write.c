#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/parse.h"
#include "edge/json_write.h"
#include "edge/wire.h"

static void write_message(struct buf *out, const ProtobufCMessage *m);

void
json_write_text(struct buf *out, const char *s)
{
	const char *from = s;
	char code[8];

	buf_byte(out, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_add(out, from, (size_t)(s - from));
		from = s + 1;
		if (c == '"' || c == '\\') {
			buf_byte(out, '\\');
			buf_byte(out, c);
		} else if (c == '\n') {
			buf_add(out, "\\n", 2);
		} else {
			snprintf(code, sizeof(code), "\\u%04x", c);
			buf_add(out, code, 6);
		}
	}
	buf_add(out, from, (size_t)(s - from));
	buf_byte(out, '"');
}

/* unit_price_fen -> "unitPriceFen": */
static void
write_name(struct buf *out, const char *snake)
{
	bool upper = false;

	buf_byte(out, '"');
	for (; *snake != '\0'; snake++) {
		char c = *snake;

		if (c == '_') {
			upper = true;
			continue;
		}
		if (upper && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		upper = false;
		buf_byte(out, (uint8_t)c);
	}
	buf_add(out, "\":", 2);
}

static void
write_double(struct buf *out, double v, bool single)
{
	char text[40];

	if (!isfinite(v)) {
		buf_str(out, isnan(v) ? "\"NaN\"" : v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
		return;
	}
	/* The fewest digits that read back as the same number. */
	for (int digits = single ? 6 : 15; digits <= 17; digits++) {
		double back;

		snprintf(text, sizeof(text), "%.*g", digits, v);
		back = strtod(text, NULL);
		if (single ? (float)back == (float)v : back == v)
			break;
	}
	/* "-0" would be read as the integer 0. */
	buf_str(out, v == 0 && signbit(v) ? "-0.0" : text);
}

static void
write_timestamp(struct buf *out, const ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *f = m->descriptor->fields;
	const char *base = (const char *)m;
	int64_t seconds;
	int32_t nanos, days, rest, y, mon, d;

	memcpy(&seconds, base + f[0].offset, sizeof(seconds));
	memcpy(&nanos, base + f[1].offset, sizeof(nanos));
	if (seconds < WIRE_SECONDS_MIN || seconds > WIRE_SECONDS_MAX || nanos < 0 ||
	    nanos > 999999999) {
		buf_add(out, "null", 4); /* not a time: no text would be true */
		return;
	}
	days = (int32_t)((seconds - WIRE_SECONDS_MIN) / 86400) +
	    (int32_t)(WIRE_SECONDS_MIN / 86400);
	rest = (int32_t)((seconds - WIRE_SECONDS_MIN) % 86400);
	civil_from_days(days, &y, &mon, &d);
	buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d", y, mon, d, rest / 3600, rest / 60 % 60,
	    rest % 60);
	if (nanos % 1000 != 0)
		buf_printf(out, ".%09d", nanos);
	else if (nanos % 1000000 != 0)
		buf_printf(out, ".%06d", nanos / 1000);
	else if (nanos != 0)
		buf_printf(out, ".%03d", nanos / 1000000);
	buf_add(out, "Z\"", 2);
}

static void
write_bytes(struct buf *out, const ProtobufCBinaryData *b)
{
	uint8_t *to;

	buf_byte(out, '"');
	to = buf_reserve(out, B64_SIZE(b->len));
	if (to != NULL) {
		b64_encode(b->data, b->len, (char *)to);
		out->len += B64_SIZE(b->len) - 1;
	}
	buf_byte(out, '"');
}

static void
write_enum(struct buf *out, const ProtobufCFieldDescriptor *f, int32_t n)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(f->descriptor, n);

	if (v == NULL) {
		buf_i64_dec(out, n);
		return;
	}
	buf_byte(out, '"');
	buf_str(out, v->name);
	buf_byte(out, '"');
}

static void
write_number(struct buf *out, ProtobufCType type, const void *at)
{
	uint64_t u64;
	uint32_t u32;
	double d;
	float f;

	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		memcpy(&u64, at, sizeof(u64));
		buf_byte(out, '"');
		buf_i64_dec(out, (int64_t)u64);
		buf_byte(out, '"');
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		memcpy(&u64, at, sizeof(u64));
		buf_printf(out, "\"%llu\"", (unsigned long long)u64);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		memcpy(&u32, at, sizeof(u32));
		buf_i64_dec(out, u32);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		memcpy(&d, at, sizeof(d));
		write_double(out, d, false);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		memcpy(&f, at, sizeof(f));
		write_double(out, (double)f, true);
		break;
	default:
		memcpy(&u32, at, sizeof(u32));
		buf_i64_dec(out, (int32_t)u32);
		break;
	}
}

static void
write_value(struct buf *out, const ProtobufCFieldDescriptor *f, const void *at)
{
	int32_t n;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		json_write_text(out, *(const char *const *)at);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		write_bytes(out, at);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		write_message(out, *(const ProtobufCMessage *const *)at);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		memcpy(&n, at, sizeof(n));
		buf_str(out, n != 0 ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_ENUM:
		memcpy(&n, at, sizeof(n));
		write_enum(out, f, n);
		break;
	default:
		write_number(out, f->type, at);
		break;
	}
}

size_t
json_element_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

/* Unset, or what an absent field reads as. */
static bool
is_default(const ProtobufCFieldDescriptor *f, const void *at)
{
	static const uint8_t zero[8];
	const char *s;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		s = *(const char *const *)at;
		return s == NULL || *s == '\0';
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len == 0;
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(const ProtobufCMessage *const *)at == NULL;
	default:
		return memcmp(at, zero, json_element_size(f->type)) == 0;
	}
}

static bool
is_left_out(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)m;
	uint32_t which;
	size_t n;

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(&n, base + f->quantifier_offset, sizeof(n));
		return n == 0;
	}
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		memcpy(&which, base + f->quantifier_offset, sizeof(which));
		if (which != f->id)
			return true;
		return (f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING) &&
		    *(void *const *)(const void *)(base + f->offset) == NULL;
	}
	return is_default(f, base + f->offset);
}

static void
write_list(struct buf *out, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)m;
	size_t n, size = json_element_size(f->type);
	const char *elements;

	memcpy(&n, base + f->quantifier_offset, sizeof(n));
	memcpy(&elements, base + f->offset, sizeof(elements));
	buf_byte(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_byte(out, ',');
		write_value(out, f, elements + i * size);
	}
	buf_byte(out, ']');
}

static void
write_message(struct buf *out, const ProtobufCMessage *m)
{
	bool first = true;

	if (wire_is_timestamp(m->descriptor)) {
		write_timestamp(out, m);
		return;
	}
	buf_byte(out, '{');
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

		if (is_left_out(m, f))
			continue;
		if (!first)
			buf_byte(out, ',');
		first = false;
		write_name(out, f->name);
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			write_list(out, m, f);
		else
			write_value(out, f, (const char *)m + f->offset);
	}
	buf_byte(out, '}');
}

void
json_write(struct buf *out, const ProtobufCMessage *m)
{
	write_message(out, m);
}
