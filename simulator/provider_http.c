/* provider_http: the server: who may ask, and how he is answered. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "simulator/provider_api.h"
#include "simulator/provider_server.h"
#include "simulator/provider_sign.h"

#define BODY_SIZE_MAX (8 * 1024 * 1024)
#define LATE_S 600
#define LOOPBACK "127.0.0.1"

/* An answer that is not sent yet, or a connection that is to be cut. */
struct held {
	struct provider *provider;
	struct evhttp_request *request;
	struct event *timer;
	struct evbuffer *out; /* NULL: cut */
	int status;
	struct held *next, **at;
};

/* One request of /v3 on its way. */
struct exchange {
	struct provider *provider;
	struct evhttp_request *request;
	enum fault fault;
	int64_t signed_s; /* the clock that the caller follows */
};

/* ---- Late, or never -------------------------------------------------------------------------------- */

static void
held_free(struct held *h)
{
	event_free(h->timer);
	if (h->out != NULL)
		evbuffer_free(h->out);
	free(h);
}

static void
on_held(evutil_socket_t fd, short what, void *ctx)
{
	struct held *h = ctx;
	struct evhttp_connection *c = evhttp_request_get_connection(h->request);

	(void)fd;
	(void)what;
	/* who waited has gone meanwhile: then the request is only given back */
	if (h->out != NULL || c == NULL)
		evhttp_send_reply(h->request, h->status, NULL, h->out);
	else
		evhttp_connection_free(c);
	*h->at = h->next;
	if (h->next != NULL)
		h->next->at = h->at;
	held_free(h);
}

/* Takes ${out}; false: it was not, and the answer goes now. */
static bool
hold(struct exchange *x, int status, struct evbuffer *out, int64_t us)
{
	struct provider *p = x->provider;
	struct timeval tv = {.tv_sec = us / US_PER_S, .tv_usec = us % US_PER_S};
	struct held *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return false;
	h->timer = event_new(p->base, -1, 0, on_held, h);
	if (h->timer == NULL || event_add(h->timer, &tv) != 0) {
		if (h->timer != NULL)
			event_free(h->timer);
		free(h);
		return false;
	}
	h->provider = p;
	h->request = x->request;
	h->out = out;
	h->status = status;
	h->next = p->held;
	h->at = &p->held;
	if (p->held != NULL)
		p->held->at = &h->next;
	p->held = h;
	return true;
}

/* ---- Answers --------------------------------------------------------------------------------------- */

static void
header(struct exchange *x, const char *name, const char *value)
{
	(void)evhttp_add_header(evhttp_request_get_output_headers(x->request), name, value);
}

/* Signs ${body}, or does it wrongly. */
static void
answer_sign(struct exchange *x, const void *body, size_t len)
{
	static const char other[] = "0000000000000000000000000000000000000000";
	const struct provider_keys *k = &x->provider->keys;
	struct sign_answer s;
	char probe[SIGNATURE_TEXT_SIZE + 32];
	bool made;

	if (x->fault == FAULT_BAD_SIGNATURE)
		made = sign_answer_make(&s, k, x->signed_s, "of something else", 17);
	else
		made = sign_answer_make(&s, k,
		    x->fault == FAULT_LATE_SIGNATURE ? x->signed_s - LATE_S : x->signed_s, body,
		    len);
	if (!made)
		return;
	header(x, "Wechatpay-Timestamp", s.timestamp);
	header(x, "Wechatpay-Nonce", s.nonce);
	header(x, "Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048");
	header(x, "Wechatpay-Serial", x->fault == FAULT_OTHER_SERIAL ? other : k->platform_serial);
	if (x->fault == FAULT_NO_SIGNATURE)
		return;
	(void)snprintf(probe, sizeof(probe), "%s%s",
	    x->fault == FAULT_SIGNTEST ? "WECHATPAY/SIGNTEST/" : "", s.signature);
	header(x, "Wechatpay-Signature", probe);
}

/* How much of ${len} is sent; the headers say what they must. */
static size_t
answer_shorten(struct exchange *x, size_t len)
{
	char text[24];

	if (x->fault == FAULT_SHORT)
		return len / 2;
	if (x->fault != FAULT_CUT || len < 2)
		return len;
	(void)snprintf(text, sizeof(text), "%zu", len);
	header(x, "Content-Length", text);
	header(x, "Connection", "close");
	return len / 2;
}

static void
answer_send(struct exchange *x, struct answer *a)
{
	struct evbuffer *out = evbuffer_new();
	char *text = a->body != NULL ? json_dumps(a->body, JSON_COMPACT) : NULL;
	const void *body = text != NULL ? (const void *)text : a->raw;
	size_t len = text != NULL ? strlen(text) : a->raw_len;
	int64_t late_us = -1;

	if (body == NULL)
		body = "";
	header(x, "Content-Type",
	    a->raw != NULL ? "application/octet-stream" : "application/json; charset=utf-8");
	if (!a->unsigned_)
		answer_sign(x, body, len);
	if (out != NULL)
		(void)evbuffer_add(out, body, answer_shorten(x, len));
	free(text);
	if (a->body != NULL)
		json_decref(a->body);
	free(a->raw);
	if (x->fault == FAULT_LOST) {
		if (out != NULL)
			evbuffer_free(out);
		out = NULL;
		late_us = 0;
	} else if (x->fault == FAULT_STALL) {
		late_us = x->provider->faults.stall_ms * US_PER_MS;
	}
	if (late_us >= 0 && hold(x, a->status, out, late_us))
		return;
	evhttp_send_reply(x->request, a->status, NULL, out);
	if (out != NULL)
		evbuffer_free(out);
}

/* ---- Requests -------------------------------------------------------------------------------------- */

/* false: it was refused. */
static bool
request_verify(struct exchange *x, const void *body, size_t len, struct answer *a)
{
	struct provider *p = x->provider;
	int64_t clocks[2] = {p->books.now_us / US_PER_S, clock_wall_us() / US_PER_S};
	struct sign_request q = {.method = evhttp_request_get_command(x->request) == EVHTTP_REQ_POST
	        ? "POST"
	        : "GET",
	    .uri = evhttp_request_get_uri(x->request),
	    .authorization =
	        evhttp_find_header(evhttp_request_get_input_headers(x->request), "Authorization"),
	    .body = body,
	    .body_len = len};
	int at;
	const char *why = sign_request_check(&p->keys, &q, clocks, &at);

	x->signed_s = clocks[at];
	if (why == NULL)
		return true;
	p->sign_errors++;
	return answer_refuse(a, 401, "SIGN_ERROR", why);
}

/* What /v3 says, faults left aside that only change how it is said. */
static enum err
request_answer(struct exchange *x, struct ask *q, const void *body, size_t len, struct answer *a)
{
	struct provider *p = x->provider;
	enum err e;

	p->requests++;
	x->signed_s = p->books.now_us / US_PER_S;
	if (!request_verify(x, body, len, a))
		return ERR_OK;
	if (q->post && !json_is_object(q->body)) {
		(void)answer_param(a, "请求体不是JSON对象");
		return ERR_OK;
	}
	x->fault = faults_draw(&p->faults, q->uri);
	if (x->fault == FAULT_ERROR_BEFORE) {
		(void)answer_refuse(a, 500, "SYSTEM_ERROR", "系统异常，请稍后重试");
		return ERR_OK;
	}
	if (x->fault == FAULT_LIMITED) {
		(void)answer_refuse(a, 429, "FREQUENCY_LIMITED", "频率超限，请降低频率后重试");
		return ERR_OK;
	}
	e = provider_call(p, q, a);
	if (e == ERR_NOT_FOUND)
		e = bill_call(&p->files, &p->books, q, p->port, a);
	if (e == ERR_OK && x->fault == FAULT_ERROR_AFTER) {
		if (a->body != NULL)
			json_decref(a->body);
		free(a->raw);
		a->raw = NULL;
		(void)answer_refuse(a, 500, "SYSTEM_ERROR", "系统异常，请稍后重试");
	}
	return e;
}

static void
on_v3(struct exchange *x, struct ask *q, const void *body, size_t len)
{
	struct provider *p = x->provider;
	struct answer a = {0};
	enum err e;

	q->keys = &p->keys;
	q->serial =
	    evhttp_find_header(evhttp_request_get_input_headers(x->request), "Wechatpay-Serial");
	e = request_answer(x, q, body, len, &a);
	if (e == ERR_NOT_FOUND)
		(void)answer_refuse(&a, 404, "RESOURCE_NOT_EXISTS", "接口不存在");
	else if (e != ERR_OK)
		(void)answer_refuse(&a, 500, "SYSTEM_ERROR", err_text(e));
	if (a.status >= 400)
		p->refused++;
	answer_send(x, &a);
}

json_t *
provider_dump(const struct provider *p, const char *transaction_id)
{
	json_t *m = books_dump(&p->books, transaction_id);

	if (m != NULL)
		(void)json_object_set_new(m, "counts",
		    json_pack("{s:I, s:I, s:I, s:I, s:I}", "requests", (json_int_t)p->requests,
		        "refused", (json_int_t)p->refused, "faults", (json_int_t)p->faults.met,
		        "sign_errors", (json_int_t)p->sign_errors, "limited",
		        (json_int_t)p->limited));
	return m;
}

static void
on_control(struct exchange *x, struct ask *q)
{
	static const char books[] = "/control/books", only[] = "?transaction_id=";
	struct provider *p = x->provider;
	struct answer a = {.unsigned_ = true};
	const char *rest = q->uri + sizeof(books) - 1;
	enum err e = ERR_OK;

	if (!q->post && strncmp(q->uri, books, sizeof(books) - 1) == 0) {
		e = books_advance(&p->books);
		(void)answer_json(&a,
		    provider_dump(p,
		        strncmp(rest, only, sizeof(only) - 1) == 0 ? rest + sizeof(only) - 1
		                                                   : NULL));
	} else if (q->post && strcmp(q->uri, "/control/faults") == 0) {
		(void)faults_control(&p->faults, q, &a);
	} else {
		e = provider_call(p, q, &a);
	}
	if (e != ERR_OK) {
		if (a.body != NULL)
			json_decref(a.body);
		(void)answer_control(&a, err_text(e));
		a.status = e == ERR_NOT_FOUND ? 404 : 500;
	}
	answer_send(x, &a);
}

static void
on_request(struct evhttp_request *request, void *ctx)
{
	struct exchange x = {.provider = ctx, .request = request};
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	size_t len = evbuffer_get_length(in);
	const char *body = len > 0 ? (const char *)evbuffer_pullup(in, -1) : "";
	struct ask q = {.post = evhttp_request_get_command(request) == EVHTTP_REQ_POST,
	    .uri = evhttp_request_get_uri(request)};

	provider_clock(x.provider);
	if (body == NULL || q.uri == NULL) {
		evhttp_send_reply(request, 500, NULL, NULL);
		return;
	}
	q.body = len > 0 ? json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (strncmp(q.uri, "/control/", 9) == 0)
		on_control(&x, &q);
	else
		on_v3(&x, &q, body, len);
	if (q.body != NULL)
		json_decref(q.body);
}

/* ---- The server ------------------------------------------------------------------------------------ */

/* "127.0.0.1:8090"; false: it is not of this machine alone. */
static bool
address_port(const char *address, int64_t *port)
{
	return strncmp(address, LOOPBACK ":", sizeof(LOOPBACK)) == 0 &&
	    parse_i64(address + sizeof(LOOPBACK), 0, 65535, port) == ERR_OK;
}

enum err
provider_listen(struct provider *p, const char *address)
{
	struct evhttp_bound_socket *s = NULL;
	struct sockaddr_in at = {0};
	socklen_t len = sizeof(at);
	int64_t port;

	if (!address_port(address, &port)) {
		log_error(LOG_MSG("provider: not 127.0.0.1:PORT"), LOG_STR("listen", address));
		return ERR_CONF;
	}
	p->http = evhttp_new(p->base);
	if (p->http == NULL)
		return ERR_NO_MEMORY;
	evhttp_set_max_body_size(p->http, BODY_SIZE_MAX);
	evhttp_set_allowed_methods(p->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_gencb(p->http, on_request, p);
	s = evhttp_bind_socket_with_handle(p->http, LOOPBACK, (ev_uint16_t)port);
	if (s == NULL ||
	    getsockname(evhttp_bound_socket_get_fd(s), (struct sockaddr *)&at, &len) != 0) {
		log_error(LOG_MSG("provider: cannot listen"), LOG_STR("listen", address));
		return ERR_IO;
	}
	p->port = ntohs(at.sin_port);
	return ERR_OK;
}

void
provider_close(struct provider *p)
{
	struct held *next;

	for (struct held *h = p->held; h != NULL; h = next) {
		next = h->next;
		held_free(h);
	}
	p->held = NULL;
	if (p->http != NULL)
		evhttp_free(p->http);
	p->http = NULL;
}
