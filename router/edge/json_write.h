#ifndef ROUTER_EDGE_JSON_WRITE_H
#define ROUTER_EDGE_JSON_WRITE_H

/*
 * json_write: a message as proto3 JSON, straight into a buffer by its descriptor.
 *
 * camelCase names, 64-bit integers as strings, enums by name, bytes as base64, Timestamp as
 * RFC 3339; what has its default value is left out, as the canonical mapping does.
 */
#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"

/* The error, if any, is ${out}'s own: it was too small. */
void json_write(struct buf *out, const ProtobufCMessage *m);
/* A quoted, escaped text; ${s} is UTF-8. */
void json_write_text(struct buf *out, const char *s);
/* Bytes that one value of the type takes in a generated struct. */
size_t json_element_size(ProtobufCType type);

#endif
