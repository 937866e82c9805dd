#ifndef SIMULATOR_CITIES_H
#define SIMULATOR_CITIES_H

/* cities: reads data/china-cities.csv, and spreads a number of things over cities by population. */
#include "simulator/world.h"

/* Sets cities and city_count, in the file's order; ERR_IO is logged with the line. */
enum err cities_read(struct world *w, const char *file) MUST_CHECK;

/*
 * ${total} things over the cities by population, largest remainder: share[i] for city i; the
 * shares add up to ${total}.
 */
enum err cities_share(const struct world *w, int32_t total, int32_t *share) MUST_CHECK;

double cities_distance_km(double lat1, double lon1, double lat2, double lon2);

#endif
