#include "flow/clock_flow.h"

#include "base/clock.h"
#include "base/log.h"
#include "edge/wire.h"
#include "flow/app.h"
#include "flow/thaw.h"
#include "yuncang/v1/admin.pb-c.h"

/* One move; a compressed day needs hours, a night of downtime too. */
#define MOVE_US_MAX (366 * US_PER_DAY)

static enum err
move_of(struct call *c, const Yuncang__V1__MoveClockRequest *q, int64_t now_us, int64_t *by_us)
{
	const Google__Protobuf__Timestamp *to = q->to;

	if (!call_app(c)->conf->clock_may_move)
		return reason_set(&c->reason, ERR_WRONG_STATE, NULL,
		    "the setting clock_may_move is off: this clock is the system's");
	if ((to != NULL) == (q->by_ms != 0))
		return reason_set(&c->reason, ERR_BAD_FIELD, "to", "say one of to and by_ms");
	if (to != NULL &&
	    (to->seconds < 1 || to->seconds > WIRE_SECONDS_MAX || to->nanos < 0 ||
	        to->nanos > 999999999))
		return reason_set(&c->reason, ERR_BAD_FIELD, "to",
		    "must lie after 1970 and before the year 10000");
	if (to == NULL && (q->by_ms < 0 || q->by_ms > MOVE_US_MAX / US_PER_MS))
		return reason_set(&c->reason, ERR_BAD_FIELD, "by_ms",
		    "must be 1 to %lld: the clock goes forward only",
		    (long long)(MOVE_US_MAX / US_PER_MS));
	*by_us = to == NULL ? q->by_ms * US_PER_MS
	                    : to->seconds * US_PER_S + to->nanos / 1000 - now_us;
	if (*by_us < 0 || *by_us > MOVE_US_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "to",
		    "must be at most %lld days ahead: the clock goes forward only",
		    (long long)(MOVE_US_MAX / US_PER_DAY));
	return ERR_OK;
}

void
move_clock_start(struct call *c, const ProtobufCMessage *request)
{
	Yuncang__V1__MoveClockResponse m = YUNCANG__V1__MOVE_CLOCK_RESPONSE__INIT;
	int64_t by_us = 0;

	if (move_of(c, (const Yuncang__V1__MoveClockRequest *)request, clock_wall_us(), &by_us) !=
	    ERR_OK) {
		call_fail(c, &c->reason, NULL);
		return;
	}
	clock_offset_set(clock_offset_us() + by_us);
	m.now = time_message(clock_wall_us(), c->arena);
	if (m.now == NULL) {
		clock_offset_set(clock_offset_us() - by_us);
		(void)reason_set(&c->reason, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
		call_fail(c, &c->reason, NULL);
		return;
	}
	log_warn(LOG_MSG("the clock was moved"), LOG_STR("req", c->id),
	    LOG_INT("by_ms", by_us / US_PER_MS),
	    LOG_INT("ahead_ms", clock_offset_us() / US_PER_MS));
	call_reply(c, &m.base);
}
