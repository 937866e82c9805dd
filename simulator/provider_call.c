/* provider_call: requests to the books, and the book file they are played again from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "base/clock.h"
#include "base/log.h"
#include "simulator/provider_api.h"
#include "simulator/provider_server.h"

#define PATH_SIZE 600

void
provider_clock(struct provider *p)
{
	p->books.now_us = clock_wall_us() + p->offset_us;
}

static enum err
line_write(struct provider *p, const struct ask *q, int64_t at_us)
{
	json_t *m;
	char *text;
	size_t len;
	bool written;

	if (p->book_fd < 0)
		return ERR_OK;
	m = json_pack("{s:I, s:I, s:b, s:s, s:O?}", "t", (json_int_t)at_us, "o",
	    (json_int_t)p->offset_us, "post", q->post, "uri", q->uri, "body", q->body);
	text = m != NULL ? json_dumps(m, JSON_COMPACT) : NULL;
	if (m != NULL)
		json_decref(m);
	if (text == NULL)
		return ERR_NO_MEMORY;
	len = strlen(text);
	text[len] = '\n'; /* in place of the NUL: one write for one line */
	written = write(p->book_fd, text, len + 1) == (ssize_t)(len + 1);
	free(text);
	if (written)
		return ERR_OK;
	log_error(LOG_MSG("provider: the book file cannot be written"),
	    LOG_STR("why", strerror(errno)));
	return ERR_IO;
}

/* ${q}'s method, its path taken apart; NULL: there is none. */
static const struct api_route *
route_of(struct ask *q, struct evkeyvalq *query)
{
	size_t len = strcspn(q->uri, "?");
	char path[PATH_SIZE];

	if (len >= sizeof(path))
		return NULL;
	memcpy(path, q->uri, len);
	path[len] = '\0';
	if (q->uri[len] == '?' && evhttp_parse_query_str(q->uri + len + 1, query) == 0)
		q->query = query;
	return api_route_find(q->post, path, q);
}

enum err
provider_call(struct provider *p, struct ask *q, struct answer *a)
{
	struct evkeyvalq query;
	const struct api_route *r;
	int64_t at_us = p->books.now_us;
	enum err e = ERR_OK;

	TAILQ_INIT(&query);
	r = route_of(q, &query);
	if (r == NULL) {
		evhttp_clear_headers(&query);
		q->query = NULL;
		return ERR_NOT_FOUND;
	}
	p->books.changed = p->books.clock_set = false;
	if (q->keys != NULL &&
	    !limits_take(&p->limits, api_payer(&p->books, q), r->limit, p->books.conf.qps)) {
		p->limited++;
		(void)answer_refuse(a, 429, "FREQUENCY_LIMITED", "频率超限，请降低频率后重试");
	} else {
		e = books_advance(&p->books);
		if (e == ERR_OK)
			(void)r->run(&p->books, q, a);
	}
	if (p->books.clock_set)
		p->offset_us = p->books.now_us - clock_wall_us();
	if (e == ERR_OK && p->books.changed)
		e = line_write(p, q, at_us);
	evhttp_clear_headers(&query);
	q->query = NULL;
	return e;
}

enum err
provider_tell(struct provider *p, const char *uri, json_t *body)
{
	struct ask q = {.post = true, .uri = uri, .body = body};
	struct answer a = {0};
	enum err e = body != NULL ? ERR_OK : ERR_NO_MEMORY;

	provider_clock(p);
	if (e == ERR_OK)
		e = provider_call(p, &q, &a);
	if (e == ERR_OK && a.status != 200)
		e = ERR_BAD_FIELD;
	if (a.body != NULL)
		json_decref(a.body);
	if (body != NULL)
		json_decref(body);
	return e;
}

/* ---- Again ----------------------------------------------------------------------------------------- */

static enum err
line_play(struct provider *p, const char *text)
{
	json_t *m = json_loads(text, 0, NULL);
	struct ask q = {.post = json_is_true(json_object_get(m, "post")),
	    .uri = body_text(m, "uri"),
	    .body = json_object_get(m, "body")};
	struct answer a = {0};
	enum err e = ERR_BAD_BODY;

	if (json_is_null(q.body))
		q.body = NULL;
	if (q.uri != NULL) {
		p->books.now_us = json_integer_value(json_object_get(m, "t"));
		e = provider_call(p, &q, &a);
		p->offset_us = json_integer_value(json_object_get(m, "o"));
	}
	if (a.body != NULL)
		json_decref(a.body);
	if (m != NULL)
		json_decref(m);
	return e;
}

static enum err
lines_play(struct provider *p, FILE *f, off_t *good)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	enum err e = ERR_OK;

	*good = 0;
	while (e == ERR_OK && (len = getline(&line, &size, f)) > 0) {
		if (line[len - 1] != '\n')
			break; /* we died while we wrote it: nobody was answered */
		e = line_play(p, line);
		*good += len;
	}
	free(line);
	return e;
}

enum err
provider_book_open(struct provider *p, const char *path)
{
	off_t good = 0;
	enum err e = ERR_OK;
	FILE *f = fopen(path, "re");
	int fd;

	p->book_fd = -1; /* what is played again is not written again */
	if (f != NULL) {
		e = lines_play(p, f, &good);
		(void)fclose(f);
	} else if (errno != ENOENT) {
		e = ERR_IO;
	}
	fd = e == ERR_OK ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	if (fd < 0 || ftruncate(fd, good) != 0) {
		log_error(LOG_MSG("provider: not a book file"), LOG_STR("file", path),
		    LOG_INT("good_bytes", good));
		if (fd >= 0)
			(void)close(fd);
		return ERR_IO;
	}
	p->book_fd = fd;
	return ERR_OK;
}
