#ifndef SIMULATOR_DAY_WATCH_H
#define SIMULATOR_DAY_WATCH_H

/* day_watch: how much of the day is still under way, asked of the tables now and then. */
#include <libpq-fe.h>

#include "simulator/day.h"

struct day_open {
	int64_t unpaid, offered, working, outside, homeless, waiting; /* fulfilments, then orders */
	int64_t returns, balances;
	int64_t untold, dead; /* events */
};

/* ERR_DB_DOWN, ERR_IO: logged. */
enum err day_watch(PGconn *db, struct day_open *out) MUST_CHECK;
/* What must end by itself or by somebody's act. */
int64_t day_open_all(const struct day_open *o);

#endif
