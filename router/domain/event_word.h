#ifndef ROUTER_DOMAIN_EVENT_WORD_H
#define ROUTER_DOMAIN_EVENT_WORD_H

/* event_word: what people call the events of the journal; event_word() in SQL says the same. */
#include "domain/journal.h"

/* "E1"; "?" for a number that is none. */
const char *event_word(enum journal_event e);
/* The event of a word; 0: none has it. */
enum journal_event event_parse(const char *word);

#endif
