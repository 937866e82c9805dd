#ifndef ROUTER_FLOW_COMPILE_H
#define ROUTER_FLOW_COMPILE_H

/*
 * compile: routing policies and split rules as the database keeps them, proto3 JSON, into the domain's
 * structs: what store/catalog, which knows no messages, is given to call.
 */
#include "store/catalog.h"

/* Errors: those of json_read, policy_convert and book_convert; ${r} names the field. */
extern const struct catalog_compile flow_compile;

#endif
