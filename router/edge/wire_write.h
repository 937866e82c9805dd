#ifndef ROUTER_EDGE_WIRE_WRITE_H
#define ROUTER_EDGE_WIRE_WRITE_H

/*
 * wire_write: messages to protobuf's binary form, by descriptor, from the last byte to the first.
 *
 * The bytes are those of protobuf_c_message_pack(), without unknown fields.  That one needs the
 * length of a message before it writes it, and asks for it again at every level above; written
 * backwards, a message's length is known when it is needed.
 */
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"

/* Memory that is written to again and again; it grows to what was needed, up to size_max. */
struct wire_out {
	uint8_t *data;
	size_t size;
	size_t at; /* the bytes are from here to the end */
	size_t size_max;
	enum err err;
};

void wire_out_init(struct wire_out *w, size_t size_max);
void wire_out_release(struct wire_out *w);

/**
 * wire_write(w, m, &p, &len):
 * ${p} are the ${len} bytes of ${m}, until ${w} is used again; never NULL.
 *
 * ERR_TOO_LARGE, ERR_NO_MEMORY: neither is set.
 */
enum err wire_write(struct wire_out *w, const ProtobufCMessage *m, const uint8_t **p,
    size_t *len) MUST_CHECK;

#endif
