/* account: the chart of accounts as numbers. */
#include "domain/account.h"

#include <assert.h>
#include <string.h>

#define OTHER_BITS 25
#define PARTY_BITS 25
#define PROVIDER_BITS 5
#define PARTY_SHIFT OTHER_BITS
#define PROVIDER_SHIFT (PARTY_SHIFT + PARTY_BITS)
#define KIND_SHIFT (PROVIDER_SHIFT + PROVIDER_BITS)
#define KIND_MAX 127

_Static_assert(PROVIDER_COUNT <= 1 << PROVIDER_BITS, "a provider's number fits its bits");

static const char *const provider_words[PROVIDER_COUNT] = {
    [PROVIDER_NONE] = "none",
    [PROVIDER_WECHAT] = "wechat",
    [PROVIDER_ALIPAY] = "alipay",
    [PROVIDER_UNIONPAY] = "unionpay",
    [PROVIDER_CHANNEL] = "channel",
    [PROVIDER_CASH] = "cash",
};

enum provider
provider_parse(const char *word)
{
	for (int i = PROVIDER_NONE + 1; i < PROVIDER_COUNT; i++)
		if (strcmp(provider_words[i], word) == 0)
			return (enum provider)i;
	return PROVIDER_NONE;
}

const char *
provider_word(enum provider v)
{
	assert((int)v >= 0 && v < PROVIDER_COUNT);
	return provider_words[v];
}

int64_t
account_number(enum account_kind k, enum provider v, int32_t party, int32_t other)
{
	assert((int)k > 0 && (int)k <= KIND_MAX);
	assert((int)v >= 0 && v < PROVIDER_COUNT);
	assert(party >= 0 && party <= ACCOUNT_ID_MAX);
	assert(other >= 0 && other <= ACCOUNT_ID_MAX);
	return (int64_t)k << KIND_SHIFT | (int64_t)v << PROVIDER_SHIFT |
	    (int64_t)party << PARTY_SHIFT | (int64_t)other;
}

enum account_kind
account_kind(int64_t account)
{
	return (enum account_kind)(account >> KIND_SHIFT & KIND_MAX);
}

enum provider
account_provider(int64_t account)
{
	return (enum provider)(account >> PROVIDER_SHIFT & ((1 << PROVIDER_BITS) - 1));
}

int32_t
account_party(int64_t account)
{
	return (int32_t)(account >> PARTY_SHIFT & ACCOUNT_ID_MAX);
}

int32_t
account_other(int64_t account)
{
	return (int32_t)(account & ACCOUNT_ID_MAX);
}

static const char *
text_of(enum account_kind k)
{
	switch (k) {
#define X(name, number, text) \
	case ACCOUNT_##name: \
		return text;
		ACCOUNT_TABLE(X)
#undef X
	}
	return NULL;
}

static void
print_party(const struct world *w, int32_t id, struct buf *out)
{
	const struct party *p = world_party_row(w, id);

	if (p != NULL)
		buf_str(out, p->code);
	else
		buf_printf(out, "#%d", id);
}

void
account_print(const struct world *w, int64_t account, struct buf *out)
{
	const char *t = text_of(account_kind(account));
	enum provider v = account_provider(account);

	if (t == NULL) {
		buf_byte(out, '?');
		buf_i64_dec(out, account);
		return;
	}
	for (; *t != '\0'; t++) {
		if (*t != '%') {
			buf_byte(out, (uint8_t)*t);
			continue;
		}
		t++;
		if (*t == 'v')
			buf_str(out, v < PROVIDER_COUNT ? provider_words[v] : "?");
		else
			print_party(w, *t == 'p' ? account_party(account) : account_other(account),
			    out);
	}
}

/* ---- From text ----------------------------------------------------------------------------------- */

/* The word up to the next colon, or the end; false: it is longer than a code. */
static bool
next_word(const char **text, char *out)
{
	size_t len = strcspn(*text, ":");

	if (len == 0 || len >= CODE_SIZE)
		return false;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len;
	return true;
}

static bool
match(const struct world *w, const char *form, const char *text, enum provider *v, int32_t *party,
    int32_t *other)
{
	char want[CODE_SIZE], got[CODE_SIZE];
	uint32_t at;

	for (;;) {
		if (!next_word(&form, want) || !next_word(&text, got) || *form != *text)
			return false;
		if (strcmp(want, "%v") == 0) {
			*v = provider_parse(got);
			if (*v == PROVIDER_NONE)
				return false;
		} else if (want[0] == '%') {
			at = strmap_get(&w->party_code, got);
			if (at == STRMAP_NONE)
				return false;
			*(want[1] == 'p' ? party : other) = w->parties[at].id;
		} else if (strcmp(want, got) != 0) {
			return false;
		}
		if (*form == '\0')
			return true;
		form++;
		text++;
	}
}

int64_t
account_parse(const struct world *w, const char *text)
{
	for (int k = 1; k <= KIND_MAX; k++) {
		const char *form = text_of((enum account_kind)k);
		enum provider v = PROVIDER_NONE;
		int32_t party = 0, other = 0;

		if (form != NULL && match(w, form, text, &v, &party, &other))
			return account_number((enum account_kind)k, v, party, other);
	}
	return 0;
}

bool
account_staged(int64_t account)
{
	enum account_kind k = account_kind(account);

	return k >= ACCOUNT_DEALER_HELD && k <= ACCOUNT_CHANNEL_PAYOUT;
}

enum account_stage
account_stage(int64_t account)
{
	assert(account_staged(account));
	return (enum account_stage)((account_kind(account) - ACCOUNT_DEALER_HELD) % STAGE_COUNT);
}

int64_t
account_at_stage(int64_t account, enum account_stage stage)
{
	int64_t steps = (int64_t)stage - (int64_t)account_stage(account);

	return account + steps * (INT64_C(1) << KIND_SHIFT);
}

bool
account_bounded(int64_t account)
{
	enum account_kind k = account_kind(account);

	return (k >= ACCOUNT_DEALER_HELD && k <= ACCOUNT_STAFF_PAYOUT) || k == ACCOUNT_RECV_DEALER;
}

int64_t
account_of_leg(const struct world *w, enum leg_kind kind, int32_t party, int32_t collector)
{
	const struct party *p = world_party_row(w, party);

	assert(kind != LEG_PROVIDER_FEE && p != NULL);
	if (party == w->brand)
		return account_number(kind == LEG_COST ? ACCOUNT_BRAND_COST : ACCOUNT_BRAND_OTHER,
		    PROVIDER_NONE, 0, 0);
	switch (p->kind) {
	case PARTY_STAFF:
		return account_number(ACCOUNT_STAFF_HELD, PROVIDER_NONE, party, 0);
	case PARTY_COURIER:
		return account_number(ACCOUNT_COURIER_HELD, PROVIDER_NONE, party, 0);
	case PARTY_WAREHOUSE:
		return account_number(ACCOUNT_WAREHOUSE_HELD, PROVIDER_NONE, party, 0);
	case PARTY_PLATFORM:
		return account_number(ACCOUNT_PLATFORM_HELD, PROVIDER_NONE, 0, 0);
	case PARTY_CHANNEL:
		return account_number(ACCOUNT_CHANNEL_HELD, PROVIDER_NONE, party, 0);
	default:
		return account_number(ACCOUNT_DEALER_HELD, PROVIDER_NONE, party, collector);
	}
}

int64_t
account_receivable(const struct world *w, int32_t dealer, int32_t collector)
{
	return account_number(ACCOUNT_RECV_DEALER, PROVIDER_NONE, dealer,
	    dealer == collector ? w->brand : collector);
}

int64_t
account_promo(const struct world *w, int32_t party)
{
	const struct party *p = world_party_row(w, party);

	if (party == w->brand)
		return account_number(ACCOUNT_BRAND_PROMO, PROVIDER_NONE, 0, 0);
	if (p != NULL && p->kind == PARTY_PLATFORM)
		return account_number(ACCOUNT_PLATFORM_PROMO, PROVIDER_NONE, 0, 0);
	return account_number(ACCOUNT_DEALER_PROMO, PROVIDER_NONE, party, 0);
}
