#include "store/act_stock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "domain/fulfilment.h"
#include "domain/level.h"
#include "store/catalog_row.h"

#define NOT_ASKED (-1)

/* ---- Serial numbers ---------------------------------------------------------------------------- */

static int
serial_order(const void *a, const void *b)
{
	const struct act_serial *const *x = a, *const *y = b;

	if ((*x)->sku != (*y)->sku)
		return (*x)->sku < (*y)->sku ? -1 : 1;
	return strcmp((*x)->text, (*y)->text);
}

static enum err
sort_serials(const struct act_serial *list, int count, struct arena *arena,
    const struct act_serial ***out)
{
	const struct act_serial **by;

	by = arena_array(arena, (size_t)count, sizeof(*by));
	if (by == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++)
		by[i] = &list[i];
	qsort(by, (size_t)count, sizeof(*by), serial_order);
	*out = by;
	return ERR_OK;
}

static void
serial_args(struct pg_args *a, const struct act_in *in, const struct act_serial **by, int count)
{
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, by[i]->sku);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, by[i]->text);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &in->order->order_id);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)by[i]->number);
}

enum err
act_serials_send(struct act_stock *s, const struct act_in *in, struct arena *arena, struct tx *t)
{
	const struct act_serial **by;
	struct pg_args *a;

	*s = (struct act_stock){.serials_at = NOT_ASKED,
	    .returned_at = NOT_ASKED,
	    .suspects_at = NOT_ASKED};
	if (in->serial_count > 0) {
		if (sort_serials(in->serials, in->serial_count, arena, &by) != ERR_OK)
			return ERR_NO_MEMORY;
		a = tx_args(t);
		serial_args(a, in, by, in->serial_count);
		ARGS_ARRAY(a, ELEM_I32, elem_i32, in->serial_count, in->order->dealer);
		args_time(a, in->at_us);
		s->serials_at = tx_added(t);
		tx_add(t, STMT_SERIAL_OUT);
	}
	if (in->serial_back_count > 0) {
		if (sort_serials(in->serials_back, in->serial_back_count, arena, &by) != ERR_OK)
			return ERR_NO_MEMORY;
		a = tx_args(t);
		serial_args(a, in, by, in->serial_back_count);
		args_time(a, in->at_us);
		s->returned_at = tx_added(t);
		tx_add(t, STMT_SERIAL_BACK);
	}
	return ERR_OK;
}

/* The first number, as the caller gave them, that was not ours to hand out. */
static enum err
read_serials(const struct act_in *in, const PGresult *r)
{
	const struct act_serial *x;
	bool out;

	if (PQntuples(r) == in->serial_count)
		return ERR_OK;
	for (int i = 0; i < in->serial_count; i++) {
		x = &in->serials[i];
		out = false;
		for (int n = 0; n < PQntuples(r) && !out; n++)
			out = col_i32(r, n, 0) == x->sku && strcmp(col_text(r, n, 1), x->text) == 0;
		if (out)
			continue;
		if (in->reason != NULL)
			(void)reason_set(in->reason, ERR_EXISTS_DIFFERS, "serials",
			    "number %s was handed out already", x->text);
		return ERR_EXISTS_DIFFERS;
	}
	return ERR_INTERNAL; /* more rows than numbers */
}

/* ---- Back on the shelf, found empty ------------------------------------------------------------ */

struct mark {
	struct take key; /* quantity: pieces */
	int number;
};

static int
mark_order(const void *a, const void *b)
{
	const struct take *x = &((const struct mark *)a)->key;
	const struct take *y = &((const struct mark *)b)->key;

	if (x->dealer != y->dealer)
		return x->dealer < y->dealer ? -1 : 1;
	if (x->location != y->location)
		return x->location < y->location ? -1 : 1;
	if (x->sku != y->sku)
		return x->sku < y->sku ? -1 : 1;
	if (x->goods_owner != y->goods_owner)
		return x->goods_owner < y->goods_owner ? -1 : 1;
	return ((const struct mark *)a)->number - ((const struct mark *)b)->number;
}

/* Of equal keys one, with the sum; ${numbers}: fulfilments are told apart. */
static int
merge(struct mark *m, int count, bool numbers)
{
	int kept = 0;

	if (count > 0)
		qsort(m, (size_t)count, sizeof(*m), mark_order);
	for (int i = 0; i < count; i++) {
		if (kept > 0 && m[kept - 1].key.dealer == m[i].key.dealer &&
		    m[kept - 1].key.location == m[i].key.location &&
		    m[kept - 1].key.sku == m[i].key.sku &&
		    m[kept - 1].key.goods_owner == m[i].key.goods_owner &&
		    (!numbers || m[kept - 1].number == m[i].number))
			m[kept - 1].key.quantity += m[i].key.quantity;
		else
			m[kept++] = m[i];
	}
	return kept;
}

static int
lines_add(struct mark *m, const struct fulfilment_read *f)
{
	int count = 0;

	for (int n = 0; n < f->line_count; n++) {
		if (f->lines[n].goods_owner == 0)
			continue; /* made to order */
		m[count++] = (struct mark){.key = {.kind = TAKE_STOCK,
		                               .dealer = f->dealer,
		                               .location = f->location,
		                               .sku = f->lines[n].sku,
		                               .goods_owner = f->lines[n].goods_owner,
		                               .quantity = f->lines[n].quantity},
		    .number = f->number};
	}
	return count;
}

static void
mark_keys(struct pg_args *a, const struct mark *m, int count, bool back)
{
	if (!back) {
		ARGS_ARRAY(a, ELEM_I32, elem_i32, count, m[i].key.dealer);
		ARGS_ARRAY(a, ELEM_I32, elem_i32, count, m[i].key.location);
	}
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, m[i].key.sku);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, m[i].key.goods_owner);
	if (back) {
		ARGS_ARRAY(a, ELEM_I32, elem_i32, count, m[i].key.location);
		ARGS_ARRAY(a, ELEM_I32, elem_i32, count, m[i].key.dealer);
	}
}

/* What is written off as damaged came back no more than what never left. */
static int
above_zero(struct mark *m, int count)
{
	int kept = 0;

	for (int i = 0; i < count; i++)
		if (m[i].key.quantity > 0)
			m[kept++] = m[i];
	return kept;
}

static void
send_back(const struct act_in *in, struct mark *m, struct tx *t)
{
	struct pg_args *a;
	int count = 0;

	for (int i = 0; i < in->fulfilment_count; i++) {
		const struct act_fulfilment *x = &in->fulfilments[i];

		if (fulfilment_stock_effect(x->from, x->is.state).on_hand > 0)
			count += lines_add(&m[count], &x->is);
	}
	for (int i = 0; i < in->back_count; i++)
		m[count++] = (struct mark){.key = in->backs[i].key, .number = in->backs[i].number};
	count = above_zero(m, merge(m, count, true));
	if (count == 0)
		return;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &in->order->order_id);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)m[i].number);
	mark_keys(a, m, count, true);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, (int32_t)m[i].key.quantity);
	args_time(a, in->at_us);
	tx_add(t, STMT_STOCK_BACK);
}

static void
send_suspects(struct act_stock *s, const struct act_in *in, struct mark *m, struct tx *t)
{
	struct pg_args *a;
	int count = 0;

	for (int i = 0; i < in->fulfilment_count; i++)
		if (in->fulfilments[i].suspect)
			count += lines_add(&m[count], &in->fulfilments[i].is);
	count = merge(m, count, false);
	if (count == 0)
		return;
	a = tx_args(t);
	mark_keys(a, m, count, false);
	args_time(a, in->at_us + SUSPECT_US);
	s->suspects_at = tx_added(t);
	tx_add(t, STMT_STOCK_SUSPECT);
}

enum err
act_marks_send(struct act_stock *s, const struct act_in *in, struct arena *arena, struct tx *t)
{
	struct mark *m;
	int most = in->back_count;

	for (int i = 0; i < in->fulfilment_count; i++)
		most += in->fulfilments[i].is.line_count;
	m = arena_array(arena, (size_t)most, sizeof(*m));
	if (m == NULL)
		return ERR_NO_MEMORY;
	send_back(in, m, t);
	send_suspects(s, in, m, t);
	return ERR_OK;
}

enum err
act_stock_read(struct act_stock *s, const struct act_in *in, struct arena *arena, struct tx *t,
    struct buf *changes)
{
	const PGresult *r;

	if (s->serials_at != NOT_ASKED) {
		enum err e = read_serials(in, tx_result(t, s->serials_at));

		if (e != ERR_OK)
			return e;
	}
	/* A number that was never scanned out may come back, too: the goods count. */
	if (s->returned_at != NOT_ASKED &&
	    PQntuples(tx_result(t, s->returned_at)) < in->serial_back_count)
		log_info(LOG_MSG("a serial number came back that was not out"));
	if (s->suspects_at == NOT_ASKED)
		return ERR_OK;
	r = tx_result(t, s->suspects_at);
	s->suspected = arena_array(arena, (size_t)PQntuples(r), sizeof(*s->suspected));
	if (s->suspected == NULL)
		return ERR_NO_MEMORY;
	s->suspected_count = PQntuples(r);
	for (int i = 0; i < s->suspected_count; i++) {
		row_stock(r, i, &s->suspected[i]);
		change_pack(changes, &s->suspected[i]);
	}
	return ERR_OK;
}

void
act_stock_apply(const struct act_stock *s, struct hints_memory *m)
{
	for (int i = 0; i < s->suspected_count; i++)
		if (change_apply(m, &s->suspected[i]) != ERR_OK)
			log_error(LOG_MSG("the hints cannot grow"));
}
