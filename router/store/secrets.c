#include "store/secrets.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct secrets_job {
	secrets_fn *done;
	void *ctx;
};

static enum tx_next
read_step(struct tx *t, void *ctx)
{
	(void)ctx;
	(void)tx_args(t);
	tx_add(t, STMT_SECRETS);
	return TX_COMMIT;
}

/* One row a field of struct secrets. */
static const struct {
	const char *name;
	size_t at;
} fields[] = {
    {"token", offsetof(struct secrets, token)},
    {"store_code", offsetof(struct secrets, store_code)},
    {"collection", offsetof(struct secrets, collection)},
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static enum err
take(const PGresult *rows, struct secrets *s)
{
	size_t found = 0;

	for (int i = 0; i < PQntuples(rows); i++) {
		const char *name = col_text(rows, i, 0);
		size_t len;
		const uint8_t *value = col_bytes(rows, i, 1, &len);

		for (size_t f = 0; len == DIGEST_SIZE && f < FIELD_COUNT; f++) {
			if (strcmp(name, fields[f].name) != 0)
				continue;
			memcpy((uint8_t *)s + fields[f].at, value, DIGEST_SIZE);
			found++;
		}
	}
	return found == FIELD_COUNT ? ERR_OK : ERR_INTERNAL;
}

static void
read_done(struct tx *t, void *ctx, enum err e)
{
	struct secrets_job *job = ctx;
	struct secrets s = {.token = {0}};

	if (e == ERR_OK)
		e = take(tx_result(t, 0), &s);
	job->done(job->ctx, e, &s);
	explicit_bzero(&s, sizeof(s));
	free(job);
}

enum err
secrets_read(struct pool *p, secrets_fn *done, void *ctx)
{
	struct secrets_job *job;
	enum err e;

	job = malloc(sizeof(*job));
	if (job == NULL)
		return ERR_NO_MEMORY;
	job->done = done;
	job->ctx = ctx;
	e = tx_start(p, read_step, read_done, job);
	if (e != ERR_OK)
		free(job);
	return e;
}
