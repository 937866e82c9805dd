#include "simulator/audit_names.h"

#include <stdlib.h>

#include "simulator/audit_db.h"

/* ${sql} gives (id, code, …) by id. */
static enum err
codes_read(PGconn *db, const char *sql, PGresult **rows, const char ***codes, int64_t *max)
{
	int count;

	*rows = audit_query(db, sql);
	if (*rows == NULL)
		return ERR_IO;
	count = PQntuples(*rows);
	*max = count > 0 ? audit_int(*rows, count - 1, 0) : 0;
	*codes = calloc((size_t)*max + 1, sizeof(**codes));
	if (*codes == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++)
		(*codes)[audit_int(*rows, i, 0)] = audit_text(*rows, i, 1);
	return ERR_OK;
}

static enum err
parties_read(struct audit_names *n)
{
	n->party = calloc((size_t)n->party_max + 1, sizeof(*n->party));
	if (n->party == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(n->parties); i++) {
		struct audit_party *p = &n->party[audit_int(n->parties, i, 0)];

		p->kind = (int)audit_int(n->parties, i, 2);
		p->fee_bps = audit_int(n->parties, i, 3);
		p->provider = (int)audit_int(n->parties, i, 4);
		if (p->kind == 1)
			n->brand = audit_int(n->parties, i, 0);
	}
	return ERR_OK;
}

static enum err
campaigns_read(struct audit_names *n, PGconn *db)
{
	PGresult *rows = audit_query(db,
	    "select campaign_id, u.funder, u.share from campaign, unnest(funder_ids, share_bps) "
	    "with ordinality u(funder, share, i) order by campaign_id, u.i");
	int count;

	if (rows == NULL)
		return ERR_IO;
	count = PQntuples(rows);
	n->campaign_max = count > 0 ? audit_int(rows, count - 1, 0) : 0;
	n->campaign = calloc((size_t)n->campaign_max + 1, sizeof(*n->campaign));
	for (int i = 0; n->campaign != NULL && i < count; i++) {
		struct audit_campaign *c = &n->campaign[audit_int(rows, i, 0)];

		if (c->funder_count == AUDIT_FUNDERS_MAX)
			continue;
		c->funder[c->funder_count] = audit_int(rows, i, 1);
		c->share_bps[c->funder_count++] = audit_int(rows, i, 2);
	}
	PQclear(rows);
	return n->campaign == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err
audit_names_read(struct audit_names *n, PGconn *db)
{
	enum err e;

	*n = (struct audit_names){0};
	e = codes_read(db,
	    "select party_id, code, kind, fee_bps, provider from party order by party_id",
	    &n->parties, &n->party_code, &n->party_max);
	if (e == ERR_OK)
		e = parties_read(n);
	if (e == ERR_OK)
		e = codes_read(db, "select location_id, code from location order by location_id",
		    &n->locations, &n->location_code, &n->location_max);
	if (e == ERR_OK)
		e = codes_read(db,
		    "select storefront_id, code from storefront order by storefront_id",
		    &n->storefronts, &n->storefront_code, &n->storefront_max);
	if (e == ERR_OK)
		e = codes_read(db, "select sku_id, code from sku order by sku_id", &n->skus,
		    &n->sku_code, &n->sku_max);
	if (e == ERR_OK)
		e = campaigns_read(n, db);
	return e;
}

void
audit_names_release(struct audit_names *n)
{
	PQclear(n->parties);
	PQclear(n->locations);
	PQclear(n->storefronts);
	PQclear(n->skus);
	free(n->party_code);
	free(n->location_code);
	free(n->storefront_code);
	free(n->sku_code);
	free(n->party);
	free(n->campaign);
}

const char *
audit_name(const char **codes, int64_t max, int64_t id)
{
	if (id == 0)
		return "";
	return id < 0 || id > max || codes[id] == NULL ? "?" : codes[id];
}
