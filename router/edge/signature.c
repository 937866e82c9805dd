#include "edge/signature.h"

#include <assert.h>
#include <string.h>

#include "base/digest.h"

#define PREFIX "whsec_"
#define SECRET_MADE 32
#define HEADERS_MAX 2048

void
signature_secret_make(struct signature_secret *s)
{
	s->len = SECRET_MADE;
	random_bytes(s->bytes, s->len);
}

void
signature_secret_text(const struct signature_secret *s, char out[SIGNATURE_TEXT_SIZE])
{
	_Static_assert(sizeof(PREFIX) + B64_SIZE(SIGNATURE_SECRET_MAX) <= SIGNATURE_TEXT_SIZE,
	    "a secret's text fits");

	memcpy(out, PREFIX, sizeof(PREFIX));
	b64_encode(s->bytes, s->len, out + strlen(PREFIX));
}

enum err
signature_secret_read(const char *text, struct signature_secret *s)
{
	const char *code = text + strlen(PREFIX);

	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return ERR_BAD_FIELD;
	if (b64_decode(code, strlen(code), s->bytes, sizeof(s->bytes), &s->len) != ERR_OK ||
	    s->len < SIGNATURE_SECRET_MIN)
		return ERR_BAD_FIELD;
	return ERR_OK;
}

void
signature_add(struct buf *out, const char *id, int64_t timestamp_s, const void *body,
    size_t body_len, const struct signature_secret *secrets, int count)
{
	char code[B64_SIZE(DIGEST_SIZE)];
	uint8_t mac[DIGEST_SIZE];
	struct buf text;

	assert(count >= 1 && count <= SIGNATURE_SECRETS_MAX);
	buf_init(&text, strlen(id) + 32 + body_len);
	buf_str(&text, id);
	buf_byte(&text, '.');
	buf_i64_dec(&text, timestamp_s);
	buf_byte(&text, '.');
	buf_add(&text, body, body_len);
	if (buf_err(&text) != ERR_OK)
		out->err = buf_err(&text);
	for (int i = 0; i < count && out->err == ERR_OK; i++) {
		digest_hmac(secrets[i].bytes, secrets[i].len, text.data, text.len, mac);
		b64_encode(mac, sizeof(mac), code);
		buf_str(out, i == 0 ? "v1," : " v1,");
		buf_str(out, code);
	}
	buf_release(&text);
}

enum err
signed_headers_make(struct signed_headers *h, const char *id, int64_t timestamp_s, const void *body,
    size_t body_len, const struct signature_secret *secrets, int count)
{
	size_t at[SIGNATURE_HEADERS];
	int n = 0;

	memset(h, 0, sizeof(*h));
	buf_init(&h->text, HEADERS_MAX);
	at[n++] = h->text.len;
	buf_str(&h->text, "content-type: application/json");
	buf_byte(&h->text, '\0');
	at[n++] = h->text.len;
	buf_str(&h->text, "accept: application/json");
	buf_byte(&h->text, '\0');
	at[n++] = h->text.len;
	buf_str(&h->text, "webhook-id: ");
	buf_str(&h->text, id);
	buf_byte(&h->text, '\0');
	at[n++] = h->text.len;
	buf_str(&h->text, "webhook-timestamp: ");
	buf_i64_dec(&h->text, timestamp_s);
	buf_byte(&h->text, '\0');
	at[n++] = h->text.len;
	buf_str(&h->text, "webhook-signature: ");
	signature_add(&h->text, id, timestamp_s, body, body_len, secrets, count);
	buf_byte(&h->text, '\0');
	assert(n == SIGNATURE_HEADERS);
	if (buf_err(&h->text) != ERR_OK)
		return ERR_NO_MEMORY;
	for (n = 0; n < SIGNATURE_HEADERS; n++)
		h->lines[n] = (const char *)h->text.data + at[n];
	return ERR_OK;
}

void
signed_headers_release(struct signed_headers *h)
{
	buf_release(&h->text);
}
