#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "notify.h"

void
notify(const char *state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len;
	int fd;

	if (path == NULL || *path == '\0')
		return;
	len = strlen(path);
	if (len >= sizeof(to.sun_path)) {
		log_warn(LOG_MSG("NOTIFY_SOCKET is too long"));
		return;
	}
	memcpy(to.sun_path, path, len);
	if (to.sun_path[0] == '@') /* the abstract name space */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
	        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1)
		log_warn(LOG_MSG("systemd was not told"), LOG_STR("why", strerror(errno)));
	if (fd != -1)
		(void)close(fd);
}
