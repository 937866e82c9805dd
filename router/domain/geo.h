#ifndef ROUTER_DOMAIN_GEO_H
#define ROUTER_DOMAIN_GEO_H

/*
 * geo: distances on a sphere of 6,371,000 m, in whole metres, and the nearest stores on the map.
 *
 * A distance comes from the chord between unit vectors in float: exact to about a metre up to a city's
 * size, to a kilometre anywhere.  Same input, same metres: no step depends on the compiler's mood
 * (-std=c11 contracts nothing), and what was decided keeps its metres in the record.
 */
#include "domain/world.h"

#define GEO_NEAREST_MAX 256 /* most that a search hands out */

struct geo_point {
	float x, y, z; /* unit vector */
	int32_t lat_e6, lon_e6;
};

struct geo_near {
	int32_t distance_m;
	int32_t idx; /* of the location */
};

/*
 * The nearest so far, while candidates are offered one by one: at most twice keep_max are held, then
 * the farther half is dropped by quickselect on (distance, location id).
 */
struct geo_nearest {
	const struct world *world;
	int keep_max, count;
	int32_t offered;
	int32_t limit_m; /* farther than this cannot be kept */
	struct geo_near near[2 * GEO_NEAREST_MAX];
};

void geo_unit(int32_t lat_e6, int32_t lon_e6, float *x, float *y, float *z);
void geo_point_init(struct geo_point *p, int32_t lat_e6, int32_t lon_e6);
/* Metres from ${p} to the location at index ${idx}. */
int32_t geo_distance_m(const struct world *w, const struct geo_point *p, int32_t idx);

void geo_nearest_init(struct geo_nearest *n, const struct world *w, int keep_max);
void geo_nearest_offer(struct geo_nearest *n, int32_t distance_m, int32_t idx);
/* Cuts down to keep_max, in no order; returns how many were offered but not kept. */
int32_t geo_nearest_finish(struct geo_nearest *n);

/*
 * Offers every store within ${radius_m} whose operator is not party id ${but_party} (0: any).
 * The map is not sewn together at 180 degrees: near it, stores on the other side are missed.
 */
void geo_stores_within(struct geo_nearest *n, const struct geo_point *p, int32_t radius_m,
    int32_t but_party);

#endif
