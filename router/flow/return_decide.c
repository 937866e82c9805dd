#include "flow/return_decide.h"

#include <assert.h>

#include "base/money.h"

const struct return_read *
return_of(const struct act_run *r, int number)
{
	for (int i = 0; i < r->order->return_count; i++)
		if (r->order->returns[i].number == number)
			return &r->order->returns[i];
	return NULL;
}

struct return_read *
return_change(struct act_run *r, const struct return_read *was)
{
	struct act_more *m = act_more_of(r);
	struct return_read *is = arena_memdup(r->arena, was, sizeof(*was));

	if (m == NULL || is == NULL)
		return NULL;
	is->lines =
	    arena_memdup(r->arena, was->lines, (size_t)was->line_count * sizeof(*is->lines));
	if (is->lines == NULL)
		return NULL;
	m->ret = is;
	m->ret_was = was->state;
	return is;
}

enum err
return_refund_of(const struct order_read *o, const struct return_line *lines, int count,
    int64_t *fen)
{
	int64_t sum = 0, one;

	for (int i = 0; i < count; i++) {
		const struct order_line_read *l = &o->lines[lines[i].line];

		if (!return_refund(l->price_fen, l->discount_fen,
		        lines[i].sellable + lines[i].damaged, &one) ||
		    !fen_add(sum, one, &sum))
			return ERR_OVERFLOW;
	}
	*fen = sum;
	return ERR_OK;
}

/* ---- Back on the shelf ---------------------------------------------------------------------------- */

static void
back_add(struct act_back *list, int *count, const struct act_back *b)
{
	for (int i = 0; i < *count; i++) {
		if (list[i].key.sku == b->key.sku &&
		    list[i].key.goods_owner == b->key.goods_owner) {
			list[i].key.quantity += b->key.quantity;
			return;
		}
	}
	list[(*count)++] = *b;
}

/* Units of the line that earlier returns of the fulfilment took back. */
static int32_t
taken_before(const struct order_read *o, const struct return_read *ret, int32_t line)
{
	int32_t units = 0;

	for (int i = 0; i < o->return_count; i++) {
		const struct return_read *x = &o->returns[i];

		if (x->fulfilment != ret->fulfilment || x->state != RETURN_ACCEPTED)
			continue;
		for (int n = 0; n < x->line_count; n++)
			if (x->lines[n].line == line)
				units += x->lines[n].sellable + x->lines[n].damaged;
	}
	return units;
}

/*
 * Units of one line may have had several goods owners; which of them comes back nobody can tell: first those of
 * the first.  Of what is taken back now, the sellable ones go before the damaged.
 */
static void
line_back(const struct act_run *r, const struct return_read *ret, const struct return_line *l,
    const struct location *loc, struct act_back *list, int *count)
{
	const struct fulfilment_read *f = act_fulfilment_of(r, ret->fulfilment);
	int32_t skip = taken_before(r->order, ret, l->line), left = l->sellable;

	for (int n = 0; n < f->line_count && left > 0; n++) {
		const struct fulfilment_line_read *x = &f->lines[n];
		int32_t units = x->quantity;

		if (x->line != l->line)
			continue;
		if (skip >= units) {
			skip -= units;
			continue;
		}
		units -= skip;
		skip = 0;
		units = units < left ? units : left;
		left -= units;
		if (x->goods_owner != 0) /* made to order: nobody's stock */
			back_add(list, count,
			    &(struct act_back){.key = {.kind = TAKE_STOCK,
			                           .dealer = loc->party,
			                           .location = loc->id,
			                           .sku = x->sku,
			                           .goods_owner = x->goods_owner,
			                           .quantity = units},
			        .number = f->number});
	}
	assert(left == 0);
}

static enum err
goods_back(struct act_run *r, const struct return_read *ret, const struct location *loc)
{
	const struct fulfilment_read *f = act_fulfilment_of(r, ret->fulfilment);
	struct act_back *list = arena_array(r->arena, (size_t)f->line_count, sizeof(*list));
	int count = 0;

	if (list == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < ret->line_count; i++)
		line_back(r, ret, &ret->lines[i], loc, list, &count);
	r->in.backs = list;
	r->in.back_count = count;
	return ERR_OK;
}

/* ---- The verdict ---------------------------------------------------------------------------------- */

static struct act_event *
event(struct act_run *r, enum outbox_kind kind, const struct return_read *ret)
{
	struct act_event *e = act_event_add(r, kind, act_fulfilment_of(r, ret->fulfilment));

	e->location = ret->location;
	e->reason = ret->reason;
	return e;
}

enum err
return_decide(struct act_run *r, struct return_read *ret, const struct location *loc)
{
	enum err e;

	ret->state = return_verdict(ret->lines, ret->line_count);
	ret->decided_us = r->now_us;
	ret->due_us = 0;
	e = return_refund_of(r->order, ret->lines, ret->line_count, &ret->refund_fen);
	if (e == ERR_OK)
		e = goods_back(r, ret, loc);
	if (e != ERR_OK)
		return e;
	if (ret->state == RETURN_REFUSED) {
		(void)event(r, OUTBOX_RETURN_REFUSED, ret);
		return ERR_OK;
	}
	event(r, OUTBOX_RETURN_ACCEPTED, ret)->amount_fen = ret->refund_fen;
	if (ret->refund_fen == 0)
		return ERR_OK;
	r->in.order_changes = true;
	r->in.mark = r->order->mark;
	r->in.due_us = r->order->due_us;
	r->in.refund_add_fen = ret->refund_fen; /* told by act_after() */
	return ERR_OK;
}
