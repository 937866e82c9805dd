#ifndef SIMULATOR_BENCH_HTTP_H
#define SIMULATOR_BENCH_HTTP_H

/* bench_http: where an HTTP/1.1 answer ends, told from its bytes alone; no copy, no allocation. */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BENCH_HEAD_SIZE_MAX 4096

enum bench_cut { CUT_MORE, CUT_WHOLE, CUT_BAD };

struct bench_http {
	int status;
	size_t head_len, body_len;
};

/**
 * bench_http_cut(p, len, out):
 * One answer is expected at ${p}, of which ${len} bytes are here; call again with more from its start.
 *
 * CUT_MORE: not all of it is here.
 * CUT_WHOLE: ${out} tells it, and nothing follows.
 * CUT_BAD: not an answer with a content-length, a head over BENCH_HEAD_SIZE_MAX, or bytes behind it.
 */
enum bench_cut bench_http_cut(const uint8_t *p, size_t len, struct bench_http *out) MUST_CHECK;

#endif
