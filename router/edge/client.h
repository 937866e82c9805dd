#ifndef ROUTER_EDGE_CLIENT_H
#define ROUTER_EDGE_CLIENT_H

/*
 * client: HTTP requests of our own, on the loop; libcurl's multi interface is inside.
 *
 * One request, one answer: redirects are not followed, proxies of the environment not used, certificates
 * verified, the answer kept up to a size.  Names are resolved by a thread of libcurl's.  An address that is
 * not public is refused when it is connected to, unless the request may go there: see edge/address.h.
 */
#include <event2/event.h>

#include "base/err.h"

struct client;
struct client_send;

struct client_limits {
	int sends_max;       /* requests at once */
	const char *ca_file; /* certificates to trust instead of the system's; "": the system's */
};

struct client_request {
	const char *url;
	const char *const *headers; /* "name: value", ended by NULL */
	const void *body;           /* NULL: GET; else POST.  Copied. */
	size_t body_len;
	int64_t timeout_ms; /* for all of it, name and handshake included */
	size_t answer_max;  /* bytes of the answer's body that are kept */
	bool private_allowed, http_allowed;
};

struct client_answer {
	/*
	 * OK: there is a status, whatever it says.  TIMEOUT.  TOO_LARGE: more than answer_max came; there
	 * is a status.  PERMISSION_DENIED: the name leads to addresses that are not public only.  IO:
	 * all else (no such name, refused, TLS, cut off).
	 */
	enum err err;
	int status;      /* 0: none */
	const char *why; /* libcurl's words, for a log; "" with OK */
	const char *body;
	size_t body_len;
	int64_t retry_after_s;          /* the header Retry-After as seconds; 0: none */
	const struct client_send *send; /* for client_header() */
};

typedef void client_fn(void *ctx, const struct client_answer *a);

/* The value of a header of ${a}, which lives as long; NULL: it has none of that name, or several. */
const char *client_header(const struct client_answer *a, const char *name);

/* What client_limits.ca_file must be.  CONF: ${r}->text says what is wrong with it; its field is left empty. */
enum err client_ca_check(const char *path, struct reason *r) MUST_CHECK;

enum err client_new(struct client **out, struct event_base *base,
    const struct client_limits *limits) MUST_CHECK;
void client_free(struct client *c); /* what is under way is dropped, nobody is told; NULL is fine */

/**
 * client_start(c, q, done, ctx, out):
 * Send ${q}.
 *
 * OK: ${done}(${ctx}, answer) follows once, later, from the loop, unless client_cancel(${out}) comes first;
 *     the answer lives until it returns.  BUSY: sends_max are under way.  BAD_FIELD: ${q}->url may not be
 *     asked, see client_url_check().  NO_MEMORY.
 */
enum err client_start(struct client *c, const struct client_request *q, client_fn *done, void *ctx,
    struct client_send **out) MUST_CHECK;
void client_cancel(struct client_send *s);
int client_sends(const struct client *c); /* under way */

/**
 * client_url_check(url, http_allowed, r):
 * An absolute URL that may be asked: https (or http), a host, no user, no password, no fragment.
 *
 * BAD_FIELD: ${r}->text says what is wrong with it; its field is left empty.
 */
enum err client_url_check(const char *url, bool http_allowed, struct reason *r) MUST_CHECK;

#endif
