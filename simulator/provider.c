#include "simulator/provider.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/parse.h"
#include "simulator/option_rows.h"
#include "simulator/provider_server.h"

enum { EXIT_WELL = 0, EXIT_FAILED = 2 };

#define FAULTS_MAX 16

struct provider_options {
	const char *listen, *dir, *book, *merchant_number, *agreed;
	const char *fault[FAULTS_MAX];
	int fault_count;
	int64_t seed, fault_bps;
	int64_t cap_bps, pending_polls, freeze_days, settle_s,
	    qps; /* -1: as in the book, or as always */
	bool helped;
};

static const struct option_row rows[] = {
    {'d', "dir", "DIR", "", "keys and numbers for both sides; made when missing"},
    {'l', "listen", "127.0.0.1:PORT", "127.0.0.1:0", "loopback only; port 0: any that is free"},
    {'b', "book", "FILE", "", "the books: kept in it, and read again at the start"},
    {'m', "merchant-number", "NUMBER", "as in DIR, else 1900000001", "of who signs"},
    {'s', "seed", "N", "1", "of the faults"},
    {'c', "cap-bps", "N", "3000", "what may be split of a payment"},
    {'p', "pending-polls", "N", "1", "final after so many questions; 0: at once"},
    {'f', "freeze-days", "N", "30", "then the rest is released by itself"},
    {'S', "settle-s", "N", "60", "no splits so soon after the payment"},
    {'q', "qps", "N", "30", "splits a second of one payer; 0: no limits"},
    {'r', "return-optin", "LIST", "", "merchants that agreed to returns, parted by commas, or all"},
    {'F', "fault-bps", "N", "0", "requests that go wrong in some way"},
    {'x', "fault", "NAME=BPS", "", "in this way; again for others; provider_faults.h lists them"},
    {'h', "help", NULL, "", "this text"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void
help_print(FILE *to)
{
	(void)fprintf(to,
	    "usage: simulator provider --dir DIR [OPTION]...\n\n"
	    "Plays the payment provider until SIGTERM, and prints its books then.\n\n");
	option_rows_print(rows, ROW_COUNT, to);
}

static bool
option_set(struct provider_options *o, int letter, const char *s)
{
	switch (letter) {
	case 'd':
		o->dir = s;
		return true;
	case 'l':
		o->listen = s;
		return true;
	case 'b':
		o->book = s;
		return true;
	case 'm':
		o->merchant_number = s;
		return strlen(s) > 0 && strlen(s) <= 32 && strspn(s, "0123456789") == strlen(s);
	case 's':
		return parse_i64(s, 0, INT64_MAX, &o->seed) == ERR_OK;
	case 'c':
		return parse_i64(s, 0, 10000, &o->cap_bps) == ERR_OK;
	case 'p':
		return parse_i64(s, 0, 1000000, &o->pending_polls) == ERR_OK;
	case 'f':
		return parse_i64(s, 0, 365, &o->freeze_days) == ERR_OK;
	case 'S':
		return parse_i64(s, 0, 86400, &o->settle_s) == ERR_OK;
	case 'q':
		return parse_i64(s, 0, 1000000, &o->qps) == ERR_OK;
	case 'r':
		o->agreed = s;
		return true;
	case 'F':
		return parse_i64(s, 0, 10000, &o->fault_bps) == ERR_OK;
	case 'x':
		if (o->fault_count == FAULTS_MAX)
			return false;
		o->fault[o->fault_count++] = s;
		return true;
	default:
		o->helped = true;
		return true;
	}
}

static bool
options_read(struct provider_options *o, int argc, char **argv)
{
	int letter;

	*o = (struct provider_options){.listen = "127.0.0.1:0",
	    .merchant_number = "",
	    .seed = 1,
	    .cap_bps = -1,
	    .pending_polls = -1,
	    .freeze_days = -1,
	    .settle_s = -1,
	    .qps = -1};
	while ((letter = option_rows_next(rows, ROW_COUNT, argc, argv)) != -1) {
		if (letter == '?')
			return false;
		if (!option_set(o, letter, optarg)) {
			option_rows_refuse(letter);
			return false;
		}
	}
	if (o->helped || (o->dir != NULL && optind == argc))
		return true;
	help_print(stderr);
	return false;
}

/* ---- What the options say, as if somebody had told it: so that it is in the book --------------------- */

static enum err
conf_tell(struct provider *p, const struct provider_options *o)
{
	const struct {
		const char *name;
		int64_t value;
	} given[] = {
	    {"cap_bps", o->cap_bps},
	    {"pending_polls", o->pending_polls},
	    {"freeze_days", o->freeze_days},
	    {"settle_s", o->settle_s},
	    {"qps", o->qps},
	};
	json_t *m = json_object();

	for (size_t i = 0; m != NULL && i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i].value >= 0)
			(void)json_object_set_new(m, given[i].name, json_integer(given[i].value));
	return provider_tell(p, "/control/conf", m);
}

static enum err
agreed_tell(struct provider *p, const char *list)
{
	enum err e = ERR_OK;

	if (strcmp(list, "all") == 0)
		return provider_tell(p, "/control/optin", json_pack("{s:s}", "account", "*"));
	while (e == ERR_OK && *list != '\0') {
		size_t len = strcspn(list, ",");

		if (len > 0)
			e = provider_tell(p, "/control/optin",
			    json_pack("{s:s#}", "account", list, (int)len));
		list += len;
		list += *list == ',';
	}
	return e;
}

static enum err
provider_open(struct provider *p, const struct provider_options *o)
{
	static const struct books_conf standard = {.cap_bps = 3000,
	    .pending_polls = 1,
	    .freeze_days = 30,
	    .settle_s = 60,
	    .qps = 30};
	enum err e = keys_open(&p->keys, o->dir, o->merchant_number);

	faults_init(&p->faults, (uint64_t)o->seed, o->fault_bps);
	for (int i = 0; i < o->fault_count; i++)
		if (!faults_option(&p->faults, o->fault[i])) {
			(void)fprintf(stderr, "simulator: no such fault: %s\n", o->fault[i]);
			return ERR_CONF;
		}
	if (e == ERR_OK)
		e = books_init(&p->books, &standard, p->keys.merchant_number);
	if (e == ERR_OK)
		e = limits_init(&p->limits);
	if (e == ERR_OK && o->book != NULL)
		e = provider_book_open(p, o->book);
	if (e == ERR_OK)
		e = conf_tell(p, o);
	if (e == ERR_OK && o->agreed != NULL)
		e = agreed_tell(p, o->agreed);
	return e;
}

static void
provider_release(struct provider *p)
{
	provider_close(p);
	bill_files_release(&p->files);
	limits_release(&p->limits);
	books_release(&p->books);
	keys_close(&p->keys);
	if (p->book_fd >= 0)
		(void)close(p->book_fd);
	if (p->base != NULL)
		event_base_free(p->base);
}

static void
on_signal(evutil_socket_t number, short what, void *ctx)
{
	struct provider *p = ctx;

	(void)number;
	(void)what;
	(void)event_base_loopbreak(p->base);
}

static enum err
provider_run(struct provider *p, const char *address)
{
	struct event *term, *interrupt;
	json_t *m;
	enum err e;

	p->base = event_base_new();
	if (p->base == NULL)
		return ERR_NO_MEMORY;
	term = evsignal_new(p->base, SIGTERM, on_signal, p);
	interrupt = evsignal_new(p->base, SIGINT, on_signal, p);
	e = term != NULL && interrupt != NULL && event_add(term, NULL) == 0 &&
	        event_add(interrupt, NULL) == 0
	    ? provider_listen(p, address)
	    : ERR_NO_MEMORY;
	if (e == ERR_OK) {
		(void)printf("ready http://127.0.0.1:%u\n", (unsigned)p->port);
		(void)fflush(stdout);
		(void)event_base_dispatch(p->base);
		provider_clock(p);
		m = provider_dump(p, NULL);
		(void)json_dumpf(m, stdout, JSON_COMPACT);
		(void)printf("\n");
		json_decref(m);
	}
	if (term != NULL)
		event_free(term);
	if (interrupt != NULL)
		event_free(interrupt);
	return e;
}

int
provider_main(int argc, char **argv)
{
	struct provider p = {.book_fd = -1};
	struct provider_options o;
	enum err e;

	if (!options_read(&o, argc, argv))
		return EXIT_FAILED;
	if (o.helped) {
		help_print(stdout);
		return EXIT_WELL;
	}
	e = provider_open(&p, &o);
	if (e == ERR_OK)
		e = provider_run(&p, o.listen);
	else
		log_error(LOG_MSG("provider: cannot start"), LOG_STR("err", err_name(e)));
	provider_release(&p);
	return e == ERR_OK ? EXIT_WELL : EXIT_FAILED;
}
