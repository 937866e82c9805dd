#ifndef ROUTER_STORE_ACT_WRITE_H
#define ROUTER_STORE_ACT_WRITE_H

/* act_write: the rows of an act; each function adds one statement, or none if there is nothing to write. */
#include "store/act.h"
#include "store/takes.h"

void write_acts(struct tx *t, const struct act_in *in);
void write_acted_order(struct tx *t, const struct act_in *in);
/* Behind the order's row. */
void write_acted_contact(struct tx *t, const struct act_in *in);
/* Fulfilments that change; returns how many rows must be affected. */
int write_acted_fulfilments(struct tx *t, const struct act_in *in);
/* Fulfilments that part from others; returns how many rows must be affected. */
int write_split_off(struct tx *t, const struct act_in *in);

/* What the changes of state give back and hand out, and in->gives, into ${g}: sealed. */
enum err act_gives(const struct act_in *in, struct arena *arena, struct takes *g) MUST_CHECK;

#endif
