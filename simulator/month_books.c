#include "simulator/month_books.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "simulator/audit_db.h"

enum err
month_books(const struct options *o, struct month_report *r)
{
	struct month m = {.o = o};
	json_t *books = NULL;
	enum err e = month_ask_new(&m.ask, o->outage_s * US_PER_S);

	if (e == ERR_OK)
		e = audit_connect(&m.db, o->db);
	if (e == ERR_OK)
		e = month_ask_json(m.ask, o->provider, "/control/books", NULL, NULL, &books);
	if (e == ERR_OK && parse_time(month_text(books, "now"), &m.now_us) != ERR_OK)
		e = ERR_IO;
	m.now_us += US_PER_S; /* it is told in seconds */
	/* one snapshot for all queries */
	if (e == ERR_OK)
		e = audit_command(m.db, "begin isolation level repeatable read read only");
	if (e == ERR_OK)
		e = month_ledger(&m, r);
	if (e == ERR_OK)
		e = month_compare(&m, books, r);
	if (e == ERR_OK)
		e = month_statements(&m, r);
	json_decref(books);
	PQfinish(m.db);
	month_ask_free(m.ask);
	return e == ERR_WRONG_STATE ? ERR_IO : e;
}
