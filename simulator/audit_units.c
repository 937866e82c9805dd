/* audit_units: where an order's units ended, and what was given back for those that did not reach the customer. */
#include "simulator/audit_order.h"

/* Each unit stands in one fulfilment that handed it on to nobody. */
static void
placed_check(const struct audit_order *o, struct audit_report *r)
{
	for (int line = 0; line < o->qty.count; line++) {
		int64_t placed = 0;

		for (int i = 0; i < o->fulfilment_count; i++) {
			const struct audit_fulfilment *f = &o->fulfilment[i];

			/* a late payment was decided anew: what was planned before it is over */
			if (f->moved_to != 0 || f->attempt < o->base)
				continue;
			for (int j = 0; j < f->line.count; j++)
				if (f->line.v[j] == line && f->sku.v[j] == o->sku.v[line])
					placed += f->qty.v[j];
		}
		if (placed != o->qty.v[line])
			audit_found(r, AUDIT_UNITS, "order %s line %d: %lld of %lld units placed",
			    o->id, line, (long long)placed, (long long)o->qty.v[line]);
	}
}

static bool
undelivered(int64_t state)
{
	return state == STATE_NOT_COLLECTED || state == STATE_LOST || state == STATE_RESTOCKED ||
	    state == STATE_CANCELLED;
}

/* Units that ended undelivered, at what was paid for them; ${produced}: of these what was being made to order. */
static int64_t
undelivered_fen(const struct audit_order *o, bool produced)
{
	int64_t fen = 0;

	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct audit_fulfilment *f = &o->fulfilment[i];

		if (f->moved_to != 0 || f->attempt < o->base || !undelivered(f->state) ||
		    (produced && !f->produced))
			continue;
		for (int j = 0; j < f->line.count; j++) {
			int64_t line = f->line.v[j];
			int64_t off = line < o->discount.count ? o->discount.v[line] : 0;

			if (line < o->price.count)
				fen += f->qty.v[j] * (o->price.v[line] - off);
		}
	}
	return fen;
}

/* Beside units and returns, only the delivery fee can go back; of goods made to order a part may be forfeit. */
static void
refund_check(const struct audit_order *o, struct audit_report *r)
{
	int64_t goods = undelivered_fen(o, false) + o->returns_fen + o->amounts_fen;

	for (int i = 0; i < o->payment_count; i++)
		if (o->payment[i].outcome == PAID_UNFILLABLE) /* given back by itself, whole */
			return;
	/* who pays in two parts has not paid for all of it, and may lose a part */
	if (!o->paid || o->deposit_fen > 0) {
		if (o->acts_fen > (o->paid ? o->goods_fen + o->delivery_fen : 0))
			audit_found(r, AUDIT_REFUND_ACTS, "order %s: acts gave back %lld", o->id,
			    (long long)o->acts_fen);
		return;
	}
	if (o->acts_fen < goods - undelivered_fen(o, true) || o->acts_fen > goods + o->delivery_fen)
		audit_found(r, AUDIT_REFUND_ACTS,
		    "order %s: acts gave back %lld, undelivered and returned units are worth %lld, the fee %lld",
		    o->id, (long long)o->acts_fen, (long long)goods, (long long)o->delivery_fen);
}

void
audit_units(const struct audit_order *o, struct audit_report *r)
{
	if (o->decision_count == 0 || o->fulfilment_count == 0)
		return; /* told by audit_money() */
	placed_check(o, r);
	refund_check(o, r);
}
