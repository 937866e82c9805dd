#ifndef ROUTER_STORE_RECON_CASE_ROW_H
#define ROUTER_STORE_RECON_CASE_ROW_H

/* recon_case_row: an exception asked for and read, for recon_list.c and recon_case.c. */
#include "store/recon_case.h"

void case_ask(struct tx *t, const struct case_query *q);
enum err case_read(const PGresult *r, int row, struct arena *arena,
    struct recon_case *out) MUST_CHECK;

#endif
