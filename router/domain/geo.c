/* geo: see the header. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "domain/geo.h"

#define RADIUS_M 6371000.0
#define RAD_PER_E6 (3.14159265358979323846 / 180e6)
#define M_PER_DEGREE 111194.9 /* of latitude, on that sphere */
#define BLOCK 64              /* stores measured before the first of them is looked at */
#define RINGS 256             /* see cut() */

void
geo_unit(int32_t lat_e6, int32_t lon_e6, float *x, float *y, float *z)
{
	double lat = lat_e6 * RAD_PER_E6, lon = lon_e6 * RAD_PER_E6, c = cos(lat);

	*x = (float)(c * cos(lon));
	*y = (float)(c * sin(lon));
	*z = (float)sin(lat);
}

void
geo_point_init(struct geo_point *p, int32_t lat_e6, int32_t lon_e6)
{
	p->lat_e6 = lat_e6;
	p->lon_e6 = lon_e6;
	geo_unit(lat_e6, lon_e6, &p->x, &p->y, &p->z);
}

static float
chord2(const struct world *w, const struct geo_point *p, int32_t idx)
{
	float dx = w->vx[idx] - p->x, dy = w->vy[idx] - p->y, dz = w->vz[idx] - p->z;

	return dx * dx + dy * dy + dz * dz;
}

/* Half the chord is the sine of half the angle; the series is exact to the metre below 3,800 km. */
static int32_t
metres(float c2)
{
	double h = sqrt((double)c2) / 2, h2;

	if (h > 0.3)
		return (int32_t)lround(2 * RADIUS_M * asin(h < 1 ? h : 1));
	h2 = h * h;
	return (int32_t)(2 * RADIUS_M * h *
	        (1 +
	            h2 *
	                (1.0 / 6 +
	                    h2 *
	                        (3.0 / 40 +
	                            h2 * (5.0 / 112 + h2 * (35.0 / 1152 + h2 * (63.0 / 2816)))))) +
	    0.5);
}

int32_t
geo_distance_m(const struct world *w, const struct geo_point *p, int32_t idx)
{
	return metres(chord2(w, p, idx));
}

void
geo_nearest_init(struct geo_nearest *n, const struct world *w, int keep_max)
{
	assert(keep_max >= 0 && keep_max <= GEO_NEAREST_MAX);
	n->world = w;
	n->keep_max = keep_max;
	n->count = 0;
	n->offered = 0;
	n->limit_m = INT32_MAX;
}

static bool
nearer(const struct world *w, const struct geo_near *a, const struct geo_near *b)
{
	if (a->distance_m != b->distance_m)
		return a->distance_m < b->distance_m;
	return w->location_keys[a->idx].id < w->location_keys[b->idx].id;
}

/* Quickselect among near[lo .. hi]: afterwards the nearest stand up to ${k}. */
static void
select_within(struct geo_nearest *n, int lo, int hi, int k)
{
	struct geo_near pivot, t;
	int i, j;

	while (lo < hi) {
		pivot = n->near[lo + (hi - lo) / 2];
		i = lo;
		j = hi;
		while (i <= j) {
			while (nearer(n->world, &n->near[i], &pivot))
				i++;
			while (nearer(n->world, &pivot, &n->near[j]))
				j--;
			if (i <= j) {
				t = n->near[i];
				n->near[i++] = n->near[j];
				n->near[j--] = t;
			}
		}
		if (k <= j)
			hi = j;
		else if (k >= i)
			lo = i;
		else
			break;
	}
}

static int
ring_of(const struct geo_near *a, int shift)
{
	return a->distance_m < 0 ? 0 : a->distance_m >> shift;
}

/*
 * Keeps the keep_max nearest.  They are counted by rings first, which needs no comparing; whole rings stay or
 * go, and only of the ring that the limit lies in are some selected.
 */
static void
cut(struct geo_nearest *n)
{
	int k = n->keep_max, shift = 0, ring, inner = 0, on_ring = 0, counts[RINGS] = {0};
	struct geo_near last[2 * GEO_NEAREST_MAX];
	int32_t far = 0;

	if (n->count <= k)
		return;
	for (int i = 0; i < n->count; i++)
		far = n->near[i].distance_m > far ? n->near[i].distance_m : far;
	while (far >> shift >= RINGS)
		shift++;
	for (int i = 0; i < n->count; i++)
		counts[ring_of(&n->near[i], shift)]++;
	for (ring = 0; inner + counts[ring] < k; ring++)
		inner += counts[ring];
	inner = 0;
	for (int i = 0; i < n->count; i++) {
		struct geo_near a = n->near[i];
		int r = ring_of(&a, shift);

		n->near[inner] = a;
		inner += r < ring;
		last[on_ring] = a;
		on_ring += r == ring;
	}
	memcpy(&n->near[inner], last, sizeof(last[0]) * (size_t)on_ring);
	select_within(n, inner, inner + on_ring - 1, k);
	n->count = k;
	n->limit_m = -1;
	for (int i = 0; i < k; i++)
		if (n->near[i].distance_m > n->limit_m)
			n->limit_m = n->near[i].distance_m;
}

void
geo_nearest_offer(struct geo_nearest *n, int32_t distance_m, int32_t idx)
{
	n->offered++;
	if (distance_m > n->limit_m)
		return;
	if (n->count == 2 * GEO_NEAREST_MAX) {
		cut(n);
		if (distance_m > n->limit_m)
			return;
	}
	n->near[n->count++] = (struct geo_near){distance_m, idx};
}

int32_t
geo_nearest_finish(struct geo_nearest *n)
{
	cut(n);
	return n->offered - n->count;
}

static int32_t
clamp(int32_t v, int32_t lo, int32_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* Measures without a branch, which nothing could foretell. */
static void
offer_block(struct geo_nearest *n, const struct geo_point *p, int32_t first, int32_t end,
    float c2_max, int32_t radius_m, int32_t but_party)
{
	const struct world *w = n->world;
	int32_t idx[BLOCK] = {0}, d;
	float c2[BLOCK] = {0};
	int count = 0;

	for (int32_t i = first; i < end; i++) {
		idx[count] = i;
		c2[count] = chord2(w, p, i);
		count += c2[count] <= c2_max;
	}
	for (int k = 0; k < count; k++) {
		if (but_party != 0 && w->location_keys[idx[k]].party == but_party)
			continue;
		d = metres(c2[k]);
		if (d <= radius_m)
			geo_nearest_offer(n, d, idx[k]);
	}
}

void
geo_stores_within(struct geo_nearest *n, const struct geo_point *p, int32_t radius_m,
    int32_t but_party)
{
	const struct grid *g = &n->world->grid;
	double dlat = radius_m / M_PER_DEGREE + 0.001, dlon = 360, far, sine, half;
	int32_t row, row_last, col, col_last, lat_e6 = p->lat_e6, span, at, end;

	if (g->rows == 0 || n->keep_max == 0)
		return;
	/* A meridian's distance shrinks towards the pole: take the farther edge's. */
	far = (fabs(lat_e6 / 1e6) + dlat) * 1e6 * RAD_PER_E6;
	if (far < 1.5)
		dlon = dlat / cos(far);
	span = (int32_t)(dlat * 1e6 > 180e6 ? 180e6 : dlat * 1e6);
	row = clamp(world_grid_line(lat_e6 - span) - g->row_min, 0, g->rows);
	row_last = clamp(world_grid_line(lat_e6 + span) - g->row_min, -1, g->rows - 1);
	span = (int32_t)(dlon * 1e6 > 360e6 ? 360e6 : dlon * 1e6);
	col = clamp(world_grid_line(p->lon_e6 - span) - g->col_min, 0, g->cols);
	col_last = clamp(world_grid_line(p->lon_e6 + span) - g->col_min, -1, g->cols - 1);
	if (col > col_last)
		return;
	half = radius_m / (2 * RADIUS_M);
	sine = half < 1.57 ? sin(half) : 1;
	for (; row <= row_last; row++) {
		end = g->cell_first[row * g->cols + col_last + 1];
		for (at = g->cell_first[row * g->cols + col]; at < end; at += BLOCK)
			offer_block(n, p, at, end - at > BLOCK ? at + BLOCK : end,
			    (float)(4 * sine * sine * 1.001 + 1e-12), radius_m, but_party);
	}
}
