#ifndef ROUTER_FLOW_CATALOG_CHECK_H
#define ROUTER_FLOW_CATALOG_CHECK_H

/*
 * catalog_check: rows of catalog upserts off the wire, each value within its limits, as the rows that
 * store/catalog_write.h takes.  Texts are borrowed from the message.
 *
 * BAD_FIELD with the field's path ("locations[17].position.latitude").  That codes name something is
 * store/catalog_write's to say.
 */
#include "store/catalog_write.h"
#include "yuncang/v1/catalog.pb-c.h"

#define NAME_BYTES_MAX 200
#define CLASS_BYTES_MAX 64
#define EVIDENCE_BYTES_MAX 300
#define NOTE_BYTES_MAX 1000
#define CUSTOMER_BYTES_MAX 200
#define PIECES_MAX 1000000000
#define DELTA_MAX 1000000
#define CAMPAIGN_SKUS_MAX 1000
#define COUNT_AHEAD_US (5 * INT64_C(60000000)) /* a clock may be this far ahead of ours */

/* Where a row stands; made once a row. */
struct check {
	struct reason *r;
	int64_t now_us; /* what an unset time means */
	char above[32]; /* "locations[17]" */
};
void check_row(struct check *c, const char *list, size_t row);

enum err check_party(struct check *c, const Yuncang__V1__Party *m,
    struct party_row *out) MUST_CHECK;
enum err check_dealer(struct check *c, const Yuncang__V1__Dealer *m,
    struct party_row *out) MUST_CHECK;
enum err check_territory(struct check *c, const Yuncang__V1__Territory *m,
    struct territory_row *out) MUST_CHECK;
enum err check_location(struct check *c, const Yuncang__V1__Location *m,
    struct location_row *out) MUST_CHECK;
enum err check_slot(struct check *c, const Yuncang__V1__Slot *m, struct slot_row *out) MUST_CHECK;
enum err check_storefront(struct check *c, const Yuncang__V1__Storefront *m,
    struct storefront_row *out) MUST_CHECK;
enum err check_sku(struct check *c, const Yuncang__V1__Sku *m, struct sku_row *out) MUST_CHECK;
enum err check_count(struct check *c, const Yuncang__V1__StockCount *m,
    struct count_row *out) MUST_CHECK;
enum err check_delta(struct check *c, const Yuncang__V1__StockDelta *m,
    struct delta_row *out) MUST_CHECK;
enum err check_entitlement(struct check *c, const Yuncang__V1__Entitlement *m,
    struct entitlement_row *out) MUST_CHECK;
enum err check_campaign(struct check *c, const Yuncang__V1__Campaign *m,
    struct campaign_row *out) MUST_CHECK;
enum err check_claim(struct check *c, const Yuncang__V1__Claim *m,
    struct claim_row *out) MUST_CHECK;

/* Used by the checks of locations, which have a file of their own. */
enum err check_code(struct check *c, const char *name, int index, const char *code) MUST_CHECK;
enum err check_code_or_none(struct check *c, const char *name, const char *code) MUST_CHECK;
enum err check_bytes(struct check *c, const char *name, const char *text, size_t max) MUST_CHECK;
enum err check_region(struct check *c, const char *name, int index, const char *region) MUST_CHECK;

#endif
