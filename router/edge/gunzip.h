#ifndef ROUTER_EDGE_GUNZIP_H
#define ROUTER_EDGE_GUNZIP_H

/*
 * gunzip: a file, or bytes, as a stream of what they hold: inflated when they begin as gzip does, else as they are.
 * A few hundred kB of memory whatever the size; what comes out is summed and counted, and bounded, for a kilobyte may
 * inflate to a megabyte (ASVS 5.2.3).
 */
#include <stdint.h>
#include <stdio.h>

#include "base/digest.h"
#include "base/err.h"

struct gunzip;

/* Reads ${file}, borrowed, from where it stands. */
enum err gunzip_file(struct gunzip **out, FILE *file, int64_t size_max) MUST_CHECK;
/* ${p} is borrowed. */
enum err gunzip_bytes(struct gunzip **out, const void *p, size_t len, int64_t size_max) MUST_CHECK;
/* Its stream, to be read with stdio; closed by gunzip_free(). */
FILE *gunzip_stream(struct gunzip *g);
void gunzip_free(struct gunzip *g);

/*
 * Why reading the stream failed or, behind its end, whether it was whole:
 * TOO_LARGE: more than ${size_max} bytes; BAD_BODY: not one whole gzip member; IO; NO_MEMORY.
 */
enum err gunzip_err(const struct gunzip *g, struct reason *r) MUST_CHECK;

struct gunzip_sum {
	int64_t size;
	uint8_t sha1[SHA1_SIZE], sha256[DIGEST_SIZE];
};
/* Of all that was read so far; once. */
void gunzip_sum(struct gunzip *g, struct gunzip_sum *out);

#endif
