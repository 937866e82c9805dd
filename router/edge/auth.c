#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "edge/auth.h"

#define KEY_PREFIX "yk_"
#define KEY_BYTES 32
#define KEY_LEN (sizeof(KEY_PREFIX) - 1 + B64URL_SIZE(KEY_BYTES) - 1)
#define SCOPE_CODE_MAX 64

static const struct {
	enum role role;
	const char *word;
} role_table[] = {
    {ROLE_STOREFRONT, "storefront"},
    {ROLE_STORE, "store"},
    {ROLE_FINANCE, "finance"},
    {ROLE_OPERATOR, "operator"},
    {ROLE_ADMIN, "admin"},
};

#define ROLE_COUNT (sizeof(role_table) / sizeof(role_table[0]))

static const char *const scope_kinds[] = {"storefront", "location", "dealer"};

struct key {
	uint8_t hash[DIGEST_SIZE];
	struct principal who; /* role 0: the slot is free */
};

/* Open addressing, at most half full; the hash is its own hash. */
struct key_table {
	size_t slot_count; /* a power of two */
	int count;
	int count_max;
	struct key *slots;
};

enum role
role_parse(const char *word)
{
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (strcmp(role_table[i].word, word) == 0)
			return role_table[i].role;
	}
	return 0;
}

const char *
role_word(enum role r)
{
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (role_table[i].role == r)
			return role_table[i].word;
	}
	return "none";
}

static bool
is_code(const char *s)
{
	size_t len = strlen(s);

	if (strcmp(s, "*") == 0)
		return true;
	return len >= 1 && len <= SCOPE_CODE_MAX &&
	    strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-") == len;
}

bool
scope_valid(const char *scope)
{
	if (strcmp(scope, "margin") == 0)
		return true;
	for (size_t i = 0; i < sizeof(scope_kinds) / sizeof(scope_kinds[0]); i++) {
		size_t len = strlen(scope_kinds[i]);

		if (strncmp(scope, scope_kinds[i], len) == 0 && scope[len] == ':')
			return is_code(scope + len + 1);
	}
	return false;
}

bool
principal_may(const struct principal *p, const char *kind, const char *code)
{
	size_t len = strlen(kind);
	bool has_kind = false;

	for (int i = 0; i < p->scope_count; i++) {
		const char *s = p->scopes[i];

		if (strncmp(s, kind, len) != 0 || s[len] != ':')
			continue;
		has_kind = true;
		if (strcmp(s + len + 1, "*") == 0 || strcmp(s + len + 1, code) == 0)
			return true;
	}
	return !has_kind && (p->role & (ROLE_FINANCE | ROLE_OPERATOR | ROLE_ADMIN)) != 0;
}

struct key_table *
key_table_new(int count_max)
{
	struct key_table *t;
	size_t slot_count = 8;

	assert(count_max >= 0);
	while (slot_count < (size_t)count_max * 2)
		slot_count *= 2;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->slots = calloc(slot_count, sizeof(*t->slots));
	if (t->slots == NULL) {
		free(t);
		return NULL;
	}
	t->slot_count = slot_count;
	t->count_max = count_max;
	return t;
}

void
key_table_free(struct key_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->slot_count; i++)
		free(t->slots[i].who.scopes);
	free(t->slots);
	free(t);
}

/* The key's slot, or the free one where it would go. */
static struct key *
slot_of(const struct key_table *t, const uint8_t hash[DIGEST_SIZE])
{
	uint64_t h;

	memcpy(&h, hash, sizeof(h));
	for (size_t i = (size_t)h & (t->slot_count - 1);; i = (i + 1) & (t->slot_count - 1)) {
		struct key *k = &t->slots[i];

		if (k->who.role == 0 || digest_equal(k->hash, hash, DIGEST_SIZE))
			return k;
	}
}

enum err
key_table_add(struct key_table *t, int64_t key_id, const uint8_t hash[DIGEST_SIZE],
    const char *role, const char *const *scopes, int scope_count)
{
	enum role r = role_parse(role);
	bool sees_money = (r & (ROLE_FINANCE | ROLE_OPERATOR | ROLE_ADMIN)) != 0;
	struct key *k;

	if (r == 0 || scope_count < 0 || scope_count > SCOPES_MAX)
		return ERR_CONF;
	for (int i = 0; i < scope_count; i++) {
		if (!scope_valid(scopes[i]))
			return ERR_CONF;
		if (strcmp(scopes[i], "margin") == 0)
			sees_money = true;
	}
	assert(t->count < t->count_max);
	k = slot_of(t, hash);
	if (k->who.role != 0)
		return ERR_CONF; /* the same key twice: which row would hold? */
	if (scope_count > 0) {
		k->who.scopes = calloc((size_t)scope_count, sizeof(*k->who.scopes));
		if (k->who.scopes == NULL)
			return ERR_NO_MEMORY;
	}
	for (int i = 0; i < scope_count; i++)
		memcpy(k->who.scopes[i], scopes[i], strlen(scopes[i]) + 1);
	memcpy(k->hash, hash, DIGEST_SIZE);
	k->who.key_id = key_id;
	k->who.scope_count = scope_count;
	k->who.sees_money = sees_money;
	k->who.role = r;
	t->count++;
	return ERR_OK;
}

const struct principal *
key_table_find(const struct key_table *t, const char *authorization)
{
	uint8_t hash[DIGEST_SIZE];
	const struct key *k;
	const char *text;

	if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0)
		return NULL;
	text = authorization + 7;
	if (strlen(text) != KEY_LEN || strncmp(text, KEY_PREFIX, sizeof(KEY_PREFIX) - 1) != 0)
		return NULL;
	digest_sha256(text, KEY_LEN, hash);
	k = slot_of(t, hash);
	return k->who.role != 0 ? &k->who : NULL;
}

void
key_make(char text[KEY_TEXT_SIZE], uint8_t hash[DIGEST_SIZE])
{
	uint8_t secret[KEY_BYTES];

	random_bytes(secret, sizeof(secret));
	memcpy(text, KEY_PREFIX, sizeof(KEY_PREFIX));
	b64url_encode(secret, sizeof(secret), text + sizeof(KEY_PREFIX) - 1);
	explicit_bzero(secret, sizeof(secret));
	digest_sha256(text, KEY_LEN, hash);
}
