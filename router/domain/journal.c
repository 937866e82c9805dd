/* journal: postings of business events as balanced rows. */
#include "domain/journal.h"

#include <assert.h>

/* Appends a leg; debit positive.  Zero amounts make no leg. */
static bool
post(struct posting *p, int64_t account, int64_t fen)
{
	if (fen == 0)
		return true;
	if (p->leg_count == POSTING_LEGS_MAX)
		return false;
	p->account[p->leg_count] = account;
	p->fen[p->leg_count] = fen;
	p->kind[p->leg_count] = 0;
	p->leg_count++;
	return true;
}

static bool
post_funding(struct posting *p, const struct world *w, const struct split *s, int sign)
{
	int i;

	for (i = 0; i < s->funding_count; i++)
		if (!post(p, account_promo(w, s->funding[i].party), sign * s->funding[i].fen))
			return false;
	return true;
}

/* A row balances or there is none. */
static enum err
finish(struct posting *p, bool ok)
{
	int64_t sum = 0;
	int i;

	if (!ok)
		return ERR_OVERFLOW;
	for (i = 0; i < p->leg_count; i++) {
		assert(p->fen[i] != 0);
		sum += p->fen[i];
	}
	assert(sum == 0);
	assert(p->leg_count != 1);
	return ERR_OK;
}

static int64_t
clearing(const struct split *s)
{
	return s->total.total_fen + s->total.funded_fen + s->total.absorbed_fen;
}

enum err
journal_paid(const struct world *w, const struct split *s, int32_t collector, enum provider v,
    struct posting *out)
{
	bool ok;

	out->event = EVENT_E1_PAID;
	out->leg_count = 0;
	ok = post(out, account_number(ACCOUNT_PSP_FROZEN, v, collector, 0), s->total.total_fen) &&
	    post_funding(out, w, s, 1) &&
	    post(out, account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0), -clearing(s));
	return finish(out, ok);
}

enum err
journal_fee(const struct world *w, const struct split *s, int32_t collector, enum provider v,
    struct posting *out)
{
	bool ok;

	(void)w;
	out->event = EVENT_E2_FEE;
	out->leg_count = 0;
	ok = post(out, account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0),
	         s->total.provider_fee_fen) &&
	    post(out, account_number(ACCOUNT_PSP_FROZEN, v, collector, 0),
	        -s->total.provider_fee_fen);
	return finish(out, ok);
}

enum err
journal_refund_all(const struct world *w, const struct split *s, int32_t collector, enum provider v,
    struct posting *out)
{
	const int64_t fee_fen = s->total.provider_fee_fen;
	bool ok;

	out->event = EVENT_R1_REFUND;
	out->leg_count = 0;
	ok = post(out, account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0),
	         clearing(s) - fee_fen) &&
	    post(out, account_number(ACCOUNT_PSP_FEE_REBATE, v, collector, 0), fee_fen) &&
	    post_funding(out, w, s, -1) &&
	    post(out, account_number(ACCOUNT_C_REFUND, PROVIDER_NONE, 0, 0), -s->total.total_fen);
	return finish(out, ok);
}
