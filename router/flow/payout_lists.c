/* payout_lists: payouts, batches and refunds as messages, a page at a time; the bank file.  See payout_flow.h. */
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

struct list {
	struct call *call;
	const struct world *world;
	struct page_scope page;
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

static struct list *
begin(struct call *c, const char *method, char *filter)
{
	struct list *l = arena_zalloc(c->arena, sizeof(*l));

	if (l != NULL) {
		l->call = c;
		l->world = call_world(c);
	}
	if (l == NULL || l->world == NULL || filter == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return NULL;
	}
	l->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = method,
	    .filter = filter,
	    .filter_len = strlen(filter)};
	return l;
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

static Yuncang__V1__PayoutBatch *
batch_message(const struct world *w, const struct payout_batch_row *r, struct arena *a)
{
	Yuncang__V1__PayoutBatch *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__payout_batch__init(m);
	m->batch_id = id_text(&r->id, a);
	m->ref = message_text(r->ref);
	m->collector = code_text(w, r->collector);
	m->rail = (Yuncang__V1__Rail)r->rail;
	m->state = (Yuncang__V1__PayoutBatchState)r->state;
	m->amount_fen = r->fen;
	m->payouts = r->payouts;
	return m->batch_id != NULL && time_fill(&m->prepared_at, r->prepared_us, a) &&
	        time_fill(&m->instructed_at, r->state == BATCH_REFUSED ? 0 : r->decided_us, a) &&
	        time_fill(&m->exported_at, r->exported_us, a)
	    ? m
	    : NULL;
}

Yuncang__V1__Refund *
refund_message(const struct world *w, const struct refund_row *r, struct arena *a)
{
	static const char *const words[PROVIDER_COUNT] = {"", "wechat", "alipay", "unionpay",
	    "channel", "cash"};
	Yuncang__V1__Refund *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__refund__init(m);
	m->order_id = id_text(&r->order, a);
	m->refund_no = r->refund_no;
	m->part = r->part_no;
	m->collector = code_text(w, r->collector);
	m->provider = message_text(words[r->provider]);
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

static enum err
payouts_answer(struct list *l, const struct payout_row *rows, int count, bool more)
{
	Yuncang__V1__ListPayoutsResponse m = YUNCANG__V1__LIST_PAYOUTS_RESPONSE__INIT;
	struct arena *a = l->call->arena;
	struct cursor cursor;

	m.payouts = arena_array(a, (size_t)count, sizeof(*m.payouts));
	if (m.payouts == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		m.payouts[i] = payout_message(l->world, &rows[i], a);
		if (m.payouts[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m.n_payouts = (size_t)count;
	if (more) {
		cursor = (struct cursor){rows[count - 1].made_us, rows[count - 1].id};
		m.next_page_token = page_token_make(&l->page, &cursor, sizeof(cursor), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(l->call, &m.base);
	return ERR_OK;
}

static void
payouts_told(void *ctx, enum err e, const struct payout_row *rows, int count, bool more)
{
	struct list *l = ctx;

	if (e == ERR_OK)
		e = payouts_answer(l, rows, count, more);
	if (e != ERR_OK)
		call_fail_err(l->call, e);
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
	const Yuncang__V1__ListPayoutsRequest *q = (const Yuncang__V1__ListPayoutsRequest *)request;
	struct list *l = begin(c, "ListPayouts",
	    arena_printf(c->arena, "%d %s %s", (int)q->state, q->batch_id, q->party));
	struct cursor cursor = {0};
	enum err e;

	if (l == NULL)
		return;
	l->payouts.state = (int)q->state;
	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &l->payouts.count_max,
	    &c->reason);
	if (e == ERR_OK)
		e = named(l, "batch_id", q->batch_id, &l->payouts.batch);
	if (e == ERR_OK)
		e = scope_fill(l, q->party);
	if (e == ERR_OK && q->page_token[0] != '\0')
		e = page_token_read(&l->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	l->payouts.before_us = cursor.at_us;
	l->payouts.before_id = cursor.id;
	if (e == ERR_OK)
		e = payout_list(call_app(c)->query_pool, c->arena, &l->payouts, payouts_told, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- ListPayoutBatches --------------------------------------------------------------------------- */

static enum err
batches_answer(struct list *l, const struct payout_batch_row *rows, int count, bool more)
{
	Yuncang__V1__ListPayoutBatchesResponse m = YUNCANG__V1__LIST_PAYOUT_BATCHES_RESPONSE__INIT;
	struct arena *a = l->call->arena;
	struct cursor cursor;

	m.batches = arena_array(a, (size_t)count, sizeof(*m.batches));
	if (m.batches == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		m.batches[i] = batch_message(l->world, &rows[i], a);
		if (m.batches[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m.n_batches = (size_t)count;
	if (more) {
		cursor = (struct cursor){rows[count - 1].prepared_us, rows[count - 1].id};
		m.next_page_token = page_token_make(&l->page, &cursor, sizeof(cursor), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(l->call, &m.base);
	return ERR_OK;
}

static void
batches_told(void *ctx, enum err e, const struct payout_batch_row *rows, int count, bool more)
{
	struct list *l = ctx;

	if (e == ERR_OK)
		e = batches_answer(l, rows, count, more);
	if (e != ERR_OK)
		call_fail_err(l->call, e);
}

void
list_payout_batches_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ListPayoutBatchesRequest *q =
	    (const Yuncang__V1__ListPayoutBatchesRequest *)request;
	struct list *l =
	    begin(c, "ListPayoutBatches", arena_printf(c->arena, "%d %s", (int)q->state, q->ref));
	struct cursor cursor = {0};
	enum err e;

	if (l == NULL)
		return;
	l->batches = (struct payout_batch_query){.state = (int)q->state, .ref = q->ref};
	e = principal_may(c->principal, "dealer", "") ? ERR_OK : ERR_PERMISSION_DENIED;
	if (e == ERR_OK)
		e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &l->batches.count_max,
		    &c->reason);
	if (e == ERR_OK && q->page_token[0] != '\0')
		e = page_token_read(&l->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	l->batches.before_us = cursor.at_us;
	l->batches.before_id = cursor.id;
	if (e == ERR_OK)
		e = payout_batch_list(call_app(c)->query_pool, c->arena, &l->batches, batches_told,
		    l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- ListRefunds --------------------------------------------------------------------------------- */

static enum err
refunds_answer(struct list *l, const struct refund_row *rows, int count, bool more)
{
	Yuncang__V1__ListRefundsResponse m = YUNCANG__V1__LIST_REFUNDS_RESPONSE__INIT;
	struct arena *a = l->call->arena;
	struct refund_cursor cursor;

	m.refunds = arena_array(a, (size_t)count, sizeof(*m.refunds));
	if (m.refunds == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		m.refunds[i] = refund_message(l->world, &rows[i], a);
		if (m.refunds[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m.n_refunds = (size_t)count;
	if (more) {
		cursor = (struct refund_cursor){rows[count - 1].order, rows[count - 1].refund_no,
		    rows[count - 1].part_no};
		m.next_page_token = page_token_make(&l->page, &cursor, sizeof(cursor), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(l->call, &m.base);
	return ERR_OK;
}

static void
refunds_told(void *ctx, enum err e, const struct refund_row *rows, int count, bool more)
{
	struct list *l = ctx;

	if (e == ERR_OK)
		e = refunds_answer(l, rows, count, more);
	if (e != ERR_OK)
		call_fail_err(l->call, e);
}

void
list_refunds_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ListRefundsRequest *q = (const Yuncang__V1__ListRefundsRequest *)request;
	struct list *l =
	    begin(c, "ListRefunds", arena_printf(c->arena, "%d %s", (int)q->state, q->order_id));
	struct refund_cursor cursor = {.no = 0};
	enum err e;

	if (l == NULL)
		return;
	l->refunds.state = (int)q->state;
	e = principal_may(c->principal, "dealer", "") ? ERR_OK : ERR_PERMISSION_DENIED;
	if (e == ERR_OK)
		e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &l->refunds.count_max,
		    &c->reason);
	if (e == ERR_OK)
		e = named(l, "order_id", q->order_id, &l->refunds.order);
	if (e == ERR_OK && q->page_token[0] != '\0')
		e = page_token_read(&l->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	l->refunds.after_order = cursor.order;
	l->refunds.after_no = cursor.no;
	l->refunds.after_part = cursor.part;
	if (e == ERR_OK)
		e = refund_list(call_app(c)->query_pool, c->arena, &l->refunds, refunds_told, l);
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

	for (size_t i = 0; text != NULL && i < DIGEST_SIZE; i++) {
		text[2 * i] = "0123456789abcdef"[hash[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
	}
	if (text != NULL)
		text[DIGEST_SIZE * 2] = '\0';
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
	struct list *l = begin(c, "ExportPayoutBatch", arena_strdup(c->arena, ""));
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
