/*
 * Goal: what wire_write() writes is, byte for byte, what protobuf_c_message_pack() writes; orders
 * that were taken are known by the hash of these bytes.
 * Method: every message of every service, and one with a field of every kind (its lists packed and not),
 * filled at random from a seed (another one through WIRE_SEED), written by both.
 */
#include <stdlib.h>

#include "draw.h"
#include "unit.h"

#include "yuncang/v1/catalog.pb-c.h"
#include "yuncang/v1/order.pb-c.h"
#include "yuncang/v1/store.pb-c.h"

#include "base/arena.h"
#include "edge/kinds.h"
#include "edge/wire_write.h"

#define MEMORY_MAX ((size_t)256 << 20)
#define ROUNDS 40
#define LIST_MAX 40
#define TEXT_MAX 300

static uint64_t rng;

static uint64_t
next(void)
{
	return draw(&rng);
}

/* Of every length in bits; sometimes negative. */
static uint64_t
number(void)
{
	uint64_t v = next() >> next() % 64;

	return next() % 4 == 0 ? 0 - v : v;
}

static ProtobufCMessage *message(struct arena *a, const ProtobufCMessageDescriptor *d, int depth);

static void
fill_value(struct arena *a, const ProtobufCFieldDescriptor *f, void *to, int depth)
{
	ProtobufCBinaryData *blob = to;
	size_t len = next() % 3 == 0 ? next() % TEXT_MAX : next() % 10;
	uint64_t v = number();
	double real = (double)(int64_t)v / 3;
	float small = (float)real;
	char *text;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
		text = arena_alloc(a, len + 1);
		assert_non_null(text);
		memset(text, 'a', len);
		text[len] = '\0';
		if (f->type == PROTOBUF_C_TYPE_STRING)
			*(char **)to = text;
		else
			*blob = (ProtobufCBinaryData){len, (uint8_t *)text};
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)to = message(a, f->descriptor, depth + 1);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)to = (protobuf_c_boolean)(v & 1);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		memcpy(to, &real, sizeof(real));
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		memcpy(to, &small, sizeof(small));
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
		memcpy(to, &v, sizeof(v));
		break;
	default:
		memcpy(to, &v, sizeof(uint32_t));
		break;
	}
}

static size_t
element_size(ProtobufCType t)
{
	static const size_t sizes[] = {[PROTOBUF_C_TYPE_INT64] = 8,
	    [PROTOBUF_C_TYPE_SINT64] = 8,
	    [PROTOBUF_C_TYPE_UINT64] = 8,
	    [PROTOBUF_C_TYPE_SFIXED64] = 8,
	    [PROTOBUF_C_TYPE_FIXED64] = 8,
	    [PROTOBUF_C_TYPE_DOUBLE] = 8,
	    [PROTOBUF_C_TYPE_STRING] = sizeof(char *),
	    [PROTOBUF_C_TYPE_MESSAGE] = sizeof(void *),
	    [PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
	    [PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean)};

	return t < ROWS(sizes) && sizes[t] != 0 ? sizes[t] : 4;
}

static ProtobufCMessage *
message(struct arena *a, const ProtobufCMessageDescriptor *d, int depth)
{
	ProtobufCMessage *m = arena_zalloc(a, d->sizeof_message);
	uint8_t *base = (uint8_t *)m;

	assert_non_null(m);
	protobuf_c_message_init(d, m);
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		void *extra = base + f->quantifier_offset;
		size_t size = element_size(f->type),
		       count = next() % (next() % 8 == 0 ? LIST_MAX : 3);

		/* Few fields far down, or the tree grows without end. */
		if (next() % (unsigned)(6 + depth) > 5)
			continue;
		if (f->label != PROTOBUF_C_LABEL_REPEATED) {
			if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
				if (*(uint32_t *)extra != 0)
					continue;
				*(uint32_t *)extra = f->id;
				if (next() % 5 == 0)
					continue; /* chosen and left zero */
			}
			fill_value(a, f, base + f->offset, depth);
			continue;
		}
		*(size_t *)extra = count;
		*(uint8_t **)(base + f->offset) = arena_zalloc(a, count * size);
		for (size_t k = 0; k < count; k++)
			fill_value(a, f, *(uint8_t **)(base + f->offset) + k * size, depth);
	}
	return m;
}

static size_t largest;

static void
check(struct wire_out *w, const ProtobufCMessage *m, const char *label)
{
	size_t want = protobuf_c_message_get_packed_size(m), len = 0;
	uint8_t *packed = malloc(want + 1);
	const uint8_t *p = NULL;

	assert_non_null(packed);
	protobuf_c_message_pack(m, packed);
	row_equal(label, wire_write(w, m, &p, &len), ERR_OK);
	row_equal(label, len, want);
	assert_non_null(p);
	if (memcmp(p, packed, want) != 0)
		fail_msg("%s: other bytes than protobuf-c's", label);
	if (len > largest)
		largest = len;
	free(packed);
}

static void
check_random(const ProtobufCMessageDescriptor *d)
{
	struct wire_out w;

	wire_out_init(&w, MEMORY_MAX);
	for (int i = 0; i < ROUNDS; i++) {
		struct arena *a = arena_new(MEMORY_MAX);

		assert_non_null(a);
		check(&w, message(a, d, 0), d->name);
		arena_free(a);
	}
	wire_out_release(&w);
}

static void
test_services(void **state)
{
	const ProtobufCServiceDescriptor *services[] = {&yuncang__v1__order_service__descriptor,
	    &yuncang__v1__store_service__descriptor, &yuncang__v1__catalog_service__descriptor};
	int methods = 0;

	(void)state;
	rng = draw_seed("WIRE_SEED", 1);
	largest = 0;
	for (size_t i = 0; i < ROWS(services); i++) {
		for (unsigned k = 0; k < services[i]->n_methods; k++, methods++) {
			check_random(services[i]->methods[k].input);
			check_random(services[i]->methods[k].output);
		}
	}
	assert_true(methods > 20);
	assert_true(largest > 20000); /* it grew, more than once */
}

static void
test_kinds(void **state)
{
	ProtobufCFieldDescriptor fields[64];
	ProtobufCMessageDescriptor packed = kinds_descriptor;
	struct kinds full = *kinds_full(), none;
	struct wire_out w;

	(void)state;
	rng = draw_seed("WIRE_SEED", 1);
	memcpy(fields, kinds_descriptor.fields, packed.n_fields * sizeof(fields[0]));
	for (unsigned i = 0; i < packed.n_fields; i++) {
		ProtobufCType t = fields[i].type;

		if (fields[i].label == PROTOBUF_C_LABEL_REPEATED && t != PROTOBUF_C_TYPE_STRING &&
		    t != PROTOBUF_C_TYPE_BYTES && t != PROTOBUF_C_TYPE_MESSAGE)
			fields[i].flags |= PROTOBUF_C_FIELD_FLAG_PACKED;
	}
	packed.fields = fields;
	wire_out_init(&w, MEMORY_MAX);
	kinds_init(&none);
	check(&w, &none.base, "nothing");
	check(&w, &full.base, "all");
	full.base.descriptor = &packed;
	check(&w, &full.base, "all, packed");
	full.real = -0.0f, full.precise = -0.0;
	check(&w, &full.base, "negative zeros");
	full.choice_case = 25, full.choice.other = NULL;
	check(&w, &full.base, "a choice of nothing");
	full.base.descriptor = &kinds_descriptor;
	for (int i = 0; i < 64; i++) {
		full.u64 = UINT64_C(1) << i;
		check(&w, &full.base, "a power of two");
		full.u64--;
		check(&w, &full.base, "one less");
	}
	wire_out_release(&w);
	check_random(&kinds_descriptor);
}

/* Too large is said, and the next message is written all the same. */
static void
test_limit(void **state)
{
	struct kinds k;
	struct wire_out w;
	const uint8_t *p;
	size_t len;
	char *text = malloc(9001);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 9000);
	text[9000] = '\0';
	kinds_init(&k);
	k.plain_text = text;
	wire_out_init(&w, 8192);
	assert_int_equal(wire_write(&w, &k.base, &p, &len), ERR_TOO_LARGE);
	text[5000] = '\0';
	check(&w, &k.base, "below the limit");
	wire_out_release(&w);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_services),
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
