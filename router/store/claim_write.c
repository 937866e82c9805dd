#include "store/claim_write.h"

#include <string.h>

#include "base/clock.h"
#include "store/catalog_writing.h"

struct claim_ids {
	int32_t location, staff;
};

/* Columns of SQL_CLAIM_READ_COLUMNS, then of the two statements that read by reference. */
enum { C_KIND, C_LOCATION, C_STAFF, C_FROM, C_UNTIL, C_EVIDENCE, C_TRANSFER, C_BODY };
enum { T_NUMBER, T_MOVED, T_MORE, T_AT, T_BODY };

static enum err
read_claim(const PGresult *r, int row, struct arena *a, struct claim_read *out)
{
	*out = (struct claim_read){
	    .kind = (enum claim_kind)col_i16(r, row, C_KIND),
	    .location = col_i32(r, row, C_LOCATION),
	    .staff = col_i32(r, row, C_STAFF),
	    .from_us = col_time(r, row, C_FROM),
	    .until_us = col_time(r, row, C_UNTIL),
	    .evidence = arena_strdup(a, col_text(r, row, C_EVIDENCE)),
	    .transfer = col_i64(r, row, C_TRANSFER),
	};
	return out->evidence == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static bool
same_body(const PGresult *r, int col, const uint8_t hash[DIGEST_SIZE])
{
	const uint8_t *p;
	size_t len;

	p = col_bytes(r, 0, col, &len);
	return len == DIGEST_SIZE && memcmp(p, hash, DIGEST_SIZE) == 0;
}

static enum tx_next
refuse_memory(struct write *w)
{
	return write_refuse(w, ERR_NO_MEMORY, -1, "", "%s", err_text(ERR_NO_MEMORY));
}

/* The store and who of its staff; the request's fields are "store" and ${staff_field}. */
static enum err
refer(struct write *w, const char *store, const char *store_field, const char *staff,
    const char *staff_field)
{
	struct claim_ids *ids = w->ids;
	enum err e;

	e = write_refer(w, REF_LOCATION,
	    &(struct ref){.code = store,
	        .field = store_field,
	        .row = -1,
	        .kinds = PARTY_BIT(LOC_STORE),
	        .what = "a store",
	        .id = &ids->location});
	if (e == ERR_OK)
		e = write_refer(w, REF_PARTY,
		    &(struct ref){.code = staff,
		        .field = staff_field,
		        .row = -1,
		        .kinds = PARTY_BIT(PARTY_STAFF),
		        .what = "a staff member",
		        .id = &ids->staff});
	return e;
}

/* ---- A claim ---- */

static enum err
once_refer(struct write *w)
{
	const struct claim_put *p = w->rows;

	return refer(w, p->row.location, "store", p->row.staff, "staff");
}

static enum tx_next
once_send(struct write *w, struct tx *t)
{
	const struct claim_put *p = w->rows;
	const struct claim_ids *ids = w->ids;
	struct pg_args *a;

	a = tx_args(t);
	args_i64(a, (int64_t)p->row.customer);
	args_i32(a, ids->location);
	args_i16(a, (int16_t)p->row.kind);
	args_time(a, p->row.from_us);
	args_i32(a, ids->staff);
	if (p->row.until_us == 0)
		args_null(a);
	else
		args_time(a, p->row.until_us);
	args_text(a, p->row.evidence);
	args_text(a, p->ref);
	args_bytes(a, p->body_hash, DIGEST_SIZE);
	tx_add(t, STMT_CLAIM_ONCE);
	a = tx_args(t);
	args_i64(a, (int64_t)p->row.customer);
	args_text(a, p->ref);
	tx_add(t, STMT_CLAIM_OF_REF);
	return TX_TRIP;
}

static enum tx_next
once_trip(struct write *w, struct tx *t, int n)
{
	const struct claim_put *p = w->rows;
	const PGresult *stands;

	if (n == 1)
		return once_send(w, t);
	stands = tx_result(t, 1);
	if (PQntuples(stands) == 0)
		return write_refuse(w, ERR_EXISTS_DIFFERS, -1, "ref",
		    "this very claim stands under another reference");
	if (!same_body(stands, C_BODY, p->body_hash))
		return write_refuse(w, ERR_EXISTS_DIFFERS, -1, "ref", "%s",
		    err_text(ERR_EXISTS_DIFFERS));
	if (read_claim(stands, 0, w->w.arena, p->out) != ERR_OK)
		return refuse_memory(w);
	w->result.written = write_changes(w, tx_result(t, 0), row_claim);
	return TX_COMMIT;
}

enum err
write_claim_once(const struct writer *w, const struct claim_put *put)
{
	static const struct write_kind kind = {NULL, sizeof(struct claim_put), false, ERR_OK,
	    once_refer, once_trip};

	return write_start(w, &kind, "claim", put, 1, sizeof(struct claim_ids));
}

/* ---- A transfer ---- */

static enum err
transfer_refer(struct write *w)
{
	const struct transfer_put *p = w->rows;

	return refer(w, p->store, "to_store", p->staff, "to_staff");
}

static void
send_from(const struct transfer_put *p, struct pg_args *a)
{
	args_array(a, ELEM_I32);
	for (int i = 0; i < p->from_count; i++)
		elem_i32(a, p->from[i]);
	args_array_end(a);
}

static enum tx_next
transfer_send(struct write *w, struct tx *t)
{
	const struct transfer_put *p = w->rows;
	const struct claim_ids *ids = w->ids;
	struct pg_args *a;

	a = tx_args(t);
	args_text(a, p->ref);
	args_bytes(a, p->body_hash, DIGEST_SIZE);
	args_time(a, p->at_us);
	args_i64(a, (int64_t)p->customer);
	send_from(p, a);
	args_i32(a, ids->location);
	args_i32(a, ids->staff);
	args_text(a, p->reason);
	args_i64(a, p->key_id);
	tx_add(t, STMT_TRANSFER_ONCE);
	args_text(tx_args(t), p->ref);
	tx_add(t, STMT_TRANSFER_OF_REF);
	return TX_TRIP;
}

static enum tx_next
transfer_move(struct write *w, struct tx *t)
{
	const struct transfer_put *p = w->rows;
	const struct claim_ids *ids = w->ids;
	struct pg_args *a;
	char *evidence;

	evidence = arena_printf(w->w.arena, "transfer %s: %s", p->ref, p->reason);
	if (evidence == NULL)
		return refuse_memory(w);
	a = tx_args(t);
	if (p->customer != 0)
		args_i64(a, (int64_t)p->customer);
	else
		send_from(p, a);
	args_i32(a, ids->location);
	args_i32(a, ids->staff);
	args_time(a, p->at_us);
	args_text(a, evidence);
	args_i64(a, p->out->number);
	if (p->customer == 0)
		args_i64(a, p->rows_max);
	tx_add(t, p->customer != 0 ? STMT_TRANSFER_ONE : STMT_TRANSFER_ALL);
	return TX_TRIP;
}

static enum tx_next
transfer_moved(struct write *w, struct tx *t)
{
	const struct transfer_put *p = w->rows;
	struct pg_args *a;

	p->out->moved = write_changes(w, tx_result(t, 0), row_claim);
	p->out->more = p->customer == 0 && p->out->moved == p->rows_max;
	a = tx_args(t);
	args_i64(a, p->out->number);
	args_i32(a, p->out->moved);
	args_bool(a, p->out->more);
	tx_add(t, STMT_TRANSFER_MOVED);
	return TX_COMMIT;
}

static enum tx_next
transfer_trip(struct write *w, struct tx *t, int n)
{
	const struct transfer_put *p = w->rows;
	const PGresult *stands;

	if (n == 1)
		return transfer_send(w, t);
	if (n == 3)
		return transfer_moved(w, t);
	stands = tx_result(t, 1);
	if (PQntuples(stands) == 0 || !same_body(stands, T_BODY, p->body_hash))
		return write_refuse(w, ERR_EXISTS_DIFFERS, -1, "ref", "%s",
		    err_text(ERR_EXISTS_DIFFERS));
	*p->out = (struct transfer_done){.number = col_i64(stands, 0, T_NUMBER),
	    .at_us = col_time(stands, 0, T_AT),
	    .moved = col_i32(stands, 0, T_MOVED),
	    .more = col_bool(stands, 0, T_MORE)};
	/* A repeat: it was moved then. */
	return PQntuples(tx_result(t, 0)) == 0 ? TX_COMMIT : transfer_move(w, t);
}

enum err
write_transfer(const struct writer *w, const struct transfer_put *put)
{
	static const struct write_kind kind = {NULL, sizeof(struct transfer_put), false, ERR_OK,
	    transfer_refer, transfer_trip};

	return write_start(w, &kind, "transfer", put, 1, sizeof(struct claim_ids));
}

/* ---- Reading ---- */

struct claim
claim_hint(uint64_t customer, const struct claim_read *c)
{
	return (struct claim){.customer = customer,
	    .location = c->location,
	    .staff = c->staff,
	    .from_min = change_minutes(c->from_us),
	    .from_us = (uint32_t)(c->from_us % US_PER_MIN),
	    .until_min = change_minutes(c->until_us),
	    .kind = (uint8_t)c->kind};
}

struct reading {
	struct arena *arena;
	uint64_t customer;
	int64_t now_us;
	claims_fn *done;
	void *ctx;
};

static enum tx_next
read_step(struct tx *t, void *ctx)
{
	struct reading *r = ctx;
	struct pg_args *a;

	a = tx_args(t);
	args_i64(a, (int64_t)r->customer);
	args_time(a, r->now_us);
	args_i64(a, CLAIMS_READ_MAX);
	tx_add(t, STMT_CLAIMS_OF);
	return TX_COMMIT;
}

static void
read_done(struct tx *t, void *ctx, enum err e)
{
	struct reading *r = ctx;
	struct claim_read *claims = NULL;
	int count = 0;

	if (e == ERR_OK) {
		count = PQntuples(tx_result(t, 0));
		claims = arena_array(r->arena, (size_t)count, sizeof(*claims));
		e = claims == NULL ? ERR_NO_MEMORY : ERR_OK;
		for (int i = 0; e == ERR_OK && i < count; i++)
			e = read_claim(tx_result(t, 0), i, r->arena, &claims[i]);
	}
	r->done(r->ctx, e, claims, e == ERR_OK ? count : 0);
}

enum err
claims_read(struct pool *p, struct arena *arena, uint64_t customer, int64_t now_us, claims_fn *done,
    void *ctx)
{
	struct reading *r;

	r = arena_alloc(arena, sizeof(*r));
	if (r == NULL)
		return ERR_NO_MEMORY;
	*r = (struct reading){arena, customer, now_us, done, ctx};
	return tx_start(p, read_step, read_done, r);
}
