/* SPDX-License-Identifier: MIT */
#include "recorded.h"

#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>

#include "json.h"
#include "origin.h"
#include "reference.h"
#include "version.h"

static void
add_record(struct pd_recorded *run, jv record)
{
	const char *type = pd_json_peek_string(record, "type", "");

	if (strcmp(type, "command") == 0) {
		run->commands = jv_array_append(run->commands, record);
	} else if (strcmp(type, "event") == 0) {
		run->events = jv_array_append(run->events, record);
	} else if (strcmp(type, "check") == 0) {
		run->checks = jv_array_append(run->checks, record);
	} else if (strcmp(type, "run_start") == 0) {
		jv_free(run->start);
		run->start = record;
	} else if (strcmp(type, "run_end") == 0) {
		jv_free(run->end);
		run->end = record;
	} else {
		jv_free(record);
	}
}

static struct pd_recorded
empty_run(void)
{
	return (struct pd_recorded){.start = jv_invalid(), .end = jv_invalid(),
		.commands = jv_array(), .events = jv_array(), .checks = jv_array(),
		.refs = jv_invalid()};
}

int
pd_recorded_parse(struct pd_recorded *run, const char *lines, size_t length,
    struct pd_error *error)
{
	const char *end = lines + length;

	*run = empty_run();
	while (lines < end) {
		const char *newline = memchr(lines, '\n', (size_t)(end - lines));
		size_t line = newline != NULL ? (size_t)(newline - lines) :
		    (size_t)(end - lines);
		jv record = pd_json_parse(lines, line, error);
		if (!jv_is_valid(record))
			return -1;
		add_record(run, record);
		lines += line + 1;
	}
	return 0;
}

void
pd_recorded_free(struct pd_recorded *run)
{
	jv_free(run->start);
	jv_free(run->end);
	jv_free(run->commands);
	jv_free(run->events);
	jv_free(run->checks);
	jv_free(run->refs);
}

static jv
array_of(jv failure, const char *key)
{
	jv array = pd_json_peek(failure, key);

	if (jv_get_kind(array) == JV_KIND_ARRAY)
		return array;
	jv_free(array);
	return jv_array();
}

/* The sequence whose run a failure record tells about, or an invalid jv. */
static jv
told_sequence(jv failure)
{
	jv sequence = pd_json_peek(failure, "shrunk");

	if (jv_is_valid(sequence))
		return sequence;
	return pd_json_peek(failure, "original");
}

static jv
run_end_of(jv failure, const struct pd_recorded *run)
{
	static const char *const kept[] = {"run", "failure", "other_failures",
		"state_before", "state"};
	jv end = pd_json_set_string(jv_object(), "type", "run_end");
	jv cause = pd_json_peek(failure, "failure");
	bool broken = strcmp(pd_json_peek_string(cause, "class", ""), "assertion") == 0;

	end = pd_json_set_string(end, "status", broken ? "fail" : "error");
	end = pd_json_set_number(end, "commands",
	    jv_array_length(jv_copy(run->commands)));
	end = pd_json_set_number(end, "events", jv_array_length(jv_copy(run->events)));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		jv value = pd_json_peek(failure, kept[i]);
		if (jv_is_valid(value))
			end = pd_json_set(end, kept[i], value);
	}
	jv_free(cause);
	return end;
}

void
pd_recorded_of_failure(struct pd_recorded *run, jv failure)
{
	jv sequence = told_sequence(failure);
	jv number = pd_json_peek(failure, "run");

	*run = (struct pd_recorded){.start = pd_json_set_string(jv_object(), "type",
		"run_start"), .commands = array_of(failure, "commands"),
		.events = array_of(failure, "events"),
		.checks = array_of(failure, "checks"),
		.refs = pd_json_peek(failure, "refs")};
	if (jv_is_valid(number))
		run->start = pd_json_set(run->start, "run", number);
	if (jv_is_valid(sequence))
		run->start = pd_json_set(run->start, "sequence", sequence);
	run->end = run_end_of(failure, run);
}

enum pd_run_result
pd_recorded_execute(struct pd_recorded *run, struct pd_runner *runner,
    const struct pd_sequence *sequence, struct pd_error *error)
{
	struct pd_buffer lines = PD_BUFFER_INIT;
	enum pd_run_result result = pd_runner_run(runner, sequence, &lines, error);

	if (result != PD_RUN_DONE)
		*run = empty_run();
	else if (pd_recorded_parse(run, lines.data, lines.length, error) != 0)
		result = PD_RUN_FAILED;
	pd_buffer_free(&lines);
	return result;
}

jv
pd_recorded_failure(const struct pd_recorded *run)
{
	return pd_json_peek(run->end, "failure");
}

int
pd_same_failure(jv a, jv b)
{
	return strcmp(pd_json_peek_string(a, "kind", ""),
	    pd_json_peek_string(b, "kind", "?")) == 0 &&
	    strcmp(pd_json_peek_string(a, "name", ""),
	    pd_json_peek_string(b, "name", "")) == 0;
}

bool
pd_stands_for(jv failure, jv wanted, const struct pd_sequence *sequence)
{
	const char *kind = pd_json_peek_string(failure, "kind", "");

	return pd_same_failure(failure, wanted) || (sequence->branch_count == 0 &&
	    strcmp(pd_json_peek_string(wanted, "kind", ""), "linearization") == 0 &&
	    (strcmp(kind, "prediction_mismatch") == 0 ||
	    strcmp(kind, "check_failed") == 0));
}

char *
pd_failure_key(jv failure)
{
	const char *kind = pd_json_peek_string(failure, "kind", "");
	const char *name = pd_json_peek_string(failure, "name", NULL);

	return name != NULL ? pd_format("%s %s", kind, name) : pd_duplicate(kind);
}

jv
pd_teardown_ids(jv run_start)
{
	jv sequence = pd_json_peek(run_start, "sequence"), items, ids = jv_object();
	int count = pd_json_elements_peek(sequence, "teardown", &items);

	for (int i = 0; i < count; i++) {
		jv item = jv_array_get(jv_copy(items), i);
		ids = pd_json_set(ids, pd_json_peek_string(item, "id", ""), jv_true());
		jv_free(item);
	}
	jv_free(items);
	jv_free(sequence);
	return ids;
}

jv
pd_recorded_references(const struct pd_recorded *run)
{
	struct pd_bindings bindings;
	const char *nonce = pd_json_peek_string(run->start, "nonce", "");

	if (jv_get_kind(run->refs) == JV_KIND_OBJECT)
		return jv_copy(run->refs);
	jv sequence = pd_json_peek(run->start, "sequence");
	pd_bindings_start(&bindings,
	    (uint64_t)pd_json_peek_number(sequence, "seed", 0), nonce);
	jv_array_foreach(run->events, i, record) {
		const char *id = pd_json_peek_string(record, "id", NULL);
		if (id != NULL && pd_origin_is_answer(record))
			pd_bindings_add(&bindings, id, pd_json_peek(record, "event"));
		jv_free(record);
	}
	jv used = pd_bindings_used(&bindings, sequence);
	pd_bindings_free(&bindings);
	return used;
}

static jv
environment(const struct pd_recorded *run, jv header)
{
	struct utsname system;
	jv result = jv_object();
	jv target = pd_json_peek(run->start, "target");
	jv pipeline = pd_json_peek(header, "pipeline");
	jv producer = pd_json_peek(header, "producer");
	jv options = pd_json_peek(header, "options");

	if (jv_is_valid(target))
		result = pd_json_set(result, "target", target);
	if (jv_is_valid(producer))
		result = pd_json_set(result, "producer", producer);
	if (jv_is_valid(options))
		result = pd_json_set(result, "options", options);
	if (jv_is_valid(pipeline))
		result = pd_json_set(result, "pipeline", pipeline);
	result = pd_json_set_string(result, "version", PD_VERSION);
	if (uname(&system) == 0)
		result = pd_json_set(result, "system", jv_string_fmt("%s %s %s",
		    system.sysname, system.release, system.machine));
	return result;
}

static jv
set_if_valid(jv record, const char *key, jv value)
{
	return jv_is_valid(value) ? pd_json_set(record, key, value) : record;
}

jv
pd_failure_record(const struct pd_recorded *run, jv original, jv header,
    jv adapter, jv shrink, jv reproduced)
{
	jv sequence = pd_json_peek(run->start, "sequence");
	jv record = pd_json_set_string(jv_object(), "type", "failure");

	record = pd_json_set_number(record, "format", PD_FAILURE_FORMAT);
	record = set_if_valid(record, "run", pd_json_peek(original, "run"));
	record = set_if_valid(record, "seed", pd_json_peek(original, "seed"));
	record = set_if_valid(record, "plan", pd_json_peek(original, "plan"));
	record = set_if_valid(record, "model", pd_json_peek(header, "model"));
	record = set_if_valid(record, "adapter", adapter);
	record = pd_json_set(record, "failure", pd_recorded_failure(run));
	record = set_if_valid(record, "other_failures",
	    pd_json_peek(run->end, "other_failures"));
	record = set_if_valid(record, "reproduced", reproduced);
	record = pd_json_set(record, "original", original);
	if (jv_is_valid(shrink))
		record = pd_json_set(record, "shrunk", jv_copy(sequence));
	record = pd_json_set(record, "commands", jv_copy(run->commands));
	record = pd_json_set(record, "events", jv_copy(run->events));
	record = pd_json_set(record, "checks", jv_copy(run->checks));
	record = set_if_valid(record, "state_before",
	    pd_json_peek(run->end, "state_before"));
	record = set_if_valid(record, "state", pd_json_peek(run->end, "state"));
	record = pd_json_set(record, "refs", pd_recorded_references(run));
	record = set_if_valid(record, "shrink", shrink);
	jv_free(sequence);
	return pd_json_set(record, "environment", environment(run, header));
}

int
pd_failure_sequence(jv record, struct pd_sequence *sequence,
    struct pd_error *error)
{
	jv planned = told_sequence(record);

	if (jv_is_valid(planned))
		return pd_sequence_parse(sequence, planned, error);
	*sequence = (struct pd_sequence)PD_SEQUENCE_INIT;
	return pd_error_set(error, "the failure has no sequence");
}
