#ifndef ROUTER_DOMAIN_SPLIT_H
#define ROUTER_DOMAIN_SPLIT_H

/*
 * split: who earns which fen of a plan; design "The money", "Split rules".
 *
 * Fixed and cost legs first; a basis-point leg is computed and rounded once per line part, then spread
 * over its units; the owner's leg of a unit is what is left of that unit.  Legs add up to paid plus
 * funded by others, asserted.  No zero legs.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/money.h"
#include "domain/decide.h"

enum leg_kind { LEG_COST = 1, LEG_MARGIN, LEG_TRANSFER, LEG_HANDLING, LEG_PLATFORM_FEE, LEG_PROVIDER_FEE,
	LEG_STAFF, LEG_DELIVERY_INCOME, LEG_COURIER, LEG_SHORTFALL, LEG_CHANNEL, LEG_KIND_COUNT };

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
	bool has_transfer;   /* false: another dealer's goods at their contract cost */
	int64_t courier_cost_fen;
	bool brand_bears_courier;
	enum negative_margin negative;
	int64_t absorb_max_fen;
};
struct split_book {
	int32_t version;
	int64_t effective_from_us;
	int rule_count;
	struct split_rule *rules;
};

struct leg {
	enum leg_kind kind;
	int32_t party;  /* id */
	int64_t fen;    /* MARGIN may be negative (a receivable); all others positive */
	int16_t line;   /* index, or -1: the order's own (delivery) */
	int16_t part;   /* index in the plan, or -1 */
};

struct funding { int32_t party; int64_t fen; };

struct split_total {
	int64_t goods_fen;     /* what the customer pays for goods */
	int64_t delivery_fee_fen;
	int64_t total_fen;     /* goods + delivery fee: cash */
	int64_t funded_fen;    /* by campaigns */
	int64_t provider_fee_fen;
	int64_t cost_fen;      /* frozen contract cost of all units */
	int64_t owner_margin_fen; /* residual legs minus frozen cost of units of the owner's own goods */
	int64_t absorbed_fen;
	int64_t cost_unit_fen[ORDER_LINES_MAX]; /* frozen contract cost of a unit, by line */
};
struct split {
	struct split_total total;
	int leg_count;
	struct leg *legs; /* by (line, part, kind) */
	int funding_count;
	struct funding funding[FUNDERS_MAX * 4];
};

struct split_in {
	const struct world *world;
	const struct request *request;
	const struct owner *owner;
	const struct plan *plan;
	const struct split_book *book;
	int32_t collector;      /* party id: its provider's fee rate applies */
	const int64_t *cost_unit_fen; /* frozen costs by line; NULL: the catalog's */
};

/**
 * split(in, arena, out, r):
 * The legs of ${in}->plan.
 *
 * errors   MARGIN_BELOW_FLOOR: the rule rejects a negative margin, or absorbs less; OVERFLOW;
 *          NO_POLICY: no rule of the book matches a line; NO_MEMORY.  ${r} says which line.
 */
enum err split(const struct split_in *in, struct arena *arena, struct split **out, struct reason *r) MUST_CHECK;

/* The book in force at ${now_us}, or the one of a version; NULL: none. */
const struct split_book *split_book_at(const struct world *w, int64_t now_us);
const struct split_book *split_book_version(const struct world *w, int32_t version);
/* The most specific rule for a line part: see design, "One whole rule wins".  NULL: none. */
const struct split_rule *split_rule_find(const struct world *w, const struct split_book *b, const struct sku *s,
    const struct party *owner, enum way way, enum storefront_kind front);

/* Who collects (design, "so the route decides who collects"): party id. */
int32_t collector_choose(const struct world *w, const struct request *q, const struct plan *p);

#endif
