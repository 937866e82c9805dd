/* world: look-ups by id, and the order of the map. */
#include <assert.h>
#include <stddef.h>

#include "domain/geo.h"
#include "domain/world.h"

static int32_t
by_id(const int32_t *index, int32_t id_max, int32_t id)
{
	if (index == NULL || id <= 0 || id >= id_max)
		return NONE;
	return index[id];
}

const struct party *
world_party(const struct world *w, int32_t id)
{
	int32_t i = by_id(w->party_by_id, w->party_id_max, id);

	return i == NONE ? NULL : &w->parties[i];
}

int32_t
world_location_index(const struct world *w, int32_t id)
{
	return by_id(w->location_by_id, w->location_id_max, id);
}

const struct location *
world_location(const struct world *w, int32_t id)
{
	int32_t i = world_location_index(w, id);

	return i == NONE ? NULL : &w->locations[i];
}

int32_t
world_sku_index(const struct world *w, int32_t id)
{
	return by_id(w->sku_by_id, w->sku_id_max, id);
}

int32_t
world_storefront_index(const struct world *w, int32_t id)
{
	return by_id(w->storefront_by_id, w->storefront_id_max, id);
}

int32_t
world_campaign_index(const struct world *w, int32_t id)
{
	return by_id(w->campaign_by_id, w->campaign_id_max, id);
}

int32_t
world_territory_index(const struct world *w, int32_t id)
{
	for (int32_t i = 0; i < w->territory_count; i++)
		if (w->territories[i].id == id)
			return i;
	return NONE;
}

int32_t
world_grid_line(int32_t e6)
{
	int32_t q = e6 / GRID_E6;

	return e6 % GRID_E6 < 0 ? q - 1 : q;
}

static int
order_i32(int32_t a, int32_t b)
{
	return (a > b) - (a < b);
}

int
world_location_order(const void *pa, const void *pb)
{
	const struct location *a = pa, *b = pb;
	int c;

	c = (a->kind != LOC_STORE) - (b->kind != LOC_STORE);
	if (c != 0)
		return c;
	if (a->kind == LOC_STORE) {
		c = order_i32(world_grid_line(a->lat_e6), world_grid_line(b->lat_e6));
		if (c != 0)
			return c;
		c = order_i32(world_grid_line(a->lon_e6), world_grid_line(b->lon_e6));
		if (c != 0)
			return c;
	}
	return order_i32(a->id, b->id);
}

void
world_grid_bounds(struct world *w)
{
	struct grid *g = &w->grid;
	int32_t row_max = 0, col_max = 0, row, col;

	*g = (struct grid){0};
	w->store_count = 0;
	for (int32_t i = 0; i < w->location_count; i++) {
		if (w->locations[i].kind != LOC_STORE)
			break;
		row = world_grid_line(w->locations[i].lat_e6);
		col = world_grid_line(w->locations[i].lon_e6);
		if (i == 0) {
			g->row_min = row_max = row;
			g->col_min = col_max = col;
		}
		g->row_min = row < g->row_min ? row : g->row_min;
		g->col_min = col < g->col_min ? col : g->col_min;
		row_max = row > row_max ? row : row_max;
		col_max = col > col_max ? col : col_max;
		w->store_count = i + 1;
	}
	if (w->store_count > 0) {
		g->rows = row_max - g->row_min + 1;
		g->cols = col_max - g->col_min + 1;
	}
}

void
world_grid_fill(struct world *w)
{
	struct grid *g = &w->grid;
	int32_t cells = g->rows * g->cols, cell = 0, at;

	for (int32_t i = 0; i < w->location_count; i++) {
		const struct location *l = &w->locations[i];

		geo_unit(l->lat_e6, l->lon_e6, &w->vx[i], &w->vy[i], &w->vz[i]);
		if (i >= w->store_count)
			continue;
		at = (world_grid_line(l->lat_e6) - g->row_min) * g->cols + world_grid_line(l->lon_e6) -
		    g->col_min;
		assert(at + 1 >= cell); /* the locations are sorted */
		while (cell <= at)
			g->cell_first[cell++] = i;
	}
	while (cell <= cells)
		g->cell_first[cell++] = w->store_count;
}
