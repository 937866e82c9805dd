#ifndef ROUTER_DOMAIN_ORDER_H
#define ROUTER_DOMAIN_ORDER_H

/*
 * order: what a customer wants, in the domain's own terms.  flow/order_convert makes it from the wire,
 * codes already looked up; domain/validate has judged it.  All arrays are bounded by ORDER_LINES_MAX.
 */
#include <stdbool.h>
#include <stdint.h>

#include "domain/world.h"

#define ORDER_LINES_MAX 200
#define ORDER_QUANTITY_MAX 9999
#define EXCLUDE_MAX 16

struct order_line {
	int32_t sku; /* index in the world */
	int32_t quantity;
	int64_t price_fen;    /* unit price, between floor and list */
	int64_t discount_fen; /* per unit, off the price, funded by the campaign */
	int32_t campaign;     /* index or NONE */
	int32_t together;     /* lines with the same number > 0 travel in one parcel; 0: free */
};

/* Who owns the customer, frozen into the order with the evidence. */
enum owner_source {
	OWNER_BY_SCAN = 1,
	OWNER_BY_BIND,
	OWNER_BY_LOCATION,
	OWNER_BY_STOREFRONT,
	OWNER_BY_TERRITORY,
	OWNER_BY_BRAND,
	OWNER_BY_SERVING
};
struct owner {
	int32_t dealer; /* party id; the brand's where nobody owns */
	int32_t store;  /* location id or 0 */
	int32_t staff;  /* party id or 0 */
	enum owner_source source;
	uint32_t since_min; /* of the claim; 0: none */
};

/* May the owner's stores go before other dealers' stores?  The figures say why not; 0 while they may. */
enum first_offer_state {
	FIRST_OFFER_HELD,
	FIRST_OFFER_LOST_GRADE,
	FIRST_OFFER_LOST_ACCEPT,
	FIRST_OFFER_COUNT
};
struct first_offer {
	enum first_offer_state state;
	int32_t grade, accept_bps;
};

struct request {
	int64_t now_us;
	int32_t storefront; /* index */
	uint64_t customer;  /* 64-bit hash of the customer id; 0: guest */
	enum way way;       /* asked for; WAY_NONE: none */
	int32_t location;   /* asked for, index or NONE */
	bool has_position;
	int32_t lat_e6, lon_e6;
	int32_t territory;     /* index of the address's territory, or NONE */
	int32_t serving_store; /* index, signature checked; or NONE */
	bool has_slot;
	int32_t slot_day; /* days since 1970 */
	int16_t slot_from_min, slot_to_min;
	int exclude_count;
	int32_t exclude[EXCLUDE_MAX]; /* location ids */
	int line_count;
	struct order_line *lines;
	bool prepaid;       /* comes with its payment */
	int32_t paid_party; /* id of the merchant that was paid; 0: none yet */
	bool accept_other_way;
};

#endif
