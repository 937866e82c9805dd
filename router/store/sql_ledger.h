#ifndef ROUTER_STORE_SQL_LEDGER_H
#define ROUTER_STORE_SQL_LEDGER_H

/* The journal behind an order's payments, and the balances of its bounded accounts: store/ledger.c. */
#include "store/sql_take.h"

/* clang-format off */
#define SQL_PERIOD(given) "greatest(" given "::int4, (select open_period from ledger_state))"

#define LEDGER_STATEMENTS(X) \
	X(LEDGER_INSERT, ON_BOTH, \
	    "insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, " \
	    "event_at, posted_at, accounts, amounts, kinds, provider_ref, order_id, number, units, corrects, " \
	    "corrects_event, corrects_no) " \
	    "select object, event, event_no, dealer, split, $8, $9, " SQL_PERIOD("$10") ", event_at, $11, " \
	    "($12::int8[])[lo:hi], ($13::int8[])[lo:hi], ($14::int2[])[lo:hi], ref, order_id, nullif(number, 0::int2), " \
	    "case when ulo <= uhi then ($15::int4[])[ulo:uhi] end, corrects, cor_event, cor_no " \
	    "from unnest($1::uuid[], $2::int2[], $3::int4[], $4::int4[], $5::int4[], $6::timestamptz[], " \
	    "$7::text[], $16::int4[], $17::int4[], $18::uuid[], $19::int2[], $20::int4[], $21::int4[], $22::uuid[], " \
	    "$23::int2[], $24::int4[]) " \
	    "t(object, event, event_no, dealer, split, event_at, ref, lo, hi, order_id, number, ulo, uhi, corrects, " \
	    "cor_event, cor_no)") \
	X(BALANCE_ENSURE, ON_BOTH, \
	    "insert into balance (account, fen) select account, 0 from unnest($1::int8[]) t(account) " \
	    "on conflict do nothing") \
	X(BALANCE_MOVE, ON_BOTH, \
	    SQL_W("account, fen", "$1::int8[], $2::int8[]") \
	    "update balance s set fen = s.fen + w.fen from w where s.account = w.account")
/* clang-format on */

#endif
