#ifndef ROUTER_FLOW_STORE_CODE_H
#define ROUTER_FLOW_STORE_CODE_H

/*
 * store_code: what a store shows to be scanned, or hands to a storefront it serves: proof that it was there.
 *
 * Two formats, both signed with the secret all instances share.  The older one is 22 characters, an HMAC of the
 * store's code alone, for ever.  The other names the store itself, may name who of the staff shows it, and may
 * end: version byte, varints location, staff, last minute (0: none), then the first 16 bytes of an HMAC-SHA256
 * over them; base64url.  An HMAC of one is none of the other: codes hold no control characters.
 */
#include "flow/app.h"

#define STORE_CODE_SIZE 23        /* the older one */
#define STORE_CODE_SIZE_MAX 64    /* the other, at most */
#define STORE_CODE_MINUTES 525600 /* longest life, if it has an end */

struct store_code {
	int32_t location; /* index in the world; where it is asked for: or NONE */
	int32_t staff;    /* party id; 0: the store's own, or who shows it is known no more */
	int64_t until_us; /* 0: for ever */
};

void store_code_old(const struct app *app, const char *location, char out[STORE_CODE_SIZE]);
void store_code_make(const struct app *app, const struct world *w, const struct store_code *c,
    char out[STORE_CODE_SIZE_MAX]);

/**
 * store_code_read(app, w, text, now_us, field, c, r):
 * Is ${text} a code of ${c}->location, or, with NONE, of any store?  Fills ${c}.
 *
 * errors   BAD_TOKEN: not ours, or another store's (or it must be named: an older code); TOKEN_EXPIRED.
 */
enum err store_code_read(const struct app *app, const struct world *w, const char *text,
    int64_t now_us, const char *field, struct store_code *c, struct reason *r) MUST_CHECK;

#endif
