#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "edge/listen.h"

/* Connections that the kernel holds while a turn of the loop lasts. */
#define BACKLOG 4096

static int
port_of(evutil_socket_t fd)
{
	struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(sa);
	in_port_t port;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return -1;
	if (sa.ss_family == AF_INET6)
		memcpy(&port, (char *)&sa + offsetof(struct sockaddr_in6, sin6_port), sizeof(port));
	else
		memcpy(&port, (char *)&sa + offsetof(struct sockaddr_in, sin_port), sizeof(port));
	return ntohs(port);
}

/* "1.2.3.4:80", "[::1]:80"; libevent's own parser does not take port 0. */
static bool
parse_address(const char *text, struct sockaddr_storage *sa, int *len)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	const char *colon = strrchr(text, ':');
	char host[64];
	size_t host_len;
	int64_t port;

	if (colon == NULL || parse_i64(colon + 1, 0, UINT16_MAX, &port) != ERR_OK)
		return false;
	host_len = (size_t)(colon - text);
	if (host_len >= sizeof(host))
		return false;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (host_len > 2 && host[0] == '[' && host[host_len - 1] == ']') {
		host[host_len - 1] = '\0';
		in6.sin6_port = htons((uint16_t)port);
		memcpy(sa, &in6, sizeof(in6));
		*len = sizeof(in6);
		return inet_pton(AF_INET6, host + 1,
		           (char *)sa + offsetof(struct sockaddr_in6, sin6_addr)) == 1;
	}
	in.sin_port = htons((uint16_t)port);
	memcpy(sa, &in, sizeof(in));
	*len = sizeof(in);
	return inet_pton(AF_INET, host, (char *)sa + offsetof(struct sockaddr_in, sin_addr)) == 1;
}

enum err
listen_open(struct evconnlistener **out, struct event_base *base, const struct conf *conf,
    int *port, struct reason *r)
{
	const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
	struct sockaddr_storage sa;
	struct evconnlistener *l;
	int len = sizeof(sa);
	int on = 1;

	memset(&sa, 0, sizeof(sa));
	if (!parse_address(conf->listen, &sa, &len))
		return reason_set(r, ERR_CONF, "listen", "%s is not 1.2.3.4:port or [::1]:port",
		    conf->listen);
	l = evconnlistener_new_bind(base, NULL, NULL,
	    flags | (conf->listen_shared ? LEV_OPT_REUSEABLE_PORT : 0), BACKLOG,
	    (struct sockaddr *)&sa, len);
	if (l == NULL)
		return reason_set(r, ERR_IO, "listen", "%s: %s", conf->listen, strerror(errno));
	/* Accepted sockets inherit it.  Without it TLS does 1,400 requests/s instead of 46,000. */
	if (setsockopt(evconnlistener_get_fd(l), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
		evconnlistener_free(l);
		return reason_set(r, ERR_IO, "listen", "TCP_NODELAY: %s", strerror(errno));
	}
	*port = port_of(evconnlistener_get_fd(l));
	*out = l;
	return ERR_OK;
}

static int
select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *ctx)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)ctx;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static enum err
tls_fail(SSL_CTX *tls, const char *field, const char *path, struct reason *r)
{
	char text[160];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	ERR_clear_error();
	SSL_CTX_free(tls);
	return reason_set(r, ERR_CONF, field, "%s: %s", path, text);
}

enum err
listen_tls(SSL_CTX **out, const struct conf *conf, struct reason *r)
{
	SSL_CTX *tls;

	*out = NULL;
	if (conf->tls_cert_file[0] == '\0' && conf->tls_key_file[0] == '\0')
		return ERR_OK;
	if (conf->tls_cert_file[0] == '\0' || conf->tls_key_file[0] == '\0')
		return reason_set(r, ERR_CONF, "tls_cert_file",
		    "tls_cert_file and tls_key_file are set together or not at all");
	tls = SSL_CTX_new(TLS_server_method());
	if (tls == NULL)
		return tls_fail(tls, "tls_cert_file", "TLS", r);
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	/* 34 KiB a connection: thousands of screens wait, and most others are idle */
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_alpn_select_cb(tls, select_protocol, NULL);
	if (SSL_CTX_use_certificate_chain_file(tls, conf->tls_cert_file) != 1)
		return tls_fail(tls, "tls_cert_file", conf->tls_cert_file, r);
	if (SSL_CTX_use_PrivateKey_file(tls, conf->tls_key_file, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(tls) != 1)
		return tls_fail(tls, "tls_key_file", conf->tls_key_file, r);
	*out = tls;
	return ERR_OK;
}
