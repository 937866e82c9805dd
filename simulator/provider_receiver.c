/* provider_receiver: whom a payer may pay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulator/provider_api.h"
#include "simulator/provider_keys.h"

#define RECEIVERS_MAX 20000

static const char *const types[] = {"MERCHANT_ID", "PERSONAL_OPENID", "PERSONAL_SUB_OPENID"};
static const char *const relations[] = {"SERVICE_PROVIDER", "STORE", "STAFF", "STORE_OWNER",
    "PARTNER", "HEADQUARTER", "BRAND", "DISTRIBUTOR", "USER", "SUPPLIER", "CUSTOM"};

static bool
one_of(const char *s, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(s, words[i]) == 0)
			return true;
	return false;
}

bool
receiver_name_check(const struct ask *q, const json_t *from, bool must, struct answer *a)
{
	const char *name = body_text(from, "name");

	if (name == NULL || name[0] == '\0')
		return must ? answer_param(a, "分账接收方全称未设置") : true;
	if (q->keys == NULL)
		return true;
	if (q->serial == NULL || strcmp(q->serial, q->keys->platform_serial) != 0)
		return answer_param(a, "平台证书序列号Wechatpay-Serial错误");
	return keys_decrypt(q->keys, name) || answer_param(a, "敏感信息解密失败");
}

static void
key_make(char out[KEY_SIZE], const char *payer, const char *type, const char *account)
{
	(void)snprintf(out, KEY_SIZE, "%s %s %s", payer, type, account);
}

bool
receiver_listed(const struct books *b, const char *payer, const char *type, const char *account)
{
	const struct receiver *r;
	char key[KEY_SIZE];

	key_make(key, payer, type, account);
	r = books_find(&b->receivers, key);
	return r != NULL && r->listed;
}

struct named {
	char type[24], account[NUMBER_SIZE], appid[33], relation[24], custom[41];
};

static bool
named_read(const struct ask *q, struct named *n, struct answer *a)
{
	if (!body_copy(q->body, "type", true, n->type, sizeof(n->type)) ||
	    !one_of(n->type, types, sizeof(types) / sizeof(types[0])))
		return answer_param(a, "分账接收方类型错误");
	if (!body_copy(q->body, "account", true, n->account, sizeof(n->account)) ||
	    strchr(n->account, ' ') != NULL)
		return answer_param(a, "分账接收方账号错误");
	if (!body_copy(q->body, "appid", strcmp(n->type, types[0]) != 0, n->appid,
	        sizeof(n->appid)))
		return answer_param(a, "appid错误");
	return true;
}

/* What add and delete say: the receiver as it was named. */
static bool
named_answer(const struct ask *q, const struct named *n, struct answer *a)
{
	json_t *m = json_pack("{s:s, s:s}", "type", n->type, "account", n->account);
	static const char *const kept[] = {"sub_mchid", "relation_type", "custom_relation"};

	for (size_t i = 0; m != NULL && i < sizeof(kept) / sizeof(kept[0]); i++)
		if (body_text(q->body, kept[i]) != NULL)
			(void)json_object_set(m, kept[i], json_object_get(q->body, kept[i]));
	return answer_json(a, m);
}

static bool
relation_check(const struct ask *q, struct named *n, struct answer *a)
{
	if (!body_copy(q->body, "relation_type", true, n->relation, sizeof(n->relation)) ||
	    !one_of(n->relation, relations, sizeof(relations) / sizeof(relations[0])))
		return answer_param(a, "与分账方的关系类型错误");
	if (!body_copy(q->body, "custom_relation", strcmp(n->relation, "CUSTOM") == 0, n->custom,
	        sizeof(n->custom)))
		return answer_param(a, "自定义的分账关系错误");
	return receiver_name_check(q, q->body, strcmp(n->type, types[0]) == 0, a);
}

/* ${n} in its payer's list; NULL: never was. */
static struct receiver *
named_find(const struct books *b, const struct ask *q, const struct named *n, char key[KEY_SIZE])
{
	key_make(key, api_payer(b, q), n->type, n->account);
	return books_find(&b->receivers, key);
}

bool
api_receiver_add(struct books *b, struct ask *q, struct answer *a)
{
	struct merchant *m;
	struct receiver *r;
	struct named n;
	char key[KEY_SIZE];

	if (!named_read(q, &n, a) || !relation_check(q, &n, a))
		return false;
	m = books_merchant(b, api_payer(b, q));
	if (m == NULL)
		return answer_no_memory(a);
	r = named_find(b, q, &n, key);
	if (r != NULL && r->listed)
		return named_answer(q, &n, a);
	if (m->receiver_count >= RECEIVERS_MAX)
		return answer_refuse(a, 403, "RULE_LIMIT", "分账接收方数量超过上限");
	if (r == NULL) {
		r = calloc(1, sizeof(*r));
		if (r == NULL)
			return answer_no_memory(a);
		memcpy(r->key, key, sizeof(key));
		if (books_add(&b->receivers, r->key, r) != ERR_OK)
			return answer_no_memory(a);
	}
	r->listed = true;
	m->receiver_count++;
	b->changed = true;
	return named_answer(q, &n, a);
}

bool
api_receiver_delete(struct books *b, struct ask *q, struct answer *a)
{
	struct receiver *r;
	struct named n;
	char key[KEY_SIZE];

	if (!named_read(q, &n, a))
		return false;
	r = named_find(b, q, &n, key);
	if (r != NULL && r->listed) {
		r->listed = false;
		b->changed = true;
		books_merchant(b, api_payer(b, q))->receiver_count--; /* made when he was listed */
	}
	return named_answer(q, &n, a);
}
