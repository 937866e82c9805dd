#ifndef ROUTER_STORE_CATALOG_WORLD_H
#define ROUTER_STORE_CATALOG_WORLD_H

/* catalog_world: a struct world built of parts, counted, with the memory it lives in. */
#include "store/catalog.h"
#include "store/catalog_part.h"

#define WORLD_MEMORY_MAX ((size_t)1 << 30)
#define VERSIONS_MAX 10000 /* compiled policies and books kept */
#define CLASSES_MAX 100000

/* Classes keep their index for the life of the catalog, so that a compiled policy stays right. */
struct class_list {
	struct arena *arena;
	struct table names; /* const char * */
	struct strmap index;
};
enum err class_list_init(struct class_list *l) MUST_CHECK;
void class_list_release(struct class_list *l);

/* A policy or book compiled once: its body never changes, and ids and class indexes stay. */
struct compiled {
	int32_t version;
	bool book;
	struct policy *policy;
	struct split_book *split_book;
};
struct compiled_list {
	struct table rows; /* struct compiled, by arrival */
	const struct catalog_compile *compile;
};
void compiled_release(struct compiled_list *l);
const struct compiled *compiled_find(const struct compiled_list *l, bool book, int32_t version);

struct snapshot {
	struct world world; /* first: what readers hold */
	int pins;
	struct snapshot *older;
	struct arena *arena;
	struct part *parts[PART_COUNT];
};

/**
 * snapshot_build(parts, classes, compiled, out):
 * A world of ${parts}, with one pin.  What a policy or book names and cannot be compiled is logged and
 * left out; it is tried again with the next world.
 */
enum err snapshot_build(struct part *const parts[PART_COUNT], struct class_list *classes,
    struct compiled_list *compiled, struct snapshot **out) MUST_CHECK;
void snapshot_free(struct snapshot *s);

#endif
