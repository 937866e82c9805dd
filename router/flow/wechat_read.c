#include "flow/wechat_inside.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/parse.h"
#include "edge/json_tree.h"

struct reading {
	const struct provider_ask *q;
	struct arena *arena;
	struct provider_reply *out;
};

/* ---- JSON ----------------------------------------------------------------------------------------- */

static bool
copy_of(struct reading *rd, const struct json_t *m, const char *name, const char **out)
{
	*out = arena_strdup(rd->arena, json_tree_text(m, name));
	return *out != NULL;
}

/* When it ended by the provider's word; now, when it does not say. */
static int64_t
time_of(const struct json_t *m, const char *name)
{
	int64_t us;

	if (parse_time(json_tree_text(m, name), &us) == ERR_OK)
		return us;
	return clock_wall_us();
}

static bool
unreadable(const struct reading *rd, const char *what)
{
	rd->out->word = WORD_UNKNOWN;
	(void)snprintf(rd->out->code, sizeof(rd->out->code), "%s", what);
	return false;
}

/* The provider speaks of something else under our number: nothing of it is taken. */
static bool
differs(const struct reading *rd, const char *what)
{
	const struct provider_call_row *c = rd->q->call;

	metric_add(METRIC_provider_differs_total, 1);
	log_error(LOG_MSG("the provider knows a call otherwise than we do"),
	    LOG_STR("number", c->number), LOG_STR("what", what));
	return unreadable(rd, PROVIDER_DIFFERS);
}

/* ---- Calls ---------------------------------------------------------------------------------------- */

static bool
is_word(const char *s, const char *word)
{
	return strcmp(s, word) == 0;
}

/* PENDING and its like are all that is none of the two. */
static enum provider_result
result_of(const char *s)
{
	if (is_word(s, "SUCCESS"))
		return RESULT_SUCCESS;
	return is_word(s, "CLOSED") || is_word(s, "FAILED") ? RESULT_CLOSED : RESULT_PENDING;
}

static const struct json_t *
receiver_find(const struct json_t *list, const struct provider_item_row *item)
{
	const char *type = item->personal ? "PERSONAL_OPENID" : "MERCHANT_ID";
	const struct json_t *m;

	for (size_t i = 0; (m = json_tree_at(list, i)) != NULL; i++)
		if (is_word(json_tree_text(m, "account"), item->receiver) &&
		    is_word(json_tree_text(m, "type"), type))
			return m;
	return NULL;
}

static bool
read_item(struct reading *rd, const struct json_t *m, struct provider_item_row *item)
{
	int64_t fen;

	if (m == NULL)
		return differs(rd, "a receiver is missing");
	if (!json_tree_amount(m, "amount", &fen) || fen != item->fen)
		return differs(rd, "a receiver's amount");
	item->result = result_of(json_tree_text(m, "result"));
	item->actual_fen = item->result == RESULT_SUCCESS ? fen : 0;
	item->finished_us = time_of(m, "finish_time");
	if (!copy_of(rd, m, "fail_reason", &item->fail_reason) ||
	    !copy_of(rd, m, "detail_id", &item->detail_id))
		return unreadable(rd, "no memory");
	return true;
}

/* FINISHED only says that nothing pends; each receiver has a result of his own. */
static bool
read_split(struct reading *rd, const struct json_t *m)
{
	const struct json_t *list = json_tree_member(m, "receivers");
	const struct provider_call_row *c = rd->q->call;

	for (int i = 0; i < c->item_count; i++)
		if (!rd->out->items[i].left_out &&
		    !read_item(rd, receiver_find(list, &c->items[i]), &rd->out->items[i]))
			return false;
	return true;
}

/* Its rows say what was released. */
static bool
read_unfreeze(struct reading *rd, const struct json_t *m)
{
	struct provider_item_row *item = &rd->out->items[0];
	const struct json_t *list = json_tree_member(m, "receivers"), *row;
	bool pending = !is_word(json_tree_text(m, "state"), "FINISHED");
	int64_t fen;

	item->actual_fen = 0;
	item->finished_us = clock_wall_us();
	item->fail_reason = item->detail_id = "";
	for (size_t i = 0; (row = json_tree_at(list, i)) != NULL; i++) {
		pending = pending || result_of(json_tree_text(row, "result")) == RESULT_PENDING;
		if (!json_tree_amount(row, "amount", &fen))
			return differs(rd, "an amount");
		if (!is_word(json_tree_text(row, "result"), "SUCCESS"))
			continue;
		item->actual_fen += fen;
		item->finished_us = time_of(row, "finish_time");
		if (!copy_of(rd, row, "detail_id", &item->detail_id))
			return unreadable(rd, "no memory");
	}
	item->result = pending ? RESULT_PENDING : RESULT_SUCCESS;
	return true;
}

static bool
read_return(struct reading *rd, const struct json_t *m)
{
	struct provider_item_row *item = &rd->out->items[0];
	int64_t fen;

	if (!json_tree_amount(m, "amount", &fen) || fen != item->fen)
		return differs(rd, "amount");
	if (!is_word(json_tree_text(m, "return_mchid"), item->receiver))
		return differs(rd, "return_mchid");
	item->result = result_of(json_tree_text(m, "result"));
	item->actual_fen = item->result == RESULT_SUCCESS ? fen : 0;
	item->finished_us = time_of(m, "finish_time");
	item->detail_id = "";
	return copy_of(rd, m, "fail_reason", &item->fail_reason) || unreadable(rd, "no memory");
}

static bool
read_refund(struct reading *rd, const struct json_t *m)
{
	const struct json_t *money = json_tree_member(m, "amount");
	struct provider_item_row *item = &rd->out->items[0];
	int64_t fen;

	if (!json_tree_amount(money, "refund", &fen) || fen != rd->q->call->fen)
		return differs(rd, "amount");
	if (!is_word(json_tree_text(m, "transaction_id"), rd->q->call->payment_number))
		return differs(rd, "transaction_id");
	item->result = result_of(json_tree_text(m, "status"));
	if (is_word(json_tree_text(m, "status"), "ABNORMAL"))
		log_error(LOG_MSG(
		              "the customer's bank did not take a refund; end it at the provider"),
		    LOG_STR("number", rd->q->call->number));
	item->actual_fen = item->result == RESULT_SUCCESS ? fen : 0;
	item->finished_us = time_of(m, "success_time");
	item->detail_id = "";
	item->fail_reason = item->result == RESULT_CLOSED ? "CLOSED" : "";
	return true;
}

static bool
read_call(struct reading *rd, const struct json_t *m)
{
	static const struct {
		const char *number, *id;
		bool (*read)(struct reading *rd, const struct json_t *m);
	} kinds[CALL_KIND_COUNT] = {[CALL_SPLIT] = {"out_order_no", "order_id", read_split},
	    [CALL_UNFREEZE] = {"out_order_no", "order_id", read_unfreeze},
	    [CALL_RETURN] = {"out_return_no", "return_id", read_return},
	    [CALL_REFUND] = {"out_refund_no", "refund_id", read_refund}};
	const struct provider_call_row *c = rd->q->call;

	if (!is_word(json_tree_text(m, kinds[c->kind].number), c->number))
		return differs(rd, kinds[c->kind].number);
	rd->out->items =
	    arena_memdup(rd->arena, c->items, (size_t)c->item_count * sizeof(*rd->out->items));
	if (rd->out->items == NULL || !copy_of(rd, m, kinds[c->kind].id, &rd->out->provider_id))
		return unreadable(rd, "no memory");
	assert(kinds[c->kind].read != NULL);
	return kinds[c->kind].read(rd, m);
}

/* ---- The rest --------------------------------------------------------------------------------------- */

static bool
copy_to(const struct json_t *m, const char *name, char *out, size_t size)
{
	const char *text = json_tree_text(m, name);
	size_t len = strlen(text);

	if (len == 0 || len >= size)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

/* A sub-merchant's fund bill comes sealed, in a list: a second file only where the first has 16 GB. */
static bool
read_bill(struct reading *rd, const struct json_t *m)
{
	const struct json_t *list = json_tree_member(m, "download_bill_list");
	struct provider_file *out = &rd->out->file;

	out->sealed = list != NULL;
	if (out->sealed && json_tree_at(list, 1) != NULL)
		return unreadable(rd, "bill in parts");
	if (out->sealed)
		m = json_tree_at(list, 0);
	if (!is_word(json_tree_text(m, "hash_type"), "SHA1") ||
	    strlen(json_tree_text(m, "hash_value")) != sizeof(out->sha1) - 1 ||
	    !copy_to(m, "hash_value", out->sha1, sizeof(out->sha1)) ||
	    !copy_to(m, "download_url", out->url, sizeof(out->url)))
		return unreadable(rd, "bill");
	if (out->sealed &&
	    (!copy_to(m, "encrypt_key", out->seal.key, sizeof(out->seal.key)) ||
	        !copy_to(m, "nonce", out->seal.nonce, sizeof(out->seal.nonce))))
		return unreadable(rd, "bill's seal");
	for (char *c = out->sha1; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return true;
}

static void
read_ok(struct reading *rd, const struct json_t *m)
{
	switch (rd->q->question) {
	case WECHAT_SEND:
	case WECHAT_QUERY:
		(void)read_call(rd, m);
		break;
	case WECHAT_AMOUNTS:
		if (!json_tree_amount(m, "unsplit_amount", &rd->out->fen))
			(void)unreadable(rd, "unsplit_amount");
		break;
	case WECHAT_BILL:
		(void)read_bill(rd, m);
		break;
	default:
		break;
	}
}

static enum provider_word
refusal(const struct provider_ask *q, const struct json_t *m, int status)
{
	const char *code = json_tree_text(m, "code"), *message = json_tree_text(m, "message");
	bool asks = q->question != WECHAT_SEND && q->question != WECHAT_RECEIVER;

	if (status == 429 || is_word(code, "FREQUENCY_LIMITED") ||
	    is_word(code, "RATELIMIT_EXCEED"))
		return WORD_BUSY;
	if (status < 400 || status >= 500 || code[0] == '\0')
		return WORD_UNKNOWN;
	/* Our key or our clock: not the call's fault. */
	if (status == 401)
		return WORD_LATER;
	if (is_word(code, "NO_STATEMENT_EXIST"))
		return WORD_NO_SUCH;
	if (is_word(code, "STATEMENT_CREATING"))
		return WORD_LATER;
	if (asks)
		return is_word(code, "RESOURCE_NOT_EXISTS") ? WORD_NO_SUCH : WORD_UNKNOWN;
	/* "The order is being processed, try again later" has no code of its own. */
	if (is_word(code, "INVALID_REQUEST") && strstr(message, "稍后") != NULL)
		return WORD_LATER;
	return WORD_REFUSED;
}

void
wechat_read(const struct provider_ask *q, const struct client_answer *a, struct arena *arena,
    struct provider_reply *out)
{
	struct reading rd = {.q = q, .arena = arena, .out = out};
	struct json_t *m = json_tree_read(a->body, a->body_len);

	out->word = WORD_DONE;
	if (a->status == 200 && m != NULL) {
		read_ok(&rd, m);
	} else {
		const char *code = json_tree_text(m, "code");

		out->word = refusal(q, m, a->status);
		(void)snprintf(out->code, sizeof(out->code), "%s", code[0] != '\0' ? code : "HTTP");
		log_warn(LOG_MSG("the provider refuses"),
		    LOG_STR("number", q->call != NULL ? q->call->number : ""),
		    LOG_INT("status", a->status), LOG_STR("code", code),
		    LOG_STR("message", json_tree_text(m, "message")));
	}
	json_tree_free(m);
}
