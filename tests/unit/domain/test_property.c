/*
 * What must hold of every decision, over seeded worlds: nothing is given that is not there, the same
 * input gives the same bytes however it is laid out, everyone has one reason, a record replays equal, and
 * a reader of records survives any bytes.  DECIDE_SEED=n runs another draw.
 */
#include "domain/random_world.h"
#include "domain/record.h"
#include "draw.h"
#include "unit.h"

#define WORLDS 3000
#define MUTATIONS 20000
#define RECORD_MAX 65536

static int64_t
given(const struct plan *plan, int line, const struct part **only)
{
	int64_t n = 0;

	for (int i = 0; i < plan->part_count; i++)
		for (int k = 0; k < plan->parts[i].line_count; k++)
			if (plan->parts[i].lines[k].line == line) {
				n += plan->parts[i].lines[k].quantity;
				*only = &plan->parts[i];
			}
	return n;
}

static void
check_stock(struct fixture *f, const struct plan *plan)
{
	for (int32_t l = 1; l <= f->world.location_count; l++)
		for (int32_t s = 1; s <= f->world.sku_count; s++)
			for (int32_t o = 1; o <= f->world.party_count; o++) {
				const struct stock_hint *h = hints_stock(&f->hints, l, s, o);
				int64_t n = 0;

				for (int i = 0; i < plan->part_count; i++)
					for (int k = 0; k < plan->parts[i].line_count; k++) {
						const struct part_line *x =
						    &plan->parts[i].lines[k];

						if (plan->parts[i].location == l &&
						    x->goods_owner == o && x->stocked &&
						    f->lines[x->line].sku + 1 == s)
							n += x->quantity;
					}
				if (n > 0)
					assert_true(h != NULL && n <= h->atp - h->inflight);
			}
}

static void
check_entitlement(struct fixture *f, const struct plan *plan)
{
	for (int32_t s = 1; s <= f->world.sku_count; s++) {
		const struct entitlement_hint *e = hints_entitlement(&f->hints, f->owner.dealer, s);
		int64_t n = 0;

		if (!f->skus[s - 1].scarce)
			continue;
		for (int i = 0; i < plan->part_count; i++)
			for (int k = 0; k < plan->parts[i].line_count; k++) {
				const struct part_line *x = &plan->parts[i].lines[k];

				if (plan->parts[i].cloud && x->stocked &&
				    f->lines[x->line].sku + 1 == s)
					n += x->quantity;
			}
		assert_true(n == 0 || n <= e->ceiling - e->used);
	}
}

/* A location's capacity is a day's: goods made to order are promised for another. */
static void
check_capacity(struct fixture *f, const struct plan *plan)
{
	for (int i = 0; i < plan->part_count; i++) {
		const struct part *p = &plan->parts[i];
		int n = 0;

		for (int k = 0; k < plan->part_count; k++)
			n += plan->parts[k].takes_capacity &&
			    plan->parts[k].location == p->location &&
			    plan->parts[k].capacity_day == p->capacity_day;
		if (p->takes_capacity)
			assert_true(n <= fixture_at(f, p->location)->capacity_day);
	}
}

static void
check_together(struct fixture *f, const struct plan *plan)
{
	const struct part *a = NULL, *b = NULL;

	for (int i = 0; i < f->request.line_count; i++)
		for (int k = 0; k < i; k++)
			if (f->lines[i].together > 0 &&
			    f->lines[i].together == f->lines[k].together &&
			    given(plan, i, &a) > 0) {
				assert_int_equal(given(plan, k, &b), f->lines[k].quantity);
				assert_int_equal(a->location, b->location);
			}
}

static void
check_plan(struct fixture *f, const struct plan *plan)
{
	const struct part *part;
	int64_t n;

	assert_true(plan->part_count >= 1 && plan->part_count <= f->policy.max_parcels);
	for (int i = 0; i < f->request.line_count; i++) {
		n = given(plan, i, &part);
		assert_true(n <= f->lines[i].quantity);
		assert_true(f->policy.partial || n == f->lines[i].quantity);
	}
	for (int i = 0; i < plan->part_count; i++)
		assert_true(plan->parts[i].line_count > 0);
	check_stock(f, plan);
	check_entitlement(f, plan);
	check_capacity(f, plan);
	check_together(f, plan);
}

static void
check_reasons(const struct decision *d)
{
	for (int i = 0; i < d->run_count; i++) {
		const struct step_run *r = &d->runs[i];
		int n = r->candidate_count;

		for (int k = 0; k < OUT_COUNT; k++) {
			assert_true(r->rest[k] >= 0);
			n += r->rest[k];
		}
		assert_int_equal(n, r->examined);
		for (int k = 0; k < r->candidate_count; k++) {
			assert_true(r->candidates[k].out < OUT_COUNT);
			assert_true(!r->candidates[k].chosen || r->candidates[k].out == OUT_NOT);
		}
	}
}

static void
encode(struct fixture *f, struct decision *d, int option, struct buf *b)
{
	struct frozen *frozen = calloc(1, sizeof(*frozen));
	struct decision copy = *d;

	decision_choose(&copy, option);
	frozen->request = f->request;
	frozen->decision = copy;
	frozen->totals.total_fen = 12345;
	frozen->totals.cost_unit_fen[0] = 77;
	frozen->split_version = 3;
	frozen->collector = 1;
	buf_init(b, RECORD_MAX);
	assert_int_equal(record_encode(&f->world, frozen, b), ERR_OK);
	free(frozen);
}

static void
check_replay(struct fixture *f, const struct buf *b)
{
	bool equal;

	assert_int_equal(record_replay(&f->world, &f->policy, b->data, b->len, f->arena, &equal),
	    ERR_OK);
	assert_true(equal);
}

static void
plan_equal(const struct plan *a, const struct plan *b)
{
	assert_memory_equal(&a->delivery_fee_fen, &b->delivery_fee_fen,
	    sizeof(*a) - offsetof(struct plan, delivery_fee_fen));
	assert_int_equal(a->way, b->way);
	assert_int_equal(a->part_count, b->part_count);
	for (int i = 0; i < a->part_count; i++) {
		struct part x = a->parts[i], y = b->parts[i];

		assert_int_equal(x.line_count, y.line_count);
		for (int k = 0; k < x.line_count; k++) {
			assert_int_equal(x.lines[k].line, y.lines[k].line);
			assert_int_equal(x.lines[k].quantity, y.lines[k].quantity);
			assert_int_equal(x.lines[k].goods_owner, y.lines[k].goods_owner);
			assert_int_equal(x.lines[k].stocked, y.lines[k].stocked);
		}
		x.lines = y.lines = NULL;
		assert_memory_equal(&x, &y, sizeof(x)); /* parts are made in zeroed memory */
	}
}

/* Without a record the same is said, and whoever was ruled out is counted. */
static void
check_no_record(struct fixture *f)
{
	struct decide_in in = fixture_in(f, OPTIONS_MAX);
	const struct decision *with = f->d;
	struct decision *d;

	in.no_record = true;
	assert_int_equal(decide(&in, f->arena, &d), ERR_OK);
	assert_int_equal(d->option_count, with->option_count);
	for (int i = 0; i < d->option_count; i++)
		plan_equal(&d->options[i], &with->options[i]);
	assert_int_equal(d->refusal.err, with->refusal.err);
	assert_string_equal(d->refusal.field, with->refusal.field);
	assert_string_equal(d->refusal.text, with->refusal.text);
	check_reasons(d);
	for (int i = 0; i < d->run_count; i++)
		for (int k = 0; k < d->runs[i].candidate_count; k++)
			assert_int_equal(d->runs[i].candidates[k].out, OUT_NOT);
}

static void
check_options(struct fixture *f, struct rng *r)
{
	struct buf first, again;
	struct decision *d = f->d;
	int option = rng_below(r, d->option_count);

	for (int i = 0; i < d->option_count; i++)
		check_plan(f, &d->options[i]);
	encode(f, d, option, &first);
	random_shuffle(f, r);
	d = fixture_decide(f, OPTIONS_MAX);
	encode(f, d, option, &again);
	assert_int_equal(first.len, again.len);
	assert_memory_equal(first.data, again.data, first.len);
	check_replay(f, &first);
	buf_release(&first);
	buf_release(&again);
	d = fixture_decide(f, 1);
	encode(f, d, 0, &first);
	check_replay(f, &first);
	buf_release(&first);
}

static void
test_decisions(void **state)
{
	struct rng r = {draw_seed("DECIDE_SEED", 20261116)};
	int decided = 0, refused = 0;

	(void)state;
	for (int i = 0; i < WORLDS; i++) {
		struct fixture *f = random_world(&r);

		fixture_decide(f, OPTIONS_MAX);
		check_reasons(f->d);
		check_no_record(f);
		if (f->d->option_count > 0) {
			check_options(f, &r);
			decided++;
		} else {
			struct stock_key keys[64];
			struct decide_in in = fixture_in(f, 1);
			int n = decide_probe_keys(&in, keys, 64);

			for (int k = 0; k < n; k++)
				assert_true(world_location(&f->world, keys[k].location) != NONE);
			refused++;
		}
		fixture_free(f);
	}
	print_message("%d decided, %d refused\n", decided, refused);
	assert_true(decided > WORLDS / 10 && refused > WORLDS / 10);
}

static void
mutate(struct rng *r, uint8_t *p, size_t *len, size_t size)
{
	for (int n = 1 + rng_below(r, 4); n > 0 && *len > 0; n--) {
		size_t at = rng_next(r) % *len;

		switch (rng_below(r, 5)) {
		case 0:
			p[at] ^= (uint8_t)(1U << rng_below(r, 8));
			break;
		case 1:
			p[at] = (uint8_t)rng_next(r);
			break;
		case 2:
			*len = at;
			break;
		case 3:
			if (*len < size)
				p[(*len)++] = (uint8_t)rng_next(r);
			break;
		default:
			memmove(p + at, p + at + 1, *len - at - 1);
			--*len;
			break;
		}
	}
}

static void
test_mutated_records(void **state)
{
	struct rng r = {draw_seed("DECIDE_SEED", 20261116)};
	uint8_t *bytes = malloc(RECORD_MAX);
	struct fixture *f = NULL;
	struct buf b = {0};
	int read = 0;
	size_t len;
	bool equal;

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		if (i % 200 == 0) {
			if (f != NULL) {
				buf_release(&b);
				fixture_free(f);
			}
			f = random_world(&r);
			while (fixture_decide(f, 1)->option_count == 0) {
				fixture_free(f);
				f = random_world(&r);
			}
			encode(f, f->d, 0, &b);
		}
		assert_non_null(f);
		len = b.len;
		memcpy(bytes, b.data, len);
		mutate(&r, bytes, &len, RECORD_MAX);
		arena_reset(f->arena);
		if (record_replay(&f->world, &f->policy, bytes, len, f->arena, &equal) == ERR_OK)
			read++;
	}
	print_message("%d of %d read\n", read, MUTATIONS);
	assert_true(read > 0 && read < MUTATIONS);
	assert_non_null(f);
	buf_release(&b);
	fixture_free(f);
	free(bytes);
}

static void
test_not_a_record(void **state)
{
	struct fixture *f = fixture_new();
	struct frozen *out;

	(void)state;
	fixture_ready(f);
	assert_int_equal(record_decode(&f->world, "", 0, f->arena, &out), ERR_BAD_BODY);
	assert_int_equal(record_decode(&f->world, "\x02", 1, f->arena, &out), ERR_BAD_BODY);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_decisions),
	    cmocka_unit_test(test_mutated_records),
	    cmocka_unit_test(test_not_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
