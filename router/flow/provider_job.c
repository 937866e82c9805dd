#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/money.h"
#include "flow/provider_inside.h"

#define BODY_MAX ((size_t)65536)
#define STRANGER_TRIES 5 /* so often a payment that the provider does not know is asked for */

static void
want(struct provider_job *job, enum job_ask what)
{
	job->wants = what;
	provider_pump(job->queue);
}

static void
tell(struct provider_job *job)
{
	struct provider_queue *q = job->queue;

	provider_job_end(job);
	if (q->results != NULL)
		q->results(q->results_ctx);
}

/* ---- What was heard -------------------------------------------------------------------------------- */

static void
forgotten(void *ctx, enum err e)
{
	struct provider_job *job = ctx;

	(void)e; /* he is made known again when the next split to him is closed as well */
	if (provider_back(job->queue))
		tell(job);
}

/* The provider has struck a receiver off: before the next split to him he is made known again. */
static bool
forget(struct provider_job *job)
{
	const struct provider_call_row *c = &job->due->call;
	bool any = false;

	for (int i = 0; c->kind == CALL_SPLIT && i < c->item_count; i++)
		any = any || strcmp(c->items[i].fail_reason, "NO_RELATION") == 0;
	if (!any ||
	    provider_known_write(job->queue->pool, job->due, -1, 0, forgotten, job) != ERR_OK)
		return false;
	job->queue->pending++;
	return true;
}

static void
heard_written(void *ctx, enum err e)
{
	struct provider_job *job = ctx;
	const struct provider_heard *h = &job->heard;

	if (!provider_back(job->queue))
		return;
	failpoint("provider_recorded");
	if (e != ERR_OK || h->items == NULL) {
		provider_job_end(job);
		return;
	}
	for (int i = 0; i < job->due->call.item_count; i++) {
		struct provider_item_row *mine = &job->due->items[i];

		if (mine->result != RESULT_PENDING || h->items[i].result == RESULT_PENDING)
			continue;
		*mine = h->items[i];
		metric_add(METRIC_provider_results_total, 1);
		metric_add(METRIC_provider_closed_total, mine->result == RESULT_CLOSED);
	}
	if (!forget(job))
		tell(job);
}

static void
record(struct provider_job *job, struct provider_heard h)
{
	h.pool = job->queue->pool;
	h.due = job->due;
	h.now_us = clock_wall_us();
	h.done = heard_written;
	h.ctx = job;
	if (h.provider_id == NULL)
		h.provider_id = "";
	if (h.error == NULL)
		h.error = "";
	job->heard = h;
	failpoint("provider_answered");
	if (provider_heard_write(&job->heard) == ERR_OK)
		job->queue->pending++;
	else
		provider_job_end(job);
}

/* Nothing new is certain: again after a pause that grows. */
static void
postpone(struct provider_job *job, const char *why)
{
	int tries = job->due->call.tries + 1;

	(void)snprintf(job->code, sizeof(job->code), "%s", why);
	record(job,
	    (struct provider_heard){.state = job->due->call.state,
	        .error = job->code,
	        .next_us = provider_later_us(job->queue, tries),
	        .tries = tries});
}

/* The provider has it; what its receivers got stands in ${r}. */
static void
taken(struct provider_job *job, const struct provider_reply *r)
{
	const struct provider_call_row *c = &job->due->call;
	struct provider_item_row *items;
	bool pending = false;
	int tries = c->state == CALL_UNDER_WAY ? c->tries + 1 : 0;

	items = arena_memdup(job->due->arena, r->items, (size_t)c->item_count * sizeof(*items));
	for (int i = 0; items != NULL && i < c->item_count; i++) {
		pending = pending || (items[i].result == RESULT_PENDING && !items[i].left_out);
		items[i].fail_reason = arena_strdup(job->due->arena, items[i].fail_reason);
		items[i].detail_id = arena_strdup(job->due->arena, items[i].detail_id);
		if (items[i].fail_reason == NULL || items[i].detail_id == NULL)
			items = NULL;
	}
	record(job,
	    (struct provider_heard){.state = pending || items == NULL ? CALL_UNDER_WAY : CALL_DONE,
	        .provider_id = arena_strdup(job->due->arena, r->provider_id),
	        .next_us = provider_later_us(job->queue, tries),
	        .tries = tries,
	        .items = items});
}

/* Nothing of it was done, nor will be. */
static void
close_all(struct provider_job *job, enum provider_call_state state, enum provider_result result,
    const char *reason)
{
	const struct provider_call_row *c = &job->due->call;
	struct provider_item_row *items;

	items = arena_memdup(job->due->arena, c->items, (size_t)c->item_count * sizeof(*items));
	for (int i = 0; items != NULL && i < c->item_count; i++) {
		if (items[i].result != RESULT_PENDING)
			continue;
		items[i].result = result;
		items[i].fail_reason = reason;
		items[i].finished_us = clock_wall_us();
	}
	if (items == NULL)
		provider_job_end(job);
	else
		record(job,
		    (struct provider_heard){.state = state,
		        .error = reason,
		        .next_us = clock_wall_us(),
		        .tries = c->tries,
		        .items = items});
}

/* ---- Before it is sent ----------------------------------------------------------------------------- */

static void
leave_out(struct provider_item_row *item, const char *why)
{
	item->left_out = true;
	item->fail_reason = why;
}

/* Whole items, in their order, as far as the provider's cap and what is unsplit go. */
static enum err
fit(struct provider_job *job, const struct provider_room *room)
{
	int64_t cap = 0, left = job->unsplit_fen, base = room->paid_fen - room->refunded_fen;
	enum err e = ERR_OK;

	if (base > 0 && !fen_bps(base, (int32_t)job->queue->conf->split_cap_bps, ROUND_FLOOR, &cap))
		e = ERR_OVERFLOW;
	cap -= room->outward_fen;
	for (int i = 0; e == ERR_OK && i < job->due->call.item_count; i++) {
		struct provider_item_row *item = &job->due->items[i];

		item->left_out = false;
		if (job->known[i] != RECEIVER_KNOWN)
			leave_out(item, "RECEIVER");
		else if (item->fen > left)
			leave_out(item, "UNSPLIT");
		else if (item->fen > cap)
			leave_out(item, "CAP");
		if (item->left_out)
			continue;
		left -= item->fen;
		cap -= item->fen;
	}
	return e;
}

static bool
all_left_out(const struct provider_job *job)
{
	for (int i = 0; i < job->due->call.item_count; i++)
		if (!job->due->items[i].left_out)
			return false;
	return true;
}

static enum err
prepare(void *ctx, const struct provider_room *room, uint8_t hash[DIGEST_SIZE])
{
	struct provider_job *job = ctx;
	struct provider_due *d = job->due;
	enum err e = room != NULL ? fit(job, room) : ERR_OK;

	buf_reset(&job->body);
	if (e == ERR_OK && !all_left_out(job))
		e = job->queue->api->ops->body(job->queue->api, &d->call, d->payer, &job->body);
	if (e != ERR_OK)
		return e;
	digest_sha256(job->body.data, job->body.len, hash);
	/* The row makes its body the same for ever; if not, another request would go under the number. */
	if (d->hashed && !digest_equal(hash, d->hash, DIGEST_SIZE)) {
		metric_add(METRIC_provider_differs_total, 1);
		log_error(LOG_MSG("a call's body is not what was sent under its number"),
		    LOG_STR("number", d->call.number));
		job->differs = true;
		return ERR_WRONG_STATE;
	}
	return ERR_OK;
}

static void
sending_written(void *ctx, enum err e)
{
	struct provider_job *job = ctx;
	struct provider_due *d = job->due;

	if (!provider_back(job->queue))
		return;
	job->queue->ask_count--;
	if (job->differs) {
		postpone(job, PROVIDER_DIFFERS);
		return;
	}
	if (e != ERR_OK) {
		provider_job_end(job);
		return;
	}
	failpoint("provider_sent");
	for (int i = 0; i < d->call.item_count; i++) {
		if (!d->items[i].left_out || d->items[i].result != RESULT_PENDING)
			continue;
		d->items[i].result = RESULT_CLOSED;
		d->items[i].finished_us = job->sending.now_us;
		metric_add(METRIC_provider_closed_total, 1);
	}
	if (all_left_out(job)) {
		tell(job);
		return;
	}
	d->call.state = CALL_SENT;
	job->prepared = true;
	job->wants = ASK_SEND;
	provider_job_ask(job);
}

/* The request is committed when its turn at the rate has come, and goes out at once. */
static void
commit_sending(struct provider_job *job)
{
	bool first = job->due->call.kind == CALL_SPLIT && !job->due->hashed;

	job->sending = (struct provider_sending){.pool = job->queue->pool,
	    .due = job->due,
	    .self = job->queue->self,
	    .now_us = clock_wall_us(),
	    .wants_room = first,
	    .prepare = prepare,
	    .done = sending_written,
	    .ctx = job};
	failpoint("provider_before");
	if (provider_sending_start(&job->sending) == ERR_OK) {
		job->queue->pending++;
		job->queue->ask_count++; /* its place */
	} else {
		provider_job_end(job);
	}
}

/* ---- Receivers --------------------------------------------------------------------------------------- */

static int
stranger(const struct provider_job *job)
{
	int i = 0;

	while (i < job->due->call.item_count && job->known[i] != RECEIVER_STRANGE)
		i++;
	return i;
}

static void
next_receiver(struct provider_job *job)
{
	want(job, stranger(job) < job->due->call.item_count ? ASK_RECEIVER : ASK_AMOUNTS);
}

static void
known_read(void *ctx, enum err e, const bool *known)
{
	struct provider_job *job = ctx;
	int count = job->due->call.item_count;

	if (!provider_back(job->queue))
		return;
	job->known = arena_array(job->due->arena, (size_t)count, sizeof(*job->known));
	if (e != ERR_OK || job->known == NULL) {
		provider_job_end(job);
		return;
	}
	for (int i = 0; i < count; i++)
		job->known[i] = known[i] ? RECEIVER_KNOWN : RECEIVER_STRANGE;
	next_receiver(job);
}

static void
known_written(void *ctx, enum err e)
{
	struct provider_job *job = ctx;

	if (!provider_back(job->queue))
		return;
	if (e != ERR_OK)
		provider_job_end(job);
	else
		next_receiver(job);
}

static void
receiver_answered(struct provider_job *job, const struct provider_reply *r)
{
	int i = stranger(job);

	switch (r->word) {
	case WORD_DONE:
		job->known[i] = RECEIVER_KNOWN;
		if (provider_known_write(job->queue->pool, job->due, i, clock_wall_us(),
		        known_written, job) == ERR_OK)
			job->queue->pending++;
		else
			provider_job_end(job);
		break;
	case WORD_REFUSED:
		job->known[i] = RECEIVER_REFUSED;
		next_receiver(job);
		break;
	default:
		postpone(job, r->code);
		break;
	}
}

/* ---- Answers ----------------------------------------------------------------------------------------- */

static void
amounts_answered(struct provider_job *job, const struct provider_reply *r)
{
	bool stranger_yet = r->word == WORD_NO_SUCH && job->due->call.tries < STRANGER_TRIES;

	if ((r->word != WORD_DONE && r->word != WORD_NO_SUCH) || stranger_yet) {
		postpone(job, r->code);
		return;
	}
	job->unsplit_fen = r->word == WORD_DONE ? r->fen : 0;
	if (!job->refused)
		want(job, ASK_SEND);
	else if (r->word == WORD_DONE && r->fen == 0)
		/* It was the provider, after the days that it freezes. */
		close_all(job, CALL_DONE, RESULT_SUCCESS, "RELEASED_BEFORE");
	else
		close_all(job, CALL_REFUSED, RESULT_CLOSED, job->code);
}

static void
send_answered(struct provider_job *job, const struct provider_reply *r)
{
	switch (r->word) {
	case WORD_DONE:
		taken(job, r);
		break;
	case WORD_REFUSED:
		/* Only if it does not know the number is nothing done under it. */
		job->refused = true;
		memcpy(job->code, r->code, sizeof(job->code));
		want(job, ASK_QUERY);
		break;
	default:
		postpone(job, r->code);
		break;
	}
}

static void
unknown_to_provider(struct provider_job *job)
{
	const struct provider_call_row *c = &job->due->call;

	if (job->refused && c->kind == CALL_UNFREEZE) {
		want(job, ASK_AMOUNTS);
	} else if (job->refused) {
		close_all(job, CALL_REFUSED, RESULT_CLOSED, job->code);
	} else if (c->state == CALL_SENT) {
		want(job, ASK_SEND);
	} else {
		metric_add(METRIC_provider_differs_total, 1);
		log_error(LOG_MSG("the provider does not know a call any more that it had taken"),
		    LOG_STR("number", c->number));
		postpone(job, PROVIDER_GONE);
	}
}

static void
query_answered(struct provider_job *job, const struct provider_reply *r)
{
	switch (r->word) {
	case WORD_DONE:
		taken(job, r);
		break;
	case WORD_NO_SUCH:
		unknown_to_provider(job);
		break;
	default:
		postpone(job, r->code);
		break;
	}
}

static void
answered(void *ctx, const struct provider_reply *r)
{
	static void (*const next[])(struct provider_job * job,
	    const struct provider_reply *r) = {[ASK_RECEIVER] = receiver_answered,
	    [ASK_AMOUNTS] = amounts_answered,
	    [ASK_SEND] = send_answered,
	    [ASK_QUERY] = query_answered};
	struct provider_job *job = ctx;
	enum job_ask asked = job->asked;

	job->ask = NULL;
	job->queue->ask_count--;
	if (r->word == WORD_BUSY) {
		provider_payer_busy(job->payer, r->retry_after_s);
		want(job, asked);
		return;
	}
	if (r->word != WORD_UNKNOWN)
		provider_payer_well(job->payer);
	next[asked](job, r);
}

void
provider_job_ask(struct provider_job *job)
{
	struct provider_api *api = job->queue->api;
	const struct provider_call_row *c = &job->due->call;
	struct provider_receiver r;
	enum err e;
	int i;

	job->asked = job->wants;
	job->wants = ASK_NONE;
	if (job->asked == ASK_SEND && !job->prepared) {
		commit_sending(job);
		return;
	}
	switch (job->asked) {
	case ASK_RECEIVER:
		i = stranger(job);
		r = (struct provider_receiver){.payer = job->due->payer,
		    .receiver = c->items[i].receiver,
		    .name = job->due->names[i],
		    .personal = c->items[i].personal};
		e = api->ops->add_receiver(api, &r, answered, job, &job->ask);
		break;
	case ASK_AMOUNTS:
		e = api->ops->amounts(api, c->payment_number, answered, job, &job->ask);
		break;
	case ASK_SEND:
		e = api->ops->send(api, c, &job->body, answered, job, &job->ask);
		failpoint("provider_sending");
		break;
	default:
		e = api->ops->query(api, c, job->due->payer, answered, job, &job->ask);
		break;
	}
	if (e == ERR_OK)
		job->queue->ask_count++;
	else
		postpone(job, err_name(e));
}

void
provider_job_begin(struct provider_job *job)
{
	struct provider_queue *q = job->queue;
	const struct provider_call_row *c = &job->due->call;

	buf_init(&job->body, BODY_MAX);
	if (job->due->payer[0] == '\0') {
		log_error(LOG_MSG("a collector has no merchant number"),
		    LOG_STR("number", c->number));
		postpone(job, "no merchant number");
	} else if (c->state != CALL_QUEUED) {
		want(job, ASK_QUERY);
	} else if (c->kind != CALL_SPLIT) {
		want(job, ASK_SEND);
	} else if (provider_known_read(q->pool, job->due, known_read, job) == ERR_OK) {
		q->pending++;
	} else {
		provider_job_end(job);
	}
}
