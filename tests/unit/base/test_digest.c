#include "unit.h"

#include "base/digest.h"

static void
test_sha256(void **state)
{
	/* FIPS 180-2, appendix B; RFC 4231, test case 2. */
	uint8_t out[DIGEST_SIZE], key[131];
	char hex[2 * DIGEST_SIZE + 1];

	(void)state;
	digest_sha256("abc", 3, out);
	hex_encode(out, sizeof(out), hex);
	assert_string_equal(hex,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, out);
	hex_encode(out, sizeof(out), hex);
	assert_string_equal(hex,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	/* Test case 6: a key longer than a block is hashed first. */
	memset(key, 0xaa, sizeof(key));
	digest_hmac(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54,
	    out);
	hex_encode(out, sizeof(out), hex);
	assert_string_equal(hex,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	assert_true(digest_equal("abc", "abc", 3));
	assert_false(digest_equal("abc", "abd", 3));
	assert_true(digest_equal("abc", "abd", 2));
}

static void
test_random(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	memset(a, 7, sizeof(a));
	random_bytes(a, 0);
	assert_int_equal(a[0], 7);
}

static void
test_encode(void **state)
{
	/* RFC 4648, section 10, and bytes that need the last two letters. */
	static const struct {
		const char *bytes;
		const char *url;
		const char *padded;
	} rows[] = {
	    {"", "", ""},
	    {"f", "Zg", "Zg=="},
	    {"fo", "Zm8", "Zm8="},
	    {"foo", "Zm9v", "Zm9v"},
	    {"foob", "Zm9vYg", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	    {"\xfb\xff\xfe", "-__-", "+//+"},
	};
	char text[B64_SIZE(6)], url[B64URL_SIZE(6)];
	uint8_t back[8];
	size_t i, len, n;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		n = strlen(rows[i].bytes);
		b64url_encode(rows[i].bytes, n, url);
		row_text(rows[i].url, url, rows[i].url);
		row_equal(rows[i].url, strlen(url) < B64URL_SIZE(n), true);
		b64_encode(rows[i].bytes, n, text);
		row_text(rows[i].url, text, rows[i].padded);
		row_equal(rows[i].url, strlen(text) < B64_SIZE(n), true);
		row_equal(rows[i].url, b64url_decode(url, strlen(url), back, n, &len), ERR_OK);
		row_equal(rows[i].url, len, n);
		assert_memory_equal(back, rows[i].bytes, n);
		row_equal(rows[i].url, b64_decode(text, strlen(text), back, n, &len), ERR_OK);
		row_equal(rows[i].url, len, n);
		assert_memory_equal(back, rows[i].bytes, n);
	}
}

static void
test_strict(void **state)
{
	static const struct {
		const char *label;
		const char *text;
		size_t size;
		enum err url, standard;
	} rows[] = {
	    {"one letter", "Z", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"five letters", "Zm9vY", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"one letter of zeros", "A", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"five letters of zeros", "AAAAA", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"bits left over", "Zh", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"bits left over in three", "Zm9", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"padding", "Zg==", 8, ERR_BAD_BODY, ERR_OK},
	    {"half the padding", "Zg=", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"padding only", "====", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"too much padding", "Zm9v====", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"padding inside", "Zg==Zg==", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"white space", "Zm 9v", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"newline", "Zm9v\n", 8, ERR_BAD_BODY, ERR_BAD_BODY},
	    {"the standard letters", "+//+", 8, ERR_BAD_BODY, ERR_OK},
	    {"the url letters", "-__-", 8, ERR_OK, ERR_OK},
	    {"no padding", "Zg", 8, ERR_OK, ERR_OK},
	    {"fits", "Zm9v", 3, ERR_OK, ERR_OK},
	    {"too long", "Zm9v", 2, ERR_TOO_LARGE, ERR_TOO_LARGE},
	    {"too long by a part", "Zm9vYg", 3, ERR_TOO_LARGE, ERR_TOO_LARGE},
	};
	uint8_t out[8];
	size_t i, len, n;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		n = strlen(rows[i].text);
		row_equal(rows[i].label, b64url_decode(rows[i].text, n, out, rows[i].size, &len),
		    rows[i].url);
		row_equal(rows[i].label, b64_decode(rows[i].text, n, out, rows[i].size, &len),
		    rows[i].standard);
	}
	row_equal("NUL inside", b64_decode("Zm\0v", 4, out, 8, &len), ERR_BAD_BODY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sha256),
	    cmocka_unit_test(test_random),
	    cmocka_unit_test(test_encode),
	    cmocka_unit_test(test_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
