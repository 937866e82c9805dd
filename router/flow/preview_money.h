#ifndef ROUTER_FLOW_PREVIEW_MONEY_H
#define ROUTER_FLOW_PREVIEW_MONEY_H

/*
 * preview_money: the accounts that an order would touch from its payment to its hand-over, and the rails its
 * money would take; by the same functions that post it.
 */
#include "domain/journal.h"
#include "flow/choose.h"
#include "yuncang/v1/finance.pb-c.h"

struct preview_money_in {
	const struct world *world;
	const struct request *request;
	const struct choice *choice;
	const struct owner *owner;
	enum provider provider;
	int32_t cap_bps;
};

/* All of ${m} but its option.  OVERFLOW, NO_MEMORY. */
enum err preview_money(const struct preview_money_in *in, struct arena *arena,
    Yuncang__V1__SplitPreview *m) MUST_CHECK;

/* "P:brand:cost", in ${a}; NULL: no memory. */
char *account_text(const struct world *w, int64_t account, struct arena *a) MUST_CHECK;
/* NULL: no memory. */
Yuncang__V1__Posting *posting_message(const struct world *w, const struct posting *p, int event_no,
    struct arena *a) MUST_CHECK;

#endif
