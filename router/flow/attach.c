#include "flow/attach.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct attach {
	void *leaders; /* a tree of tsearch(3), keyed by the entry's two texts */
	int count;
};

static int
entry_compare(const void *a, const void *b)
{
	const struct attach_entry *x = a, *y = b;
	int d = strcmp(x->ref, y->ref);

	return d != 0 ? d : strcmp(x->scope, y->scope);
}

enum err
attach_new(struct attach **out)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? ERR_NO_MEMORY : ERR_OK;
}

void
attach_free(struct attach *a)
{
	if (a == NULL)
		return;
	assert(a->count == 0);
	free(a);
}

enum err
attach_join(struct attach *a, struct attach_entry *e)
{
	struct attach_entry *leader;
	void **node = tsearch(e, &a->leaders, entry_compare);

	if (node == NULL)
		return ERR_NO_MEMORY;
	leader = *(struct attach_entry **)node;
	e->next = NULL;
	if (leader == e) {
		e->next_place = &e->next;
		a->count++;
		return ERR_OK;
	}
	*leader->next_place = e;
	leader->next_place = &e->next;
	return ERR_WRONG_STATE;
}

void
attach_leave(struct attach *a, struct attach_entry *leader)
{
	struct attach_entry *f = leader->next, *next;

	assert(tfind(leader, &a->leaders, entry_compare) != NULL);
	tdelete(leader, &a->leaders, entry_compare);
	a->count--;
	for (; f != NULL; f = next) {
		next = f->next;
		f->lead_done(f, leader);
	}
}
