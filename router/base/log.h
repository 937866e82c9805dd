#ifndef ROUTER_BASE_LOG_H
#define ROUTER_BASE_LOG_H

/*
 * log: logfmt on stderr, one line a call, written with one write(2).
 *
 *   t=2026-11-21T08:00:00.123Z lvl=warn msg="commit lost" req=7f3a order=0193… err=db_down ms=12
 *
 * Fields are made with LOG_STR and LOG_INT so that quoting is right by itself:
 *   log_warn(LOG_MSG("commit lost"), LOG_STR("err", err_name(e)), LOG_INT("ms", ms));
 * Levels: error (a person must act), warn (we coped), info (life cycle, refused orders), debug (each
 * order and payment taken, too).
 */
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_field {
	const char *name; /* NULL ends the list */
	const char *str;  /* NULL: num holds the value */
	int64_t num;
};

#define LOG_STR(n, s) ((struct log_field){.name = (n), .str = (s) != NULL ? (s) : ""})
#define LOG_MSG(s) LOG_STR("msg", s)
#define LOG_INT(n, v) ((struct log_field){.name = (n), .num = (int64_t)(v)})

extern enum log_level log_level_max; /* set once by main, and by SIGHUP */

/* false: not one of error, warn, info, debug. */
bool log_level_parse(const char *s, enum log_level *lvl) MUST_CHECK;

void log_write(enum log_level lvl, const struct log_field *fields);

#define log_at(lvl, ...) \
	do { \
		if ((lvl) <= log_level_max) \
			log_write((lvl), (const struct log_field[]){__VA_ARGS__, {0}}); \
	} while (0)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
