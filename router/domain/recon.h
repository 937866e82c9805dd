#ifndef ROUTER_DOMAIN_RECON_H
#define ROUTER_DOMAIN_RECON_H

/*
 * recon: what the provider's bills have otherwise than the books, and what may be said of it.  Pure.
 *
 * A bill is held against the books in sets, K1 to K3 of a difference with it (store/sql_recon_open.h):
 *   K1  what the provider did: …:available against C:recon
 *   K2  within the tolerance: C:recon against X:rounding
 *   K3  the fee he gave back on a refund nobody knew: …:available against …:fee_rebate
 * What stands then is an exception; how it is resolved is posted here.  Worked example: tests/unit/domain/test_recon.c.
 */
#include "domain/bill.h"
#include "domain/journal.h"

enum recon_reason { REASON_NOT_IN_BOOKS = 1, REASON_NOT_ON_BILL, REASON_AMOUNT, REASON_FEE };
enum recon_resolution {
	RESOLVED_PSP_FEE = 1,
	RESOLVED_LOSS,
	RESOLVED_ROUNDING,
	RESOLVED_REFUND,
	RESOLVED_ENTRY,
	RESOLVED_WAIVED
};

struct recon_difference {
	enum provider provider;
	int32_t collector; /* party id */
	enum bill_class class;
	enum recon_reason reason;
	int64_t fen;        /* the bill less the books; REASON_NOT_ON_BILL: what the books have */
	int64_t recon_fen;  /* what stands on C:recon, debit + */
	int64_t rebate_fen; /* of fees, posted to …:fee_rebate */
};
/* RESOLVED_REFUND: the approved one that it was. */
struct recon_refund {
	int64_t fen, rebate_fen;
};

/* WRONG_STATE: that cannot be said of it; ${r} says why.  See proto/yuncang/v1/bill.proto. */
enum err recon_judge(const struct recon_difference *d, enum recon_resolution how,
    struct reason *r) MUST_CHECK;
/* K: the row that resolves it; leg_count 0: nothing is posted.  ${refund} is RESOLVED_REFUND's. */
enum err recon_resolved(const struct recon_difference *d, enum recon_resolution how,
    const struct recon_refund *refund, struct posting *out) MUST_CHECK;

#endif
