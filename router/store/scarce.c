#include "store/scarce.h"

#include <assert.h>

#include "domain/world.h"

enum err
scarce_init(struct scarce *s, struct arena *arena, int take_max)
{
	*s = (struct scarce){.open_max = take_max};
	s->skus = arena_array(arena, (size_t)take_max, sizeof(*s->skus));
	return s->skus != NULL ? ERR_OK : ERR_NO_MEMORY;
}

/* Is take ${at} of CLOUD goods that no entitlement of the order covers? */
static bool
is_open(const struct order_row *row, int at)
{
	const struct take *t = &row->takes[at];
	const struct location *l;

	if (t->kind != TAKE_STOCK)
		return false;
	l = world_location_row(row->world, t->location);
	if (l == NULL || l->kind != LOC_CLOUD)
		return false;
	for (int i = 0; i < row->take_count; i++)
		if (row->takes[i].kind == TAKE_ENTITLEMENT && row->takes[i].sku == t->sku)
			return false;
	return true;
}

void
scarce_add(struct scarce *s, const struct order_row *row)
{
	for (int i = 0; i < row->take_count; i++) {
		if (!is_open(row, i))
			continue;
		assert(s->open_count < s->open_max);
		s->skus[s->open_count++] = row->takes[i].sku;
	}
}

int
scarce_send(const struct scarce *s, struct tx *t)
{
	struct pg_args *a;

	if (s->open_count == 0)
		return 0;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, s->open_count, s->skus[i]);
	tx_add(t, STMT_SCARCE_READ);
	return 1;
}

/* Into the place of the skus asked for: no more come back. */
void
scarce_read(struct scarce *s, const PGresult *r)
{
	s->scarce_count = PQntuples(r);
	assert(s->scarce_count <= s->open_count);
	for (int i = 0; i < s->scarce_count; i++)
		s->skus[i] = col_i32(r, i, 0);
}

bool
scarce_hits(const struct scarce *s, const struct order_row *row)
{
	for (int k = 0; s->scarce_count > 0 && k < row->take_count; k++)
		for (int i = 0; i < s->scarce_count; i++)
			if (row->takes[k].sku == s->skus[i] && is_open(row, k))
				return true;
	return false;
}
