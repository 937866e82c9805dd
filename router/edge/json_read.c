#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/parse.h"
#include "edge/json_read.h"
#include "edge/json_write.h"
#include "edge/path.h"

#define MEMORY_TEXT "the request needs more memory than request_memory_max allows"

struct reading {
	const struct wire_limits *limits;
	struct arena *arena;
	struct path path;
	uint32_t values;
	struct reason *reason;
};

/*
 * jansson's allocator is one for the process and takes no context.  While json_read() runs, and it
 * never gives the loop away, that is the request's arena; the tree is not freed but dropped with it.
 *
 * A full arena is left by a jump: jansson 2.14 does not look whether its string buffer could grow
 * (lex_save) and then writes beyond its end.  All it holds is in the arena, so nothing is lost.
 */
static struct arena *tree_arena;
static jmp_buf tree_escape;

static void *
tree_alloc(size_t size)
{
	void *p;

	if (tree_arena == NULL)
		return malloc(size);
	p = arena_alloc(tree_arena, size);
	if (p == NULL)
		longjmp(tree_escape, 1);
	return p;
}

static void
tree_free(void *p)
{
	if (tree_arena == NULL)
		free(p);
}

static enum err read_message(struct reading *rd, const ProtobufCMessageDescriptor *d,
    const json_t *j, ProtobufCMessage *m);

static enum err
fail(struct reading *rd, enum err e, const char *text)
{
	return path_fail(&rd->path, NULL, rd->reason, e, "%s", text);
}

static enum err
fail_arena(struct reading *rd)
{
	return reason_set(rd->reason, ERR_TOO_LARGE, NULL, MEMORY_TEXT);
}

/* NULL: not a text, or one with a NUL in it. */
static const char *
as_text(const json_t *j)
{
	if (!json_is_string(j) || strlen(json_string_value(j)) != json_string_length(j))
		return NULL;
	return json_string_value(j);
}

/* A number, or a text that holds one and nothing else, as a double. */
static bool
as_double(const json_t *j, double *out)
{
	if (json_is_number(j)) {
		*out = json_number_value(j);
		return isfinite(*out);
	}
	return as_text(j) != NULL && parse_double(as_text(j), out) == ERR_OK;
}

/* Integers may come as 5, "5", 5.0 or 5e0. */
static bool
as_i64(const json_t *j, int64_t *out)
{
	double d;

	if (json_is_integer(j)) {
		*out = json_integer_value(j);
		return true;
	}
	if (as_text(j) != NULL && parse_i64(as_text(j), INT64_MIN, INT64_MAX, out) == ERR_OK)
		return true;
	/* 2^63 itself is a double; the greatest int64 is not. */
	if (!as_double(j, &d) || d != trunc(d) || d < -0x1p63 || d >= 0x1p63)
		return false;
	*out = (int64_t)d;
	return true;
}

static bool
as_u64(const json_t *j, uint64_t *out)
{
	int64_t n;
	double d;

	if (as_text(j) != NULL && parse_u64(as_text(j), UINT64_MAX, out) == ERR_OK)
		return true;
	if (as_i64(j, &n)) {
		*out = (uint64_t)n;
		return n >= 0;
	}
	if (!as_double(j, &d) || d != trunc(d) || d < 0 || d >= 0x1p64)
		return false;
	*out = (uint64_t)d;
	return true;
}

static enum err
read_integer(struct reading *rd, ProtobufCType type, const json_t *j, void *to)
{
	int64_t n = 0;
	uint64_t u = 0;
	bool ok;

	switch (type) {
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		ok = as_u64(j, &u);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		ok = as_u64(j, &u) && u <= UINT32_MAX;
		break;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		ok = as_i64(j, &n) && n >= INT32_MIN && n <= INT32_MAX;
		u = (uint64_t)n;
		break;
	default:
		ok = as_i64(j, &n);
		u = (uint64_t)n;
		break;
	}
	if (!ok)
		return fail(rd, ERR_BAD_FIELD, "this is not an integer that fits");
	if (json_element_size(type) == sizeof(u)) {
		memcpy(to, &u, sizeof(u));
	} else {
		uint32_t u32 = (uint32_t)u;

		memcpy(to, &u32, sizeof(u32));
	}
	return ERR_OK;
}

static enum err
read_real(struct reading *rd, ProtobufCType type, const json_t *j, void *to)
{
	double d;

	if (!as_double(j, &d))
		return fail(rd, ERR_BAD_FIELD, "this is not a number");
	if (type == PROTOBUF_C_TYPE_FLOAT) {
		float f = (float)d;

		if (!isfinite(f))
			return fail(rd, ERR_BAD_FIELD, "the number does not fit");
		memcpy(to, &f, sizeof(f));
	} else {
		memcpy(to, &d, sizeof(d));
	}
	return ERR_OK;
}

static enum err
read_enum(struct reading *rd, const ProtobufCFieldDescriptor *f, const json_t *j, void *to)
{
	const ProtobufCEnumDescriptor *ed = f->descriptor;
	const ProtobufCEnumValue *v = NULL;
	int64_t n;
	int32_t value;

	if (as_text(j) != NULL)
		v = protobuf_c_enum_descriptor_get_value_by_name(ed, as_text(j));
	else if (as_i64(j, &n) && n >= INT32_MIN && n <= INT32_MAX)
		v = protobuf_c_enum_descriptor_get_value(ed, (int)n);
	if (v == NULL)
		return path_fail(&rd->path, NULL, rd->reason, ERR_BAD_FIELD,
		    "this is not a value of %s", ed->name);
	value = v->value;
	memcpy(to, &value, sizeof(value));
	return ERR_OK;
}

static enum err
read_text(struct reading *rd, const json_t *j, void *to)
{
	char *copy;

	if (!json_is_string(j))
		return fail(rd, ERR_BAD_FIELD, "this is not a text");
	if (as_text(j) == NULL)
		return fail(rd, ERR_BAD_FIELD, "the text holds a NUL");
	copy = arena_strdup(rd->arena, as_text(j));
	if (copy == NULL)
		return fail_arena(rd);
	memcpy(to, &copy, sizeof(copy));
	return ERR_OK;
}

static enum err
read_bytes(struct reading *rd, const json_t *j, void *to)
{
	ProtobufCBinaryData b = {0, NULL};
	size_t size;

	if (!json_is_string(j))
		return fail(rd, ERR_BAD_FIELD, "this is not base64");
	size = json_string_length(j) / 4 * 3 + 3;
	b.data = arena_alloc(rd->arena, size);
	if (b.data == NULL)
		return fail_arena(rd);
	if (b64_decode(json_string_value(j), json_string_length(j), b.data, size, &b.len) != ERR_OK)
		return fail(rd, ERR_BAD_FIELD, "this is not base64");
	memcpy(to, &b, sizeof(b));
	return ERR_OK;
}

/* parse_time() keeps microseconds; a Timestamp has nanoseconds. */
static int32_t
nanos_of(const char *text)
{
	const char *dot = strchr(text, '.');
	int32_t nanos = 0;
	bool is_digit = dot != NULL;

	for (int i = 1; i <= 9; i++) {
		is_digit = is_digit && dot[i] >= '0' && dot[i] <= '9';
		nanos = nanos * 10 + (is_digit ? dot[i] - '0' : 0);
	}
	return nanos;
}

static enum err
read_timestamp(struct reading *rd, const json_t *j, ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *f = m->descriptor->fields;
	int64_t us, seconds;
	int32_t nanos;

	if (as_text(j) == NULL || parse_time(as_text(j), &us) != ERR_OK)
		return fail(rd, ERR_BAD_FIELD, "this is not a time such as 2026-11-21T08:00:00Z");
	seconds = us / 1000000 - (us % 1000000 < 0 ? 1 : 0);
	nanos = nanos_of(as_text(j));
	memcpy((char *)m + f[0].offset, &seconds, sizeof(seconds));
	memcpy((char *)m + f[1].offset, &nanos, sizeof(nanos));
	return ERR_OK;
}

static enum err
read_submessage(struct reading *rd, const ProtobufCMessageDescriptor *d, const json_t *j, void *to)
{
	ProtobufCMessage *m;
	enum err e;

	m = arena_alloc(rd->arena, d->sizeof_message);
	if (m == NULL)
		return fail_arena(rd);
	protobuf_c_message_init(d, m);
	if (wire_is_timestamp(d))
		e = read_timestamp(rd, j, m);
	else
		e = read_message(rd, d, j, m);
	memcpy(to, &m, sizeof(m));
	return e;
}

static enum err
read_value(struct reading *rd, const ProtobufCFieldDescriptor *f, const json_t *j, void *to)
{
	protobuf_c_boolean b;

	if (++rd->values > rd->limits->values_max)
		return fail(rd, ERR_TOO_LARGE, "the message has too many values");
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return read_text(rd, j, to);
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(rd, j, to);
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_submessage(rd, f->descriptor, j, to);
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(rd, f, j, to);
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_FLOAT:
		return read_real(rd, f->type, j, to);
	case PROTOBUF_C_TYPE_BOOL:
		if (!json_is_boolean(j))
			return fail(rd, ERR_BAD_FIELD, "this is not true or false");
		b = json_is_true(j);
		memcpy(to, &b, sizeof(b));
		return ERR_OK;
	default:
		return read_integer(rd, f->type, j, to);
	}
}

static enum err
read_list(struct reading *rd, const ProtobufCFieldDescriptor *f, const json_t *j,
    ProtobufCMessage *m)
{
	size_t n, size = json_element_size(f->type);
	char *elements;

	if (!json_is_array(j))
		return fail(rd, ERR_BAD_FIELD, "this is not a list");
	n = json_array_size(j);
	if (n > rd->limits->repeated_max)
		return path_fail(&rd->path, NULL, rd->reason, ERR_TOO_LARGE,
		    "the list has more than %u elements", rd->limits->repeated_max);
	elements = arena_array(rd->arena, n, size);
	if (elements == NULL)
		return fail_arena(rd);
	memcpy((char *)m + f->quantifier_offset, &n, sizeof(n));
	memcpy((char *)m + f->offset, &elements, sizeof(elements));
	for (size_t i = 0; i < n; i++) {
		enum err e;

		rd->path.steps[rd->path.depth - 1].index = (uint32_t)i;
		e = read_value(rd, f, json_array_get(j, i), elements + i * size);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* Is ${key} the field's name in the .proto file, or that in camelCase? */
static bool
name_is(const char *snake, const char *key)
{
	const char *s = snake, *k = key;

	if (strcmp(snake, key) == 0)
		return true;
	for (; *s != '\0'; s++, k++) {
		char c = *s;

		if (c == '_') {
			c = *++s;
			if (c >= 'a' && c <= 'z')
				c = (char)(c - 'a' + 'A');
		}
		if (c != *k || c == '\0')
			return false;
	}
	return *k == '\0';
}

static const ProtobufCFieldDescriptor *
find_field(const ProtobufCMessageDescriptor *d, const char *key)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		if (d->fields[i].name[0] == key[0] && name_is(d->fields[i].name, key))
			return &d->fields[i];
	}
	return NULL;
}

static enum err
read_field(struct reading *rd, const ProtobufCFieldDescriptor *f, const json_t *j,
    ProtobufCMessage *m)
{
	uint32_t which;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(rd, f, j, m);
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		memcpy(&which, (char *)m + f->quantifier_offset, sizeof(which));
		if (which != 0)
			return fail(rd, ERR_BAD_FIELD, "another field of its choice is there too");
		which = f->id;
		memcpy((char *)m + f->quantifier_offset, &which, sizeof(which));
	}
	return read_value(rd, f, j, (char *)m + f->offset);
}

static enum err
read_message(struct reading *rd, const ProtobufCMessageDescriptor *d, const json_t *j,
    ProtobufCMessage *m)
{
	bool seen[WIRE_FIELDS_MAX] = {false};
	json_t *object, *value;
	const char *key;
	void *it;

	assert(d->n_fields <= WIRE_FIELDS_MAX);
	if (!json_is_object(j))
		return fail(rd, ERR_BAD_FIELD, "this is not an object");
	memcpy(&object, &j,
	    sizeof(object)); /* iterating changes nothing, but jansson wants it so */
	for (it = json_object_iter(object); it != NULL; it = json_object_iter_next(object, it)) {
		const ProtobufCFieldDescriptor *f;
		enum err e;

		key = json_object_iter_key(it);
		value = json_object_iter_value(it);
		f = find_field(d, key);
		if (f == NULL)
			return path_fail(&rd->path, key, rd->reason, ERR_BAD_FIELD,
			    "%s has no such field", d->short_name);
		if (!path_push(&rd->path, f, PATH_WHOLE))
			return fail(rd, ERR_TOO_LARGE, "nested too deeply");
		if (seen[f - d->fields])
			return fail(rd, ERR_BAD_FIELD, "the field is there twice");
		seen[f - d->fields] = true;
		e = json_is_null(value) ? ERR_OK : read_field(rd, f, value, m);
		if (e != ERR_OK)
			return e;
		path_pop(&rd->path);
	}
	return ERR_OK;
}

static json_t *
parse(const uint8_t *p, size_t len, struct arena *a, struct reason *r)
{
	json_error_t error;
	json_t *j;

	assert(tree_arena == NULL);
	if (len == 0) {
		(void)reason_set(r, ERR_BAD_BODY, NULL, "the body is empty; send a JSON object");
		return NULL;
	}
	tree_arena = a;
	if (setjmp(tree_escape) != 0) {
		tree_arena = NULL;
		(void)reason_set(r, ERR_TOO_LARGE, NULL, MEMORY_TEXT);
		return NULL;
	}
	/* NUL is let through here so that it can be refused with the name of its field. */
	j = json_loadb((const char *)p, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	tree_arena = NULL;
	if (j == NULL)
		(void)reason_set(r, ERR_BAD_BODY, NULL, "not JSON: line %d column %d: %s",
		    error.line, error.column, error.text);
	return j;
}

enum err
json_read(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t len,
    const struct wire_limits *limits, struct arena *a, ProtobufCMessage **out, struct reason *r)
{
	struct reading rd = {.limits = limits, .arena = a, .reason = r};
	static bool alloc_set;
	ProtobufCMessage *m;
	json_t *j;

	if (!alloc_set) {
		json_set_alloc_funcs(tree_alloc, tree_free);
		alloc_set = true;
	}
	j = parse(p, len, a, r);
	if (j == NULL)
		return r->err;
	if (!json_is_object(j))
		return reason_set(r, ERR_BAD_BODY, NULL, "the body is not a JSON object");
	m = arena_alloc(a, d->sizeof_message);
	if (m == NULL)
		return fail_arena(&rd);
	protobuf_c_message_init(d, m);
	*out = m;
	return read_message(&rd, d, j, m);
}
