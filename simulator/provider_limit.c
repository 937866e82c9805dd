#include "simulator/provider_limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define EVERYBODY "*"
#define QUERIES_PER_S 500
#define RETURNS_PER_S 100
#define UNFREEZES_PER_S 60
#define ALL_TIMES 10

struct bucket {
	int64_t left, at_us; /* left: in millionths of a request */
};

struct payer {
	char number[NUMBER_SIZE];
	struct bucket bucket[LIMIT_COUNT];
};

enum err
limits_init(struct limits *l)
{
	*l = (struct limits){0};
	return strmap_init(&l->payers.map, 16);
}

void
limits_release(struct limits *l)
{
	for (size_t i = 0; i < l->payers.count; i++)
		free(l->payers.item[i]);
	free(l->payers.item);
	strmap_release(&l->payers.map);
}

static bool
bucket_take(struct bucket *b, int64_t per_s)
{
	int64_t now_us = clock_mono_us(), full = per_s * US_PER_S;
	int64_t gone_us = now_us - b->at_us;

	/* at first, and after a second's rest, it is full */
	if (b->at_us == 0 || gone_us >= US_PER_S || b->left + gone_us * per_s > full)
		b->left = full;
	else
		b->left += gone_us * per_s;
	b->at_us = now_us;
	if (b->left < US_PER_S)
		return false;
	b->left -= US_PER_S;
	return true;
}

static struct payer *
payer_of(struct limits *l, const char *number)
{
	struct payer *p = books_find(&l->payers, number);

	if (p != NULL)
		return p;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	(void)snprintf(p->number, sizeof(p->number), "%s", number);
	return books_add(&l->payers, p->number, p) == ERR_OK ? p : NULL;
}

bool
limits_take(struct limits *l, const char *payer, enum api_limit kind, int64_t qps)
{
	const int64_t per_s[LIMIT_COUNT] = {[LIMIT_SPLIT] = qps,
	    [LIMIT_QUERY] = QUERIES_PER_S,
	    [LIMIT_RETURN] = RETURNS_PER_S,
	    [LIMIT_UNFREEZE] = UNFREEZES_PER_S};
	struct payer *p, *all;

	if (kind == LIMIT_NONE || qps == 0)
		return true;
	p = payer_of(l, payer);
	all = payer_of(l, EVERYBODY);
	if (p == NULL || all == NULL)
		return false;
	return bucket_take(&p->bucket[kind], per_s[kind]) &&
	    (kind != LIMIT_SPLIT || bucket_take(&all->bucket[kind], ALL_TIMES * qps));
}
