#ifndef ROUTER_STORE_EMBEDDED_H
#define ROUTER_STORE_EMBEDDED_H

/* embedded: files of the source tree that travel in the program; made at build time by etc/dev/embed. */
#include <stddef.h>

struct embedded_file {
	const char *name;          /* without its folder: "0001_catalog.sql" */
	const unsigned char *data; /* followed by a NUL that len does not count */
	size_t len;
};

/* Migrations in order, then the shipped policies; ended by a row of NULLs. */
extern const struct embedded_file embedded_files[];

#endif
