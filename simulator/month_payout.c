#include "simulator/month_payout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/parse.h"
#include "simulator/audit_db.h"
#include "simulator/world.h"

#define PAGE 200

static const char *const rails[] = {"RAIL_UNSPECIFIED", "RAIL_PSP_SPLIT", "RAIL_BANK",
    "RAIL_OFFSET"};

/* What stands in the bank's file: a line a payout, then a sum. */
struct file_sum {
	int64_t lines, fen, told_fen;
};

/* ---- The bank's file ------------------------------------------------------------------------------- */

/* Ends the piece of ${at} before one of ${marks}; what follows, or NULL. */
static char *
piece_end(char *at, const char *marks)
{
	size_t len = strcspn(at, marks);

	if (at[len] == '\0')
		return NULL;
	at[len] = '\0';
	return at + len + 1;
}

/* An amount is the only field of a line that is yuan with two decimals. */
static bool
line_amount(char *line, int64_t *fen)
{
	for (char *f = line, *next; f != NULL; f = next) {
		const char *dot;

		next = piece_end(f, ",");
		dot = strchr(f, '.');
		if (dot != NULL && strlen(dot) == 3 && parse_yuan(f, fen) == ERR_OK)
			return true;
	}
	return false;
}

static void
file_read(const char *base64, struct file_sum *sum)
{
	size_t size = strlen(base64), len = 0;
	char *text = malloc(size + 1);
	int64_t fen = 0;

	*sum = (struct file_sum){0};
	if (text == NULL || b64_decode(base64, size, (uint8_t *)text, size, &len) != ERR_OK) {
		free(text);
		return;
	}
	text[len] = '\0';
	for (char *l = text, *next; l != NULL; l = next) {
		next = piece_end(l, "\r\n");
		if (!line_amount(l, &fen))
			continue;
		sum->lines++;
		sum->fen += fen;
		sum->told_fen = fen; /* the last one is the sum */
	}
	sum->lines--;
	sum->fen -= sum->told_fen;
	free(text);
}

static enum err
file_check(struct month *m, const json_t *batch)
{
	const char *id = month_text(batch, "batchId");
	int64_t fen = month_int(batch, "amountFen");
	struct file_sum sum;
	json_t *answer;
	enum err e = month_must(m, m->o->key, "FinanceService/ExportPayoutBatch",
	    json_pack("{s:s}", "batchId", id), &answer);

	if (answer == NULL)
		return e;
	file_read(month_text(answer, "file"), &sum);
	if (sum.fen != fen || sum.told_fen != fen || sum.lines < 1 ||
	    sum.lines > month_int(batch, "payouts")) /* what nets to nothing has no line */
		month_violation(m,
		    "batch %s of %lld fen, %lld payouts: its file has %lld in %lld lines, and says %lld",
		    id, (long long)fen, (long long)month_int(batch, "payouts"), (long long)sum.fen,
		    (long long)sum.lines, (long long)sum.told_fen);
	else
		m->tally.files++;
	json_decref(answer);
	return e;
}

/* ---- What came of each ----------------------------------------------------------------------------- */

static enum err
confirm(struct month *m, const json_t *payout)
{
	/* one transfer of all comes back, and is tried again with the next batch */
	bool bounces = m->tally.bounced == 0 && month_int(payout, "amountFen") > 0;
	json_t *answer;
	enum err e = month_must(m, m->o->key, "FinanceService/ConfirmPayout",
	    json_pack("{s:s, s:s, s:s}", "payoutId", month_text(payout, "payoutId"), "outcome",
	        bounces ? "PAYOUT_STATE_CLOSED" : "PAYOUT_STATE_PAID", "reason",
	        bounces ? "no such account" : ""),
	    &answer);

	if (answer != NULL) {
		m->tally.paid += !bounces;
		m->tally.bounced += bounces;
	}
	json_decref(answer);
	return e;
}

static enum err
payouts_confirm(struct month *m, const char *batch)
{
	char token[256] = "";
	enum err e;

	do {
		json_t *answer, *p;
		size_t i;

		e = month_must(m, m->o->key, "FinanceService/ListPayouts",
		    json_pack("{s:s, s:i, s:s}", "batchId", batch, "pageSize", PAGE, "pageToken",
		        token),
		    &answer);
		if (answer == NULL)
			return e;
		json_array_foreach(json_object_get(answer, "payouts"), i, p)
		{
			if (e == ERR_OK &&
			    strcmp(month_text(p, "state"), "PAYOUT_STATE_INSTRUCTED") == 0)
				e = confirm(m, p);
		}
		(void)snprintf(token, sizeof(token), "%s", month_text(answer, "nextPageToken"));
		json_decref(answer);
	} while (e == ERR_OK && token[0] != '\0');
	return e;
}

static enum err
batch_send(struct month *m, const char *ref, int64_t rail)
{
	json_t *answer;
	const json_t *batch;
	enum err e = month_must(m, m->o->key, "FinanceService/ListPayoutBatches",
	    json_pack("{s:s}", "ref", ref), &answer);

	if (answer == NULL)
		return e;
	batch = json_array_get(json_object_get(answer, "batches"), 0);
	if (batch == NULL) {
		month_violation(m, "there is no batch %s", ref);
	} else if (rail != 1) { /* a split goes by itself from here */
		if (rail == 2)
			e = file_check(m, batch);
		if (e == ERR_OK)
			e = payouts_confirm(m, month_text(batch, "batchId"));
	}
	json_decref(answer);
	return e;
}

static enum err
batch_make(struct month *m, const char *collector, int64_t rail)
{
	char ref[64], date[MONTH_DATE_SIZE];
	bool done;
	enum err e;

	month_date(m->now_us, date);
	(void)snprintf(ref, sizeof(ref), "%s-%s-%d", date, collector, (int)rail);
	/* where it all nets to nothing, or a split needs nobody's approval, there is nothing to prepare */
	e = month_act(m, "FinanceService/PreparePayouts",
	    json_pack("{s:s, s:s, s:s}", "ref", ref, "collector", collector, "rail", rails[rail]),
	    true, &done);
	if (e != ERR_OK || !done)
		return e;
	m->tally.batches++;
	return batch_send(m, ref, rail);
}

enum err
month_payouts(struct month *m)
{
	PGresult *r = month_query(m,
	    "select distinct p.code, x.rail from payable x join party p on p.party_id = x.collector_id "
	    "where x.payout_id is null and x.batch_id is null and x.rail is not null and x.made_at <= $1 "
	    "order by 2, 1");
	enum err e = ERR_OK;

	if (r == NULL)
		return ERR_IO;
	for (int i = 0; e == ERR_OK && i < PQntuples(r); i++)
		e = batch_make(m, audit_text(r, i, 0), audit_int(r, i, 1));
	PQclear(r);
	return e;
}

/* ---- Out of the merchant account -------------------------------------------------------------------- */

static enum err
available_read(struct month *m, int64_t *fen)
{
	json_t *books, *x;
	size_t i;
	enum err e = month_ask_json(m->ask, m->o->provider, "/control/books?transaction_id=none",
	    NULL, NULL, &books);

	*fen = 0;
	json_array_foreach(json_object_get(books, "merchants"), i, x)
	{
		if (strcmp(month_text(x, "number"), BRAND_MERCHANT) == 0)
			*fen = month_int(x, "available");
	}
	json_decref(books);
	return e;
}

enum err
month_withdraw(struct month *m)
{
	char date[MONTH_DATE_SIZE];
	int64_t fen;
	bool done = false;
	enum err e = available_read(m, &fen);

	fen /= 2;
	if (e != ERR_OK || fen == 0)
		return e;
	month_date(m->now_us, date);
	e = month_control(m, "withdraw",
	    json_pack("{s:s, s:I}", "account", BRAND_MERCHANT, "amount", (json_int_t)fen));
	if (e == ERR_OK)
		e = month_act(m, "FinanceService/RecordWithdrawal",
		    json_pack("{s:s, s:s, s:o}", "ref", date, "provider", "wechat", "amountFen",
		        month_fen(fen)),
		    false, &done);
	m->tally.withdrawn += done;
	return e;
}
