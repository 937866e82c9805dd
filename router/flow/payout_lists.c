/* payout_lists: payouts, batches and refunds as messages, a page at a time; the bank file.  See payout_flow.h. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "flow/convert.h"
#include "flow/page.h"
#include "flow/payout_flow.h"
#include "flow/thaw.h"

#define FILE_SIZE_MAX ((size_t)32 << 20)

struct cursor {
	int64_t at_us;
	struct uuid id;
};
_Static_assert(sizeof(struct cursor) == 24, "no padding: these bytes are signed");
struct refund_cursor {
	struct uuid order;
	int32_t no, part;
};
_Static_assert(sizeof(struct refund_cursor) == 24, "no padding: these bytes are signed");
union place_of {
	struct cursor row;
	struct refund_cursor refund;
};

struct list;
/* What a list's answer is made of: field 1 has its messages, field 2 where it goes on. */
struct kind {
	const char *method;
	size_t row_size;
	ProtobufCMessage *(*message)(const struct list *l, const void *row);
	union place_of (*place)(const void *row);
};
struct list {
	struct call *call;
	const struct world *world;
	const struct kind *kind;
	struct page_scope page;
	int count_max;
	union place_of behind; /* zero: the first page */
	struct payout_query payouts;
	struct payout_batch_query batches;
	struct refund_query refunds;
	struct uuid id; /* of the batch or order that was named */
	/* of a bank file */
	struct payout_exporting exporting;
	struct buf file;
	uint8_t hash[DIGEST_SIZE];
};

static enum err
refuse(struct list *l, enum err e, const char *field, const char *text)
{
	return reason_set(&l->call->reason, e, field, "%s", text);
}

/* NULL: ${c} is answered. */
static struct list *
begin(struct call *c)
{
	struct list *l = arena_zalloc(c->arena, sizeof(*l));

	if (l != NULL) {
		l->call = c;
		l->world = call_world(c);
	}
	if (l == NULL || l->world == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return NULL;
	}
	return l;
}

/* ---- Pages --------------------------------------------------------------------------------------- */

/* ${filter} NULL: no memory. */
static enum err
page_begin(struct list *l, const struct kind *kind, char *filter, int32_t size, const char *token)
{
	struct call *c = l->call;
	enum err e;

	if (filter == NULL)
		return ERR_NO_MEMORY;
	l->kind = kind;
	l->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = kind->method,
	    .filter = filter,
	    .filter_len = strlen(filter)};
	e = page_rows(size, call_app(c)->conf->list_rows_max, &l->count_max, &c->reason);
	if (e == ERR_OK && token[0] != '\0')
		e = page_token_read(&l->page, token, &l->behind, sizeof(l->behind), &c->reason);
	return e;
}

static enum err
page_answer(struct list *l, const char *rows, int count, bool more)
{
	const ProtobufCMessageDescriptor *d = l->call->method->response;
	const ProtobufCFieldDescriptor *field = d->fields;
	struct arena *a = l->call->arena;
	ProtobufCMessage **list = arena_array(a, (size_t)count, sizeof(ProtobufCMessage *));
	char *m = arena_alloc(a, d->sizeof_message), *token;
	union place_of last;

	assert(
	    field[0].label == PROTOBUF_C_LABEL_REPEATED && field[1].type == PROTOBUF_C_TYPE_STRING);
	if (list == NULL || m == NULL)
		return ERR_NO_MEMORY;
	protobuf_c_message_init(d, m);
	for (int i = 0; i < count; i++) {
		list[i] = l->kind->message(l, rows + (size_t)i * l->kind->row_size);
		if (list[i] == NULL)
			return ERR_NO_MEMORY;
	}
	*(size_t *)(void *)(m + field[0].quantifier_offset) = (size_t)count;
	*(ProtobufCMessage ***)(void *)(m + field[0].offset) = list;
	if (more) {
		last = l->kind->place(rows + (size_t)(count - 1) * l->kind->row_size);
		token = page_token_make(&l->page, &last, sizeof(last), a);
		if (token == NULL)
			return ERR_NO_MEMORY;
		*(char **)(void *)(m + field[1].offset) = token;
	}
	call_reply(l->call, (ProtobufCMessage *)(void *)m);
	return ERR_OK;
}

static void
listed(void *ctx, enum err e, const void *rows, int count, bool more)
{
	struct list *l = ctx;

	if (e == ERR_OK)
		e = page_answer(l, rows, count, more);
	if (e != ERR_OK)
		call_fail_err(l->call, e);
}

/* ---- Messages ------------------------------------------------------------------------------------ */

static char *
id_text(const struct uuid *id, struct arena *a)
{
	char *text = arena_alloc(a, UUID_TEXT_SIZE);

	if (text != NULL && uuid_is_zero(id))
		text[0] = '\0';
	else if (text != NULL)
		uuid_format(id, text);
	return text;
}

/* Of a party that the world does not know yet: nothing. */
static char *
code_text(const struct world *w, int32_t id)
{
	const struct party *p = world_party_row(w, id);

	return message_text(p != NULL ? p->code : "");
}

static bool
time_fill(Google__Protobuf__Timestamp **out, int64_t us, struct arena *a)
{
	*out = time_message(us, a);
	return us == 0 || *out != NULL;
}

Yuncang__V1__Payout *
payout_message(const struct world *w, const struct payout_row *r, struct arena *a)
{
	Yuncang__V1__Payout *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__payout__init(m);
	m->payout_id = id_text(&r->id, a);
	m->batch_id = id_text(&r->batch, a);
	m->order_id = id_text(&r->order, a);
	m->party = code_text(w, r->party);
	m->collector = code_text(w, r->collector);
	m->rail = (Yuncang__V1__Rail)r->rail;
	m->state = (Yuncang__V1__PayoutState)r->state;
	m->gross_fen = r->gross_fen;
	m->netted_fen = r->netted_fen;
	m->amount_fen = r->fen;
	m->reason = message_text(r->reason);
	m->number = message_text(r->number);
	return m->payout_id != NULL && m->batch_id != NULL && m->order_id != NULL &&
	        time_fill(&m->made_at, r->made_us, a) && time_fill(&m->done_at, r->done_us, a)
	    ? m
	    : NULL;
}

static ProtobufCMessage *
batch_message(const struct list *l, const void *row)
{
	const struct payout_batch_row *r = row;
	struct arena *a = l->call->arena;
	Yuncang__V1__PayoutBatch *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__payout_batch__init(m);
	m->batch_id = id_text(&r->id, a);
	m->ref = message_text(r->ref);
	m->collector = code_text(l->world, r->collector);
	m->rail = (Yuncang__V1__Rail)r->rail;
	m->state = (Yuncang__V1__PayoutBatchState)r->state;
	m->amount_fen = r->fen;
	m->payouts = r->payouts;
	return m->batch_id != NULL && time_fill(&m->prepared_at, r->prepared_us, a) &&
	        time_fill(&m->instructed_at, r->state == BATCH_REFUSED ? 0 : r->decided_us, a) &&
	        time_fill(&m->exported_at, r->exported_us, a)
	    ? &m->base
	    : NULL;
}

Yuncang__V1__Refund *
refund_message(const struct world *w, const struct refund_row *r, struct arena *a)
{
	Yuncang__V1__Refund *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__refund__init(m);
	m->order_id = id_text(&r->order, a);
	m->refund_no = r->refund_no;
	m->part = r->part_no;
	m->collector = code_text(w, r->collector);
	m->provider = message_text(provider_word(r->provider));
	m->payment_number = message_text(r->payment_number);
	m->amount_fen = r->fen;
	m->state = (Yuncang__V1__RefundState)r->state;
	m->number = message_text(r->number);
	return m->order_id != NULL && time_fill(&m->due_at, r->due_us, a) &&
	        time_fill(&m->done_at, r->done_us, a)
	    ? m
	    : NULL;
}

/* ---- ListPayouts --------------------------------------------------------------------------------- */

static ProtobufCMessage *
payout_of(const struct list *l, const void *row)
{
	Yuncang__V1__Payout *m = payout_message(l->world, row, l->call->arena);

	return m != NULL ? &m->base : NULL;
}

static union place_of
payout_place(const void *row)
{
	const struct payout_row *r = row;

	return (union place_of){.row = {r->made_us, r->id}};
}

/* Of a key with dealer scopes: its dealers. */
static enum err
scope_fill(struct list *l, const char *party)
{
	const struct world *w = l->world;
	int32_t *ids = arena_array(l->call->arena, (size_t)w->party_count + 1, sizeof(*ids));
	bool all = principal_may(l->call->principal, "dealer", "");
	int32_t at = NONE;
	enum err e = ERR_OK;

	if (ids == NULL)
		return ERR_NO_MEMORY;
	if (party[0] != '\0')
		e = convert_code(&l->call->reason, AT("", "party"), &w->party_code, party, &at);
	if (e != ERR_OK || (all && at == NONE))
		return e;
	for (int32_t i = 0; i < w->party_count; i++)
		if ((at == NONE || at == i) &&
		    (all || may_see_dealer(l->call->principal, w, w->parties[i].id)))
			ids[l->payouts.party_count++] = w->parties[i].id;
	l->payouts.parties = ids;
	return ERR_OK;
}

static enum err
named(struct list *l, const char *field, const char *text, const struct uuid **out)
{
	if (text[0] == '\0')
		return ERR_OK;
	if (uuid_parse(text, &l->id) != ERR_OK)
		return refuse(l, ERR_BAD_FIELD, field, "is not an id");
	*out = &l->id;
	return ERR_OK;
}

void
list_payouts_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct kind kind = {"ListPayouts", sizeof(struct payout_row), payout_of,
	    payout_place};
	const Yuncang__V1__ListPayoutsRequest *q = (const Yuncang__V1__ListPayoutsRequest *)request;
	struct list *l = begin(c);
	enum err e;

	if (l == NULL)
		return;
	l->payouts.state = (int)q->state;
	e = page_begin(l, &kind,
	    arena_printf(c->arena, "%d %s %s", (int)q->state, q->batch_id, q->party), q->page_size,
	    q->page_token);
	if (e == ERR_OK)
		e = named(l, "batch_id", q->batch_id, &l->payouts.batch);
	if (e == ERR_OK)
		e = scope_fill(l, q->party);
	l->payouts.count_max = l->count_max;
	l->payouts.before_us = l->behind.row.at_us;
	l->payouts.before_id = l->behind.row.id;
	if (e == ERR_OK)
		e = payout_list(call_app(c)->query_pool, c->arena, &l->payouts, listed, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- ListPayoutBatches --------------------------------------------------------------------------- */

static union place_of
batch_place(const void *row)
{
	const struct payout_batch_row *r = row;

	return (union place_of){.row = {r->prepared_us, r->id}};
}

void
list_payout_batches_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct kind kind = {"ListPayoutBatches", sizeof(struct payout_batch_row),
	    batch_message, batch_place};
	const Yuncang__V1__ListPayoutBatchesRequest *q =
	    (const Yuncang__V1__ListPayoutBatchesRequest *)request;
	struct list *l = begin(c);
	enum err e = all_dealers_needed(c->principal);

	if (l == NULL)
		return;
	if (e == ERR_OK)
		e = page_begin(l, &kind, arena_printf(c->arena, "%d %s", (int)q->state, q->ref),
		    q->page_size, q->page_token);
	l->batches = (struct payout_batch_query){.state = (int)q->state,
	    .ref = q->ref,
	    .before_us = l->behind.row.at_us,
	    .before_id = l->behind.row.id,
	    .count_max = l->count_max};
	if (e == ERR_OK)
		e = payout_batch_list(call_app(c)->query_pool, c->arena, &l->batches, listed, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- ListRefunds --------------------------------------------------------------------------------- */

static ProtobufCMessage *
refund_of(const struct list *l, const void *row)
{
	Yuncang__V1__Refund *m = refund_message(l->world, row, l->call->arena);

	return m != NULL ? &m->base : NULL;
}

static union place_of
refund_place(const void *row)
{
	const struct refund_row *r = row;

	return (union place_of){.refund = {r->order, r->refund_no, r->part_no}};
}

void
list_refunds_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct kind kind = {"ListRefunds", sizeof(struct refund_row), refund_of,
	    refund_place};
	const Yuncang__V1__ListRefundsRequest *q = (const Yuncang__V1__ListRefundsRequest *)request;
	struct list *l = begin(c);
	enum err e = all_dealers_needed(c->principal);

	if (l == NULL)
		return;
	if (e == ERR_OK)
		e = page_begin(l, &kind,
		    arena_printf(c->arena, "%d %s", (int)q->state, q->order_id), q->page_size,
		    q->page_token);
	l->refunds = (struct refund_query){.state = (int)q->state,
	    .after_order = l->behind.refund.order,
	    .after_no = l->behind.refund.no,
	    .after_part = l->behind.refund.part,
	    .count_max = l->count_max};
	if (e == ERR_OK)
		e = named(l, "order_id", q->order_id, &l->refunds.order);
	if (e == ERR_OK)
		e = refund_list(call_app(c)->query_pool, c->arena, &l->refunds, listed, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- The bank file ------------------------------------------------------------------------------- */

/* Quoted when it must be; what a spreadsheet would take for a formula begins with an apostrophe. */
static void
cell(struct buf *out, const char *s)
{
	const bool formula = s[0] != '\0' && strchr("=+-@\t\r", s[0]) != NULL;
	const bool quoted = formula || strpbrk(s, ",\"\r\n ") != NULL;

	if (quoted)
		buf_byte(out, '"');
	if (formula)
		buf_byte(out, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '"')
			buf_byte(out, '"');
		buf_byte(out, (uint8_t)*s);
	}
	if (quoted)
		buf_byte(out, '"');
}

static void
yuan(struct buf *out, int64_t fen)
{
	buf_printf(out, "%lld.%02lld", (long long)(fen / 100), (long long)(fen % 100));
}

void
payout_file(const struct payout_export *x, struct buf *out)
{
	char id[UUID_TEXT_SIZE];
	int64_t fen = 0;

	buf_str(out, "payout_id,party,name,bank,account_name,account,amount_yuan\r\n");
	for (int i = 0; i < x->count; i++) {
		const struct payout_export_row *r = &x->rows[i];
		const char *const cells[] = {r->party, r->name, r->bank, r->account_name,
		    r->account};

		uuid_format(&r->id, id);
		buf_str(out, id);
		for (size_t n = 0; n < sizeof(cells) / sizeof(cells[0]); n++) {
			buf_byte(out, ',');
			cell(out, cells[n]);
		}
		buf_byte(out, ',');
		yuan(out, r->fen);
		buf_str(out, "\r\n");
		fen += r->fen;
	}
	buf_printf(out, "sum,%d,,,,,", x->count);
	yuan(out, fen);
	buf_str(out, "\r\n");
}

static enum err
file_make(void *ctx, const struct payout_export *x, uint8_t hash[DIGEST_SIZE])
{
	struct list *l = ctx;

	buf_reset(&l->file);
	payout_file(x, &l->file);
	if (buf_err(&l->file) != ERR_OK)
		return buf_err(&l->file);
	digest_sha256(l->file.data, l->file.len, l->hash);
	memcpy(hash, l->hash, DIGEST_SIZE);
	return ERR_OK;
}

static char *
hex(const uint8_t hash[DIGEST_SIZE], struct arena *a)
{
	char *text = arena_alloc(a, DIGEST_SIZE * 2 + 1);

	if (text != NULL)
		hex_encode(hash, DIGEST_SIZE, text);
	return text;
}

static void
file_told(void *ctx, enum err e, const uint8_t first[DIGEST_SIZE])
{
	struct list *l = ctx;
	Yuncang__V1__ExportPayoutBatchResponse m = YUNCANG__V1__EXPORT_PAYOUT_BATCH_RESPONSE__INIT;

	if (e == ERR_WRONG_STATE)
		(void)refuse(l, e, "batch_id", "is not a bank's, or not instructed");
	if (e == ERR_OK) {
		m.file.data = l->file.data;
		m.file.len = l->file.len;
		m.sha256 = hex(l->hash, l->call->arena);
		m.first_sha256 = hex(first, l->call->arena);
		e = m.sha256 != NULL && m.first_sha256 != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e == ERR_OK)
		call_reply(l->call, &m.base);
	else
		call_fail_err(l->call, e);
}

static void
file_release(void *ctx)
{
	buf_release(ctx);
}

void
export_payout_batch_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ExportPayoutBatchRequest *q =
	    (const Yuncang__V1__ExportPayoutBatchRequest *)request;
	struct list *l = begin(c);
	enum err e;

	if (l == NULL)
		return;
	buf_init(&l->file, FILE_SIZE_MAX);
	l->exporting = (struct payout_exporting){.now_us = clock_wall_us(),
	    .make = file_make,
	    .done = file_told,
	    .ctx = l};
	e = arena_on_free(c->arena, file_release, &l->file);
	if (e == ERR_OK && !principal_may(c->principal, "dealer", ""))
		e = ERR_PERMISSION_DENIED;
	if (e == ERR_OK && uuid_parse(q->batch_id, &l->exporting.batch) != ERR_OK)
		e = refuse(l, ERR_BAD_FIELD, "batch_id", "is not an id");
	if (e == ERR_OK)
		e = payout_export_start(call_app(c)->query_pool, c->arena, &l->exporting);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
