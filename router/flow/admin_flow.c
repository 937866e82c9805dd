#include "base/metric.h"
#include "flow/admin_flow.h"

const char *
admin_not_ready(const struct app *app)
{
	if (app->draining)
		return "draining";
	if (app->not_ready != NULL)
		return app->not_ready;
	if (!pool_up(app->query_pool))
		return "no database connection for reads";
	if (!pool_up(app->batch_pool))
		return "no database connection for commits";
	return NULL;
}

static int
healthz(void *ctx, const char *path, struct buf *out, const char **content_type)
{
	(void)ctx;
	(void)path;
	(void)content_type;
	buf_str(out, "ok\n");
	return 200;
}

static int
readyz(void *ctx, const char *path, struct buf *out, const char **content_type)
{
	const char *why;

	(void)path;
	(void)content_type;
	why = admin_not_ready(ctx);
	buf_str(out, why != NULL ? why : "ok");
	buf_str(out, "\n");
	return why != NULL ? 503 : 200;
}

static int
metrics(void *ctx, const char *path, struct buf *out, const char **content_type)
{
	const struct app *app = ctx;

	(void)path;
	if (app->batch != NULL)
		metric_set(METRIC_batch_queue, batch_waiting(app->batch));
	if (app->pay_batch != NULL)
		metric_set(METRIC_pay_batch_queue, pay_batch_waiting(app->pay_batch));
	metric_set(METRIC_http_connections, http_connections(app->http));
	metric_set(METRIC_http_bytes_in_flight, http_bytes(app->http));
	metric_print(out);
	rpc_metrics(app->rpc, out);
	*content_type = "text/plain; version=0.0.4; charset=utf-8";
	return 200;
}

void
admin_attach(struct app *app)
{
	http_route_get(app->http, "/healthz", healthz, app);
	http_route_get(app->http, "/readyz", readyz, app);
	http_route_get(app->http, "/metrics", metrics, app);
}
