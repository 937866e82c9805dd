#ifndef SIMULATOR_PROVIDER_API_H
#define SIMULATOR_PROVIDER_API_H

/*
 * provider_api: the provider's methods.  A handler looks at the whole request before it changes anything; what
 * it returns only says whether it refused.  It may depend on the books, their clock and the request, and on
 * nothing else: the book file is played again through the same functions.
 */
#include "simulator/provider_ask.h"
#include "simulator/provider_books.h"

struct provider;

typedef bool api_fn(struct books *b, struct ask *q, struct answer *a);

/* What one merchant may ask for in a second. */
enum api_limit { LIMIT_NONE, LIMIT_SPLIT, LIMIT_QUERY, LIMIT_RETURN, LIMIT_UNFREEZE, LIMIT_COUNT };

/* A * in ${path} stands for one part, which becomes ask.number. */
struct api_route {
	bool post;
	const char *path;
	api_fn *run;
	enum api_limit limit;
};

/* ${path} without the query; fills ${q}->number.  NULL: there is no such method. */
const struct api_route *api_route_find(bool post, const char *path, struct ask *q);
/* sub_mchid of body or query, else who signs. */
const char *api_payer(const struct books *b, const struct ask *q);

/* provider_receiver */
bool api_receiver_add(struct books *b, struct ask *q, struct answer *a);
bool api_receiver_delete(struct books *b, struct ask *q, struct answer *a);
/* Is a receiver's encrypted name as it must be?  Refuses when not. */
bool receiver_name_check(const struct ask *q, const json_t *from, bool must, struct answer *a);
bool receiver_listed(const struct books *b, const char *payer, const char *type,
    const char *account);

/* provider_split */
bool api_split(struct books *b, struct ask *q, struct answer *a);
bool api_split_get(struct books *b, struct ask *q, struct answer *a);
bool api_unfreeze(struct books *b, struct ask *q, struct answer *a);
bool api_amounts(struct books *b, struct ask *q, struct answer *a);
bool api_ratio(struct books *b, struct ask *q, struct answer *a);

/* provider_return */
bool api_return(struct books *b, struct ask *q, struct answer *a);
bool api_return_get(struct books *b, struct ask *q, struct answer *a);

/* provider_refund */
extern const char *const refund_ends[]; /* by enum refund_end */
bool api_refund(struct books *b, struct ask *q, struct answer *a);
bool api_refund_get(struct books *b, struct ask *q, struct answer *a);

/* provider_control: what changes the books from outside */
bool control_payments(struct books *b, struct ask *q, struct answer *a);
bool control_clock(struct books *b, struct ask *q, struct answer *a);
bool control_close(struct books *b, struct ask *q, struct answer *a);
bool control_optin(struct books *b, struct ask *q, struct answer *a);
bool control_topup(struct books *b, struct ask *q, struct answer *a);
bool control_withdraw(struct books *b, struct ask *q, struct answer *a);
bool control_dispute(struct books *b, struct ask *q, struct answer *a);
bool control_conf(struct books *b, struct ask *q, struct answer *a);
bool control_plant(struct books *b, struct ask *q, struct answer *a);

/* provider_dump: everything, or one transaction (NULL: all) */
json_t *books_dump(const struct books *b, const char *transaction_id);

#endif
