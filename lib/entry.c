/* SPDX-License-Identifier: MIT */
#include "entry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const semantics_names[] = {
	[PD_UNDECLARED] = "", [PD_SYNC] = "sync", [PD_PROBE] = "probe",
	[PD_ASYNC] = "async", [PD_MOCK_CONFIG] = "mock_config",
};

static const char *const backoff_names[] = {
	[PD_BACKOFF_CONSTANT] = "constant", [PD_BACKOFF_LINEAR] = "linear",
	[PD_BACKOFF_EXPONENTIAL] = "exponential",
};

/*
 * What a field may hold. Borrows the value.
 */
typedef bool is_good(jv value);

static bool
is_anything(jv value)
{
	(void)value;
	return true;
}

static bool
is_object(jv value)
{
	return jv_get_kind(value) == JV_KIND_OBJECT;
}

static bool
is_truth(jv value)
{
	return jv_get_kind(value) == JV_KIND_TRUE || jv_get_kind(value) == JV_KIND_FALSE;
}

static bool
is_name(jv value)
{
	return jv_get_kind(value) == JV_KIND_STRING && *jv_string_value(value) != '\0';
}

static bool
is_names(jv value)
{
	bool good = jv_get_kind(value) == JV_KIND_ARRAY;

	if (good) {
		jv_array_foreach(value, i, name) {
			good = good && is_name(name);
			jv_free(name);
		}
	}
	return good;
}

static bool
is_from_zero(jv value)
{
	return jv_get_kind(value) == JV_KIND_NUMBER && jv_number_value(value) >= 0 &&
	    isfinite(jv_number_value(value));
}

static bool
is_positive(jv value)
{
	return is_from_zero(value) && jv_number_value(value) > 0;
}

/* The index of a string among the names, or -1. */
static int
index_of(jv value, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count && jv_get_kind(value) == JV_KIND_STRING; i++) {
		if (strcmp(jv_string_value(value), names[i]) == 0)
			return (int)i;
	}
	return -1;
}

static bool
is_semantics(jv value)
{
	return index_of(value, semantics_names, COUNT(semantics_names)) > 0;
}

static bool
is_backoff(jv value)
{
	return index_of(value, backoff_names, COUNT(backoff_names)) >= 0;
}

struct field {
	const char *name;
	is_good *good;
	const char *expected;
};

static const struct field entry_fields[] = {
	{"weight", is_from_zero, "a number from 0"},
	{"args", is_object, "an object of generators"},
	{"when", is_truth, "true or false"},
	{"read_only", is_truth, "true or false"},
	{"semantics", is_semantics, "\"sync\", \"probe\", \"async\" or \"mock_config\""},
	{"settle", is_object, "an object"},
	{"timeout_ms", is_from_zero, "a number from 0"},
	{"idempotent", is_truth, "true or false"},
	{"idempotency_key", is_name, "the name of an argument"},
	{"acceptable_retry_events", is_names, "an array of names of events"},
	{"fault", is_anything, NULL},
};

static const struct field settle_fields[] = {
	{"timeout_ms", is_from_zero, "a number of milliseconds from 0"},
	{"interval_ms", is_positive, "a number of milliseconds above 0"},
	{"max_interval_ms", is_positive, "a number of milliseconds above 0"},
	{"backoff", is_backoff, "\"constant\", \"linear\" or \"exponential\""},
};

static int
unknown_key(const char *name, const char *where, const struct field *fields,
    size_t count, struct pd_error *error)
{
	const char *names[COUNT(entry_fields)];

	for (size_t i = 0; i < count; i++)
		names[i] = fields[i].name;
	const char *nearest = pd_nearest(name, names, count);
	pd_error_set(error, "unknown key '%s' in %s", name, where);
	return nearest == NULL ? -1 :
	    pd_error_hint(error, "did you mean '%s'?", nearest);
}

/* One field of an object, which is told as where and owned by whose. */
static int
check_field(const char *name, jv value, const char *where, const char *whose,
    const struct field *fields, size_t count, struct pd_error *error)
{
	const struct field *field = NULL;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) == 0)
			field = &fields[i];
	}
	if (field == NULL)
		return unknown_key(name, where, fields, count, error);
	if (field->good(value))
		return 0;
	char *text = pd_json_excerpt(jv_copy(value), 100);
	pd_error_set(error, "%s of %s must be %s, not %s", name, whose,
	    field->expected, text);
	free(text);
	return -1;
}

static int
check_fields(jv object, const char *where, const char *whose,
    const struct field *fields, size_t count, struct pd_error *error)
{
	int result = 0;

	jv_object_foreach(object, key, value) {
		if (result == 0)
			result = check_field(jv_string_value(key), value, where, whose,
			    fields, count, error);
		jv_free(key);
		jv_free(value);
	}
	return result;
}

static bool
settles(enum pd_semantics semantics)
{
	return semantics == PD_PROBE || semantics == PD_ASYNC;
}

static int
check_settle(const char *command, jv settle, struct pd_error *error)
{
	char where[256];

	snprintf(where, sizeof(where), "settle of %s", command);
	return check_fields(settle, where, where, settle_fields, COUNT(settle_fields),
	    error);
}

int
pd_entry_check(const char *command, jv entry, struct pd_error *error)
{
	char where[256];

	if (jv_get_kind(entry) != JV_KIND_OBJECT)
		return pd_error_set(error, "the entry of %s is not an object", command);
	snprintf(where, sizeof(where), "the entry of %s", command);
	if (check_fields(entry, where, command, entry_fields, COUNT(entry_fields),
	    error) != 0)
		return -1;
	jv settle = pd_json_peek(entry, "settle");
	struct pd_entry read = pd_entry_read(entry);
	int result = 0;
	if (jv_is_valid(settle) && !settles(read.semantics))
		result = pd_error_set(error, "settle of %s is for semantics \"probe\" and "
		    "\"async\"", command);
	else if (jv_is_valid(settle))
		result = check_settle(command, settle, error);
	pd_entry_free(&read);
	jv_free(settle);
	jv arguments = pd_json_peek(entry, "args");
	if (result == 0 && pd_json_has_peek(arguments, "type"))
		result = pd_error_set(error, "an argument of %s cannot be named type, "
		    "which is the command's name", command);
	jv_free(arguments);
	return result;
}

/*
 * Reading.
 */
static int64_t
microseconds(jv object, const char *name, int64_t fallback)
{
	double milliseconds = pd_json_peek_number(object, name, -1);

	if (milliseconds < 0)
		return fallback;
	return milliseconds < 1e15 ? (int64_t)(milliseconds * 1000) : INT64_MAX / 4;
}

static struct pd_settle
read_settle(jv settle)
{
	struct pd_settle rule = PD_SETTLE_DEFAULT;
	jv backoff = pd_json_peek(settle, "backoff");
	int which = index_of(backoff, backoff_names, COUNT(backoff_names));

	rule.timeout = microseconds(settle, "timeout_ms", rule.timeout);
	rule.interval = microseconds(settle, "interval_ms", rule.interval);
	rule.longest = microseconds(settle, "max_interval_ms", rule.longest);
	if (which >= 0)
		rule.backoff = (enum pd_backoff)which;
	jv_free(backoff);
	return rule;
}

struct pd_entry
pd_entry_read(jv entry)
{
	jv settle = pd_json_peek(entry, "settle");
	jv semantics = pd_json_peek(entry, "semantics");
	int which = index_of(semantics, semantics_names, COUNT(semantics_names));
	struct pd_entry read = {
		.semantics = which > 0 ? (enum pd_semantics)which : PD_UNDECLARED,
		.settle = read_settle(settle),
		.timeout = microseconds(entry, "timeout_ms", 0),
		.idempotent = pd_json_peek_bool(entry, "idempotent", false),
		.idempotency_key = pd_json_peek(entry, "idempotency_key"),
		.acceptable = pd_json_peek(entry, "acceptable_retry_events"),
	};

	jv_free(semantics);
	jv_free(settle);
	return read;
}

void
pd_entry_free(struct pd_entry *entry)
{
	jv_free(entry->idempotency_key);
	jv_free(entry->acceptable);
}
