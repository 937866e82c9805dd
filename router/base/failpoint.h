#ifndef ROUTER_BASE_FAILPOINT_H
#define ROUTER_BASE_FAILPOINT_H

/*
 * failpoint: a named place where a test has the process die, as if by kill -9.
 *
 * YC_FAILPOINT=provider_sent:3 in the environment: at the third passing of provider_sent.  Without it, nothing.
 */
void failpoint(const char *name);

#endif
