#include "simulator/provider_books.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "base/parse.h"
#include "simulator/provider_ask.h"

#define RETURN_WAIT_US US_PER_DAY

/* ---- Finding --------------------------------------------------------------------------------------- */

void
books_key(char out[KEY_SIZE], const char *payer, const char *number)
{
	(void)snprintf(out, KEY_SIZE, "%s %s", payer, number);
}

void *
books_find(const struct books_index *ix, const char *key)
{
	uint32_t at = strmap_get(&ix->map, key);

	return at == STRMAP_NONE ? NULL : ix->item[at];
}

void *
books_find2(const struct books_index *ix, const char *payer, const char *number)
{
	char key[KEY_SIZE];

	books_key(key, payer, number);
	return books_find(ix, key);
}

enum err
books_add(struct books_index *ix, const char *key, void *item)
{
	enum err e;

	if (ix->count == ix->size) {
		size_t size = ix->size == 0 ? 64 : ix->size * 2;
		void **bigger = realloc(ix->item, size * sizeof(*bigger));

		if (bigger == NULL) {
			free(item);
			return ERR_NO_MEMORY;
		}
		ix->item = bigger;
		ix->size = size;
	}
	e = strmap_put(&ix->map, key, (uint32_t)ix->count, NULL);
	if (e != ERR_OK) {
		free(item);
		return e;
	}
	ix->item[ix->count++] = item;
	return ERR_OK;
}

static struct books_index *
index_at(struct books *b, int at)
{
	struct books_index *all[] = {&b->merchants, &b->payments, &b->splits, &b->returns,
	    &b->refunds, &b->receivers, &b->persons};

	return at < (int)(sizeof(all) / sizeof(all[0])) ? all[at] : NULL;
}

enum err
books_init(struct books *b, const struct books_conf *conf, const char *signer)
{
	struct books_index *ix;
	enum err e = ERR_OK;

	*b = (struct books){.conf = *conf};
	(void)snprintf(b->signer, sizeof(b->signer), "%s", signer);
	for (int i = 0; e == ERR_OK && (ix = index_at(b, i)) != NULL; i++)
		e = strmap_init(&ix->map, 64);
	if (e == ERR_OK && books_merchant(b, signer) == NULL)
		e = ERR_NO_MEMORY;
	if (e != ERR_OK)
		books_release(b);
	return e;
}

static void
split_free(struct split *s)
{
	free(s->body);
	free(s->legs);
}

void
books_release(struct books *b)
{
	struct books_index *ix;

	for (size_t i = 0; i < b->payments.count; i++) {
		struct payment *p = b->payments.item[i];

		/* the system's own are in no index */
		while (p->splits != NULL) {
			struct split *s = p->splits;

			p->splits = s->next;
			split_free(s);
			if (s->kind == SPLIT_SYSTEM)
				free(s);
		}
	}
	for (int i = 0; (ix = index_at(b, i)) != NULL; i++) {
		for (size_t k = 0; k < ix->count; k++)
			free(ix->item[k]);
		free(ix->item);
		strmap_release(&ix->map);
	}
	while (b->closes != NULL) {
		struct books_close *c = b->closes;

		b->closes = c->next;
		free(c);
	}
	while (b->plants != NULL) {
		struct books_plant *c = b->plants;

		b->plants = c->next;
		free(c);
	}
	free(b->flow);
	*b = (struct books){0};
}

struct merchant *
books_merchant(struct books *b, const char *number)
{
	struct merchant *m = books_find(&b->merchants, number);

	if (m != NULL)
		return m;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	(void)snprintf(m->number, sizeof(m->number), "%s", number);
	return books_add(&b->merchants, m->number, m) == ERR_OK ? m : NULL;
}

void
books_id(struct books *b, const char *prefix, char out[ID_SIZE])
{
	(void)snprintf(out, ID_SIZE, "%s%022lld", prefix, (long long)++b->last_id);
}

/* ---- Sums ------------------------------------------------------------------------------------------ */

int64_t
payment_unsplit(const struct payment *p)
{
	return p->finished ? 0 : p->frozen - p->pending;
}

int64_t
payment_cap_left(const struct payment *p, int64_t cap_bps)
{
	int64_t cap = 0;
	bool fits = fen_bps(p->amount - p->refunded, (int32_t)cap_bps, ROUND_FLOOR, &cap);

	assert(fits);
	return cap > p->outward ? cap - p->outward : 0;
}

enum err
books_flow(struct books *b, const struct flow *row)
{
	assert(row->merchant->frozen >= 0 && row->merchant->available >= 0 &&
	    row->merchant->disputed >= 0);
	if (b->flow_count == b->flow_size) {
		size_t size = b->flow_size == 0 ? 256 : b->flow_size * 2;
		struct flow *bigger = realloc(b->flow, size * sizeof(*bigger));

		if (bigger == NULL)
			return ERR_NO_MEMORY;
		b->flow = bigger;
		b->flow_size = size;
	}
	b->flow[b->flow_count++] = *row;
	b->changed = true;
	return ERR_OK;
}

/* ---- Payments -------------------------------------------------------------------------------------- */

void
books_release_soon(struct books *b)
{
	b->release_us = INT64_MIN;
}

enum err
books_paid(struct books *b, struct payment *p)
{
	struct merchant *m = p->merchant;
	enum err e;

	p->released = p->finished = !p->shares;
	p->frozen = p->shares ? p->amount - p->fee : 0;
	*(p->shares ? &m->frozen : &m->available) += p->amount;
	e = books_flow(b,
	    &(struct flow){.merchant = m,
	        .at_us = p->paid_us,
	        .amount = p->amount,
	        .kind = FLOW_PAID,
	        .payment = p});
	*(p->shares ? &m->frozen : &m->available) -= p->fee;
	if (e == ERR_OK && p->fee > 0)
		e = books_flow(b,
		    &(struct flow){.merchant = m,
		        .at_us = p->paid_us,
		        .amount = -p->fee,
		        .kind = FLOW_FEE,
		        .payment = p});
	books_release_soon(b);
	return e;
}

enum err
books_cash(struct books *b, struct merchant *m, int64_t amount)
{
	m->available += amount;
	if (amount < 0)
		m->withdrawn -= amount;
	else
		m->topped_up += amount;
	return books_flow(b,
	    &(struct flow){.merchant = m, .at_us = b->now_us, .amount = amount, .kind = FLOW_CASH});
}

enum err
books_dispute_lost(struct books *b, struct payment *p, int64_t amount)
{
	p->disputed -= amount;
	p->lost += amount;
	p->merchant->disputed -= amount;
	return books_flow(b,
	    &(struct flow){.merchant = p->merchant,
	        .at_us = b->now_us,
	        .amount = -amount,
	        .kind = FLOW_DISPUTE,
	        .payment = p});
}

/* ---- By itself ------------------------------------------------------------------------------------- */

static enum err
system_release(struct books *b, struct payment *p)
{
	struct split *s = calloc(1, sizeof(*s));
	enum err e;

	if (s == NULL)
		return ERR_NO_MEMORY;
	s->legs = calloc(1, sizeof(*s->legs));
	if (s->legs == NULL) {
		free(s);
		return ERR_NO_MEMORY;
	}
	s->payment = p;
	s->kind = SPLIT_SYSTEM;
	s->releases = true;
	s->created_us = p->paid_us + b->conf.freeze_days * US_PER_DAY;
	books_id(b, "3008", s->order_id);
	s->next = p->splits;
	p->splits = s;
	leg_make_rest(b, s, &s->legs[0]);
	s->leg_count = 1;
	e = books_split_settle(b, s);
	s->legs[0].finish_us = s->created_us;
	b->flow[b->flow_count - 1].at_us = s->created_us;
	return e;
}

static void
returns_expire(struct books *b)
{
	for (size_t i = 0; i < b->returns.count; i++) {
		struct ret *r = b->returns.item[i];
		int64_t until_us = r->created_us + RETURN_WAIT_US;

		if (r->result != LEG_PENDING || b->now_us < until_us)
			continue;
		books_return_fail(b, r, "TIME_OUT_CLOSED");
		/* whenever we look: what is played again must come to the same */
		r->finish_us = until_us;
	}
}

enum err
books_advance(struct books *b)
{
	int64_t next = INT64_MAX;
	enum err e = ERR_OK;

	returns_expire(b);
	if (b->now_us < b->release_us)
		return ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < b->payments.count; i++) {
		struct payment *p = b->payments.item[i];
		int64_t at = p->paid_us + b->conf.freeze_days * US_PER_DAY;

		if (p->released)
			continue;
		if (b->now_us >= at)
			e = system_release(b, p);
		else if (at < next)
			next = at;
	}
	b->release_us = next;
	return e;
}
