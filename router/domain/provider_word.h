#ifndef ROUTER_DOMAIN_PROVIDER_WORD_H
#define ROUTER_DOMAIN_PROVIDER_WORD_H

/* provider_word: what a call to the payment provider is, and how it stands; the numbers stand in tables. */
enum provider_call_kind {
	CALL_SPLIT = 1,
	CALL_UNFREEZE,
	CALL_RETURN,
	CALL_REFUND,
	CALL_KIND_COUNT
};
enum provider_call_state { CALL_QUEUED = 1, CALL_SENT, CALL_UNDER_WAY, CALL_DONE, CALL_REFUSED };
enum provider_result { RESULT_PENDING = 1, RESULT_SUCCESS, RESULT_CLOSED };

/* Why a call that is sent or under way waits for a person, in its column "error"; see store/stuck_call.h. */
#define PROVIDER_DIFFERS "differs" /* the provider has something else under its number */
#define PROVIDER_GONE "gone"       /* it had taken it, and does not know it any more */

#endif
