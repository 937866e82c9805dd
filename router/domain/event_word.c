#include "domain/event_word.h"

#include <string.h>

static const char *const words[] = {
    [EVENT_E1_PAID] = "E1",
    [EVENT_E2_FEE] = "E2",
    [EVENT_E3_SPLIT] = "E3",
    [EVENT_E4_HOLD_ENDED] = "E4",
    [EVENT_E5_PAYOUT] = "E5",
    [EVENT_E6_PAID_OUT] = "E6",
    [EVENT_E7_RELEASED] = "E7",
    [EVENT_E8_WITHDRAWN] = "E8",
    [EVENT_R1_REFUND] = "R1",
    [EVENT_R2_REFUNDED] = "R2",
    [EVENT_R3_RETURNED] = "R3",
    [EVENT_F_FREIGHT] = "F",
    [EVENT_D_DISPUTE] = "D",
    [EVENT_L_CLAIM] = "L",
    [EVENT_J_ADJUST] = "J",
    [EVENT_K_RECON] = "K",
    [EVENT_E7D_RELEASED] = "E7d",
    [EVENT_E6_CLOSED] = "E6c",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

const char *
event_word(enum journal_event e)
{
	return (size_t)e < WORDS && words[e] != NULL ? words[e] : "?";
}

enum journal_event
event_parse(const char *word)
{
	for (size_t i = 1; i < WORDS; i++)
		if (words[i] != NULL && strcmp(words[i], word) == 0)
			return (enum journal_event)i;
	return (enum journal_event)0;
}
