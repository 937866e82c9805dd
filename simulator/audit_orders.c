/* audit_orders: goes through all orders by id, with their rows and what was acknowledged beside them. */
#include <stdlib.h>
#include <string.h>

#include "simulator/ack.h"
#include "simulator/audit.h"
#include "simulator/audit_acks.h"
#include "simulator/audit_order.h"

#define ORDER_MEMORY (16 * 1024 * 1024)

enum { ORDERS, FULFILMENTS, DECISIONS, PAYMENTS, POSTINGS, STREAM_COUNT };

static const struct {
	const char *name, *sql;
} streams[STREAM_COUNT] = {
    [ORDERS] = {"audit_orders",
        "select order_id, o.dealer_id, storefront_id, collector_id, goods_fen, delivery_fee_fen, funded_fen, "
        "fee_fen, margin_fen, mark, way, (paid_at is not null)::int, order_ref, line_sku, line_qty, "
        "line_price_fen, line_cost_fen, line_discount_fen, line_campaign, refund_due_fen, a.fen, r.fen, "
        "d.deposit_fen, d.balance_fen, b.fen, a.amounts_fen from sales_order o "
        "left join (select order_id, sum(refund_fen) fen, sum(refund_fen) filter (where kind = 30) amounts_fen "
        "from order_act group by 1) a using (order_id) "
        "left join (select order_id, sum(refund_fen) fen from return_request where state = 3 group by 1) r "
        "using (order_id) left join order_deposit d using (order_id) "
        "left join (select order_id, sum(fen) fen from refund group by 1) b using (order_id) order by order_id"},
    [FULFILMENTS] = {"audit_fulfilments",
        "select order_id, number, attempt, location_id, way, state, line, sku_id, qty, goods_owner_id, "
        "split_from, moved_to, (delivery_fee_fen is not null)::int, delivery_fee_fen, (a.number is not null)::int "
        "from fulfilment left join (select distinct order_id, number from order_act where kind = 24) a "
        "using (order_id, number) order by order_id, number"},
    [DECISIONS] = {"audit_decisions",
        "select order_id, attempt, leg_kind, leg_party, leg_fen, leg_line, funding_party, funding_fen "
        "from decision order by order_id, attempt"},
    [PAYMENTS] = {"audit_payments",
        "select order_id, provider, amount_fen, outcome, number from payment order by order_id, number"},
    [POSTINGS] = {"audit_postings",
        "select object_id, event, accounts, amounts, provider_ref, number, kinds from journal "
        "order by object_id, event, event_no"},
};

struct walk {
	struct audit_stream stream[STREAM_COUNT];
	struct audit_names names;
	struct audit_acks *acks;
	struct audit_report *report;
	struct arena *arena; /* of one order */
	struct audit_order *order;
	struct buf text;
	size_t ack_at, paid_at;
};

static enum err
order_read(struct walk *w)
{
	const struct audit_stream *s = &w->stream[ORDERS];
	struct audit_order *o = w->order;
	struct audit_ints *arrays[] = {&o->sku, &o->qty, &o->price, &o->cost, &o->discount,
	    &o->campaign};
	enum err e = ERR_OK;

	memset(o, 0, offsetof(struct audit_order, fulfilment));
	o->fulfilment_count = o->decision_count = o->payment_count = o->posting_count = 0;
	o->attempt = 0;
	o->base = 1;
	o->acts_fen = audit_stream_int(s, 20);
	o->returns_fen = audit_stream_int(s, 21);
	o->deposit_fen = audit_stream_int(s, 22);
	o->balance_fen = audit_stream_int(s, 23);
	o->refunds_fen = audit_stream_int(s, 24);
	o->amounts_fen = audit_stream_int(s, 25);
	(void)snprintf(o->id, sizeof(o->id), "%s", audit_stream_text(s, 0));
	o->dealer = audit_stream_int(s, 1);
	o->storefront = audit_stream_int(s, 2);
	o->collector = audit_stream_int(s, 3);
	o->goods_fen = audit_stream_int(s, 4);
	o->delivery_fen = audit_stream_int(s, 5);
	o->funded_fen = audit_stream_int(s, 6);
	o->fee_fen = audit_stream_int(s, 7);
	o->margin_fen = audit_stream_int(s, 8);
	o->mark = audit_stream_int(s, 9);
	o->way = audit_stream_int(s, 10);
	o->refund_due_fen = audit_stream_int(s, 19);
	o->paid = audit_stream_int(s, 11) != 0;
	o->ref = arena_strdup(w->arena, audit_stream_text(s, 12));
	if (o->ref == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < 6 && e == ERR_OK; i++)
		e = audit_stream_ints(s, 13 + i, w->arena, arrays[i]);
	return e;
}

static enum err
fulfilment_read(struct walk *w, const struct audit_stream *s)
{
	struct audit_fulfilment *f = &w->order->fulfilment[w->order->fulfilment_count++];
	struct audit_ints *arrays[] = {&f->line, &f->sku, &f->qty, &f->owner};
	enum err e = ERR_OK;

	f->number = audit_stream_int(s, 1);
	f->attempt = audit_stream_int(s, 2);
	f->location = audit_stream_int(s, 3);
	f->way = audit_stream_int(s, 4);
	f->state = audit_stream_int(s, 5);
	f->split_from = audit_stream_int(s, 10);
	f->moved_to = audit_stream_int(s, 11);
	f->acted = audit_stream_int(s, 12) != 0;
	f->fee_fen = audit_stream_int(s, 13);
	f->produced = audit_stream_int(s, 14) != 0;
	for (const struct audit_fulfilment *of = w->order->fulfilment; of < f; of++)
		f->produced = f->produced || (of->number == f->split_from && of->produced);
	if (!f->acted && f->split_from == 0 && f->attempt > w->order->base)
		w->order->base = f->attempt;
	for (int i = 0; i < 4 && e == ERR_OK; i++)
		e = audit_stream_ints(s, 6 + i, w->arena, arrays[i]);
	/* arrays of one row belong together: the shortest counts */
	for (int i = 1; i < 4; i++)
		if (arrays[i]->count < f->line.count)
			f->line.count = arrays[i]->count;
	return e;
}

static enum err
decision_read(struct walk *w, const struct audit_stream *s)
{
	struct audit_decision *d = &w->order->decision[w->order->decision_count++];
	struct audit_ints *arrays[] = {&d->kind, &d->party, &d->fen, &d->line, &d->funder,
	    &d->funded};
	enum err e = ERR_OK;

	d->attempt = audit_stream_int(s, 1);
	for (int i = 0; i < 6 && e == ERR_OK; i++)
		e = audit_stream_ints(s, 2 + i, w->arena, arrays[i]);
	if (d->attempt > w->order->attempt)
		w->order->attempt = d->attempt;
	if (d->kind.count < d->fen.count || d->party.count < d->fen.count)
		d->fen.count = 0;
	if (d->funder.count < d->funded.count)
		d->funded.count = d->funder.count;
	return e;
}

static enum err
payment_read(struct walk *w, const struct audit_stream *s)
{
	struct audit_payment *p = &w->order->payment[w->order->payment_count++];

	w->report->payments++;
	p->provider = audit_stream_int(s, 1);
	p->fen = audit_stream_int(s, 2);
	p->outcome = audit_stream_int(s, 3);
	p->number = arena_strdup(w->arena, audit_stream_text(s, 4));
	return p->number == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err
posting_read(struct walk *w, const struct audit_stream *s)
{
	struct audit_posting *p = &w->order->posting[w->order->posting_count++];
	enum err e;

	w->report->postings++;
	p->event = audit_stream_int(s, 1);
	p->ref = arena_strdup(w->arena, audit_stream_text(s, 4));
	if (p->ref == NULL)
		return ERR_NO_MEMORY;
	e = audit_stream_ints(s, 2, w->arena, &p->account);
	if (e == ERR_OK)
		e = audit_stream_ints(s, 3, w->arena, &p->fen);
	if (e == ERR_OK)
		e = audit_stream_ints(s, 6, w->arena, &p->kind);
	p->number = audit_stream_int(s, 5);
	return e;
}

/* Rows of the order; those of orders before it have none: audit_sets.c tells them. */
static enum err
children_read(struct walk *w, int which)
{
	static enum err (*const readers[STREAM_COUNT])(struct walk *,
	    const struct audit_stream *) = {NULL, fulfilment_read, decision_read, payment_read,
	    posting_read};
	struct audit_stream *s = &w->stream[which];
	const char *id;
	int count = 0;
	enum err e;

	while ((id = audit_stream_id(s)) != NULL && strcmp(id, w->order->id) <= 0) {
		if (strcmp(id, w->order->id) == 0) {
			if (count++ == CHILDREN_MAX)
				return ERR_TOO_LARGE;
			e = readers[which](w, s);
			if (e != ERR_OK)
				return e;
		}
		audit_stream_next(s);
	}
	return s->err;
}

/* The fulfilment that units were first in, before some were split off; the order's rows come by number. */
static const struct audit_fulfilment *
root_of(const struct audit_order *o, const struct audit_fulfilment *f)
{
	for (int i = o->fulfilment_count - 1; i >= 0 && f->split_from != 0; i--)
		if (o->fulfilment[i].number == f->split_from)
			f = &o->fulfilment[i];
	return f;
}

/* Units of ${x} as they were acknowledged, those that were split off later among them; -1: more than fit. */
static int
lines_whole(struct walk *w, const struct audit_fulfilment *x, struct ack_line *line, int max)
{
	const struct audit_order *o = w->order;
	const struct audit_names *n = &w->names;
	int count = 0;

	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct audit_fulfilment *f = &o->fulfilment[i];

		for (int k = 0; root_of(o, f) == x && k < f->line.count; k++) {
			struct ack_line l = {.line = (int)f->line.v[k],
			    .sku = audit_name(n->sku_code, n->sku_max, f->sku.v[k]),
			    .quantity = (int32_t)f->qty.v[k],
			    .goods_owner = audit_name(n->party_code, n->party_max,
			        f->owner.v[k] == 0 ? n->brand : f->owner.v[k])};
			int at = 0;

			while (at < count &&
			    (line[at].line != l.line || strcmp(line[at].sku, l.sku) != 0 ||
			        strcmp(line[at].goods_owner, l.goods_owner) != 0))
				at++;
			if (at == max)
				return -1;
			if (at == count)
				line[count++] = l;
			else
				line[at].quantity += l.quantity;
		}
	}
	return count;
}

/* The text of ack.h, made from the rows of the submit's decision. */
static bool
facts_print(struct walk *w, bool has_money)
{
	const struct audit_order *o = w->order;
	const struct audit_names *n = &w->names;
	struct ack_line line[ACK_LINES_MAX];
	struct ack_facts f = {.way = (int)o->way,
	    .goods_fen = o->goods_fen,
	    .delivery_fen = o->delivery_fen,
	    .total_fen = o->goods_fen + o->delivery_fen,
	    .has_money = has_money,
	    .margin_fen = o->margin_fen,
	    .funded_fen = o->funded_fen,
	    .fee_fen = o->fee_fen};
	int used = 0;

	f.collector = audit_name(n->party_code, n->party_max, o->collector);
	f.dealer = audit_name(n->party_code, n->party_max, o->dealer);
	for (int i = 0; i < o->qty.count; i++)
		f.cost_fen += o->qty.v[i] * o->cost.v[i];
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct audit_fulfilment *x = &o->fulfilment[i];
		struct ack_part *p = &f.part[f.part_count];

		if (x->attempt != 1 || x->split_from != 0)
			continue;
		if (f.part_count == ACK_PARTS_MAX)
			return false;
		f.part_count++;
		*p = (struct ack_part){.number = (int)x->number,
		    .way = (int)x->way,
		    .location = audit_name(n->location_code, n->location_max, x->location),
		    .line_count = lines_whole(w, x, &line[used], ACK_LINES_MAX - used),
		    .line = &line[used]};
		if (p->line_count < 0)
			return false;
		used += p->line_count;
	}
	buf_reset(&w->text);
	ack_facts_print(&f, &w->text);
	return buf_err(&w->text) == ERR_OK;
}

static void
ack_check(struct walk *w, struct audit_ack *a)
{
	const struct audit_order *o = w->order;
	const char *front =
	    audit_name(w->names.storefront_code, w->names.storefront_max, o->storefront);
	bool has_money = strstr(a->facts, "\t-\t-\t-\t-\t") == NULL;

	a->seen = true;
	if (strcmp(front, a->storefront) != 0 || strcmp(o->ref, a->ref) != 0) {
		audit_found(w->report, AUDIT_ACK_DIFFERS,
		    "order %s: acknowledged to %s as %s, is %s of %s", o->id, a->storefront, a->ref,
		    o->ref, front);
		return;
	}
	/* decided again after a late payment: way and margin are the new ones, rightly */
	if (o->base > 1)
		return;
	if (!facts_print(w, has_money) || strcmp(buf_cstr(&w->text), a->facts) != 0)
		audit_found(w->report, AUDIT_ACK_DIFFERS,
		    "order %s: acknowledged \"%s\", is \"%s\"", o->id, a->facts,
		    buf_cstr(&w->text));
}

static void
acks_check(struct walk *w)
{
	struct audit_acks *a = w->acks;
	const struct audit_order *o = w->order;
	int c = 1;

	while (w->ack_at < a->ack_count && (c = strcmp(a->ack[w->ack_at].order_id, o->id)) <= 0) {
		if (c == 0)
			ack_check(w, &a->ack[w->ack_at]);
		w->ack_at++;
	}
	if (audit_acks_refused(a,
	        audit_name(w->names.storefront_code, w->names.storefront_max, o->storefront),
	        o->ref))
		audit_found(w->report, AUDIT_REFUSED_PRESENT, "order %s, reference %s", o->id,
		    o->ref);
	while (
	    w->paid_at < a->paid_count && (c = strcmp(a->paid[w->paid_at].order_id, o->id)) <= 0) {
		struct audit_paid *p = &a->paid[w->paid_at++];

		for (int i = 0; c == 0 && i < o->payment_count; i++)
			if (strcmp(o->payment[i].number, p->number) == 0 &&
			    o->payment[i].fen == p->fen && o->payment[i].outcome == p->outcome)
				p->seen = true;
	}
}

static void
unseen_report(struct walk *w)
{
	const struct audit_acks *a = w->acks;

	for (size_t i = 0; i < a->ack_count; i++)
		if (!a->ack[i].seen)
			audit_found(w->report, AUDIT_ACK_MISSING, "order %s, %s %s",
			    a->ack[i].order_id, a->ack[i].storefront, a->ack[i].ref);
	for (size_t i = 0; i < a->paid_count; i++)
		if (!a->paid[i].seen)
			audit_found(w->report, AUDIT_PAYMENT_MISSING, "order %s: %s %s of %lld fen",
			    a->paid[i].order_id, a->paid[i].provider, a->paid[i].number,
			    (long long)a->paid[i].fen);
}

static enum err
walk_all(struct walk *w)
{
	const char *id;
	enum err e;

	while ((id = audit_stream_id(&w->stream[ORDERS])) != NULL) {
		bool twice = strcmp(id, w->order->id) == 0;

		arena_reset(w->arena);
		e = order_read(w);
		for (int i = FULFILMENTS; e == ERR_OK && i < STREAM_COUNT; i++)
			e = children_read(w, i);
		if (e != ERR_OK)
			return e;
		w->report->orders++;
		/* a second row of one id is told by audit_sets.c; its children went with the first */
		if (!twice) {
			audit_money(w->order, &w->names, w->report);
			audit_postings(w->order, &w->names, w->report);
			audit_books(w->order, &w->names, w->report);
			audit_units(w->order, w->report);
			acks_check(w);
		}
		audit_stream_next(&w->stream[ORDERS]);
	}
	unseen_report(w);
	return w->stream[ORDERS].err;
}

enum err
audit_orders(PGconn *db, struct audit_acks *acks, struct audit_report *r)
{
	struct walk w = {.acks = acks, .report = r};
	enum err e;

	buf_init(&w.text, ACK_LINE_MAX);
	w.arena = arena_new(ORDER_MEMORY);
	w.order = calloc(1, sizeof(*w.order));
	e = w.arena == NULL || w.order == NULL ? ERR_NO_MEMORY : audit_names_read(&w.names, db);
	for (int i = 0; e == ERR_OK && i < STREAM_COUNT; i++)
		e = audit_stream_open(&w.stream[i], db, streams[i].name, streams[i].sql);
	if (e == ERR_OK)
		e = walk_all(&w);
	for (int i = 0; i < STREAM_COUNT; i++)
		audit_stream_close(&w.stream[i]);
	audit_names_release(&w.names);
	arena_free(w.arena);
	free(w.order);
	buf_release(&w.text);
	return e;
}
