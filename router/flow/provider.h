#ifndef ROUTER_FLOW_PROVIDER_H
#define ROUTER_FLOW_PROVIDER_H

/*
 * provider: the durable queue of calls to the payment provider (store/provider_call.h), and its bills.
 *
 *   queued → sent (committed before sending) → under way → done or refused
 *
 * A call whose outcome is unknown (no answer, 5xx, cut off, not or wrongly signed, killed) is asked about first; only
 * when the provider says that it does not know the number is the same body sent again under it.  Earlier deadlines go
 * first; a merchant's calls keep its rate; of one payment there is one request at a time, and an unfreeze waits
 * for its splits.  Receivers are made known before the first split to them.  Before a split is sent for the first
 * time its items are held against the cap and what is unsplit; what does not fit any more is CLOSED by us.
 *
 * One instance works at a time.  A receiver's result is written when it comes; who posts what follows from it finds it in
 * the rows (result, not posted), any instance, and behind any crash (flow/settle.h).
 */
#include "base/conf.h"
#include "domain/bill.h"
#include "store/provider_call.h"

struct app;
struct provider_queue;
/**
 * provider_start(out, app):
 * The queue to the provider that the settings name; ${*out} is NULL when wechat_url is empty: then nobody is to be paid
 * through a provider, and what is queued waits.  Reads the keys' files: for start-up.
 *
 * CONF: logged.
 */
enum err provider_start(struct provider_queue **out, struct app *app) MUST_CHECK;
/* ${fn} hears when there are new results to be posted. */
void provider_on_results(struct provider_queue *q, void (*fn)(void *ctx), void *ctx);
void provider_poke(struct provider_queue *q); /* there are new calls: look now; NULL is fine */
/* Begin nothing more; what is under way is let finish. */
void provider_drain(struct provider_queue *q);
bool provider_drained(const struct provider_queue *q);
void provider_free(struct provider_queue *q); /* NULL is fine */

/* ---- Bills ------------------------------------------------------------------------------------------ */

struct provider_bill {
	enum provider provider;
	enum bill_kind kind;
	const char *merchant; /* whose bill */
	int32_t day;          /* days since 1970, in China */
	/* As it came, perhaps gzip: edge/gunzip.h reads it.  The SHA-1 of what it holds is what the provider said. */
	const void *data;
	size_t len;
	const char *sha1; /* in hex */
};
/*
 * A day's bill, fetched the day after from 10:00 on in China, of each merchant that collects; lives until
 * provider_bill_taken(), once, now or later.  With any error, ${why}, it is fetched and handed over again: after 5 minutes,
 * then twice as long each time, up to a day.
 */
struct provider_bill_handover;
typedef void provider_bill_fn(void *ctx, const struct provider_bill *b,
    struct provider_bill_handover *h);
void provider_bill_taken(struct provider_bill_handover *h, enum err e, const char *why);
void provider_on_bill(struct provider_queue *q, provider_bill_fn *fn, void *ctx);

#endif
