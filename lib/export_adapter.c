/* SPDX-License-Identifier: MIT */
#include "export_adapter.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "buffer.h"
#include "text.h"

static bool
is_name_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_';
}

static void
add_name(struct pd_holes *holes, const char *name, size_t length)
{
	char *variable = pd_format("%.*s", (int)length, name);
	bool known = length == 0;

	for (size_t i = 0; i < holes->count; i++)
		known = known || strcmp(holes->list[i].variable, variable) == 0;
	if (!known)
		jv_free(pd_holes_add_environment(holes, variable));
	free(variable);
}

/* Variables that the adapter's text names, as $ENV.NAME or env.NAME, set or not. */
static void
add_named(struct pd_holes *holes, const char *text)
{
	for (const char *at = text; (at = strstr(at, ".")) != NULL; at++) {
		size_t length = 0;
		if (at - text < 3 || strncasecmp(at - 3, "env", 3) != 0)
			continue;
		while (is_name_byte(at[1 + length]))
			length++;
		add_name(holes, at + 1, length);
	}
}

/* An environment in which every variable holds its marker. The caller frees it and
 * its strings. */
static char **
marked_environment(const struct pd_holes *holes)
{
	char **list = pd_allocate(holes->count + 1, sizeof(*list));

	for (size_t i = 0; i < holes->count; i++)
		list[i] = pd_format("%s=%s", holes->list[i].variable, holes->list[i].text);
	return list;
}

struct pd_adapter *
pd_export_adapter(struct pd_loop *loop, const char *path,
    struct pd_holes *environment, struct pd_error *error)
{
	struct pd_adapter_options options = {.path = path};
	struct pd_buffer text = PD_BUFFER_INIT;
	char **own = environ;

	for (char **variable = environ; *variable != NULL; variable++)
		add_name(environment, *variable, strcspn(*variable, "="));
	if (pd_read_file(path, &text, error) == 0)
		add_named(environment, text.data != NULL ? text.data : "");
	pd_buffer_free(&text);
	char **marked = marked_environment(environment);
	environ = marked;
	struct pd_adapter *adapter = pd_adapter_open(loop, &options, error);
	environ = own;
	for (char **variable = marked; *variable != NULL; variable++)
		free(*variable);
	free(marked);
	return adapter;
}
