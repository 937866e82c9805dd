#ifndef ROUTER_EDGE_AUTH_H
#define ROUTER_EDGE_AUTH_H

/*
 * auth: who is calling.
 *
 * A key is "yk_" + base64url of 32 random bytes, sent as "authorization: Bearer yk_…".  Only its
 * SHA-256 is kept.  The table is built whole by flow/ from what store/ read, and swapped whole, so
 * that a revoked key stops within one poll of the change feed.
 */
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

/* Roles are bits, so that a row of the method table can allow several. */
enum role {
	ROLE_STOREFRONT = 1, /* acts for its storefronts only */
	ROLE_STORE = 2,      /* acts for its locations only */
	ROLE_FINANCE = 4,    /* reads everything, money too */
	ROLE_OPERATOR = 8,   /* catalog and policies; reads everything */
	ROLE_ADMIN = 16      /* everything, keys too */
};
#define ROLE_ANY 31u

enum role role_parse(const char *word); /* 0: not a role */
const char *role_word(enum role r);

/*
 * Scopes narrow a role: "storefront:CODE", "location:CODE", "dealer:CODE", with "*" for all of a
 * kind, and "margin", which lets a storefront or store key see money (finance, operator and admin do
 * without).  A storefront or store key without a scope of its kind may do nothing.
 */
#define SCOPES_MAX 64
#define SCOPE_SIZE 80

struct principal {
	int64_t key_id;
	enum role role;
	bool sees_money;
	int scope_count;
	char (*scopes)[SCOPE_SIZE]; /* owned by the key table */
};

/* Is "kind:code" among the scopes?  Finance, operator and admin keys with no scope of that kind may see all. */
bool principal_may(const struct principal *p, const char *kind, const char *code) MUST_CHECK;

struct key_table;

struct key_table *key_table_new(int count_max) MUST_CHECK;
void key_table_free(struct key_table *t);
/* ${scopes}: scope_count texts; copied.  ERR_CONF: an unknown role or a malformed scope. */
enum err key_table_add(struct key_table *t, int64_t key_id, const uint8_t hash[DIGEST_SIZE],
    const char *role, const char *const *scopes, int scope_count) MUST_CHECK;
/* NULL for a missing, malformed, unknown or revoked key alike.  ${authorization} may be NULL. */
const struct principal *key_table_find(const struct key_table *t, const char *authorization);

/* A new key: its text (shown once) and its hash (stored). */
#define KEY_TEXT_SIZE 48
void key_make(char text[KEY_TEXT_SIZE], uint8_t hash[DIGEST_SIZE]);
bool scope_valid(
    const char *scope); /* "margin", or a known kind, a colon and 1..64 characters or "*" */

#endif
