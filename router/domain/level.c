/* level: see the header. */
#include <assert.h>

#include "domain/level.h"

bool
level_takes(const struct level *l, const struct count *c)
{
	return c->counted_us > l->counted_us;
}

static int64_t
counted_to(const struct count *c)
{
	return c->counted_us < c->now_us ? c->counted_us : c->now_us;
}

void
level_count(struct level *l, const struct count *c)
{
	assert(level_takes(l, c));
	l->on_hand = c->count;
	if (c->safety >= 0)
		l->safety = c->safety;
	l->counted_us = c->counted_us;
	l->counted_to_us = c->seen_us != 0 ? 0 : counted_to(c);
}

int64_t
count_mark(const struct count *c, enum move kind)
{
	if (kind == MOVE_DELTA)
		return c->counted_us;
	return c->seen_us != 0 ? c->seen_us : counted_to(c);
}

void
level_move(struct level *l, const struct count *c, enum move kind, int64_t at_us, int64_t qty)
{
	if (kind != MOVE_BOOKED && at_us <= count_mark(c, kind))
		return;
	l->on_hand += kind == MOVE_OUT ? -qty : qty;
}

bool
level_delta(struct level *l, int64_t at_us, int64_t delta)
{
	if (at_us != 0 && at_us <= l->counted_us)
		return false;
	l->on_hand += delta;
	return true;
}

bool
level_has(const struct level *l, int64_t at_us)
{
	return l->counted_to_us != 0 && at_us <= l->counted_to_us;
}

int64_t
level_missing(const struct level *l)
{
	return l->allocated > l->on_hand ? l->allocated - l->on_hand : 0;
}

bool
level_fits(const struct level *l)
{
	return l->on_hand >= INT32_MIN && l->on_hand <= INT32_MAX;
}
