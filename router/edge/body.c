#include <assert.h>
#include <string.h>
#include <strings.h>

#include "edge/body.h"

#define GZIP_WINDOW (15 + 16) /* zlib's way to say: a gzip header, nothing else */
#define STEP_SIZE ((size_t)65536)
#define KEEP_SIZE ((size_t)1 << 20) /* a buffer larger than this is given back */

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

static const char *
after(const char *s, const char *word)
{
	size_t len = strlen(word);

	return strncasecmp(s, word, len) == 0 ? s + len : NULL;
}

bool
body_type_parse(const char *content_type, enum body_type *out)
{
	const char *rest, *end;

	if (content_type == NULL)
		return false;
	if ((rest = after(content_type, "application/proto")) != NULL)
		*out = BODY_PROTO;
	else if ((rest = after(content_type, "application/json")) != NULL)
		*out = BODY_JSON;
	else
		return false;
	rest = skip_blanks(rest);
	if (*rest == '\0')
		return true;
	if (*rest != ';')
		return false;
	rest = skip_blanks(rest + 1);
	end = after(rest, "charset=utf-8");
	if (end == NULL)
		end = after(rest, "charset=\"utf-8\"");
	return end != NULL && *skip_blanks(end) == '\0';
}

void
inflater_init(struct inflater *f)
{
	memset(f, 0, sizeof(*f));
	buf_init(&f->out, 0);
}

void
inflater_release(struct inflater *f)
{
	if (f->is_ready)
		inflateEnd(&f->z);
	f->is_ready = false;
	buf_release(&f->out);
}

static enum err
start(struct inflater *f, const uint8_t *p, size_t len, size_t size_max)
{
	if (f->out.size > KEEP_SIZE)
		buf_release(&f->out);
	buf_reset(&f->out);
	f->out.size_max = size_max;
	if (!f->is_ready && inflateInit2(&f->z, GZIP_WINDOW) != Z_OK)
		return ERR_NO_MEMORY;
	f->is_ready = true;
	if (inflateReset(&f->z) != Z_OK)
		return ERR_NO_MEMORY;
	assert(len <= UINT32_MAX);
	memcpy(&f->z.next_in, &p, sizeof(p)); /* zlib does not write there, but says it might */
	f->z.avail_in = (uInt)len;
	return ERR_OK;
}

enum err
inflater_run(struct inflater *f, const uint8_t *p, size_t len, size_t size_max, struct reason *r)
{
	/* One byte beyond the maximum tells "full" from "more". */
	enum err e = start(f, p, len, size_max + 1);
	int z = Z_OK;

	if (e != ERR_OK)
		return reason_set(r, e, NULL, "gzip");
	while (z == Z_OK && f->out.len <= size_max) {
		size_t room = size_max + 1 - f->out.len;
		uint8_t *to;

		if (room > STEP_SIZE)
			room = STEP_SIZE;
		to = buf_reserve(&f->out, room);
		if (to == NULL)
			return reason_set(r, buf_err(&f->out), NULL, "gzip");
		f->z.next_out = to;
		f->z.avail_out = (uInt)room;
		z = inflate(&f->z, Z_NO_FLUSH);
		f->out.len += room - f->z.avail_out;
	}
	if (f->out.len > size_max)
		return reason_set(r, ERR_TOO_LARGE, NULL,
		    "the body is larger than its limit inflated");
	if (z != Z_STREAM_END || f->z.avail_in > 0)
		return reason_set(r, ERR_BAD_BODY, NULL, "the body is not gzip");
	return ERR_OK;
}
