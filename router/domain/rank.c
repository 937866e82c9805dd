/* rank: see the header. */
#include <assert.h>

#include "domain/rank.h"

struct view {
	const struct policy *policy;
	const struct location *location;
	const struct party *party;
	const struct probe *c;
};

static inline int64_t
key_1_source(const struct view *v)
{
	return v->c->step;
}

static inline int64_t
key_2_distance_band(const struct view *v)
{
	if (v->c->distance_m < 0)
		return INT32_MAX;
	return v->policy->distance_band_m > 0 ? v->c->distance_m / v->policy->distance_band_m
	                                      : v->c->distance_m;
}

static inline int64_t
key_3_promise(const struct view *v)
{
	return v->c->promise_to_us;
}

static inline int64_t
key_4_grade(const struct view *v)
{
	return v->party->grade;
}

static inline int64_t
key_5_scorecard(const struct view *v)
{
	return -v->party->accept_bps;
}

static inline int64_t
key_6_load(const struct view *v)
{
	if (v->c->capacity_left < 0)
		return -100;
	return -((int64_t)v->c->capacity_left * 100 / v->c->capacity_limit);
}

static inline int64_t
key_7_cover(const struct view *v)
{
	return -v->c->cover;
}

static inline int64_t
key_8_cost(const struct view *v)
{
	return v->location->handling_cost_fen;
}

static inline int64_t
key_9_preference(const struct view *v)
{
	return v->location->preference;
}

static inline int64_t
key_10_stock(const struct view *v)
{
	return -v->c->available;
}

static inline int64_t
key_of(const struct view *v, enum rank_key k)
{
	switch (k) {
	case RANK_SOURCE:
		return key_1_source(v);
	case RANK_DISTANCE_BAND:
		return key_2_distance_band(v);
	case RANK_PROMISE:
		return key_3_promise(v);
	case RANK_GRADE:
		return key_4_grade(v);
	case RANK_SCORECARD:
		return key_5_scorecard(v);
	case RANK_LOAD:
		return key_6_load(v);
	case RANK_COVER:
		return key_7_cover(v);
	case RANK_COST:
		return key_8_cost(v);
	case RANK_PREFERENCE:
		return key_9_preference(v);
	case RANK_STOCK:
		return key_10_stock(v);
	case RANK_COUNT:
		break;
	}
	assert(!"a key of the table");
	return 0;
}

static struct view
view_of(const struct world *w, const struct policy *p, const struct probe *c)
{
	const struct location *l = &w->locations[c->idx];

	return (struct view){p, l, &w->parties[l->party_idx], c};
}

void
rank_keys(const struct world *w, const struct policy *p, const struct probe *c, int64_t *out)
{
	struct view v = view_of(w, p, c);

	for (int i = 0; i < p->rank_count; i++)
		out[i] = key_of(&v, p->ranking[i]);
}

/* The best so far, worst last; rows stay where they are, order[] moves. */
struct best {
	int count, max;
	int16_t order[CANDIDATES_MAX];
	struct {
		int16_t probe;
		int64_t key[RANK_KEYS_MAX];
		int32_t id;
	} row[CANDIDATES_MAX];
};

static bool
row_before(const struct best *b, int x, int y, int key_count)
{
	for (int i = 0; i < key_count; i++)
		if (b->row[x].key[i] != b->row[y].key[i])
			return b->row[x].key[i] < b->row[y].key[i];
	return b->row[x].id < b->row[y].id;
}

/* Most are worse than the worst by the first key: no further key is then worked out. */
static bool
beats_worst(const struct best *b, const struct view *v)
{
	int worst = b->order[b->count - 1];

	for (int i = 0; i < v->policy->rank_count; i++) {
		int64_t k = key_of(v, v->policy->ranking[i]);

		if (k != b->row[worst].key[i])
			return k < b->row[worst].key[i];
	}
	return v->location->id < b->row[worst].id;
}

static void
insert(struct best *b, const struct view *v, int16_t probe)
{
	int16_t r;
	int at;

	r = b->count < b->max ? (int16_t)b->count : b->order[b->count - 1];
	at = b->count < b->max ? b->count++ : b->count - 1;
	b->row[r].probe = probe;
	b->row[r].id = v->location->id;
	for (int i = 0; i < v->policy->rank_count; i++)
		b->row[r].key[i] = key_of(v, v->policy->ranking[i]);
	for (; at > 0 && row_before(b, r, b->order[at - 1], v->policy->rank_count); at--)
		b->order[at] = b->order[at - 1];
	b->order[at] = r;
}

int
rank_best(const struct world *w, const struct policy *p, const struct judged *j, int max,
    int16_t *best)
{
	struct best b = {.max = max};
	struct view v;

	assert(max > 0 && max <= CANDIDATES_MAX);
	for (int i = 0; i < j->count; i++) {
		if (j->probe[i].out != OUT_NOT)
			continue;
		v = view_of(w, p, &j->probe[i]);
		if (b.count < b.max || beats_worst(&b, &v))
			insert(&b, &v, (int16_t)i);
	}
	for (int i = 0; i < b.count; i++)
		best[i] = b.row[b.order[i]].probe;
	return b.count;
}

bool
rank_before(const struct candidate *a, const struct candidate *b, int key_count)
{
	for (int i = 0; i < key_count; i++)
		if (a->key[i] != b->key[i])
			return a->key[i] < b->key[i];
	return a->location < b->location;
}
