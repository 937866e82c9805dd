#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "yuncang/v1/catalog.pb-c.h"
#include "yuncang/v1/order.pb-c.h"

#include "base/buf.h"
#include "edge/head.h"
#include "edge/json_read.h"
#include "edge/json_write.h"
#include "edge/kinds.h"
#include "edge/target.h"
#include "edge/wire_write.h"

#define MEMORY_MAX ((size_t)64 << 20)

static int accepted;

static const ProtobufCMessageDescriptor *
choose(uint8_t first)
{
	switch (first % TARGET_MESSAGES) {
	case 0:
		return &kinds_descriptor;
	case 1:
		return &yuncang__v1__submit_order_request__descriptor;
	case 2:
		return &yuncang__v1__get_order_response__descriptor;
	default:
		return &yuncang__v1__explain_order_response__descriptor;
	}
}

static const struct wire_limits limits = {WIRE_REPEATED_MAX, WIRE_VALUES_MAX};

static void
check_write(const ProtobufCMessage *m, const uint8_t *packed, size_t len)
{
	const uint8_t *p;
	struct wire_out w;
	size_t written;

	wire_out_init(&w, MEMORY_MAX);
	if (wire_write(&w, m, &p, &written) != ERR_OK || written != len ||
	    memcmp(p, packed, len) != 0)
		abort();
	wire_out_release(&w);
}

/* ${m} as JSON and back must pack to the same bytes, and these must pass the scan. */
static void
check_round(const ProtobufCMessageDescriptor *d, const ProtobufCMessage *m, struct arena *a)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	uint8_t *packed = malloc(len + 1), *again;
	ProtobufCMessage *back;
	struct reason r;
	struct buf json;

	assert(packed != NULL);
	protobuf_c_message_pack(m, packed);
	check_write(m, packed, len);
	if (wire_scan(d, packed, len, &limits, &r) != ERR_OK)
		abort();
	buf_init(&json, MEMORY_MAX);
	json_write(&json, m);
	assert(buf_err(&json) == ERR_OK);
	if (json_read(d, json.data, json.len, &limits, a, &back, &r) != ERR_OK)
		abort();
	if (protobuf_c_message_get_packed_size(back) != len)
		abort();
	again = malloc(len + 1);
	assert(again != NULL);
	protobuf_c_message_pack(back, again);
	if (memcmp(packed, again, len) != 0)
		abort();
	accepted++;
	free(again);
	free(packed);
	buf_release(&json);
}

void
target_wire(const uint8_t *p, size_t len)
{
	const ProtobufCMessageDescriptor *d;
	ProtobufCMessage *m;
	struct arena *a;
	struct reason r;

	if (len == 0)
		return;
	d = choose(p[0]);
	a = arena_new(MEMORY_MAX);
	assert(a != NULL);
	if (wire_scan(d, p + 1, len - 1, &limits, &r) == ERR_OK) {
		if (wire_read(d, p + 1, len - 1, &limits, a, &m, &r) != ERR_OK)
			abort();
		check_round(d, m, a);
	}
	arena_free(a);
}

void
target_json(const uint8_t *p, size_t len)
{
	const ProtobufCMessageDescriptor *d;
	ProtobufCMessage *m;
	struct arena *a;
	struct reason r;

	if (len == 0)
		return;
	d = choose(p[0]);
	a = arena_new(MEMORY_MAX);
	assert(a != NULL);
	if (json_read(d, p + 1, len - 1, &limits, a, &m, &r) == ERR_OK)
		check_round(d, m, a);
	arena_free(a);
}

void
target_head(const uint8_t *p, size_t len)
{
	struct head whole, bytes;
	bool ok, each = true;

	head_init(&whole, 512, 4096);
	head_init(&bytes, 512, 4096);
	ok = head_feed(&whole, p, len);
	for (size_t i = 0; i < len && each; i++)
		each = head_feed(&bytes, p + i, 1);
	if (ok != each || whole.requests != bytes.requests || whole.err != bytes.err ||
	    whole.state != bytes.state)
		abort();
	accepted += ok;
}

int
target_accepted(void)
{
	return accepted;
}
