/* libFuzzer's entry to target_bill(). */
#include "flow/bill_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	target_bill(p, len);
	return 0;
}
