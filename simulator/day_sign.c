#include "simulator/day_sign.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/parse.h"

#define PREFIX "whsec_"
#define MAC_SIZE 32
#define SIGNED_MAX 65536

bool
sign_key_parse(struct sign_key *out, const char *secret)
{
	uint8_t raw[SIGN_KEY_MAX * 2];
	size_t len, padding = 0;
	int n;

	if (strncmp(secret, PREFIX, sizeof(PREFIX) - 1) != 0)
		return false;
	secret += sizeof(PREFIX) - 1;
	len = strlen(secret);
	if (len == 0 || len % 4 != 0 || len > SIGN_KEY_MAX / 3 * 4)
		return false;
	while (padding < 2 && secret[len - 1 - padding] == '=')
		padding++;
	n = EVP_DecodeBlock(raw, (const unsigned char *)secret, (int)len);
	if (n <= (int)padding || (size_t)n - padding > SIGN_KEY_MAX)
		return false;
	out->len = (size_t)n - padding;
	memcpy(out->bytes, raw, out->len);
	return true;
}

bool
sign_make(const struct sign_key *k, const struct sign_parts *p, char out[SIGN_TEXT_SIZE])
{
	static uint8_t text[SIGNED_MAX];
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;
	int n = snprintf((char *)text, sizeof(text), "%s.%s.", p->id, p->timestamp);

	if (n < 0 || (size_t)n >= sizeof(text) || p->body_len > sizeof(text) - (size_t)n)
		return false;
	memcpy(text + n, p->body, p->body_len);
	if (HMAC(EVP_sha256(), k->bytes, (int)k->len, text, (size_t)n + p->body_len, mac,
	        &mac_len) == NULL ||
	    mac_len != MAC_SIZE)
		return false;
	memcpy(out, "v1,", 3);
	(void)EVP_EncodeBlock((unsigned char *)out + 3, mac, MAC_SIZE);
	return true;
}

/* One of the list parted by spaces; each is compared in constant time. */
static bool
listed(const char *list, const char *want)
{
	size_t want_len = strlen(want);
	bool found = false;

	while (*list != '\0') {
		size_t len = strcspn(list, " ");

		if (len == want_len && CRYPTO_memcmp(list, want, len) == 0)
			found = true;
		list += len;
		list += *list == ' ';
	}
	return found;
}

enum sign_verdict
sign_verify(const struct sign_key *k, const struct sign_parts *p, int64_t now_s)
{
	char want[SIGN_TEXT_SIZE];
	int64_t at_s;

	if (p->id == NULL || p->timestamp == NULL || p->signature == NULL || p->id[0] == '\0')
		return SIGN_MISSING;
	if (parse_i64(p->timestamp, 0, INT64_MAX / 2, &at_s) != ERR_OK)
		return SIGN_MISSING;
	if (at_s < now_s - SIGN_TOLERANCE_S || at_s > now_s + SIGN_TOLERANCE_S)
		return SIGN_OLD;
	if (!sign_make(k, p, want) || !listed(p->signature, want))
		return SIGN_WRONG;
	return SIGN_GOOD;
}
