#include "flow/basket.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "domain/account.h"
#include "domain/validate.h"
#include "flow/contact.h"
#include "flow/store_code.h"
#include "flow/token.h"
#include "store/catalog.h"

#define CUSTOMER_LEN_MAX 128
#define TOGETHER_LEN_MAX 32
#define NUMBER_LEN_MAX 64
#define PAID_AHEAD_US (5 * US_PER_MIN) /* clocks of channels and ours may differ by this */

uint64_t
customer_hash(const char *customer)
{
	uint8_t d[DIGEST_SIZE];
	uint64_t h = 0;

	if (customer[0] == '\0')
		return 0;
	digest_sha256(customer, strlen(customer), d);
	for (int i = 0; i < 8; i++)
		h = h << 8 | d[i];
	return h == 0 ? 1 : h;
}

/* How long a text may be, by the field that holds it. */
static enum err
check_text(const char *s, size_t len_max, const char *field, struct reason *r)
{
	size_t len = strlen(s);

	if (len > len_max)
		return reason_set(r, ERR_BAD_FIELD, field, "%zu bytes; at most %zu", len, len_max);
	return ERR_OK;
}

static enum err
find_code(const struct strmap *m, const char *code, const char *field, int32_t *idx,
    struct reason *r)
{
	uint32_t i;

	if (code[0] == '\0')
		return reason_set(r, ERR_BAD_FIELD, field, "is needed");
	i = strmap_get(m, code);
	if (i == STRMAP_NONE)
		return reason_set(r, ERR_UNKNOWN_ID, field, "\"%.64s\" is not in the catalog",
		    code);
	*idx = (int32_t)i;
	return ERR_OK;
}

/* The field is written out only when something is wrong. */
static enum err
in_line(struct reason *r, int line, const char *name)
{
	(void)snprintf(r->field, sizeof(r->field), "basket.lines[%d].%s", line, name);
	return r->err;
}

static enum err
convert_line(const struct basket_in *in, int i, struct request *q, struct reason *r)
{
	const Yuncang__V1__OrderLine *m = in->basket->lines[i];
	struct order_line *line = &q->lines[i];

	if (find_code(&in->world->sku_code, m->sku, NULL, &line->sku, r) != ERR_OK)
		return in_line(r, i, "sku");
	line->quantity = m->quantity;
	line->price_fen = m->unit_price_fen;
	if (line->price_fen == 0)
		line->price_fen = in->token != NULL && i < in->token->line_count
		    ? in->token->price_fen[i]
		    : in->world->skus[line->sku].list_fen;
	line->discount_fen = m->discount_fen;
	line->campaign = NONE;
	if (m->campaign[0] != '\0' &&
	    find_code(&in->world->campaign_code, m->campaign, NULL, &line->campaign, r) != ERR_OK)
		return in_line(r, i, "campaign");
	if (check_text(m->together, TOGETHER_LEN_MAX, NULL, r) != ERR_OK)
		return in_line(r, i, "together");
	return ERR_OK;
}

/* Lines with one word get one number: that of the first line which has it, counted from 1. */
static void
number_together(const Yuncang__V1__Basket *b, struct request *q)
{
	for (int i = 0; i < q->line_count; i++) {
		const char *word = b->lines[i]->together;

		if (word[0] == '\0')
			continue;
		for (int k = 0; k <= i && q->lines[i].together == 0; k++)
			if (strcmp(b->lines[k]->together, word) == 0)
				q->lines[i].together = k + 1;
	}
}

static enum err
convert_lines(const struct basket_in *in, struct arena *arena, struct request *q, struct reason *r)
{
	size_t count = in->basket->n_lines;
	enum err e;

	if (count == 0)
		return reason_set(r, ERR_BAD_FIELD, "basket.lines", "at least one line is needed");
	if ((int64_t)count > in->app->conf->order_lines_max || count > ORDER_LINES_MAX)
		return reason_set(r, ERR_BAD_FIELD, "basket.lines", "%zu lines; at most %lld",
		    count, (long long)in->app->conf->order_lines_max);
	q->lines = arena_array(arena, count, sizeof(*q->lines));
	if (q->lines == NULL)
		return ERR_NO_MEMORY;
	q->line_count = (int)count;
	for (int i = 0; i < q->line_count; i++) {
		e = convert_line(in, i, q, r);
		if (e != ERR_OK)
			return e;
	}
	number_together(in->basket, q);
	return ERR_OK;
}

static enum err
convert_address(const struct basket_in *in, struct request *q, struct reason *r)
{
	const Yuncang__V1__Address *a = in->basket->address;
	enum err e;

	q->territory = NONE;
	if (a == NULL)
		return ERR_OK;
	e = contact_check(a, "basket.address", r);
	if (e != ERR_OK)
		return e;
	q->territory = world_region(in->world, a->region);
	if (a->position == NULL)
		return ERR_OK;
	q->has_position = true;
	q->lat_e6 = (int32_t)lround(a->position->latitude * 1e6);
	q->lon_e6 = (int32_t)lround(a->position->longitude * 1e6);
	return ERR_OK;
}

static enum err
convert_slot(const Yuncang__V1__SlotChoice *s, struct request *q, struct reason *r)
{
	if (s == NULL)
		return ERR_OK;
	if (parse_day(s->date, &q->slot_day) != ERR_OK || q->slot_day < 0)
		return reason_set(r, ERR_BAD_FIELD, "basket.slot.date",
		    "must be a date like 2026-11-21");
	if (s->from_minute < 0 || s->from_minute > 1439)
		return reason_set(r, ERR_BAD_FIELD, "basket.slot.from_minute", "must be 0 to 1439");
	if (s->to_minute <= s->from_minute || s->to_minute > 1440)
		return reason_set(r, ERR_BAD_FIELD, "basket.slot.to_minute",
		    "must be after from_minute, at most 1440");
	q->has_slot = true;
	q->slot_from_min = (int16_t)s->from_minute;
	q->slot_to_min = (int16_t)s->to_minute;
	return ERR_OK;
}

static enum err
convert_serving(const struct basket_in *in, struct request *q, struct reason *r)
{
	const Yuncang__V1__Basket *b = in->basket;
	struct store_code code;
	enum err e;

	q->serving_store = NONE;
	if (b->serving_store[0] == '\0')
		return ERR_OK;
	e = find_code(&in->world->location_code, b->serving_store, "basket.serving_store",
	    &q->serving_store, r);
	if (e != ERR_OK)
		return e;
	code.location = q->serving_store;
	return store_code_read(in->app, in->world, b->serving_code, in->now_us,
	    "basket.serving_code", &code, r);
}

static enum err
convert_excluded(const struct basket_in *in, struct request *q, struct reason *r)
{
	const Yuncang__V1__Basket *b = in->basket;
	int32_t idx = NONE;

	if (b->n_exclude_locations > EXCLUDE_MAX)
		return reason_set(r, ERR_BAD_FIELD, "basket.exclude_locations", "%zu; at most %d",
		    b->n_exclude_locations, EXCLUDE_MAX);
	for (size_t i = 0; i < b->n_exclude_locations; i++) {
		if (find_code(&in->world->location_code, b->exclude_locations[i], NULL, &idx, r) !=
		    ERR_OK) {
			(void)snprintf(r->field, sizeof(r->field), "basket.exclude_locations[%zu]",
			    i);
			return r->err;
		}
		q->exclude[q->exclude_count++] = in->world->locations[idx].id;
	}
	return ERR_OK;
}

enum err
basket_payment(const Yuncang__V1__Payment *p, const char *field, int64_t now_us,
    struct payment_row *out, struct reason *r)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.provider", field);
	out->provider = provider_parse(p->provider);
	if (out->provider == PROVIDER_NONE)
		return reason_set(r, ERR_BAD_FIELD, name,
		    "must be wechat, alipay, unionpay, channel or cash");
	snprintf(name, sizeof(name), "%s.number", field);
	out->number = p->number;
	if (p->number[0] == '\0')
		return reason_set(r, ERR_BAD_FIELD, name, "is needed");
	if (strlen(p->number) > NUMBER_LEN_MAX)
		return reason_set(r, ERR_BAD_FIELD, name, "at most %d bytes", NUMBER_LEN_MAX);
	snprintf(name, sizeof(name), "%s.amount_fen", field);
	out->amount_fen = p->amount_fen;
	if (p->amount_fen <= 0 || p->amount_fen > FEN_MAX)
		return reason_set(r, ERR_BAD_FIELD, name, "must be 1 to %lld", (long long)FEN_MAX);
	out->paid_at_us =
	    p->paid_at == NULL ? now_us : p->paid_at->seconds * US_PER_S + p->paid_at->nanos / 1000;
	snprintf(name, sizeof(name), "%s.paid_at", field);
	if (out->paid_at_us <= 0 || out->paid_at_us > now_us + PAID_AHEAD_US)
		return reason_set(r, ERR_BAD_FIELD, name, "is in the future or before 1970");
	return ERR_OK;
}

static enum err
convert_payment(const struct basket_in *in, struct request *q, struct reason *r)
{
	const struct storefront *front = &in->world->storefronts[q->storefront];
	struct payment_row row;
	int32_t idx = NONE;
	enum err e;

	if (in->payment == NULL) {
		if (in->submit && front->kind == FRONT_OUTSIDE)
			return reason_set(r, ERR_BAD_FIELD, "payment",
			    "is needed: orders of an outside channel come already paid");
		return ERR_OK;
	}
	e = basket_payment(in->payment, "payment", in->now_us, &row, r);
	if (e != ERR_OK)
		return e;
	q->prepaid = true;
	if (in->payment->merchant[0] == '\0')
		return ERR_OK;
	e = find_code(&in->world->party_code, in->payment->merchant, "payment.merchant", &idx, r);
	if (e != ERR_OK)
		return e;
	if (!in->world->parties[idx].has_merchant)
		return reason_set(r, ERR_BAD_FIELD, "payment.merchant",
		    "has no merchant account to collect with");
	q->paid_party = in->world->parties[idx].id;
	return ERR_OK;
}

static enum err
convert_where(const struct basket_in *in, struct request *q, struct reason *r)
{
	const Yuncang__V1__Basket *b = in->basket;
	enum err e;

	/* the numbers are the same; unknown ones were refused by the codec */
	q->way = (enum way)b->way;
	q->location = NONE;
	if (b->location[0] != '\0') {
		e = find_code(&in->world->location_code, b->location, "basket.location",
		    &q->location, r);
		if (e != ERR_OK)
			return e;
	}
	if (in->token != NULL) {
		q->way = in->token->way;
		if (q->way == WAY_PICKUP && q->location == NONE)
			q->location = world_location(in->world, in->token->location);
	}
	e = convert_address(in, q, r);
	return e != ERR_OK ? e : convert_slot(b->slot, q, r);
}

enum err
basket_request(const struct basket_in *in, struct arena *arena, struct request *q, struct reason *r)
{
	const Yuncang__V1__Basket *b = in->basket;
	enum err e;

	memset(q, 0, sizeof(*q));
	q->now_us = in->now_us;
	if (b == NULL)
		return reason_set(r, ERR_BAD_FIELD, "basket", "is needed");
	e = find_code(&in->world->storefront_code, b->storefront, "basket.storefront",
	    &q->storefront, r);
	if (e == ERR_OK && in->world->storefronts[q->storefront].disabled)
		e = reason_set(r, ERR_BAD_FIELD, "basket.storefront", "is disabled");
	if (e == ERR_OK)
		e = check_text(b->customer, CUSTOMER_LEN_MAX, "basket.customer", r);
	if (e == ERR_OK)
		e = convert_lines(in, arena, q, r);
	if (e == ERR_OK && in->token != NULL && !token_fits(in->token, b, q))
		e = reason_set(r, ERR_BAD_TOKEN, "quote_token", "was given for another basket");
	if (e == ERR_OK)
		e = convert_where(in, q, r);
	if (e == ERR_OK)
		e = convert_serving(in, q, r);
	if (e == ERR_OK)
		e = convert_excluded(in, q, r);
	if (e == ERR_OK)
		e = convert_payment(in, q, r);
	if (e != ERR_OK)
		return e;
	q->customer = customer_hash(b->customer);
	return validate_request(in->world, q, (int)in->app->conf->order_lines_max, in->submit, r);
}
