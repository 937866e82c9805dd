-- Reconciliation: the provider's bills as they came, what of them is in the books, and what is not explained yet.

-- ---- How bills are read -----------------------------------------------------------------------------------

-- Which column of a bill is what: kind 1 trade, 2 split, 3 fund; section 1 lines, 2 summary.  A collector with rows
-- of his own for a provider and kind is read by them alone; 0: everybody else.  field: domain/bill.h.
create table bill_column (
	provider     int2 not null,
	collector_id int4 not null default 0,
	kind         int2 not null check (kind between 1 and 3),
	section      int2 not null check (section between 1 and 2),
	name         text not null,
	field        text not null,
	needed       bool not null default false,
	primary key (provider, collector_id, kind, section, name)
);
-- What a line is, by the word in its column "type"; class: domain/bill.h.
create table bill_word (
	provider     int2 not null,
	collector_id int4 not null default 0,
	kind         int2 not null check (kind between 1 and 3),
	word         text not null,
	class        text not null,
	primary key (provider, collector_id, kind, word)
);

insert into bill_column (provider, kind, section, name, field, needed) values
	(1, 1, 1, '交易时间', 'time', true), (1, 1, 1, '公众账号ID', 'ignored', false),
	(1, 1, 1, '商户号', 'merchant', true), (1, 1, 1, '特约商户号', 'sub_merchant', false),
	(1, 1, 1, '设备号', 'ignored', false), (1, 1, 1, '微信订单号', 'transaction', true),
	(1, 1, 1, '商户订单号', 'order', false), (1, 1, 1, '用户标识', 'ignored', false),
	(1, 1, 1, '交易类型', 'ignored', false), (1, 1, 1, '交易状态', 'type', true),
	(1, 1, 1, '付款银行', 'ignored', false), (1, 1, 1, '货币种类', 'currency', false),
	(1, 1, 1, '应结订单金额', 'amount', true), (1, 1, 1, '代金券金额', 'ignored', false),
	(1, 1, 1, '微信退款单号', 'line', false), (1, 1, 1, '商户退款单号', 'number', true),
	(1, 1, 1, '退款金额', 'refund', true), (1, 1, 1, '充值券退款金额', 'ignored', false),
	(1, 1, 1, '退款类型', 'ignored', false), (1, 1, 1, '退款状态', 'ignored', false),
	(1, 1, 1, '商品名称', 'ignored', false), (1, 1, 1, '商户数据包', 'ignored', false),
	(1, 1, 1, '手续费', 'fee', true), (1, 1, 1, '费率', 'ignored', false),
	(1, 1, 1, '订单金额', 'ignored', false), (1, 1, 1, '申请退款金额', 'ignored', false),
	(1, 1, 1, '费率备注', 'ignored', false),
	(1, 1, 2, '总交易单数', 'rows', true), (1, 1, 2, '应结订单总金额', 'amount', true),
	(1, 1, 2, '退款总金额', 'refund', true), (1, 1, 2, '充值券退款总金额', 'ignored', false),
	(1, 1, 2, '手续费总金额', 'fee', true), (1, 1, 2, '订单总金额', 'ignored', false),
	(1, 1, 2, '申请退款总金额', 'ignored', false),
	(1, 2, 1, '分账时间', 'time', true), (1, 2, 1, '分账发起方', 'ignored', false),
	(1, 2, 1, '分账方', 'merchant', true), (1, 2, 1, '微信订单号', 'transaction', true),
	(1, 2, 1, '微信分账/回退单号', 'ignored', false), (1, 2, 1, '分账明细单号', 'line', true),
	(1, 2, 1, '商户分账/回退单号', 'number', true), (1, 2, 1, '订单金额', 'ignored', false),
	(1, 2, 1, '分账接收方', 'receiver', true), (1, 2, 1, '分账金额', 'amount', true),
	(1, 2, 1, '业务类型', 'type', true), (1, 2, 1, '处理状态', 'ignored', false),
	(1, 2, 1, '分账描述', 'ignored', false), (1, 2, 1, '备注', 'ignored', false),
	(1, 2, 1, 'create_time', 'time', true), (1, 2, 1, 'initiator', 'ignored', false),
	(1, 2, 1, 'sponsor', 'merchant', true), (1, 2, 1, 'sub_mchid', 'sub_merchant', false),
	(1, 2, 1, 'transaction_id', 'transaction', true), (1, 2, 1, 'order_id', 'ignored', false),
	(1, 2, 1, 'out_order_no', 'number', true), (1, 2, 1, 'detail_id', 'line', true),
	(1, 2, 1, 'detaill_id', 'line', false), -- as the provider's page spells it once
	(1, 2, 1, 'receiver_account', 'receiver', true), (1, 2, 1, 'amount', 'amount', true),
	(1, 2, 1, 'currency', 'currency', false), (1, 2, 1, 'settlement_amount', 'ignored', false),
	(1, 2, 1, 'settlement_currency', 'ignored', false), (1, 2, 1, 'exchange_rate', 'ignored', false),
	(1, 2, 1, 'business_type', 'type', true), (1, 2, 1, 'status', 'ignored', false),
	(1, 2, 1, 'description', 'ignored', false),
	(1, 2, 2, '总单数', 'rows', true), (1, 2, 2, '分账总金额', 'amount', true),
	(1, 2, 2, '回退总金额', 'refund', true),
	(1, 3, 1, '记账时间', 'time', true), (1, 3, 1, '微信支付业务单号', 'transaction', true),
	(1, 3, 1, '资金流水单号', 'line', true), (1, 3, 1, '业务名称', 'ignored', false),
	(1, 3, 1, '业务类型', 'type', true), (1, 3, 1, '收支类型', 'direction', true),
	(1, 3, 1, '收支金额(元)', 'amount', true), (1, 3, 1, '账户结余(元)', 'ignored', false),
	(1, 3, 1, '资金变更提交申请人', 'ignored', false), (1, 3, 1, '备注', 'ignored', false),
	(1, 3, 1, '业务凭证号', 'number', true),
	(1, 3, 2, '资金流水总笔数', 'rows', true), (1, 3, 2, '收入笔数', 'in_rows', false),
	(1, 3, 2, '收入金额', 'in', true), (1, 3, 2, '支出笔数', 'out_rows', false),
	(1, 3, 2, '支出金额', 'out', true);

insert into bill_word (provider, kind, word, class) values
	(1, 1, 'SUCCESS', 'payment'), (1, 1, 'REFUND', 'refund'), (1, 1, 'REVOKED', 'refund'),
	(1, 2, '分账', 'split'), (1, 2, '分账回退', 'return'), (1, 2, '解冻给分账方', 'release'),
	(1, 3, '交易', 'payment'), (1, 3, '扣除交易手续费', 'fee'), (1, 3, '退款', 'refund'),
	(1, 3, '分账', 'split'), (1, 3, '分账回退', 'return'), (1, 3, '提现', 'withdrawal'), (1, 3, '充值', 'withdrawal'),
	(1, 3, '充值/提现', 'withdrawal'), (1, 3, '退还交易手续费', 'rebate'), (1, 3, '风险扣款', 'other');

-- ---- Bills ------------------------------------------------------------------------------------------------

create table bill (
	bill_id      uuid primary key,
	provider     int2 not null,
	collector_id int4 not null,           -- whose it is
	kind         int2 not null check (kind between 1 and 3),
	day          date not null,           -- in China
	everybody    bool not null,           -- it has the rows of all merchants he signs for
	sha1         bytea not null,
	sha256       bytea not null,          -- of what was inflated
	bytes        int8 not null,
	rows         int8 not null,           -- of merchants that are known
	other_rows   int8 not null,           -- of others: passed over
	gross_fen    int8 not null,
	fee_fen      int8 not null,           -- taken, negative
	state        int2 not null,           -- 1 imported, 2 matched
	imported_at  timestamptz not null,
	imported_by  int8 not null,           -- key; 0: the command line or the provider's queue
	matched_at   timestamptz,
	matched      int8 not null default 0, -- groups of lines that agree with the books
	matched_fen  int8 not null default 0,
	rounded      int8 not null default 0, -- of these within the tolerance
	exceptions   int8 not null default 0  -- opened by this bill
);
create unique index bill_day on bill (collector_id, provider, kind, day);
create index bill_imported on bill (imported_at) where state = 1;

-- line_id is made of what the provider calls the line, so that no line counts twice, whatever file it comes in.
create table bill_line (
	line_id     uuid not null primary key,
	bill_id     uuid not null,
	line_no     int4 not null,            -- in the file, from 1
	collector_id int4 not null,
	class       int2 not null,
	ref         text not null,            -- what its journal rows have as provider_ref
	transaction text not null,
	at          timestamptz not null,
	gross_fen   int8 not null,            -- what it does to the collector's money, without the fee
	fee_fen     int8 not null,            -- taken: negative, given back: positive
	raw         text not null
);
create index bill_line_bill on bill_line (bill_id, line_no);

-- Lines of one bill that name the same thing, beside what the books say of it.
create table recon_match (
	bill_id    uuid not null,
	collector_id int4 not null,
	ref        text not null,
	line_no    int4 not null,             -- of the first
	class      int2 not null,
	kind       int2 not null,             -- 1 one line and one entry, 2 one or many to many, 3 a line net of its fee
	outcome    int2 not null,             -- 1 agrees, 2 within the tolerance, 3 an exception
	lines      int4 not null,
	entries    int4 not null,
	gross_fen  int8 not null,
	fee_fen    int8 not null,
	ledger_fen int8 not null,
	diff_fen   int8 not null,             -- what the bill has and the books had not
	fee_differs bool not null,            -- it is the fee alone
	at         timestamptz not null,
	object_id  uuid                       -- a withdrawal's E8, found by its amount
);
create index recon_match_object on recon_match (object_id) where object_id is not null;
create index recon_match_bill on recon_match (bill_id, outcome) where outcome <> 1;

create table recon_exception (
	exception_id uuid primary key,        -- of its first line, or its own
	provider     int2 not null,
	collector_id int4 not null,
	kind         int2 not null,           -- of the bill
	bill_id      uuid not null,
	line_no      int4,
	class        int2 not null,
	ref          text not null,
	transaction  text not null default '', -- of the line: the payment that it is about
	reason       int2 not null,           -- 1 not in the books, 2 not on the bill, 3 amount, 4 fee
	fen          int8 not null check (fen <> 0), -- the bill less the books; reason 2: what the books have
	recon_fen    int8 not null,           -- what stands on C:recon, debit +
	rebate_fen   int8 not null default 0, -- of fees, posted to …:fee_rebate
	day          date not null,
	event_at     timestamptz not null,
	period       int4 not null,
	opened_at    timestamptz not null,
	owner        text not null default '',
	note         text not null default '',
	event_no     int4 not null default 3, -- the last K row's of the object exception_id
	resolution   int2,                    -- domain/bill.h
	order_id     uuid,                    -- what it was found to be about
	closed_at    timestamptz,
	closed_by    int8,
	closed_name  text
);
create index recon_exception_open on recon_exception (opened_at, exception_id) where closed_at is null;
create index recon_exception_ref on recon_exception (collector_id, ref);
create index recon_exception_bill on recon_exception (bill_id);
-- Refunds of such a payment are not asked for by themselves: somebody may have given them already.
create index recon_exception_payment on recon_exception (transaction)
	where closed_at is null and reason = 1 and class = 2;

-- Receivers of one split stand on one line of the fund bill, which has its number only.
create index entry_provider_number on entry (split_part(provider_ref, ':', 1))
	where provider_ref like '%:%' and account < (4::int8 << 55);

grant select on bill_column, bill_word to yuncang_service;
grant select, insert on bill_line to yuncang_service;
grant select, insert, update on bill, recon_match, recon_exception to yuncang_service;
