#ifndef ROUTER_FLOW_BILL_JOB_H
#define ROUTER_FLOW_BILL_JOB_H

/*
 * bill_job: one bill from its file to its match: how it is read, its lines written, held against the books.  The same
 * for the command line, ImportBill and the provider's queue.  The match is a transaction of its own: if the books are
 * not sealed in time it is left to flow/recon_job.h, which looks for bills that wait.
 */
#include <event2/event.h>
#include <stdio.h>

#include "base/conf.h"
#include "store/bill.h"
#include "store/recon.h"

struct seal;

struct bill_env { /* copied */
	struct event_base *base;
	struct pool *pool; /* of flow/recon_job.h, or the like: its statements may take minutes */
	const struct conf *conf;
	struct seal *seal; /* poked while the match waits; NULL: there is none here */
};

struct bill_result {
	struct bill_outcome imported;
	bool matched;        /* by this; else it waits, or: */
	bool matched_before; /* by somebody else meanwhile */
	struct reason match; /* why not, if something failed */
	struct recon_result recon;
};
typedef void bill_job_fn(void *ctx, const struct bill_result *r);

struct bill_task {
	const char *collector; /* code; "": whoever has the merchant number at the provider */
	enum provider provider;
	const char *merchant;
	enum bill_kind kind;
	int32_t day;
	FILE *file; /* one that can be read twice; NULL: bytes */
	const void *bytes;
	size_t len;
	const char *sha1; /* of what is inflated, in hex; "": not known */
	int64_t key_id;
	void (*progress)(void *ctx, int64_t lines); /* after each chunk; may be NULL */
	bill_job_fn *done;
	void *ctx;
};

/* OK: ${t}->done once, later.  Texts and bytes of ${t} are borrowed until then, ${arena} is used. */
enum err bill_job_start(const struct bill_env *env, struct arena *arena,
    const struct bill_task *t) MUST_CHECK;

typedef void bill_match_fn(void *ctx, enum err e, const struct recon_result *r);
/* The match alone, waiting up to BILL_WAIT_US for the books; then ${r}->waits.  See recon_match(). */
#define BILL_WAIT_US (20 * INT64_C(1000000))
enum err bill_match(const struct bill_env *env, struct arena *arena, const struct uuid *bill,
    bill_match_fn *done, void *ctx) MUST_CHECK;

#endif
