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
#include "simulator/provider_keys.h"

#define READY_US (10 * 3600 * US_PER_S)
#define DAYS_MAX 90
#define ADDRESS_US (30 * US_PER_S)
#define SHA1_SIZE 20

static const struct {
	const char *path;
	enum bill_kind kind;
	const char *name; /* as /control/plant names it */
	const char *option, *value;
	bool sealed; /* of a sub-merchant, who must be named */
} bills[] = {
    {"/v3/bill/tradebill", BILL_TRADE, "trade", "bill_type", "ALL", false},
    {"/v3/bill/fundflowbill", BILL_FUND, "fund", "account_type", "BASIC", false},
    {"/v3/bill/sub-merchant-fundflowbill", BILL_FUND, "fund", "account_type", "BASIC", true},
    {"/v3/profitsharing/bills", BILL_SPLIT, "split", NULL, NULL, false},
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

/* How a bill was asked for. */
struct bill_asked {
	bool gzip;
	const struct provider_keys *sealer; /* NULL: as it is */
	uint16_t port;
};

/* ${data} in its seal; frees it.  NULL: no memory, or OpenSSL failed. */
static uint8_t *
file_seal(const struct provider_keys *k, uint8_t *data, size_t *len, struct sealing *how)
{
	uint8_t *out = malloc(*len + SEAL_TAG_LEN);

	if (out != NULL && !keys_seal(k, data, *len, how, out)) {
		free(out);
		out = NULL;
	}
	free(data);
	*len += SEAL_TAG_LEN;
	return out;
}

static bool
bill_answer(struct bill_files *f, struct books *b, const struct bill_wanted *w,
    const struct bill_asked *asked, struct answer *a)
{
	const struct bill_file *kept = NULL;
	char hash[2 * SHA1_SIZE + 1] = "", url[120];
	struct sealing how;
	struct buf out;
	uint8_t *data = NULL;
	size_t len = 0;
	json_t *m;
	enum err e;

	buf_init(&out, BILL_SIZE_MAX);
	e = bill_write(b, w, &out);
	if (e == ERR_OK && sha1_text(&out, hash)) {
		if (w->plant != NULL && strcmp(w->plant, "truncated") == 0)
			out.len /= 2;
		if (w->plant != NULL && strcmp(w->plant, "hash") == 0)
			hash[0] = hash[0] == '0' ? '1' : '0';
		data = file_pack(&out, asked->gzip, &len);
	}
	buf_release(&out);
	if (e == ERR_NOT_FOUND)
		return answer_refuse(a, 400, "NO_STATEMENT_EXIST", "请求的账单文件不存在");
	if (data != NULL && asked->sealer != NULL)
		data = file_seal(asked->sealer, data, &len, &how);
	if (data == NULL)
		return answer_no_memory(a);
	kept = file_keep(f, b->now_us, data, len);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v3/billdownload/file?token=%s",
	    (unsigned)asked->port, kept->token);
	m = json_pack("{s:s, s:s, s:s}", "hash_type", "SHA1", "hash_value", hash, "download_url",
	    url);
	if (m != NULL && asked->sealer != NULL) {
		(void)json_object_set_new(m, "bill_sequence", json_integer(1));
		(void)json_object_set_new(m, "encrypt_key", json_string(how.key));
		(void)json_object_set_new(m, "nonce", json_string(how.nonce));
		m = json_pack("{s:i, s:[o]}", "download_bill_count", 1, "download_bill_list", m);
	}
	return answer_json(a, m);
}

static bool
bill_ask(struct bill_files *f, struct books *b, const struct ask *q, size_t which, uint16_t port,
    struct answer *a)
{
	const char *date = ask_query(q, "bill_date"), *tar = ask_query(q, "tar_type"),
	           *algorithm = ask_query(q, "algorithm"), *option = NULL;
	struct bill_asked asked = {.gzip = tar != NULL, .port = port};
	const struct books_plant *plant;
	struct bill_wanted w = {.kind = bills[which].kind, .payer = ask_query(q, "sub_mchid")};

	if (date == NULL || !china_date_parse(date, &w.day))
		return answer_param(a, "账单日期错误");
	if (bills[which].option != NULL)
		option = ask_query(q, bills[which].option);
	if (option != NULL ? strcmp(option, bills[which].value) != 0 : bills[which].sealed)
		return answer_param(a, "账单类型错误");
	if (tar != NULL && strcmp(tar, "GZIP") != 0)
		return answer_param(a, "压缩类型错误");
	if (bills[which].sealed) {
		if (w.payer == NULL || algorithm == NULL ||
		    strcmp(algorithm, "AEAD_AES_256_GCM") != 0)
			return answer_param(a, "子商户号或加密算法错误");
		asked.sealer = q->keys;
	} else if (w.kind == BILL_FUND) {
		w.payer = b->signer; /* it knows no sub_mchid */
	}
	if (!day_check(b, w.day, a))
		return false;
	plant = plant_of(b, date, bills[which].name);
	if (plant != NULL) {
		w.plant = plant->kind;
		w.plant_fen = plant->amount;
	}
	return bill_answer(f, b, &w, &asked, a);
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
