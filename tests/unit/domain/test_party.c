/* party: who stands for a kind of which an order needs at most one. */
#include "unit.h"

#include "domain/party.h"

static void
test_lookups(void **state)
{
	struct party parties[] = {
	    {.id = 1, .kind = PARTY_BRAND, .provider = PROVIDER_WECHAT},
	    {.id = 9, .kind = PARTY_COURIER},
	    {.id = 4, .kind = PARTY_COURIER},
	    {.id = 2, .kind = PARTY_COURIER, .disabled = true},
	    {.id = 5, .kind = PARTY_PLATFORM, .disabled = true},
	    {.id = 7, .kind = PARTY_PROVIDER, .provider = PROVIDER_ALIPAY},
	    {.id = 6, .kind = PARTY_PROVIDER, .provider = PROVIDER_ALIPAY},
	};
	struct world w = {.brand = 1, .parties = parties, .party_count = ROWS(parties)};
	int indexed;

	(void)state;
	for (indexed = 0; indexed < 2; indexed++) {
		assert_int_equal(party_of_kind(&w, PARTY_BRAND), 1);
		assert_int_equal(party_of_kind(&w, PARTY_COURIER), 4);
		assert_int_equal(party_of_kind(&w, PARTY_PLATFORM), 0);
		assert_int_equal(party_of_kind(&w, PARTY_WAREHOUSE), 0);
		assert_int_equal(party_of_provider(&w, PROVIDER_ALIPAY), 6);
		assert_int_equal(party_of_provider(&w, PROVIDER_WECHAT), 0);
		world_parties_index(&w);
	}
	/* An index is not read again from the parties. */
	parties[2].disabled = true;
	assert_int_equal(party_of_kind(&w, PARTY_COURIER), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lookups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
