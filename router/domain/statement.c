#include "domain/statement.h"

#include <assert.h>
#include <string.h>

#define PERIOD_FIRST 200001
#define PERIOD_LAST 999912

bool
statement_period_valid(int64_t period)
{
	const int64_t month = period % 100;

	return period == 0 ||
	    (period >= PERIOD_FIRST && period <= PERIOD_LAST && month >= 1 && month <= 12);
}

struct ranges {
	int count;
	int64_t lo[STATEMENT_RANGES_MAX], hi[STATEMENT_RANGES_MAX];
};

static void
add(struct ranges *r, enum account_kind k, enum provider v, int32_t party, bool others)
{
	const int64_t account = account_number(k, v, party, 0);

	assert(r->count < STATEMENT_RANGES_MAX);
	assert(r->count == 0 || account > r->hi[r->count - 1]);
	r->lo[r->count] = account;
	r->hi[r->count++] = others ? account | ACCOUNT_ID_MAX : account;
}

/* From one kind to another that stands behind it. */
static void
add_kinds(struct ranges *r, enum account_kind from, enum account_kind to, int32_t party,
    bool others)
{
	for (int k = (int)from; k <= (int)to; k++)
		add(r, (enum account_kind)k, PROVIDER_NONE, party, others);
}

static void
add_cash(struct ranges *r, int32_t party)
{
	for (int k = ACCOUNT_PSP_FROZEN; k <= ACCOUNT_PSP_FEE_REBATE; k++)
		for (int v = PROVIDER_NONE + 1; v < PROVIDER_COUNT; v++)
			add(r, (enum account_kind)k, (enum provider)v, party, false);
	add(r, ACCOUNT_BANK, PROVIDER_NONE, party, false);
}

int
statement_ranges(enum party_kind kind, int32_t party, int64_t lo[STATEMENT_RANGES_MAX],
    int64_t hi[STATEMENT_RANGES_MAX])
{
	struct ranges r = {0};

	add_cash(&r, party);
	switch (kind) {
	case PARTY_BRAND:
		add_kinds(&r, ACCOUNT_BRAND_COST, ACCOUNT_BRAND_PROMO, 0, false);
		add_kinds(&r, ACCOUNT_X_PSP_FEE, ACCOUNT_X_ROUNDING, 0, false);
		break;
	case PARTY_DEALER:
		add(&r, ACCOUNT_RECV_DEALER, PROVIDER_NONE, party, true);
		add_kinds(&r, ACCOUNT_DEALER_HELD, ACCOUNT_DEALER_PAYOUT, party, true);
		add(&r, ACCOUNT_DEALER_PROMO, PROVIDER_NONE, party, false);
		break;
	case PARTY_STAFF:
		add_kinds(&r, ACCOUNT_STAFF_HELD, ACCOUNT_STAFF_PAYOUT, party, false);
		break;
	case PARTY_COURIER:
		add(&r, ACCOUNT_RECV_COURIER, PROVIDER_NONE, party, false);
		add_kinds(&r, ACCOUNT_COURIER_HELD, ACCOUNT_COURIER_PAYOUT, party, false);
		break;
	case PARTY_WAREHOUSE:
		add_kinds(&r, ACCOUNT_WAREHOUSE_HELD, ACCOUNT_WAREHOUSE_PAYOUT, party, false);
		break;
	case PARTY_PLATFORM:
		add_kinds(&r, ACCOUNT_PLATFORM_HELD, ACCOUNT_PLATFORM_PAYOUT, 0, false);
		add(&r, ACCOUNT_PLATFORM_PROMO, PROVIDER_NONE, 0, false);
		break;
	case PARTY_CHANNEL: /* that collected owes as a dealer does */
		add(&r, ACCOUNT_RECV_DEALER, PROVIDER_NONE, party, true);
		add_kinds(&r, ACCOUNT_CHANNEL_HELD, ACCOUNT_CHANNEL_PAYOUT, party, false);
		break;
	case PARTY_PROVIDER:
	case PARTY_KIND_COUNT:
		break;
	}
	memcpy(lo, r.lo, (size_t)r.count * sizeof(lo[0]));
	memcpy(hi, r.hi, (size_t)r.count * sizeof(hi[0]));
	return r.count;
}
