#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"

#define LINE_SIZE_MAX 4096

enum log_level log_level_max = LOG_LEVEL_INFO;

static const char *const words[] = {"error", "warn", "info", "debug"};

struct line {
	char text[LINE_SIZE_MAX];
	size_t len;
};

/* What does not fit is cut; the last byte is kept for the newline. */
static void
put(struct line *l, const char *s, size_t len)
{
	size_t room;

	room = sizeof(l->text) - 1 - l->len;
	if (len > room)
		len = room;
	memcpy(l->text + l->len, s, len);
	l->len += len;
}

static void
put_str(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static bool
is_plain(const char *s)
{
	const unsigned char *c;

	if (*s == '\0')
		return false;
	for (c = (const unsigned char *)s; *c != '\0'; c++)
		if (*c <= ' ' || *c == '"' || *c == '=' || *c == '\\' || *c == 0x7f)
			return false;
	return true;
}

/* In quotes, so that no value can begin a line or a field of its own. */
static void
put_quoted(struct line *l, const char *s)
{
	char escape[8];
	const unsigned char *c;

	put(l, "\"", 1);
	for (c = (const unsigned char *)s; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\') {
			escape[0] = '\\';
			escape[1] = (char)*c;
			put(l, escape, 2);
		} else if (*c == '\n') {
			put(l, "\\n", 2);
		} else if (*c < ' ' || *c == 0x7f) {
			(void)snprintf(escape, sizeof(escape), "\\x%02x", *c);
			put(l, escape, 4);
		} else {
			escape[0] = (char)*c;
			put(l, escape, 1);
		}
	}
	put(l, "\"", 1);
}

void
log_write(enum log_level lvl, const struct log_field *fields)
{
	struct line l;
	char text[TIME_TEXT_SIZE];
	ssize_t n;

	l.len = 0;
	/* Cut to milliseconds, and always with them: lines then sort as text. */
	format_time(clock_wall_us() / US_PER_MS * US_PER_MS + 1, text);
	text[23] = 'Z';
	put_str(&l, "t=");
	put(&l, text, 24);
	put_str(&l, " lvl=");
	put_str(&l, words[lvl]);
	for (; fields->name != NULL; fields++) {
		put_str(&l, " ");
		put_str(&l, fields->name);
		put_str(&l, "=");
		if (fields->str == NULL) {
			(void)snprintf(text, sizeof(text), "%lld", (long long)fields->num);
			put_str(&l, text);
		} else if (is_plain(fields->str)) {
			put_str(&l, fields->str);
		} else {
			put_quoted(&l, fields->str);
		}
	}
	l.text[l.len++] = '\n';
	/* Nobody is left to tell when even this fails. */
	n = write(STDERR_FILENO, l.text, l.len);
	(void)n;
}

bool
log_level_parse(const char *s, enum log_level *lvl)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(s, words[i]) == 0) {
			*lvl = (enum log_level)i;
			return true;
		}
	}
	return false;
}
