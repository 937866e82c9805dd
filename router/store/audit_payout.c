/* audit_payout: what is paid out, taken back and asked of the provider agrees with what is posted; its limits hold. */
#include "store/audit_check.h"

/* Is there a row of ${event} about ${object}, numbered ${no}? */
#define POSTED(event, object, no) \
	"exists (select from journal j where j.object_id = " object " and j.event = " event \
	" and j.event_no = " no ")"
/* The same of a payout, by whichever it is known: its order and number there, or itself. */
#define PAYOUT_POSTED(event) \
	"exists (select from journal j where j.event = " event \
	" and ((p.order_id is not null and j.object_id = p.order_id " \
	"and j.event_no = p.payout_no) or (p.order_id is null and j.object_id = p.payout_id)))"
/* A payment as it was when call c was sent: its cash and fee, what went to others and back to the customer. */
#define AT_SPLIT \
	"(select c.number, coalesce(p.amount_fen, 0) as paid, coalesce((select sum(l.fen) from journal e1 " \
	"join journal e2 on e2.object_id = e1.object_id and e2.event = 2 and e2.event_no = e1.event_no, " \
	"unnest(e2.accounts, e2.amounts) l(account, fen) where e1.object_id = c.order_id and e1.event = 1 " \
	"and e1.provider_ref = c.payment_number and account_kind(l.account) = 10), 0) as fee, " \
	"(select coalesce(sum(i.fen), 0) from provider_call s join provider_call_item i using (number) where s.kind = 1 " \
	"and s.payment_number = c.payment_number and s.provider = c.provider and s.sent_at <= c.sent_at " \
	"and i.result <> 3) as split, (select coalesce(sum(s.fen), 0) from provider_call s where s.kind = 4 " \
	"and s.payment_number = c.payment_number and s.provider = c.provider and s.sent_at < c.sent_at and s.state <> 5) " \
	"as refunded from provider_call c left join payment p on p.provider = c.provider and p.number = c.payment_number " \
	"where c.kind = 1 and c.sent_at is not null) c"

/* clang-format off */
const struct audit_check audit_payout[] = {
	{"provider_hash", "what was sent to the provider under a number is known for ever, by its hash",
	    "select number from provider_call where (sends > 0 or sent_at is not null) "
	    "and octet_length(body_hash) is distinct from 32"},
	{"provider_number", "a number of the provider is that of a call to him, or of what a person did",
	    "select 'payout ' || number from payout p where number is not null and not exists "
	    "(select from provider_call c where c.number = p.number) union all "
	    "select 'clawback ' || number from clawback p where number is not null and not exists "
	    "(select from provider_call c where c.number = p.number)"},
	{"provider_sum", "a call moves what its items say",
	    "select c.number || ': ' || c.fen || ' not ' || coalesce(sum(i.fen), 0) from provider_call c "
	    "left join provider_call_item i using (number) where c.kind <> 2 group by c.number, c.fen "
	    "having c.fen <> coalesce(sum(i.fen), 0)"},
	{"provider_posted", "what the provider did and we took over is posted, under his number",
	    "select i.number || ' item ' || i.item_no from provider_call_item i join provider_call c using (number) "
	    "left join payout p on p.payout_id = i.payout_id where i.posted and case c.kind "
	    "when 1 then not exists (select from journal j where j.object_id = c.order_id "
	    "and j.event = case i.result when 2 then 6 else 18 end and j.event_no = p.payout_no "
	    "and (i.result <> 2 or j.provider_ref = i.number || ':' || i.receiver)) "
	    "when 3 then i.result = 2 and not exists (select from journal j where j.object_id = c.order_id "
	    "and j.event = 11 and j.provider_ref = i.number) "
	    "when 4 then i.result = 2 and not exists (select from journal j where j.object_id = c.order_id "
	    "and j.event = 10 and j.provider_ref = i.number) else false end"},
	{"split_cap", "no split was sent beyond what the provider allows of a payment",
	    "select number || ': ' || split || ' of ' || paid || ' less ' || refunded from " AT_SPLIT
	    " where split > (paid - refunded) * current_setting('yuncang.split_cap_bps')::int8 / 10000"},
	{"split_funds", "no split was sent of more than was there: what was paid, less refunds and the fee",
	    "select number || ': ' || split || ' of ' || paid || ' less ' || refunded || ' less ' || fee from " AT_SPLIT
	    " where split > paid - refunded - fee"},
	{"payout_posted", "a payout stands where its postings left it",
	    "select p.payout_id || ' state ' || p.state from (select p.*, " PAYOUT_POSTED("5") " as e5, "
	    PAYOUT_POSTED("6") " as e6, " PAYOUT_POSTED("18") " as e6c from payout p) p where case p.state "
	    "when 1 then e5 or e6 or e6c when 2 then not e5 or e6 or e6c "
	    "when 3 then not e5 or e6c or (not e6 and fen > 0) else e6 or e5 <> e6c end"},
	{"payout_sum", "a payout is what was owed by the rows it paid, less what was set off",
	    "select p.payout_id || ': ' || p.fen || ' not ' || coalesce(x.fen, 0) from payout p "
	    "left join (select payout_id, sum(fen) as fen from payable group by payout_id) x using (payout_id) "
	    "where case when p.state in (2, 3) then p.fen <> coalesce(x.fen, 0) else x.fen is not null end"},
	{"payout_unknown", "nobody was paid without a payout that says so",
	    "select j.object_id || ' event ' || j.event || ' ' || j.event_no from journal j where j.event in (5, 6, 18) "
	    "and not exists (select from payout p where p.payout_id = j.object_id or (p.order_id = j.object_id "
	    "and p.payout_no = j.event_no))"},
	{"refund_posted", "a refund is done if and only if that is posted",
	    "select r.order_id || ' refund ' || r.refund_no || ' part ' || r.part_no from refund r where (r.state = 3) <> "
	    "(" POSTED("10", "r.order_id", "r.refund_no * 8 + r.part_no") " or exists (select from recon_exception x "
	    "where x.order_id = r.order_id and x.ref = r.number and x.resolution = 4)) union all "
	    "select j.object_id || ' event 10 ' || j.event_no from journal j where j.event = 10 and not exists "
	    "(select from refund r where r.order_id = j.object_id and r.refund_no * 8 + r.part_no = j.event_no)"},
	{"hold_ended", "what is available was held, until the hold's end",
	    "select j.object_id || ' fulfilment ' || j.event_no from journal j where j.event = 4 and not exists "
	    "(select from settlement s where s.order_id = j.object_id and s.number = j.event_no and s.ended_at is not null)"},
	{"frozen", "nothing is frozen of payments that are released",
	    "select o.order_id || ': ' || s.fen from (select order_id from payment group by order_id "
	    "having bool_and(released_at is not null)) o, lateral (select coalesce(sum(l.fen), 0) as fen from journal j, "
	    "unnest(j.accounts, j.amounts) l(account, fen) where (j.object_id = o.order_id or j.order_id = o.order_id) "
	    "and account_kind(l.account) = 1) s where s.fen <> 0"},
	{"payout_clearing", "nothing is left in clearing of a payout",
	    "select j.object_id || ': ' || sum(l.fen) from journal j, unnest(j.accounts, j.amounts) l(account, fen) "
	    "where account_kind(l.account) = 12 group by j.object_id having sum(l.fen) <> 0"},
	{NULL, NULL, NULL}
};
/* clang-format on */
