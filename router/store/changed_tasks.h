#ifndef ROUTER_STORE_CHANGED_TASKS_H
#define ROUTER_STORE_CHANGED_TASKS_H

/*
 * changed_tasks: the locations whose tasks one transaction changes, each once.  tx.h keeps one for each
 * transaction, batch_write.h packs it into the change row, and who waits for tasks is told of it.
 */
#include "base/buf.h"

/* Instead of all: there was no memory for the list. */
#define ANY_LOCATION 0

struct changed_tasks {
	int32_t *locations;
	int count, size;
	bool is_any, is_sorted, is_packed;
};

/* Hears of changes that are committed; of ANY_LOCATION when it is not known whose.  fn NULL: nobody asked. */
struct changed_tasks_listener {
	void (*fn)(void *ctx, const int32_t *locations, int count);
	void *ctx;
};

/* Before they are packed. */
void changed_tasks_add(struct changed_tasks *c, int32_t location);
/* Sorted, each once; valid until the next call. */
const int32_t *changed_tasks_list(struct changed_tasks *c, int *count);
/* Appends them to the bytes of a change row. */
void changed_tasks_pack(struct changed_tasks *c, struct buf *out);
void changed_tasks_tell(struct changed_tasks *c, const struct changed_tasks_listener *l);
/* Are there none, or will the other instances hear of them? */
bool changed_tasks_settled(const struct changed_tasks *c);
void changed_tasks_clear(struct changed_tasks *c); /* keeps the memory */
void changed_tasks_release(struct changed_tasks *c);

#endif
