#ifndef ROUTER_FLOW_PROVIDER_API_H
#define ROUTER_FLOW_PROVIDER_API_H

/*
 * provider_api: what any payment provider must do for flow/provider.h: one request each, no memory of its own.
 * There is one implementation, flow/wechat.c.
 *
 * Nothing is believed that the provider did not sign: without it the outcome is unknown.
 */
#include "base/arena.h"
#include "base/conf.h"
#include "base/digest.h"
#include "edge/client.h"
#include "edge/wechat_sign.h"
#include "flow/provider.h"

enum provider_word {
	WORD_DONE,    /* what it says stands in the reply; of a call: it is taken, see its items */
	WORD_UNKNOWN, /* may have been done or not: ask about the number */
	WORD_NO_SUCH, /* does not know the number */
	WORD_REFUSED, /* nothing was done, nor will be */
	/* nothing was done; the same again later: not settled yet, or too many requests */
	WORD_LATER,
	WORD_BUSY /* too many requests */
};

#define PROVIDER_CODE_SIZE 64
#define PROVIDER_URL_SIZE 1024
/* A bill, as the provider tells where it is. */
struct provider_file {
	char url[PROVIDER_URL_SIZE];
	char sha1[2 * SHA1_SIZE + 1]; /* of what it holds, in hex */
	bool sealed;
	struct wechat_seal seal;
};
struct provider_reply {
	enum provider_word word;
	char code[PROVIDER_CODE_SIZE]; /* why, unless DONE */
	int64_t retry_after_s;         /* 0: not said */
	/* DONE, of a call: the provider's number; for each of its items result … finished_us are set. */
	const char *provider_id;
	struct provider_item_row *items;
	int64_t fen;               /* amounts: what is not split yet */
	struct provider_file file; /* bill */
	const void *data;          /* download, its seal opened */
	size_t len;
};
/* The reply lives until this returns. */
typedef void provider_reply_fn(void *ctx, const struct provider_reply *r);

struct provider_api;
struct provider_ask;

struct provider_receiver {
	const char *payer, *receiver, *name;
	bool personal;
};

/* OK: the callback follows once, later, unless cancelled; any error: never.  Arguments are copied, but ${call} and
 * ${file}. */
struct provider_ops {
	enum err (*add_receiver)(struct provider_api *a, const struct provider_receiver *r,
	    provider_reply_fn *done, void *ctx, struct provider_ask **out);
	/* The request of ${call}, the same whenever it is asked; ${payer}: the collector's merchant number. */
	enum err (*body)(struct provider_api *a, const struct provider_call_row *call,
	    const char *payer, struct buf *out);
	enum err (*send)(struct provider_api *a, const struct provider_call_row *call,
	    const struct buf *body, provider_reply_fn *done, void *ctx, struct provider_ask **out);
	enum err (*query)(struct provider_api *a, const struct provider_call_row *call,
	    const char *payer, provider_reply_fn *done, void *ctx, struct provider_ask **out);
	enum err (*amounts)(struct provider_api *a, const char *payment, provider_reply_fn *done,
	    void *ctx, struct provider_ask **out);
	/* NO_SUCH: there is none for that day; LATER: not yet. */
	enum err (*bill)(struct provider_api *a, enum bill_kind kind, const char *payer,
	    int32_t day, provider_reply_fn *done, void *ctx, struct provider_ask **out);
	/* As bill said; its answer is not signed: the caller holds it against the SHA-1. */
	enum err (*download)(struct provider_api *a, const struct provider_file *file,
	    provider_reply_fn *done, void *ctx, struct provider_ask **out);
	void (*cancel)(struct provider_ask *ask);
	void (*free)(struct provider_api *a);
};

/* An implementation begins with this. */
struct provider_api {
	const struct provider_ops *ops;
	enum provider provider;
};

/**
 * wechat_new(out, conf, client, r):
 * WeChat Pay at wechat_url, or who stands in for it.  Reads the keys' files.  CONF: ${r} names the setting.
 */
enum err wechat_new(struct provider_api **out, const struct conf *conf, struct client *client,
    struct reason *r) MUST_CHECK;
/* The same judgement without a client, and CONF for a certificate that has expired; OK when wechat_url is empty. */
enum err wechat_check(const struct conf *conf, struct reason *r) MUST_CHECK;

#endif
