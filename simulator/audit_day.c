/*
 * audit_day: a compressed day is over.  Every fulfilment must have come to an end, nobody may be waited for, and
 * every event must have been taken by every endpoint that had to hear of it, and only events of the service's.
 */
#include "simulator/audit.h"
#include "simulator/audit_acks.h"
#include "simulator/audit_db.h"

/* Nobody listens any more to what a month behind the day tells. */
#define LAST_EVENT "current_setting('audit.last_event')::uuid"

/* Delivered, collected, restocked, lost and cancelled; refused and lapsed ones where others took the units over. */
static const struct {
	enum audit_check check;
	const char *sql;
} ends[] = {
    {AUDIT_STUCK_PART,
        "select format('order %s fulfilment %s is in state %s since %s', order_id, number, state, "
        "(select max(at) from order_act a where a.order_id = f.order_id)) from fulfilment f "
        "where not (state in (7, 10, 14, 15, 16) or state in (4, 5) and moved_to is not null)"},
    {AUDIT_STUCK_ORDER,
        "select format('order %s has the mark %s', order_id, mark) from sales_order "
        "where mark in (1, 2, 3) or due_at is not null"},
    {AUDIT_STUCK_ORDER,
        "select format('return %s of order %s is in state %s', number, order_id, state) "
        "from return_request where state in (1, 2) or due_at is not null"},
    {AUDIT_STUCK_ORDER, /* whoever does not pay the rest has no order any more */
        "select format('order %s still waits for its balance', d.order_id) from order_deposit d "
        "join sales_order o on o.order_id = d.order_id where o.paid_at is not null "
        "and d.balance_paid_at is null and d.balance_fen > 0 and exists (select from fulfilment f "
        "where f.order_id = d.order_id and f.state not in (4, 5, 16))"},
    {AUDIT_UNTOLD,
        "select format('event %s of order %s, kind %s', event_id, order_id, kind) from outbox "
        "where event_id <= " LAST_EVENT},
    {AUDIT_UNTOLD,
        "select format('endpoint %s: event %s waits after %s tries: %s', p.code, e.event_id, d.attempts, d.error) "
        "from webhook_delivery d join webhook_endpoint p using (endpoint_id) join event_log e using (position) "
        "where event_id <= " LAST_EVENT},
    {AUDIT_UNTOLD,
        "select format('endpoint %s: event %s was given up after %s tries: %s', p.code, e.event_id, d.attempts, "
        "d.error) from webhook_dead d join webhook_endpoint p using (endpoint_id) join event_log e using (position) "
        "where event_id <= " LAST_EVENT},
};

/* Who has to hear of what: from the tables of the events and endpoints, not from what was queued. */
#define HEARERS_SQL \
	"select p.code, e.event_id, e.kind, e.order_id from webhook_endpoint p join event_log e " \
	"on e.event_id >= p.since and (p.kinds is null or e.kind = any (p.kinds)) " \
	"and (p.scope = 0 or p.scope = 2 and e.storefront_id = p.scope_id or p.scope = 1 " \
	"and (e.dealer_id = p.scope_id or exists (select from location l " \
	"where l.location_id = e.location_id and l.party_id = p.scope_id))) " \
	"where p.state in (1, 2) and e.event_id <= " LAST_EVENT

static enum err
hearers_check(PGconn *db, struct audit_acks *acks, struct audit_report *r)
{
	PGresult *rows = audit_query(db, HEARERS_SQL);

	if (rows == NULL)
		return ERR_IO;
	for (int i = 0; i < PQntuples(rows); i++) {
		struct audit_told *t =
		    audit_acks_told(acks, audit_text(rows, i, 0), audit_text(rows, i, 1));

		if (t != NULL)
			t->seen = true;
		else
			audit_found(r, AUDIT_UNDELIVERED,
			    "endpoint %s: event %s, kind %s of order %s", audit_text(rows, i, 0),
			    audit_text(rows, i, 1), audit_text(rows, i, 2), audit_text(rows, i, 3));
	}
	PQclear(rows);
	for (size_t i = 0; i < acks->told_count; i++)
		if (!acks->told[i].seen)
			audit_found(r, AUDIT_INVENTED, "endpoint %s: event %s",
			    acks->told[i].endpoint, acks->told[i].event_id);
	return ERR_OK;
}

enum err
audit_day(PGconn *db, struct audit_acks *acks, struct audit_report *r)
{
	char sql[120];

	(void)snprintf(sql, sizeof(sql), "select set_config('audit.last_event', '%.36s', true)",
	    acks->last_event != NULL ? acks->last_event : "ffffffff-ffff-ffff-ffff-ffffffffffff");
	if (audit_command(db, sql) != ERR_OK)
		return ERR_IO;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		PGresult *rows = audit_query(db, ends[i].sql);

		if (rows == NULL)
			return ERR_IO;
		for (int k = 0; k < PQntuples(rows); k++)
			audit_found(r, ends[i].check, "%s", audit_text(rows, k, 0));
		PQclear(rows);
	}
	return hearers_check(db, acks, r);
}
