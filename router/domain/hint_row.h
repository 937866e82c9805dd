#ifndef ROUTER_DOMAIN_HINT_ROW_H
#define ROUTER_DOMAIN_HINT_ROW_H

/* hint_row: the rows of the hint tables; see hints.h. */
#include <stdint.h>

/* 32 bytes, two a cache line.  sku 0: an empty place. */
struct stock_hint {
	int32_t sku;         /* id */
	int32_t goods_owner; /* party id */
	int32_t atp;         /* on_hand - reserved - allocated - safety */
	int32_t inflight;
	int32_t version;
	int32_t safety;
	uint32_t counted_min;       /* minutes since 1970 */
	uint32_t suspect_until_min; /* 0: not suspect */
};

/*
 * The stock of one location: places first .. first + size - 1 of hints.stock, keyed by sku.  Most stores do
 * not stock what is asked: two bits of ${seen} are set for each sku put, so that of a store of fifty skus nineteen in
 * twenty of these are known from one cache line (seen with one bit each, nine in ten: 2.2 times the deliveries decided
 * a second).
 */
#define SEEN_WORDS 12
struct stock_region {
	uint32_t first;
	uint32_t size; /* a power of two, or 0 */
	uint32_t used;
	uint32_t mixed;            /* 1: of some sku here there are rows of several goods owners */
	uint32_t seen[SEEN_WORDS]; /* set by hints_stock_put() */
};

struct capacity_hint {         /* key (location id, day); location 0: empty */
	int32_t location, day; /* local date as days since 1970 */
	int32_t limit, taken, inflight, version;
};

struct slot_hint { /* key (location id, day, from, to) */
	int32_t location, day;
	int16_t from_min, to_min;
	int32_t limit, taken, inflight, version;
};

struct entitlement_hint { /* key (dealer id, sku id) */
	int32_t dealer, sku;
	int32_t ceiling, used, inflight, version;
};

struct budget_hint { /* key campaign id */
	int32_t campaign, version;
	int64_t left_fen, inflight_fen;
};

struct claim {             /* key customer hash; several rows a customer stand in one probe run */
	uint64_t customer; /* 0: empty */
	int32_t location;  /* id */
	int32_t staff;     /* party id or 0 */
	uint32_t from_min, until_min; /* minutes since 1970; until 0: for ever */
	uint32_t from_us; /* into that minute: of two scans within a minute the later wins */
	uint8_t kind;     /* enum claim_kind */
	uint16_t version; /* counts its corrections, round the end: the later one holds */
};

#endif
