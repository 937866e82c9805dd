#include "flow/collection_code.h"

#include <stdio.h>
#include <string.h>

#define VERSION 1
#define CODES UINT64_C(1000000)

static void
put_be32(uint8_t *out, int v)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)((uint32_t)v >> (24 - 8 * i));
}

void
collection_code(const uint8_t secret[DIGEST_SIZE], const struct uuid *order,
    const struct fulfilment_read *f, int code_no, char out[COLLECTION_CODE_SIZE])
{
	uint8_t what[1 + sizeof(order->b) + 8], mac[DIGEST_SIZE];
	uint64_t v = 0;

	what[0] = VERSION;
	memcpy(what + 1, order->b, sizeof(order->b));
	put_be32(what + 1 + sizeof(order->b), f->number);
	put_be32(what + 1 + sizeof(order->b) + 4, code_no);
	digest_hmac(secret, DIGEST_SIZE, what, sizeof(what), mac);
	for (int i = 0; i < 8; i++)
		v = v << 8 | mac[i];
	(void)snprintf(out, COLLECTION_CODE_SIZE, "%06u", (unsigned)(v % CODES));
}

bool
collection_code_is(const char *given, const char code[COLLECTION_CODE_SIZE])
{
	return strlen(given) == COLLECTION_CODE_SIZE - 1 &&
	    digest_equal(given, code, COLLECTION_CODE_SIZE - 1);
}

void
collection_code_shown(const uint8_t secret[DIGEST_SIZE], const struct uuid *order,
    const struct fulfilment_read *f, char out[COLLECTION_CODE_SIZE])
{
	out[0] = '\0';
	if (f->way == WAY_PICKUP && f->state == FUL_READY_FOR_PICKUP)
		collection_code(secret, order, f, f->code_no, out);
}
