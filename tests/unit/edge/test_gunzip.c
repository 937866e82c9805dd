/* Bytes and files come out as they went in, packed or not; what is too much, cut or followed is said. */
#include <stdlib.h>

#include <zlib.h>

#include "edge/gunzip.h"
#include "unit.h"

#define SIZE 300000

static uint8_t plain[SIZE], packed[SIZE], got[SIZE + 10];
static size_t packed_len;

static size_t
pack(const void *p, size_t len, uint8_t *out, size_t size)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return z.total_out;
}

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		plain[i] = (uint8_t)(i * i / 7 % 13 + 'a');
	packed_len = pack(plain, SIZE, packed, sizeof(packed));
	return 0;
}

/* Reads to the end; what became of it. */
static enum err
drain(struct gunzip *g, size_t *len, struct reason *r)
{
	*len = fread(got, 1, sizeof(got), gunzip_stream(g));
	return gunzip_err(g, r);
}

static void
test_bytes(void **state)
{
	const struct {
		const char *label;
		const uint8_t *p;
		size_t len;
	} rows[] = {{"plain", plain, SIZE}, {"packed", packed, packed_len}};
	struct gunzip_sum sums[ROWS(rows)];
	struct gunzip *g;
	struct reason r;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(gunzip_bytes(&g, rows[i].p, rows[i].len, SIZE), ERR_OK);
		row_equal(rows[i].label, drain(g, &len, &r), ERR_OK);
		row_equal(rows[i].label, len, SIZE);
		assert_memory_equal(got, plain, SIZE);
		gunzip_sum(g, &sums[i]);
		row_equal(rows[i].label, sums[i].size, SIZE);
		gunzip_free(g);
	}
	assert_memory_equal(sums[0].sha1, sums[1].sha1, SHA1_SIZE);
	assert_memory_equal(sums[0].sha256, sums[1].sha256, DIGEST_SIZE);
}

static void
test_file(void **state)
{
	struct gunzip_sum sum;
	struct gunzip *g;
	struct reason r;
	char hex[2 * SHA1_SIZE + 1];
	FILE *f = tmpfile();
	size_t len;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fwrite(packed, 1, packed_len, f), packed_len);
	rewind(f);
	assert_int_equal(gunzip_file(&g, f, SIZE), ERR_OK);
	row_equal("file", drain(g, &len, &r), ERR_OK);
	assert_memory_equal(got, plain, SIZE);
	gunzip_free(g);
	fclose(f);
	assert_int_equal(gunzip_bytes(&g, "abc", 3, 3), ERR_OK);
	row_equal("abc", drain(g, &len, &r), ERR_OK);
	gunzip_sum(g, &sum);
	hex_encode(sum.sha1, SHA1_SIZE, hex);
	row_text("SHA-1", hex, "a9993e364706816aba3e25717850c26c9cd0d89d"); /* FIPS 180 */
	hex_encode(sum.sha256, 4, hex);
	row_text("SHA-256", hex, "ba7816bf");
	gunzip_free(g);
}

static void
test_refused(void **state)
{
	uint8_t twice[64], bomb[4096];
	size_t one = pack("a", 1, twice, sizeof(twice)), bomb_len, len;
	const struct {
		const char *label;
		const uint8_t *p;
		size_t len;
		int64_t size_max;
		enum err want;
	} rows[] = {
	    {"one byte too much", plain, SIZE, SIZE - 1, ERR_TOO_LARGE},
	    {"one byte too much inflated", packed, packed_len, SIZE - 1, ERR_TOO_LARGE},
	    {"cut", packed, packed_len - 1, SIZE, ERR_BAD_BODY},
	    {"cut in the middle", packed, packed_len / 2, SIZE, ERR_BAD_BODY},
	    {"only the magic", packed, 2, SIZE, ERR_BAD_BODY},
	    {"more behind", twice, one + 1, SIZE, ERR_BAD_BODY},
	    {"whole", twice, one, SIZE, ERR_OK},
	    {"nothing", twice, 0, SIZE, ERR_OK},
	};
	struct gunzip *g;
	struct reason r;

	(void)state;
	twice[one] = 'x';
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(gunzip_bytes(&g, rows[i].p, rows[i].len, rows[i].size_max),
		    ERR_OK);
		row_equal(rows[i].label, drain(g, &len, &r), rows[i].want);
		gunzip_free(g);
	}
	/* A thousandfold: what came before the limit is all that was ever inflated. */
	memset(plain, '\n', SIZE);
	bomb_len = pack(plain, SIZE, bomb, sizeof(bomb));
	assert_int_equal(gunzip_bytes(&g, bomb, bomb_len, 1000), ERR_OK);
	row_equal("bomb", drain(g, &len, &r), ERR_TOO_LARGE);
	assert_true(len <= 8192);
	row_text("bomb", r.text, "more than 1000 bytes inflated");
	gunzip_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
