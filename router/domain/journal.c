/* journal: postings of business events as balanced rows. */
#include "domain/journal.h"

#include <assert.h>

#include "base/money.h"

void
posting_begin(struct posting *p, enum journal_event event)
{
	p->event = event;
	p->overflow = false;
	p->leg_count = p->number = p->unit_count = 0;
	p->units = NULL;
}

void
posting_add(struct posting *p, int64_t account, int64_t fen, int kind)
{
	int i;

	if (fen == 0)
		return;
	for (i = 0; i < p->leg_count; i++)
		if (p->account[i] == account && p->kind[i] == kind)
			break;
	if (i == POSTING_LEGS_MAX) {
		p->overflow = true;
		return;
	}
	if (i == p->leg_count) {
		p->account[i] = account;
		p->fen[i] = 0;
		p->kind[i] = (int16_t)kind;
		p->leg_count++;
	}
	if (!fen_add(p->fen[i], fen, &p->fen[i]) || p->fen[i] > FEN_MAX || p->fen[i] < -FEN_MAX)
		p->overflow = true;
}

int64_t
posting_sum(const struct posting *p, int64_t account)
{
	int64_t sum = 0;

	for (int i = 0; i < p->leg_count; i++)
		if (p->account[i] == account)
			sum += p->fen[i];
	return sum;
}

/* A row balances or there is none. */
enum err
posting_end(struct posting *p)
{
	int64_t sum = 0;
	int count = 0;

	if (p->overflow)
		return ERR_OVERFLOW;
	for (int i = 0; i < p->leg_count; i++) {
		sum += p->fen[i];
		if (p->fen[i] == 0)
			continue;
		p->account[count] = p->account[i];
		p->fen[count] = p->fen[i];
		p->kind[count++] = p->kind[i];
	}
	p->leg_count = count;
	assert(sum == 0);
	assert(count != 1);
	return ERR_OK;
}

/* ---- Payments ------------------------------------------------------------------------------------ */

static void
fund(struct posting *p, const struct world *w, const struct split *s, int sign)
{
	int64_t fen;

	for (int i = 0; i < s->funding_count; i++) {
		fen = s->funding[i].fen;
		if (s->funding[i].party == w->brand)
			fen -= s->total.absorbed_fen;
		posting_add(p, account_promo(w, s->funding[i].party), sign * fen, 0);
	}
}

static int64_t
clearing(const struct split *s)
{
	return s->total.total_fen + s->total.funded_fen;
}

static int64_t
c_order(void)
{
	return account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0);
}

enum err
journal_paid(const struct world *w, const struct split *s, int32_t collector, enum provider v,
    struct posting *out)
{
	posting_begin(out, EVENT_E1_PAID);
	posting_add(out, account_number(ACCOUNT_PSP_FROZEN, v, collector, 0), s->total.total_fen,
	    0);
	fund(out, w, s, 1);
	posting_add(out, c_order(), -clearing(s), 0);
	return posting_end(out);
}

enum err
journal_fee(const struct world *w, const struct split *s, int32_t collector, enum provider v,
    struct posting *out)
{
	(void)w;
	posting_begin(out, EVENT_E2_FEE);
	posting_add(out, c_order(), s->total.provider_fee_fen, 0);
	posting_add(out, account_number(ACCOUNT_PSP_FROZEN, v, collector, 0),
	    -s->total.provider_fee_fen, 0);
	return posting_end(out);
}

enum err
journal_refund_all(const struct world *w, const struct split *s, int32_t collector, enum provider v,
    struct posting *out)
{
	const int64_t fee_fen = s->total.provider_fee_fen;

	posting_begin(out, EVENT_R1_REFUND);
	posting_add(out, c_order(), clearing(s) - fee_fen, 0);
	posting_add(out, account_number(ACCOUNT_PSP_FEE_REBATE, v, collector, 0), fee_fen, 0);
	fund(out, w, s, -1);
	posting_add(out, account_number(ACCOUNT_C_REFUND, PROVIDER_NONE, 0, 0), -s->total.total_fen,
	    0);
	return posting_end(out);
}
