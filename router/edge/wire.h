#ifndef ROUTER_EDGE_WIRE_H
#define ROUTER_EDGE_WIRE_H

/*
 * wire: protobuf's binary form, looked through by descriptor before anything is unpacked.
 *
 * protobuf-c trusts its input too much for a public door: it keeps NULs and invalid UTF-8 in
 * strings, keeps unknown fields, cuts integers to fit, and makes 55 MiB of 1 MiB of empty messages.
 * What wire_scan() lets through, it unpacks as it was meant.
 */
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"

/* A message with more fields than this has no place in proto/; asserted. */
#define WIRE_FIELDS_MAX 64

struct wire_limits {
	uint32_t repeated_max; /* elements of one repeated field */
	uint32_t values_max;   /* elements of all repeated fields and messages together */
};

#define WIRE_REPEATED_MAX 10000
#define WIRE_VALUES_MAX 200000

/**
 * wire_scan(d, p, len, limits, r):
 * Would ${p} unpack as a ${d}, and is it sane?
 *
 * ERR_BAD_BODY: truncated, an impossible tag, a group, a wire type that is not the field's.
 * ERR_BAD_FIELD: an unknown field (the text has its number) or enum value, an integer that does not
 *     fit, a text with NUL or invalid UTF-8, a singular field twice, two members of a oneof, a
 *     double that is not a number, a Timestamp outside the years 1 to 9999.
 * ERR_TOO_LARGE: over ${limits}, or nested deeper than PATH_DEPTH_MAX.
 * ${r}->field names the place: "basket.lines[3].quantity".
 */
enum err wire_scan(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t len,
    const struct wire_limits *limits, struct reason *r) MUST_CHECK;

/* Scans, then unpacks into ${a}; the message lives as long as the arena.  Also ERR_TOO_LARGE: arena full. */
enum err wire_read(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t len,
    const struct wire_limits *limits, struct arena *a, ProtobufCMessage **out,
    struct reason *r) MUST_CHECK;

/* Is ${d} google.protobuf.Timestamp, and what it may hold. */
bool wire_is_timestamp(const ProtobufCMessageDescriptor *d);
#define WIRE_SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define WIRE_SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* How a value of ${t} goes over the wire, by itself. */
static inline ProtobufCWireType
wire_type(ProtobufCType t)
{
	switch (t) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return PROTOBUF_C_WIRE_TYPE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	default:
		return PROTOBUF_C_WIRE_TYPE_VARINT;
	}
}

#endif
