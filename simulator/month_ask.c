#include "simulator/month_ask.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"

#define ANSWER_MS 60000L
#define PAUSE_MS 200
#define URL_SIZE 512
#define WHY_SIZE 320
#define ANSWER_SIZE_MAX ((size_t)512 * 1024 * 1024)

struct month_ask {
	CURL *curl;
	struct buf answer;
	int64_t outage_us;
	char why[WHY_SIZE];
};

enum err
month_ask_new(struct month_ask **out, int64_t outage_us)
{
	struct month_ask *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NO_MEMORY;
	a->curl = curl_easy_init();
	if (a->curl == NULL) {
		free(a);
		return ERR_NO_MEMORY;
	}
	buf_init(&a->answer, ANSWER_SIZE_MAX);
	a->outage_us = outage_us;
	*out = a;
	return ERR_OK;
}

void
month_ask_free(struct month_ask *a)
{
	if (a == NULL)
		return;
	curl_easy_cleanup(a->curl);
	buf_release(&a->answer);
	free(a);
}

static size_t
on_answer(char *data, size_t one, size_t count, void *ctx)
{
	struct month_ask *a = ctx;

	buf_add(&a->answer, data, one * count);
	return one * count;
}

static struct curl_slist *
heads_make(const char *key, bool post)
{
	struct curl_slist *heads = NULL, *more;
	char line[URL_SIZE];

	if (post)
		heads = curl_slist_append(NULL, "content-type: application/json");
	if (key == NULL)
		return heads;
	(void)snprintf(line, sizeof(line), "authorization: Bearer %s", key);
	more = curl_slist_append(heads, line);
	return more != NULL ? more : heads;
}

/* The status; 0: no answer. */
static long
once(struct month_ask *a, const char *url, struct curl_slist *heads, const char *body)
{
	long status = 0;

	buf_reset(&a->answer);
	curl_easy_reset(a->curl);
	(void)curl_easy_setopt(a->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, heads);
	(void)curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, on_answer);
	(void)curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, a);
	(void)curl_easy_setopt(a->curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
	(void)curl_easy_setopt(a->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(a->curl, CURLOPT_PROXY, "");
	if (body != NULL) {
		(void)curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, body);
		(void)curl_easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	}
	if (curl_easy_perform(a->curl) != CURLE_OK)
		return 0;
	(void)curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* 429 and 503 are Connect's "again"; anything else is an answer. */
static bool
again(long status)
{
	return status == 0 || status == 429 || status == 503;
}

static void
why_set(struct month_ask *a, long status)
{
	json_t *said =
	    json_loadb((const char *)a->answer.data, a->answer.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *details = json_object_get(said, "details");
	const char *text = month_text(said, "message");

	if (text[0] == '\0')
		text = month_text(said, "error");
	(void)snprintf(a->why, sizeof(a->why), "%ld %s %s: %s", status, month_text(said, "code"),
	    month_text(json_object_get(json_array_get(details, 0), "debug"), "reason"), text);
	json_decref(said);
}

enum err
month_ask_json(struct month_ask *a, const char *url, const char *path, const char *key,
    json_t *body, json_t **out)
{
	char whole[URL_SIZE], *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	struct curl_slist *heads = heads_make(key, body != NULL);
	int64_t since = clock_mono_us();
	long status = 0;

	*out = NULL;
	json_decref(body);
	if (body != NULL && text == NULL) {
		curl_slist_free_all(heads);
		return ERR_NO_MEMORY;
	}
	(void)snprintf(whole, sizeof(whole), "%s%s", url, path);
	for (;;) {
		status = once(a, whole, heads, text);
		if (!again(status) || clock_mono_us() - since > a->outage_us)
			break;
		(void)poll(NULL, 0, PAUSE_MS);
	}
	curl_slist_free_all(heads);
	free(text);
	if (status == 200)
		*out = json_loadb((const char *)a->answer.data, a->answer.len, 0, NULL);
	if (*out != NULL)
		return ERR_OK;
	why_set(a, status);
	if (!again(status))
		return ERR_WRONG_STATE;
	log_error(LOG_MSG("nobody answers"), LOG_STR("url", whole), LOG_STR("why", a->why));
	return ERR_IO;
}

enum err
month_ask_control(struct month_ask *a, const char *url, const char *what, json_t *body)
{
	char path[32];
	json_t *answer;
	enum err e;

	(void)snprintf(path, sizeof(path), "/control/%s", what);
	e = month_ask_json(a, url, path, NULL, body, &answer);
	json_decref(answer);
	if (e != ERR_WRONG_STATE)
		return e;
	log_error(LOG_MSG("the provider refused"), LOG_STR("what", what), LOG_STR("why", a->why));
	return ERR_IO;
}

const char *
month_ask_why(const struct month_ask *a)
{
	return a->why;
}

int64_t
month_int(const json_t *from, const char *name)
{
	const json_t *v = json_object_get(from, name);
	int64_t n = 0;

	if (json_is_integer(v))
		return json_integer_value(v);
	if (json_is_string(v) &&
	    parse_i64(json_string_value(v), INT64_MIN, INT64_MAX, &n) != ERR_OK)
		return 0;
	return n;
}

const char *
month_text(const json_t *from, const char *name)
{
	const char *s = json_string_value(json_object_get(from, name));

	return s != NULL ? s : "";
}

json_t *
month_fen(int64_t fen)
{
	return json_sprintf("%lld", (long long)fen);
}
