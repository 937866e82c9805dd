#ifndef ROUTER_FLOW_CONVERT_H
#define ROUTER_FLOW_CONVERT_H

/*
 * convert: checks of one field of a message, each refusing it by its path.
 *
 * A field is ${above}.${name}, of a list ${above}.${name}[${index}]; index -1: it is no list.  Of the request
 * itself ${above} is "", and the field no list.
 * BAD_FIELD: it may not have this value; UNKNOWN_ID: it names what is not in the catalog.
 */
#include <google/protobuf/timestamp.pb-c.h>

#include "base/err.h"
#include "domain/world.h"

struct place {
	const char *above;
	const char *name;
	int index;
};

#define AT(above, name) (&(const struct place){above, name, -1})
#define AT_INDEX(above, name, index) (&(const struct place){above, name, index})

enum err convert_fail(struct reason *r, enum err e, const struct place *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* ${above}.${name}[${index}] as text, for what lies below it. */
void convert_path(const struct place *at, char out[REASON_FIELD_MAX]);

enum err convert_range(struct reason *r, const struct place *at, int64_t v, int64_t min,
    int64_t max) MUST_CHECK;
enum err convert_count(struct reason *r, const struct place *at, size_t count, size_t min,
    size_t max) MUST_CHECK;
/* Copies ${text} into ${out} of ${size} bytes. */
enum err convert_text(struct reason *r, const struct place *at, const char *text, char *out,
    size_t size) MUST_CHECK;
/* The index that ${m} has for ${code}. */
enum err convert_code(struct reason *r, const struct place *at, const struct strmap *m,
    const char *code, int32_t *idx) MUST_CHECK;
/* After 1970 and before the year 10000; NULL: 0. */
enum err convert_time(struct reason *r, const struct place *at,
    const Google__Protobuf__Timestamp *t, int64_t *us) MUST_CHECK;

#endif
