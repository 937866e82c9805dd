#ifndef ROUTER_STORE_KEY_ADMIN_H
#define ROUTER_STORE_KEY_ADMIN_H

/*
 * key_admin: making, listing and revoking API keys from the command line.  Each is one transaction and
 * raises the version of the catalog's part "keys", so that running instances read them again.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/digest.h"

/* ${role} and ${scopes} were checked: see edge/auth.h.  DB_DOWN, INTERNAL: ${r} says why. */
enum err key_admin_create(const char *db, const char *name, const char *role,
    const char *const *scopes, int scope_count, const uint8_t hash[DIGEST_SIZE], int64_t *key_id,
    struct reason *r) MUST_CHECK;
/* A line each: number, role, name, scopes, made, revoked; never the key nor its hash. */
enum err key_admin_list(const char *db, FILE *to, struct reason *r) MUST_CHECK;
/* NOT_FOUND: no such key, or it is revoked already. */
enum err key_admin_revoke(const char *db, int64_t key_id, struct reason *r) MUST_CHECK;

#endif
