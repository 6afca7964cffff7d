/* SPDX-License-Identifier: MIT */
#include "location.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "error.h"
#include "json.h"
#include "module.h"

struct file {
	char *path;
	struct pd_module *module;	/* NULL: it cannot be read */
	struct file *next;
};

struct pd_locations {
	struct file *files;
};

/* Which functions a kind of failure comes from, by the file that they are in. */
static const struct origin {
	const char *kind, *file, *prefix;
} origins[] = {
	{"check_failed", "model", "check_"},
	{"check_failed", "model", "eventually_"},
	{"prediction_mismatch", "model", "simulate_"},
	{"prediction_mismatch", "model", "simulate"},
	{"unexpected_reply", "adapter", "events_"},
	{"unexpected_reply", "adapter", "events"},
	{"adapter_error", "adapter", "request_"},
	{"adapter_error", "adapter", "request"},
};

struct pd_locations *
pd_locations_new(void)
{
	return pd_allocate(1, sizeof(struct pd_locations));
}

void
pd_locations_free(struct pd_locations *locations)
{
	while (locations->files != NULL) {
		struct file *file = locations->files;
		locations->files = file->next;
		pd_module_close(file->module);
		free(file->path);
		free(file);
	}
	free(locations);
}

static struct pd_module *
read_file(struct pd_locations *locations, const char *path)
{
	struct pd_error of_no_interest;

	for (struct file *file = locations->files; file != NULL; file = file->next)
		if (strcmp(file->path, path) == 0)
			return file->module;
	struct file *file = pd_allocate(1, sizeof(*file));
	*file = (struct file){.path = pd_duplicate(path),
		.module = pd_module_read(path, &of_no_interest),
		.next = locations->files};
	locations->files = file;
	return file->module;
}

static jv
make_location(const char *file, long line)
{
	jv location = pd_json_set_string(jv_object(), "file", file);

	return line > 0 ? pd_json_set_number(location, "line", (double)line) : location;
}

/* The function of an origin for what failed; an invalid jv when there is none. */
static jv
find_function(const struct pd_module *module, const struct origin *origin,
    const char *name)
{
	bool is_prefix = origin->prefix[strlen(origin->prefix) - 1] == '_';
	char *function = pd_format("%s%s", origin->prefix, is_prefix ? name : "");
	int number = PD_NO_FUNCTION;

	for (int arity = 0; number < 0 && arity <= 2; arity++)
		number = pd_module_function(module, function, arity);
	free(function);
	return number < 0 ? jv_invalid() :
	    make_location(pd_module_function_file(module, number),
	    pd_module_function_line(module, number));
}

/* Does the file still have the content that the record tells the hash of? */
static bool
is_unchanged(const struct pd_module *module, jv source)
{
	return module != NULL && strcmp(pd_module_hash(module),
	    pd_json_peek_string(source, "sha256", "")) == 0;
}

/* In the model or the adapter, which is consumed. */
static jv
find_in(struct pd_locations *locations, const char *which, jv source, jv cause)
{
	const char *path = pd_json_peek_string(source, "path", "");
	jv location = jv_invalid();

	if (path[0] != '\0') {
		struct pd_module *module = read_file(locations, path);
		for (size_t i = 0; !jv_is_valid(location) && is_unchanged(module, source) &&
		    i < sizeof(origins) / sizeof(origins[0]); i++)
			if (strcmp(origins[i].file, which) == 0 && strcmp(origins[i].kind,
			    pd_json_peek_string(cause, "kind", "")) == 0)
				location = find_function(module, &origins[i],
				    pd_json_peek_string(cause, "name", ""));
		if (!jv_is_valid(location))
			location = make_location(path, 0);
	}
	jv_free(source);
	return location;
}

jv
pd_locations_find(struct pd_locations *locations, jv failure)
{
	jv cause = pd_json_peek(failure, "failure");
	const char *kind = pd_json_peek_string(cause, "kind", "");
	const char *which = "model";

	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		if (strcmp(origins[i].kind, kind) == 0)
			which = origins[i].file;
	jv location = find_in(locations, which, pd_json_peek(failure, which), cause);
	jv_free(cause);
	return location;
}
