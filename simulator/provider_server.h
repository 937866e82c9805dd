#ifndef SIMULATOR_PROVIDER_SERVER_H
#define SIMULATOR_PROVIDER_SERVER_H

/* provider_server: the stand-in provider as a whole. */
#include "simulator/provider_bill.h"
#include "simulator/provider_books.h"
#include "simulator/provider_faults.h"
#include "simulator/provider_keys.h"
#include "simulator/provider_limit.h"

struct event_base;
struct evhttp;
struct held;

struct provider {
	struct books books;
	struct provider_keys keys;
	struct faults faults;
	struct limits limits;
	struct bill_files files;
	int64_t offset_us; /* our clock less the machine's */
	int book_fd;       /* -1: no --book */
	struct event_base *base;
	struct evhttp *http;
	uint16_t port;
	struct held *held; /* answers that come late */
	int64_t requests, refused, sign_errors, limited;
};

/* ---- provider_call: one request to the books, kept in the book file -------------------------------- */

/**
 * provider_call(p, q, a):
 * What ${q} asks for happens, or is refused; ${a} says it.  What changed the books is in the book file, durable
 * against the end of this process, when it returns.
 *
 * ERR_NOT_FOUND: it is no method of the books.
 * ERR_IO: the book file cannot be written; the books are ahead of it.
 */
enum err provider_call(struct provider *p, struct ask *q, struct answer *a) MUST_CHECK;
/* The same out of our own mouth, for options. */
enum err provider_tell(struct provider *p, const char *uri, json_t *body) MUST_CHECK;
/* Opens ${path} and does again all that is in it; what was cut off at its end is dropped. */
enum err provider_book_open(struct provider *p, const char *path) MUST_CHECK;
/* The time of our clock becomes the books'. */
void provider_clock(struct provider *p);

/* ---- provider_http ---------------------------------------------------------------------------------- */

/* "127.0.0.1:0": any port that is free.  ERR_CONF: another address; it is logged. */
enum err provider_listen(struct provider *p, const char *address) MUST_CHECK;
void provider_close(struct provider *p);
/* GET /control/books. */
json_t *provider_dump(const struct provider *p, const char *transaction_id);

#endif
