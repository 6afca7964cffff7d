/* SPDX-License-Identifier: MIT */
#include "proposal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"

#define PROPOSAL "with more checks.jq"

static bool
is_module(const char *name)
{
	size_t length = strlen(name);

	return length > 3 && strcmp(name + length - 3, ".jq") == 0;
}

/* Let all modules of the model's folder be found in the new one. */
static int
link_modules(const char *model, const char *folder, struct pd_error *error)
{
	char real[PATH_MAX];

	if (realpath(model, real) == NULL)
		return pd_error_set(error, "%s: %s", model, strerror(errno));
	*strrchr(real, '/') = '\0';
	DIR *directory = opendir(real[0] != '\0' ? real : "/");
	if (directory == NULL)
		return pd_error_set(error, "%s: %s", real, strerror(errno));
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (!is_module(entry->d_name))
			continue;
		char *from = pd_format("%s/%s", real, entry->d_name);
		char *to = pd_format("%s/%s", folder, entry->d_name);
		if (symlink(from, to) != 0)
			pd_error_set(error, "%s: %s", to, strerror(errno));
		free(from);
		free(to);
	}
	closedir(directory);
	return 0;
}

static void
remove_folder(const char *folder)
{
	DIR *directory = opendir(folder);

	if (directory == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (is_module(entry->d_name))
			unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
	rmdir(folder);
}

static struct pd_model *
open_text(const char *folder, const char *text, struct pd_error *error)
{
	struct pd_model *model = NULL;
	char *path = pd_format("%s/" PROPOSAL, folder);
	FILE *file = fopen(path, "w");

	if (file == NULL)
		pd_error_set(error, "%s: %s", path, strerror(errno));
	else if ((fputs(text, file) < 0) | (fclose(file) != 0))
		pd_error_set(error, "%s: cannot be written", path);
	else
		model = pd_model_open(path, error);
	free(path);
	return model;
}

struct pd_model *
pd_proposal_open(const char *model, const char *text, struct pd_error *error)
{
	const char *temporary = getenv("TMPDIR");
	char *folder = pd_format("%s/pd-proposal-XXXXXX",
	    temporary != NULL && temporary[0] != '\0' ? temporary : "/tmp");
	struct pd_model *result = NULL;

	if (mkdtemp(folder) == NULL) {
		pd_error_set(error, "%s: %s", folder, strerror(errno));
	} else {
		if (link_modules(model, folder, error) == 0)
			result = open_text(folder, text, error);
		remove_folder(folder);
	}
	free(folder);
	return result;
}
