/* SPDX-License-Identifier: MIT */
#include "folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"

int
pd_folder_make(const char *path, struct pd_error *error)
{
	char *part = pd_duplicate(path);
	int result = 0;

	for (char *slash = strchr(part, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(part, 0777);	/* the last one tells */
		*slash = '/';
	}
	if (mkdir(part, 0777) != 0 && errno != EEXIST)
		result = pd_error_at(error, path, 0, "cannot make the directory: %s",
		    strerror(errno));
	free(part);
	return result;
}
