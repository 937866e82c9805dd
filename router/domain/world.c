/* world: look-ups by id, and the order of the map. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "domain/geo.h"
#include "domain/world.h"

#define REGION_KEY_SIZE 256 /* longer codes are nobody's */

static int32_t
by_id(const int32_t *index, int32_t id_max, int32_t id)
{
	if (index == NULL || id <= 0 || id >= id_max)
		return NONE;
	return index[id];
}

int32_t
world_party(const struct world *w, int32_t id)
{
	return by_id(w->party_by_id, w->party_id_max, id);
}

int32_t
world_location(const struct world *w, int32_t id)
{
	return by_id(w->location_by_id, w->location_id_max, id);
}

int32_t
world_storefront(const struct world *w, int32_t id)
{
	return by_id(w->storefront_by_id, w->storefront_id_max, id);
}

int32_t
world_sku(const struct world *w, int32_t id)
{
	return by_id(w->sku_by_id, w->sku_id_max, id);
}

int32_t
world_campaign(const struct world *w, int32_t id)
{
	return by_id(w->campaign_by_id, w->campaign_id_max, id);
}

int32_t
world_territory(const struct world *w, int32_t id)
{
	for (int32_t i = 0; i < w->territory_count; i++)
		if (w->territories[i].id == id)
			return i;
	return NONE;
}

const struct party *
world_party_row(const struct world *w, int32_t id)
{
	int32_t i = world_party(w, id);

	return i == NONE ? NULL : &w->parties[i];
}

const struct location *
world_location_row(const struct world *w, int32_t id)
{
	int32_t i = world_location(w, id);

	return i == NONE ? NULL : &w->locations[i];
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
		w->location_keys[i] = (struct location_key){l->id, l->party};
		if (i >= w->store_count)
			continue;
		at = (world_grid_line(l->lat_e6) - g->row_min) * g->cols +
		    world_grid_line(l->lon_e6) - g->col_min;
		assert(at + 1 >= cell); /* the locations are sorted */
		while (cell <= at)
			g->cell_first[cell++] = i;
	}
	while (cell <= cells)
		g->cell_first[cell++] = w->store_count;
}

int32_t
world_region(const struct world *w, const char *region)
{
	char key[REGION_KEY_SIZE];
	size_t len = strlen(region);
	uint32_t found;

	if (len >= sizeof(key))
		return NONE;
	memcpy(key, region, len + 1);
	while (len > 0) {
		found = strmap_get(&w->region, key);
		if (found != STRMAP_NONE)
			return w->territories[found].disabled ? NONE : (int32_t)found;
		while (len > 0 && key[len - 1] != '.')
			len--;
		if (len > 0)
			len--; /* the dot */
		key[len] = '\0';
	}
	return NONE;
}
