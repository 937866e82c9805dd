#ifndef ROUTER_DOMAIN_PARTY_H
#define ROUTER_DOMAIN_PARTY_H

/* party: who stands for a kind or a provider in a world. */
#include "domain/world.h"

/*
 * Fill kind_party and provider_party: of each kind the party with the lowest id that is not disabled, of
 * each provider the PARTY_PROVIDER party with it.  Once, when the parties stand; without it the look-ups
 * below go through all parties each time.
 */
void world_parties_index(struct world *w);

/* Who stands for a kind of which an order needs at most one: platform, courier, warehouse.  0: nobody. */
int32_t party_of_kind(const struct world *w, enum party_kind k);

/* The party that is the payment provider ${v}; 0: nobody stands for it. */
int32_t party_of_provider(const struct world *w, enum provider v);

#endif
