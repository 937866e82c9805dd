#ifndef ROUTER_DOMAIN_SPLIT_BOOK_H
#define ROUTER_DOMAIN_SPLIT_BOOK_H

/*
 * split_book: the rules of who earns what, compiled by flow/book_convert from the proto message; versioned
 * and effective-dated.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/money.h"
#include "domain/world.h"

enum charge_base { BASE_GROSS = 1, BASE_PAID, BASE_COST, BASE_MARGIN };
struct charge { /* fixed fen a unit plus basis points of a base */
	int64_t fixed_fen;
	int32_t bps;
	enum charge_base base;
	enum rounding rounding;
};
enum negative_margin { NEGATIVE_RECEIVABLE = 1, NEGATIVE_REJECT, NEGATIVE_BRAND_ABSORBS };

struct split_rule {
	int32_t sku, class_idx, dealer, grade; /* sku and dealer ids; class NONE; 0: any */
	enum way way;
	int storefront_kind; /* 0: any */
	struct charge handling, warehouse, transfer, platform_fee, channel, staff;
	bool has_transfer; /* false: another dealer's goods at their contract cost */
	int64_t courier_cost_fen;
	bool brand_bears_courier;
	enum negative_margin negative;
	int64_t absorb_max_fen;
};
/* Of one book: each row of an order looks through all of them. */
#define SPLIT_RULES_MAX 1024
struct split_book {
	int32_t version;
	int64_t effective_from_us;
	int rule_count;
	struct split_rule *rules;
};

/* The book in force at ${now_us}; NULL: none.  That of a version, archived or not: store/catalog.h. */
const struct split_book *split_book_at(const struct world *w, int64_t now_us);
/*
 * The most specific rule for a row: sku, then class, dealer, grade, way, storefront kind; of equals the
 * first in the book.  ${owner} is the residual party.  NULL: none.
 */
const struct split_rule *split_rule_find(const struct world *w, const struct split_book *b,
    const struct sku *s, const struct party *owner, enum way way, enum storefront_kind front);

#endif
