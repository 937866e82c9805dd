#ifndef TESTS_UNIT_EDGE_KINDS_H
#define TESTS_UNIT_EDGE_KINDS_H

/*
 * kinds: a message with a field of every kind, which no message of proto/ has.  Written by hand as
 * protoc-c would:
 *
 *   enum Colour { COLOUR_NONE = 0; COLOUR_RED = 1; COLOUR_DEEP_BLUE = 5; }
 *   message Inner { int32 n = 1; string some_text = 2; }
 *   message Kinds { int32 i32 = 1; … oneof choice { int32 one = 24; Inner other = 25; } … }
 */
#include <protobuf-c/protobuf-c.h>

#include "google/protobuf/timestamp.pb-c.h"

struct inner {
	ProtobufCMessage base;
	int32_t n;
	char *some_text;
};

struct kinds {
	ProtobufCMessage base;
	int32_t i32, s32, sf32;
	int64_t i64, s64, sf64;
	uint32_t u32, f32;
	uint64_t u64, f64;
	float real;
	double precise;
	protobuf_c_boolean yes;
	int32_t colour;
	char *plain_text;
	ProtobufCBinaryData blob;
	struct inner *inner;
	Google__Protobuf__Timestamp *at;
	size_t n_numbers;
	int32_t *numbers;
	size_t n_texts;
	char **texts;
	size_t n_colours;
	int32_t *colours;
	size_t n_inners;
	struct inner **inners;
	size_t n_blobs;
	ProtobufCBinaryData *blobs;
	uint32_t choice_case;
	union {
		int32_t one;
		struct inner *other;
	} choice;
	size_t n_reals;
	double *reals;
	size_t n_flags;
	protobuf_c_boolean *flags;
};

extern const ProtobufCEnumDescriptor colour_descriptor;
extern const ProtobufCMessageDescriptor inner_descriptor;
extern const ProtobufCMessageDescriptor kinds_descriptor;

void kinds_init(struct kinds *k);
void inner_init(struct inner *i);
/* Every field set, ${k} and what it points to are static. */
const struct kinds *kinds_full(void);

#endif
