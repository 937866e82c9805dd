#ifndef ROUTER_DOMAIN_JOURNAL_H
#define ROUTER_DOMAIN_JOURNAL_H

/*
 * journal: postings of business events as balanced rows; debit positive, credit negative.
 * One event makes one row, at least two legs, none zero, adding up to zero: asserted here, checked in the
 * database.  Numbers of events never change: they stand in journal rows.
 */
#include "base/arena.h"
#include "base/err.h"
#include "domain/account.h"
#include "domain/split.h"

enum journal_event {
	EVENT_E1_PAID = 1,
	EVENT_E2_FEE,
	EVENT_E3_SPLIT,
	EVENT_E4_HOLD_ENDED,
	EVENT_E5_PAYOUT,
	EVENT_E6_PAID_OUT,
	EVENT_E7_RELEASED,
	EVENT_E8_WITHDRAWN,
	EVENT_R1_REFUND,
	EVENT_R2_REFUNDED,
	EVENT_R3_RETURNED,
	EVENT_F_FREIGHT,
	EVENT_D_DISPUTE,
	EVENT_L_CLAIM,
	EVENT_J_ADJUST,
	EVENT_K_RECON,
	EVENT_E7D_RELEASED, /* where the dealer is the collector: what is released is his */
	EVENT_E6_CLOSED     /* E5 taken back: the receiver could not be paid */
};

/*
 * Units of one line that a row is about; journal.units holds seven numbers each.  Units have ordinals within
 * their line, given out as rows are posted, and within the decision row that was executed for them.
 */
struct posting_units {
	int16_t line, attempt, part, row; /* attempt 0: never split; part and row are 0 then */
	int32_t from, count, row_from;
};

#define POSTING_LEGS_MAX 64
struct posting {
	enum journal_event event;
	bool overflow; /* until posting_end() */
	int leg_count;
	int64_t account[POSTING_LEGS_MAX];
	int64_t fen[POSTING_LEGS_MAX];
	int16_t kind[POSTING_LEGS_MAX]; /* enum leg_kind, 0 for cash and clearing */
	int number;                     /* of the fulfilment; 0: none */
	int unit_count;
	struct posting_units *units; /* in the caller's arena; NULL without units */
};

/*
 * A row is begun, legs are added, and it is finished.  Legs of one account and kind are one; amounts of zero make
 * none.  posting_end(): OVERFLOW when there were more than POSTING_LEGS_MAX, or an amount passed FEN_MAX; leg_count 0
 * is a row that need not be written.
 */
void posting_begin(struct posting *p, enum journal_event event);
void posting_add(struct posting *p, int64_t account, int64_t fen, int kind);
int64_t posting_sum(const struct posting *p, int64_t account);
enum err posting_end(struct posting *p) MUST_CHECK;

/*
 * E1: cash and what campaigns' funders owe, against C:order; leg_count 0 when the order costs nobody anything.
 * What the brand absorbs of a shortfall is E3's, so that C:order does not hang on which attempt is executed.
 */
enum err journal_paid(const struct world *w, const struct split *s, int32_t collector,
    enum provider v, struct posting *out) MUST_CHECK;
/* E2: the provider's fee out of C:order; leg_count 0 when the fee is zero. */
enum err journal_fee(const struct world *w, const struct split *s, int32_t collector,
    enum provider v, struct posting *out) MUST_CHECK;
/* R1 of a whole paid order before any hand-over: back out of clearing, no party touched; E2 was posted. */
enum err journal_refund_all(const struct world *w, const struct split *s, int32_t collector,
    enum provider v, struct posting *out) MUST_CHECK;

#endif
