#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <protobuf-c/protobuf-c.h>
#include <zlib.h>

#include "edge/versions.h"

static void
set(struct library_version *v, const char *name, const char *text)
{
	v->name = name;
	(void)snprintf(v->text, sizeof(v->text), "%s", text);
}

void
edge_versions(struct library_version out[EDGE_LIBRARY_COUNT])
{
	set(&out[0], "libevent", event_get_version());
	set(&out[1], "protobuf-c", protobuf_c_version());
	set(&out[2], "jansson", jansson_version_str());
	set(&out[3], "zlib", zlibVersion());
	set(&out[4], "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
}
