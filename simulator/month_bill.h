#ifndef SIMULATOR_MONTH_BILL_H
#define SIMULATOR_MONTH_BILL_H

/* month_bill: the one difference in the provider's bills: planted, found, explained by two persons; and the close. */
#include "simulator/month.h"

/*
 * Once there is one: the first day's bill behind the refunds that finance gave will know of one more that nobody did, of as
 * much as two persons must look at.
 */
enum err month_bill_plant(struct month *m) MUST_CHECK;
/* What is not explained must be that and nothing else; it is written off. */
enum err month_bill_explain(struct month *m) MUST_CHECK;
/* Every period that is over. */
enum err month_periods_close(struct month *m) MUST_CHECK;

#endif
