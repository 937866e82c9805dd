#ifndef ROUTER_EDGE_PATH_H
#define ROUTER_EDGE_PATH_H

/*
 * path: where in a message a reader stands, printed only when something is wrong there.
 *
 * Steps are field descriptors with the element's index; the text uses the names of the .proto file:
 * "basket.lines[3].quantity".
 */
#include <protobuf-c/protobuf-c.h>

#include "base/err.h"

#define PATH_DEPTH_MAX 16
#define PATH_WHOLE UINT32_MAX

struct path_step {
	const ProtobufCFieldDescriptor *field;
	uint32_t index; /* of the element; PATH_WHOLE: the list itself, or it is none */
};

struct path {
	struct path_step steps[PATH_DEPTH_MAX];
	int depth;
};

bool path_push(struct path *p, const ProtobufCFieldDescriptor *field, uint32_t index) MUST_CHECK;
void path_pop(struct path *p);
/* ${last}, may be NULL, is added as a name of its own: a field that no descriptor knows. */
void path_print(const struct path *p, const char *last, char out[REASON_FIELD_MAX]);
/* reason_set() with the path as the field. */
enum err path_fail(const struct path *p, const char *last, struct reason *r, enum err e,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
