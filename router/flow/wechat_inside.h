#ifndef ROUTER_FLOW_WECHAT_INSIDE_H
#define ROUTER_FLOW_WECHAT_INSIDE_H

/* wechat_inside: the insides of WeChat Pay behind flow/provider_api.h: wechat.c asks, wechat_read.c reads. */
#include "edge/wechat_sign.h"
#include "flow/provider_api.h"

struct wechat {
	struct provider_api api; /* first: an implementation begins with it */
	const struct conf *conf;
	struct client *client;
	struct wechat_keys *keys;
};

enum wechat_question {
	WECHAT_RECEIVER,
	WECHAT_SEND,
	WECHAT_QUERY,
	WECHAT_AMOUNTS,
	WECHAT_BILL,
	WECHAT_DOWNLOAD
};

struct provider_ask {
	struct wechat *wechat;
	struct client_send *send;
	enum wechat_question question;
	const struct provider_call_row *call; /* of SEND and QUERY */
	const struct wechat_seal *seal;       /* of DOWNLOAD; NULL: it is not sealed */
	int64_t asked_us;
	provider_reply_fn *done;
	void *ctx;
};

/**
 * wechat_read(q, a, arena, out):
 * What the answer ${a}, whose signature was verified, says.  What cannot be read, or speaks of another call than
 * the one that was asked about, is UNKNOWN and logged.
 */
void wechat_read(const struct provider_ask *q, const struct client_answer *a, struct arena *arena,
    struct provider_reply *out);

#endif
