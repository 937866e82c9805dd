#include "flow/bill_target.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "edge/gunzip.h"
#include "flow/bill_read.h"

static int accepted;

static const struct bill_column columns[] = {
    {"time", BILL_TIME, false, true},
    {"merchant", BILL_MERCHANT, false, false},
    {"payment", BILL_TRANSACTION, false, true},
    {"number", BILL_NUMBER, false, true},
    {"word", BILL_TYPE, false, true},
    {"amount", BILL_AMOUNT, false, true},
    {"fee", BILL_FEE, false, false},
    {"text", BILL_IGNORED, false, false},
    {"lines", BILL_ROWS, true, true},
    {"sum", BILL_AMOUNT, true, true},
    {"fees", BILL_FEE, true, false},
};
static const struct bill_word words[] = {{"P", CLASS_PAYMENT}, {"S", CLASS_SPLIT},
    {"X", CLASS_IGNORED}};

struct told {
	enum err err;
	int64_t lines, gross_fen, fee_fen;
	struct bill_total total;
};

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

static void
check_line(const struct bill_map *m, const struct bill_line *l)
{
	int64_t day = (l->at_us + 8 * 60 * US_PER_MIN) / US_PER_DAY;

	MUST(l->number > 1);
	MUST(l->class == CLASS_IGNORED || day == m->day);
	MUST(l->class == CLASS_IGNORED || (l->ref[0] != '\0' && strlen(l->ref) < BILL_REF_SIZE));
	MUST(!uuid_is_zero(&l->id));
}

static struct told
read_once(const struct bill_map *m, const uint8_t *p, size_t len)
{
	struct told t = {0};
	struct bill_line line;
	struct bill_read *b = malloc(sizeof(*b));
	struct gunzip *g;
	struct reason r = {0};
	bool end = false;

	MUST(b != NULL && gunzip_bytes(&g, p, len, BILL_TARGET_SIZE_MAX) == ERR_OK);
	bill_read_init(b, m, gunzip_stream(g));
	while (t.err == ERR_OK && !end) {
		t.err = bill_read_next(b, &line, &end, &r);
		if (t.err != ERR_OK || end)
			break;
		check_line(m, &line);
		t.lines++;
		t.gross_fen += line.gross_fen < 0 ? -line.gross_fen : line.gross_fen;
		t.fee_fen += line.fee_fen;
	}
	t.total = b->total;
	MUST(t.err == ERR_OK || r.err == t.err || t.err == ERR_IO);
	MUST(t.err != ERR_IO || gunzip_err(g, &r) != ERR_OK);
	gunzip_free(g);
	free(b);
	return t;
}

void
target_bill(const uint8_t *p, size_t len)
{
	struct bill_map m = {.kind = BILL_KIND_TRADE,
	    .merchant = "1000",
	    .day = days_from_civil(2026, 9, 1),
	    .column_count = (int)(sizeof(columns) / sizeof(columns[0])),
	    .word_count = (int)(sizeof(words) / sizeof(words[0])),
	    .columns = columns,
	    .words = words};
	struct strmap merchants;
	struct told one, two;

	MUST(strmap_init(&merchants, 1) == ERR_OK &&
	    strmap_put(&merchants, "1000", 7, NULL) == ERR_OK);
	m.merchants = &merchants;
	one = read_once(&m, p, len);
	two = read_once(&m, p, len);
	MUST(one.err == two.err && one.lines == two.lines && one.gross_fen == two.gross_fen);
	MUST(memcmp(&one.total, &two.total, sizeof(one.total)) == 0);
	MUST(one.err != ERR_OK || one.lines == one.total.rows);
	accepted += one.err == ERR_OK;
	strmap_release(&merchants);
}

int
target_bill_accepted(void)
{
	return accepted;
}
