#include <string.h>

#include "edge/json_read.h"
#include "flow/book_convert.h"
#include "flow/compile.h"
#include "flow/policy_convert.h"
#include "yuncang/v1/policy.pb-c.h"

/* A body came in through a request, which has a smaller limit. */
#define BODY_MEMORY_MAX ((size_t)64 << 20)

static const struct wire_limits limits = {.repeated_max = WIRE_REPEATED_MAX,
    .values_max = WIRE_VALUES_MAX};

static enum err
read_body(const ProtobufCMessageDescriptor *d, const char *json, struct arena **arena,
    ProtobufCMessage **m, struct reason *r)
{
	enum err e;

	*arena = arena_new(BODY_MEMORY_MAX);
	if (*arena == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	e = json_read(d, (const uint8_t *)json, strlen(json), &limits, *arena, m, r);
	if (e != ERR_OK)
		arena_free(*arena);
	return e;
}

static enum err
compile_policy(void *ctx, const struct world *w, int32_t version, int64_t effective_from_us,
    const char *json, struct policy **out, struct reason *r)
{
	ProtobufCMessage *m = NULL;
	struct arena *arena;
	enum err e;

	(void)ctx;
	e = read_body(&yuncang__v1__routing_policy__descriptor, json, &arena, &m, r);
	if (e != ERR_OK)
		return e;
	e = policy_convert(w, (const Yuncang__V1__RoutingPolicy *)m, version, effective_from_us,
	    out, r);
	arena_free(arena);
	return e;
}

static enum err
compile_book(void *ctx, const struct world *w, int32_t version, int64_t effective_from_us,
    const char *json, struct split_book **out, struct reason *r)
{
	ProtobufCMessage *m = NULL;
	struct arena *arena;
	enum err e;

	(void)ctx;
	e = read_body(&yuncang__v1__split_rule_book__descriptor, json, &arena, &m, r);
	if (e != ERR_OK)
		return e;
	e = book_convert(w, (const Yuncang__V1__SplitRuleBook *)m, version, effective_from_us, out,
	    r);
	arena_free(arena);
	return e;
}

const struct catalog_compile flow_compile = {
    .policy = compile_policy,
    .policy_free = policy_free,
    .book = compile_book,
    .book_free = book_free,
};
