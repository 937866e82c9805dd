#ifndef SIMULATOR_OPTIONS_H
#define SIMULATOR_OPTIONS_H

/* options: the command line, one table for all subcommands; --help is printed from it. */
#include <stdio.h>

#include "simulator/bench_kind.h"
#include "simulator/http_client.h"
#include "simulator/mix.h"

struct options {
	const char *url[HTTP_URLS_MAX];
	int url_count;
	const char *key, *front_key, *db, *cities, *journal, *tag, *courier_secret, *provider,
	    *second_key;
	enum world_size size;
	enum mix_mode mode;
	enum bench_kind kind;
	enum bench_target target;
	int64_t seed, orders, seconds, connections, rate, outage_s, pay_percent, screens, pid,
	    listen;
	bool quiet;
};

/* NULL: it was --help or wrong, and *status is the exit status; else the subcommand. */
const char *options_parse(struct options *o, int argc, char **argv, int *status) MUST_CHECK;

/* How a client of ${o}'s service is made; borrows its texts. */
struct http_client_options options_http(const struct options *o);

#endif
