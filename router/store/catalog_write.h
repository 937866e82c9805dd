#ifndef ROUTER_STORE_CATALOG_WRITE_H
#define ROUTER_STORE_CATALOG_WRITE_H

/*
 * catalog_write: bulk upserts of the catalog and of what can be taken, all or nothing per call.
 *
 * Rows were checked by flow/catalog_check (lengths, ranges, words); here codes become ids and the
 * database's own rules hold.  A write of a catalog part raises its version in the same transaction and
 * answers after this instance has read it back, so that a writer reads what he wrote; should that reading
 * fail, it answers all the same, because the write stands.  A write of stock, slots, … answers with the
 * commit: this instance's hints have it then, other instances' by the change feed.
 */
#include "base/arena.h"
#include "store/catalog.h"
#include "store/catalog_upsert.h"

/*
 * What became of a write: ${reason}->err is OK and the counts hold; or UNKNOWN_ID, BAD_FIELD,
 * EXISTS_DIFFERS, WRONG_STATE, NOT_FOUND with the field ("locations[17].operator") and a text; or the
 * database's error (TIMEOUT: the outcome is unknown; every write may be sent again).
 */
struct stock_told;
struct write_result {
	struct reason reason;
	int row; /* that the reason is about; -1: none of them */
	int written, older, repeated;
	const char *const *gaps;
	int gap_count;
	const struct stock_told *stock; /* of store/stock_report.h */
	int32_t version;
	int state; /* 1 draft, 2 active, 3 archived */
};
typedef void write_fn(void *ctx, const struct write_result *result);

/* ${done} once, later, unless the call says BUSY or NO_MEMORY.  Rows and arena live until then. */
struct writer {
	struct pool *pool;
	struct catalog *catalog; /* NULL: none is kept here; for stock only */
	struct arena *arena;
	write_fn *done;
	void *ctx;
};

enum err write_parties(const struct writer *w, const char *list, const struct party_row *rows,
    int count) MUST_CHECK;
enum err write_territories(const struct writer *w, const struct territory_row *rows,
    int count) MUST_CHECK;
enum err write_locations(const struct writer *w, const struct location_row *rows,
    int count) MUST_CHECK;
enum err write_slots(const struct writer *w, const struct slot_row *rows, int count) MUST_CHECK;
enum err write_storefronts(const struct writer *w, const struct storefront_row *rows,
    int count) MUST_CHECK;
enum err write_skus(const struct writer *w, const struct sku_row *rows, int count) MUST_CHECK;
enum err write_entitlements(const struct writer *w, const struct entitlement_row *rows,
    int count) MUST_CHECK;
enum err write_campaigns(const struct writer *w, const struct campaign_row *rows,
    int count) MUST_CHECK;
enum err write_claims(const struct writer *w, const struct claim_row *rows, int count) MUST_CHECK;

/* A new version of the routing policy, or with ${book} of the split rules: compiled first, then kept. */
struct version_put {
	bool book, active;
	int64_t effective_from_us;
	const char *json, *note;
};
enum err write_version(const struct writer *w, const struct version_put *put) MUST_CHECK;
/* DRAFT to ACTIVE (compiled first) and ACTIVE to ARCHIVED; else WRONG_STATE. */
enum err write_version_state(const struct writer *w, bool book, int32_t version,
    int state) MUST_CHECK;

#endif
