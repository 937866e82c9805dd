#include "store/changed_tasks.h"

#include <assert.h>
#include <stdlib.h>

#include "store/change.h"

#define SIZE_FIRST 64

void
changed_tasks_add(struct changed_tasks *c, int32_t location)
{
	int32_t *grown;
	int size;

	assert(location > 0 && !c->is_packed);
	if (c->is_any || (c->count > 0 && c->locations[c->count - 1] == location))
		return;
	if (c->count == c->size) {
		size = c->size > 0 ? 2 * c->size : SIZE_FIRST;
		grown = realloc(c->locations, (size_t)size * sizeof(*grown));
		if (grown == NULL) {
			c->is_any = true;
			return;
		}
		c->locations = grown;
		c->size = size;
	}
	c->locations[c->count++] = location;
	c->is_sorted = false;
}

static int
by_id(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

const int32_t *
changed_tasks_list(struct changed_tasks *c, int *count)
{
	static const int32_t any = ANY_LOCATION;
	int kept = 0;

	if (c->is_any) {
		*count = 1;
		return &any;
	}
	if (!c->is_sorted && c->count > 1) {
		qsort(c->locations, (size_t)c->count, sizeof(*c->locations), by_id);
		for (int i = 0; i < c->count; i++)
			if (kept == 0 || c->locations[kept - 1] != c->locations[i])
				c->locations[kept++] = c->locations[i];
		c->count = kept;
	}
	c->is_sorted = true;
	*count = c->count;
	return c->locations;
}

void
changed_tasks_pack(struct changed_tasks *c, struct buf *out)
{
	struct change change = {.kind = CHANGE_TASK};
	const int32_t *list;
	int count;

	c->is_packed = true;
	list = changed_tasks_list(c, &count);
	for (int i = 0; i < count; i++) {
		change.location = list[i];
		change_pack(out, &change);
	}
}

bool
changed_tasks_settled(const struct changed_tasks *c)
{
	return c->is_packed || (c->count == 0 && !c->is_any);
}

void
changed_tasks_tell(struct changed_tasks *c, const struct changed_tasks_listener *l)
{
	const int32_t *list;
	int count;

	list = changed_tasks_list(c, &count);
	if (count > 0 && l->fn != NULL)
		l->fn(l->ctx, list, count);
}

void
changed_tasks_clear(struct changed_tasks *c)
{
	c->count = 0;
	c->is_any = c->is_sorted = c->is_packed = false;
}

void
changed_tasks_release(struct changed_tasks *c)
{
	free(c->locations);
	*c = (struct changed_tasks){0};
}
