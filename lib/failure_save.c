/* SPDX-License-Identifier: MIT */
#include "failure_save.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "failure_file.h"
#include "folder.h"
#include "json.h"
#include "recorded.h"
#include "text.h"

enum {
	WORD_LIMIT = 80,	/* bytes of a kind or name in a file's name */
	NAMING_ATTEMPTS = 100,	/* when others take each name before us */
};

#define TEMPORARY "/.saving-"

/* A file that is being written. Its lock shows that its writer is alive. */
struct temporary {
	char *path;
	int descriptor;
};

/* A word that is safe in file names everywhere. */
static void
append_word(struct pd_buffer *name, const char *word)
{
	for (size_t i = 0; i < WORD_LIMIT && word[i] != '\0'; i++)
		pd_buffer_append(name, isalnum((unsigned char)word[i]) ||
		    strchr("_.", word[i]) != NULL ? &word[i] : "_", 1);
}

char *
pd_failure_stem(jv record)
{
	struct pd_buffer name = PD_BUFFER_INIT;
	jv cause = pd_json_peek(record, "failure");
	const char *what = pd_json_peek_string(cause, "name", "");

	append_word(&name, pd_json_peek_string(cause, "kind", "unknown"));
	pd_buffer_text(&name, "-");
	if (what[0] != '\0') {
		append_word(&name, what);
		pd_buffer_text(&name, "-");
	}
	pd_buffer_format(&name, "seed%.0f", pd_json_peek_number(record, "seed", 0));
	jv_free(cause);
	return name.data;
}

static int
write_all(int descriptor, const struct pd_buffer *content)
{
	size_t done = 0;

	while (done < content->length) {
		ssize_t wrote = write(descriptor, content->data + done,
		    content->length - done);
		if (wrote < 0 && errno != EINTR)
			return -1;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	return fsync(descriptor);
}

static void
drop_temporary(struct temporary *temporary)
{
	if (temporary->descriptor >= 0) {
		unlink(temporary->path);
		close(temporary->descriptor);
	}
	free(temporary->path);
}

/* Returns 0 or -1; it must be dropped in both cases. */
static int
write_temporary(struct temporary *temporary, const char *directory,
    const struct pd_buffer *content, struct pd_error *error)
{
	mode_t mask = umask(0);

	umask(mask);
	temporary->path = pd_format("%s" TEMPORARY "XXXXXX", directory);
	temporary->descriptor = mkstemp(temporary->path);
	if (temporary->descriptor >= 0 &&
	    flock(temporary->descriptor, LOCK_EX | LOCK_NB) == 0 &&
	    fchmod(temporary->descriptor, 0666 & ~mask) == 0 &&
	    write_all(temporary->descriptor, content) == 0)
		return 0;
	return pd_error_at(error, directory, 0, "cannot save a failure: %s",
	    strerror(errno));
}

bool
pd_failure_is_abandoned(const char *path)
{
	const char *name = strrchr(path, '/');

	if (name == NULL || !pd_starts_with(name, TEMPORARY) ||
	    strlen(name) != strlen(TEMPORARY "XXXXXX"))
		return false;
	int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	bool abandoned = descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0;
	if (descriptor >= 0)
		close(descriptor);
	return abandoned;
}

/* The path of the file with this number, which is not written for the first. */
static char *
numbered_path(const char *base, int number)
{
	return number == 1 ? pd_format("%s" PD_FAILURE_SUFFIX, base) :
	    pd_format("%s-%d" PD_FAILURE_SUFFIX, base, number);
}

static bool
is_taken(const char *base, int number)
{
	char *path = numbered_path(base, number);
	bool taken = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	free(path);
	return taken;
}

/* A number that is free, found in few steps where many are taken. */
static int
free_number(const char *base)
{
	int taken = 0, free = 1;

	while (is_taken(base, free)) {
		taken = free;
		free *= 2;
	}
	while (free - taken > 1) {
		int middle = taken + (free - taken) / 2;
		if (is_taken(base, middle))
			taken = middle;
		else
			free = middle;
	}
	return free;
}

/* link(2) takes no other file's place. On file systems without hard links only
 * somebody who saves the same failure in the same instant could be overlooked. */
static int
give_name(const char *temporary, const char *path)
{
	if (link(temporary, path) == 0)
		return 0;
	if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	if (access(path, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(temporary, path);
}

/* Name the temporary file BASE.pd.json, or BASE-2.pd.json, ... The path, or
 * NULL. */
static char *
name_file(const char *temporary, const char *base, struct pd_error *error)
{
	for (int attempt = 0; attempt < NAMING_ATTEMPTS; attempt++) {
		char *path = numbered_path(base, free_number(base));
		if (give_name(temporary, path) == 0)
			return path;
		free(path);
		if (errno != EEXIST)
			break;
	}
	pd_error_at(error, base, 0, "cannot save a failure: %s", strerror(errno));
	return NULL;
}

/* Is this the name of a file of the stem: TIME-STEM[-NUMBER].pd.json? */
static bool
has_stem(const char *entry, const char *name)
{
	const char *rest = strchr(entry, '-');

	if (rest == NULL || !pd_starts_with(rest + 1, name))
		return false;
	rest += 1 + strlen(name);
	if (rest[0] == '-')
		rest += 1 + strspn(rest + 1, "0123456789");
	return strcmp(rest, PD_FAILURE_SUFFIX) == 0;
}

/* Different names may look the same in a file's name, and a file may have been
 * changed: what it holds decides. */
static bool
is_earlier(const char *path, jv record, const char *before)
{
	struct pd_error error;
	jv other = pd_failure_load(path, &error);
	jv cause = pd_json_peek(record, "failure");
	jv other_cause = pd_json_peek(other, "failure");
	bool earlier = jv_is_valid(other) && pd_same_failure(cause, other_cause) &&
	    pd_json_peek_number(other, "seed", -1) ==
	    pd_json_peek_number(record, "seed", 0) &&
	    strcmp(pd_json_peek_string(other, "saved_at", before), before) < 0;

	jv_free(cause);
	jv_free(other_cause);
	jv_free(other);
	return earlier;
}

static void
remove_earlier(const char *directory, const char *name, jv record,
    int64_t replace_before)
{
	DIR *open = opendir(directory);
	char before[PD_FAILURE_TIME];

	if (open == NULL)
		return;
	pd_failure_time(replace_before, before);
	for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
		if (!has_stem(entry->d_name, name))
			continue;
		char *path = pd_format("%s/%s", directory, entry->d_name);
		if (is_earlier(path, record, before))
			unlink(path);
		free(path);
	}
	closedir(open);
}

/* The line of a file. Borrows the record. Returns 0 or -1. */
static int
make_content(struct pd_buffer *content, jv record, int64_t now,
    struct pd_error *error)
{
	char saved_at[PD_FAILURE_TIME];

	pd_failure_time(now, saved_at);
	jv sealed = pd_failure_seal(pd_json_set_string(jv_copy(record), "saved_at",
	    saved_at), error);
	if (!jv_is_valid(sealed))
		return pd_error_prefix(error, "cannot save a failure: ");
	pd_json_append_peek(content, sealed);
	pd_buffer_text(content, "\n");
	jv_free(sealed);
	return 0;
}

static char *
write_file(const char *directory, const char *name, int64_t now,
    const struct pd_buffer *content, struct pd_error *error)
{
	time_t seconds = (time_t)(now / 1000000);
	char time_text[32], *path = NULL;
	struct temporary temporary;
	struct tm parts;

	gmtime_r(&seconds, &parts);
	strftime(time_text, sizeof(time_text), "%Y%m%dT%H%M%SZ", &parts);
	char *base = pd_format("%s/%s-%s", directory, time_text, name);
	if (write_temporary(&temporary, directory, content, error) == 0)
		path = name_file(temporary.path, base, error);
	drop_temporary(&temporary);
	free(base);
	return path;
}

char *
pd_failure_save(const char *directory, jv record, int64_t now,
    int64_t replace_before, struct pd_error *error)
{
	struct pd_buffer content = PD_BUFFER_INIT;
	char *name = pd_failure_stem(record), *path = NULL;

	if (pd_folder_make(directory, error) == 0 &&
	    make_content(&content, record, now, error) == 0)
		path = write_file(directory, name, now, &content, error);
	if (path != NULL && replace_before > 0)
		remove_earlier(directory, name, record, replace_before);
	free(name);
	pd_buffer_free(&content);
	return path;
}
