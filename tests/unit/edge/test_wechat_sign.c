/*
 * WECHATPAY2-SHA256-RSA2048 by the book: known signatures (made with the openssl command), answers that must not be
 * believed, names that only the platform reads, sealed files, certificates, and files that are refused.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/digest.h"
#include "edge/wechat_sign.h"
#include "unit.h"

/* Made for this test: merchant and platform at once. */
static const char private_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCqzXZeiSYedQ2x\n"
    "FEuLRA66pcKbpYoXqFE6uaWO8k4Lis5OMd5t2Ye1OQ3TCHuZI7liBGbtgcJok21P\n"
    "jRqvV76hRY2jhXbvyi1zEdRYCvd9YWPNB1Igf4m6zVJCUGjaptJLy6v5C0WzQeVT\n"
    "JQBIZl3Id//KEqL39E2D4WE3TiLPTNAL6IrBXhGluT7ioT244m/4/nZfUrbP3rmr\n"
    "Jq/yjReAChd0+9l5jHZP4AbTBLfKmoZX3yI5rp+2WvygHzHoVFMFNStZkr8SytuL\n"
    "Ai5bWbNlVjz3hv4AljwVO9jfRNTomAu0QJsDHn83c8R1+6e5fgtC/PsYVxDYirF4\n"
    "ujR1+fhrAgMBAAECggEAB6drFAPFBl1heTDQd9Oww0gf/JXs+8VqVR2Hn+xszJNH\n"
    "o8ppTiE5ix3yPXrmVa+mTuWlRSRo9VhnRXGBzh9k/AN1ZuwEBJfZ9Iuf0+Ld7Kub\n"
    "a3nWAih6SrmJDk6zJtqN7EvwD295YUs6fxYr4+gDxjLWbr7qDal60HDznc+tu1NX\n"
    "oFhjgSC4ErdFutEK9AxLyj+lhSEZUHZm9x8TpkwAy6CTIcuq0J/TDcOcdJDjQOqJ\n"
    "M/A7ZvmgqD2lk/rwhvrAeVf/zQBn6GNUZkQwXsgdL8ivvV/htzOfzOS0SV+KAUm1\n"
    "Xb4ZPnT8nD9W1hPO81DIsdrEGnr9auhkiD8UaTDfyQKBgQDUfaQ1aXx/jb8PWby5\n"
    "HpND+TYPOqm5/FvOsnHERbDkr/MRj1hSMiTtQoStfNDLgUDBtmCfq5UiRWa4jdMZ\n"
    "9tAk8N4d03sEzGpA141KVhynMxprVgYg52fMXKyJ1EfB+Qt3K05LWPqgWqPAU4Z+\n"
    "EKvRQYnSQ/TuWx54eMXiJrL8gwKBgQDNxpsM4CZjLGrTsdpLs+aN8Z+ZW35PFD6O\n"
    "CHdP8d60LKU3WPdJtl9iU7d3mQ91Z84vofb5/LqFzm4+yWTC+bq8tUynEkkaIofC\n"
    "9u6Yay8EKBM18TVlkXlBjI3AypYJYHUlv24XiaKX7i2VoF/zAiYRRXHiej4kl0Uw\n"
    "2hlPmS+f+QKBgQDSsCUiRI6KFqyrdsm2L4fLLQ2Z+guR+pO5FZvSBVvI1GDJN31W\n"
    "Opv8mCjfr9ODBIyFxeR2TPXY/kFEmnMG2n81MZK6thbTAjAUTOWuIEXWzsfSR4Ba\n"
    "HbgAnJ8DJnVj8iCZL1o5QWd3mYelyeufkb4bBMW3s2Pm9nf28aEbhE2SKwKBgQC+\n"
    "L73GnLVeHANwPYVhSpjgwF2eRC3tsOxQIgsEXKxVIp5hFV0ZR/HI009SvqjG/nZX\n"
    "F/9I9gj++thyN3llq6KoH3kFQaVG/nsz+z5yqT3/PXrj9FhB076akunBMnyRlhEw\n"
    "HkoGfzND8OM4081asLW2aNTlWc5ty1Ir4KhcJV0bIQKBgD8CklT51K0KgH2E8App\n"
    "0wNiiHGNRcSp9BZ60LzSiEnPg5uO64c8PoThkfTxtYc+bPL8eBikvIUO2nN9dFYK\n"
    "6VzPQdmR+jbAJCd/BR7TXul0Fgob2gPqJwVBJLHmSiqPyL7JJ6eLZTb2zPnONNk6\n"
    "5Fn45DDcOT1akTUkBiuXN0vH\n"
    "-----END PRIVATE KEY-----\n";
static const char public_pem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqs12XokmHnUNsRRLi0QO\n"
    "uqXCm6WKF6hROrmljvJOC4rOTjHebdmHtTkN0wh7mSO5YgRm7YHCaJNtT40ar1e+\n"
    "oUWNo4V278otcxHUWAr3fWFjzQdSIH+Jus1SQlBo2qbSS8ur+QtFs0HlUyUASGZd\n"
    "yHf/yhKi9/RNg+FhN04iz0zQC+iKwV4Rpbk+4qE9uOJv+P52X1K2z965qyav8o0X\n"
    "gAoXdPvZeYx2T+AG0wS3ypqGV98iOa6ftlr8oB8x6FRTBTUrWZK/EsrbiwIuW1mz\n"
    "ZVY894b+AJY8FTvY30TU6JgLtECbAx5/N3PEdfunuX4LQvz7GFcQ2IqxeLo0dfn4\n"
    "awIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

#define REQUEST_SIGNATURE \
	"UvCqde/GjZ+Qu409+5w7EWcJDzdHzxIj0bGGTynV4ojkbJCzJihCr3UMmDfJIZaYHxo6EbKsTdPn98Bqp5AL1frs" \
	"6S//YJTInUIb8c2PlvBTq15A1+OnUmbGkY7acLs7blsTGKlsU44vJpSyY2dnJzCgxgOyGwBP5kpcPpQxu5x2HTeU" \
	"p+TLxhSE3I2eauk6GHJuzK5BkzSSJJgPaeRkfQKC3QRJEYkCtSxzb0G/wKqYLDi1/rrfiDN0C8bBeMD0vsIo/TRx" \
	"LlIb6CeAZmw5ZaxsmeTDlTA420hxuZJhRXSI9B81DKrPLM4CKvoPGkKNYHMsKg7PgvFFVkqRApshFg=="
#define ANSWER_SIGNATURE \
	"pipNbaJFI3eB7A+bcUIEax5LLV2PkrB9LMI1ZCSspKE1TfImvRBMUL3Qo1yQb/e+IqesdtgVaT1YVhB3g2CzMGkb" \
	"bKZhp8egGH5Ysw3KFvN+yI8TiExPB/wumGda4P4jV7aE5UqK+FNfGwMpnjcq2PrwJKCakR0Hq6K9t4z0sfOigZyt" \
	"fqrqh64NzRc5yrJ32Bz383wafazEn5EylSyGUjvvA9ugnRCzN1TwML2YkqCl4xCtWb5V8YjkaqvWlrrhJu2WpcqE" \
	"m1Wo7m9UOM/h/X8BpBOJ78OjhtRF7PGitAhSA1Wq5jSDVKGlbqZFHcnF0fpLM1nl9WfdYvnsbR+BDg=="

static char key_path[] = "/tmp/yuncang-wx-key-XXXXXX", public_path[] = "/tmp/yuncang-wx-pub-XXXXXX";
static struct wechat_keys *keys;

static void
write_file(char *path, const char *text, mode_t mode)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static struct wechat_key_conf
good(void)
{
	return (struct wechat_key_conf){.mchid = "1900000001",
	    .serial = "AB12",
	    .key_file = key_path,
	    .platform_key_file = public_path,
	    .platform_serial = "PUB_KEY_ID_01"};
}

static int
setup(void **state)
{
	const struct wechat_key_conf c = good();
	struct reason r;

	(void)state;
	write_file(key_path, private_pem, 0600);
	write_file(public_path, public_pem, 0644);
	assert_int_equal(wechat_keys_load(&keys, &c, &r), ERR_OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	wechat_keys_free(keys);
	return unlink(key_path) + unlink(public_path);
}

static void
request(void **state)
{
	const struct wechat_request q = {.method = "POST",
	    .url = "/v3/profitsharing/orders?a=b",
	    .body = "{\"x\":1}",
	    .body_len = 7,
	    .timestamp_s = 1700000000,
	    .nonce = "abcDEF123"};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	row_equal("signed", wechat_authorize(keys, &q, &out), ERR_OK);
	row_text("header", buf_cstr(&out),
	    "Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"abcDEF123\","
	    "signature=\"" REQUEST_SIGNATURE "\",timestamp=\"1700000000\",serial_no=\"AB12\"");
	buf_release(&out);
}

static void
answers(void **state)
{
#define AT "1700000000"
#define KEY "PUB_KEY_ID_01"
#define BODY "{\"state\":\"FINISHED\"}"
	static const struct {
		const char *label, *serial, *timestamp, *nonce, *signature, *body;
		int64_t now_s;
		bool good;
	} rows[] = {
	    {"good", KEY, AT, "nonce1", ANSWER_SIGNATURE, BODY, 1700000000, true},
	    {"five minutes old", KEY, AT, "nonce1", ANSWER_SIGNATURE, BODY, 1700000300, true},
	    {"older", KEY, AT, "nonce1", ANSWER_SIGNATURE, BODY, 1700000301, false},
	    {"of the future", KEY, AT, "nonce1", ANSWER_SIGNATURE, BODY, 1699999699, false},
	    {"another body", KEY, AT, "nonce1", ANSWER_SIGNATURE, "{\"state\":\"FINISHEd\"}",
	        1700000000, false},
	    {"another nonce", KEY, AT, "nonce2", ANSWER_SIGNATURE, BODY, 1700000000, false},
	    {"another time", KEY, "1700000001", "nonce1", ANSWER_SIGNATURE, BODY, 1700000000,
	        false},
	    {"no such key", "PUB_KEY_ID_02", AT, "nonce1", ANSWER_SIGNATURE, BODY, 1700000000,
	        false},
	    {"the request's signature", KEY, AT, "nonce1", REQUEST_SIGNATURE, BODY, 1700000000,
	        false},
	    {"a probe", KEY, AT, "nonce1", "WECHATPAY/SIGNTEST/" ANSWER_SIGNATURE, BODY, 1700000000,
	        false},
	    {"not base64", KEY, AT, "nonce1", "!!", BODY, 1700000000, false},
	    {"empty", KEY, AT, "nonce1", "", BODY, 1700000000, false},
	    {"no signature", KEY, AT, "nonce1", NULL, BODY, 1700000000, false},
	    {"no serial", NULL, AT, "nonce1", ANSWER_SIGNATURE, BODY, 1700000000, false},
	    {"no time", KEY, NULL, "nonce1", ANSWER_SIGNATURE, BODY, 1700000000, false},
	    {"no nonce", KEY, AT, NULL, ANSWER_SIGNATURE, BODY, 1700000000, false},
	    {"no number", KEY, "soon", "nonce1", ANSWER_SIGNATURE, BODY, 1700000000, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct wechat_signed a = {.serial = rows[i].serial,
		    .timestamp = rows[i].timestamp,
		    .nonce = rows[i].nonce,
		    .signature = rows[i].signature,
		    .body = rows[i].body,
		    .body_len = strlen(rows[i].body)};

		row_equal(rows[i].label, wechat_verify(keys, &a, rows[i].now_s) == NULL,
		    rows[i].good);
	}
}

static void
names(void **state)
{
	uint8_t bytes[512], text[512];
	size_t len, text_len = sizeof(text);
	BIO *bio = BIO_new_mem_buf(private_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	char long_name[300];
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	row_equal("encrypted", wechat_encrypt(keys, "某某有限公司", &out), ERR_OK);
	row_equal("base64", b64_decode(buf_cstr(&out), out.len, bytes, sizeof(bytes), &len),
	    ERR_OK);
	assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
	assert_int_equal(EVP_PKEY_decrypt(ctx, text, &text_len, bytes, len), 1);
	text[text_len] = '\0';
	row_text("read", (const char *)text, "某某有限公司");
	memset(long_name, 'x', sizeof(long_name));
	long_name[215] = '\0';
	row_equal("too long", wechat_encrypt(keys, long_name, &out), ERR_TOO_LARGE);
	long_name[214] = '\0';
	row_equal("as long as may be", wechat_encrypt(keys, long_name, &out), ERR_OK);
	buf_release(&out);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	BIO_free(bio);
}

/* As the provider seals: a key of 32 characters, a nonce of 16, the tag behind the bytes. */
static size_t
seal(const char *text, const char *key, struct wechat_seal *how, uint8_t *out)
{
	BIO *bio = BIO_new_mem_buf(public_pem, -1);
	EVP_PKEY *pub = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	EVP_PKEY_CTX *rsa = EVP_PKEY_CTX_new(pub, NULL);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t raw[256];
	size_t raw_len = sizeof(raw);
	int n = 0, rest = 0;

	assert_int_equal(EVP_PKEY_encrypt_init(rsa), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(rsa, RSA_PKCS1_OAEP_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(rsa, raw, &raw_len, (const uint8_t *)key, strlen(key)),
	    1);
	b64_encode(raw, raw_len, how->key);
	(void)snprintf(how->nonce, sizeof(how->nonce), "a8607ef79034c49c");
	assert_int_equal(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, NULL, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, 16, NULL), 1);
	assert_int_equal(EVP_EncryptInit_ex(c, NULL, NULL,
	                     (const uint8_t *)"0123456789abcdef0123456789abcdef",
	                     (const uint8_t *)how->nonce),
	    1);
	assert_int_equal(EVP_EncryptUpdate(c, out, &n, (const uint8_t *)text, (int)strlen(text)),
	    1);
	assert_int_equal(EVP_EncryptFinal_ex(c, out + n, &rest), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, out + n), 1);
	EVP_CIPHER_CTX_free(c);
	EVP_PKEY_CTX_free(rsa);
	EVP_PKEY_free(pub);
	BIO_free(bio);
	return (size_t)n + 16;
}

static void
sealed(void **state)
{
	static const char text[] = "a bill\r\n";
	static const struct {
		const char *label, *key;
		size_t cut; /* off its end */
		int at;     /* this byte is another; -1: none */
		bool nonceless, keyless;
		enum err want;
	} rows[] = {
	    {"whole", "0123456789abcdef0123456789abcdef", 0, -1, false, false, ERR_OK},
	    {"cut off", "0123456789abcdef0123456789abcdef", 1, -1, false, false, ERR_BAD_BODY},
	    {"no tag", "0123456789abcdef0123456789abcdef", 9, -1, false, false, ERR_BAD_BODY},
	    {"a byte of it", "0123456789abcdef0123456789abcdef", 0, 3, false, false, ERR_BAD_BODY},
	    {"a byte of its tag", "0123456789abcdef0123456789abcdef", 0, 12, false, false,
	        ERR_BAD_BODY},
	    {"another key", "0123456789abcdef0123456789abcdeF", 0, -1, false, false, ERR_BAD_BODY},
	    {"half a key", "0123456789abcdef", 0, -1, false, false, ERR_BAD_BODY},
	    {"no nonce", "0123456789abcdef0123456789abcdef", 0, -1, true, false, ERR_BAD_BODY},
	    {"no key", "0123456789abcdef0123456789abcdef", 0, -1, false, true, ERR_BAD_BODY},
	};
	struct wechat_seal how;
	uint8_t file[64];
	struct buf out;
	size_t len;

	(void)state;
	buf_init(&out, 100);
	for (size_t i = 0; i < ROWS(rows); i++) {
		len = seal(text, rows[i].key, &how, file) - rows[i].cut;
		if (rows[i].at >= 0)
			file[rows[i].at] ^= 1;
		if (rows[i].nonceless)
			how.nonce[0] = '\0';
		if (rows[i].keyless)
			how.key[0] = '\0';
		buf_reset(&out);
		row_equal(rows[i].label, wechat_open(keys, &how, file, len, &out), rows[i].want);
		row_text(rows[i].label, buf_cstr(&out), rows[i].want == ERR_OK ? text : "");
	}
	buf_release(&out);
	buf_init(&out, sizeof(text) - 2);
	len = seal(text, rows[0].key, &how, file);
	row_equal("no room", wechat_open(keys, &how, file, len, &out), ERR_TOO_LARGE);
	buf_release(&out);
}

/* A certificate of serial 0xAB12, made with the key above; its time ends ${end_s} from now. */
static void
write_certificate(char *path, long end_s)
{
	BIO *bio = BIO_new_mem_buf(private_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	X509 *cert = X509_new();
	char *text;
	BIO *out = BIO_new(BIO_s_mem());

	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 0xab12), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -7200));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), end_s));
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(out, cert), 1);
	assert_int_equal(BIO_write(out, "", 1), 1);
	assert_true(BIO_get_mem_data(out, &text) > 0);
	write_file(path, text, 0644);
	BIO_free(out);
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
certificates(void **state)
{
	char path[] = "/tmp/yuncang-wx-cert-XXXXXX", old_path[] = "/tmp/yuncang-wx-old-XXXXXX";
	struct wechat_key_conf c = good();
	struct wechat_keys *k;
	struct reason r = {0};
	char says[200];

	(void)state;
	write_certificate(path, 3600);
	write_certificate(old_path, -3600);
	c.platform_key_file = path;
	c.platform_serial = "AB13";
	row_equal("another serial", wechat_keys_load(&k, &c, &r), ERR_CONF);
	row_text("another serial", r.field, "wechat_platform_serial");
	(void)snprintf(says, sizeof(says), "says AB13, but the serial of %s is AB12", path);
	row_text("another serial", r.text, says);
	c.platform_serial = "ab12";
	row_equal("its serial", wechat_keys_load(&k, &c, &r), ERR_OK);
	assert_null(wechat_expired(k));
	wechat_keys_free(k);
	c.platform_key_file = old_path;
	row_equal("expired", wechat_keys_load(&k, &c, &r), ERR_OK);
	row_text("expired", wechat_expired(k), "ab12");
	wechat_keys_free(k);
	assert_int_equal(unlink(path) + unlink(old_path), 0);
}

static void
files(void **state)
{
	char open_path[] = "/tmp/yuncang-wx-open-XXXXXX",
	     junk_path[] = "/tmp/yuncang-wx-junk-XXXXXX",
	     empty_path[] = "/tmp/yuncang-wx-empty-XXXXXX";
	char two[200], three[200];
	const struct {
		const char *label, *key_file, *platform, *serials, *mchid, *field;
	} rows[] = {
	    {"no such file", "/nowhere/key", public_path, "A", "1", "wechat_key_file"},
	    {"readable by all", open_path, public_path, "A", "1", "wechat_key_file"},
	    {"not a key", junk_path, public_path, "A", "1", "wechat_key_file"},
	    {"empty", empty_path, public_path, "A", "1", "wechat_key_file"},
	    {"a folder", "/tmp", public_path, "A", "1", "wechat_key_file"},
	    {"a public key as ours", public_path, public_path, "A", "1", "wechat_key_file"},
	    {"no platform file", key_path, "", "A", "1", "wechat_platform_key_file"},
	    {"no platform serial", key_path, public_path, "", "1", "wechat_platform_serial"},
	    {"fewer serials", key_path, two, "A", "1", "wechat_platform_serial"},
	    {"fewer files", key_path, public_path, "A,B", "1", "wechat_platform_key_file"},
	    {"one is junk", key_path, three, "A,B", "1", "wechat_platform_key_file"},
	    {"no number", key_path, public_path, "A", "", "wechat_mchid"},
	    {"a quote in it", key_path, public_path, "A", "1\"", "wechat_mchid"},
	};
	struct wechat_key_conf c = good();
	struct wechat_keys *k;
	struct reason r = {0};

	(void)state;
	write_file(open_path, private_pem, 0644);
	write_file(junk_path, "junk", 0600);
	write_file(empty_path, "", 0600);
	(void)snprintf(two, sizeof(two), "%s, %s", public_path, public_path);
	(void)snprintf(three, sizeof(three), "%s,%s", public_path, junk_path);
	for (size_t i = 0; i < ROWS(rows); i++) {
		c = good();
		c.key_file = rows[i].key_file;
		c.platform_key_file = rows[i].platform;
		c.platform_serial = rows[i].serials;
		c.mchid = rows[i].mchid;
		row_equal(rows[i].label, wechat_keys_load(&k, &c, &r), ERR_CONF);
		row_text(rows[i].label, r.field, rows[i].field);
	}
	c = good();
	c.platform_key_file = two;
	c.platform_serial = "NEW, OLD";
	row_equal("two keys", wechat_keys_load(&k, &c, &r), ERR_OK);
	row_text("the first encrypts", wechat_platform(k), "NEW");
	wechat_keys_free(k);
	wechat_keys_free(NULL);
	assert_int_equal(unlink(open_path) + unlink(junk_path) + unlink(empty_path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request),
	    cmocka_unit_test(answers),
	    cmocka_unit_test(names),
	    cmocka_unit_test(sealed),
	    cmocka_unit_test(certificates),
	    cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
