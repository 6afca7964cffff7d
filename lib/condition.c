/* SPDX-License-Identifier: MIT */
#include "condition.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"

static const char *const known[] = {"after", "timeout_ms", "interval_ms"};

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static int
check_key(const struct pd_condition *condition, const char *name,
    struct pd_error *error)
{
	for (int i = 0; i < KNOWN; i++) {
		if (strcmp(known[i], name) == 0)
			return 0;
	}
	const char *nearest = pd_nearest(name, known, KNOWN);
	pd_error_set(error, "condition '%s': unknown key '%s'", condition->name, name);
	return nearest == NULL ? -1 :
	    pd_error_hint(error, "did you mean '%s'?", nearest);
}

/* Milliseconds above 0, if they are there. Returns 0 or -1. */
static int
read_time(const struct pd_condition *condition, jv value, const char *name,
    int64_t *time, struct pd_error *error)
{
	double milliseconds = pd_json_peek_number(value, name, -1);

	if (!pd_json_has_peek(value, name))
		return 0;
	if (!(milliseconds > 0) || milliseconds > 1e12)
		return pd_error_set(error, "condition '%s': %s must be a number of "
		    "milliseconds above 0", condition->name, name);
	*time = (int64_t)(milliseconds * 1000);
	return 0;
}

static int
read_all(struct pd_condition *condition, jv value, struct pd_error *error)
{
	int result = 0;

	if (jv_get_kind(value) != JV_KIND_OBJECT)
		return pd_error_set(error, "condition '%s': it must be an object",
		    condition->name);
	jv_object_foreach(value, key, ignored) {
		if (result == 0)
			result = check_key(condition, jv_string_value(key), error);
		jv_free(key);
		jv_free(ignored);
	}
	if (result != 0)
		return -1;
	if (pd_trigger_parse_of(&condition->after, pd_json_peek(value, "after")) != 0) {
		pd_error_set(error, "condition '%s': \"after\" is \"command\", \"event\", a "
		    "name or a list of names", condition->name);
		return pd_error_hint(error, "it says after what the condition must come true");
	}
	return read_time(condition, value, "timeout_ms", &condition->timeout, error) != 0 ||
	    read_time(condition, value, "interval_ms", &condition->interval, error) != 0 ?
	    -1 : 0;
}

int
pd_condition_parse(struct pd_condition *condition, jv value, struct pd_error *error)
{
	condition->after = pd_trigger_any();
	condition->timeout = 5000000;
	condition->interval = 100000;
	int result = read_all(condition, value, error);
	jv_free(value);
	return result;
}

void
pd_condition_free(struct pd_condition *condition)
{
	free(condition->name);
	pd_trigger_free(&condition->after);
}
