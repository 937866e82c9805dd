#include "edge/wechat_sign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/digest.h"
#include "base/parse.h"

#define RSA_BITS_MIN 2048
#define RSA_SIZE_MAX 1024 /* bytes: 8192 bits */
#define OAEP_OVERHEAD 42
#define MESSAGE_MAX ((size_t)64 << 20)
#define FILE_NAME_MAX 1024

struct platform_key {
	char serial[WECHAT_SERIAL_SIZE];
	EVP_PKEY *key;
};

struct wechat_keys {
	char mchid[WECHAT_SERIAL_SIZE], serial[WECHAT_SERIAL_SIZE];
	EVP_PKEY *merchant;
	struct platform_key platform[WECHAT_PLATFORM_KEYS_MAX];
	int platform_count;
};

/* ---- Files --------------------------------------------------------------------------------------- */

static enum err
key_check(EVP_PKEY *key, const char *setting, struct reason *r)
{
	if (key == NULL || EVP_PKEY_base_id(key) != EVP_PKEY_RSA ||
	    EVP_PKEY_bits(key) < RSA_BITS_MIN || EVP_PKEY_size(key) > RSA_SIZE_MAX)
		return reason_set(r, ERR_CONF, setting,
		    "is not an RSA key of %d bits or more in PEM", RSA_BITS_MIN);
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
	return key_check(k->merchant, "wechat_key_file", r);
}

/* A public key, or the certificate that older merchants have. */
static enum err
read_platform(struct platform_key *p, const char *path, struct reason *r)
{
	X509 *cert;
	FILE *f;
	enum err e = file_open(path, "wechat_platform_key_file", false, &f, r);

	if (e != ERR_OK)
		return e;
	p->key = PEM_read_PUBKEY(f, NULL, no_phrase, NULL);
	if (p->key == NULL) {
		rewind(f);
		cert = PEM_read_X509(f, NULL, no_phrase, NULL);
		p->key = cert != NULL ? X509_get_pubkey(cert) : NULL;
		X509_free(cert);
	}
	(void)fclose(f);
	return key_check(p->key, "wechat_platform_key_file", r);
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
