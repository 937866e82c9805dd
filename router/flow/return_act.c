#include "flow/return_act.h"

#include <string.h>

#include "base/clock.h"
#include "domain/serial.h"
#include "flow/act_plan.h"
#include "flow/return_decide.h"

static enum err
refuse(struct act_call *c, enum err e, const char *field, const char *text)
{
	return reason_set(c->run.reason, e, field, "%s", text);
}

/* ---- What ReceiveReturn and DecideReturn have in common ------------------------------------------------ */

/* Their requests, as one. */
struct finding {
	int number;
	const char *location, *note;
	Yuncang__V1__ReturnFinding **lines;
	size_t n_lines;
	Yuncang__V1__Serials **serials;
	size_t n_serials;
};

static struct finding
finding_of(const struct act_call *c)
{
	if (c->method->kind == ACT_RECEIVE_RETURN) {
		const Yuncang__V1__ReceiveReturnRequest *q =
		    (const Yuncang__V1__ReceiveReturnRequest *)c->request;

		return (struct finding){.number = q->return_number,
		    .location = q->location,
		    .note = q->note,
		    .lines = q->lines,
		    .n_lines = q->n_lines,
		    .serials = q->serials,
		    .n_serials = q->n_serials};
	}
	const Yuncang__V1__DecideReturnRequest *q =
	    (const Yuncang__V1__DecideReturnRequest *)c->request;

	return (struct finding){.number = q->return_number,
	    .location = "",
	    .note = q->note,
	    .lines = q->lines,
	    .n_lines = q->n_lines,
	    .serials = q->serials,
	    .n_serials = q->n_serials};
}

/* Where it was received, or shall be: as the request says, else where it was expected. */
static const struct location *
return_where(const struct act_call *c)
{
	struct finding f = finding_of(c);
	const struct return_read *ret = return_of(&c->run, f.number);
	const struct world *w = c->run.world;
	uint32_t at;

	if (ret == NULL || ret->fulfilment != c->ful->number)
		return NULL;
	if (f.location[0] == '\0')
		return world_location_row(w, ret->location);
	at = strmap_get(&w->location_code, f.location);
	return at != STRMAP_NONE ? &w->locations[at] : NULL;
}

/* Every line once, and the figures add up. */
static enum err
inspect(struct act_call *c, const struct finding *f, struct return_read *ret)
{
	struct reason *r = c->run.reason;
	bool *seen = arena_zalloc(c->run.arena, (size_t)ret->line_count * sizeof(*seen));

	if (seen == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < f->n_lines; i++) {
		const Yuncang__V1__ReturnFinding *l = f->lines[i];
		int at = 0;

		while (at < ret->line_count && ret->lines[at].line != l->line)
			at++;
		if (at == ret->line_count || seen[at])
			return reason_set(r, ERR_BAD_FIELD, "lines",
			    "line %d is not of return %d, or stands here twice", l->line,
			    ret->number);
		if (l->sellable < 0 || l->damaged < 0 || l->refused < 0 ||
		    (int64_t)l->sellable + l->damaged + l->refused != ret->lines[at].quantity)
			return reason_set(r, ERR_BAD_FIELD, "lines",
			    "sellable, damaged and refused of line %d must be %d units together",
			    l->line, ret->lines[at].quantity);
		seen[at] = true;
		ret->lines[at].sellable = l->sellable;
		ret->lines[at].damaged = l->damaged;
		ret->lines[at].refused = l->refused;
	}
	for (int i = 0; i < ret->line_count; i++)
		if (!seen[i])
			return reason_set(r, ERR_BAD_FIELD, "lines", "line %d is not inspected",
			    ret->lines[i].line);
	return ERR_OK;
}

/* ---- Serial numbers of what is taken back --------------------------------------------------------------- */

/* Did pieces of the sku go out of this fulfilment with numbers, and (${text}) was this one among them? */
static bool
went_out(const struct act_call *c, int32_t sku, const char *text)
{
	const struct order_read *o = c->run.order;

	for (int i = 0; i < o->serial_count; i++)
		if (o->serials[i].sku == sku && o->serials[i].number == c->ful->number &&
		    (text == NULL || strcmp(o->serials[i].text, text) == 0))
			return true;
	return false;
}

/* Each sku once, with how many of its pieces are taken back. */
static enum err
serial_needs(const struct act_call *c, const struct return_read *ret, struct serial_need **out,
    int *out_count)
{
	struct serial_need *need =
	    arena_array(c->run.arena, (size_t)ret->line_count, sizeof(*need));
	int count = 0, at;

	if (need == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < ret->line_count; i++) {
		const struct return_line *l = &ret->lines[i];
		int32_t sku = c->run.order->lines[l->line].sku;

		if (!went_out(c, sku, NULL))
			continue;
		for (at = 0; at < count && need[at].sku != sku; at++)
			continue;
		if (at == count)
			need[count++] = (struct serial_need){.sku = sku};
		need[at].quantity += l->sellable + l->damaged;
	}
	*out = need;
	*out_count = count;
	return ERR_OK;
}

static enum err
serials_given(struct act_call *c, const struct finding *f, const struct return_read *ret,
    struct serial **out, int *out_count)
{
	const struct order_read *o = c->run.order;
	struct serial *s;
	size_t total = 0, count = 0;

	for (size_t i = 0; i < f->n_serials; i++)
		total += f->serials[i]->n_serials;
	s = arena_array(c->run.arena, total, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < f->n_serials; i++) {
		const Yuncang__V1__Serials *g = f->serials[i];
		int at = 0;

		while (at < ret->line_count && ret->lines[at].line != g->line)
			at++;
		if (at == ret->line_count)
			return reason_set(c->run.reason, ERR_BAD_FIELD, "serials",
			    "line %d is not of return %d", g->line, ret->number);
		for (size_t n = 0; n < g->n_serials; n++)
			s[count++] =
			    (struct serial){.sku = o->lines[g->line].sku, .text = g->serials[n]};
	}
	*out = s;
	*out_count = (int)count;
	return ERR_OK;
}

static enum err
serials_back(struct act_call *c, const struct finding *f, const struct return_read *ret)
{
	struct serial_need *need;
	struct act_serial *rows;
	struct serial *s = NULL;
	int need_count, count = 0;
	enum err e;

	e = serial_needs(c, ret, &need, &need_count);
	if (e == ERR_OK)
		e = serials_given(c, f, ret, &s, &count);
	if (e == ERR_OK)
		e = serials_check(need, need_count, s, count, "serials", c->run.reason);
	if (e != ERR_OK)
		return e;
	rows = arena_array(c->run.arena, (size_t)count, sizeof(*rows));
	if (rows == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		if (!went_out(c, s[i].sku, s[i].text))
			return reason_set(c->run.reason, ERR_BAD_FIELD, "serials",
			    "number %s did not go out with this fulfilment", s[i].text);
		rows[i] = (struct act_serial){.sku = s[i].sku,
		    .text = s[i].text,
		    .number = c->ful->number};
	}
	c->run.in.serials_back = rows;
	c->run.in.serial_back_count = count;
	return ERR_OK;
}

/* ---- ReceiveReturn, DecideReturn -------------------------------------------------------------------- */

static struct act_row *
row_add(struct act_call *c, const struct finding *f, enum act_kind kind)
{
	struct act_row *row = act_call_row(c, kind, (int)c->ful->state);

	row->party = c->loc->party;
	row->location = c->loc->id;
	row->note = f->note;
	return row;
}

/* The return as it shall stand; WRONG_STATE: it is not ${wanted}. */
static enum err
open_return(struct act_call *c, const struct finding *f, enum return_state wanted,
    struct return_read **out)
{
	const struct return_read *was = return_of(&c->run, f->number);
	enum err e = act_note_check(c->run.reason, f->note, false);

	if (e != ERR_OK)
		return e;
	if (was->state != wanted) {
		(void)reason_set(c->run.reason, ERR_WRONG_STATE, "return_number",
		    "%s: return %d is %s", act_word(c->method->kind), was->number,
		    return_state_word(was->state));
		return ERR_WRONG_STATE;
	}
	*out = return_change(&c->run, was);
	return *out != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static enum err
take_back(struct act_call *c, const struct finding *f, struct return_read *ret)
{
	enum err e = inspect(c, f, ret);

	if (e == ERR_OK)
		e = serials_back(c, f, ret);
	return e == ERR_OK ? return_decide(&c->run, ret, c->loc) : e;
}

static enum err
receive_plan(struct act_call *c)
{
	struct finding f = finding_of(c);
	struct act_event *told;
	struct return_read *ret;
	struct act_row *decided;
	enum err e = open_return(c, &f, RETURN_REQUESTED, &ret);

	if (e != ERR_OK)
		return e;
	ret->state = RETURN_RECEIVED;
	ret->location = c->loc->id;
	ret->received_us = c->run.now_us;
	ret->due_us = c->run.now_us + c->run.app->conf->return_decide_ms_max * US_PER_MS;
	(void)row_add(c, &f, ACT_RECEIVE_RETURN);
	told = act_event_add(&c->run, OUTBOX_RETURN_RECEIVED, c->ful);
	told->location = ret->location;
	told->reason = ret->reason;
	if (f.n_lines == 0)
		return f.n_serials == 0
		    ? ERR_OK
		    : refuse(c, ERR_BAD_FIELD, "serials", "come with the inspection");
	e = take_back(c, &f, ret);
	if (e != ERR_OK)
		return e;
	/* One call, two rows: the reference is the first one's. */
	decided = row_add(c, &f, ACT_DECIDE_RETURN);
	decided->ref = NULL;
	decided->body_hash = NULL;
	return ERR_OK;
}

static enum err
decide_plan(struct act_call *c)
{
	struct finding f = finding_of(c);
	struct return_read *ret;
	enum err e = open_return(c, &f, RETURN_RECEIVED, &ret);

	if (e == ERR_OK)
		e = take_back(c, &f, ret);
	if (e == ERR_OK)
		(void)row_add(c, &f, ACT_DECIDE_RETURN);
	return e;
}

/* All of it follows from the request and what is frozen. */
static enum err
verdict(struct act_call *c, enum return_state *state, int64_t *fen)
{
	struct finding f = finding_of(c);
	struct return_line *lines = arena_array(c->run.arena, f.n_lines, sizeof(*lines));

	*fen = 0;
	*state = RETURN_RECEIVED;
	if (lines == NULL)
		return reason_set(c->run.reason, ERR_NO_MEMORY, NULL, "%s",
		    err_text(ERR_NO_MEMORY));
	if (f.n_lines == 0)
		return ERR_OK;
	for (size_t i = 0; i < f.n_lines; i++)
		lines[i] = (struct return_line){.line = f.lines[i]->line,
		    .sellable = f.lines[i]->sellable,
		    .damaged = f.lines[i]->damaged};
	*state = return_verdict(lines, (int)f.n_lines);
	return return_refund_of(c->run.order, lines, (int)f.n_lines, fen);
}

static enum err
receive_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	Yuncang__V1__ReceiveReturnResponse *m = (Yuncang__V1__ReceiveReturnResponse *)response;
	enum return_state state;
	enum err e = verdict(c, &state, &m->refund_fen);

	(void)a;
	m->state = (Yuncang__V1__ReturnState)state;
	return e;
}

static enum err
decide_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	Yuncang__V1__DecideReturnResponse *m = (Yuncang__V1__DecideReturnResponse *)response;
	enum return_state state;
	enum err e = verdict(c, &state, &m->refund_fen);

	(void)a;
	m->state = (Yuncang__V1__ReturnState)state;
	return e;
}

void
receive_return_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_RECEIVE_RETURN,
	    .side = ACT_BY_STORE,
	    .with = READ_RETURNS,
	    .where = return_where,
	    .plan = receive_plan,
	    .answer = receive_answer};

	act_call_start(c, request, &method);
}

void
decide_return_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_DECIDE_RETURN,
	    .side = ACT_BY_STORE,
	    .with = READ_MONEY | READ_RETURNS,
	    .where = return_where,
	    .plan = decide_plan,
	    .answer = decide_answer};

	act_call_start(c, request, &method);
}

/* ---- Timers ------------------------------------------------------------------------------------------ */

enum err
return_due_plan(struct act_run *r, int number)
{
	const struct return_read *was = return_of(r, number);
	const struct fulfilment_read *f;
	struct return_read *ret;
	struct act_row *row;

	if (was == NULL || was->due_us == 0 || was->due_us > r->now_us)
		return ERR_OK;
	f = act_fulfilment_of(r, was->fulfilment);
	ret = return_change(r, was);
	if (ret == NULL)
		return ERR_NO_MEMORY;
	if (was->state == RETURN_REQUESTED) {
		ret->state = RETURN_LAPSED;
		ret->due_us = 0;
		(void)act_row_add(r, ACT_LAPSE_RETURN, f, (int)f->state);
		act_event_add(r, OUTBOX_RETURN_LAPSED, f)->location = ret->location;
		return ERR_OK;
	}
	for (int i = 0; i < ret->line_count; i++)
		ret->lines[i].damaged = ret->lines[i].quantity;
	row = act_row_add(r, ACT_DECIDE_RETURN, f, (int)f->state);
	row->location = ret->location;
	row->party = world_location_row(r->world, ret->location)->party;
	return return_decide(r, ret, world_location_row(r->world, ret->location));
}
