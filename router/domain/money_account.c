/* money_account: where what a party earned stands, and where it is taken from when it goes back. */
#include "base/money.h"
#include "domain/money_calc.h"
#include "domain/party.h"

int64_t
account_of_earned(const struct order_money *m, int32_t party, int kind)
{
	/* what a fee cost somebody stands where his margin does */
	return account_of_leg(m->world, kind == LEG_PROVIDER_FEE ? LEG_MARGIN : (enum leg_kind)kind,
	    party, m->collector);
}

void
calc_post_earned(struct money_calc *c)
{
	const struct order_money *m = c->m;
	int64_t account, sum;

	for (int i = 0; i < c->earned_count; i++)
		posting_add(c->p, account_of_earned(m, c->earned[i].party, c->earned[i].kind),
		    -c->earned[i].fen, c->earned[i].kind);
	for (int i = 0; i < c->earned_count; i++) {
		account = account_of_earned(m, c->earned[i].party, c->earned[i].kind);
		if (account_kind(account) != ACCOUNT_DEALER_HELD)
			continue;
		sum = posting_sum(c->p, account);
		if (sum <= 0)
			continue;
		posting_add(c->p, account_receivable(m->world, c->earned[i].party, m->collector),
		    sum, LEG_MARGIN);
		posting_add(c->p, account, -sum, LEG_MARGIN);
	}
}

/* ---- Taking ---------------------------------------------------------------------------------------- */

static int64_t
not_below_zero(int64_t fen)
{
	return fen > 0 ? fen : 0;
}

/* E3 of ${number} is posted and its hold is not over: what comes now is held with the rest. */
static bool
holds(const struct order_money *m, int number)
{
	for (int i = 0; number != 0 && i < m->row_count; i++)
		if (m->rows[i].event == EVENT_E3_SPLIT && m->rows[i].number == number)
			return !money_hold_over(m, number);
	return false;
}

/* Who answers for ${party}: a dealer for himself, the employer for his staff.  0: the brand. */
static int32_t
debtor_of(const struct order_money *m, int32_t party)
{
	const struct party *p = world_party_row(m->world, party);
	int32_t debtor = party;

	if (p->kind == PARTY_STAFF)
		debtor = p->employer != 0 ? p->employer : m->owner;
	return debtor == m->world->brand ? 0 : debtor;
}

static void
post_all(struct money_calc *c, int32_t party, int64_t account, int kind)
{
	for (int i = 0; i < c->earned_count; i++)
		if (c->earned[i].party == party)
			posting_add(c->p, account, -c->earned[i].fen,
			    kind != 0 ? kind : c->earned[i].kind);
}

/* What cannot be taken from him is owed. */
static void
owe(struct money_calc *c, int32_t party, int64_t fen)
{
	int32_t debtor = debtor_of(c->m, party);

	if (debtor == 0)
		posting_add(c->p, account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0), fen,
		    LEG_STAFF);
	else
		posting_add(c->p, account_receivable(c->m->world, debtor, c->m->collector), fen,
		    LEG_MARGIN);
}

/* ${fen} above zero go back: from held, from available, the rest is owed.  Legs keep their kinds in the first. */
static void
take(struct money_calc *c, int32_t party, int64_t held, int64_t fen, int kind)
{
	const int64_t avail = account_at_stage(held, STAGE_AVAIL);
	int64_t held_fen = not_below_zero(money_held(c->m, held));
	int64_t avail_fen = not_below_zero(-money_balance_of(c->m, avail));
	int64_t first;

	held_fen = fen_least(held_fen, fen);
	avail_fen = fen_least(avail_fen, fen - held_fen);
	if (held_fen + avail_fen == 0) {
		owe(c, party, fen);
		return;
	}
	first = held_fen > 0 ? held : avail;
	post_all(c, party, first, 0);
	posting_add(c->p, first, (held_fen > 0 ? held_fen : avail_fen) - fen, kind);
	if (held_fen > 0)
		posting_add(c->p, avail, avail_fen, kind);
	if (fen > held_fen + avail_fen)
		owe(c, party, fen - held_fen - avail_fen);
}

/* ${fen} are his again: first what he owes of this order and still does. */
static void
give(struct money_calc *c, int32_t party, int64_t held, int64_t fen, int kind)
{
	const struct order_money *m = c->m;
	int64_t account = account_at_stage(held, STAGE_AVAIL), recv, owed_fen;

	for (int i = 0; i < c->earned_count; i++)
		if (c->earned[i].party == party && holds(m, c->earned[i].number))
			account = held;
	post_all(c, party, account, 0);
	if (debtor_of(m, party) != party)
		return;
	recv = account_receivable(m->world, party, m->collector);
	owed_fen = fen_least(not_below_zero(money_sum(m, recv)),
	    not_below_zero(money_balance_of(m, recv)));
	owed_fen = fen_least(owed_fen, fen);
	posting_add(c->p, recv, -owed_fen, LEG_MARGIN);
	posting_add(c->p, account, owed_fen, kind);
}

static void
settle_bounded(struct money_calc *c, int32_t party, int64_t held)
{
	const int kind = account_kind(held) == ACCOUNT_STAFF_HELD ? LEG_STAFF : LEG_MARGIN;
	int64_t fen = 0;

	for (int i = 0; i < c->earned_count; i++)
		if (c->earned[i].party == party)
			fen -= c->earned[i].fen;
	if (fen > 0)
		take(c, party, held, fen, kind);
	else
		give(c, party, held, -fen, kind);
}

static bool
seen_before(const struct money_calc *c, int at)
{
	for (int i = 0; i < at; i++)
		if (c->earned[i].party == c->earned[at].party)
			return true;
	return false;
}

void
calc_post_taken(struct money_calc *c)
{
	for (int i = 0; i < c->earned_count; i++) {
		const struct money_earned *e = &c->earned[i];
		int64_t account = account_of_earned(c->m, e->party, e->kind);

		if (account_staged(account) && account_bounded(account)) {
			if (!seen_before(c, i))
				settle_bounded(c, e->party, account);
			continue;
		}
		if (account_staged(account) && !holds(c->m, e->number))
			account = account_at_stage(account, STAGE_AVAIL);
		posting_add(c->p, account, -e->fen, e->kind);
	}
}
