#include "simulator/model.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strmap.h"

#define KNOWN_MAX (UINT64_C(1) << 28)
#define TEXT_MAX 400

/* "var/simulator.journal" on a fresh checkout; if it cannot be made, opening the file tells why. */
static void
parent_make(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL || slash == dir)
		return;
	*slash = '\0';
	(void)mkdir(dir, 0755);
}

/* A simulator that was killed may have left half a line, which the next one must not be glued to. */
static void
last_line_cut(FILE *f)
{
	char tail[ACK_LINE_MAX];
	long size, whole;
	size_t len;

	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) <= 0)
		return;
	whole = size < (long)sizeof(tail) ? size : (long)sizeof(tail);
	if (fseek(f, size - whole, SEEK_SET) != 0)
		return;
	len = fread(tail, 1, (size_t)whole, f);
	while (len > 0 && tail[len - 1] != '\n')
		len--;
	if (ftruncate(fileno(f), size - whole + (long)len) != 0)
		log_warn(LOG_MSG("the last line of the journal file is cut short"));
}

enum err
model_open(struct model *m, const char *path)
{
	memset(m, 0, sizeof(*m));
	buf_init(&m->line, ACK_LINE_MAX);
	parent_make(path);
	m->file = fopen(path, "a+");
	if (m->file != NULL)
		last_line_cut(m->file);
	if (m->file == NULL) {
		log_error(LOG_MSG("cannot open the journal of acknowledged orders"),
		    LOG_STR("file", path), LOG_STR("why", strerror(errno)));
		return ERR_IO;
	}
	return ERR_OK;
}

enum err
model_close(struct model *m)
{
	enum err e = ERR_OK;

	if (m->file != NULL && (ferror(m->file) != 0 || fclose(m->file) != 0)) {
		log_error(LOG_MSG("the journal of acknowledged orders could not be written"));
		e = ERR_IO;
	}
	m->file = NULL;
	free(m->known);
	buf_release(&m->line);
	return e;
}

/* One write(2) a line: what was acknowledged must be in the file should the simulator be killed. */
static void
line_write(struct model *m)
{
	if (buf_err(&m->line) == ERR_OK)
		(void)fwrite(m->line.data, 1, m->line.len, m->file);
	else
		model_violation(m, "lost", "an acknowledgement was too long to be written down");
	(void)fflush(m->file);
}

struct known *
model_known(struct model *m, uint64_t number)
{
	assert(number < KNOWN_MAX);
	if (number >= m->known_size) {
		uint64_t size = m->known_size == 0 ? 4096 : m->known_size;
		struct known *bigger;

		while (size <= number)
			size *= 2;
		bigger = realloc(m->known, size * sizeof(*bigger));
		if (bigger == NULL)
			return NULL;
		memset(bigger + m->known_size, 0, (size - m->known_size) * sizeof(*bigger));
		m->known = bigger;
		m->known_size = size;
	}
	return &m->known[number];
}

void
model_violation(struct model *m, const char *class, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	m->violations++;
	(void)fprintf(stderr, "\nVIOLATION %s: %s\n", class, text);
	(void)fprintf(m->file, "V\t%s\t%s\n", class, text);
	(void)fflush(m->file);
}

void
model_acknowledge(struct model *m, uint64_t number, const char *storefront,
    const Yuncang__V1__SubmitOrderResponse *r, const uint8_t *body, size_t len)
{
	struct known *k = model_known(m, number);
	uint64_t hash = hash64(body, len, 0);

	if (k == NULL) {
		model_violation(m, "lost", "no memory to remember order %s", r->order_id);
		return;
	}
	if (k->state == KNOWN_ACKNOWLEDGED) {
		if (k->answer_hash != hash)
			model_violation(m, "duplicated",
			    "%s %s: a repeated submit got another answer, order %s", storefront,
			    r->order_ref, r->order_id);
		return;
	}
	if (k->state == KNOWN_REFUSED)
		model_violation(m, "duplicated", "%s %s: refused, then acknowledged as %s",
		    storefront, r->order_ref, r->order_id);
	k->state = KNOWN_ACKNOWLEDGED;
	k->answer_hash = hash;
	buf_reset(&m->line);
	if (!ack_order_print(r, storefront, &m->line)) {
		model_violation(m, "lost", "order %s: an answer without option or owner",
		    r->order_id);
		return;
	}
	line_write(m);
}

void
model_refuse(struct model *m, uint64_t number, const char *storefront, const char *ref,
    const char *reason)
{
	struct known *k = model_known(m, number);

	if (k == NULL)
		return;
	if (k->state == KNOWN_ACKNOWLEDGED) {
		model_violation(m, "lost", "%s %s: acknowledged, then refused: %s", storefront, ref,
		    reason);
		return;
	}
	k->state = KNOWN_REFUSED;
	buf_reset(&m->line);
	buf_printf(&m->line, "R\t%s\t%s\t%s\n", storefront, ref, reason);
	line_write(m);
}

void
model_paid(struct model *m, const char *order_id, const char *provider, const char *number,
    int64_t fen, int outcome)
{
	buf_reset(&m->line);
	buf_printf(&m->line, "P\t%s\t%s\t%s\t%lld\t%d\n", order_id, provider, number,
	    (long long)fen, outcome);
	line_write(m);
}

void
model_told(struct model *m, const char *endpoint, const char *event_id)
{
	buf_reset(&m->line);
	buf_printf(&m->line, "W\t%s\t%s\n", endpoint, event_id);
	line_write(m);
}

void
model_counted(struct model *m, const char *location, const char *sku, const char *goods_owner,
    int64_t count)
{
	buf_reset(&m->line);
	buf_printf(&m->line, "C\t%s\t%s\t%s\t%lld\n", location, sku, goods_owner, (long long)count);
	line_write(m);
}

void
model_forged(struct model *m, int endpoint, const char *trick)
{
	buf_reset(&m->line);
	buf_printf(&m->line, "F\t%d\t%s\n", endpoint, trick);
	line_write(m);
}

void
model_day_over(struct model *m)
{
	buf_reset(&m->line);
	buf_str(&m->line, "D\tover\n");
	line_write(m);
}
