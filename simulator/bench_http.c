#include "simulator/bench_http.h"

#include <string.h>
#include <strings.h>

#define STATUS_LINE_MIN 13 /* "HTTP/1.1 200 " */
#define BODY_DIGITS_MAX 10

static const char length_name[] = "content-length:";
#define LENGTH_NAME_LEN (sizeof(length_name) - 1)

static bool
status_read(const uint8_t *p, int *status)
{
	*status = 0;
	if (memcmp(p, "HTTP/1.1 ", 9) != 0)
		return false;
	for (int i = 9; i < 12; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*status = *status * 10 + (p[i] - '0');
	}
	return *status >= 200;
}

/* ${at} stands behind the name; the line ends before ${end}. */
static bool
length_read(const uint8_t *at, const uint8_t *end, size_t *out)
{
	int digits = 0;

	while (at < end && *at == ' ')
		at++;
	*out = 0;
	for (; at < end && *at >= '0' && *at <= '9' && digits < BODY_DIGITS_MAX; at++, digits++)
		*out = *out * 10 + (size_t)(*at - '0');
	return digits > 0 && (at == end || *at == '\r');
}

enum bench_cut
bench_http_cut(const uint8_t *p, size_t len, struct bench_http *out)
{
	const uint8_t *end, *line;
	bool told = false;

	if (len < STATUS_LINE_MIN)
		return CUT_MORE;
	if (!status_read(p, &out->status))
		return CUT_BAD;
	end = memmem(p, len < BENCH_HEAD_SIZE_MAX ? len : BENCH_HEAD_SIZE_MAX, "\r\n\r\n", 4);
	if (end == NULL)
		return len < BENCH_HEAD_SIZE_MAX ? CUT_MORE : CUT_BAD;
	for (line = p; (line = memchr(line, '\n', (size_t)(end - line))) != NULL;) {
		line++;
		if ((*line | 0x20) != 'c' || (size_t)(end - line) < LENGTH_NAME_LEN ||
		    strncasecmp((const char *)line, length_name, LENGTH_NAME_LEN) != 0)
			continue;
		if (told || !length_read(line + LENGTH_NAME_LEN, end, &out->body_len))
			return CUT_BAD;
		told = true;
	}
	if (!told)
		return CUT_BAD;
	out->head_len = (size_t)(end - p) + 4;
	if (len - out->head_len < out->body_len)
		return CUT_MORE;
	return len - out->head_len == out->body_len ? CUT_WHOLE : CUT_BAD;
}
