/* SPDX-License-Identifier: MIT */
#include "trigger.h"

#include <string.h>

#include "json.h"

struct pd_trigger
pd_trigger_any(void)
{
	return (struct pd_trigger){.of = PD_OF_STEPS, .every = 1, .names = jv_array()};
}

void
pd_trigger_free(struct pd_trigger *trigger)
{
	jv_free(trigger->names);
}

int
pd_trigger_parse_of(struct pd_trigger *trigger, jv value)
{
	if (jv_get_kind(value) == JV_KIND_STRING) {
		const char *name = jv_string_value(value);
		trigger->of = strcmp(name, "command") == 0 ? PD_OF_COMMANDS :
		    strcmp(name, "event") == 0 ? PD_OF_EVENTS : PD_OF_NAMES;
		jv_free(trigger->names);
		trigger->names = JV_ARRAY(value);
		return 0;
	}
	bool good = jv_get_kind(value) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(value)) > 0;
	if (good) {
		jv_array_foreach(value, i, name) {
			good = good && jv_get_kind(name) == JV_KIND_STRING;
			jv_free(name);
		}
	}
	trigger->of = PD_OF_NAMES;
	jv_free(trigger->names);
	trigger->names = value;
	return good ? 0 : -1;
}

static int
parse_every(struct pd_trigger *trigger, jv every)
{
	int result = -1;

	if (jv_get_kind(every) == JV_KIND_NUMBER) {
		result = pd_json_integer_peek(every, &trigger->every) &&
		    trigger->every >= 1 ? 0 : -1;
		trigger->of = PD_OF_STEPS;
	} else if (jv_get_kind(every) == JV_KIND_OBJECT) {
		jv n = pd_json_peek(every, "n");
		if (pd_json_integer_peek(n, &trigger->every) && trigger->every >= 1 &&
		    pd_json_has_peek(every, "of"))
			result = pd_trigger_parse_of(trigger, pd_json_peek(every, "of"));
		jv_free(n);
	} else if (jv_is_valid(every)) {
		return pd_trigger_parse_of(trigger, every);
	}
	jv_free(every);
	return result;
}

const char *
pd_trigger_parse(struct pd_trigger *trigger, jv value)
{
	const char *at = pd_json_peek_string(value, "at", NULL);
	bool has_every = pd_json_has_peek(value, "every");
	const char *problem = NULL;

	if (jv_get_kind(value) != JV_KIND_OBJECT || has_every == (at != NULL) ||
	    jv_object_length(jv_copy(value)) != 1)
		problem = "it must have either \"every\" or \"at\"";
	else if (at != NULL && strcmp(at, "end") == 0)
		trigger->when = PD_TRIGGER_END;
	else if (at != NULL && strcmp(at, "settled") == 0)
		trigger->when = PD_TRIGGER_SETTLED;
	else if (at != NULL)
		problem = "\"at\" is \"end\" or \"settled\"";
	else if (parse_every(trigger, pd_json_peek(value, "every")) != 0)
		problem = "\"every\" is a number, \"command\", \"event\", a name, "
		    "a list of names or {\"n\", \"of\"}";
	jv_free(value);
	return problem;
}

static bool
names_match(const struct pd_trigger *trigger, const char *type)
{
	bool found = false;

	jv_array_foreach(trigger->names, i, name) {
		found = found || strcmp(jv_string_value(name), type) == 0;
		jv_free(name);
	}
	return found;
}

bool
pd_trigger_matches(const struct pd_trigger *trigger, bool is_command,
    const char *type)
{
	switch (trigger->of) {
	case PD_OF_STEPS:
		return true;
	case PD_OF_COMMANDS:
		return is_command;
	case PD_OF_EVENTS:
		return !is_command;
	default:
		return names_match(trigger, type);
	}
}
