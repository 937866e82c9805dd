#ifndef TESTS_UNIT_FLOW_BILL_TARGET_H
#define TESTS_UNIT_FLOW_BILL_TARGET_H

/*
 * bill_target: bytes as a bill, packed or not.  Aborts when a property breaks: what is accepted adds up to what its
 * summary said, each line lies in its day and names something, and reading it again gives the same.
 */
#include <stddef.h>
#include <stdint.h>

#define BILL_TARGET_SIZE_MAX 16384 /* inflated */

void target_bill(const uint8_t *p, size_t len);
int target_bill_accepted(void);

#endif
