#include "edge/gunzip.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define IN_SIZE 65536
#define GZIP_WINDOW (MAX_WBITS + 16)

struct gunzip {
	FILE *file; /* NULL: bytes */
	const uint8_t *bytes;
	size_t left;
	uint8_t in[IN_SIZE];
	z_stream z;
	bool is_gzip, ended, z_ready;
	int64_t size, size_max;
	enum err err;
	struct digest_sum *sum;
	FILE *stream;
};

/* More to z.avail_in, which is 0; nothing is added at the end. */
static bool
fill(struct gunzip *g)
{
	size_t n;

	if (g->file != NULL) {
		n = fread(g->in, 1, IN_SIZE, g->file);
		if (ferror(g->file) != 0) {
			g->err = ERR_IO;
			return false;
		}
	} else {
		n = g->left < IN_SIZE ? g->left : IN_SIZE;
		memcpy(g->in, g->bytes, n);
		g->bytes += n;
		g->left -= n;
	}
	g->z.next_in = g->in;
	g->z.avail_in = (uInt)n;
	return true;
}

static size_t
copy(struct gunzip *g, char *to, size_t size)
{
	size_t n = g->z.avail_in < size ? g->z.avail_in : size;

	memcpy(to, g->z.next_in, n);
	g->z.next_in += n;
	g->z.avail_in -= (uInt)n;
	return n;
}

/* False: it is not gzip. */
static bool
inflate_some(struct gunzip *g, char *to, size_t size, size_t *got)
{
	int z;

	g->z.next_out = (Bytef *)to;
	g->z.avail_out = (uInt)size;
	z = inflate(&g->z, Z_NO_FLUSH);
	*got = size - g->z.avail_out;
	g->ended = z == Z_STREAM_END;
	return z == Z_OK || z == Z_STREAM_END || z == Z_BUF_ERROR;
}

static ssize_t
fail(struct gunzip *g, enum err e)
{
	g->err = e;
	errno = EIO;
	return -1;
}

static ssize_t
gunzip_read(void *cookie, char *to, size_t size)
{
	struct gunzip *g = cookie;
	size_t got = 0;

	if (g->err != ERR_OK)
		return fail(g, g->err);
	if (size > INT32_MAX)
		size = INT32_MAX;
	while (got == 0) {
		if (g->z.avail_in == 0 && !fill(g))
			return fail(g, ERR_IO);
		if (g->ended && g->z.avail_in > 0)
			return fail(g, ERR_BAD_BODY);
		if (g->z.avail_in == 0)
			break;
		if (!g->is_gzip)
			got = copy(g, to, size);
		else if (!inflate_some(g, to, size, &got))
			return fail(g, ERR_BAD_BODY);
	}
	if (got == 0 && g->is_gzip && !g->ended)
		return fail(g, ERR_BAD_BODY);
	g->size += (int64_t)got;
	if (g->size > g->size_max)
		return fail(g, ERR_TOO_LARGE);
	digest_sum_add(g->sum, to, got);
	return (ssize_t)got;
}

static enum err
start(struct gunzip **out, struct gunzip *g)
{
	static const cookie_io_functions_t functions = {.read = gunzip_read};

	g->sum = digest_sum_new();
	g->z_ready = inflateInit2(&g->z, GZIP_WINDOW) == Z_OK;
	if (g->sum == NULL || !g->z_ready)
		goto free_gunzip;
	if (fill(g))
		g->is_gzip = g->z.avail_in >= 2 && g->z.next_in[0] == 0x1f &&
		    g->z.next_in[1] == 0x8b;
	g->stream = fopencookie(g, "r", functions);
	if (g->stream == NULL)
		goto free_gunzip;
	*out = g;
	return ERR_OK;

free_gunzip:
	gunzip_free(g);
	return ERR_NO_MEMORY;
}

enum err
gunzip_file(struct gunzip **out, FILE *file, int64_t size_max)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return ERR_NO_MEMORY;
	g->file = file;
	g->size_max = size_max;
	return start(out, g);
}

enum err
gunzip_bytes(struct gunzip **out, const void *p, size_t len, int64_t size_max)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return ERR_NO_MEMORY;
	g->bytes = p;
	g->left = len;
	g->size_max = size_max;
	return start(out, g);
}

FILE *
gunzip_stream(struct gunzip *g)
{
	return g->stream;
}

void
gunzip_free(struct gunzip *g)
{
	if (g == NULL)
		return;
	if (g->stream != NULL)
		(void)fclose(g->stream);
	if (g->z_ready)
		(void)inflateEnd(&g->z);
	digest_sum_free(g->sum);
	free(g);
}

enum err
gunzip_err(const struct gunzip *g, struct reason *r)
{
	switch (g->err) {
	case ERR_OK:
		return ERR_OK;
	case ERR_TOO_LARGE:
		return reason_set(r, ERR_TOO_LARGE, NULL, "more than %" PRId64 " bytes inflated",
		    g->size_max);
	case ERR_BAD_BODY:
		return reason_set(r, ERR_BAD_BODY, NULL, "not one whole gzip file");
	default:
		return reason_set(r, g->err, NULL, "reading failed");
	}
}

void
gunzip_sum(struct gunzip *g, struct gunzip_sum *out)
{
	out->size = g->size;
	digest_sum_end(g->sum, out->sha1, out->sha256);
}
