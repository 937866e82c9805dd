/* takes as statements: one table of kinds, the columns of their keys, and the figures that come back. */
#include <assert.h>

#include "base/digest.h"
#include "store/takes.h"

#define TURN_CLASS 20311 /* of advisory locks with two numbers */

static const enum stmt STATEMENT[TAKE_BUDGET + 1][TAKES_GIVE + 1] = {
    [TAKE_STOCK] = {STMT_TAKE_STOCK, STMT_GIVE_STOCK, STMT_FIGURE_STOCK, STMT_GIVE_STOCK},
    [TAKE_CAPACITY] = {STMT_TAKE_CAPACITY, STMT_GIVE_CAPACITY, STMT_FIGURE_CAPACITY,
        STMT_GIVE_CAPACITY},
    [TAKE_SLOT] = {STMT_TAKE_SLOT, STMT_GIVE_SLOT, STMT_FIGURE_SLOT, STMT_GIVE_SLOT},
    [TAKE_ENTITLEMENT] = {STMT_TAKE_ENTITLEMENT, STMT_GIVE_ENTITLEMENT, STMT_FIGURE_ENTITLEMENT,
        STMT_GIVE_ENTITLEMENT},
    [TAKE_BUDGET] = {STMT_TAKE_BUDGET, STMT_GIVE_BUDGET, STMT_FIGURE_BUDGET, STMT_GIVE_BUDGET},
};

/* What TAKE_STOCK did with the grant, by part; see its SQL. */
static int64_t
took(const struct take_key *k, enum take_part part)
{
	if (k->key.kind != TAKE_STOCK)
		return part == PART_ALLOCATED ? k->grant : 0;
	if (k->grant == k->want[PART_ALLOCATED] + k->want[PART_RESERVED])
		return k->want[part];
	return part == PART_ALLOCATED ? k->grant : 0;
}

/* What ${op} sends for the key: the wish, the correction, or what goes back. */
static int64_t
amount(const struct take_key *k, enum takes_op op, enum take_part part)
{
	switch (op) {
	case TAKES_TAKE:
		return k->want[part];
	case TAKES_CORRECT:
		return k->used[part] - took(k, part);
	case TAKES_GIVE:
		return k->want[part];
	case TAKES_FIGURES:
		break;
	}
	return 0;
}

static bool
wanted(const struct take_key *k, enum takes_op op)
{
	switch (op) {
	case TAKES_TAKE:
	case TAKES_GIVE:
		return true;
	case TAKES_CORRECT:
		return amount(k, op, PART_ALLOCATED) != 0 || amount(k, op, PART_RESERVED) != 0;
	case TAKES_FIGURES:
		return !k->seen;
	}
	return false;
}

enum column {
	COL_DEALER,
	COL_LOCATION,
	COL_SKU,
	COL_OWNER,
	COL_CAMPAIGN,
	COL_DAY,
	COL_FROM,
	COL_TO,
	COL_LIMIT,
	COL_ALLOCATED,
	COL_RESERVED,
	COL_ON_HAND
};
#define COLUMNS_MAX 7

static const struct {
	int count;
	enum column column[COLUMNS_MAX];
} COLUMNS[TAKE_BUDGET + 1] = {
    /* the last one only where something is given */
    [TAKE_STOCK] = {7,
        {COL_DEALER, COL_LOCATION, COL_SKU, COL_OWNER, COL_ALLOCATED, COL_RESERVED, COL_ON_HAND}},
    [TAKE_CAPACITY] = {4, {COL_DEALER, COL_LOCATION, COL_DAY, COL_ALLOCATED}},
    [TAKE_SLOT] = {6, {COL_DEALER, COL_LOCATION, COL_DAY, COL_FROM, COL_TO, COL_ALLOCATED}},
    [TAKE_ENTITLEMENT] = {3, {COL_DEALER, COL_SKU, COL_ALLOCATED}},
    [TAKE_BUDGET] = {2, {COL_CAMPAIGN, COL_ALLOCATED}},
};

static void
elem(struct pg_args *a, const struct take_key *k, enum column c, enum takes_op op)
{
	switch (c) {
	case COL_DEALER:
		elem_i32(a, k->key.dealer);
		break;
	case COL_LOCATION:
		elem_i32(a, k->key.location);
		break;
	case COL_SKU:
		elem_i32(a, k->key.sku);
		break;
	case COL_OWNER:
		elem_i32(a, k->key.goods_owner);
		break;
	case COL_CAMPAIGN:
		elem_i32(a, k->key.campaign);
		break;
	case COL_DAY:
		elem_date(a, k->key.day);
		break;
	case COL_FROM:
		elem_i16(a, k->key.from_min);
		break;
	case COL_TO:
		elem_i16(a, k->key.to_min);
		break;
	case COL_LIMIT:
		elem_i32(a, k->key.limit);
		break;
	case COL_ALLOCATED:
		if (k->key.kind == TAKE_BUDGET)
			elem_i64(a, amount(k, op, PART_ALLOCATED));
		else
			elem_i32(a, (int32_t)amount(k, op, PART_ALLOCATED));
		break;
	case COL_RESERVED:
		elem_i32(a, (int32_t)amount(k, op, PART_RESERVED));
		break;
	case COL_ON_HAND:
		elem_i32(a, (int32_t)amount(k, op, PART_ON_HAND));
		break;
	}
}

static enum pg_elem
column_type(enum take_kind kind, enum column c)
{
	if (c == COL_DAY)
		return ELEM_DATE;
	if (c == COL_FROM || c == COL_TO)
		return ELEM_I16;
	return kind == TAKE_BUDGET && c == COL_ALLOCATED ? ELEM_I64 : ELEM_I32;
}

static int
column_count(int kind, enum takes_op op)
{
	bool gives = op == TAKES_GIVE || op == TAKES_CORRECT;

	return COLUMNS[kind].count - (kind == TAKE_STOCK && !gives);
}

static bool
any_wanted(const struct takes *t, int kind, enum takes_op op)
{
	for (int i = t->first[kind]; i < t->first[kind + 1]; i++)
		if (wanted(&t->keys[i], op))
			return true;
	return false;
}

/* Remembers the order of the keys sent; a correction's rows are not read. */
static void
note_sent(struct takes *t, int kind, enum takes_op op)
{
	int n;

	n = t->first[kind];
	for (int i = t->first[kind]; op != TAKES_CORRECT && i < t->first[kind + 1]; i++)
		if (wanted(&t->keys[i], op))
			t->sent[n++] = i;
}

/* A correction's figures are known before it is sent: the row is locked by us. */
static void
foresee(struct take_key *k)
{
	int64_t more;

	more = amount(k, TAKES_CORRECT, PART_ALLOCATED) + amount(k, TAKES_CORRECT, PART_RESERVED);
	switch (k->figures.kind) {
	case CHANGE_STOCK:
		k->figures.row.stock.atp -= (int32_t)more;
		k->figures.row.stock.version++;
		break;
	case CHANGE_CAPACITY:
		k->figures.row.capacity.taken += (int32_t)more;
		k->figures.row.capacity.version++;
		break;
	case CHANGE_SLOT:
		k->figures.row.slot.taken += (int32_t)more;
		k->figures.row.slot.version++;
		break;
	case CHANGE_ENTITLEMENT:
		k->figures.row.entitlement.used += (int32_t)more;
		k->figures.row.entitlement.version++;
		break;
	case CHANGE_BUDGET:
		k->figures.row.budget.left_fen -= more;
		k->figures.row.budget.version++;
		break;
	case CHANGE_CLAIM:
	case CHANGE_TASK:
		break;
	}
}

void
takes_turn(struct tx *tx)
{
	/* any number that others hardly have; if they do, they wait for us */
	static int32_t process;
	struct pg_args *a;

	while (process == 0)
		random_bytes(&process, sizeof(process));
	a = tx_args(tx);
	args_i32(a, TURN_CLASS);
	args_i32(a, process);
	tx_add(tx, STMT_TAKE_TURN);
}

static void
args_moved(struct pg_args *a, int64_t us)
{
	if (us != 0)
		args_time(a, us);
	else
		args_null(a);
}

int
takes_send(struct takes *t, struct tx *tx, enum takes_op op)
{
	struct pg_args *a;
	int sent;

	sent = 0;
	for (int kind = TAKE_STOCK; kind <= TAKE_BUDGET; kind++) {
		if (!any_wanted(t, kind, op))
			continue;
		a = tx_args(tx);
		for (int c = 0; c < column_count(kind, op); c++) {
			args_array(a, column_type((enum take_kind)kind, COLUMNS[kind].column[c]));
			for (int i = t->first[kind]; i < t->first[kind + 1]; i++)
				if (wanted(&t->keys[i], op))
					elem(a, &t->keys[i], COLUMNS[kind].column[c], op);
			args_array_end(a);
		}
		if (STATEMENT[kind][op] == STMT_GIVE_STOCK)
			args_moved(a, t->moved_us);
		tx_add(tx, STATEMENT[kind][op]);
		note_sent(t, kind, op);
		sent++;
	}
	if (op == TAKES_CORRECT)
		for (int i = 0; i < t->key_count; i++)
			if (wanted(&t->keys[i], op))
				foresee(&t->keys[i]);
	return sent;
}

int
takes_send_ensure(const struct takes *t, struct tx *tx, const struct hints *h)
{
	static const enum column columns[] = {COL_DEALER, COL_LOCATION, COL_DAY, COL_LIMIT};
	const struct capacity_hint *hint;
	struct pg_args *a;
	bool known;

	known = true;
	for (int i = t->first[TAKE_CAPACITY]; i < t->first[TAKE_CAPACITY + 1]; i++) {
		hint = hints_capacity(h, t->keys[i].key.location, t->keys[i].key.day);
		known = known && hint != NULL && hint->version > 0;
	}
	if (known)
		return 0;
	a = tx_args(tx);
	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
		args_array(a, column_type(TAKE_CAPACITY, columns[c]));
		for (int i = t->first[TAKE_CAPACITY]; i < t->first[TAKE_CAPACITY + 1]; i++)
			elem(a, &t->keys[i], columns[c], TAKES_TAKE);
		args_array_end(a);
	}
	tx_add(tx, STMT_ENSURE_CAPACITY);
	return 1;
}

/* Columns after i: version, then two figures, then for stock two times. */
static void
figure_read(struct take_key *k, const PGresult *r, int row)
{
	struct change *c = &k->figures;
	int32_t version = col_i32(r, row, 1);
	int64_t x = col_i64(r, row, 2), y = col_i64(r, row, 3);

	*c = (struct change){0};
	switch (k->key.kind) {
	case TAKE_STOCK:
		c->kind = CHANGE_STOCK;
		c->location = k->key.location;
		c->row.stock = (struct stock_hint){.sku = k->key.sku,
		    .goods_owner = k->key.goods_owner,
		    .atp = (int32_t)x,
		    .version = version,
		    .safety = (int32_t)y,
		    .counted_min = change_minutes(col_time(r, row, 4)),
		    .suspect_until_min = change_minutes(col_time(r, row, 5))};
		break;
	case TAKE_CAPACITY:
		c->kind = CHANGE_CAPACITY;
		c->row.capacity = (struct capacity_hint){.location = k->key.location,
		    .day = k->key.day,
		    .limit = (int32_t)x,
		    .taken = (int32_t)y,
		    .version = version};
		break;
	case TAKE_SLOT:
		c->kind = CHANGE_SLOT;
		c->row.slot = (struct slot_hint){.location = k->key.location,
		    .day = k->key.day,
		    .from_min = k->key.from_min,
		    .to_min = k->key.to_min,
		    .limit = (int32_t)x,
		    .taken = (int32_t)y,
		    .version = version};
		break;
	case TAKE_ENTITLEMENT:
		c->kind = CHANGE_ENTITLEMENT;
		c->row.entitlement = (struct entitlement_hint){.dealer = k->key.dealer,
		    .sku = k->key.sku,
		    .ceiling = (int32_t)x,
		    .used = (int32_t)y,
		    .version = version};
		break;
	case TAKE_BUDGET:
		c->kind = CHANGE_BUDGET;
		c->row.budget = (struct budget_hint){.campaign = k->key.campaign,
		    .version = version,
		    .left_fen = x};
		break;
	}
	k->seen = true;
}

/* Rows come as the plan has them; i says which of the keys sent they are, from 1. */
static void
read_kind(struct takes *t, const PGresult *r, int kind, enum takes_op op)
{
	for (int row = 0; row < PQntuples(r); row++) {
		int32_t i = col_i32(r, row, 0);
		struct take_key *k;

		assert(i >= 1 && t->first[kind] + i <= t->first[kind + 1]);
		k = &t->keys[t->sent[t->first[kind] + i - 1]];
		figure_read(k, r, row);
		if (op == TAKES_TAKE)
			k->grant = col_i64(r, row, 6);
		k->granted = op == TAKES_TAKE || op == TAKES_GIVE || k->granted;
	}
}

int
takes_read(struct takes *t, struct tx *tx, int at, enum takes_op op)
{
	assert(op != TAKES_CORRECT);
	for (int kind = TAKE_STOCK; kind <= TAKE_BUDGET; kind++)
		if (any_wanted(t, kind, op))
			read_kind(t, tx_result(tx, at++), kind, op);
	return at;
}
