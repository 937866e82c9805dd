#include "flow/return_message.h"

#include "flow/thaw.h"

static Yuncang__V1__ReturnLine *
line_message(const struct world *w, const struct return_line *l, int32_t sku, struct arena *a)
{
	Yuncang__V1__ReturnLine *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__return_line__init(m);
	m->line = l->line;
	m->sku = message_text(w->skus[world_sku(w, sku)].code);
	m->quantity = l->quantity;
	m->sellable = l->sellable;
	m->damaged = l->damaged;
	m->refused = l->refused;
	return m;
}

/* A time that there may not be; *bad: no memory. */
static Google__Protobuf__Timestamp *
time_or_none(int64_t us, struct arena *a, bool *bad)
{
	Google__Protobuf__Timestamp *t = time_message(us, a);

	*bad = *bad || (us != 0 && t == NULL);
	return t;
}

Yuncang__V1__Return *
return_message(const struct world *w, const struct return_read *r, const int32_t *skus,
    struct arena *a)
{
	Yuncang__V1__Return *m = arena_alloc(a, sizeof(*m));
	bool bad = false;

	if (m == NULL)
		return NULL;
	yuncang__v1__return__init(m);
	m->number = r->number;
	m->fulfilment = r->fulfilment;
	m->state = (Yuncang__V1__ReturnState)r->state;
	m->location = message_text(location_code_of(w, r->location));
	m->reason = (Yuncang__V1__ReturnReason)r->reason;
	m->requested_at = time_or_none(r->asked_us, a, &bad);
	m->received_at = time_or_none(r->received_us, a, &bad);
	m->decided_at = time_or_none(r->decided_us, a, &bad);
	m->due_at = time_or_none(r->due_us, a, &bad);
	m->refund_fen = r->refund_fen;
	m->lines = arena_array(a, (size_t)r->line_count, sizeof(*m->lines));
	if (m->lines == NULL || bad)
		return NULL;
	for (int i = 0; i < r->line_count; i++) {
		m->lines[i] = line_message(w, &r->lines[i], skus[i], a);
		if (m->lines[i] == NULL)
			return NULL;
	}
	m->n_lines = (size_t)r->line_count;
	return m;
}

static Yuncang__V1__Deposit *
deposit_message(const struct deposit_read *d, struct arena *a)
{
	Yuncang__V1__Deposit *m = arena_alloc(a, sizeof(*m));
	bool bad = false;

	if (m == NULL)
		return NULL;
	yuncang__v1__deposit__init(m);
	m->deposit_fen = d->deposit_fen;
	m->balance_fen = d->balance_fen;
	m->balance_by = time_or_none(d->balance_by_us, a, &bad);
	m->balance_paid_at = time_or_none(d->balance_paid_us, a, &bad);
	return bad ? NULL : m;
}

enum err
order_returns_add(const struct world *w, const struct order_read *o, Yuncang__V1__Order *m,
    struct arena *a)
{
	if (o->deposit != NULL) {
		m->deposit = deposit_message(o->deposit, a);
		if (m->deposit == NULL)
			return ERR_NO_MEMORY;
	}
	m->returns = arena_array(a, (size_t)o->return_count, sizeof(*m->returns));
	if (m->returns == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < o->return_count; i++) {
		const struct return_read *r = &o->returns[i];
		int32_t *skus = arena_array(a, (size_t)r->line_count, sizeof(*skus));

		for (int n = 0; skus != NULL && n < r->line_count; n++)
			skus[n] = o->lines[r->lines[n].line].sku;
		m->returns[i] = skus != NULL ? return_message(w, r, skus, a) : NULL;
		if (m->returns[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m->n_returns = (size_t)o->return_count;
	return ERR_OK;
}

bool
returns_known(const struct world *w, const struct order_read *o)
{
	for (int i = 0; i < o->return_count; i++)
		if (world_location_row(w, o->returns[i].location) == NULL)
			return false;
	return true;
}
