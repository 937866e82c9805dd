#ifndef ROUTER_STORE_CLAIM_WRITE_H
#define ROUTER_STORE_CLAIM_WRITE_H

/*
 * claim_write: claims as they come in, one by one, and customers moved by an operator; both once for their
 * reference.  This instance's hints have them with the answer, other instances' by the change feed.
 */
#include "base/digest.h"
#include "store/catalog_write.h"

#define CLAIMS_READ_MAX 51

/* A claim as it stands. */
struct claim_read {
	enum claim_kind kind;
	int32_t location, staff;   /* ids; staff 0: none */
	int64_t from_us, until_us; /* until 0: for ever */
	const char *evidence;
	int64_t transfer; /* 0: the customer's own */
};

struct claim_put {
	struct claim_row row;
	const char *ref;
	uint8_t body_hash[DIGEST_SIZE];
	struct claim_read *out; /* as it stands; its text in the writer's arena */
};
/* UNKNOWN_ID and BAD_FIELD as write_claims(); EXISTS_DIFFERS "ref". */
enum err write_claim_once(const struct writer *w, const struct claim_put *put) MUST_CHECK;

struct transfer_done {
	int64_t number, at_us;
	int32_t moved;
	bool more;
};
struct transfer_put {
	const char *ref;
	uint8_t body_hash[DIGEST_SIZE];
	int64_t at_us, key_id;
	uint64_t customer;   /* 0: all of the stores */
	const int32_t *from; /* location ids */
	int from_count, rows_max;
	const char *store, *staff, *reason; /* codes; staff "": none */
	struct transfer_done *out;
};
/* UNKNOWN_ID, BAD_FIELD, EXISTS_DIFFERS "ref". */
enum err write_transfer(const struct writer *w, const struct transfer_put *put) MUST_CHECK;

/* As the hints have it. */
struct claim claim_hint(uint64_t customer, const struct claim_read *c);

typedef void claims_fn(void *ctx, enum err e, const struct claim_read *claims, int count);
/* What counts first (but for disabled dealers) goes first; at most CLAIMS_READ_MAX, in ${arena}. */
enum err claims_read(struct pool *p, struct arena *arena, uint64_t customer, int64_t now_us,
    claims_fn *done, void *ctx) MUST_CHECK;

#endif
