#include "store/provider_call.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"

#define CALLS(type, elem, expr) ARGS_ARRAY(a, type, elem, count, calls[i].expr)

/* One array parameter over all items of all calls. */
#define ITEMS(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) { \
			for (int n = 0; n < calls[i].item_count; n++) { \
				const struct provider_item_row *item = &calls[i].items[n]; \
				elem(a, expr); \
			} \
		} \
		args_array_end(a); \
	} while (0)

static void
items_send(struct tx *t, const struct provider_call_row *calls, int count)
{
	struct pg_args *a = tx_args(t);

	args_array(a, ELEM_TEXT);
	for (int i = 0; i < count; i++)
		for (int n = 0; n < calls[i].item_count; n++)
			elem_text(a, calls[i].number);
	args_array_end(a);
	ITEMS(ELEM_I16, elem_i16, (int16_t)item->item_no);
	ITEMS(ELEM_I32, elem_i32, item->party);
	ITEMS(ELEM_TEXT, elem_text, item->receiver);
	ITEMS(ELEM_BOOL, elem_bool, item->personal);
	ITEMS(ELEM_I64, elem_i64, item->fen);
	ITEMS(ELEM_UUID, elem_uuid_or_null, &item->payout_id);
	tx_add(t, STMT_CALL_ITEM_INSERT);
}

void
provider_calls_add(struct tx *t, const struct provider_call_row *calls, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	for (int i = 0; i < count; i++)
		assert(calls[i].item_count >= 1 && calls[i].item_count <= PROVIDER_ITEMS_MAX &&
		    (calls[i].kind == CALL_SPLIT || calls[i].item_count == 1));
	a = tx_args(t);
	CALLS(ELEM_TEXT, elem_text, number);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)calls[i].kind);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)calls[i].provider);
	CALLS(ELEM_I32, elem_i32, collector);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &calls[i].order_id);
	CALLS(ELEM_TEXT, elem_text, payment_number);
	CALLS(ELEM_TEXT, elem_text, split_number);
	CALLS(ELEM_I64, elem_i64, fen);
	CALLS(ELEM_I64, elem_i64, total_fen);
	CALLS(ELEM_TIME, elem_time, deadline_us);
	CALLS(ELEM_TIME, elem_time, next_us);
	CALLS(ELEM_TIME, elem_time, made_us);
	tx_add(t, STMT_CALL_INSERT);
	items_send(t, calls, count);
}

void
provider_number(char out[PROVIDER_NUMBER_SIZE], char prefix, const struct uuid *id, int n)
{
	char hex[2 * sizeof(id->b) + 1];

	hex_encode(id->b, sizeof(id->b), hex);
	(void)snprintf(out, PROVIDER_NUMBER_SIZE, "%c%s-%d", prefix, hex, n);
}
