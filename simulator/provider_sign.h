#ifndef SIMULATOR_PROVIDER_SIGN_H
#define SIMULATOR_PROVIDER_SIGN_H

/*
 * provider_sign: WECHATPAY2-SHA256-RSA2048.  A request is signed over METHOD, URL, timestamp, nonce and body,
 * an answer over timestamp, nonce and body, each followed by a newline.
 */
#include "simulator/provider_keys.h"

#define SKEW_S 300

struct sign_request {
	const char *method, *uri, *authorization; /* NULL: the header is missing */
	const void *body;
	size_t body_len;
};

/**
 * sign_request_check(k, q, clocks, at):
 * NULL: the merchant signed ${q}, and its timestamp is within five minutes of one of the two ${clocks} (s),
 * which of them is *at.  Else why not, as the provider would say.
 */
const char *sign_request_check(const struct provider_keys *k, const struct sign_request *q,
    const int64_t clocks[2], int *at);

struct sign_answer {
	char timestamp[24], nonce[40], signature[SIGNATURE_TEXT_SIZE];
};

/* false: OpenSSL or memory failed. */
bool sign_answer_make(struct sign_answer *out, const struct provider_keys *k, int64_t timestamp_s,
    const void *body, size_t len);

#endif
