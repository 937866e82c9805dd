#ifndef ROUTER_BASE_DIGEST_H
#define ROUTER_BASE_DIGEST_H

/* digest: SHA-256, HMAC, random bytes, base64url and hex; OpenSSL underneath. */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DIGEST_SIZE 32

void digest_sha256(const void *p, size_t len, uint8_t out[DIGEST_SIZE]);
/* SHA-1 and SHA-256 of the same bytes, piece by piece; SHA-1 because files of others come with it. */
#define SHA1_SIZE 20
struct digest_sum;
struct digest_sum *digest_sum_new(void) MUST_CHECK; /* NULL: no memory */
void digest_sum_free(struct digest_sum *d);
void digest_sum_add(struct digest_sum *d, const void *p, size_t len);
/* Then it is as new. */
void digest_sum_end(struct digest_sum *d, uint8_t sha1[SHA1_SIZE], uint8_t sha256[DIGEST_SIZE]);
void digest_hmac(const void *key, size_t key_len, const void *p, size_t len,
    uint8_t out[DIGEST_SIZE]);
bool digest_equal(const void *a, const void *b, size_t len); /* in constant time */
void random_bytes(void *p, size_t len); /* from the system; aborts if there are none */

/* Text sizes include the NUL.  base64url has no padding (RFC 4648 section 5). */
#define B64URL_SIZE(n) ((4 * (n) + 2) / 3 + 1)
void b64url_encode(const void *p, size_t len, char *out);
/* ERR_BAD_BODY on anything that an encoder would not write; ERR_TOO_LARGE beyond ${size} bytes. */
enum err b64url_decode(const char *s, size_t s_len, uint8_t *out, size_t size,
    size_t *len) MUST_CHECK;
/* Standard alphabet with padding, as proto3 JSON writes bytes; reads both alphabets. */
#define B64_SIZE(n) (4 * (((n) + 2) / 3) + 1)
void b64_encode(const void *p, size_t len, char *out);
enum err b64_decode(const char *s, size_t s_len, uint8_t *out, size_t size, size_t *len) MUST_CHECK;
void hex_encode(const void *p, size_t len, char *out); /* out: 2 * len + 1 */

#endif
