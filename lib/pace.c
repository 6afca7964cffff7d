/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

struct pd_pace
pd_pace_start(bool paced)
{
	return (struct pd_pace){.holds = paced, .until = jv_invalid()};
}

void
pd_pace_free(struct pd_pace *pace)
{
	jv_free(pace->until);
	pace->until = jv_invalid();
}

static bool
has_kind(jv record, const char *key, jv_kind kind)
{
	return !pd_json_has_peek(record, key) ||
	    pd_json_kind_peek(record, key) == kind;
}

/* Consumes the record. */
static int
obey(struct pd_pace *pace, jv record, struct pd_error *error)
{
	bool all = pd_json_peek_bool(record, "all", false);
	bool good = (all || has_kind(record, "all", JV_KIND_FALSE)) &&
	    has_kind(record, "to", JV_KIND_STRING);

	if (good) {
		jv_free(pace->until);
		pace->until = pd_json_peek(record, "to");
		pace->holds = !all && !jv_is_valid(pace->until);
	}
	jv_free(record);
	return good ? 0 : pd_error_set(error, "a proceed record has \"all\": true, "
	    "\"to\": the id of a command, or neither");
}

static enum pd_pace_word
take_record(struct pd_pace *pace, const struct pd_record *record,
    struct pd_error *error)
{
	if (pd_record_is(record, "end"))
		return PD_PACE_END;
	if (!pd_record_is(record, "proceed")) {
		pd_error_at(error, record->file, record->number,
		    "a %s record, where a paced run waits for a proceed record",
		    record->type);
		pd_error_hint(error, "a paced sequence is for programs that write "
		    "{\"type\":\"proceed\"} after each pause record");
		return PD_PACE_ERROR;
	}
	jv value = pd_record_parse(record, error);
	if (!jv_is_valid(value))
		return PD_PACE_ERROR;
	if (obey(pace, value, error) == 0)
		return PD_PACE_PROCEED;
	snprintf(error->file, sizeof(error->file), "%s", record->file);
	error->line = record->number;
	return PD_PACE_ERROR;
}

enum pd_pace_word
pd_pace_take(struct pd_pace *pace, struct pd_reader *reader,
    struct pd_error *error)
{
	struct pd_record record;

	switch (pd_reader_take(reader, &record, error)) {
	case PD_READ_RECORD:
		return take_record(pace, &record, error);
	case PD_READ_WAIT:
		return PD_PACE_WAIT;
	case PD_READ_END:
		return PD_PACE_END;
	default:
		return PD_PACE_ERROR;
	}
}

void
pd_pace_answered(struct pd_pace *pace, const char *id)
{
	if (jv_is_valid(pace->until) &&
	    strcmp(jv_string_value(pace->until), id) == 0) {
		pd_pace_free(pace);
		pace->holds = true;
	}
}
