/* recon: what may be said of a difference, and the K row of it, leg by leg; numbers of the ledger's example 20. */
#include "unit.h"

#include "domain/recon.h"
#include "money_world.h"

#define AVAILABLE "A:psp:wechat:BRAND:available "
#define REBATE "A:psp:wechat:BRAND:fee_rebate "

static struct money_world w;

static int
setup(void **state)
{
	(void)state;
	money_world_init(&w);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	money_world_release(&w);
	return 0;
}

/* "C:refund 96667, C:recon -96667" */
static const char *
text_of(const struct posting *p, struct buf *b)
{
	buf_reset(b);
	for (int i = 0; i < p->leg_count; i++) {
		buf_str(b, i > 0 ? ", " : "");
		account_print(&w.w, p->account[i], b);
		buf_printf(b, " %lld", (long long)p->fen[i]);
	}
	return buf_cstr(b);
}

static struct recon_difference
difference(enum bill_class class, enum recon_reason reason, int64_t fen, int64_t recon_fen,
    int64_t rebate_fen)
{
	return (struct recon_difference){.provider = PROVIDER_WECHAT,
	    .collector = BRAND,
	    .class = class,
	    .reason = reason,
	    .fen = fen,
	    .recon_fen = recon_fen,
	    .rebate_fen = rebate_fen};
}

static void
test_legs(void **state)
{
	/* The refund of 96667 that the books do not know; 580 of its fee came back. */
	const struct recon_difference refund = difference(CLASS_REFUND, REASON_NOT_IN_BOOKS, -96087,
	                                  96667, 580),
	                              fee = difference(CLASS_PAYMENT, REASON_FEE, -50, 50, 0),
	                              more = difference(CLASS_PAYMENT, REASON_AMOUNT, 7, -7, 0),
	                              unheard = difference(CLASS_PAYMENT, REASON_NOT_IN_BOOKS,
	                                  99400, -99400, 0),
	                              gone = difference(CLASS_PAYMENT, REASON_NOT_ON_BILL, 99400, 0,
	                                  0),
	                              released =
	                                  difference(CLASS_RELEASE, REASON_NOT_ON_BILL, 7, 0, 0);
	const struct {
		const char *label;
		const struct recon_difference *d;
		enum recon_resolution how;
		struct recon_refund refund;
		const char *legs;
	} rows[] = {
	    {"example 20, K3", &refund, RESOLVED_REFUND, {96667, 580},
	        "C:refund 96667, C:recon -96667"},
	    {"less of the fee than R1 expected", &refund, RESOLVED_REFUND, {96667, 600},
	        "C:refund 96667, C:recon -96667, " REBATE "-20, X:psp_fee 20"},
	    {"more of it", &refund, RESOLVED_REFUND, {96667, 500},
	        "C:refund 96667, C:recon -96667, " REBATE "80, X:psp_fee -80"},
	    {"approved net of the fee", &refund, RESOLVED_REFUND, {97247, 580},
	        "C:refund 97247, C:recon -96667, X:psp_fee -580"},
	    {"nobody's refund", &refund, RESOLVED_LOSS, {0, 0},
	        "X:loss 96087, C:recon -96667, " REBATE "580"},
	    {"another row's refund", &refund, RESOLVED_ENTRY, {0, 0},
	        "C:recon -96667, " AVAILABLE "96087, " REBATE "580"},
	    {"a fee", &fee, RESOLVED_PSP_FEE, {0, 0}, "X:psp_fee 50, C:recon -50"},
	    {"a fee less", &more, RESOLVED_ROUNDING, {0, 0}, "X:rounding -7, C:recon 7"},
	    {"found later", &unheard, RESOLVED_ENTRY, {0, 0}, "C:recon 99400, " AVAILABLE "-99400"},
	    {"nobody's payment", &unheard, RESOLVED_LOSS, {0, 0}, "X:loss -99400, C:recon 99400"},
	    {"never moved", &gone, RESOLVED_LOSS, {0, 0}, "X:loss 99400, " AVAILABLE "-99400"},
	    {"waived", &gone, RESOLVED_WAIVED, {0, 0}, ""},
	    {"a release waived", &released, RESOLVED_WAIVED, {0, 0}, ""},
	};
	struct reason r;
	struct posting p;
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	for (size_t i = 0; i < ROWS(rows); i++) {
		row_equal(rows[i].label, recon_judge(rows[i].d, rows[i].how, &r), ERR_OK);
		row_equal(rows[i].label,
		    recon_resolved(rows[i].d, rows[i].how, &rows[i].refund, &p), ERR_OK);
		row_equal(rows[i].label, p.event, EVENT_K_RECON);
		row_text(rows[i].label, text_of(&p, &text), rows[i].legs);
	}
	buf_release(&text);
}

static void
test_judge(void **state)
{
	static const struct {
		const char *label;
		enum bill_class class;
		enum recon_reason reason;
		int64_t recon_fen, rebate_fen;
		enum recon_resolution how;
		const char *said;
	} rows[] = {
	    {"waived, with fen", CLASS_PAYMENT, REASON_AMOUNT, 1, 0, RESOLVED_WAIVED,
	        "something stands on C:recon: where does it go?"},
	    {"waived, with a fee", CLASS_REFUND, REASON_NOT_IN_BOOKS, 0, 1, RESOLVED_WAIVED,
	        "something stands on C:recon: where does it go?"},
	    {"no release is lost", CLASS_RELEASE, REASON_NOT_ON_BILL, 0, 0, RESOLVED_LOSS,
	        "nothing stands on C:recon: it may be waived"},
	    {"no fee of what never came", CLASS_PAYMENT, REASON_NOT_ON_BILL, 0, 0, RESOLVED_PSP_FEE,
	        "nothing stands on C:recon: it may be waived"},
	    {"nothing to round", CLASS_RELEASE, REASON_AMOUNT, 0, 0, RESOLVED_ROUNDING,
	        "nothing stands on C:recon: it may be waived"},
	    {"a payment is no refund", CLASS_PAYMENT, REASON_NOT_IN_BOOKS, -5, 0, RESOLVED_REFUND,
	        "it is no refund that the books do not have"},
	    {"a refund that they have", CLASS_REFUND, REASON_AMOUNT, 5, 0, RESOLVED_REFUND,
	        "it is no refund that the books do not have"},
	    {"an entry that they have", CLASS_PAYMENT, REASON_AMOUNT, 5, 0, RESOLVED_ENTRY,
	        "the books have it under this number"},
	};
	struct reason r;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct recon_difference d = difference(rows[i].class, rows[i].reason, 5,
		    rows[i].recon_fen, rows[i].rebate_fen);

		row_equal(rows[i].label, recon_judge(&d, rows[i].how, &r), ERR_WRONG_STATE);
		row_text(rows[i].label, r.text, rows[i].said);
		row_text(rows[i].label, r.field, "resolution");
	}
}

static void
test_overflow(void **state)
{
	const struct recon_difference d =
	    difference(CLASS_REFUND, REASON_NOT_IN_BOOKS, 0, INT64_MAX, 0);
	struct posting p;

	(void)state;
	assert_int_equal(recon_resolved(&d, RESOLVED_LOSS, NULL, &p), ERR_OVERFLOW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_legs),
	    cmocka_unit_test(test_judge),
	    cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
