#include <stddef.h>
#include <string.h>

#include "edge/kinds.h"

static const ProtobufCEnumValue colour_values[] = {
    {"COLOUR_NONE", "COLOUR_NONE", 0},
    {"COLOUR_RED", "COLOUR_RED", 1},
    {"COLOUR_DEEP_BLUE", "COLOUR_DEEP_BLUE", 5},
};
static const ProtobufCIntRange colour_ranges[] = {{0, 0}, {5, 2}, {0, 3}};
static const ProtobufCEnumValueIndex colour_names[] = {{"COLOUR_DEEP_BLUE", 2}, {"COLOUR_NONE", 0},
    {"COLOUR_RED", 1}};
const ProtobufCEnumDescriptor colour_descriptor = {
    .magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC,
    .name = "test.Colour",
    .short_name = "Colour",
    .n_values = 3,
    .values = colour_values,
    .n_value_names = 3,
    .values_by_name = colour_names,
    .n_value_ranges = 2,
    .value_ranges = colour_ranges,
};

#define ONE(number, text, what, member, desc, def, flag) \
	{ \
		.name = (text), .id = (number), .label = PROTOBUF_C_LABEL_NONE, \
		.type = PROTOBUF_C_TYPE_##what, .offset = offsetof(struct kinds, member), \
		.descriptor = (desc), .default_value = (def), .flags = (flag) \
	}
#define MANY(number, text, what, member, desc) \
	{ \
		.name = (text), .id = (number), .label = PROTOBUF_C_LABEL_REPEATED, \
		.type = PROTOBUF_C_TYPE_##what, \
		.quantifier_offset = offsetof(struct kinds, n_##member), \
		.offset = offsetof(struct kinds, member), .descriptor = (desc) \
	}
#define CHOICE(number, text, what, member, desc) \
	{ \
		.name = (text), .id = (number), .label = PROTOBUF_C_LABEL_NONE, \
		.type = PROTOBUF_C_TYPE_##what, \
		.quantifier_offset = offsetof(struct kinds, choice_case), \
		.offset = offsetof(struct kinds, choice.member), .descriptor = (desc), \
		.flags = PROTOBUF_C_FIELD_FLAG_ONEOF \
	}

static const ProtobufCFieldDescriptor inner_fields[] = {
    {.name = "n",
        .id = 1,
        .label = PROTOBUF_C_LABEL_NONE,
        .type = PROTOBUF_C_TYPE_INT32,
        .offset = offsetof(struct inner, n)},
    {.name = "some_text",
        .id = 2,
        .label = PROTOBUF_C_LABEL_NONE,
        .type = PROTOBUF_C_TYPE_STRING,
        .offset = offsetof(struct inner, some_text),
        .default_value = &protobuf_c_empty_string},
};
static const ProtobufCIntRange inner_ranges[] = {{1, 0}, {0, 2}};
static const unsigned inner_names[] = {0, 1};
const ProtobufCMessageDescriptor inner_descriptor = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "test.Inner",
    .short_name = "Inner",
    .sizeof_message = sizeof(struct inner),
    .n_fields = 2,
    .fields = inner_fields,
    .fields_sorted_by_name = inner_names,
    .n_field_ranges = 1,
    .field_ranges = inner_ranges,
    .message_init = (ProtobufCMessageInit)inner_init,
};

static const ProtobufCFieldDescriptor kinds_fields[] = {
    ONE(1, "i32", INT32, i32, NULL, NULL, 0),
    ONE(2, "s32", SINT32, s32, NULL, NULL, 0),
    ONE(3, "sf32", SFIXED32, sf32, NULL, NULL, 0),
    ONE(4, "i64", INT64, i64, NULL, NULL, 0),
    ONE(5, "s64", SINT64, s64, NULL, NULL, 0),
    ONE(6, "sf64", SFIXED64, sf64, NULL, NULL, 0),
    ONE(7, "u32", UINT32, u32, NULL, NULL, 0),
    ONE(8, "f32", FIXED32, f32, NULL, NULL, 0),
    ONE(9, "u64", UINT64, u64, NULL, NULL, 0),
    ONE(10, "f64", FIXED64, f64, NULL, NULL, 0),
    ONE(11, "real", FLOAT, real, NULL, NULL, 0),
    ONE(12, "precise", DOUBLE, precise, NULL, NULL, 0),
    ONE(13, "yes", BOOL, yes, NULL, NULL, 0),
    ONE(14, "colour", ENUM, colour, &colour_descriptor, NULL, 0),
    ONE(15, "plain_text", STRING, plain_text, NULL, &protobuf_c_empty_string, 0),
    ONE(16, "blob", BYTES, blob, NULL, NULL, 0),
    ONE(17, "inner", MESSAGE, inner, &inner_descriptor, NULL, 0),
    ONE(18, "at", MESSAGE, at, &google__protobuf__timestamp__descriptor, NULL, 0),
    MANY(19, "numbers", INT32, numbers, NULL),
    MANY(20, "texts", STRING, texts, NULL),
    MANY(21, "colours", ENUM, colours, &colour_descriptor),
    MANY(22, "inners", MESSAGE, inners, &inner_descriptor),
    MANY(23, "blobs", BYTES, blobs, NULL),
    CHOICE(24, "one", INT32, one, NULL),
    CHOICE(25, "other", MESSAGE, other, &inner_descriptor),
    MANY(26, "reals", DOUBLE, reals, NULL),
    MANY(27, "flags", BOOL, flags, NULL),
};
static const ProtobufCIntRange kinds_ranges[] = {{1, 0}, {0, 27}};
const ProtobufCMessageDescriptor kinds_descriptor = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "test.Kinds",
    .short_name = "Kinds",
    .sizeof_message = sizeof(struct kinds),
    .n_fields = 27,
    .fields = kinds_fields,
    .n_field_ranges = 1,
    .field_ranges = kinds_ranges,
    .message_init = (ProtobufCMessageInit)kinds_init,
};

static char *
empty_text(void)
{
	char *p;
	const char *e = protobuf_c_empty_string;

	memcpy(&p, &e, sizeof(p));
	return p;
}

void
kinds_init(struct kinds *k)
{
	memset(k, 0, sizeof(*k));
	k->base.descriptor = &kinds_descriptor;
	k->plain_text = empty_text();
}

void
inner_init(struct inner *i)
{
	memset(i, 0, sizeof(*i));
	i->base.descriptor = &inner_descriptor;
	i->some_text = empty_text();
}

const struct kinds *
kinds_full(void)
{
	static struct kinds k;
	static struct inner inner, many[2];
	static struct inner *inners[2] = {&many[0], &many[1]};
	static Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	static char text[] = "quote \" slash \\ tab \t 云仓 \x7f end", a[] = "a", none[] = "";
	static char *texts[] = {a, none, text};
	static uint8_t bytes[] = {0, 1, 0xfe, 0xff};
	static ProtobufCBinaryData blobs[] = {{4, bytes}, {0, NULL}, {1, bytes}};
	static int32_t numbers[] = {0, -1, INT32_MAX, INT32_MIN}, colours[] = {5, 0, 1};
	static double reals[] = {0, -0.0, 0.1, 1e300, -3, 31.23040012345678};
	static protobuf_c_boolean flags[] = {1, 0, 1};

	kinds_init(&k);
	inner_init(&inner);
	inner_init(&many[0]);
	inner_init(&many[1]);
	inner.n = 7;
	inner.some_text = a;
	many[1].some_text = text;
	k.i32 = INT32_MIN, k.s32 = -2, k.sf32 = -3;
	k.i64 = INT64_MIN, k.s64 = INT64_MAX, k.sf64 = -6;
	k.u32 = UINT32_MAX, k.f32 = 8, k.u64 = UINT64_MAX, k.f64 = 10;
	k.real = 0.1f, k.precise = 1.0 / 3.0;
	k.yes = 1, k.colour = 5, k.plain_text = text;
	k.blob = blobs[0];
	k.inner = &inner;
	at.seconds = -1, at.nanos = 123456789;
	k.at = &at;
	k.n_numbers = 4, k.numbers = numbers;
	k.n_texts = 3, k.texts = texts;
	k.n_colours = 3, k.colours = colours;
	k.n_inners = 2, k.inners = inners;
	k.n_blobs = 3, k.blobs = blobs;
	k.choice_case = 24, k.choice.one = 0;
	k.n_reals = 6, k.reals = reals;
	k.n_flags = 3, k.flags = flags;
	return &k;
}
