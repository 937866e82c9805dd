#include "edge/client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "edge/address.h"

#define IDLE_CONNECTIONS_MAX 64 /* kept open for the next request to the same host */
#define IDLE_S_MAX 30
#define AGENT "yuncang"

struct client {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct client_send *sends; /* under way */
	int send_count, sends_max;
	char *ca_file;
};

struct client_send {
	struct client *client;
	struct client_send *next, **link;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body; /* of the answer */
	client_fn *done;
	void *ctx;
	bool private_allowed;
	bool refused; /* an address was not public */
	bool cut;     /* the answer was too large */
	char why[CURL_ERROR_SIZE];
};

/* ---- Answers ----------------------------------------------------------------------------------- */

static void
send_free(struct client_send *s)
{
	struct client *c = s->client;

	if (s->next != NULL)
		s->next->link = s->link;
	*s->link = s->next;
	c->send_count--;
	(void)curl_multi_remove_handle(c->multi, s->easy);
	curl_easy_cleanup(s->easy);
	curl_slist_free_all(s->headers);
	buf_release(&s->body);
	free(s);
}

static enum err
result_err(const struct client_send *s, CURLcode code)
{
	if (s->cut)
		return ERR_TOO_LARGE;
	if (s->refused && (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK))
		return ERR_PERMISSION_DENIED;
	switch (code) {
	case CURLE_OK:
		return ERR_OK;
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
		return ERR_NO_MEMORY;
	default:
		return ERR_IO;
	}
}

static void
tell(struct client_send *s, CURLcode code)
{
	struct client_answer a = {.err = result_err(s, code), .why = ""};
	curl_off_t after = 0;
	long status = 0;

	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &after);
	a.status = (int)status;
	a.retry_after_s = after;
	if (a.err == ERR_PERMISSION_DENIED)
		a.why = "not a public address";
	else if (a.err == ERR_TOO_LARGE)
		a.why = "the answer is too large";
	else if (a.err != ERR_OK)
		a.why = s->why[0] != '\0' ? s->why : curl_easy_strerror(code);
	a.body = buf_cstr(&s->body);
	a.body_len = s->body.len;
	a.send = s;
	s->done(s->ctx, &a);
}

const char *
client_header(const struct client_answer *a, const char *name)
{
	struct curl_header *h;

	if (curl_easy_header(a->send->easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK ||
	    h->amount != 1)
		return NULL;
	return h->value;
}

/* ${done} may start and cancel other requests: what is finished is taken from libcurl one by one. */
static void
tell_finished(struct client *c)
{
	struct client_send *s;
	CURLMsg *m;
	CURLcode code;
	char *mine;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		assert(m->msg == CURLMSG_DONE);
		code = m->data.result;
		mine = NULL;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &mine);
		s = (struct client_send *)(void *)mine;
		assert(s != NULL);
		tell(s, code);
		send_free(s);
	}
}

/* ---- libcurl on the loop ----------------------------------------------------------------------- */

static void
turn(struct client *c, curl_socket_t fd, int what)
{
	int running;

	(void)curl_multi_socket_action(c->multi, fd, what, &running);
	tell_finished(c);
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct client *c = ctx;
	int flags = 0;

	if ((what & EV_READ) != 0)
		flags |= CURL_CSELECT_IN;
	if ((what & EV_WRITE) != 0)
		flags |= CURL_CSELECT_OUT;
	turn(c, fd, flags);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	turn(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int
want_timer(CURLM *multi, long ms, void *ctx)
{
	struct client *c = ctx;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)multi;
	if (ms < 0)
		return event_del(c->timer);
	return event_add(c->timer, &tv);
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *mine)
{
	struct client *c = ctx;
	struct event *e = mine;
	short flags = EV_PERSIST;

	(void)easy;
	if (e != NULL)
		event_free(e);
	e = NULL;
	if (what != CURL_POLL_REMOVE) {
		if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
			flags |= EV_READ;
		if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
			flags |= EV_WRITE;
		e = event_new(c->base, fd, flags, on_socket, c);
		if (e == NULL || event_add(e, NULL) != 0) {
			if (e != NULL)
				event_free(e);
			return -1;
		}
	}
	(void)curl_multi_assign(c->multi, fd, e);
	return 0;
}

/* ---- One request -------------------------------------------------------------------------------- */

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct client_send *s = ctx;

	(void)purpose;
	if (!s->private_allowed && !address_public(&a->addr)) {
		s->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* A connection that is open already may have been opened for somebody who was allowed more. */
static int
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type of it */
before_request(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct client_send *s = ctx;
	bool ok = s->private_allowed;

	(void)local_ip;
	(void)port;
	(void)local_port;
	if (!ok && inet_pton(AF_INET, ip, &in4.sin_addr) == 1)
		ok = address_public((const struct sockaddr *)&in4);
	else if (!ok && inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1)
		ok = address_public((const struct sockaddr *)&in6);
	if (ok)
		return CURL_PREREQFUNC_OK;
	s->refused = true;
	return CURL_PREREQFUNC_ABORT;
}

static size_t
take_body(char *data, size_t size, size_t count, void *ctx)
{
	struct client_send *s = ctx;

	buf_add(&s->body, data, size * count);
	if (buf_err(&s->body) == ERR_OK)
		return size * count;
	s->cut = true;
	return 0;
}

static bool
add_header(struct client_send *s, const char *line)
{
	struct curl_slist *more = curl_slist_append(s->headers, line);

	if (more != NULL)
		s->headers = more;
	return more != NULL;
}

static bool
add_headers(struct client_send *s, const char *const *headers)
{
	/* libcurl would wait a second for "100 Continue" before a larger body. */
	bool ok = add_header(s, "Expect:");

	for (; ok && *headers != NULL; headers++)
		ok = add_header(s, *headers);
	return ok;
}

static bool
set_request(struct client_send *s, const struct client_request *q)
{
	CURL *h = s->easy;
	bool ok = curl_easy_setopt(h, CURLOPT_URL, q->url) == CURLE_OK;

	ok = ok && curl_easy_setopt(h, CURLOPT_PRIVATE, s) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_ERRORBUFFER, s->why) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_HTTPHEADER, s->headers) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_WRITEDATA, s) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, s) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_PREREQDATA, s) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms) == CURLE_OK;
	if (q->body == NULL)
		return ok;
	ok = ok &&
	    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len) == CURLE_OK;
	return ok && curl_easy_setopt(h, CURLOPT_COPYPOSTFIELDS, q->body) == CURLE_OK;
}

/* What is the same for every request. */
static bool
set_rules(struct client_send *s, bool http_allowed)
{
	const char *schemes = http_allowed ? "https,http" : "https";
	CURL *h = s->easy;
	bool ok = curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, schemes) == CURLE_OK;

	ok = ok && curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_PROXY, "") == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
	ok = ok &&
	    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_USERAGENT, AGENT) == CURLE_OK;
	ok = ok && curl_easy_setopt(h, CURLOPT_MAXAGE_CONN, (long)IDLE_S_MAX) == CURLE_OK;
	if (s->client->ca_file[0] == '\0')
		return ok;
	return ok && curl_easy_setopt(h, CURLOPT_CAINFO, s->client->ca_file) == CURLE_OK;
}

enum err
client_start(struct client *c, const struct client_request *q, client_fn *done, void *ctx,
    struct client_send **out)
{
	struct reason r = {0};
	struct client_send *s;
	enum err e;

	if (c->send_count >= c->sends_max)
		return ERR_BUSY;
	e = client_url_check(q->url, q->http_allowed, &r);
	if (e != ERR_OK)
		return e;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->client = c;
	s->done = done;
	s->ctx = ctx;
	s->private_allowed = q->private_allowed;
	buf_init(&s->body, q->answer_max);
	s->link = &c->sends;
	s->next = c->sends;
	if (s->next != NULL)
		s->next->link = &s->next;
	c->sends = s;
	c->send_count++;
	s->easy = curl_easy_init();
	if (s->easy == NULL || !add_headers(s, q->headers) || !set_request(s, q) ||
	    !set_rules(s, q->http_allowed) ||
	    curl_multi_add_handle(c->multi, s->easy) != CURLM_OK) {
		send_free(s);
		return ERR_NO_MEMORY;
	}
	*out = s;
	return ERR_OK;
}

void
client_cancel(struct client_send *s)
{
	send_free(s);
}

int
client_sends(const struct client *c)
{
	return c->send_count;
}

/* ---- URLs --------------------------------------------------------------------------------------- */

static bool
has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK && text[0] != '\0';

	curl_free(text);
	return has;
}

static enum err
url_judge(CURLU *u, const char *url, bool http_allowed, struct reason *r)
{
	char *scheme = NULL;
	enum err e = ERR_OK;

	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		return reason_set(r, ERR_BAD_FIELD, NULL, "is not an absolute URL");
	if (strcmp(scheme, "https") != 0 && (!http_allowed || strcmp(scheme, "http") != 0))
		e = reason_set(r, ERR_BAD_FIELD, NULL,
		    http_allowed ? "must begin with https:// or http://"
		                 : "must begin with https://");
	curl_free(scheme);
	if (e == ERR_OK && !has_part(u, CURLUPART_HOST))
		e = reason_set(r, ERR_BAD_FIELD, NULL, "names no host");
	if (e == ERR_OK && (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD)))
		e = reason_set(r, ERR_BAD_FIELD, NULL, "must not name a user");
	if (e == ERR_OK && has_part(u, CURLUPART_FRAGMENT))
		e = reason_set(r, ERR_BAD_FIELD, NULL, "must not have a fragment");
	return e;
}

enum err
client_url_check(const char *url, bool http_allowed, struct reason *r)
{
	CURLU *u = curl_url();
	enum err e;

	if (u == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	e = url_judge(u, url, http_allowed, r);
	curl_url_cleanup(u);
	return e;
}

enum err
client_ca_check(const char *path, struct reason *r)
{
	X509_STORE *store;
	bool good;

	if (path[0] == '\0')
		return ERR_OK;
	store = X509_STORE_new();
	good = store != NULL && X509_STORE_load_file(store, path) == 1;
	X509_STORE_free(store);
	return good
	    ? ERR_OK
	    : reason_set(r, ERR_CONF, NULL, "%s: is not a file of certificates in PEM", path);
}

/* ---- Made and unmade ---------------------------------------------------------------------------- */

static bool
set_multi(struct client *c)
{
	CURLM *m = c->multi;
	bool ok = curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, want_socket) == CURLM_OK;

	ok = ok && curl_multi_setopt(m, CURLMOPT_SOCKETDATA, c) == CURLM_OK;
	ok = ok && curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, want_timer) == CURLM_OK;
	ok = ok && curl_multi_setopt(m, CURLMOPT_TIMERDATA, c) == CURLM_OK;
	return ok &&
	    curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX) == CURLM_OK;
}

enum err
client_new(struct client **out, struct event_base *base, const struct client_limits *limits)
{
	struct client *c;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ERR_NO_MEMORY;
	/* Without its own resolver thread a slow name server would stop the loop. */
	assert((curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) != 0);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		goto global;
	c->base = base;
	c->sends_max = limits->sends_max;
	c->ca_file = strdup(limits->ca_file);
	c->timer = evtimer_new(base, on_timer, c);
	c->multi = curl_multi_init();
	if (c->ca_file == NULL || c->timer == NULL || c->multi == NULL || !set_multi(c)) {
		client_free(c);
		return ERR_NO_MEMORY;
	}
	*out = c;
	return ERR_OK;

global:
	curl_global_cleanup();
	return ERR_NO_MEMORY;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	for (struct client_send *s = c->sends, *next; s != NULL; s = next) {
		next = s->next;
		send_free(s);
	}
	if (c->multi != NULL)
		(void)curl_multi_cleanup(c->multi);
	if (c->timer != NULL)
		event_free(c->timer);
	free(c->ca_file);
	free(c);
	curl_global_cleanup();
}
