#ifndef SIMULATOR_MONTH_REFUND_H
#define SIMULATOR_MONTH_REFUND_H

/* month_refund: money back to customers: what finance gives, and what no connector can give back by itself. */
#include "simulator/month.h"

/* Of orders whose shares were paid out long ago, so that those who were paid owe it. */
enum err month_refunds_raise(struct month *m) MUST_CHECK;
/* Refunds of what other providers took: they were given back outside. */
enum err month_refunds_confirm(struct month *m) MUST_CHECK;

#endif
