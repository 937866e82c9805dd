#ifndef ROUTER_STORE_SQL_PROPOSAL_H
#define ROUTER_STORE_SQL_PROPOSAL_H

/* What finance asks for and two persons agree on: store/proposal.c; what its acts write: store/finance.c. */
#include "store/sql_take.h"

/* clang-format off */
#define SQL_PROPOSAL_COLUMNS \
	"p.proposal_id, p.kind, p.body, p.fen, p.about, p.ref, p.body_hash, p.proposed_by, p.proposed_name, " \
	"p.proposed_at, p.state, coalesce(p.decided_by, 0), coalesce(p.decided_name, ''), p.decided_at, p.note"
#define SQL_KEY_NAME(key) "(select name from api_key where key_id = " key ")"

#define PROPOSAL_STATEMENTS(X) \
	X(PROPOSAL_READ, ON_QUERY, \
	    "select k.name, " SQL_PROPOSAL_COLUMNS " from (select coalesce(" SQL_KEY_NAME("$4") ", '') as name) k " \
	    "left join proposal p on case when $1::int2 = 0 then p.proposal_id = $3 else p.kind = $1 and p.ref = $2 end") \
	X(PROPOSAL_WAIT, ON_QUERY, \
	    "insert into proposal (proposal_id, kind, body, fen, about, ref, body_hash, proposed_by, proposed_name, " \
	    "proposed_at, state) select $1, $2, $3, $4, $5, $6, $7, $8, coalesce(" SQL_KEY_NAME("$8") ", ''), $9, 1 " \
	    "on conflict (kind, ref) do nothing") \
	X(PROPOSAL_DONE, ON_QUERY, \
	    "insert into proposal (proposal_id, kind, body, fen, about, ref, body_hash, proposed_by, proposed_name, " \
	    "proposed_at, state, decided_at) select $1, $2, $3, $4, $5, $6, $7, $8, coalesce(" SQL_KEY_NAME("$8") ", ''), $9, 2, $9") \
	/* Of what was decided meanwhile: a state that the table does not take, so that nothing of the transaction stands. */ \
	X(PROPOSAL_APPROVE, ON_QUERY, \
	    "update proposal set state = case when state = 1 then 2 else 0 end, decided_by = $2, " \
	    "decided_name = " SQL_KEY_NAME("$2") ", decided_at = $3, note = $4 where proposal_id = $1") \
	/* What the service itself proposed is the first person's who agrees: there are still to be two. */ \
	X(PROPOSAL_ADOPT, ON_QUERY, \
	    "update proposal set proposed_by = $2, proposed_name = " SQL_KEY_NAME("$2") ", proposed_at = $3, note = $4 " \
	    "where proposal_id = $1 and state = 1 and proposed_by = 0") \
	X(PROPOSAL_REJECT, ON_QUERY, \
	    "update proposal set state = 3, decided_by = $2, decided_name = " SQL_KEY_NAME("$2") ", decided_at = $3, " \
	    "note = $4 where proposal_id = $1 and state = 1") \
	X(PROPOSAL_LIST, ON_QUERY, \
	    "select '', " SQL_PROPOSAL_COLUMNS " from proposal p where ($1::int2 = 0 or p.state = $1) " \
	    "and ($2::int2 = 0 or p.kind = $2) and (p.proposed_at, p.proposal_id) < ($3, $4) " \
	    "order by p.proposed_at desc, p.proposal_id desc limit $5") \
	X(FINANCE_ORDER, ON_QUERY, \
	    "select dealer_id, collector_id, split_version, paid_at from sales_order where order_id = $1") \
	/* The payment that a dispute is about: of two the larger. */ \
	X(FINANCE_PAYMENT, ON_QUERY, \
	    "select provider from payment where order_id = $1 and outcome in (1, 2, 5) " \
	    "order by amount_fen desc, number limit 1") \
	X(FINANCE_SUMS, ON_QUERY, \
	    "select j.event, l.account, sum(l.fen)::int8 from journal j, unnest(j.accounts, j.amounts) l(account, fen) " \
	    "where j.object_id = $1 group by j.event, l.account order by j.event, l.account") \
	X(FINANCE_NUMBER, ON_QUERY, \
	    "select coalesce(max(event_no), 0) from journal where object_id = $1 and event = $2") \
	X(FINANCE_CORRECTED, ON_QUERY, \
	    "select j.event_at, j.dealer_id, j.split_version, coalesce(o.order_id, '00000000-0000-0000-0000-000000000000'), " \
	    "coalesce(o.collector_id, 0) from journal j left join sales_order o on o.order_id = coalesce(j.order_id, j.object_id) " \
	    "where j.object_id = $1 and j.event = $2 and j.event_no = $3") \
	X(FINANCE_BALANCES, ON_QUERY, \
	    "select account, fen from balance where account = any ($1::int8[]) order by account") \
	/* Who settles the order chooses its rail; of no order nobody would, and there is nothing to split. */ \
	X(FINANCE_PAYABLE, ON_QUERY, \
	    "insert into payable (order_id, event, event_no, account, dealer_id, collector_id, party_id, fen, made_at, rail) " \
	    "select $1, $4, no, account, $2, collector, party, fen, $3, case when exists " \
	    "(select from sales_order o where o.order_id = $1) then null when exists " \
	    "(select from payee y where y.party_id = t.party and y.account <> '') then 2::int2 else 3::int2 end " \
	    "from unnest($5::int4[], $6::int8[], $7::int4[], $8::int4[], $9::int8[]) t(no, account, collector, party, fen)") \
	/* Far away, and back: calendars are the same after 800 years. */ \
	X(FINANCE_HOLDS_STOP, ON_QUERY, \
	    "update settlement set due_at = due_at + interval '800 years' where order_id = $1 and ended_at is null " \
	    "and due_at < '2500-01-01'") \
	X(FINANCE_HOLDS_GO_ON, ON_QUERY, \
	    "update settlement set due_at = due_at - interval '800 years' where order_id = $1 and ended_at is null " \
	    "and due_at >= '2500-01-01'")
/* clang-format on */

#endif
