#ifndef ROUTER_DOMAIN_SPLIT_H
#define ROUTER_DOMAIN_SPLIT_H

/*
 * split: who earns which fen of a plan; design "The money", "Split rules".
 *
 * Fixed and cost legs first.  A basis-point leg is computed and rounded once, then spread over its units:
 * of what goes with the sale (platform, channel, staff) once per line as far as one rule holds, of what
 * goes with the work (handling, warehouse, transfer) once per row.  A row is units of one line, from one
 * location, of one goods owner.  The owner's leg of a unit is what is left of that unit.
 *
 * Σ legs = total_fen + funded_fen + absorbed_fen, asserted.  No zero legs.
 *
 * The provider's fee is that of the goods alone, spread over the lines by cash, plus what the delivery fee
 * adds to it, which the delivery bears: so the owner's margin on goods is the same whatever a way charges
 * for delivery.  What the delivery fee leaves after fee and courier is DELIVERY_INCOME of the store that
 * delivers, of the brand for what is shipped; what it lacks is a negative MARGIN leg.
 *
 * MARGIN is the true residual.  What the brand adds to a negative one is a SHORTFALL leg to the owner,
 * absorbed_fen in the totals and a row of funding.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/money.h"
#include "domain/decide.h"
#include "domain/leg_kind.h"
#include "domain/split_basis.h"
#include "domain/split_book.h"

struct leg {
	enum leg_kind kind;
	int32_t party; /* id */
	int64_t fen;   /* MARGIN may be negative (a receivable); all others positive */
	int16_t line;  /* index, or -1: the order's own (delivery) */
	int16_t part;  /* index in the plan */
	int16_t row;   /* index in the part's lines, or -1: the order's own */
};

#define FUNDINGS_MAX (FUNDERS_MAX * 4)
struct funding {
	int32_t party;
	int64_t fen;
};

struct split_total {
	int64_t goods_fen; /* what the customer pays for goods */
	int64_t delivery_fee_fen;
	int64_t total_fen;  /* goods + delivery fee: cash */
	int64_t funded_fen; /* by campaigns */
	int64_t provider_fee_fen;
	int64_t cost_fen;         /* frozen contract cost of all units */
	int64_t owner_margin_fen; /* MARGIN and SHORTFALL legs minus frozen cost of units of the
	                             owner's own goods (where the brand stands in, they have a COST leg) */
	int64_t absorbed_fen;     /* by the brand: SHORTFALL legs */
	/* Frozen contract cost of a unit, by line of the request; the last member, unset beyond them. */
	int64_t cost_unit_fen[ORDER_LINES_MAX];
};
struct split {
	struct split_total total;
	struct split_basis *basis; /* NULL: of a decision made before these were kept */
	int leg_count;
	struct leg *legs;  /* by (line, part, row, kind) */
	int funding_count; /* one row a party; Σ = funded_fen + absorbed_fen */
	struct funding funding[FUNDINGS_MAX];
};

/* One unit's legs: what a hand-over posts and a refund reverses. */
#define UNIT_LEGS_MAX LEG_KIND_COUNT
struct unit_split {
	int leg_count;
	struct leg legs[UNIT_LEGS_MAX]; /* kind, party and fen as in the split's legs */
	int funding_count;              /* this unit's; Σ legs = paid_fen + Σ funding */
	struct funding funding[FUNDERS_MAX + 1];
	int64_t paid_fen; /* cash for it */
};

struct split_in {
	const struct world *world;
	const struct request *request;
	const struct owner *owner;
	const struct plan *plan;
	const struct split_book *book;
	int32_t collector;            /* party id: its provider's fee rate applies */
	const int64_t *cost_unit_fen; /* frozen costs by line; NULL: the catalog's */
	const int32_t *fee_bps;       /* the provider's rate, frozen; NULL: the collector's */
	/* NULL: looked up.  Not NULL: a split made before, to be made again; fits plan and book */
	const struct split_basis *basis;
};

/**
 * split(in, arena, out, r):
 * The legs of ${in}->plan.
 *
 * errors   MARGIN_BELOW_FLOOR: the rule rejects a negative margin; OVERFLOW, also more than
 *          FUNDINGS_MAX funders; NO_POLICY: no rule of the book matches a line; NO_MEMORY.  ${r} says
 *          which line.
 */
enum err split(const struct split_in *in, struct arena *arena, struct split **out,
    struct reason *r) MUST_CHECK;

/*
 * The legs of unit ${unit} (from 0) of row ${row} of part ${part}, from what split() made of
 * the same ${in}.  Over the units of a row they add up to its legs.
 */
void split_unit(const struct split_in *in, const struct split *s, int part, int row, int32_t unit,
    struct unit_split *out);

/* Who gets what is left: the owner, or the brand where nobody owns or the owner's store is brand-run. */
const struct party *split_residual(const struct world *w, const struct owner *o);

/* Who collects (design, "so the route decides who collects"): party id. */
int32_t collector_choose(const struct world *w, const struct request *q, const struct plan *p);

#endif
