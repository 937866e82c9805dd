/* settle_write: what a pass over orders' money changed and made, each table one statement. */
#include <assert.h>
#include <string.h>

#include "store/batch_write.h"
#include "store/ledger.h"
#include "store/provider_call.h"
#include "store/settle.h"

/* One array over rows ${row} of ${what} of all orders ${o} that ${test} picks. */
#define ROWS(what, test, type, elem, ...) \
	do { \
		args_array(a, type); \
		for (int n = 0; n < s->count; n++) { \
			const struct payout_order *o = &s->orders[n]; \
			for (int i = 0; i < o->what##_count; i++) { \
				const struct payout_##what *row = &o->what##s[i]; \
				if (test) \
					elem(a, __VA_ARGS__); \
			} \
			(void)o; \
		} \
		args_array_end(a); \
	} while (0)
#define COUNT(result, what, test) \
	do { \
		(result) = 0; \
		for (int n = 0; n < s->count; n++) \
			for (int i = 0; i < s->orders[n].what##_count; i++) { \
				const struct payout_##what *row = &s->orders[n].what##s[i]; \
				(result) += (test) ? 1 : 0; \
			} \
	} while (0)

/* What a number names at the provider: letters tell kinds apart. */
static const char prefixes[CALL_KIND_COUNT] =
    {[CALL_SPLIT] = 'S', [CALL_UNFREEZE] = 'U', [CALL_RETURN] = 'B', [CALL_REFUND] = 'R'};

struct number {
	char text[PROVIDER_NUMBER_SIZE];
};

static const char *
ask_number(const struct payout_order *o, int asked, struct number *out)
{
	provider_number(out->text, prefixes[o->asks[asked].kind], &o->order_id,
	    o->asks[asked].number);
	return out->text;
}

/* ---- Rows that changed --------------------------------------------------------------------------- */

static void
write_holds(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	int count;

	COUNT(count, settlement, row->changed);
	if (count == 0)
		return;
	a = tx_args(t);
	ROWS(settlement, row->changed, ELEM_UUID, elem_uuid, &o->order_id);
	ROWS(settlement, row->changed, ELEM_I16, elem_i16, (int16_t)row->number);
	args_time(a, s->terms->now_us);
	tx_add(t, STMT_SETTLE_HOLD_END);
}

static void
write_released(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	int count;

	COUNT(count, payment, row->changed);
	if (count == 0)
		return;
	a = tx_args(t);
	ROWS(payment, row->changed, ELEM_I16, elem_i16, (int16_t)row->provider);
	ROWS(payment, row->changed, ELEM_TEXT, elem_text, row->number);
	args_time(a, s->terms->now_us);
	tx_add(t, STMT_SETTLE_RELEASED);
}

static void
write_refunds(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	struct number no;
	int count;

	COUNT(count, refund, row->changed);
	if (count == 0)
		return;
	a = tx_args(t);
	ROWS(refund, row->changed, ELEM_UUID, elem_uuid, &o->order_id);
	ROWS(refund, row->changed, ELEM_I32, elem_i32, row->refund_no);
	ROWS(refund, row->changed, ELEM_I16, elem_i16, (int16_t)row->part_no);
	ROWS(refund, row->changed, ELEM_I16, elem_i16, (int16_t)row->state);
	ROWS(refund, row->changed, ELEM_TEXT, elem_text,
	    row->asked >= 0 ? ask_number(o, row->asked, &no) : row->number);
	ROWS(refund, row->changed, ELEM_TIME, elem_time, row->due_us);
	args_time(a, s->terms->now_us);
	tx_add(t, STMT_SETTLE_REFUND);
}

static void
write_clawbacks(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	struct number no;
	int count;

	COUNT(count, clawback, row->changed);
	if (count == 0)
		return;
	a = tx_args(t);
	ROWS(clawback, row->changed, ELEM_UUID, elem_uuid, &o->order_id);
	ROWS(clawback, row->changed, ELEM_I32, elem_i32, row->refund_no);
	ROWS(clawback, row->changed, ELEM_I32, elem_i32, row->party);
	ROWS(clawback, row->changed, ELEM_I16, elem_i16, (int16_t)row->state);
	ROWS(clawback, row->changed, ELEM_TEXT, elem_text,
	    row->asked >= 0 ? ask_number(o, row->asked, &no) : row->number);
	args_time(a, s->terms->now_us);
	tx_add(t, STMT_SETTLE_CLAWBACK);
}

/* ---- Payables and payouts ------------------------------------------------------------------------ */

/* Who collected what is owed there: a dealer's account says so, of others the order does. */
static int32_t
collector_of(const struct payout_order *o, int64_t account)
{
	enum account_kind k = account_kind(account);

	return k >= ACCOUNT_DEALER_HELD && k <= ACCOUNT_DEALER_PAYOUT ? account_other(account)
	                                                              : o->collector;
}

static const struct uuid *
made_id(const struct payout_order *o, const struct payout_payable *row)
{
	return row->made >= 0 ? &o->made[row->made].id : NULL;
}

static void
insert_payables(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	int count;

	COUNT(count, payable, row->fresh);
	if (count == 0)
		return;
	a = tx_args(t);
	ROWS(payable, row->fresh, ELEM_UUID, elem_uuid, &o->order_id);
	ROWS(payable, row->fresh, ELEM_I16, elem_i16, (int16_t)row->event);
	ROWS(payable, row->fresh, ELEM_I32, elem_i32, row->event_no);
	ROWS(payable, row->fresh, ELEM_I64, elem_i64, row->account);
	ROWS(payable, row->fresh, ELEM_I32, elem_i32, o->dealer);
	ROWS(payable, row->fresh, ELEM_I32, elem_i32, collector_of(o, row->account));
	ROWS(payable, row->fresh, ELEM_I32, elem_i32, row->party);
	ROWS(payable, row->fresh, ELEM_I64, elem_i64, row->fen);
	ROWS(payable, row->fresh, ELEM_I16, elem_i16, (int16_t)row->rail);
	ROWS(payable, row->fresh, ELEM_UUID, elem_uuid_or_null, made_id(o, row));
	args_time(a, s->terms->now_us);
	tx_add(t, STMT_PAYABLE_INSERT);
}

static void
update_payables(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	int count;

#define OLD (row->changed && !row->fresh)
	COUNT(count, payable, OLD);
	if (count == 0)
		return;
	a = tx_args(t);
	ROWS(payable, OLD, ELEM_UUID, elem_uuid, &o->order_id);
	ROWS(payable, OLD, ELEM_I16, elem_i16, (int16_t)row->event);
	ROWS(payable, OLD, ELEM_I32, elem_i32, row->event_no);
	ROWS(payable, OLD, ELEM_I64, elem_i64, row->account);
	ROWS(payable, OLD, ELEM_I16, elem_i16, (int16_t)row->rail);
	ROWS(payable, OLD, ELEM_UUID, elem_uuid_or_null, made_id(o, row));
	ROWS(payable, OLD, ELEM_UUID, elem_uuid_or_null, &row->batch);
	tx_add(t, STMT_PAYABLE_UPDATE);
#undef OLD
}

/* One array over what was made. */
#define MADE(type, elem, ...) \
	do { \
		args_array(a, type); \
		for (int n = 0; n < s->count; n++) { \
			const struct payout_order *o = &s->orders[n]; \
			for (int i = 0; i < o->made_count; i++) { \
				const struct payout_made *row = &o->made[i]; \
				(void)row; \
				elem(a, __VA_ARGS__); \
			} \
			(void)o; \
		} \
		args_array_end(a); \
	} while (0)

static void
insert_payouts(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	struct number no;
	int count = 0;

	for (int n = 0; n < s->count; n++) {
		count += s->orders[n].made_count;
		for (int i = 0; i < s->orders[n].made_count; i++)
			s->orders[n].made[i].id = uuid_v7(s->terms->now_us);
	}
	if (count == 0)
		return;
	a = tx_args(t);
	MADE(ELEM_UUID, elem_uuid, &row->id);
	MADE(ELEM_UUID, elem_uuid_or_null, &row->batch);
	MADE(ELEM_UUID, elem_uuid, &o->order_id);
	MADE(ELEM_I32, elem_i32, row->payout_no);
	MADE(ELEM_I32, elem_i32, collector_of(o, row->account));
	MADE(ELEM_I32, elem_i32, row->party);
	MADE(ELEM_I64, elem_i64, row->account);
	MADE(ELEM_I16, elem_i16, RAIL_SPLIT);
	MADE(ELEM_I64, elem_i64, row->fen);
	MADE(ELEM_I64, elem_i64, 0); /* netted: nothing is set off against a split */
	MADE(ELEM_I16, elem_i16, PAYOUT_INSTRUCTED);
	args_time(a, s->terms->now_us);
	MADE(ELEM_TEXT, elem_text, ask_number(o, row->asked, &no));
	tx_add(t, STMT_PAYOUT_INSERT);
}

static void
end_payouts(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	int count;

#define ENDED (row->changed)
#define CLOSED (row->changed && row->state == PAYOUT_CLOSED)
	COUNT(count, payout, ENDED);
	if (count > 0) {
		a = tx_args(t);
		ROWS(payout, ENDED, ELEM_UUID, elem_uuid, &row->id);
		ROWS(payout, ENDED, ELEM_I16, elem_i16, (int16_t)row->state);
		ROWS(payout, ENDED, ELEM_TEXT, elem_text, row->fail_reason);
		args_time(a, s->terms->now_us);
		tx_add(t, STMT_PAYOUT_END);
	}
	COUNT(count, payout, CLOSED);
	if (count > 0) {
		a = tx_args(t);
		ROWS(payout, CLOSED, ELEM_UUID, elem_uuid, &o->order_id);
		ROWS(payout, CLOSED, ELEM_UUID, elem_uuid, &row->id);
		ROWS(payout, CLOSED, ELEM_I16, elem_i16, (int16_t)row->rail);
		ROWS(payout, CLOSED, ELEM_TIME, elem_time_or_null, row->not_before_us);
		tx_add(t, STMT_PAYABLE_REOPEN);
	}
#undef ENDED
#undef CLOSED
}

/* ---- Calls --------------------------------------------------------------------------------------- */

#define ITEMS(type, elem, ...) \
	do { \
		args_array(a, type); \
		for (int n = 0; n < s->count; n++) \
			for (int c = 0; c < s->orders[n].call_count; c++) { \
				const struct payout_call *call = &s->orders[n].calls[c]; \
				for (int i = 0; i < call->item_count; i++) { \
					const struct payout_item *row = &call->items[i]; \
					if (row->changed) \
						elem(a, __VA_ARGS__); \
				} \
			} \
		args_array_end(a); \
	} while (0)

static void
write_items(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	bool any = false;

	for (int n = 0; n < s->count; n++)
		for (int c = 0; c < s->orders[n].call_count; c++)
			for (int i = 0; i < s->orders[n].calls[c].item_count; i++)
				any = any || s->orders[n].calls[c].items[i].changed;
	if (!any)
		return;
	a = tx_args(t);
	ITEMS(ELEM_TEXT, elem_text, call->number);
	ITEMS(ELEM_I16, elem_i16, (int16_t)row->item_no);
	ITEMS(ELEM_I16, elem_i16, (int16_t)row->result);
	ITEMS(ELEM_TEXT, elem_text, row->fail_reason);
	ITEMS(ELEM_TIME, elem_time_or_null, row->finished_us);
	tx_add(t, STMT_SETTLE_ITEMS_POSTED);
}

int
settle_drop(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a;
	int count;

	COUNT(count, call, row->dropped);
	if (count == 0)
		return 0;
	a = tx_args(t);
	ROWS(call, row->dropped, ELEM_TEXT, elem_text, row->number);
	args_time(a, s->terms->now_us);
	tx_add(t, STMT_SETTLE_CALLS_DROP);
	return count;
}

static enum err
call_row(const struct settle_set *s, const struct payout_order *o, const struct payout_ask *ask,
    struct provider_call_row *out)
{
	const struct payout_payment *pay = &o->payments[ask->payment];
	struct provider_item_row *items =
	    arena_array(s->arena, (size_t)ask->item_count, sizeof(*items));
	struct number *no = arena_alloc(s->arena, sizeof(*no));

	if (items == NULL || no == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < ask->item_count; i++) {
		items[i] = (struct provider_item_row){.item_no = i + 1,
		    .party = ask->items[i].party,
		    .receiver = ask->items[i].receiver,
		    .personal = ask->items[i].personal,
		    .fen = ask->items[i].fen};
		if (ask->items[i].made >= 0)
			items[i].payout_id = o->made[ask->items[i].made].id;
	}
	*out = (struct provider_call_row){.number = ask_number(o, (int)(ask - o->asks), no),
	    .kind = ask->kind,
	    .provider = pay->provider,
	    .collector = o->collector,
	    .order_id = o->order_id,
	    .payment_number = pay->number,
	    .split_number = ask->split_number,
	    .fen = ask->fen,
	    .total_fen = ask->total_fen,
	    .deadline_us = ask->deadline_us,
	    .next_us = ask->next_us != 0 ? ask->next_us : s->terms->now_us,
	    .made_us = s->terms->now_us,
	    .items = items,
	    .item_count = ask->item_count};
	return ERR_OK;
}

static enum err
insert_calls(struct tx *t, const struct settle_set *s, int *made)
{
	struct provider_call_row *calls;
	int count = 0;
	enum err e = ERR_OK;

	for (int n = 0; n < s->count; n++)
		count += s->orders[n].ask_count;
	calls = arena_array(s->arena, (size_t)count, sizeof(*calls));
	if (calls == NULL)
		return ERR_NO_MEMORY;
	count = 0;
	for (int n = 0; n < s->count; n++)
		for (int i = 0; e == ERR_OK && i < s->orders[n].ask_count; i++)
			e = call_row(s, &s->orders[n], &s->orders[n].asks[i], &calls[count++]);
	if (e == ERR_OK)
		provider_calls_add(t, calls, count);
	*made = count;
	return e;
}

/* ---- Books --------------------------------------------------------------------------------------- */

static enum err
write_books(struct tx *t, const struct settle_set *s, struct settle_done *what)
{
	struct ledger_row *rows;
	int count = 0;

	for (int n = 0; n < s->count; n++)
		for (const struct payout_posting *x = s->orders[n].postings; x != NULL; x = x->next)
			count++;
	what->posted = count;
	rows = arena_array(s->arena, (size_t)count, sizeof(*rows));
	if (rows == NULL)
		return ERR_NO_MEMORY;
	count = 0;
	for (int n = 0; n < s->count; n++)
		for (const struct payout_posting *x = s->orders[n].postings; x != NULL; x = x->next)
			rows[count++] = (struct ledger_row){.object = s->orders[n].order_id,
			    .dealer = s->orders[n].dealer,
			    .split_version = s->orders[n].split_version,
			    .event_no = x->event_no,
			    .event_at_us = x->at_us,
			    .provider_ref = x->ref,
			    .posting = &x->posting};
	return ledger_post(t, s->arena, rows, count, s->terms->now_us);
}

static enum err
write_told(struct tx *t, const struct settle_set *s)
{
	static const enum outbox_kind kinds[] = {[TOLD_PAID] = OUTBOX_PAYOUT_PAID,
	    [TOLD_CLOSED] = OUTBOX_PAYOUT_CLOSED,
	    [TOLD_REFUNDED] = OUTBOX_REFUND_DONE};
	struct outbox_write *o;
	int count = 0;

	for (int n = 0; n < s->count; n++)
		for (const struct payout_event *x = s->orders[n].events; x != NULL; x = x->next)
			count++;
	o = arena_array(s->arena, (size_t)count, sizeof(*o));
	if (o == NULL)
		return ERR_NO_MEMORY;
	count = 0;
	for (int n = 0; n < s->count; n++)
		for (const struct payout_event *x = s->orders[n].events; x != NULL; x = x->next)
			o[count++] = (struct outbox_write){.order_id = s->orders[n].order_id,
			    .dealer = s->orders[n].dealer,
			    .kind = kinds[x->kind],
			    .amount_fen = x->fen};
	write_outbox(t, o, count, s->terms->now_us);
	return ERR_OK;
}

/* Done with them, but for those that something waits for. */
static void
write_work(struct tx *t, const struct settle_set *s)
{
	struct pg_args *a = tx_args(t);
	int again = 0;

	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, s->count, &s->orders[i].order_id);
	tx_add(t, STMT_SETTLE_DONE);
	for (int n = 0; n < s->count; n++)
		again += s->orders[n].again_us != 0;
	if (again == 0)
		return;
	a = tx_args(t);
#define AGAIN(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < s->count; i++) \
			if (s->orders[i].again_us != 0) \
				elem(a, expr); \
		args_array_end(a); \
	} while (0)
	AGAIN(ELEM_UUID, elem_uuid, &s->orders[i].order_id);
	AGAIN(ELEM_I32, elem_i32, s->orders[i].dealer);
	AGAIN(ELEM_TIME, elem_time, s->orders[i].again_us);
	tx_add(t, STMT_SETTLE_AGAIN);
#undef AGAIN
}

enum err
settle_write(struct tx *t, const struct settle_set *s, struct settle_done *what)
{
	enum err e;

	write_holds(t, s);
	insert_payouts(t, s);
	insert_payables(t, s);
	update_payables(t, s);
	end_payouts(t, s);
	write_items(t, s);
	write_released(t, s);
	write_refunds(t, s);
	write_clawbacks(t, s);
	e = insert_calls(t, s, &what->calls);
	if (e == ERR_OK)
		e = write_told(t, s);
	if (e == ERR_OK)
		write_work(t, s);
	if (e == ERR_OK)
		e = write_books(t, s, what);
	return e;
}
