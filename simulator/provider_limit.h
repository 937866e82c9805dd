#ifndef SIMULATOR_PROVIDER_LIMIT_H
#define SIMULATOR_PROVIDER_LIMIT_H

/* provider_limit: how many requests a second, by the machine's clock: a bucket for each payer and kind of method. */
#include "simulator/provider_api.h"

struct limits {
	struct books_index payers;
};

enum err limits_init(struct limits *l) MUST_CHECK;
void limits_release(struct limits *l);
/* Takes one; false: 429.  ${qps}: splits of one payer, ten times as many of all; 0: no limits. */
bool limits_take(struct limits *l, const char *payer, enum api_limit kind, int64_t qps);

#endif
