#ifndef TESTS_UNIT_EDGE_EDGE_WORLD_H
#define TESTS_UNIT_EDGE_EDGE_WORLD_H

/* edge_world: a served http + rpc with a small method table, in the test's own event loop. */
#include "base/conf.h"
#include "edge/http.h"
#include "edge/rpc.h"
#include "edge/wire_client.h"

struct world {
	struct conf conf;
	struct event_base *base;
	struct http_server *http;
	struct rpc *rpc;
	char storefront_key[KEY_TEXT_SIZE];
	char finance_key[KEY_TEXT_SIZE];
	struct call *held; /* the last SubmitOrder, waiting for its answer */
	int quotes;        /* that reached their method */
};

extern struct world world;

/*
 * Quote answers at once: policy_version is the number of lines, owner.dealer the storefront.
 * SubmitOrder is held.  GetOrder, for finance only and of 64 bytes, fails with two details.
 */
void world_open(void);
/* After the settings in world.conf were changed. */
void world_serve(void);
void world_close(void);
int world_connect(void);
/* Sends one POST with the storefront's key and the extra headers, reads the reply, closes. */
void world_post(const char *path, const char *headers, const void *body, size_t len,
    struct reply *r);
void world_raw(const void *p, size_t len, struct reply *r);
void world_answer(void); /* the held call */

#endif
