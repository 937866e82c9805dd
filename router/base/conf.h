#ifndef ROUTER_BASE_CONF_H
#define ROUTER_BASE_CONF_H

/*
 * conf: every setting, in one table: name, type, min, max, default, reloadable, text.
 *
 * Read from "name = value" lines (# comments), then from YUNCANG_NAME in the environment, which
 * wins.  Sizes are bytes, durations milliseconds; both take units in the file ("64MiB", "15min").
 * The man page's list and `yuncang check --show` are printed from the table.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/conf_money.h"
#include "base/err.h"

/* name, type (INT, SIZE, MS, BOOL, TEXT, LEVEL), min, max, default as text, may change on SIGHUP, text */
/* clang-format off */
#define CONF_TABLE(X) \
	X(listen, TEXT, 0, 0, "127.0.0.1:8080", false, "address and port to serve on; [::1]:8080 for IPv6") \
	X(listen_shared, BOOL, 0, 0, "off", false, "let other processes listen on the same port (SO_REUSEPORT)") \
	X(tls_cert_file, TEXT, 0, 0, "", false, "PEM certificate chain; empty serves plain HTTP") \
	X(tls_key_file, TEXT, 0, 0, "", false, "PEM private key of tls_cert_file") \
	X(db, TEXT, 0, 0, "dbname=yuncang", false, "libpq connection string; several hosts with target_session_attrs=read-write are fine") \
	X(db_batch_connections, INT, 1, 16, "3", false, "connections that take group commits, of orders and of payments") \
	X(db_query_connections, INT, 1, 64, "8", false, "connections for reads, late payments and imports") \
	X(db_statement_ms_max, MS, 100, 600000, "30s", false, "statement_timeout of every connection") \
	X(db_lock_ms_max, MS, 100, 600000, "10s", false, "lock_timeout of every connection") \
	X(db_connect_ms_max, MS, 100, 60000, "5s", false, "time one attempt to connect may take") \
	X(batch_orders_max, INT, 1, 2000, "256", true, "orders, or payments, in one group commit") \
	X(batch_queue_max, INT, 1, 1000000, "20000", true, "orders that may wait for a commit, and payments as well; beyond, busy") \
	X(query_queue_max, INT, 1, 100000, "2000", false, "reads and late payments that may wait; beyond, busy") \
	X(decide_tries_max, INT, 1, 64, "8", true, "times an order that lost a race is decided again") \
	X(connections_max, INT, 1, 100000, "10000", false, "open HTTP connections") \
	X(bytes_in_flight_max, SIZE, 1048576, INT64_C(1) << 40, "256MiB", true, "request bytes held at once; beyond, busy") \
	X(body_size_max, SIZE, 1024, 1 << 30, "8MiB", true, "largest request body of any method") \
	X(json_size_max, SIZE, 1024, 1 << 30, "2MiB", true, "largest JSON body") \
	X(head_size_max, SIZE, 1024, 1 << 20, "16KiB", false, "largest request line with headers") \
	X(request_memory_max, SIZE, 65536, 1 << 30, "64MiB", true, "arena of one request") \
	X(request_ms_max, MS, 10, 600000, "30s", true, "longest deadline of one request") \
	X(idle_ms_max, MS, 1000, 3600000, "2min", false, "an idle keep-alive connection is closed after this") \
	X(order_lines_max, INT, 1, 200, "50", true, "lines of one order") \
	X(submit_orders_max, INT, 1, 1000, "100", true, "orders of one SubmitOrders") \
	X(upsert_rows_max, INT, 1, 100000, "10000", true, "rows of one catalog upsert") \
	X(list_rows_max, INT, 1, 10000, "200", true, "rows of one list page") \
	X(tasks_wait_ms_max, MS, 0, 600000, "25s", true, "longest wait_ms of ListTasks; request_ms_max ends it, too") \
	X(tasks_waiting_max, INT, 0, 100000, "8000", true, "calls of ListTasks that may wait at once; beyond, busy") \
	X(tasks_reads_max, INT, 1, 64, "4", true, "reads under way for screens that wait") \
	X(tasks_gather_ms, MS, 0, 10000, "100ms", true, "a location's tasks are read at most once in this time for screens that wait") \
	X(claims_max, INT, 1000, 100000000, "5000000", false, "ownership claims held in memory") \
	X(claim_age_ms_max, MS, 0, INT64_C(2592000000), "24h", true, "how long after it happened a customer's claim may be told") \
	X(quote_ttl_ms, MS, 1000, 86400000, "10min", true, "life of a quote token") \
	X(feed_poll_ms, MS, 10, 60000, "200ms", true, "how often other instances' changes are read") \
	X(feed_keep_ms, MS, 60000, INT64_C(86400000), "10min", true, "how long change feed rows are kept") \
	X(expiry_poll_ms, MS, 50, 60000, "1s", true, "how often unpaid orders past their time are released") \
	X(collection_tries_max, INT, 1, 100, "5", true, "wrong collection codes that lock a fulfilment's collection") \
	X(collection_lock_ms, MS, 1000, 86400000, "15min", true, "how long collection stays locked after too many wrong codes") \
	X(silence_ship_ms, MS, 60000, INT64_C(7776000000), "240h", true, "a shipped parcel without news counts as delivered after this") \
	X(silence_deliver_ms, MS, 60000, INT64_C(7776000000), "48h", true, "a store's delivery without news counts as delivered after this; a failed one is turned back") \
	X(returning_ms_max, MS, 60000, INT64_C(7776000000), "240h", true, "goods on their way back to a store count as lost after this") \
	X(return_bring_ms_max, MS, 60000, INT64_C(31536000000), "336h", true, "a requested return that nobody brings lapses after this") \
	X(return_decide_ms_max, MS, 60000, INT64_C(31536000000), "168h", true, "a received return that nobody inspects counts as taken back, damaged, after this") \
	X(clock_may_move, BOOL, 0, 0, "off", false, "let AdminService.MoveClock move this instance's wall clock; for tests and demonstrations only") \
	X(webhook_poll_ms, MS, 10, 60000, "200ms", true, "how often events are looked for that endpoints have to hear of") \
	X(webhook_timeout_ms, MS, 50, 60000, "10s", true, "time an endpoint may take to answer; its lease is three times as long") \
	X(webhook_retry_ms, MS, 10, 60000, "5s", true, "pause behind the first failure; later ones are fixed multiples of it, eleven tries over a day at 5s") \
	X(webhook_tries_max, INT, 1, 11, "11", true, "tries of one delivery before it is a dead letter") \
	X(webhook_sends_max, INT, 1, 4096, "256", false, "deliveries under way at once") \
	X(webhook_backlog_max, INT, 100, 1000000000, "1000000", true, "deliveries that may wait for one endpoint; beyond, it is disabled") \
	X(webhook_private_allowed, BOOL, 0, 0, "off", true, "deliver to private, loopback and link-local addresses, too") \
	X(webhook_http_allowed, BOOL, 0, 0, "off", true, "deliver to http:// URLs, too") \
	X(webhook_ca_file, TEXT, 0, 0, "", false, "PEM certificates that endpoints and the courier are verified against; empty: the system's") \
	X(dead_letter_days, INT, 1, 3650, "30", true, "days a dead letter is kept") \
	X(retention_days, INT, 0, 3650, "180", true, "days after its submit that an order's contact is erased; 0: never") \
	X(retention_poll_ms, MS, 50, 86400000, "10min", true, "how often contacts and dead letters past their time are looked for") \
	X(courier_url, TEXT, 0, 0, "", false, "base URL of the courier's API; empty: there is none") \
	X(courier_secret_file, TEXT, 0, 0, "", false, "file with the secret shared with the courier, whsec_ and base64") \
	X(courier_timeout_ms, MS, 50, 60000, "5s", true, "time the courier may take to answer") \
	X(courier_poll_ms, MS, 20, 3600000, "2s", true, "how often the courier is asked for news") \
	X(scorecard_poll_ms, MS, 50, 86400000, "15min", true, "how often the scorecards of dealers are counted") \
	X(timer_poll_ms, MS, 20, 60000, "500ms", true, "how often offers, holds and waits that end are looked for") \
	X(timer_runs_max, INT, 1, 1000, "32", true, "orders whose timers one instance fires at once") \
	X(timer_lease_ms, MS, 1000, 3600000, "20s", true, "time an instance has to fire a timer before another may") \
	X(await_customer_ms, MS, 60000, INT64_C(30) * 86400000, "2d", true, "a customer who is asked for another way has this long; then what has no home is cancelled") \
	X(unfillable_ms, MS, 60000, INT64_C(30) * 86400000, "1d", true, "what nobody can fulfil is cancelled after this") \
	CONF_MONEY_TABLE(X) \
	X(drain_ms_max, MS, 0, 600000, "20s", true, "on SIGTERM, time to finish requests") \
	X(log_level, LEVEL, 0, 0, "info", true, "error, warn, info or debug")
/* clang-format on */

#define CONF_TYPE_INT int64_t
#define CONF_TYPE_SIZE int64_t
#define CONF_TYPE_MS int64_t
#define CONF_TYPE_BOOL bool
#define CONF_TYPE_TEXT char *
#define CONF_TYPE_LEVEL char * /* a word of log.h */

struct conf {
#define X(name, type, min, max, def, reload, text) CONF_TYPE_##type name;
	CONF_TABLE(X)
#undef X
};

/**
 * conf_load(c, path, r):
 * Defaults, then the file (NULL: none), then the environment, into ${c}.
 *
 * ERR_CONF: ${r} says "yuncang.conf:12: batch_orders_max: 0 is not 1 to 2000".  An unknown
 *     name, a repeated name and an unknown YUNCANG_* variable but CONF_ENV_KEY are errors too.
 * conf_release() frees the texts.
 */
#define CONF_ENV_KEY "YUNCANG_KEY" /* no setting: the API key of yuncang call */
enum err conf_load(struct conf *c, const char *path, struct reason *r) MUST_CHECK;
void conf_release(struct conf *c);
/* Takes the reloadable settings of ${fresh}, warns about others that differ; ${fresh} stays the caller's. */
void conf_reload(struct conf *c, const struct conf *fresh);
void conf_print(const struct conf *c, FILE *to); /* the file that would give ${c} */
void conf_print_man(FILE *to);                   /* the man page's list, in man(7) */

#endif
