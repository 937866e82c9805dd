#include "store/catalog_world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "domain/party.h"

enum err
class_list_init(struct class_list *l)
{
	*l = (struct class_list){.names = {.row_size = sizeof(const char *)}};
	l->arena = arena_new(PART_MEMORY_MAX);
	if (l->arena == NULL)
		return ERR_NO_MEMORY;
	return strmap_init(&l->index, 64);
}

void
class_list_release(struct class_list *l)
{
	strmap_release(&l->index);
	table_release(&l->names);
	arena_free(l->arena);
}

static enum err
class_index(struct class_list *l, const char *name, int32_t *out)
{
	const char **row;
	uint32_t found;

	found = strmap_get(&l->index, name);
	if (found != STRMAP_NONE) {
		*out = (int32_t)found;
		return ERR_OK;
	}
	if (l->names.count >= CLASSES_MAX)
		return ERR_TOO_LARGE;
	row = table_add(&l->names);
	if (row == NULL)
		return ERR_NO_MEMORY;
	*row = arena_strdup(l->arena, name);
	if (*row == NULL) {
		l->names.count--;
		return ERR_NO_MEMORY;
	}
	*out = l->names.count - 1;
	return strmap_put(&l->index, *row, (uint32_t)*out, NULL);
}

/* ---- Compiled policies and books --------------------------------------------------------------- */

const struct compiled *
compiled_find(const struct compiled_list *l, bool book, int32_t version)
{
	const struct compiled *rows = l->rows.rows;
	int32_t i;

	for (i = 0; i < l->rows.count; i++)
		if (rows[i].book == book && rows[i].version == version)
			return &rows[i];
	return NULL;
}

void
compiled_release(struct compiled_list *l)
{
	struct compiled *rows = l->rows.rows;
	int32_t i;

	for (i = 0; i < l->rows.count; i++) {
		if (rows[i].book)
			l->compile->book_free(rows[i].split_book);
		else
			l->compile->policy_free(rows[i].policy);
	}
	table_release(&l->rows);
}

static enum err
compile_one(struct compiled_list *l, const struct world *w, const struct version_row *v)
{
	const struct catalog_compile *k = l->compile;
	struct compiled made = {.version = v->version, .book = v->book};
	struct reason r = {0};
	struct compiled *row;
	enum err e;

	if (compiled_find(l, v->book, v->version) != NULL)
		return ERR_OK;
	if (l->rows.count >= VERSIONS_MAX)
		return ERR_TOO_LARGE;
	if (v->book)
		e = k->book(k->ctx, w, v->version, v->effective_from_us, v->body, &made.split_book,
		    &r);
	else
		e = k->policy(k->ctx, w, v->version, v->effective_from_us, v->body, &made.policy,
		    &r);
	if (e != ERR_OK) {
		log_error(LOG_MSG(v->book ? "a split rule book cannot be used"
		                          : "a routing policy cannot be used"),
		    LOG_INT("version", v->version), LOG_STR("err", err_name(e)),
		    LOG_STR("field", r.field), LOG_STR("text", r.text));
		return ERR_OK;
	}
	row = table_add(&l->rows);
	if (row != NULL) {
		*row = made;
		return ERR_OK;
	}
	if (v->book)
		k->book_free(made.split_book);
	else
		k->policy_free(made.policy);
	return ERR_NO_MEMORY;
}

static int
version_order(const void *a, const void *b)
{
	const struct version_row *x = a, *y = b;

	if (x->effective_from_us != y->effective_from_us)
		return x->effective_from_us < y->effective_from_us ? -1 : 1;
	return (x->version > y->version) - (x->version < y->version);
}

static enum err
build_versions(struct snapshot *s, struct compiled_list *l)
{
	struct part *p = s->parts[PART_POLICIES];
	struct version_row *v = p->rows.rows;
	const struct compiled *c;
	struct world *w = &s->world;
	enum err e;
	int32_t i, count;

	count = p->rows.count;
	if (count > 0)
		qsort(v, (size_t)count, sizeof(*v), version_order);
	for (i = 0; i < count; i++) {
		e = compile_one(l, w, &v[i]);
		if (e != ERR_OK)
			return e;
	}
	w->policies = arena_array(s->arena, (size_t)count, sizeof(struct policy *));
	w->books = arena_array(s->arena, (size_t)count, sizeof(struct split_book *));
	if (w->policies == NULL || w->books == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < count; i++) {
		c = v[i].active ? compiled_find(l, v[i].book, v[i].version) : NULL;
		if (c == NULL)
			continue;
		if (c->book)
			w->books[w->book_count++] = c->split_book;
		else
			w->policies[w->policy_count++] = c->policy;
	}
	return ERR_OK;
}

/* ---- Rows -------------------------------------------------------------------------------------- */

/* An index by id, all NONE. */
static int32_t *
id_index(struct snapshot *s, int32_t id_max)
{
	int32_t *index, i;

	index = arena_array(s->arena, (size_t)id_max, sizeof(*index));
	for (i = 0; index != NULL && i < id_max; i++)
		index[i] = NONE;
	return index;
}

static enum err
build_parties(struct snapshot *s)
{
	struct table *t = &s->parts[PART_PARTIES]->rows;
	struct world *w = &s->world;
	enum err e;
	int32_t i;

	w->parties = t->rows; /* read in order of id, and kept as long as the part */
	w->party_count = t->count;
	w->party_id_max = t->count == 0 ? 0 : w->parties[t->count - 1].id + 1;
	w->party_by_id = id_index(s, w->party_id_max);
	if (w->party_by_id == NULL)
		return ERR_NO_MEMORY;
	e = strmap_init(&w->party_code, (size_t)t->count);
	for (i = 0; e == ERR_OK && i < t->count; i++) {
		w->party_by_id[w->parties[i].id] = i;
		if (w->parties[i].kind == PARTY_BRAND)
			w->brand = w->parties[i].id;
		e = strmap_put(&w->party_code, w->parties[i].code, (uint32_t)i, NULL);
	}
	if (e == ERR_OK)
		world_parties_index(w);
	return e;
}

static enum err
build_territories(struct snapshot *s)
{
	struct part *p = s->parts[PART_TERRITORIES];
	const struct region_row *r = p->extra.rows;
	struct world *w = &s->world;
	int32_t *by_id, i, id_max;
	enum err e;

	w->territories = p->rows.rows;
	w->territory_count = p->rows.count;
	e = strmap_init(&w->territory_code, (size_t)w->territory_count);
	for (i = 0; e == ERR_OK && i < w->territory_count; i++)
		e = strmap_put(&w->territory_code, w->territories[i].code, (uint32_t)i, NULL);
	if (e == ERR_OK)
		e = strmap_init(&w->region, (size_t)p->extra.count);
	if (e != ERR_OK)
		return e;
	id_max = w->territory_count == 0 ? 0 : w->territories[w->territory_count - 1].id + 1;
	by_id = id_index(s, id_max);
	if (by_id == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < w->territory_count; i++)
		by_id[w->territories[i].id] = i;
	for (i = 0; e == ERR_OK && i < p->extra.count; i++) {
		assert(r[i].territory < id_max && by_id[r[i].territory] != NONE);
		e = strmap_put(&w->region, r[i].code, (uint32_t)by_id[r[i].territory], NULL);
	}
	return e;
}

/* Copies, because the map has an order of its own, and indexes differ from world to world. */
static enum err
copy_locations(struct snapshot *s)
{
	struct table *t = &s->parts[PART_LOCATIONS]->rows;
	const struct location_part_row *row = t->rows;
	struct world *w = &s->world;
	struct location *l;
	int32_t i;

	w->location_count = t->count;
	w->location_id_max = t->count == 0 ? 0 : row[t->count - 1].l.id + 1;
	w->location_by_id = id_index(s, w->location_id_max);
	w->locations = arena_array(s->arena, (size_t)t->count, sizeof(*l));
	if (w->location_by_id == NULL || w->locations == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < t->count; i++) {
		l = &w->locations[i];
		*l = row[i].l;
		l->party_idx = world_party(w, l->party);
		assert(l->party_idx != NONE); /* parties are in the same snapshot */
		l->territory = world_region(w, row[i].region);
	}
	if (t->count > 0)
		qsort(w->locations, (size_t)t->count, sizeof(*l), world_location_order);
	return ERR_OK;
}

static enum err
build_locations(struct snapshot *s)
{
	struct world *w = &s->world;
	size_t count, cells;
	enum err e;
	int32_t i;

	e = copy_locations(s);
	if (e != ERR_OK)
		return e;
	count = (size_t)w->location_count;
	world_grid_bounds(w);
	cells = (size_t)w->grid.rows * (size_t)w->grid.cols + 1;
	w->grid.cell_first = arena_array(s->arena, cells, sizeof(int32_t));
	w->vx = arena_array(s->arena, count, sizeof(float));
	w->vy = arena_array(s->arena, count, sizeof(float));
	w->vz = arena_array(s->arena, count, sizeof(float));
	w->location_keys = arena_array(s->arena, count, sizeof(*w->location_keys));
	if (w->grid.cell_first == NULL || w->vx == NULL || w->vy == NULL || w->vz == NULL ||
	    w->location_keys == NULL)
		return ERR_NO_MEMORY;
	world_grid_fill(w);
	e = strmap_init(&w->location_code, count);
	for (i = 0; e == ERR_OK && i < w->location_count; i++) {
		w->location_by_id[w->locations[i].id] = i;
		e = strmap_put(&w->location_code, w->locations[i].code, (uint32_t)i, NULL);
	}
	return e;
}

/* SITE and CLOUD stand behind the stores by id; ties of preference keep that order. */
static enum err
build_central(struct snapshot *s)
{
	struct world *w = &s->world;
	int32_t i, at, key;

	w->central_count = w->location_count - w->store_count;
	w->central = arena_array(s->arena, (size_t)w->central_count, sizeof(int32_t));
	if (w->central == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < w->central_count; i++) {
		key = w->locations[w->store_count + i].preference;
		for (at = i; at > 0 && w->locations[w->central[at - 1]].preference > key; at--)
			w->central[at] = w->central[at - 1];
		w->central[at] = w->store_count + i;
	}
	return ERR_OK;
}

static enum err
build_party_stores(struct snapshot *s)
{
	struct world *w = &s->world;
	int32_t i, *first, *fill;

	first = arena_array(s->arena, (size_t)w->party_count + 1, sizeof(int32_t));
	fill = arena_array(s->arena, (size_t)w->party_count + 1, sizeof(int32_t));
	w->party_stores = arena_array(s->arena, (size_t)w->store_count, sizeof(int32_t));
	if (first == NULL || fill == NULL || w->party_stores == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < w->store_count; i++)
		first[w->locations[i].party_idx + 1]++;
	for (i = 0; i < w->party_count; i++)
		first[i + 1] += first[i];
	for (i = 0; i < w->store_count; i++)
		w->party_stores[first[w->locations[i].party_idx] +
		    fill[w->locations[i].party_idx]++] = i;
	w->party_first = first;
	return ERR_OK;
}

static enum err
build_storefronts(struct snapshot *s)
{
	struct table *t = &s->parts[PART_STOREFRONTS]->rows;
	const struct storefront_part_row *row = t->rows;
	struct world *w = &s->world;
	enum err e;
	int32_t i;

	w->storefront_count = t->count;
	w->storefront_id_max = t->count == 0 ? 0 : row[t->count - 1].f.id + 1;
	w->storefront_by_id = id_index(s, w->storefront_id_max);
	w->storefronts = arena_array(s->arena, (size_t)t->count, sizeof(struct storefront));
	if (w->storefront_by_id == NULL || w->storefronts == NULL)
		return ERR_NO_MEMORY;
	e = strmap_init(&w->storefront_code, (size_t)t->count);
	for (i = 0; e == ERR_OK && i < t->count; i++) {
		w->storefronts[i] = row[i].f;
		w->storefronts[i].location = world_location(w, row[i].f.location);
		w->storefront_by_id[row[i].f.id] = i;
		e = strmap_put(&w->storefront_code, row[i].f.code, (uint32_t)i, NULL);
	}
	return e;
}

static enum err
build_classes(struct snapshot *s, struct class_list *l)
{
	struct world *w = &s->world;
	enum err e;
	int32_t i;

	w->class_count = l->names.count;
	w->classes = arena_array(s->arena, (size_t)w->class_count, sizeof(const char *));
	if (w->classes == NULL)
		return ERR_NO_MEMORY;
	e = strmap_init(&w->class_code, (size_t)w->class_count);
	for (i = 0; e == ERR_OK && i < w->class_count; i++) {
		w->classes[i] = ((const char **)l->names.rows)[i];
		e = strmap_put(&w->class_code, w->classes[i], (uint32_t)i, NULL);
	}
	return e;
}

static enum err
build_skus(struct snapshot *s, struct class_list *l)
{
	struct table *t = &s->parts[PART_SKUS]->rows;
	const struct sku_part_row *row = t->rows;
	struct world *w = &s->world;
	enum err e;
	int32_t i;

	w->sku_count = t->count;
	w->sku_id_max = t->count == 0 ? 0 : row[t->count - 1].s.id + 1;
	w->sku_by_id = id_index(s, w->sku_id_max);
	w->skus = arena_array(s->arena, (size_t)t->count, sizeof(struct sku));
	if (w->sku_by_id == NULL || w->skus == NULL)
		return ERR_NO_MEMORY;
	e = strmap_init(&w->sku_code, (size_t)t->count);
	for (i = 0; e == ERR_OK && i < t->count; i++) {
		w->skus[i] = row[i].s;
		w->sku_by_id[row[i].s.id] = i;
		e = class_index(l, row[i].class_name, &w->skus[i].class_idx);
		w->skus[i].tax_idx = NONE;
		if (e == ERR_OK && row[i].tax_class[0] != '\0')
			e = class_index(l, row[i].tax_class, &w->skus[i].tax_idx);
		if (e == ERR_OK)
			e = strmap_put(&w->sku_code, row[i].s.code, (uint32_t)i, NULL);
	}
	return e == ERR_OK ? build_classes(s, l) : e;
}

static enum err
build_campaigns(struct snapshot *s)
{
	struct part *p = s->parts[PART_CAMPAIGNS];
	struct world *w = &s->world;
	enum err e;
	int32_t i;

	w->campaigns = p->rows.rows;
	w->campaign_count = p->rows.count;
	w->campaign_skus = p->extra.rows;
	w->campaign_id_max = w->campaign_count == 0 ? 0
	                                            : w->campaigns[w->campaign_count - 1].id + 1;
	w->campaign_by_id = id_index(s, w->campaign_id_max);
	if (w->campaign_by_id == NULL)
		return ERR_NO_MEMORY;
	e = strmap_init(&w->campaign_code, (size_t)w->campaign_count);
	for (i = 0; e == ERR_OK && i < w->campaign_count; i++) {
		w->campaign_by_id[w->campaigns[i].id] = i;
		e = strmap_put(&w->campaign_code, w->campaigns[i].code, (uint32_t)i, NULL);
	}
	return e;
}

enum err
snapshot_build(struct part *const parts[PART_COUNT], struct class_list *classes,
    struct compiled_list *compiled, struct snapshot **out)
{
	struct snapshot *s;
	enum err e;
	int i;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->pins = 1;
	s->arena = arena_new(WORLD_MEMORY_MAX);
	e = s->arena == NULL ? ERR_NO_MEMORY : ERR_OK;
	for (i = 0; i < PART_COUNT; i++) {
		s->parts[i] = part_keep(parts[i]);
		s->world.version += parts[i]->version;
	}
	if (e == ERR_OK)
		e = build_parties(s);
	if (e == ERR_OK)
		e = build_territories(s);
	if (e == ERR_OK)
		e = build_locations(s);
	if (e == ERR_OK)
		e = build_central(s);
	if (e == ERR_OK)
		e = build_party_stores(s);
	if (e == ERR_OK)
		e = build_storefronts(s);
	if (e == ERR_OK)
		e = build_skus(s, classes);
	if (e == ERR_OK)
		e = build_campaigns(s);
	if (e == ERR_OK)
		e = build_versions(s, compiled);
	if (e != ERR_OK) {
		snapshot_free(s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

void
snapshot_free(struct snapshot *s)
{
	struct world *w;
	int i;

	if (s == NULL)
		return;
	w = &s->world;
	strmap_release(&w->region);
	strmap_release(&w->party_code);
	strmap_release(&w->location_code);
	strmap_release(&w->storefront_code);
	strmap_release(&w->sku_code);
	strmap_release(&w->class_code);
	strmap_release(&w->campaign_code);
	strmap_release(&w->territory_code);
	for (i = 0; i < PART_COUNT; i++)
		part_drop(s->parts[i]);
	arena_free(s->arena);
	free(s);
}
