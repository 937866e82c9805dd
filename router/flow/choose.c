#include "flow/choose.h"

#include "base/clock.h"
#include "base/metric.h"

static enum err
run_decide(const struct choose_in *in, struct arena *arena, struct decision **out)
{
	struct decide_in d = {.world = in->world,
	    .hints = &catalog_hints(in->app->catalog)->hints,
	    .policy = in->policy,
	    .request = in->request,
	    .owner = in->owner,
	    .ignore_inflight = in->ignore_inflight,
	    .central_only = in->central_only,
	    .options_max = in->options_max,
	    .no_record = in->no_record};
	int64_t start_us = clock_mono_us();
	enum err e = decide(&d, arena, out);

	metric_observe(METRIC_decide_us, clock_mono_us() - start_us);
	return e;
}

enum err
choose_plans(const struct choose_in *in, struct arena *arena, struct choices *out, struct reason *r)
{
	enum err e;

	assert(in->options_max >= 1 && in->options_max <= OPTIONS_MAX);
	out->count = 0;
	out->decision = NULL;
	/* A version fixed before holds although it was archived since: worlds know the active ones only. */
	if (in->book != NULL)
		out->book = in->book;
	else if (in->split_version != 0)
		out->book = catalog_book(in->app->catalog, in->split_version);
	else
		out->book = split_book_at(in->world, in->request->now_us);
	if (out->book == NULL)
		return reason_set(r, ERR_NO_POLICY, NULL, "no split rule book is in force");
	e = run_decide(in, arena, &out->decision);
	if (e != ERR_OK)
		return reason_set(r, e, NULL, "%s", err_text(e));
	if (out->decision->option_count == 0) {
		*r = out->decision->refusal;
		return r->err;
	}
	return ERR_OK;
}

enum err
choose_split(const struct choose_in *in, int index, struct arena *arena, struct choices *out,
    struct reason *r)
{
	struct choice *c = &out->choice[out->count];
	struct split_in s = {.world = in->world,
	    .request = in->request,
	    .owner = in->owner,
	    .plan = &out->decision->options[index],
	    .book = out->book,
	    .cost_unit_fen = in->cost_unit_fen,
	    .fee_bps = in->fee_bps};
	enum err e;

	assert(index >= 0 && index < out->decision->option_count && out->count < OPTIONS_MAX);
	s.collector = in->collector != 0 ? in->collector
	                                 : collector_choose(in->world, in->request, s.plan);
	c->plan = s.plan;
	c->collector = s.collector;
	e = split(&s, arena, &c->split, r);
	out->count += e == ERR_OK;
	return e;
}

enum err
choose(const struct choose_in *in, struct arena *arena, struct choices *out, struct reason *r)
{
	enum err e = choose_plans(in, arena, out, r);

	if (e != ERR_OK)
		return e;
	assert(out->decision != NULL);
	for (int i = 0; i < out->decision->option_count; i++) {
		e = choose_split(in, i, arena, out, r);
		if (e != ERR_OK && e != ERR_MARGIN_BELOW_FLOOR)
			return e;
	}
	return out->count > 0 ? ERR_OK : r->err;
}
