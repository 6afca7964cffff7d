/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <ctype.h>
#include <stdbool.h>

#include "json.h"

static bool
is_identifier(const char *text)
{
	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return false;
	for (; *text != '\0'; text++) {
		if (!isalnum((unsigned char)*text) && *text != '_')
			return false;
	}
	return true;
}

void
pd_path_enter(struct pd_buffer *path, jv step)
{
	if (jv_get_kind(step) == JV_KIND_STRING &&
	    is_identifier(jv_string_value(step))) {
		pd_buffer_format(path, ".%s", jv_string_value(step));
	} else {
		pd_buffer_text(path, path->length == 0 ? ".[" : "[");
		pd_json_append_peek(path, step);
		pd_buffer_text(path, "]");
	}
}

jv
pd_path_text(jv path)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	jv_array_foreach(path, i, step) {
		pd_path_enter(&text, step);
		jv_free(step);
	}
	jv result = jv_string(text.length == 0 ? "." : text.data);
	pd_buffer_free(&text);
	return result;
}
