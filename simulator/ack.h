#ifndef SIMULATOR_ACK_H
#define SIMULATOR_ACK_H

/*
 * ack: the journal of what the service acknowledged, one line each, append only.
 *
 *   A order_id storefront order_ref facts    an order was acknowledged
 *   P order_id provider number fen outcome   a payment was acknowledged
 *   R storefront order_ref reason            an order was refused: it must not be there
 *   V class text                             the simulator itself saw something wrong
 *   C location sku goods_owner count         a shelf was counted, and the service took it in
 *   W endpoint event_id                      a receiver of webhooks took an event, verified
 *   F endpoint trick                         a receiver took what the service never sent
 *   D over                                   a compressed day is over: everything must have ended
 *   M event_id                               a month begins behind it; that was its last event
 *
 * Fields are parted by tabs.  facts are also tabs apart: way, goods, delivery fee, total, collector,
 * owner's dealer, owner's margin, funded, provider fee, cost ("-" without the right to see money),
 * and the parts, "1/1@S00012[0:K00007x1=D00003];2/…": number, way, location and for each line its
 * number, sku, quantity and goods owner.  The auditor builds the same text from the database and
 * compares the two.
 */
#include <stdio.h>

#include "base/buf.h"
#include "yuncang/v1/order.pb-c.h"

#define ACK_LINE_MAX 65536
#define ACK_PARTS_MAX 32
#define ACK_LINES_MAX 256

struct ack_line {
	int line;
	const char *sku;
	int32_t quantity;
	const char *goods_owner; /* the brand for goods made to order */
};

struct ack_part {
	int number, way;
	const char *location;
	int line_count;
	struct ack_line *line;
};

struct ack_facts {
	int way;
	int64_t goods_fen, delivery_fen, total_fen;
	const char *collector, *dealer;
	bool has_money;
	int64_t margin_fen, funded_fen, fee_fen, cost_fen;
	int part_count;
	struct ack_part part[ACK_PARTS_MAX];
};

/* Lines of each part are put in order first, so that equal facts give equal text. */
void ack_facts_print(struct ack_facts *f, struct buf *out);

/* false: more parts or lines than fit. */
bool ack_order_print(const Yuncang__V1__SubmitOrderResponse *r, const char *storefront,
    struct buf *out) MUST_CHECK;

#endif
