#include "flow/act_plan.h"

#include <assert.h>
#include <string.h>

#include "domain/serial.h"

#define NOTE_CHARACTERS_MAX 200

/* ---- Units that part ----------------------------------------------------------------------------- */

/* Units that this act parted from other fulfilments have the next numbers. */
static int
parted_before(const struct act_run *r)
{
	int count = 0;

	for (int i = 0; i < r->in.fulfilment_count; i++)
		count += r->in.fulfilments[i].was == NULL;
	return count;
}

enum err
act_split_off(struct act_run *r, struct fulfilment_read *is, const int32_t *quantity,
    struct fulfilment_read **off)
{
	struct fulfilment_line_read *stay, *part;
	int stays = 0, parts = 0;

	stay = arena_array(r->arena, (size_t)is->line_count, sizeof(*stay));
	part = arena_array(r->arena, (size_t)is->line_count, sizeof(*part));
	*off = act_change(r, is);
	if (stay == NULL || part == NULL || *off == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < is->line_count; i++) {
		assert(quantity[i] >= 0 && quantity[i] <= is->lines[i].quantity);
		if (quantity[i] > 0) {
			part[parts] = is->lines[i];
			part[parts++].quantity = quantity[i];
		}
		if (quantity[i] < is->lines[i].quantity) {
			stay[stays] = is->lines[i];
			stay[stays++].quantity -= quantity[i];
		}
	}
	assert(stays > 0 && parts > 0);
	(*off)->number = act_number_next(r->order) + parted_before(r);
	r->in.fulfilments[r->in.fulfilment_count - 1].was = NULL;
	(*off)->split_from = is->number;
	(*off)->takes_capacity = false; /* one of a day and a slot stay with what goes on */
	(*off)->has_slot = false;
	(*off)->lines = part;
	(*off)->line_count = parts;
	is->lines = stay;
	is->line_count = stays;
	return ERR_OK;
}

/* ---- What callers give ---------------------------------------------------------------------------- */

enum err
act_note_check(struct reason *r, const char *note, bool needed)
{
	int characters = 0;

	for (const char *p = note; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p == 0x7f)
			return reason_set(r, ERR_BAD_FIELD, "note", "has a control character");
		characters += ((unsigned char)*p & 0xc0) != 0x80;
	}
	if (characters > NOTE_CHARACTERS_MAX)
		return reason_set(r, ERR_BAD_FIELD, "note", "has more than %d characters",
		    NOTE_CHARACTERS_MAX);
	if (needed && characters == 0)
		return reason_set(r, ERR_BAD_FIELD, "note", "is needed with this reason");
	return ERR_OK;
}

static bool
is_serialised(const struct act_call *c, const struct fulfilment_line_read *l)
{
	const struct world *w = c->run.world;

	return w->skus[world_sku(w, l->sku)].serialised;
}

/* The sku of the order's line in ${ful}, if it is serialised; 0: not. */
static int32_t
serialised_sku(const struct act_call *c, const struct fulfilment_read *ful, int32_t line)
{
	for (int i = 0; i < ful->line_count; i++)
		if (ful->lines[i].line == line && is_serialised(c, &ful->lines[i]))
			return ful->lines[i].sku;
	return 0;
}

/* What needs numbers, each sku once. */
static enum err
serial_needs(const struct act_call *c, const struct fulfilment_read *ful, struct serial_need **out,
    int *count)
{
	struct serial_need *need;
	int n = 0, at;

	need = arena_array(c->run.arena, (size_t)ful->line_count, sizeof(*need));
	if (need == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < ful->line_count; i++) {
		if (!is_serialised(c, &ful->lines[i]))
			continue;
		for (at = 0; at < n && need[at].sku != ful->lines[i].sku; at++)
			continue;
		if (at == n)
			need[n++] = (struct serial_need){.sku = ful->lines[i].sku};
		need[at].quantity += ful->lines[i].quantity;
	}
	*out = need;
	*count = n;
	return ERR_OK;
}

/* Each line once, with as many numbers as it has units. */
static enum err
line_serials(struct act_call *c, const struct fulfilment_read *ful,
    Yuncang__V1__Serials *const *given, size_t count, struct serial **out, int *out_count)
{
	struct serial *s;
	size_t total = 0, n = 0;

	for (size_t i = 0; i < count; i++)
		total += given[i]->n_serials;
	s = arena_array(c->run.arena, total, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		int32_t sku = serialised_sku(c, ful, given[i]->line);

		if (sku == 0)
			return reason_set(c->run.reason, ERR_BAD_FIELD, "serials",
			    "line %d of this fulfilment is not handed over with numbers",
			    given[i]->line);
		for (size_t k = 0; k < given[i]->n_serials; k++)
			s[n++] = (struct serial){.sku = sku, .text = given[i]->serials[k]};
	}
	*out = s;
	*out_count = (int)n;
	return ERR_OK;
}

/* Only what left with a fulfilment can come back of it. */
static bool
went_out(const struct order_read *o, const struct fulfilment_read *ful, const struct serial *s)
{
	for (int i = 0; i < o->serial_count; i++)
		if (o->serials[i].sku == s->sku && o->serials[i].number == ful->number &&
		    strcmp(o->serials[i].text, s->text) == 0)
			return true;
	return false;
}

enum err
act_serials(struct act_call *c, const struct fulfilment_read *ful,
    Yuncang__V1__Serials *const *given, size_t count, bool back)
{
	struct act_serial *rows;
	struct serial_need *need = NULL;
	struct serial *s = NULL;
	int need_count = 0, s_count = 0;
	enum err e;

	e = serial_needs(c, ful, &need, &need_count);
	if (e == ERR_OK)
		e = line_serials(c, ful, given, count, &s, &s_count);
	if (e == ERR_OK)
		e = serials_check(need, need_count, s, s_count, "serials", c->run.reason);
	if (e != ERR_OK)
		return e;
	for (int i = 0; back && i < s_count; i++)
		if (!went_out(c->run.order, ful, &s[i]))
			return reason_set(c->run.reason, ERR_BAD_FIELD, "serials",
			    "number %s did not go out with this fulfilment", s[i].text);
	rows = arena_array(c->run.arena, (size_t)s_count, sizeof(*rows));
	if (rows == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < s_count; i++)
		rows[i] =
		    (struct act_serial){.sku = s[i].sku, .text = s[i].text, .number = ful->number};
	if (back) {
		c->run.in.serials_back = rows;
		c->run.in.serial_back_count = s_count;
	} else {
		c->run.in.serials = rows;
		c->run.in.serial_count = s_count;
	}
	return ERR_OK;
}

const struct policy *
act_policy(const struct act_run *r)
{
	const struct policy *p = catalog_policy(r->app->catalog, r->order->policy_version);

	return p != NULL ? p : policy_at(r->world, r->now_us);
}
