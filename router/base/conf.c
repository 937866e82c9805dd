#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/parse.h"

#define LINE_SIZE_MAX 4096
#define ENV_PREFIX "YUNCANG_"
#define WHERE_SIZE_MAX 128
#define VALUE_SIZE_MAX 32

enum type { TYPE_INT, TYPE_SIZE, TYPE_MS, TYPE_BOOL, TYPE_TEXT, TYPE_LEVEL };

struct row {
	const char *name;
	const char *def;
	const char *text;
	int64_t min;
	int64_t max;
	size_t offset;
	enum type type;
	bool reload;
};

#define X(name, type, min, max, def, reload, text) \
	{#name, def, text, min, max, offsetof(struct conf, name), TYPE_##type, reload},
static const struct row rows[] = {CONF_TABLE(X)};
#undef X
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

extern char **environ;

static void *
field(struct conf *c, const struct row *r)
{
	return (char *)c + r->offset;
}

static const void *
field_const(const struct conf *c, const struct row *r)
{
	return (const char *)c + r->offset;
}

static bool
is_text(const struct row *r)
{
	return r->type == TYPE_TEXT || r->type == TYPE_LEVEL;
}

static const struct row *
find(const char *name)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* ${v} with the largest unit that divides it, as parse.h reads it. */
static void
format_number(const struct row *r, int64_t v, char out[VALUE_SIZE_MAX])
{
	static const struct {
		enum type type;
		int64_t size;
		const char *word;
	} units[] = {
	    {TYPE_SIZE, INT64_C(1) << 40, "TiB"},
	    {TYPE_SIZE, INT64_C(1) << 30, "GiB"},
	    {TYPE_SIZE, INT64_C(1) << 20, "MiB"},
	    {TYPE_SIZE, INT64_C(1) << 10, "KiB"},
	    {TYPE_MS, 86400000, "d"},
	    {TYPE_MS, 3600000, "h"},
	    {TYPE_MS, 60000, "min"},
	    {TYPE_MS, 1000, "s"},
	    {TYPE_MS, 1, "ms"},
	};
	const char *word;
	size_t i;

	word = "";
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].type == r->type && v != 0 && v % units[i].size == 0) {
			v /= units[i].size;
			word = units[i].word;
			break;
		}
	}
	(void)snprintf(out, VALUE_SIZE_MAX, "%lld%s", (long long)v, word);
}

static enum err
set_number(struct conf *c, const struct row *row, const char *value, const char *where,
    struct reason *r)
{
	char min[VALUE_SIZE_MAX], max[VALUE_SIZE_MAX];
	int64_t v;
	enum err e;

	if (row->type == TYPE_INT)
		e = parse_i64(value, INT64_MIN, INT64_MAX, &v);
	else if (row->type == TYPE_SIZE)
		e = parse_size(value, &v);
	else
		e = parse_duration_ms(value, 1, &v);
	if (e != ERR_OK)
		return reason_set(r, ERR_CONF, row->name, "%s: %s is not a %s", where, value,
		    row->type == TYPE_INT      ? "whole number"
		        : row->type == TYPE_MS ? "duration such as 500ms, 10s, 15min"
		                               : "size such as 512KiB, 64MiB");
	if (v < row->min || v > row->max) {
		format_number(row, row->min, min);
		format_number(row, row->max, max);
		return reason_set(r, ERR_CONF, row->name, "%s: %s is not %s to %s", where, value,
		    min, max);
	}
	*(int64_t *)field(c, row) = v;
	return ERR_OK;
}

static enum err
set_text(struct conf *c, const struct row *row, const char *value, struct reason *r)
{
	char **at;
	char *copy;

	copy = strdup(value);
	if (copy == NULL)
		return reason_set(r, ERR_NO_MEMORY, row->name, "%s", err_text(ERR_NO_MEMORY));
	at = field(c, row);
	free(*at);
	*at = copy;
	return ERR_OK;
}

/* ${where} names the place for the reason: "yuncang.conf:12: batch_orders_max". */
static enum err
set(struct conf *c, const struct row *row, const char *value, const char *where, struct reason *r)
{
	enum log_level lvl;

	switch (row->type) {
	case TYPE_INT:
	case TYPE_SIZE:
	case TYPE_MS:
		return set_number(c, row, value, where, r);
	case TYPE_BOOL:
		if (parse_bool(value, field(c, row)) == ERR_OK)
			return ERR_OK;
		return reason_set(r, ERR_CONF, row->name, "%s: %s is not on or off", where, value);
	case TYPE_LEVEL:
		if (!log_level_parse(value, &lvl))
			return reason_set(r, ERR_CONF, row->name,
			    "%s: %s is not error, warn, info or debug", where, value);
		return set_text(c, row, value, r);
	case TYPE_TEXT:
		return set_text(c, row, value, r);
	}
	abort();
}

/* Cuts white space off both ends of ${s}, in place. */
static char *
trim(char *s)
{
	size_t len;

	s += strspn(s, " \t\r\n");
	for (len = strlen(s); len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL; len--)
		continue;
	s[len] = '\0';
	return s;
}

static enum err
read_line(struct conf *c, char *line, const char *where, bool *seen, struct reason *r)
{
	char place[WHERE_SIZE_MAX + 64];
	const struct row *row;
	char *equals, *name;

	line = trim(line);
	if (*line == '\0' || *line == '#')
		return ERR_OK;
	equals = strchr(line, '=');
	if (equals == NULL)
		return reason_set(r, ERR_CONF, NULL, "%s: not \"name = value\"", where);
	*equals = '\0';
	name = trim(line);
	row = find(name);
	if (row == NULL)
		return reason_set(r, ERR_CONF, NULL, "%s: %s: no such setting", where, name);
	if (seen[row - rows])
		return reason_set(r, ERR_CONF, name, "%s: %s: set twice", where, name);
	seen[row - rows] = true;
	(void)snprintf(place, sizeof(place), "%s: %s", where, name);
	return set(c, row, trim(equals + 1), place, r);
}

static enum err
read_file(struct conf *c, const char *path, struct reason *r)
{
	char line[LINE_SIZE_MAX], where[WHERE_SIZE_MAX];
	bool seen[ROW_COUNT] = {false};
	enum err e;
	size_t len;
	FILE *f;
	int n;

	f = fopen(path, "re");
	if (f == NULL)
		return reason_set(r, ERR_CONF, NULL, "%s: %s", path, strerror(errno));
	e = ERR_OK;
	for (n = 1; e == ERR_OK && fgets(line, sizeof(line), f) != NULL; n++) {
		(void)snprintf(where, sizeof(where), "%s:%d", path, n);
		len = strlen(line);
		/* A NUL in the file ends here as well. */
		if ((len == 0 || line[len - 1] != '\n') && !feof(f))
			e = reason_set(r, ERR_CONF, NULL, "%s: longer than %d bytes, or not text",
			    where, LINE_SIZE_MAX - 2);
		else
			e = read_line(c, line, where, seen, r);
	}
	if (e == ERR_OK && ferror(f))
		e = reason_set(r, ERR_CONF, NULL, "%s: %s", path, strerror(errno));
	(void)fclose(f);
	return e;
}

static enum err
read_env(struct conf *c, struct reason *r)
{
	char place[WHERE_SIZE_MAX], name[64];
	const struct row *row;
	const char *at, *equals;
	size_t i, len;
	enum err e;

	for (i = 0; environ != NULL && environ[i] != NULL; i++) {
		if (strncmp(environ[i], ENV_PREFIX, strlen(ENV_PREFIX)) != 0)
			continue;
		at = environ[i] + strlen(ENV_PREFIX);
		equals = strchr(at, '=');
		if (equals == NULL ||
		    strncmp(environ[i], CONF_ENV_KEY "=", sizeof(CONF_ENV_KEY)) == 0)
			continue;
		for (len = 0; at + len < equals && len < sizeof(name) - 1; len++)
			name[len] = (char)(at[len] >= 'A' && at[len] <= 'Z' ? at[len] + 32
			        : at[len] >= 'a' && at[len] <= 'z'          ? '?'
			                                                    : at[len]);
		name[len] = '\0';
		(void)snprintf(place, sizeof(place), "%.*s", (int)(equals - environ[i]),
		    environ[i]);
		row = find(name);
		if (row == NULL)
			return reason_set(r, ERR_CONF, NULL, "%s: no such setting", place);
		e = set(c, row, equals + 1, place, r);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err
conf_load(struct conf *c, const char *path, struct reason *r)
{
	enum err e;
	size_t i;

	*c = (struct conf){0};
	e = ERR_OK;
	for (i = 0; e == ERR_OK && i < ROW_COUNT; i++) {
		e = set(c, &rows[i], rows[i].def, "default", r);
		assert(e != ERR_CONF);
	}
	if (e == ERR_OK && path != NULL)
		e = read_file(c, path, r);
	if (e == ERR_OK)
		e = read_env(c, r);
	if (e != ERR_OK)
		conf_release(c);
	return e;
}

void
conf_release(struct conf *c)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (is_text(&rows[i]))
			free(*(char **)field(c, &rows[i]));
	*c = (struct conf){0};
}

static bool
same(const struct conf *a, const struct conf *b, const struct row *r)
{
	const void *x, *y;

	x = field_const(a, r);
	y = field_const(b, r);
	if (is_text(r))
		return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	if (r->type == TYPE_BOOL)
		return *(const bool *)x == *(const bool *)y;
	return *(const int64_t *)x == *(const int64_t *)y;
}

void
conf_reload(struct conf *c, const struct conf *fresh)
{
	struct reason reason;
	const struct row *r;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++) {
		r = &rows[i];
		if (same(c, fresh, r))
			continue;
		if (!r->reload)
			log_warn(LOG_MSG("setting changes at the next start only"),
			    LOG_STR("setting", r->name));
		else if (r->type == TYPE_BOOL)
			*(bool *)field(c, r) = *(const bool *)field_const(fresh, r);
		else if (!is_text(r))
			*(int64_t *)field(c, r) = *(const int64_t *)field_const(fresh, r);
		else if (set_text(c, r, *(char *const *)field_const(fresh, r), &reason) != ERR_OK)
			log_error(LOG_MSG("setting stays as it was"), LOG_STR("setting", r->name),
			    LOG_STR("err", err_name(reason.err)));
	}
}

void
conf_print(const struct conf *c, FILE *to)
{
	char number[VALUE_SIZE_MAX];
	const struct row *r;
	const void *at;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++) {
		r = &rows[i];
		at = field_const(c, r);
		if (is_text(r)) {
			(void)fprintf(to, "%s = %s\n", r->name, *(char *const *)at);
		} else if (r->type == TYPE_BOOL) {
			(void)fprintf(to, "%s = %s\n", r->name, *(const bool *)at ? "on" : "off");
		} else {
			format_number(r, *(const int64_t *)at, number);
			(void)fprintf(to, "%s = %s\n", r->name, number);
		}
	}
}

/* roff takes a leading dot or quote for a command, and a bare hyphen for a dash. */
static void
print_roff(FILE *to, const char *s)
{
	if (*s == '.' || *s == '\'')
		(void)fputs("\\&", to);
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			(void)fputs("\\e", to);
		else if (*s == '-')
			(void)fputs("\\-", to);
		else
			(void)fputc(*s, to);
	}
}

void
conf_print_man(FILE *to)
{
	static const char *const words[] = {"number", "size", "duration", "on or off", "text",
	    "level"};
	char min[VALUE_SIZE_MAX], max[VALUE_SIZE_MAX];
	const struct row *r;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++) {
		r = &rows[i];
		(void)fprintf(to, ".TP\n.B %s\n", r->name);
		print_roff(to, r->text);
		(void)fprintf(to, ".\n.br\n%s", words[r->type]);
		if (!is_text(r) && r->type != TYPE_BOOL) {
			format_number(r, r->min, min);
			format_number(r, r->max, max);
			(void)fprintf(to, ", %s to %s", min, max);
		}
		(void)fputs("; default: ", to);
		print_roff(to, *r->def != '\0' ? r->def : "empty");
		(void)fputs(r->reload ? "; reloadable\n" : "\n", to);
	}
}
