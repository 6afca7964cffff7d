/* SPDX-License-Identifier: MIT */
#include "failure_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"
#include "failure_save.h"
#include "json.h"

bool
pd_failure_is_readable(const struct pd_failure_entry *entry)
{
	return entry->condition <= PD_FAILURE_LAID_OUT;
}

/* Commands in all parts of a sequence record. Consumes it. */
static int
count_items(jv sequence)
{
	static const char *const parts[] = {"setup", "prefix", "suffix", "teardown"};
	jv branches = pd_json_peek(sequence, "branches");
	int count = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (pd_json_kind_peek(sequence, parts[i]) == JV_KIND_ARRAY)
			count += jv_array_length(pd_json_peek(sequence, parts[i]));
	if (jv_get_kind(branches) == JV_KIND_ARRAY) {
		jv_array_foreach(branches, i, branch) {
			if (jv_get_kind(branch) == JV_KIND_ARRAY)
				count += jv_array_length(jv_copy(branch));
			jv_free(branch);
		}
	}
	jv_free(branches);
	jv_free(sequence);
	return count;
}

static jv
add_commands(jv header, jv failure)
{
	jv shrunk = pd_json_peek(failure, "shrunk");
	int original = count_items(pd_json_peek(failure, "original"));

	if (!jv_is_valid(shrunk))
		return pd_json_set_number(header, "commands", original);
	header = pd_json_set_number(header, "commands", count_items(shrunk));
	return pd_json_set_number(header, "original_commands", original);
}

/* Set a field to what another object has, if it has that. */
static jv
carry(jv to, const char *field, jv from, const char *key, jv_kind kind)
{
	return pd_json_kind_peek(from, key) == kind ?
	    pd_json_set(to, field, pd_json_peek(from, key)) : to;
}

/* Add to a failure_file record what is worth to be known of a failure, which is
 * borrowed. */
static jv
add_failure(jv header, jv failure)
{
	jv cause = pd_json_peek(failure, "failure");
	jv model = pd_json_peek(failure, "model");

	header = carry(header, "saved_at", failure, "saved_at", JV_KIND_STRING);
	header = carry(header, "kind", cause, "kind", JV_KIND_STRING);
	header = carry(header, "name", cause, "name", JV_KIND_STRING);
	header = carry(header, "seed", failure, "seed", JV_KIND_NUMBER);
	header = carry(header, "model", model, "name", JV_KIND_STRING);
	jv_free(cause);
	jv_free(model);
	return add_commands(header, failure);
}

static void
add_file(struct pd_failure_list *list, const char *path)
{
	struct pd_error error;
	char text[2560];

	if (list->count == list->capacity) {
		list->capacity = list->capacity > 0 ? 2 * list->capacity : 64;
		list->entries = pd_reallocate(list->entries, list->capacity,
		    sizeof(*list->entries));
	}
	struct pd_failure_entry *entry = &list->entries[list->count++];
	jv failure = pd_failure_inspect(path, &entry->condition, &error);
	jv record = pd_json_set_string(jv_object(), "type", "failure_file");
	record = pd_json_set_string(record, "path", path);
	record = pd_json_set_string(record, "condition",
	    pd_failure_condition_word(entry->condition));
	if (jv_is_valid(failure)) {
		record = add_failure(record, failure);
	} else {
		error.file[0] = '\0';
		record = pd_json_set_string(record, "reason",
		    pd_error_text(&error, text, sizeof(text)));
	}
	entry->path = pd_duplicate(path);
	entry->record = record;
	jv_free(failure);
}

static void
add_abandoned(struct pd_failure_list *list, const char *path)
{
	list->abandoned = pd_reallocate(list->abandoned, list->abandoned_count + 1,
	    sizeof(*list->abandoned));
	list->abandoned[list->abandoned_count++] = pd_duplicate(path);
}

static bool
has_suffix(const char *name)
{
	size_t length = strlen(name), suffix = strlen(PD_FAILURE_SUFFIX);

	return length > suffix &&
	    strcmp(name + length - suffix, PD_FAILURE_SUFFIX) == 0;
}

static int add_directory(struct pd_failure_list *, const char *, bool,
    struct pd_error *);

static int
add_member(struct pd_failure_list *list, const char *path, const char *name,
    bool recursive, struct pd_error *error)
{
	struct stat status;

	if (recursive && name[0] != '.' && lstat(path, &status) == 0 &&
	    S_ISDIR(status.st_mode))
		return add_directory(list, path, true, error);
	if (name[0] != '.' && has_suffix(name))
		add_file(list, path);
	else if (pd_failure_is_abandoned(path))
		add_abandoned(list, path);
	return 0;
}

/* The order of the members does not matter: the list is sorted by who uses it. */
static int
add_directory(struct pd_failure_list *list, const char *directory,
    bool recursive, struct pd_error *error)
{
	DIR *open = opendir(directory);
	size_t length = strlen(directory);
	const char *separator = length > 0 && directory[length - 1] == '/' ? "" : "/";
	int result = 0;

	if (open == NULL)
		return pd_error_at(error, directory, 0, "cannot open: %s", strerror(errno));
	for (struct dirent *entry; result == 0 && (entry = readdir(open)) != NULL;) {
		char *path = pd_format("%s%s%s", directory, separator, entry->d_name);
		result = add_member(list, path, entry->d_name, recursive, error);
		free(path);
	}
	closedir(open);
	return result;
}

int
pd_failure_list_add(struct pd_failure_list *list, const char *path,
    bool recursive, struct pd_error *error)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return pd_error_at(error, path, 0, "cannot open: %s", strerror(errno));
	if (S_ISDIR(status.st_mode))
		return add_directory(list, path, recursive, error);
	add_file(list, path);
	return 0;
}

static void
free_entry(struct pd_failure_entry *entry)
{
	free(entry->path);
	jv_free(entry->record);
}

void
pd_failure_list_free(struct pd_failure_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free_entry(&list->entries[i]);
	for (size_t i = 0; i < list->abandoned_count; i++)
		free(list->abandoned[i]);
	free(list->entries);
	free(list->abandoned);
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct pd_failure_entry *)a)->path,
	    ((const struct pd_failure_entry *)b)->path);
}

/* What is no failure comes last, and before it failures that do not say when
 * they were saved. */
static int
rank(const struct pd_failure_entry *entry)
{
	return !pd_failure_is_readable(entry) ? 2 :
	    !pd_json_has_peek(entry->record, "saved_at");
}

static int
by_time(const struct pd_failure_entry *a, const struct pd_failure_entry *b,
    int direction)
{
	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	int order = direction * strcmp(pd_json_peek_string(a->record, "saved_at", ""),
	    pd_json_peek_string(b->record, "saved_at", ""));
	return order != 0 ? order : by_path(a, b);
}

static int
oldest_first(const void *a, const void *b)
{
	return by_time(a, b, 1);
}

static int
newest_first(const void *a, const void *b)
{
	return by_time(a, b, -1);
}

bool
pd_failure_selection_narrows(const struct pd_failure_selection *selection)
{
	return selection->kind != NULL || selection->name != NULL ||
	    selection->model != NULL || selection->saved_before != NULL ||
	    selection->seed >= 0 || selection->limit > 0;
}

static bool
is_word(jv record, const char *key, const char *wanted)
{
	return wanted == NULL ||
	    strcmp(pd_json_peek_string(record, key, ""), wanted) == 0;
}

static bool
is_selected(const struct pd_failure_entry *entry,
    const struct pd_failure_selection *selection)
{
	jv record = entry->record;

	if (!pd_failure_selection_narrows(selection))
		return true;
	if (!pd_failure_is_readable(entry) || !is_word(record, "kind", selection->kind) ||
	    !is_word(record, "name", selection->name) ||
	    !is_word(record, "model", selection->model))
		return false;
	if (selection->seed >= 0 &&
	    pd_json_peek_number(record, "seed", -1) != (double)selection->seed)
		return false;
	const char *saved_at = pd_json_peek_string(record, "saved_at", NULL);
	return selection->saved_before == NULL ||
	    (saved_at != NULL && strcmp(saved_at, selection->saved_before) < 0);
}

void
pd_failure_list_select(struct pd_failure_list *list,
    const struct pd_failure_selection *selection)
{
	static int (*const compare[])(const void *, const void *) = {
		[PD_FAILURE_NEWEST] = newest_first, [PD_FAILURE_OLDEST] = oldest_first,
		[PD_FAILURE_BY_PATH] = by_path,
	};
	size_t kept = 0;

	if (list->count > 0)
		qsort(list->entries, list->count, sizeof(*list->entries),
		    compare[selection->order]);
	for (size_t i = 0; i < list->count; i++) {
		if (is_selected(&list->entries[i], selection) &&
		    (selection->limit == 0 || kept < selection->limit))
			list->entries[kept++] = list->entries[i];
		else
			free_entry(&list->entries[i]);
	}
	list->count = kept;
}
