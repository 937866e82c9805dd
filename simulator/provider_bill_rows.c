/*
 * provider_bill_rows: what stands in a bill.
 *
 * Trade: payments of the day and refunds that succeeded on it; refunds have 交易状态 REFUND, a time of their own, and the
 * fee that came back below zero.  Fees have five decimals and the rate two.
 * Fund: what changed a merchant's account (frozen and available are one): a payment is 交易 with the gross in and
 * 扣除交易手续费 with the fee out; a refund goes out less its fee, and 备注 tells both.  Releases move nothing.
 * Split: parts that succeeded, what was released to the payer among them (分账接收方 is 分账方; 分账发起方 is
 * "system" when nobody asked for it), and returns, with who gave back in 分账接收方.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulator/provider_bill.h"

#define MARK "\xef\xbb\xbf"

static const char *const headers[][2] = {
    [BILL_TRADE] =
        {"交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
         "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
         "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
         "费率备注",
            "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
            "申请退款总金额"},
    [BILL_FUND] = {"记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),"
                   "账户结余(元),资金变更提交申请人,备注,业务凭证号",
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"},
    [BILL_SPLIT] =
        {"分账时间,分账发起方,分账方,微信订单号,微信分账/回退单号,分账明细单号,"
         "商户分账/回退单号,订单金额,分账接收方,分账金额,业务类型,处理状态,分账描述,备注",
            "总单数,分账总金额,回退总金额"},
};

struct row {
	int64_t at_us, amount, fee, balance, order;
	const struct flow *flow;
	const struct payment *payment;
	const struct split *split;
	const struct leg *leg;
	const struct ret *ret;
	const struct refund *refund;
	bool invented; /* by /control/plant */
};

struct sheet {
	const struct books *books;
	const struct bill_wanted *wanted;
	int64_t from_us, to_us;
	struct row *rows;
	size_t count, size;
	bool full; /* no memory */
};

/* ---- Gathering ------------------------------------------------------------------------------------- */

static bool
within(const struct sheet *s, int64_t at_us)
{
	return at_us >= s->from_us && at_us < s->to_us;
}

static void
row_add(struct sheet *s, const struct row *r)
{
	if (s->count == s->size) {
		size_t size = s->size == 0 ? 256 : s->size * 2;
		struct row *bigger = realloc(s->rows, size * sizeof(*bigger));

		if (bigger == NULL) {
			s->full = true;
			return;
		}
		s->rows = bigger;
		s->size = size;
	}
	s->rows[s->count] = *r;
	s->rows[s->count].order = (int64_t)s->count;
	s->count++;
}

static bool
payer_wanted(const struct sheet *s, const struct payment *p)
{
	return s->wanted->payer == NULL || strcmp(s->wanted->payer, p->merchant->number) == 0;
}

static void
trade_gather(struct sheet *s)
{
	const struct books *b = s->books;

	for (size_t i = 0; i < b->payments.count; i++) {
		const struct payment *p = b->payments.item[i];

		if (!payer_wanted(s, p))
			continue;
		if (within(s, p->paid_us))
			row_add(s,
			    &(struct row){.at_us = p->paid_us,
			        .amount = p->amount,
			        .fee = p->fee,
			        .payment = p});
		for (const struct refund *r = p->refunds; r != NULL; r = r->next)
			if (r->end == REFUND_SUCCESS && within(s, r->finish_us))
				row_add(s,
				    &(struct row){.at_us = r->finish_us,
				        .amount = r->amount,
				        .fee = -r->fee,
				        .payment = p,
				        .refund = r});
	}
}

/* All since the account was opened, for its balance: see fund_balance(). */
static void
fund_gather(struct sheet *s)
{
	for (size_t i = 0; i < s->books->flow_count; i++) {
		const struct flow *f = &s->books->flow[i];

		if (f->amount != 0 && f->at_us < s->to_us &&
		    strcmp(s->wanted->payer, f->merchant->number) == 0)
			row_add(s,
			    &(struct row){.at_us = f->at_us,
			        .amount = f->amount,
			        .flow = f,
			        .payment = f->payment,
			        .split = f->split,
			        .leg = f->leg,
			        .ret = f->ret,
			        .refund = f->refund});
	}
}

/* A payment may be told late: the balance follows the times of the rows.  Only the day stays. */
static void
fund_balance(struct sheet *s)
{
	int64_t balance = 0;
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		balance += s->rows[i].amount;
		s->rows[i].balance = balance;
		if (within(s, s->rows[i].at_us))
			s->rows[kept++] = s->rows[i];
	}
	s->count = kept;
}

static void
split_gather_one(struct sheet *s, const struct split *x)
{
	for (int i = 0; i < x->leg_count; i++) {
		const struct leg *l = &x->legs[i];

		if (l->result == LEG_SUCCESS && l->amount > 0 && within(s, l->finish_us))
			row_add(s,
			    &(struct row){.at_us = l->finish_us,
			        .amount = l->amount,
			        .payment = x->payment,
			        .split = x,
			        .leg = l});
	}
	for (const struct ret *r = x->returns; r != NULL; r = r->next)
		if (r->result == LEG_SUCCESS && within(s, r->finish_us))
			row_add(s,
			    &(struct row){.at_us = r->finish_us,
			        .amount = r->amount,
			        .payment = x->payment,
			        .split = x,
			        .ret = r});
}

static void
split_gather(struct sheet *s)
{
	const struct books *b = s->books;

	for (size_t i = 0; i < b->payments.count; i++) {
		const struct payment *p = b->payments.item[i];

		for (const struct split *x = p->splits; payer_wanted(s, p) && x != NULL;
		     x = x->next)
			split_gather_one(s, x);
	}
}

static int
row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* ---- One thing is different ------------------------------------------------------------------------ */

static bool
planted(const struct sheet *s, const char *kind)
{
	return s->wanted->plant != NULL && strcmp(s->wanted->plant, kind) == 0;
}

/* The first row that has a fee. */
static void
plant_fee(struct sheet *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct row *r = &s->rows[i];

		if (s->wanted->kind == BILL_TRADE && r->refund == NULL) {
			r->fee++;
			return;
		}
		if (r->flow != NULL && r->flow->kind == FLOW_FEE) {
			r->amount--;
			return;
		}
	}
}

/* A refund that nobody asked for; of one yuan, if nothing is said, or of the payment that is smaller. */
static void
plant_refund(struct sheet *s)
{
	struct row r = {.invented = true};

	for (size_t i = 0; i < s->count && r.payment == NULL; i++) {
		r.payment = s->rows[i].payment;
		r.at_us = s->rows[i].at_us;
		r.balance = s->rows[i].balance;
	}
	if (r.payment == NULL)
		return;
	r.amount = r.payment->amount < 100 ? r.payment->amount : 100;
	if (s->wanted->plant_fen > 0)
		r.amount = s->wanted->plant_fen;
	if (s->wanted->kind == BILL_FUND)
		r.amount = -r.amount;
	row_add(s, &r);
}

static void
plant(struct sheet *s)
{
	if (planted(s, "missing"))
		s->count--;
	else if (planted(s, "amount"))
		s->rows[0].amount += s->rows[0].amount < 0 ? -1 : 1;
	else if (planted(s, "fee"))
		plant_fee(s);
	else if (planted(s, "refund") && s->wanted->kind != BILL_SPLIT)
		plant_refund(s);
}

/* ---- Cells ----------------------------------------------------------------------------------------- */

static void
cell(struct buf *out, const char *text)
{
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		buf_byte(out, ',');
	buf_byte(out, '`');
	for (; *text != '\0'; text++) /* nothing that would part a line */
		if (*text == ',' || *text == '\r' || *text == '\n' || *text == '`')
			buf_byte(out, ' ');
		else
			buf_byte(out, (uint8_t)*text);
}

static void
cell_count(struct buf *out, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	cell(out, text);
}

static void
yuan_print(int64_t fen, const char *more, char out[40])
{
	int64_t whole = fen < 0 ? -fen : fen;

	(void)snprintf(out, 40, "%s%lld.%02d%s", fen < 0 ? "-" : "", (long long)(whole / 100),
	    (int)(whole % 100), more);
}

static void
cell_yuan(struct buf *out, int64_t fen)
{
	char text[40];

	yuan_print(fen, "", text);
	cell(out, text);
}

static void
cell_fee(struct buf *out, int64_t fen)
{
	char text[40];

	yuan_print(fen, "000", text);
	cell(out, text);
}

static void
cells(struct buf *out, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cell(out, texts[i]);
}
#define CELLS(out, ...) \
	cells((out), (const char *const[]){__VA_ARGS__}, \
	    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void
line_end(struct buf *out)
{
	buf_str(out, "\r\n");
}

/* ---- Rows ------------------------------------------------------------------------------------------ */

static void
trade_row(const struct sheet *s, const struct row *r, struct buf *out)
{
	const struct payment *p = r->payment;
	bool back = r->refund != NULL || r->invented;
	int64_t rate = p->amount > 0 ? (p->fee * 10000 + p->amount / 2) / p->amount : 0;
	char at[CHINA_TIME_SIZE], percent[24];

	china_bill_time(r->at_us, at);
	(void)snprintf(percent, sizeof(percent), "%d.%02d%%", (int)(rate / 100), (int)(rate % 100));
	CELLS(out, at, "wx1", s->books->signer,
	    strcmp(p->merchant->number, s->books->signer) == 0 ? "0" : p->merchant->number, "",
	    p->transaction_id, p->out_trade_no, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "JSAPI",
	    back ? "REFUND" : "SUCCESS", "OTHERS", "CNY");
	cell_yuan(out, back ? 0 : r->amount);
	cell_yuan(out, 0);
	CELLS(out,
	    r->refund != NULL ? r->refund->refund_id
	        : back        ? "50309999999999999999999999"
	                      : "0",
	    r->refund != NULL ? r->refund->out_refund_no
	        : back        ? "unknown-refund"
	                      : "0");
	cell_yuan(out, back ? r->amount : 0);
	cell_yuan(out, 0);
	CELLS(out, back ? "ORIGINAL" : "", back ? "SUCCESS" : "", "goods", "");
	cell_fee(out, r->fee);
	cell(out, percent);
	cell_yuan(out, back ? 0 : r->amount);
	cell_yuan(out, back ? r->amount : 0);
	cell(out, "");
}

static const struct {
	const char *name, *type;
} flow_names[] = {
    [FLOW_PAID] = {"交易", "交易"},
    [FLOW_FEE] = {"交易", "扣除交易手续费"},
    [FLOW_SPLIT] = {"分账", "分账"},
    [FLOW_RELEASE] = {"", ""},
    [FLOW_RETURN] = {"分账", "分账回退"},
    [FLOW_REFUND] = {"退款", "退款"},
    [FLOW_CASH] = {"充值/提现", "充值/提现"},
    [FLOW_DISPUTE] = {"其他", "风险扣款"},
};

static void
refund_remark(const struct refund *r, char out[120])
{
	char gross[40], fee[40];

	yuan_print(r->amount, "", gross);
	yuan_print(r->fee, "", fee);
	(void)snprintf(out, 120, "退款总金额%s元;含手续费%s元", gross, fee);
}

static void
fund_row(const struct sheet *s, const struct row *r, struct buf *out)
{
	enum flow_kind kind = r->invented ? FLOW_REFUND : r->flow->kind;
	const char *theirs = r->payment != NULL ? r->payment->transaction_id : "", *ours = theirs;
	char at[CHINA_TIME_SIZE], number[ID_SIZE], remark[120] = "", proof[100];

	if (r->leg != NULL) {
		theirs = r->leg->detail_id;
		ours = r->split->out_order_no;
	} else if (r->ret != NULL) {
		theirs = r->ret->return_id;
		ours = r->ret->out_return_no;
	} else if (r->refund != NULL) {
		theirs = r->refund->refund_id;
		ours = r->refund->out_refund_no;
		refund_remark(r->refund, remark);
	} else if (r->invented) {
		theirs = "50309999999999999999999999";
		ours = "unknown-refund";
	} else if (r->payment != NULL) {
		ours = r->payment->out_trade_no;
	}
	china_bill_time(r->at_us, at);
	(void)snprintf(number, sizeof(number), "1900%022lld",
	    r->invented ? (long long)-1 : (long long)(r->flow - s->books->flow));
	(void)snprintf(proof, sizeof(proof), "%s", ours);
	CELLS(out, at, theirs, number, flow_names[kind].name, flow_names[kind].type,
	    r->amount < 0 ? "支出" : "收入");
	cell_yuan(out, r->amount < 0 ? -r->amount : r->amount);
	cell_yuan(out, r->balance);
	CELLS(out, kind == FLOW_CASH ? s->wanted->payer : "system", remark, proof);
}

static void
split_row(const struct sheet *s, const struct row *r, struct buf *out)
{
	const struct payment *p = r->payment;
	char at[CHINA_TIME_SIZE];

	china_bill_time(r->at_us, at);
	CELLS(out, at, r->split->kind == SPLIT_SYSTEM ? "system" : s->books->signer,
	    p->merchant->number, p->transaction_id,
	    r->ret != NULL ? r->ret->return_id : r->split->order_id,
	    r->ret != NULL ? r->ret->return_id : r->leg->detail_id,
	    r->ret != NULL ? r->ret->out_return_no : r->split->out_order_no);
	cell_yuan(out, p->amount);
	cell(out, r->ret != NULL ? r->ret->leg->account : r->leg->account);
	cell_yuan(out, r->amount);
	CELLS(out, r->ret != NULL ? "分账回退" : "分账", "成功",
	    r->ret != NULL ? r->ret->description : r->leg->description, "");
}

/* ---- Sums: of the rows as they were told --------------------------------------------------------------- */

static void
trade_sums(const struct sheet *s, int64_t off, struct buf *out)
{
	int64_t paid = off, back = 0, fee = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct row *r = &s->rows[i];

		*(r->refund != NULL || r->invented ? &back : &paid) += r->amount;
		fee += r->fee;
	}
	cell_count(out, (int64_t)s->count);
	cell_yuan(out, paid);
	cell_yuan(out, back);
	cell_yuan(out, 0);
	cell_fee(out, fee);
	cell_yuan(out, paid);
	cell_yuan(out, back);
}

static void
fund_sums(const struct sheet *s, int64_t off, struct buf *out)
{
	int64_t in = off, in_count = 0, gone = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].amount < 0) {
			gone -= s->rows[i].amount;
		} else {
			in += s->rows[i].amount;
			in_count++;
		}
	cell_count(out, (int64_t)s->count);
	cell_count(out, in_count);
	cell_yuan(out, in);
	cell_count(out, (int64_t)s->count - in_count);
	cell_yuan(out, gone);
}

static void
split_sums(const struct sheet *s, int64_t off, struct buf *out)
{
	int64_t split = off, back = 0;

	for (size_t i = 0; i < s->count; i++)
		*(s->rows[i].ret != NULL ? &back : &split) += s->rows[i].amount;
	cell_count(out, (int64_t)s->count);
	cell_yuan(out, split);
	cell_yuan(out, back);
}

static const struct {
	void (*gather)(struct sheet *s);
	void (*row)(const struct sheet *s, const struct row *r, struct buf *out);
	void (*sums)(const struct sheet *s, int64_t off, struct buf *out);
} kinds[] = {
    [BILL_TRADE] = {trade_gather, trade_row, trade_sums},
    [BILL_FUND] = {fund_gather, fund_row, fund_sums},
    [BILL_SPLIT] = {split_gather, split_row, split_sums},
};

enum err
bill_write(const struct books *b, const struct bill_wanted *w, struct buf *out)
{
	struct sheet s = {.books = b,
	    .wanted = w,
	    .from_us = china_midnight(w->day),
	    .to_us = china_midnight(w->day + 1)};
	bool any;

	kinds[w->kind].gather(&s);
	if (s.count > 0)
		qsort(s.rows, s.count, sizeof(*s.rows), row_order);
	if (w->kind == BILL_FUND)
		fund_balance(&s);
	any = s.count > 0;
	if (any)
		plant(&s);
	buf_str(out, MARK);
	buf_str(out, planted(&s, "header") ? "新的一列," : "");
	buf_str(out, headers[w->kind][0]);
	line_end(out);
	for (size_t i = 0; i < s.count; i++) {
		if (planted(&s, "header"))
			cell(out, "");
		kinds[w->kind].row(&s, &s.rows[i], out);
		line_end(out);
	}
	buf_str(out, headers[w->kind][1]);
	line_end(out);
	kinds[w->kind].sums(&s, planted(&s, "summary") ? 1 : 0, out);
	line_end(out);
	free(s.rows);
	if (s.full)
		return ERR_NO_MEMORY;
	return any ? buf_err(out) : ERR_NOT_FOUND;
}
