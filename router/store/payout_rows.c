#include "store/payout_rows.h"

enum err
payout_batch_read(const PGresult *r, int row, struct arena *a, void *to)
{
	struct payout_batch_row *out = to;

	*out = (struct payout_batch_row){.id = col_uuid(r, row, 0),
	    .ref = arena_strdup(a, col_text(r, row, 1)),
	    .collector = col_i32(r, row, 2),
	    .rail = (enum rail)col_i16(r, row, 3),
	    .state = (enum batch_state)col_i16(r, row, 4),
	    .fen = col_i64(r, row, 5),
	    .payouts = col_i32(r, row, 6),
	    .prepared_us = col_time(r, row, 7),
	    .decided_us = col_time(r, row, 8),
	    .exported_us = col_time(r, row, 9)};
	return out->ref != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static struct uuid
uuid_or_zero(const PGresult *r, int row, int col)
{
	const struct uuid none = {{0}};

	return col_null(r, row, col) ? none : col_uuid(r, row, col);
}

enum err
payout_read(const PGresult *r, int row, struct arena *a, void *to)
{
	struct payout_row *out = to;

	*out = (struct payout_row){.id = col_uuid(r, row, 0),
	    .batch = uuid_or_zero(r, row, 1),
	    .order = uuid_or_zero(r, row, 2),
	    .party = col_i32(r, row, 3),
	    .collector = col_i32(r, row, 4),
	    .rail = (enum rail)col_i16(r, row, 5),
	    .state = (enum payout_state)col_i16(r, row, 6),
	    .gross_fen = col_i64(r, row, 7),
	    .netted_fen = col_i64(r, row, 8),
	    .fen = col_i64(r, row, 9),
	    .made_us = col_time(r, row, 10),
	    .done_us = col_time(r, row, 11),
	    .reason = arena_strdup(a, col_text(r, row, 12)),
	    .number = arena_strdup(a, col_text(r, row, 13)),
	    .account = col_i64(r, row, 14)};
	return out->reason != NULL && out->number != NULL ? ERR_OK : ERR_NO_MEMORY;
}

enum err
refund_row_read(const PGresult *r, int row, struct arena *a, void *to)
{
	struct refund_row *out = to;

	*out = (struct refund_row){.order = col_uuid(r, row, 0),
	    .refund_no = col_i32(r, row, 1),
	    .part_no = col_i16(r, row, 2),
	    .collector = col_i32(r, row, 3),
	    .provider = (enum provider)col_i16(r, row, 4),
	    .payment_number = arena_strdup(a, col_text(r, row, 5)),
	    .fen = col_i64(r, row, 6),
	    .state = (enum refund_state)col_i16(r, row, 7),
	    .number = arena_strdup(a, col_text(r, row, 8)),
	    .due_us = col_time(r, row, 9),
	    .done_us = col_time(r, row, 10)};
	return out->payment_number != NULL && out->number != NULL ? ERR_OK : ERR_NO_MEMORY;
}

struct outbox_write
payout_event(const PGresult *r, int row, enum outbox_kind kind)
{
	return (struct outbox_write){.order_id = col_uuid(r, row, 0),
	    .dealer = col_i32(r, row, 1),
	    .kind = kind,
	    .amount_fen = col_i64(r, row, 2)};
}
