#include "simulator/day_forger.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "base/clock.h"
#include "simulator/day_clock.h"
#include "simulator/day_receiver.h"

#define EVERY_US (150 * US_PER_MS)
#define TIMEOUT_S 10

enum trick {
	NO_SIGNATURE,
	GARBAGE,
	OTHER_KEY,
	OTHER_BODY,
	OTHER_ID,
	OTHER_TIME,
	OTHER_SCHEME,
	OLD,
	TRICKS
};

static const char *const tricks[TRICKS] = {[NO_SIGNATURE] = "no signature",
    [GARBAGE] = "garbage for a signature",
    [OTHER_KEY] = "signed with another endpoint's secret",
    [OTHER_BODY] = "another body under a genuine signature",
    [OTHER_ID] = "another id under a genuine signature",
    [OTHER_TIME] = "a fresh time under an old signature",
    [OTHER_SCHEME] = "a genuine signature of an unknown version",
    [OLD] = "an old delivery played again"};

struct day_forger {
	struct day *day;
	struct event *tick;
	struct evhttp_connection *connection;
	struct rng rng;
	bool waits;
	enum trick trick; /* under way */
	int at;           /* whom it is for */
};

static void
on_answer(struct evhttp_request *q, void *ctx)
{
	struct day_forger *f = ctx;
	struct day *d = f->day;
	int status = q != NULL ? evhttp_request_get_response_code(q) : 0;

	f->waits = false;
	if (status == 0) /* not a word: nothing was thrown */
		return;
	d->tally.forged++;
	if (status >= 400 && status < 500)
		d->tally.forged_refused++;
	else
		model_forged(&d->shop.model, f->at, tricks[f->trick]);
}

/* What a genuine delivery becomes in the forger's hands; false: it is not of use yet. */
static bool
forge(struct day_forger *f, struct day_genuine *g)
{
	const struct sign_key *other = day_receiver_key(f->day->receivers,
	    (f->at + 1) % day_receiver_count(f->day->receivers));
	struct sign_parts p = {.id = g->id, .timestamp = g->timestamp, .body = g->body};
	int64_t now_s = day_real_us() / US_PER_S;
	char made[SIGN_TEXT_SIZE];

	p.body_len = g->body_len;
	switch (f->trick) {
	case NO_SIGNATURE:
		g->signature[0] = '\0';
		return true;
	case GARBAGE:
		(void)snprintf(g->signature, sizeof(g->signature), "v1,bm90IGEgc2lnbmF0dXJl v1,");
		return true;
	case OTHER_KEY:
		(void)snprintf(g->timestamp, sizeof(g->timestamp), "%lld", (long long)now_s);
		if (!sign_make(other, &p, made))
			return false;
		(void)snprintf(g->signature, sizeof(g->signature), "%s", made);
		return true;
	case OTHER_BODY:
		g->body[g->body_len / 2] ^= 1;
		return true;
	case OTHER_ID:
		g->id[strlen(g->id) - 1] = g->id[strlen(g->id) - 1] == '0' ? '1' : '0';
		return true;
	case OTHER_TIME:
		(void)snprintf(g->timestamp, sizeof(g->timestamp), "%lld", (long long)now_s + 1);
		return true;
	case OTHER_SCHEME:
		g->signature[1] = '2';
		return strchr(g->signature, ' ') == NULL;
	default:
		return clock_mono_us() - g->at_us > (SIGN_TOLERANCE_S + 3) * US_PER_S;
	}
}

static void throw(struct day_forger * f, const struct day_genuine *g)
{
	struct evhttp_request *q = evhttp_request_new(on_answer, f);
	struct evkeyvalq *h;

	if (q == NULL)
		return;
	h = evhttp_request_get_output_headers(q);
	(void)evhttp_add_header(h, "host", "127.0.0.1");
	(void)evhttp_add_header(h, "content-type", "application/json");
	(void)evhttp_add_header(h, "webhook-id", g->id);
	(void)evhttp_add_header(h, "webhook-timestamp", g->timestamp);
	if (g->signature[0] != '\0')
		(void)evhttp_add_header(h, "webhook-signature", g->signature);
	(void)evbuffer_add(evhttp_request_get_output_buffer(q), g->body, g->body_len);
	f->waits = evhttp_make_request(f->connection, q, EVHTTP_REQ_POST, g->path) == 0;
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct day_forger *f = ctx;
	struct day_receivers *r = f->day->receivers;
	struct day_genuine g;

	(void)fd;
	(void)what;
	if (f->waits)
		return;
	f->at = (int)rng_below(&f->rng, day_receiver_count(r));
	f->trick = (enum trick)rng_below(&f->rng, TRICKS);
	g = *day_receiver_genuine(r, f->at);
	if (g.at_us != 0 && forge(f, &g))
		throw(f, &g);
}

void
day_forger_begin(struct day_forger *f)
{
	struct timeval tv = {.tv_usec = EVERY_US};

	f->connection = evhttp_connection_base_new(f->day->base, NULL, "127.0.0.1",
	    day_receivers_port(f->day->receivers));
	f->tick = event_new(f->day->base, -1, EV_PERSIST, on_tick, f);
	if (f->connection == NULL || f->tick == NULL || event_add(f->tick, &tv) != 0) {
		day_fail(f->day, "the forger cannot begin");
		return;
	}
	evhttp_connection_set_timeout(f->connection, TIMEOUT_S);
}

enum err
day_forger_new(struct day_forger **out, struct day *d)
{
	struct day_forger *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NO_MEMORY;
	f->day = d;
	day_rng(d, "forger", 0, &f->rng);
	*out = f;
	return ERR_OK;
}

void
day_forger_free(struct day_forger *f)
{
	if (f == NULL)
		return;
	if (f->tick != NULL)
		event_free(f->tick);
	if (f->connection != NULL)
		evhttp_connection_free(f->connection);
	free(f);
}
