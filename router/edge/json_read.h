#ifndef ROUTER_EDGE_JSON_READ_H
#define ROUTER_EDGE_JSON_READ_H

/*
 * json_read: proto3 JSON into a generated struct, by its descriptor.
 *
 * jansson parses into the request's arena, so that the arena's cap bounds its tree as well.  Names
 * are taken in camelCase and as they stand in the .proto file; 64-bit integers as text or number;
 * enums by name or number; null is the default.  Stricter than the mapping: unknown names, names
 * twice, NUL in texts, NaN and infinities are refused.
 */
#include "edge/wire.h"

/**
 * json_read(d, p, len, limits, a, out, r):
 * Make a ${d} of ${p} in ${a}.
 *
 * ERR_BAD_BODY: not JSON, not UTF-8, a name twice, not an object.
 * ERR_BAD_FIELD: a field that is unknown, of a wrong type or out of range; ${r}->field names it.
 * ERR_TOO_LARGE: over ${limits}, or the arena is full.
 */
enum err json_read(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t len,
    const struct wire_limits *limits, struct arena *a, ProtobufCMessage **out,
    struct reason *r) MUST_CHECK;

#endif
