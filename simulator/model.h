#ifndef SIMULATOR_MODEL_H
#define SIMULATOR_MODEL_H

/*
 * model: what the storefronts of one run know: which of their orders were acknowledged, with which
 * answer; kept in memory for repeats, and in the journal file for the auditor.
 */
#include "simulator/ack.h"
#include "simulator/mix.h"

enum known_state { KNOWN_NOTHING, KNOWN_REFUSED, KNOWN_ACKNOWLEDGED };

struct known {
	uint64_t answer_hash;
	enum known_state state;
	bool hot;   /* how its plan was made */
	bool plain; /* can be sent again from its number alone: no token, no payment in it */
};

struct model {
	FILE *file;
	struct buf line;
	struct known *known; /* by order number */
	uint64_t known_size;
	int64_t violations;
};

/* Appends to ${path}.  ERR_IO: logged. */
enum err model_open(struct model *m, const char *path) MUST_CHECK;
/* ERR_IO: the file is not whole on disk. */
enum err model_close(struct model *m) MUST_CHECK;

/* Room for order ${number}; NULL: no memory. */
struct known *model_known(struct model *m, uint64_t number) MUST_CHECK;

/**
 * model_acknowledge(m, number, storefront, r, body, len):
 * An answer to a submit came.  The first one of an order is written down; a later one must be the
 * same, byte for byte, else a violation is.
 */
void model_acknowledge(struct model *m, uint64_t number, const char *storefront,
    const Yuncang__V1__SubmitOrderResponse *r, const uint8_t *body, size_t len);
void model_refuse(struct model *m, uint64_t number, const char *storefront, const char *ref,
    const char *reason);
void model_paid(struct model *m, const char *order_id, const char *provider, const char *number,
    int64_t fen, int outcome);
/*
 * A receiver took an event for the first time; the service took a count; a receiver took what the service
 * never sent; all has ended.
 */
void model_told(struct model *m, const char *endpoint, const char *event_id);
void model_counted(struct model *m, const char *location, const char *sku, const char *goods_owner,
    int64_t count);
void model_forged(struct model *m, int endpoint, const char *trick);
void model_day_over(struct model *m);
/* ${class}: "lost", "oversold", "unbalanced", "duplicated" */
void model_violation(struct model *m, const char *class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
