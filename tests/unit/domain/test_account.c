/* account: numbers that stand in journal rows for ever, and their text. */
#include "unit.h"

#include "domain/account.h"
#include "money_world.h"

static void
test_numbers(void **state)
{
	static const struct {
		const char *label;
		enum account_kind kind;
		enum provider provider;
		int32_t party, other;
		int64_t want;
		const char *text;
	} rows[] = {
	    {"clearing", ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0, INT64_C(360287970189639680),
	        "C:order"},
	    {"cash", ACCOUNT_PSP_FROZEN, PROVIDER_WECHAT, DEALER_D, 0, INT64_C(37154696992915456),
	        "A:psp:wechat:D:frozen"},
	    {"payable", ACCOUNT_DEALER_HELD, PROVIDER_NONE, DEALER_D, BRAND,
	        INT64_C(720575940446388225), "P:dealer:D:BRAND:held"},
	    {"receivable", ACCOUNT_RECV_DEALER, PROVIDER_NONE, DEALER_F, BRAND,
	        INT64_C(216172782214447105), "A:recv:dealer:F:BRAND"},
	    {"staff", ACCOUNT_STAFF_HELD, PROVIDER_NONE, STAFF_S, 0, INT64_C(828662331570388992),
	        "P:staff:S:held"},
	    {"rebate", ACCOUNT_PSP_FEE_REBATE, PROVIDER_ALIPAY, BRAND, 0,
	        INT64_C(146366987923095552), "A:psp:alipay:BRAND:fee_rebate"},
	    {"largest ids", ACCOUNT_DEALER_AVAIL, PROVIDER_CASH, ACCOUNT_ID_MAX, ACCOUNT_ID_MAX,
	        INT64_C(763360136839299071), "P:dealer:#33554431:#33554431:avail"},
	    {"brand cost", ACCOUNT_BRAND_COST, PROVIDER_NONE, 0, 0, INT64_C(1441151880758558720),
	        "P:brand:cost"},
	};
	struct money_world m;
	struct buf b;
	int64_t n;
	size_t i;

	(void)state;
	money_world_init(&m);
	buf_init(&b, 256);
	for (i = 0; i < ROWS(rows); i++) {
		n = account_number(rows[i].kind, rows[i].provider, rows[i].party, rows[i].other);
		row_equal(rows[i].label, n, rows[i].want);
		row_equal(rows[i].label, account_kind(n), rows[i].kind);
		row_equal(rows[i].label, account_provider(n), rows[i].provider);
		row_equal(rows[i].label, account_party(n), rows[i].party);
		row_equal(rows[i].label, account_other(n), rows[i].other);
		buf_reset(&b);
		account_print(&m.w, n, &b);
		row_text(rows[i].label, buf_cstr(&b), rows[i].text);
	}
	buf_reset(&b);
	account_print(&m.w, 5, &b);
	assert_string_equal(buf_cstr(&b), "?5");
	buf_release(&b);
	money_world_release(&m);
}

/* No two kinds share a number or a text, and all fit seven bits. */
static void
test_table(void **state)
{
	static const struct {
		int number;
		const char *text;
	} rows[] = {
#define X(name, number, text) {number, text},
	    ACCOUNT_TABLE(X)
#undef X
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		assert_in_range(rows[i].number, 1, 127);
		for (j = 0; j < i; j++) {
			assert_int_not_equal(rows[i].number, rows[j].number);
			assert_string_not_equal(rows[i].text, rows[j].text);
		}
	}
}

static void
test_promo(void **state)
{
	static const struct {
		int32_t party;
		const char *text;
	} rows[] = {
	    {BRAND, "P:brand:promo"},
	    {DEALER_F, "P:dealer:F:promo"},
	    {PLATFORM_OP, "P:op:promo"},
	    {CHANNEL_C, "P:dealer:C:promo"},
	};
	struct money_world m;
	struct buf b;
	size_t i;

	(void)state;
	money_world_init(&m);
	buf_init(&b, 256);
	for (i = 0; i < ROWS(rows); i++) {
		buf_reset(&b);
		account_print(&m.w, account_promo(&m.w, rows[i].party), &b);
		row_text(rows[i].text, buf_cstr(&b), rows[i].text);
	}
	buf_release(&b);
	money_world_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_promo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
