#ifndef ROUTER_STORE_SECRETS_H
#define ROUTER_STORE_SECRETS_H

/* secrets: the keys that all instances of one database sign with; made by the first migration. */
#include "base/digest.h"
#include "store/tx.h"

struct secrets {
	uint8_t token[DIGEST_SIZE];      /* quote tokens and page tokens */
	uint8_t store_code[DIGEST_SIZE]; /* the codes of serving stores */
	uint8_t collection[DIGEST_SIZE]; /* the codes that customers collect with */
};

typedef void secrets_fn(void *ctx, enum err e, const struct secrets *s);
/* OK: ${done} once, later; INTERNAL there when one is missing.  BUSY, NO_MEMORY: never. */
enum err secrets_read(struct pool *p, secrets_fn *done, void *ctx) MUST_CHECK;

#endif
