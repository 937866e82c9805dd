/* statement: whose accounts are whose; the words of events. */
#include "unit.h"

#include "domain/event_word.h"
#include "domain/statement.h"

static bool
covers(enum party_kind kind, int32_t party, int64_t account)
{
	int64_t lo[STATEMENT_RANGES_MAX], hi[STATEMENT_RANGES_MAX];
	int count = statement_ranges(kind, party, lo, hi), in = 0;

	for (int i = 0; i < count; i++) {
		assert_true(lo[i] <= hi[i]);
		assert_true(i == 0 || lo[i] > hi[i - 1]);
		in += account >= lo[i] && account <= hi[i];
	}
	assert_true(in <= 1);
	return in == 1;
}

static void
test_whose(void **state)
{
	static const struct {
		const char *label;
		enum account_kind account;
		enum provider provider;
		int32_t party, other;
		enum party_kind kind; /* of party 7, who alone has it in his statement */
	} rows[] = {
	    {"his merchant account", ACCOUNT_PSP_FROZEN, PROVIDER_WECHAT, 7, 0, PARTY_DEALER},
	    {"at any provider", ACCOUNT_PSP_FEE_REBATE, PROVIDER_CASH, 7, 0, PARTY_BRAND},
	    {"his bank", ACCOUNT_BANK, PROVIDER_NONE, 7, 0, PARTY_BRAND},
	    {"what he owes", ACCOUNT_RECV_DEALER, PROVIDER_NONE, 7, 9, PARTY_DEALER},
	    {"held by any collector", ACCOUNT_DEALER_HELD, PROVIDER_NONE, 7, ACCOUNT_ID_MAX,
	        PARTY_DEALER},
	    {"on its way", ACCOUNT_DEALER_PAYOUT, PROVIDER_NONE, 7, 1, PARTY_DEALER},
	    {"what he funds", ACCOUNT_DEALER_PROMO, PROVIDER_NONE, 7, 0, PARTY_DEALER},
	    {"staff", ACCOUNT_STAFF_AVAIL, PROVIDER_NONE, 7, 0, PARTY_STAFF},
	    {"courier", ACCOUNT_COURIER_HELD, PROVIDER_NONE, 7, 0, PARTY_COURIER},
	    {"what a courier owes", ACCOUNT_RECV_COURIER, PROVIDER_NONE, 7, 0, PARTY_COURIER},
	    {"warehouse", ACCOUNT_WAREHOUSE_HELD, PROVIDER_NONE, 7, 0, PARTY_WAREHOUSE},
	    {"channel", ACCOUNT_CHANNEL_PAYOUT, PROVIDER_NONE, 7, 0, PARTY_CHANNEL},
	    {"platform", ACCOUNT_PLATFORM_HELD, PROVIDER_NONE, 0, 0, PARTY_PLATFORM},
	    {"platform's promises", ACCOUNT_PLATFORM_PROMO, PROVIDER_NONE, 0, 0, PARTY_PLATFORM},
	    {"cost", ACCOUNT_BRAND_COST, PROVIDER_NONE, 0, 0, PARTY_BRAND},
	    {"promo", ACCOUNT_BRAND_PROMO, PROVIDER_NONE, 0, 0, PARTY_BRAND},
	    {"nobody else bears it", ACCOUNT_X_LOSS, PROVIDER_NONE, 0, 0, PARTY_BRAND},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const int64_t account =
		    account_number(rows[i].account, rows[i].provider, rows[i].party, rows[i].other);

		row_equal(rows[i].label, covers(rows[i].kind, 7, account), true);
		if (rows[i].party != 0) {
			row_equal("another's", covers(rows[i].kind, 6, account), false);
			row_equal("another's", covers(rows[i].kind, 8, account), false);
		}
	}
}

/* Every account is somebody's, but for clearing; of parties without a number in it one kind has it. */
static void
test_all_accounts(void **state)
{
	static const enum account_kind kinds[] = {
#define X(name, number, text) ACCOUNT_##name,
	    ACCOUNT_TABLE(X)
#undef X
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(kinds); i++) {
		const bool psp = kinds[i] <= ACCOUNT_PSP_FEE_REBATE;
		const bool clearing = kinds[i] >= ACCOUNT_C_ORDER && kinds[i] <= ACCOUNT_C_RECON;
		int with = 0, without = 0;

		for (int k = PARTY_BRAND; k < PARTY_KIND_COUNT; k++) {
			const enum provider v = psp ? PROVIDER_ALIPAY : PROVIDER_NONE;

			with += covers((enum party_kind)k, 7, account_number(kinds[i], v, 7, 0));
			without += covers((enum party_kind)k, 7, account_number(kinds[i], v, 0, 0));
		}
		if (clearing)
			assert_int_equal(with + without, 0);
		else if (psp || kinds[i] == ACCOUNT_BANK)
			assert_true(with == PARTY_KIND_COUNT - 1 && without == 0);
		else /* a channel that collected owes as a dealer does */
			assert_int_equal(with + without, kinds[i] == ACCOUNT_RECV_DEALER ? 2 : 1);
	}
}

static void
test_words(void **state)
{
	static const char *const words[] = {"E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "R1",
	    "R2", "R3", "F", "D", "L", "J", "K", "E7d", "E6c"};
	size_t i;

	(void)state;
	assert_int_equal(ROWS(words), EVENT_E6_CLOSED);
	for (i = 0; i < ROWS(words); i++) {
		assert_string_equal(event_word((enum journal_event)(i + 1)), words[i]);
		assert_int_equal(event_parse(words[i]), i + 1);
	}
	assert_string_equal(event_word((enum journal_event)0), "?");
	assert_string_equal(event_word((enum journal_event)99), "?");
	assert_int_equal(event_parse("E9"), 0);
	assert_int_equal(event_parse(""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whose),
	    cmocka_unit_test(test_all_accounts),
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
