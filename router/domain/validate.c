/* validate: see the header. */
#include <stddef.h>
#include <stdio.h>

#include "base/money.h"
#include "domain/validate.h"

#define MINUTES_A_DAY 1440
#define LAT_MAX_E6 90000000
#define LON_MAX_E6 180000000

static enum err
line_reason(struct reason *r, int line, const char *what, const char *text)
{
	char field[REASON_FIELD_MAX];

	(void)snprintf(field, sizeof(field), "basket.lines[%d].%s", line, what);
	return reason_set(r, ERR_BAD_FIELD, field, "%s", text);
}

static enum err
check_counts(const struct world *w, const struct request *q, int line_count_max, struct reason *r)
{
	if (line_count_max > ORDER_LINES_MAX)
		line_count_max = ORDER_LINES_MAX;
	if (q->line_count < 1)
		return reason_set(r, ERR_BAD_FIELD, "basket.lines", "an order needs a line");
	if (q->line_count > line_count_max)
		return reason_set(r, ERR_BAD_FIELD, "basket.lines", "%d lines; %d are the most",
		    q->line_count, line_count_max);
	if (q->exclude_count < 0 || q->exclude_count > EXCLUDE_MAX)
		return reason_set(r, ERR_BAD_FIELD, "basket.exclude_locations",
		    "%d locations; %d are the most", q->exclude_count, EXCLUDE_MAX);
	if (q->storefront < 0 || q->storefront >= w->storefront_count ||
	    w->storefronts[q->storefront].disabled)
		return reason_set(r, ERR_BAD_FIELD, "basket.storefront",
		    "this storefront is closed");
	return ERR_OK;
}

static enum err
check_way(const struct request *q, bool submit, struct reason *r)
{
	if ((int)q->way < WAY_NONE || q->way >= WAY_COUNT)
		return reason_set(r, ERR_BAD_FIELD, "basket.way", "not a way");
	if (q->way == WAY_PICKUP && submit && q->location == NONE)
		return reason_set(r, ERR_BAD_FIELD, "basket.location",
		    "PICKUP needs the store's code");
	if (q->way == WAY_DELIVER && !q->has_position)
		return reason_set(r, ERR_BAD_FIELD, "basket.address.position",
		    "DELIVER needs an address with its position");
	if (q->has_position &&
	    (q->lat_e6 < -LAT_MAX_E6 || q->lat_e6 > LAT_MAX_E6 || q->lon_e6 < -LON_MAX_E6 ||
	        q->lon_e6 > LON_MAX_E6))
		return reason_set(r, ERR_BAD_FIELD, "basket.address.position",
		    "latitude -90 to 90, longitude -180 to 180");
	return ERR_OK;
}

static enum err
check_slot(const struct request *q, struct reason *r)
{
	if (!q->has_slot)
		return ERR_OK;
	if (q->location == NONE)
		return reason_set(r, ERR_BAD_FIELD, "basket.slot", "a slot needs the store's code");
	if (q->way == WAY_SHIP)
		return reason_set(r, ERR_BAD_FIELD, "basket.slot", "SHIP has no slots");
	if (q->slot_from_min < 0 || q->slot_from_min >= q->slot_to_min ||
	    q->slot_to_min > MINUTES_A_DAY)
		return reason_set(r, ERR_BAD_FIELD, "basket.slot",
		    "from_minute and to_minute are 0 to 1440, the first below the second");
	return ERR_OK;
}

static bool
campaign_covers(const struct world *w, const struct campaign *c, int32_t sku)
{
	for (int32_t i = c->sku_first; i < c->sku_first + c->sku_count; i++)
		if (w->campaign_skus[i] == sku)
			return true;
	return c->sku_count == 0;
}

static enum err
check_discount(const struct world *w, const struct request *q, int line, struct reason *r)
{
	const struct order_line *l = &q->lines[line];
	const struct campaign *c;

	if (l->discount_fen < 0)
		return line_reason(r, line, "discount_fen", "below zero");
	if (l->discount_fen > l->price_fen)
		return line_reason(r, line, "discount_fen", "more than the price");
	if (l->campaign == NONE && l->discount_fen > 0)
		return line_reason(r, line, "campaign",
		    "a discount needs the campaign that pays for it");
	if (l->campaign == NONE)
		return ERR_OK;
	c = &w->campaigns[l->campaign];
	if (c->disabled || q->now_us < c->from_us || (c->until_us != 0 && q->now_us >= c->until_us))
		return line_reason(r, line, "campaign", "the campaign is not running");
	if (!campaign_covers(w, c, w->skus[l->sku].id))
		return line_reason(r, line, "campaign", "the campaign does not cover this sku");
	if (l->discount_fen > c->unit_max_fen)
		return line_reason(r, line, "discount_fen",
		    "more than the campaign pays for a unit");
	return ERR_OK;
}

static enum err
check_line(const struct world *w, const struct request *q, int line, struct reason *r)
{
	const struct order_line *l = &q->lines[line];
	const struct sku *s = &w->skus[l->sku];

	if (s->disabled)
		return line_reason(r, line, "sku", "this sku is not sold");
	if (l->quantity < 1 || l->quantity > ORDER_QUANTITY_MAX)
		return line_reason(r, line, "quantity", "1 to 9999");
	if (l->price_fen < s->floor_fen)
		return line_reason(r, line, "unit_price_fen", "below the floor price");
	if (l->price_fen > s->list_fen)
		return line_reason(r, line, "unit_price_fen", "above the list price");
	return check_discount(w, q, line, r);
}

enum err
validate_request(const struct world *w, const struct request *q, int line_count_max, bool submit,
    struct reason *r)
{
	int64_t sum = 0, line;
	enum err e;

	e = check_counts(w, q, line_count_max, r);
	if (e == ERR_OK)
		e = check_way(q, submit, r);
	if (e == ERR_OK)
		e = check_slot(q, r);
	for (int i = 0; e == ERR_OK && i < q->line_count; i++)
		e = check_line(w, q, i, r);
	for (int i = 0; e == ERR_OK && i < q->line_count; i++) {
		if (!fen_mul(q->lines[i].price_fen, q->lines[i].quantity, &line) ||
		    !fen_add(sum, line, &sum) || sum > FEN_MAX)
			e = reason_set(r, ERR_OVERFLOW, "basket.lines",
			    "the order's amount is too large");
	}
	return e;
}
