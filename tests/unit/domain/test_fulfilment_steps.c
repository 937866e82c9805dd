/*
 * A million random steps, legal and illegal, against a model that knows nothing of the table: the arrows are
 * written here once more, by hand from the design, and the model moves single pieces of goods, where the
 * table moves counters.  After every step the counters of the places it touched are counted out of the pieces;
 * every thousand steps all of them.  STEPS_SEED names another run.
 */
#include "unit.h"

#include "draw.h"

#include "domain/fulfilment.h"

#define STEPS 1000000
#define STORES 7 /* more than hops, so that the bound is what stops */
#define CLOUD STORES
#define SITE (STORES + 1)
#define PLACES (STORES + 2)
#define PIECES 24 /* that a place has names for */
#define ORDERS 24
#define PARTS_MAX 24
#define UNITS_MAX 3
#define HOPS_MAX 5

/* ---- The design's arrows --------------------------------------------------------------------------- */

#define P (1u << WAY_PICKUP)
#define D (1u << WAY_DELIVER)
#define S (1u << WAY_SHIP)

static const struct arrow {
	unsigned ways;
	const char *from, *act, *to;
} ARROWS[] = {
    {P | D | S, "OFFERED", "accept", "ACCEPTED"},
    {P | D | S, "OFFERED", "reject", "REJECTED"},
    {P | D | S, "OFFERED", "lapse", "EXPIRED"},
    {P | D | S, "ACCEPTED", "mark_short", "REJECTED"},
    {P, "ACCEPTED", "mark_ready", "READY_FOR_PICKUP"},
    {P, "READY_FOR_PICKUP", "confirm_collection", "COLLECTED"},
    {P, "READY_FOR_PICKUP", "hold_over", "NOT_COLLECTED"},
    {P, "NOT_COLLECTED", "restock", "RESTOCKED"},
    {D, "ACCEPTED", "dispatch", "OUT_FOR_DELIVERY"},
    {D, "OUT_FOR_DELIVERY", "confirm_delivery", "DELIVERED"},
    {D, "OUT_FOR_DELIVERY", "carrier_silence", "DELIVERED"},
    {D, "OUT_FOR_DELIVERY", "report_delivery_failure", "DELIVERY_FAILED"},
    {D, "DELIVERY_FAILED", "dispatch", "OUT_FOR_DELIVERY"},
    {D, "DELIVERY_FAILED", "turn_back", "RETURNING"},
    {D, "RETURNING", "restock", "RESTOCKED"},
    {D, "RETURNING", "lose", "LOST"},
    {S, "ACCEPTED", "dispatch", "SHIPPED"},
    {S, "SHIPPED", "confirm_delivery", "DELIVERED"},
    {S, "SHIPPED", "carrier_silence", "DELIVERED"},
    {S, "SHIPPED", "lose", "LOST"},
    {P | D | S, "PLANNED", "cancel", "CANCELLED"},
    {P | D | S, "OFFERED", "cancel", "CANCELLED"},
    {P | D | S, "ACCEPTED", "cancel", "CANCELLED"},
    {P | D | S, "READY_FOR_PICKUP", "cancel", "CANCELLED"},
    {P | D | S, "REJECTED", "cancel", "CANCELLED"},
    {P | D | S, "EXPIRED", "cancel", "CANCELLED"},
};

static const struct arrow *
arrow_of(const char *act, enum way way, const char *from)
{
	for (size_t i = 0; i < ROWS(ARROWS); i++)
		if ((ARROWS[i].ways & 1u << way) != 0 && strcmp(ARROWS[i].act, act) == 0 &&
		    strcmp(ARROWS[i].from, from) == 0)
			return &ARROWS[i];
	return NULL;
}

/* Every act in every state of every way, once. */
static void
the_table_has_the_designs_arrows(void **state)
{
	(void)state;
	for (int act = 1; act < ACT_KIND_COUNT; act++)
		for (int way = WAY_SHIP; way < WAY_COUNT; way++)
			for (int from = FUL_PLANNED; from < FUL_STATE_COUNT; from++) {
				const char *a = act_word((enum act_kind)act);
				const char *f = fulfilment_state_word((enum fulfilment_state)from);
				const struct arrow *want = arrow_of(a, (enum way)way, f);
				enum fulfilment_state to;
				bool ok = fulfilment_step((enum act_kind)act, (enum way)way,
				    (enum fulfilment_state)from, &to);
				char label[96];

				(void)snprintf(label, sizeof(label), "%s of way %d, %s", a, way, f);
				row_equal(label, ok, want != NULL);
				if (want != NULL)
					row_text(label, fulfilment_state_word(to), want->to);
			}
}

/* ---- What is tested: counters, as the service keeps them ------------------------------------------- */

struct counters {
	int on_hand, reserved, allocated, work; /* work: capacity taken */
};

struct part { /* a fulfilment */
	enum way way;
	enum fulfilment_state state;
	int place, hops;
	bool moved; /* its units live on in another */
	int units;
	int piece[UNITS_MAX]; /* of its place */
};

/* ---- The model: every piece by name ---------------------------------------------------------------- */

enum piece_at { NO_PIECE, FREE, HELD_UNPAID, HELD_PAID, WITH_CARRIER, WITH_CUSTOMER, VANISHED };

struct order {
	int ordered, parts;
	unsigned refused_by; /* places, as bits */
	bool paid;
	struct part part[PARTS_MAX];
};

static struct {
	uint64_t rng;
	struct counters counters[PLACES];
	int entitled; /* units of CLOUD charged to the owner */
	enum piece_at piece[PLACES][PIECES];
	int charged; /* the same, by the model */
	struct order order[ORDERS];
	long done[ROWS(ARROWS)], refused, hops[HOPS_MAX + 1], central, unfillable, ended;
} t;

static int
pick(int n)
{
	return (int)(draw(&t.rng) % (uint64_t)n);
}

static int
pieces_at(int place, enum piece_at at)
{
	int n = 0;

	for (int i = 0; i < PIECES; i++)
		n += t.piece[place][i] == at;
	return n;
}

static int
piece_like(int place, enum piece_at at)
{
	for (int i = 0; i < PIECES; i++)
		if (t.piece[place][i] == at)
			return i;
	return -1;
}

/* A store's work is what it has not given back; whatever became of the goods. */
static int
work_of(int place)
{
	int n = 0;

	for (int o = 0; o < ORDERS; o++)
		for (int i = 0; i < t.order[o].parts; i++) {
			const struct part *p = &t.order[o].part[i];
			const char *s = fulfilment_state_word(p->state);

			n += p->place == place && p->units > 0 && strcmp(s, "REJECTED") != 0 &&
			    strcmp(s, "EXPIRED") != 0 && strcmp(s, "CANCELLED") != 0;
		}
	return n;
}

static void
place_holds(int place)
{
	const struct counters *c = &t.counters[place];
	int unpaid = pieces_at(place, HELD_UNPAID), paid = pieces_at(place, HELD_PAID);

	row_equal("reserved", c->reserved, unpaid);
	row_equal("allocated", c->allocated, paid);
	row_equal("on hand", c->on_hand, pieces_at(place, FREE) + unpaid + paid);
	row_equal("capacity", c->work, work_of(place));
	row_equal("entitlement", t.entitled, t.charged);
}

/* ---- Steps of a fulfilment ------------------------------------------------------------------------- */

/* The counters follow the table's effect. */
static void
count_step(const struct part *p, enum fulfilment_state from, enum fulfilment_state to, bool whole)
{
	struct stock_effect e = fulfilment_stock_effect(from, to);
	struct counters *c = &t.counters[p->place];

	c->on_hand += e.on_hand * p->units;
	c->reserved += e.reserved * p->units;
	c->allocated += e.allocated * p->units;
	if (whole && fulfilment_frees_capacity(from, to))
		c->work--;
	if (p->place == CLOUD && e.entitlement_back)
		t.entitled -= p->units;
}

/* The pieces follow what the act does to goods, by its name. */
static void
move_pieces(const struct part *p, const char *act, const char *from)
{
	for (int i = 0; i < p->units; i++) {
		enum piece_at *at = &t.piece[p->place][p->piece[i]];
		bool on_shelf = *at == HELD_UNPAID || *at == HELD_PAID;

		if (strcmp(act, "reject") == 0 || strcmp(act, "lapse") == 0 ||
		    strcmp(act, "mark_short") == 0 || strcmp(act, "restock") == 0 ||
		    (strcmp(act, "cancel") == 0 && on_shelf && strcmp(from, "REJECTED") != 0 &&
		        strcmp(from, "EXPIRED") != 0)) {
			*at = FREE;
			t.charged -= p->place == CLOUD;
		} else if (strcmp(act, "confirm_collection") == 0 ||
		    strcmp(act, "confirm_delivery") == 0 || strcmp(act, "carrier_silence") == 0) {
			*at = WITH_CUSTOMER;
		} else if (strcmp(act, "dispatch") == 0) {
			*at = WITH_CARRIER;
		} else if (strcmp(act, "lose") == 0) {
			*at = VANISHED;
		}
	}
}

/* Some units of an accepted fulfilment part from it; the new one is what the step is about. */
static struct part *
split_off(struct order *o, struct part *p)
{
	int gone = 1 + pick(p->units);
	struct part *q;

	if (gone == p->units || o->parts == PARTS_MAX)
		return p;
	q = &o->part[o->parts++];
	*q = *p;
	q->units = gone;
	p->units -= gone;
	memcpy(q->piece, p->piece + p->units, (size_t)gone * sizeof(q->piece[0]));
	return q;
}

static void
try_step(struct order *o, struct part *p, enum act_kind act)
{
	const char *from = fulfilment_state_word(p->state), *word = act_word(act);
	const struct arrow *want = p->moved ? NULL : arrow_of(word, p->way, from);
	enum fulfilment_state to;
	bool whole = true;

	if (p->moved) /* the service acts on no fulfilment whose units live elsewhere */
		return;
	row_equal(word, fulfilment_step(act, p->way, p->state, &to), want != NULL);
	if (want == NULL) {
		t.refused++;
		return;
	}
	if (act == ACT_SHORT) {
		struct part *gone = split_off(o, p);

		whole = gone == p;
		p = gone;
	}
	row_text(word, fulfilment_state_word(to), want->to);
	count_step(p, p->state, to, whole);
	move_pieces(p, word, from);
	if (to == FUL_REJECTED || to == FUL_EXPIRED)
		o->refused_by |= 1u << p->place;
	p->state = to;
	t.done[want - ARROWS]++;
	place_holds(p->place);
}

/* ---- Homes ----------------------------------------------------------------------------------------- */

/* Takes what the counters say is there; the pieces must agree that it is. */
static bool
take(struct order *o, enum way way, int place, int units, int hops)
{
	struct counters *c = &t.counters[place];
	struct part *p;

	row_equal("free", c->on_hand - c->reserved - c->allocated, pieces_at(place, FREE));
	if (pieces_at(place, FREE) < units || o->parts == PARTS_MAX)
		return false;
	p = &o->part[o->parts++];
	*p = (struct part){.way = way, .place = place, .units = units, .hops = hops};
	p->state = !o->paid ? FUL_PLANNED : place < STORES ? FUL_OFFERED : FUL_ACCEPTED;
	for (int i = 0; i < units; i++) {
		p->piece[i] = piece_like(place, FREE);
		t.piece[place][p->piece[i]] = o->paid ? HELD_PAID : HELD_UNPAID;
		t.charged += place == CLOUD;
	}
	if (o->paid)
		c->allocated += units;
	else
		c->reserved += units;
	c->work++;
	t.entitled += place == CLOUD ? units : 0;
	place_holds(place);
	return true;
}

/* Another store that has not refused, at most HOPS_MAX times; then CLOUD or SITE; then nobody. */
static void
rehome(struct order *o, struct part *p)
{
	bool stores = p->hops < HOPS_MAX;
	int first = pick(STORES);

	if ((p->state != FUL_REJECTED && p->state != FUL_EXPIRED) || p->moved)
		return;
	for (int i = 0; stores && i < STORES; i++) {
		int place = (first + i) % STORES;

		if ((o->refused_by & 1u << place) != 0)
			continue;
		if (take(o, p->way == WAY_PICKUP && pick(2) == 0 ? WAY_PICKUP : WAY_DELIVER, place,
		        p->units, p->hops + 1)) {
			p->moved = true;
			t.hops[p->hops + 1]++;
			return;
		}
	}
	for (int place = CLOUD; place <= SITE; place++)
		if ((o->refused_by & 1u << place) == 0 &&
		    take(o, WAY_SHIP, place, p->units, p->hops)) {
			p->moved = true;
			t.central++;
			return;
		}
	t.unfillable++;
	try_step(o, p, ACT_CANCEL);
}

/* ---- Orders ---------------------------------------------------------------------------------------- */

static void
pay(struct order *o)
{
	if (o->paid)
		return;
	o->paid = true;
	for (int i = 0; i < o->parts; i++) {
		struct part *p = &o->part[i];
		enum fulfilment_state to = p->place < STORES ? FUL_OFFERED : FUL_ACCEPTED;

		if (p->state != FUL_PLANNED)
			continue;
		count_step(p, FUL_PLANNED, to, true);
		for (int n = 0; n < p->units; n++)
			t.piece[p->place][p->piece[n]] = HELD_PAID;
		p->state = to;
		place_holds(p->place);
	}
}

/* Each unit that was ordered is in one fulfilment that goes on or has ended. */
static void
units_hold(const struct order *o)
{
	struct state_units s = {{0}};
	bool final = true;
	int units = 0;

	for (int i = 0; i < o->parts; i++) {
		const struct part *p = &o->part[i];

		assert_true(p->hops >= 0 && p->hops <= HOPS_MAX);
		if (p->moved)
			continue;
		units += p->units;
		s.units[p->state] += p->units;
		final = final && fulfilment_final(p->way, p->state);
	}
	row_equal("units", units, o->ordered);
	if (o->paid && final) {
		enum order_state is = order_state_derive(MARK_OPEN, o->ordered, &s);

		assert_true(is == STATE_DONE || is == STATE_CANCELLED);
	}
}

static bool
order_ended(const struct order *o)
{
	for (int i = 0; i < o->parts; i++)
		if (!o->part[i].moved && !fulfilment_final(o->part[i].way, o->part[i].state))
			return false;
	return true;
}

/* The next order in place of one that ended: its pieces and its work are history. */
static void
next_order(struct order *o)
{
	enum way way = (enum way)(1 + pick(3));
	int place = way == WAY_SHIP ? CLOUD + pick(2) : pick(STORES);

	t.ended += o->parts > 0;
	for (int i = 0; i < o->parts; i++) {
		const struct part *p = &o->part[i];

		if (p->moved || p->state == FUL_CANCELLED)
			continue;
		t.counters[p->place].work--;
		for (int n = 0; n < p->units && p->state != FUL_RESTOCKED; n++) {
			t.piece[p->place][p->piece[n]] = NO_PIECE;
			t.charged -= p->place == CLOUD;
			t.entitled -= p->place == CLOUD;
		}
	}
	*o = (struct order){.paid = pick(4) != 0, .ordered = 1 + pick(UNITS_MAX)};
	if (!take(o, way, place, o->ordered, way == WAY_SHIP ? 0 : 1))
		o->ordered = 0;
}

/* ---- A day in a place ------------------------------------------------------------------------------ */

/* The till sells a free piece; the lorry brings one. */
static void
till_and_lorry(int place, bool sells)
{
	int i = piece_like(place, sells ? FREE : NO_PIECE);

	if (i < 0)
		return;
	t.piece[place][i] = sells ? NO_PIECE : FREE;
	t.counters[place].on_hand += sells ? -1 : 1;
	place_holds(place);
}

static void
one_step(void)
{
	struct order *o = &t.order[pick(ORDERS)];
	int what = pick(100);

	if (what < 3) {
		till_and_lorry(pick(PLACES), true);
	} else if (what < 20) {
		till_and_lorry(pick(PLACES), false);
	} else if (o->parts == 0 || order_ended(o)) {
		next_order(o);
	} else if (what < 25) {
		pay(o);
	} else if (what < 45) {
		rehome(o, &o->part[pick(o->parts)]);
	} else {
		struct part *p = &o->part[pick(o->parts)];
		enum act_kind act = (enum act_kind)(1 + pick(ACT_KIND_COUNT - 1));

		/* half of the cancels, lest nothing else happens to most */
		if (act != ACT_CANCEL || pick(8) == 0)
			try_step(o, p, act);
	}
	units_hold(o);
}

static void
a_million_random_steps(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.rng = draw_seed("STEPS_SEED", 20261122);
	for (int place = 0; place < PLACES; place++)
		for (int i = 0; i < PIECES / 2; i++)
			till_and_lorry(place, false);
	for (int i = 0; i < STEPS; i++) {
		one_step();
		for (int place = 0; i % 1000 == 0 && place < PLACES; place++)
			place_holds(place);
	}
	/* It was a test of all of it. */
	for (size_t i = 0; i < ROWS(ARROWS); i++)
		if (t.done[i] == 0)
			fail_msg("%s of %s never happened", ARROWS[i].act, ARROWS[i].from);
	assert_true(t.refused > STEPS / 10 && t.ended > STEPS / 1000);
	assert_true(t.central > 0 && t.unfillable > 0 && t.hops[HOPS_MAX] > 0);
	print_message(
	    "steps %d: refused %ld, orders ended %ld, hops 2..5 %ld %ld %ld %ld, central %ld, unfillable %ld\n",
	    STEPS, t.refused, t.ended, t.hops[2], t.hops[3], t.hops[4], t.hops[5], t.central,
	    t.unfillable);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_has_the_designs_arrows),
	    cmocka_unit_test(a_million_random_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
