#ifndef SIMULATOR_PROVIDER_ASK_H
#define SIMULATOR_PROVIDER_ASK_H

/* provider_ask: one request as its handler sees it, and the answer that it makes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "simulator/provider_items.h"

struct evkeyvalq;
struct provider_keys;

struct ask {
	bool post;
	const char *uri;          /* as it came */
	json_t *body;             /* NULL: none */
	struct evkeyvalq *query;  /* provider_api's */
	char number[NUMBER_SIZE]; /* what stands in the path */
	const char *serial; /* Wechatpay-Serial: for which key names are encrypted; NULL: none */
	const struct provider_keys
	    *keys; /* NULL: out of the book, names were looked at when it came */
};

struct answer {
	int status;
	json_t *body; /* owned; NULL: none */
	uint8_t *raw; /* owned: a file instead of JSON */
	size_t raw_len;
	bool unsigned_; /* no signature */
	char code[32];  /* of a refusal */
};

/* Refuses as the provider does: {"code","message"}; always false, so that a check is one line. */
bool answer_refuse(struct answer *a, int status, const char *code, const char *message);
bool answer_param(struct answer *a, const char *message);   /* 400 PARAM_ERROR */
bool answer_invalid(struct answer *a, const char *message); /* 400 INVALID_REQUEST */
bool answer_control(struct answer *a, const char *message); /* 400 {"error"} */
bool answer_no_memory(struct answer *a);
/* 200; takes the reference; NULL is answered as no memory. */
bool answer_json(struct answer *a, json_t *body);

/* Of the query; NULL: absent. */
const char *ask_query(const struct ask *q, const char *name);
/* A text of ${from}; NULL: absent or no text. */
const char *body_text(const json_t *from, const char *name);
/* ${size} bounds it, the NUL included; false: absent and ${must}, too long or no text.  Absent: "". */
bool body_copy(const json_t *from, const char *name, bool must, char *out, size_t size);
bool body_amount(const json_t *from, const char *name, int64_t min, int64_t max, int64_t *out);
/* A time: RFC 3339 or µs. */
bool body_time(const json_t *from, const char *name, int64_t *us);
/* Merchants' own numbers: 1 to 64 of letters, digits and ${more}. */
bool number_good(const char *s, const char *more);

#define CHINA_TIME_SIZE 32
void china_time(int64_t us, char out[CHINA_TIME_SIZE]);      /* 2026-09-01T10:00:00+08:00 */
void china_bill_time(int64_t us, char out[CHINA_TIME_SIZE]); /* 2026-09-01 10:00:00 */

struct china_day {
	int64_t day, month; /* days since 1970-01-01; months since year 0 */
};
struct china_day china_day(int64_t us);
/* The first µs of ${day}. */
int64_t china_midnight(int64_t day);
/* "2026-09-01"; false: no such date. */
bool china_date_parse(const char *s, int64_t *day);

#endif
