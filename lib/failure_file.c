/* SPDX-License-Identifier: MIT */
#include "failure_file.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "buffer.h"
#include "hash.h"
#include "json.h"
#include "recorded.h"
#include "text.h"

const char *
pd_failure_condition_word(enum pd_failure_condition condition)
{
	static const char *const words[] = {
		[PD_FAILURE_OK] = "ok", [PD_FAILURE_UNSEALED] = "unsealed",
		[PD_FAILURE_LAID_OUT] = "laid_out",
		[PD_FAILURE_DAMAGED] = "damaged", [PD_FAILURE_NEWER] = "newer",
		[PD_FAILURE_FOREIGN] = "foreign",
	};

	return words[condition];
}

static void
hash_record(jv record, char text[PD_HASH_TEXT])
{
	pd_json_hash(jv_object_delete(jv_copy(record), jv_string("sha256")), text);
}

/* Borrows the record. */
static enum pd_failure_condition
judge(jv record, struct pd_error *error)
{
	char computed[PD_HASH_TEXT];

	if (strcmp(pd_json_peek_string(record, "type", ""), "failure") != 0) {
		pd_error_set(error, "it is no failure record");
		return PD_FAILURE_FOREIGN;
	}
	double format = pd_json_peek_number(record, "format", 0);
	if (format > PD_FAILURE_FORMAT) {
		pd_error_set(error, "its format %g is newer than this program, which reads %d",
		    format, PD_FAILURE_FORMAT);
		pd_error_hint(error, "a newer release reads it");
		return PD_FAILURE_NEWER;
	}
	if (format != PD_FAILURE_FORMAT) {
		pd_error_set(error, "it has no format that is known");
		return PD_FAILURE_DAMAGED;
	}
	if (!pd_json_has_peek(record, "sha256"))
		return PD_FAILURE_UNSEALED;
	hash_record(record, computed);
	if (strcmp(pd_json_peek_string(record, "sha256", ""), computed) != 0) {
		pd_error_set(error, "its sha256 is %.12s..., not %.12s...", computed,
		    pd_json_peek_string(record, "sha256", "?"));
		pd_error_hint(error, "if it was changed on purpose, jq -c 'del(.sha256)' "
		    "makes an unsealed record of it");
		return PD_FAILURE_DAMAGED;
	}
	return PD_FAILURE_OK;
}

/* Put before an error what condition it stands for, for those who are told the
 * error alone. */
static void
name_condition(enum pd_failure_condition condition, struct pd_error *error)
{
	if (condition == PD_FAILURE_DAMAGED)
		pd_error_prefix(error, "the failure is damaged: ");
	else if (condition == PD_FAILURE_NEWER || condition == PD_FAILURE_FOREIGN)
		pd_error_prefix(error, "the failure cannot be read: ");
}

int
pd_failure_verify(jv record, struct pd_error *error)
{
	enum pd_failure_condition condition = judge(record, error);

	name_condition(condition, error);
	return condition == PD_FAILURE_OK || condition == PD_FAILURE_UNSEALED ? 0 : -1;
}

/* libjq prints a number that was computed as 1e+300, and one that it read,
 * once it has read that, as 1E+300. So what is hashed must have been read. */
jv
pd_failure_seal(jv record, struct pd_error *error)
{
	char text[PD_HASH_TEXT];
	struct pd_buffer written = PD_BUFFER_INIT;

	pd_json_append_peek(&written, record);
	jv_free(record);
	record = pd_json_parse(written.data, written.length, error);
	pd_buffer_free(&written);
	if (!jv_is_valid(record)) {
		pd_error_prefix(error, "the record could not be read again: ");
		return record;
	}
	hash_record(record, text);
	return pd_json_set_string(record, "sha256", text);
}

/* Is the text laid out as it was when it was saved? */
static bool
is_as_written(const char *text, size_t length, jv record)
{
	struct pd_buffer written = PD_BUFFER_INIT;

	pd_json_append_peek(&written, record);
	bool same = length >= written.length &&
	    memcmp(text, written.data, written.length) == 0;
	pd_buffer_free(&written);
	return same;
}

static bool
is_over_lines(const char *text, size_t length)
{
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	return memchr(text, '\n', length) != NULL;
}

jv
pd_failure_parse(const char *text, size_t length,
    enum pd_failure_condition *condition, struct pd_error *error)
{
	jv record = pd_json_parse(text, length, error);

	*condition = PD_FAILURE_DAMAGED;
	if (!jv_is_valid(record)) {
		if (length == 0)
			pd_error_set(error, "it is empty");
		return record;
	}
	*condition = judge(record, error);
	if (*condition == PD_FAILURE_OK && is_over_lines(text, length))
		*condition = PD_FAILURE_LAID_OUT;
	if (*condition <= PD_FAILURE_LAID_OUT)
		return record;
	if (*condition == PD_FAILURE_DAMAGED && pd_json_has_peek(record, "sha256") &&
	    !is_as_written(text, length, record))
		pd_error_hint(error, "it is not laid out as it was saved: a program that "
		    "rewrites it must keep every digit of numbers, as jq 1.7 does");
	jv_free(record);
	return jv_invalid();
}

/* A pipe or device of the right name would block, or never end. */
static int
read_regular(const char *path, struct pd_buffer *content, struct pd_error *error)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return pd_error_set(error, "cannot open: %s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return pd_error_set(error, "it is no regular file");
	return pd_read_file(path, content, error);
}

jv
pd_failure_inspect(const char *path, enum pd_failure_condition *condition,
    struct pd_error *error)
{
	struct pd_buffer content = PD_BUFFER_INIT;
	jv record = jv_invalid();

	*condition = PD_FAILURE_DAMAGED;
	if (read_regular(path, &content, error) == 0)
		record = pd_failure_parse(content.data, content.length, condition, error);
	if (!jv_is_valid(record))
		snprintf(error->file, sizeof(error->file), "%s", path);
	pd_buffer_free(&content);
	return record;
}

jv
pd_failure_load(const char *path, struct pd_error *error)
{
	enum pd_failure_condition condition;
	jv record = pd_failure_inspect(path, &condition, error);

	if (!jv_is_valid(record))
		name_condition(condition, error);
	return record;
}

void
pd_failure_time(int64_t microseconds, char text[PD_FAILURE_TIME])
{
	time_t seconds = (time_t)(microseconds / 1000000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	size_t length = strftime(text, PD_FAILURE_TIME, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, PD_FAILURE_TIME - length, ".%06" PRId64 "Z",
	    microseconds % 1000000);
}
