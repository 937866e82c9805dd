#ifndef SIMULATOR_AUDIT_NAMES_H
#define SIMULATOR_AUDIT_NAMES_H

/* audit_names: the catalog's rows by id, as far as the auditor needs them. */
#include <libpq-fe.h>
#include <stdint.h>

#include "base/err.h"

#define AUDIT_FUNDERS_MAX 8

struct audit_party {
	int kind; /* 1 brand, 2 dealer, …: party.kind */
	int64_t fee_bps;
	int provider;
};

struct audit_campaign {
	int funder_count;
	int64_t funder[AUDIT_FUNDERS_MAX], share_bps[AUDIT_FUNDERS_MAX];
};

struct audit_names {
	PGresult *parties, *locations, *storefronts, *skus; /* hold the codes */
	const char **party_code, **location_code, **storefront_code,
	    **sku_code; /* by id; NULL: none */
	int64_t party_max, location_max, storefront_max, sku_max;
	struct audit_party *party;
	struct audit_campaign *campaign;
	int64_t campaign_max, brand;
};

enum err audit_names_read(struct audit_names *n, PGconn *db) MUST_CHECK;
void audit_names_release(struct audit_names *n);
/* "?" for an id that is not there; "" for 0 */
const char *audit_name(const char **codes, int64_t max, int64_t id);

#endif
