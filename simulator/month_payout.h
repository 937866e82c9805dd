#ifndef SIMULATOR_MONTH_PAYOUT_H
#define SIMULATOR_MONTH_PAYOUT_H

/* month_payout: who pays: batches by bank and set off, a second person's approval, bank files, what came of each. */
#include "simulator/month.h"

/* All that waits for a batch. */
enum err month_payouts(struct month *m) MUST_CHECK;
/* Half of what the brand has available goes to its bank. */
enum err month_withdraw(struct month *m) MUST_CHECK;

#endif
