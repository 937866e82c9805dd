#ifndef SIMULATOR_DAY_FORGER_H
#define SIMULATOR_DAY_FORGER_H

/*
 * day_forger: throws requests at the receivers that the service never sent: without a signature, with another
 * endpoint's, over another body or id, old ones again.  Whatever a receiver takes of them is written down.
 */
#include "simulator/day.h"

enum err day_forger_new(struct day_forger **out, struct day *d) MUST_CHECK;
void day_forger_free(struct day_forger *f);
void day_forger_begin(struct day_forger *f);

#endif
