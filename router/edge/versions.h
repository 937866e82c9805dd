#ifndef ROUTER_EDGE_VERSIONS_H
#define ROUTER_EDGE_VERSIONS_H

/* versions: of the libraries below edge that this process runs with, not of those it was built with. */

struct library_version {
	const char *name;
	char text[32];
};

#define EDGE_LIBRARY_COUNT 5
void edge_versions(struct library_version out[EDGE_LIBRARY_COUNT]);

#endif
