#include "store/provider_bill.h"

#include <stdio.h>

#include "base/log.h"

static enum tx_next
look_step(struct tx *t, void *ctx)
{
	const struct provider_bill_look *l = ctx;
	struct pg_args *a = tx_args(t);

	if (!l->planned) {
		args_i16(a, (int16_t)l->provider);
		args_date(a, l->day);
		args_time(a, l->now_us);
		args_text(a, l->signer);
		tx_add(t, STMT_BILL_SCHEDULE);
		a = tx_args(t);
	}
	args_i16(a, (int16_t)l->provider);
	args_time(a, l->now_us);
	tx_add(t, STMT_BILL_NEXT);
	return TX_COMMIT;
}

static void
look_done(struct tx *t, void *ctx, enum err e)
{
	const struct provider_bill_look *l = ctx;
	const PGresult *r = e == ERR_OK ? tx_result(t, l->planned ? 0 : 1) : NULL;
	struct provider_bill_row row;

	if (e != ERR_OK)
		log_warn(LOG_MSG("bills that are due cannot be read"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	if (e != ERR_OK || PQntuples(r) == 0) {
		l->done(l->ctx, e, NULL);
		return;
	}
	row = (struct provider_bill_row){.kind = col_i16(r, 0, 0),
	    .day = col_date(r, 0, 2),
	    .tries = col_i32(r, 0, 3)};
	(void)snprintf(row.merchant, sizeof(row.merchant), "%s", col_text(r, 0, 1));
	l->done(l->ctx, ERR_OK, &row);
}

enum err
provider_bill_look(struct provider_bill_look *l)
{
	return tx_start(l->pool, look_step, look_done, l);
}

static enum tx_next
write_step(struct tx *t, void *ctx)
{
	const struct provider_bill_write *w = ctx;
	struct pg_args *a = tx_args(t);

	args_i16(a, (int16_t)w->provider);
	args_i16(a, (int16_t)w->row.kind);
	args_text(a, w->row.merchant);
	args_date(a, w->row.day);
	args_i16(a, (int16_t)w->state);
	args_i32(a, w->row.tries);
	args_time(a, w->next_us);
	args_text(a, w->error);
	args_time(a, w->now_us);
	tx_add(t, STMT_BILL_RESULT);
	return TX_COMMIT;
}

static void
write_done(struct tx *t, void *ctx, enum err e)
{
	const struct provider_bill_write *w = ctx;

	if (e != ERR_OK)
		log_warn(LOG_MSG("what became of a bill cannot be written"),
		    LOG_STR("err", err_name(e)), LOG_STR("server", tx_sql_error(t)));
	w->done(w->ctx, e);
}

enum err
provider_bill_write(struct provider_bill_write *w)
{
	return tx_start(w->pool, write_step, write_done, w);
}
