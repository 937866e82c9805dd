#ifndef SIMULATOR_MIX_H
#define SIMULATOR_MIX_H

/*
 * mix: what the customers order, and what goes wrong on the way.
 *
 * An order's plan is a pure function of (world, mix, number, hot), so that an old order can be sent
 * again, byte for byte, without having been kept.
 */
#include "base/arena.h"
#include "simulator/world.h"
#include "yuncang/v1/order.pb-c.h"

enum mix_mode { MODE_STEADY, MODE_PEAK, MODE_HOT };

/* The mission's four ways. */
enum mix_way { MIX_SHIP, MIX_CLOUD, MIX_PICKUP, MIX_DELIVER, MIX_WAYS };

#define PLAN_LINES_MAX 3
#define RUN_TAG_SIZE 20
#define REF_SIZE 48
#define MIX_PAYMENT_SIZE (REF_SIZE + 8)

struct mix {
	const struct world *world;
	enum mix_mode mode;
	int pay_percent;        /* of orders not paid already; the others expire */
	int64_t started_us;     /* wall time; slots are of the days after it */
	char tag[RUN_TAG_SIZE]; /* of this run: part of every order_ref */
};

struct plan_line {
	uint16_t sku;
	int32_t quantity;
	int64_t price_fen; /* 0: list */
	int32_t campaign;  /* -1: none */
	int64_t discount_fen;
};

struct plan {
	uint64_t number;
	enum mix_way way;
	char storefront[WORLD_CODE_SIZE];
	char customer[WORLD_CODE_SIZE]; /* "" a guest */
	int32_t store;                  /* to collect from; -1: none */
	bool wants_slot, has_address;
	int32_t city;
	double lat, lon;
	int line_count;
	struct plan_line line[PLAN_LINES_MAX];
	int64_t list_fen; /* about what the customer pays */
	bool quote_first; /* and submit with the token */
	bool prepaid; /* an outside channel's: quoted for the total, submitted with its payment */
	bool pays;    /* else left to expire */
	int64_t pay_after_us;
	int cuts;             /* replies of the submit to lose, one after the other */
	int64_t cut_after_us; /* after the last byte went out */
	bool pay_cut, pay_repeat;
	bool repeat;     /* the same submit again after its answer */
	bool other_body; /* the same order_ref again with something else in it */
	bool old_repeat; /* an order of long ago again */
};

void mix_plan(const struct mix *m, uint64_t number, bool hot, struct plan *p);
const char *mix_ref(const struct mix *m, uint64_t number, char out[REF_SIZE]);

/* Messages in ${a}; NULL: it is full.  ${slot} names a day from 1; 0: without. */
Yuncang__V1__QuoteRequest *mix_quote(const struct mix *m, const struct plan *p, struct arena *a);
Yuncang__V1__SubmitOrderRequest *mix_submit(const struct mix *m, const struct plan *p,
    struct arena *a);
/* The customer's payment of ${fen}; of a prepaid order, what its outside channel took. */
Yuncang__V1__Payment *mix_payment(const struct mix *m, const struct plan *p, int64_t fen,
    int64_t paid_at_us, struct arena *a);
const char *mix_payment_number(const struct mix *m, uint64_t number, char out[MIX_PAYMENT_SIZE]);

/* Part of the live stream's sales that has happened at ${t} of its time, both 0 to 1. */
double mix_peak_done(double t);
#define PEAK_FEN INT64_C(12000000000) /* 120 million yuan */

#endif
