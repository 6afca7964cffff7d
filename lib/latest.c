/* SPDX-License-Identifier: MIT */
#include "latest.h"

#include <string.h>

#include "json.h"
#include "recorded.h"

/* What a failure record is made of. */
static bool
belongs_to_run(const struct pd_record *record)
{
	static const char *const types[] = {"run_start", "command", "event", "check",
		"run_end"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (pd_record_is(record, types[i]))
			return true;
	return false;
}

void
pd_latest_take(struct pd_latest *latest, const struct pd_record *record)
{
	if (latest->ended || pd_record_is(record, "run_start"))
		pd_buffer_clear(&latest->lines);
	latest->ended = pd_record_is(record, "run_end");
	if (belongs_to_run(record)) {
		pd_buffer_append(&latest->lines, record->line, record->length);
		pd_buffer_append(&latest->lines, "\n", 1);
	}
}

static void
drop_bad_lines(struct pd_latest *latest, pd_latest_trouble *trouble,
    void *context)
{
	struct pd_buffer good = PD_BUFFER_INIT;
	const char *line = latest->lines.data;
	const char *end = line + latest->lines.length;

	while (line < end) {
		struct pd_error error;
		size_t length = (size_t)((const char *)memchr(line, '\n',
		    (size_t)(end - line)) - line);
		jv value = pd_json_parse(line, length, &error);
		if (jv_is_valid(value)) {
			pd_buffer_append(&good, line, length + 1);
		} else {
			pd_error_prefix(&error, "a record of a run that failed: ");
			trouble(context, &error);
		}
		jv_free(value);
		line += length + 1;
	}
	pd_buffer_free(&latest->lines);
	latest->lines = good;
}

/* The sequence of a run, or as much as a hand-made stream tells of it. */
static jv
recorded_sequence(const struct pd_recorded *run)
{
	jv sequence = pd_json_peek(run->start, "sequence");

	if (jv_is_valid(sequence))
		return sequence;
	sequence = jv_object();
	jv number = pd_json_peek(run->end, "run");
	return jv_is_valid(number) ? pd_json_set(sequence, "run", number) : sequence;
}

jv
pd_latest_failure(struct pd_latest *latest, jv header,
    pd_latest_trouble *trouble, void *context)
{
	struct pd_recorded run;
	struct pd_error error;

	while (pd_recorded_parse(&run, latest->lines.data, latest->lines.length,
	    &error) != 0) {
		pd_recorded_free(&run);
		drop_bad_lines(latest, trouble, context);
	}
	jv failure = pd_failure_record(&run, recorded_sequence(&run), header,
	    pd_json_peek(header, "adapter"), jv_invalid(), jv_invalid());
	pd_recorded_free(&run);
	return failure;
}

void
pd_latest_free(struct pd_latest *latest)
{
	pd_buffer_free(&latest->lines);
}
