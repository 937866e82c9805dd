#ifndef SIMULATOR_DAY_RECEIVER_H
#define SIMULATOR_DAY_RECEIVER_H

/*
 * day_receiver: the endpoints that the service tells its events, each with a temper: one takes everything, one
 * fails, one stalls, one loses its answers so that it is told again, one hears of one storefront only.  Each
 * verifies what comes by itself; the first time of each event goes to the journal file.
 */
#include <event2/http.h>

#include "simulator/day.h"
#include "simulator/day_sign.h"
#include "yuncang/v1/event.pb-c.h"

/* Beside the endpoints' own: the courier answers on the same port, below "/courier/". */
enum err day_receivers_new(struct day_receivers **out, struct day *d) MUST_CHECK;
void day_receivers_free(struct day_receivers *all);
/* Makes the endpoints; ${ready} follows. */
void day_receivers_begin(struct day_receivers *all, void (*ready)(void *ctx), void *ctx);
/* From now on everybody is well: nothing stalls or fails, and what was given up is asked for again. */
void day_receivers_mend(struct day_receivers *all);

/* What the forger needs: where an endpoint is, and the last genuine delivery that it took. */
struct day_genuine {
	char path[32], id[64], timestamp[24], signature[512];
	uint8_t body[2048];
	size_t body_len;
	int64_t at_us; /* monotonic; 0: none yet */
};
int day_receiver_count(const struct day_receivers *all);
const struct day_genuine *day_receiver_genuine(const struct day_receivers *all, int at);
const struct sign_key *day_receiver_key(const struct day_receivers *all, int at);
uint16_t day_receivers_port(const struct day_receivers *all);

#endif
