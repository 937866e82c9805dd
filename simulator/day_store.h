#ifndef SIMULATOR_DAY_STORE_H
#define SIMULATOR_DAY_STORE_H

/*
 * day_store: the screens.  Each store's and warehouse's screen waits for its tasks; whatever it shows that
 * nobody has in hand becomes a job (day_job).
 */
#include "simulator/day.h"
#include "yuncang/v1/store.pb-c.h"

enum err day_stores_new(struct day_stores **out, struct day *d) MUST_CHECK;
void day_stores_free(struct day_stores *s);
void day_stores_begin(struct day_stores *s);

#endif
