#ifndef ROUTER_NOTIFY_H
#define ROUTER_NOTIFY_H

/* notify: tells systemd how we are, as sd_notify(3) does, without its library. */

/* "READY=1", "STOPPING=1".  Does nothing without NOTIFY_SOCKET. */
void notify(const char *state);

#endif
