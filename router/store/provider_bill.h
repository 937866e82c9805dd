#ifndef ROUTER_STORE_PROVIDER_BILL_H
#define ROUTER_STORE_PROVIDER_BILL_H

/* provider_bill: which bills of the payment provider are to be fetched; flow/provider.h fetches them. */
#include "domain/world.h"
#include "store/tx.h"

#define BILL_MERCHANT_SIZE 65

enum provider_bill_state { BILL_DUE = 1, BILL_TAKEN, BILL_NONE };

struct provider_bill_row {
	int kind;
	char merchant[BILL_MERCHANT_SIZE];
	int32_t day; /* since 1970, in China */
	int tries;
};

/* Adds what is due by ${day}, the last that is over, and was not yet; then the first that may be fetched. */
struct provider_bill_look {
	struct pool *pool;
	enum provider provider;
	const char *signer; /* whose trade and split bills have everybody's rows */
	int32_t day;
	bool planned; /* this day's were added before: only the first is looked for */
	int64_t now_us;
	void (*done)(void *ctx, enum err e, const struct provider_bill_row *row); /* NULL: none */
	void *ctx;
};
enum err provider_bill_look(struct provider_bill_look *l) MUST_CHECK;

struct provider_bill_write {
	struct pool *pool;
	enum provider provider;
	struct provider_bill_row row; /* with its new tries */
	enum provider_bill_state state;
	const char *error; /* "" */
	int64_t next_us, now_us;
	void (*done)(void *ctx, enum err e);
	void *ctx;
};
enum err provider_bill_write(struct provider_bill_write *w) MUST_CHECK;

#endif
