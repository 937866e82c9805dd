#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/retry.h"
#include "edge/gunzip.h"
#include "flow/provider_inside.h"
#include "store/provider_bill.h"

#define READY_US (10 * 60 * US_PER_MIN) /* of the day: bills are made by then */
#define LOOK_EVERY_US (2 * US_PER_S)
#define AGAIN_US (5 * US_PER_MIN) /* then twice as long each time */
#define AGAIN_US_MAX US_PER_DAY
#define INFLATED_MAX (INT64_C(4) << 30)
#define STEP_SIZE ((size_t)1 << 20) /* looked at in one turn of the loop */
#define ERROR_SIZE 160

/* One bill at a time: there are a few a day. */
struct provider_bills {
	struct provider_queue *queue;
	struct provider_ask *ask;
	struct event *step;
	provider_bill_fn *fn;
	void *ctx;
	bool busy;
	int64_t look_us;     /* monotonic: not before */
	int32_t planned_day; /* up to it each bill has a row */
	struct provider_bill_look look;
	struct provider_bill_write write;
	char error[ERROR_SIZE];
	/* what came of the provider */
	struct provider_file file;
	void *data;
	size_t len;
	struct gunzip *gunzip;
	struct provider_bill told;
};

struct provider_bill_handover {
	struct provider_bills *job;
};

static void
let_go(struct provider_bills *b)
{
	gunzip_free(b->gunzip);
	b->gunzip = NULL;
	free(b->data);
	b->data = NULL;
}

static void
rest(struct provider_bills *b)
{
	let_go(b);
	b->busy = false;
}

static void
written(void *ctx, enum err e)
{
	struct provider_bills *b = ctx;

	if (!provider_back(b->queue))
		return;
	rest(b);
	if (e == ERR_OK)
		b->look_us = 0; /* there may be more */
}

static void
finish(struct provider_bills *b, enum provider_bill_state state, const char *error)
{
	struct provider_bill_write *w = &b->write;

	(void)snprintf(b->error, sizeof(b->error), "%s", error);
	w->pool = b->queue->pool;
	w->provider = b->queue->api->provider;
	w->state = state;
	w->error = b->error;
	w->row.tries++;
	w->now_us = clock_wall_us();
	w->next_us = w->now_us + retry_doubled(w->row.tries, AGAIN_US, AGAIN_US_MAX);
	w->done = written;
	w->ctx = b;
	if (error[0] != '\0')
		log_warn(LOG_MSG("a bill of the provider is not taken in yet"),
		    LOG_INT("kind", w->row.kind), LOG_STR("merchant", w->row.merchant),
		    LOG_INT("day", w->row.day), LOG_STR("why", error));
	if (provider_bill_write(w) == ERR_OK)
		b->queue->pending++;
	else
		rest(b);
}

/* ---- What came ------------------------------------------------------------------------------------- */

void
provider_bill_taken(struct provider_bill_handover *h, enum err e, const char *why)
{
	struct provider_bills *b = h->job;

	free(h);
	if (!provider_back(b->queue))
		return;
	finish(b, e == ERR_OK ? BILL_TAKEN : BILL_DUE, why);
}

static void
hand_over(struct provider_bills *b)
{
	struct provider_bill_handover *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		finish(b, BILL_DUE, err_name(ERR_NO_MEMORY));
		return;
	}
	h->job = b;
	b->told = (struct provider_bill){.provider = b->queue->api->provider,
	    .kind = (enum bill_kind)b->write.row.kind,
	    .merchant = b->write.row.merchant,
	    .day = b->write.row.day,
	    .data = b->data,
	    .len = b->len,
	    .sha1 = b->file.sha1};
	b->queue->pending++;
	b->fn(b->ctx, &b->told, h);
}

/* What was inflated must be what the signed answer promised. */
static void
judge(struct provider_bills *b)
{
	char hex[2 * SHA1_SIZE + 1];
	struct gunzip_sum sum;
	struct reason r = {0};

	if (gunzip_err(b->gunzip, &r) != ERR_OK) {
		finish(b, BILL_DUE, r.text);
		return;
	}
	gunzip_sum(b->gunzip, &sum);
	hex_encode(sum.sha1, sizeof(sum.sha1), hex);
	gunzip_free(b->gunzip);
	b->gunzip = NULL;
	if (strcmp(hex, b->file.sha1) == 0)
		hand_over(b);
	else
		finish(b, BILL_DUE, "its SHA-1 is not what the provider said");
}

static void
on_step(evutil_socket_t fd, short what, void *ctx)
{
	static char piece[STEP_SIZE];
	struct provider_bills *b = ctx;

	(void)fd;
	(void)what;
	if (fread(piece, 1, sizeof(piece), gunzip_stream(b->gunzip)) == sizeof(piece))
		event_active(b->step, 0, 0);
	else
		judge(b);
}

static void
downloaded(void *ctx, const struct provider_reply *r)
{
	struct provider_bills *b = ctx;
	enum err e = ERR_NO_MEMORY;

	b->ask = NULL;
	if (r->word != WORD_DONE) {
		finish(b, BILL_DUE, r->code);
		return;
	}
	b->data = malloc(r->len + 1);
	if (b->data != NULL) {
		memcpy(b->data, r->data, r->len);
		b->len = r->len;
		e = gunzip_bytes(&b->gunzip, b->data, b->len, INFLATED_MAX);
	}
	if (e == ERR_OK)
		event_active(b->step, 0, 0);
	else
		finish(b, BILL_DUE, err_name(e));
}

/* ---- Asking ------------------------------------------------------------------------------------------ */

static void
told_where(void *ctx, const struct provider_reply *r)
{
	struct provider_api *api;
	struct provider_bills *b = ctx;
	enum err e;

	b->ask = NULL;
	if (r->word != WORD_DONE) {
		finish(b, r->word == WORD_NO_SUCH ? BILL_NONE : BILL_DUE,
		    r->word == WORD_NO_SUCH ? "" : r->code);
		return;
	}
	b->file = r->file;
	api = b->queue->api;
	/* The address is good for half a minute. */
	e = api->ops->download(api, &b->file, downloaded, b, &b->ask);
	if (e != ERR_OK)
		finish(b, BILL_DUE, err_name(e));
}

static void
looked(void *ctx, enum err e, const struct provider_bill_row *row)
{
	struct provider_api *api;
	struct provider_bills *b = ctx;

	if (!provider_back(b->queue))
		return;
	if (e == ERR_OK)
		b->planned_day = b->look.day;
	if (e != ERR_OK || row == NULL || b->queue->draining) {
		rest(b);
		return;
	}
	b->write.row = *row;
	api = b->queue->api;
	e = api->ops->bill(api, (enum bill_kind)row->kind, b->write.row.merchant, row->day,
	    told_where, b, &b->ask);
	if (e != ERR_OK)
		finish(b, BILL_DUE, err_name(e));
}

void
provider_bills_look(struct provider_bills *b)
{
	int64_t now_us = clock_mono_us();

	if (b->busy || b->fn == NULL || now_us < b->look_us)
		return;
	b->look_us = now_us + LOOK_EVERY_US;
	b->look = (struct provider_bill_look){.pool = b->queue->pool,
	    .provider = b->queue->api->provider,
	    .signer = b->queue->conf->wechat_mchid,
	    .now_us = clock_wall_us(),
	    .done = looked,
	    .ctx = b};
	b->look.day = day_in_china(b->look.now_us - READY_US) - 1;
	b->look.planned = b->look.day <= b->planned_day;
	if (provider_bill_look(&b->look) != ERR_OK)
		return;
	b->busy = true;
	b->queue->pending++;
}

/* ---- Made and unmade ---------------------------------------------------------------------------------- */

void
provider_on_bill(struct provider_queue *q, provider_bill_fn *fn, void *ctx)
{
	q->bill->fn = fn;
	q->bill->ctx = ctx;
}

enum err
provider_bills_new(struct provider_bills **out, struct provider_queue *q)
{
	struct provider_bills *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return ERR_NO_MEMORY;
	b->queue = q;
	b->step = event_new(q->base, -1, 0, on_step, b);
	if (b->step == NULL) {
		free(b);
		return ERR_NO_MEMORY;
	}
	*out = b;
	return ERR_OK;
}

void
provider_bills_cancel(struct provider_bills *b)
{
	if (b->ask != NULL) {
		b->queue->api->ops->cancel(b->ask);
		b->ask = NULL;
		rest(b);
	}
	if (b->gunzip != NULL) {
		(void)event_del(b->step);
		rest(b);
	}
}

void
provider_bills_free(struct provider_bills *b)
{
	if (b == NULL)
		return;
	let_go(b);
	event_free(b->step);
	free(b);
}
