/* SPDX-License-Identifier: MIT */
#include "stutter.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "conform.h"
#include "json.h"
#include "random.h"

bool
pd_stutter_may(const struct pd_stutter *stutter, const struct pd_entry *entry,
    const char *command)
{
	if (stutter->probability <= 0 || entry->semantics == PD_MOCK_CONFIG)
		return false;
	return jv_is_valid(stutter->commands) ?
	    pd_json_has_peek(stutter->commands, command) : entry->idempotent;
}

int64_t
pd_stutter_times(const struct pd_stutter *stutter, uint64_t seed, const char *id)
{
	struct pd_random random;

	pd_random_seed(&random, pd_seed_derive(seed, "stutter", 0), id);
	if (pd_random_unit(&random) >= stutter->probability)
		return 0;
	return 1 + (int64_t)pd_random_below(&random, (uint64_t)stutter->most);
}

int64_t
pd_stutter_pause(const struct pd_stutter *stutter, uint64_t seed, const char *id,
    int64_t attempt)
{
	struct pd_random random;

	pd_random_seed(&random, pd_seed_derive(seed, "stutter pause", (uint64_t)attempt),
	    id);
	return stutter->shortest + (int64_t)pd_random_below(&random,
	    (uint64_t)(stutter->longest - stutter->shortest) + 1);
}

/* Events without what is not compared. Consumes them. */
static jv
without_ignored(const struct pd_stutter *stutter, jv events)
{
	jv result = jv_array();

	jv_array_foreach(events, i, event) {
		if (jv_is_valid(stutter->ignored)) {
			jv_object_foreach(stutter->ignored, name, ignored) {
				event = jv_object_delete(event, name);
				jv_free(ignored);
			}
		}
		result = jv_array_append(result, event);
	}
	jv_free(events);
	return result;
}

static bool
is_acceptable(const struct pd_entry *entry, jv again)
{
	bool good = jv_get_kind(entry->acceptable) == JV_KIND_ARRAY &&
	    jv_array_length(jv_copy(again)) > 0;

	if (!good)
		return false;
	jv_array_foreach(again, i, event) {
		jv type = jv_object_get(event, jv_string("type"));
		jv places = jv_array_indexes(jv_copy(entry->acceptable), JV_ARRAY(type));
		good = good && jv_get_kind(places) == JV_KIND_ARRAY &&
		    jv_array_length(jv_copy(places)) > 0;
		jv_free(places);
	}
	return good;
}

int
pd_stutter_same(const struct pd_stutter *stutter, struct pd_model *model,
    const struct pd_entry *entry, jv command, jv first, jv again,
    struct pd_error *error)
{
	int same = pd_model_same(model, command, first, again, error);

	if (same != PD_NO_RULE)
		return same;
	return jv_equal(without_ignored(stutter, jv_copy(first)),
	    without_ignored(stutter, jv_copy(again))) || is_acceptable(entry, again);
}

static const char *
type_of(jv event)
{
	return pd_json_peek_string(event, "type", "no event");
}

/* "Moved, id: first "m_1", then "m_2", ...". Consumes the differences. */
static void
describe_fields(struct pd_buffer *text, jv differences)
{
	jv_object_foreach(differences, field, pair) {
		char *was = pd_json_excerpt(pd_json_peek(pair, "expected"), 80);
		char *is = pd_json_excerpt(pd_json_peek(pair, "seen"), 80);
		if (jv_get_kind(pair) == JV_KIND_OBJECT)
			pd_buffer_format(text, ", %s: first %s, then %s",
			    jv_string_value(field), was, is);
		else
			pd_buffer_format(text, ", %s, which is kept secret",
			    jv_string_value(field));
		free(was);
		free(is);
		jv_free(field);
		jv_free(pair);
	}
	jv_free(differences);
}

char *
pd_stutter_describe(const struct pd_redaction *redaction, jv first, jv again)
{
	struct pd_buffer text = PD_BUFFER_INIT;
	jv was = jv_array_get(jv_copy(first), 0), is = jv_array_get(jv_copy(again), 0);

	if (!jv_is_valid(was) || !jv_is_valid(is) || strcmp(type_of(was), type_of(is)) != 0) {
		pd_buffer_format(&text, "first %s, then %s", type_of(was), type_of(is));
	} else {
		pd_buffer_format(&text, "%s", type_of(is));
		describe_fields(&text, pd_redact(redaction, pd_conform_differences(was, is)));
	}
	if (jv_array_length(jv_copy(first)) != jv_array_length(jv_copy(again)))
		pd_buffer_format(&text, " (%d events, then %d)",
		    jv_array_length(jv_copy(first)), jv_array_length(jv_copy(again)));
	jv_free(was);
	jv_free(is);
	return text.data;
}
