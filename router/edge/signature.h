#ifndef ROUTER_EDGE_SIGNATURE_H
#define ROUTER_EDGE_SIGNATURE_H

/*
 * signature: what we send is signed as Standard Webhooks says (standardwebhooks.com, spec 1.0).
 *
 *   webhook-id: ID   webhook-timestamp: seconds since 1970   webhook-signature: v1,BASE64 v1,BASE64 …
 *
 * Each signature is HMAC-SHA256(secret, ID "." timestamp "." body); one for each secret that is valid, so that
 * a receiver may change over.  A secret travels as "whsec_" and the base64 of its bytes.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SIGNATURE_SECRET_MIN 24 /* bytes, as the specification asks */
#define SIGNATURE_SECRET_MAX 64
#define SIGNATURE_SECRETS_MAX 8
#define SIGNATURE_TEXT_SIZE 96 /* of a secret as text */

struct signature_secret {
	size_t len;
	uint8_t bytes[SIGNATURE_SECRET_MAX];
};

/* 32 random bytes. */
void signature_secret_make(struct signature_secret *s);
void signature_secret_text(const struct signature_secret *s, char out[SIGNATURE_TEXT_SIZE]);
/* BAD_FIELD: no "whsec_", not base64, fewer or more bytes than allowed. */
enum err signature_secret_read(const char *text, struct signature_secret *s) MUST_CHECK;

/* Adds "v1,… v1,…" to ${out}; ${count} is 1 to SIGNATURE_SECRETS_MAX. */
void signature_add(struct buf *out, const char *id, int64_t timestamp_s, const void *body,
    size_t body_len, const struct signature_secret *secrets, int count);

/* The three header lines and two more for a JSON body, in a form that client_start() takes. */
#define SIGNATURE_HEADERS 5
struct signed_headers {
	struct buf text;
	const char *lines[SIGNATURE_HEADERS + 1];
};
/* NO_MEMORY.  ${h} needs signed_headers_release() in any case. */
enum err signed_headers_make(struct signed_headers *h, const char *id, int64_t timestamp_s,
    const void *body, size_t body_len, const struct signature_secret *secrets,
    int count) MUST_CHECK;
void signed_headers_release(struct signed_headers *h);

#endif
