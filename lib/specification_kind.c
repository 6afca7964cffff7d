/* SPDX-License-Identifier: MIT */
#include "specification_kind.h"

#include <ctype.h>
#include <string.h>

#include "buffer.h"
#include "json.h"

int32_t
pd_builtin_intern(struct pd_specification *specification,
    const struct pd_builtin_action *action, struct pd_traits traits)
{
	specification->judges = true;
	return pd_specification_intern(specification, action, sizeof(*action), traits);
}

int32_t
pd_specification_intern(struct pd_specification *specification,
    const void *bytes, size_t length, struct pd_traits traits)
{
	int32_t number = pd_intern(&specification->actions, bytes, length);
	size_t at = (size_t)number;

	if (at >= specification->traits_room) {
		specification->traits_room = at < 16 ? 32 : 2 * at;
		specification->traits = pd_reallocate(specification->traits,
		    specification->traits_room, sizeof(*specification->traits));
	}
	specification->traits[at] = traits;
	return number;
}

struct pd_builtin_action
pd_builtin_action(const struct pd_specification *specification, int32_t action)
{
	struct pd_builtin_action result;
	size_t length;

	memcpy(&result, pd_interned(&specification->actions, action, &length),
	    sizeof(result));
	return result;
}

jv
pd_builtin_no_keys(struct pd_specification *specification, jv command,
    struct pd_error *error)
{
	(void)specification;
	(void)command;
	(void)error;
	return jv_null();
}

bool
pd_builtin_is(jv command, const char *name)
{
	const char *type = pd_json_peek_string(command, "type", "");

	for (; *type != '\0'; type++) {
		if (*type == '-' || *type == '_')
			continue;
		if (tolower((unsigned char)*type) != *name)
			return false;
		name++;
	}
	return *name == '\0';
}

int32_t
pd_builtin_refuse(const struct pd_specification *specification, jv command,
    const char *commands, struct pd_error *error)
{
	pd_error_set(error, "%s has no command '%s'", specification->kind->name,
	    pd_json_peek_string(command, "type", ""));
	pd_error_hint(error, "its commands are %s", commands);
	return PD_BROKEN;
}

jv
pd_builtin_argument(const struct pd_specification *specification, jv command,
    const char *field, struct pd_error *error)
{
	jv value = pd_json_peek(command, field);

	if (!jv_is_valid(value)) {
		pd_error_set(error, "%s: %s without '%s'", specification->kind->name,
		    pd_json_peek_string(command, "type", ""), field);
		pd_error_hint(error, "the command needs a field '%s'", field);
	}
	return value;
}

jv
pd_builtin_result(jv events, const char *field)
{
	jv result = jv_invalid();
	int count = jv_array_length(jv_copy(events));

	for (int i = 0; i < count && !jv_is_valid(result); i++) {
		jv event = jv_array_get(jv_copy(events), i);
		jv_free(result);
		result = pd_json_peek(event, field);
		jv_free(event);
	}
	return result;
}

int32_t
pd_builtin_without(const struct pd_specification *specification, jv command,
    const char *field, struct pd_error *error)
{
	pd_error_set(error, "%s: no event of %s has a field '%s'",
	    specification->kind->name, pd_json_peek_string(command, "type", ""), field);
	pd_error_hint(error, "what was answered is an event with '%s'; leave the "
	    "events out if nobody knows", field);
	return PD_BROKEN;
}

int32_t
pd_builtin_truth(const struct pd_specification *specification, jv command,
    jv events, const char *field, bool required, int *truth,
    struct pd_error *error)
{
	*truth = -1;
	if (!jv_is_valid(events))
		return 0;
	jv value = pd_builtin_result(events, field);
	jv_kind kind = jv_get_kind(value);
	jv_free(value);
	if (kind == JV_KIND_INVALID && required)
		return pd_builtin_without(specification, command, field, error);
	if (kind == JV_KIND_INVALID)
		return 0;
	if (kind != JV_KIND_TRUE && kind != JV_KIND_FALSE) {
		pd_error_set(error, "%s: '%s' of %s is neither true nor false",
		    specification->kind->name, field,
		    pd_json_peek_string(command, "type", ""));
		pd_error_hint(error, "true or false; leave the events out if nobody knows");
		return PD_BROKEN;
	}
	*truth = kind == JV_KIND_TRUE;
	return 0;
}

int32_t
pd_builtin_value(struct pd_specification *specification, jv value)
{
	jv text = pd_json_identity(value);
	int32_t number = pd_intern(&specification->values, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));

	jv_free(text);
	return number;
}

jv
pd_builtin_json(const struct pd_specification *specification, int32_t value)
{
	struct pd_error ignored;
	size_t length;
	const char *text = pd_interned(&specification->values, value, &length);

	return pd_json_parse(text, length, &ignored);
}
