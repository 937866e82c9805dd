/*
 * Goal: with tls_cert_file and tls_key_file the same server speaks TLS, and only TLS.
 * Method: a certificate made on the spot; an OpenSSL client on a loopback socket in the same loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "edge/edge_world.h"

#define GET_HEALTH "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

static char cert_path[] = "/tmp/yuncang-cert-XXXXXX";
static char key_path[] = "/tmp/yuncang-key-XXXXXX";

static void
make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	FILE *f;

	assert_non_null(key);
	assert_non_null(x);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	f = fdopen(mkstemp(cert_path), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
	f = fdopen(mkstemp(key_path), "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

static int
setup(void **state)
{
	(void)state;
	make_certificate();
	world_open();
	free(world.conf.tls_cert_file);
	free(world.conf.tls_key_file);
	world.conf.tls_cert_file = strdup(cert_path);
	world.conf.tls_key_file = strdup(key_path);
	world_serve();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(cert_path);
	unlink(key_path);
	memcpy(cert_path + sizeof(cert_path) - 7, "XXXXXX", 6);
	memcpy(key_path + sizeof(key_path) - 7, "XXXXXX", 6);
	world_close();
	return 0;
}

/* A reply may come in several records. */
static void
read_until(SSL *ssl, const char *part)
{
	char text[4096];
	size_t len = 0;

	text[0] = '\0';
	for (int tries = 0; tries < 1000 && strstr(text, part) == NULL; tries++) {
		int n = SSL_read(ssl, text + len, (int)(sizeof(text) - 1 - len));

		if (n > 0)
			text[len += (size_t)n] = '\0';
		else
			loop_run_ms(world.base, 1);
	}
	assert_non_null(strstr(text, part));
}

static void
test_requests(void **state)
{
	static const unsigned char protocols[] = "\x02h2\x08http/1.1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd = world_connect(), n = 0;
	const unsigned char *chosen;
	unsigned len;
	SSL *ssl;

	(void)state;
	SSL_CTX_set_alpn_protos(ctx, protocols, sizeof(protocols) - 1);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	for (int tries = 0; tries < 1000 && (n = SSL_connect(ssl)) <= 0; tries++)
		loop_run_ms(world.base, 1);
	assert_int_equal(n, 1);
	assert_true(SSL_version(ssl) >= TLS1_2_VERSION);
	SSL_get0_alpn_selected(ssl, &chosen, &len);
	assert_int_equal(len, 8);
	assert_memory_equal(chosen, "http/1.1", 8);
	for (int i = 0; i < 3; i++) {
		assert_true(SSL_write(ssl, GET_HEALTH, sizeof(GET_HEALTH) - 1) > 0);
		read_until(ssl, "alive at /healthz\n");
	}
	/* The guards look at what was decrypted. */
	assert_true(SSL_write(ssl, "GET / HTTP/1.1\n", 15) > 0);
	read_until(ssl, "HTTP/1.1 400");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	loop_run_ms(world.base, 20);
	assert_int_equal(http_connections(world.http), 0);
}

static void
test_plain_is_refused(void **state)
{
	int fd = world_connect();

	(void)state;
	client_send(world.base, fd, GET_HEALTH, sizeof(GET_HEALTH) - 1);
	loop_run_ms(world.base, 20);
	assert_int_equal(http_connections(world.http), 0);
	close(fd);
}

static void
test_old_version_is_refused(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd = world_connect(), n = 0;
	SSL *ssl;

	(void)state;
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0");
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	for (int i = 0; i < 50 && n <= 0; i++) {
		n = SSL_connect(ssl);
		loop_run_ms(world.base, 1);
	}
	assert_true(n <= 0);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_requests),
	    CASE(test_plain_is_refused),
	    CASE(test_old_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
