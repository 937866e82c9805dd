#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "edge/path.h"

bool
path_push(struct path *p, const ProtobufCFieldDescriptor *field, uint32_t index)
{
	if (p->depth == PATH_DEPTH_MAX)
		return false;
	p->steps[p->depth].field = field;
	p->steps[p->depth].index = index;
	p->depth++;
	return true;
}

void
path_pop(struct path *p)
{
	assert(p->depth > 0);
	p->depth--;
}

/* Appends what fits; the end is cut, as reason_set() would. */
static size_t
put(char out[REASON_FIELD_MAX], size_t at, const char *text)
{
	size_t len = strlen(text);

	if (len > REASON_FIELD_MAX - 1 - at)
		len = REASON_FIELD_MAX - 1 - at;
	memcpy(out + at, text, len);
	out[at + len] = '\0';
	return at + len;
}

void
path_print(const struct path *p, const char *last, char out[REASON_FIELD_MAX])
{
	char index[16];
	size_t at = 0;

	out[0] = '\0';
	for (int i = 0; i < p->depth; i++) {
		const struct path_step *s = &p->steps[i];

		if (i > 0)
			at = put(out, at, ".");
		at = put(out, at, s->field->name);
		if (s->index != PATH_WHOLE) {
			snprintf(index, sizeof(index), "[%u]", s->index);
			at = put(out, at, index);
		}
	}
	if (last != NULL) {
		if (at > 0)
			at = put(out, at, ".");
		put(out, at, last);
	}
}

enum err
path_fail(const struct path *p, const char *last, struct reason *r, enum err e, const char *fmt,
    ...)
{
	char field[REASON_FIELD_MAX];
	char text[REASON_TEXT_MAX];
	va_list ap;

	path_print(p, last, field);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return reason_set(r, e, field, "%s", text);
}
