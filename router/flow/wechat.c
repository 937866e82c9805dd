#include "flow/wechat_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/parse.h"
#include "edge/json_write.h"

#define ANSWER_MAX ((size_t)1 << 20)
#define DOWNLOAD_MAX ((size_t)256 << 20)
#define DOWNLOAD_TIMES 6 /* of wechat_timeout_ms that a file may take */
#define ARENA_MAX ((size_t)4 << 20)
#define BODY_MAX ((size_t)65536)
#define HEAD_MAX ((size_t)4096)
#define URL_MAX ((size_t)PROVIDER_URL_SIZE)

/* Machine time: it is compared with the platform's. */
static int64_t
machine_s(void)
{
	return (clock_wall_us() - clock_offset_us()) / US_PER_S;
}

/* ---- Answers ------------------------------------------------------------------------------------- */

/* NULL: the platform signed it. */
static const char *
distrust(const struct provider_ask *q, const struct client_answer *a)
{
	const struct wechat_signed s = {.serial = client_header(a, "Wechatpay-Serial"),
	    .timestamp = client_header(a, "Wechatpay-Timestamp"),
	    .nonce = client_header(a, "Wechatpay-Nonce"),
	    .signature = client_header(a, "Wechatpay-Signature"),
	    .body = a->body,
	    .body_len = a->body_len};

	return wechat_verify(q->wechat->keys, &s, machine_s());
}

static void
unknown(struct provider_reply *r, const char *code, int status)
{
	r->word = WORD_UNKNOWN;
	if (status != 0)
		(void)snprintf(r->code, sizeof(r->code), "%s (HTTP %d)", code, status);
	else
		(void)snprintf(r->code, sizeof(r->code), "%s", code);
}

/* ${opened} is for what was sealed. */
static void
downloaded(const struct provider_ask *q, const struct client_answer *a, struct buf *opened,
    struct provider_reply *r)
{
	enum err e;

	r->data = a->body;
	r->len = a->body_len;
	if (a->status != 200) {
		unknown(r, "download", a->status);
	} else if (q->seal != NULL) {
		e = wechat_open(q->wechat->keys, q->seal, a->body, a->body_len, opened);
		if (e != ERR_OK)
			unknown(r, e == ERR_BAD_BODY ? "its seal cannot be opened" : err_name(e),
			    0);
		r->data = opened->data;
		r->len = opened->len;
	}
}

static void
judge(const struct provider_ask *q, const struct client_answer *a, struct arena *arena,
    struct buf *opened, struct provider_reply *r)
{
	const char *why;

	if (a->err != ERR_OK || arena == NULL) {
		unknown(r, arena == NULL ? err_name(ERR_NO_MEMORY) : err_name(a->err), 0);
		return;
	}
	if (q->question == WECHAT_DOWNLOAD) {
		downloaded(q, a, opened, r);
		return;
	}
	why = distrust(q, a);
	if (why == NULL) {
		wechat_read(q, a, arena, r);
		return;
	}
	metric_add(METRIC_provider_untrusted_total, 1);
	log_warn(LOG_MSG("an answer of the provider is not believed"), LOG_STR("why", why),
	    LOG_STR("number", q->call != NULL ? q->call->number : ""),
	    LOG_INT("status", a->status));
	unknown(r, "not trusted", a->status);
}

static void
answered(void *ctx, const struct client_answer *a)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct provider_ask *q = ctx;
	struct provider_reply r = {.word = WORD_DONE, .retry_after_s = a->retry_after_s};
	struct buf opened;

	buf_init(&opened, DOWNLOAD_MAX);
	metric_observe(METRIC_provider_us, clock_mono_us() - q->asked_us);
	judge(q, a, arena, &opened, &r);
	if (r.word == WORD_UNKNOWN)
		metric_add(METRIC_provider_unknown_total, 1);
	if (r.word == WORD_BUSY)
		metric_add(METRIC_provider_limited_total, 1);
	q->done(q->ctx, &r);
	buf_release(&opened);
	arena_free(arena);
	free(q);
}

/* ---- Requests ------------------------------------------------------------------------------------- */

/* What is asked, how and where; ${body} NULL: GET. */
struct question {
	enum wechat_question kind;
	const struct provider_call_row *call;
	const struct wechat_seal *seal;
	const char *url; /* whole */
	const struct buf *body;
	bool encrypted;
};

/* The part of ${url} that is signed. */
static const char *
path_of(const char *url)
{
	const char *host = strstr(url, "://"), *path = host != NULL ? strchr(host + 3, '/') : NULL;

	return path != NULL ? path : "/";
}

static enum err
transmit(struct wechat *w, struct provider_ask *q, const struct question *in)
{
	char nonce[WECHAT_NONCE_SIZE], serial[WECHAT_SERIAL_SIZE + 32];
	const char *headers[5] = {"Accept: application/json", "Content-Type: application/json"};
	struct wechat_request sign = {.method = in->body != NULL ? "POST" : "GET",
	    .url = path_of(in->url),
	    .timestamp_s = machine_s(),
	    .nonce = nonce};
	struct client_request c = {.url = in->url,
	    .headers = headers,
	    .timeout_ms = w->conf->wechat_timeout_ms *
	        (in->kind == WECHAT_DOWNLOAD ? DOWNLOAD_TIMES : 1),
	    .answer_max = in->kind == WECHAT_DOWNLOAD ? DOWNLOAD_MAX : ANSWER_MAX,
	    .private_allowed = w->conf->wechat_private_allowed,
	    .http_allowed = w->conf->wechat_http_allowed};
	struct buf head;
	enum err e;

	if (in->body != NULL) {
		sign.body = c.body = in->body->data;
		sign.body_len = c.body_len = in->body->len;
	}
	wechat_nonce(nonce);
	buf_init(&head, HEAD_MAX);
	e = wechat_authorize(w->keys, &sign, &head);
	headers[2] = buf_cstr(&head);
	(void)snprintf(serial, sizeof(serial), "Wechatpay-Serial: %s", wechat_platform(w->keys));
	headers[3] = in->encrypted ? serial : NULL;
	if (e == ERR_OK)
		e = client_start(w->client, &c, answered, q, &q->send);
	buf_release(&head);
	return e;
}

static enum err
ask(struct provider_api *a, const struct question *in, provider_reply_fn *done, void *ctx,
    struct provider_ask **out)
{
	struct wechat *w = (struct wechat *)a;
	struct provider_ask *q = calloc(1, sizeof(*q));
	enum err e;

	if (q == NULL)
		return ERR_NO_MEMORY;
	*q = (struct provider_ask){.wechat = w,
	    .question = in->kind,
	    .call = in->call,
	    .seal = in->seal,
	    .asked_us = clock_mono_us(),
	    .done = done,
	    .ctx = ctx};
	e = transmit(w, q, in);
	if (e != ERR_OK) {
		free(q);
		return e;
	}
	metric_add(METRIC_provider_requests_total, 1);
	*out = q;
	return ERR_OK;
}

/* Percent-encoded as a part of a path or query. */
static void
add_part(struct buf *b, const char *text)
{
	static const char plain[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~*@";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			buf_byte(b, (uint8_t)*text);
		else
			buf_printf(b, "%%%02X", (unsigned)(uint8_t)*text);
	}
}

static void
url_init(struct buf *b, const struct provider_api *a)
{
	const char *base = ((const struct wechat *)a)->conf->wechat_url;
	size_t len = strlen(base);

	buf_init(b, URL_MAX);
	while (len > 0 && base[len - 1] == '/')
		len--;
	buf_add(b, base, len);
}

static bool
is_sub(const struct provider_api *a, const char *payer)
{
	return strcmp(((const struct wechat *)a)->conf->wechat_mchid, payer) != 0;
}

static void
add_query(struct buf *b, char before, const char *name, const char *value)
{
	buf_printf(b, "%c%s=", before, name);
	add_part(b, value);
}

static enum err
get(struct provider_api *a, struct question *q, struct buf *url, provider_reply_fn *done, void *ctx,
    struct provider_ask **out)
{
	enum err e = buf_err(url);

	q->url = buf_cstr(url);
	if (e == ERR_OK)
		e = ask(a, q, done, ctx, out);
	buf_release(url);
	return e;
}

/* ---- Bodies --------------------------------------------------------------------------------------- */

static void
add_member(struct buf *b, const char *name, const char *value)
{
	if (b->len > 0 && b->data[b->len - 1] != '{')
		buf_byte(b, ',');
	json_write_text(b, name);
	buf_byte(b, ':');
	json_write_text(b, value);
}

static void
add_payer(struct buf *b, const struct provider_api *a, const char *payer)
{
	if (is_sub(a, payer))
		add_member(b, "sub_mchid", payer);
}

static void
add_amount(struct buf *b, const char *name, int64_t fen)
{
	buf_printf(b, ",\"%s\":%lld", name, (long long)fen);
}

/* Receivers' names are encrypted anew each time; they stand in receivers/add and nowhere else. */
static void
split_body(struct buf *b, const struct provider_api *a, const struct provider_call_row *c)
{
	char order[UUID_TEXT_SIZE];
	bool first = true;

	uuid_format(&c->order_id, order);
	add_member(b, "appid", ((const struct wechat *)a)->conf->wechat_appid);
	add_member(b, "transaction_id", c->payment_number);
	add_member(b, "out_order_no", c->number);
	buf_str(b, ",\"receivers\":[");
	for (int i = 0; i < c->item_count; i++) {
		const struct provider_item_row *item = &c->items[i];

		if (item->left_out)
			continue;
		buf_str(b, first ? "{" : ",{");
		first = false;
		add_member(b, "type", item->personal ? "PERSONAL_OPENID" : "MERCHANT_ID");
		add_member(b, "account", item->receiver);
		add_amount(b, "amount", item->fen);
		add_member(b, "description", order);
		buf_byte(b, '}');
	}
	buf_str(b, "],\"unfreeze_unsplit\":false");
}

static void
refund_body(struct buf *b, const struct provider_call_row *c)
{
	char order[UUID_TEXT_SIZE];

	uuid_format(&c->order_id, order);
	add_member(b, "transaction_id", c->payment_number);
	add_member(b, "out_refund_no", c->number);
	add_member(b, "reason", order);
	buf_printf(b, ",\"amount\":{\"refund\":%lld,\"total\":%lld,\"currency\":\"CNY\"}",
	    (long long)c->fen, (long long)c->total_fen);
}

static enum err
wechat_body(struct provider_api *a, const struct provider_call_row *c, const char *payer,
    struct buf *b)
{
	buf_byte(b, '{');
	switch (c->kind) {
	case CALL_SPLIT:
		split_body(b, a, c);
		break;
	case CALL_UNFREEZE:
		add_member(b, "transaction_id", c->payment_number);
		add_member(b, "out_order_no", c->number);
		add_member(b, "description", "release");
		break;
	case CALL_RETURN:
		add_member(b, "out_order_no", c->split_number);
		add_member(b, "out_return_no", c->number);
		add_member(b, "return_mchid", c->items[0].receiver);
		add_amount(b, "amount", c->fen);
		add_member(b, "description", "return");
		break;
	default:
		refund_body(b, c);
		break;
	}
	add_payer(b, a, payer);
	buf_byte(b, '}');
	return buf_err(b);
}

/* ---- The interface -------------------------------------------------------------------------------- */

static enum err
wechat_send(struct provider_api *a, const struct provider_call_row *c, const struct buf *body,
    provider_reply_fn *done, void *ctx, struct provider_ask **out)
{
	static const char *const paths[CALL_KIND_COUNT] = {[CALL_SPLIT] =
	                                                       "/v3/profitsharing/orders",
	    [CALL_UNFREEZE] = "/v3/profitsharing/orders/unfreeze",
	    [CALL_RETURN] = "/v3/profitsharing/return-orders",
	    [CALL_REFUND] = "/v3/refund/domestic/refunds"};
	struct question q = {.kind = WECHAT_SEND, .call = c, .body = body};
	struct buf url;

	url_init(&url, a);
	buf_str(&url, paths[c->kind]);
	return get(a, &q, &url, done, ctx, out);
}

static enum err
wechat_query(struct provider_api *a, const struct provider_call_row *c, const char *payer,
    provider_reply_fn *done, void *ctx, struct provider_ask **out)
{
	struct question q = {.kind = WECHAT_QUERY, .call = c};
	char before = '?';
	struct buf url;

	url_init(&url, a);
	if (c->kind == CALL_REFUND)
		buf_str(&url, "/v3/refund/domestic/refunds/");
	else
		buf_printf(&url, "/v3/profitsharing/%s/",
		    c->kind == CALL_RETURN ? "return-orders" : "orders");
	add_part(&url, c->number);
	if (c->kind != CALL_REFUND) {
		add_query(&url, before, c->kind == CALL_RETURN ? "out_order_no" : "transaction_id",
		    c->kind == CALL_RETURN ? c->split_number : c->payment_number);
		before = '&';
	}
	if (is_sub(a, payer))
		add_query(&url, before, "sub_mchid", payer);
	return get(a, &q, &url, done, ctx, out);
}

static enum err
wechat_amounts(struct provider_api *a, const char *payment, provider_reply_fn *done, void *ctx,
    struct provider_ask **out)
{
	struct question q = {.kind = WECHAT_AMOUNTS};
	struct buf url;

	url_init(&url, a);
	buf_str(&url, "/v3/profitsharing/transactions/");
	add_part(&url, payment);
	buf_str(&url, "/amounts");
	return get(a, &q, &url, done, ctx, out);
}

static enum err
wechat_add_receiver(struct provider_api *a, const struct provider_receiver *r,
    provider_reply_fn *done, void *ctx, struct provider_ask **out)
{
	struct wechat *w = (struct wechat *)a;
	struct question q = {.kind = WECHAT_RECEIVER, .encrypted = !r->personal};
	struct buf body, name, url;
	enum err e = ERR_OK;

	buf_init(&body, BODY_MAX);
	buf_init(&name, BODY_MAX);
	if (!r->personal)
		e = wechat_encrypt(w->keys, r->name, &name);
	buf_byte(&body, '{');
	add_member(&body, "appid", w->conf->wechat_appid);
	add_payer(&body, a, r->payer);
	add_member(&body, "type", r->personal ? "PERSONAL_OPENID" : "MERCHANT_ID");
	add_member(&body, "account", r->receiver);
	if (!r->personal)
		add_member(&body, "name", buf_cstr(&name));
	add_member(&body, "relation_type", r->personal ? "STAFF" : "DISTRIBUTOR");
	buf_byte(&body, '}');
	q.body = &body;
	if (e == ERR_OK)
		e = buf_err(&body);
	url_init(&url, a);
	buf_str(&url, "/v3/profitsharing/receivers/add");
	if (e == ERR_OK)
		e = get(a, &q, &url, done, ctx, out);
	else
		buf_release(&url);
	buf_release(&name);
	buf_release(&body);
	return e;
}

/* A sub-merchant's fund bill has a method of its own, and comes sealed. */
static enum err
wechat_bill(struct provider_api *a, enum bill_kind kind, const char *payer, int32_t day,
    provider_reply_fn *done, void *ctx, struct provider_ask **out)
{
	static const char *const paths[] = {[BILL_KIND_TRADE] = "bill/tradebill",
	    [BILL_KIND_SPLIT] = "profitsharing/bills",
	    [BILL_KIND_FUND] = "bill/fundflowbill"};
	struct question q = {.kind = WECHAT_BILL};
	const bool sub = is_sub(a, payer), sealed = sub && kind == BILL_KIND_FUND;
	int32_t y, m, d;
	struct buf url;

	civil_from_days(day, &y, &m, &d);
	url_init(&url, a);
	buf_printf(&url, "/v3/%s?bill_date=%04d-%02d-%02d",
	    sealed ? "bill/sub-merchant-fundflowbill" : paths[kind], (int)y, (int)m, (int)d);
	if (sub)
		add_query(&url, '&', "sub_mchid", payer);
	if (sealed)
		buf_str(&url, "&account_type=BASIC&algorithm=AEAD_AES_256_GCM");
	add_query(&url, '&', "tar_type", "GZIP");
	return get(a, &q, &url, done, ctx, out);
}

static enum err
wechat_download(struct provider_api *a, const struct provider_file *file, provider_reply_fn *done,
    void *ctx, struct provider_ask **out)
{
	const struct question q = {.kind = WECHAT_DOWNLOAD,
	    .url = file->url,
	    .seal = file->sealed ? &file->seal : NULL};

	return ask(a, &q, done, ctx, out);
}

static void
wechat_cancel(struct provider_ask *q)
{
	client_cancel(q->send);
	free(q);
}

static void
wechat_free(struct provider_api *a)
{
	struct wechat *w = (struct wechat *)a;

	wechat_keys_free(w->keys);
	free(w);
}

/* ---- Made ------------------------------------------------------------------------------------------- */

static enum err
keys_load(const struct conf *c, struct wechat_keys **out, struct reason *r)
{
	const struct wechat_key_conf k = {.mchid = c->wechat_mchid,
	    .serial = c->wechat_serial,
	    .key_file = c->wechat_key_file,
	    .platform_key_file = c->wechat_platform_key_file,
	    .platform_serial = c->wechat_platform_serial};
	struct reason why = {0};

	if (client_url_check(c->wechat_url, c->wechat_http_allowed, &why) != ERR_OK)
		return reason_set(r, ERR_CONF, "wechat_url", "%s", why.text);
	if (client_ca_check(c->wechat_ca_file, &why) != ERR_OK)
		return reason_set(r, ERR_CONF, "wechat_ca_file", "%s", why.text);
	if (c->wechat_appid[0] == '\0')
		return reason_set(r, ERR_CONF, "wechat_appid", "must be set when wechat_url is");
	return wechat_keys_load(out, &k, r);
}

enum err
wechat_check(const struct conf *conf, struct reason *r)
{
	struct wechat_keys *keys = NULL;
	enum err e;

	if (conf->wechat_url[0] == '\0')
		return ERR_OK;
	e = keys_load(conf, &keys, r);
	if (e == ERR_OK && wechat_expired(keys) != NULL)
		e = reason_set(r, ERR_CONF, "wechat_platform_key_file",
		    "the certificate %s has expired", wechat_expired(keys));
	wechat_keys_free(keys);
	return e;
}

enum err
wechat_new(struct provider_api **out, const struct conf *conf, struct client *client,
    struct reason *r)
{
	static const struct provider_ops ops = {.add_receiver = wechat_add_receiver,
	    .body = wechat_body,
	    .send = wechat_send,
	    .query = wechat_query,
	    .amounts = wechat_amounts,
	    .bill = wechat_bill,
	    .download = wechat_download,
	    .cancel = wechat_cancel,
	    .free = wechat_free};
	struct wechat *w = calloc(1, sizeof(*w));
	enum err e;

	if (w == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	*w = (struct wechat){.api = {.ops = &ops, .provider = PROVIDER_WECHAT},
	    .conf = conf,
	    .client = client};
	e = keys_load(conf, &w->keys, r);
	if (e != ERR_OK) {
		free(w);
		return e;
	}
	/* Orders are worth more than payouts: it does not keep the service from starting. */
	if (wechat_expired(w->keys) != NULL)
		log_error(LOG_MSG("a certificate of wechat_platform_key_file has expired"),
		    LOG_STR("serial", wechat_expired(w->keys)));
	*out = &w->api;
	return ERR_OK;
}
