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

jv
pd_path_text(jv path)
{
	struct pd_buffer text = PD_BUFFER_INIT;

	pd_buffer_text(&text, "");
	jv_array_foreach(path, i, part) {
		if (jv_get_kind(part) == JV_KIND_STRING &&
		    is_identifier(jv_string_value(part))) {
			pd_buffer_format(&text, ".%s", jv_string_value(part));
		} else {
			pd_buffer_text(&text, text.length == 0 ? ".[" : "[");
			pd_json_append_peek(&text, part);
			pd_buffer_text(&text, "]");
		}
		jv_free(part);
	}
	if (text.length == 0)
		pd_buffer_text(&text, ".");
	jv result = jv_string_sized(text.data, (int)text.length);
	pd_buffer_free(&text);
	return result;
}
