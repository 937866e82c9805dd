#include "store/secrets.h"

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

static enum err
take(const PGresult *rows, struct secrets *s)
{
	bool token = false, store_code = false;

	for (int i = 0; i < PQntuples(rows); i++) {
		const char *name = col_text(rows, i, 0);
		size_t len;
		const uint8_t *value = col_bytes(rows, i, 1, &len);

		if (len != DIGEST_SIZE)
			continue;
		if (strcmp(name, "token") == 0) {
			memcpy(s->token, value, DIGEST_SIZE);
			token = true;
		} else if (strcmp(name, "store_code") == 0) {
			memcpy(s->store_code, value, DIGEST_SIZE);
			store_code = true;
		}
	}
	return token && store_code ? ERR_OK : ERR_INTERNAL;
}

static void
read_done(struct tx *t, void *ctx, enum err e)
{
	struct secrets_job *job = ctx;
	struct secrets s = {{0}, {0}};

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
