/* SPDX-License-Identifier: MIT */
/* Sockets to listen on. */
#ifndef PD_LISTENING_H
#define PD_LISTENING_H

#include <stdint.h>

#include "error.h"

/* Listen on a TCP port, 0 for a free one, of an address in numbers. Sets *port
 * and *url, http or https as asked, which the caller frees. The descriptor, or -1. */
int pd_listen_tcp(const char *address, int64_t *port, const char *scheme,
    char **url, struct pd_error *);

/* Listen on a Unix socket. One that a program left behind is replaced, one that
 * somebody serves is not. */
int pd_listen_unix(const char *path, struct pd_error *);

/* Write the port into a file that appears whole, for whoever waits for it.
 * Returns 0 or -1. */
int pd_listen_tell(const char *path, int64_t port, struct pd_error *);

#endif
