#include "edge/json_tree.h"

#include <jansson.h>

struct json_t *
json_tree_read(const void *p, size_t len)
{
	json_t *m = json_loadb(p, len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(m))
		return m;
	json_decref(m);
	return NULL;
}

void
json_tree_free(struct json_t *m)
{
	json_decref(m);
}

const struct json_t *
json_tree_member(const struct json_t *m, const char *name)
{
	return json_object_get(m, name);
}

const char *
json_tree_text(const struct json_t *m, const char *name)
{
	const char *s = json_string_value(json_object_get(m, name));

	return s != NULL ? s : "";
}

bool
json_tree_amount(const struct json_t *m, const char *name, int64_t *out)
{
	const json_t *v = json_object_get(m, name);

	*out = json_integer_value(v);
	return json_is_integer(v) && *out >= 0;
}

const struct json_t *
json_tree_at(const struct json_t *list, size_t i)
{
	return json_array_get(list, i);
}
