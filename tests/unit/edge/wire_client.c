#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "edge/wire_client.h"

#define WAIT_MS 3000

int
client_open(struct event_base *base, int port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	return fd;
}

void
client_send(struct event_base *base, int fd, const void *p, size_t len)
{
	const char *at = p;
	int64_t until_us = clock_mono_us() + WAIT_MS * US_PER_MS;

	while (len > 0 && clock_mono_us() < until_us) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		event_base_loop(base, EVLOOP_NONBLOCK);
		if (n < 0 && errno != EAGAIN)
			return; /* the server closed; what it said will tell */
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static size_t
number(const char *digits)
{
	size_t n = 0;

	for (; *digits >= '0' && *digits <= '9'; digits++)
		n = n * 10 + (size_t)(*digits - '0');
	return n;
}

/* True when head and body are all there. */
static bool
parse(struct reply *r)
{
	const char *end, *length;
	bool is_head_only;

	r->text[r->len] = '\0';
	end = strstr(r->text, "\r\n\r\n");
	if (end == NULL)
		return false;
	assert_true(r->len > 12);
	r->status = (int)number(r->text + 9);
	if (r->status == 100) { /* Continue: the reply proper is behind it */
		size_t n = (size_t)(end + 4 - r->text);

		memmove(r->text, r->text + n, r->len - n);
		r->len -= n;
		r->status = 0;
		return parse(r);
	}
	r->body = end + 4;
	r->body_len = r->len - (size_t)(r->body - r->text);
	length = reply_header(r, "Content-Length");
	is_head_only = length == NULL;
	return is_head_only || r->body_len >= number(length);
}

void
client_read(struct event_base *base, int fd, struct reply *r)
{
	int64_t until_us = clock_mono_us() + WAIT_MS * US_PER_MS;

	memset(r, 0, offsetof(struct reply, text));
	r->text[0] = '\0';
	while (clock_mono_us() < until_us) {
		ssize_t n = recv(fd, r->text + r->len, REPLY_SIZE_MAX - r->len, 0);

		if (n > 0)
			r->len += (size_t)n;
		else if (n == 0 || errno != EAGAIN)
			r->is_closed = true;
		if (parse(r) || r->is_closed)
			return;
		loop_run_ms(base, 1);
	}
}

bool
client_is_closed(struct event_base *base, int fd, int ms)
{
	int64_t until_us = clock_mono_us() + ms * US_PER_MS;
	char byte;

	do {
		ssize_t n = recv(fd, &byte, 1, MSG_PEEK);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
		if (n > 0)
			return false;
		loop_run_ms(base, 1);
	} while (clock_mono_us() < until_us);
	return false;
}

const char *
reply_header(const struct reply *r, const char *name)
{
	static char value[256];
	size_t len = strlen(name);

	for (const char *line = strstr(r->text, "\r\n"); line != NULL && line + 2 < r->body;
	     line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':') {
			const char *v = line + 2 + len + 1 + strspn(line + 2 + len + 1, " ");

			snprintf(value, sizeof(value), "%.*s", (int)strcspn(v, "\r"), v);
			return value;
		}
	}
	return NULL;
}

void
loop_run_ms(struct event_base *base, int ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}
