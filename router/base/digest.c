#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The plain SHA256_* calls: through EVP each digest looks its algorithm up and allocates, five times the price. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/digest.h"

#define BLOCK_SIZE 64 /* of SHA-256 */

static const char alphabet_standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
digest_sha256(const void *p, size_t len, uint8_t out[DIGEST_SIZE])
{
	SHA256_CTX c;

	/* These fail for no input. */
	(void)SHA256_Init(&c);
	(void)SHA256_Update(&c, p, len);
	(void)SHA256_Final(out, &c);
}

struct digest_sum {
	SHA_CTX sha1;
	SHA256_CTX sha256;
};

static void
sum_begin(struct digest_sum *d)
{
	(void)SHA1_Init(&d->sha1);
	(void)SHA256_Init(&d->sha256);
}

struct digest_sum *
digest_sum_new(void)
{
	struct digest_sum *d = malloc(sizeof(*d));

	if (d != NULL)
		sum_begin(d);
	return d;
}

void
digest_sum_free(struct digest_sum *d)
{
	free(d);
}

void
digest_sum_add(struct digest_sum *d, const void *p, size_t len)
{
	(void)SHA1_Update(&d->sha1, p, len);
	(void)SHA256_Update(&d->sha256, p, len);
}

void
digest_sum_end(struct digest_sum *d, uint8_t sha1[SHA1_SIZE], uint8_t sha256[DIGEST_SIZE])
{
	(void)SHA1_Final(sha1, &d->sha1);
	(void)SHA256_Final(sha256, &d->sha256);
	sum_begin(d);
}

/* One of the two passes of RFC 2104; ${key} holds a block. */
static void
hmac_pass(const uint8_t *key, uint8_t pad, const void *p, size_t len, uint8_t out[DIGEST_SIZE])
{
	uint8_t block[BLOCK_SIZE];
	SHA256_CTX c;
	int i;

	for (i = 0; i < BLOCK_SIZE; i++)
		block[i] = key[i] ^ pad;
	(void)SHA256_Init(&c);
	(void)SHA256_Update(&c, block, sizeof(block));
	(void)SHA256_Update(&c, p, len);
	(void)SHA256_Final(out, &c);
	OPENSSL_cleanse(block, sizeof(block));
}

void
digest_hmac(const void *key, size_t key_len, const void *p, size_t len, uint8_t out[DIGEST_SIZE])
{
	uint8_t block[BLOCK_SIZE] = {0}, inner[DIGEST_SIZE];

	if (key_len > BLOCK_SIZE)
		digest_sha256(key, key_len, block);
	else
		memcpy(block, key, key_len);
	hmac_pass(block, 0x36, p, len, inner);
	hmac_pass(block, 0x5c, inner, sizeof(inner), out);
	OPENSSL_cleanse(block, sizeof(block));
}

bool
digest_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
random_bytes(void *p, size_t len)
{
	uint8_t *at;
	ssize_t n;

	for (at = p; len > 0; at += n, len -= (size_t)n) {
		n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			abort();
	}
}

/* Writes the text without padding and a NUL; returns its length. */
static size_t
encode(const uint8_t *p, size_t len, char *out, const char *alphabet)
{
	uint32_t bits;
	size_t i, chars;
	char *start;

	start = out;
	for (; len >= 3; p += 3, len -= 3, out += 4) {
		bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		out[0] = alphabet[bits >> 18];
		out[1] = alphabet[bits >> 12 & 0x3f];
		out[2] = alphabet[bits >> 6 & 0x3f];
		out[3] = alphabet[bits & 0x3f];
	}
	if (len > 0) {
		chars = len + 1;
		bits = (uint32_t)p[0] << 16;
		if (len > 1)
			bits |= (uint32_t)p[1] << 8;
		for (i = 0; i < chars; i++)
			*out++ = alphabet[bits >> (18 - 6 * i) & 0x3f];
	}
	*out = '\0';
	return (size_t)(out - start);
}

void
b64url_encode(const void *p, size_t len, char *out)
{
	(void)encode(p, len, out, alphabet_url);
}

void
b64_encode(const void *p, size_t len, char *out)
{
	size_t n;

	for (n = encode(p, len, out, alphabet_standard); n % 4 != 0; n++)
		out[n] = '=';
	out[n] = '\0';
}

static int
b64_value(char c, bool standard)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || (standard && c == '+'))
		return 62;
	if (c == '_' || (standard && c == '/'))
		return 63;
	return -1;
}

static enum err
decode(const char *s, size_t s_len, uint8_t *out, size_t size, size_t *len, bool standard)
{
	uint32_t bits;
	unsigned bit_count;
	size_t i, n;
	int v;

	/* One character alone carries no byte. */
	if (s_len % 4 == 1)
		return ERR_BAD_BODY;
	if (s_len / 4 * 3 + (s_len % 4 != 0 ? s_len % 4 - 1 : 0) > size)
		return ERR_TOO_LARGE;
	bits = 0;
	bit_count = 0;
	for (i = 0, n = 0; i < s_len; i++) {
		v = b64_value(s[i], standard);
		if (v < 0)
			return ERR_BAD_BODY;
		bits = bits << 6 | (uint32_t)v;
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			out[n++] = (uint8_t)(bits >> bit_count);
		}
	}
	/* Bits left over must be zero, else two texts would mean the same bytes. */
	if ((bits & ((1u << bit_count) - 1)) != 0)
		return ERR_BAD_BODY;
	*len = n;
	return ERR_OK;
}

enum err
b64url_decode(const char *s, size_t s_len, uint8_t *out, size_t size, size_t *len)
{
	return decode(s, s_len, out, size, len, false);
}

enum err
b64_decode(const char *s, size_t s_len, uint8_t *out, size_t size, size_t *len)
{
	/* proto3 JSON may leave the padding out, but not write half of it. */
	if (s_len % 4 == 0 && s_len > 0 && s[s_len - 1] == '=')
		s_len -= s[s_len - 2] == '=' ? 2 : 1;
	return decode(s, s_len, out, size, len, true);
}

void
hex_encode(const void *p, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at;
	size_t i;

	at = p;
	for (i = 0; i < len; i++) {
		out[2 * i] = digits[at[i] >> 4];
		out[2 * i + 1] = digits[at[i] & 0xf];
	}
	out[2 * len] = '\0';
}
