#include "simulator/cities.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"

#define CITIES_MAX 20000
#define CITY_FIELDS 6
#define LINE_SIZE 256

/* Fields of a line in place; names are quoted and hold neither commas nor quotes. */
static int
fields_cut(char *line, char *field[CITY_FIELDS])
{
	int n = 0;
	char *at = line;

	at[strcspn(at, "\r\n")] = '\0';
	while (n < CITY_FIELDS) {
		char *comma = strchr(at, ',');

		field[n++] = at;
		if (comma == NULL)
			return n;
		*comma = '\0';
		at = comma + 1;
	}
	return CITY_FIELDS + 1;
}

static enum err
city_parse(char *line, struct city *c)
{
	char *f[CITY_FIELDS];
	int64_t id;
	enum err e;

	if (fields_cut(line, f) != CITY_FIELDS || strlen(f[2]) >= sizeof(c->admin1))
		return ERR_BAD_FIELD;
	e = parse_i64(f[0], 1, INT32_MAX, &id);
	if (e == ERR_OK)
		e = parse_double(f[3], &c->lat);
	if (e == ERR_OK)
		e = parse_double(f[4], &c->lon);
	if (e == ERR_OK)
		e = parse_i64(f[5], 1, INT32_MAX, &c->population);
	if (e != ERR_OK)
		return e;
	c->geoname_id = (int32_t)id;
	(void)snprintf(c->admin1, sizeof(c->admin1), "%s", f[2]);
	(void)snprintf(c->region, sizeof(c->region), "%s.%d", c->admin1, c->geoname_id);
	/* 50,000 people: 1 km; Shanghai, 22 million: 13 km.  Area grows a bit slower than people. */
	c->spread_km = 1.0 + 0.12 * pow((double)c->population / 50000.0, 0.75);
	return ERR_OK;
}

enum err
cities_read(struct world *w, const char *file)
{
	char line[LINE_SIZE];
	int64_t upto = 0;
	int number = 1;
	FILE *f = fopen(file, "r");

	if (f == NULL) {
		log_error(LOG_MSG("cannot open the file of cities"), LOG_STR("file", file));
		return ERR_IO;
	}
	w->cities = calloc(CITIES_MAX, sizeof(*w->cities));
	if (w->cities == NULL || fgets(line, sizeof(line), f) == NULL)
		goto wrong;
	while (fgets(line, sizeof(line), f) != NULL) {
		struct city *c = &w->cities[w->city_count];

		number++;
		if (w->city_count == CITIES_MAX || city_parse(line, c) != ERR_OK)
			goto wrong;
		upto += c->population;
		c->population_upto = upto;
		c->seat = w->city_count++;
	}
	if (w->city_count == 0)
		goto wrong;
	(void)fclose(f);
	return ERR_OK;

wrong:
	(void)fclose(f);
	log_error(LOG_MSG("not a file of cities"), LOG_STR("file", file), LOG_INT("line", number));
	return ERR_IO;
}

struct remainder {
	int64_t rest;
	int32_t city;
};

static int
remainder_compare(const void *a, const void *b)
{
	const struct remainder *x = a, *y = b;

	if (x->rest != y->rest)
		return x->rest < y->rest ? 1 : -1;
	return (x->city > y->city) - (x->city < y->city);
}

enum err
cities_share(const struct world *w, int32_t total, int32_t *share)
{
	int64_t people = w->cities[w->city_count - 1].population_upto;
	int32_t left = total;
	struct remainder *r = calloc((size_t)w->city_count, sizeof(*r));

	if (r == NULL)
		return ERR_NO_MEMORY;
	for (int32_t i = 0; i < w->city_count; i++) {
		int64_t weighted = w->cities[i].population * total;

		share[i] = (int32_t)(weighted / people);
		r[i] = (struct remainder){.rest = weighted % people, .city = i};
		left -= share[i];
	}
	qsort(r, (size_t)w->city_count, sizeof(*r), remainder_compare);
	assert(left >= 0 && left <= w->city_count);
	for (int32_t i = 0; i < left; i++)
		share[r[i].city]++;
	free(r);
	return ERR_OK;
}

double
cities_distance_km(double lat1, double lon1, double lat2, double lon2)
{
	const double rad = 3.14159265358979323846 / 180.0;
	double a = sin((lat2 - lat1) * rad / 2), b = sin((lon2 - lon1) * rad / 2);
	double h = a * a + cos(lat1 * rad) * cos(lat2 * rad) * b * b;

	return 2 * 6371.0 * asin(sqrt(h < 1 ? h : 1));
}
