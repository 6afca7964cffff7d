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
	jv files;		/* {name: text}: what the format asks for */
};

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

/* Read the files that the format puts into its documents; they lie beside it.
 * Returns 0 or -1. */
static int
read_files(struct pd_template *template, struct pd_error *error)
{
	jv names = pd_json_peek(pd_module_metadata_peek(template->module), "files");
	const char *path = pd_module_path(template->module);
	const char *slash = strrchr(path, '/');
	int result = 0;

	if (jv_get_kind(names) == JV_KIND_ARRAY) {
		jv_array_foreach(names, i, name) {
			struct pd_buffer text = PD_BUFFER_INIT;
			char *file = pd_format("%.*s%s", slash != NULL ? (int)(slash + 1 - path) : 0,
			    path, jv_string_value(name));
			if (result == 0)
				result = pd_read_file(file, &text, error);
			template->files = jv_object_set(template->files, name,
			    jv_string_sized(text.data != NULL ? text.data : "", (int)text.length));
			pd_buffer_free(&text);
			free(file);
		}
	}
	jv_free(names);
	return result;
}

struct pd_template *
pd_template_open(const char *folder, const char *format, struct pd_error *error)
{
	char *path = format_path(folder, format);
	struct pd_template *template = NULL;

	if (path == NULL) {
		pd_error_set(error, "there is no format '%s'", format);
		pd_error_hint(error, "pd-%s --list tells which there are", folder);
	} else {
		struct pd_module *module = pd_module_open(path, error);
		if (module != NULL) {
			template = pd_allocate(1, sizeof(*template));
			*template = (struct pd_template){.module = module, .files = jv_object()};
			if (read_files(template, error) != 0) {
				pd_template_close(template);
				template = NULL;
			}
		}
	}
	free(path);
	return template;
}

void
pd_template_close(struct pd_template *template)
{
	if (template == NULL)
		return;
	pd_module_close(template->module);
	jv_free(template->files);
	free(template);
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

jv
pd_template_metadata_peek(const struct pd_template *template)
{
	return pd_module_metadata_peek(template->module);
}

bool
pd_template_is_single(const struct pd_template *template)
{
	return pd_json_peek_bool(pd_module_metadata_peek(template->module), "single",
	    false);
}

/* A format says what it is for; what formats share does not. */
static int
is_format(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 3 && strcmp(entry->d_name + length - 3, ".jq") == 0 &&
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
pd_template_has(const struct pd_template *template, const char *type)
{
	return pd_module_function(template->module, type, 1) >= 0;
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

jv
pd_template_lines(struct pd_template *template, const char *type, jv record,
    jv style, struct pd_error *error)
{
	int function = pd_module_function(template->module, type, 1);

	if (function >= 0) {
		style = pd_json_set(style, "files", jv_copy(template->files));
		return pd_module_call_all(template->module, function, record,
		    JV_ARRAY(style), error);
	}
	jv_free(record);
	jv_free(style);
	pd_error_at(error, pd_module_path(template->module), 0,
	    "the format has no function %s($o)", type);
	return jv_invalid();
}

int
pd_template_render(struct pd_template *template, const char *type, jv record,
    jv style, struct pd_writer *writer, struct pd_error *error)
{
	jv lines = pd_template_lines(template, type, record, style, error);

	if (!jv_is_valid(lines)) {
		jv_free(lines);
		return -1;
	}
	jv_array_foreach(lines, i, line) {
		jv text = jv_get_kind(line) == JV_KIND_STRING ? line :
		    jv_dump_string(line, 0);
		pd_writer_line(writer, jv_string_value(text),
		    (size_t)jv_string_length_bytes(jv_copy(text)));
		jv_free(text);
	}
	jv_free(lines);
	return 0;
}
