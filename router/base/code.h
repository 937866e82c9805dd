#ifndef ROUTER_BASE_CODE_H
#define ROUTER_BASE_CODE_H

/* code: the sixteen codes that a Connect client knows, in its words, each with its HTTP status. */

/* connectrpc.com/docs/protocol, "Error codes". */
/* clang-format off */
#define CODE_TABLE(X) \
	X(CANCELED, "canceled", 499) \
	X(UNKNOWN, "unknown", 500) \
	X(INVALID_ARGUMENT, "invalid_argument", 400) \
	X(DEADLINE_EXCEEDED, "deadline_exceeded", 504) \
	X(NOT_FOUND, "not_found", 404) \
	X(ALREADY_EXISTS, "already_exists", 409) \
	X(PERMISSION_DENIED, "permission_denied", 403) \
	X(RESOURCE_EXHAUSTED, "resource_exhausted", 429) \
	X(FAILED_PRECONDITION, "failed_precondition", 400) \
	X(ABORTED, "aborted", 409) \
	X(OUT_OF_RANGE, "out_of_range", 400) \
	X(UNIMPLEMENTED, "unimplemented", 501) \
	X(INTERNAL, "internal", 500) \
	X(UNAVAILABLE, "unavailable", 503) \
	X(DATA_LOSS, "data_loss", 500) \
	X(UNAUTHENTICATED, "unauthenticated", 401)
/* clang-format on */

enum code {
#define X(name, word, http) CODE_##name,
	CODE_TABLE(X)
#undef X
};

const char *code_word(enum code c); /* "not_found" */
int code_http(enum code c);

#endif
