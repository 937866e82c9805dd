#include "flow/stock_flow.h"

#include <string.h>

#include "base/clock.h"
#include "flow/app.h"
#include "flow/catalog_check.h"
#include "flow/convert.h"
#include "flow/order_message.h"
#include "store/stock_report.h"
#include "yuncang/v1/stock.pb-c.h"

#define BOOKED_ORDERS_MAX 1000
#define SOURCE_BYTES_MAX 48

struct report_stock {
	struct call *call;
	const Yuncang__V1__ReportStockRequest *q;
	struct check check;
	int32_t location; /* id */
	/* As stored, "17/till-7": sequences of two stores' tills of one name are not one. */
	const char *source;
	struct stock_report report;
};

/* ---- The answer -------------------------------------------------------------------------------- */

static Yuncang__V1__StockRowOutcome
outcome_word(enum row_outcome o)
{
	static const Yuncang__V1__StockRowOutcome words[] = {
	    [ROW_WRITTEN] = YUNCANG__V1__STOCK_ROW_OUTCOME__STOCK_ROW_OUTCOME_UNSPECIFIED,
	    [ROW_OLDER] = YUNCANG__V1__STOCK_ROW_OUTCOME__STOCK_ROW_OUTCOME_OLDER,
	    [ROW_REPEATED] = YUNCANG__V1__STOCK_ROW_OUTCOME__STOCK_ROW_OUTCOME_REPEATED,
	    [ROW_DIFFERS] = YUNCANG__V1__STOCK_ROW_OUTCOME__STOCK_ROW_OUTCOME_DIFFERS,
	    [ROW_OURS] = YUNCANG__V1__STOCK_ROW_OUTCOME__STOCK_ROW_OUTCOME_OURS,
	    [ROW_COUNTED] = YUNCANG__V1__STOCK_ROW_OUTCOME__STOCK_ROW_OUTCOME_COUNTED,
	};

	return words[o];
}

/* The rows from ${first} on that changed nothing. */
static enum err
rows_left(const struct stock_told *told, int first, int count, struct arena *a,
    Yuncang__V1__StockRowLeft ***out, size_t *n_out)
{
	Yuncang__V1__StockRowLeft **list, *m;

	list = arena_array(a, (size_t)count, sizeof(*list));
	if (list == NULL)
		return ERR_NO_MEMORY;
	*n_out = 0;
	for (int i = 0; i < count; i++) {
		if (told->rows[first + i] == ROW_WRITTEN)
			continue;
		m = arena_alloc(a, sizeof(*m));
		if (m == NULL)
			return ERR_NO_MEMORY;
		yuncang__v1__stock_row_left__init(m);
		m->index = i;
		m->outcome = outcome_word(told->rows[first + i]);
		if (told->rows[first + i] == ROW_OLDER) {
			m->stored_at = time_message(told->stored_us[first + i], a);
			if (m->stored_at == NULL)
				return ERR_NO_MEMORY;
		}
		list[(*n_out)++] = m;
	}
	*out = list;
	return ERR_OK;
}

static enum err
figures(const struct report_stock *x, const struct stock_told *told, struct arena *a,
    Yuncang__V1__ReportStockResponse *m)
{
	const struct stock_report *r = &x->report;
	Yuncang__V1__StockFigure *f;

	f = arena_array(a, (size_t)told->level_count, sizeof(*f));
	m->figures = arena_array(a, (size_t)told->level_count, sizeof(*m->figures));
	if (f == NULL || m->figures == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < told->level_count; i++) {
		const struct level_told *l = &told->levels[i];
		bool counted = l->row < r->count_count;

		yuncang__v1__stock_figure__init(&f[i]);
		f[i].sku = counted ? x->q->counts[l->row]->sku
		                   : x->q->deltas[l->row - r->count_count]->sku;
		f[i].goods_owner = counted ? x->q->counts[l->row]->goods_owner
		                           : x->q->deltas[l->row - r->count_count]->goods_owner;
		f[i].on_hand = l->on_hand;
		f[i].available = l->available;
		f[i].missing = l->missing;
		m->figures[i] = &f[i];
	}
	m->n_figures = (size_t)told->level_count;
	return ERR_OK;
}

/* Sources as their location calls them. */
static enum err
gaps(const struct write_result *r, struct arena *a, Yuncang__V1__ReportStockResponse *m)
{
	m->gaps = arena_array(a, (size_t)r->gap_count, sizeof(*m->gaps));
	if (m->gaps == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < r->gap_count; i++)
		/* protobuf-c's messages have no const. */
		m->gaps[i] = (char *)(uintptr_t)(strchr(r->gaps[i], '/') + 1);
	m->n_gaps = (size_t)r->gap_count;
	return ERR_OK;
}

static void
written(void *ctx, const struct write_result *r)
{
	Yuncang__V1__ReportStockResponse m = YUNCANG__V1__REPORT_STOCK_RESPONSE__INIT;
	struct report_stock *x = ctx;
	struct arena *a = x->call->arena;
	enum err e;

	if (r->reason.err != ERR_OK) {
		call_fail(x->call, &r->reason, NULL);
		return;
	}
	m.written = r->written;
	e = gaps(r, a, &m);
	if (e == ERR_OK)
		e = rows_left(r->stock, 0, x->report.count_count, a, &m.counts_left,
		    &m.n_counts_left);
	if (e == ERR_OK)
		e = rows_left(r->stock, x->report.count_count, x->report.delta_count, a,
		    &m.deltas_left, &m.n_deltas_left);
	if (e == ERR_OK)
		e = figures(x, r->stock, a, &m);
	if (e != ERR_OK)
		call_fail_err(x->call, e);
	else
		call_reply(x->call, &m.base);
}

/* ---- The request ------------------------------------------------------------------------------- */

static enum err
location_check(struct call *c, const char *code, int32_t *id)
{
	const struct world *w = catalog_world(call_app(c)->catalog);
	uint32_t at = strmap_get(&w->location_code, code);

	if (code[0] == '\0')
		return reason_set(&c->reason, ERR_BAD_FIELD, "location", "must be set");
	if (at == STRMAP_NONE || !principal_may(c->principal, "location", code))
		return reason_set(&c->reason, ERR_NOT_FOUND, "location", "%s",
		    err_text(ERR_NOT_FOUND));
	*id = w->locations[at].id;
	return ERR_OK;
}

/* Of a time that is set. */
static enum err
time_check(const struct check *c, const char *name, const Google__Protobuf__Timestamp *t,
    int64_t *us)
{
	enum err e;

	e = convert_time(c->r, AT(c->above, name), t, us);
	/* A count from the future would refuse all true ones until then. */
	if (e == ERR_OK && *us > c->now_us + COUNT_AHEAD_US)
		e = convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, name), "lies in the future");
	return e;
}

static enum err
count_check(struct report_stock *x, size_t i, struct count_row *out)
{
	const Yuncang__V1__ShelfCount *m = x->q->counts[i];
	struct check *c = &x->check;
	enum err e;

	check_row(c, "counts", i);
	*out = (struct count_row){.location = x->q->location,
	    .sku = m->sku,
	    .goods_owner = m->goods_owner,
	    .count = m->count,
	    .safety = -1,
	    .counted_us = c->now_us};
	e = check_code(c, "sku", -1, m->sku);
	if (e == ERR_OK)
		e = check_code_or_none(c, "goods_owner", m->goods_owner);
	if (e == ERR_OK)
		e = convert_range(c->r, AT(c->above, "count"), m->count, 0, PIECES_MAX);
	if (e == ERR_OK && m->counted_at != NULL)
		e = time_check(c, "counted_at", m->counted_at, &out->counted_us);
	return e;
}

static enum err
delta_check(struct report_stock *x, size_t i, struct delta_row *out)
{
	const Yuncang__V1__CounterDelta *m = x->q->deltas[i];
	struct check *c = &x->check;
	enum err e;

	check_row(c, "deltas", i);
	*out = (struct delta_row){.location = x->q->location,
	    .sku = m->sku,
	    .goods_owner = m->goods_owner,
	    .source = x->source,
	    .delta = m->delta,
	    .sequence = m->sequence};
	e = check_code(c, "sku", -1, m->sku);
	if (e == ERR_OK)
		e = check_code_or_none(c, "goods_owner", m->goods_owner);
	if (e == ERR_OK)
		e = convert_range(c->r, AT(c->above, "delta"), m->delta, -DELTA_MAX, DELTA_MAX);
	if (e == ERR_OK)
		e = convert_range(c->r, AT(c->above, "sequence"), m->sequence, 1, INT64_MAX);
	if (e == ERR_OK && m->at != NULL)
		e = time_check(c, "at", m->at, &out->at_us);
	if (e == ERR_OK && m->order_id[0] != '\0' &&
	    uuid_parse(m->order_id, &out->order_id) != ERR_OK)
		e = convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, "order_id"),
		    "is not an order's id");
	return e;
}

/* An event's id tells when it was made, to the millisecond: what happened in that one is in it. */
static enum err
seen_check(struct report_stock *x)
{
	struct reason *r = x->check.r;
	struct uuid id;
	int64_t ms = 0;

	if (x->q->seen_to[0] == '\0')
		return ERR_OK;
	if (uuid_parse(x->q->seen_to, &id) != ERR_OK || id.b[6] >> 4 != 7)
		return reason_set(r, ERR_BAD_FIELD, "seen_to", "is not an event's id");
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.b[i];
	x->report.seen_us = ms * US_PER_MS + US_PER_MS - 1;
	if (ms * US_PER_MS > x->check.now_us + COUNT_AHEAD_US)
		return reason_set(r, ERR_BAD_FIELD, "seen_to", "lies in the future");
	return ERR_OK;
}

static enum err
booked_check(struct report_stock *x)
{
	const Yuncang__V1__ReportStockRequest *q = x->q;
	struct uuid *ids;

	if (q->n_booked_orders > BOOKED_ORDERS_MAX)
		return reason_set(x->check.r, ERR_BAD_FIELD, "booked_orders", "at most %d",
		    BOOKED_ORDERS_MAX);
	ids = arena_array(x->call->arena, q->n_booked_orders, sizeof(*ids));
	if (ids == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < q->n_booked_orders; i++)
		if (uuid_parse(q->booked_orders[i], &ids[i]) != ERR_OK)
			return reason_set(x->check.r, ERR_BAD_FIELD, "booked_orders",
			    "number %zu is not an order's id", i);
	x->report.booked = ids;
	x->report.booked_count = (int)q->n_booked_orders;
	return ERR_OK;
}

static enum err
source_check(struct report_stock *x)
{
	const char *source = x->q->source;

	if (check_code(&x->check, "source", -1, source) != ERR_OK ||
	    strlen(source) > SOURCE_BYTES_MAX)
		return reason_set(x->check.r, ERR_BAD_FIELD, "source",
		    "who reports, 1 to %d characters of A-Z a-z 0-9 . _ : -", SOURCE_BYTES_MAX);
	x->source = arena_printf(x->call->arena, "%d/%s", (int)x->location, source);
	return x->source != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static enum err
rows_check(struct report_stock *x)
{
	const Yuncang__V1__ReportStockRequest *q = x->q;
	int64_t rows_max = call_app(x->call)->conf->upsert_rows_max;
	struct count_row *counts;
	struct delta_row *deltas;
	enum err e = ERR_OK;

	if ((int64_t)(q->n_counts + q->n_deltas) > rows_max)
		return reason_set(x->check.r, ERR_TOO_LARGE, "counts", "%zu rows; at most %lld",
		    q->n_counts + q->n_deltas, (long long)rows_max);
	counts = arena_array(x->call->arena, q->n_counts, sizeof(*counts));
	deltas = arena_array(x->call->arena, q->n_deltas, sizeof(*deltas));
	if (counts == NULL || deltas == NULL)
		return ERR_NO_MEMORY;
	if (q->n_deltas > 0)
		e = source_check(x);
	for (size_t i = 0; e == ERR_OK && i < q->n_counts; i++)
		e = count_check(x, i, &counts[i]);
	for (size_t i = 0; e == ERR_OK && i < q->n_deltas; i++)
		e = delta_check(x, i, &deltas[i]);
	x->report.counts = counts;
	x->report.deltas = deltas;
	x->report.count_count = (int)q->n_counts;
	x->report.delta_count = (int)q->n_deltas;
	return e;
}

static enum err
begin(struct report_stock *x)
{
	struct call *c = x->call;
	struct writer w = {.pool = call_app(c)->query_pool,
	    .catalog = call_app(c)->catalog,
	    .arena = c->arena,
	    .done = written,
	    .ctx = x};
	enum err e;

	x->check.r = &c->reason;
	x->check.now_us = x->report.now_us = c->received_us;
	e = location_check(c, x->q->location, &x->location);
	if (e == ERR_OK)
		e = rows_check(x);
	if (e == ERR_OK)
		e = seen_check(x);
	if (e == ERR_OK)
		e = booked_check(x);
	if (e == ERR_OK && x->report.count_count + x->report.delta_count > 0)
		e = write_stock(&w, &x->report);
	return e;
}

void
report_stock_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ReportStockResponse nothing = YUNCANG__V1__REPORT_STOCK_RESPONSE__INIT;
	struct report_stock *x;
	enum err e;

	x = arena_zalloc(c->arena, sizeof(*x));
	if (x == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	x->call = c;
	x->q = (const Yuncang__V1__ReportStockRequest *)request;
	e = begin(x);
	if (e != ERR_OK)
		call_fail_err(c, e);
	else if (x->report.count_count + x->report.delta_count == 0)
		call_reply(c, &nothing.base);
}
