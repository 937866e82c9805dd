/* Signatures of what we send: known ones, several secrets, and secrets as text. */
#include "base/buf.h"
#include "edge/signature.h"
#include "unit.h"

static struct signature_secret
secret(const char *text)
{
	struct signature_secret s;

	row_equal(text, signature_secret_read(text, &s), ERR_OK);
	return s;
}

/* The example that the specification's own libraries are tested with, and two of ours made with Python. */
static void
known_signatures(void **state)
{
	static const struct {
		const char *label, *secrets[2];
		int count;
		const char *id, *body, *want;
	} rows[] = {
	    {"specification", {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, 1,
	        "msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}",
	        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	    {"two",
	        {"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	            "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr"},
	        2, "msg_1", "{\"type\":\"x\"}",
	        "v1,fuCjzvqJjZHnhf8umpvMUp9WzmL76gTOFVgEAHt441Q= "
	        "v1,tDPrfwC+mZ9sFtgXYg8mAowBtC5Iri7qRhMd3aRUqe0="},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct signature_secret s[2];
		struct buf out;

		for (int n = 0; n < rows[i].count; n++)
			s[n] = secret(rows[i].secrets[n]);
		buf_init(&out, 1024);
		signature_add(&out, rows[i].id, 1614265330, rows[i].body, strlen(rows[i].body), s,
		    rows[i].count);
		row_text(rows[i].label, buf_cstr(&out), rows[i].want);
		buf_release(&out);
	}
}

static void
headers(void **state)
{
	static const char *const want[] = {"content-type: application/json",
	    "accept: application/json", "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
	    "webhook-timestamp: 1614265330",
	    "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="};
	const char body[] = "{\"test\": 2432232314}";
	const struct signature_secret s = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
	struct signed_headers h;

	(void)state;
	row_equal("made",
	    signed_headers_make(&h, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body),
	        &s, 1),
	    ERR_OK);
	for (size_t i = 0; i < ROWS(want); i++)
		row_text(want[i], h.lines[i], want[i]);
	row_equal("ended", h.lines[ROWS(want)] == NULL, true);
	signed_headers_release(&h);
}

static void
secrets_as_text(void **state)
{
	static const struct {
		const char *label, *text;
		enum err want;
	} rows[] = {
	    {"24 bytes", "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr", ERR_OK},
	    {"23 bytes", "whsec_a2tra2tra2tra2tra2tra2tra2tra2s=", ERR_BAD_FIELD},
	    {"no prefix", "a2tra2tra2tra2tra2tra2tra2tra2tr", ERR_BAD_FIELD},
	    {"another prefix", "whsek_a2tra2tra2tra2tra2tra2tra2tra2tr", ERR_BAD_FIELD},
	    {"not base64", "whsec_a2tra2tra2tra2tra2tra2tra2tra2t!", ERR_BAD_FIELD},
	    {"empty", "", ERR_BAD_FIELD},
	    {"only the prefix", "whsec_", ERR_BAD_FIELD},
	};
	struct signature_secret s, back;
	char text[SIGNATURE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label, signature_secret_read(rows[i].text, &s), rows[i].want);
	for (int i = 0; i < 50; i++) {
		signature_secret_make(&s);
		signature_secret_text(&s, text);
		row_equal(text, signature_secret_read(text, &back), ERR_OK);
		row_equal(text, back.len == s.len && memcmp(back.bytes, s.bytes, s.len) == 0, true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_signatures),
	    cmocka_unit_test(headers),
	    cmocka_unit_test(secrets_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
