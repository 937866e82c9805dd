#ifndef ROUTER_FLOW_COLLECTION_CODE_H
#define ROUTER_FLOW_COLLECTION_CODE_H

/*
 * collection_code: what a customer shows to collect: six digits, never stored.
 *
 * The first 8 bytes of an HMAC-SHA256 over version byte, order id, fulfilment and the number of codes issued before,
 * modulo a million.  So any instance can show it again, ReissueCode makes another one by counting on, and who reads
 * the tables without the secret knows nothing.  It stands in no log, event or trail: only the storefront is told.
 */
#include "base/digest.h"
#include "store/order_read.h"

#define COLLECTION_CODE_SIZE 7

/* The code number ${code_no} of ${f}; 0 is the first. */
void collection_code(const uint8_t secret[DIGEST_SIZE], const struct uuid *order,
    const struct fulfilment_read *f, int code_no, char out[COLLECTION_CODE_SIZE]);
/* In constant time, but for a text that has not the length of a code. */
bool collection_code_is(const char *given, const char code[COLLECTION_CODE_SIZE]);
/* The code to show for ${f} now; "" while there is nothing to collect. */
void collection_code_shown(const uint8_t secret[DIGEST_SIZE], const struct uuid *order,
    const struct fulfilment_read *f, char out[COLLECTION_CODE_SIZE]);

#endif
