#include "flow/tell.h"

#include "base/log.h"
#include "flow/courier_act.h"
#include "flow/webhook.h"

#define COURIER_SENDS 64 /* requests to the courier at once, beside webhooks */

static void
new_deliveries(void *ctx)
{
	const struct app *app = ctx;

	webhook_poke(app->webhook);
}

/* Who carries what stores deliver, and what becomes of the news of it. */
static enum err
make_courier(struct app *app)
{
	struct reason r = {0};
	enum err e;

	e = courier_http_new(&app->courier, app->conf, app->client, &r);
	if (e != ERR_OK)
		log_error(LOG_MSG("no courier"), LOG_STR("setting", r.field),
		    LOG_STR("why", r.text));
	if (e != ERR_OK || app->courier == NULL)
		return e;
	e = courier_act_new(&app->courier_act, app);
	if (e == ERR_OK)
		e = courier_poll_new(&app->courier_poll, app->base, app->conf, app->query_pool,
		    app->courier, courier_act_take, app->courier_act);
	return e;
}

enum err
tell_start(struct app *app)
{
	const struct client_limits limits = {.sends_max = (int)app->conf->webhook_sends_max +
	        COURIER_SENDS,
	    .ca_file = app->conf->webhook_ca_file};
	enum err e = ERR_OK;

	if (app->client == NULL)
		e = client_new(&app->client, app->base, &limits);
	if (e == ERR_OK && app->webhook == NULL)
		e = webhook_new(&app->webhook, app->base, app->conf, app->query_pool, app->client);
	if (e == ERR_OK && app->fanout == NULL)
		e = fanout_new(&app->fanout, app->base, app->conf, app->query_pool, new_deliveries,
		    app);
	if (e == ERR_OK && app->retention == NULL)
		e = retention_new(&app->retention, app->base, app->conf, app->query_pool);
	if (e == ERR_OK && app->courier == NULL)
		e = make_courier(app);
	return e;
}

void
tell_drain(struct app *app)
{
	if (app->webhook != NULL)
		webhook_drain(app->webhook);
}

bool
tell_drained(const struct app *app)
{
	return app->webhook == NULL || webhook_drained(app->webhook) || !pool_up(app->query_pool);
}

void
tell_free(struct app *app)
{
	fanout_free(app->fanout);
	retention_free(app->retention);
	webhook_free(app->webhook);
	courier_poll_free(app->courier_poll);
	courier_act_free(app->courier_act);
	courier_free(app->courier);
	client_free(app->client);
}
