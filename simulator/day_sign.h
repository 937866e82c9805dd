#ifndef SIMULATOR_DAY_SIGN_H
#define SIMULATOR_DAY_SIGN_H

/*
 * day_sign: webhooks verified as standardwebhooks.com says, written from its text and not from the service:
 * HMAC-SHA256 over "id.timestamp.body", "v1," and base64 in a list parted by spaces, a timestamp not too far
 * from our own clock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGN_KEY_MAX 64
#define SIGN_TOLERANCE_S 15 /* the standard's 5 minutes would outlast the whole play */
#define SIGN_TEXT_SIZE 48   /* "v1," and 44 characters */

struct sign_key {
	uint8_t bytes[SIGN_KEY_MAX];
	size_t len;
};

/* "whsec_…"; false: it is not such a secret. */
bool sign_key_parse(struct sign_key *out, const char *secret);

struct sign_parts {
	const char *id, *timestamp, *signature; /* headers; NULL: missing */
	const void *body;
	size_t body_len;
};

enum sign_verdict { SIGN_GOOD, SIGN_MISSING, SIGN_OLD, SIGN_WRONG };

/* ${now_s}: of the machine's clock. */
enum sign_verdict sign_verify(const struct sign_key *k, const struct sign_parts *p, int64_t now_s);
/* The signature itself, as it stands in the header; false: OpenSSL failed. */
bool sign_make(const struct sign_key *k, const struct sign_parts *p, char out[SIGN_TEXT_SIZE]);

#endif
