#ifndef ROUTER_EDGE_ADDRESS_H
#define ROUTER_EDGE_ADDRESS_H

/*
 * address: is this an address of the public internet?
 *
 * Who may register a webhook must not make the service knock at doors behind the firewall.  The judge is asked
 * for the address that is connected to, after every name was resolved, so that a name which changes its mind
 * gains nothing.  Source: the IANA special-purpose address registries for IPv4 and IPv6.
 */
#include <stdbool.h>
#include <sys/socket.h>

/*
 * false: loopback, private, link-local, shared, multicast, reserved, documentation; also as an IPv4 address in an
 * IPv6 one (mapped, NAT64, 6to4); every IPv6 address outside 2000::/3; any family but these two.
 */
bool address_public(const struct sockaddr *a);

#endif
