#include "flow/webhook_event.h"

#include <google/protobuf/timestamp.pb-c.h>

#include "base/clock.h"
#include "edge/json_write.h"
#include "store/order_row.h"

#define SCHEMA_VERSION 1

/* The outbox's numbers go over the wire as they are: of each run of them, the last. */
#define TYPE(name) ((int)YUNCANG__V1__EVENT_TYPE__EVENT_TYPE_##name)
_Static_assert((int)OUTBOX_CHANGED == TYPE(ORDER_CHANGED) &&
        (int)OUTBOX_PART_CANCELLED == TYPE(FULFILMENT_CANCELLED) &&
        (int)OUTBOX_RETURN_LAPSED == TYPE(RETURN_LAPSED) &&
        (int)OUTBOX_BALANCE_PAID == TYPE(BALANCE_PAID) &&
        (int)OUTBOX_STOCK_SHORT == TYPE(STOCK_SHORT) &&
        (int)OUTBOX_REFUND_DONE == TYPE(REFUND_DONE),
    "event.proto has the numbers of enum outbox_kind");

struct event_parts {
	Yuncang__V1__Event event;
	Google__Protobuf__Timestamp at;
	char id[UUID_TEXT_SIZE], order_id[UUID_TEXT_SIZE];
};

int64_t
event_at_us(const struct event_row *r)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | r->event_id.b[i];
	return ms * US_PER_MS;
}

static char *
text(const char *s)
{
	/* protobuf-c's messages have no const. */
	return (char *)(uintptr_t)s;
}

static void
fill(const struct event_row *r, struct event_parts *p)
{
	int64_t at_us = event_at_us(r);

	yuncang__v1__event__init(&p->event);
	google__protobuf__timestamp__init(&p->at);
	uuid_format(&r->event_id, p->id);
	p->at.seconds = at_us / US_PER_S;
	p->at.nanos = (int32_t)(at_us % US_PER_S) * 1000;
	p->event.id = p->id;
	p->event.type = (Yuncang__V1__EventType)r->kind;
	p->event.schema_version = SCHEMA_VERSION;
	p->event.sequence = r->position;
	p->event.occurred_at = &p->at;
	if (!uuid_is_zero(&r->order_id)) {
		uuid_format(&r->order_id, p->order_id);
		p->event.order_id = p->order_id;
	}
	p->event.order_ref = text(r->order_ref);
	p->event.storefront = text(r->storefront);
	p->event.dealer = text(r->dealer);
	p->event.fulfilment = r->number;
	p->event.location = text(r->location);
	p->event.amount_fen = r->amount_fen;
	p->event.reason = r->reason;
}

Yuncang__V1__Event *
event_message(const struct event_row *r, struct arena *a)
{
	struct event_parts *p = arena_alloc(a, sizeof(*p));

	if (p == NULL)
		return NULL;
	fill(r, p);
	return &p->event;
}

enum err
event_json(const struct event_row *r, struct buf *out)
{
	struct event_parts p;

	fill(r, &p);
	json_write(out, &p.event.base);
	return buf_err(out);
}
