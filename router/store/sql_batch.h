#ifndef ROUTER_STORE_SQL_BATCH_H
#define ROUTER_STORE_SQL_BATCH_H

/*
 * What writes orders and takes stock for them: store/batch*.c, takes.c, payment.c, expiry.c; and probe.c and
 * feed.c.  Rules in README.md: every change of a counter is a nested loop driven by a sorted, materialized
 * unnest, and gives back i (from 1) and the figures the hints are made of.
 */
#include "store/sql_feed.h"
#include "store/sql_pay.h"
#include "store/sql_take.h"
#include "store/sql_write.h"

/* clang-format off */
#define BATCH_STATEMENTS(X) TURN_STATEMENTS(X) TAKE_STATEMENTS(X) GIVE_STATEMENTS(X) FIGURE_STATEMENTS(X) WRITE_STATEMENTS(X) \
	PAYMENT_STATEMENTS(X) EXPIRY_STATEMENTS(X) FEED_STATEMENTS(X)

#define ON_BOTH (ON_QUERY | ON_BATCH)
/* clang-format on */

#endif
