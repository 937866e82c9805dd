#ifndef ROUTER_EDGE_WECHAT_SIGN_H
#define ROUTER_EDGE_WECHAT_SIGN_H

/*
 * wechat_sign: WECHATPAY2-SHA256-RSA2048.  We sign "METHOD\nURL\ntimestamp\nnonce\nbody\n" with the merchant's key;
 * the platform signs "timestamp\nnonce\nbody\n" with the key that Wechatpay-Serial names, of which there are
 * two while it changes over.  Names of receivers are encrypted for the platform (RSA-OAEP), and the keys of sealed
 * files for the merchant.
 * Source: WeChat Pay v3, "signature generation" and "signature verification".
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define WECHAT_SKEW_S 300 /* an answer that is older, or from the future, was not made for us */
#define WECHAT_PLATFORM_KEYS_MAX 4
#define WECHAT_SERIAL_SIZE 65
#define WECHAT_NONCE_SIZE 33

struct wechat_keys;

/* As the settings of the same names, wechat_ in front: platform files and serials are lists with commas. */
struct wechat_key_conf {
	const char *mchid, *serial, *key_file;
	const char *platform_key_file, *platform_serial;
};

/**
 * wechat_keys_load(out, c, r):
 * Read the files: for start-up.
 *
 * CONF: ${r}->field is the setting: a file that cannot be read, is not an RSA key of 2048 bits or more in PEM, or,
 *     the private one, may be read by others than its owner and group; serials that do not fit, or are not those of
 *     the certificates.
 */
enum err wechat_keys_load(struct wechat_keys **out, const struct wechat_key_conf *c,
    struct reason *r) MUST_CHECK;
void wechat_keys_free(struct wechat_keys *k); /* NULL is fine */
/* The serial of a certificate whose time was over when it was read; NULL: there is none. */
const char *wechat_expired(const struct wechat_keys *k);

struct wechat_request {
	const char *method, *url; /* url: path and query */
	const void *body;
	size_t body_len;
	int64_t timestamp_s;
	const char *nonce; /* letters and digits */
};
/* Adds "Authorization: WECHATPAY2-SHA256-RSA2048 …" to ${out}; INTERNAL: OpenSSL would not sign. */
enum err wechat_authorize(const struct wechat_keys *k, const struct wechat_request *q,
    struct buf *out) MUST_CHECK;

/* As the headers of the answer say; NULL: it has none. */
struct wechat_signed {
	const char *serial, *timestamp, *nonce, *signature;
	const void *body;
	size_t body_len;
};
/* NULL: the platform made this answer, within WECHAT_SKEW_S of ${now_s}.  Else what is wrong with it. */
const char *wechat_verify(const struct wechat_keys *k, const struct wechat_signed *a,
    int64_t now_s);

/* Adds ${text}, encrypted for wechat_platform(), in base64; a text of RSA's size less 42 bytes at most: TOO_LARGE. */
enum err wechat_encrypt(const struct wechat_keys *k, const char *text, struct buf *out) MUST_CHECK;
/* The serial of the key that encrypts: the first of the list.  Goes with the request as Wechatpay-Serial. */
const char *wechat_platform(const struct wechat_keys *k);
void wechat_nonce(char out[WECHAT_NONCE_SIZE]);

/* How a file was sealed, AES-256-GCM: the key, encrypted for the merchant and in base64, and the nonce as it is. */
#define WECHAT_SEAL_KEY_SIZE 1372 /* of 8192 bits */
#define WECHAT_SEAL_NONCE_SIZE 33
struct wechat_seal {
	char key[WECHAT_SEAL_KEY_SIZE], nonce[WECHAT_SEAL_NONCE_SIZE];
};
/**
 * wechat_open(k, s, p, len, out):
 * Adds what is in the sealed file ${p}.
 *
 * BAD_BODY: it is not sealed so, or not whole; TOO_LARGE, NO_MEMORY: ${out}'s.
 */
enum err wechat_open(const struct wechat_keys *k, const struct wechat_seal *s, const void *p,
    size_t len, struct buf *out) MUST_CHECK;

#endif
