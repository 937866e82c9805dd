#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "simulator/model.h"

static char path[64];

static void
file_read(char *out, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	assert_int_equal(fclose(f), 0);
}

static void
model_fresh(struct model *m)
{
	(void)snprintf(path, sizeof(path), "/tmp/test_model.%ld", (long)getpid());
	(void)unlink(path);
	assert_int_equal(model_open(m, path), ERR_OK);
}

/* An answer as the service gives it: two parts, the lines of one not in order. */
static Yuncang__V1__PartLine lines[] = {YUNCANG__V1__PART_LINE__INIT, YUNCANG__V1__PART_LINE__INIT};
static Yuncang__V1__PartLine *line_list[] = {&lines[1], &lines[0]};
static Yuncang__V1__Part part = YUNCANG__V1__PART__INIT;
static Yuncang__V1__Part *part_list[] = {&part};
static Yuncang__V1__Option option = YUNCANG__V1__OPTION__INIT;
static Yuncang__V1__Money money = YUNCANG__V1__MONEY__INIT;
static Yuncang__V1__Owner owner = YUNCANG__V1__OWNER__INIT;
static Yuncang__V1__SubmitOrderResponse answer = YUNCANG__V1__SUBMIT_ORDER_RESPONSE__INIT;

static char *
word(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
answer_fill(void)
{
	for (int i = 0; i < 2; i++) {
		lines[i].line = i;
		lines[i].sku = word(i == 0 ? "K1" : "K2");
		lines[i].quantity = i + 1;
		lines[i].goods_owner = word("BRAND");
	}
	part.number = 1;
	part.way = YUNCANG__V1__WAY__WAY_SHIP;
	part.location = word("SITE-1");
	part.lines = line_list;
	part.n_lines = 2;
	option.way = YUNCANG__V1__WAY__WAY_SHIP;
	option.parts = part_list;
	option.n_parts = 1;
	option.goods_fen = 900;
	option.delivery_fee_fen = 100;
	option.total_fen = 1000;
	option.collector = word("BRAND");
	option.money = NULL;
	owner.dealer = word("D1");
	answer.option = &option;
	answer.owner = &owner;
	answer.order_id = word("id");
	answer.order_ref = word("ref");
}

static const uint8_t bytes[] = "answer", others[] = "Answer";

static void
acknowledge(struct model *m, const uint8_t *body)
{
	model_acknowledge(m, 5, "F1", &answer, body, 6);
}

static void
test_what_is_written(void **state)
{
	char text[1024];
	struct model m;

	(void)state;
	answer_fill();
	model_fresh(&m);
	acknowledge(&m, bytes);
	option.money = &money;
	money.owner_margin_fen = -3;
	money.cost_fen = 7;
	model_acknowledge(&m, 6, "F1", &answer, bytes, 6);
	model_paid(&m, "id", "wechat", "n", 1000, 1);
	model_refuse(&m, 9, "F2", "r9", "out_of_stock");
	assert_int_equal(model_close(&m), ERR_OK);
	file_read(text, sizeof(text));
	assert_string_equal(text,
	    "A\tid\tF1\tref\t1\t900\t100\t1000\tBRAND\tD1\t-\t-\t-\t-\t1/1@SITE-1[0:K1x1=BRAND,1:K2x2=BRAND]\n"
	    "A\tid\tF1\tref\t1\t900\t100\t1000\tBRAND\tD1\t-3\t0\t0\t7\t1/1@SITE-1[0:K1x1=BRAND,1:K2x2=BRAND]\n"
	    "P\tid\twechat\tn\t1000\t1\nR\tF2\tr9\tout_of_stock\n");
	(void)unlink(path);
}

static void
test_violations(void **state)
{
	static const struct {
		const char *label;
		int first, second; /* 1 acknowledged, 2 with other bytes, 3 refused */
		int violations;
	} rows[] = {
	    {"the same again", 1, 1, 0},
	    {"another answer", 1, 2, 1},
	    {"acknowledged, then refused", 1, 3, 1},
	    {"refused, then acknowledged", 3, 1, 1},
	    {"refused twice", 3, 3, 0},
	};

	(void)state;
	answer_fill();
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct model m;

		model_fresh(&m);
		for (int k = 0; k < 2; k++) {
			int what = k == 0 ? rows[i].first : rows[i].second;

			if (what == 3)
				model_refuse(&m, 5, "F1", "ref", "out_of_stock");
			else
				acknowledge(&m, what == 1 ? bytes : others);
		}
		row_equal(rows[i].label, m.violations, rows[i].violations);
		assert_int_equal(model_close(&m), ERR_OK);
	}
	(void)unlink(path);
}

static void
test_an_answer_without_an_option_is_a_violation(void **state)
{
	struct model m;

	(void)state;
	answer_fill();
	answer.option = NULL;
	model_fresh(&m);
	acknowledge(&m, bytes);
	row_equal("no option", m.violations, 1);
	assert_int_equal(model_close(&m), ERR_OK);
	(void)unlink(path);
}

/* What a killed simulator left half written must not spoil the next line. */
static void
test_half_a_line_is_cut(void **state)
{
	static const struct {
		const char *label, *before, *after;
	} rows[] = {{"half a line", "P\ta\tb\tc\t1\t1\nA\tid",
	                "P\ta\tb\tc\t1\t1\nP\tid\tw\tn\t1\t1\n"},
	    {"whole lines", "P\ta\tb\tc\t1\t1\n", "P\ta\tb\tc\t1\t1\nP\tid\tw\tn\t1\t1\n"},
	    {"half a line alone", "A\tid", "P\tid\tw\tn\t1\t1\n"}};
	char text[256];
	struct model m;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		FILE *f;

		model_fresh(&m);
		assert_int_equal(model_close(&m), ERR_OK);
		f = fopen(path, "w");
		assert_non_null(f);
		assert_true(fputs(rows[i].before, f) >= 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(model_open(&m, path), ERR_OK);
		model_paid(&m, "id", "w", "n", 1, 1);
		assert_int_equal(model_close(&m), ERR_OK);
		file_read(text, sizeof(text));
		row_text(rows[i].label, text, rows[i].after);
	}
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_written),
	    cmocka_unit_test(test_violations),
	    cmocka_unit_test(test_an_answer_without_an_option_is_a_violation),
	    cmocka_unit_test(test_half_a_line_is_cut)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
