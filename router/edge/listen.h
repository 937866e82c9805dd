#ifndef ROUTER_EDGE_LISTEN_H
#define ROUTER_EDGE_LISTEN_H

/* listen: from the settings listen and tls_* to a socket that accepts and a TLS context. */
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "base/conf.h"

/* ${*port} is the bound one, also when the setting said 0.  ERR_CONF or ERR_IO; ${r} says why. */
enum err listen_open(struct evconnlistener **out, struct event_base *base, const struct conf *conf,
    int *port, struct reason *r) MUST_CHECK;
/* NULL in ${*out}: plain HTTP. */
enum err listen_tls(SSL_CTX **out, const struct conf *conf, struct reason *r) MUST_CHECK;

#endif
