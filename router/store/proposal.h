#ifndef ROUTER_STORE_PROPOSAL_H
#define ROUTER_STORE_PROPOSAL_H

/*
 * proposal: every write of finance, as asked for; those of approval_min_fen or more wait here for a second person.  A
 * write and its row are one transaction: who repeats a reference finds the row and changes nothing.
 */
#include "base/digest.h"
#include "store/tx.h"

struct arena;

/* The numbers stand in table proposal and never change. */
enum proposal_state { PROPOSAL_WAITS = 1, PROPOSAL_DONE, PROPOSAL_REFUSED };

struct proposal_row {
	struct uuid id;
	int kind;            /* flow/proposal.h */
	const uint8_t *body; /* the request, packed */
	size_t body_len;
	int64_t fen;            /* that it moves; 0 is allowed */
	const char *about;      /* for people: what it is about, without names of customers */
	const char *ref, *note; /* ref: the asker's, unique among its kind */
	uint8_t hash[DIGEST_SIZE];
	enum proposal_state state;
	int64_t proposed_by, decided_by; /* keys; 0: the service itself; nobody yet */
	const char *proposed_name, *decided_name;
	int64_t proposed_us, decided_us;
};

/* What a transaction makes of a proposal. */
struct proposal_mark {
	const struct proposal_row *row;
	bool fresh; /* it is written now, as done; else it waited and is approved by: */
	int64_t by, at_us;
	const char *note;
};

/* Adds one statement to a transaction that does what ${m}->row asks for. */
void proposal_send(struct tx *t, const struct proposal_mark *m);
/*
 * What a tx_done_fn makes of ${e}, before ledger_err(): CONTENDED: its reference was used, or it was decided, meanwhile:
 * begin anew.  Else ${e}.
 */
enum err proposal_err(const struct tx *t, enum err e);

/*
 * ${row}: NULL when there is none.  ${name}: of the key that asks.  Everything lives in the arena given.
 */
typedef void proposal_fn(void *ctx, enum err e, const struct proposal_row *row, const char *name);
/* By (kind, ref), or by ${id} where kind is 0; ${key}: who asks.  OK: ${done} once, later.  BUSY, NO_MEMORY: never. */
struct proposal_key {
	int kind;
	const char *ref;
	struct uuid id;
	int64_t key;
};
enum err proposal_read(struct pool *p, struct arena *a, const struct proposal_key *k,
    proposal_fn *done, void *ctx) MUST_CHECK;
/* It waits from now on; ${done} as above, with the row as it stands. */
enum err proposal_wait(struct pool *p, struct arena *a, const struct proposal_row *row,
    proposal_fn *done, void *ctx) MUST_CHECK;
/* Refused; of one that does not wait any more the row as it stands. */
enum err proposal_refuse(struct pool *p, struct arena *a, const struct proposal_mark *m,
    proposal_fn *done, void *ctx) MUST_CHECK;

/* One of the service itself is ${m}->by's from now on and waits for a second person; done as above. */
enum err proposal_adopt(struct pool *p, struct arena *a, const struct proposal_mark *m,
    proposal_fn *done, void *ctx) MUST_CHECK;

struct proposal_query {
	enum proposal_state state; /* 0: any */
	int kind;                  /* 0: any */
	int64_t before_us;         /* the last one of the page before; 0: the first page */
	struct uuid before_id;
	int count_max;
};
typedef void proposal_list_fn(void *ctx, enum err e, const struct proposal_row *rows, int count,
    bool more);
/* The latest first, without bodies. */
enum err proposal_list(struct pool *p, struct arena *a, const struct proposal_query *q,
    proposal_list_fn *done, void *ctx) MUST_CHECK;

#endif
