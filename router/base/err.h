#ifndef ROUTER_BASE_ERR_H
#define ROUTER_BASE_ERR_H

/*
 * err: the one table of everything that can go wrong or be refused.
 *
 * Three kinds of wrong live apart: a bug is an assert; the world (disk, peer,
 * budget) and a "no" to the client are both values of this enum.  The order is
 * precedence: of two refusals the earlier one is told.  Each row holds the name
 * the client reads in details.reason, the Connect code (which fixes the HTTP
 * status), whether the same request may be sent again, and a sentence.
 * Docs, metric labels and tests are made from this table.
 */
#include <stdbool.h>

#include "base/code.h"

#define MUST_CHECK __attribute__((warn_unused_result))

/* name, Connect code, may the same request be sent again, sentence */
/* clang-format off */
#define ERR_TABLE(X) \
	X(OK, UNKNOWN, false, "no error") \
	X(UNAUTHENTICATED, UNAUTHENTICATED, false, "the API key is missing, unknown or revoked") \
	X(PERMISSION_DENIED, PERMISSION_DENIED, false, "this key may not do that") \
	X(NO_METHOD, UNIMPLEMENTED, false, "no such method") \
	X(BAD_ENCODING, UNIMPLEMENTED, false, "this content encoding is not known") \
	X(TOO_LARGE, RESOURCE_EXHAUSTED, false, "the request is larger than its limit") \
	X(BAD_BODY, INVALID_ARGUMENT, false, "the body cannot be decoded") \
	X(BAD_FIELD, INVALID_ARGUMENT, false, "a field has a value that is not allowed") \
	X(UNKNOWN_ID, INVALID_ARGUMENT, false, "a field names something that is not in the catalog") \
	X(NOT_FOUND, NOT_FOUND, false, "there is no such object, or this key may not see it") \
	X(AMOUNT_DIFFERS, INVALID_ARGUMENT, false, "the paid amount is not the order's total") \
	X(EXISTS_DIFFERS, ALREADY_EXISTS, false, "this reference was used before with another body") \
	X(BAD_TOKEN, INVALID_ARGUMENT, false, "the token was not signed by this service or is for something else") \
	X(TOKEN_EXPIRED, FAILED_PRECONDITION, false, "the quote has expired") \
	X(QUOTE_CHANGED, FAILED_PRECONDITION, false, "the quoted option cannot be kept; new options are in the details") \
	X(WRONG_STATE, FAILED_PRECONDITION, false, "the object's state does not allow this") \
	X(CODE_LOCKED, FAILED_PRECONDITION, false, "too many wrong collection codes: no collection for a while") \
	X(WRONG_CODE, FAILED_PRECONDITION, false, "this is not the customer's collection code") \
	X(REFUSED_BY_RULE, FAILED_PRECONDITION, false, "a rule of the routing policy refuses this order") \
	X(NO_LOCATION, FAILED_PRECONDITION, false, "no location may fulfil this order") \
	X(MARGIN_BELOW_FLOOR, FAILED_PRECONDITION, false, "the owner's margin would fall below what the split rule allows") \
	X(CAMPAIGN_SPENT, FAILED_PRECONDITION, false, "the campaign's budget does not cover this order") \
	X(ENTITLEMENT_USED, FAILED_PRECONDITION, false, "the owner's entitlement does not cover this order") \
	X(SLOT_FULL, FAILED_PRECONDITION, false, "there is no such time slot, or it is full") \
	X(OUT_OF_STOCK, FAILED_PRECONDITION, false, "not enough stock") \
	X(NO_POLICY, FAILED_PRECONDITION, false, "no routing policy or split rule is active") \
	X(BUSY, RESOURCE_EXHAUSTED, true, "the service is at its limit; try again") \
	X(CONTENDED, ABORTED, true, "others took what this order needs each time it was decided; try again") \
	X(NOT_READY, UNAVAILABLE, true, "the service is starting or stopping") \
	X(DB_DOWN, UNAVAILABLE, true, "the database does not answer") \
	X(TIMEOUT, DEADLINE_EXCEEDED, true, "the deadline passed; the outcome is unknown, send the same request again") \
	X(NO_MEMORY, RESOURCE_EXHAUSTED, true, "memory for this request ran out") \
	X(OVERFLOW, INVALID_ARGUMENT, false, "an amount is beyond what can be counted") \
	X(IO, INTERNAL, false, "reading or writing failed") \
	X(CONF, INTERNAL, false, "the configuration is wrong") \
	X(INTERNAL, INTERNAL, false, "an error inside the service; it was logged")
/* clang-format on */

/* clang-format off */
enum err {
#define X(name, code, again, text) ERR_##name,
	ERR_TABLE(X)
#undef X
	ERR_COUNT
};
/* clang-format on */

const char *err_name(enum err e); /* lower case: "out_of_stock" */
const char *err_text(enum err e);
enum code err_code(enum err e);
bool err_retry(enum err e);

/**
 * struct reason: the text beside an error, made where the error was learnt.
 *
 * field names the wire field, e.g. "basket.lines[3].quantity", or is empty.  No secrets in it.
 */
#define REASON_FIELD_MAX 96
#define REASON_TEXT_MAX 256
struct reason {
	enum err err;
	char field[REASON_FIELD_MAX];
	char text[REASON_TEXT_MAX];
};

/**
 * reason_set(r, e, field, fmt, ...):
 * Fill ${r}, cutting what does not fit; ${field} may be NULL.  Returns ${e}, so that a
 * check is one line: return reason_set(r, ERR_BAD_FIELD, "basket.way", "…").
 */
enum err reason_set(struct reason *r, enum err e, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
