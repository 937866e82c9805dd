/*
 * What WeChat Pay's answers say: each word, results by receiver, and answers that speak of something else or cannot
 * be read, of which nothing is taken.
 */
#include "base/metric.h"
#include "flow/wechat_inside.h"
#include "unit.h"

#define ITEM(no, to, amount, person) \
	{ \
		.item_no = (no), .receiver = (to), .fen = (amount), .personal = (person), \
		.result = RESULT_PENDING, .fail_reason = "", .detail_id = "" \
	}
static struct provider_item_row items[] = {ITEM(1, "2001", 300, false), ITEM(2, "oX", 40, true)};

#define CALL(name, what, count, ...) \
	{ \
		.number = (name), .kind = (what), .payment_number = "42", .items = items, \
		.item_count = (count), __VA_ARGS__ \
	}
static const struct provider_call_row split = CALL("S1", CALL_SPLIT, 2, .fen = 340);
static const struct provider_call_row unfreeze = CALL("U1", CALL_UNFREEZE, 1, .fen = 0);
static const struct provider_call_row back =
    CALL("R1", CALL_RETURN, 1, .split_number = "S1", .fen = 300);
static const struct provider_call_row refund =
    CALL("F1", CALL_REFUND, 1, .fen = 300, .total_fen = 1000);

static struct arena *arena;

static struct provider_reply
read_answer(enum wechat_question question, const struct provider_call_row *call, int status,
    const char *body)
{
	const struct provider_ask q = {.question = question, .call = call};
	const struct client_answer a = {.status = status, .body = body, .body_len = strlen(body)};
	struct provider_reply r = {.word = WORD_DONE};

	wechat_read(&q, &a, arena, &r);
	return r;
}

#define M "{\"type\":\"MERCHANT_ID\",\"account\":\"2001\",\"amount\":300,"
#define P "{\"type\":\"PERSONAL_OPENID\",\"account\":\"oX\",\"amount\":40,"
#define S(receivers) \
	"{\"out_order_no\":\"S1\",\"order_id\":\"30\",\"transaction_id\":\"42\",\"state\":\"FINISHED\",\"receivers\":[" receivers \
	"]}"
#define DONE_M \
	M "\"result\":\"SUCCESS\",\"detail_id\":\"36\",\"finish_time\":\"2026-09-01T10:00:00+08:00\"}"

#define SEALED(nonce, more) \
	"{\"download_bill_count\":1,\"download_bill_list\":[{\"bill_sequence\":1,\"hash_type\":\"SHA1\"," \
	"\"hash_value\":\"0123456789abcdef0123456789abcdef01234567\",\"download_url\":\"https://x/y\"," \
	"\"encrypt_key\":\"a0YK7p==\"," nonce "}" more "]}"

static const struct {
	const char *label;
	enum wechat_question question;
	const struct provider_call_row *call;
	int status;
	const char *body;
	enum provider_word want;
} said[] = {
    {"split", WECHAT_SEND, &split, 200, S(DONE_M "," P "\"result\":\"PENDING\"}"), WORD_DONE},
    {"rest row beside", WECHAT_QUERY, &split, 200,
        S("{\"type\":\"MERCHANT_ID\",\"account\":\"1000\",\"amount\":9,\"result\":\"SUCCESS\"}," DONE_M
          "," P "\"result\":\"CLOSED\"}"),
        WORD_DONE},
    {"a receiver is missing", WECHAT_SEND, &split, 200, S(DONE_M), WORD_UNKNOWN},
    {"a person as a merchant", WECHAT_SEND, &split, 200,
        S(DONE_M ",{\"type\":\"MERCHANT_ID\",\"account\":\"oX\",\"amount\":40}"), WORD_UNKNOWN},
    {"another amount", WECHAT_SEND, &split, 200,
        S(DONE_M ",{\"type\":\"PERSONAL_OPENID\",\"account\":\"oX\",\"amount\":41}"), WORD_UNKNOWN},
    {"an amount as text", WECHAT_SEND, &split, 200,
        S(DONE_M ",{\"type\":\"PERSONAL_OPENID\",\"account\":\"oX\",\"amount\":\"40\"}"),
        WORD_UNKNOWN},
    {"another number", WECHAT_SEND, &unfreeze, 200, S(DONE_M), WORD_UNKNOWN},
    {"cut off", WECHAT_SEND, &split, 200, "{\"out_order_no\":\"S1\",\"order", WORD_UNKNOWN},
    {"empty", WECHAT_SEND, &split, 200, "", WORD_UNKNOWN},
    {"no object", WECHAT_SEND, &split, 200, "[]", WORD_UNKNOWN},
    {"a name twice", WECHAT_SEND, &split, 200,
        "{\"out_order_no\":\"S1\",\"out_order_no\":\"S1\",\"receivers\":[" DONE_M "," P
        "\"result\":\"PENDING\"}]}",
        WORD_UNKNOWN},
    {"accepted without a word", WECHAT_SEND, &split, 202, "{}", WORD_UNKNOWN},
    {"refused", WECHAT_SEND, &split, 403, "{\"code\":\"RULE_LIMIT\",\"message\":\"x\"}",
        WORD_REFUSED},
    {"refused without a code", WECHAT_SEND, &split, 403, "{}", WORD_UNKNOWN},
    {"refused in HTML", WECHAT_SEND, &split, 400, "<html>", WORD_UNKNOWN},
    {"not now", WECHAT_SEND, &split, 400,
        "{\"code\":\"INVALID_REQUEST\",\"message\":\"订单处理中，请稍后重试\"}", WORD_LATER},
    {"never", WECHAT_SEND, &split, 400, "{\"code\":\"INVALID_REQUEST\",\"message\":\"分账已完结\"}",
        WORD_REFUSED},
    {"our key is wrong", WECHAT_SEND, &split, 401, "{\"code\":\"SIGN_ERROR\"}", WORD_LATER},
    {"too many", WECHAT_SEND, &split, 429, "{\"code\":\"FREQUENCY_LIMITED\"}", WORD_BUSY},
    {"too many receivers at once", WECHAT_RECEIVER, NULL, 400, "{\"code\":\"RATELIMIT_EXCEED\"}",
        WORD_BUSY},
    {"broken", WECHAT_SEND, &split, 500, "{\"code\":\"SYSTEM_ERROR\"}", WORD_UNKNOWN},
    {"no such number", WECHAT_QUERY, &split, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\"}",
        WORD_NO_SUCH},
    {"no such payment", WECHAT_SEND, &split, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\"}",
        WORD_REFUSED},
    {"a question refused", WECHAT_QUERY, &split, 400, "{\"code\":\"PARAM_ERROR\"}", WORD_UNKNOWN},
    {"receiver", WECHAT_RECEIVER, NULL, 200, "{\"type\":\"MERCHANT_ID\"}", WORD_DONE},
    {"amounts", WECHAT_AMOUNTS, NULL, 200, "{\"unsplit_amount\":7}", WORD_DONE},
    {"no amounts", WECHAT_AMOUNTS, NULL, 200, "{}", WORD_UNKNOWN},
    {"a negative amount", WECHAT_AMOUNTS, NULL, 200, "{\"unsplit_amount\":-7}", WORD_UNKNOWN},
    {"bill", WECHAT_BILL, NULL, 200,
        "{\"hash_type\":\"SHA1\",\"hash_value\":\"0123456789ABCDEF0123456789abcdef01234567\",\"download_url\":\"https://x/y\"}",
        WORD_DONE},
    {"bill of another hash", WECHAT_BILL, NULL, 200,
        "{\"hash_type\":\"MD5\",\"hash_value\":\"0123456789abcdef0123456789abcdef01234567\",\"download_url\":\"https://x/y\"}",
        WORD_UNKNOWN},
    {"bill of half a hash", WECHAT_BILL, NULL, 200,
        "{\"hash_type\":\"SHA1\",\"hash_value\":\"0123\",\"download_url\":\"https://x/y\"}",
        WORD_UNKNOWN},
    {"sealed bill", WECHAT_BILL, NULL, 200, SEALED("\"nonce\":\"a8607ef79034c49c\"", ""),
        WORD_DONE},
    {"sealed bill without a nonce", WECHAT_BILL, NULL, 200, SEALED("\"x\":1", ""), WORD_UNKNOWN},
    {"sealed bill in parts", WECHAT_BILL, NULL, 200,
        SEALED("\"nonce\":\"a8607ef79034c49c\"", ",{}"), WORD_UNKNOWN},
    {"list of no bill", WECHAT_BILL, NULL, 200, "{\"download_bill_list\":[]}", WORD_UNKNOWN},
    {"no bill", WECHAT_BILL, NULL, 400, "{\"code\":\"NO_STATEMENT_EXIST\"}", WORD_NO_SUCH},
    {"no bill yet", WECHAT_BILL, NULL, 400, "{\"code\":\"STATEMENT_CREATING\"}", WORD_LATER},
    {"return", WECHAT_SEND, &back, 200,
        "{\"out_return_no\":\"R1\",\"return_mchid\":\"2001\",\"amount\":300,\"result\":\"PROCESSING\"}",
        WORD_DONE},
    {"return of somebody else", WECHAT_SEND, &back, 200,
        "{\"out_return_no\":\"R1\",\"return_mchid\":\"2002\",\"amount\":300,\"result\":\"SUCCESS\"}",
        WORD_UNKNOWN},
    {"return of more", WECHAT_SEND, &back, 200,
        "{\"out_return_no\":\"R1\",\"return_mchid\":\"2001\",\"amount\":301,\"result\":\"SUCCESS\"}",
        WORD_UNKNOWN},
    {"refund", WECHAT_SEND, &refund, 200,
        "{\"out_refund_no\":\"F1\",\"transaction_id\":\"42\",\"status\":\"SUCCESS\",\"amount\":{\"refund\":300}}",
        WORD_DONE},
    {"refund of another payment", WECHAT_SEND, &refund, 200,
        "{\"out_refund_no\":\"F1\",\"transaction_id\":\"43\",\"status\":\"SUCCESS\",\"amount\":{\"refund\":300}}",
        WORD_UNKNOWN},
    {"refund of less", WECHAT_SEND, &refund, 200,
        "{\"out_refund_no\":\"F1\",\"transaction_id\":\"42\",\"status\":\"SUCCESS\",\"amount\":{\"refund\":299}}",
        WORD_UNKNOWN},
};

static void
words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(said); i++)
		row_equal(said[i].label,
		    read_answer(said[i].question, said[i].call, said[i].status, said[i].body).word,
		    said[i].want);
}

static void
results(void **state)
{
	struct provider_reply r = read_answer(WECHAT_QUERY, &split, 200,
	    S(DONE_M "," P "\"result\":\"CLOSED\",\"fail_reason\":\"NO_AUTH\"}"));

	(void)state;
	row_text("number", r.provider_id, "30");
	row_equal("paid", r.items[0].result, RESULT_SUCCESS);
	row_equal("moved", r.items[0].actual_fen, 300);
	row_equal("when", r.items[0].finished_us, INT64_C(1788228000000000));
	row_text("detail", r.items[0].detail_id, "36");
	row_equal("closed", r.items[1].result, RESULT_CLOSED);
	row_equal("not moved", r.items[1].actual_fen, 0);
	row_text("why", r.items[1].fail_reason, "NO_AUTH");
	row_equal("the row itself stays", items[0].result, RESULT_PENDING);
}

static void
released(void **state)
{
	static const struct {
		const char *label, *body;
		enum provider_result result;
		int64_t fen;
	} rows[] = {
	    {"all",
	        "{\"out_order_no\":\"U1\",\"state\":\"FINISHED\",\"receivers\":[{\"amount\":70,\"result\":\"SUCCESS\"}]}",
	        RESULT_SUCCESS, 70},
	    {"nothing was left",
	        "{\"out_order_no\":\"U1\",\"state\":\"FINISHED\",\"receivers\":[]}", RESULT_SUCCESS,
	        0},
	    {"on its way",
	        "{\"out_order_no\":\"U1\",\"state\":\"PROCESSING\",\"receivers\":[{\"amount\":70,\"result\":\"PENDING\"}]}",
	        RESULT_PENDING, 0},
	    {"finished but for a row",
	        "{\"out_order_no\":\"U1\",\"state\":\"FINISHED\",\"receivers\":[{\"amount\":70,\"result\":\"PENDING\"}]}",
	        RESULT_PENDING, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct provider_reply r = read_answer(WECHAT_SEND, &unfreeze, 200, rows[i].body);

		row_equal(rows[i].label, r.word, WORD_DONE);
		row_equal(rows[i].label, r.items[0].result, rows[i].result);
		row_equal(rows[i].label, r.items[0].actual_fen, rows[i].fen);
	}
}

static void
refunds(void **state)
{
	static const struct {
		const char *status;
		enum provider_result result;
	} rows[] = {{"SUCCESS", RESULT_SUCCESS}, {"CLOSED", RESULT_CLOSED},
	    {"PROCESSING", RESULT_PENDING}, {"ABNORMAL", RESULT_PENDING},
	    {"WHATEVER", RESULT_PENDING}};
	char body[200];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"out_refund_no\":\"F1\",\"transaction_id\":\"42\",\"status\":\"%s\",\"amount\":{\"refund\":300}}",
		    rows[i].status);
		row_equal(rows[i].status,
		    read_answer(WECHAT_QUERY, &refund, 200, body).items[0].result, rows[i].result);
	}
}

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	return arena == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words),
	    cmocka_unit_test(results),
	    cmocka_unit_test(released),
	    cmocka_unit_test(refunds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
