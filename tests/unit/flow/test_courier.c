/* The courier over HTTP, against a small server in the same loop: questions, answers, and what is no answer. */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/parse.h"
#include "edge/http.h"
#include "edge/signature.h"
#include "flow/courier.h"
#include "unit.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static struct stage {
	struct event_base *base;
	struct http_server *server;
	struct client *client;
	struct conf conf;
	struct courier *courier;
	char url[64], secret_file[64];
	/* what the server answers, and what it saw */
	int status;
	const char *answer;
	char path[32], body[2048];
	bool signed_well;
	int requests;
} w;

static bool
verified(const struct http_request *q)
{
	static const struct http_header wanted[] = {HTTP_HEADER("webhook-id"),
	    HTTP_HEADER("webhook-timestamp"), HTTP_HEADER("webhook-signature")};
	const char *got[3];
	struct signature_secret s;
	struct buf want;
	int64_t at;
	bool same;

	http_headers(q, wanted, 3, got);
	if (got[0] == NULL || got[1] == NULL || got[2] == NULL ||
	    parse_i64(got[1], 0, INT64_MAX, &at) != ERR_OK ||
	    signature_secret_read(SECRET, &s) != ERR_OK)
		return false;
	buf_init(&want, 256);
	signature_add(&want, got[0], at, w.body, strlen(w.body), &s, 1);
	same = strcmp(buf_cstr(&want), got[2]) == 0;
	buf_release(&want);
	return same;
}

static void
serve(void *ctx, struct http_request *q)
{
	const uint8_t *body;
	size_t len;

	(void)ctx;
	w.requests++;
	(void)snprintf(w.path, sizeof(w.path), "%s", http_path(q));
	body = http_body(q, &len);
	if (len >= sizeof(w.body))
		len = sizeof(w.body) - 1;
	memcpy(w.body, body, len);
	w.body[len] = '\0';
	w.signed_well = verified(q);
	(void)evbuffer_add(http_reply_body(q), w.answer, strlen(w.answer));
	http_reply(q, w.status, "application/json");
}

static void
write_secret(const char *text)
{
	FILE *f = fopen(w.secret_file, "w");

	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
}

static int
start(void **state)
{
	const struct client_limits limits = {.sends_max = 4, .ca_file = ""};
	struct reason r;
	int fd;

	(void)state;
	w.base = event_base_new();
	if (conf_load(&w.conf, NULL, &r) != ERR_OK)
		return -1;
	free(w.conf.listen);
	w.conf.listen = strdup("127.0.0.1:0");
	if (http_new(&w.server, w.base, &w.conf, &r) != ERR_OK)
		return -1;
	http_route_rpc(w.server, serve, NULL);
	(void)snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%d/v1", http_port(w.server));
	(void)snprintf(w.secret_file, sizeof(w.secret_file), "/tmp/courier-XXXXXX");
	fd = mkstemp(w.secret_file);
	if (fd < 0 || close(fd) != 0)
		return -1;
	write_secret(SECRET "\n");
	free(w.conf.courier_url);
	free(w.conf.courier_secret_file);
	w.conf.courier_url = strdup(w.url);
	w.conf.courier_secret_file = strdup(w.secret_file);
	w.conf.courier_timeout_ms = 3000;
	if (client_new(&w.client, w.base, &limits) != ERR_OK)
		return -1;
	return courier_http_new(&w.courier, &w.conf, w.client, &r) == ERR_OK ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	courier_free(w.courier);
	client_free(w.client);
	http_free(w.server);
	event_base_free(w.base);
	conf_release(&w.conf);
	return unlink(w.secret_file);
}

struct seen {
	int answers;
	enum err err;
	struct courier_quote quote;
	struct courier_booking booking;
	struct courier_news news[4];
	int news_count;
	char cursor[COURIER_CURSOR_SIZE];
};

static void
done(void *ctx, const struct courier_reply *r)
{
	struct seen *s = ctx;

	s->answers++;
	s->err = r->err;
	if (r->err != ERR_OK)
		return;
	if (r->quote != NULL)
		s->quote = *r->quote;
	if (r->booking != NULL)
		s->booking = *r->booking;
	for (int i = 0; i < r->news_count && i < 4; i++)
		s->news[i] = r->news[i];
	s->news_count = r->news_count;
	(void)snprintf(s->cursor, sizeof(s->cursor), "%s", r->cursor);
}

static struct parcel
parcel(void)
{
	static const struct contact_row to = {.name = "王小明",
	    .phone = "13800000000",
	    .street = "人民大道 1 号",
	    .region = "31.0100",
	    .has_position = true,
	    .lat_e6 = 31230400,
	    .lon_e6 = 121473700};
	struct parcel p = {.fulfilment = 2,
	    .attempt = 1,
	    .location = "A1",
	    .lat_e6 = 31230000,
	    .lon_e6 = 121479000,
	    .to = &to,
	    .pieces = 3,
	    .promise_from_us = INT64_C(1760000000000000),
	    .promise_to_us = INT64_C(1760007200000000)};

	assert_int_equal(uuid_parse("01920000-0000-7000-8000-000000000001", &p.order_id), ERR_OK);
	return p;
}

enum what { QUOTE, BOOK, NEWS };

static struct seen
ask(enum what what, int status, const char *answer)
{
	const struct courier_ops *ops = w.courier->ops;
	const struct parcel p = parcel();
	struct courier_call *call;
	struct seen s = {0};
	enum err e;

	w.status = status;
	w.answer = answer;
	if (what == QUOTE)
		e = ops->quote(w.courier, &p, done, &s, &call);
	else if (what == BOOK)
		e = ops->book(w.courier, &p, done, &s, &call);
	else
		e = ops->track(w.courier, "c-7", done, &s, &call);
	assert_int_equal(e, ERR_OK);
	for (int i = 0; i < 500 && s.answers == 0; i++) {
		struct timeval tv = {.tv_usec = 10000};

		(void)event_base_loopexit(w.base, &tv);
		(void)event_base_dispatch(w.base);
	}
	assert_int_equal(s.answers, 1);
	assert_true(w.signed_well);
	return s;
}

static void
quote(void **state)
{
	struct seen s = ask(QUOTE, 200,
	    "{\"available\":true,\"feeFen\":\"850\",\"pickupBy\":\"2025-10-09T09:00:00Z\"}");

	(void)state;
	row_equal("quote", s.err, ERR_OK);
	row_text("quote", w.path, "/v1/quote");
	row_equal("quote", s.quote.available, true);
	row_equal("quote", s.quote.fee_fen, 850);
	row_equal("quote", s.quote.pickup_by_us, INT64_C(1760000400000000));
	row_equal("quote", s.quote.deliver_by_us, 0);
	s = ask(QUOTE, 200, "{}");
	row_equal("not available", s.quote.available, false);
}

/* What the courier reads of a parcel. */
static void
book(void **state)
{
	static const char *const parts[] = {"\"orderId\":\"01920000-0000-7000-8000-000000000001\"",
	    "\"fulfilment\":2", "\"attempt\":1", "\"location\":\"A1\"", "\"pieces\":3",
	    "\"latitude\":31.23", "\"name\":\"王小明\"", "\"phone\":\"13800000000\"",
	    "\"street\":\"人民大道 1 号\"", "\"from\":\"2025-10-09T08:53:20Z\"",
	    "\"to\":\"2025-10-09T10:53:20Z\""};
	struct seen s = ask(BOOK, 200,
	    "{\"tracking\":\"SF-1\",\"feeFen\":\"900\",\"state\":\"PARCEL_STATE_BOOKED\"}");

	(void)state;
	row_equal("book", s.err, ERR_OK);
	row_text("book", w.path, "/v1/book");
	row_text("book", s.booking.tracking, "SF-1");
	row_equal("book", s.booking.fee_fen, 900);
	row_equal("book", s.booking.state, PARCEL_BOOKED);
	for (size_t i = 0; i < ROWS(parts); i++)
		row_equal(parts[i], strstr(w.body, parts[i]) != NULL, true);
}

static void
news(void **state)
{
	struct seen s = ask(NEWS, 200,
	    "{\"news\":[{\"orderId\":\"01920000-0000-7000-8000-000000000001\",\"fulfilment\":2,"
	    "\"attempt\":1,\"tracking\":\"SF-1\",\"state\":\"PARCEL_STATE_DELIVERED\","
	    "\"at\":\"2025-10-09T09:00:00Z\"},{\"orderId\":\"none\",\"state\":\"PARCEL_STATE_LOST\"},"
	    "{\"orderId\":\"01920000-0000-7000-8000-000000000002\",\"state\":\"PARCEL_STATE_LOST\"}],"
	    "\"cursor\":\"c-9\"}");

	(void)state;
	row_equal("news", s.err, ERR_OK);
	row_text("news", w.path, "/v1/news");
	row_text("news", w.body, "{\"cursor\":\"c-7\",\"limit\":100}");
	row_text("news", s.cursor, "c-9");
	row_equal("what names no order is left out", s.news_count, 2);
	row_equal("news", s.news[0].state, PARCEL_DELIVERED);
	row_equal("news", s.news[0].fulfilment, 2);
	row_equal("news", s.news[0].at_us, INT64_C(1760000400000000));
	row_text("news", s.news[0].tracking, "SF-1");
	row_equal("news", s.news[1].state, PARCEL_LOST);
}

static void
no_answers(void **state)
{
	static char long_tracking[200], long_cursor[400];
	static const struct {
		const char *label;
		enum what what;
		int status;
		const char *answer;
		enum err want;
	} rows[] = {
	    {"refused", BOOK, 409, "{}", ERR_REFUSED_BY_RULE},
	    {"not found", BOOK, 404, "{}", ERR_REFUSED_BY_RULE},
	    {"too many", BOOK, 429, "{}", ERR_BUSY},
	    {"away", BOOK, 503, "{}", ERR_BUSY},
	    {"broken", BOOK, 500, "{}", ERR_BUSY},
	    {"no JSON", QUOTE, 200, "sorry", ERR_BAD_BODY},
	    {"unknown field", QUOTE, 200, "{\"price\":1}", ERR_BAD_BODY},
	    {"negative fee", QUOTE, 200, "{\"feeFen\":\"-1\"}", ERR_BAD_BODY},
	    {"no tracking", BOOK, 200, "{\"state\":\"PARCEL_STATE_BOOKED\"}", ERR_BAD_BODY},
	    {"no state", BOOK, 200, "{\"tracking\":\"x\"}", ERR_BAD_BODY},
	    {"long tracking", BOOK, 200, long_tracking, ERR_BAD_BODY},
	    {"long cursor", NEWS, 200, long_cursor, ERR_BAD_BODY},
	};

	(void)state;
	(void)snprintf(long_tracking, sizeof(long_tracking),
	    "{\"tracking\":\"%065d\",\"state\":\"PARCEL_STATE_BOOKED\"}", 1);
	(void)snprintf(long_cursor, sizeof(long_cursor), "{\"cursor\":\"%0201d\"}", 1);
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label, ask(rows[i].what, rows[i].status, rows[i].answer).err,
		    rows[i].want);
}

static void
cancelled(void **state)
{
	const struct parcel p = parcel();
	struct courier_call *call;
	struct seen s = {0};

	(void)state;
	row_equal("started", w.courier->ops->quote(w.courier, &p, done, &s, &call), ERR_OK);
	w.courier->ops->cancel(call);
	row_equal("nothing under way", client_sends(w.client), 0);
	(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
	row_equal("not told", s.answers, 0);
}

static void
settings(void **state)
{
	static const struct {
		const char *label, *url, *secret, *field;
		enum err want;
		bool there;
	} rows[] = {
	    {"none", "", SECRET, "", ERR_OK, false},
	    {"no URL", "courier", SECRET, "courier_url", ERR_CONF, false},
	    {"no HTTP", "ftp://courier/", SECRET, "courier_url", ERR_CONF, false},
	    {"empty secret", "http://courier", "", "courier_secret_file", ERR_CONF, false},
	    {"short secret", "http://courier", "whsec_QUJD", "courier_secret_file", ERR_CONF,
	        false},
	    {"right", "http://courier", SECRET, "", ERR_OK, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct conf c = w.conf;
		struct reason r = {0};
		struct courier *made;

		c.courier_url = strdup(rows[i].url);
		write_secret(rows[i].secret);
		row_equal(rows[i].label, courier_http_new(&made, &c, w.client, &r), rows[i].want);
		row_text(rows[i].label, r.field, rows[i].field);
		row_equal(rows[i].label, made != NULL, rows[i].there);
		courier_free(made);
		free(c.courier_url);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quote),
	    cmocka_unit_test(book),
	    cmocka_unit_test(news),
	    cmocka_unit_test(no_answers),
	    cmocka_unit_test(cancelled),
	    cmocka_unit_test(settings),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
