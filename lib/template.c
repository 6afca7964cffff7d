/* SPDX-License-Identifier: MIT */
#include "template.h"

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

/* Functions that were compiled together. */
struct part {
	struct pd_module *module;
	struct part *next;
};

struct pd_template {
	struct pd_module *outline;	/* what the format defines; nothing is compiled */
	struct part *parts;
};

struct pd_template *
pd_template_open(const char *folder, const char *format, struct pd_error *error)
{
	char *name = pd_format("%s/%s.jq", folder, format);
	char *path = pd_share_path(name);
	struct pd_template *template = NULL;

	if (strchr(format, '/') != NULL || access(path, R_OK) != 0) {
		pd_error_set(error, "there is no format '%s'", format);
		pd_error_hint(error, "pd-%s --list tells which there are", folder);
	} else {
		struct pd_module *outline = pd_module_read(path, error);
		if (outline != NULL) {
			template = pd_allocate(1, sizeof(*template));
			template->outline = outline;
		}
	}
	free(name);
	free(path);
	return template;
}

void
pd_template_close(struct pd_template *template)
{
	if (template == NULL)
		return;
	pd_module_close(template->outline);
	while (template->parts != NULL) {
		struct part *part = template->parts;
		template->parts = part->next;
		pd_module_close(part->module);
		free(part);
	}
	free(template);
}

int
pd_template_prepare(struct pd_template *template, const char *const *types,
    struct pd_error *error)
{
	struct pd_module *module = pd_module_open_for(pd_template_path(template), types,
	    error);

	if (module == NULL)
		return -1;
	struct part *part = pd_allocate(1, sizeof(*part));
	*part = (struct part){.module = module, .next = template->parts};
	template->parts = part;
	return 0;
}

/* Where the function of this type can be called; NULL on error. */
static struct pd_module *
module_of(struct pd_template *template, const char *type, struct pd_error *error)
{
	const char *const alone[] = {type, NULL};

	for (struct part *part = template->parts; part != NULL; part = part->next)
		if (pd_module_function(part->module, type, 1) >= 0)
			return part->module;
	if (!pd_template_has(template, type)) {
		pd_error_at(error, pd_template_path(template), 0,
		    "the format has no function %s($o)", type);
		return NULL;
	}
	return pd_template_prepare(template, alone, error) == 0 ?
	    template->parts->module : NULL;
}

const char *
pd_template_path(const struct pd_template *template)
{
	return pd_module_path(template->outline);
}

const char *
pd_template_description(const struct pd_template *template)
{
	return pd_json_peek_string(pd_module_metadata_peek(template->outline),
	    "description", "");
}

bool
pd_template_is_single(const struct pd_template *template)
{
	return pd_json_peek_bool(pd_module_metadata_peek(template->outline), "single",
	    false);
}

jv
pd_template_fact(const struct pd_template *template, const char *key)
{
	return pd_json_peek(pd_module_metadata_peek(template->outline), key);
}

/* A format says what it is for; what formats share does not. */
static int
is_format(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 3 && strcmp(entry->d_name + length - 3, ".jq") == 0 &&
	    strcmp(entry->d_name, "common.jq") != 0;
}

jv
pd_template_names(const char *folder, struct pd_error *error)
{
	char *directory = pd_share_path(folder);
	struct dirent **entries;
	int count = scandir(directory, &entries, is_format, alphasort);
	jv names = jv_array();

	if (count < 0) {
		pd_error_at(error, directory, 0, "%s", strerror(errno));
		jv_free(names);
		names = jv_invalid();
	} else {
		for (int i = 0; i < count; i++) {
			names = jv_array_append(names, jv_string_sized(entries[i]->d_name,
			    (int)strlen(entries[i]->d_name) - 3));
			free(entries[i]);
		}
		free(entries);
	}
	free(directory);
	return names;
}

bool
pd_template_has(const struct pd_template *template, const char *type)
{
	return pd_module_function(template->outline, type, 1) >= 0;
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
pd_template_call(struct pd_template *template, const char *type, jv record,
    jv style, struct pd_error *error)
{
	struct pd_module *module = module_of(template, type, error);

	if (module == NULL) {
		jv_free(record);
		jv_free(style);
		return jv_invalid();
	}
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
