#ifndef ROUTER_STORE_STUCK_CALL_H
#define ROUTER_STORE_STUCK_CALL_H

/* stuck_call: what the payment provider knows otherwise than we do (store/provider_work.h), and its end by a person. */
#include "store/proposal.h"
#include "store/provider_call.h"

struct stuck_call {
	struct provider_call_row call; /* without items */
	struct provider_item_row item;
	const char *why; /* PROVIDER_DIFFERS, PROVIDER_GONE */
};

/* By (number, item_no); behind ${after}, or from the beginning where it is "". */
struct stuck_query {
	const char *after;
	int after_item, count_max;
};
typedef void stuck_list_fn(void *ctx, enum err e, const struct stuck_call *rows, int count,
    bool more);
enum err stuck_list(struct pool *p, struct arena *a, const struct stuck_query *q,
    stuck_list_fn *done, void *ctx) MUST_CHECK;

/* What follows from the result is posted as if the provider had said it: flow/settle.h. */
struct stuck_end {
	const char *number, *receiver;
	int64_t fen;
	enum provider_result result; /* SUCCESS or CLOSED */
	int64_t at_us, now_us;
	const struct proposal_mark *mark;
};
/* NOT_FOUND: nothing is stuck that is so called and of so much; CONTENDED: again from the start. */
typedef void stuck_end_fn(void *ctx, enum err e);
/* ${in} and ${ctx} live until done. */
enum err stuck_end_start(struct pool *p, struct arena *a, const struct stuck_end *in,
    stuck_end_fn *done, void *ctx) MUST_CHECK;

#endif
