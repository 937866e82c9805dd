#ifndef ROUTER_STORE_AUDIT_CHECK_H
#define ROUTER_STORE_AUDIT_CHECK_H

/* audit_check: the tables of checks, by subject; each ends with a row of NULLs.  See audit.h. */
#include <stddef.h>

struct audit_check {
	const char *name;
	const char *text; /* what must hold */
	const char *sql;  /* its rows say where it does not */
};

extern const struct audit_check audit_orders[];
extern const struct audit_check audit_stock[];
extern const struct audit_check audit_money[];
extern const struct audit_check audit_books[];
extern const struct audit_check audit_payout[];
extern const struct audit_check audit_recon[];

#endif
