#ifndef ROUTER_FLOW_BOOK_CONVERT_H
#define ROUTER_FLOW_BOOK_CONVERT_H

/*
 * book_convert: a book of split rules off the wire as split() reads it.
 *
 * What is left out: no charge; transfer at contract cost; courier shortfall borne by the owner; a negative
 * margin is a receivable; rounding half up.
 */
#include "domain/split_book.h"
#include "yuncang/v1/policy.pb-c.h"

/**
 * book_convert(w, m, version, effective_from_us, out, r):
 * Make a book of ${m}; free it with book_free().
 *
 * BAD_FIELD: over a limit, a number that no enum has, basis points without a base, a transfer of nothing,
 * absorb_max_fen without BRAND_ABSORBS or the other way round, a dealer who is none.
 * UNKNOWN_ID: a code that ${w} does not know.  ${r}->field: "book.rules[2].handling.bps".
 */
enum err book_convert(const struct world *w, const Yuncang__V1__SplitRuleBook *m, int32_t version,
    int64_t effective_from_us, struct split_book **out, struct reason *r) MUST_CHECK;
void book_free(struct split_book *b);

#endif
