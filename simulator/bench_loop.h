#ifndef SIMULATOR_BENCH_LOOP_H
#define SIMULATOR_BENCH_LOOP_H

/*
 * bench_loop: prepared requests over kept-alive connections for some seconds, as cheap as it goes:
 * raw sockets under libevent, one send(2) and one recv(2) a request, no allocation, answers received
 * straight into a store made beforehand and judged by others afterwards.
 *
 * Closed loop: a connection sends its next request when it has its answer.  Open loop: requests are
 * due at fixed instants, go to the connection that was idle longest, wait in line when there is none,
 * and their latency counts from the instant they were due.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "simulator/bench_bodies.h"
#include "simulator/http_client.h"
#include "simulator/latency.h"

struct bench_loop_in {
	const struct http_address *address;
	int address_count, connections;
	int64_t window_us;
	int64_t rate; /* orders a second; 0: closed loop */
	int64_t each; /* orders a request */
	const struct bench_bodies *bodies;
	size_t answer_size_max, answer_size_usual; /* head and body */
	bool constant; /* the same request for ever; answers are compared, not kept */
	bool quiet;
};

struct bench_answer {
	size_t at; /* of its body, in the store */
	uint32_t body_len;
	uint32_t request;
	int16_t status;
	bool inside; /* it came within the window */
};

struct bench_loop_out {
	uint8_t *store;
	size_t store_size, store_used;
	struct bench_answer *answer;
	size_t answer_count;
	int64_t answers_inside;    /* CONSTANT's are counted here only */
	int64_t differing;         /* CONSTANT: answers unlike the first, or it was no 200 */
	int64_t errors;            /* lost connections, no HTTP, no answer until the end */
	int64_t began_us;          /* wall time */
	int64_t window_us, cpu_us; /* as they were; shorter when the requests were used up */
	struct latency latency;    /* of all answers */
};

/**
 * bench_loop_run(in, out):
 * Connects, makes the store, then runs the window; answers still out at its end are waited for, but
 * count only as outside.  When the requests or the store are used up the window ends early.
 *
 * ERR_IO: cannot connect; logged.  bench_loop_release() is due in any case.
 */
enum err bench_loop_run(const struct bench_loop_in *in, struct bench_loop_out *out) MUST_CHECK;
void bench_loop_release(struct bench_loop_out *out);

#endif
