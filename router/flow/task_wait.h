#ifndef ROUTER_FLOW_TASK_WAIT_H
#define ROUTER_FLOW_TASK_WAIT_H

/*
 * task_wait: screens that wait until the tasks of their location change (long polls of ListTasks).
 *
 * Every commit that changes tasks says whose (store/changed_tasks.h): this instance's at once, the others' with
 * the change feed.  While nothing changes nothing is read, and a screen costs its connection and a few hundred
 * bytes.  When something does, the screens of one list (location and state) share one read, in the order the
 * changes came, at most tasks_reads_max under way and one of a location in tasks_gather_ms.  Who has seen just
 * that goes on waiting: another state of the location changed.
 */
#include "flow/task_list.h"

struct task_wait;

enum err task_wait_new(struct task_wait **out, struct app *app) MUST_CHECK;
/* Nobody waits any more, or nobody will be answered. */
void task_wait_free(struct task_wait *w);

/* For changed_tasks.h; ctx is the task_wait. */
void task_wait_changed(void *ctx, const int32_t *locations, int count);
/* To be taken before tasks are read: what changes behind it is then not missed. */
struct task_version task_wait_version(const struct task_wait *w, int32_t location);

/**
 * task_wait_park(w, c, f, seen, wait_ms):
 * ${c} is answered when the list of ${f} is another than ${seen}, or as unchanged after ${wait_ms}, somewhat
 * before its deadline, or when the service drains; 0: at once, unless something may have changed.
 *
 * OK: the call is taken, its request and arena are gone.  BUSY, with ${c}->reason: tasks_waiting_max wait.
 */
enum err task_wait_park(struct task_wait *w, struct call *c, const struct task_filter *f,
    const struct task_seen *seen, int64_t wait_ms) MUST_CHECK;
/* Answers all who wait; from now on nobody waits. */
void task_wait_drain(struct task_wait *w);

#endif
