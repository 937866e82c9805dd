#include "simulator/day_collect.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "simulator/day_clock.h"
#include "simulator/day_goods.h"
#include "simulator/day_rpc.h"

#define VISITS_MAX 6
#define CODE_SIZE 16
#define READY 6
#define LOCKING_TRIES 5 /* setting collection_tries_max */

struct visit {
	struct day *day;
	char order_id[JOB_ID_SIZE], location[WORLD_CODE_SIZE], code[CODE_SIZE];
	int number, visits, wrong_left;
	bool reissues;
	struct job_line line[JOB_LINES_MAX];
	int line_count;
	struct rng rng;
};

static void on_visit(void *ctx);

static void
come_again(struct visit *v, int64_t from_min, int64_t to_min)
{
	if (++v->visits > VISITS_MAX) {
		free(v);
		return;
	}
	day_after(v->day, rng_between(&v->rng, from_min, to_min) * DAY_MIN, on_visit, v);
}

static void
act_fill(struct visit *v, Yuncang__V1__Act *act, char ref[DAY_REF_SIZE],
    char staff[WORLD_CODE_SIZE])
{
	*act = (Yuncang__V1__Act)YUNCANG__V1__ACT__INIT;
	act->order_id = v->order_id;
	act->fulfilment = v->number;
	(void)day_ref(v->day, ref);
	act->ref = ref;
	if (staff != NULL) {
		(void)day_staff(v->day, v->location, staff);
		act->staff = staff;
	}
}

static void show_code(struct visit *v);

static void
reissued(void *ctx, const struct rpc_answer *a)
{
	struct visit *v = ctx;
	const Yuncang__V1__ReissueCodeResponse *m = (const void *)a->message;

	if (a->outcome != RPC_OK) {
		come_again(v, 20, 60);
		return;
	}
	v->day->tally.reissued++;
	if (strcmp(m->collection_code, v->code) == 0 || strlen(m->collection_code) != 6)
		model_violation(&v->day->shop.model, "lost",
		    "order %s fulfilment %d: ReissueCode gave no new code", v->order_id, v->number);
	(void)snprintf(v->code, sizeof(v->code), "%s", m->collection_code);
	show_code(v);
}

static void
locked_out(struct visit *v)
{
	Yuncang__V1__ReissueCodeRequest q = YUNCANG__V1__REISSUE_CODE_REQUEST__INIT;
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	v->day->tally.locked++;
	v->wrong_left = 0;
	if (!v->reissues) { /* he waits until it is over */
		come_again(v, 20, 60);
		return;
	}
	act_fill(v, &act, ref, NULL);
	q.act = &act;
	day_call(v->day, DAY_ReissueCode, &q.base, reissued, v);
}

static void
shown(void *ctx, const struct rpc_answer *a)
{
	struct visit *v = ctx;
	struct day *d = v->day;

	if (a->outcome == RPC_OK) {
		if (v->wrong_left > 0)
			model_violation(&d->shop.model, "lost",
			    "order %s fulfilment %d: handed over against a wrong code", v->order_id,
			    v->number);
		d->tally.collected++;
		free(v);
	} else if (strcmp(a->reason, "wrong_code") == 0 && v->wrong_left > 0) {
		d->tally.wrong_codes++;
		v->wrong_left--;
		show_code(v);
	} else if (strcmp(a->reason, "code_locked") == 0) {
		d->tally.wrong_codes += v->wrong_left > 0;
		locked_out(v);
	} else {
		if (a->outcome == RPC_REFUSED && strcmp(a->reason, "wrong_state") != 0)
			model_violation(&d->shop.model, "lost",
			    "order %s fulfilment %d: the right code is refused: %s %s", v->order_id,
			    v->number, a->reason, a->text);
		d->tally.too_late++;
		free(v); /* cancelled, or the hold is over */
	}
}

static void
show_code(struct visit *v)
{
	Yuncang__V1__ConfirmCollectionRequest q = YUNCANG__V1__CONFIRM_COLLECTION_REQUEST__INIT;
	char ref[DAY_REF_SIZE], staff[WORLD_CODE_SIZE], code[CODE_SIZE];
	struct job_serials serials;
	Yuncang__V1__Act act;

	(void)snprintf(code, sizeof(code), "%s", v->code);
	if (v->wrong_left > 0) /* one figure is misread */
		code[v->wrong_left % 6] = code[v->wrong_left % 6] == '9' ? '0' : '9';
	act_fill(v, &act, ref, staff);
	job_serials_fill(&serials, v->order_id, v->number, v->line, v->line_count);
	q.act = &act;
	q.code = code;
	q.serials = serials.list;
	q.n_serials = serials.count;
	day_call(v->day, DAY_ConfirmCollection, &q.base, shown, v);
}

/* What the storefront shows its customer. */
static void
code_read(void *ctx, const struct rpc_answer *a)
{
	struct visit *v = ctx;
	const Yuncang__V1__GetOrderResponse *m = (const void *)a->message;
	const Yuncang__V1__Fulfilment *f = NULL;

	for (size_t i = 0; a->outcome == RPC_OK && m->order != NULL && i < m->order->n_fulfilments;
	     i++)
		if (m->order->fulfilments[i]->number == v->number)
			f = m->order->fulfilments[i];
	if (a->outcome == RPC_AGAIN) {
		come_again(v, 20, 60);
		return;
	}
	if (f == NULL || (int)f->state != READY) {
		free(v);
		return;
	}
	if (strlen(f->collection_code) != 6 ||
	    !job_lines(v->day->world, f->part, v->line, &v->line_count)) {
		model_violation(&v->day->shop.model, "lost",
		    "order %s fulfilment %d is ready and its storefront is told no code",
		    v->order_id, v->number);
		free(v);
		return;
	}
	(void)snprintf(v->code, sizeof(v->code), "%s", f->collection_code);
	(void)snprintf(v->location, sizeof(v->location), "%s", f->part->location);
	show_code(v);
}

static void
on_visit(void *ctx)
{
	struct visit *v = ctx;
	Yuncang__V1__GetOrderRequest q = YUNCANG__V1__GET_ORDER_REQUEST__INIT;

	q.order_id = v->order_id;
	day_call(v->day, DAY_GetOrder, &q.base, code_read, v);
}

void
day_collect_begin(struct day *d, const char *order_id, int number)
{
	struct visit *v = calloc(1, sizeof(*v));
	int64_t draw;

	if (v == NULL) {
		day_fail(d, "no memory for another customer");
		return;
	}
	v->day = d;
	v->number = number;
	(void)snprintf(v->order_id, sizeof(v->order_id), "%s", order_id);
	day_rng(d, order_id, 1000 + (uint64_t)number, &v->rng);
	draw = rng_below(&v->rng, 100);
	if (draw < 8) {
		d->tally.never_came++;
		free(v);
		return;
	}
	if (draw < 16)
		v->wrong_left = (int)rng_between(&v->rng, 1, 3);
	else if (draw < 20)
		v->wrong_left = LOCKING_TRIES;
	v->reissues = rng_chance(&v->rng, 0.7);
	day_after(d, rng_between(&v->rng, 20, 20 * 60) * DAY_MIN, on_visit, v);
}
