#include "simulator/day_return.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "simulator/day_clock.h"
#include "simulator/day_goods.h"
#include "simulator/day_rpc.h"

struct back {
	struct day *day;
	char order_id[JOB_ID_SIZE], location[WORLD_CODE_SIZE];
	int fulfilment, number; /* number: of the return */
	struct job_line line;   /* what comes back: units of one line */
	int32_t quantity;
	struct rng rng;
};

static void
act_fill(struct back *b, Yuncang__V1__Act *act, char ref[DAY_REF_SIZE])
{
	*act = (Yuncang__V1__Act)YUNCANG__V1__ACT__INIT;
	act->order_id = b->order_id;
	act->fulfilment = b->fulfilment;
	(void)day_ref(b->day, ref);
	act->ref = ref;
}

static void
refused(struct back *b, const char *what, const struct rpc_answer *a)
{
	if (a->outcome == RPC_REFUSED && strcmp(a->reason, "wrong_state") != 0)
		model_violation(&b->day->shop.model, "lost", "%s of order %s fulfilment %d: %s %s",
		    what, b->order_id, b->fulfilment, a->reason, a->text);
	b->day->tally.too_late++;
	free(b);
}

static void
received(void *ctx, const struct rpc_answer *a)
{
	struct back *b = ctx;

	if (a->outcome != RPC_OK) {
		refused(b, "ReceiveReturn", a);
		return;
	}
	b->day->tally.return_brought++;
	free(b);
}

static void
on_brought(void *ctx)
{
	struct back *b = ctx;
	Yuncang__V1__ReceiveReturnRequest q = YUNCANG__V1__RECEIVE_RETURN_REQUEST__INIT;
	Yuncang__V1__ReturnFinding found = YUNCANG__V1__RETURN_FINDING__INIT, *list[] = {&found};
	char ref[DAY_REF_SIZE], staff[WORLD_CODE_SIZE];
	int64_t draw = rng_below(&b->rng, 100);
	struct job_serials serials;
	struct job_line taken = b->line;
	Yuncang__V1__Act act;

	act_fill(b, &act, ref);
	(void)day_staff(b->day, b->location, staff);
	act.staff = staff;
	q.act = &act;
	q.return_number = b->number;
	found.line = b->line.line;
	if (draw < 70)
		found.sellable = b->quantity;
	else if (draw < 85)
		found.damaged = b->quantity;
	else
		found.refused = b->quantity;
	if (draw < 92) { /* the rest is inspected later, or never */
		q.lines = list;
		q.n_lines = 1;
	}
	taken.quantity = b->quantity;
	job_serials_fill(&serials, b->order_id, b->fulfilment, &taken, 1);
	if (draw < 85) {
		q.serials = serials.list;
		q.n_serials = serials.count;
	}
	day_call(b->day, DAY_ReceiveReturn, &q.base, received, b);
}

static void
asked(void *ctx, const struct rpc_answer *a)
{
	struct back *b = ctx;
	const Yuncang__V1__RequestReturnResponse *m = (const void *)a->message;

	if (a->outcome != RPC_OK) {
		refused(b, "RequestReturn", a);
		return;
	}
	b->day->tally.return_asked++;
	b->number = m->return_number;
	if (rng_chance(&b->rng, 0.15)) { /* thinks better of it: it lapses */
		free(b);
		return;
	}
	day_after(b->day, rng_between(&b->rng, 4, 72) * DAY_HOUR, on_brought, b);
}

static void
order_read(void *ctx, const struct rpc_answer *a)
{
	struct back *b = ctx;
	const Yuncang__V1__GetOrderResponse *m = (const void *)a->message;
	Yuncang__V1__RequestReturnRequest q = YUNCANG__V1__REQUEST_RETURN_REQUEST__INIT;
	Yuncang__V1__ReturnUnits units = YUNCANG__V1__RETURN_UNITS__INIT, *list[] = {&units};
	struct job_line line[JOB_LINES_MAX];
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;
	int count = 0;

	for (size_t i = 0; a->outcome == RPC_OK && m->order != NULL && i < m->order->n_fulfilments;
	     i++) {
		const Yuncang__V1__Fulfilment *f = m->order->fulfilments[i];

		if (f->number != b->fulfilment || !job_lines(b->day->world, f->part, line, &count))
			continue;
		(void)snprintf(b->location, sizeof(b->location), "%s", f->part->location);
	}
	if (count == 0) {
		free(b);
		return;
	}
	b->line = line[rng_below(&b->rng, count)];
	b->quantity = (int32_t)rng_between(&b->rng, 1, b->line.quantity);
	units.line = b->line.line;
	units.quantity = b->quantity;
	act_fill(b, &act, ref);
	q.act = &act;
	q.lines = list;
	q.n_lines = 1;
	q.reason = (Yuncang__V1__ReturnReason)rng_between(&b->rng, 1, 4);
	day_call(b->day, DAY_RequestReturn, &q.base, asked, b);
}

static void
on_wish(void *ctx)
{
	struct back *b = ctx;
	Yuncang__V1__GetOrderRequest q = YUNCANG__V1__GET_ORDER_REQUEST__INIT;

	q.order_id = b->order_id;
	day_call(b->day, DAY_GetOrder, &q.base, order_read, b);
}

void
day_return_begin(struct day *d, const char *order_id, int fulfilment)
{
	struct back *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		day_fail(d, "no memory for another return");
		return;
	}
	b->day = d;
	b->fulfilment = fulfilment;
	(void)snprintf(b->order_id, sizeof(b->order_id), "%s", order_id);
	day_rng(d, order_id, 2000 + (uint64_t)fulfilment, &b->rng);
	day_after(d, rng_between(&b->rng, 2, 120) * DAY_HOUR, on_wish, b);
}
