#ifndef SIMULATOR_PROVIDER_KEYS_H
#define SIMULATOR_PROVIDER_KEYS_H

/*
 * provider_keys: the folder that both sides are configured from, and RSA with what is in it.  Written from
 * the provider's documentation and not from the service.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SERIAL_SIZE 41
#define SIGNATURE_TEXT_SIZE 700 /* base64 of 4096 bits */

struct provider_keys {
	void *merchant_public, *platform; /* EVP_PKEY */
	char merchant_serial[SERIAL_SIZE], platform_serial[SERIAL_SIZE], merchant_number[64];
};

/**
 * keys_open(k, dir, merchant_number):
 * Read ${dir}; what is missing in it, and itself, is made.  ${merchant_number} replaces the one that is there;
 * empty: that one, else 1900000001.
 *
 * ERR_IO: a file cannot be read, written or understood; it is logged.
 */
enum err keys_open(struct provider_keys *k, const char *dir,
    const char *merchant_number) MUST_CHECK;
void keys_close(struct provider_keys *k);

/* RSA-SHA256 as the platform, in base64; false: OpenSSL failed. */
bool keys_sign(const struct provider_keys *k, const void *p, size_t len,
    char out[SIGNATURE_TEXT_SIZE]);
/* Did the merchant sign ${p}? */
bool keys_verify(const struct provider_keys *k, const void *p, size_t len, const char *signature);
/* Is it text that somebody encrypted for the platform (RSA-OAEP, SHA-1, base64)? */
bool keys_decrypt(const struct provider_keys *k, const char *text);

/* A file that the merchant alone can open: AES-256-GCM, no further data, the tag at its end. */
#define SEAL_TAG_LEN 16
struct sealing {
	char nonce[17];
	char key[SIGNATURE_TEXT_SIZE]; /* encrypted for the merchant (RSA-OAEP, SHA-1), in base64 */
};
/* ${out} has room for ${len} + SEAL_TAG_LEN; false: OpenSSL failed. */
bool keys_seal(const struct provider_keys *k, const void *p, size_t len, struct sealing *how,
    uint8_t *out);

#endif
