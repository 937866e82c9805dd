#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "domain/fulfilment.h"

#define BIT(s) (1u << (s))
#define PICKUP BIT(WAY_PICKUP)
#define DELIVER BIT(WAY_DELIVER)
#define SHIP BIT(WAY_SHIP)
#define EVERY (PICKUP | DELIVER | SHIP)

/* act, ways, from, to.  A state that only arrows of other ways leave is final for this way. */
static const struct step {
	enum act_kind act;
	unsigned ways;
	unsigned from;
	enum fulfilment_state to;
} steps[] = {
    {ACT_ACCEPT, EVERY, BIT(FUL_OFFERED), FUL_ACCEPTED},
    {ACT_REJECT, EVERY, BIT(FUL_OFFERED), FUL_REJECTED},
    {ACT_LAPSE, EVERY, BIT(FUL_OFFERED), FUL_EXPIRED},
    /* of the units that are short, split off first */
    {ACT_SHORT, EVERY, BIT(FUL_ACCEPTED), FUL_REJECTED},
    {ACT_READY, PICKUP, BIT(FUL_ACCEPTED), FUL_READY_FOR_PICKUP},
    {ACT_COLLECT, PICKUP, BIT(FUL_READY_FOR_PICKUP), FUL_COLLECTED},
    {ACT_HOLD_OVER, PICKUP, BIT(FUL_READY_FOR_PICKUP), FUL_NOT_COLLECTED},
    {ACT_RESTOCK, PICKUP, BIT(FUL_NOT_COLLECTED), FUL_RESTOCKED},
    {ACT_DISPATCH, DELIVER, BIT(FUL_ACCEPTED) | BIT(FUL_DELIVERY_FAILED), FUL_OUT_FOR_DELIVERY},
    {ACT_DISPATCH, SHIP, BIT(FUL_ACCEPTED), FUL_SHIPPED},
    {ACT_DELIVER, DELIVER, BIT(FUL_OUT_FOR_DELIVERY), FUL_DELIVERED},
    {ACT_DELIVER, SHIP, BIT(FUL_SHIPPED), FUL_DELIVERED},
    {ACT_SILENCE, DELIVER, BIT(FUL_OUT_FOR_DELIVERY), FUL_DELIVERED},
    {ACT_SILENCE, SHIP, BIT(FUL_SHIPPED), FUL_DELIVERED},
    {ACT_FAIL, DELIVER, BIT(FUL_OUT_FOR_DELIVERY), FUL_DELIVERY_FAILED},
    {ACT_TURN_BACK, DELIVER, BIT(FUL_DELIVERY_FAILED), FUL_RETURNING},
    {ACT_RESTOCK, DELIVER, BIT(FUL_RETURNING), FUL_RESTOCKED},
    {ACT_LOSE, SHIP, BIT(FUL_SHIPPED), FUL_LOST},
    {ACT_LOSE, DELIVER, BIT(FUL_RETURNING), FUL_LOST},
    {ACT_CANCEL, EVERY,
        BIT(FUL_PLANNED) | BIT(FUL_OFFERED) | BIT(FUL_ACCEPTED) | BIT(FUL_READY_FOR_PICKUP),
        FUL_CANCELLED},
    /* while nobody took the units over */
    {ACT_CANCEL, EVERY, BIT(FUL_REJECTED) | BIT(FUL_EXPIRED), FUL_CANCELLED},
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

const char *
act_word(enum act_kind k)
{
	static const char *const words[ACT_KIND_COUNT] = {
#define X(name, number, word) [number] = word,
	    ACT_TABLE(X)
#undef X
	};

	assert(k > 0 && k < ACT_KIND_COUNT && words[k] != NULL);
	return words[k];
}

const char *
fulfilment_state_word(enum fulfilment_state s)
{
	static const char *const words[FUL_STATE_COUNT] = {[0] = "UNSPECIFIED",
	    [FUL_PLANNED] = "PLANNED",
	    [FUL_OFFERED] = "OFFERED",
	    [FUL_ACCEPTED] = "ACCEPTED",
	    [FUL_REJECTED] = "REJECTED",
	    [FUL_EXPIRED] = "EXPIRED",
	    [FUL_READY_FOR_PICKUP] = "READY_FOR_PICKUP",
	    [FUL_COLLECTED] = "COLLECTED",
	    [FUL_NOT_COLLECTED] = "NOT_COLLECTED",
	    [FUL_OUT_FOR_DELIVERY] = "OUT_FOR_DELIVERY",
	    [FUL_DELIVERED] = "DELIVERED",
	    [FUL_DELIVERY_FAILED] = "DELIVERY_FAILED",
	    [FUL_RETURNING] = "RETURNING",
	    [FUL_SHIPPED] = "SHIPPED",
	    [FUL_LOST] = "LOST",
	    [FUL_RESTOCKED] = "RESTOCKED",
	    [FUL_CANCELLED] = "CANCELLED"};

	assert((unsigned)s < FUL_STATE_COUNT);
	return words[s];
}

bool
fulfilment_step(enum act_kind act, enum way way, enum fulfilment_state from,
    enum fulfilment_state *out)
{
	for (size_t i = 0; i < STEP_COUNT; i++) {
		const struct step *s = &steps[i];

		if (s->act == act && (s->ways & BIT(way)) != 0 && (s->from & BIT(from)) != 0) {
			*out = s->to;
			return true;
		}
	}
	return false;
}

void
fulfilment_allowed(enum way way, enum fulfilment_state from, char *out, size_t size)
{
	size_t len = 0;

	assert(size > sizeof("none"));
	for (size_t i = 0; i < STEP_COUNT; i++) {
		const struct step *s = &steps[i];
		int n;

		if ((s->ways & BIT(way)) == 0 || (s->from & BIT(from)) == 0)
			continue;
		n = snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", act_word(s->act));
		assert(n > 0 && len + (size_t)n < size);
		len += (size_t)n;
	}
	if (len == 0)
		memcpy(out, "none", sizeof("none"));
}

bool
fulfilment_final(enum way way, enum fulfilment_state s)
{
	for (size_t i = 0; i < STEP_COUNT; i++)
		if ((steps[i].ways & BIT(way)) != 0 && (steps[i].from & BIT(s)) != 0)
			return false;
	return true;
}

enum holding
fulfilment_holding(enum fulfilment_state s)
{
	switch (s) {
	case FUL_PLANNED:
		return HELD_RESERVED;
	case FUL_OFFERED:
	case FUL_ACCEPTED:
	case FUL_READY_FOR_PICKUP:
	case FUL_NOT_COLLECTED:
		return HELD_ALLOCATED;
	case FUL_COLLECTED:
	case FUL_OUT_FOR_DELIVERY:
	case FUL_DELIVERED:
	case FUL_DELIVERY_FAILED:
	case FUL_RETURNING:
	case FUL_SHIPPED:
	case FUL_LOST:
		return HELD_OUTSIDE;
	case FUL_REJECTED:
	case FUL_EXPIRED:
	case FUL_RESTOCKED:
	case FUL_CANCELLED:
	case FUL_STATE_COUNT:
		break;
	}
	return HELD_NOWHERE;
}

struct stock_effect
fulfilment_stock_effect(enum fulfilment_state from, enum fulfilment_state to)
{
	enum holding was = fulfilment_holding(from), is = fulfilment_holding(to);
	struct stock_effect e = {0};

	if (was == is)
		return e;
	e.on_hand = (is == HELD_OUTSIDE ? -1 : 0) + (was == HELD_OUTSIDE ? 1 : 0);
	e.reserved = (is == HELD_RESERVED ? 1 : 0) - (was == HELD_RESERVED ? 1 : 0);
	e.allocated = (is == HELD_ALLOCATED ? 1 : 0) - (was == HELD_ALLOCATED ? 1 : 0);
	e.entitlement_back = is == HELD_NOWHERE;
	return e;
}

bool
fulfilment_frees_capacity(enum fulfilment_state from, enum fulfilment_state to)
{
	enum holding was = fulfilment_holding(from);

	return (was == HELD_RESERVED || was == HELD_ALLOCATED) &&
	    (to == FUL_REJECTED || to == FUL_EXPIRED || to == FUL_CANCELLED);
}
