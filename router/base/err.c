#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"

#define X(name, word, http) {word, http},
static const struct {
	const char *word;
	int http;
} codes[] = {CODE_TABLE(X)};
#undef X

#define X(name, code, again, text) {#name, text, CODE_##code, again},
static const struct {
	const char *name;
	const char *text;
	enum code code;
	bool retry;
} errs[] = {ERR_TABLE(X)};
#undef X

const char *
err_name(enum err e)
{
	static char lower[ERR_COUNT][32];
	char *name;
	size_t i;

	assert(e < ERR_COUNT);
	/* The table has the enum's spelling; the wire wants lower case.  Made once per row. */
	name = lower[e];
	if (name[0] == '\0') {
		assert(strlen(errs[e].name) < sizeof(lower[e]));
		for (i = 0; errs[e].name[i] != '\0'; i++) {
			name[i] = errs[e].name[i];
			if (name[i] >= 'A' && name[i] <= 'Z')
				name[i] = (char)(name[i] - 'A' + 'a');
		}
	}
	return name;
}

const char *
err_text(enum err e)
{
	assert(e < ERR_COUNT);
	return errs[e].text;
}

enum code
err_code(enum err e)
{
	assert(e < ERR_COUNT);
	return errs[e].code;
}

bool
err_retry(enum err e)
{
	assert(e < ERR_COUNT);
	return errs[e].retry;
}

const char *
code_word(enum code c)
{
	assert(c < sizeof(codes) / sizeof(codes[0]));
	return codes[c].word;
}

int
code_http(enum code c)
{
	assert(c < sizeof(codes) / sizeof(codes[0]));
	return codes[c].http;
}

/* Ends ${s}, which was cut, before the character that did not fit whole. */
static void
cut_utf8(char *s)
{
	size_t len, back, want;
	unsigned char lead;

	len = strlen(s);
	for (back = 1; back <= 4 && back <= len; back++) {
		lead = (unsigned char)s[len - back];
		if ((lead & 0xc0) == 0x80)
			continue;
		want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
		if (want > back)
			s[len - back] = '\0';
		return;
	}
}

/* A text made of what others cut ("%.64s", a parser's message) may have half a character within. */
static void
mend_utf8(char *s)
{
	size_t len = strlen(s), at = 0, n;

	while (at < len) {
		for (n = 1; n <= 4 && n <= len - at && !utf8_valid(s + at, n); n++)
			continue;
		if (n <= 4 && n <= len - at) {
			at += n;
		} else {
			s[at++] = '?';
		}
	}
}

enum err
reason_set(struct reason *r, enum err e, const char *field, const char *fmt, ...)
{
	va_list ap;
	int n;

	r->err = e;
	n = snprintf(r->field, sizeof(r->field), "%s", field != NULL ? field : "");
	if (n < 0 || (size_t)n >= sizeof(r->field))
		cut_utf8(r->field);
	mend_utf8(r->field);
	va_start(ap, fmt);
	n = vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(r->text))
		cut_utf8(r->text);
	mend_utf8(r->text);
	return e;
}
