#include "simulator/provider_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

#define SHARING "/v3/profitsharing"

static const struct api_route routes[] = {
    {true, SHARING "/receivers/add", api_receiver_add, LIMIT_NONE},
    {true, SHARING "/receivers/delete", api_receiver_delete, LIMIT_NONE},
    {true, SHARING "/orders", api_split, LIMIT_SPLIT},
    {true, SHARING "/orders/unfreeze", api_unfreeze, LIMIT_UNFREEZE},
    {false, SHARING "/orders/*", api_split_get, LIMIT_QUERY},
    {false, SHARING "/transactions/*/amounts", api_amounts, LIMIT_QUERY},
    {false, SHARING "/merchant-configs/*", api_ratio, LIMIT_QUERY},
    {true, SHARING "/return-orders", api_return, LIMIT_RETURN},
    {false, SHARING "/return-orders/*", api_return_get, LIMIT_QUERY},
    {true, "/v3/refund/domestic/refunds", api_refund, LIMIT_RETURN},
    {false, "/v3/refund/domestic/refunds/*", api_refund_get, LIMIT_QUERY},
    {true, "/control/payments", control_payments, LIMIT_NONE},
    {true, "/control/clock", control_clock, LIMIT_NONE},
    {true, "/control/close", control_close, LIMIT_NONE},
    {true, "/control/optin", control_optin, LIMIT_NONE},
    {true, "/control/topup", control_topup, LIMIT_NONE},
    {true, "/control/withdraw", control_withdraw, LIMIT_NONE},
    {true, "/control/dispute", control_dispute, LIMIT_NONE},
    {true, "/control/conf", control_conf, LIMIT_NONE},
    {true, "/control/plant", control_plant, LIMIT_NONE},
};

/* One part of the path, decoded, into ${out}; false: too long, or nothing. */
static bool
part_take(const char *from, size_t len, char out[NUMBER_SIZE])
{
	char raw[3 * NUMBER_SIZE];
	size_t plain_len;
	char *plain;
	bool good;

	if (len == 0 || len >= sizeof(raw))
		return false;
	memcpy(raw, from, len);
	raw[len] = '\0';
	plain = evhttp_uridecode(raw, 0, &plain_len);
	if (plain == NULL)
		return false;
	good = plain_len < NUMBER_SIZE && strlen(plain) == plain_len;
	if (good)
		memcpy(out, plain, plain_len + 1);
	free(plain);
	return good;
}

static bool
path_matches(const char *pattern, const char *path, char number[NUMBER_SIZE])
{
	size_t before = strcspn(pattern, "*"), len;

	if (pattern[before] == '\0')
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, before) != 0)
		return false;
	len = strcspn(path + before, "/");
	return strcmp(pattern + before + 1, path + before + len) == 0 &&
	    part_take(path + before, len, number);
}

const struct api_route *
api_route_find(bool post, const char *path, struct ask *q)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (routes[i].post == post && path_matches(routes[i].path, path, q->number))
			return &routes[i];
	return NULL;
}

const char *
api_payer(const struct books *b, const struct ask *q)
{
	const char *sub = q->body != NULL ? body_text(q->body, "sub_mchid")
	                                  : ask_query(q, "sub_mchid");

	return sub != NULL && sub[0] != '\0' && strlen(sub) < NUMBER_SIZE ? sub : b->signer;
}
