#include <assert.h>

#include "domain/order_state.h"

#define BIT(s) (1u << (s))
#define WITHOUT (BIT(FUL_REJECTED) | BIT(FUL_EXPIRED))
#define ENDED (BIT(FUL_COLLECTED) | BIT(FUL_DELIVERED) | BIT(FUL_LOST) | BIT(FUL_RESTOCKED))
#define WAITING (BIT(FUL_PLANNED) | BIT(FUL_OFFERED))

static int64_t
count(const struct state_units *s, unsigned states)
{
	int64_t n = 0;

	for (unsigned i = 1; i < FUL_STATE_COUNT; i++) {
		assert(s->units[i] >= 0);
		if ((states & BIT(i)) != 0)
			n += s->units[i];
	}
	return n;
}

enum order_state
order_state_derive(enum order_mark mark, int64_t ordered, const struct state_units *s)
{
	int64_t ended, cancelled;

	assert(ordered > 0);
	switch (mark) {
	case MARK_AWAITING_PAYMENT:
		return STATE_AWAITING_PAYMENT;
	case MARK_AWAITING_CUSTOMER:
		return STATE_AWAITING_CUSTOMER;
	case MARK_UNFILLABLE:
		return STATE_UNFILLABLE;
	case MARK_CANCELLED:
		return STATE_CANCELLED;
	case MARK_OPEN:
		break;
	}
	if (count(s, ~WITHOUT) < ordered)
		return STATE_PART_ALLOCATED;
	cancelled = s->units[FUL_CANCELLED];
	ended = count(s, ENDED);
	if (cancelled >= ordered)
		return STATE_CANCELLED;
	if (ended + cancelled >= ordered)
		return STATE_DONE;
	if (ended > 0)
		return STATE_PART_DONE;
	if (count(s, ~(WITHOUT | ENDED | WAITING | BIT(FUL_CANCELLED))) > 0)
		return STATE_IN_FULFILMENT;
	return STATE_ALLOCATED;
}
