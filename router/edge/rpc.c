#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/parse.h"
#include "base/strmap.h"
#include "edge/body.h"
#include "edge/fault.h"
#include "edge/http.h"
#include "edge/json_read.h"
#include "edge/json_write.h"
#include "edge/rpc.h"
#include "edge/wire_write.h"

#define POOL_MAX 256
#define REPLY_SIZE_MAX ((size_t)64 << 20) /* of a reply or a refusal */
#define JSON_KEEP_SIZE ((size_t)1 << 20)
#define TIMEOUT_DIGITS_MAX 10
#define TYPE_PROTO "application/proto"
#define TYPE_JSON "application/json"

/* The headers that a call looks at. */
enum header {
	HEADER_AUTHORIZATION,
	HEADER_CONTENT_TYPE,
	HEADER_CONTENT_ENCODING,
	HEADER_VERSION,
	HEADER_TIMEOUT,
	HEADER_COUNT
};

static const struct http_header wanted[HEADER_COUNT] = {
    [HEADER_AUTHORIZATION] = HTTP_HEADER("authorization"),
    [HEADER_CONTENT_TYPE] = HTTP_HEADER("content-type"),
    [HEADER_CONTENT_ENCODING] = HTTP_HEADER("content-encoding"),
    [HEADER_VERSION] = HTTP_HEADER("connect-protocol-version"),
    [HEADER_TIMEOUT] = HTTP_HEADER("connect-timeout-ms"),
};

/* A call with what its method need not know. */
struct open_call {
	struct call call; /* first: a struct call is one of these */
	struct rpc *rpc;
	struct http_request *http;         /* NULL: the client has its answer, TIMEOUT */
	const char *headers[HEADER_COUNT]; /* while the request is checked */
	struct open_call *next;            /* in the pool */
	struct event timer;
	bool has_timer;
	enum body_type type;
	size_t memory_max; /* of its arena */
	int64_t start_us;  /* 0: it waited for something, which is no figure of ours */
	int status;        /* where it is not that of the error's code; 0: it is */
};

struct rpc {
	const struct conf *conf;
	const struct method *methods;
	int method_count;
	char **paths;
	struct strmap map; /* path -> index */
	struct event_base *base;
	struct key_table *keys;
	bool is_ready;
	struct open_call *pool;
	int pool_count;
	int open_count;
	struct open_call *starting; /* the call whose method runs right now, until it is answered */
	uint64_t id_mask;
	uint64_t id_next;
	struct inflater inflater;
	struct buf json;
	struct wire_out packed;
	int64_t *calls;            /* by method */
	int64_t errors[ERR_COUNT]; /* by name */
};

/* ---- Calls ---------------------------------------------------------------------------------- */

static struct open_call *
call_take(struct rpc *r)
{
	struct open_call *o = r->pool;
	size_t memory_max = (size_t)r->conf->request_memory_max;
	uint64_t id;

	if (o != NULL) {
		r->pool = o->next;
		r->pool_count--;
	} else {
		o = calloc(1, sizeof(*o));
		if (o == NULL)
			return NULL;
	}
	if (o->call.arena != NULL && o->memory_max != memory_max) {
		arena_free(o->call.arena);
		o->call.arena = NULL;
	}
	if (o->call.arena == NULL)
		o->call.arena = arena_new(memory_max);
	if (o->call.arena == NULL) {
		free(o);
		return NULL;
	}
	o->memory_max = memory_max;
	o->rpc = r;
	o->start_us = clock_mono_us();
	o->call.received_us = clock_wall_us();
	id = htobe64(r->id_mask ^ r->id_next++);
	_Static_assert(2 * sizeof(id) < sizeof(o->call.id), "an id as hex");
	hex_encode(&id, sizeof(id), o->call.id);
	r->open_count++;
	return o;
}

static void
call_put(struct open_call *o)
{
	struct rpc *r = o->rpc;
	struct arena *a = o->call.arena;
	size_t memory_max = o->memory_max;

	if (o->has_timer)
		event_del(&o->timer);
	if (r->starting == o)
		r->starting = NULL;
	r->open_count--;
	if (r->pool_count >= POOL_MAX) {
		arena_free(a);
		free(o);
		return;
	}
	arena_reset(a);
	*o = (struct open_call){.call.arena = a, .memory_max = memory_max, .next = r->pool};
	r->pool = o;
	r->pool_count++;
}

/* The scratch that JSON is written to; one large reply does not keep its memory. */
static struct buf *
json_scratch(struct rpc *r)
{
	if (r->json.size > JSON_KEEP_SIZE)
		buf_release(&r->json);
	buf_reset(&r->json);
	return &r->json;
}

static void
send_reply(struct open_call *o, int status, const char *type)
{
	struct http_request *q = o->http;

	o->http = NULL;
	if (o->start_us != 0)
		metric_observe(METRIC_request_us, clock_mono_us() - o->start_us);
	http_reply_header(q, "x-request-id", o->call.id);
	http_reply(q, status, type);
}

/* Tells the client no; the call itself stays with its method. */
static void
send_fault(struct open_call *o, const struct reason *why, const ProtobufCMessage *detail)
{
	struct evbuffer *to = http_reply_body(o->http);
	struct buf *b = json_scratch(o->rpc);

	assert(why->err != ERR_OK);
	o->rpc->errors[why->err]++;
	if (to != NULL) {
		fault_write(b, why, detail);
		if (buf_err(b) != ERR_OK) {
			buf_reset(b);
			fault_write(b, why, NULL);
		}
		evbuffer_add(to, b->data, b->len);
	}
	send_reply(o, o->status != 0 ? o->status : fault_http(why), TYPE_JSON);
}

void
call_fail(struct call *c, const struct reason *r, const ProtobufCMessage *detail)
{
	struct open_call *o = (struct open_call *)c;

	if (o->http != NULL)
		send_fault(o, r, detail);
	call_put(o);
}

enum err
call_pack(struct call *c, const ProtobufCMessage *m, const uint8_t **p, size_t *len)
{
	return wire_write(&((struct open_call *)c)->rpc->packed, m, p, len);
}

void
call_rest(struct call *c)
{
	arena_empty(c->arena);
	c->principal = NULL;
	c->flow = NULL;
	((struct open_call *)c)->start_us = 0;
}

static enum err
write_proto(struct call *c, struct evbuffer *to, const ProtobufCMessage *m)
{
	const uint8_t *p;
	size_t len;
	enum err e = call_pack(c, m, &p, &len);

	if (e != ERR_OK)
		return e;
	return evbuffer_add(to, p, len) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

static enum err
write_json(struct rpc *r, struct evbuffer *to, const ProtobufCMessage *m)
{
	struct buf *b = json_scratch(r);

	json_write(b, m);
	if (buf_err(b) != ERR_OK)
		return buf_err(b);
	return evbuffer_add(to, b->data, b->len) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

void
call_reply(struct call *c, const ProtobufCMessage *m)
{
	struct open_call *o = (struct open_call *)c;
	struct evbuffer *to;
	enum err e = ERR_OK;

	assert(m->descriptor == c->method->response);
	if (o->http == NULL) {
		call_put(o);
		return;
	}
	to = http_reply_body(o->http);
	if (to != NULL)
		e = o->type == BODY_JSON ? write_json(o->rpc, to, m) : write_proto(c, to, m);
	if (e != ERR_OK) {
		(void)reason_set(&c->reason, ERR_INTERNAL, NULL, "the reply is too large");
		log_error(LOG_MSG("a reply could not be written"), LOG_STR("req", c->id),
		    LOG_STR("method", c->method->name), LOG_STR("err", err_name(e)));
		send_fault(o, &c->reason, NULL);
	} else {
		send_reply(o, 200, o->type == BODY_JSON ? TYPE_JSON : TYPE_PROTO);
	}
	call_put(o);
}

/* The method is still at it; the client is told, and its answer will go nowhere. */
static void
call_expired(evutil_socket_t fd, short what, void *ctx)
{
	struct open_call *o = ctx;
	struct reason why;

	(void)fd;
	(void)what;
	o->has_timer = false;
	if (o->http == NULL)
		return;
	(void)reason_set(&why, ERR_TIMEOUT, NULL, "%s", err_text(ERR_TIMEOUT));
	send_fault(o, &why, NULL);
}

/* ---- Checks, in their order ------------------------------------------------------------------ */

static enum err
check_route(struct open_call *o)
{
	struct rpc *r = o->rpc;
	const char *path = http_path(o->http);
	uint32_t i = strmap_get(&r->map, path);

	if (i == STRMAP_NONE) {
		o->status = 404;
		return reason_set(&o->call.reason, ERR_NO_METHOD, NULL, "there is no method %s",
		    path);
	}
	o->call.method = &r->methods[i];
	r->calls[i]++;
	if (http_method(o->http) != HTTP_POST) {
		o->status = 405;
		http_reply_header(o->http, "Allow", "POST");
		return reason_set(&o->call.reason, ERR_NO_METHOD, NULL,
		    "methods are called by POST");
	}
	return ERR_OK;
}

/* The copy outlives the key table, which may be swapped while the call runs. */
static enum err
copy_principal(struct open_call *o, const struct principal *p)
{
	struct principal *copy = arena_memdup(o->call.arena, p, sizeof(*p));

	if (copy != NULL && p->scope_count > 0) {
		copy->scopes = arena_memdup(o->call.arena, p->scopes,
		    (size_t)p->scope_count * sizeof(p->scopes[0]));
		if (copy->scopes == NULL)
			copy = NULL;
	}
	if (copy == NULL)
		return reason_set(&o->call.reason, ERR_NO_MEMORY, NULL, "%s",
		    err_text(ERR_NO_MEMORY));
	o->call.principal = copy;
	return ERR_OK;
}

enum err
rpc_caller(const struct rpc *r, const char *authorization, const struct principal **p,
    struct reason *why)
{
	const bool ready = r->is_ready && r->keys != NULL;
	const enum err e = ready ? ERR_UNAUTHENTICATED : ERR_NOT_READY;

	*p = ready ? key_table_find(r->keys, authorization) : NULL;
	return *p != NULL ? ERR_OK : reason_set(why, e, NULL, "%s", err_text(e));
}

static enum err
check_caller(struct open_call *o)
{
	struct reason *why = &o->call.reason;
	const struct principal *p;
	enum err e = rpc_caller(o->rpc, o->headers[HEADER_AUTHORIZATION], &p, why);

	if (e != ERR_OK)
		return e;
	assert(p != NULL);
	if ((o->call.method->roles & (unsigned)p->role) == 0)
		return reason_set(why, ERR_PERMISSION_DENIED, NULL,
		    "a key with the role %s may not call %s", role_word(p->role),
		    o->call.method->name);
	return copy_principal(o, p);
}

static enum err
check_timeout(struct open_call *o)
{
	const char *text = o->headers[HEADER_TIMEOUT];
	int64_t ms = o->rpc->conf->request_ms_max, asked;

	if (text != NULL) {
		if (strlen(text) > TIMEOUT_DIGITS_MAX ||
		    parse_i64(text, 0, INT64_MAX, &asked) != ERR_OK)
			return reason_set(&o->call.reason, ERR_BAD_FIELD, "connect-timeout-ms",
			    "this is not a number of at most %d digits", TIMEOUT_DIGITS_MAX);
		if (asked < ms)
			ms = asked;
	}
	o->call.deadline_us = o->start_us + ms * US_PER_MS;
	if (ms == 0)
		return reason_set(&o->call.reason, ERR_TIMEOUT, NULL, "%s", err_text(ERR_TIMEOUT));
	return ERR_OK;
}

/* Content-Type decides how the answer is written too. */
static enum err
check_encoding(struct open_call *o, bool *is_gzip)
{
	const char *encoding = o->headers[HEADER_CONTENT_ENCODING];
	const char *version = o->headers[HEADER_VERSION];
	struct reason *why = &o->call.reason;

	if (!body_type_parse(o->headers[HEADER_CONTENT_TYPE], &o->type)) {
		o->status = 415;
		http_reply_header(o->http, "Accept-Post", TYPE_PROTO ", " TYPE_JSON);
		return reason_set(why, ERR_BAD_ENCODING, "content-type",
		    "only " TYPE_PROTO " and " TYPE_JSON " are spoken here");
	}
	if (version != NULL && strcmp(version, "1") != 0)
		return reason_set(why, ERR_BAD_FIELD, "connect-protocol-version",
		    "only version 1 is known");
	*is_gzip = encoding != NULL && strcasecmp(encoding, "gzip") == 0;
	if (encoding != NULL && !*is_gzip && strcasecmp(encoding, "identity") != 0) {
		http_reply_header(o->http, "Accept-Encoding", "gzip");
		return reason_set(why, ERR_BAD_ENCODING, "content-encoding",
		    "only gzip and identity are known");
	}
	return check_timeout(o);
}

static size_t
size_limit(const struct open_call *o)
{
	const struct conf *conf = o->rpc->conf;
	int64_t max = conf->body_size_max;

	if (o->call.method->body_size_max > 0 && o->call.method->body_size_max < max)
		max = o->call.method->body_size_max;
	if (o->type == BODY_JSON && conf->json_size_max < max)
		max = conf->json_size_max;
	return (size_t)max;
}

static enum err
decode(struct open_call *o, bool is_gzip, ProtobufCMessage **out)
{
	struct rpc *r = o->rpc;
	struct reason *why = &o->call.reason;
	struct wire_limits limits = {WIRE_REPEATED_MAX, WIRE_VALUES_MAX};
	size_t len, max = size_limit(o);
	const uint8_t *p = http_body(o->http, &len);
	enum err e;

	if (len > max)
		return reason_set(why, ERR_TOO_LARGE, NULL,
		    "the body has %zu bytes, the limit is %zu", len, max);
	if (len > 0 && p == NULL)
		return reason_set(why, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	if (is_gzip && len > 0) {
		e = inflater_run(&r->inflater, p, len, max, why);
		if (e != ERR_OK)
			return e;
		p = r->inflater.out.data;
		len = r->inflater.out.len;
	}
	if (r->conf->upsert_rows_max > limits.repeated_max) {
		limits.repeated_max = (uint32_t)r->conf->upsert_rows_max;
		limits.values_max = limits.repeated_max * (WIRE_VALUES_MAX / WIRE_REPEATED_MAX);
	}
	e = o->type == BODY_JSON
	    ? json_read(o->call.method->request, p, len, &limits, o->call.arena, out, why)
	    : wire_read(o->call.method->request, p, len, &limits, o->call.arena, out, why);
	http_body_drop(o->http);
	return e;
}

static enum err
check_all(struct open_call *o, ProtobufCMessage **out)
{
	bool is_gzip = false;
	enum err e;

	e = check_route(o);
	if (e == ERR_OK)
		e = check_caller(o);
	if (e == ERR_OK)
		e = check_encoding(o, &is_gzip);
	if (e == ERR_OK)
		e = decode(o, is_gzip, out);
	return e;
}

static void
on_call(void *ctx, struct http_request *q)
{
	struct rpc *r = ctx;
	struct open_call *o = call_take(r);
	ProtobufCMessage *request = NULL;
	int64_t us;

	if (o == NULL) {
		http_reply(q, 503, TYPE_JSON);
		return;
	}
	o->http = q;
	http_headers(q, wanted, HEADER_COUNT, o->headers);
	if (check_all(o, &request) != ERR_OK) {
		metric_add(METRIC_http_refused_total, 1);
		call_fail(&o->call, &o->call.reason, NULL);
		return;
	}
	r->starting = o;
	o->call.method->start(&o->call, request);
	if (r->starting != o)
		return; /* answered */
	r->starting = NULL;
	us = o->call.deadline_us - clock_mono_us();
	us = us < 0 ? 0 : us;
	event_assign(&o->timer, r->base, -1, 0, call_expired, o);
	o->has_timer = event_add(&o->timer, &(struct timeval){us / US_PER_S, us % US_PER_S}) == 0;
}

/* ---- The table ------------------------------------------------------------------------------ */

static enum err
add_paths(struct rpc *r)
{
	for (int i = 0; i < r->method_count; i++) {
		const struct method *m = &r->methods[i];
		size_t size = strlen(m->service) + strlen(m->name) + 3;
		bool added;

		r->paths[i] = malloc(size);
		if (r->paths[i] == NULL)
			return ERR_NO_MEMORY;
		snprintf(r->paths[i], size, "/%s/%s", m->service, m->name);
		if (strmap_put(&r->map, r->paths[i], (uint32_t)i, &added) != ERR_OK)
			return ERR_NO_MEMORY;
		assert(added); /* a method twice in the table is a bug */
	}
	return ERR_OK;
}

enum err
rpc_new(struct rpc **out, const struct conf *conf, const struct method *methods)
{
	struct rpc *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NO_MEMORY;
	r->conf = conf;
	r->methods = methods;
	while (methods[r->method_count].service != NULL)
		r->method_count++;
	inflater_init(&r->inflater);
	buf_init(&r->json, REPLY_SIZE_MAX);
	wire_out_init(&r->packed, REPLY_SIZE_MAX);
	random_bytes(&r->id_mask, sizeof(r->id_mask));
	r->paths = calloc((size_t)r->method_count + 1, sizeof(*r->paths));
	r->calls = calloc((size_t)r->method_count + 1, sizeof(*r->calls));
	if (r->paths == NULL || r->calls == NULL ||
	    strmap_init(&r->map, (size_t)r->method_count) != ERR_OK || add_paths(r) != ERR_OK) {
		rpc_free(r);
		return ERR_NO_MEMORY;
	}
	*out = r;
	return ERR_OK;
}

void
rpc_free(struct rpc *r)
{
	struct open_call *o;

	if (r == NULL)
		return;
	assert(r->open_count == 0); /* flow/ answers or fails all it holds first */
	while ((o = r->pool) != NULL) {
		r->pool = o->next;
		arena_free(o->call.arena);
		free(o);
	}
	for (int i = 0; r->paths != NULL && i < r->method_count; i++)
		free(r->paths[i]);
	free(r->paths);
	free(r->calls);
	strmap_release(&r->map);
	inflater_release(&r->inflater);
	buf_release(&r->json);
	wire_out_release(&r->packed);
	key_table_free(r->keys);
	free(r);
}

void
rpc_keys_set(struct rpc *r, struct key_table *t)
{
	key_table_free(r->keys);
	r->keys = t;
}

void
rpc_ready_set(struct rpc *r, bool ready)
{
	r->is_ready = ready;
}

int
rpc_calls_open(const struct rpc *r)
{
	return r->open_count;
}

void
rpc_metrics(const struct rpc *r, struct buf *out)
{
	const char *names[ERR_COUNT];
	enum err e;

	metric_print_labelled(out, "rpc_calls_total", "calls by method", "method",
	    (const char *const *)r->paths, r->calls, r->method_count);
	for (e = ERR_OK; e < ERR_COUNT; e++)
		names[e] = err_name(e);
	/* Without the first, OK, which is no error. */
	metric_print_labelled(out, "rpc_errors_total", "refusals and errors by name", "error",
	    names + 1, r->errors + 1, ERR_COUNT - 1);
}

void
rpc_attach(struct rpc *r, struct http_server *s)
{
	r->base = http_base(s);
	http_route_rpc(s, on_call, r);
}
