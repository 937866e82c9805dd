#ifndef ROUTER_EDGE_JSON_TREE_H
#define ROUTER_EDGE_JSON_TREE_H

/*
 * json_tree: JSON of others, of which there is no descriptor: an object to look members up in.  Stricter than most
 * readers: names twice, bad UTF-8 and anything behind the object are refused.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

/* NULL: not one JSON object, or no memory. */
struct json_t *json_tree_read(const void *p, size_t len);
void json_tree_free(struct json_t *m); /* NULL is fine */

/* Of a member; ${m} may be NULL, or no object: then there is none.  All live as long as the tree. */
const struct json_t *json_tree_member(const struct json_t *m, const char *name);
const char *json_tree_text(const struct json_t *m, const char *name); /* "": absent, or no text */
/* false: absent, no integer, or negative. */
bool json_tree_amount(const struct json_t *m, const char *name, int64_t *out);
/* Of an array; NULL: it is none, or has no more. */
const struct json_t *json_tree_at(const struct json_t *list, size_t i);

#endif
