/* convert: checks of one field of a message. */
#include "flow/convert.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SECONDS_MAX INT64_C(253402300799) /* the end of the year 9999 */

void
convert_path(const struct place *at, char out[REASON_FIELD_MAX])
{
	if (at->above[0] == '\0')
		(void)snprintf(out, REASON_FIELD_MAX, "%s", at->name);
	else if (at->index < 0)
		(void)snprintf(out, REASON_FIELD_MAX, "%s.%s", at->above, at->name);
	else
		(void)snprintf(out, REASON_FIELD_MAX, "%s.%s[%d]", at->above, at->name, at->index);
}

enum err
convert_fail(struct reason *r, enum err e, const struct place *at, const char *fmt, ...)
{
	char field[REASON_FIELD_MAX], text[REASON_TEXT_MAX];
	va_list args;

	convert_path(at, field);
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return reason_set(r, e, field, "%s", text);
}

enum err
convert_range(struct reason *r, const struct place *at, int64_t v, int64_t min, int64_t max)
{
	if (v >= min && v <= max)
		return ERR_OK;
	return convert_fail(r, ERR_BAD_FIELD, at,
	    "%" PRId64 "; must be from %" PRId64 " to %" PRId64, v, min, max);
}

enum err
convert_count(struct reason *r, const struct place *at, size_t count, size_t min, size_t max)
{
	if (count >= min && count <= max)
		return ERR_OK;
	return convert_fail(r, ERR_BAD_FIELD, at, "%zu of them; must be from %zu to %zu", count,
	    min, max);
}

enum err
convert_text(struct reason *r, const struct place *at, const char *text, char *out, size_t size)
{
	size_t len = strlen(text);

	if (len >= size)
		return convert_fail(r, ERR_BAD_FIELD, at, "%zu bytes; at most %zu", len, size - 1);
	memcpy(out, text, len + 1);
	return ERR_OK;
}

enum err
convert_code(struct reason *r, const struct place *at, const struct strmap *m, const char *code,
    int32_t *idx)
{
	uint32_t i = strmap_get(m, code);

	if (i == STRMAP_NONE)
		return convert_fail(r, ERR_UNKNOWN_ID, at, "\"%.64s\" is not in the catalog", code);
	*idx = (int32_t)i;
	return ERR_OK;
}

enum err
convert_time(struct reason *r, const struct place *at, const Google__Protobuf__Timestamp *t,
    int64_t *us)
{
	*us = 0;
	if (t == NULL)
		return ERR_OK;
	if (t->seconds < 1 || t->seconds > SECONDS_MAX || t->nanos < 0 || t->nanos > 999999999)
		return convert_fail(r, ERR_BAD_FIELD, at,
		    "must lie after 1970 and before the year 10000");
	*us = t->seconds * US_PER_S + t->nanos / 1000;
	return ERR_OK;
}
