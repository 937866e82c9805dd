#include "flow/scorecard_flow.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "domain/ownership.h"
#include "domain/policy.h"
#include "flow/app.h"
#include "flow/order_message.h"
#include "flow/page.h"
#include "store/scorecard.h"
#include "yuncang/v1/catalog.pb-c.h"

#define DAYS_MAX 90
#define BPS 10000

struct scores_flow {
	struct call *call;
	const struct world *world; /* pinned */
	const struct policy *policy;
	struct page_scope page;
	int32_t *parties; /* ids, rising */
	int party_count;
	int32_t from_day, to_day;
	bool more;
};

/* ---- The answer ---- */

static int32_t
rate(int64_t part, int64_t whole)
{
	return whole == 0 ? 0 : (int32_t)((part * BPS + whole / 2) / whole);
}

static Yuncang__V1__Scorecard *
score_message(const struct scores_flow *f, const struct score_read *s)
{
	const struct party *p = world_party_row(f->world, s->party);
	struct first_offer first = ownership_first_offer(f->world, f->policy, p->id);
	int64_t answers = s->accepts + s->rejects + s->lapses;
	struct arena *a = f->call->arena;
	Yuncang__V1__Scorecard *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__scorecard__init(m);
	m->dealer = message_text(p->code);
	m->accepts = (int32_t)s->accepts;
	m->rejects = (int32_t)s->rejects;
	m->lapses = (int32_t)s->lapses;
	m->shorts = (int32_t)s->shorts;
	m->accept_bps = rate(s->accepts, answers);
	m->lapse_bps = rate(s->lapses, answers);
	m->short_bps = rate(s->shorts, s->accepts);
	m->accept_mean_s = s->accepts == 0 ? 0 : (int32_t)(s->waited_s / s->accepts);
	m->accept_median_s = score_median_s(s);
	m->ranked_accept_bps = p->accept_bps;
	m->first_offer = first_offer_message(&first, a);
	return m->first_offer == NULL ? NULL : m;
}

/* Who has no row in these days has zeros. */
static enum err
answer(struct scores_flow *f, const struct score_read *scores, int count, int64_t counted_us)
{
	Yuncang__V1__ListScorecardsResponse m = YUNCANG__V1__LIST_SCORECARDS_RESPONSE__INIT;
	struct arena *a = f->call->arena;
	int at = 0;

	m.scorecards = arena_array(a, (size_t)f->party_count, sizeof(*m.scorecards));
	m.from_date = day_message(f->from_day, a);
	m.to_date = day_message(f->to_day, a);
	m.counted_at = time_message(counted_us, a);
	if (m.scorecards == NULL || m.from_date == NULL || m.to_date == NULL ||
	    (counted_us != 0 && m.counted_at == NULL))
		return ERR_NO_MEMORY;
	for (int i = 0; i < f->party_count; i++) {
		struct score_read none = {.party = f->parties[i]};
		bool there = at < count && scores[at].party == f->parties[i];

		m.scorecards[i] = score_message(f, there ? &scores[at] : &none);
		if (m.scorecards[i] == NULL)
			return ERR_NO_MEMORY;
		at += there;
	}
	m.n_scorecards = (size_t)f->party_count;
	if (f->more) {
		m.next_page_token = page_token_make(&f->page, &f->parties[f->party_count - 1],
		    sizeof(f->parties[0]), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(f->call, &m.base);
	return ERR_OK;
}

static void
scores_done(void *ctx, enum err e, const struct score_read *scores, int count, int64_t counted_us)
{
	struct scores_flow *f = ctx;

	if (e == ERR_OK)
		e = answer(f, scores, count, counted_us);
	if (e != ERR_OK)
		call_fail_err(f->call, e);
}

/* ---- The question ---- */

static bool
counted(const struct scores_flow *f, const struct party *p)
{
	return (p->kind == PARTY_DEALER || p->kind == PARTY_BRAND) &&
	    may_see_dealer(f->call->principal, f->world, p->id);
}

static enum err
find_parties(struct scores_flow *f, const Yuncang__V1__ListScorecardsRequest *q, int32_t after,
    int max)
{
	const struct world *w = f->world;
	const struct party *p;
	uint32_t at;

	f->parties = arena_array(f->call->arena, (size_t)max, sizeof(*f->parties));
	if (f->parties == NULL)
		return ERR_NO_MEMORY;
	if (q->dealer[0] != '\0') {
		at = strmap_get(&w->party_code, q->dealer);
		if (at == STRMAP_NONE || !counted(f, &w->parties[at]))
			return reason_set(&f->call->reason, ERR_NOT_FOUND, "dealer", "%s",
			    err_text(ERR_NOT_FOUND));
		f->parties[f->party_count++] = w->parties[at].id;
		return ERR_OK;
	}
	for (int32_t id = after + 1; id < w->party_id_max && !f->more; id++) {
		p = world_party_row(w, id);
		if (p == NULL || !counted(f, p))
			continue;
		f->more = f->party_count == max;
		if (!f->more)
			f->parties[f->party_count++] = id;
	}
	return ERR_OK;
}

static enum err
fill(struct scores_flow *f, const Yuncang__V1__ListScorecardsRequest *q)
{
	struct call *c = f->call;
	int32_t after = 0;
	char *filter;
	int size;
	enum err e;

	f->policy = policy_at(f->world, c->received_us);
	if (f->policy == NULL)
		return ERR_NO_POLICY;
	if (q->days < 0 || q->days > DAYS_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "days", "must be 0 to %d", DAYS_MAX);
	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &size, &c->reason);
	if (e != ERR_OK)
		return e;
	f->to_day = (int32_t)(c->received_us / US_PER_DAY);
	f->from_day = f->to_day + 1 - (q->days != 0 ? q->days : f->policy->scorecard_days);
	filter = arena_printf(c->arena, "%d %s", (int)q->days, q->dealer);
	if (filter == NULL)
		return ERR_NO_MEMORY;
	f->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListScorecards",
	    .filter = filter,
	    .filter_len = strlen(filter)};
	if (q->page_token[0] != '\0') {
		e = page_token_read(&f->page, q->page_token, &after, sizeof(after), &c->reason);
		if (e != ERR_OK)
			return e;
	}
	return find_parties(f, q, after, size);
}

void
list_scorecards_start(struct call *c, const ProtobufCMessage *request)
{
	struct scores_flow *f = arena_zalloc(c->arena, sizeof(*f));
	const struct world *w = call_world(c);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL && w != NULL) {
		f->call = c;
		f->world = w;
		e = fill(f, (const Yuncang__V1__ListScorecardsRequest *)request);
		if (e == ERR_OK)
			e = scores_read(call_app(c)->query_pool, c->arena, f->parties,
			    f->party_count, f->from_day, f->to_day, scores_done, f);
	}
	if (e != ERR_OK)
		call_fail_err(c, e);
}
