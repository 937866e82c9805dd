#ifndef ROUTER_DOMAIN_SPLIT_ROW_H
#define ROUTER_DOMAIN_SPLIT_ROW_H

/* split_row: what split's files share; who funds a unit is asked by postings, too (split_fund_unit(), split_fund_add()). */
#include <stdbool.h>

#include "domain/split.h"

#define SPLIT_PARTS_MAX (GROUPS_MAX * PARCELS_MAX)

/* What a charge may be reckoned from; each amount is within FEN_MAX, so that a few add up safely. */
struct bases {
	int32_t quantity;
	int64_t gross_fen, paid_fen, cost_fen;
	int64_t fee_fen;   /* the provider's, of the goods */
	int64_t fixed_fen; /* the fixed parts of handling, warehouse, platform and channel legs */
};

/* Units of one line, from one location, of one goods owner. */
struct split_row {
	int16_t line, part, row;
	int32_t goods; /* party id: made to order is the brand's */
	/* party id of who handles and is paid for it; 0: nobody, or the owner himself */
	int32_t worker;
	const struct charge *work; /* handling, or warehouse, of the rule */
	const struct split_rule *rule;
	struct bases base;
	int64_t fen[LEG_KIND_COUNT];
	int32_t party[LEG_KIND_COUNT];
};

struct split_calc {
	const struct split_in *in;
	const struct party *owner; /* the residual party */
	const struct storefront *front;
	struct split_basis *basis; /* given, or filled as it is looked up */
	int row_count;
	struct split_row *rows; /* by (line, part, row) */
	bool overflow;          /* sticky: some amount passed FEN_MAX */
	struct split *split;
};

/* a * n, and basis points of a; past FEN_MAX 0 and overflow is set. */
int64_t calc_mul(struct split_calc *c, int64_t fen, int64_t n);
int64_t calc_bps(struct split_calc *c, int64_t fen, int32_t bps, enum rounding rounding);
int64_t calc_charge(struct split_calc *c, const struct charge *h, const struct bases *b);

/* Fills ${r} with the field of ${line}; returns ${e}. */
enum err split_refuse(struct reason *r, enum err e, int line, const char *text);
/* The rows of the plan with rule, worker and bases but for the fee: NO_MEMORY, NO_POLICY, OVERFLOW. */
enum err split_rows_make(struct split_calc *c, struct arena *arena, struct reason *r) MUST_CHECK;
/* Who funds what: OVERFLOW past FUNDINGS_MAX parties. */
enum err split_fund(struct split_calc *c, struct reason *r) MUST_CHECK;
enum err split_fund_add(struct split *s, int32_t party, int64_t fen, struct reason *r) MUST_CHECK;
/* What the funders of ${k} bear of one unit's discount, one amount a funder. */
void split_fund_unit(const struct campaign *k, int64_t discount_fen, int64_t *out);

/* A part's share of delivery: fee taken, and who gets or bears what is left. */
struct delivery {
	int64_t fee_fen, provider_fen, courier_fen, income_fen, margin_fen, shortfall_fen;
	int32_t courier, earner; /* party ids */
};
/* Into ${out}, one a part; rows have their rules. */
enum err split_delivery(struct split_calc *c, int64_t provider_fee_fen,
    struct delivery *out) MUST_CHECK;

#endif
