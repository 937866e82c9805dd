#include "simulator/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "simulator/option_rows.h"

#define ANSWER_US_MAX (30 * US_PER_S)
#define ANSWER_SIZE_MAX (4 * 1024 * 1024)

static const struct {
	const char *name, *text;
} commands[] = {
    {"load", "put the world into the catalog"},
    {"run", "let the storefronts order"},
    {"audit", "check the database, and the orders of --journal in it"},
    {"demo", "load, run, audit"},
    {"bench", "measure: prepared requests as fast as they go, one line of JSON"},
    {"day",
        "load, play a compressed day to the end of everything, audit; moves the service's clock"},
    {"month",
        "play the days behind a day to the end of a month: payouts, bills, the period's close"},
    {"books", "hold --db against the provider's books, and audit: the lines day, money and audit"},
    {"screens", "measure: stores' screens that wait for tasks, one line of JSON"},
    {"provider", "play the payment provider; options of its own: simulator provider --help"},
    {"selftest", "tamper with the rows of --db in transactions rolled back: the audit must see it"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct option_row rows[] = {
    {'u', "url", "URL", "http://127.0.0.1:8080", "the service; again for each further instance"},
    {'k', "key", "KEY", "$YUNCANG_SIMULATOR_KEY",
        "API key; role admin for load, scope margin to audit margins"},
    {'d', "db", "CONNINFO", "", "libpq connection string, for audit, demo and selftest"},
    {'w', "world", "small|full", "small", "300 stores, or 5,000 dealers with 30,000"},
    {'s', "seed", "N", "1", "of the world and of the orders"},
    {'m', "mode", "steady|peak|hot", "steady",
        "the mix; 120 million yuan of a live stream; a rush for one sku"},
    {'K', "kind", "WORD", "submit",
        "bench: submit, bulk (100 orders a request), quote, quote-open (no way asked), quote-json, "
        "constant (/healthz)"},
    {'T', "target", "mix|hot|spread", "mix",
        "bench: the mix; one row of stock; the same order over all stores"},
    {'t', "seconds", "N", "20", "how long to order"},
    {'n', "orders", "N", "0", "stop after so many; 0: no such limit, bench: 100000 are prepared"},
    {'c', "connections", "N", "64", "kept open; in a closed loop as many orders at once"},
    {'r', "rate", "N", "0", "orders a second whatever happens (open loop); 0: closed loop"},
    {'p', "pay", "PERCENT", "94", "of the orders are paid, the others left to expire"},
    {'o', "outage", "SECONDS", "60", "how long a request is tried again without an answer"},
    {'j', "journal", "FILE", "var/simulator.journal",
        "acknowledged orders: run and bench append, audit reads, demo begins anew"},
    {'g', "tag", "WORD", "by the clock", "begins every order_ref; one never used before"},
    {'S', "screens", "N", "3000", "screens: so many, of as many stores"},
    {'f', "front-key", "KEY", "", "day: API key of role storefront, scope storefront:*"},
    {'l', "listen", "PORT", "0",
        "day: of 127.0.0.1, for webhooks and the courier; 0: any that is free"},
    {'x', "courier-secret", "FILE", "",
        "day: secret shared with the service, which calls the courier at /courier; none: no courier"},
    {'V', "provider", "URL", "",
        "day, month, books: the stand-in provider, who is paid first; none: nobody hears of payments"},
    {'2', "second-key", "KEY", "", "month: of the second person of finance, who approves"},
    {'P', "pid", "N", "", "screens: the service's process, to see what it uses"},
    {'C', "cities", "FILE", "simulator/data/china-cities.csv", "the cities"},
    {'q', "quiet", NULL, NULL, "no progress"},
    {'h', "help", NULL, NULL, "this text"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void
help_print(FILE *to)
{
	(void)fprintf(to, "usage: simulator COMMAND [OPTION]...\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].text);
	(void)fprintf(to, "\n");
	option_rows_print(rows, ROW_COUNT, to);
	(void)fprintf(to,
	    "\nExit status: 0 all well, 1 the audit or the run found a violation, "
	    "2 wrong usage or no service.\n");
}

static bool
word_find(const char *s, const char *const *words, int count, int *out)
{
	for (int i = 0; i < count; i++)
		if (strcmp(s, words[i]) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static bool
word_set(struct options *o, int letter, const char *s)
{
	static const char *const sizes[] = {"small", "full"},
	                         *const modes[] = {"steady", "peak", "hot"};
	const char *kinds[BENCH_KINDS];
	bool found;
	int n = 0;

	for (int i = 0; i < BENCH_KINDS; i++)
		kinds[i] = bench_kinds[i].word;
	switch (letter) {
	case 'w':
		found = word_find(s, sizes, 2, &n);
		o->size = (enum world_size)n;
		break;
	case 'T':
		found = word_find(s, bench_targets, BENCH_TARGETS, &n);
		o->target = (enum bench_target)n;
		break;
	case 'K':
		found = word_find(s, kinds, BENCH_KINDS, &n);
		o->kind = (enum bench_kind)n;
		break;
	default:
		found = word_find(s, modes, 3, &n);
		o->mode = (enum mix_mode)n;
		break;
	}
	return found;
}

static bool
option_set(struct options *o, int letter, const char *s)
{
	switch (letter) {
	case 'u':
		if (o->url_count == HTTP_URLS_MAX)
			return false;
		o->url[o->url_count++] = s;
		return true;
	case 'k':
		o->key = s;
		return true;
	case 'd':
		o->db = s;
		return true;
	case 'j':
		o->journal = s;
		return true;
	case 'f':
		o->front_key = s;
		return true;
	case 'x':
		o->courier_secret = s;
		return true;
	case 'V':
		o->provider = s;
		return true;
	case '2':
		o->second_key = s;
		return true;
	case 'l':
		return parse_i64(s, 0, 65535, &o->listen) == ERR_OK;
	case 'g':
		o->tag = s;
		return strlen(s) > 0 && strlen(s) < RUN_TAG_SIZE;
	case 'C':
		o->cities = s;
		return true;
	case 'q':
		o->quiet = true;
		return true;
	case 's':
		return parse_i64(s, 0, INT64_MAX, &o->seed) == ERR_OK;
	case 't':
		return parse_i64(s, 1, 7 * 86400, &o->seconds) == ERR_OK;
	case 'n':
		return parse_i64(s, 0, 100000000, &o->orders) == ERR_OK;
	case 'c':
		return parse_i64(s, 1, HTTP_CONNECTIONS_MAX, &o->connections) == ERR_OK;
	case 'r':
		return parse_i64(s, 0, 1000000, &o->rate) == ERR_OK;
	case 'p':
		return parse_i64(s, 0, 100, &o->pay_percent) == ERR_OK;
	case 'S':
		return parse_i64(s, 1, HTTP_CONNECTIONS_MAX, &o->screens) == ERR_OK;
	case 'P':
		return parse_i64(s, 1, INT32_MAX, &o->pid) == ERR_OK;
	case 'o':
		return parse_i64(s, 0, 86400, &o->outage_s) == ERR_OK;
	default:
		return word_set(o, letter, s);
	}
}

static void
defaults_set(struct options *o)
{
	*o = (struct options){.db = "",
	    .front_key = "",
	    .courier_secret = "",
	    .provider = "",
	    .second_key = "",
	    .cities = "simulator/data/china-cities.csv",
	    .journal = "var/simulator.journal",
	    .size = WORLD_SMALL,
	    .mode = MODE_STEADY,
	    .seed = 1,
	    .seconds = 20,
	    .connections = 64,
	    .outage_s = 60,
	    .pay_percent = 94,
	    .screens = 3000};
	o->key = getenv("YUNCANG_SIMULATOR_KEY");
	if (o->key == NULL)
		o->key = "";
}

static const char *
command_find(const char *s)
{
	for (size_t i = 0; s != NULL && i < COMMAND_COUNT; i++)
		if (strcmp(s, commands[i].name) == 0)
			return commands[i].name;
	return NULL;
}

const char *
options_parse(struct options *o, int argc, char **argv, int *status)
{
	const char *command;
	int letter;

	defaults_set(o);
	while ((letter = option_rows_next(rows, ROW_COUNT, argc, argv)) != -1) {
		if (letter == 'h') {
			help_print(stdout);
			*status = 0;
			return NULL;
		}
		if (letter == '?' || !option_set(o, letter, optarg)) {
			if (letter != '?')
				option_rows_refuse(letter);
			*status = 2;
			return NULL;
		}
	}
	if (o->url_count == 0)
		o->url[o->url_count++] = "http://127.0.0.1:8080";
	command = command_find(optind == argc - 1 ? argv[optind] : NULL);
	if (command != NULL && strcmp(command, "provider") == 0)
		command = NULL; /* it comes first, before its options */
	if (command == NULL) {
		help_print(stderr);
		*status = 2;
	}
	return command;
}

struct http_client_options
options_http(const struct options *o)
{
	struct http_client_options c = {.url_count = o->url_count,
	    .key = o->key,
	    .connection_count = (int)o->connections,
	    .answer_us_max = ANSWER_US_MAX,
	    .answer_size_max = ANSWER_SIZE_MAX};

	for (int i = 0; i < o->url_count; i++)
		c.url[i] = o->url[i];
	return c;
}
