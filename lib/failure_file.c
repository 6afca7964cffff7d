/* SPDX-License-Identifier: MIT */
#include "failure_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "hash.h"
#include "json.h"
#include "recorded.h"
#include "text.h"

enum {
	WORD_LIMIT = 80,	/* bytes of a kind or name in a file's name */
	NUMBER_LIMIT = 1000,	/* files of the same name but for their number */
};

static void
hash_record(jv record, char text[PD_HASH_TEXT])
{
	pd_json_hash(jv_object_delete(jv_copy(record), jv_string("sha256")), text);
}

int
pd_failure_verify(jv record, struct pd_error *error)
{
	char computed[PD_HASH_TEXT];

	if (strcmp(pd_json_peek_string(record, "type", ""), "failure") != 0) {
		pd_error_set(error, "this is no failure record");
		return pd_error_hint(error, "its type is not \"failure\"");
	}
	double format = pd_json_peek_number(record, "format", 0);
	if (format > PD_FAILURE_FORMAT) {
		pd_error_set(error, "format %g of a failure is newer than this program, "
		    "which reads %d", format, PD_FAILURE_FORMAT);
		return pd_error_hint(error, "a newer release reads it");
	}
	if (format != PD_FAILURE_FORMAT)
		return pd_error_set(error, "the failure has no format that is known");
	if (!pd_json_has_peek(record, "sha256"))
		return 0;
	hash_record(record, computed);
	if (strcmp(pd_json_peek_string(record, "sha256", ""), computed) != 0) {
		pd_error_set(error, "the failure is damaged or was edited: its sha256 is "
		    "%.12s..., not %.12s...", computed,
		    pd_json_peek_string(record, "sha256", "?"));
		return pd_error_hint(error, "jq -c 'del(.sha256)' makes it an unsealed "
		    "record, if the change was meant");
	}
	return 0;
}

jv
pd_failure_seal(jv record)
{
	char text[PD_HASH_TEXT];

	hash_record(record, text);
	return pd_json_set_string(record, "sha256", text);
}

jv
pd_failure_load(const char *path, struct pd_error *error)
{
	jv record = pd_json_parse_file(path, error);

	if (jv_is_valid(record) && pd_failure_verify(record, error) != 0) {
		snprintf(error->file, sizeof(error->file), "%s", path);
		jv_free(record);
		return jv_invalid();
	}
	return record;
}

/* A word that is safe in file names everywhere. */
static void
append_word(struct pd_buffer *name, const char *word)
{
	for (size_t i = 0; word[i] != '\0' && i < WORD_LIMIT; i++)
		pd_buffer_format(name, "%c", isalnum((unsigned char)word[i]) ||
		    strchr("_.", word[i]) != NULL ? word[i] : '_');
}

/* "KIND-NAME-seedN": what tells failures apart, and goes before the suffix. */
static char *
stem(jv record)
{
	struct pd_buffer name = PD_BUFFER_INIT;
	jv cause = pd_json_peek(record, "failure");
	const char *what = pd_json_peek_string(cause, "name", NULL);

	append_word(&name, pd_json_peek_string(cause, "kind", "unknown"));
	pd_buffer_text(&name, "-");
	if (what != NULL) {
		append_word(&name, what);
		pd_buffer_text(&name, "-");
	}
	pd_buffer_format(&name, "seed%.0f", pd_json_peek_number(record, "seed", 0));
	jv_free(cause);
	return name.data;
}

/* Every missing folder on the way is made, as mkdir -p does. */
static int
make_directory(const char *path, struct pd_error *error)
{
	char *part = pd_duplicate(path);
	int result = 0;

	for (char *slash = strchr(part + 1, '/'); slash != NULL;
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

/* A temporary file in the directory with this content; its path is freed by the
 * caller, or NULL. */
static char *
write_temporary(const char *directory, const struct pd_buffer *content,
    struct pd_error *error)
{
	char *path = pd_format("%s/.saving-XXXXXX", directory);
	int descriptor = mkstemp(path);
	mode_t mask = umask(0);

	umask(mask);
	if (descriptor >= 0 && fchmod(descriptor, 0666 & ~mask) == 0 &&
	    write_all(descriptor, content) == 0 && close(descriptor) == 0)
		return path;
	pd_error_at(error, directory, 0, "cannot save a failure: %s", strerror(errno));
	if (descriptor >= 0)
		unlink(path);
	free(path);
	return NULL;
}

/* Give the temporary file its name, or the name with the first number that is
 * free: link(2) takes no other file's place. */
static char *
name_file(const char *temporary, const char *directory, const char *time_text,
    const char *name, struct pd_error *error)
{
	for (int number = 1; number <= NUMBER_LIMIT; number++) {
		char *path = number == 1 ?
		    pd_format("%s/%s-%s" PD_FAILURE_SUFFIX, directory, time_text, name) :
		    pd_format("%s/%s-%s-%d" PD_FAILURE_SUFFIX, directory, time_text, name,
		    number);
		if (link(temporary, path) == 0)
			return path;
		free(path);
		if (errno != EEXIST)
			break;
	}
	pd_error_at(error, directory, 0, "cannot save a failure: %s", strerror(errno));
	return NULL;
}

/* Is this the name of another file of the stem: TIME-STEM[-NUMBER].pd.json? */
static bool
is_earlier(const char *entry, const char *name)
{
	const char *rest = strchr(entry, '-');
	char *end;

	if (rest == NULL || !pd_starts_with(rest + 1, name))
		return false;
	rest += 1 + strlen(name);
	if (rest[0] == '-' && isdigit((unsigned char)rest[1])) {
		strtol(rest + 1, &end, 10);
		rest = end;
	}
	return strcmp(rest, PD_FAILURE_SUFFIX) == 0;
}

static void
remove_earlier(const char *directory, const char *name, const char *kept)
{
	DIR *open = opendir(directory);

	if (open == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
		char *path = pd_format("%s/%s", directory, entry->d_name);
		if (is_earlier(entry->d_name, name) && strcmp(path, kept) != 0)
			unlink(path);
		free(path);
	}
	closedir(open);
}

char *
pd_failure_save(const char *directory, jv record, time_t now, bool replace,
    struct pd_error *error)
{
	struct pd_buffer content = PD_BUFFER_INIT;
	char time_text[32], saved_at[32];
	struct tm parts;

	if (make_directory(directory, error) != 0)
		return NULL;
	gmtime_r(&now, &parts);
	strftime(time_text, sizeof(time_text), "%Y%m%dT%H%M%SZ", &parts);
	strftime(saved_at, sizeof(saved_at), "%Y-%m-%dT%H:%M:%SZ", &parts);
	jv sealed = pd_failure_seal(pd_json_set_string(jv_copy(record), "saved_at",
	    saved_at));
	pd_json_append_peek(&content, sealed);
	pd_buffer_text(&content, "\n");
	char *temporary = write_temporary(directory, &content, error);
	char *name = stem(record);
	char *path = temporary != NULL ?
	    name_file(temporary, directory, time_text, name, error) : NULL;
	if (temporary != NULL)
		unlink(temporary);
	if (path != NULL && replace)
		remove_earlier(directory, name, path);
	free(temporary);
	free(name);
	pd_buffer_free(&content);
	jv_free(sealed);
	return path;
}
