#ifndef SIMULATOR_DAY_COURIER_H
#define SIMULATOR_DAY_COURIER_H

/*
 * day_courier: the city's courier, the server of proto/yuncang/v1/courier.proto.  It books parcels,
 * fetches them at the stores' doors and tells afterwards what became of them; calls that are not signed with the shared secret
 * are refused.
 */
#include <event2/http.h>

#include "simulator/day.h"

/* ERR_IO: the file of the shared secret is not one. */
enum err day_courier_new(struct day_courier **out, struct day *d) MUST_CHECK;
void day_courier_free(struct day_courier *c);
/* "/courier/quote", "/courier/book" and "/courier/news" on ${http}. */
bool day_courier_serve(struct day_courier *c, struct evhttp *http) MUST_CHECK;

#endif
