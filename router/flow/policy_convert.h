#ifndef ROUTER_FLOW_POLICY_CONVERT_H
#define ROUTER_FLOW_POLICY_CONVERT_H

/*
 * policy_convert: a routing policy off the wire as decide() reads it.
 *
 * Codes become ids of ${w}, so that the result is good for worlds built from the same database.  A number
 * left out (0) takes its default: scan_max 256, radius_m 20000, distance_band_m 1000, max_parcels 3,
 * accept_open_min 30, payment_hold_min 15, quote_ttl_min 0 (the setting), pickup_hold_days 7, return_window_days 7,
 * slip_hours 24, max_hops 5, quote_options_max 8, site_promise_hours 72, cloud_promise_hours 48,
 * made_to_order_days 15, deliver_window_min 120; an empty ranking: source, distance band, promise, grade,
 * scorecard, load, cover, cost.  grade_worst, stale_after_min and parcel_min_fen 0 filter nothing.
 */
#include "domain/policy.h"
#include "yuncang/v1/policy.pb-c.h"

/**
 * policy_convert(w, m, version, effective_from_us, out, r):
 * Make a policy of ${m}; free it with policy_free().
 *
 * BAD_FIELD: over a limit, a number that no enum has, a rule without steps or refusal, a thing twice.
 * UNKNOWN_ID: a code that ${w} does not know.  ${r}->field: "policy.rules[2].when.sku_classes[0]".
 */
enum err policy_convert(const struct world *w, const Yuncang__V1__RoutingPolicy *m, int32_t version,
    int64_t effective_from_us, struct policy **out, struct reason *r) MUST_CHECK;
void policy_free(struct policy *p);

#endif
