/*
 * Goal: both codecs say back what they were given, and name the place where input is bad.
 * Method: round trips over a message with every kind of field; one labelled row for each refusal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "yuncang/v1/order.pb-c.h"

#include "edge/json_read.h"
#include "edge/json_write.h"
#include "edge/kinds.h"

#define MEMORY_MAX ((size_t)64 << 20)

static const struct wire_limits limits = {WIRE_REPEATED_MAX, WIRE_VALUES_MAX};

static size_t
pack(const ProtobufCMessage *m, uint8_t **out)
{
	*out = malloc(protobuf_c_message_get_packed_size(m) + 1);
	assert_non_null(*out);
	return protobuf_c_message_pack(m, *out);
}

static void
test_round_wire(void **state)
{
	uint8_t *bytes, *again;
	size_t len = pack(&kinds_full()->base, &bytes), len_again;
	struct arena *a = arena_new(MEMORY_MAX);
	ProtobufCMessage *m;
	struct reason r;

	(void)state;
	assert_int_equal(wire_read(&kinds_descriptor, bytes, len, &limits, a, &m, &r), ERR_OK);
	len_again = pack(m, &again);
	assert_int_equal(len_again, len);
	assert_memory_equal(again, bytes, len);
	free(again);
	free(bytes);
	arena_free(a);
}

static void
test_round_json(void **state)
{
	uint8_t *bytes, *again;
	size_t len = pack(&kinds_full()->base, &bytes), len_again;
	struct arena *a = arena_new(MEMORY_MAX);
	ProtobufCMessage *m;
	struct reason r;
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	json_write(&b, &kinds_full()->base);
	assert_int_equal(json_read(&kinds_descriptor, b.data, b.len, &limits, a, &m, &r), ERR_OK);
	len_again = pack(m, &again);
	assert_int_equal(len_again, len);
	assert_memory_equal(again, bytes, len);
	free(again);
	free(bytes);
	buf_release(&b);
	arena_free(a);
}

static void
test_json_text(void **state)
{
	static const char want[] =
	    "{\"i32\":-2147483648,\"s32\":-2,\"sf32\":-3,\"i64\":\"-9223372036854775808\","
	    "\"s64\":\"9223372036854775807\",\"sf64\":\"-6\",\"u32\":4294967295,\"f32\":8,"
	    "\"u64\":\"18446744073709551615\",\"f64\":\"10\",\"real\":0.1,"
	    "\"precise\":0.3333333333333333,\"yes\":true,\"colour\":\"COLOUR_DEEP_BLUE\","
	    "\"plainText\":\"quote \\\" slash \\\\ tab \\u0009 云仓 \\u007f end\","
	    "\"blob\":\"AAH+/w==\",\"inner\":{\"n\":7,\"someText\":\"a\"},"
	    "\"at\":\"1969-12-31T23:59:59.123456789Z\",\"numbers\":[0,-1,2147483647,-2147483648],"
	    "\"texts\":[\"a\",\"\",\"quote \\\" slash \\\\ tab \\u0009 云仓 \\u007f end\"],"
	    "\"colours\":[\"COLOUR_DEEP_BLUE\",\"COLOUR_NONE\",\"COLOUR_RED\"],"
	    "\"inners\":[{},{\"someText\":\"quote \\\" slash \\\\ tab \\u0009 云仓 \\u007f end\"}],"
	    "\"blobs\":[\"AAH+/w==\",\"\",\"AA==\"],\"one\":0,"
	    "\"reals\":[0,-0.0,0.1,1e+300,-3,31.23040012345678],\"flags\":[true,false,true]}";
	struct kinds none;
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	json_write(&b, &kinds_full()->base);
	assert_string_equal(buf_cstr(&b), want);
	buf_reset(&b);
	kinds_init(&none);
	json_write(&b, &none.base);
	assert_string_equal(buf_cstr(&b), "{}");
	buf_release(&b);
}

static void
test_json_times(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"2026-11-21T08:00:00Z", "2026-11-21T08:00:00Z"},
	    {"2026-11-21T16:00:00.5+08:00", "2026-11-21T08:00:00.500Z"},
	    {"2026-11-21T08:00:00.000001Z", "2026-11-21T08:00:00.000001Z"},
	    {"1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z"},
	    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	    {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
	};
	char text[128];
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new(MEMORY_MAX);
		ProtobufCMessage *m;
		struct reason r;
		int n = snprintf(text, sizeof(text), "{\"at\":\"%s\"}", rows[i].in);

		assert_int_equal(json_read(&kinds_descriptor, (const uint8_t *)text, (size_t)n,
		                     &limits, a, &m, &r),
		    ERR_OK);
		buf_reset(&b);
		json_write(&b, m);
		snprintf(text, sizeof(text), "{\"at\":\"%s\"}", rows[i].out);
		assert_string_equal(buf_cstr(&b), text);
		arena_free(a);
	}
	buf_release(&b);
}

/* Input that means the same as the canonical form. */
static void
test_json_lenient(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"{\"plain_text\":\"x\"}", "{\"plainText\":\"x\"}"},
	    {"{\"i32\":\"12\",\"u32\":\"13\"}", "{\"i32\":12,\"u32\":13}"},
	    {"{\"i32\":5.0,\"i64\":1e3}", "{\"i32\":5,\"i64\":\"1000\"}"},
	    {"{\"i64\":9007199254740993}", "{\"i64\":\"9007199254740993\"}"},
	    {"{\"i32\":\"1e2\"}", "{\"i32\":100}"},
	    {"{\"colour\":5}", "{\"colour\":\"COLOUR_DEEP_BLUE\"}"},
	    {"{\"colour\":null,\"inner\":null,\"texts\":null,\"i32\":null}", "{}"},
	    {"{\"precise\":\"2.5\",\"real\":1}", "{\"real\":1,\"precise\":2.5}"},
	    {"{\"blob\":\"_-8\"}", "{\"blob\":\"/+8=\"}"},
	    {" {\n\"other\" : { } } ", "{\"other\":{}}"},
	    {"{\"plainText\":\"\\u4e91\\ud83d\\ude00\"}", "{\"plainText\":\"云😀\"}"},
	};
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new(MEMORY_MAX);
		ProtobufCMessage *m;
		struct reason r = {0};
		enum err e = json_read(&kinds_descriptor, (const uint8_t *)rows[i].in,
		    strlen(rows[i].in), &limits, a, &m, &r);

		if (e != ERR_OK)
			fail_msg("%s: %s: %s", rows[i].in, r.field, r.text);
		buf_reset(&b);
		json_write(&b, m);
		assert_string_equal(buf_cstr(&b), rows[i].out);
		arena_free(a);
	}
	buf_release(&b);
}

#define ORDER &yuncang__v1__submit_order_request__descriptor
#define KINDS &kinds_descriptor

static const struct {
	const char *label;
	const ProtobufCMessageDescriptor *d;
	const char *in;
	enum err err;
	const char *field;
} json_rows[] = {
    {"not JSON", ORDER, "{\"basket\":", ERR_BAD_BODY, ""},
    {"empty", ORDER, "", ERR_BAD_BODY, ""},
    {"a list at the top", ORDER, "[]", ERR_BAD_BODY, ""},
    {"a number at the top", ORDER, "7", ERR_BAD_BODY, ""},
    {"something behind", ORDER, "{} {}", ERR_BAD_BODY, ""},
    {"a name twice", ORDER, "{\"orderRef\":\"a\",\"orderRef\":\"b\"}", ERR_BAD_BODY, ""},
    {"a name in both ways", ORDER, "{\"orderRef\":\"a\",\"order_ref\":\"b\"}", ERR_BAD_FIELD,
        "order_ref"},
    {"unknown at the top", ORDER, "{\"colour\":1}", ERR_BAD_FIELD, "colour"},
    {"unknown deeper", ORDER, "{\"basket\":{\"lines\":[{},{\"colour\":1}]}}", ERR_BAD_FIELD,
        "basket.lines[1].colour"},
    {"wrong case", ORDER, "{\"Basket\":{}}", ERR_BAD_FIELD, "Basket"},
    {"text for a number", ORDER, "{\"basket\":{\"lines\":[{\"quantity\":\"many\"}]}}",
        ERR_BAD_FIELD, "basket.lines[0].quantity"},
    {"blank before a number", KINDS, "{\"i32\":\" 1\"}", ERR_BAD_FIELD, "i32"},
    {"number for a text", ORDER, "{\"orderRef\":5}", ERR_BAD_FIELD, "order_ref"},
    {"object for a list", ORDER, "{\"basket\":{\"lines\":{}}}", ERR_BAD_FIELD, "basket.lines"},
    {"list for an object", ORDER, "{\"basket\":[]}", ERR_BAD_FIELD, "basket"},
    {"null in a list", ORDER, "{\"basket\":{\"lines\":[null]}}", ERR_BAD_FIELD, "basket.lines[0]"},
    {"half a piece", ORDER, "{\"basket\":{\"lines\":[{\"quantity\":1.5}]}}", ERR_BAD_FIELD,
        "basket.lines[0].quantity"},
    {"int32 too great", ORDER, "{\"basket\":{\"lines\":[{\"quantity\":2147483648}]}}",
        ERR_BAD_FIELD, "basket.lines[0].quantity"},
    {"int32 too small", KINDS, "{\"i32\":-2147483649}", ERR_BAD_FIELD, "i32"},
    {"int64 text too great", KINDS, "{\"i64\":\"9223372036854775808\"}", ERR_BAD_FIELD, "i64"},
    {"int64 real too great", KINDS, "{\"i64\":9.3e18}", ERR_BAD_FIELD, "i64"},
    {"int64 number too great", KINDS, "{\"i64\":9223372036854775808}", ERR_BAD_BODY, ""},
    {"uint32 negative", KINDS, "{\"u32\":-1}", ERR_BAD_FIELD, "u32"},
    {"uint64 too great", KINDS, "{\"u64\":\"18446744073709551616\"}", ERR_BAD_FIELD, "u64"},
    {"unknown enum name", ORDER, "{\"basket\":{\"way\":\"WAY_TELEPORT\"}}", ERR_BAD_FIELD,
        "basket.way"},
    {"unknown enum number", ORDER, "{\"basket\":{\"way\":99}}", ERR_BAD_FIELD, "basket.way"},
    {"truth as text", KINDS, "{\"yes\":\"true\"}", ERR_BAD_FIELD, "yes"},
    {"NaN", KINDS, "{\"precise\":\"NaN\"}", ERR_BAD_FIELD, "precise"},
    {"infinite", KINDS, "{\"precise\":\"Infinity\"}", ERR_BAD_FIELD, "precise"},
    {"real beyond double", KINDS, "{\"precise\":1e999}", ERR_BAD_BODY, ""},
    {"real beyond float", KINDS, "{\"real\":1e39}", ERR_BAD_FIELD, "real"},
    {"not base64", KINDS, "{\"blob\":\"a*b=\"}", ERR_BAD_FIELD, "blob"},
    {"not a time", KINDS, "{\"at\":\"yesterday\"}", ERR_BAD_FIELD, "at"},
    {"time as an object", KINDS, "{\"at\":{\"seconds\":1}}", ERR_BAD_FIELD, "at"},
    {"two of a choice", KINDS, "{\"one\":1,\"other\":{}}", ERR_BAD_FIELD, "other"},
    {"NUL in a text", ORDER, "{\"basket\":{\"address\":{\"name\":\"a\\u0000b\"}}}", ERR_BAD_FIELD,
        "basket.address.name"},
    {"NUL in an enum", KINDS, "{\"colours\":[0,\"COLOUR_RED\\u0000\"]}", ERR_BAD_FIELD,
        "colours[1]"},
    {"NUL in a number", KINDS, "{\"i32\":\"1\\u0000\"}", ERR_BAD_FIELD, "i32"},
    {"invalid UTF-8", ORDER, "{\"orderRef\":\"\xff\"}", ERR_BAD_BODY, ""},
    {"a lone surrogate", ORDER, "{\"orderRef\":\"\\ud800\"}", ERR_BAD_BODY, ""},
};

static void
test_json_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(json_rows) / sizeof(json_rows[0]); i++) {
		struct arena *a = arena_new(MEMORY_MAX);
		ProtobufCMessage *m;
		struct reason r = {0};
		enum err e = json_read(json_rows[i].d, (const uint8_t *)json_rows[i].in,
		    strlen(json_rows[i].in), &limits, a, &m, &r);

		if (e != json_rows[i].err || strcmp(r.field, json_rows[i].field) != 0)
			fail_msg("%s: %s, field \"%s\", text \"%s\"", json_rows[i].label,
			    err_name(e), r.field, r.text);
		assert_int_equal(r.err, e);
		assert_true(r.text[0] != '\0');
		arena_free(a);
	}
}

/* Bytes of the wire, in C's escapes; their length is known from sizeof. */
#define WIRE(s) (s), sizeof(s) - 1

static const struct {
	const char *label;
	const ProtobufCMessageDescriptor *d;
	const char *in;
	size_t len;
	enum err err;
	const char *field;
} wire_rows[] = {
    {"a tag cut off", KINDS, WIRE("\x80"), ERR_BAD_BODY, ""},
    {"a tag of six bytes", KINDS, WIRE("\x88\x80\x80\x80\x80\x00\x01"), ERR_BAD_BODY, ""},
    {"field number 0", KINDS, WIRE("\x00\x01"), ERR_BAD_BODY, ""},
    {"a group begins", KINDS, WIRE("\x0b"), ERR_BAD_BODY, ""},
    {"a group ends", KINDS, WIRE("\x0c"), ERR_BAD_BODY, ""},
    {"wire type 7", KINDS, WIRE("\x0f"), ERR_BAD_BODY, ""},
    {"unknown field 28", KINDS, WIRE("\xe0\x01\x05"), ERR_BAD_FIELD, ""},
    {"unknown field deeper", ORDER, WIRE("\x0a\x04\x1a\x02\x78\x01"), ERR_BAD_FIELD,
        "basket.lines[0]"},
    {"a varint without end", KINDS, WIRE("\x08\xff"), ERR_BAD_BODY, "i32"},
    {"a varint of eleven bytes", KINDS, WIRE("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ERR_BAD_BODY, "i64"},
    {"a varint of 65 bits", KINDS, WIRE("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        ERR_BAD_BODY, "i64"},
    {"int32 of 2^31", KINDS, WIRE("\x08\x80\x80\x80\x80\x08"), ERR_BAD_FIELD, "i32"},
    {"int32 negative in five bytes", KINDS, WIRE("\x08\xff\xff\xff\xff\x0f"), ERR_BAD_FIELD, "i32"},
    {"uint32 of 2^32", KINDS, WIRE("\x38\x80\x80\x80\x80\x10"), ERR_BAD_FIELD, "u32"},
    {"sint32 of 33 bits", KINDS, WIRE("\x10\x80\x80\x80\x80\x10"), ERR_BAD_FIELD, "s32"},
    {"truth of 2", KINDS, WIRE("\x68\x02"), ERR_BAD_FIELD, "yes"},
    {"unknown enum", KINDS, WIRE("\x70\x02"), ERR_BAD_FIELD, "colour"},
    {"unknown enum in a packed list", KINDS, WIRE("\xaa\x01\x03\x00\x05\x02"), ERR_BAD_FIELD,
        "colours[2]"},
    {"unknown enum by 2^32", KINDS, WIRE("\x70\x80\x80\x80\x80\x10"), ERR_BAD_FIELD, "colour"},
    {"text for a number", KINDS, WIRE("\x0a\x01x"), ERR_BAD_BODY, "i32"},
    {"number for a text", KINDS, WIRE("\x78\x01"), ERR_BAD_BODY, "plain_text"},
    {"fixed for a number", KINDS, WIRE("\x0d\x01\x02\x03\x04"), ERR_BAD_BODY, "i32"},
    {"fixed32 cut off", KINDS, WIRE("\x45\x01\x02\x03"), ERR_BAD_BODY, "f32"},
    {"fixed64 cut off", KINDS, WIRE("\x51\x01\x02\x03\x04\x05\x06\x07"), ERR_BAD_BODY, "f64"},
    {"a text cut off", KINDS,
        WIRE("\x7a\x05"
             "abc"),
        ERR_BAD_BODY, "plain_text"},
    {"NUL in a text", KINDS,
        WIRE("\x7a\x03"
             "a\0c"),
        ERR_BAD_FIELD, "plain_text"},
    {"invalid UTF-8", ORDER,
        WIRE("\x0a\x06\x1a\x00\x1a\x02\x0a\x00"
             "\x12\x02\xc3\x28"),
        ERR_BAD_FIELD, "order_ref"},
    {"a surrogate", KINDS, WIRE("\xa2\x01\x00\xa2\x01\x03\xed\xa0\x80"), ERR_BAD_FIELD, "texts[1]"},
    {"NaN", KINDS, WIRE("\x61\x00\x00\x00\x00\x00\x00\xf8\x7f"), ERR_BAD_FIELD, "precise"},
    {"infinite", KINDS, WIRE("\x5d\x00\x00\x80\x7f"), ERR_BAD_FIELD, "real"},
    {"a singular field twice", KINDS, WIRE("\x08\x01\x08\x01"), ERR_BAD_FIELD, "i32"},
    {"two of a choice", KINDS, WIRE("\xc0\x01\x01\xca\x01\x00"), ERR_BAD_FIELD, "other"},
    {"a message cut off", KINDS, WIRE("\x8a\x01\x05\x08\x01"), ERR_BAD_BODY, "inner"},
    {"cut off within a list", KINDS, WIRE("\x9a\x01\x02\x01\xff"), ERR_BAD_BODY, "numbers[1]"},
    {"year 10000", KINDS, WIRE("\x92\x01\x07\x08\x80\xdc\xb5\x81\xb3\x07"), ERR_BAD_FIELD, "at"},
    {"nanos of a second", KINDS, WIRE("\x92\x01\x06\x10\x80\x94\xeb\xdc\x03"), ERR_BAD_FIELD, "at"},
};

static void
test_wire_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wire_rows) / sizeof(wire_rows[0]); i++) {
		struct reason r = {0};
		enum err e = wire_scan(wire_rows[i].d, (const uint8_t *)wire_rows[i].in,
		    wire_rows[i].len, &limits, &r);

		if (e != wire_rows[i].err || strcmp(r.field, wire_rows[i].field) != 0)
			fail_msg("%s: %s, field \"%s\", text \"%s\"", wire_rows[i].label,
			    err_name(e), r.field, r.text);
		assert_int_equal(r.err, e);
		assert_true(r.text[0] != '\0');
	}
}

static void
test_unknown_number_is_named(void **state)
{
	struct reason r = {0};

	(void)state;
	assert_int_equal(wire_scan(KINDS, (const uint8_t *)"\xe0\x01\x05", 3, &limits, &r),
	    ERR_BAD_FIELD);
	assert_non_null(strstr(r.text, "28"));
}

/* 1 MiB of empty messages, 100,000 lines: refused by count, before any memory is taken. */
static void
test_counts(void **state)
{
	static uint8_t body[1 << 20];
	const struct wire_limits few = {1000000, 500};
	struct reason r = {0};
	struct arena *a;
	ProtobufCMessage *m;
	struct buf b;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(body); i += 2) {
		body[i] = 0x0a; /* SubmitOrdersRequest.orders, empty */
		body[i + 1] = 0;
	}
	assert_int_equal(wire_scan(&yuncang__v1__submit_orders_request__descriptor, body,
	                     sizeof(body), &limits, &r),
	    ERR_TOO_LARGE);
	assert_string_equal(r.field, "orders");
	assert_int_equal(wire_scan(&yuncang__v1__submit_orders_request__descriptor, body, 1200,
	                     &few, &r),
	    ERR_TOO_LARGE);
	body[0] = 0x9a; /* Kinds.numbers, packed: 600 zeros */
	body[1] = 0x01;
	body[2] = 0xd8;
	body[3] = 0x04;
	memset(body + 4, 0, 600);
	assert_int_equal(wire_scan(KINDS, body, 604, &limits, &r), ERR_OK);
	assert_int_equal(wire_scan(KINDS, body, 604, &few, &r), ERR_TOO_LARGE);
	assert_string_equal(r.field, "numbers[499]");
	buf_init(&b, 1 << 20);
	buf_str(&b, "{\"orders\":[{}");
	for (int i = 1; i < 100000; i++)
		buf_str(&b, ",{}");
	buf_str(&b, "]}");
	a = arena_new(MEMORY_MAX);
	assert_int_equal(json_read(&yuncang__v1__submit_orders_request__descriptor, b.data, b.len,
	                     &limits, a, &m, &r),
	    ERR_TOO_LARGE);
	assert_string_equal(r.field, "orders");
	arena_free(a);
	buf_release(&b);
}

/* Whatever the cap, a message is read whole or refused, never half. */
static void
test_small_arenas(void **state)
{
	uint8_t *bytes;
	size_t len = pack(&kinds_full()->base, &bytes);
	int refused = 0, read = 0;
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	json_write(&b, &kinds_full()->base);
	for (size_t size = 0; size < 40000; size += 97) {
		struct arena *a = arena_new(size);
		ProtobufCMessage *m;
		struct reason r;

		if (a == NULL)
			continue;
		for (int json = 0; json < 2; json++) {
			enum err e = json ? json_read(KINDS, b.data, b.len, &limits, a, &m, &r)
			                  : wire_read(KINDS, bytes, len, &limits, a, &m, &r);

			assert_true(e == ERR_OK || e == ERR_TOO_LARGE);
			if (e == ERR_OK)
				read++;
			else
				refused++;
			arena_reset(a);
		}
		arena_free(a);
	}
	assert_true(refused > 10 && read > 10);
	free(bytes);
	buf_release(&b);
}

/* Recursion has no place in proto/; the scan is bounded all the same. */
static void
test_depth(void **state)
{
	static ProtobufCMessageDescriptor loop;
	static ProtobufCFieldDescriptor field;
	static const ProtobufCIntRange ranges[] = {{1, 0}, {0, 1}};
	uint8_t body[64] = {0};
	struct reason r = {0};
	size_t len = 0;

	(void)state;
	field = (ProtobufCFieldDescriptor){.name = "down",
	    .id = 1,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_MESSAGE,
	    .descriptor = &loop};
	loop = (ProtobufCMessageDescriptor){.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	    .name = "test.Loop",
	    .short_name = "Loop",
	    .n_fields = 1,
	    .fields = &field,
	    .n_field_ranges = 1,
	    .field_ranges = ranges};
	for (int depth = 0; depth < 17; depth++) {
		memmove(body + 2, body, len);
		body[0] = 0x0a;
		body[1] = (uint8_t)len;
		len += 2;
		assert_int_equal(wire_scan(&loop, body, len, &limits, &r),
		    depth < 16 ? ERR_OK : ERR_TOO_LARGE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_wire),
	    cmocka_unit_test(test_round_json),
	    cmocka_unit_test(test_json_text),
	    cmocka_unit_test(test_json_times),
	    cmocka_unit_test(test_json_lenient),
	    cmocka_unit_test(test_json_refusals),
	    cmocka_unit_test(test_wire_refusals),
	    cmocka_unit_test(test_unknown_number_is_named),
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_small_arenas),
	    cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
