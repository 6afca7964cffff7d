/* SPDX-License-Identifier: MIT */
#include "threshold.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "json.h"
#include "text.h"

static const char *const by_percent[] = {
	"command", "transition", "event", "check", "partition", "state_class",
};
static const char *const by_number[] = {"state", "interleaving"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static int
unknown(const char *name, struct pd_error *error)
{
	const char *nearest = pd_nearest(name, by_percent, COUNT(by_percent));

	if (nearest == NULL)
		nearest = pd_nearest(name, by_number, COUNT(by_number));
	pd_error_set(error, "there is no coverage of '%s'", name);
	if (nearest != NULL)
		return pd_error_hint(error, "did you mean '%s'?", nearest);
	return pd_error_hint(error, "command, transition, event, check, partition, "
	    "state_class (percent), state, interleaving (how many)");
}

/* One NAME=NUMBER. */
static int
parse_one(jv *thresholds, char *text, struct pd_error *error)
{
	char *equals = strchr(text, '='), *end;

	if (equals == NULL) {
		pd_error_set(error, "'%s' is no NAME=NUMBER", text);
		return pd_error_hint(error, "for example command=80");
	}
	*equals = '\0';
	bool percent = is_among(text, by_percent, COUNT(by_percent));
	if (!percent && !is_among(text, by_number, COUNT(by_number)))
		return unknown(text, error);
	double number = strtod(equals + 1, &end);
	if (percent && *end == '%')
		end++;
	if (end == equals + 1 || *end != '\0' || !isfinite(number) || number < 0 ||
	    (percent && number > 100))
		return pd_error_set(error, "'%s' is no %s", equals + 1, percent ?
		    "percentage from 0 to 100" : "number from 0");
	*thresholds = pd_json_set_number(*thresholds, text, number);
	return 0;
}

jv
pd_thresholds_parse(jv thresholds, const char *text, struct pd_error *error)
{
	char *copy = pd_duplicate(text), *rest = copy, *part;
	int result = 0;

	while (result == 0 && (part = strsep(&rest, ",")) != NULL)
		result = parse_one(&thresholds, part, error);
	free(copy);
	if (result == 0)
		return thresholds;
	jv_free(thresholds);
	return jv_invalid();
}

static jv
judge(const char *name, double wanted, jv record)
{
	jv object = pd_json_peek(record, name);
	bool percent = is_among(name, by_percent, COUNT(by_percent));
	/* Nothing there: no state was seen, or no such thing is declared. */
	double got = pd_json_peek_number(object, percent ? "percent" : "seen",
	    percent ? -1 : 0);
	jv result = pd_json_set_string(jv_object(), "dimension", name);

	jv_free(object);
	result = pd_json_set_number(result, "wanted", wanted);
	if (got < 0)
		return result;
	result = pd_json_set_number(result, "got", got);
	return pd_json_set(result, "met", jv_bool(got >= wanted));
}

jv
pd_thresholds_judge(jv thresholds, jv record)
{
	jv results = jv_array(), names = jv_keys(jv_copy(thresholds));

	jv_array_foreach(names, i, name) {
		results = jv_array_append(results, judge(jv_string_value(name),
		    pd_json_peek_number(thresholds, jv_string_value(name), 0), record));
		jv_free(name);
	}
	jv_free(names);
	return results;
}
