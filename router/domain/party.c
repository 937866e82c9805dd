/* party: who stands for a kind or a provider in a world. */
#include "domain/party.h"

#include <assert.h>
#include <stddef.h>

static void
scan(const struct world *w, int32_t *by_kind, int32_t *by_provider)
{
	const struct party *p;
	int32_t i;

	for (i = 0; i < w->party_count; i++) {
		p = &w->parties[i];
		if (p->disabled)
			continue;
		if (by_kind[p->kind] == 0 || p->id < by_kind[p->kind])
			by_kind[p->kind] = p->id;
		if (p->kind != PARTY_PROVIDER)
			continue;
		if (by_provider[p->provider] == 0 || p->id < by_provider[p->provider])
			by_provider[p->provider] = p->id;
	}
}

void
world_parties_index(struct world *w)
{
	int32_t by_kind[PARTY_KIND_COUNT] = {0}, by_provider[PROVIDER_COUNT] = {0};
	int i;

	scan(w, by_kind, by_provider);
	for (i = 0; i < PARTY_KIND_COUNT; i++)
		w->kind_party[i] = by_kind[i];
	for (i = 0; i < PROVIDER_COUNT; i++)
		w->provider_party[i] = by_provider[i];
	/* Tells an indexed world from one that is not, even if the brand were marked disabled. */
	w->kind_party[PARTY_BRAND] = w->brand;
}

int32_t
party_of_kind(const struct world *w, enum party_kind k)
{
	int32_t by_kind[PARTY_KIND_COUNT] = {0}, by_provider[PROVIDER_COUNT] = {0};

	assert(k > 0 && k < PARTY_KIND_COUNT);
	if (w->kind_party[PARTY_BRAND] != 0)
		return w->kind_party[k];
	scan(w, by_kind, by_provider);
	return by_kind[k];
}

int32_t
party_of_provider(const struct world *w, enum provider v)
{
	int32_t by_kind[PARTY_KIND_COUNT] = {0}, by_provider[PROVIDER_COUNT] = {0};

	assert((int)v >= 0 && v < PROVIDER_COUNT);
	if (w->kind_party[PARTY_BRAND] != 0)
		return w->provider_party[v];
	scan(w, by_kind, by_provider);
	return by_provider[v];
}
