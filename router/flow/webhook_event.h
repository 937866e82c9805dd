#ifndef ROUTER_FLOW_WEBHOOK_EVENT_H
#define ROUTER_FLOW_WEBHOOK_EVENT_H

/* webhook_event: an event as the world is told of it: yuncang.v1.Event. */
#include "base/arena.h"
#include "base/buf.h"
#include "store/event_row.h"
#include "yuncang/v1/event.pb-c.h"

/* In ${a}, borrowing ${r}'s texts; NULL: no memory. */
Yuncang__V1__Event *event_message(const struct event_row *r, struct arena *a) MUST_CHECK;
/* The JSON of it, the same bytes whenever it is made; TOO_LARGE: ${out} is. */
enum err event_json(const struct event_row *r, struct buf *out) MUST_CHECK;
/* When it happened: the id says so, to the millisecond. */
int64_t event_at_us(const struct event_row *r);

#endif
