#ifndef TESTS_UNIT_FLOW_RULES_WORLD_H
#define TESTS_UNIT_FLOW_RULES_WORLD_H

/*
 * rules_world: the codes that policies and split rules may name, and messages from JSON.
 * Parties BRAND (id 11), D1 (12), D2 (13), C1 (14) and C2 (15) as channels; classes "phone", "laptop";
 * territories T1 (id 22), T2 (21); skus S1 (id 31), S2 (32).
 */
#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "domain/world.h"

struct rules_world {
	struct world w;
	struct party parties[5];
	struct territory territories[2];
	struct sku skus[2];
	struct arena *arena;
	struct reason reason;
};

void rules_world_init(struct rules_world *m);
void rules_world_release(struct rules_world *m);
/* ${json} as a message of ${d}; aborts when it is none.  It lives as long as ${m}. */
void *rules_message(struct rules_world *m, const ProtobufCMessageDescriptor *d, const char *json);
/* The same of a file below the project's top folder, where the tests run. */
void *rules_file(struct rules_world *m, const ProtobufCMessageDescriptor *d, const char *path);

#endif
