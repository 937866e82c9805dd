/*
 * month_compare: the service's journal against the stand-in provider's books, effect by effect, then order by order and
 * merchant by merchant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strmap.h"
#include "simulator/audit_db.h"
#include "simulator/month_books.h"

#define KEY_SIZE 200
#define AT_PROVIDER "((account >> 50) & 31) = 1 and account >> 55 = "
#define PARTY "((account >> 25) & 33554431)"
#define LEGS \
	"(select j.object_id, j.order_id, j.event, j.provider_ref, a.account, a.fen from journal j, " \
	"unnest(j.accounts, j.amounts) a (account, fen)) "

/* What was posted of payments, fees, splits, refunds, returns, by their number; what is frozen of an order. */
static const char effects_sql[] =
    "select case event when 1 then 'payment ' when 2 then 'fee ' when 6 then 'split ' when 10 then 'refund ' "
    "else 'return ' end || provider_ref, sum(case event when 1 then fen * (account >> 55 = 1)::int "
    "when 10 then fen * (account >> 55 = 11)::int when 11 then fen * (account >> 55 = 2)::int "
    "else -fen * (account >> 55 = 1)::int end), "
    "-coalesce(sum(fen) filter (where event = 10 and account >> 55 = 4), 0) "
    "from " LEGS "l where (event in (1, 2) and exists (select from payment p "
    "where p.provider = 1 and p.number = provider_ref) or event = 6 and provider_ref like '%:%' "
    "or event = 10 and provider_ref not like 'back-%' or event = 11) group by 1 "
    "union all select 'frozen ' || coalesce(order_id, object_id), sum(fen), 0 from " LEGS
    "l where " AT_PROVIDER "1 group by 1";

/*
 * Each merchant's money at the provider, as posted.  A dealer's own is on no account of the books: it is what splits
 * brought him, less what he returned, what was released to him, less what he gave back of it.  K rows follow the bills,
 * not the provider; what went out by bank did not go out there.
 */
static const char merchants_sql[] =
    "with l as (select * from " LEGS "l) "
    "select p.merchant_number, coalesce(sum(frozen), 0), coalesce(sum(available), 0) from ("
    "select " PARTY " as party_id, fen as frozen, 0 as available from l where " AT_PROVIDER "1 "
    "union all select " PARTY ", 0, fen from l where " AT_PROVIDER "2 and event not in (16, 17) "
    "and not (event = 6 and coalesce(provider_ref, '') not like '%:%') "
    "union all select p.party_id, 0, -fen from l join party p on p.provider = 1 and p.merchant_number <> '' "
    "and p.merchant_number = split_part(provider_ref, ':', 2) where event = 6 and account >> 55 in (1, 2) "
    "union all select " PARTY
    ", 0, fen from l where event in (10, 11) and account >> 55 in (6, 21) "
    "union all select " PARTY ", 0, -fen from l where event = 17 and " AT_PROVIDER "1) x "
    "join party p using (party_id) where p.provider = 1 group by 1";

struct effect {
	const char *key; /* lives in the result */
	int64_t fen, rebate_fen;
	bool seen;
};

struct compare {
	struct month_report *r;
	PGresult *rows;
	struct effect *effects;
	struct strmap map;
};

static enum err
effects_read(struct compare *c, struct month *m)
{
	int count;
	enum err e;

	c->rows = month_query(m, effects_sql);
	if (c->rows == NULL)
		return ERR_IO;
	count = PQntuples(c->rows);
	c->effects = calloc((size_t)count + 1, sizeof(*c->effects));
	if (c->effects == NULL)
		return ERR_NO_MEMORY;
	e = strmap_init(&c->map, (size_t)count + 1);
	for (int i = 0; e == ERR_OK && i < count; i++) {
		struct effect *x = &c->effects[i];

		x->key = audit_text(c->rows, i, 0);
		x->fen = audit_int(c->rows, i, 1);
		x->rebate_fen = audit_int(c->rows, i, 2);
		e = strmap_put(&c->map, x->key, (uint32_t)i, NULL);
	}
	return e;
}

static struct effect *
find(struct compare *c, const char *what, const char *a, const char *b)
{
	char key[KEY_SIZE];
	uint32_t at;

	(void)snprintf(key, sizeof(key), "%s %s%s%s", what, a, b[0] != '\0' ? ":" : "", b);
	at = strmap_get(&c->map, key);
	return at == STRMAP_NONE ? NULL : &c->effects[at];
}

/* The provider moved ${fen} for this number: it must be posted, as much. */
static int64_t
moved(struct compare *c, const char *what, const char *a, const char *b, int64_t fen)
{
	struct effect *x = find(c, what, a, b);

	c->r->effects++;
	if (x == NULL) {
		month_found(c->r, MONTH_EFFECT, "%s %s %s: %lld", what, a, b, (long long)fen);
		return 0;
	}
	x->seen = true;
	if (x->fen != fen)
		month_found(c->r,
		    strcmp(what, "payment") == 0 || strcmp(what, "fee") == 0 ? MONTH_PAYMENT
		                                                             : MONTH_POSTED,
		    "%s %s %s: %lld at the provider, %lld posted", what, a, b, (long long)fen,
		    (long long)x->fen);
	return x->rebate_fen;
}

static void
once(struct compare *c, const char *number, const json_t *of)
{
	if (month_int(of, "effects") > 1)
		month_found(c->r, MONTH_TWICE, "%s: %lld times", number,
		    (long long)month_int(of, "effects"));
}

static void
splits_compare(struct compare *c, const json_t *t)
{
	const json_t *s, *l, *b;
	size_t i, k;

	json_array_foreach(json_object_get(t, "splits"), i, s)
	{
		once(c, month_text(s, "out_order_no"), s);
		json_array_foreach(json_object_get(s, "receivers"), k, l)
		{
			if (strcmp(month_text(l, "result"), "SUCCESS") == 0 &&
			    !json_is_true(json_object_get(l, "rest")))
				(void)moved(c, "split", month_text(s, "out_order_no"),
				    month_text(l, "account"), month_int(l, "amount"));
		}
	}
	json_array_foreach(json_object_get(t, "returns"), i, b)
	{
		once(c, month_text(b, "out_return_no"), b);
		if (strcmp(month_text(b, "result"), "SUCCESS") == 0)
			(void)moved(c, "return", month_text(b, "out_return_no"), "",
			    month_int(b, "amount"));
	}
}

static void
payment_compare(struct compare *c, const json_t *t)
{
	const char *number = month_text(t, "transaction_id");
	struct effect *frozen = find(c, "frozen", month_text(t, "out_trade_no"), "");
	const json_t *b;
	int64_t rebate = 0;
	size_t i;

	c->r->payments++;
	(void)moved(c, "payment", number, "", month_int(t, "amount"));
	if (month_int(t, "fee") > 0)
		(void)moved(c, "fee", number, "", month_int(t, "fee"));
	splits_compare(c, t);
	json_array_foreach(json_object_get(t, "refunds"), i, b)
	{
		once(c, month_text(b, "out_refund_no"), b);
		if (strcmp(month_text(b, "status"), "SUCCESS") == 0)
			rebate += moved(c, "refund", month_text(b, "out_refund_no"), "",
			    month_int(b, "amount"));
	}
	/* of each alone it depends on which came first */
	if (rebate != month_int(t, "fee_refunded"))
		month_found(c->r, MONTH_PAYMENT, "%s: %lld of its fee came back, %lld posted",
		    number, (long long)month_int(t, "fee_refunded"), (long long)rebate);
	if (frozen != NULL)
		frozen->fen -= month_int(t, "frozen");
	else if (month_int(t, "frozen") != 0)
		month_found(c->r, MONTH_FROZEN, "%s", number);
}

/* What nobody but we know of, and what is left of orders. */
static void
rest_compare(struct compare *c)
{
	for (int i = 0; i < PQntuples(c->rows); i++) {
		const struct effect *x = &c->effects[i];

		if (strncmp(x->key, "frozen ", 7) == 0) {
			if (x->fen != 0)
				month_found(c->r, MONTH_FROZEN, "order %s: %lld posted above it",
				    x->key + 7, (long long)x->fen);
		} else if (!x->seen && x->fen != 0) {
			month_found(c->r, MONTH_POSTED, "%s: %lld", x->key, (long long)x->fen);
		}
	}
}

static enum err
merchants_compare(struct month *m, const json_t *books, struct month_report *r)
{
	PGresult *rows = month_query(m, merchants_sql);
	const json_t *x;
	size_t i;

	if (rows == NULL)
		return ERR_IO;
	json_array_foreach(json_object_get(books, "merchants"), i, x)
	{
		const char *number = month_text(x, "number");
		int64_t frozen = 0, available = 0;

		for (int k = 0; k < PQntuples(rows); k++)
			if (strcmp(audit_text(rows, k, 0), number) == 0) {
				frozen = audit_int(rows, k, 1);
				available = audit_int(rows, k, 2);
			}
		if (month_int(x, "frozen") != frozen || month_int(x, "available") != available ||
		    month_int(x, "disputed") != 0)
			month_found(r,
			    frozen == 0 && month_int(x, "frozen") == 0 ? MONTH_RECEIVER
			                                               : MONTH_MERCHANT,
			    "%s: frozen %lld, available %lld; posted %lld and %lld", number,
			    (long long)month_int(x, "frozen"), (long long)month_int(x, "available"),
			    (long long)frozen, (long long)available);
	}
	PQclear(rows);
	return ERR_OK;
}

enum err
month_compare(struct month *m, const json_t *books, struct month_report *r)
{
	struct compare c = {.r = r};
	enum err e = effects_read(&c, m);
	const json_t *t;
	size_t i;

	if (e == ERR_OK) {
		json_array_foreach(json_object_get(books, "transactions"), i, t)
		{
			payment_compare(&c, t);
		}
		rest_compare(&c);
		e = merchants_compare(m, books, r);
	}
	strmap_release(&c.map);
	free(c.effects);
	PQclear(c.rows);
	return e;
}
