#include "simulator/ack.h"

#include <stdlib.h>
#include <string.h>

static int
line_compare(const void *a, const void *b)
{
	const struct ack_line *x = a, *y = b;
	int c;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	c = strcmp(x->sku, y->sku);
	if (c == 0)
		c = strcmp(x->goods_owner, y->goods_owner);
	return c != 0 ? c : (x->quantity > y->quantity) - (x->quantity < y->quantity);
}

static int
part_compare(const void *a, const void *b)
{
	const struct ack_part *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void
part_print(struct ack_part *p, struct buf *out)
{
	qsort(p->line, (size_t)p->line_count, sizeof(*p->line), line_compare);
	buf_printf(out, "%d/%d@%s[", p->number, p->way, p->location);
	for (int i = 0; i < p->line_count; i++)
		buf_printf(out, "%s%d:%sx%d=%s", i > 0 ? "," : "", p->line[i].line, p->line[i].sku,
		    p->line[i].quantity, p->line[i].goods_owner);
	buf_str(out, "]");
}

void
ack_facts_print(struct ack_facts *f, struct buf *out)
{
	qsort(f->part, (size_t)f->part_count, sizeof(f->part[0]), part_compare);
	buf_printf(out, "%d\t%lld\t%lld\t%lld\t%s\t%s\t", f->way, (long long)f->goods_fen,
	    (long long)f->delivery_fen, (long long)f->total_fen, f->collector, f->dealer);
	if (f->has_money)
		buf_printf(out, "%lld\t%lld\t%lld\t%lld\t", (long long)f->margin_fen,
		    (long long)f->funded_fen, (long long)f->fee_fen, (long long)f->cost_fen);
	else
		buf_str(out, "-\t-\t-\t-\t");
	for (int i = 0; i < f->part_count; i++) {
		if (i > 0)
			buf_str(out, ";");
		part_print(&f->part[i], out);
	}
}

static bool
parts_read(const Yuncang__V1__Option *o, struct ack_facts *f, struct ack_line *line)
{
	int used = 0;

	if (o->n_parts > ACK_PARTS_MAX)
		return false;
	for (size_t i = 0; i < o->n_parts; i++) {
		const Yuncang__V1__Part *p = o->parts[i];

		if (p->n_lines > (size_t)(ACK_LINES_MAX - used))
			return false;
		f->part[f->part_count++] = (struct ack_part){.number = p->number,
		    .way = (int)p->way,
		    .location = p->location,
		    .line_count = (int)p->n_lines,
		    .line = &line[used]};
		for (size_t k = 0; k < p->n_lines; k++)
			line[used++] = (struct ack_line){.line = p->lines[k]->line,
			    .sku = p->lines[k]->sku,
			    .quantity = p->lines[k]->quantity,
			    .goods_owner = p->lines[k]->goods_owner};
	}
	return true;
}

bool
ack_order_print(const Yuncang__V1__SubmitOrderResponse *r, const char *storefront, struct buf *out)
{
	struct ack_line line[ACK_LINES_MAX];
	struct ack_facts f = {0};
	const Yuncang__V1__Option *o = r->option;

	if (o == NULL || r->owner == NULL || !parts_read(o, &f, line))
		return false;
	f.way = (int)o->way;
	f.goods_fen = o->goods_fen;
	f.delivery_fen = o->delivery_fee_fen;
	f.total_fen = o->total_fen;
	f.collector = o->collector;
	f.dealer = r->owner->dealer;
	f.has_money = o->money != NULL;
	if (o->money != NULL) {
		f.margin_fen = o->money->owner_margin_fen;
		f.funded_fen = o->money->funded_fen;
		f.fee_fen = o->money->provider_fee_fen;
		f.cost_fen = o->money->cost_fen;
	}
	buf_printf(out, "A\t%s\t%s\t%s\t", r->order_id, storefront, r->order_ref);
	ack_facts_print(&f, out);
	buf_str(out, "\n");
	return buf_err(out) == ERR_OK;
}
