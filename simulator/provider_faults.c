#include "simulator/provider_faults.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

#define STALL_MS 3000
#define BPS_MAX 10000

static const char *const words[FAULT_COUNT] = {"none",
#define X(name, word) #word,
    FAULT_TABLE(X)
#undef X
};

void
faults_init(struct faults *f, uint64_t seed, int64_t any_bps)
{
	*f = (struct faults){.any_bps = any_bps, .stall_ms = STALL_MS};
	rng_init(&f->rng, seed, RNG_FAULT, 0);
}

enum fault
faults_draw(struct faults *f, const char *path)
{
	enum fault drawn = FAULT_NONE;

	if (f->next_count > 0 && strncmp(path, f->next_path, strlen(f->next_path)) == 0) {
		f->next_count--;
		drawn = f->next;
	} else {
		if (rng_below(&f->rng, BPS_MAX) < f->any_bps)
			drawn = (enum fault)rng_between(&f->rng, 1, FAULT_COUNT - 1);
		for (int i = 1; drawn == FAULT_NONE && i < FAULT_COUNT; i++)
			if (f->bps[i] > 0 && rng_below(&f->rng, BPS_MAX) < f->bps[i])
				drawn = (enum fault)i;
	}
	f->met += drawn != FAULT_NONE;
	return drawn;
}

static bool
word_find(const char *s, size_t len, enum fault *out)
{
	for (int i = 0; i < FAULT_COUNT; i++)
		if (strlen(words[i]) == len && strncmp(words[i], s, len) == 0) {
			*out = (enum fault)i;
			return true;
		}
	return false;
}

bool
faults_option(struct faults *f, const char *text)
{
	size_t len = strcspn(text, "=");
	enum fault which;

	return text[len] == '=' && word_find(text, len, &which) && which != FAULT_NONE &&
	    parse_i64(text + len + 1, 0, BPS_MAX, &f->bps[which]) == ERR_OK;
}

bool
faults_control(struct faults *f, const struct ask *q, struct answer *a)
{
	struct faults c = *f;
	const char *next = body_text(q->body, "next");
	char name[40];

	for (int i = 1; i < FAULT_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "%s_bps", words[i]);
		if (json_object_get(q->body, name) != NULL &&
		    !body_amount(q->body, name, 0, BPS_MAX, &c.bps[i]))
			return answer_control(a, name);
	}
	if (json_object_get(q->body, "fault_bps") != NULL &&
	    !body_amount(q->body, "fault_bps", 0, BPS_MAX, &c.any_bps))
		return answer_control(a, "fault_bps");
	if (json_object_get(q->body, "stall_ms") != NULL &&
	    !body_amount(q->body, "stall_ms", 0, 600000, &c.stall_ms))
		return answer_control(a, "stall_ms");
	if (next != NULL) {
		c.next_count = 1;
		if (!word_find(next, strlen(next), &c.next) ||
		    !body_copy(q->body, "path", false, c.next_path, sizeof(c.next_path)) ||
		    (json_object_get(q->body, "count") != NULL &&
		        !body_amount(q->body, "count", 0, INT32_MAX, &c.next_count)))
			return answer_control(a, "next, path or count is wrong");
	}
	*f = c;
	return answer_json(a, json_pack("{s:b}", "ok", 1));
}
