/* Keys: made on the command line, read by the service, gone when revoked. */
#include "store/key_admin.h"
#include "store/key_store.h"
#include "unit.h"

#include "catalog_fixture.h"

static struct instance s;

static int
keys_start(void **state)
{
	if (cluster_start(state) != 0)
		return -1;
	small_catalog(&s, "keys");
	return 0;
}

static int
keys_stop(void **state)
{
	instance_stop(&s);
	return cluster_stop(state);
}

struct loaded {
	bool done;
	enum err e;
	int count;
	int64_t id[4];
	uint8_t hash[4][DIGEST_SIZE];
	char role[4][16];
	char scopes[4][256]; /* joined by spaces */
};

static void
on_keys(void *ctx, enum err e, const struct key_row *rows, int count)
{
	struct loaded *l = ctx;
	size_t at;
	int i, n;

	l->done = true;
	l->e = e;
	l->count = count;
	assert_in_range(count, 0, 4);
	for (i = 0; i < count; i++) {
		l->id[i] = rows[i].key_id;
		memcpy(l->hash[i], rows[i].hash, DIGEST_SIZE);
		(void)snprintf(l->role[i], sizeof(l->role[i]), "%s", rows[i].role);
		for (n = 0, at = 0; n < rows[i].scope_count; n++)
			at += (size_t)snprintf(l->scopes[i] + at, sizeof(l->scopes[i]) - at, "%s ",
			    rows[i].scopes[n]);
	}
}

static struct loaded
load(void)
{
	struct loaded l = {0};

	assert_int_equal(key_store_load(s.pool, on_keys, &l), ERR_OK);
	assert_false(l.done);
	instance_wait(&s, &l.done);
	row_equal("load", l.e, ERR_OK);
	return l;
}

static void
test_keys(void **state)
{
	static const char *const scopes[] = {"storefront:F1", "margin"};
	uint8_t hash[2][DIGEST_SIZE] = {{1, 2, 3}, {4, 5, 6}};
	struct reason r = {0};
	struct loaded l;
	int64_t id[2], version;

	(void)state;
	row_equal("none", load().count, 0);
	version = sql_number(small_db(), "select version from catalog_state where part = 'keys'");
	row_equal("create",
	    key_admin_create(small_db(), "a", "storefront", scopes, 2, hash[0], &id[0], &r),
	    ERR_OK);
	row_equal("create",
	    key_admin_create(small_db(), "b", "admin", NULL, 0, hash[1], &id[1], &r), ERR_OK);
	row_equal("told",
	    sql_number(small_db(), "select version from catalog_state where part = 'keys'"),
	    version + 2);
	l = load();
	row_equal("keys", l.count, 2);
	row_equal("id", l.id[0], id[0]);
	row_equal("id", l.id[1], id[1]);
	assert_memory_equal(l.hash[0], hash[0], DIGEST_SIZE);
	row_text("role", l.role[0], "storefront");
	row_text("role", l.role[1], "admin");
	row_text("scopes", l.scopes[0], "storefront:F1 margin ");
	row_text("scopes", l.scopes[1], "");
	sql_run(small_db(), "update api_key set revoked_at = now() where name = 'a'");
	l = load();
	row_equal("revoked", l.count, 1);
	row_equal("the other", l.id[0], id[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, keys_start, keys_stop);
}
