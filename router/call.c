/* yuncang call: one method of a running service, asked with JSON; for those who have a shell and a key. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/parse.h"
#include "cli.h"
#include "edge/client.h"
#include "edge/json_read.h"
#include "edge/json_tree.h"
#include "edge/json_write.h"
#include "flow/app.h"

#define PACKAGE "yuncang.v1."
#define ANSWER_MAX ((size_t)64 << 20) /* the service writes no larger ones */
#define PIECE_SIZE 65536
#define KEY_LINE_SIZE 128
#define TIMEOUT_MS_MAX 600000
#define LATE_MS 1000 /* the service is the first to say that the time is over */

enum { OPT_URL = 256, OPT_KEY_FILE, OPT_CA_FILE, OPT_TIMEOUT, OPT_ALL, OPT_LIST };

struct asking {
	const struct cli *cli;
	const char *base_url; /* NULL: what the settings listen on */
	const char *key_file, *ca_file, *text;
	int64_t timeout_ms; /* 0: the setting's */
	bool all, list;
	const struct method *method;

	struct arena *arena;
	ProtobufCMessage *message;
	char **token; /* the page_token of ${message}; NULL: it has none */
	struct buf body;
	char *url, *authorization, *deadline;
	struct event_base *base;
	struct client *client;
	bool more; /* another page */
	struct reason why;
};

/* ---- The method table --------------------------------------------------------------------------- */

static void
print_methods(FILE *to, const char *service)
{
	char roles[64], name[80];
	size_t len;

	for (const struct method *m = methods_table(NULL); m->service != NULL; m++) {
		if (service != NULL && strcmp(m->service, service) != 0)
			continue;
		len = 0;
		roles[0] = '\0';
		for (unsigned r = ROLE_STOREFRONT; r <= ROLE_ADMIN; r <<= 1)
			if ((m->roles & r) != 0)
				len += (size_t)snprintf(roles + len, sizeof(roles) - len, "%s%s",
				    len > 0 ? "," : "", role_word((enum role)r));
		(void)snprintf(name, sizeof(name), "%s/%s", m->service + strlen(PACKAGE), m->name);
		fprintf(to, "%-40s %-40s %s\n", name, roles, m->scope[0] != '\0' ? m->scope : "-");
	}
}

/* A service of the table by its name, short or whole; NULL: none is called so. */
static const char *
find_service(const char *name, size_t len)
{
	const char *s;

	if (len > strlen(PACKAGE) && strncmp(name, PACKAGE, strlen(PACKAGE)) == 0) {
		name += strlen(PACKAGE);
		len -= strlen(PACKAGE);
	}
	for (const struct method *m = methods_table(NULL); m->service != NULL; m++) {
		s = m->service + strlen(PACKAGE);
		if (strlen(s) == len && strncmp(s, name, len) == 0)
			return m->service;
	}
	return NULL;
}

/* Ends with EXIT_USAGE, and what there is instead, where there is no such method. */
static const struct method *
find_method(const struct cli *c, const char *name)
{
	size_t len = strcspn(name, "/");
	const char *service = find_service(name, len);
	const char *rest = name[len] == '/' ? name + len + 1 : "";

	for (const struct method *m = methods_table(NULL); m->service != NULL; m++)
		if (m->service == service && strcmp(m->name, rest) == 0)
			return m;
	fprintf(stderr, "yuncang %s: %s: no such method; there are\n", c->command->name, name);
	print_methods(stderr, service);
	exit(EXIT_USAGE);
}

static void
print_enum(FILE *to, const ProtobufCEnumDescriptor *d)
{
	const char *between = "";

	for (unsigned i = 0; i < d->n_values; i++)
		if (d->values[i].value != 0) { /* that one says nothing */
			fprintf(to, "%s%s", between, d->values[i].name);
			between = " | ";
		}
}

static const char *
type_word(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return "true | false";
	case PROTOBUF_C_TYPE_STRING:
		return "text";
	case PROTOBUF_C_TYPE_BYTES:
		return "base64";
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_FLOAT:
		return "number";
	default:
		return "whole number";
	}
}

/* A field a line, those of a message in it deeper; no message holds itself. */
static void
print_fields(FILE *to, const ProtobufCMessageDescriptor *d, int depth)
{
	const ProtobufCMessageDescriptor *inner;
	const ProtobufCFieldDescriptor *f;

	for (unsigned i = 0; i < d->n_fields; i++) {
		f = &d->fields[i];
		inner = f->type == PROTOBUF_C_TYPE_MESSAGE ? f->descriptor : NULL;
		fprintf(to, "%*s%-*s %s", 2 * depth, "", 30 - 2 * depth, f->name,
		    f->label == PROTOBUF_C_LABEL_REPEATED ? "list of " : "");
		if (f->type == PROTOBUF_C_TYPE_ENUM)
			print_enum(to, f->descriptor);
		else if (inner == NULL)
			fprintf(to, "%s", type_word(f));
		else
			fprintf(to, "%s",
			    wire_is_timestamp(inner) ? "time, 2026-11-21T08:00:00Z"
			                             : inner->short_name);
		fprintf(to, "\n");
		if (inner != NULL && !wire_is_timestamp(inner))
			print_fields(to, inner, depth + 1);
	}
}

/* ---- What is sent ------------------------------------------------------------------------------- */

/* Standard input where that is asked for, else what stands on the command line. */
static enum err
read_text(struct asking *a)
{
	char piece[PIECE_SIZE];
	size_t n;

	if (strcmp(a->text, "-") != 0) {
		buf_str(&a->body, a->text);
	} else {
		while (
		    buf_err(&a->body) == ERR_OK && (n = fread(piece, 1, sizeof(piece), stdin)) > 0)
			buf_add(&a->body, piece, n);
		if (ferror(stdin))
			return reason_set(&a->why, ERR_IO, NULL, "standard input: %s",
			    strerror(errno));
	}
	if (buf_err(&a->body) == ERR_TOO_LARGE)
		return reason_set(&a->why, ERR_TOO_LARGE, NULL,
		    "the request is larger than body_size_max allows");
	return buf_err(&a->body);
}

/* The service would refuse the same with the same words, but only behind the key. */
static enum err
read_message(struct asking *a)
{
	const struct wire_limits limits = {WIRE_REPEATED_MAX, WIRE_VALUES_MAX};
	const ProtobufCMessageDescriptor *d = a->method->request;
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field_by_name(d, "page_token");
	enum err e = read_text(a);

	if (e == ERR_OK)
		e = json_read(d, a->body.data, a->body.len, &limits, a->arena, &a->message,
		    &a->why);
	if (e == ERR_OK && f != NULL)
		a->token = (char **)(void *)((uint8_t *)a->message + f->offset);
	return e;
}

/* What may stand in a header; whether it is a key is for the service to say. */
static bool
key_possible(const char *key)
{
	for (const char *k = key; *k != '\0'; k++)
		if (*k <= ' ' || *k > '~')
			return false;
	return key[0] != '\0';
}

static enum err
read_key_file(struct asking *a, char key[KEY_LINE_SIZE])
{
	FILE *f = fopen(a->key_file, "re");

	if (f == NULL)
		return reason_set(&a->why, ERR_IO, NULL, "%s: %s", a->key_file, strerror(errno));
	if (fgets(key, (int)KEY_LINE_SIZE, f) == NULL)
		key[0] = '\0';
	(void)fclose(f);
	key[strcspn(key, "\r\n")] = '\0';
	return ERR_OK;
}

/* The key, which must not stand on a command line that others may read. */
static enum err
read_key(struct asking *a)
{
	const char *env = getenv(CONF_ENV_KEY);
	char key[KEY_LINE_SIZE] = "";
	enum err e = ERR_OK;

	if (a->key_file != NULL)
		e = read_key_file(a, key);
	else if (env == NULL)
		e = reason_set(&a->why, ERR_UNAUTHENTICATED, NULL,
		    "no key: --key-file names its file, or " CONF_ENV_KEY " holds it");
	else
		(void)snprintf(key, sizeof(key), "%s", env);
	if (e == ERR_OK && !key_possible(key))
		e = reason_set(&a->why, ERR_UNAUTHENTICATED, NULL, "%s holds no key",
		    a->key_file != NULL ? a->key_file : CONF_ENV_KEY);
	if (e == ERR_OK) {
		a->authorization = arena_printf(a->arena, "authorization: Bearer %s", key);
		e = a->authorization != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	explicit_bzero(key, sizeof(key));
	return e;
}

static enum err
make_url(struct asking *a, const struct conf *conf)
{
	const char *base = a->base_url;
	size_t len;

	if (base == NULL)
		base = arena_printf(a->arena, "http%s://%s",
		    conf->tls_cert_file[0] != '\0' ? "s" : "", conf->listen);
	if (base == NULL)
		return ERR_NO_MEMORY;
	for (len = strlen(base); len > 0 && base[len - 1] == '/'; len--)
		continue;
	a->url = arena_printf(a->arena, "%.*s/%s/%s", (int)len, base, a->method->service,
	    a->method->name);
	return a->url != NULL ? client_url_check(a->url, true, &a->why) : ERR_NO_MEMORY;
}

/* ---- What is answered --------------------------------------------------------------------------- */

/* The first of a refusal's details, see edge/fault.h. */
static enum err
refused(struct asking *a, const struct json_t *answer, int status)
{
	const struct json_t *first = json_tree_at(json_tree_member(answer, "details"), 0);
	const struct json_t *told = json_tree_member(first, "debug");
	const char *name = json_tree_text(told, "reason");

	for (int e = ERR_OK + 1; e < ERR_COUNT; e++)
		if (strcmp(err_name((enum err)e), name) == 0)
			return reason_set(&a->why, (enum err)e, json_tree_text(told, "field"), "%s",
			    json_tree_text(told, "text"));
	return reason_set(&a->why, ERR_IO, NULL, "%s is no service of ours: HTTP status %d%s%s",
	    a->url, status, answer != NULL ? ", " : "", json_tree_text(answer, "message"));
}

static enum err
take(struct asking *a, const struct client_answer *got)
{
	struct json_t *answer;
	const char *token;
	enum err e = ERR_OK;

	if (got->err == ERR_TIMEOUT)
		return reason_set(&a->why, ERR_TIMEOUT, NULL, "%s", err_text(ERR_TIMEOUT));
	if (got->err != ERR_OK)
		return reason_set(&a->why, got->err, NULL, "%s: %s", a->url, got->why);
	answer = json_tree_read(got->body, got->body_len);
	token = json_tree_text(answer, "nextPageToken");
	if (got->status != 200 || answer == NULL) {
		e = refused(a, answer, got->status);
	} else if (fwrite(got->body, 1, got->body_len, stdout) != got->body_len ||
	    putchar('\n') == EOF || fflush(stdout) != 0) {
		e = reason_set(&a->why, ERR_IO, NULL, "cannot write: %s", strerror(errno));
	} else if (a->all && token[0] != '\0') {
		*a->token = arena_strdup(a->arena, token);
		a->more = *a->token != NULL;
		e = a->more ? ERR_OK : ERR_NO_MEMORY;
	}
	json_tree_free(answer);
	return e;
}

static void
answered(void *ctx, const struct client_answer *got)
{
	struct asking *a = ctx;

	a->why.err = take(a, got);
	(void)event_base_loopbreak(a->base);
}

static enum err
ask(struct asking *a)
{
	const char *const headers[] = {"content-type: application/json",
	    "connect-protocol-version: 1", a->authorization, a->deadline, NULL};
	struct client_request q = {.url = a->url,
	    .headers = headers,
	    .timeout_ms = a->timeout_ms + LATE_MS,
	    .answer_max = ANSWER_MAX,
	    .private_allowed = true,
	    .http_allowed = true};
	struct client_send *send;
	enum err e;

	a->more = false;
	buf_reset(&a->body);
	json_write(&a->body, a->message);
	q.body = a->body.data;
	q.body_len = a->body.len;
	e = buf_err(&a->body);
	if (e == ERR_OK)
		e = client_start(a->client, &q, answered, a, &send);
	if (e != ERR_OK)
		return e;
	/* The loop has the request to wait for, which has its deadline. */
	if (event_base_dispatch(a->base) != 0)
		return ERR_INTERNAL;
	return a->why.err;
}

static enum err
run(struct asking *a, const struct conf *conf)
{
	const struct client_limits limits = {.sends_max = 1, .ca_file = a->ca_file};
	enum err e;

	log_level_max = LOG_LEVEL_WARN;
	if (a->timeout_ms == 0)
		a->timeout_ms = conf->request_ms_max;
	buf_init(&a->body, (size_t)conf->body_size_max);
	a->arena = arena_new((size_t)conf->request_memory_max);
	if (a->arena == NULL)
		return ERR_NO_MEMORY;
	e = read_message(a);
	if (e == ERR_OK && a->all && a->token == NULL)
		cli_usage(a->cli, "%s answers whole, without pages", a->method->name);
	if (e == ERR_OK)
		e = read_key(a);
	if (e == ERR_OK)
		e = make_url(a, conf);
	if (e != ERR_OK)
		return e;
	a->deadline = arena_printf(a->arena, "connect-timeout-ms: %" PRId64, a->timeout_ms);
	a->base = event_base_new();
	if (a->deadline == NULL || a->base == NULL)
		return ERR_NO_MEMORY;
	e = client_new(&a->client, a->base, &limits);
	do {
		if (e == ERR_OK)
			e = ask(a);
	} while (e == ERR_OK && a->more);
	return e;
}

static void
release(struct asking *a)
{
	client_free(a->client);
	if (a->base != NULL)
		event_base_free(a->base);
	buf_release(&a->body);
	arena_free(a->arena);
}

/* ---- The command line --------------------------------------------------------------------------- */

static void
take_options(struct asking *a, struct cli *c)
{
	static const struct option options[] = {{"url", required_argument, NULL, OPT_URL},
	    {"key-file", required_argument, NULL, OPT_KEY_FILE},
	    {"ca-file", required_argument, NULL, OPT_CA_FILE},
	    {"timeout", required_argument, NULL, OPT_TIMEOUT}, {"all", no_argument, NULL, OPT_ALL},
	    {"list", no_argument, NULL, OPT_LIST}, {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	int o;

	while ((o = cli_option(c, options)) != -1) {
		if (o == OPT_URL)
			a->base_url = optarg;
		else if (o == OPT_KEY_FILE)
			a->key_file = optarg;
		else if (o == OPT_CA_FILE)
			a->ca_file = optarg;
		else if (o == OPT_ALL)
			a->all = true;
		else if (o == OPT_LIST)
			a->list = true;
		else if (parse_duration_ms(optarg, 1, &a->timeout_ms) != ERR_OK ||
		    a->timeout_ms < 1 || a->timeout_ms > TIMEOUT_MS_MAX)
			cli_usage(c, "--timeout is a duration such as 500ms, 10s, at most 10min");
	}
}

static int
list_run(struct cli *c)
{
	const char *name = optind < c->argc ? c->argv[optind++] : NULL;
	const char *service = NULL;

	cli_end(c);
	if (name != NULL && strchr(name, '/') != NULL) {
		print_fields(stdout, find_method(c, name)->request, 0);
		return EXIT_SUCCESS;
	}
	if (name != NULL) {
		service = find_service(name, strlen(name));
		if (service == NULL)
			cli_usage(c, "%s: no such service", name);
	}
	print_methods(stdout, service);
	return EXIT_SUCCESS;
}

/* One line: the reason by its name, the field, the text. */
static int
fail(const struct asking *a, enum err e)
{
	const struct reason *r = &a->why;
	const char *text = r->err == e && r->text[0] != '\0' ? r->text : err_text(e);

	fprintf(stderr, "yuncang %s: %s: %s%s%s\n", a->cli->command->name, err_name(e), r->field,
	    r->field[0] != '\0' ? ": " : "", text);
	return EXIT_FAILURE;
}

int
call_run(struct cli *c)
{
	struct asking a = {.cli = c, .ca_file = "", .text = "{}"};
	struct conf conf;
	enum err e;

	take_options(&a, c);
	if (a.list)
		return list_run(c);
	if (optind == c->argc)
		cli_usage(c, "which method?");
	a.method = find_method(c, c->argv[optind++]);
	if (optind < c->argc)
		a.text = c->argv[optind++];
	cli_end(c);
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	e = run(&a, &conf);
	release(&a);
	conf_release(&conf);
	return e == ERR_OK ? EXIT_SUCCESS : fail(&a, e);
}
