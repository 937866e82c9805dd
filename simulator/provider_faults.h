#ifndef SIMULATOR_PROVIDER_FAULTS_H
#define SIMULATOR_PROVIDER_FAULTS_H

/*
 * provider_faults: how an answer of /v3 goes wrong.  "After": the request had its effect.
 *
 * Each may be given basis points of all requests ("error_after_bps"); fault_bps draws one of all.  Which request
 * is hit depends on the seed and on the order in which they come.
 */
#include "simulator/provider_ask.h"
#include "simulator/rng.h"

/* clang-format off */
#define FAULT_TABLE(X) \
	X(ERROR_BEFORE, error_before)     /* 500 SYSTEM_ERROR, nothing done */ \
	X(ERROR_AFTER, error_after)       /* 500 SYSTEM_ERROR after the effect */ \
	X(LOST, lost)                     /* after: the connection is cut without an answer */ \
	X(CUT, cut)                       /* after: cut in the middle of the body */ \
	X(SHORT, short)                   /* after: half of the JSON as if it were all; signed as the whole */ \
	X(STALL, stall)                   /* after: the answer comes stall_ms late */ \
	X(LATE_SIGNATURE, late_signature) /* after: signed as ten minutes ago */ \
	X(BAD_SIGNATURE, bad_signature)   /* after: the signature is of something else */ \
	X(NO_SIGNATURE, no_signature)     /* after: no Wechatpay-Signature */ \
	X(OTHER_SERIAL, other_serial)     /* after: signed by a key that nobody knows */ \
	X(SIGNTEST, signtest)             /* after: a probe, WECHATPAY/SIGNTEST/…, which must be rejected */ \
	X(LIMITED, limited)               /* 429 FREQUENCY_LIMITED, nothing done */
/* clang-format on */

/* clang-format off */
enum fault {
	FAULT_NONE,
#define X(name, word) FAULT_##name,
	FAULT_TABLE(X)
#undef X
	FAULT_COUNT
};
/* clang-format on */

struct faults {
	int64_t any_bps, bps[FAULT_COUNT], stall_ms;
	enum fault next; /* for next_count requests whose path begins with next_path */
	int64_t next_count;
	char next_path[120];
	struct rng rng;
	int64_t met;
};

void faults_init(struct faults *f, uint64_t seed, int64_t any_bps);
enum fault faults_draw(struct faults *f, const char *path);
/* "error_after=200": basis points of one; false: no such fault. */
bool faults_option(struct faults *f, const char *text);
/* POST /control/faults. */
bool faults_control(struct faults *f, const struct ask *q, struct answer *a);

#endif
