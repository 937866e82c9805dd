#include <stdio.h>

#include "yuncang/v1/common.pb-c.h"

#include "base/digest.h"
#include "edge/fault.h"
#include "edge/json_write.h"
#include "edge/wire_write.h"

int
fault_http(const struct reason *r)
{
	return code_http(err_code(r->err));
}

/* Base64 without padding, as the Connect protocol has it. */
static void
write_value(struct buf *out, const ProtobufCMessage *m)
{
	const uint8_t *packed;
	struct wire_out w;
	uint8_t *to;
	size_t len;
	enum err e;

	wire_out_init(&w, out->size_max);
	e = wire_write(&w, m, &packed, &len);
	if (e != ERR_OK) {
		out->err = e;
	} else if ((to = buf_reserve(out, B64_SIZE(len))) != NULL) {
		b64_encode(packed, len, (char *)to);
		out->len += (len * 4 + 2) / 3;
	}
	wire_out_release(&w);
}

static void
write_detail(struct buf *out, const ProtobufCMessage *m)
{
	buf_str(out, "{\"type\":");
	json_write_text(out, m->descriptor->name);
	buf_str(out, ",\"value\":\"");
	write_value(out, m);
	buf_str(out, "\",\"debug\":");
	json_write(out, m);
	buf_byte(out, '}');
}

void
fault_write(struct buf *out, const struct reason *r, const ProtobufCMessage *detail)
{
	Yuncang__V1__ErrorDetail first = YUNCANG__V1__ERROR_DETAIL__INIT;
	char message[REASON_FIELD_MAX + REASON_TEXT_MAX + 2];
	char name[64];
	char field[REASON_FIELD_MAX];
	char text[REASON_TEXT_MAX];

	snprintf(name, sizeof(name), "%s", err_name(r->err));
	snprintf(field, sizeof(field), "%s", r->field);
	snprintf(text, sizeof(text), "%s", r->text[0] != '\0' ? r->text : err_text(r->err));
	first.reason = name;
	first.field = field;
	first.text = text;
	first.retry = err_retry(r->err);
	snprintf(message, sizeof(message), "%s%s%s", field, field[0] != '\0' ? ": " : "", text);
	buf_str(out, "{\"code\":");
	json_write_text(out, code_word(err_code(r->err)));
	buf_str(out, ",\"message\":");
	json_write_text(out, message);
	buf_str(out, ",\"details\":[");
	write_detail(out, &first.base);
	if (detail != NULL) {
		buf_byte(out, ',');
		write_detail(out, detail);
	}
	buf_str(out, "]}");
}
