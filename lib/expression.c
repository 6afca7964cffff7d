/* SPDX-License-Identifier: MIT */
#include "expression.h"

#include <ctype.h>
#include <jq.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

struct pd_expression {
	char *text;
	jv path;		/* an array of keys; invalid when it is no plain path */
	jq_state *jq;		/* NULL for a plain path */
	struct pd_error *error;	/* set while compiling only */
};

static void
on_message(void *context, jv message)
{
	struct pd_expression *expression = context;
	jv text = jq_format_error(message);

	if (expression->error != NULL && expression->error->message[0] == '\0') {
		const char *start = jv_string_value(text);
		const char *said = strstr(start, "error: ");
		pd_error_set(expression->error, "'%s': %.*s", expression->text,
		    (int)strcspn(said != NULL ? said + 7 : start, "\n"),
		    said != NULL ? said + 7 : start);
	}
	jv_free(text);
}

static size_t
name_length(const char *text)
{
	size_t length = 0;

	if (isdigit((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

/* The keys of .a.b, or an invalid jv. */
static jv
plain_path(const char *text)
{
	jv path = jv_array();

	while (*text == '.') {
		size_t length = name_length(text + 1);
		if (length == 0)
			break;
		path = jv_array_append(path, jv_string_sized(text + 1, (int)length));
		text += 1 + length;
	}
	if (*text == '\0' && jv_array_length(jv_copy(path)) > 0)
		return path;
	jv_free(path);
	return jv_invalid();
}

struct pd_expression *
pd_expression_open(const char *text, struct pd_error *error)
{
	struct pd_expression *expression = pd_allocate(1, sizeof(*expression));

	expression->text = pd_duplicate(text);
	expression->path = plain_path(text);
	if (jv_is_valid(expression->path))
		return expression;
	*error = (struct pd_error)PD_ERROR_INIT;
	expression->error = error;
	expression->jq = jq_init();
	jq_set_error_cb(expression->jq, on_message, expression);
	if (jq_compile(expression->jq, text)) {
		expression->error = NULL;
		return expression;
	}
	if (error->message[0] == '\0')
		pd_error_set(error, "'%s' is no jq expression", text);
	pd_expression_close(expression);
	return NULL;
}

void
pd_expression_close(struct pd_expression *expression)
{
	if (expression == NULL)
		return;
	if (expression->jq != NULL)
		jq_teardown(&expression->jq);
	jv_free(expression->path);
	free(expression->text);
	free(expression);
}

static jv
follow(const struct pd_expression *expression, jv value)
{
	int count = jv_array_length(jv_copy(expression->path));
	jv at = jv_copy(value);

	for (int i = 0; i < count; i++) {
		if (jv_get_kind(at) != JV_KIND_OBJECT) {
			jv_free(at);
			return jv_null();
		}
		at = jv_object_get(at, jv_array_get(jv_copy(expression->path), i));
	}
	return jv_is_valid(at) ? at : jv_null();
}

jv
pd_expression_of(struct pd_expression *expression, jv value,
    struct pd_error *error)
{
	if (expression->jq == NULL)
		return follow(expression, value);
	jq_start(expression->jq, jv_copy(value), 0);
	jv result = jq_next(expression->jq);
	if (jv_is_valid(result))
		return result;
	jv message = jv_invalid_get_msg(result);
	bool failed = jv_get_kind(message) != JV_KIND_NULL;
	if (failed) {
		char *text = jv_get_kind(message) == JV_KIND_STRING ?
		    pd_duplicate(jv_string_value(message)) :
		    pd_json_excerpt(jv_copy(message), 200);
		pd_error_set(error, "'%s': %s", expression->text, text);
		free(text);
	}
	jv_free(message);
	return failed ? jv_invalid() : jv_null();
}
