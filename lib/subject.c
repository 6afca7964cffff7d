/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include <stdio.h>
#include <string.h>

#include "failure_file.h"
#include "json.h"
#include "recorded.h"

void
pd_subjects_start(struct pd_subjects *subjects)
{
	*subjects = (struct pd_subjects){.lines = PD_BUFFER_INIT,
		.model = jv_invalid(), .held = jv_invalid()};
}

void
pd_subjects_free(struct pd_subjects *subjects)
{
	pd_buffer_free(&subjects->lines);
	jv_free(subjects->model);
	jv_free(subjects->held);
}

/* Hold another subject; gives the one before. */
static jv
hold(struct pd_subjects *subjects, jv subject)
{
	jv before = subjects->held;

	subjects->held = subject;
	return before;
}

static jv
take_fields(jv subject, jv from, const char *const *names)
{
	for (; *names != NULL; names++) {
		jv value = pd_json_peek(from, *names);
		if (jv_is_valid(value))
			subject = pd_json_set(subject, *names, value);
	}
	return subject;
}

/* Borrows the model, which may be invalid. */
static jv
subject_of(const struct pd_recorded *run, jv model)
{
	static const char *const of_start[] = {"run", "attempt", "sequence", NULL};
	static const char *const of_end[] = {"status", "failure", "other_failures",
		"state_before", "state", NULL};
	jv subject = pd_json_set_string(jv_object(), "type", "run");

	subject = take_fields(subject, run->start, of_start);
	subject = take_fields(subject, run->end, of_end);
	if (jv_is_valid(model))
		subject = pd_json_set(subject, "model", jv_copy(model));
	subject = pd_json_set(subject, "commands", jv_copy(run->commands));
	subject = pd_json_set(subject, "events", jv_copy(run->events));
	return pd_json_set(subject, "checks", jv_copy(run->checks));
}

/* Hold the run that was read; gives the subject before it. */
static jv
finish_run(struct pd_subjects *subjects, struct pd_error *error)
{
	struct pd_recorded run;
	jv before = jv_invalid();

	subjects->in_run = false;
	if (pd_recorded_parse(&run, subjects->lines.data, subjects->lines.length,
	    error) == 0)
		before = hold(subjects, subject_of(&run, subjects->model));
	else
		pd_error_prefix(error, "a run could not be read: ");
	pd_recorded_free(&run);
	pd_buffer_clear(&subjects->lines);
	return before;
}

static bool
same_run(jv a, jv b)
{
	jv left = pd_json_peek(a, "run");
	jv right = pd_json_peek(b, "run");
	bool known = jv_is_valid(left) && jv_is_valid(right);

	if (!known) {
		jv_free(left);
		jv_free(right);
		return false;
	}
	return jv_equal(left, right);
}

static bool
is_run(jv subject)
{
	return jv_is_valid(subject) &&
	    strcmp(pd_json_peek_string(subject, "type", ""), "run") == 0;
}

static jv
take_failure(struct pd_subjects *subjects, const struct pd_record *record,
    struct pd_error *error)
{
	jv failure = pd_record_parse(record, error);
	struct pd_recorded run;

	if (!jv_is_valid(failure))
		return failure;
	if (pd_failure_verify(failure, error) != 0) {
		snprintf(error->file, sizeof(error->file), "%s", record->file);
		error->line = record->number;
		jv_free(failure);
		return jv_invalid();
	}
	pd_recorded_of_failure(&run, failure);
	jv model = pd_json_peek(failure, "model");
	jv subject = subject_of(&run, model);
	jv_free(model);
	pd_recorded_free(&run);
	jv_free(failure);
	if (is_run(subjects->held) && same_run(subjects->held, subject)) {
		jv_free(hold(subjects, subject));
		return jv_invalid();
	}
	return hold(subjects, subject);
}

static jv
take_verdict(struct pd_subjects *subjects, const struct pd_record *record,
    struct pd_error *error)
{
	jv verdict = pd_record_parse(record, error);

	if (!jv_is_valid(verdict))
		return verdict;
	if (is_run(subjects->held) && same_run(subjects->held, verdict)) {
		subjects->held = pd_json_set(subjects->held, "linearization", verdict);
		return jv_invalid();
	}
	return hold(subjects, verdict);
}

static void
take_header(struct pd_subjects *subjects, const struct pd_record *record,
    struct pd_error *error)
{
	jv header = pd_record_parse(record, error);

	if (!jv_is_valid(header))
		return;
	jv_free(subjects->model);
	subjects->model = pd_json_peek(header, "model");
	jv_free(header);
}

jv
pd_subjects_take(struct pd_subjects *subjects, const struct pd_record *record,
    struct pd_error *error)
{
	*error = (struct pd_error)PD_ERROR_INIT;
	if (pd_record_is(record, "stream"))
		take_header(subjects, record, error);
	if (pd_record_is(record, "failure"))
		return take_failure(subjects, record, error);
	if (pd_record_is(record, "linearization"))
		return take_verdict(subjects, record, error);
	jv before = jv_invalid();
	if (pd_record_is(record, "run_start")) {
		if (subjects->in_run)
			before = finish_run(subjects, error);
		subjects->in_run = true;
	}
	if (!subjects->in_run)
		return before;
	pd_buffer_append(&subjects->lines, record->line, record->length);
	pd_buffer_append(&subjects->lines, "\n", 1);
	return pd_record_is(record, "run_end") ? finish_run(subjects, error) : before;
}

jv
pd_subjects_last(struct pd_subjects *subjects, struct pd_error *error)
{
	*error = (struct pd_error)PD_ERROR_INIT;
	if (subjects->in_run) {
		jv before = finish_run(subjects, error);
		if (jv_is_valid(before) || error->message[0] != '\0')
			return before;
	}
	return hold(subjects, jv_invalid());
}

bool
pd_subject_failed(jv subject)
{
	jv verdict = is_run(subject) ? pd_json_peek(subject, "linearization") :
	    jv_copy(subject);
	bool failed = pd_json_has_peek(subject, "failure") || (jv_is_valid(verdict) &&
	    strcmp(pd_json_peek_string(verdict, "verdict", ""), "linearizable") != 0);

	jv_free(verdict);
	return failed;
}
