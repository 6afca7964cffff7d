/* SPDX-License-Identifier: MIT */
#include "listening.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"

/* How many connections may wait to be accepted; the system allows less. */
enum { BACKLOG = 4096 };

static int
listening_socket(const struct sockaddr *address, socklen_t length)
{
	int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (descriptor < 0)
		return -1;
	if (address->sa_family != AF_UNIX)
		setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(descriptor, address, length) != 0 || listen(descriptor, BACKLOG) != 0) {
		int kept = errno;
		close(descriptor);
		errno = kept;
		return -1;
	}
	return descriptor;
}

static void
hint_at(struct pd_error *error, int reason)
{
	if (reason == EADDRINUSE)
		pd_error_hint(error, "another program listens there; port 0 takes a free one");
	else if (reason == EACCES)
		pd_error_hint(error, "ports below 1024 are for root");
	else if (reason == EADDRNOTAVAIL)
		pd_error_hint(error, "this machine has no such address");
}

static int64_t
port_of(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6 ?
	    ((const struct sockaddr_in6 *)address)->sin6_port :
	    ((const struct sockaddr_in *)address)->sin_port);
}

int
pd_listen_tcp(const char *address, int64_t *port, const char *scheme, char **url,
    struct pd_error *error)
{
	struct addrinfo *found;
	struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM};
	struct sockaddr_storage bound = {0};
	socklen_t length = sizeof(bound);
	char number[24];

	snprintf(number, sizeof(number), "%lld", (long long)*port);
	if (getaddrinfo(address, number, &wanted, &found) != 0) {
		pd_error_set(error, "'%s' is no address", address);
		pd_error_hint(error, "an address in numbers, such as 127.0.0.1, 0.0.0.0 or ::1");
		return -1;
	}
	int descriptor = listening_socket(found->ai_addr, found->ai_addrlen);
	int reason = errno;
	freeaddrinfo(found);
	if (descriptor < 0) {
		pd_error_set(error, "cannot listen on port %s of %s: %s", number, address,
		    strerror(reason));
		hint_at(error, reason);
		return -1;
	}
	if (getsockname(descriptor, (struct sockaddr *)&bound, &length) == 0)
		*port = port_of(&bound);
	*url = pd_format(strchr(address, ':') != NULL ? "%s://[%s]:%lld" : "%s://%s:%lld",
	    scheme, address, (long long)*port);
	return descriptor;
}

/* Whoever served this socket is gone and has left the file. */
static bool
is_abandoned(const struct sockaddr_un *address)
{
	struct stat status;
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (descriptor < 0)
		return false;
	bool refused = connect(descriptor, (const struct sockaddr *)address,
	    sizeof(*address)) != 0 && errno == ECONNREFUSED;
	close(descriptor);
	return refused && lstat(address->sun_path, &status) == 0 &&
	    S_ISSOCK(status.st_mode);
}

int
pd_listen_unix(const char *path, struct pd_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return pd_error_set(error, "%s: the path of a socket has at most %zu bytes",
		    path, sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	const struct sockaddr *general = (const struct sockaddr *)&address;
	int descriptor = listening_socket(general, sizeof(address));
	if (descriptor < 0 && errno == EADDRINUSE && is_abandoned(&address)) {
		unlink(path);
		descriptor = listening_socket(general, sizeof(address));
	}
	if (descriptor < 0) {
		pd_error_set(error, "cannot listen on %s: %s", path, strerror(errno));
		if (errno == EADDRINUSE)
			pd_error_hint(error, "another program listens there, or the file is "
			    "no socket");
	}
	return descriptor;
}

int
pd_listen_tell(const char *path, int64_t port, struct pd_error *error)
{
	char *temporary = pd_format("%s.XXXXXX", path);
	int descriptor = mkstemp(temporary);
	bool told = descriptor >= 0 && fchmod(descriptor, 0644) == 0 &&
	    dprintf(descriptor, "%lld\n", (long long)port) > 0;

	if (descriptor >= 0 && close(descriptor) != 0)
		told = false;
	told = told && rename(temporary, path) == 0;
	if (!told) {
		pd_error_at(error, path, 0, "cannot write: %s", strerror(errno));
		if (descriptor >= 0)
			unlink(temporary);
	}
	free(temporary);
	return told ? 0 : -1;
}
