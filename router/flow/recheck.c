#include "flow/recheck.h"

#define PROBE_KEYS_MAX 512

enum err
recheck(struct app *app, const struct decide_in *last, enum err why,
    void (*done)(void *ctx, enum err e), void *ctx)
{
	struct stock_key keys[PROBE_KEYS_MAX];
	int count = 0;

	if (why == ERR_OUT_OF_STOCK || why == ERR_QUOTE_CHANGED)
		count = decide_probe_keys(last, keys, PROBE_KEYS_MAX);
	if (count > 0)
		return probe_add(app->probe, last->world, keys, count, done, ctx);
	return feed_catch_up(app->feed, done, ctx);
}
