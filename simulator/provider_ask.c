#include "simulator/provider_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "base/clock.h"
#include "base/parse.h"

bool
answer_refuse(struct answer *a, int status, const char *code, const char *message)
{
	a->status = status;
	(void)snprintf(a->code, sizeof(a->code), "%s", code);
	a->body = json_pack("{s:s, s:s}", "code", code, "message", message);
	return false;
}

bool
answer_param(struct answer *a, const char *message)
{
	return answer_refuse(a, 400, "PARAM_ERROR", message);
}

bool
answer_invalid(struct answer *a, const char *message)
{
	return answer_refuse(a, 400, "INVALID_REQUEST", message);
}

bool
answer_control(struct answer *a, const char *message)
{
	a->status = 400;
	a->body = json_pack("{s:s}", "error", message);
	return false;
}

bool
answer_no_memory(struct answer *a)
{
	return answer_refuse(a, 500, "SYSTEM_ERROR", "no memory");
}

bool
answer_json(struct answer *a, json_t *body)
{
	if (body == NULL)
		return answer_no_memory(a);
	a->status = 200;
	a->body = body;
	return true;
}

const char *
ask_query(const struct ask *q, const char *name)
{
	return q->query != NULL ? evhttp_find_header(q->query, name) : NULL;
}

const char *
body_text(const json_t *from, const char *name)
{
	return json_string_value(json_object_get(from, name));
}

bool
body_copy(const json_t *from, const char *name, bool must, char *out, size_t size)
{
	const json_t *v = json_object_get(from, name);

	out[0] = '\0';
	if (v == NULL || json_is_null(v))
		return !must;
	if (!json_is_string(v) || json_string_length(v) >= size ||
	    (must && json_string_length(v) == 0) ||
	    strlen(json_string_value(v)) != json_string_length(v))
		return false;
	(void)snprintf(out, size, "%s", json_string_value(v));
	return true;
}

bool
body_amount(const json_t *from, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const json_t *v = json_object_get(from, name);

	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
		return false;
	*out = json_integer_value(v);
	return true;
}

bool
body_time(const json_t *from, const char *name, int64_t *us)
{
	const json_t *v = json_object_get(from, name);

	if (json_is_integer(v)) {
		*us = json_integer_value(v);
		/* years 1 to 9999: so that printing and adding months of freeze cannot overflow */
		return *us > 0 && *us < INT64_C(253402300800) * US_PER_S;
	}
	return json_is_string(v) && parse_time(json_string_value(v), us) == ERR_OK && *us > 0;
}

bool
number_good(const char *s, const char *more)
{
	size_t len = strlen(s);

	if (len < 1 || len > 64)
		return false;
	for (; *s != '\0'; s++)
		if (!((*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') ||
		        (*s >= 'a' && *s <= 'z') || strchr(more, *s) != NULL))
			return false;
	return true;
}

/* ---- China's time ---------------------------------------------------------------------------------- */

/* ${between} date and time, ${end} after them. */
static void
time_print(int64_t us, char between, const char *end, char out[CHINA_TIME_SIZE])
{
	int64_t s = (us + CHINA_US) / US_PER_S;
	int32_t y, m, d;

	civil_from_days((int32_t)(s / 86400), &y, &m, &d);
	s %= 86400;
	(void)snprintf(out, CHINA_TIME_SIZE, "%04d-%02d-%02d%c%02d:%02d:%02d%s", (int)y, (int)m,
	    (int)d, between, (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60), end);
}

void
china_time(int64_t us, char out[CHINA_TIME_SIZE])
{
	time_print(us, 'T', "+08:00", out);
}

void
china_bill_time(int64_t us, char out[CHINA_TIME_SIZE])
{
	time_print(us, ' ', "", out);
}

struct china_day
china_day(int64_t us)
{
	struct china_day c = {.day = (us + CHINA_US) / US_PER_DAY};
	int32_t y, m, d;

	civil_from_days((int32_t)c.day, &y, &m, &d);
	c.month = (int64_t)y * 12 + m - 1;
	return c;
}

int64_t
china_midnight(int64_t day)
{
	return day * US_PER_DAY - CHINA_US;
}

bool
china_date_parse(const char *s, int64_t *day)
{
	char text[TIME_TEXT_SIZE];
	int64_t us;

	if (strlen(s) != 10)
		return false;
	(void)snprintf(text, sizeof(text), "%sT00:00:00Z", s);
	if (parse_time(text, &us) != ERR_OK || us < 0)
		return false;
	*day = us / US_PER_DAY;
	return true;
}
