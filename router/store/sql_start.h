#ifndef ROUTER_STORE_SQL_START_H
#define ROUTER_STORE_SQL_START_H

/* What a service reads once, when its first connection is up: store/secrets.c. */

/* clang-format off */
#define START_STATEMENTS(X) \
	X(SECRETS, ON_QUERY, "select name, value from secret")
/* clang-format on */

#endif
