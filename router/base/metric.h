#ifndef ROUTER_BASE_METRIC_H
#define ROUTER_BASE_METRIC_H

/*
 * metric: counters, gauges and latency histograms, one table; /metrics prints it.
 *
 * One thread writes, so these are plain adds.  A histogram has fixed buckets in µs, doubling from
 * 50 µs to 25 s.  Labelled families (errors by name, calls by method) are arrays owned by who counts
 * them and print through metric_print_labelled().
 */
#include <stdint.h>

#include "base/buf.h"

/* name, kind (COUNTER, GAUGE, HISTOGRAM), help */
/* clang-format off */
#define METRIC_TABLE(X) \
	X(http_requests_total, COUNTER, "HTTP requests answered") \
	X(http_connections, GAUGE, "open HTTP connections") \
	X(http_bytes_in_flight, GAUGE, "request bytes held") \
	X(http_refused_total, COUNTER, "requests refused before a method saw them") \
	X(orders_committed_total, COUNTER, "orders committed") \
	X(orders_repeated_total, COUNTER, "submits answered from an order that was there") \
	X(orders_expired_total, COUNTER, "unpaid orders released") \
	X(payments_total, COUNTER, "payments recorded") \
	X(timers_fired_total, COUNTER, "acts of timers: offers that lapsed, holds and waits that ended, units moved on") \
	X(settled_total, COUNTER, "orders whose money was gone over: holds, results, payouts, refunds, releases") \
	X(settle_postings_total, COUNTER, "rows of the journal that came of it") \
	X(settle_failed_total, COUNTER, "orders whose money did not go on, to be tried again") \
	X(payables_late_fen, GAUGE, "fen that have been owed for a day and are not on their way") \
	X(hold_late_s, GAUGE, "seconds by which the oldest hold should have ended") \
	X(acts_total, COUNTER, "acts written: what happened to orders after their commit") \
	X(batches_total, COUNTER, "group commits") \
	X(batch_orders_total, COUNTER, "orders that went through a group commit") \
	X(batch_retries_total, COUNTER, "group commits run again after deadlock, serialization failure or a lost connection") \
	X(batch_splits_total, COUNTER, "group commits split to find one bad order") \
	X(batch_bad_orders_total, COUNTER, "orders that broke a constraint: a bug of validation") \
	X(pay_batches_total, COUNTER, "group commits of payments") \
	X(pay_batch_payments_total, COUNTER, "payments that went through a group commit") \
	X(pay_batch_retries_total, COUNTER, "group commits of payments run again") \
	X(pay_batch_splits_total, COUNTER, "group commits of payments split to find one that is bad") \
	X(pay_batch_bad_total, COUNTER, "payments that broke a constraint: a bug of validation") \
	X(pay_reads_total, COUNTER, "reads of orders to be paid, each for many") \
	X(pay_read_payments_total, COUNTER, "payments that went through such a read") \
	X(decide_again_total, COUNTER, "orders decided again because others were faster") \
	X(probes_total, COUNTER, "reads of fresh figures before a refusal") \
	X(claims_total, COUNTER, "ownership claims made and repeated") \
	X(sealed_rows_total, COUNTER, "journal rows this instance sealed into the books") \
	X(exports_total, COUNTER, "exports of the books that ended, whole or not") \
	X(bills_matched_total, COUNTER, "bills of the payment provider that were matched with the books") \
	X(bills_put_off_total, COUNTER, "bills that were refused or could not be matched, each time: a person may have to look") \
	X(recon_exceptions_total, COUNTER, "exceptions that they opened") \
	X(seal_batches_total, COUNTER, "batches it sealed them in") \
	X(seal_rows_behind, GAUGE, "journal rows that were not sealed at the last look") \
	X(seal_seconds_behind, GAUGE, "age in seconds of the oldest of them, by the business clock") \
	X(scorecards_total, COUNTER, "times this instance counted the scorecards") \
	X(batch_queue, GAUGE, "orders waiting for a commit") \
	X(pay_batch_queue, GAUGE, "payments waiting for a commit") \
	X(pay_read_queue, GAUGE, "payments waiting for a read") \
	X(feed_rows_total, COUNTER, "change feed rows read") \
	X(catalog_loads_total, COUNTER, "catalog snapshots built") \
	X(catalog_load_us, GAUGE, "microseconds the last catalog build held the loop") \
	X(events_told_total, COUNTER, "events moved from the outbox to the endpoints that hear of them") \
	X(webhook_tries_total, COUNTER, "webhook deliveries tried") \
	X(webhook_delivered_total, COUNTER, "webhook deliveries taken by their endpoint") \
	X(webhook_failed_total, COUNTER, "webhook tries that failed") \
	X(webhook_dead_total, COUNTER, "webhook deliveries given up") \
	X(webhook_disabled_total, COUNTER, "webhook endpoints disabled by themselves") \
	X(webhook_sends, GAUGE, "webhook deliveries under way") \
	X(contacts_erased_total, COUNTER, "contacts erased after their time") \
	X(courier_calls_total, COUNTER, "requests to the courier") \
	X(courier_failed_total, COUNTER, "requests to the courier that failed") \
	X(courier_news_total, COUNTER, "news of the courier taken in") \
	X(provider_requests_total, COUNTER, "requests to the payment provider") \
	X(provider_unknown_total, COUNTER, "requests to the payment provider whose outcome was unknown") \
	X(provider_untrusted_total, COUNTER, "answers of the payment provider that were not signed as they must be") \
	X(provider_limited_total, COUNTER, "requests that the payment provider refused as too many") \
	X(provider_results_total, COUNTER, "results of payments, returns and refunds that the provider told") \
	X(provider_closed_total, COUNTER, "of these, closed or refused") \
	X(provider_differs_total, COUNTER, "calls that the provider knows otherwise than we do: a person must look") \
	X(provider_calls, GAUGE, "calls to the provider in hand") \
	X(provider_overdue, GAUGE, "calls to the provider, open, whose deadline is near or past") \
	X(provider_us, HISTOGRAM, "one request to the payment provider") \
	X(db_reconnects_total, COUNTER, "database connections opened again") \
	X(tasks_waiting, GAUGE, "calls of ListTasks that wait") \
	X(tasks_reads_total, COUNTER, "reads of tasks for those that wait") \
	X(tasks_wake_us, HISTOGRAM, "from hearing that tasks changed to the answer of a call that waited") \
	X(commit_us, HISTOGRAM, "from queueing an order to its durable commit") \
	X(pay_commit_us, HISTOGRAM, "from queueing a payment to its durable commit") \
	X(request_us, HISTOGRAM, "from the last byte of a request to its reply") \
	X(webhook_us, HISTOGRAM, "one webhook try") \
	X(decide_us, HISTOGRAM, "one run of the decision")
/* clang-format on */

/* clang-format off */
enum metric {
#define X(name, kind, help) METRIC_##name,
	METRIC_TABLE(X)
#undef X
	METRIC_COUNT
};
/* clang-format on */

void metric_add(enum metric m, int64_t n);      /* counters and gauges */
void metric_set(enum metric m, int64_t v);      /* gauges */
void metric_observe(enum metric m, int64_t us); /* histograms */
int64_t metric_get(enum metric m);
void metric_print(struct buf *out); /* Prometheus text, every row, prefix yuncang_ */
void metric_print_labelled(struct buf *out, const char *name, const char *help, const char *label,
    const char *const *values, const int64_t *v, int count);

#endif
