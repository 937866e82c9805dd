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
/* Who bears what goes wrong; the numbers are the proto's. */
enum bearer { BEARER_OWNER = 1, BEARER_BRAND, BEARER_FULFILLER };
enum negative_margin { NEGATIVE_RECEIVABLE = 1, NEGATIVE_REJECT, NEGATIVE_BRAND_ABSORBS };

struct split_rule {
	int32_t sku, class_idx, dealer, grade; /* sku and dealer ids; class NONE; 0: any */
	enum way way;
	int storefront_kind; /* 0: any */
	struct charge handling, warehouse, transfer, platform_fee, channel, staff;
	bool has_transfer; /* false: another dealer's goods at their contract cost */
	int64_t courier_cost_fen;
	bool brand_bears_courier;
	int32_t hold_days;         /* 0: the routing policy's return window */
	int32_t forfeit_owner_bps; /* of a forfeit; the rest is the brand's */
	enum bearer lost_fee, freight, dispute;
	enum negative_margin negative;
	int64_t absorb_max_fen;
};
/* Memo: of an amount with tax, bps / (10000 + bps) of it is tax. */
#define TAX_RATES_MAX 64
struct tax_rate {
	int32_t class_idx; /* a tax class of skus */
	int32_t bps;
};
/* Of one book: each row of an order looks through all of them. */
#define SPLIT_RULES_MAX 1024
struct split_book {
	int32_t version;
	int64_t effective_from_us;
	int rule_count;
	struct split_rule *rules;
	int tax_count;
	struct tax_rate *taxes; /* each class once */
};

/* The book in force at ${now_us}; NULL: none.  That of a version, archived or not: store/catalog.h. */
const struct split_book *split_book_at(const struct world *w, int64_t now_us);
/*
 * The most specific rule for a row: sku, then class, dealer, grade, way, storefront kind; of equals the
 * first in the book.  ${owner} is the residual party.  NULL: none.
 */
const struct split_rule *split_rule_find(const struct world *w, const struct split_book *b,
    const struct sku *s, const struct party *owner, enum way way, enum storefront_kind front);

/*
 * What the rule says of a hand-over's aftermath.  Find the rule by the order's frozen book and basis:
 * split_basis_rule(), domain/split.h.
 *
 * Days that its legs are held; ${window_days} is the policy's return window, ${staff}: a commission is among them.
 */
int split_hold_days(const struct split_rule *r, int window_days, bool staff);
/* The party id that ${b} names; ${owner} is the residual party, ${fulfiller} runs the location, 0: nobody does. */
int32_t split_bearer(const struct world *w, enum bearer b, int32_t owner, int32_t fulfiller);
/* The rate of ${s}, 0: none; and the tax in an amount that includes it, half up, negatives mirrored. */
int32_t split_tax_bps(const struct split_book *b, const struct sku *s);
int64_t split_tax(int64_t fen, int32_t bps);

#endif
