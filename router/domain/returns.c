#include "domain/returns.h"

#include <assert.h>
#include <stddef.h>

#include "base/money.h"

const char *
return_state_word(enum return_state s)
{
	static const char *const words[RETURN_STATE_COUNT] = {[0] = "UNSPECIFIED",
	    [RETURN_REQUESTED] = "REQUESTED",
	    [RETURN_RECEIVED] = "RECEIVED",
	    [RETURN_ACCEPTED] = "ACCEPTED",
	    [RETURN_REFUSED] = "REFUSED",
	    [RETURN_LAPSED] = "LAPSED"};

	assert((unsigned)s < RETURN_STATE_COUNT);
	return words[s];
}

bool
return_ended(enum return_state s)
{
	return s != RETURN_REQUESTED && s != RETURN_RECEIVED;
}

int32_t
return_line_held(const struct return_line *l, enum return_state s)
{
	if (!return_ended(s))
		return l->quantity;
	return s == RETURN_ACCEPTED ? l->sellable + l->damaged : 0;
}

enum return_state
return_verdict(const struct return_line *lines, int count)
{
	for (int i = 0; i < count; i++)
		if (lines[i].sellable + lines[i].damaged > 0)
			return RETURN_ACCEPTED;
	return RETURN_REFUSED;
}

bool
return_refund(int64_t price_fen, int64_t discount_fen, int32_t units, int64_t *out)
{
	int64_t paid_fen;

	return fen_sub(price_fen, discount_fen, &paid_fen) && fen_mul(paid_fen, units, out);
}
