#ifndef ROUTER_DOMAIN_DECISION_H
#define ROUTER_DOMAIN_DECISION_H

/* decision: what decide() looked at and what came of it; plain figures, ids, no indexes of a world. */
#include "base/err.h"
#include "domain/order.h"
#include "domain/policy.h"

#define SCAN_MAX 256
#define CANDIDATES_MAX 16 /* recorded a step, and tried in placing */
#define PARCELS_MAX 8
#define GOODS_OWNERS_MAX 4 /* of one sku at one location */
#define GROUPS_MAX 8       /* lines whose rules differ are placed apart */
#define OPTIONS_MAX 16

/* First reason that rules a candidate out, in the order they are checked; numbers are the proto's. */
enum reason_code {
	OUT_NOT = 0,
	OUT_DISABLED,
	OUT_CAPABILITY,
	OUT_EXCLUDED,
	OUT_RADIUS,
	OUT_TERRITORY,
	OUT_GRADE,
	OUT_NOT_STOCKED,
	OUT_STOCK,
	OUT_SAFETY,
	OUT_STALE,
	OUT_SUSPECT,
	OUT_CAPACITY,
	OUT_SLOT,
	OUT_CLOSED,
	OUT_ENTITLEMENT,
	OUT_SPLIT_OFF,
	OUT_PARCEL_MIN,
	OUT_COUNT
};

/* What one location may give of one line: at most GOODS_OWNERS_MAX pools, in the order they are used. */
struct pool {
	int32_t goods_owner; /* party id */
	int32_t atp;         /* before this order; lines of one sku share it */
};
struct line_figures {
	bool stocked; /* false: made to order, no stock is asked; its one pool names the brand */
	int pool_count;
	int32_t
	    entitlement_left; /* CLOUD and a scarce sku: the owner's, over all lines; -1: open */
	struct pool pool[GOODS_OWNERS_MAX];
};

struct candidate {
	int32_t location; /* id */
	enum source source;
	enum way way;
	int32_t distance_m; /* -1: not measured */
	enum reason_code out;
	int32_t age_min;          /* of its oldest stock count; -1: none, or not recorded */
	int32_t capacity_left;    /* -1: no limit */
	int32_t capacity_day;     /* local date of the promise */
	int32_t entitlement_left; /* CLOUD: the owner's, smallest of the scarce lines; -1: open */
	int64_t promise_from_us, promise_to_us;
	int64_t offer_deadline_us;  /* 0: accepts by itself */
	int64_t key[RANK_KEYS_MAX]; /* in the policy's order, smaller is better */
	struct line_figures *lines; /* one for each line of the group, in its order */
	bool chosen;
};

/* One run over candidates of neighbouring steps of one way. */
struct step_run {
	int group;
	enum way way;
	int examined, beyond;
	int candidate_count; /* recorded: survivors in ranking order, then the eliminated */
	struct candidate *candidates;
	int32_t rest[OUT_COUNT]; /* examined but not recorded, by reason */
	bool chosen;
};

struct part_line {
	int32_t line; /* index in the request */
	int32_t quantity;
	int32_t goods_owner; /* party id */
	bool stocked;        /* false: made to order, takes no stock */
};
struct part {             /* goods from one location by one way: one fulfilment */
	int32_t location; /* id */
	enum way way;
	int32_t distance_m;
	int64_t promise_from_us, promise_to_us, offer_deadline_us;
	bool takes_capacity, takes_slot;
	bool cloud; /* units of scarce skus are charged to the owner's entitlement */
	int32_t capacity_day;
	int line_count;
	struct part_line *lines;
};
struct plan {
	enum way way; /* of the first part */
	int part_count;
	struct part *parts; /* numbered from 1 by position */
	int64_t delivery_fee_fen;
	int64_t promise_from_us, promise_to_us; /* of the latest part */
};

struct decision {
	int32_t policy_version;
	struct owner owner;
	struct first_offer first_offer;
	int run_count;
	struct step_run *runs;
	int group_count;
	int32_t group_of_line[ORDER_LINES_MAX];
	int32_t rule_of_group[GROUPS_MAX];
	int option_count;     /* 0: refused */
	struct plan *options; /* best first */
	struct reason
	    refusal; /* OUT_OF_STOCK, NO_LOCATION, REFUSED_BY_RULE, ENTITLEMENT_USED, SLOT_FULL */
};

#endif
