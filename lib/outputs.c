/* SPDX-License-Identifier: MIT */
#include "outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "folder.h"
#include "json.h"
#include "writer.h"

enum {
	SUMMARY_ROOM = 1 << 16,	/* of a limited output, kept free for the summary */
};

struct output {
	char *format;
	char *path;		/* NULL until it is known; "-" is standard output */
	struct pd_template *template;
	struct pd_writer writer;
	bool opened, append;
	size_t limit, written;	/* bytes without the summary's; limit 0 is none */
	jv held;		/* lines for the summary; invalid when none are held */
	jv told;		/* {"kind name": times} */
	jv results, unshown;	/* {type: times} */
	int64_t number, left_out;	/* failures */
};

struct pd_outputs {
	struct output *list;
	size_t count;
	enum pd_color color;
	pd_outputs_writing *writing;
	void *context;
};

struct pd_outputs *
pd_outputs_new(pd_outputs_writing *writing, void *context)
{
	struct pd_outputs *outputs = pd_allocate(1, sizeof(*outputs));

	*outputs = (struct pd_outputs){.writing = writing, .context = context};
	return outputs;
}

static struct output *
add(struct pd_outputs *outputs, const char *format, const char *path)
{
	outputs->list = pd_reallocate(outputs->list, outputs->count + 1,
	    sizeof(*outputs->list));
	struct output *output = &outputs->list[outputs->count++];
	*output = (struct output){.format = pd_duplicate(format),
		.path = path != NULL ? pd_duplicate(path) : NULL,
		.held = jv_invalid(), .told = jv_object(), .results = jv_object(),
		.unshown = jv_object()};
	return output;
}

int
pd_outputs_add(struct pd_outputs *outputs, const char *list,
    struct pd_error *error)
{
	char *copy = pd_duplicate(list);
	char *rest = copy, *part;
	int result = 0;

	while (result == 0 && (part = strsep(&rest, ",")) != NULL) {
		char *path = strchr(part, '=');
		if (path != NULL)
			*path++ = '\0';
		if (part[0] == '\0')
			result = pd_error_set(error, "'%s': the name of a format is empty", list);
		else if (path != NULL && path[0] == '\0')
			result = pd_error_set(error, "%s=: the name of a file is empty", part);
		else
			add(outputs, part, path);
	}
	free(copy);
	return result;
}

static const char *
fact(const struct output *output, const char *name, jv *holder)
{
	*holder = pd_json_peek(pd_template_metadata_peek(output->template), name);
	return jv_get_kind(*holder) == JV_KIND_STRING ? jv_string_value(*holder) : "";
}

static bool
is_fact(const struct output *output, const char *name)
{
	jv value = pd_json_peek(pd_template_metadata_peek(output->template), name);
	bool is_true = jv_get_kind(value) == JV_KIND_TRUE;

	jv_free(value);
	return is_true;
}

static int
load(struct output *output, struct pd_error *error)
{
	static const char *const frame[] = {"header", "summary", "failure", NULL};

	output->template = pd_template_open(PD_REPORT_FORMATS, output->format, error);
	if (output->template == NULL)
		return -1;
	for (size_t i = 0; frame[i] != NULL; i++)
		if (!pd_template_has(output->template, frame[i]))
			return pd_error_at(error, pd_template_path(output->template), 0,
			    "a format needs header($o), failure($o) and summary($o)");
	if (is_fact(output, "held"))
		output->held = jv_array();
	return pd_template_prepare(output->template, frame, error);
}

/* What else a format writes where it is used, such as the summary of a CI job. */
static int
load_also(struct pd_outputs *outputs, size_t index, struct pd_error *error)
{
	jv also = pd_json_peek(pd_template_metadata_peek(outputs->list[index].template), "also");
	const char *path = getenv(pd_json_peek_string(also, "append_to", ""));
	int result = 0;

	if (path != NULL && path[0] != '\0') {
		struct output *output = add(outputs,
		    pd_json_peek_string(also, "format", ""), path);
		output->append = true;
		output->limit = (size_t)pd_json_peek_number(also, "limit", 0);
		result = load(output, error);
	}
	jv_free(also);
	return result;
}

static bool
is_folder(const char *path)
{
	struct stat status;

	return path[0] != '\0' && (path[strlen(path) - 1] == '/' ||
	    (stat(path, &status) == 0 && S_ISDIR(status.st_mode)));
}

/* report.EXTENSION in the folder. The caller frees it. */
static char *
name_in(const char *folder, const struct output *output)
{
	jv holder;
	const char *extension = fact(output, "extension", &holder);
	bool slash = folder[strlen(folder) - 1] == '/';
	char *path = pd_format("%s%sreport.%s", folder, slash ? "" : "/",
	    extension[0] != '\0' ? extension : output->format);

	jv_free(holder);
	return path;
}

/* Decide where those go that have no file of their own. */
static int
place(struct pd_outputs *outputs, const char *path, struct pd_error *error)
{
	size_t unplaced = 0;

	for (size_t i = 0; i < outputs->count; i++)
		unplaced += outputs->list[i].path == NULL;
	if (path != NULL && unplaced == 0) {
		pd_error_set(error, "every format has a file of its own: none is left for '%s'",
		    path);
		return pd_error_hint(error, "leave out --output or a =FILE");
	}
	if (unplaced > 1 && (path == NULL || strcmp(path, "-") == 0)) {
		pd_error_set(error, "%zu formats cannot share standard output", unplaced);
		return pd_error_hint(error, "give them files: --format NAME=FILE, or a "
		    "folder: --output DIR");
	}
	bool folder = path != NULL && (unplaced > 1 || is_folder(path));
	if (folder && pd_folder_make(path, error) != 0)
		return -1;
	for (size_t i = 0; i < outputs->count; i++) {
		struct output *output = &outputs->list[i];
		if (output->path == NULL)
			output->path = folder ? name_in(path, output) :
			    pd_duplicate(path != NULL ? path : "-");
	}
	return 0;
}

/* Two formats in one file would be neither. */
static int
check_places(const struct pd_outputs *outputs, struct pd_error *error)
{
	for (size_t i = 0; i < outputs->count; i++)
		for (size_t other = 0; other < i; other++)
			if (strcmp(outputs->list[i].path, outputs->list[other].path) == 0)
				return pd_error_set(error, "the formats %s and %s have the same "
				    "file: '%s'", outputs->list[other].format,
				    outputs->list[i].format, outputs->list[i].path);
	return 0;
}

static bool
is_standard_output(const struct output *output)
{
	return strcmp(output->path, "-") == 0;
}

static int
open_file(struct output *output, struct pd_error *error)
{
	int descriptor = is_standard_output(output) ? STDOUT_FILENO :
	    open(output->path, O_WRONLY | O_CREAT | O_CLOEXEC |
	    (output->append ? O_APPEND : O_TRUNC), 0666);

	if (descriptor < 0)
		return pd_error_at(error, output->path, 0, "%s", strerror(errno));
	pd_writer_open(&output->writer, descriptor);
	output->opened = true;
	return 0;
}

int
pd_outputs_open(struct pd_outputs *outputs, const char *path,
    enum pd_color color, struct pd_error *error)
{
	size_t asked = outputs->count;

	outputs->color = color;
	for (size_t i = 0; i < asked; i++)
		if (load(&outputs->list[i], error) != 0)
			return -1;
	if (place(outputs, path, error) != 0)
		return -1;
	for (size_t i = 0; i < asked; i++)
		if (load_also(outputs, i, error) != 0)
			return -1;
	if (check_places(outputs, error) != 0)
		return -1;
	for (size_t i = 0; i < outputs->count; i++)
		if (open_file(&outputs->list[i], error) != 0)
			return -1;
	return 0;
}

size_t
pd_outputs_count(const struct pd_outputs *outputs)
{
	return outputs->count;
}

bool
pd_outputs_want(const struct pd_outputs *outputs, const char *fact)
{
	for (size_t i = 0; i < outputs->count; i++)
		if (is_fact(&outputs->list[i], fact))
			return true;
	return false;
}

bool
pd_outputs_know(const struct pd_outputs *outputs, const char *type)
{
	for (size_t i = 0; i < outputs->count; i++)
		if (pd_template_has(outputs->list[i].template, type))
			return true;
	return false;
}

/* How many bytes lines take. Borrows them. */
static size_t
size_of(jv lines)
{
	size_t size = 0;

	jv_array_foreach(lines, i, line) {
		jv text = jv_get_kind(line) == JV_KIND_STRING ? line :
		    jv_dump_string(line, 0);
		size += (size_t)jv_string_length_bytes(text) + 1;
	}
	return size;
}

/* Is there room for more lines than the summary? Borrows them. */
static bool
has_room(struct output *output, jv lines)
{
	if (output->limit == 0)
		return true;
	size_t size = size_of(lines);
	if (output->written + size + SUMMARY_ROOM > output->limit)
		return false;
	output->written += size;
	return true;
}

/* Consumes the lines. */
static void
write_lines(struct pd_outputs *outputs, struct output *output, jv lines)
{
	struct pd_error told_by_the_close;

	if (is_standard_output(output))
		outputs->writing(outputs->context);
	pd_template_write(lines, &output->writer);
	pd_writer_flush(&output->writer, &told_by_the_close);
}

/* What a format is told beside a record. Consumes more. */
static jv
make_style(const struct pd_outputs *outputs, const struct output *output, jv more)
{
	jv style = pd_template_style(outputs->color, output->writer.descriptor);

	style = pd_json_set_number(style, "number", (double)output->number);
	if (output->left_out > 0)
		style = pd_json_set_number(style, "left_out", (double)output->left_out);
	return jv_object_merge(style, more);
}

/* Tell a record in one output. Consumes record and style. Returns 0, 1 when there
 * was no room for it, or -1. */
static int
tell(struct pd_outputs *outputs, struct output *output, const char *type,
    jv record, jv style, struct pd_error *error)
{
	jv lines = pd_template_call(output->template, type, record,
	    make_style(outputs, output, style), error);

	if (!jv_is_valid(lines)) {
		jv_free(lines);
		return -1;
	}
	if (jv_is_valid(output->held)) {
		output->held = jv_array_concat(output->held, lines);
	} else if (has_room(output, lines)) {
		write_lines(outputs, output, lines);
	} else {
		jv_free(lines);
		return 1;
	}
	return 0;
}

int
pd_outputs_header(struct pd_outputs *outputs, struct pd_error *error)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < outputs->count; i++)
		result = tell(outputs, &outputs->list[i], "header", jv_null(),
		    jv_object(), error);
	return result;
}

static jv
count_one(jv times, const char *key)
{
	return pd_json_set_number(times, key, pd_json_peek_number(times, key, 0) + 1);
}

/* Did commands run at the same time? Borrows the failure record. */
static bool
has_branches(jv failure)
{
	jv commands, cause = pd_json_peek(failure, "failure");
	int count = pd_json_elements_peek(failure, "commands", &commands);
	bool found = strcmp(pd_json_peek_string(cause, "kind", ""), "linearization") == 0;

	for (int i = 0; i < count && !found; i++) {
		jv command = jv_array_get(jv_copy(commands), i);
		found = pd_json_kind_peek(command, "branch") == JV_KIND_NUMBER;
		jv_free(command);
	}
	jv_free(commands);
	jv_free(cause);
	return found;
}

void
pd_outputs_failure(struct pd_outputs *outputs, const char *key, jv failure,
    jv style, pd_outputs_trouble *trouble, void *context)
{
	static const char in_branches[] = "failure_with_branches";
	struct pd_error error;
	bool branches = has_branches(failure);

	for (size_t i = 0; i < outputs->count; i++) {
		struct output *output = &outputs->list[i];
		const char *type = branches && pd_template_has(output->template, in_branches) ?
		    in_branches : "failure";
		output->number++;
		jv again = jv_number(pd_json_peek_number(output->told, key, 0));
		int result = tell(outputs, output, type, jv_copy(failure),
		    pd_json_set(jv_copy(style), "again", again), &error);
		if (result == 0)
			output->told = count_one(output->told, key);
		else
			output->number--;
		output->left_out += result > 0;
		if (result < 0) {
			pd_error_prefix(&error, "a failure could not be reported: ");
			trouble(context, &error);
		}
	}
	jv_free(failure);
	jv_free(style);
}

void
pd_outputs_result(struct pd_outputs *outputs, const char *type, jv record,
    pd_outputs_trouble *trouble, void *context)
{
	struct pd_error error;

	for (size_t i = 0; i < outputs->count; i++) {
		struct output *output = &outputs->list[i];
		if (!pd_template_has(output->template, type)) {
			output->unshown = count_one(output->unshown, type);
			continue;
		}
		int result = tell(outputs, output, type, jv_copy(record), jv_object(), &error);
		if (result == 0) {
			output->results = count_one(output->results, type);
		} else if (result > 0) {
			output->unshown = count_one(output->unshown, type);
		} else {
			pd_error_prefix(&error, "a record could not be reported: ");
			trouble(context, &error);
		}
	}
	jv_free(record);
}

static jv
summary_of(const struct output *output, jv summary)
{
	summary = pd_json_set(summary, "failures", jv_copy(output->told));
	if (jv_object_length(jv_copy(output->results)) > 0)
		summary = pd_json_set(summary, "results", jv_copy(output->results));
	if (jv_object_length(jv_copy(output->unshown)) > 0)
		summary = pd_json_set(summary, "unshown", jv_copy(output->unshown));
	return summary;
}

int
pd_outputs_summary(struct pd_outputs *outputs, jv summary, jv overview,
    struct pd_error *error)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < outputs->count; i++) {
		struct output *output = &outputs->list[i];
		jv style = jv_object();
		if (jv_is_valid(output->held))
			style = pd_json_set(style, "held", output->held);
		if (jv_is_valid(overview) && is_fact(output, "overview"))
			style = pd_json_set(style, "overview", jv_copy(overview));
		output->held = jv_invalid();
		output->limit = 0;
		result = tell(outputs, output, "summary",
		    summary_of(output, jv_copy(summary)), style, error) < 0 ? -1 : 0;
	}
	jv_free(summary);
	jv_free(overview);
	return result;
}

/* Returns 0 or -1. The reader of standard output may have seen enough. */
static int
close_output(struct output *output, struct pd_error *error)
{
	int result = 0;

	if (output->opened) {
		result = pd_writer_close(&output->writer, error);
		if (is_standard_output(output) && output->writer.failure == EPIPE)
			result = 0;
		else if (result != 0 && !is_standard_output(output))
			snprintf(error->file, sizeof(error->file), "%s", output->path);
		if (!is_standard_output(output) && close(output->writer.descriptor) != 0 &&
		    result == 0)
			result = pd_error_at(error, output->path, 0, "cannot write: %s",
			    strerror(errno));
	}
	pd_template_close(output->template);
	jv_free(output->held);
	jv_free(output->told);
	jv_free(output->results);
	jv_free(output->unshown);
	free(output->format);
	free(output->path);
	return result;
}

int
pd_outputs_close(struct pd_outputs *outputs, struct pd_error *error)
{
	int result = 0;

	for (size_t i = 0; i < outputs->count; i++) {
		struct pd_error further;
		if (close_output(&outputs->list[i], result == 0 ? error : &further) != 0)
			result = -1;
	}
	free(outputs->list);
	free(outputs);
	return result;
}
