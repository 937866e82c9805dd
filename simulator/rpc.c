#include "simulator/rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/digest.h"
#include "yuncang/v1/common.pb-c.h"

#define DETAIL_SIZE_MAX 2048

uint8_t *
rpc_pack(const ProtobufCMessage *m, size_t *len)
{
	uint8_t *p;

	*len = protobuf_c_message_get_packed_size(m);
	p = malloc(*len + 1);
	if (p != NULL)
		(void)protobuf_c_message_pack(m, p);
	return p;
}

/* The first detail is yuncang.v1.ErrorDetail; Connect sends base64 without padding. */
static void
detail_read(struct rpc_answer *a, const char *value, bool *retry)
{
	char padded[DETAIL_SIZE_MAX + 4];
	uint8_t raw[DETAIL_SIZE_MAX];
	size_t len = strlen(value), raw_len;
	Yuncang__V1__ErrorDetail *d;

	if (len >= DETAIL_SIZE_MAX)
		return;
	memcpy(padded, value, len);
	while (len % 4 != 0)
		padded[len++] = '=';
	if (b64_decode(padded, len, raw, sizeof(raw), &raw_len) != ERR_OK)
		return;
	d = yuncang__v1__error_detail__unpack(NULL, raw_len, raw);
	if (d == NULL)
		return;
	if (d->reason[0] != '\0')
		(void)snprintf(a->reason, sizeof(a->reason), "%s", d->reason);
	if (d->text[0] != '\0')
		(void)snprintf(a->text, sizeof(a->text), "%s%s%s", d->field,
		    d->field[0] != '\0' ? ": " : "", d->text);
	*retry = d->retry;
	yuncang__v1__error_detail__free_unpacked(d, NULL);
}

static void
error_read(struct rpc_answer *a, const uint8_t *body, size_t len)
{
	json_t *root = json_loadb((const char *)body, len, 0, NULL);
	const char *code = json_string_value(json_object_get(root, "code"));
	const char *text = json_string_value(json_object_get(root, "message"));
	json_t *detail = json_array_get(json_object_get(root, "details"), 0);
	const char *value = json_string_value(json_object_get(detail, "value"));
	bool retry = a->status == 503;

	(void)snprintf(a->reason, sizeof(a->reason), "%s",
	    code != NULL ? code : "no_connect_error");
	(void)snprintf(a->text, sizeof(a->text), "%s", text != NULL ? text : "");
	if (value != NULL)
		detail_read(a, value, &retry);
	if (root != NULL)
		json_decref(root);
	a->outcome = retry ? RPC_AGAIN : RPC_REFUSED;
}

void
rpc_judge(struct rpc_answer *a, const ProtobufCMessageDescriptor *response, int status,
    const uint8_t *body, size_t len)
{
	static const uint8_t nothing[1];

	*a = (struct rpc_answer){.outcome = RPC_AGAIN, .status = status};
	if (body == NULL)
		body = nothing;
	if (status == 0) {
		(void)snprintf(a->reason, sizeof(a->reason), "no_answer");
		return;
	}
	if (status != 200) {
		error_read(a, body, len);
		return;
	}
	a->message = protobuf_c_message_unpack(response, NULL, len, body);
	if (a->message == NULL) {
		a->outcome = RPC_REFUSED;
		(void)snprintf(a->reason, sizeof(a->reason), "unreadable_answer");
		return;
	}
	a->outcome = RPC_OK;
	a->body = body;
	a->body_len = len;
}

void
rpc_answer_release(struct rpc_answer *a)
{
	if (a->message != NULL)
		protobuf_c_message_free_unpacked(a->message, NULL);
	a->message = NULL;
}
