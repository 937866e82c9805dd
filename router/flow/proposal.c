#include "flow/proposal.h"

#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "base/parse.h"
#include "edge/wire.h"
#include "flow/page.h"
#include "flow/thaw.h"
#include "yuncang/v1/finance_act.pb-c.h"

#define REF_SIZE_MAX 64

static void ask_again(struct proposal_run *x);

static void
fail(struct proposal_run *x, enum err e)
{
	call_fail_err(x->call, e);
}

static enum err
refuse(struct proposal_run *x, enum err e, const char *field, const char *text)
{
	return reason_set(&x->call->reason, e, field, "%s", text);
}

static const struct proposal_kind *
kind_of(int number)
{
	for (const struct proposal_kind *k = proposal_kinds; k->number != 0; k++)
		if (k->number == number)
			return k;
	return NULL;
}

/* ---- The answer ------------------------------------------------------------------------------------- */

static void
answer(struct proposal_run *x, const struct uuid *id, enum proposal_state state, int64_t at_us)
{
	const ProtobufCMessageDescriptor *d = x->call->method->response;
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field_by_name(d, "acted");
	Yuncang__V1__FinanceActed acted = YUNCANG__V1__FINANCE_ACTED__INIT;
	ProtobufCMessage *m = arena_alloc(x->call->arena, d->sizeof_message);
	char text[UUID_TEXT_SIZE];

	assert(f != NULL && f->type == PROTOBUF_C_TYPE_MESSAGE);
	uuid_format(id, text);
	acted.proposal_id = text;
	acted.state = (Yuncang__V1__ProposalState)state;
	acted.at = time_message(at_us, x->call->arena);
	if (m == NULL || acted.at == NULL) {
		fail(x, ERR_NO_MEMORY);
		return;
	}
	protobuf_c_message_init(d, m);
	*(void **)(void *)((uint8_t *)m + f->offset) = &acted;
	call_reply(x->call, m);
}

static void
answer_row(struct proposal_run *x, const struct proposal_row *row)
{
	answer(x, &row->id, row->state,
	    row->state == PROPOSAL_WAITS ? row->proposed_us : row->decided_us);
}

void
proposal_done(struct proposal_run *x, enum err e)
{
	if (e == ERR_CONTENDED && ++x->tries < call_app(x->call)->conf->decide_tries_max) {
		ask_again(x);
		return;
	}
	if (e != ERR_OK)
		fail(x, e);
	else
		answer(x, &x->mark.row->id, PROPOSAL_DONE, x->mark.at_us);
}

/* ---- Asking -------------------------------------------------------------------------------------------- */

bool
proposal_for_two(const struct conf *c, int64_t fen, bool always)
{
	return always || (c->approval_min_fen > 0 && fen >= c->approval_min_fen);
}

static void
stored(void *ctx, enum err e, const struct proposal_row *row, const char *name)
{
	struct proposal_run *x = ctx;

	(void)name;
	if (e == ERR_OK && row == NULL &&
	    !proposal_for_two(call_app(x->call)->conf, x->row.fen, x->always)) {
		x->mark = (struct proposal_mark){.row = &x->row,
		    .fresh = true,
		    .by = x->row.proposed_by,
		    .at_us = x->row.proposed_us,
		    .note = ""};
		x->kind->execute(x);
		return;
	}
	if (e == ERR_OK && row == NULL)
		e = proposal_wait(call_app(x->call)->query_pool, x->call->arena, &x->row, stored,
		    x);
	else if (e == ERR_OK && memcmp(row->hash, x->row.hash, sizeof(row->hash)) != 0)
		e = refuse(x, ERR_EXISTS_DIFFERS, "ref", err_text(ERR_EXISTS_DIFFERS));
	else if (e == ERR_OK)
		answer_row(x, row);
	if (e != ERR_OK)
		fail(x, e);
}

/* ---- Approving -------------------------------------------------------------------------------------------- */

static enum err
judge_second(struct proposal_run *x, const struct proposal_row *row, const char *name)
{
	if (row->state != PROPOSAL_WAITS)
		return refuse(x, ERR_WRONG_STATE, "proposal_id", "was decided before");
	if (row->proposed_by == x->call->principal->key_id || strcmp(row->proposed_name, name) == 0)
		return refuse(x, ERR_PERMISSION_DENIED, "proposal_id",
		    "who proposed it cannot approve it: another key, of another name");
	return ERR_OK;
}

static enum err
unpack(struct proposal_run *x)
{
	static const struct wire_limits limits = {WIRE_REPEATED_MAX, WIRE_VALUES_MAX};
	ProtobufCMessage *m;
	enum err e;

	x->kind = kind_of(x->row.kind);
	if (x->kind == NULL)
		return refuse(x, ERR_INTERNAL, NULL, "a proposal of no known kind");
	e = wire_read(x->kind->request, x->row.body, x->row.body_len, &limits, x->call->arena, &m,
	    &x->call->reason);
	x->request = m;
	return e;
}

static void to_approve(void *ctx, enum err e, const struct proposal_row *row, const char *name);

static void
adopted(void *ctx, enum err e, const struct proposal_row *row, const char *name)
{
	struct proposal_run *x = ctx;

	if (e == ERR_OK && row != NULL && row->state == PROPOSAL_WAITS &&
	    row->proposed_by == x->mark.by)
		answer_row(x, row);
	else
		to_approve(x, e, row, name); /* somebody was faster: this is the second person */
}

static void
to_approve(void *ctx, enum err e, const struct proposal_row *row, const char *name)
{
	struct proposal_run *x = ctx;

	if (e == ERR_OK && row == NULL)
		e = ERR_NOT_FOUND;
	if (e == ERR_OK && row->state == PROPOSAL_DONE &&
	    row->decided_by == x->call->principal->key_id) {
		answer_row(x, row);
		return;
	}
	if (e == ERR_OK && row->state == PROPOSAL_WAITS && row->proposed_by == 0) {
		e = proposal_adopt(call_app(x->call)->query_pool, x->call->arena, &x->mark, adopted,
		    x);
		if (e != ERR_OK)
			fail(x, e);
		return;
	}
	if (e == ERR_OK)
		e = judge_second(x, row, name);
	if (e == ERR_OK) {
		x->row = *row;
		e = unpack(x);
	}
	if (e != ERR_OK) {
		fail(x, e);
		return;
	}
	x->mark.row = &x->row;
	x->kind->execute(x);
}

static void
ask_again(struct proposal_run *x)
{
	const struct proposal_key k = {.kind = x->approves ? 0 : x->row.kind,
	    .ref = x->row.ref,
	    .id = x->row.id,
	    .key = x->call->principal->key_id};
	enum err e = proposal_read(call_app(x->call)->query_pool, x->call->arena, &k,
	    x->approves ? to_approve : stored, x);

	if (e != ERR_OK)
		fail(x, e);
}

/* ---- The start of each ---------------------------------------------------------------------------------------- */

/* NULL: ${c} is answered. */
static struct proposal_run *
begin(struct call *c)
{
	struct proposal_run *x = arena_zalloc(c->arena, sizeof(*x));

	if (x == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return NULL;
	}
	x->call = c;
	/* The books are everybody's. */
	if (!principal_may(c->principal, "dealer", "")) {
		call_fail_err(c, ERR_PERMISSION_DENIED);
		return NULL;
	}
	return x;
}

static enum err
row_fill(struct proposal_run *x, const struct proposal_ask *ask)
{
	struct call *c = x->call;
	const uint8_t *packed;
	size_t len;
	enum err e = call_pack(c, x->request, &packed, &len);

	if (e != ERR_OK)
		return e;
	x->row = (struct proposal_row){.id = uuid_v7(c->received_us),
	    .kind = ask->kind,
	    .body = arena_memdup(c->arena, packed, len),
	    .body_len = len,
	    .fen = ask->fen,
	    .about = ask->about,
	    .ref = ask->ref,
	    .note = "",
	    .state = PROPOSAL_WAITS,
	    .proposed_by = c->principal->key_id,
	    .proposed_us = c->received_us};
	digest_sha256(packed, len, x->row.hash);
	return x->row.body != NULL && x->row.about != NULL ? ERR_OK : ERR_NO_MEMORY;
}

void
proposal_ask(struct call *c, const ProtobufCMessage *request, const struct proposal_ask *ask)
{
	struct proposal_run *x = begin(c);
	enum err e = ERR_OK;

	if (x == NULL)
		return;
	x->kind = kind_of(ask->kind);
	x->request = request;
	x->always = ask->always;
	assert(x->kind != NULL && x->kind->request == request->descriptor);
	if (!ref_valid(ask->ref, REF_SIZE_MAX))
		e = refuse(x, ERR_BAD_FIELD, "ref",
		    "must be 1 to 64 bytes without spaces: yours, unique among requests of this kind");
	if (e == ERR_OK)
		e = row_fill(x, ask);
	if (e == ERR_OK)
		ask_again(x);
	else
		fail(x, e);
}

static enum err
mark_fill(struct proposal_run *x, const char *id, const char *note)
{
	struct call *c = x->call;

	if (uuid_parse(id, &x->row.id) != ERR_OK)
		return refuse(x, ERR_BAD_FIELD, "proposal_id", "is not the id of a proposal");
	if (strlen(note) > PROPOSAL_NOTE_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "note", "must be at most %d bytes",
		    PROPOSAL_NOTE_MAX);
	x->mark = (struct proposal_mark){.row = &x->row,
	    .by = c->principal->key_id,
	    .at_us = c->received_us,
	    .note = note};
	return ERR_OK;
}

void
approve_proposal_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ApproveProposalRequest *q =
	    (const Yuncang__V1__ApproveProposalRequest *)request;
	struct proposal_run *x = begin(c);
	enum err e;

	if (x == NULL)
		return;
	x->approves = true;
	e = mark_fill(x, q->proposal_id, q->note);
	if (e == ERR_OK)
		ask_again(x);
	else
		fail(x, e);
}

static void
refused(void *ctx, enum err e, const struct proposal_row *row, const char *name)
{
	struct proposal_run *x = ctx;

	(void)name;
	if (e == ERR_OK && row == NULL)
		e = ERR_NOT_FOUND;
	if (e == ERR_OK && (row->state != PROPOSAL_REFUSED || row->decided_by != x->mark.by))
		e = refuse(x, ERR_WRONG_STATE, "proposal_id", "was decided before");
	if (e != ERR_OK)
		fail(x, e);
	else
		answer_row(x, row);
}

/* Who proposed it may not take it back alone: the table holds two names of whatever was decided. */
static void
to_refuse(void *ctx, enum err e, const struct proposal_row *row, const char *name)
{
	struct proposal_run *x = ctx;

	if (e == ERR_OK && row == NULL)
		e = ERR_NOT_FOUND;
	if (e == ERR_OK && row->state == PROPOSAL_REFUSED && row->decided_by == x->mark.by) {
		answer_row(x, row);
		return;
	}
	if (e == ERR_OK)
		e = judge_second(x, row, name);
	if (e == ERR_OK)
		e = proposal_refuse(call_app(x->call)->query_pool, x->call->arena, &x->mark,
		    refused, x);
	if (e != ERR_OK)
		fail(x, e);
}

void
reject_proposal_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__RejectProposalRequest *q =
	    (const Yuncang__V1__RejectProposalRequest *)request;
	struct proposal_run *x = begin(c);
	struct proposal_key k = {0};
	enum err e;

	if (x == NULL)
		return;
	e = mark_fill(x, q->proposal_id, q->note);
	k.id = x->row.id;
	k.key = c->principal->key_id;
	if (e == ERR_OK)
		e = proposal_read(call_app(c)->query_pool, c->arena, &k, to_refuse, x);
	if (e != ERR_OK)
		fail(x, e);
}

/* ---- The list ---------------------------------------------------------------------------------------------- */

struct cursor {
	int64_t proposed_us;
	struct uuid id;
};
_Static_assert(sizeof(struct cursor) == 24, "no padding: these bytes are signed");

struct list {
	struct call *call;
	struct proposal_query query;
	struct page_scope page;
	int16_t filter[2];
};

static Yuncang__V1__Proposal *
message_of(const struct proposal_row *r, struct arena *a)
{
	const struct proposal_kind *k = kind_of(r->kind);
	Yuncang__V1__Proposal *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__proposal__init(m);
	m->proposal_id = arena_alloc(a, UUID_TEXT_SIZE);
	m->kind = message_text(k != NULL ? k->word : "");
	m->state = (Yuncang__V1__ProposalState)r->state;
	m->amount_fen = r->fen;
	m->about = message_text(r->about);
	m->ref = message_text(r->ref);
	m->proposed_by = message_text(r->proposed_name);
	m->proposed_at = time_message(r->proposed_us, a);
	m->decided_by = message_text(r->decided_name);
	m->decided_at = time_message(r->decided_us, a);
	m->note = message_text(r->note);
	if (m->proposal_id == NULL || m->proposed_at == NULL ||
	    (r->decided_us != 0 && m->decided_at == NULL))
		return NULL;
	uuid_format(&r->id, m->proposal_id);
	return m;
}

static enum err
list_answer(struct list *l, const struct proposal_row *rows, int count, bool more)
{
	Yuncang__V1__ListProposalsResponse m = YUNCANG__V1__LIST_PROPOSALS_RESPONSE__INIT;
	struct arena *a = l->call->arena;

	m.proposals = arena_array(a, (size_t)count, sizeof(*m.proposals));
	if (m.proposals == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		m.proposals[i] = message_of(&rows[i], a);
		if (m.proposals[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m.n_proposals = (size_t)count;
	if (more) {
		const struct cursor at = {.proposed_us = rows[count - 1].proposed_us,
		    .id = rows[count - 1].id};

		m.next_page_token = page_token_make(&l->page, &at, sizeof(at), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(l->call, &m.base);
	return ERR_OK;
}

static void
listed(void *ctx, enum err e, const struct proposal_row *rows, int count, bool more)
{
	struct list *l = ctx;

	if (e == ERR_OK)
		e = list_answer(l, rows, count, more);
	if (e != ERR_OK)
		call_fail_err(l->call, e);
}

static enum err
list_fill(struct list *l, const Yuncang__V1__ListProposalsRequest *q)
{
	struct call *c = l->call;
	const struct proposal_kind *k = proposal_kinds;
	struct cursor at;
	enum err e;

	if (!principal_may(c->principal, "dealer", ""))
		return ERR_PERMISSION_DENIED;
	if (protobuf_c_enum_descriptor_get_value(&yuncang__v1__proposal_state__descriptor,
	        (int)q->state) == NULL)
		return reason_set(&c->reason, ERR_BAD_FIELD, "state", "is no state of a proposal");
	while (k->number != 0 && strcmp(k->word, q->kind) != 0)
		k++;
	if (q->kind[0] != '\0' && k->number == 0)
		return reason_set(&c->reason, ERR_BAD_FIELD, "kind", "is no kind of a proposal");
	l->query.state = (enum proposal_state)q->state;
	l->query.kind = q->kind[0] != '\0' ? k->number : 0;
	l->filter[0] = (int16_t)l->query.state;
	l->filter[1] = (int16_t)l->query.kind;
	l->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListProposals",
	    .filter = l->filter,
	    .filter_len = sizeof(l->filter)};
	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &l->query.count_max,
	    &c->reason);
	if (e != ERR_OK || q->page_token[0] == '\0')
		return e;
	e = page_token_read(&l->page, q->page_token, &at, sizeof(at), &c->reason);
	if (e == ERR_OK) {
		l->query.before_us = at.proposed_us;
		l->query.before_id = at.id;
	}
	return e;
}

void
list_proposals_start(struct call *c, const ProtobufCMessage *request)
{
	struct list *l = arena_zalloc(c->arena, sizeof(*l));
	enum err e = ERR_NO_MEMORY;

	if (l != NULL) {
		l->call = c;
		e = list_fill(l, (const Yuncang__V1__ListProposalsRequest *)request);
	}
	if (e == ERR_OK)
		e = proposal_list(call_app(c)->query_pool, c->arena, &l->query, listed, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
