/* SPDX-License-Identifier: MIT */
#include "share.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"

#ifndef PD_PREFIX
#define PD_PREFIX "/usr/local"
#endif

/* Linux and NetBSD tell by these links; elsewhere the PREFIX must do. */
static const char *const self[] = {"/proc/self/exe", "/proc/curproc/exe"};

char *
pd_program_directory(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(self) / sizeof(self[0]); i++) {
		ssize_t length = readlink(self[i], path, sizeof(path) - 1);
		if (length <= 0)
			continue;
		path[length] = '\0';
		char *slash = strrchr(path, '/');
		if (slash == NULL)
			continue;
		*slash = '\0';
		return pd_duplicate(path);
	}
	return NULL;
}

char *
pd_share_path(const char *name)
{
	char *directory = pd_program_directory();

	if (directory != NULL) {
		char *path = pd_format("%s/../share/pd/%s", directory, name);
		free(directory);
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return pd_format("%s/share/pd/%s", PD_PREFIX, name);
}
