/* audit_money: one order's arithmetic, reckoned again from its lines and fulfilments. */
#include <stdlib.h>
#include <string.h>

#include "simulator/audit_order.h"

/* Products of fen and basis points do not fit 64 bits. */
__extension__ typedef __int128 wide_t;

struct reckoned {
	int64_t goods_fen, funded_fen;
	int64_t brand_cost_fen; /* of units that are the brand's */
	int64_t own_cost_fen;   /* of units of the owner's own goods */
	int64_t all_cost_fen;
	bool one_owner; /* all units are one party's goods: */
	int64_t goods_owner;
};

/* The decision that the order's totals are from. */
static const struct audit_decision *
decision_base(const struct audit_order *o)
{
	for (int i = 0; i < o->decision_count; i++)
		if (o->decision[i].attempt == o->base)
			return &o->decision[i];
	return NULL;
}

static int64_t
legs_sum(const struct audit_decision *d, int64_t kind, int64_t party)
{
	int64_t sum = 0;

	for (int i = 0; i < d->fen.count; i++)
		if ((kind == 0 || d->kind.v[i] == kind) && (party == 0 || d->party.v[i] == party))
			sum += d->fen.v[i];
	return sum;
}

/* Units of one decision by whose goods they are; made to order is the brand's. */
static void
units_reckon(const struct audit_order *o, const struct audit_names *n, int64_t attempt,
    struct reckoned *k)
{
	bool first = true;

	k->one_owner = true;
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct audit_fulfilment *f = &o->fulfilment[i];

		if (f->attempt != attempt)
			continue;
		for (int j = 0; j < f->line.count; j++) {
			int64_t line = f->line.v[j],
			        owner = f->owner.v[j] == 0 ? n->brand : f->owner.v[j];
			int64_t cost;

			if (line < 0 || line >= o->cost.count)
				continue; /* audit_units() tells it */
			cost = o->cost.v[line] * f->qty.v[j];
			k->all_cost_fen += cost;
			if (owner == n->brand)
				k->brand_cost_fen += cost;
			else if (owner == o->dealer)
				k->own_cost_fen += cost;
			k->one_owner = k->one_owner && (first || owner == k->goods_owner);
			k->goods_owner = owner;
			first = false;
		}
	}
}

static void
totals_check(const struct audit_order *o, struct reckoned *k, struct audit_report *r)
{
	for (int i = 0; i < o->qty.count; i++) {
		int64_t discount = i < o->discount.count ? o->discount.v[i] : 0;

		k->goods_fen += o->qty.v[i] * (o->price.v[i] - discount);
		k->funded_fen += o->qty.v[i] * discount;
	}
	if (k->goods_fen != o->goods_fen || k->funded_fen != o->funded_fen)
		audit_found(r, AUDIT_TOTALS,
		    "order %s: goods %lld funded %lld, its lines say %lld and %lld", o->id,
		    (long long)o->goods_fen, (long long)o->funded_fen, (long long)k->goods_fen,
		    (long long)k->funded_fen);
}

static void
fee_check(const struct audit_order *o, const struct audit_names *n, const struct audit_decision *d,
    struct audit_report *r)
{
	int64_t bps =
	    o->collector > 0 && o->collector <= n->party_max ? n->party[o->collector].fee_bps : 0;
	wide_t cash = o->goods_fen + o->delivery_fen;
	int64_t fee = (int64_t)((cash * bps + 5000) / 10000);
	int64_t leg = legs_sum(d, LEG_PROVIDER_FEE, 0);

	if (fee != o->fee_fen || fee != leg)
		audit_found(r, AUDIT_FEE, "order %s: fee %lld, leg %lld, %lld bps of %lld are %lld",
		    o->id, (long long)o->fee_fen, (long long)leg, (long long)bps, (long long)cash,
		    (long long)fee);
}

/* Each funder's part is within one fen a unit of his share; together they are all of it. */
static void
funding_check(const struct audit_order *o, const struct audit_names *n,
    const struct audit_decision *d, int64_t absorbed, struct audit_report *r)
{
	int64_t sum = 0;

	for (int i = 0; i < d->funded.count; i++) {
		wide_t exact = 0; /* in 1/10000 fen */
		int64_t units = 0, off;

		sum += d->funded.v[i];
		for (int l = 0; l < o->campaign.count && l < o->discount.count; l++) {
			int64_t id = o->campaign.v[l];

			if (id <= 0 || id > n->campaign_max)
				continue;
			for (int f = 0; f < n->campaign[id].funder_count; f++)
				if (n->campaign[id].funder[f] == d->funder.v[i]) {
					exact += (wide_t)o->discount.v[l] * o->qty.v[l] *
					    n->campaign[id].share_bps[f];
					units += o->qty.v[l];
				}
		}
		if (d->funder.v[i] == n->brand)
			exact += (wide_t)absorbed * 10000;
		off = llabs((int64_t)(exact - (wide_t)d->funded.v[i] * 10000));
		if (off > units * 10000)
			audit_found(r, AUDIT_FUNDING,
			    "order %s: party %lld funds %lld, his share is %lld", o->id,
			    (long long)d->funder.v[i], (long long)d->funded.v[i],
			    (long long)(exact / 10000));
	}
	if (sum != o->funded_fen + absorbed)
		audit_found(r, AUDIT_FUNDING, "order %s: funders pay %lld of %lld", o->id,
		    (long long)sum, (long long)(o->funded_fen + absorbed));
}

static void
legs_check(const struct audit_order *o, const struct audit_names *n, const struct audit_decision *d,
    const struct reckoned *k, struct audit_report *r)
{
	int64_t absorbed = legs_sum(d, LEG_SHORTFALL, 0);
	int64_t want = o->goods_fen + o->delivery_fen + o->funded_fen + absorbed,
	        sum = legs_sum(d, 0, 0);
	int64_t cost = legs_sum(d, LEG_COST, 0), margin;
	bool others = k->all_cost_fen != k->brand_cost_fen + k->own_cost_fen;

	if (sum != want)
		audit_found(r, AUDIT_LEGS, "order %s: legs %lld, paid and funded %lld", o->id,
		    (long long)sum, (long long)want);
	if (cost != k->brand_cost_fen || cost != legs_sum(d, LEG_COST, n->brand))
		audit_found(r, AUDIT_COST_LEGS,
		    "order %s: cost legs %lld, frozen cost of the brand's goods %lld", o->id,
		    (long long)cost, (long long)k->brand_cost_fen);
	if (others != (legs_sum(d, LEG_TRANSFER, 0) != 0))
		audit_found(r, AUDIT_TRANSFER_LEGS, "order %s: transfer legs %lld", o->id,
		    (long long)legs_sum(d, LEG_TRANSFER, 0));
	margin = legs_sum(d, LEG_MARGIN, o->dealer) + absorbed - k->own_cost_fen;
	if (margin != o->margin_fen ||
	    legs_sum(d, LEG_MARGIN, 0) != legs_sum(d, LEG_MARGIN, o->dealer))
		audit_found(r, AUDIT_MARGIN, "order %s: margin %lld, its legs and goods say %lld",
		    o->id, (long long)o->margin_fen, (long long)margin);
	funding_check(o, n, d, absorbed, r);
}

/* A decision that an act made about some of the units: they carry their prices and their part of the fee. */
static void
acted_legs_check(const struct audit_order *o, const struct audit_names *n,
    const struct audit_decision *d, struct audit_report *r)
{
	int64_t want = legs_sum(d, LEG_SHORTFALL, 0), sum = legs_sum(d, 0, 0);
	int64_t cost = legs_sum(d, LEG_COST, 0);
	struct reckoned k = {0};

	units_reckon(o, n, d->attempt, &k);
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct audit_fulfilment *f = &o->fulfilment[i];

		if (f->attempt != d->attempt)
			continue;
		want += f->fee_fen;
		for (int j = 0; j < f->line.count; j++)
			if (f->line.v[j] >= 0 && f->line.v[j] < o->price.count)
				want += f->qty.v[j] * o->price.v[f->line.v[j]];
	}
	if (sum != want)
		audit_found(r, AUDIT_LEGS,
		    "order %s: decision %lld has legs of %lld, its units %lld", o->id,
		    (long long)d->attempt, (long long)sum, (long long)want);
	if (cost != k.brand_cost_fen)
		audit_found(r, AUDIT_COST_LEGS,
		    "order %s: decision %lld has cost legs of %lld, the brand's goods %lld", o->id,
		    (long long)d->attempt, (long long)cost, (long long)k.brand_cost_fen);
}

/* The goods decide who collects, unless an outside channel was paid already. */
static void
collector_check(const struct audit_order *o, const struct audit_names *n, const struct reckoned *k,
    struct audit_report *r)
{
	int64_t want = k->one_owner ? k->goods_owner : n->brand;
	const struct audit_party *p;

	if (o->collector <= 0 || o->collector > n->party_max) {
		audit_found(r, AUDIT_COLLECTOR, "order %s: no collector", o->id);
		return;
	}
	p = &n->party[want];
	if (p->provider == 0)
		want = n->brand;
	/* a late payment is decided again with the collector as it was */
	if (o->base != 1 || n->party[o->collector].kind == 8 || o->collector == want)
		return;
	audit_found(r, AUDIT_COLLECTOR, "order %s: %s collects, it should be %s", o->id,
	    audit_name(n->party_code, n->party_max, o->collector),
	    audit_name(n->party_code, n->party_max, want));
}

void
audit_money(const struct audit_order *o, const struct audit_names *n, struct audit_report *r)
{
	const struct audit_decision *d = decision_base(o);
	struct reckoned k = {0};

	if (d == NULL || o->fulfilment_count == 0) {
		audit_found(r, AUDIT_CHILD_MISSING, "order %s has no %s", o->id,
		    d == NULL ? "decision" : "fulfilment");
		return;
	}
	units_reckon(o, n, o->base, &k);
	totals_check(o, &k, r);
	fee_check(o, n, d, r);
	legs_check(o, n, d, &k, r);
	collector_check(o, n, &k, r);
	for (int i = 0; i < o->decision_count; i++)
		if (o->decision[i].attempt > o->base)
			acted_legs_check(o, n, &o->decision[i], r);
}

/* ---- The journal ------------------------------------------------------------------------------- */

/* The chart of accounts: kind in the highest bits. */
static int64_t
posted(const struct audit_posting *p, int64_t kind)
{
	int64_t sum = 0;

	for (int i = 0; i < p->account.count && i < p->fen.count; i++)
		if (p->account.v[i] >> 55 == kind)
			sum += p->fen.v[i];
	return sum;
}

static int64_t
posted_for(const struct audit_order *o, int64_t event, const char *ref, int64_t kind)
{
	int64_t sum = 0;

	for (int i = 0; i < o->posting_count; i++)
		if (o->posting[i].event == event && strcmp(o->posting[i].ref, ref) == 0)
			sum += posted(&o->posting[i], kind);
	return sum;
}

static int64_t
funded_by_others(const struct audit_order *o)
{
	const struct audit_decision *d = decision_base(o);
	int64_t funded = 0;

	for (int i = 0; d != NULL && i < d->funded.count; i++)
		funded += d->funded.v[i];
	/* what the brand adds to a loss is posted with the split */
	return d != NULL ? funded - legs_sum(d, LEG_SHORTFALL, 0) : 0;
}

static int64_t
fee_of(const struct audit_order *o, const struct audit_names *n, int64_t fen)
{
	int64_t bps =
	    o->collector > 0 && o->collector <= n->party_max ? n->party[o->collector].fee_bps : 0;

	return (int64_t)(((wide_t)fen * bps + 5000) / 10000);
}

/* An order in two parts is opened by the first, and funded with the second. */
static bool
amount_fits(const struct audit_order *o, const struct audit_payment *p)
{
	if (o->deposit_fen == 0)
		return p->fen == o->goods_fen + o->delivery_fen;
	if (p->outcome == PAID_BALANCE)
		return p->fen == o->balance_fen;
	return p->outcome == PAID_SECOND || p->fen == o->deposit_fen;
}

/* With the balance comes what is funded of units that were not cancelled by then. */
static bool
order_fits(const struct audit_payment *p, int64_t order, int64_t funded)
{
	return p->outcome == PAID_BALANCE ? order >= p->fen && order <= p->fen + funded
	                                  : order == p->fen + funded;
}

/* E1 takes the cash in, E2 pays the fee; R1 gives back what opened nothing. */
static void
payment_check(const struct audit_order *o, const struct audit_names *n,
    const struct audit_payment *p, struct audit_report *r)
{
	int64_t cash = posted_for(o, EVENT_PAID, p->number, ACCOUNT_PSP_FROZEN);
	int64_t order = -posted_for(o, EVENT_PAID, p->number, ACCOUNT_C_ORDER);
	int64_t fee = posted_for(o, EVENT_FEE, p->number, ACCOUNT_C_ORDER);
	bool balance = p->outcome == PAID_BALANCE;
	bool opens = balance || p->outcome == PAID_OPENED || p->outcome == PAID_AGAIN;
	int64_t before = balance ? o->deposit_fen : 0;
	int64_t want_fee = fee_of(o, n, before + p->fen) - fee_of(o, n, before);
	int64_t funded = balance || o->deposit_fen == 0 ? funded_by_others(o) : 0;

	if (cash != p->fen || !amount_fits(o, p) || (opens && !order_fits(p, order, funded)))
		audit_found(r, AUDIT_PAID_POSTING,
		    "order %s: payment %s of %lld for a total of %lld, E1 %lld against %lld", o->id,
		    p->number, (long long)p->fen, (long long)(o->goods_fen + o->delivery_fen),
		    (long long)cash, (long long)order);
	if (fee != want_fee)
		audit_found(r, AUDIT_FEE_POSTING, "order %s: payment %s, fee %lld, E2 %lld", o->id,
		    p->number, (long long)want_fee, (long long)fee);
	if (!opens && -posted_for(o, EVENT_REFUND, p->number, ACCOUNT_C_REFUND) != p->fen)
		audit_found(r, AUDIT_REFUND_POSTING,
		    "order %s: payment %s of %lld was not given back whole", o->id, p->number,
		    (long long)p->fen);
}

void
audit_postings(const struct audit_order *o, const struct audit_names *n, struct audit_report *r)
{
	int64_t due = 0;
	int opening = 0;

	for (int i = 0; i < o->payment_count; i++) {
		const struct audit_payment *p = &o->payment[i];

		payment_check(o, n, p, r);
		opening += p->outcome != PAID_SECOND && p->outcome != PAID_BALANCE;
		due += p->outcome == PAID_UNFILLABLE || p->outcome == PAID_SECOND ? p->fen : 0;
	}
	if (due + o->acts_fen != o->refund_due_fen)
		audit_found(r, AUDIT_REFUND_POSTING,
		    "order %s: refund due %lld, its payments say %lld, its acts %lld", o->id,
		    (long long)o->refund_due_fen, (long long)due, (long long)o->acts_fen);
	if (o->paid && opening == 0)
		audit_found(r, AUDIT_CHILD_MISSING, "order %s is paid and has no payment", o->id);
	if (!o->paid && (o->payment_count > 0 || o->posting_count > 0))
		audit_found(r, AUDIT_PAID_POSTING,
		    "order %s is not paid but has a payment or a posting", o->id);
}
