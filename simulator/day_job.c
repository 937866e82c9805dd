#include "simulator/day_job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strmap.h"
#include "simulator/day_clock.h"
#include "simulator/day_goods.h"
#include "simulator/day_rpc.h"

#define BUCKETS 16384
#define TRIES_MAX 60 /* of one job, an act refused because of its state or of what it waits for */

enum { OFFERED = 2, ACCEPTED = 3, READY = 6, OUT = 9, FAILED = 11, RETURNING = 12, SHIPPED = 13 };

struct job {
	struct day_jobs *all;
	struct job *next;
	char order_id[JOB_ID_SIZE];
	char location[WORLD_CODE_SIZE], staff[WORLD_CODE_SIZE];
	int number, state;
	Yuncang__V1__Way way;
	struct job_line line[JOB_LINES_MAX];
	int line_count, attempt, tries;
	struct rng rng;
	bool produced, shorted, by_courier;
};

struct day_jobs {
	struct day *day;
	struct job *bucket[BUCKETS];
	uint64_t refs;
};

static void job_go(struct job *j);

static void
on_turn(void *ctx)
{
	job_go(ctx);
}

/* ---- The table of jobs ---------------------------------------------------------------------------- */

static struct job **
job_slot(struct day_jobs *all, const char *order_id, int number)
{
	uint64_t h = hash64(order_id, strlen(order_id), (uint64_t)number);
	struct job **at = &all->bucket[h % BUCKETS];

	while (*at != NULL && ((*at)->number != number || strcmp((*at)->order_id, order_id) != 0))
		at = &(*at)->next;
	return at;
}

/* Out of our hands.  A screen that shows it again makes a new job of it. */
static void
job_end(struct job *j)
{
	struct job **at = job_slot(j->all, j->order_id, j->number);

	if (*at == j)
		*at = j->next;
	free(j);
}

static void
job_soon(struct job *j, int64_t from_min, int64_t to_min)
{
	day_after(j->all->day, rng_between(&j->rng, from_min, to_min) * DAY_MIN, on_turn, j);
}

/* ---- Acts ------------------------------------------------------------------------------------------- */

static Yuncang__V1__Act *
act_fill(struct job *j, Yuncang__V1__Act *act, char ref[DAY_REF_SIZE])
{
	*act = (Yuncang__V1__Act)YUNCANG__V1__ACT__INIT;
	act->order_id = j->order_id;
	act->fulfilment = j->number;
	act->staff = j->staff;
	(void)day_ref(j->all->day, ref);
	act->ref = ref;
	return act;
}

/* Which state is it in?  Asked after a refusal, and where others act, too. */
static void
looked(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;
	const Yuncang__V1__GetOrderResponse *m = (const void *)a->message;

	j->state = 0;
	if (a->outcome == RPC_OK && m->order != NULL)
		for (size_t i = 0; i < m->order->n_fulfilments; i++)
			if (m->order->fulfilments[i]->number == j->number) {
				j->state = (int)m->order->fulfilments[i]->state;
				/* a part of it may have been split off */
				(void)job_lines(j->all->day->world, m->order->fulfilments[i]->part,
				    j->line, &j->line_count);
			}
	if (++j->tries > TRIES_MAX)
		j->state = 0;
	switch (j->state) {
	case OFFERED:
	case ACCEPTED:
	case FAILED:
		job_soon(j, 20, 120);
		return;
	case OUT:
	case RETURNING:
		job_soon(j, 240, 720);
		return;
	default:
		job_end(j);
		return;
	}
}

static void
job_look(struct job *j)
{
	Yuncang__V1__GetOrderRequest q = YUNCANG__V1__GET_ORDER_REQUEST__INIT;

	q.order_id = j->order_id;
	day_call(j->all->day, DAY_GetOrder, &q.base, looked, j);
}

/* Too late, cancelled, not paid yet: part of the day.  Anything else is not. */
static void
refused(struct job *j, const char *act, const struct rpc_answer *a)
{
	struct day *d = j->all->day;

	if (a->outcome == RPC_REFUSED && strcmp(a->reason, "wrong_state") != 0)
		model_violation(&d->shop.model, "lost", "%s of order %s fulfilment %d: %s %s", act,
		    j->order_id, j->number, a->reason, a->text);
	d->tally.too_late++;
	job_look(j);
}

static void
accepted(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;

	if (a->outcome != RPC_OK) {
		refused(j, "Accept", a);
		return;
	}
	j->all->day->tally.accepted++;
	j->state = ACCEPTED;
	if (rng_chance(&j->rng, 0.03))
		job_soon(j, 300, 1200); /* slow: overdue */
	else
		job_soon(j, 10, 60);
}

static void
rejected(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;

	if (a->outcome != RPC_OK) {
		refused(j, "Reject", a);
		return;
	}
	j->all->day->tally.rejected++;
	job_end(j);
}

static void
offer_answer(struct job *j)
{
	int64_t draw = rng_below(&j->rng, 100);
	Yuncang__V1__AcceptRequest yes = YUNCANG__V1__ACCEPT_REQUEST__INIT;
	Yuncang__V1__RejectRequest no = YUNCANG__V1__REJECT_REQUEST__INIT;
	char ref[DAY_REF_SIZE], note[] = "the shelf is being rebuilt";
	Yuncang__V1__Act act;

	if (draw < 4 && j->tries == 0) {
		j->all->day->tally.ignored++;
		j->state = 0; /* until somebody else gets it */
		j->tries++;
		day_after(j->all->day, 48 * DAY_HOUR, on_turn, j);
		return;
	}
	if (draw < 14) {
		no.act = act_fill(j, &act, ref);
		no.reason = (Yuncang__V1__RejectReason)rng_between(&j->rng, 1, 5);
		if (no.reason == YUNCANG__V1__REJECT_REASON__REJECT_REASON_OTHER)
			no.note = note;
		day_call(j->all->day, DAY_Reject, &no.base, rejected, j);
		return;
	}
	yes.act = act_fill(j, &act, ref);
	day_call(j->all->day, DAY_Accept, &yes.base, accepted, j);
}

static void
shorted(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;
	const Yuncang__V1__MarkShortResponse *m = (const void *)a->message;

	if (a->outcome != RPC_OK) {
		refused(j, "MarkShort", a);
		return;
	}
	j->all->day->tally.short_marked++;
	if (m->split_off == 0) {
		job_end(j);
		return;
	}
	job_look(j); /* for what is left of it */
}

/* One unit of the last line is not there after all. */
static void
mark_short(struct job *j)
{
	Yuncang__V1__MarkShortRequest q = YUNCANG__V1__MARK_SHORT_REQUEST__INIT;
	Yuncang__V1__ShortLine line = YUNCANG__V1__SHORT_LINE__INIT, *lines[] = {&line};
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	j->shorted = true;
	line.line = j->line[j->line_count - 1].line;
	line.quantity = 1;
	q.act = act_fill(j, &act, ref);
	q.lines = lines;
	q.n_lines = 1;
	q.reason = YUNCANG__V1__REJECT_REASON__REJECT_REASON_DAMAGED;
	day_call(j->all->day, DAY_MarkShort, &q.base, shorted, j);
}

static void
made_ready(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;

	if (a->outcome != RPC_OK) {
		refused(j, "MarkReady", a);
		return;
	}
	j->all->day->tally.ready++;
	job_end(j); /* now it is the customer's turn: day_customer */
}

static void
mark_ready(struct job *j)
{
	Yuncang__V1__MarkReadyRequest q = YUNCANG__V1__MARK_READY_REQUEST__INIT;
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	q.act = act_fill(j, &act, ref);
	day_call(j->all->day, DAY_MarkReady, &q.base, made_ready, j);
}

static void
sent_out(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;
	struct day *d = j->all->day;

	if (a->outcome != RPC_OK) {
		refused(j, "Dispatch", a);
		return;
	}
	d->tally.dispatched++;
	if (j->way == YUNCANG__V1__WAY__WAY_SHIP) {
		j->state = SHIPPED;
		job_soon(j, 24 * 60, 72 * 60);
		return;
	}
	j->state = OUT;
	if (j->by_courier) {
		j->state = 0; /* the courier tells; we look later */
		job_soon(j, 240, 480);
		return;
	}
	job_soon(j, 20, 90);
}

static void
send_out(struct job *j)
{
	Yuncang__V1__DispatchRequest q = YUNCANG__V1__DISPATCH_REQUEST__INIT;
	struct day *d = j->all->day;
	struct job_serials serials;
	char ref[DAY_REF_SIZE], tracking[DAY_REF_SIZE] = "";
	Yuncang__V1__Act act;

	j->attempt++;
	j->by_courier = j->way == YUNCANG__V1__WAY__WAY_DELIVER && d->courier != NULL &&
	    rng_chance(&j->rng, 0.5);
	q.book = j->by_courier; /* the service asks him, and knows his number */
	if (!j->by_courier)
		(void)snprintf(tracking, sizeof(tracking), "T%.24s-%d-%d", j->order_id + 12,
		    j->number, j->attempt);
	q.act = act_fill(j, &act, ref);
	q.tracking = tracking;
	if (j->state == ACCEPTED) {
		job_serials_fill(&serials, j->order_id, j->number, j->line, j->line_count);
		q.serials = serials.list;
		q.n_serials = serials.count;
	}
	day_call(d, DAY_Dispatch, &q.base, sent_out, j);
}

static void
arrived(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;

	if (a->outcome != RPC_OK) {
		refused(j, "ConfirmDelivery", a);
		return;
	}
	j->all->day->tally.delivered++;
	job_end(j);
}

static void
failed(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;
	const Yuncang__V1__ReportDeliveryFailureResponse *m = (const void *)a->message;

	if (a->outcome != RPC_OK) {
		refused(j, "ReportDeliveryFailure", a);
		return;
	}
	j->all->day->tally.failed++;
	j->state = (int)m->acted->state;
	job_soon(j, 60, 240);
}

static void
report_failure(struct job *j, bool give_up)
{
	Yuncang__V1__ReportDeliveryFailureRequest q =
	    YUNCANG__V1__REPORT_DELIVERY_FAILURE_REQUEST__INIT;
	char ref[DAY_REF_SIZE], note[] = "the lift is out of order";
	Yuncang__V1__Act act;

	q.act = act_fill(j, &act, ref);
	q.reason = (Yuncang__V1__DeliveryFailure)rng_between(&j->rng, 1, 5);
	if (q.reason == YUNCANG__V1__DELIVERY_FAILURE__DELIVERY_FAILURE_OTHER)
		q.note = note;
	q.give_up = give_up;
	day_call(j->all->day, DAY_ReportDeliveryFailure, &q.base, failed, j);
}

static void
loss_known(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;

	if (a->outcome != RPC_OK) {
		refused(j, "ReportLoss", a);
		return;
	}
	j->all->day->tally.lost++;
	job_end(j);
}

static void
report_loss(struct job *j)
{
	Yuncang__V1__ReportLossRequest q = YUNCANG__V1__REPORT_LOSS_REQUEST__INIT;
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	q.act = act_fill(j, &act, ref);
	day_call(j->all->day, DAY_ReportLoss, &q.base, loss_known, j);
}

/* Out with our own rider, or the carrier: it arrives, fails, is lost, or nobody says anything more. */
static void
on_the_way(struct job *j)
{
	Yuncang__V1__ConfirmDeliveryRequest q = YUNCANG__V1__CONFIRM_DELIVERY_REQUEST__INIT;
	int64_t draw = rng_below(&j->rng, 100);
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	if (draw < (j->state == SHIPPED ? 12 : 5)) {
		j->all->day->tally.silent++;
		job_end(j);
		return;
	}
	if (j->state == SHIPPED && draw < 14) {
		report_loss(j);
		return;
	}
	if (j->state == OUT && draw < 25) {
		report_failure(j, rng_chance(&j->rng, 0.3));
		return;
	}
	q.act = act_fill(j, &act, ref);
	day_call(j->all->day, DAY_ConfirmDelivery, &q.base, arrived, j);
}

static void
restocked(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;

	if (a->outcome != RPC_OK) {
		refused(j, "Restock", a);
		return;
	}
	j->all->day->tally.restocked++;
	job_end(j);
}

static void
restock(struct job *j)
{
	Yuncang__V1__RestockRequest q = YUNCANG__V1__RESTOCK_REQUEST__INIT;
	Yuncang__V1__Inspected line[JOB_LINES_MAX], *lines[JOB_LINES_MAX];
	struct job_serials serials;
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	for (int i = 0; i < j->line_count; i++) {
		line[i] = (Yuncang__V1__Inspected)YUNCANG__V1__INSPECTED__INIT;
		line[i].line = j->line[i].line;
		line[i].damaged = rng_chance(&j->rng, 0.2) ? 1 : 0;
		line[i].sellable = j->line[i].quantity - line[i].damaged;
		lines[i] = &line[i];
	}
	job_serials_fill(&serials, j->order_id, j->number, j->line, j->line_count);
	q.act = act_fill(j, &act, ref);
	q.lines = lines;
	q.n_lines = (size_t)j->line_count;
	q.serials = serials.list;
	q.n_serials = serials.count;
	day_call(j->all->day, DAY_Restock, &q.base, restocked, j);
}

static void
produced(void *ctx, const struct rpc_answer *a)
{
	struct job *j = ctx;

	if (a->outcome != RPC_OK) {
		refused(j, "StartProduction", a);
		return;
	}
	j->all->day->tally.produced++;
	job_soon(j, 24 * 60, 72 * 60); /* and the balance has to come */
}

static void
produce(struct job *j)
{
	Yuncang__V1__StartProductionRequest q = YUNCANG__V1__START_PRODUCTION_REQUEST__INIT;
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	j->produced = true;
	q.act = act_fill(j, &act, ref);
	day_call(j->all->day, DAY_StartProduction, &q.base, produced, j);
}

static bool
is_made_to_order(const struct job *j)
{
	bool any = false;

	for (int i = 0; i < j->line_count; i++)
		any = any || j->line[i].made_to_order;
	return any;
}

static void
work(struct job *j)
{
	if (is_made_to_order(j) && !j->produced) {
		produce(j);
		return;
	}
	if (!j->shorted && j->way != YUNCANG__V1__WAY__WAY_SHIP && rng_chance(&j->rng, 0.12)) {
		mark_short(j);
		return;
	}
	if (j->way == YUNCANG__V1__WAY__WAY_PICKUP)
		mark_ready(j);
	else
		send_out(j);
}

/* The next thing to do, by state. */
static void
job_go(struct job *j)
{
	switch (j->state) {
	case OFFERED:
		offer_answer(j);
		return;
	case ACCEPTED:
		work(j);
		return;
	case OUT:
	case SHIPPED:
		on_the_way(j);
		return;
	case FAILED:
		if (j->attempt < 3 && rng_chance(&j->rng, 0.6))
			send_out(j);
		else
			report_failure(j, true);
		return;
	case RETURNING:
		if (rng_chance(&j->rng, 0.15))
			job_end(j); /* never seen again: lost in time */
		else
			restock(j);
		return;
	default:
		job_look(j);
		return;
	}
}

void
day_jobs_seen(struct day_jobs *all, const Yuncang__V1__Task *t)
{
	const Yuncang__V1__Part *p = t->fulfilment->part;
	struct job **at, *j;

	if ((int)t->fulfilment->state != OFFERED && (int)t->fulfilment->state != ACCEPTED)
		return;
	at = job_slot(all, t->order_id, t->fulfilment->number);
	if (*at != NULL)
		return;
	j = calloc(1, sizeof(*j));
	if (j == NULL || !job_lines(all->day->world, p, j->line, &j->line_count)) {
		free(j);
		day_fail(all->day, "a task is too large");
		return;
	}
	*at = j;
	j->all = all;
	(void)snprintf(j->order_id, sizeof(j->order_id), "%s", t->order_id);
	(void)snprintf(j->location, sizeof(j->location), "%s", p->location);
	(void)day_staff(all->day, j->location, j->staff);
	j->number = t->fulfilment->number;
	j->state = (int)t->fulfilment->state;
	j->way = p->way;
	day_rng(all->day, j->order_id, (uint64_t)j->number, &j->rng);
	if (j->state == OFFERED)
		job_soon(j, 1, 22);
	else if (j->location[0] == 'S' && j->way != YUNCANG__V1__WAY__WAY_SHIP)
		job_soon(j, 10, 60);
	else
		job_soon(j, 30, 120);
}

enum err
day_jobs_new(struct day_jobs **out, struct day *d)
{
	struct day_jobs *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return ERR_NO_MEMORY;
	all->day = d;
	*out = all;
	return ERR_OK;
}

void
day_jobs_free(struct day_jobs *all)
{
	if (all == NULL)
		return;
	for (int i = 0; i < BUCKETS; i++)
		while (all->bucket[i] != NULL) {
			struct job *j = all->bucket[i];

			all->bucket[i] = j->next;
			free(j);
		}
	free(all);
}
