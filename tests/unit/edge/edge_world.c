#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "yuncang/v1/order.pb-c.h"

#include "edge/edge_world.h"

struct world world;

static void
start_quote(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__QuoteRequest *q = (const Yuncang__V1__QuoteRequest *)request;
	Yuncang__V1__QuoteResponse a = YUNCANG__V1__QUOTE_RESPONSE__INIT;
	Yuncang__V1__Owner owner = YUNCANG__V1__OWNER__INIT;

	world.quotes++;
	if (q->basket != NULL) {
		owner.dealer = q->basket->storefront;
		a.owner = &owner;
		a.policy_version = (int32_t)q->basket->n_lines;
	}
	call_reply(c, &a.base);
}

static void
start_submit(struct call *c, const ProtobufCMessage *request)
{
	(void)request;
	assert_null(world.held);
	world.held = c;
}

static void
start_get(struct call *c, const ProtobufCMessage *request)
{
	Yuncang__V1__QuoteResponse detail = YUNCANG__V1__QUOTE_RESPONSE__INIT;

	(void)request;
	detail.policy_version = 7;
	(void)reason_set(&c->reason, ERR_NOT_FOUND, "order_id", "there is no \"such\" order");
	call_fail(c, &c->reason, &detail.base);
}

#define ORDER_SERVICE "yuncang.v1.OrderService"
#define METHOD(n, message, role, size, fn) \
	{ \
		ORDER_SERVICE, n, &yuncang__v1__##message##_request__descriptor, \
		    &yuncang__v1__##message##_response__descriptor, role, "", size, fn, NULL \
	}

static const struct method methods[] = {
    METHOD("Quote", quote, ROLE_ANY, 0, start_quote),
    METHOD("SubmitOrder", submit_order, ROLE_STOREFRONT, 0, start_submit),
    METHOD("GetOrder", get_order, ROLE_FINANCE, 64, start_get),
    {.service = NULL},
};

static int
get_health(void *ctx, const char *path, struct buf *out, const char **type)
{
	(void)ctx;
	(void)type;
	buf_printf(out, "alive at %s\n", path);
	/* More than the kernel takes at once. */
	for (int i = 0; strcmp(path, "/console/big") == 0 && i < 1 << 18; i++)
		buf_str(out, "0123456789012345678901234567890\n");
	return 200;
}

void
world_open(void)
{
	struct event_config *config;
	struct reason r;

	memset(&world, 0, sizeof(world));
	assert_int_equal(conf_load(&world.conf, NULL, &r), ERR_OK);
	free(world.conf.listen);
	world.conf.listen = strdup("127.0.0.1:0");
	/* As the service has it: changes of what is waited for are gathered. */
	config = event_config_new();
	assert_non_null(config);
	assert_int_equal(event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST), 0);
	world.base = event_base_new_with_config(config);
	event_config_free(config);
	assert_non_null(world.base);
}

void
world_serve(void)
{
	const char *scope = "storefront:*";
	struct key_table *t = key_table_new(2);
	uint8_t hash[DIGEST_SIZE];
	struct reason r;

	if (http_new(&world.http, world.base, &world.conf, &r) != ERR_OK)
		fail_msg("%s: %s", r.field, r.text);
	assert_true(http_port(world.http) > 0);
	http_route_get(world.http, "/healthz", get_health, NULL);
	http_route_get(world.http, "/console/", get_health, NULL);
	assert_int_equal(rpc_new(&world.rpc, &world.conf, methods), ERR_OK);
	rpc_attach(world.rpc, world.http);
	key_make(world.storefront_key, hash);
	assert_int_equal(key_table_add(t, 1, hash, "storefront", &scope, 1), ERR_OK);
	key_make(world.finance_key, hash);
	assert_int_equal(key_table_add(t, 2, hash, "finance", NULL, 0), ERR_OK);
	rpc_keys_set(world.rpc, t);
	rpc_ready_set(world.rpc, true);
}

void
world_close(void)
{
	loop_run_ms(world.base, 5);
	assert_null(world.held);
	assert_int_equal(rpc_calls_open(world.rpc), 0);
	http_free(world.http);
	rpc_free(world.rpc);
	event_base_free(world.base);
	conf_release(&world.conf);
}

int
world_connect(void)
{
	return client_open(world.base, http_port(world.http));
}

void
world_raw(const void *p, size_t len, struct reply *r)
{
	int fd = world_connect();

	client_send(world.base, fd, p, len);
	client_read(world.base, fd, r);
	close(fd);
	loop_run_ms(world.base, 1);
}

void
world_post(const char *path, const char *headers, const void *body, size_t len, struct reply *r)
{
	size_t size = len + 1024;
	char *text = malloc(size);
	int n;

	assert_non_null(text);
	n = snprintf(text, size,
	    "POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
	    "Content-Length: %zu\r\n%s\r\n",
	    path, world.storefront_key, len, headers);
	assert_true(n > 0 && (size_t)n + len < size);
	if (len > 0)
		memcpy(text + n, body, len);
	world_raw(text, (size_t)n + len, r);
	free(text);
}

void
world_answer(void)
{
	Yuncang__V1__SubmitOrderResponse a = YUNCANG__V1__SUBMIT_ORDER_RESPONSE__INIT;
	char id[] = "0193-x";
	struct call *c = world.held;

	assert_non_null(c);
	world.held = NULL;
	a.order_id = id;
	call_reply(c, &a.base);
}
