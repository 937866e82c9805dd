#include "flow/contact.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_LEN_MAX 100
#define PHONE_LEN_MAX 32
#define STREET_LEN_MAX 300
#define REGION_LEN_MAX 64

/* The field is written out only when something is wrong. */
static enum err
at(struct reason *r, const char *above, const char *name)
{
	(void)snprintf(r->field, sizeof(r->field), "%s%s%s", above != NULL ? above : "",
	    above != NULL ? "." : "", name);
	return r->err;
}

static enum err
check_text(const char *s, size_t len_max, const char *above, const char *name, struct reason *r)
{
	size_t len = strlen(s);

	if (len <= len_max)
		return ERR_OK;
	(void)reason_set(r, ERR_BAD_FIELD, NULL, "%zu bytes; at most %zu", len, len_max);
	return at(r, above, name);
}

enum err
contact_check_position(const Yuncang__V1__Position *p, const char *above, struct reason *r)
{
	if (p == NULL)
		return ERR_OK;
	if (!(p->latitude >= -90 && p->latitude <= 90)) {
		(void)reason_set(r, ERR_BAD_FIELD, NULL, "must be -90 to 90 degrees");
		return at(r, above, "position.latitude");
	}
	if (!(p->longitude >= -180 && p->longitude <= 180)) {
		(void)reason_set(r, ERR_BAD_FIELD, NULL, "must be -180 to 180 degrees");
		return at(r, above, "position.longitude");
	}
	return ERR_OK;
}

enum err
contact_check(const Yuncang__V1__Address *a, const char *above, struct reason *r)
{
	enum err e = check_text(a->name, NAME_LEN_MAX, above, "name", r);

	if (e == ERR_OK)
		e = check_text(a->phone, PHONE_LEN_MAX, above, "phone", r);
	if (e == ERR_OK)
		e = check_text(a->street, STREET_LEN_MAX, above, "street", r);
	if (e == ERR_OK)
		e = check_text(a->region, REGION_LEN_MAX, above, "region", r);
	return e == ERR_OK ? contact_check_position(a->position, above, r) : e;
}

struct contact_row *
contact_of(const Yuncang__V1__Address *a, struct arena *arena)
{
	struct contact_row *c = arena_zalloc(arena, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->name = a != NULL ? a->name : "";
	c->phone = a != NULL ? a->phone : "";
	c->street = a != NULL ? a->street : "";
	c->region = a != NULL ? a->region : "";
	if (a != NULL && a->position != NULL) {
		c->has_position = true;
		c->lat_e6 = (int32_t)lround(a->position->latitude * 1e6);
		c->lon_e6 = (int32_t)lround(a->position->longitude * 1e6);
	}
	return c;
}
