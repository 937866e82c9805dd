#include "flow/payment_post.h"

#include "domain/split_row.h"
#include "flow/order_books.h"
#include "flow/read_flow.h"

/* ---- Journal ------------------------------------------------------------------------------------- */

enum err
payment_post(const struct payment_books *b, const struct split *s)
{
	enum provider v = b->in->payment->provider;
	enum err e = journal_paid(b->world, s, b->order->collector, v, b->e1);

	if (e == ERR_OK)
		e = journal_fee(b->world, s, b->order->collector, v, b->e2);
	b->in->e1 = b->e1->leg_count > 0 ? b->e1 : NULL;
	b->in->e2 = b->e2->leg_count > 0 ? b->e2 : NULL;
	return e;
}

static bool
fee(const struct payment_books *b, int64_t of_fen, int64_t *out)
{
	const struct party *collector = world_party_row(b->world, b->order->collector);

	return fen_bps(of_fen, collector->fee_bps, ROUND_HALF_UP, out);
}

/* Campaigns fund what is still sold: units that were cancelled made the balance smaller, and are not. */
static enum err
fund_left(const struct payment_books *b, struct split *part)
{
	const struct order_read *o = b->order;
	struct reason why;
	enum err e = ERR_OK;

	part->funding_count = 0;
	part->total.funded_fen = part->total.absorbed_fen = 0;
	for (int i = 0; e == ERR_OK && i < o->line_count; i++) {
		const struct order_line_read *l = &o->lines[i];
		int32_t units = l->quantity - units_cancelled(o, i);
		const struct campaign *k;
		int64_t of_unit[FUNDERS_MAX];

		if (l->campaign == 0 || l->discount_fen == 0 || units == 0)
			continue;
		k = &b->world->campaigns[world_campaign(b->world, l->campaign)];
		split_fund_unit(k, l->discount_fen, of_unit);
		for (int n = 0; e == ERR_OK && n < k->funder_count; n++)
			e = split_fund_add(part, k->funder[n], of_unit[n] * units, &why);
		part->total.funded_fen += l->discount_fen * units;
	}
	return e;
}

enum err
payment_post_part(const struct payment_books *b, const struct split *s)
{
	int64_t before_fen = s != NULL ? b->order->deposit->deposit_fen : 0, fee_fen = 0;
	struct split part = {0};
	enum err e;

	if (s != NULL)
		part = *s;
	part.total.total_fen = part.total.goods_fen = b->in->payment->amount_fen;
	part.total.delivery_fee_fen = 0;
	if (!fee(b, before_fen, &fee_fen) ||
	    !fee(b, before_fen + b->in->payment->amount_fen, &part.total.provider_fee_fen))
		return ERR_OVERFLOW;
	part.total.provider_fee_fen -= fee_fen;
	e = s != NULL ? fund_left(b, &part) : ERR_OK;
	return e == ERR_OK ? payment_post(b, &part) : e;
}

enum err
payment_post_refunded(const struct payment_books *b)
{
	struct split s = {0};
	enum err e;

	s.total.total_fen = b->in->payment->amount_fen;
	s.total.goods_fen = b->in->payment->amount_fen;
	if (!fee(b, b->in->payment->amount_fen, &s.total.provider_fee_fen))
		return ERR_OVERFLOW;
	e = payment_post(b, &s);
	if (e == ERR_OK)
		e = journal_refund_all(b->world, &s, b->order->collector, b->in->payment->provider,
		    b->r1);
	b->in->r1 = b->r1;
	return e;
}

/* ---- Amounts ------------------------------------------------------------------------------------- */

bool
payment_perhaps_in_parts(const struct order_read *o)
{
	for (int i = 0; i < o->fulfilment_count; i++)
		for (int n = 0; n < o->fulfilments[i].line_count; n++)
			if (o->fulfilments[i].lines[n].goods_owner != 0)
				return false;
	return o->fulfilment_count > 0;
}

bool
payment_is_balance(const struct order_read *o, int64_t fen)
{
	const struct deposit_read *d = o->deposit;

	return d != NULL && d->balance_paid_us == 0 && d->balance_fen == fen &&
	    (o->mark == MARK_OPEN || o->mark == MARK_AWAITING_CUSTOMER) &&
	    order_state_of(o) != STATE_CANCELLED;
}

enum err
payment_judge_amount(const struct order_read *o, int64_t fen, bool known, struct reason *r)
{
	const struct deposit_read *d = o->deposit;
	int64_t total_fen = o->goods_fen + o->delivery_fee_fen;

	if (d == NULL && fen == total_fen)
		return ERR_OK;
	if (d == NULL)
		return reason_set(r, ERR_AMOUNT_DIFFERS, "payment.amount_fen",
		    "%lld paid; the order's total is %lld", (long long)fen, (long long)total_fen);
	/* another deposit, another balance: a second payment */
	if (known || fen == d->deposit_fen || (o->paid_at_us != 0 && fen == d->balance_fen))
		return ERR_OK;
	return reason_set(r, ERR_AMOUNT_DIFFERS, "payment.amount_fen",
	    "%lld paid; the order's deposit is %lld, its balance %lld", (long long)fen,
	    (long long)d->deposit_fen, (long long)d->balance_fen);
}
