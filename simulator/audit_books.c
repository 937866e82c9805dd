/* audit_books: what acts posted of one order, reckoned again: splits, clearing, refunds, who has what at the end. */
#include <stdlib.h>
#include <string.h>

#include "simulator/audit_order.h"

#define PARTIES_MAX 64

/* What stands where by party: 0 is everybody without one of his own. */
struct shares {
	int count;
	struct {
		int64_t party, posted, decided;
		bool residual; /* his margin is what is left: fees are spread anew after hops */
	} of[PARTIES_MAX];
};

static bool
handed_over(const struct audit_fulfilment *f)
{
	return f->state == STATE_COLLECTED || f->state == STATE_DELIVERED;
}

static bool
has_ended(const struct audit_fulfilment *f)
{
	return handed_over(f) || f->moved_to != 0 || f->state == STATE_NOT_COLLECTED ||
	    f->state == STATE_LOST || f->state == STATE_RESTOCKED || f->state == STATE_CANCELLED;
}

static int64_t
kind_of(int64_t account)
{
	return account >> 55;
}

/* A dealer's, a staff member's, …: payables in each stage, what he owes; the brand's without its promotion. */
static bool
is_share(int64_t account)
{
	int64_t k = kind_of(account);

	return k == ACCOUNT_RECV_DEALER ||
	    (k >= ACCOUNT_PAYABLE_FIRST && k <= ACCOUNT_PAYABLE_LAST) || k == ACCOUNT_BRAND_COST ||
	    k == ACCOUNT_BRAND_OTHER;
}

static int64_t
party_of(const struct audit_names *n, int64_t account)
{
	int64_t k = kind_of(account);

	return k == ACCOUNT_BRAND_COST || k == ACCOUNT_BRAND_OTHER ? n->brand
	                                                           : account >> 25 & 0x1ffffff;
}

static int
share_of(struct shares *s, int64_t party)
{
	int i = 0;

	while (i < s->count && s->of[i].party != party)
		i++;
	if (i == PARTIES_MAX)
		return -1;
	if (i == s->count)
		s->of[s->count++].party = party;
	return i;
}

static int64_t
event_sum(const struct audit_order *o, int64_t event, int64_t kind)
{
	int64_t sum = 0;

	for (int i = 0; i < o->posting_count; i++)
		for (int n = 0; o->posting[i].event == event && n < o->posting[i].fen.count; n++)
			if (kind_of(o->posting[i].account.v[n]) == kind)
				sum += o->posting[i].fen.v[n];
	return sum;
}

/* ---- Splits ---------------------------------------------------------------------------------------- */

static int64_t
cost_posted(const struct audit_order *o, int64_t number, int *rows)
{
	int64_t sum = 0;

	*rows = 0;
	for (int i = 0; i < o->posting_count; i++) {
		const struct audit_posting *p = &o->posting[i];

		if (p->event != EVENT_SPLIT || p->number != number)
			continue;
		++*rows;
		for (int n = 0; n < p->fen.count && n < p->kind.count; n++)
			if (p->kind.v[n] == LEG_COST)
				sum -= p->fen.v[n];
	}
	return sum;
}

static void
split_check(const struct audit_order *o, const struct audit_names *n,
    const struct audit_fulfilment *f, struct audit_report *r)
{
	int64_t cost = 0, posted;
	int rows;

	posted = cost_posted(o, f->number, &rows);
	if (rows != (handed_over(f) ? 1 : 0))
		audit_found(r, AUDIT_SPLIT_POSTING, "order %s: fulfilment %lld has %d splits",
		    o->id, (long long)f->number, rows);
	if (rows != 1)
		return;
	for (int j = 0; j < f->line.count; j++)
		if ((f->owner.v[j] == 0 || f->owner.v[j] == n->brand) && f->line.v[j] >= 0 &&
		    f->line.v[j] < o->cost.count)
			cost += o->cost.v[f->line.v[j]] * f->qty.v[j];
	if (cost != posted)
		audit_found(r, AUDIT_COST_POSTING,
		    "order %s: fulfilment %lld posts a cost of %lld, its goods' is %lld", o->id,
		    (long long)f->number, (long long)posted, (long long)cost);
}

/* All units of the decision were handed over as it said. */
static bool
carried_out(const struct audit_order *o, int64_t attempt)
{
	bool any = false;

	for (int i = 0; i < o->fulfilment_count; i++) {
		if (o->fulfilment[i].attempt != attempt)
			continue;
		any = true;
		if (!handed_over(&o->fulfilment[i]))
			return false;
	}
	return any;
}

static bool
is_of_attempt(const struct audit_order *o, int64_t number, int64_t attempt)
{
	for (int i = 0; i < o->fulfilment_count; i++)
		if (o->fulfilment[i].number == number)
			return o->fulfilment[i].attempt == attempt;
	return false;
}

/* Legs but the provider's fee, which the residual party bore with the payment; what the brand adds, it pays for. */
static void
decided_fill(const struct audit_decision *d, struct shares *s)
{
	for (int i = 0; i < d->fen.count; i++) {
		int at;

		if (d->kind.v[i] == LEG_PROVIDER_FEE)
			continue;
		at = share_of(s, d->party.v[i]);
		if (at < 0)
			continue;
		s->of[at].decided += d->fen.v[i];
		s->of[at].residual = s->of[at].residual || d->kind.v[i] == LEG_MARGIN ||
		    d->kind.v[i] == LEG_DELIVERY_INCOME;
	}
}

static void
shares_check(const struct audit_order *o, const struct audit_names *n,
    const struct audit_decision *d, struct audit_report *r)
{
	bool refunded = event_sum(o, EVENT_REFUND, ACCOUNT_C_REFUND) != 0;
	struct shares s = {0};
	int64_t units = 1;

	decided_fill(d, &s);
	for (int i = 0; i < o->posting_count; i++) {
		const struct audit_posting *p = &o->posting[i];

		if (p->event != EVENT_SPLIT || !is_of_attempt(o, p->number, d->attempt))
			continue;
		for (int k = 0; k < p->fen.count; k++) {
			int at = is_share(p->account.v[k])
			    ? share_of(&s, party_of(n, p->account.v[k]))
			    : -1;

			if (at >= 0)
				s.of[at].posted -= p->fen.v[k];
		}
	}
	for (int i = 0; i < o->qty.count; i++)
		units += o->qty.v[i];
	for (int i = 0; i < s.count; i++) {
		int64_t less = s.of[i].posted - s.of[i].decided, off = 0;

		/* The fee is spread anew when units went another way or back: a fen a unit, and the delivery's. */
		if (s.of[i].residual && (refunded || o->decision_count > 1))
			off += 2 * units;
		/* What is kept for a delivery that did not come about goes to who delivered last. */
		if (refunded)
			off += o->delivery_fen;
		if (n->party_max >= s.of[i].party && n->party[s.of[i].party].kind == PARTY_PLATFORM)
			continue; /* its account names nobody */
		if (llabs(less) > off)
			audit_found(r, AUDIT_SHARE_POSTING,
			    "order %s: decision %lld gives %s %lld, its splits %lld", o->id,
			    (long long)d->attempt,
			    audit_name(n->party_code, n->party_max, s.of[i].party),
			    (long long)s.of[i].decided, (long long)s.of[i].posted);
	}
}

/* ---- Clearing, refunds ------------------------------------------------------------------------------- */

static void
clearing_check(const struct audit_order *o, struct audit_report *r)
{
	int64_t left = 0;

	for (int i = 0; i < o->fulfilment_count; i++)
		if (!has_ended(&o->fulfilment[i]))
			return;
	for (int i = 0; i < o->posting_count; i++)
		for (int n = 0; n < o->posting[i].fen.count; n++)
			if (kind_of(o->posting[i].account.v[n]) == ACCOUNT_C_ORDER)
				left += o->posting[i].fen.v[n];
	if (left != 0)
		audit_found(r, AUDIT_CLEARING, "order %s has ended with %lld in clearing", o->id,
		    (long long)left);
}

static void
refunds_check(const struct audit_order *o, struct audit_report *r)
{
	int64_t posted = -event_sum(o, EVENT_REFUND, ACCOUNT_C_REFUND);

	if (posted != o->refund_due_fen || o->refunds_fen != o->refund_due_fen)
		audit_found(r, AUDIT_REFUND_ROWS,
		    "order %s: %lld due back, %lld posted, %lld due to payments", o->id,
		    (long long)o->refund_due_fen, (long long)posted, (long long)o->refunds_fen);
}

/* After a full refund nobody has or owes anything of what acts posted; the provider kept nothing. */
static void
full_refund_check(const struct audit_order *o, const struct audit_names *n, struct audit_report *r)
{
	int64_t paid = event_sum(o, EVENT_PAID, ACCOUNT_PSP_FROZEN);
	struct shares s = {0};

	if (paid == 0 || paid != -event_sum(o, EVENT_REFUND, ACCOUNT_C_REFUND))
		return;
	for (int i = 0; i < o->posting_count; i++) {
		const struct audit_posting *p = &o->posting[i];

		for (int k = 0; k < p->fen.count; k++) {
			int at = is_share(p->account.v[k]) &&
			        (p->event == EVENT_SPLIT || p->event == EVENT_REFUND)
			    ? share_of(&s, party_of(n, p->account.v[k]))
			    : -1;

			if (at >= 0)
				s.of[at].posted += p->fen.v[k];
		}
	}
	for (int i = 0; i < s.count; i++)
		if (s.of[i].posted != 0)
			audit_found(r, AUDIT_FULL_REFUND,
			    "order %s: all went back, and %s is left with %lld", o->id,
			    audit_name(n->party_code, n->party_max, s.of[i].party),
			    (long long)-s.of[i].posted);
}

void
audit_books(const struct audit_order *o, const struct audit_names *n, struct audit_report *r)
{
	if (!o->paid)
		return;
	for (int i = 0; i < o->fulfilment_count; i++)
		split_check(o, n, &o->fulfilment[i], r);
	for (int i = 0; i < o->decision_count; i++)
		if (carried_out(o, o->decision[i].attempt))
			shares_check(o, n, &o->decision[i], r);
	clearing_check(o, r);
	refunds_check(o, r);
	full_refund_check(o, n, r);
}
