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
	    "update balance s set fen = s.fen + w.fen from w where s.account = w.account") \
	/* What an act leaves behind: store/act_books.c. */ \
	X(SETTLEMENT_INSERT, ON_QUERY, \
	    "insert into settlement (order_id, number, dealer_id, collector_id, posted_at, due_at) " \
	    "select $1, number, $2, $3, $4, due from unnest($5::int2[], $6::timestamptz[]) t(number, due)") \
	X(SETTLEMENT_CHANGE, ON_QUERY, \
	    "update settlement s set changes = s.changes + 1 from unnest($3::int2[], $4::int4[], $5::bool[]) " \
	    "t(number, changes, ended) where s.order_id = $1 and s.dealer_id = $2 and s.number = t.number " \
	    "and s.changes = t.changes and (s.ended_at is not null) = t.ended") \
	X(REFUND_INSERT, ON_BOTH, \
	    "insert into refund (order_id, refund_no, part_no, dealer_id, collector_id, provider, payment_number, fen, " \
	    "rebate_fen, state, due_at) select $1, no, part, $2, $3, provider, payment, fen, rebate, $5, $4 " \
	    "from unnest($6::int4[], $7::int2[], $8::int2[], $9::text[], $10::int8[], $11::int8[]) " \
	    "t(no, part, provider, payment, fen, rebate)") \
	X(PAYABLE_TAKE, ON_QUERY, \
	    "insert into payable (order_id, event, event_no, account, dealer_id, collector_id, party_id, fen, made_at) " \
	    "select $1, $5, no, account, $2, $3, party, fen, $4 " \
	    "from unnest($6::int4[], $7::int8[], $8::int4[], $9::int8[]) t(no, account, party, fen)") \
	X(CLAWBACK_INSERT, ON_QUERY, \
	    "insert into clawback (order_id, refund_no, party_id, dealer_id, collector_id, creditor_id, fen, state, due_at) " \
	    "select $1, no, party, $2, $3, creditor, fen, $5, $4 " \
	    "from unnest($6::int4[], $7::int4[], $8::int4[], $9::int8[]) t(no, party, creditor, fen)") \
	/* What was posted of one order, and what follows from it: store/money_read.c. */ \
	X(MONEY_SETTLEMENTS, ON_QUERY, \
	    "select number, due_at, ended_at, changes from settlement where order_id = $1 order by number") \
	X(MONEY_ROWS, ON_QUERY, \
	    "select event, event_no, number, accounts, amounts, kinds, units, event_at, posted_at, period, provider_ref " \
	    "from journal where object_id = $1 order by posted_at, event_no, event") \
	X(MONEY_DECISIONS, ON_QUERY, \
	    "select attempt, record, leg_kind, leg_party, leg_fen, leg_line, leg_part, funding_party, funding_fen, " \
	    "leg_row, line_of from decision where order_id = $1 order by attempt") \
	/* Stages of a party lie next to each other in the kind, the highest bits of the number. */ \
	X(MONEY_BALANCES, ON_QUERY, \
	    "select account, fen from balance where account = any (array(" \
	    "select distinct a + k * (1::int8 << 55) from journal j, unnest(j.accounts) a, generate_series(-2, 2) k " \
	    "where j.object_id = $1 and (account_kind(a) between 20 and 25 or (account_kind(a) = 6 and k = 0)))) " \
	    "order by account") \
	X(MONEY_POSTED, ON_QUERY, \
	    "select l.account, sum(l.fen)::int8 from journal j, unnest(j.accounts, j.amounts) l(account, fen) " \
	    "where j.object_id = $1 group by l.account having sum(l.fen) <> 0 order by l.account") \
	X(MONEY_REFUNDS, ON_QUERY, \
	    "select refund_no, part_no, state, provider, payment_number, fen, rebate_fen from refund " \
	    "where order_id = $1 order by refund_no, part_no") \
	X(MONEY_SPLIT_PAID, ON_QUERY, \
	    "select p.party_id, (sum(p.fen) - coalesce((select sum(c.fen) from clawback c where c.order_id = $1 " \
	    "and c.party_id = p.party_id), 0))::int8 from payout p where p.order_id = $1 and p.rail = 1 " \
	    "and p.state in (2, 3) group by p.party_id order by p.party_id")
/* clang-format on */

#endif
