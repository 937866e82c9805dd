/* month_ledger: the service's tables by themselves: each query tells what does not agree, a row each. */
#include "simulator/audit_db.h"
#include "simulator/month_books.h"

#define LEGS \
	"(select j.*, a.account, a.fen, a.leg_no from journal j, " \
	"unnest(j.accounts, j.amounts) with ordinality a (account, fen, leg_no)) "

/* $1 is business time. */
static const struct {
	enum month_check check;
	const char *sql;
} checks[] = {
    {MONTH_ROW,
        "select format('%s event %s %s', object_id, event, event_no) from journal "
        "where posted_at <= $1 and (select sum(x) from unnest(amounts) x) <> 0"},
    {MONTH_ENTRY,
        "select format('%s event %s %s leg %s: %s, sealed %s', object_id, event, event_no, leg_no, l.fen, e.fen) "
        "from " LEGS
        "l full join entry e using (object_id, event, event_no, dealer_id, leg_no, account, fen, period) "
        "where (l.posted_at is null or e.posted_at is null)"},
    {MONTH_BALANCE,
        "select format('%s: %s, posted %s', account_name(account), b.fen, s.fen) from balance b full join "
        "(select account, sum(fen) as fen from " LEGS
        "l where (account >> 55) & 127 in (6, 20, 21, 22, 23, 24, 25) group by 1) s "
        "using (account) where coalesce(b.fen, 0) <> coalesce(s.fen, 0)"},
    {MONTH_CLEARING, /* the object: the order wherever there is one; C:recon has its own */
        "select format('%s of %s: %s', account_name(account), "
        "case when account >> 55 = 13 then object_id else coalesce(order_id, object_id) end, sum(fen)) "
        "from " LEGS "l where (account >> 55) & 127 between 10 and 13 and posted_at <= $1 "
        "group by account, case when account >> 55 = 13 then object_id else coalesce(order_id, object_id) end "
        "having sum(fen) <> 0"},
    {MONTH_PERIOD,
        "select format('%s in %s', account_name(account), period) from ledger_period_total t full join "
        "(select account, period, sum(fen) filter (where fen > 0) as debit, -sum(fen) filter (where fen < 0) as credit "
        "from " LEGS
        "l where period in (select period from ledger_period) group by 1, 2) s using (account, period) "
        "where (coalesce(t.debit_fen, 0) <> coalesce(s.debit, 0) or coalesce(t.credit_fen, 0) <> "
        "coalesce(s.credit, 0))"},
    {MONTH_PAYABLE,
        "select format('%s: %s to be paid, %s posted', account_name(account), p.fen, -s.fen) from "
        "(select account, sum(fen) as fen from payable where payout_id is null group by 1) p full join "
        "(select account, sum(fen) as fen from " LEGS
        "l where (account >> 55) & 127 in (21, 24, 27, 30, 33, 36) "
        "and posted_at <= $1 group by 1) s using (account) where coalesce(p.fen, 0) <> -coalesce(s.fen, 0)"},
    {MONTH_EXCEPTION,
        "select format('%s of %s: %s fen', ref, day, fen) from recon_exception "
        "where closed_at is null and opened_at <= $1"},
    /* by account: what a refund took comes off; what a batch waits for a second person with is not due */
    {MONTH_OPEN,
        "select format('%s: %s', account_name(account), sum(fen)) from payable x where payout_id is null "
        "and made_at <= $1 and not exists (select from payout_batch b where b.batch_id = x.batch_id and b.state = 1) "
        "group by collector_id, account having sum(fen) > 0"},
    {MONTH_UNDER_WAY,
        "select format('%s of %s is in state %s', payout_id, fen, state) from payout "
        "where state in (1, 2) and made_at <= $1"},
    {MONTH_HOLD,
        "select format('order %s fulfilment %s since %s', order_id, number, due_at) from settlement "
        "where ended_at is null and due_at <= $1"},
    {MONTH_REFUND,
        "select format('order %s refund %s part %s: %s', order_id, refund_no, part_no, fen) from refund "
        "where state <> 3 and due_at <= $1"},
};

enum err
month_ledger(struct month *m, struct month_report *r)
{
	r->rows = month_number(m, "select count(*) from journal where posted_at <= $1");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		PGresult *rows = month_query(m, checks[i].sql);

		if (rows == NULL)
			return ERR_IO;
		for (int k = 0; k < PQntuples(rows); k++)
			month_found(r, checks[i].check, "%s", audit_text(rows, k, 0));
		PQclear(rows);
	}
	return ERR_OK;
}
