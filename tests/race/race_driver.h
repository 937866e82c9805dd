#ifndef TESTS_RACE_RACE_DRIVER_H
#define TESTS_RACE_RACE_DRIVER_H

/* race_driver: what batch_race.c and race_orders.c share: one instance, its small world, its orders. */
#include <event2/event.h>

#include "store/batch.h"
#include "store/pay_batch.h"

#define LOCATIONS 10
#define CLOUD 10
#define SKUS 3
#define SCARCE_SKU 3
#define DAY 20800 /* of all capacity */
#define LINES_MAX 3
#define REFS 40000
#define PRICE 10000
#define DISCOUNT 500
#define PAY_BY_MS 700

struct job {
	struct driver *d;
	bool busy;
	bool bad;            /* its payment breaks a CHECK */
	struct event *timer; /* until it is paid */
	struct payment_in in;
	struct payment_fulfilment fulfilments[LINES_MAX];
	struct posting r1;
	enum { FIRST, AGAIN, LATE, UNFILLABLE, SECOND } payment_try;
	int ref;
	char ref_text[32], number[40];
	struct order_row row;
	struct frozen frozen;
	struct order_line lines[LINES_MAX];
	struct plan plan;
	struct part parts[LINES_MAX];
	struct part_line part_lines[LINES_MAX];
	struct split split;
	struct leg legs[LINES_MAX * 2];
	struct payment_row payment;
	struct contact_row contact;
	struct posting e1, e2;
	struct take takes[LINES_MAX * 3 + 1];
	uint8_t record[400];
};

struct driver {
	struct event_base *base;
	struct conf conf;
	struct pool *pool, *query;
	struct batch *batch;
	struct pay_batch *pay_batch;
	struct probe *probe;
	struct hints_memory hints;
	struct world world;
	struct party parties[4];
	struct location locations[LOCATIONS];
	struct sku skus[SKUS];
	struct campaign campaign;
	int32_t ids[LOCATIONS + 1];
	uint64_t random;
	enum { RACE, BENCH, BAD, PAY, BAD_PAY, SAME, SQL } mode;
	struct expiry *expiry;
	struct event *end;
	int64_t opened, repeats, late, unfillable, second, pay_lost;
	int64_t orders_max, orders;
	int window, busy;
	struct job *jobs;
	bool ref_busy[REFS];
	int64_t ok, repeated, differs, lost, bad_number, internal, other;
	int64_t start_us;
	bool probing, empty;
	struct event *pump;
};

uint64_t rnd(struct driver *d, uint64_t below);
void world_make(struct driver *d);
/* A key that the hints say has something; false: none has. */
bool key_pick(struct driver *d, int *location, int *sku);
/* Fills ${j} with a new order; false: nothing is left to sell. */
bool order_make(struct job *j);
/* Totals of ${lines} lines, and, if paid, the payment with its postings. */
void money_make(struct job *j, int lines, bool paid);

#endif
