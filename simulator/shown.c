#include "simulator/shown.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct shown_row {
	struct uuid id;
	int64_t acknowledged_us, seen_us;
};

enum err
shown_init(struct shown *s, int64_t count)
{
	*s = (struct shown){.size = 64};
	while (s->size < (size_t)count * 4)
		s->size *= 2;
	s->rows = calloc(s->size, sizeof(*s->rows));
	return s->rows != NULL ? ERR_OK : ERR_NO_MEMORY;
}

void
shown_release(struct shown *s)
{
	free(s->rows);
	s->rows = NULL;
}

static struct shown_row *
row_of(struct shown *s, const struct uuid *id)
{
	uint64_t hash;
	size_t i, tries;

	memcpy(&hash, id->b + 8, sizeof(hash)); /* its random half */
	i = (size_t)hash & (s->size - 1);
	for (tries = 0; tries < s->size; tries++, i = (i + 1) & (s->size - 1)) {
		struct shown_row *r = &s->rows[i];

		if (r->acknowledged_us == 0 && r->seen_us == 0)
			r->id = *id;
		if (uuid_equal(&r->id, id))
			return r;
	}
	assert(!"more orders than there is room for");
	return NULL;
}

static void
both_known(struct shown *s, const struct shown_row *r)
{
	int64_t us = r->seen_us - r->acknowledged_us;

	if (r->acknowledged_us == 0 || r->seen_us == 0)
		return;
	s->both++;
	latency_add(&s->latency, us > 0 ? us : 0);
}

void
shown_acknowledged(struct shown *s, const struct uuid *id, int64_t at_us)
{
	struct shown_row *r = row_of(s, id);

	if (r->acknowledged_us != 0)
		return;
	r->acknowledged_us = at_us;
	s->acknowledged++;
	both_known(s, r);
}

void
shown_seen(struct shown *s, const struct uuid *id, int64_t at_us)
{
	struct shown_row *r = row_of(s, id);

	if (r->seen_us != 0)
		return;
	r->seen_us = at_us;
	s->seen++;
	both_known(s, r);
}
