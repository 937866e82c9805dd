#include "simulator/provider_sign.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/parse.h"

#define SCHEME "WECHATPAY2-SHA256-RSA2048"
#define MESSAGE_SIZE_MAX ((size_t)1 << 24)

struct parts {
	char mchid[40], nonce_str[160], timestamp[24], serial_no[48];
	char signature[SIGNATURE_TEXT_SIZE];
};

static bool
part_put(struct parts *p, const char *name, size_t name_len, const char *value, size_t len)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} known[] = {
	    {"mchid", p->mchid, sizeof(p->mchid)},
	    {"nonce_str", p->nonce_str, sizeof(p->nonce_str)},
	    {"timestamp", p->timestamp, sizeof(p->timestamp)},
	    {"serial_no", p->serial_no, sizeof(p->serial_no)},
	    {"signature", p->signature, sizeof(p->signature)},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == name_len &&
		    strncmp(known[i].name, name, name_len) == 0) {
			if (len == 0 || len >= known[i].size || known[i].to[0] != '\0')
				return false;
			memcpy(known[i].to, value, len);
			known[i].to[len] = '\0';
			return true;
		}
	return false;
}

/* SCHEME name="value",name="value"…, each of the five once. */
static bool
parts_read(struct parts *p, const char *s)
{
	*p = (struct parts){0};
	if (strncmp(s, SCHEME " ", sizeof(SCHEME)) != 0)
		return false;
	s += sizeof(SCHEME);
	for (;;) {
		size_t name_len = strcspn(s, "="), len;
		const char *name = s;

		s += name_len;
		if (s[0] != '=' || s[1] != '"')
			return false;
		s += 2;
		len = strcspn(s, "\"");
		if (s[len] != '"' || !part_put(p, name, name_len, s, len))
			return false;
		s += len + 1;
		if (*s == '\0')
			break;
		if (*s++ != ',')
			return false;
		s += strspn(s, " ");
	}
	return p->mchid[0] != '\0' && p->nonce_str[0] != '\0' && p->timestamp[0] != '\0' &&
	    p->serial_no[0] != '\0' && p->signature[0] != '\0';
}

const char *
sign_request_check(const struct provider_keys *k, const struct sign_request *q,
    const int64_t clocks[2], int *at)
{
	struct parts p;
	struct buf b;
	int64_t then_s;
	bool good;

	*at = 0;
	if (q->authorization == NULL)
		return "Http头Authorization值为空";
	if (!parts_read(&p, q->authorization) ||
	    parse_i64(p.timestamp, 0, INT64_C(1) << 40, &then_s) != ERR_OK)
		return "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";
	if (strcmp(p.mchid, k->merchant_number) != 0)
		return "商户号不存在";
	if (strcmp(p.serial_no, k->merchant_serial) != 0)
		return "商户证书序列号有误";
	while (*at < 2 && (then_s < clocks[*at] - SKEW_S || then_s > clocks[*at] + SKEW_S))
		++*at;
	if (*at == 2) {
		*at = 0;
		return "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟";
	}
	buf_init(&b, MESSAGE_SIZE_MAX);
	buf_printf(&b, "%s\n%s\n%s\n%s\n", q->method, q->uri, p.timestamp, p.nonce_str);
	buf_add(&b, q->body, q->body_len);
	buf_byte(&b, '\n');
	good = buf_err(&b) == ERR_OK && keys_verify(k, b.data, b.len, p.signature);
	buf_release(&b);
	return good ? NULL : "错误的签名，验签失败";
}

bool
sign_answer_make(struct sign_answer *out, const struct provider_keys *k, int64_t timestamp_s,
    const void *body, size_t len)
{
	uint8_t nonce[16];
	struct buf b;
	bool made;

	random_bytes(nonce, sizeof(nonce));
	hex_encode(nonce, sizeof(nonce), out->nonce);
	(void)snprintf(out->timestamp, sizeof(out->timestamp), "%lld", (long long)timestamp_s);
	buf_init(&b, MESSAGE_SIZE_MAX);
	buf_printf(&b, "%s\n%s\n", out->timestamp, out->nonce);
	buf_add(&b, body, len);
	buf_byte(&b, '\n');
	made = buf_err(&b) == ERR_OK && keys_sign(k, b.data, b.len, out->signature);
	buf_release(&b);
	return made;
}
