/* SPDX-License-Identifier: MIT */
#include "template.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "buffer.h"
#include "json.h"
#include "module.h"
#include "share.h"
#include "text.h"

struct pd_template {
	struct pd_module *module;
	char *more_path;	/* of the second file; NULL when it was read or is none */
	struct pd_module *more;	/* NULL until it is needed */
	struct pd_error more_error;	/* why it could not be read */
	jv files;		/* {name: text}: that it asks for; invalid until they were read */
};

/* Read the second file, if there is one, now that a function is looked for there. */
static struct pd_module *
read_more(struct pd_template *template)
{
	if (template->more_path != NULL)
		template->more = pd_module_read(template->more_path, &template->more_error);
	free(template->more_path);
	template->more_path = NULL;
	return template->more;
}

/* Where the format has a function of this type, or NULL. */
static struct pd_module *
module_of(struct pd_template *template, const char *type)
{
	if (pd_module_function(template->module, type, 1) != PD_NO_FUNCTION)
		return template->module;
	struct pd_module *more = read_more(template);
	return more != NULL && pd_module_function(more, type, 1) != PD_NO_FUNCTION ?
	    more : NULL;
}

/* The number-th directory that formats of this folder are looked for in: the user's
 * own, then the suite's. NULL after the last. The caller frees it. */
static char *
directory_at(const char *folder, int number)
{
	char *variable = pd_format("PD_%s_PATH", folder);

	for (char *at = variable; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	const char *list = getenv(variable);
	free(variable);
	while (list != NULL && *list != '\0') {
		size_t length = strcspn(list, ":");
		if (length > 0 && number-- == 0)
			return pd_format("%.*s", (int)length, list);
		list += length + (list[length] == ':');
	}
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (config != NULL && config[0] == '/' && number-- == 0)
		return pd_format("%s/pd/%s", config, folder);
	if ((config == NULL || config[0] != '/') && home != NULL && number-- == 0)
		return pd_format("%s/.config/pd/%s", home, folder);
	return number == 0 ? pd_share_path(folder) : NULL;
}

/* The file of a format, or NULL. The caller frees it. */
static char *
format_path(const char *folder, const char *format)
{
	size_t length = strlen(format);
	char *directory, *path = NULL;

	if (strchr(format, '/') != NULL ||
	    (length > 3 && strcmp(format + length - 3, ".jq") == 0))
		return pd_duplicate(format);
	for (int i = 0; path == NULL && (directory = directory_at(folder, i)) != NULL; i++) {
		path = pd_format("%s/%s.jq", directory, format);
		if (access(path, R_OK) != 0) {
			free(path);
			path = NULL;
		}
		free(directory);
	}
	return path;
}

struct pd_template *
pd_template_open(const char *folder, const char *format, struct pd_error *error)
{
	char *path = format_path(folder, format), *more = NULL;
	struct pd_template *template = NULL;

	if (path == NULL) {
		pd_error_set(error, "there is no format '%s'", format);
		pd_error_hint(error, "pd-%s --list tells which there are", folder);
	} else {
		struct pd_module *module = pd_module_read(path, error);
		if (module != NULL) {
			template = pd_allocate(1, sizeof(*template));
			template->module = module;
			template->files = jv_invalid();
			more = pd_format("%.*s_more.jq", (int)strlen(path) - 3, path);
			if (access(more, R_OK) == 0)
				template->more_path = pd_duplicate(more);
		}
	}
	free(path);
	free(more);
	return template;
}

struct pd_template *
pd_template_open_for(const char *type, const char *format,
    struct pd_error *error)
{
	struct pd_template *template = pd_template_open(PD_REPORT_FORMATS, format, error);

	if (template == NULL)
		return NULL;
	bool whole = pd_json_peek_bool(pd_template_metadata_peek(template), "whole", false);
	if (!whole && pd_template_has(template, type))
		return template;
	pd_error_set(error, "the format %s has no words for a record of type %s alone",
	    format, type);
	pd_error_hint(error, "terminal, compact and markdown have; pd-report makes whole "
	    "documents of a stream");
	pd_template_close(template);
	return NULL;
}

void
pd_template_close(struct pd_template *template)
{
	if (template == NULL)
		return;
	pd_module_close(template->module);
	pd_module_close(template->more);
	free(template->more_path);
	jv_free(template->files);
	free(template);
}

int
pd_template_prepare(struct pd_template *template, const char *const *types,
    struct pd_error *error)
{
	return pd_module_prepare(template->module, types, error);
}

/* Where the function of this type can be called, or NULL on error. */
static struct pd_module *
prepared_module(struct pd_template *template, const char *type,
    struct pd_error *error)
{
	const char *const alone[] = {type, NULL};
	struct pd_module *module = module_of(template, type);

	if (module == NULL && template->more_error.message[0] != '\0') {
		*error = template->more_error;
		return NULL;
	}
	if (module == NULL) {
		pd_error_at(error, pd_template_path(template), 0,
		    "the format has no function %s($o)", type);
		return NULL;
	}
	if (!pd_module_is_prepared(module, pd_module_function(module, type, 1)) &&
	    pd_module_prepare(module, alone, error) != 0)
		return NULL;
	return module;
}

const char *
pd_template_path(const struct pd_template *template)
{
	return pd_module_path(template->module);
}

const char *
pd_template_description(const struct pd_template *template)
{
	return pd_json_peek_string(pd_module_metadata_peek(template->module),
	    "description", "");
}

bool
pd_template_is_single(const struct pd_template *template)
{
	return pd_json_peek_bool(pd_module_metadata_peek(template->module), "single",
	    false);
}

jv
pd_template_metadata_peek(const struct pd_template *template)
{
	return pd_module_metadata_peek(template->module);
}

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) > strlen(end) &&
	    strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* Not what formats share, nor the second file of one. */
static int
is_format(const struct dirent *entry)
{
	return ends_with(entry->d_name, ".jq") && !ends_with(entry->d_name, "_more.jq") &&
	    strcmp(entry->d_name, "common.jq") != 0;
}

/* Add the names in a directory to {name: true}. Returns how many there are, or -1. */
static int
add_names(const char *directory, jv *names)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_format, alphasort);

	for (int i = 0; i < count; i++) {
		*names = jv_object_set(*names, jv_string_sized(entries[i]->d_name,
		    (int)strlen(entries[i]->d_name) - 3), jv_true());
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count;
}

jv
pd_template_names(const char *folder, struct pd_error *error)
{
	char *shared = pd_share_path(folder), *directory;
	jv names = jv_object();

	if (add_names(shared, &names) < 0) {
		pd_error_at(error, shared, 0, "%s", strerror(errno));
		jv_free(names);
		free(shared);
		return jv_invalid();
	}
	free(shared);
	for (int i = 0; (directory = directory_at(folder, i)) != NULL; i++) {
		add_names(directory, &names);
		free(directory);
	}
	return jv_keys(names);
}

bool
pd_template_has(struct pd_template *template, const char *type)
{
	/* A second file that cannot be read is told when it is called. */
	return module_of(template, type) != NULL || template->more_error.message[0] != '\0';
}

jv
pd_template_style(enum pd_color color, int descriptor)
{
	const char *no_color = getenv("NO_COLOR");
	struct winsize size;
	bool colored = color == PD_COLOR_ALWAYS || (color == PD_COLOR_AUTO &&
	    isatty(descriptor) == 1 && (no_color == NULL || no_color[0] == '\0'));

	return pd_json_set_number(pd_json_set(jv_object(), "color",
	    jv_bool(colored)), "width",
	    ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0);
}

/* The text of a file beside the format, or an invalid jv. */
static jv
read_beside(const struct pd_template *template, const char *name, struct pd_error *error)
{
	const char *path = pd_template_path(template);
	struct pd_buffer text = PD_BUFFER_INIT;
	const char *slash = strrchr(path, '/');
	char *beside = pd_format("%.*s%s", slash != NULL ? (int)(slash + 1 - path) : 0, path,
	    name);
	jv result = pd_read_file(beside, &text, error) != 0 ? jv_invalid() :
	    jv_string_sized(text.data != NULL ? text.data : "", (int)text.length);

	pd_buffer_free(&text);
	free(beside);
	return result;
}

/* Read the files that the format puts into its documents. Returns 0 or -1. */
static int
read_files(struct pd_template *template, struct pd_error *error)
{
	jv names = pd_json_peek(pd_template_metadata_peek(template), "files"), files = jv_object();

	if (jv_get_kind(names) == JV_KIND_ARRAY) {
		jv_array_foreach(names, i, name) {
			jv text = jv_is_valid(files) ? read_beside(template,
			    jv_string_value(name), error) : jv_invalid();
			if (jv_is_valid(text)) {
				files = jv_object_set(files, name, text);
				continue;
			}
			jv_free(files);
			jv_free(name);
			files = jv_invalid();
		}
	}
	jv_free(names);
	template->files = files;
	return jv_is_valid(files) ? 0 : -1;
}

jv
pd_template_call(struct pd_template *template, const char *type, jv record,
    jv style, struct pd_error *error)
{
	struct pd_module *module = prepared_module(template, type, error);

	if (module == NULL || (!jv_is_valid(template->files) &&
	    read_files(template, error) != 0)) {
		jv_free(record);
		jv_free(style);
		return jv_invalid();
	}
	if (jv_object_length(jv_copy(template->files)) > 0)
		style = pd_json_set(style, "files", jv_copy(template->files));
	return pd_module_call_all(module, pd_module_function(module, type, 1), record,
	    JV_ARRAY(style), error);
}

void
pd_template_write(jv lines, struct pd_writer *writer)
{
	jv_array_foreach(lines, i, line) {
		jv text = jv_get_kind(line) == JV_KIND_STRING ? line :
		    jv_dump_string(line, 0);
		pd_writer_line(writer, jv_string_value(text),
		    (size_t)jv_string_length_bytes(jv_copy(text)));
		jv_free(text);
	}
	jv_free(lines);
}

int
pd_template_render(struct pd_template *template, const char *type, jv record,
    jv style, struct pd_writer *writer, struct pd_error *error)
{
	jv lines = pd_template_call(template, type, record, style, error);

	if (!jv_is_valid(lines)) {
		jv_free(lines);
		return -1;
	}
	pd_template_write(lines, writer);
	return 0;
}
