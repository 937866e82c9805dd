#include "store/export_page.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE_MAX ((size_t)16 << 20) /* a page and what stood in each account */
#define PERIOD_LAST 999912

static const char entry_columns[] =
    "line,account,period,batch,entry,event,event_no,fulfilment,kind,amount_fen,event_at,posted_at,"
    "object,order,ref\n";
static const char journal_columns[] =
    "line,period,batch,event,event_no,fulfilment,event_at,posted_at,object,order,split_version,ref,"
    "corrects,units,legs\n";

void
export_page_init(struct export_page *x, const struct export_spec *spec)
{
	*x = (struct export_page){.spec = *spec, .account = INT64_MIN};
	assert(spec->kind != EXPORT_STATEMENT || spec->range_count > 0);
	assert(spec->kind != EXPORT_JOURNAL || spec->range_count == 0);
	buf_init(&x->text, TEXT_SIZE_MAX);
	buf_init(&x->closing, TEXT_SIZE_MAX);
}

void
export_page_release(struct export_page *x)
{
	free(x->accounts);
	buf_release(&x->text);
	buf_release(&x->closing);
}

/* ---- Questions ----------------------------------------------------------------------------------- */

static bool
by_account(const struct export_page *x)
{
	return x->spec.range_count > 0;
}

void
export_page_scope(const struct export_page *x, struct pg_args *a)
{
	const bool all = x->spec.period == 0;

	if (by_account(x))
		ARGS_ARRAY(a, ELEM_I64, elem_i64, x->account_count, x->accounts[i]);
	else
		args_null(a);
	args_i32(a, all ? 0 : x->spec.period);
	args_i32(a, all ? PERIOD_LAST : x->spec.period);
	args_i64(a, x->batch_from);
	args_i64(a, x->batch_to);
}

static void
bounds_args(const struct export_page *x, struct pg_args *a)
{
	args_i32(a, x->spec.period);
	args_i64(a, x->spec.batch_to);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, x->spec.range_count, x->spec.lo[i]);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, x->spec.range_count, x->spec.hi[i]);
}

enum stmt
export_page_ask(const struct export_page *x, struct pg_args *a)
{
	switch (x->step) {
	case STEP_BOUNDS:
		bounds_args(x, a);
		return STMT_EXPORT_BOUNDS;
	case STEP_SUMS:
		export_page_scope(x, a);
		args_bool(a, x->spec.jsonl);
		return STMT_EXPORT_SUMS;
	case STEP_PAGES:
		export_page_scope(x, a);
		args_i64(a, x->account);
		args_i32(a, x->period);
		args_i64(a, x->batch_no);
		args_i32(a, x->entry_no);
		args_i64(a, EXPORT_PAGE_LINES);
		args_bool(a, x->spec.jsonl);
		break;
	case STEP_END:
		break;
	}
	assert(x->step == STEP_PAGES);
	if (x->spec.kind == EXPORT_JOURNAL)
		return STMT_EXPORT_JOURNAL;
	return by_account(x) ? STMT_EXPORT_ACCOUNTS : STMT_EXPORT_BOOKS;
}

/* ---- Answers ------------------------------------------------------------------------------------- */

static enum err
judge(const struct export_page *x, const PGresult *r, struct reason *why)
{
	const int64_t sealed = col_i64(r, 0, 1);

	if (x->spec.batch_to > sealed)
		return reason_set(why, ERR_BAD_FIELD, "batch_to",
		    "the books are sealed up to batch %lld", (long long)sealed);
	if (x->spec.batch_from > 0 && x->spec.batch_from > col_i64(r, 0, 0))
		return reason_set(why, ERR_BAD_FIELD, "batch_from", "lies behind batch_to");
	return ERR_OK;
}

/* What a statement is of stands in its first line: two with one hash are about the same. */
static void
first_lines(struct export_page *x)
{
	const struct export_spec *s = &x->spec;

	if (!s->jsonl)
		buf_str(&x->text, s->kind == EXPORT_JOURNAL ? journal_columns : entry_columns);
	if (s->kind != EXPORT_STATEMENT)
		return;
	if (s->jsonl)
		buf_printf(&x->text,
		    "{\"line\":\"statement\",\"party\":\"%s\",\"period\":%d,\"batch_from\":%lld,"
		    "\"batch_to\":%lld}\n",
		    s->party, (int)s->period, (long long)s->batch_from, (long long)x->reach);
	else
		buf_printf(&x->text, "statement,%s,%d,%lld-%lld,,,,,,,,,,,\n", s->party,
		    (int)s->period, (long long)s->batch_from, (long long)x->reach);
}

static enum err
got_bounds(struct export_page *x, const PGresult *r)
{
	struct col_array list;
	int64_t first, last;
	int count = (int)col_array_open(r, 0, 5, &list);

	x->reach = col_i64(r, 0, 0);
	x->closed = col_bool(r, 0, 2);
	free(x->accounts);
	x->accounts = calloc((size_t)count + 1, sizeof(*x->accounts));
	if (x->accounts == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++)
		x->accounts[i] = array_i64(&list);
	x->account_count = count;
	x->batch_from = x->spec.batch_from;
	x->batch_to = x->reach;
	if (!by_account(x)) {
		/* Its own batches are a small part of the books. */
		first = x->spec.period == 0 ? 1 : col_i64(r, 0, 3);
		last = x->spec.period == 0 ? x->batch_to : col_i64(r, 0, 4);
		x->batch_from = x->batch_from < first - 1 ? first - 1 : x->batch_from;
		x->batch_to = x->batch_to > last ? last : x->batch_to;
		x->batch_no = x->batch_from;
		x->entry_no = INT32_MAX;
	}
	first_lines(x);
	x->step = x->spec.kind == EXPORT_STATEMENT ? STEP_SUMS : STEP_PAGES;
	return buf_err(&x->text);
}

static enum err
got_sums(struct export_page *x, const PGresult *r)
{
	buf_str(&x->text, col_text(r, 0, 0));
	buf_str(&x->closing, col_text(r, 0, 1));
	x->step = STEP_PAGES;
	return buf_err(&x->text) != ERR_OK ? buf_err(&x->text) : buf_err(&x->closing);
}

static enum err
got_page(struct export_page *x, const PGresult *r, const void **p, size_t *len)
{
	const int64_t lines = col_i64(r, 0, 1);

	*p = col_bytes(r, 0, 0, len);
	x->lines += lines;
	if (lines == EXPORT_PAGE_LINES) {
		x->account = col_i64(r, 0, 2);
		x->period = col_i32(r, 0, 3);
		x->batch_no = col_i64(r, 0, 4);
		x->entry_no = col_i32(r, 0, 5);
		return ERR_OK;
	}
	x->step = STEP_END;
	if (x->closing.len == 0)
		return ERR_OK;
	buf_add(&x->text, *p, *len);
	buf_add(&x->text, x->closing.data, x->closing.len);
	*p = x->text.data;
	*len = x->text.len;
	return buf_err(&x->text);
}

enum err
export_page_got(struct export_page *x, const PGresult *r, const void **p, size_t *len,
    struct reason *why)
{
	enum err e;

	buf_reset(&x->text);
	if (x->step == STEP_PAGES) {
		e = got_page(x, r, p, len);
		return e == ERR_OK ? e : reason_set(why, e, NULL, "%s", err_text(e));
	}
	assert(x->step != STEP_END);
	if (x->step == STEP_BOUNDS) {
		e = judge(x, r, why);
		if (e != ERR_OK)
			return e;
		e = got_bounds(x, r);
	} else {
		e = got_sums(x, r);
	}
	*p = x->text.data;
	*len = x->text.len;
	return e == ERR_OK ? e : reason_set(why, e, NULL, "%s", err_text(e));
}
