/* finance: freight, claims, disputes, adjustments. */
#include "domain/finance.h"

#include <assert.h>

#include "base/money.h"

static int64_t
balance_of(const struct finance_books *b, int64_t account)
{
	for (int i = 0; i < b->balance_count; i++)
		if (b->balances[i].account == account)
			return b->balances[i].fen;
	return 0;
}

static int64_t
brand_other(void)
{
	return account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0);
}

/* ---- Giving and taking ---------------------------------------------------------------------------------- */

/* Where ${party} has what is his to be paid; the brand's: where it stays. */
static int64_t
avail_of(const struct finance_books *b, int32_t party)
{
	int64_t account = account_of_leg(b->world, LEG_MARGIN, party, b->collector);

	return account_staged(account) ? account_at_stage(account, STAGE_AVAIL) : account;
}

/* What cannot be taken from him: his, of a member of staff the employer's, of nobody's the brand's. */
static int64_t
debt_of(const struct finance_books *b, int32_t party)
{
	const struct party *p = world_party_row(b->world, party);

	if (p->kind == PARTY_STAFF)
		party = p->employer != 0 ? p->employer : b->owner;
	return party == b->world->brand ? brand_other()
	                                : account_receivable(b->world, party, b->collector);
}

/* ${held_fen}: at most so much from what is held. */
static void
take(const struct finance_books *b, int32_t party, int64_t fen, int64_t held_fen, int kind,
    struct posting *p)
{
	int64_t avail = avail_of(b, party), part, has;

	if (!account_staged(avail) || !account_bounded(avail)) {
		posting_add(p, avail, fen, kind);
		return;
	}
	part = fen_least(fen, held_fen);
	posting_add(p, account_at_stage(avail, STAGE_HELD), part, kind);
	fen -= part;
	/* what the row took of it before is gone */
	has = -balance_of(b, avail) - posting_sum(p, avail);
	part = fen_least(fen, has > 0 ? has : 0);
	posting_add(p, avail, part, kind);
	posting_add(p, debt_of(b, party), fen - part, kind);
}

/* ---- Couriers --------------------------------------------------------------------------------------------- */

static int64_t
courier_owes(int32_t courier)
{
	return account_number(ACCOUNT_RECV_COURIER, PROVIDER_NONE, courier, 0);
}

enum err
finance_freight(const struct finance_books *b, int32_t bearer, int32_t courier, int64_t fen,
    struct posting *out)
{
	posting_begin(out, EVENT_F_FREIGHT);
	take(b, bearer, fen, 0, LEG_COURIER, out);
	posting_add(out, account_number(ACCOUNT_COURIER_AVAIL, PROVIDER_NONE, courier, 0), -fen,
	    LEG_COURIER);
	return posting_end(out);
}

enum err
finance_claim(const struct finance_books *b, int32_t courier, int32_t party, int64_t fen,
    struct posting *out)
{
	posting_begin(out, EVENT_L_CLAIM);
	posting_add(out, courier_owes(courier), fen, 0);
	posting_add(out, avail_of(b, party), -fen, LEG_MARGIN);
	return posting_end(out);
}

enum err
finance_claim_paid(const struct finance_books *b, int32_t courier, int64_t fen, int64_t offset_fen,
    struct posting *out)
{
	posting_begin(out, EVENT_L_CLAIM);
	posting_add(out, account_number(ACCOUNT_BANK, PROVIDER_NONE, b->world->brand, 0),
	    fen - offset_fen, 0);
	posting_add(out, account_number(ACCOUNT_COURIER_AVAIL, PROVIDER_NONE, courier, 0),
	    offset_fen, LEG_COURIER);
	posting_add(out, courier_owes(courier), -fen, 0);
	return posting_end(out);
}

/* ---- Sums ------------------------------------------------------------------------------------------------- */

/* Over the rows of ${event} (0: of all), accounts of ${kind}. */
static int64_t
kind_sum(const struct finance_books *b, int event, enum account_kind kind)
{
	int64_t fen = 0;

	for (int i = 0; i < b->sum_count; i++)
		if ((event == 0 || b->sums[i].event == (enum journal_event)event) &&
		    account_kind(b->sums[i].account) == kind)
			fen += b->sums[i].fen;
	return fen;
}

static int64_t
account_sum(const struct finance_books *b, int64_t account)
{
	int64_t fen = 0;

	for (int i = 0; i < b->sum_count; i++)
		if (b->sums[i].account == account)
			fen += b->sums[i].fen;
	return fen;
}

int64_t
finance_paid(const struct finance_books *b)
{
	return kind_sum(b, EVENT_E1_PAID, ACCOUNT_PSP_FROZEN) +
	    kind_sum(b, EVENT_R1_REFUND, ACCOUNT_C_REFUND);
}

int64_t
finance_disputed(const struct finance_books *b)
{
	return kind_sum(b, 0, ACCOUNT_PSP_DISPUTED);
}

int64_t
finance_claimed(const struct finance_books *b, int32_t courier)
{
	return account_sum(b, courier_owes(courier));
}

/* ---- Disputes ----------------------------------------------------------------------------------------------- */

static int64_t
psp(const struct finance_books *b, enum account_kind kind)
{
	return account_number(kind, b->provider, b->collector, 0);
}

/* What the split of the order gave ${party}, less what refunds took; what he owes of it counts. */
static int64_t
earned_by(const struct finance_books *b, int32_t party)
{
	int64_t fen = 0;

	for (int i = 0; i < b->sum_count; i++) {
		const struct finance_sum *s = &b->sums[i];
		bool his = account_staged(s->account) ||
		    account_kind(s->account) == ACCOUNT_RECV_DEALER;

		if (his && account_party(s->account) == party &&
		    (s->event == EVENT_E3_SPLIT || s->event == EVENT_R1_REFUND))
			fen -= s->fen;
	}
	return fen > 0 ? fen : 0;
}

/* Of it, what is in dispute when ${fen} of all that was paid are; half up. */
static int64_t
share_of(const struct finance_books *b, int32_t party, int64_t fen)
{
	const int64_t paid = finance_paid(b);
	int64_t share;

	if (paid <= 0 || !fen_mul_div(earned_by(b, party), fen, paid, ROUND_HALF_UP, &share))
		return 0;
	return share;
}

/* Parties whose share of a sale goes when the sale does: those whose work was done keep what it cost. */
static bool
returns_share(int64_t account)
{
	enum account_kind k = account_kind(account);

	return k == ACCOUNT_DEALER_HELD || k == ACCOUNT_STAFF_HELD || k == ACCOUNT_PLATFORM_HELD ||
	    k == ACCOUNT_CHANNEL_HELD;
}

/* The ${i}th sum is the first of its account among those of the split. */
static bool
first_of(const struct finance_books *b, int i)
{
	if (b->sums[i].event != EVENT_E3_SPLIT || !returns_share(b->sums[i].account))
		return false;
	for (int k = 0; k < i; k++)
		if (b->sums[k].event == EVENT_E3_SPLIT && b->sums[k].account == b->sums[i].account)
			return false;
	return true;
}

enum err
finance_dispute_opened(const struct finance_books *b, int64_t fen, struct posting *out)
{
	posting_begin(out, EVENT_D_DISPUTE);
	posting_add(out, psp(b, ACCOUNT_PSP_DISPUTED), fen, 0);
	posting_add(out, psp(b, ACCOUNT_PSP_AVAILABLE), -fen, 0);
	return posting_end(out);
}

enum err
finance_dispute_fenced(const struct finance_books *b, int64_t fen, struct posting *out)
{
	posting_begin(out, EVENT_D_DISPUTE);
	for (int i = 0; i < b->sum_count; i++) {
		int64_t held = b->sums[i].account, avail, fenced, has;

		if (!first_of(b, i) || account_kind(held) != ACCOUNT_DEALER_HELD)
			continue;
		avail = account_at_stage(held, STAGE_AVAIL);
		has = -balance_of(b, avail);
		fenced = share_of(b, account_party(held), fen) + account_sum(b, held);
		fenced = fen_least(fenced, has);
		if (fenced <= 0)
			continue;
		posting_add(out, avail, fenced, 0);
		posting_add(out, held, -fenced, 0);
	}
	return posting_end(out);
}

enum err
finance_dispute_won(const struct finance_books *b, struct posting *out)
{
	posting_begin(out, EVENT_D_DISPUTE);
	for (int i = 0; i < b->sum_count; i++)
		if (b->sums[i].event == EVENT_D_DISPUTE)
			posting_add(out, b->sums[i].account, -b->sums[i].fen, 0);
	return posting_end(out);
}

/* Platform's accounts name no party. */
static int64_t
share_returned(const struct finance_books *b, int64_t account, int64_t fen, struct posting *out)
{
	int32_t party = account_party(account);
	int64_t share = share_of(b, party, fen), held_fen = -account_sum(b, account);

	if (share == 0)
		return 0;
	if (!account_bounded(account))
		posting_add(out,
		    held_fen >= share ? account : account_at_stage(account, STAGE_AVAIL), share,
		    LEG_MARGIN);
	else
		take(b, party, share, held_fen > 0 ? held_fen : 0, LEG_MARGIN, out);
	return share;
}

/* Of the provider's fee that it did not give back, what is due on ${fen} of what was paid; half up. */
static int64_t
fee_on(const struct finance_books *b, int64_t fen)
{
	const int64_t paid = finance_paid(b);
	int64_t fee = kind_sum(b, EVENT_E2_FEE, ACCOUNT_C_ORDER) -
	    kind_sum(b, EVENT_R1_REFUND, ACCOUNT_PSP_FEE_REBATE);

	if (paid <= 0 || !fen_mul_div(fee, fen, paid, ROUND_HALF_UP, &fee))
		return 0;
	return fee;
}

enum err
finance_dispute_lost(const struct finance_books *b, int32_t fee_bearer, struct posting *out)
{
	const int64_t fen = finance_disputed(b);
	int64_t rest = fen, fee;

	posting_begin(out, EVENT_D_DISPUTE);
	for (int i = 0; i < b->sum_count; i++)
		if (first_of(b, i))
			rest -= share_returned(b, b->sums[i].account, fen, out);
	if (fee_bearer != b->world->brand) {
		fee = fee_on(b, fen);
		take(b, fee_bearer, fee, 0, LEG_PROVIDER_FEE, out);
		rest -= fee;
	}
	posting_add(out, brand_other(), rest, LEG_MARGIN);
	posting_add(out, psp(b, ACCOUNT_PSP_DISPUTED), -fen, 0);
	return posting_end(out);
}

/* ---- Adjustments --------------------------------------------------------------------------------------------- */

bool
finance_adjustable(int64_t account)
{
	switch (account_kind(account)) {
	case ACCOUNT_C_ORDER:
	case ACCOUNT_C_REFUND:
	case ACCOUNT_C_PAYOUT:
	case ACCOUNT_C_RECON:
		return false;
	default:
		return !account_staged(account) || account_stage(account) == STAGE_AVAIL;
	}
}

int64_t
finance_unbounded(const struct finance_books *b, const struct posting *rows, int count)
{
	for (int i = 0; i < count; i++)
		for (int k = 0; k < rows[i].leg_count; k++) {
			int64_t account = rows[i].account[k], fen = balance_of(b, account);

			if (!account_bounded(account))
				continue;
			for (int n = 0; n < count; n++)
				fen += posting_sum(&rows[n], account);
			if (account_kind(account) == ACCOUNT_RECV_DEALER ? fen < 0 : fen > 0)
				return account;
		}
	return 0;
}
