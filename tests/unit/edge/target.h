#ifndef TESTS_UNIT_EDGE_TARGET_H
#define TESTS_UNIT_EDGE_TARGET_H

/*
 * target: what a fuzzer gives bytes to.  Each aborts when a property breaks.
 *
 * wire: what the scan accepts unpacks; wire_write() and protobuf-c pack it to the same bytes, as does what
 * comes back from its JSON.
 * json: what is read is accepted by the scan when packed, and writes back to JSON that reads equal.
 * head: fed in one piece or byte by byte, the answer is the same.
 * The first byte chooses the message.
 */
#include <stddef.h>
#include <stdint.h>

/* How many messages there are to choose from. */
#define TARGET_MESSAGES 4

void target_wire(const uint8_t *p, size_t len);
void target_json(const uint8_t *p, size_t len);
void target_head(const uint8_t *p, size_t len);
/* Accepted inputs so far: a test that mutates wants some of both. */
int target_accepted(void);

#endif
