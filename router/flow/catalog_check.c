#include "flow/catalog_check.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "flow/basket.h"
#include "flow/convert.h"

#define CODE_MAX 64
#define GRADE_MAX 9

void
check_row(struct check *c, const char *list, size_t row)
{
	(void)snprintf(c->above, sizeof(c->above), "%s[%zu]", list, row);
}

/* ---- Words ------------------------------------------------------------------------------------- */

static bool
in_code(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
	    ch == '.' || ch == '_' || ch == ':' || ch == '-';
}

enum err
check_code(struct check *c, const char *name, int index, const char *code)
{
	size_t len;

	for (len = 0; in_code(code[len]); len++)
		;
	if (code[len] == '\0' && len >= 1 && len <= CODE_MAX)
		return ERR_OK;
	return convert_fail(c->r, ERR_BAD_FIELD, AT_INDEX(c->above, name, index),
	    "a code is 1 to 64 characters of A-Z a-z 0-9 . _ : -");
}

enum err
check_code_or_none(struct check *c, const char *name, const char *code)
{
	return code[0] == '\0' ? ERR_OK : check_code(c, name, -1, code);
}

enum err
check_bytes(struct check *c, const char *name, const char *text, size_t max)
{
	size_t len;

	len = strlen(text);
	if (len <= max)
		return ERR_OK;
	return convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, name), "%zu bytes; at most %zu", len,
	    max);
}

enum err
check_region(struct check *c, const char *name, int index, const char *region)
{
	const char *p;
	size_t part;

	part = 0;
	for (p = region; *p != '\0'; p++) {
		if (*p == '.' && part == 0)
			break;
		if (*p != '.' && (!in_code(*p) || *p == ':'))
			break;
		part = *p == '.' ? 0 : part + 1;
	}
	if (*p == '\0' && part > 0 && p - region <= CODE_MAX)
		return ERR_OK;
	return convert_fail(c->r, ERR_BAD_FIELD, AT_INDEX(c->above, name, index),
	    "a region is at most 64 characters, parts of A-Z a-z 0-9 _ - joined by dots");
}

static enum err
range(struct check *c, const char *name, int64_t v, int64_t min, int64_t max)
{
	return convert_range(c->r, AT(c->above, name), v, min, max);
}

static enum err
refuse(struct check *c, const char *name, const char *text)
{
	return convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, name), "%s", text);
}

/* ---- Parties ----------------------------------------------------------------------------------- */

static enum err
merchant(struct check *c, const Yuncang__V1__Merchant *m, struct party_row *out)
{
	enum err e;

	out->merchant_number = "";
	if (m == NULL)
		return ERR_OK;
	out->provider = provider_parse(m->provider);
	if (out->provider == PROVIDER_NONE)
		return refuse(c, "merchant.provider", "not a payment provider that is known");
	out->merchant_number = m->number;
	out->fee_bps = m->fee_bps;
	e = check_bytes(c, "merchant.number", m->number, CODE_MAX);
	return e != ERR_OK ? e : range(c, "merchant.fee_bps", m->fee_bps, 0, BPS_WHOLE);
}

#define BANK_CHARS_MAX 100
#define ACCOUNT_BYTES_MAX 40
#define OPENID_BYTES_MAX 64

/* Letters, digits and what ${more} has. */
static bool
is_word(const char *s, const char *more)
{
	for (; *s != '\0'; s++)
		if (!((*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') ||
		        (*s >= 'a' && *s <= 'z') || strchr(more, *s) != NULL))
			return false;
	return true;
}

static bool
is_line(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return false;
	return true;
}

/* What goes into bank files and to the provider as it is. */
static enum err
payee(struct check *c, const Yuncang__V1__Payee *m, struct party_row *out)
{
	const bool bank = m != NULL && m->account[0] != '\0';
	enum err e;

	if (m == NULL)
		return ERR_OK;
	out->has_payee = true;
	out->bank = m->bank;
	out->account_name = m->account_name;
	out->account = m->account;
	out->openid = m->openid;
	e = check_bytes(c, "payee.account", m->account, ACCOUNT_BYTES_MAX);
	if (e == ERR_OK && !is_word(m->account, "-"))
		e = refuse(c, "payee.account", "digits, letters and - only");
	if (e == ERR_OK)
		e = check_bytes(c, "payee.bank", m->bank, BANK_CHARS_MAX * 4);
	if (e == ERR_OK && (!is_line(m->bank) || bank != (m->bank[0] != '\0')))
		e = refuse(c, "payee.bank", "one line, with an account and only then");
	if (e == ERR_OK)
		e = check_bytes(c, "payee.account_name", m->account_name, BANK_CHARS_MAX * 4);
	if (e == ERR_OK && (!is_line(m->account_name) || bank != (m->account_name[0] != '\0')))
		e = refuse(c, "payee.account_name", "one line, with an account and only then");
	if (e == ERR_OK)
		e = check_bytes(c, "payee.openid", m->openid, OPENID_BYTES_MAX);
	if (e == ERR_OK && !is_word(m->openid, "_-"))
		e = refuse(c, "payee.openid", "digits, letters, _ and - only");
	if (e == ERR_OK && m->openid[0] != '\0' && out->kind != PARTY_STAFF)
		e = refuse(c, "payee.openid", "only a staff member has one");
	return e;
}

enum err
check_party(struct check *c, const Yuncang__V1__Party *m, struct party_row *out)
{
	enum err e;

	*out = (struct party_row){.code = m->code,
	    .name = m->name,
	    .kind = (enum party_kind)m->kind,
	    .grade = 1,
	    .employer = m->employer,
	    .disabled = m->disabled};
	e = check_code(c, "code", -1, m->code);
	if (e == ERR_OK)
		e = check_bytes(c, "name", m->name, NAME_BYTES_MAX);
	if (e == ERR_OK)
		e = range(c, "kind", (int64_t)m->kind, 1, PARTY_KIND_COUNT - 1);
	if (e == ERR_OK && out->kind == PARTY_DEALER)
		e = refuse(c, "kind", "dealers are made by UpsertDealers");
	if (e == ERR_OK && out->kind == PARTY_BRAND && m->disabled)
		e = refuse(c, "disabled", "the brand cannot be disabled");
	if (e == ERR_OK)
		e = check_code_or_none(c, "employer", m->employer);
	if (e == ERR_OK && m->employer[0] != '\0' && out->kind != PARTY_STAFF)
		e = refuse(c, "employer", "only a staff member has one");
	if (e == ERR_OK)
		e = merchant(c, m->merchant, out);
	return e != ERR_OK ? e : payee(c, m->payee, out);
}

enum err
check_dealer(struct check *c, const Yuncang__V1__Dealer *m, struct party_row *out)
{
	enum err e;

	*out = (struct party_row){.code = m->code,
	    .name = m->name,
	    .kind = PARTY_DEALER,
	    .grade = m->grade,
	    .employer = "",
	    .disabled = m->disabled};
	e = check_code(c, "code", -1, m->code);
	if (e == ERR_OK)
		e = check_bytes(c, "name", m->name, NAME_BYTES_MAX);
	if (e == ERR_OK)
		e = range(c, "grade", m->grade, 1, GRADE_MAX);
	if (e == ERR_OK)
		e = merchant(c, m->merchant, out);
	return e != ERR_OK ? e : payee(c, m->payee, out);
}

enum err
check_territory(struct check *c, const Yuncang__V1__Territory *m, struct territory_row *out)
{
	enum err e;
	size_t i;

	*out = (struct territory_row){.code = m->code,
	    .dealer = m->dealer,
	    .regions = (const char *const *)m->regions,
	    .region_count = (int)m->n_regions,
	    .disabled = m->disabled};
	e = check_code(c, "code", -1, m->code);
	if (e == ERR_OK)
		e = check_code(c, "dealer", -1, m->dealer);
	for (i = 0; e == ERR_OK && i < m->n_regions; i++)
		e = check_region(c, "regions", (int)i, m->regions[i]);
	return e;
}

enum err
check_storefront(struct check *c, const Yuncang__V1__Storefront *m, struct storefront_row *out)
{
	enum err e;

	*out = (struct storefront_row){.code = m->code,
	    .location = m->location,
	    .dealer = m->dealer,
	    .channel = m->channel,
	    .kind = (enum storefront_kind)m->kind,
	    .disabled = m->disabled};
	e = check_code(c, "code", -1, m->code);
	if (e == ERR_OK)
		e = range(c, "kind", (int64_t)m->kind, FRONT_STORE, FRONT_OUTSIDE);
	if (e == ERR_OK)
		e = check_code_or_none(c, "location", m->location);
	if (e == ERR_OK)
		e = check_code_or_none(c, "dealer", m->dealer);
	if (e == ERR_OK)
		e = check_code_or_none(c, "channel", m->channel);
	if (e == ERR_OK && m->location[0] != '\0' && m->dealer[0] != '\0')
		e = refuse(c, "dealer", "a storefront has a store or a dealer, not both");
	return e;
}

/* ---- Goods ------------------------------------------------------------------------------------- */

enum err
check_sku(struct check *c, const Yuncang__V1__Sku *m, struct sku_row *out)
{
	enum err e;

	*out = (struct sku_row){.code = m->code,
	    .name = m->name,
	    .sku_class = m->sku_class,
	    .tax_class = m->tax_class,
	    .cost_fen = m->contract_cost_fen,
	    .list_fen = m->list_price_fen,
	    .floor_fen = m->floor_price_fen,
	    .cloud_only = m->cloud_only,
	    .made_to_order = m->made_to_order,
	    .serialised = m->serialised,
	    .disabled = m->disabled};
	e = check_code(c, "code", -1, m->code);
	if (e == ERR_OK)
		e = check_bytes(c, "name", m->name, NAME_BYTES_MAX);
	if (e == ERR_OK)
		e = check_bytes(c, "sku_class", m->sku_class, CLASS_BYTES_MAX);
	if (e == ERR_OK)
		e = check_bytes(c, "tax_class", m->tax_class, CLASS_BYTES_MAX);
	if (e == ERR_OK)
		e = range(c, "contract_cost_fen", m->contract_cost_fen, 0, FEN_MAX);
	if (e == ERR_OK)
		e = range(c, "list_price_fen", m->list_price_fen, 0, FEN_MAX);
	if (e == ERR_OK)
		e = range(c, "floor_price_fen", m->floor_price_fen, 0, m->list_price_fen);
	return e;
}

static enum err
stock_key(struct check *c, const char *location, const char *sku, const char *goods_owner)
{
	enum err e;

	e = check_code(c, "location", -1, location);
	if (e == ERR_OK)
		e = check_code(c, "sku", -1, sku);
	return e != ERR_OK ? e : check_code_or_none(c, "goods_owner", goods_owner);
}

/* An unset time is now. */
static enum err
time_or_now(struct check *c, const char *name, const Google__Protobuf__Timestamp *t, int64_t *us)
{
	if (t != NULL)
		return convert_time(c->r, AT(c->above, name), t, us);
	*us = c->now_us;
	return ERR_OK;
}

enum err
check_count(struct check *c, const Yuncang__V1__StockCount *m, struct count_row *out)
{
	enum err e;

	*out = (struct count_row){.location = m->location,
	    .sku = m->sku,
	    .goods_owner = m->goods_owner,
	    .count = m->count,
	    .safety = m->safety};
	e = stock_key(c, m->location, m->sku, m->goods_owner);
	if (e == ERR_OK)
		e = range(c, "count", m->count, 0, PIECES_MAX);
	if (e == ERR_OK)
		e = range(c, "safety", m->safety, 0, PIECES_MAX);
	if (e == ERR_OK)
		e = time_or_now(c, "counted_at", m->counted_at, &out->counted_us);
	/* A count from the future would refuse all true ones until then. */
	if (e == ERR_OK && out->counted_us > c->now_us + COUNT_AHEAD_US)
		e = refuse(c, "counted_at", "lies in the future");
	return e;
}

enum err
check_delta(struct check *c, const Yuncang__V1__StockDelta *m, struct delta_row *out)
{
	enum err e;

	*out = (struct delta_row){.location = m->location,
	    .sku = m->sku,
	    .goods_owner = m->goods_owner,
	    .source = m->source,
	    .delta = m->delta,
	    .sequence = m->sequence};
	e = stock_key(c, m->location, m->sku, m->goods_owner);
	if (e == ERR_OK)
		e = range(c, "delta", m->delta, -DELTA_MAX, DELTA_MAX);
	if (e == ERR_OK)
		e = check_code(c, "source", -1, m->source);
	return e != ERR_OK ? e : range(c, "sequence", m->sequence, 1, INT64_MAX);
}

enum err
check_entitlement(struct check *c, const Yuncang__V1__Entitlement *m, struct entitlement_row *out)
{
	enum err e;

	*out = (struct entitlement_row){m->dealer, m->sku, m->ceiling};
	e = check_code(c, "dealer", -1, m->dealer);
	if (e == ERR_OK)
		e = check_code(c, "sku", -1, m->sku);
	return e != ERR_OK ? e : range(c, "ceiling", m->ceiling, 0, PIECES_MAX);
}

/* ---- Campaigns and claims ---------------------------------------------------------------------- */

static enum err
funders(struct check *c, const Yuncang__V1__Campaign *m, struct campaign_row *out)
{
	int64_t shares;
	enum err e;
	size_t i, n;

	e = convert_count(c->r, AT(c->above, "funders"), m->n_funders, 1, FUNDERS_MAX);
	shares = 0;
	for (i = 0; e == ERR_OK && i < m->n_funders; i++) {
		e = check_code(c, "funders", (int)i, m->funders[i]->party);
		if (e == ERR_OK)
			e = convert_range(c->r, AT_INDEX(c->above, "funders", (int)i),
			    m->funders[i]->share_bps, 1, BPS_WHOLE);
		for (n = 0; e == ERR_OK && n < i; n++)
			if (strcmp(m->funders[n]->party, m->funders[i]->party) == 0)
				e = convert_fail(c->r, ERR_BAD_FIELD,
				    AT_INDEX(c->above, "funders", (int)i),
				    "this party stands here twice");
		if (e != ERR_OK)
			return e;
		out->funder[i] = m->funders[i]->party;
		out->share_bps[i] = m->funders[i]->share_bps;
		shares += m->funders[i]->share_bps;
	}
	if (e == ERR_OK && shares != BPS_WHOLE)
		e = refuse(c, "funders", "the shares must add up to 10000");
	out->funder_count = (int)m->n_funders;
	return e;
}

enum err
check_campaign(struct check *c, const Yuncang__V1__Campaign *m, struct campaign_row *out)
{
	enum err e;
	size_t i;

	*out = (struct campaign_row){.code = m->code,
	    .name = m->name,
	    .skus = (const char *const *)m->skus,
	    .sku_count = (int)m->n_skus,
	    .unit_max_fen = m->unit_max_fen,
	    .budget_fen = m->budget_fen,
	    .disabled = m->disabled};
	e = check_code(c, "code", -1, m->code);
	if (e == ERR_OK)
		e = check_bytes(c, "name", m->name, NAME_BYTES_MAX);
	if (e == ERR_OK)
		e = funders(c, m, out);
	if (e == ERR_OK)
		e = convert_count(c->r, AT(c->above, "skus"), m->n_skus, 0, CAMPAIGN_SKUS_MAX);
	for (i = 0; e == ERR_OK && i < m->n_skus; i++)
		e = check_code(c, "skus", (int)i, m->skus[i]);
	if (e == ERR_OK)
		e = range(c, "unit_max_fen", m->unit_max_fen, 1, FEN_MAX);
	if (e == ERR_OK)
		e = range(c, "budget_fen", m->budget_fen, 0, FEN_MAX);
	if (e == ERR_OK)
		e = time_or_now(c, "from", m->from, &out->from_us);
	if (e == ERR_OK)
		e = convert_time(c->r, AT(c->above, "until"), m->until, &out->until_us);
	if (e == ERR_OK && out->until_us <= out->from_us)
		e = refuse(c, "until", "must be set, and after from");
	return e;
}

enum err
check_claim(struct check *c, const Yuncang__V1__Claim *m, struct claim_row *out)
{
	enum err e;

	*out = (struct claim_row){.customer = customer_hash(m->customer),
	    .location = m->location,
	    .staff = m->staff,
	    .evidence = m->evidence,
	    .kind = (enum claim_kind)m->kind};
	e = m->customer[0] == '\0' ? refuse(c, "customer", "must be set")
	                           : check_bytes(c, "customer", m->customer, CUSTOMER_BYTES_MAX);
	if (e == ERR_OK)
		e = check_code(c, "location", -1, m->location);
	if (e == ERR_OK)
		e = check_code_or_none(c, "staff", m->staff);
	if (e == ERR_OK)
		e = range(c, "kind", (int64_t)m->kind, CLAIM_SCAN, CLAIM_LOCATION);
	if (e == ERR_OK)
		e = check_bytes(c, "evidence", m->evidence, EVIDENCE_BYTES_MAX);
	if (e == ERR_OK)
		e = time_or_now(c, "from", m->from, &out->from_us);
	if (e == ERR_OK)
		e = convert_time(c->r, AT(c->above, "until"), m->until, &out->until_us);
	if (e == ERR_OK && m->until != NULL && out->until_us <= out->from_us)
		e = refuse(c, "until", "must be after from");
	if (e == ERR_OK && out->kind == CLAIM_LOCATION && m->until == NULL)
		e = refuse(c, "until", "a claim of a location is limited in time");
	return e;
}
