#ifndef ROUTER_STORE_RECON_CASE_H
#define ROUTER_STORE_RECON_CASE_H

/* recon_case: bills as they stand, and exceptions: listed, assigned, resolved.  Reading: store/order_read.h's rules. */
#include "base/arena.h"
#include "base/digest.h"
#include "domain/recon.h"
#include "store/proposal.h"
#include "store/tx.h"

/* ---- Bills ---------------------------------------------------------------------------------------- */

struct bill_row {
	struct uuid id;
	int32_t collector, day;
	enum bill_kind kind;
	int64_t rows, other_rows, gross_fen, fee_fen, imported_us, matched_us; /* 0: not yet */
	int64_t next_us;   /* it was put off until then, 0: it was not; */
	const char *error; /* why */
	int64_t matched, matched_fen, rounded, exceptions;
	uint8_t sha1[SHA1_SIZE];
};
struct bill_query {
	const struct uuid *one; /* that bill alone; NULL: a list */
	int32_t collector;      /* 0: all */
	enum bill_kind kind;    /* 0: all */
	bool behind;            /* ${day} and ${id}: the last one of the page before */
	int32_t day;
	struct uuid id;
	int count_max;
};
typedef void bill_list_fn(void *ctx, enum err e, const struct bill_row *rows, int count, bool more);
/* The latest day first.  ${q} is borrowed until ${done}, here and below. */
enum err bill_list(struct pool *p, struct arena *arena, const struct bill_query *q,
    bill_list_fn *done, void *ctx) MUST_CHECK;

/* ---- Exceptions ----------------------------------------------------------------------------------- */

struct recon_case {
	struct uuid id, bill_id, order_id; /* zero: none */
	struct recon_difference what;
	int32_t line, day, period; /* line 0: none */
	enum bill_kind kind;
	enum recon_resolution resolution; /* 0: open */
	int64_t event_us, opened_us, closed_us;
	const char *ref, *owner, *note, *closed_by, *raw;
	int event_no;
};
struct case_query {
	const struct uuid *one; /* that exception alone; NULL: a list */
	int32_t collector;      /* 0: all */
	enum recon_reason reason;
	const char *owner;       /* "": all */
	const struct uuid *bill; /* NULL: all */
	int64_t opened_us_max;
	bool closed; /* those that are closed, too */
	bool behind; /* ${opened_us} and ${id}: the last one of the page before */
	int64_t opened_us;
	struct uuid id;
	int count_max;
};
struct case_list {
	const struct recon_case *rows;
	int count;
	bool more;
	int64_t open, open_recon_fen; /* of all */
};
typedef void case_list_fn(void *ctx, enum err e, const struct case_list *l);
enum err case_list(struct pool *p, struct arena *arena, const struct case_query *q,
    case_list_fn *done, void *ctx) MUST_CHECK;

/* ---- What is done about one ------------------------------------------------------------------------ */

struct case_change {
	struct uuid id;
	const char *owner; /* AssignException; NULL: it is resolved */
	const char *note;
	enum recon_resolution resolution;
	struct uuid order_id; /* REFUND */
	int refund_no;        /* REFUND; 0: the one of that amount */
	struct uuid entry;    /* ENTRY: the journal row */
	int entry_event, entry_event_no;
	int64_t key_id, now_us;
	const struct proposal_mark *mark; /* of a resolution: store/proposal.h */
};
/*
 * ${row}: as it stands behind it.  NOT_FOUND; WRONG_STATE: ${r} says why; CONTENDED of proposal_err().
 */
typedef void case_change_fn(void *ctx, enum err e, const struct recon_case *row,
    const struct reason *r);
enum err case_change(struct pool *p, struct arena *arena, const struct case_change *in,
    case_change_fn *done, void *ctx) MUST_CHECK;

#endif
