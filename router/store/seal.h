#ifndef ROUTER_STORE_SEAL_H
#define ROUTER_STORE_SEAL_H

/*
 * seal: the books behind the commit; design "The money", "The journal is the truth".
 *
 * Every seal_poll_ms one of the instances takes what the journal got since, each stream of the change feed in its
 * order, in batches of seal_rows_max rows.  A batch is one transaction: the rows' bytes hashed onto the hash of the
 * batch before (sql_seal.h), how far each stream is sealed, and the entries, one row a leg, which statements,
 * exports and reconciliation read.  A stream's numbers are in the order of its commits and streams are followed
 * one by one, so that what commits late is taken late, and nothing is passed over.
 */
#include "store/tx.h"

struct seal;

enum err seal_new(struct seal **out, struct event_base *base, const struct conf *conf,
    struct pool *pool) MUST_CHECK;
void seal_free(struct seal *s);
/* Look now, not at the next tick: somebody waits for the books. */
void seal_poke(struct seal *s);

#endif
