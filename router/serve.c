/*
 * serve: wires one running service and takes it up and down.
 *
 *   WAIT_DB → SECRETS → CATALOG → KEYS → RUNNING → DRAINING
 *
 * HTTP answers from the first moment (/healthz, /readyz); calls are refused as not_ready until RUNNING.
 * A database that is not there, at start or later, is waited for.
 */
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli.h"
#include "flow/admin_flow.h"
#include "flow/app.h"
#include "flow/attach.h"
#include "flow/compile.h"
#include "flow/export_http.h"
#include "flow/keys_flow.h"
#include "flow/payout_job.h"
#include "flow/provider.h"
#include "flow/recon_job.h"
#include "flow/settle.h"
#include "flow/task_wait.h"
#include "flow/tell.h"
#include "flow/timer_flow.h"
#include "notify.h"
#include "store/migrate.h"
#include "store/secrets.h"

#define TICK_MS 20
#define RETRY_MS 1000
#define WARN_EVERY_US (5 * US_PER_S)
#define FILES_SPARE 256 /* beyond client connections: database, log, listeners */

enum phase { WAIT_DB, BUSY_STARTING, RUNNING, DRAINING };

struct serve {
	struct app app;
	struct conf conf;
	const char *conf_path;
	enum phase phase;
	int64_t started_us; /* monotonic, so all below */
	int64_t warned_us;
	int64_t retry_us;
	int64_t drain_until_us;
	struct event *tick;
	struct event *on_term, *on_int, *on_hup;
	int status;
};

static const char waiting_for_db[] = "starting: waiting for the database";
static const struct timeval tick_every = {.tv_usec = TICK_MS * 1000};

/* ---- Coming up ---- */

static void
start_again(struct serve *s, const char *what, enum err e)
{
	log_warn(LOG_MSG("not started yet, trying again"), LOG_STR("at", what),
	    LOG_STR("err", err_name(e)), LOG_INT("again_ms", RETRY_MS));
	s->phase = WAIT_DB;
	s->retry_us = clock_mono_us() + RETRY_MS * US_PER_MS;
}

static void
give_up(struct serve *s, const char *what, enum err e)
{
	log_error(LOG_MSG("cannot start"), LOG_STR("at", what), LOG_STR("err", err_name(e)));
	s->status = EXIT_FAILURE;
	(void)event_base_loopbreak(s->app.base);
}

static void
running(struct serve *s)
{
	struct app *app = &s->app;

	s->phase = RUNNING;
	(void)event_del(s->tick);
	app->not_ready = NULL;
	rpc_ready_set(app->rpc, true);
	log_info(LOG_MSG("ready"), LOG_INT("port", http_port(app->http)),
	    LOG_INT("ms", (clock_mono_us() - s->started_us) / US_PER_MS),
	    LOG_INT("catalog", catalog_world(app->catalog)->version));
	notify("READY=1");
}

static void
keys_done(void *ctx, enum err e)
{
	struct serve *s = ctx;

	if (s->phase != BUSY_STARTING)
		return;
	if (e != ERR_OK)
		start_again(s, "keys", e);
	else
		running(s);
}

static void
keys_changed(void *ctx)
{
	struct serve *s = ctx;

	keys_reload(&s->app);
}

/* Screens hear of tasks that our own transactions changed, and of those the feed tells. */
static enum err
make_task_wait(struct app *app)
{
	struct changed_tasks_listener listener = {.fn = task_wait_changed};
	enum err e;

	if (app->task_wait != NULL)
		return ERR_OK;
	e = task_wait_new(&app->task_wait, app);
	if (e != ERR_OK)
		return e;
	listener.ctx = app->task_wait;
	pool_on_tasks(app->batch_pool, listener);
	pool_on_tasks(app->query_pool, listener);
	feed_on_tasks(app->feed, listener);
	return ERR_OK;
}

static void
results_told(void *ctx)
{
	const struct app *app = ctx;

	settle_poke(app->settle);
}

/* What needs the hints or the feed's position, once these are there. */
static enum err
make_workers(struct app *app, struct serve *s)
{
	struct hints_memory *hints = catalog_hints(app->catalog);
	enum err e = ERR_OK;

	if (app->batch == NULL)
		e = batch_new(&app->batch, app->base, app->conf, app->batch_pool, hints);
	if (e == ERR_OK && app->pay_batch == NULL)
		e = pay_batch_new(&app->pay_batch, app->base, app->conf, app->batch_pool);
	if (e == ERR_OK && app->pay_read == NULL)
		e = pay_read_new(&app->pay_read, app->base, app->conf, app->query_pool);
	if (e == ERR_OK && app->probe == NULL)
		e = probe_new(&app->probe, app->base, app->query_pool, hints);
	if (e == ERR_OK && app->expiry == NULL)
		e = expiry_new(&app->expiry, app->base, app->conf, app->query_pool, hints);
	if (e == ERR_OK && app->scorecard == NULL)
		e = scorecard_new(&app->scorecard, app->base, app->conf, app->query_pool,
		    app->catalog);
	if (e == ERR_OK && app->seal == NULL)
		e = seal_new(&app->seal, app->base, app->conf, app->query_pool);
	if (e == ERR_OK && app->timers == NULL)
		e = timers_new(&app->timers, app);
	if (e == ERR_OK && app->provider == NULL)
		e = provider_start(&app->provider, app);
	if (e == ERR_OK && app->recon_job == NULL)
		e = recon_job_new(&app->recon_job, app);
	if (e == ERR_OK && app->settle == NULL)
		e = settle_new(&app->settle, app);
	if (e == ERR_OK && app->payout_job == NULL)
		e = payout_job_new(&app->payout_job, app);
	if (e == ERR_OK && app->provider != NULL)
		provider_on_results(app->provider, results_told, app);
	if (e == ERR_OK && app->feed == NULL) {
		e = feed_new(&app->feed, app->base, app->conf, app->query_pool, app->catalog,
		    keys_changed, s);
		if (e == ERR_OK)
			feed_skip(app->feed, app->batch_pool);
	}
	if (e == ERR_OK)
		e = make_task_wait(app);
	return e;
}

static void
catalog_done(void *ctx, enum err e)
{
	struct serve *s = ctx;

	if (s->phase != BUSY_STARTING)
		return;
	if (e != ERR_OK) {
		start_again(s, "catalog", e);
		return;
	}
	e = make_workers(&s->app, s);
	if (e == ERR_OK)
		e = tell_start(&s->app);
	if (e != ERR_OK) {
		give_up(s, "workers", e);
		return;
	}
	s->app.not_ready = "starting: reading the API keys";
	e = keys_load(&s->app, keys_done, s);
	if (e != ERR_OK)
		start_again(s, "keys", e);
}

static void
secrets_done(void *ctx, enum err e, const struct secrets *got)
{
	struct serve *s = ctx;

	if (s->phase != BUSY_STARTING)
		return;
	if (e == ERR_OK) {
		memcpy(s->app.token_secret, got->token, DIGEST_SIZE);
		memcpy(s->app.store_secret, got->store_code, DIGEST_SIZE);
		memcpy(s->app.collection_secret, got->collection, DIGEST_SIZE);
		s->app.not_ready = "starting: reading the catalog";
		e = catalog_load(s->app.catalog, catalog_done, s);
	}
	if (e != ERR_OK)
		start_again(s, "secrets", e);
}

static void
wait_db(struct serve *s, int64_t now_us)
{
	struct app *app = &s->app;
	enum err e;

	app->not_ready = waiting_for_db;
	if (now_us < s->retry_us)
		return;
	if (!pool_up(app->query_pool) || !pool_up(app->batch_pool)) {
		if (now_us - s->warned_us >= WARN_EVERY_US) {
			log_warn(LOG_MSG("waiting for the database"),
			    LOG_INT("ms", (now_us - s->started_us) / US_PER_MS));
			s->warned_us = now_us;
		}
		return;
	}
	s->phase = BUSY_STARTING;
	app->not_ready = "starting: reading the secrets";
	e = secrets_read(app->query_pool, secrets_done, s);
	if (e != ERR_OK)
		start_again(s, "secrets", e);
}

/* ---- Going down ---- */

static void
drain_start(struct serve *s)
{
	struct app *app = &s->app;

	s->phase = DRAINING;
	app->draining = true;
	s->drain_until_us = clock_mono_us() + s->conf.drain_ms_max * US_PER_MS;
	log_info(LOG_MSG("draining"), LOG_INT("calls", rpc_calls_open(app->rpc)),
	    LOG_INT("connections", http_connections(app->http)));
	notify("STOPPING=1");
	http_drain(app->http);
	if (app->task_wait != NULL)
		task_wait_drain(app->task_wait);
	tell_drain(app);
	if (app->provider != NULL)
		provider_drain(app->provider);
	if (event_add(s->tick, &tick_every) != 0)
		(void)event_base_loopbreak(app->base);
}

static void
drain_look(struct serve *s, int64_t now_us)
{
	struct app *app = &s->app;
	int calls = rpc_calls_open(app->rpc);
	bool paying = app->provider != NULL && !provider_drained(app->provider) &&
	    pool_up(app->query_pool);
	bool telling = !tell_drained(app) || paying;

	if (calls > 0 || http_connections(app->http) > 0 || telling) {
		if (now_us < s->drain_until_us)
			return;
		log_warn(LOG_MSG("drain took too long"), LOG_INT("calls", calls),
		    LOG_INT("connections", http_connections(app->http)));
	}
	(void)event_base_loopbreak(app->base);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct serve *s = ctx;
	int64_t now_us = clock_mono_us();

	(void)fd;
	(void)what;
	if (s->phase == WAIT_DB)
		wait_db(s, now_us);
	else if (s->phase == DRAINING)
		drain_look(s, now_us);
}

static void
on_stop(evutil_socket_t number, short what, void *ctx)
{
	struct serve *s = ctx;

	(void)what;
	log_info(LOG_MSG("signal"), LOG_STR("name", number == SIGTERM ? "SIGTERM" : "SIGINT"));
	if (s->phase == DRAINING) /* the second time: now */
		(void)event_base_loopbreak(s->app.base);
	else
		drain_start(s);
}

static void
set_log_level(const struct conf *c)
{
	bool ok;

	ok = log_level_parse(c->log_level, &log_level_max);
	assert(ok); /* conf_load() checked it */
	(void)ok;
}

static void
on_reload(evutil_socket_t number, short what, void *ctx)
{
	struct serve *s = ctx;
	struct conf fresh;
	struct reason r;

	(void)number;
	(void)what;
	if (conf_load(&fresh, s->conf_path, &r) != ERR_OK) {
		log_error(LOG_MSG("settings not read again"), LOG_STR("why", r.text));
		return;
	}
	conf_reload(&s->conf, &fresh);
	conf_release(&fresh);
	set_log_level(&s->conf);
	log_info(LOG_MSG("settings read again"));
}

/* ---- Made and unmade ---- */

/* What we run, with what, and as what; a connection string may hold a password. */
static void
log_settings(const struct conf *c)
{
	struct library_version v[LIBRARY_COUNT];
	struct log_field f[LIBRARY_COUNT + 3] = {LOG_MSG("yuncang"),
	    LOG_STR("version", YUNCANG_VERSION)};
	char *text = NULL, *line, *end, *equals;
	size_t len;
	FILE *to;

	library_versions(v);
	for (int i = 0; i < LIBRARY_COUNT; i++)
		f[i + 2] = LOG_STR(v[i].name, v[i].text);
	if (LOG_LEVEL_INFO <= log_level_max)
		log_write(LOG_LEVEL_INFO, f);
	to = open_memstream(&text, &len);
	if (to == NULL)
		return;
	conf_print(c, to);
	if (fclose(to) != 0)
		len = 0;
	for (line = text; line < text + len; line = end + 1) {
		end = strchr(line, '\n');
		equals = strstr(line, " = ");
		assert(end != NULL && equals != NULL && equals < end);
		*end = *equals = '\0';
		if (strcmp(line, "db") != 0)
			log_info(LOG_MSG("setting"), LOG_STR("name", line),
			    LOG_STR("value", equals + 3));
	}
	free(text);
}

/* As many files as connections_max asks for, if the system lets us. */
static void
raise_files(const struct conf *c)
{
	rlim_t want = (rlim_t)c->connections_max + FILES_SPARE;
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= want)
		return;
	l.rlim_cur = l.rlim_max != RLIM_INFINITY && l.rlim_max < want ? l.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur < want)
		log_warn(LOG_MSG("fewer open files than connections_max needs"),
		    LOG_INT("files", l.rlim_cur), LOG_INT("needed", want));
}

/* A wrong schema is told at once; a database that does not answer is waited for. */
static enum err
check_schema(const struct conf *c)
{
	char seconds[24];
	struct reason r;
	enum err e;

	/* This one connection blocks: a host that is silent must not keep /healthz waiting for minutes. */
	(void)snprintf(seconds, sizeof(seconds), "%lld",
	    (long long)(c->db_connect_ms_max + 999) / 1000);
	(void)setenv("PGCONNECT_TIMEOUT", seconds, 0);
	e = migrate_status(c->db, &r);
	if (e == ERR_OK)
		return ERR_OK;
	if (e == ERR_DB_DOWN) {
		log_warn(LOG_MSG("the database does not answer yet"), LOG_STR("why", r.text));
		return ERR_OK;
	}
	log_error(LOG_MSG("the database is not fit"), LOG_STR("why", r.text));
	return e;
}

static struct event_base *
make_base(void)
{
	struct event_config *config;
	struct event_base *base;

	config = event_config_new();
	if (config == NULL)
		return NULL;
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	/* A request switches reading off and on and writing on and off: at once, six system calls. */
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static enum err
make_events(struct serve *s)
{
	struct event_base *base = s->app.base;

	s->tick = event_new(base, -1, EV_PERSIST, on_tick, s);
	s->on_term = evsignal_new(base, SIGTERM, on_stop, s);
	s->on_int = evsignal_new(base, SIGINT, on_stop, s);
	s->on_hup = evsignal_new(base, SIGHUP, on_reload, s);
	if (s->tick == NULL || s->on_term == NULL || s->on_int == NULL || s->on_hup == NULL ||
	    event_add(s->tick, &tick_every) != 0 || event_add(s->on_term, NULL) != 0 ||
	    event_add(s->on_int, NULL) != 0 || event_add(s->on_hup, NULL) != 0)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static enum err
make_app(struct serve *s, struct reason *r)
{
	struct app *app = &s->app;
	struct conf *c = &s->conf;
	enum err e;

	app->conf = c;
	app->not_ready = waiting_for_db;
	(void)reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	app->base = make_base();
	if (app->base == NULL)
		return ERR_NO_MEMORY;
	e = http_new(&app->http, app->base, c, r);
	if (e != ERR_OK)
		return e;
	e = make_events(s);
	if (e == ERR_OK)
		e = rpc_new(&app->rpc, c, methods_table(app));
	if (e == ERR_OK)
		e = pool_new(&app->query_pool, app->base, c, POOL_QUERY,
		    (int)c->db_query_connections, (int)c->query_queue_max);
	if (e == ERR_OK)
		e = pool_new(&app->batch_pool, app->base, c, POOL_BATCH,
		    (int)c->db_batch_connections, (int)c->batch_queue_max);
	if (e == ERR_OK)
		e = catalog_new(&app->catalog, app->base, c, app->query_pool, &flow_compile);
	if (e == ERR_OK)
		e = attach_new(&app->attach);
	if (e == ERR_OK)
		e = attach_new(&app->attach_payments);
	if (e != ERR_OK)
		return reason_set(r, e, NULL, "%s", err_text(e));
	rpc_attach(app->rpc, app->http);
	admin_attach(app);
	export_attach(app, app->http);
	return ERR_OK;
}

/* Workers first, then the pools, which tell what was pending, while those who asked are still there. */
static void
unmake_app(struct app *app)
{
	if (app->feed != NULL)
		feed_free(app->feed);
	if (app->timers != NULL)
		timers_free(app->timers);
	recon_job_free(app->recon_job);
	payout_job_free(app->payout_job);
	settle_free(app->settle);
	if (app->expiry != NULL)
		expiry_free(app->expiry);
	tell_free(app);
	seal_free(app->seal);
	if (app->scorecard != NULL)
		scorecard_free(app->scorecard);
	if (app->probe != NULL)
		probe_free(app->probe);
	if (app->batch != NULL)
		batch_free(app->batch);
	if (app->pay_batch != NULL)
		pay_batch_free(app->pay_batch);
	if (app->pay_read != NULL)
		pay_read_free(app->pay_read);
	if (app->query_pool != NULL)
		pool_free(app->query_pool);
	if (app->batch_pool != NULL)
		pool_free(app->batch_pool);
	if (app->http != NULL)
		http_free(app->http);
	if (app->rpc != NULL)
		rpc_free(app->rpc);
	if (app->attach != NULL)
		attach_free(app->attach);
	if (app->attach_payments != NULL)
		attach_free(app->attach_payments);
	if (app->catalog != NULL)
		catalog_free(app->catalog);
	task_wait_free(app->task_wait);
}

static void
unmake_events(struct serve *s)
{
	struct event *all[] = {s->tick, s->on_term, s->on_int, s->on_hup};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != NULL)
			event_free(all[i]);
	if (s->app.base != NULL)
		event_base_free(s->app.base);
}

static int
serve_loop(struct serve *s)
{
	struct app *app = &s->app;

	log_info(LOG_MSG("listening"), LOG_STR("listen", s->conf.listen),
	    LOG_INT("port", http_port(app->http)));
	(void)event_base_dispatch(app->base);
	log_info(LOG_MSG("stopped"), LOG_INT("status", s->status));
	/* Calls that outlived the drain hold on to everything: leave that to the system. */
	if (rpc_calls_open(app->rpc) > 0)
		_Exit(s->status);
	unmake_app(app);
	return s->status;
}

int
serve_run(struct cli *c)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	static struct serve s;
	struct reason r;
	int status = EXIT_FAILURE;

	s.started_us = s.warned_us = clock_mono_us();
	s.status = EXIT_SUCCESS;
	if (cli_option(c, options) == -1)
		cli_end(c);
	if (!cli_conf(c, &s.conf))
		return EXIT_FAILURE;
	s.conf_path = c->conf_path;
	set_log_level(&s.conf);
	(void)signal(SIGPIPE, SIG_IGN);
	log_settings(&s.conf);
	raise_files(&s.conf);
	if (check_schema(&s.conf) == ERR_OK) {
		if (make_app(&s, &r) == ERR_OK) {
			status = serve_loop(&s);
		} else {
			log_error(LOG_MSG("cannot start"), LOG_STR("setting", r.field),
			    LOG_STR("why", r.text));
			unmake_app(&s.app);
		}
	}
	unmake_events(&s);
	conf_release(&s.conf);
	return status;
}
