#include "edge/wechat_sign.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/digest.h"
#include "base/parse.h"

#define RSA_BITS_MIN 2048
#define RSA_SIZE_MAX 1024 /* bytes: 8192 bits */
#define OAEP_OVERHEAD 42
#define SEAL_KEY_LEN 32
#define SEAL_TAG_LEN 16
#define MESSAGE_MAX ((size_t)64 << 20)
#define FILE_NAME_MAX 1024

struct platform_key {
	char serial[WECHAT_SERIAL_SIZE];
	EVP_PKEY *key;
	bool expired;
};

struct wechat_keys {
	char mchid[WECHAT_SERIAL_SIZE], serial[WECHAT_SERIAL_SIZE];
	EVP_PKEY *merchant;
	struct platform_key platform[WECHAT_PLATFORM_KEYS_MAX];
	int platform_count;
};

/* ---- Files --------------------------------------------------------------------------------------- */

static enum err
key_check(EVP_PKEY *key, const char *path, const char *setting, struct reason *r)
{
	if (key == NULL || EVP_PKEY_base_id(key) != EVP_PKEY_RSA ||
	    EVP_PKEY_bits(key) < RSA_BITS_MIN || EVP_PKEY_size(key) > RSA_SIZE_MAX)
		return reason_set(r, ERR_CONF, setting,
		    "%s: is not an RSA key of %d bits or more in PEM", path, RSA_BITS_MIN);
	return ERR_OK;
}

static enum err
file_open(const char *path, const char *setting, bool secret, FILE **out, struct reason *r)
{
	struct stat st;
	enum err e = ERR_OK;

	*out = fopen(path, "re");
	if (*out == NULL)
		return reason_set(r, ERR_CONF, setting, "%s: %s", path, strerror(errno));
	if (fstat(fileno(*out), &st) != 0 || !S_ISREG(st.st_mode))
		e = reason_set(r, ERR_CONF, setting, "%s: not a regular file", path);
	else if (secret && (st.st_mode & (S_IRWXO | S_IWGRP | S_IXGRP)) != 0)
		e = reason_set(r, ERR_CONF, setting,
		    "%s: may be read by others than its owner and group (mode %03o)", path,
		    (unsigned)st.st_mode & 0777U);
	if (e != ERR_OK) {
		(void)fclose(*out);
		*out = NULL;
	}
	return e;
}

/* Never asks for a pass phrase at the terminal.  The type is OpenSSL's. */
static int
/* NOLINTNEXTLINE(readability-non-const-parameter) */
no_phrase(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static enum err
read_private(struct wechat_keys *k, const char *path, struct reason *r)
{
	FILE *f;
	enum err e = file_open(path, "wechat_key_file", true, &f, r);

	if (e != ERR_OK)
		return e;
	k->merchant = PEM_read_PrivateKey(f, NULL, no_phrase, NULL);
	(void)fclose(f);
	return key_check(k->merchant, path, "wechat_key_file", r);
}

/* A certificate says itself which it is, and how long it is good. */
static enum err
read_certificate(struct platform_key *p, FILE *f, const char *path, struct reason *r)
{
	X509 *cert = PEM_read_X509(f, NULL, no_phrase, NULL);
	BIGNUM *number;
	char *hex = NULL;
	enum err e = ERR_OK;

	if (cert == NULL)
		return ERR_OK;
	p->key = X509_get_pubkey(cert);
	p->expired = X509_cmp_current_time(X509_get0_notAfter(cert)) < 0;
	number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	if (number != NULL)
		hex = BN_bn2hex(number);
	if (hex == NULL)
		e = reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	else if (strcasecmp(hex, p->serial) != 0)
		e = reason_set(r, ERR_CONF, "wechat_platform_serial",
		    "says %s, but the serial of %s is %s", p->serial, path, hex);
	OPENSSL_free(hex);
	BN_free(number);
	X509_free(cert);
	return e;
}

/* A public key, or the certificate that older merchants have. */
static enum err
read_platform(struct platform_key *p, const char *path, struct reason *r)
{
	FILE *f;
	enum err e = file_open(path, "wechat_platform_key_file", false, &f, r);

	if (e != ERR_OK)
		return e;
	p->key = PEM_read_PUBKEY(f, NULL, no_phrase, NULL);
	if (p->key == NULL) {
		rewind(f);
		e = read_certificate(p, f, path, r);
	}
	(void)fclose(f);
	return e != ERR_OK ? e : key_check(p->key, path, "wechat_platform_key_file", r);
}

/* The next of a list with commas into ${out}; false: it is empty or too long. */
static bool
list_next(const char **at, char *out, size_t size)
{
	size_t len = strcspn(*at, ",");
	const char *from = *at;

	*at += len + ((*at)[len] == ',');
	while (len > 0 && *from == ' ') {
		from++;
		len--;
	}
	while (len > 0 && from[len - 1] == ' ')
		len--;
	if (len == 0 || len >= size)
		return false;
	memcpy(out, from, len);
	out[len] = '\0';
	return true;
}

static enum err
read_platforms(struct wechat_keys *k, const struct wechat_key_conf *c, struct reason *r)
{
	const char *files = c->platform_key_file, *serials = c->platform_serial;
	char path[FILE_NAME_MAX];
	enum err e = ERR_OK;

	while (e == ERR_OK && (*files != '\0' || *serials != '\0' || k->platform_count == 0)) {
		struct platform_key *p = &k->platform[k->platform_count];

		if (k->platform_count == WECHAT_PLATFORM_KEYS_MAX)
			return reason_set(r, ERR_CONF, "wechat_platform_key_file",
			    "more than %d keys", WECHAT_PLATFORM_KEYS_MAX);
		if (!list_next(&files, path, sizeof(path)))
			return reason_set(r, ERR_CONF, "wechat_platform_key_file",
			    "names fewer files than wechat_platform_serial has serials");
		if (!list_next(&serials, p->serial, sizeof(p->serial)))
			return reason_set(r, ERR_CONF, "wechat_platform_serial",
			    "has fewer serials than wechat_platform_key_file names files");
		k->platform_count++;
		e = read_platform(p, path, r);
	}
	return e;
}

/* What stands between quotes in a header. */
static enum err
read_word(const char *text, const char *setting, char out[WECHAT_SERIAL_SIZE], struct reason *r)
{
	size_t len = strlen(text);

	if (len == 0 || len >= WECHAT_SERIAL_SIZE ||
	    strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-") != len)
		return reason_set(r, ERR_CONF, setting, "must be 1 to %d letters and digits",
		    WECHAT_SERIAL_SIZE - 1);
	memcpy(out, text, len + 1);
	return ERR_OK;
}

enum err
wechat_keys_load(struct wechat_keys **out, const struct wechat_key_conf *c, struct reason *r)
{
	struct wechat_keys *k = calloc(1, sizeof(*k));
	enum err e;

	if (k == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	e = read_word(c->mchid, "wechat_mchid", k->mchid, r);
	if (e == ERR_OK)
		e = read_word(c->serial, "wechat_serial", k->serial, r);
	if (e == ERR_OK)
		e = read_private(k, c->key_file, r);
	if (e == ERR_OK)
		e = read_platforms(k, c, r);
	if (e != ERR_OK) {
		wechat_keys_free(k);
		return e;
	}
	*out = k;
	return ERR_OK;
}

const char *
wechat_expired(const struct wechat_keys *k)
{
	for (int i = 0; i < k->platform_count; i++)
		if (k->platform[i].expired)
			return k->platform[i].serial;
	return NULL;
}

void
wechat_keys_free(struct wechat_keys *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->merchant);
	for (int i = 0; i < k->platform_count; i++)
		EVP_PKEY_free(k->platform[i].key);
	free(k);
}

/* ---- Requests -------------------------------------------------------------------------------------- */

static bool
sign(EVP_PKEY *key, const struct buf *message, uint8_t out[RSA_SIZE_MAX], size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL;

	*len = RSA_SIZE_MAX;
	ok = ok && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1;
	ok = ok && EVP_DigestSign(ctx, out, len, message->data, message->len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

enum err
wechat_authorize(const struct wechat_keys *k, const struct wechat_request *q, struct buf *out)
{
	char text[B64_SIZE(RSA_SIZE_MAX)];
	uint8_t signature[RSA_SIZE_MAX];
	struct buf message;
	size_t len;
	enum err e;

	buf_init(&message, MESSAGE_MAX);
	buf_printf(&message, "%s\n%s\n%lld\n%s\n", q->method, q->url, (long long)q->timestamp_s,
	    q->nonce);
	buf_add(&message, q->body, q->body_len);
	buf_byte(&message, '\n');
	e = buf_err(&message);
	if (e == ERR_OK && !sign(k->merchant, &message, signature, &len))
		e = ERR_INTERNAL;
	buf_release(&message);
	if (e != ERR_OK)
		return e;
	b64_encode(signature, len, text);
	buf_printf(out,
	    "Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"%s\",nonce_str=\"%s\",signature=\"%s\","
	    "timestamp=\"%lld\",serial_no=\"%s\"",
	    k->mchid, q->nonce, text, (long long)q->timestamp_s, k->serial);
	return buf_err(out);
}

void
wechat_nonce(char out[WECHAT_NONCE_SIZE])
{
	uint8_t bytes[(WECHAT_NONCE_SIZE - 1) / 2];

	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), out);
}

/* ---- Answers --------------------------------------------------------------------------------------- */

static EVP_PKEY *
platform_find(const struct wechat_keys *k, const char *serial)
{
	for (int i = 0; i < k->platform_count; i++)
		if (strcmp(k->platform[i].serial, serial) == 0)
			return k->platform[i].key;
	return NULL;
}

static bool
verify(EVP_PKEY *key, const struct wechat_signed *a, const uint8_t *signature, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf message;
	bool ok = ctx != NULL;

	buf_init(&message, MESSAGE_MAX);
	buf_printf(&message, "%s\n%s\n", a->timestamp, a->nonce);
	buf_add(&message, a->body, a->body_len);
	buf_byte(&message, '\n');
	ok = ok && buf_err(&message) == ERR_OK;
	ok = ok && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1;
	ok = ok && EVP_DigestVerify(ctx, signature, len, message.data, message.len) == 1;
	buf_release(&message);
	EVP_MD_CTX_free(ctx);
	return ok;
}

const char *
wechat_verify(const struct wechat_keys *k, const struct wechat_signed *a, int64_t now_s)
{
	static const char probe[] = "WECHATPAY/SIGNTEST/";
	uint8_t signature[RSA_SIZE_MAX];
	EVP_PKEY *key;
	int64_t at_s;
	size_t len;

	if (a->serial == NULL || a->timestamp == NULL || a->nonce == NULL || a->signature == NULL)
		return "the answer is not signed";
	if (strncmp(a->signature, probe, sizeof(probe) - 1) == 0)
		return "the signature is a probe";
	if (parse_i64(a->timestamp, 0, INT64_MAX / 2, &at_s) != ERR_OK ||
	    at_s < now_s - WECHAT_SKEW_S || at_s > now_s + WECHAT_SKEW_S)
		return "the answer's timestamp is not of now";
	key = platform_find(k, a->serial);
	if (key == NULL)
		return "the answer's serial is none of wechat_platform_serial";
	if (b64_decode(a->signature, strlen(a->signature), signature, sizeof(signature), &len) !=
	    ERR_OK)
		return "the signature is not base64";
	return verify(key, a, signature, len) ? NULL : "the signature is not the platform's";
}

/* ---- Names ------------------------------------------------------------------------------------------- */

const char *
wechat_platform(const struct wechat_keys *k)
{
	return k->platform[0].serial;
}

enum err
wechat_encrypt(const struct wechat_keys *k, const char *text, struct buf *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->platform[0].key, NULL);
	char encoded[B64_SIZE(RSA_SIZE_MAX)];
	uint8_t bytes[RSA_SIZE_MAX];
	size_t len = sizeof(bytes), text_len = strlen(text);
	bool ok = ctx != NULL;

	if (text_len + OAEP_OVERHEAD > (size_t)EVP_PKEY_size(k->platform[0].key)) {
		EVP_PKEY_CTX_free(ctx);
		return ERR_TOO_LARGE;
	}
	ok = ok && EVP_PKEY_encrypt_init(ctx) == 1;
	ok = ok && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1;
	ok = ok && EVP_PKEY_encrypt(ctx, bytes, &len, (const uint8_t *)text, text_len) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return ERR_INTERNAL;
	b64_encode(bytes, len, encoded);
	buf_str(out, encoded);
	return buf_err(out);
}

/* ---- Sealed files ----------------------------------------------------------------------------------- */

static bool
seal_key(const struct wechat_keys *k, const char *text, uint8_t out[SEAL_KEY_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->merchant, NULL);
	uint8_t raw[RSA_SIZE_MAX], plain[RSA_SIZE_MAX];
	size_t raw_len, len = sizeof(plain);
	bool ok = ctx != NULL &&
	    b64_decode(text, strlen(text), raw, sizeof(raw), &raw_len) == ERR_OK;

	ok = ok && EVP_PKEY_decrypt_init(ctx) == 1;
	ok = ok && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1;
	ok = ok && EVP_PKEY_decrypt(ctx, plain, &len, raw, raw_len) == 1 && len == SEAL_KEY_LEN;
	EVP_PKEY_CTX_free(ctx);
	if (ok)
		memcpy(out, plain, SEAL_KEY_LEN);
	return ok;
}

/* ${p}: the cipher's bytes, then its tag.  ${out} has room for all of it. */
static bool
unseal(const uint8_t key[SEAL_KEY_LEN], const char *nonce, const uint8_t *p, size_t len,
    uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = (int)(len - SEAL_TAG_LEN), got = 0, rest = 0;
	bool ok = ctx != NULL;

	ok = ok && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1;
	ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)strlen(nonce), NULL) == 1;
	ok = ok && EVP_DecryptInit_ex(ctx, NULL, NULL, key, (const unsigned char *)nonce) == 1;
	ok = ok && EVP_DecryptUpdate(ctx, out, &got, p, n) == 1 && got == n;
	ok = ok &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_LEN,
	        (void *)(uintptr_t)(p + n)) == 1;
	ok = ok && EVP_DecryptFinal_ex(ctx, out + got, &rest) == 1 && rest == 0;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

enum err
wechat_open(const struct wechat_keys *k, const struct wechat_seal *s, const void *p, size_t len,
    struct buf *out)
{
	uint8_t key[SEAL_KEY_LEN], *room;

	if (len < SEAL_TAG_LEN || len > INT_MAX || s->nonce[0] == '\0' || !seal_key(k, s->key, key))
		return ERR_BAD_BODY;
	room = buf_reserve(out, len - SEAL_TAG_LEN);
	if (room == NULL)
		return buf_err(out);
	if (!unseal(key, s->nonce, p, len, room))
		return ERR_BAD_BODY;
	out->len += len - SEAL_TAG_LEN;
	return ERR_OK;
}
