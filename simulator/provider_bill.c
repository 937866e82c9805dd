#include "simulator/provider_bill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/digest.h"

#define READY_US (10 * 3600 * US_PER_S)
#define DAYS_MAX 90
#define ADDRESS_US (30 * US_PER_S)
#define SHA1_SIZE 20

static const struct {
	const char *path;
	enum bill_kind kind;
	const char *name; /* as /control/plant names it */
	const char *option, *value;
} bills[] = {
    {"/v3/bill/tradebill", BILL_TRADE, "trade", "bill_type", "ALL"},
    {"/v3/bill/fundflowbill", BILL_FUND, "fund", "account_type", "BASIC"},
    {"/v3/profitsharing/bills", BILL_SPLIT, "split", NULL, NULL},
};
#define BILL_COUNT (sizeof(bills) / sizeof(bills[0]))

void
bill_files_release(struct bill_files *f)
{
	for (int i = 0; i < BILL_FILES; i++)
		free(f->file[i].data);
	*f = (struct bill_files){0};
}

/* ---- The file -------------------------------------------------------------------------------------- */

static bool
sha1_text(const struct buf *b, char out[2 * SHA1_SIZE + 1])
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(b->data, b->len, digest, NULL, EVP_sha1(), NULL) != 1)
		return false;
	hex_encode(digest, SHA1_SIZE, out);
	return true;
}

/* ${b} packed, or as it is; malloc'ed.  NULL: no memory. */
static uint8_t *
file_pack(const struct buf *b, bool gzip, size_t *len)
{
	z_stream z = {0};
	uint8_t *out;

	if (!gzip) {
		out = malloc(b->len + 1);
		if (out != NULL)
			memcpy(out, b->data, b->len);
		*len = b->len;
		return out;
	}
	/* 16: with the head and the tail of gzip */
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return NULL;
	*len = deflateBound(&z, b->len);
	out = malloc(*len);
	if (out != NULL) {
		z.next_in = b->data;
		z.avail_in = (uInt)b->len;
		z.next_out = out;
		z.avail_out = (uInt)*len;
		(void)deflate(&z, Z_FINISH);
		*len = z.total_out;
	}
	(void)deflateEnd(&z);
	return out;
}

static const struct bill_file *
file_keep(struct bill_files *f, int64_t now_us, uint8_t *data, size_t len)
{
	struct bill_file *to = &f->file[f->next];
	uint8_t token[TOKEN_SIZE / 2];

	f->next = (f->next + 1) % BILL_FILES;
	free(to->data);
	random_bytes(token, sizeof(token));
	hex_encode(token, sizeof(token), to->token);
	to->until_us = now_us + ADDRESS_US;
	to->data = data;
	to->len = len;
	return to;
}

/* ---- Asking for one -------------------------------------------------------------------------------- */

static const struct books_plant *
plant_of(const struct books *b, const char *date, const char *name)
{
	for (const struct books_plant *p = b->plants; p != NULL; p = p->next)
		if (strcmp(p->date, date) == 0 && strcmp(p->bill, name) == 0)
			return strcmp(p->kind, "none") == 0 ? NULL : p;
	return NULL;
}

static bool
day_check(const struct books *b, int64_t day, struct answer *a)
{
	int64_t today = china_day(b->now_us).day;

	if (day >= today)
		return answer_invalid(a, "请求的账单日期不能为当天或未来日期");
	if (today - day > DAYS_MAX)
		return answer_invalid(a, "仅支持三个月内的账单下载申请");
	if (b->now_us < china_midnight(day + 1) + READY_US)
		return answer_refuse(a, 400, "STATEMENT_CREATING", "账单生成中，请稍后再试");
	return true;
}

static bool
bill_answer(struct bill_files *f, struct books *b, const struct bill_wanted *w, bool gzip,
    uint16_t port, struct answer *a)
{
	const struct bill_file *kept = NULL;
	char hash[2 * SHA1_SIZE + 1] = "", url[120];
	struct buf out;
	uint8_t *data = NULL;
	size_t len = 0;
	enum err e;

	buf_init(&out, BILL_SIZE_MAX);
	e = bill_write(b, w, &out);
	if (e == ERR_OK && sha1_text(&out, hash)) {
		if (w->plant != NULL && strcmp(w->plant, "truncated") == 0)
			out.len /= 2;
		if (w->plant != NULL && strcmp(w->plant, "hash") == 0)
			hash[0] = hash[0] == '0' ? '1' : '0';
		data = file_pack(&out, gzip, &len);
	}
	buf_release(&out);
	if (e == ERR_NOT_FOUND)
		return answer_refuse(a, 400, "NO_STATEMENT_EXIST", "请求的账单文件不存在");
	if (data == NULL)
		return answer_no_memory(a);
	kept = file_keep(f, b->now_us, data, len);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v3/billdownload/file?token=%s",
	    (unsigned)port, kept->token);
	return answer_json(a,
	    json_pack("{s:s, s:s, s:s}", "hash_type", "SHA1", "hash_value", hash, "download_url",
	        url));
}

static bool
bill_ask(struct bill_files *f, struct books *b, const struct ask *q, size_t which, uint16_t port,
    struct answer *a)
{
	const char *date = ask_query(q, "bill_date"), *tar = ask_query(q, "tar_type"),
	           *option = NULL;
	const struct books_plant *plant;
	struct bill_wanted w = {.kind = bills[which].kind, .payer = ask_query(q, "sub_mchid")};

	if (date == NULL || !china_date_parse(date, &w.day))
		return answer_param(a, "账单日期错误");
	if (bills[which].option != NULL)
		option = ask_query(q, bills[which].option);
	if (option != NULL && strcmp(option, bills[which].value) != 0)
		return answer_param(a, "账单类型错误");
	if (tar != NULL && strcmp(tar, "GZIP") != 0)
		return answer_param(a, "压缩类型错误");
	if (!day_check(b, w.day, a))
		return false;
	if (w.kind == BILL_FUND && w.payer == NULL)
		w.payer = b->signer;
	plant = plant_of(b, date, bills[which].name);
	if (plant != NULL) {
		w.plant = plant->kind;
		w.plant_fen = plant->amount;
	}
	return bill_answer(f, b, &w, tar != NULL, port, a);
}

static bool
bill_download(struct bill_files *f, const struct books *b, const struct ask *q, struct answer *a)
{
	const char *token = ask_query(q, "token");

	a->unsigned_ = true;
	for (int i = 0; token != NULL && i < BILL_FILES; i++) {
		const struct bill_file *from = &f->file[i];

		if (from->token[0] == '\0' || strcmp(from->token, token) != 0 ||
		    b->now_us >= from->until_us)
			continue;
		a->raw = malloc(from->len + 1);
		if (a->raw == NULL)
			return answer_no_memory(a);
		memcpy(a->raw, from->data, from->len);
		a->raw_len = from->len;
		a->status = 200;
		return true;
	}
	return answer_refuse(a, 403, "NO_AUTH", "下载链接已失效");
}

enum err
bill_call(struct bill_files *f, struct books *b, struct ask *q, uint16_t port, struct answer *a)
{
	static const char download[] = "/v3/billdownload/file";
	size_t len = strcspn(q->uri, "?"), which = 0;
	struct evkeyvalq query;
	enum err e = ERR_OK;

	if (q->post)
		return ERR_NOT_FOUND;
	while (which < BILL_COUNT &&
	    (strlen(bills[which].path) != len || strncmp(bills[which].path, q->uri, len) != 0))
		which++;
	if (which == BILL_COUNT &&
	    (len != sizeof(download) - 1 || strncmp(download, q->uri, len) != 0))
		return ERR_NOT_FOUND;
	TAILQ_INIT(&query);
	if (q->uri[len] == '?' && evhttp_parse_query_str(q->uri + len + 1, &query) == 0)
		q->query = &query;
	e = books_advance(b);
	if (e == ERR_OK && which < BILL_COUNT)
		(void)bill_ask(f, b, q, which, port, a);
	else if (e == ERR_OK)
		(void)bill_download(f, b, q, a);
	evhttp_clear_headers(&query);
	q->query = NULL;
	return e;
}
