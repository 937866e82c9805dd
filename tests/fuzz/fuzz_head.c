/* libFuzzer's entry to target_head(). */
#include "edge/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	target_head(p, len);
	return 0;
}
