#include "flow/redeem.h"

#include "base/clock.h"

/* The quoted location first, then any option as good; NONE: there is none.  Without a token the first is meant. */
static int
find_quoted(const struct token *t, const struct choices *c, int64_t now_us)
{
	int64_t latest_us;

	if (t == NULL)
		return c->count > 0 ? 0 : NONE;
	/* A promise that counts from now moves with the clock, in whole minutes. */
	latest_us = t->promise_to_us + (now_us - t->quoted_us) + US_PER_MIN;
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < c->count; i++) {
			const struct plan *p = c->choice[i].plan;
			bool same = p->parts[0].location == t->location;

			if (p->way == t->way && c->choice[i].collector == t->collector &&
			    p->delivery_fee_fen == t->delivery_fee_fen &&
			    p->promise_to_us <= latest_us && (same || pass == 1))
				return i;
		}
	}
	return NONE;
}

static bool
plan_uses(const struct plan *p, int32_t location)
{
	for (int i = 0; i < p->part_count; i++)
		if (p->parts[i].location == location)
			return true;
	return false;
}

/* Excludes what stood before ${want} and is no part of it; false: the list is full. */
static bool
exclude_before(const struct choices *c, const struct plan *want, struct request *q)
{
	for (const struct plan *p = c->decision->options; p != want; p++) {
		for (int k = 0; k < p->part_count; k++) {
			if (plan_uses(want, p->parts[k].location))
				continue;
			if (q->exclude_count == EXCLUDE_MAX)
				return false;
			q->exclude[q->exclude_count++] = p->parts[k].location;
		}
	}
	return true;
}

static enum err
changed(struct reason *r)
{
	return reason_set(r, ERR_QUOTE_CHANGED, "quote_token", "%s", err_text(ERR_QUOTE_CHANGED));
}

enum err
redeem(const struct token *t, struct choose_in *in, struct request *q, struct arena *arena,
    struct choices *out, struct reason *r)
{
	enum err e;
	int i;

	assert(in->request == q);
	in->options_max = in->policy->quote_options_max;
	in->split_version = t != NULL ? t->split_version : 0;
	e = choose(in, arena, out, r);
	if (e != ERR_OK)
		return e;
	i = find_quoted(t, out, q->now_us);
	if (i == NONE)
		return changed(r);
	if (out->choice[i].plan == &out->decision->options[0])
		return ERR_OK;
	if (!exclude_before(out, out->choice[i].plan, q))
		return changed(r);
	in->options_max = 1;
	e = choose(in, arena, out, r);
	if (e == ERR_OK && find_quoted(t, out, q->now_us) != 0)
		return changed(r);
	return e;
}
