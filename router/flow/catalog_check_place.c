/* Checks of locations and slots. */
#include <math.h>
#include <string.h>

#include "base/money.h"
#include "base/parse.h"
#include "flow/catalog_check.h"
#include "flow/convert.h"

#define MINUTES_DAY 1440
#define LEAD_MIN_MAX (30 * MINUTES_DAY)
#define ACCEPT_MIN_MAX (7 * MINUTES_DAY)
#define CAPACITY_MAX 1000000
#define RADIUS_M_MAX 1000000
#define PREFERENCE_MAX 1000000
#define ZONE_BYTES_MAX 64
#define OFFSET_MIN_MAX (14 * 60)

static enum err
range(struct check *c, const char *name, int64_t v, int64_t min, int64_t max)
{
	return convert_range(c->r, AT(c->above, name), v, min, max);
}

/* "+08:00"; false: it is not of that form. */
static bool
offset_parse(const char *s, int16_t *min)
{
	int hours, minutes, i;

	if (strlen(s) != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':')
		return false;
	for (i = 1; i < 6; i++)
		if (i != 3 && (s[i] < '0' || s[i] > '9'))
			return false;
	hours = (s[1] - '0') * 10 + s[2] - '0';
	minutes = (s[4] - '0') * 10 + s[5] - '0';
	if (minutes > 59 || hours * 60 + minutes > OFFSET_MIN_MAX)
		return false;
	*min = (int16_t)(hours * 60 + minutes);
	if (s[0] == '-')
		*min = (int16_t) - *min;
	return true;
}

/* Zones that never change their clocks; others are given as an offset. */
static enum err
zone(struct check *c, const char *name, struct location_row *out)
{
	static const struct {
		const char *name;
		int16_t min;
	} zones[] = {
	    {"Asia/Shanghai", 480},
	    {"Asia/Chongqing", 480},
	    {"Asia/Harbin", 480},
	    {"Asia/Urumqi", 360},
	    {"Asia/Hong_Kong", 480},
	    {"Asia/Macau", 480},
	    {"Asia/Taipei", 480},
	    {"Asia/Singapore", 480},
	    {"Asia/Kuala_Lumpur", 480},
	    {"Asia/Manila", 480},
	    {"Asia/Tokyo", 540},
	    {"Asia/Seoul", 540},
	    {"Asia/Bangkok", 420},
	    {"Asia/Ho_Chi_Minh", 420},
	    {"Asia/Jakarta", 420},
	    {"Asia/Kolkata", 330},
	    {"Asia/Dubai", 240},
	    {"UTC", 0},
	    {"Etc/UTC", 0},
	};
	size_t i;

	out->time_zone = name[0] == '\0' ? zones[0].name : name;
	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		if (strcmp(out->time_zone, zones[i].name) != 0)
			continue;
		out->l.tz_min = zones[i].min;
		return ERR_OK;
	}
	if (strlen(name) <= ZONE_BYTES_MAX && offset_parse(name, &out->l.tz_min))
		return ERR_OK;
	return convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, "time_zone"),
	    "not a zone that is known; give its offset, such as +08:00");
}

static enum err
hours(struct check *c, const Yuncang__V1__Location *m, struct hours *out)
{
	const Yuncang__V1__OpeningHours *h;
	bool named[HOURS_MAX] = {false};
	enum err e;
	size_t i, n;
	int day;

	out->always = m->n_hours == 0;
	for (i = 0; i < m->n_hours; i++) {
		h = m->hours[i];
		e = h->n_weekdays > 0 && h->open_minute >= 0 && h->open_minute < h->close_minute &&
		        h->close_minute <= MINUTES_DAY
		    ? ERR_OK
		    : convert_fail(c->r, ERR_BAD_FIELD, AT_INDEX(c->above, "hours", (int)i),
		          "needs weekdays, and 0 <= open_minute < close_minute <= 1440");
		for (n = 0; e == ERR_OK && n < h->n_weekdays; n++) {
			day = h->weekdays[n] - 1;
			if (day < 0 || day >= HOURS_MAX || named[day]) {
				e = convert_fail(c->r, ERR_BAD_FIELD,
				    AT_INDEX(c->above, "hours", (int)i),
				    "weekdays are 1 to 7, each once");
				break;
			}
			named[day] = true;
			out->open[day] = (int16_t)h->open_minute;
			out->close[day] = (int16_t)h->close_minute;
		}
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
ways(struct check *c, const Yuncang__V1__Location *m, uint8_t *out)
{
	enum err e;
	size_t i;

	*out = 0;
	for (i = 0; i < m->n_ways; i++) {
		e = convert_range(c->r, AT_INDEX(c->above, "ways", (int)i), (int64_t)m->ways[i],
		    WAY_SHIP, WAY_DELIVER);
		if (e != ERR_OK)
			return e;
		if (m->kind != (int)LOC_STORE && m->ways[i] != (int)WAY_SHIP)
			return convert_fail(c->r, ERR_BAD_FIELD, AT_INDEX(c->above, "ways", (int)i),
			    "only a store can do that");
		*out = (uint8_t)(*out | 1u << m->ways[i]);
	}
	return ERR_OK;
}

static enum err
position(struct check *c, const Yuncang__V1__Position *p, struct location *out)
{
	if (p == NULL)
		return convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, "position"), "must be set");
	if (!(p->latitude >= -90 && p->latitude <= 90))
		return convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, "position.latitude"),
		    "must be from -90 to 90 degrees");
	if (!(p->longitude >= -180 && p->longitude <= 180))
		return convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, "position.longitude"),
		    "must be from -180 to 180 degrees");
	out->lat_e6 = (int32_t)lround(p->latitude * 1e6);
	out->lon_e6 = (int32_t)lround(p->longitude * 1e6);
	return ERR_OK;
}

static enum err
numbers(struct check *c, const Yuncang__V1__Location *m, struct location *l)
{
	enum err e;

	l->lead_min = m->lead_minutes;
	l->accept_min = m->accept_minutes;
	l->capacity_day = m->capacity_per_day;
	l->deliver_radius_m = m->deliver_radius_m;
	l->preference = m->preference;
	l->handling_cost_fen = m->handling_cost_fen;
	l->cut_off_min = m->cut_off_minute;
	l->disabled = m->disabled;
	e = range(c, "lead_minutes", m->lead_minutes, 0, LEAD_MIN_MAX);
	if (e == ERR_OK)
		e = range(c, "accept_minutes", m->accept_minutes, 0, ACCEPT_MIN_MAX);
	if (e == ERR_OK)
		e = range(c, "capacity_per_day", m->capacity_per_day, 0, CAPACITY_MAX);
	if (e == ERR_OK)
		e = range(c, "deliver_radius_m", m->deliver_radius_m, 0, RADIUS_M_MAX);
	if (e == ERR_OK)
		e = range(c, "preference", m->preference, -PREFERENCE_MAX, PREFERENCE_MAX);
	if (e == ERR_OK)
		e = range(c, "handling_cost_fen", m->handling_cost_fen, 0, FEN_MAX);
	if (e == ERR_OK)
		e = range(c, "cut_off_minute", m->cut_off_minute, 0, MINUTES_DAY - 1);
	return e;
}

enum err
check_location(struct check *c, const Yuncang__V1__Location *m, struct location_row *out)
{
	enum err e;

	*out = (struct location_row){.code = m->code,
	    .operator_code = m->operator_,
	    .region = m->region};
	out->l.kind = (enum location_kind)m->kind;
	e = check_code(c, "code", -1, m->code);
	if (e == ERR_OK)
		e = range(c, "kind", (int64_t)m->kind, LOC_SITE, LOC_STORE);
	if (e == ERR_OK)
		e = check_code(c, "operator", -1, m->operator_);
	if (e == ERR_OK)
		e = ways(c, m, &out->l.ways);
	if (e == ERR_OK)
		e = position(c, m->position, &out->l);
	if (e == ERR_OK && m->region[0] != '\0')
		e = check_region(c, "region", -1, m->region);
	if (e == ERR_OK)
		e = zone(c, m->time_zone, out);
	if (e == ERR_OK)
		e = hours(c, m, &out->l.hours);
	return e != ERR_OK ? e : numbers(c, m, &out->l);
}

enum err
check_slot(struct check *c, const Yuncang__V1__Slot *m, struct slot_row *out)
{
	enum err e;

	*out = (struct slot_row){.location = m->location,
	    .limit = m->limit,
	    .from_min = (int16_t)m->from_minute,
	    .to_min = (int16_t)m->to_minute};
	e = check_code(c, "location", -1, m->location);
	if (e == ERR_OK && (parse_day(m->date, &out->day) != ERR_OK || out->day < 0))
		e = convert_fail(c->r, ERR_BAD_FIELD, AT(c->above, "date"),
		    "must be a date like 2026-11-21");
	if (e == ERR_OK)
		e = range(c, "from_minute", m->from_minute, 0, MINUTES_DAY - 1);
	if (e == ERR_OK)
		e = range(c, "to_minute", m->to_minute, (int64_t)m->from_minute + 1, MINUTES_DAY);
	return e != ERR_OK ? e : range(c, "limit", m->limit, 0, CAPACITY_MAX);
}
