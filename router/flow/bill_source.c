#include "flow/bill_source.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/money.h"

#define CHUNK_ARENA_MAX ((size_t)64 << 20)

enum err
bill_source_init(struct bill_source_file *s)
{
	s->gunzip = NULL;
	s->arena = arena_new(CHUNK_ARENA_MAX);
	return s->arena != NULL ? ERR_OK : ERR_NO_MEMORY;
}

void
bill_source_release(struct bill_source_file *s)
{
	gunzip_free(s->gunzip);
	arena_free(s->arena);
}

static enum err
restart(void *ctx, struct reason *r)
{
	struct bill_source_file *s = ctx;
	enum err e;

	gunzip_free(s->gunzip);
	s->gunzip = NULL;
	s->sums = (struct bill_sums){0};
	if (s->file != NULL && fseek(s->file, 0, SEEK_SET) != 0)
		return reason_set(r, ERR_IO, NULL, "the file cannot be read from its beginning");
	e = s->file != NULL ? gunzip_file(&s->gunzip, s->file, s->size_max)
	                    : gunzip_bytes(&s->gunzip, s->bytes, s->len, s->size_max);
	if (e != ERR_OK)
		return reason_set(r, e, NULL, "%s", err_text(e));
	bill_read_init(&s->read, s->map, gunzip_stream(s->gunzip));
	return ERR_OK;
}

static enum err
add(struct bill_source_file *s, const struct bill_line *l, struct bill_chunk *to, struct reason *r)
{
	int i = to->count;

	if (l->collector == 0)
		s->sums.other_rows++;
	if (l->class == CLASS_IGNORED || l->collector == 0)
		return ERR_OK;
	to->line[i].id = l->id;
	to->line[i].number = (int32_t)l->number;
	to->line[i].collector = l->collector;
	to->line[i].class = l->class;
	to->line[i].ref = arena_strdup(s->arena, l->ref);
	to->line[i].transaction = arena_strdup(s->arena, l->transaction);
	to->line[i].raw = arena_strdup(s->arena, s->read.raw);
	to->line[i].at_us = l->at_us;
	to->line[i].gross_fen = l->gross_fen;
	to->line[i].fee_fen = l->fee_fen;
	if (to->line[i].ref == NULL || to->line[i].transaction == NULL || to->line[i].raw == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	/* What is released moves no money in or out. */
	if ((l->class != CLASS_RELEASE &&
	        !fen_add(s->sums.gross_fen, l->gross_fen, &s->sums.gross_fen)) ||
	    !fen_add(s->sums.fee_fen, l->fee_fen, &s->sums.fee_fen))
		return reason_set(r, ERR_OVERFLOW, NULL, "%s", err_text(ERR_OVERFLOW));
	s->sums.rows++;
	to->count++;
	return ERR_OK;
}

static enum err
read_chunk(void *ctx, struct bill_chunk *to, bool *end, struct reason *r)
{
	struct bill_source_file *s = ctx;
	struct bill_line line;
	enum err e = ERR_OK;

	arena_reset(s->arena);
	*end = false;
	/* Lines that are passed over count, too: a turn of the loop is bounded. */
	for (int n = 0; e == ERR_OK && n < BILL_CHUNK_LINES; n++) {
		e = bill_read_next(&s->read, &line, end, r);
		if (e != ERR_OK || *end)
			break;
		if (line.number > INT32_MAX)
			e = reason_set(r, ERR_TOO_LARGE, NULL, "too many lines");
		else
			e = add(s, &line, to, r);
	}
	if (e != ERR_OK) {
		/* The stream knows better why it ended. */
		enum err why = gunzip_err(s->gunzip, r);

		return why != ERR_OK ? why : e;
	}
	if (s->progress != NULL)
		s->progress(s->ctx, s->read.total.rows);
	return ERR_OK;
}

static enum err
sums(void *ctx, struct bill_sums *out, struct reason *r)
{
	struct bill_source_file *s = ctx;
	char hex[2 * SHA1_SIZE + 1];
	struct gunzip_sum g;

	gunzip_sum(s->gunzip, &g);
	s->sums.bytes = g.size;
	memcpy(s->sums.sha1, g.sha1, sizeof(g.sha1));
	memcpy(s->sums.sha256, g.sha256, sizeof(g.sha256));
	hex_encode(g.sha1, sizeof(g.sha1), hex);
	if (s->sha1[0] != '\0' && strcasecmp(s->sha1, hex) != 0)
		return reason_set(r, ERR_BAD_BODY, NULL, "its SHA-1 is %s, not %.40s", hex,
		    s->sha1);
	*out = s->sums;
	return ERR_OK;
}

struct bill_source
bill_source(struct bill_source_file *s)
{
	return (struct bill_source){restart, read_chunk, sums, s};
}
