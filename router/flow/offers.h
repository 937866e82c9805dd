#ifndef ROUTER_FLOW_OFFERS_H
#define ROUTER_FLOW_OFFERS_H

/*
 * offers: every way a basket can be had, best first, each with its split: what Quote tells a storefront and
 * PreviewSplit explains to finance.  Pure memory, one turn of the loop.
 */
#include "flow/choose.h"

struct offers_in {
	const struct app *app;
	const struct world *world;
	const struct policy *policy;
	const struct request *request; /* WAY_NONE: the policy's own first, then what is near by */
	const struct owner *owner;
	const struct split_book *book; /* NULL: the one in force */
	int32_t collector;             /* party id; 0: whom the route decides */
	int options_max;
};

#define OFFERS_MAX (OPTIONS_MAX + WAY_COUNT)
struct offers {
	int count;
	struct choice choice[OFFERS_MAX];
	int refusal_count; /* one a way that cannot be had */
	struct {
		enum way way;
		struct reason reason;
	} refusals[WAY_COUNT];
	int32_t split_version; /* 0: no way came so far */
};

/* NO_MEMORY; that nothing can be had is no error: see ${out}->refusals. */
enum err offers_make(const struct offers_in *in, struct arena *arena,
    struct offers *out) MUST_CHECK;

#endif
