#include "simulator/audit.h"

#include "base/log.h"
#include "simulator/audit_acks.h"
#include "simulator/audit_db.h"

/* No plan of the service's: big sorts in memory, and the planner's own choice. */
#define SESSION_SQL \
	"select set_config('work_mem', '64MB', true), set_config('jit', 'off', true), " \
	"set_config('statement_timeout', '0', true), set_config('DateStyle', 'ISO', true)"

enum err
audit_within(PGconn *db, const char *journal, struct audit_report *r)
{
	struct audit_acks acks = {0};
	enum err e = audit_command(db, SESSION_SQL);

	if (e == ERR_OK && journal != NULL)
		e = audit_acks_read(&acks, journal, r);
	if (e == ERR_OK)
		e = audit_sets(db, r);
	if (e == ERR_OK)
		e = audit_orders(db, &acks, r);
	if (e == ERR_OK && acks.count_count > 0)
		e = audit_stock(db, &acks, r);
	if (e == ERR_OK && acks.day_over)
		e = audit_day(db, &acks, r);
	audit_acks_release(&acks);
	return e;
}

enum err
audit_run(const char *conninfo, const char *journal, struct audit_report *r)
{
	PGconn *db;
	enum err e = audit_connect(&db, conninfo);

	/* one snapshot for all: the service may go on meanwhile */
	if (e == ERR_OK)
		e = audit_command(db, "begin isolation level repeatable read read only");
	if (e == ERR_OK)
		e = audit_within(db, journal, r);
	if (e == ERR_OK)
		e = audit_command(db, "commit");
	PQfinish(db);
	if (e == ERR_OK)
		audit_report_print(r);
	return e;
}
