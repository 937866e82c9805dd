/* serial: see the header. */
#include <stdio.h>
#include <string.h>

#include "domain/serial.h"

bool
serial_valid(const char *text)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:+#";
	size_t len = strlen(text);

	return len >= 1 && len <= SERIAL_BYTES_MAX && strspn(text, allowed) == len;
}

static enum err
bad(struct reason *r, const char *field, int n, const char *text)
{
	char at[REASON_FIELD_MAX];

	(void)snprintf(at, sizeof(at), "%s[%d]", field, n);
	return reason_set(r, ERR_BAD_FIELD, at, "%s", text);
}

static int32_t
needed(const struct serial_need *need, int need_count, int32_t sku)
{
	for (int i = 0; i < need_count; i++)
		if (need[i].sku == sku)
			return need[i].quantity;
	return 0;
}

enum err
serials_check(const struct serial_need *need, int need_count, const struct serial *given, int count,
    const char *field, struct reason *r)
{
	int n;

	for (int i = 0; i < count; i++) {
		if (!serial_valid(given[i].text))
			return bad(r, field, i, "is not 1 to 64 letters, digits and - _ . / : + #");
		if (needed(need, need_count, given[i].sku) == 0)
			return bad(r, field, i, "names a sku that is not handed over with numbers");
		for (n = 0; n < i; n++)
			if (given[n].sku == given[i].sku &&
			    strcmp(given[n].text, given[i].text) == 0)
				return bad(r, field, i, "stands here twice");
	}
	for (int i = 0; i < need_count; i++) {
		n = 0;
		for (int k = 0; k < count; k++)
			n += given[k].sku == need[i].sku;
		if (n != need[i].quantity)
			return reason_set(r, ERR_BAD_FIELD, field,
			    "%d pieces of one sku are handed over with %d numbers",
			    (int)need[i].quantity, n);
	}
	return ERR_OK;
}
