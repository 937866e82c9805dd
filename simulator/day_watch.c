#include "simulator/day_watch.h"

#include "simulator/audit_db.h"

enum err
day_watch(PGconn *db, struct day_open *out)
{
	PGresult *r = audit_query(db,
	    "select count(*) filter (where state = 1), count(*) filter (where state = 2), "
	    "count(*) filter (where state in (3, 6, 8)), count(*) filter (where state in (9, 11, 12, 13)), "
	    "count(*) filter (where state in (4, 5) and moved_to is null), "
	    "(select count(*) from sales_order where mark in (1, 2, 3)), "
	    "(select count(*) from return_request where state in (1, 2)), "
	    "(select count(*) from order_deposit where balance_by is not null and balance_paid_at is null "
	    "and lease_until is null), "
	    "(select count(*) from outbox) + (select count(*) from webhook_delivery), "
	    "(select count(*) from webhook_dead) from fulfilment");

	if (r == NULL)
		return ERR_IO;
	*out = (struct day_open){.unpaid = audit_int(r, 0, 0),
	    .offered = audit_int(r, 0, 1),
	    .working = audit_int(r, 0, 2),
	    .outside = audit_int(r, 0, 3),
	    .homeless = audit_int(r, 0, 4),
	    .waiting = audit_int(r, 0, 5),
	    .returns = audit_int(r, 0, 6),
	    .balances = audit_int(r, 0, 7),
	    .untold = audit_int(r, 0, 8),
	    .dead = audit_int(r, 0, 9)};
	PQclear(r);
	return ERR_OK;
}

int64_t
day_open_all(const struct day_open *o)
{
	return o->unpaid + o->offered + o->working + o->outside + o->homeless + o->waiting +
	    o->returns;
}
