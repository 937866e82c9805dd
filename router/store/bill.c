#include "store/bill.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"

/* ---- How it is read ---------------------------------------------------------------------------- */

struct terms_ask {
	struct arena *arena;
	struct bill_party who;
	enum bill_kind kind;
	struct bill_terms terms;
	bill_terms_fn *done;
	void *ctx;
};

static enum tx_next
terms_step(struct tx *t, void *ctx)
{
	static const enum stmt asked[] = {STMT_BILL_COLLECTOR, STMT_BILL_COLUMNS, STMT_BILL_WORDS,
	    STMT_BILL_MERCHANTS};
	const struct terms_ask *x = ctx;
	struct pg_args *a;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		a = tx_args(t);
		args_text(a, x->who.code);
		args_i16(a, (int16_t)x->kind);
		args_i16(a, (int16_t)x->who.provider);
		args_text(a, x->who.merchant);
		tx_add(t, asked[i]);
	}
	return TX_COMMIT;
}

static enum err
read_columns(struct terms_ask *x, const PGresult *r)
{
	struct bill_map *m = &x->terms.map;
	struct bill_column *columns;

	m->column_count = PQntuples(r);
	columns = arena_array(x->arena, (size_t)m->column_count, sizeof(*columns));
	if (columns == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < m->column_count; i++) {
		columns[i] = (struct bill_column){.summary = col_i16(r, i, 0) == 2,
		    .name = arena_strdup(x->arena, col_text(r, i, 1)),
		    .field = bill_field_parse(col_text(r, i, 2)),
		    .needed = col_bool(r, i, 3)};
		if (columns[i].name == NULL)
			return ERR_NO_MEMORY;
		if (columns[i].field == BILL_FIELD_COUNT) {
			log_error(LOG_MSG("bill_column has a field that is none"),
			    LOG_STR("field", col_text(r, i, 2)));
			return ERR_INTERNAL;
		}
	}
	m->columns = columns;
	return ERR_OK;
}

static enum err
read_words(struct terms_ask *x, const PGresult *r)
{
	struct bill_map *m = &x->terms.map;
	struct bill_word *words;

	m->word_count = PQntuples(r);
	words = arena_array(x->arena, (size_t)m->word_count, sizeof(*words));
	if (words == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < m->word_count; i++) {
		words[i] = (struct bill_word){.word = arena_strdup(x->arena, col_text(r, i, 0)),
		    .class = bill_class_parse(col_text(r, i, 1))};
		if (words[i].word == NULL)
			return ERR_NO_MEMORY;
		if (words[i].class == BILL_CLASS_COUNT) {
			log_error(LOG_MSG("bill_word has a class that is none"),
			    LOG_STR("class", col_text(r, i, 1)));
			return ERR_INTERNAL;
		}
	}
	m->words = words;
	return ERR_OK;
}

static void
release_merchants(void *ctx)
{
	strmap_release(ctx);
}

/* His own; where the bill has everybody's lines, everybody's. */
static enum err
read_merchants(struct terms_ask *x, const PGresult *r)
{
	struct strmap *map = arena_zalloc(x->arena, sizeof(*map));
	char *number;
	enum err e;

	if (map == NULL)
		return ERR_NO_MEMORY;
	e = strmap_init(map, (size_t)PQntuples(r));
	if (e == ERR_OK)
		e = arena_on_free(x->arena, release_merchants, map);
	for (int i = 0; e == ERR_OK && i < PQntuples(r); i++) {
		number = arena_strdup(x->arena, col_text(r, i, 0));
		e = number == NULL ? ERR_NO_MEMORY
		                   : strmap_put(map, number, (uint32_t)col_i32(r, i, 1), NULL);
	}
	x->terms.map.merchants = map;
	return e;
}

static void
terms_done(struct tx *t, void *ctx, enum err e)
{
	struct terms_ask *x = ctx;
	const PGresult *r;

	x->terms.map.kind = x->kind;
	if (e == ERR_OK && PQntuples(tx_result(t, 0)) == 1) {
		r = tx_result(t, 0);
		x->terms.collector = col_i32(r, 0, 0);
		x->terms.provider = (enum provider)col_i16(r, 0, 1);
		x->terms.everybody = col_bool(r, 0, 3);
		x->terms.map.merchant = arena_strdup(x->arena, col_text(r, 0, 2));
		e = x->terms.map.merchant == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	if (e == ERR_OK)
		e = read_columns(x, tx_result(t, 1));
	if (e == ERR_OK)
		e = read_words(x, tx_result(t, 2));
	if (e == ERR_OK)
		e = read_merchants(x, tx_result(t, 3));
	x->done(x->ctx, e, &x->terms);
}

enum err
bill_terms_read(struct pool *p, struct arena *arena, const struct bill_party *who,
    enum bill_kind kind, bill_terms_fn *done, void *ctx)
{
	struct terms_ask *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	x->arena = arena;
	x->who = *who;
	x->kind = kind;
	x->done = done;
	x->ctx = ctx;
	return tx_start(p, terms_step, terms_done, x);
}

/* ---- Writing it -------------------------------------------------------------------------------- */

struct importing {
	const struct bill_import *in;
	const struct bill_source *source;
	struct bill_outcome outcome;
	uint8_t stood[DIGEST_SIZE]; /* the sum of the one that is there */
	bool claimed, end, asked;   /* asked: which line stands twice */
	bool idle;                  /* the one that is there was refused by the books */
	bool replaces;              /* so ${old} is taken away first, in a transaction of its own */
	struct uuid old;
	struct bill_chunk chunk;
	struct pool *pool;
	bill_import_fn *done;
	void *ctx;
};

static enum tx_next
refuse(struct importing *x, struct tx *t, enum err e)
{
	if (x->outcome.reason.err != e)
		(void)reason_set(&x->outcome.reason, e, NULL, "%s", err_text(e));
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static void
send_stands(const struct importing *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_i16(a, (int16_t)x->in->provider);
	args_i32(a, x->in->collector);
	args_i16(a, (int16_t)x->in->kind);
	args_date(a, x->in->day);
	tx_add(t, STMT_BILL_STANDS);
}

static enum tx_next
step_claim(struct importing *x, struct tx *t)
{
	struct pg_args *a;
	enum err e;

	x->outcome = (struct bill_outcome){.id = x->in->id};
	x->end = x->asked = false;
	x->chunk.count = 0;
	e = x->source->restart(x->source->ctx, &x->outcome.reason);
	if (e != ERR_OK)
		return refuse(x, t, e);
	if (x->replaces) {
		args_uuid(tx_args(t), &x->old);
		tx_add(t, STMT_BILL_DROP);
	}
	a = tx_args(t);
	args_uuid(a, &x->in->id);
	args_i16(a, (int16_t)x->in->provider);
	args_i32(a, x->in->collector);
	args_i16(a, (int16_t)x->in->kind);
	args_date(a, x->in->day);
	args_time(a, x->in->now_us);
	args_i64(a, x->in->key_id);
	args_bool(a, x->in->everybody);
	tx_add(t, STMT_BILL_CLAIM);
	send_stands(x, t);
	return TX_TRIP;
}

static void
read_claim(struct importing *x, const struct tx *t)
{
	const int at = x->replaces ? 1 : 0;
	const PGresult *r = tx_result(t, at + 1);
	const uint8_t *sum;
	size_t len;

	x->claimed = PQntuples(tx_result(t, at)) == 1;
	if (x->claimed)
		return;
	x->outcome.id = col_uuid(r, 0, 0);
	sum = col_bytes(r, 0, 1, &len);
	assert(len == DIGEST_SIZE);
	memcpy(x->stood, sum, len);
	x->idle = col_bool(r, 0, 2);
}

static void
send_lines(const struct importing *x, struct tx *t, enum stmt s)
{
	const struct bill_chunk *c = &x->chunk;
	struct pg_args *a = tx_args(t);

	args_uuid(a, &x->in->id);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, c->count, &c->line[i].id);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, c->count, c->line[i].number);
	if (s == STMT_BILL_LINES) {
		ARGS_ARRAY(a, ELEM_I16, elem_i16, c->count, (int16_t)c->line[i].class);
		ARGS_ARRAY(a, ELEM_TEXT, elem_text, c->count, c->line[i].ref);
		ARGS_ARRAY(a, ELEM_TEXT, elem_text, c->count, c->line[i].transaction);
		ARGS_ARRAY(a, ELEM_TIME, elem_time, c->count, c->line[i].at_us);
		ARGS_ARRAY(a, ELEM_I64, elem_i64, c->count, c->line[i].gross_fen);
		ARGS_ARRAY(a, ELEM_I64, elem_i64, c->count, c->line[i].fee_fen);
		ARGS_ARRAY(a, ELEM_TEXT, elem_text, c->count, c->line[i].raw);
		ARGS_ARRAY(a, ELEM_I32, elem_i32, c->count, c->line[i].collector);
	}
	tx_add(t, s);
}

/* A line that stands already, here or in another bill, was not written; ${x}->chunk is still the one it is in. */
static enum tx_next
step_twice(struct importing *x, struct tx *t)
{
	const PGresult *r = tx_result(t, 0);
	char day[DAY_TEXT_SIZE];

	if (!x->asked) {
		x->asked = true;
		send_lines(x, t, STMT_BILL_TWICE);
		return TX_TRIP;
	}
	if (PQntuples(r) == 0)
		return refuse(x, t, ERR_INTERNAL);
	format_day(col_date(r, 0, 2), day);
	return refuse(x, t,
	    reason_set(&x->outcome.reason, ERR_BAD_BODY, NULL,
	        "line %d: stands already, in line %d of the bill of %s", (int)col_i32(r, 0, 0),
	        (int)col_i32(r, 0, 1), day));
}

static enum tx_next
step_end(struct importing *x, struct tx *t)
{
	struct bill_sums *s = &x->outcome.sums;
	struct pg_args *a;
	enum err e;

	e = x->source->sums(x->source->ctx, s, &x->outcome.reason);
	if (e != ERR_OK)
		return refuse(x, t, e);
	x->outcome.repeated = !x->claimed;
	if (x->claimed) {
		a = tx_args(t);
		args_uuid(a, &x->in->id);
		args_bytes(a, s->sha1, sizeof(s->sha1));
		args_bytes(a, s->sha256, sizeof(s->sha256));
		args_i64(a, s->bytes);
		args_i64(a, s->rows);
		args_i64(a, s->other_rows);
		args_i64(a, s->gross_fen);
		args_i64(a, s->fee_fen);
		tx_add(t, STMT_BILL_FINISH);
	} else if (memcmp(s->sha256, x->stood, sizeof(x->stood)) != 0) {
		if (x->idle && !x->replaces)
			x->old = x->outcome.id;
		return refuse(x, t,
		    reason_set(&x->outcome.reason, ERR_EXISTS_DIFFERS, NULL,
		        "another file was imported as this bill"));
	}
	return TX_COMMIT;
}

/* While nothing is written each chunk is a trip, too, so that the loop has its turn. */
static enum tx_next
import_step(struct tx *t, void *ctx)
{
	struct importing *x = ctx;
	enum err e;

	if (tx_trip(t) == 0)
		return step_claim(x, t);
	if (tx_trip(t) == 1)
		read_claim(x, t);
	else if (x->asked || (x->claimed && tx_affected(t, 0) != x->chunk.count))
		return step_twice(x, t);
	if (x->end)
		return step_end(x, t);
	x->chunk.count = 0;
	e = x->source->read(x->source->ctx, &x->chunk, &x->end, &x->outcome.reason);
	if (e != ERR_OK)
		return refuse(x, t, e);
	if (x->claimed)
		send_lines(x, t, STMT_BILL_LINES);
	else
		send_stands(x, t);
	return TX_TRIP;
}

static void
import_done(struct tx *t, void *ctx, enum err e)
{
	struct importing *x = ctx;

	if (e == ERR_EXISTS_DIFFERS && !uuid_is_zero(&x->old) && !x->replaces) {
		x->replaces = true;
		e = tx_start(x->pool, import_step, import_done, x);
		if (e == ERR_OK)
			return;
	}
	if (e != ERR_OK && x->outcome.reason.err != e) {
		(void)reason_set(&x->outcome.reason, e, NULL, "%s", err_text(e));
		log_warn(LOG_MSG("importing a bill failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	}
	if (e == ERR_OK)
		x->outcome.reason.err = ERR_OK;
	x->done(x->ctx, &x->outcome);
}

enum err
bill_import(struct pool *p, struct arena *arena, const struct bill_import *in,
    const struct bill_source *source, bill_import_fn *done, void *ctx)
{
	struct importing *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	x->in = in;
	x->source = source;
	x->pool = p;
	x->done = done;
	x->ctx = ctx;
	return tx_start(p, import_step, import_done, x);
}
