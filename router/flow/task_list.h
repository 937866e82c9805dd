#ifndef ROUTER_FLOW_TASK_LIST_H
#define ROUTER_FLOW_TASK_LIST_H

/*
 * task_list: a page of a location's tasks as read, as the message, and as what a screen says it has seen.
 *
 * What was seen is a signed token: which instance told it, that instance's number of the location's last change
 * before it read, and a hash of the answer.  The same instance knows by the number alone whether anything has
 * changed; any other reads once and compares the hash.
 */
#include "flow/app.h"
#include "store/order_list.h"
#include "yuncang/v1/store.pb-c.h"

/* What was asked for; signed as bytes. */
struct task_filter {
	int32_t location; /* id */
	int32_t state;    /* 0: OFFERED and ACCEPTED */
	int32_t page_size;
};
_Static_assert(sizeof(struct task_filter) == 12, "no padding in what is signed");

struct task_version {
	uint64_t instance; /* drawn by each process */
	uint64_t number;
};
static inline bool
task_same_version(const struct task_version *a, const struct task_version *b)
{
	return a->instance == b->instance && a->number == b->number;
}

struct task_seen {
	struct task_version version;
	uint64_t content;
};

struct task_page {
	struct task_filter filter;
	struct task_query query;
	struct task_read *tasks;
	int count; /* of tasks, at most filter.page_size */
	bool more;
};

/* The id of the store that a list is of.  BAD_FIELD: none is named; NOT_FOUND: there is none, or it is not ${c}'s. */
enum err task_location(struct call *c, const char *code, int32_t *id) MUST_CHECK;
/* Fills filter and query.  BAD_FIELD, NOT_FOUND, BAD_TOKEN: ${c}->reason says which field. */
enum err task_page_ask(struct call *c, const Yuncang__V1__ListTasksRequest *q,
    struct task_page *p) MUST_CHECK;
/* Does ${w} know all that the page names? */
bool task_page_known(const struct world *w, const struct task_page *p);
/* The answer without what was seen, in ${a}; codes are borrowed from the world of now. */
enum err task_page_message(const struct app *app, const struct task_page *p, struct arena *a,
    Yuncang__V1__ListTasksResponse *m) MUST_CHECK;
/* A hash of what ${m} tells. */
enum err task_page_content(struct call *c, const Yuncang__V1__ListTasksResponse *m,
    uint64_t *content) MUST_CHECK;

/* NULL: no memory. */
char *task_seen_make(const struct app *app, const struct task_filter *f, const struct task_seen *s,
    struct arena *a) MUST_CHECK;
/* BAD_TOKEN, with ${r}: not ours, or of another list. */
enum err task_seen_read(const struct app *app, const struct task_filter *f, const char *text,
    struct task_seen *s, struct reason *r) MUST_CHECK;

#endif
