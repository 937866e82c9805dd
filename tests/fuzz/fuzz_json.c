/* libFuzzer's entry to target_json(). */
#include "edge/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	target_json(p, len);
	return 0;
}
