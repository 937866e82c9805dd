#include "simulator/audit_acks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"

#define FIELDS_MAX 6

static enum err
file_read(struct audit_acks *a, const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 ||
	    fseek(f, 0, SEEK_SET) != 0)
		goto failed;
	a->text = malloc((size_t)size + 1);
	if (a->text == NULL || fread(a->text, 1, (size_t)size, f) != (size_t)size)
		goto failed;
	(void)fclose(f);
	*len = (size_t)size;
	a->text[*len] = '\0';
	return ERR_OK;

failed:
	log_error(LOG_MSG("cannot read the journal of acknowledged orders"), LOG_STR("file", path),
	    LOG_STR("why", strerror(errno)));
	if (f != NULL)
		(void)fclose(f);
	return ERR_IO;
}

/* Cuts ${line} at its first tabs; the last field keeps the others. */
static int
cut(char *line, char **field, int max)
{
	int n = 0;

	field[n++] = line;
	while (n < max && (line = strchr(line, '\t')) != NULL) {
		*line++ = '\0';
		field[n++] = line;
	}
	return n;
}

static void
seen_report(struct audit_report *r, const char *class, const char *text)
{
	if (strcmp(class, "lost") == 0)
		audit_found(r, AUDIT_SEEN_LOST, "%s", text);
	else if (strcmp(class, "oversold") == 0)
		audit_found(r, AUDIT_SEEN_OVERSOLD, "%s", text);
	else if (strcmp(class, "duplicated") == 0)
		audit_found(r, AUDIT_SEEN_DUPLICATED, "%s", text);
	else
		audit_found(r, AUDIT_SEEN_UNBALANCED, "%s", text);
}

static bool
line_take(struct audit_acks *a, char *line, struct audit_report *r)
{
	char *f[FIELDS_MAX];
	int n;
	int64_t outcome;

	switch (line[0]) {
	case 'A':
		n = cut(line, f, 5);
		if (n == 5)
			a->ack[a->ack_count++] = (struct audit_ack){.order_id = f[1],
			    .storefront = f[2],
			    .ref = f[3],
			    .facts = f[4]};
		return n == 5;
	case 'P': {
		struct audit_paid *p = &a->paid[a->paid_count];

		n = cut(line, f, 6);
		*p = (struct audit_paid){.order_id = f[1], .provider = f[2], .number = f[3]};
		if (n != 6 || parse_i64(f[4], 0, INT64_MAX, &p->fen) != ERR_OK ||
		    parse_i64(f[5], 0, 99, &outcome) != ERR_OK)
			return false;
		p->outcome = (int)outcome;
		a->paid_count++;
		return true;
	}
	case 'R':
		n = cut(line, f, 4);
		if (n == 4)
			a->refused[a->refused_count++] =
			    (struct audit_refused){.storefront = f[1], .ref = f[2]};
		return n == 4;
	case 'W':
		n = cut(line, f, 3);
		if (n == 3)
			a->told[a->told_count++] =
			    (struct audit_told){.endpoint = f[1], .event_id = f[2]};
		return n == 3;
	case 'C':
		n = cut(line, f, 5);
		if (n != 5 || parse_i64(f[4], 0, INT32_MAX, &outcome) != ERR_OK)
			return false;
		a->count[a->count_count] = (struct audit_count){.location = f[1],
		    .sku = f[2],
		    .goods_owner = f[3],
		    .count = outcome,
		    .nth = a->count_count};
		a->count_count++;
		return true;
	case 'F':
		n = cut(line, f, 3);
		if (n == 3)
			audit_found(r, AUDIT_FORGED, "endpoint %s took %s", f[1], f[2]);
		return n == 3;
	case 'D':
		return a->day_over = true;
	case 'M':
		n = cut(line, f, 2);
		a->last_event = n == 2 ? f[1] : NULL;
		return n == 2;
	case 'V':
		n = cut(line, f, 3);
		if (n == 3)
			seen_report(r, f[1], f[2]);
		return n == 3;
	default:
		return false;
	}
}

static int
by_id(const void *x, const void *y)
{
	const struct audit_ack *a = x, *b = y;

	return strcmp(a->order_id, b->order_id);
}

static int
paid_by_id(const void *x, const void *y)
{
	const struct audit_paid *a = x, *b = y;
	int c = strcmp(a->order_id, b->order_id);

	return c != 0 ? c : strcmp(a->number, b->number);
}

static int
by_ref(const void *x, const void *y)
{
	const struct audit_ack *a = x, *b = y;
	int c = strcmp(a->storefront, b->storefront);

	return c != 0 ? c : strcmp(a->ref, b->ref);
}

static int
refused_by_ref(const void *x, const void *y)
{
	const struct audit_refused *a = x, *b = y;
	int c = strcmp(a->storefront, b->storefront);

	return c != 0 ? c : strcmp(a->ref, b->ref);
}

static int
told_by_id(const void *x, const void *y)
{
	const struct audit_told *a = x, *b = y;
	int c = strcmp(a->endpoint, b->endpoint);

	return c != 0 ? c : strcmp(a->event_id, b->event_id);
}

static int
by_shelf(const void *x, const void *y)
{
	const struct audit_count *a = x, *b = y;
	int c = strcmp(a->location, b->location);

	if (c == 0)
		c = strcmp(a->sku, b->sku);
	return c != 0 ? c : strcmp(a->goods_owner, b->goods_owner);
}

static int
by_shelf_and_time(const void *x, const void *y)
{
	const struct audit_count *a = x, *b = y;
	int c = by_shelf(a, b);

	return c != 0 ? c : (a->nth > b->nth) - (a->nth < b->nth);
}

/* The same order twice (a run repeated with its tag) is one; another id under a reference is not. */
static void
twice_report(struct audit_acks *a, struct audit_report *r)
{
	size_t kept = 0;

	qsort(a->ack, a->ack_count, sizeof(*a->ack), by_ref);
	for (size_t i = 1; i < a->ack_count; i++)
		if (by_ref(&a->ack[i - 1], &a->ack[i]) == 0 &&
		    by_id(&a->ack[i - 1], &a->ack[i]) != 0)
			audit_found(r, AUDIT_ACK_TWICE, "%s %s: orders %s and %s",
			    a->ack[i].storefront, a->ack[i].ref, a->ack[i - 1].order_id,
			    a->ack[i].order_id);
	qsort(a->ack, a->ack_count, sizeof(*a->ack), by_id);
	for (size_t i = 0; i < a->ack_count; i++)
		if (kept == 0 || by_id(&a->ack[kept - 1], &a->ack[i]) != 0 ||
		    by_ref(&a->ack[kept - 1], &a->ack[i]) != 0)
			a->ack[kept++] = a->ack[i];
	a->ack_count = kept;
}

enum err
audit_acks_read(struct audit_acks *a, const char *path, struct audit_report *r)
{
	size_t len, lines = 1, number = 0;
	char *end;
	enum err e;

	*a = (struct audit_acks){0};
	e = file_read(a, path, &len);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < len; i++)
		lines += a->text[i] == '\n';
	a->ack = calloc(lines, sizeof(*a->ack));
	a->paid = calloc(lines, sizeof(*a->paid));
	a->refused = calloc(lines, sizeof(*a->refused));
	a->told = calloc(lines, sizeof(*a->told));
	a->count = calloc(lines, sizeof(*a->count));
	if (a->told == NULL || a->count == NULL || a->ack == NULL || a->paid == NULL ||
	    a->refused == NULL)
		return ERR_NO_MEMORY;
	/* a line cut short by a kill was not acknowledged to anybody: it ends the file */
	for (char *line = a->text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		number++;
		if (!line_take(a, line, r)) {
			log_error(LOG_MSG("not a journal of acknowledged orders"),
			    LOG_STR("file", path), LOG_INT("line", number));
			return ERR_IO;
		}
	}
	twice_report(a, r);
	qsort(a->paid, a->paid_count, sizeof(*a->paid), paid_by_id);
	qsort(a->refused, a->refused_count, sizeof(*a->refused), refused_by_ref);
	qsort(a->told, a->told_count, sizeof(*a->told), told_by_id);
	qsort(a->count, a->count_count, sizeof(*a->count), by_shelf_and_time);
	r->acknowledged = (int64_t)a->ack_count;
	r->told = (int64_t)a->told_count;
	r->day_over = a->day_over;
	return ERR_OK;
}

void
audit_acks_release(struct audit_acks *a)
{
	free(a->text);
	free(a->told);
	free(a->count);
	free(a->ack);
	free(a->paid);
	free(a->refused);
	*a = (struct audit_acks){0};
}

bool
audit_acks_refused(const struct audit_acks *a, const char *storefront, const char *ref)
{
	struct audit_refused key = {.storefront = storefront, .ref = ref};

	return a->refused_count > 0 &&
	    bsearch(&key, a->refused, a->refused_count, sizeof(key), refused_by_ref) != NULL;
}

struct audit_told *
audit_acks_told(const struct audit_acks *a, const char *endpoint, const char *event_id)
{
	struct audit_told key = {.endpoint = endpoint, .event_id = event_id};

	return a->told_count == 0 ? NULL
	                          : bsearch(&key, a->told, a->told_count, sizeof(key), told_by_id);
}

const struct audit_count *
audit_acks_counted(const struct audit_acks *a, const char *location, const char *sku,
    const char *goods_owner)
{
	struct audit_count key = {.location = location, .sku = sku, .goods_owner = goods_owner};
	const struct audit_count *at;

	if (a->count_count == 0)
		return NULL;
	at = bsearch(&key, a->count, a->count_count, sizeof(key), by_shelf);
	while (at != NULL && at + 1 < a->count + a->count_count && by_shelf(at, at + 1) == 0)
		at++;
	return at;
}
