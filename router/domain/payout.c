/* payout: the postings from the end of the hold to the end of the money. */
#include "domain/payout.h"

#include <assert.h>

#include "base/money.h"

/* A few legs of an order's or a payout's amounts: they fit. */
static void
finish(struct posting *p)
{
	const enum err e = posting_end(p);

	assert(e == ERR_OK);
	(void)e;
}

static void
two_legs(struct posting *p, enum journal_event event, int64_t debit, int64_t credit, int64_t fen)
{
	assert(fen >= 0);
	posting_begin(p, event);
	posting_add(p, debit, fen, 0);
	posting_add(p, credit, -fen, 0);
	finish(p);
}

void
payout_netted(int64_t avail, int64_t receivable, int64_t fen, struct posting *out)
{
	assert(account_stage(avail) == STAGE_AVAIL);
	assert(account_kind(receivable) == ACCOUNT_RECV_DEALER);
	two_legs(out, EVENT_E5_PAYOUT, avail, receivable, fen);
}

void
payout_instructed(int64_t avail, int64_t fen, struct posting *out)
{
	assert(account_stage(avail) == STAGE_AVAIL);
	two_legs(out, EVENT_E5_PAYOUT, avail, account_at_stage(avail, STAGE_PAYOUT), fen);
}

void
payout_paid(int64_t avail, int64_t cash, int64_t fen, struct posting *out)
{
	two_legs(out, EVENT_E6_PAID_OUT, account_at_stage(avail, STAGE_PAYOUT), cash, fen);
}

void
payout_closed(int64_t avail, int64_t fen, struct posting *out)
{
	two_legs(out, EVENT_E6_CLOSED, account_at_stage(avail, STAGE_PAYOUT), avail, fen);
}

int64_t
payout_cash(const struct world *w, enum rail rail)
{
	const struct party *brand = world_party_row(w, w->brand);

	/* Set off on a trading account outside: no cash moves, the brand is owed that much more of what is here. */
	if (rail == RAIL_OFFSET)
		return account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0);
	if (brand != NULL && brand->provider != PROVIDER_NONE)
		return account_number(ACCOUNT_PSP_AVAILABLE, brand->provider, w->brand, 0);
	return account_number(ACCOUNT_BANK, PROVIDER_NONE, w->brand, 0);
}

void
payout_released(enum provider v, int32_t collector, int64_t fen, struct posting *out)
{
	two_legs(out, EVENT_E7_RELEASED, account_number(ACCOUNT_PSP_AVAILABLE, v, collector, 0),
	    account_number(ACCOUNT_PSP_FROZEN, v, collector, 0), fen);
}

/* ${fen} more is owed to dealer ${d} by the brand: off what he owes as far as that goes.  Returns the rest. */
static int64_t
owe_dealer(struct posting *out, int32_t d, int32_t brand, int64_t fen, int64_t owes_fen)
{
	int64_t off = fen < owes_fen ? fen : owes_fen;

	posting_add(out, account_number(ACCOUNT_RECV_DEALER, PROVIDER_NONE, d, brand), -off, 0);
	posting_add(out, account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, d, brand), off - fen,
	    0);
	return fen - off;
}

int64_t
payout_released_dealer(int64_t cash, const struct payout_own *own, int64_t fen, struct posting *out)
{
	const int32_t d = own->collector;
	const int64_t over = own->held_fen + own->avail_fen - fen;
	int64_t owed = 0;

	assert(fen >= 0 && own->owes_fen >= 0);
	posting_begin(out, EVENT_E7D_RELEASED);
	posting_add(out, account_number(ACCOUNT_DEALER_HELD, PROVIDER_NONE, d, d), own->held_fen,
	    0);
	posting_add(out, account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, d, d), own->avail_fen,
	    0);
	posting_add(out, cash, -fen, 0);
	if (over < 0)
		posting_add(out, account_number(ACCOUNT_RECV_DEALER, PROVIDER_NONE, d, own->brand),
		    -over, 0);
	else
		owed = owe_dealer(out, d, own->brand, over, own->owes_fen);
	finish(out);
	return owed;
}

void
payout_withdrawn(enum provider v, int32_t collector, int64_t fen, struct posting *out)
{
	two_legs(out, EVENT_E8_WITHDRAWN, account_number(ACCOUNT_BRAND_COST, PROVIDER_NONE, 0, 0),
	    account_number(ACCOUNT_PSP_AVAILABLE, v, collector, 0), fen);
}

int64_t
payout_refunded(const struct payout_refund_done *r, struct posting *out)
{
	const int64_t cash = r->fen - r->rebate_fen;
	int64_t owed = 0;

	assert(r->fen > 0 && r->rebate_fen >= 0 && cash >= 0);
	posting_begin(out, EVENT_R2_REFUNDED);
	posting_add(out, account_number(ACCOUNT_C_REFUND, PROVIDER_NONE, 0, 0), r->fen, 0);
	posting_add(out, account_number(ACCOUNT_PSP_FEE_REBATE, r->provider, r->collector, 0),
	    -r->rebate_fen, 0);
	if (!r->released)
		posting_add(out, account_number(ACCOUNT_PSP_FROZEN, r->provider, r->collector, 0),
		    -cash, 0);
	else if (r->collector == r->brand)
		posting_add(out,
		    account_number(ACCOUNT_PSP_AVAILABLE, r->provider, r->collector, 0), -cash, 0);
	else
		owed = owe_dealer(out, r->collector, r->brand, cash, r->owes_fen);
	finish(out);
	return owed;
}

int64_t
payout_returned(const struct payout_return_done *r, struct posting *out)
{
	int64_t owed;

	assert(r->fen > 0 && r->owes_fen >= 0);
	posting_begin(out, EVENT_R3_RETURNED);
	posting_add(out, account_number(ACCOUNT_PSP_AVAILABLE, r->provider, r->collector, 0),
	    r->fen, 0);
	owed = owe_dealer(out, r->dealer, r->creditor, r->fen, r->owes_fen);
	finish(out);
	return owed;
}

int64_t
payout_cap(int64_t paid_fen, int64_t refunded_fen, int32_t cap_bps)
{
	int64_t cap = 0;
	bool fits;

	assert(paid_fen >= refunded_fen);
	fits = fen_bps(paid_fen - refunded_fen, cap_bps, ROUND_FLOOR, &cap);
	assert(fits);
	(void)fits;
	return cap;
}
