#include "flow/store_code.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

#define CODE_VERSION 1
#define MAC_SIZE 16
#define FIELDS_MAX (1 + 3 * 5) /* varints of 32 bits */

void
store_code_old(const struct app *app, const char *location, char out[STORE_CODE_SIZE])
{
	uint8_t mac[DIGEST_SIZE];

	digest_hmac(app->store_secret, sizeof(app->store_secret), location, strlen(location), mac);
	b64url_encode(mac, MAC_SIZE, out);
}

void
store_code_make(const struct app *app, const struct world *w, const struct store_code *c,
    char out[STORE_CODE_SIZE_MAX])
{
	uint8_t raw[FIELDS_MAX + MAC_SIZE], mac[DIGEST_SIZE], *at = raw;

	_Static_assert(B64URL_SIZE(FIELDS_MAX + MAC_SIZE) <= STORE_CODE_SIZE_MAX,
	    "the longest code fits");
	*at++ = CODE_VERSION;
	at = varint_put(at, (uint32_t)w->locations[c->location].id);
	at = varint_put(at, (uint32_t)c->staff);
	at = varint_put(at, (uint32_t)(c->until_us / US_PER_MIN));
	digest_hmac(app->store_secret, sizeof(app->store_secret), raw, (size_t)(at - raw), mac);
	memcpy(at, mac, MAC_SIZE);
	b64url_encode(raw, (size_t)(at - raw) + MAC_SIZE, out);
}

static enum err
not_a_code(const char *field, struct reason *r)
{
	return reason_set(r, ERR_BAD_TOKEN, field, "is not this store's code");
}

static enum err
read_old(const struct app *app, const struct world *w, const char *text, const char *field,
    struct store_code *c, struct reason *r)
{
	char want[STORE_CODE_SIZE];

	if (c->location == NONE)
		return reason_set(r, ERR_BAD_TOKEN, field,
		    "is a code that does not name its store; the request must");
	store_code_old(app, w->locations[c->location].code, want);
	if (!digest_equal(text, want, sizeof(want) - 1))
		return not_a_code(field, r);
	c->staff = 0;
	c->until_us = 0;
	return ERR_OK;
}

enum err
store_code_read(const struct app *app, const struct world *w, const char *text, int64_t now_us,
    const char *field, struct store_code *c, struct reason *r)
{
	uint8_t raw[STORE_CODE_SIZE_MAX], mac[DIGEST_SIZE];
	uint64_t location, staff, until_min;
	struct rd in;
	int32_t at;
	size_t len;

	if (strlen(text) == STORE_CODE_SIZE - 1)
		return read_old(app, w, text, field, c, r);
	if (b64url_decode(text, strlen(text), raw, sizeof(raw), &len) != ERR_OK || len <= MAC_SIZE)
		return not_a_code(field, r);
	len -= MAC_SIZE;
	digest_hmac(app->store_secret, sizeof(app->store_secret), raw, len, mac);
	if (!digest_equal(mac, raw + len, MAC_SIZE))
		return not_a_code(field, r);
	rd_init(&in, raw, len);
	if (rd_byte(&in) != CODE_VERSION)
		return not_a_code(field, r);
	location = rd_varint(&in);
	staff = rd_varint(&in);
	until_min = rd_varint(&in);
	at = in.ok && in.at == in.end && location <= INT32_MAX && staff <= INT32_MAX
	    ? world_location(w, (int32_t)location)
	    : NONE;
	if (at == NONE || (c->location != NONE && c->location != at))
		return not_a_code(field, r);
	if (until_min != 0 && until_min <= (uint64_t)(now_us / US_PER_MIN))
		return reason_set(r, ERR_TOKEN_EXPIRED, field, "has expired; scan it anew");
	c->location = at;
	c->staff = world_party_row(w, (int32_t)staff) != NULL ? (int32_t)staff : 0;
	c->until_us = (int64_t)until_min * US_PER_MIN;
	return ERR_OK;
}
