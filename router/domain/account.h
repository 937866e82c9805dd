#ifndef ROUTER_DOMAIN_ACCOUNT_H
#define ROUTER_DOMAIN_ACCOUNT_H

/*
 * account: the chart of accounts as numbers that need no registry:
 *   kind (7 bits) << 55 | provider (5 bits) << 50 | party (25 bits) << 25 | other (25 bits)
 * so a journal row's accounts bigint[] can be written without a look-up; account_name(bigint) in SQL and
 * account_print() here give the text of design "Accounts": A:psp:wechat:D0001:frozen.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "domain/leg_kind.h"
#include "domain/world.h"

#define ACCOUNT_ID_MAX ((1 << 25) - 1)

/* kind, text with %v provider, %p party, %o other party */
#define ACCOUNT_TABLE(X) \
	X(PSP_FROZEN, 1, "A:psp:%v:%p:frozen") \
	X(PSP_AVAILABLE, 2, "A:psp:%v:%p:available") \
	X(PSP_DISPUTED, 3, "A:psp:%v:%p:disputed") \
	X(PSP_FEE_REBATE, 4, "A:psp:%v:%p:fee_rebate") \
	X(BANK, 5, "A:bank:%p") \
	X(RECV_DEALER, 6, "A:recv:dealer:%p:%o") \
	X(RECV_COURIER, 7, "A:recv:courier:%p") \
	X(C_ORDER, 10, "C:order") \
	X(C_REFUND, 11, "C:refund") \
	X(C_PAYOUT, 12, "C:payout") \
	X(C_RECON, 13, "C:recon") \
	X(DEALER_HELD, 20, "P:dealer:%p:%o:held") \
	X(DEALER_AVAIL, 21, "P:dealer:%p:%o:avail") \
	X(DEALER_PAYOUT, 22, "P:dealer:%p:%o:in_payout") \
	X(STAFF_HELD, 23, "P:staff:%p:held") \
	X(STAFF_AVAIL, 24, "P:staff:%p:avail") \
	X(STAFF_PAYOUT, 25, "P:staff:%p:in_payout") \
	X(COURIER_HELD, 26, "P:courier:%p:held") \
	X(COURIER_AVAIL, 27, "P:courier:%p:avail") \
	X(COURIER_PAYOUT, 28, "P:courier:%p:in_payout") \
	X(WAREHOUSE_HELD, 29, "P:wh:%p:held") \
	X(WAREHOUSE_AVAIL, 30, "P:wh:%p:avail") \
	X(WAREHOUSE_PAYOUT, 31, "P:wh:%p:in_payout") \
	X(PLATFORM_HELD, 32, "P:op:held") \
	X(PLATFORM_AVAIL, 33, "P:op:avail") \
	X(PLATFORM_PAYOUT, 34, "P:op:in_payout") \
	X(CHANNEL_HELD, 35, "P:channel:%p:held") \
	X(CHANNEL_AVAIL, 36, "P:channel:%p:avail") \
	X(CHANNEL_PAYOUT, 37, "P:channel:%p:in_payout") \
	X(BRAND_COST, 40, "P:brand:cost") \
	X(BRAND_OTHER, 41, "P:brand:other") \
	X(BRAND_PROMO, 42, "P:brand:promo") \
	X(DEALER_PROMO, 43, "P:dealer:%p:promo") \
	X(PLATFORM_PROMO, 44, "P:op:promo") \
	X(X_PSP_FEE, 50, "X:psp_fee") \
	X(X_LOSS, 51, "X:loss") \
	X(X_ROUNDING, 52, "X:rounding")

enum account_kind {
#define X(name, number, text) ACCOUNT_##name = number,
	ACCOUNT_TABLE(X)
#undef X
};

/* The provider of a word, as on the wire and in account names; PROVIDER_NONE: the word is no provider's. */
enum provider provider_parse(const char *word);
const char *provider_word(enum provider v);

/* Asserts that kind, provider and ids fit; ids that the kind's text does not use are 0. */
int64_t account_number(enum account_kind k, enum provider v, int32_t party, int32_t other);
enum account_kind account_kind(int64_t account);
enum provider account_provider(int64_t account);
int32_t account_party(int64_t account);
int32_t account_other(int64_t account);
/* A party that ${w} does not know prints as "#" and its id, an unknown kind as "?" and the number. */
void account_print(const struct world *w, int64_t account, struct buf *out);
/* The account that prints as ${text}; 0: none does. */
int64_t account_parse(const struct world *w, const char *text);
/* P: accounts have three stages, next to each other: held, avail, in_payout. */
enum account_stage { STAGE_HELD, STAGE_AVAIL, STAGE_PAYOUT, STAGE_COUNT };
bool account_staged(int64_t account);
enum account_stage account_stage(int64_t account);                   /* of a staged account */
int64_t account_at_stage(int64_t account, enum account_stage stage); /* the same party's */
/* Has a row in table balance: dealers' and staff's stages, what dealers owe. */
bool account_bounded(int64_t account);
/*
 * Where a leg of ${kind} earned by ${party} is held, in an order that ${collector} collects; the brand's: where it
 * stays.  Not for LEG_PROVIDER_FEE, which E2 posts, nor for a negative MARGIN.
 */
int64_t account_of_leg(const struct world *w, enum leg_kind kind, int32_t party, int32_t collector);
/* What ${dealer} owes in an order that ${collector} collects: to him, or to the brand if he collects himself. */
int64_t account_receivable(const struct world *w, int32_t dealer, int32_t collector);
/* Where a funder's promise is booked: brand or platform promo, anybody else's under his own code. */
int64_t account_promo(const struct world *w, int32_t party);

#endif
